//! An acknowledgement stops the hunt (P4), even when the event that announced it was lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::Via;
use pagerslack_core::{Command, Incident, IncidentId, MessageRef, TeamId, UserId};
use pagerslack_slack::client::{CallError, Caller, Refusal, RefusalKind};
use pagerslack_store::{ClaimedJob, Disposal};

use super::commit::Act;
use super::hunt::READ_BACK_FRESH;
use super::send::recorded;
use super::{Engine, StepError};

/// How long after a deadline, or after a start since, reactions that Slack will not show are asked for again, before
/// the hunt goes on without them (P6).
const READ_BACK_GRACE: SignedDuration = SignedDuration::from_secs(15);

/// The same where only a rate limit stands in the way: its minute ends, and then Slack may be expected to answer. To
/// ask one more person although another has answered is worse than that wait (P4).
const LIMITED_GRACE: SignedDuration = SignedDuration::from_secs(60);

/// How often a look for lost events is put off before it is left to the next escalation, or to the next audit.
const READ_BACK_TRIES: u32 = 60;

/// How soon it is looked into again whether somebody may take an incident when Slack refuses to say.
const REFUSED_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// Which incidents have been read back during the last seconds. Forgotten by a restart, which only reads once more.
#[derive(Default)]
pub(super) struct ReadBacks(BTreeMap<(TeamId, IncidentId), (Timestamp, usize)>);

impl ReadBacks {
    fn note(&mut self, now: Timestamp, incident: &Incident) {
        self.0.retain(|_, (at, _)| now.duration_since(*at).abs() < READ_BACK_FRESH);
        let report = &incident.report;
        let key = (report.rotation.team.clone(), report.incident.clone());
        self.0.insert(key, (now, incident.live_messages().count()));
    }

    /// A message that has been posted since has not been read.
    fn is_fresh(&self, now: Timestamp, incident: &Incident) -> bool {
        let report = &incident.report;
        let key = (report.rotation.team.clone(), report.incident.clone());
        self.0.get(&key).is_some_and(|(at, messages)| {
            now.duration_since(*at).abs() < READ_BACK_FRESH && *messages == incident.live_messages().count()
        })
    }
}

/// What the messages of an incident show.
#[derive(Default)]
struct Seen {
    /// An eligible person reacted.
    taken: Option<UserId>,
    /// When to ask again for what Slack did not say.
    later: Option<Timestamp>,
    /// Whether more than a rate limit stood in the way.
    failed: bool,
    /// What Slack will not say.
    refused: Vec<Refusal>,
}

impl Seen {
    fn missed(&mut self, error: &CallError) {
        self.later = self.later.max(error.retry_at());
        self.failed |= error.limited_until().is_none();
    }
}

/// What reading the reactions back has shown.
enum ReadBack {
    /// An eligible person reacted.
    Taken(UserId),
    /// Nobody did.
    Nobody,
    /// Slack could not say; ask again then.
    Later(Timestamp),
}

impl Engine {
    /// Reads the 👀 on every message of an incident. `since` is when the read-back became necessary: after the
    /// grace an unreadable message no longer holds the hunt up.
    async fn read_back(&self, incident: &Incident, since: Timestamp) -> Result<ReadBack, StepError> {
        let now = self.now();
        let seen = self.look_for_eyes(self.paging(&incident.report.rotation.team), incident).await;
        if let Some(user) = seen.taken {
            return Ok(ReadBack::Taken(user));
        }
        for refusal in &seen.refused {
            self.tell_of_blind_read_back(incident, refusal).await?;
        }
        let grace_ends = match seen.failed {
            // A clock that was put back must not make it long.
            true if self.started <= now => since.max(self.started) + READ_BACK_GRACE,
            true => since + READ_BACK_GRACE,
            false => since + LIMITED_GRACE,
        };
        Ok(match seen.later {
            Some(at) if at < grace_ends => ReadBack::Later(at.max(now + SignedDuration::from_secs(1))),
            Some(_) => {
                let id = &incident.report.incident;
                tracing::warn!(team = %incident.report.rotation.team, incident = %id, "the reactions cannot be read; the hunt goes on without them");
                ReadBack::Nobody
            }
            None => {
                self.read_back.lock().unwrap_or_else(PoisonError::into_inner).note(now, incident);
                ReadBack::Nobody
            }
        })
    }

    /// Looks at every message of an incident until there is a 👀 of somebody who may take it.
    async fn look_for_eyes(&self, caller: Caller<'_>, incident: &Incident) -> Seen {
        let messages: Vec<&MessageRef> = incident.live_messages().collect();
        let reads = messages.iter().map(|message| self.client.eyes(caller, message));
        let (mut seen, mut known) = (Seen::default(), BTreeSet::new());
        for eyes in join_all(reads).await {
            let users = match eyes {
                Ok(users) => users,
                Err(error) => {
                    seen.missed(&error);
                    seen.refused.extend(error.refusal().cloned());
                    continue;
                }
            };
            for user in users {
                // The 👀 of whoever handed it over stands from before.
                let gave_up = incident.handed_over_by().any(|other| *other == user);
                if gave_up || !known.insert(user.clone()) {
                    continue;
                }
                match self.eligible(caller, incident, &user).await {
                    Ok(true) => return Seen { taken: Some(user), ..seen },
                    Ok(false) => {}
                    Err(error) => seen.missed(&error),
                }
            }
        }
        seen
    }

    /// Reads the reactions back since events may have been lost, and not on the way to an escalation: paging is not
    /// to wait for this.
    pub(super) async fn read_back_lost(&self, job: &ClaimedJob) -> Result<(), StepError> {
        let Some(incident) = self.incident_of(job).await?.filter(Incident::is_open) else {
            return self.dispose(job, Disposal::Done).await;
        };
        let seen = self.look_for_eyes(self.background(&job.job.rotation.team), &incident).await;
        match (seen.taken, seen.later) {
            (Some(by), _) => {
                self.counters.acknowledgements_read_back.count();
                let zone = self.zone_of(&job.job.rotation, &by);
                let command = Command::Acknowledge { by, via: Via::ReadBack, eligible: true, zone };
                self.act_for(job, command, Disposal::Done).await?;
                Ok(())
            }
            (None, Some(at)) if job.tries < READ_BACK_TRIES => {
                let due = at.max(self.now() + SignedDuration::from_secs(1));
                self.dispose(job, Disposal::Again { due, doubtful: false }).await
            }
            // What cannot be read is read before the next escalation, and then its refusal is told.
            (None, _) => self.dispose(job, Disposal::Done).await,
        }
    }

    /// Whether every message of an incident was read back but seconds ago. A hunt that waits
    /// for its turn under one rate limit would otherwise use up another.
    pub(super) fn just_read_back(&self, incident: &Incident) -> bool {
        self.read_back.lock().unwrap_or_else(PoisonError::into_inner).is_fresh(self.now(), incident)
    }

    /// Without the permission to read reactions no 👀 will ever be seen, and the reporter must know.
    async fn tell_of_blind_read_back(&self, incident: &Incident, refusal: &Refusal) -> Result<(), StepError> {
        if refusal.kind() != RefusalKind::MissingScope {
            return Ok(());
        }
        tracing::error!(team = %incident.report.rotation.team, incident = %incident.report.incident, %refusal, "the reactions may not be read");
        let report = &incident.report;
        self.tell_reporter_later(&report.rotation, &report.incident, recorded(refusal)).await
    }

    /// Reads back, and commits an acknowledgement or puts the job off if that is what it came to. `true` if
    /// the caller may escalate.
    pub(super) async fn may_escalate(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        since: Timestamp,
    ) -> Result<bool, StepError> {
        match self.read_back(incident, since).await? {
            ReadBack::Nobody => Ok(true),
            ReadBack::Later(due) => {
                // What was unknown of a post stays unknown (P2).
                self.dispose(job, Disposal::Again { due, doubtful: job.doubtful }).await?;
                Ok(false)
            }
            ReadBack::Taken(by) => {
                self.counters.acknowledgements_read_back.count();
                let zone = self.zone_of(&job.job.rotation, &by);
                let command = Command::Acknowledge { by, via: Via::ReadBack, eligible: true, zone };
                self.act_for(job, command, Disposal::Done).await?;
                Ok(false)
            }
        }
    }

    /// Finds out whether somebody may take the incident, and lets them.
    pub(super) async fn consider_ack(
        &self,
        job: &ClaimedJob,
        by: &UserId,
        message: &MessageRef,
        button: bool,
    ) -> Result<(), StepError> {
        let Some(incident) = self.incident_of(job).await? else {
            return self.dispose(job, Disposal::Done).await;
        };
        if !button && incident.gave_up_at(by).is_some() {
            // It may be the 👀 by which they had it before; the button is clear.
            return self.dispose(job, Disposal::Done).await;
        }
        match self.eligible(self.paging(&job.job.rotation.team), &incident, by).await {
            Ok(eligible) => {
                let via = if button { Via::Button } else { Via::Reaction };
                let zone = self.zone_of(&job.job.rotation, by);
                let command = Command::Acknowledge { by: by.clone(), via, eligible, zone };
                self.act_for(job, command, Disposal::Done).await?;
                Ok(())
            }
            Err(error) if incident.is_open() => {
                let due = error.retry_at().unwrap_or_else(|| self.now() + REFUSED_AGAIN);
                tracing::warn!(team = %job.job.rotation.team, %by, channel = %message.channel, error = %error, "cannot tell yet whether they may take it");
                self.dispose(job, Disposal::Again { due, doubtful: false }).await
            }
            Err(_) => self.dispose(job, Disposal::Done).await,
        }
    }

    /// The incident that a job is about.
    pub(super) async fn incident_of(&self, job: &ClaimedJob) -> Result<Option<Incident>, StepError> {
        Ok(self.incident(&job.job.rotation.team, &job.job.incident).await?)
    }

    /// Acts in the course of a job.
    pub(super) async fn act_for(
        &self,
        job: &ClaimedJob,
        command: Command,
        disposal: Disposal,
    ) -> Result<super::commit::Acted, StepError> {
        self.act_or(job, command, disposal, disposal).await
    }

    /// Acts in the course of a job of which `done` becomes if something follows from the command, else `idle`.
    pub(super) async fn act_or(
        &self,
        job: &ClaimedJob,
        command: Command,
        done: Disposal,
        idle: Disposal,
    ) -> Result<super::commit::Acted, StepError> {
        let act = Act::new(&job.job.rotation.team, &job.job.incident, command);
        self.act(Act { job: Some((job, done)), idle: Some(idle), ..act }).await
    }
}
