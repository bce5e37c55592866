//! Telling people who have no notification schedule in Slack how to set one: the bot reads it as their working
//! hours. Once in ninety days at most, in their working time, and never ahead of anything else.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{ChannelId, IncidentId, Job, JobKind, RotationId, TeamId, UserId};
use pagerslack_slack::client::{CallError, RefusalKind};
use pagerslack_slack::words;
use pagerslack_store::{ClaimedJob, Commit, Disposal, Told};

use super::hunt::why;
use super::send::Place;
use super::{Engine, StepError};

/// What is remembered of people who were told.
const TOLD: &str = "notification-schedule";

/// Nobody is told more often.
const ONCE_IN: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How often it is looked who has no schedule.
const SWEEP: SignedDuration = SignedDuration::from_hours(24);

/// How soon it is looked again after Slack would not say.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// For so long after its time a look that is asked for anew is made at once, and not the next day: it may be about to
/// begin, or about to be made again.
const STILL_TODAY: SignedDuration = SignedDuration::from_hours(1);

/// What a look has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Those who have no schedule and were not told of it lately.
    pub found: Vec<UserId>,
    /// Of how many others Slack wants to be asked later.
    pub put_off: usize,
}

impl Engine {
    /// Makes sure that the daily look is on its way in every rotation that wants it. Costs next to nothing when it is:
    /// within the hour after the look one more of them.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written.
    pub async fn tend(&self, team: &TeamId) -> Result<(), StepError> {
        for rotation in self.known_rotations(team).await? {
            if self.rotation(&rotation).nudge_missing_schedule {
                let id = stand_in(&rotation);
                let due = next_sweep(self.now() - STILL_TODAY);
                let job = Job::new(&rotation, &id, JobKind::NudgeSweep, due);
                self.add_jobs(&rotation, &id, vec![job]).await?;
            }
        }
        Ok(())
    }

    /// Everybody of a rotation who has no notification schedule and has not been told of it lately.
    ///
    /// # Errors
    ///
    /// When Slack does not say who is in the channel, or wants to be left alone. Of whom it does not tell the
    /// schedule, nothing is claimed.
    pub async fn without_schedule(&self, rotation: &RotationId) -> Result<Looked, CallError> {
        let (caller, now, team) = (self.background(&rotation.team), self.now(), &rotation.team);
        let members: BTreeSet<UserId> =
            self.directory.members(caller, &rotation.channel).await?.iter().cloned().collect();
        let everybody: Vec<UserId> = members.iter().cloned().collect();
        let people = self.directory.people(caller, &everybody).await;
        let remembered = self.directory.profiles_of_any_age(team, &members);
        let managers: BTreeSet<UserId> = self.managers(caller, rotation).await.users.into_iter().collect();
        let (mut engineers, mut put_off) = (Vec::new(), 0);
        for (user, person) in people {
            // Who somebody is changes so seldom that what is remembered will do.
            let Some(profile) = remembered.get(&user) else {
                put_off += usize::from(person.is_err_and(|error| error.retry_at().is_some()));
                continue;
            };
            let engineer = self.rotation(rotation).rules.is_engineer(&user, Some(profile)) == Some(true);
            let excluded = self.rotation(rotation).rules.is_excluded(&user, Some(profile), now);
            if engineer && !excluded && !managers.contains(&user) {
                engineers.push(user);
            }
        }
        let mut found = Vec::new();
        for (user, window) in self.directory.dnd(caller, &engineers).await {
            let told = self.store.told(team, &user, TOLD).await.unwrap_or(Some(now));
            match window {
                Ok(None) if told.is_none_or(|at| at + ONCE_IN <= now) => found.push(user),
                Ok(_) => {}
                Err(error) => put_off += usize::from(error.retry_at().is_some()),
            }
        }
        Ok(Looked { found, put_off })
    }

    /// The daily look.
    pub(super) async fn nudge_sweep(&self, job: &ClaimedJob) -> Result<(), StepError> {
        let (now, rotation) = (self.now(), &job.job.rotation);
        if !self.rotation(rotation).nudge_missing_schedule {
            return self.dispose(job, Disposal::Done).await;
        }
        let looked = match self.without_schedule(rotation).await {
            Ok(looked) => looked,
            // Another workspace's, or gone.
            Err(error) if error.refusal().is_some_and(|it| it.kind() == RefusalKind::ChannelGone) => {
                return self.dispose(job, Disposal::Done).await;
            }
            Err(error) => {
                tracing::info!(team = %rotation.team, channel = %rotation.channel, why = why(&error), "schedules are looked at later");
                let due = error.retry_at().unwrap_or(now).max(now + LOOK_AGAIN);
                return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
            }
        };
        let rules = &self.rotation(rotation).rules;
        let mut commit = Commit::new(rotation.team.clone(), job.job.incident.clone(), 0);
        let due = if looked.put_off > 0 { now + LOOK_AGAIN } else { next_sweep(now) };
        commit.job = Some((job.job.key.clone(), job.fence, Disposal::Again { due, doubtful: false }));
        // Whoever is in several rotations is told once, so there is one job for all of them.
        let id = stand_in(&RotationId::new(rotation.team.clone(), ChannelId::new("")));
        commit.add.extend(looked.found.into_iter().map(|user| {
            let profile = self.remembered_profile(&rotation.team, &user);
            let due = rules.next_working_moment(&user, profile.as_deref(), now);
            Job::new(rotation, &id, JobKind::Nudge { user }, due)
        }));
        self.commit(commit).await?;
        self.due.notify_one();
        Ok(())
    }

    /// Tells one person, if they still have no schedule and work now, and remembers it in the same commit that ends
    /// the job.
    pub(super) async fn nudge(&self, job: &ClaimedJob, user: &UserId) -> Result<(), StepError> {
        let (now, rotation) = (self.now(), &job.job.rotation);
        let team = &rotation.team;
        let told = self.store.told(team, user, TOLD).await?.is_some_and(|at| now < at + ONCE_IN);
        if told || !self.rotation(rotation).nudge_missing_schedule {
            return self.dispose(job, Disposal::Done).await;
        }
        let profile = self.profile(team, user).await;
        let due = self.rotation(rotation).rules.next_working_moment(user, profile.as_deref(), now);
        if due > now {
            return self.dispose(job, Disposal::Again { due, doubtful: job.doubtful }).await;
        }
        let window = self.directory.dnd(self.background(team), std::slice::from_ref(user)).await;
        match window.into_values().next() {
            Some(Ok(None)) => {}
            Some(Ok(Some(_))) | None => return self.dispose(job, Disposal::Done).await,
            Some(Err(error)) => return self.give_up_or_retry(job, &error).await,
        }
        let channel = match self.directory.direct_channel(self.background(team), user).await {
            Ok(channel) => channel,
            Err(error) => return self.give_up_or_retry(job, &error).await,
        };
        let place = Place { channel, thread: None };
        match self
            .post_once(
                job,
                &place,
                job.job.due,
                words::nudge(std::slice::from_ref(&rotation.channel), &self.command),
            )
            .await?
        {
            Some(Ok(_)) => {
                let mut commit = Commit::new(team.clone(), job.job.incident.clone(), 0);
                commit.job = Some((job.job.key.clone(), job.fence, Disposal::Done));
                commit.told.push(Told {
                    user: user.clone(),
                    what: TOLD.to_owned(),
                    at: now,
                    until: Some(now + ONCE_IN),
                });
                Ok(self.commit(commit).await?)
            }
            Some(Err(CallError::Unknown { .. })) => {
                let due = now + super::send::READ_BACK_AFTER;
                self.dispose(job, Disposal::Again { due, doubtful: true }).await
            }
            Some(Err(error)) => self.give_up_or_retry(job, &error).await,
            None => Ok(()),
        }
    }
}

/// What stands for the rotation where a job wants an incident.
fn stand_in(rotation: &RotationId) -> IncidentId {
    IncidentId::derive(rotation, "notification schedules")
}

/// Nine o'clock UTC, so that adding the job again and again moves nothing.
fn next_sweep(now: Timestamp) -> Timestamp {
    let nine = SignedDuration::from_hours(9).as_secs();
    let day = SWEEP.as_secs();
    let seconds = (now.as_second() - nine).div_euclid(day) * day + day + nine;
    Timestamp::from_second(seconds).unwrap_or(now + SWEEP)
}
