//! What became of an earlier try to post of which nobody knows: the process died, or Slack did not say.
//!
//! Read back and found, a message is recorded like one whose post was answered, even if nobody is waiting for it any
//! more: whatever stands in Slack must be known, or it would ask people for ever (P2).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{Posting, Via};
use pagerslack_core::{Command, Incident, Job, JobKey, Message, MessageRef, MessageTs, TeamId};
use pagerslack_slack::client::{CallError, Refusal, RefusalKind, Search};
use pagerslack_store::{ClaimedJob, Disposal};

use super::commit::Act;
use super::send::{Place, READ_BACK_AFTER, look_again, recorded};
use super::{Engine, StepError};

/// How far Slack's clock and ours may lie apart.
const CLOCKS_DISAGREE: SignedDuration = SignedDuration::from_mins(5);

/// What is known of an earlier try to post.
pub(super) enum Landed {
    /// It stands.
    Already(MessageTs),
    /// There was none, or it does not stand.
    Not,
    /// That cannot be said yet; the job has been put off.
    TooEarly,
    /// The bot is kept out of where it would stand, so that it can neither be read back nor be posted.
    KeptOut(CallError),
}

/// When messages were sent of which it is not known whether they landed, by a time that no clock setting changes.
/// What a process before this one has sent may have been sent until this one began.
pub(super) struct Sends {
    began: Duration,
    known: Mutex<BTreeMap<(TeamId, JobKey), Duration>>,
}

impl Sends {
    /// Of a process that begins now.
    pub(super) fn new(elapsed: Duration) -> Self {
        Self { began: elapsed, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<(TeamId, JobKey), Duration>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is sent now.
    pub(super) fn note(&self, job: &Job, elapsed: Duration) {
        let mut known = self.known();
        known.retain(|_, sent| elapsed.saturating_sub(*sent) < READ_BACK_AFTER.unsigned_abs());
        known.insert(named(job), elapsed);
    }

    /// How long to wait still until it can be read back whether that has landed.
    fn too_early(&self, job: &Job, elapsed: Duration) -> Option<SignedDuration> {
        let ago = elapsed.saturating_sub(self.known().get(&named(job)).copied().unwrap_or(self.began));
        let left = READ_BACK_AFTER.unsigned_abs().checked_sub(ago).filter(|left| !left.is_zero())?;
        SignedDuration::try_from(left).ok()
    }
}

/// Keys are told apart within a workspace only.
fn named(job: &Job) -> (TeamId, JobKey) {
    (job.rotation.team.clone(), job.key.clone())
}

impl Engine {
    /// Whether an earlier try of this job has landed, if it is unknown (P2).
    pub(super) async fn find_landed(
        &self,
        job: &ClaimedJob,
        place: &Place,
        oldest: Timestamp,
    ) -> Result<Landed, StepError> {
        if !job.doubtful {
            return Ok(Landed::Not);
        }
        let now = self.now();
        if let Some(left) = self.sends.too_early(&job.job, self.clock().elapsed()) {
            // The clock does not say so if it was put forward meanwhile.
            self.put_off(job, now + left, true).await?;
            return Ok(Landed::TooEarly);
        }
        let began = job.last_claimed_at.unwrap_or(now);
        if now < began + READ_BACK_AFTER {
            // Counted from now, not from `began`: this very claim is what the next one finds as the last.
            self.put_off(job, now + READ_BACK_AFTER, true).await?;
            return Ok(Landed::TooEarly);
        }
        let key = job.job.key.as_str();
        // Ours may have been put back since.
        let oldest = oldest.min(began).min(now) - CLOCKS_DISAGREE;
        let (channel, thread) = (&place.channel, place.thread.as_ref());
        let search = Search { channel, thread, oldest, key, bot_id: None };
        match self.client.find_message(self.paging(&job.job.rotation.team), &search).await {
            Ok(Some(ts)) => {
                self.counters.posts_found_again.count();
                Ok(Landed::Already(ts))
            }
            Ok(None) => Ok(Landed::Not),
            Err(CallError::Refused(refusal)) if keeps_out(&refusal) => {
                Ok(Landed::KeptOut(CallError::Refused(refusal)))
            }
            Err(CallError::Refused(refusal)) => {
                // It cannot be found out. A message too many is better than nobody told (P6).
                tracing::error!(team = %job.job.rotation.team, code = %refusal.code, job = key, "cannot read back whether a message landed; sending it again");
                if refusal.kind() == RefusalKind::MissingScope {
                    self.tell_reporter_later(&job.job.rotation, &job.job.incident, recorded(&refusal))
                        .await?;
                }
                Ok(Landed::Not)
            }
            Err(error) => {
                let due = error.retry_at().unwrap_or(now).max(now + READ_BACK_AFTER);
                self.put_off(job, due, true).await?;
                Ok(Landed::TooEarly)
            }
        }
    }

    /// Nobody waits for a message any more. If an earlier try of it has landed it asks somebody all the same, until
    /// it is recorded and so brought up to date.
    pub(super) async fn unwanted(
        &self,
        job: &ClaimedJob,
        message: &Message,
        incident: &Incident,
    ) -> Result<(), StepError> {
        let (posting, direct) = match message {
            Message::Page { attempt } => (Posting::Page { attempt: *attempt }, None),
            Message::Managers { round } => (Posting::Managers { round: *round }, None),
            Message::ManagerDirect { round, user } => (Posting::Managers { round: *round }, Some(user)),
            Message::FollowUp => (Posting::FollowUp, None),
            _ => return self.dispose(job, Disposal::Done).await,
        };
        if !job.doubtful {
            return self.dispose(job, Disposal::Done).await;
        }
        let place = match self.place(incident, posting, direct).await {
            Ok(place) => place,
            Err(CallError::Refused(_)) => return self.look_later(job, incident).await,
            Err(error) => {
                let due = error.retry_at().unwrap_or(self.now()).max(self.now() + READ_BACK_AFTER);
                return self.put_off(job, due, true).await;
            }
        };
        match self.find_landed(job, &place, incident.reported_at).await? {
            Landed::TooEarly => Ok(()),
            Landed::KeptOut(_) => self.look_later(job, incident).await,
            Landed::Already(ts) => {
                let posted = MessageRef::new(place.channel, ts);
                self.hear_early_eyes(job, incident, &posted).await?;
                self.stands(job, posting, posted).await
            }
            Landed::Not => self.dispose(job, Disposal::Done).await,
        }
    }

    /// The bot is kept out of where a message may stand: until it is let in, a 👀 on it is seen by nobody (P4).
    async fn look_later(&self, job: &ClaimedJob, incident: &Incident) -> Result<(), StepError> {
        match look_again(incident, self.now()) {
            Some(due) => self.put_off(job, due, true).await,
            None => self.dispose(job, Disposal::Done).await,
        }
    }

    /// Records that a message stands, and lets whoever was quicker than the record take the incident.
    pub(super) async fn stands(
        &self,
        job: &ClaimedJob,
        posting: Posting,
        posted: MessageRef,
    ) -> Result<(), StepError> {
        let message = posted.clone();
        let command = match posting {
            Posting::Root => Command::RootPosted { message },
            Posting::Page { attempt } => Command::PagePosted { attempt, message },
            Posting::Managers { round } => Command::ManagersPosted { round, message },
            Posting::FollowUp => Command::FollowUpPosted { message },
        };
        self.act_for(job, command, Disposal::Done).await?;
        self.catch_up(&job.job.rotation.team, &job.job.incident, &posted).await;
        Ok(())
    }

    /// Lets whoever has reacted to a message take the incident before it is known that it stands: it has stood for a
    /// while, and what was heard of a 👀 under it may have ended with the process (P4).
    pub(super) async fn hear_early_eyes(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        posted: &MessageRef,
    ) -> Result<(), StepError> {
        if !incident.is_open() {
            return Ok(());
        }
        let team = &job.job.rotation.team;
        // What cannot be read now is read again before the next escalation.
        for user in self.client.eyes(self.paging(team), posted).await.unwrap_or_default() {
            let gave_up = incident.handed_over_by().any(|other| *other == user);
            if !gave_up && self.eligible(self.paging(team), incident, &user).await.unwrap_or(false) {
                let zone = self.zone_of(&job.job.rotation, &user);
                let command = Command::Acknowledge { by: user, via: Via::ReadBack, eligible: true, zone };
                self.act(Act::new(team, &job.job.incident, command)).await?;
                self.counters.acknowledgements_read_back.count();
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Whether a refusal to show a conversation is one to post in it too: posted blindly, the message would stand twice
/// once the bot is let in again (P2).
fn keeps_out(refusal: &Refusal) -> bool {
    match refusal.kind() {
        RefusalKind::TokenInvalid
        | RefusalKind::NotInChannel
        | RefusalKind::ChannelGone
        | RefusalKind::Archived => true,
        RefusalKind::MissingScope
        | RefusalKind::MessageTooLong
        | RefusalKind::MessageGone
        | RefusalKind::UserGone
        | RefusalKind::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use pagerslack_core::{JobKind, RotationId};

    use super::*;

    #[test]
    fn what_was_just_sent_is_not_looked_for_yet() {
        let second = Duration::from_secs;
        let job = |team: &str, incident: &str| {
            let rotation = RotationId::new(team.into(), "C1".into());
            Job::new(&rotation, &incident.into(), JobKind::Send(Message::Root), Timestamp::UNIX_EPOCH)
        };
        let (sends, root) = (Sends::new(second(1)), job("T1", "i"));
        assert_eq!(sends.too_early(&root, second(5)), Some(SignedDuration::from_secs(1)), "by whoever died");
        assert_eq!(sends.too_early(&root, second(7)), None);
        sends.note(&root, second(7));
        assert_eq!(sends.too_early(&root, second(9)), Some(READ_BACK_AFTER - SignedDuration::from_secs(2)));
        assert_eq!(sends.too_early(&root, second(12)), None);
        assert_eq!(sends.too_early(&job("T2", "i"), second(9)), None, "the same in another workspace");
        sends.note(&job("T1", "other"), second(60));
        assert_eq!(sends.known().len(), 1, "nothing is remembered for long");
    }
}
