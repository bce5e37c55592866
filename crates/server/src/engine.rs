//! The engine: a plain machine over a clock, a store and Slack.
//!
//! It has two entrances: [`Engine::receive`] takes what Slack sends, [`Engine::run`] runs one claimed job. Each
//! reads what it needs, lets the rules of `core` decide, and commits events, jobs, queue moves and messages
//! together. Network calls happen before or after a commit, never inside (DESIGN: jobs).
//!
//! No step spawns work of its own, reads any clock but the one given, draws a random number, or waits: what
//! must happen later is a job. So a simulation can own every choice; production drives the same code with
//! [`Driver`].

mod acknowledge;
mod alert;
mod answer;
mod audit;
mod changes;
mod commit;
mod coverage;
mod deadline;
mod delay;
mod drive;
mod elsewhere;
mod follow_up;
mod home;
mod hunt;
mod index;
mod landed;
mod lease;
mod line;
mod line_up;
mod look;
mod nudge;
mod once;
mod open;
mod patience;
mod people;
mod receive;
mod send;
mod tell;
mod update;
mod webhook;
mod wish;

pub use audit::{Audited, Auditor};
pub use changes::Change;
pub(crate) use coverage::hour_of_week;
pub use coverage::{Coverage, Sampled};
pub use drive::Driver;
pub use index::MessageIndex;
pub use lease::LEASE;
pub use line_up::{LineUp, LinedUp};
pub use nudge::Looked;
pub(crate) use open::Opened;
pub use receive::Reply;
pub use webhook::Webhooks;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use pagerslack_core::{IncidentId, JobKind, RotationId, TeamId};
use pagerslack_slack::client::{CallError, Caller, Client};
use pagerslack_slack::directory::Directory;
use pagerslack_store::{ClaimedJob, CommitError, Store, StoreError};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::config::{RotationConfig, Settings};
use crate::metrics::Metrics;
use acknowledge::ReadBacks;

/// What an engine is made of.
#[derive(Clone)]
pub struct Parts {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Slack's Web API.
    pub client: Arc<Client>,
    /// The slash command's name, for the words.
    pub command: String,
    /// How people are hunted; may be swapped while the engine runs.
    pub settings: Arc<ArcSwap<Settings>>,
    /// Who outside is told what happens.
    pub webhooks: Arc<Webhooks>,
    /// Drawn once per process: orders people who join a queue together.
    pub seed: u64,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
}

/// The machine that hunts.
pub struct Engine {
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    client: Arc<Client>,
    directory: Directory,
    command: String,
    settings: Arc<ArcSwap<Settings>>,
    webhooks: Arc<Webhooks>,
    seed: u64,
    index: MessageIndex,
    elsewhere: elsewhere::Elsewhere,
    metrics: Arc<Metrics>,
    read_back: Mutex<ReadBacks>,
    sends: landed::Sends,
    leases: lease::Leases,
    lines: line::Lines,
    due: Notify,
    changes: changes::Changes,
    /// Since when this process listens: what happened before may have found nobody there.
    started: Timestamp,
}

/// Why a step did not come to its end. The job stays in the store and comes up again.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The commit was refused time and again, as others were quicker.
    #[error("gave up after too many conflicting commits")]
    Contended,
    /// Somebody else holds the job by now.
    #[error("the job's lease was lost")]
    LeaseLost,
    /// Another open incident has the URL. Only a report can meet this.
    #[error("incident {0} is open for this URL")]
    AlreadyOpen(IncidentId),
}

impl From<CommitError> for StepError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict | CommitError::QueueMoved => Self::Contended,
            CommitError::LeaseLost => Self::LeaseLost,
            CommitError::AlreadyOpen(incident) => Self::AlreadyOpen(incident),
            CommitError::Store(error) => Self::Store(error),
        }
    }
}

impl Engine {
    /// An engine that knows of no message yet; see [`Engine::recover`].
    pub fn new(parts: Parts) -> Self {
        Self {
            directory: Directory::new(Arc::clone(&parts.client)),
            started: parts.clock.now(),
            sends: landed::Sends::new(parts.clock.elapsed()),
            leases: lease::Leases::new(Arc::clone(&parts.clock)),
            lines: line::Lines::default(),
            clock: parts.clock,
            store: parts.store,
            client: parts.client,
            command: parts.command,
            settings: parts.settings,
            webhooks: parts.webhooks,
            seed: parts.seed,
            index: MessageIndex::default(),
            elsewhere: elsewhere::Elsewhere::default(),
            metrics: parts.metrics,
            read_back: Mutex::default(),
            due: Notify::new(),
            changes: changes::Changes::default(),
        }
    }

    /// Reads the messages of open incidents into memory, so that a 👀 on them is recognised at once.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        const PAGE: usize = 10_000;
        let mut after = None;
        loop {
            let page = self.store.live_messages(after, PAGE).await?;
            self.index.insert(page.items.iter().map(|(team, message)| (team, message)));
            after = page.next;
            if after.is_none() {
                return Ok(self.index.len());
            }
        }
    }

    /// Runs one claimed job to its commit.
    pub async fn run(&self, job: &ClaimedJob) -> Result<(), StepError> {
        match &job.job.kind {
            JobKind::Hunt => self.hunt(job).await,
            JobKind::RootDeadline => self.root_deadline(job).await,
            JobKind::PageDeadline { attempt } => self.page_deadline(job, *attempt).await,
            JobKind::ManagersDeadline { round } => self.managers_deadline(job, *round).await,
            JobKind::ConsiderAck { by, message, button } => {
                self.consider_ack(job, by, message, *button).await
            }
            JobKind::ReadBack => self.read_back_lost(job).await,
            JobKind::Send(message) => self.send(job, message).await,
            JobKind::Wish { by, wish } => self.fulfil(job, by, *wish).await,
            JobKind::FollowUp { taken } => self.follow_up(job, *taken).await,
            JobKind::Answer { user, question, to } => self.answer(job, user, question, to).await,
            JobKind::NudgeSweep => self.nudge_sweep(job).await,
            JobKind::Nudge { user } => self.nudge(job, user).await,
            JobKind::Webhook { target, seq } => self.tell_outside(job, target, *seq).await,
            JobKind::Alert { to, text } => self.send_alert(job, to, text).await,
            JobKind::Home { user } => self.show_home(job, user).await,
            JobKind::Stand { user, word } => self.stand(job, user, *word).await,
            JobKind::OpenReportForm { trigger_id } => self.open_report_form(job, trigger_id).await,
        }
    }

    /// The clock that everything here goes by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Where everything is kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What is remembered of people and channels.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What has been counted since the start.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What holds in a rotation just now.
    pub fn rotation(&self, rotation: &RotationId) -> Arc<RotationConfig> {
        Arc::clone(self.settings.load().rotation(rotation))
    }

    /// All that may change while the engine runs.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Resolves when a job may have become due earlier than was known.
    pub async fn due_sooner(&self) {
        self.due.notified().await;
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// On the way to paging somebody, or to stopping a page: may use the whole rate budget.
    fn paging<'a>(&self, team: &'a TeamId) -> Caller<'a> {
        Caller::paging(self.now(), team)
    }

    /// Opens the thread in which somebody will be paged: leaves a part of the rate budget to the pages.
    fn opening<'a>(&self, team: &'a TeamId) -> Caller<'a> {
        Caller::opening(self.now(), team)
    }

    /// For what wakes nobody: leaves a part of the rate budget to paging.
    fn background<'a>(&self, team: &'a TeamId) -> Caller<'a> {
        Caller::background(self.now(), team)
    }

    /// Every rotation of a workspace: where something was ever reported, and where the settings say something.
    async fn known_rotations(&self, team: &TeamId) -> Result<BTreeSet<RotationId>, StoreError> {
        let (stored, elsewhere): (BTreeSet<_>, BTreeSet<_>) =
            self.store.rotations().await?.into_iter().partition(|rotation| rotation.team == *team);
        let settings = self.settings();
        // Settings name a channel, whose id is unique over all of Slack, and not its workspace.
        let elsewhere: BTreeSet<_> = elsewhere.into_iter().map(|rotation| rotation.channel).collect();
        let set = settings.rotations.keys().filter(|channel| !elsewhere.contains(*channel));
        let set = set.map(|channel| RotationId::new(team.clone(), channel.clone()));
        Ok(stored.into_iter().chain(set).collect())
    }

    /// Brings the rotations' members and the workspace's people into memory in the background.
    ///
    /// Not needed for correctness: a hunt asks for whom it does not know.
    ///
    /// # Errors
    ///
    /// When Slack wants to be left alone, or the rate budget's part for the background is used up.
    pub async fn warm(&self, team: &TeamId) -> Result<(), CallError> {
        self.directory.itself(self.background(team)).await?;
        for rotation in self.known_rotations(team).await.unwrap_or_default() {
            match self.directory.members(self.background(team), &rotation.channel).await {
                // The bot may have left a channel, or not have been invited to one yet.
                Ok(_) | Err(CallError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let mut cursor = None;
        loop {
            cursor = self.directory.refresh_page(self.now(), team, cursor.as_deref()).await?;
            if cursor.is_none() {
                break;
            }
        }
        // For the eye alone: without it a channel is called by its id.
        if let Err(error) = self.directory.learn_names(self.background(team)).await {
            tracing::debug!(%team, error = &error as &dyn std::error::Error, "channels are called by their ids");
        }
        Ok(())
    }
}
