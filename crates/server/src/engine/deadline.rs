//! What happens when nobody has answered in time.

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{Command, JobKind, Message, Phase};
use pagerslack_store::{ClaimedJob, Disposal};

use super::send::READ_BACK_AFTER;
use super::{Engine, StepError};

/// How soon a deadline is looked at again from which nothing has followed: the page is still on its way, or the
/// clock was put back while the reactions were read.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// How often a deadline is put off for a message of which it is unknown whether it stands; each time for as long as it
/// takes until it can be read back.
const SETTLES_WITHIN: u32 = 8;

impl Engine {
    /// The person asked has not answered: the next one.
    pub(super) async fn page_deadline(&self, job: &ClaimedJob, attempt: u32) -> Result<(), StepError> {
        let Some(incident) = self.incident_of(job).await? else {
            return self.dispose(job, Disposal::Done).await;
        };
        let deadline = match &incident.phase {
            Phase::Paging { attempt: current, deadline, .. } if *current == attempt => *deadline,
            _ => return self.dispose(job, Disposal::Done).await,
        };
        let now = self.now();
        if now < deadline {
            return self.dispose(job, Disposal::Again { due: deadline, doubtful: false }).await;
        }
        let unsent = incident.attempt(attempt).filter(|found| found.message.is_none());
        if let Some(due) = unsent.and_then(|found| self.taking_over_until(job, found.paged_at)) {
            return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
        }
        let page = |message: &Message| *message == Message::Page { attempt };
        if let Some(due) = self.unsettled_until(job, page).await? {
            return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
        }
        if !self.may_escalate(job, &incident, deadline).await? {
            return Ok(());
        }
        let managers = self.managers(self.paging(&job.job.rotation.team), &job.job.rotation).await;
        let idle = Disposal::Again { due: now + LOOK_AGAIN, doubtful: false };
        self.act_or(job, Command::TimeOut { attempt, managers }, Disposal::Done, idle).await?;
        Ok(())
    }

    /// No manager has answered: once more.
    pub(super) async fn managers_deadline(&self, job: &ClaimedJob, round: u32) -> Result<(), StepError> {
        let Some(incident) = self.incident_of(job).await? else {
            return self.dispose(job, Disposal::Done).await;
        };
        let deadline = match &incident.phase {
            Phase::ManagersPaged { round: current, deadline: Some(deadline) } if *current == round => {
                *deadline
            }
            _ => return self.dispose(job, Disposal::Done).await,
        };
        if self.now() < deadline {
            return self.dispose(job, Disposal::Again { due: deadline, doubtful: false }).await;
        }
        let of_the_round = |message: &Message| match message {
            Message::Managers { round: of } | Message::ManagerDirect { round: of, .. } => *of == round,
            _ => false,
        };
        if let Some(due) = self.unsettled_until(job, of_the_round).await? {
            return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
        }
        if !self.may_escalate(job, &incident, deadline).await? {
            return Ok(());
        }
        let managers = self.managers(self.paging(&job.job.rotation.team), &job.job.rotation).await;
        let idle = Disposal::Again { due: self.now() + LOOK_AGAIN, doubtful: false };
        self.act_or(job, Command::RepeatManagers { round, managers }, Disposal::Done, idle).await?;
        Ok(())
    }

    /// The root message has not reached the channel: the managers are told directly (P6).
    pub(super) async fn root_deadline(&self, job: &ClaimedJob) -> Result<(), StepError> {
        match self.incident_of(job).await? {
            Some(incident) if incident.root.is_none() && incident.is_open() => {
                if let Some(due) = self.taking_over_until(job, incident.reported_at) {
                    return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
                }
                let managers = self.managers(self.paging(&job.job.rotation.team), &job.job.rotation).await;
                let nobody = managers.users.is_empty();
                let acted = self.act_for(job, Command::GiveUpRoot { managers }, Disposal::Done).await?;
                if nobody && !acted.events.is_empty() {
                    self.tell_that_nobody_was_reached(&incident).await
                } else {
                    Ok(())
                }
            }
            _ => self.dispose(job, Disposal::Done).await,
        }
    }

    /// When to look again, if a message that calls somebody may have landed without our knowing: a 👀 under it would be
    /// overlooked (P4). Only so often, for nobody knows when Slack can say (P6).
    async fn unsettled_until(
        &self,
        job: &ClaimedJob,
        calls: impl Fn(&Message) -> bool,
    ) -> Result<Option<Timestamp>, StepError> {
        if job.tries > SETTLES_WITHIN {
            return Ok(None);
        }
        let jobs = self.store.jobs_of(&job.job.rotation.team, &job.job.incident).await?;
        let unsettled = jobs.iter().any(|state| {
            let called = matches!(&state.job.kind, JobKind::Send(message) if calls(message));
            called && (state.doubtful || state.lease_until.is_some())
        });
        Ok(unsettled.then(|| self.now() + READ_BACK_AFTER))
    }

    /// Until when a message that an earlier process was to send, since some moment, is given time: it may have landed,
    /// with a 👀 under it that nobody knows of (P4), and if not, nothing says that Slack would not take it now. As long
    /// as a person has to answer, from the start of this process; `None` when that is over.
    fn taking_over_until(&self, job: &ClaimedJob, since: Timestamp) -> Option<Timestamp> {
        let until = self.started + self.rotation(&job.job.rotation).policy.ack_timeout;
        // A clock that was put back must not make it long.
        (since < self.started && self.started <= self.now() && self.now() < until).then_some(until)
    }
}
