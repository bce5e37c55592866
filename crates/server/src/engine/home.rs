//! The Home tab: shown when somebody opens it, and what they do there.
//!
//! What people say of themselves stands in the queue of each of their rotations, so that a choice that is made on the
//! queue as it was before is made anew. As with questions, nothing here goes ahead of paging.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{Attempt, AttemptEnd, replay};
use pagerslack_core::{
    Incident, IncidentId, Job, JobKind, Phase, QueueChange, Report, RotationId, TeamId, UserId, Word,
};
use pagerslack_slack::command::normalised;
use pagerslack_slack::inbound::{Click, Submission};
use pagerslack_slack::words::Mistake;
use pagerslack_slack::words::answer::{AnswerError, PositionAnswer, StatusAnswer};
use pagerslack_slack::words::home::{self, Home, Turn, TurnEnd};
use pagerslack_store::{ClaimedJob, Commit, CommitError, Disposal, QueueCommit, StoreError};

use super::answer::by_channel;
use super::receive::{Reply, again};
use super::{Engine, StepError, once};

/// How many of somebody's turns are shown.
const TURNS: usize = 10;

/// Among how many incidents of a rotation they are looked for, the latest first.
const LOOKED_THROUGH: usize = 100;

/// How often somebody's word is brought to a queue that others move meanwhile.
const CHOICES: usize = 8;

/// How soon it is tried again when Slack does not say in which channels somebody is, and how often.
const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(5);
const TRIES: u32 = 12;

impl Engine {
    /// Somebody looks at their Home tab, or at their messages beside it.
    pub(super) async fn home_opened(&self, team: TeamId, user: UserId, tab: &str) -> Reply {
        if tab != "home" {
            return Reply::Done;
        }
        let (rotation, job) = self.to_show(team, user);
        let added = self.add_jobs(&rotation, &job.incident.clone(), vec![job]).await;
        added.map_or_else(|error| again(&error), |()| Reply::Done)
    }

    /// However often the tab is opened before it is shown, it is shown once.
    fn to_show(&self, team: TeamId, user: UserId) -> (RotationId, Job) {
        let own = own(team, &user);
        let stand_in = IncidentId::derive(&own, "the Home tab");
        let job = Job::new(&own, &stand_in, JobKind::Home { user }, self.now());
        (own, job)
    }

    /// Somebody presses a button of their Home tab, or chooses a moment there.
    pub(super) async fn pressed_at_home(&self, click: Click) -> Reply {
        let second = click.value.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        let kind = match (click.action_id.as_str(), second) {
            (home::REPORT_ACTION, _) => JobKind::OpenReportForm { trigger_id: click.trigger_id.clone() },
            (home::AWAY_ACTION, Some(until)) => stands(&click.user, Word::Away { until }),
            (home::BACK_ACTION, _) => stands(&click.user, Word::Back),
            (home::VOLUNTEER_ACTION, _) => stands(&click.user, Word::Volunteer),
            _ => return Reply::Done,
        };
        let own = own(click.team.clone(), &click.user);
        let press = IncidentId::derive(&own, &click.trigger_id);
        match self.asked_before(&own.team, &click.user, &press).await {
            Ok(true) => return Reply::Done,
            Ok(false) => {}
            Err(error) => return again(&error),
        }
        let taken = once::asked(&click.user, &press, self.now());
        let job = Job::new(&own, &press, kind, self.now());
        let added = self.add_jobs_once(&own, &press, vec![job], Some(taken)).await;
        added.map_or_else(|error| again(&error), |()| Reply::Done)
    }

    /// Opens the dialog in which an incident is reported. Whoever sees none within three seconds presses again.
    pub(super) async fn open_report_form(&self, job: &ClaimedJob, trigger_id: &str) -> Result<(), StepError> {
        let team = &job.job.rotation.team;
        let known = self.known_rotations(team).await?;
        let only = known.first().filter(|_| known.len() == 1).map(|rotation| &rotation.channel);
        if let Err(error) =
            self.client.open_view(self.opening(team), trigger_id, &home::report_form(only)).await
        {
            tracing::warn!(%team, error = &error as &dyn std::error::Error, "a dialog could not be opened");
        }
        self.dispose(job, Disposal::Done).await
    }

    /// Takes what was filled in. The dialog stays open for as long as something is wrong with it.
    pub(super) async fn submitted(&self, sent: Submission) -> Reply {
        if sent.callback_id != home::REPORT_FORM {
            return Reply::Done;
        }
        let filled = |block: &str| sent.values.get(block).map(|text| text.trim()).unwrap_or_default();
        let url = match normalised(filled(home::URL_BLOCK)) {
            Ok(url) => url,
            Err(mistake) => return fault(home::URL_BLOCK, home::fault(&mistake)),
        };
        let channel = filled(home::CHANNEL_BLOCK);
        if channel.is_empty() || channel.starts_with('D') {
            return fault(home::CHANNEL_BLOCK, home::fault(&Mistake::DirectMessage));
        }
        let rotation = RotationId::new(sent.team.clone(), channel.into());
        let incident = IncidentId::derive(&rotation, &format!("dialog {}", sent.view_id));
        let report = Report {
            incident: incident.clone(),
            rotation,
            url: url.clone(),
            note: filled(home::NOTE_BLOCK).to_owned(),
            reporter: sent.user.clone(),
            machine: None,
            first: None,
            response_url: Some(sent.response_url).filter(|url| !url.is_empty()),
        };
        let recorded = match self.asked_before(&sent.team, &sent.user, &incident).await {
            Ok(true) => return Reply::Done,
            Ok(false) => self.record(report, "").await,
            Err(error) => Err(error.into()),
        };
        match recorded {
            Ok(said) => Reply::View(home::report_taken(&said)),
            Err(error) => {
                self.lost(&sent.team, &incident, &error);
                fault(home::URL_BLOCK, home::not_recorded())
            }
        }
    }

    /// Does what somebody says of themselves, in every rotation of theirs, and shows them their Home tab anew.
    pub(super) async fn stand(&self, job: &ClaimedJob, user: &UserId, word: Word) -> Result<(), StepError> {
        let team = &job.job.rotation.team;
        match self.all_rotations_of(team, user).await {
            Ok(rotations) => {
                for rotation in &rotations {
                    self.stand_in(rotation, user, word).await?;
                }
            }
            Err(_) if job.tries < TRIES => {
                let due = self.now() + ASK_AGAIN;
                return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
            }
            Err(_) => {
                tracing::warn!(%team, %user, "what somebody said of themselves was given up: Slack does not say where they are");
            }
        }
        let (_, show) = self.to_show(team.clone(), user.clone());
        let mut commit = Commit::new(team.clone(), job.job.incident.clone(), 0);
        commit.job = Some((job.job.key.clone(), job.fence, Disposal::Done));
        commit.add.push(show);
        self.store.commit(commit).await?;
        self.due.notify_one();
        Ok(())
    }

    /// Those of somebody's that have a queue, and the bot's other channels: each may be a rotation tomorrow.
    async fn all_rotations_of(
        &self,
        team: &TeamId,
        user: &UserId,
    ) -> Result<BTreeSet<RotationId>, AnswerError> {
        let mut theirs: BTreeSet<_> = self.rotations_of(team, None, user).await?.into_iter().collect();
        let channels = self.client.own_channels(self.background(team)).await;
        for channel in channels.map_err(|_| AnswerError::NoMembers)? {
            let rotation = RotationId::new(team.clone(), channel.id);
            if !theirs.contains(&rotation) {
                let members = self.directory.members(self.background(team), &rotation.channel).await;
                if members.map_err(|_| AnswerError::NoMembers)?.contains(user) {
                    theirs.insert(rotation);
                }
            }
        }
        Ok(theirs)
    }

    async fn stand_in(&self, rotation: &RotationId, user: &UserId, word: Word) -> Result<(), StepError> {
        let user = user.clone();
        let change = match word {
            Word::Away { until } => QueueChange::Away { user, until: Some(until) },
            Word::Back => QueueChange::Away { user, until: None },
            Word::Volunteer => QueueChange::Volunteered { user, at: self.now() },
        };
        for _ in 0..CHOICES {
            let queue = self.store.queue(rotation).await?;
            let is_there = queue.places().iter().any(|place| place.user == *change.user());
            let (expected, mut changes) = if is_there {
                (None, Vec::new())
            } else {
                // They join now rather than with the next incident, and with them whoever else would.
                let Ok(line) = self.line(rotation).await else { return Ok(()) };
                if !line.newcomers.contains(change.user()) {
                    return Ok(());
                }
                (Some(line.version), line.arrivals)
            };
            changes.push(change.clone());
            let mut commit = Commit::new(rotation.team.clone(), IncidentId::derive(rotation, "the queue"), 0);
            commit.queue = Some(QueueCommit { rotation: rotation.clone(), expected, changes });
            match self.store.commit(commit).await {
                Err(CommitError::QueueMoved) => {}
                done => return Ok(done?),
            }
        }
        Err(StepError::Contended)
    }

    /// Shows somebody their Home tab.
    pub(super) async fn show_home(&self, job: &ClaimedJob, user: &UserId) -> Result<(), StepError> {
        let team = &job.job.rotation.team;
        // Before the first incident a channel is no rotation yet, and somebody's place there can be told all the same.
        let rotations = match self.rotations_of(team, None, user).await {
            Ok(rotations) if rotations.is_empty() => {
                self.all_rotations_of(team, user).await.map(Vec::from_iter)
            }
            found => found,
        };
        let view = match rotations {
            Ok(rotations) => home::home(&self.home_of(&rotations, user).await?),
            Err(error) => home::unavailable(error),
        };
        match self.client.publish_home(self.background(team), user, &view).await {
            Ok(()) => self.dispose(job, Disposal::Done).await,
            Err(error) => self.give_up_or_retry(job, &error).await,
        }
    }

    async fn home_of(&self, rotations: &[RotationId], user: &UserId) -> Result<Home, StoreError> {
        let now = self.now();
        let positions = join_all(rotations.iter().map(|rotation| self.position(rotation, user))).await;
        let open = join_all(rotations.iter().map(|rotation| self.open(rotation))).await;
        let (mut away_until, mut has_volunteered, mut turns) = (None, false, Vec::new());
        for rotation in rotations {
            let queue = self.store.queue(rotation).await?;
            away_until = away_until.max(queue.away(now).remove(user));
            has_volunteered |=
                queue.places().iter().any(|place| place.user == *user && place.volunteered_at.is_some());
            for id in self.store.recent(rotation, LOOKED_THROUGH).await? {
                let stored = self.store.load(&rotation.team, &id).await?;
                turns.extend(stored.and_then(|stored| replay(&stored.log)).map(|it| turns_of(&it, user)));
            }
        }
        let mut turns: Vec<Turn> = turns.into_iter().flatten().collect();
        turns.sort_by_key(|turn| std::cmp::Reverse(turn.at));
        turns.truncate(TURNS);
        Ok(Home {
            now,
            position: PositionAnswer { now, rotations: by_channel(rotations, positions) },
            status: StatusAnswer { now, rotations: by_channel(rotations, open) },
            away_until,
            has_volunteered,
            turns,
            command: self.command.clone(),
        })
    }
}

/// What stands for a person where a job wants a rotation.
fn own(team: TeamId, user: &UserId) -> RotationId {
    RotationId::new(team, user.as_str().into())
}

fn stands(user: &UserId, word: Word) -> JobKind {
    JobKind::Stand { user: user.clone(), word }
}

fn fault(block: &'static str, said: String) -> Reply {
    Reply::Faults(BTreeMap::from([(block, said)]))
}

/// Every turn that somebody had in an incident.
fn turns_of(incident: &Incident, user: &UserId) -> Vec<Turn> {
    let turn = |at, end| Turn {
        at,
        channel: incident.report.rotation.channel.clone(),
        url: incident.report.url.clone(),
        end,
    };
    let asked: Vec<(u32, &Attempt)> =
        (1..).zip(&incident.attempts).filter(|(_, attempt)| attempt.responder == *user).collect();
    let mut turns: Vec<Turn> = asked
        .iter()
        .map(|(number, attempt)| turn(attempt.paged_at, end_of(incident, *number, attempt)))
        .collect();
    let unasked = incident.taken.iter().filter(|taken| taken.by == *user);
    let unasked = unasked.filter(|taken| asked.iter().all(|(_, attempt)| attempt.paged_at > taken.at));
    turns.extend(unasked.map(|taken| turn(taken.at, TurnEnd::Unasked)));
    turns
}

fn end_of(incident: &Incident, number: u32, attempt: &Attempt) -> TurnEnd {
    match attempt.end {
        Some(AttemptEnd::TimedOut) => return TurnEnd::TimedOut,
        Some(AttemptEnd::Passed) => return TurnEnd::Passed,
        Some(AttemptEnd::HandedOver) | None => {}
    }
    let mut answers = incident.taken.iter().filter(|taken| taken.by == attempt.responder);
    if let Some(taken) = answers.find(|taken| taken.at >= attempt.paged_at) {
        return TurnEnd::Answered { after: taken.at.duration_since(attempt.paged_at) };
    }
    match incident.phase {
        Phase::Paging { attempt: current, .. } if current == number => TurnEnd::Waiting,
        _ => TurnEnd::Over,
    }
}
