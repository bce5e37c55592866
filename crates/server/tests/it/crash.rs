//! The process dies between any two steps of one report's life, and starts again on the same disk.
//!
//! A step is a call of the store or of Slack; death comes before it or after it. Whatever the step, the
//! incident survives (P1), every message stands once and no two pages wait for an answer (P2), and after the 👀
//! nobody else is paged (P4).

mod whole_life;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pagerslack::config::RotationConfig;
use pagerslack_core::audit::JobState;
use pagerslack_core::{IncidentId, JobKey, MessageRef, Queue, RotationId, TeamId, UserId};
use pagerslack_slack::transport::{Request, Response, Transport, TransportError};
use pagerslack_slack::words::PASS_ACTION;
use pagerslack_store::{
    Claim, ClaimedJob, Commit, CommitError, Cursor, Held, Page, Renewal, Shares, Sqlite, Store, StoreError,
    Stored,
};
use slack_sim::{ManualClock, SimClock, SimHandle};
use tokio::sync::Notify;

use crate::harness::{CHANNEL, InProcess, NOON, Stage, team};

/// Burns down step by step, and then everything stands still for ever.
pub struct Fuse {
    left: AtomicI64,
    blown: AtomicBool,
    told: Notify,
}

impl Fuse {
    /// Burns for so many steps.
    pub fn of(steps: i64) -> Arc<Self> {
        Arc::new(Self { left: AtomicI64::new(steps), blown: AtomicBool::new(false), told: Notify::new() })
    }

    /// Blows at the next step.
    pub fn blow(&self) {
        self.left.store(0, Ordering::SeqCst);
    }

    /// Waits until it has blown.
    pub async fn is_blown(&self) {
        self.told.notified().await;
    }

    async fn step(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.blown.store(true, Ordering::SeqCst);
            self.told.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// A store that stands still once the fuse has blown.
pub struct FusedStore(pub Arc<Fuse>, pub Arc<dyn Store>);

macro_rules! fused {
    ($self:ident, $call:expr) => {{
        $self.0.step().await;
        let result = $call.await;
        $self.0.step().await;
        result
    }};
}

#[async_trait]
impl Store for FusedStore {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        fused!(self, self.1.commit(commit))
    }

    async fn load(&self, team: &TeamId, incident: &IncidentId) -> Result<Option<Stored>, StoreError> {
        fused!(self, self.1.load(team, incident))
    }

    async fn open_incident(
        &self,
        rotation: &RotationId,
        url: &str,
    ) -> Result<Option<IncidentId>, StoreError> {
        fused!(self, self.1.open_incident(rotation, url))
    }

    async fn incident_of(
        &self,
        team: &TeamId,
        message: &MessageRef,
    ) -> Result<Option<IncidentId>, StoreError> {
        fused!(self, self.1.incident_of(team, message))
    }

    async fn live_messages(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(TeamId, MessageRef)>, StoreError> {
        self.1.live_messages(after, limit).await
    }

    async fn queue(&self, rotation: &RotationId) -> Result<Queue, StoreError> {
        fused!(self, self.1.queue(rotation))
    }

    async fn rotations(&self) -> Result<Vec<RotationId>, StoreError> {
        self.1.rotations().await
    }

    async fn recent(&self, rotation: &RotationId, limit: usize) -> Result<Vec<IncidentId>, StoreError> {
        self.1.recent(rotation, limit).await
    }

    async fn open_incidents(&self, rotation: &RotationId) -> Result<Vec<IncidentId>, StoreError> {
        self.1.open_incidents(rotation).await
    }

    async fn open_incidents_after(
        &self,
        after: Option<(TeamId, IncidentId)>,
        limit: usize,
    ) -> Result<Vec<(TeamId, IncidentId)>, StoreError> {
        self.1.open_incidents_after(after, limit).await
    }

    async fn jobs_of(&self, team: &TeamId, incident: &IncidentId) -> Result<Vec<JobState>, StoreError> {
        self.1.jobs_of(team, incident).await
    }

    async fn last_about(&self, rotation: &RotationId, url: &str) -> Result<Option<IncidentId>, StoreError> {
        self.1.last_about(rotation, url).await
    }

    async fn told(&self, team: &TeamId, user: &UserId, what: &str) -> Result<Option<Timestamp>, StoreError> {
        self.1.told(team, user, what).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<ClaimedJob>, StoreError> {
        // Death before an idle claim is the same as death after the step before it.
        let claimed = self.1.claim(claim).await?;
        if !claimed.is_empty() {
            self.0.step().await;
        }
        Ok(claimed)
    }

    async fn claim_shares(&self, claim: Claim, shares: Shares) -> Result<Vec<ClaimedJob>, StoreError> {
        let claimed = self.1.claim_shares(claim, shares).await?;
        if !claimed.is_empty() {
            self.0.step().await;
        }
        Ok(claimed)
    }

    async fn renew(&self, held: &[Held], lease_until: Timestamp) -> Result<Vec<Renewal>, StoreError> {
        self.1.renew(held, lease_until).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.1.next_due().await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<(JobKey, Timestamp)>, StoreError> {
        self.1.due(now, limit).await
    }

    async fn job_count(&self) -> Result<u64, StoreError> {
        self.1.job_count().await
    }
}

struct FusedTransport(Arc<Fuse>, InProcess);

#[async_trait]
impl Transport for FusedTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        fused!(self, self.1.send(request))
    }
}

/// One life of the process after the other, on one disk and before one Slack.
struct Lives<'a> {
    /// Opens what is on the disk.
    disk: Box<dyn Fn() -> Arc<dyn Store> + 'a>,
    rotation: RotationConfig,
    slack: SimHandle,
    clock: Arc<ManualClock>,
    fuse: Arc<Fuse>,
    stage: Option<Stage>,
    /// How many steps each life has before it ends; the last life never does.
    spans: Vec<i64>,
    deaths: usize,
    /// Whether all jobs that are due run at the same time.
    together: bool,
}

impl<'a> Lives<'a> {
    async fn begin(path: &'a Path, spans: &[i64], together: bool) -> Self {
        let rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
        let disk = Box::new(|| Arc::new(Sqlite::open(path).unwrap()) as Arc<dyn Store>);
        Self::begin_on(disk, rotation, spans, together).await
    }

    async fn begin_on(
        disk: Box<dyn Fn() -> Arc<dyn Store> + 'a>,
        rotation: RotationConfig,
        spans: &[i64],
        together: bool,
    ) -> Self {
        let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
        let url = "http://bot.example/slack/events".parse().unwrap();
        let world = team(&["ana", "bo", "chen"]).deliver_to(&url).build();
        let slack = SimHandle::new(world, Arc::<ManualClock>::clone(&clock));
        let mut spans = spans.to_vec();
        spans.reverse();
        let mut lives =
            Self { disk, rotation, slack, clock, fuse: Fuse::of(0), stage: None, spans, deaths: 0, together };
        lives.start().await;
        lives
    }

    async fn start(&mut self) {
        self.fuse = Fuse::of(self.spans.pop().unwrap_or(i64::MAX));
        let store = FusedStore(Arc::clone(&self.fuse), (self.disk)());
        let transport = FusedTransport(Arc::clone(&self.fuse), InProcess(self.slack.clone()));
        let rotation = self.rotation.clone();
        let (slack, clock) = (self.slack.clone(), Arc::clone(&self.clock));
        let stage = Stage::start(slack, clock, Arc::new(store), Arc::new(transport), rotation).await;
        stage.is_not_examined();
        if self.together {
            stage.run_together();
        }
        self.stage = Some(stage);
    }

    /// Lets time pass, over as many deaths as happen on the way.
    async fn pass_until(&mut self, until: Timestamp) {
        loop {
            let stage = self.stage.as_ref().unwrap();
            let left = until.duration_since(self.clock.now()).to_string();
            let finished = tokio::select! {
                () = stage.pass(&left) => true,
                () = self.fuse.told.notified() => false,
            };
            if finished {
                return;
            }
            self.deaths += 1;
            self.stage.take().unwrap().crash();
            self.start().await;
        }
    }

    async fn pass(&mut self, seconds: i64) {
        self.pass_until(self.clock.now() + SignedDuration::from_secs(seconds)).await;
    }

    /// The pages that stand, first to last: the key by which the bot knows them, and their `ts`.
    fn pages(&self) -> Vec<(String, String)> {
        self.slack.read(|world| {
            let posted = world.messages(CHANNEL).into_iter();
            posted
                .filter_map(|m| Some((key(m)?, m.ts.clone())))
                .filter(|(key, _)| key.contains("/send/page/"))
                .collect()
        })
    }
}

fn key(message: &slack_sim::Message) -> Option<String> {
    Some(message.metadata.as_ref()?["event_payload"]["key"].as_str()?.to_owned())
}

/// A report; the first person does not answer, the second does. Gives how often the process died.
async fn live_through(spans: &[i64], together: bool) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pagerslack.db");
    let mut lives = Lives::begin(&path, spans, together).await;
    lives
        .slack
        .with(|world, now| world.slash_command(now, "U1", CHANNEL, "/devoncall", "https://i.example/1"))
        .unwrap();
    lives.pass(60).await;
    if lives.stage.as_ref().unwrap().roots().is_empty() {
        // The process died before it had recorded anything, and the reporter was not told "on it".
        let told = lives.stage.as_ref().unwrap().ephemerals("U1");
        assert!(told.iter().all(|text| !text.starts_with("On it")), "P1: {told:?}");
        lives
            .slack
            .with(|world, now| world.slash_command(now, "U1", CHANNEL, "/devoncall", "https://i.example/1"))
            .unwrap();
        lives.pass(60).await;
    }
    for _ in 0..20 {
        if lives.pages().len() >= 2 {
            break;
        }
        lives.pass(30).await;
    }
    let pages = lives.pages();
    assert_eq!(pages.len(), 2, "the second person is paged: {}", lives.stage.as_ref().unwrap().transcript());
    let responder = lives.slack.read(|world| {
        let text = world.message(CHANNEL, &pages[1].1).unwrap().text.clone();
        text.split("<@").nth(1).unwrap().split('>').next().unwrap().to_owned()
    });
    lives.slack.with(|world, now| world.react(now, &responder, CHANNEL, &pages[1].1, "eyes")).unwrap();
    lives.pass(1800).await;
    check(&lives).await;
    lives.deaths
}

/// Which messages stand in the channel, each of them once (P2).
fn standing(lives: &Lives<'_>, story: &str) -> Vec<String> {
    let keys = lives.slack.read(|world| {
        let mut keys: BTreeMap<String, usize> = BTreeMap::new();
        for key in world.messages(CHANNEL).into_iter().filter_map(key) {
            *keys.entry(key).or_default() += 1;
        }
        keys
    });
    assert!(keys.values().all(|count| *count == 1), "P2: a message stands twice: {keys:?}\n{story}");
    keys.keys().map(|key| key.split_once('/').unwrap().1.to_owned()).collect()
}

/// How many pages still offer "Pass", and so wait for an answer.
fn unanswered(lives: &Lives<'_>) -> usize {
    lives.slack.read(|world| {
        let waits = |m: &&&slack_sim::Message| serde_json::json!(m.blocks).to_string().contains(PASS_ACTION);
        world.messages(CHANNEL).iter().filter(waits).count()
    })
}

async fn check(lives: &Lives<'_>) {
    let stage = lives.stage.as_ref().unwrap();
    let story = stage.transcript();
    let names = standing(lives, &story);
    assert_eq!(names, ["send/page/1", "send/page/2", "send/root", "send/taken"], "{story}");
    assert!(story.contains("Taken by"), "P1: {story}");
    assert_eq!(unanswered(lives), 0, "every page is over: {story}");
    stage.end().await;
}

#[tokio::test]
async fn a_report_survives_death_between_any_two_steps() {
    let mut steps = 0;
    while live_through(&[steps], false).await > 0 {
        steps += 1;
    }
    assert!(steps > 80, "the story has only {steps} steps: is the fuse in place?");
    println!("survived death at each of {steps} steps");
}

#[tokio::test]
async fn a_report_survives_death_while_all_its_jobs_run_at_once() {
    let mut steps = 0;
    while live_through(&[steps], true).await > 0 {
        steps += 1;
    }
    assert!(steps > 80, "the story has only {steps} steps: is the fuse in place?");
}

#[tokio::test]
async fn a_report_survives_dying_again_soon_after() {
    let mut steps = 0;
    while live_through(&[steps, 3, 7], false).await > 0 {
        steps += 2;
    }
    assert!(steps > 80, "the story has only {steps} steps: is the fuse in place?");
}
