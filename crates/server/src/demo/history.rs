//! A year of incidents for the demo, so that every page has something to show at once.
//!
//! - [`team`]: the people, when they were online and how they answer. [`moments`]: when something broke. [`trouble`]:
//!   what. [`course`]: what came of it.
//!
//! Invariant: it is a history like any other. Each incident is a log of events that the core has decided, and whatever
//! the pages and `stats` say is computed from these logs. What was to be done because of them has been done, so no job is
//! left. The same seed and the same present give the same year; a store that has one is left as it is.

mod course;
mod moments;
mod team;
mod trouble;

#[cfg(test)]
mod tests;

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, stream};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{Event, Policy, Queue, QueueChange, RotationId, Rules, UserId};
use pagerslack_store::{Backend, Commit, CommitError, IncidentIndex, QueueCommit};
use slack_sim::World;

use crate::engine::Sampled;
use crate::observed;
use course::{Course, Story, incident_of};
use team::Team;

/// What all chance follows from.
const SEED: u64 = 2026;

/// How far back it reaches: not beyond what the Reports page calls the last year, which begins with a day.
const YEAR: SignedDuration = SignedDuration::from_hours(364 * 24);

/// For how long it was looked who is online.
const WATCHED: SignedDuration = SignedDuration::from_hours(12 * 7 * 24);

/// How many commits are under way at a time: on a disk they share their waits for it.
const AT_ONCE: usize = 64;

/// The year, not yet written.
pub(super) struct History {
    rotations: Vec<Rotation>,
    /// By what people were asked, and still are.
    pub(super) rules: Rules,
}

/// What happened in one channel.
struct Rotation {
    rotation: RotationId,
    /// Each incident in one commit, the earliest reported first.
    commits: Vec<Commit>,
    joined: Vec<UserId>,
    turns: Vec<(Timestamp, UserId)>,
    /// Who was looked up in each hour of late, with the hour's beginning.
    looks: Vec<(Timestamp, Sampled)>,
}

impl History {
    /// What happened in the year before `now` in some channels of a pretended Slack, whose managers are a user group.
    pub(super) fn of(
        world: &World,
        channels: &[&str],
        managers: &str,
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let team = Team::of(world, channels, managers, SEED);
        let course = Course::play(&team, policy, SEED, now - YEAR, now);
        let mut rotations: Vec<Rotation> = course
            .lines
            .into_iter()
            .map(|line| Rotation {
                looks: looks(&team, &line.rotation, now),
                rotation: line.rotation,
                commits: Vec::new(),
                joined: line.joined,
                turns: Vec::new(),
            })
            .collect();
        for story in course.stories {
            let (line, turns) = (story.line, story.turns.clone());
            if let (Some(rotation), Some(commit)) = (rotations.get_mut(line), committed(story)) {
                rotation.commits.push(commit);
                rotation.turns.extend(turns);
            }
        }
        for rotation in &mut rotations {
            rotation.turns.sort();
        }
        Self { rotations, rules: team.rules }
    }

    /// How many incidents there are.
    pub(super) fn len(&self) -> usize {
        self.rotations.iter().map(|rotation| rotation.commits.len()).sum()
    }

    /// Writes it, but for channels that have theirs. Gives how many incidents were added.
    ///
    /// # Errors
    /// When the store cannot be read or written. What was written stays, and the rest is added the next time.
    pub(super) async fn write(self, store: &dyn Backend) -> Result<usize> {
        let (mut added, zone) = (0, &self.rules.day_zone);
        for rotation in self.rotations {
            added += rotation.write(store, zone).await.context("cannot write the history")?;
        }
        Ok(added)
    }
}

impl Rotation {
    async fn write(self, store: &dyn Backend, zone: &TimeZone) -> Result<usize> {
        let Self { rotation, mut commits, joined, turns, looks } = self;
        let queue = store.queue(&rotation).await?;
        let begun = store.load(&rotation.team, &incident_of(&rotation, 0)).await?.is_some();
        // The queue comes with the last of all: where it has moved, everything is.
        if begun && queue.places().iter().any(|place| place.turned_at.is_some()) {
            return Ok(0);
        }
        if let Some(last) = commits.last_mut() {
            last.queue = queue_of(&queue, &rotation, joined, turns);
        }
        let mut added = 0;
        // In their order, which is the one in which the store has them.
        let mut written = stream::iter(commits).map(|commit| store.commit(commit)).buffered(AT_ONCE);
        while let Some(done) = written.next().await {
            match done {
                Ok(()) => added += 1,
                // Somebody stopped while it was written.
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        drop(written);
        observed::remember(store, &rotation, zone, looks).await?;
        Ok(added)
    }
}

/// Those who have no place yet get it, with their turns; everybody else stays where they are.
fn queue_of(
    queue: &Queue,
    rotation: &RotationId,
    joined: Vec<UserId>,
    turns: Vec<(Timestamp, UserId)>,
) -> Option<QueueCommit> {
    let is_new = |user: &UserId| queue.places().iter().all(|place| place.user != *user);
    let joined = joined.into_iter().filter(is_new).map(|user| QueueChange::Joined { user });
    let turns = turns.into_iter().filter(|(_, user)| is_new(user));
    let turns = turns.map(|(at, user)| QueueChange::Turn { user, at });
    let changes: Vec<QueueChange> = joined.chain(turns).collect();
    (!changes.is_empty()).then(|| QueueCommit {
        rotation: rotation.clone(),
        expected: Some(queue.version),
        changes,
    })
}

/// An incident in one commit, if it has come to its end.
fn committed(story: Story) -> Option<Commit> {
    let state = story.state.filter(|state| !state.is_open())?;
    let report = state.report;
    let mut commit = Commit::new(report.rotation.team.clone(), report.incident, 0);
    commit.messages = story.log.iter().filter_map(|recorded| message_of(&recorded.event)).cloned().collect();
    commit.events = story.log;
    commit.index = Some(IncidentIndex { rotation: report.rotation, url: report.url, open: false });
    Some(commit)
}

fn message_of(event: &Event) -> Option<&pagerslack_core::MessageRef> {
    match event {
        Event::RootPosted { message }
        | Event::PagePosted { message, .. }
        | Event::ManagersPosted { message, .. } => Some(message),
        _ => None,
    }
}

/// Who was online in each of the last hours.
fn looks(team: &Team, rotation: &RotationId, now: Timestamp) -> Vec<(Timestamp, Sampled)> {
    let members = team.rotations.iter().find(|(found, _)| found == rotation).map(|(_, members)| members);
    let people: Vec<_> = team
        .people
        .iter()
        .filter(|person| members.is_some_and(|members| members.contains(&person.user)))
        .collect();
    let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let hours =
        std::iter::successors(Some(now - WATCHED), |at| at.checked_add(SignedDuration::from_hours(1)).ok());
    hours
        .take_while(|at| *at < now)
        .map(|at| {
            let online = people.iter().filter(|person| team.is_online(person, at)).count();
            let all = small(people.len());
            (at, Sampled { people: all, looked: all, online: small(online) })
        })
        .collect()
}
