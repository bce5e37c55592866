//! Messages that wake nobody: answers, explanations, and what the reporter must know when Slack stands in the
//! way. Losing one loses no incident, so they are given up after some tries.

use jiff::SignedDuration;
use pagerslack_core::incident::Posting;
use pagerslack_core::job::Notice;
use pagerslack_core::{ChannelId, Incident, IncidentId, Job, JobKind, Message, RotationId, UserId};
use pagerslack_slack::client::{CallError, Refusal, Search};
use pagerslack_slack::words::{self, Said};
use pagerslack_store::{ClaimedJob, Disposal};

use super::hunt::why;
use super::send::{Place, READ_BACK_AFTER};
use super::{Engine, StepError};

/// How long after a call of the managers it is known whether any of them was reached.
const ALL_TOLD: SignedDuration = SignedDuration::from_secs(10);

/// How long after a direct message its delivery may be doubled: Slack retries for minutes, with Delayed Events
/// for a day. Source: <https://docs.slack.dev/apis/events-api>.
const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_hours(25);

/// Messages that are not needed for paging are given up after this many tries, each at least a second after the
/// one before. In a storm most tries only find the rate budget used up.
const COURTESY_TRIES: u32 = 300;

impl Engine {
    /// Posts something that is good to know but wakes nobody.
    pub(super) async fn courtesy(
        &self,
        job: &ClaimedJob,
        place: &Place,
        said: Said,
    ) -> Result<(), StepError> {
        match self.post_once(job, place, job.job.due, said).await? {
            Some(Ok(_)) => self.dispose(job, Disposal::Done).await,
            Some(Err(CallError::Unknown { .. })) => {
                let due = self.now() + READ_BACK_AFTER;
                self.dispose(job, Disposal::Again { due, doubtful: true }).await
            }
            Some(Err(error)) => self.give_up_or_retry(job, &error).await,
            None => Ok(()),
        }
    }

    /// Says something in the thread that is good to know.
    pub(super) async fn say_in_thread(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        said: Option<Said>,
    ) -> Result<(), StepError> {
        match (&incident.root, said) {
            (Some(root), Some(said)) => {
                let place = Place { channel: root.channel.clone(), thread: Some(root.ts.clone()) };
                self.courtesy(job, &place, said).await
            }
            _ => self.dispose(job, Disposal::Done).await,
        }
    }

    /// Whether a direct message was answered before.
    pub(super) async fn answered_already(&self, job: &ClaimedJob, channel: &ChannelId) -> bool {
        // Slack may deliver a message again long after it was answered, under another event id.
        let (now, key) = (self.now(), job.job.key.as_str());
        let oldest = now - ANSWERED_WITHIN;
        let search = Search { channel, thread: None, oldest, key, bot_id: None };
        let found = self.client.find_message(self.background(&job.job.rotation.team), &search).await;
        matches!(found, Ok(Some(_)))
    }

    pub(super) async fn notify(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        user: &UserId,
        notice: Notice,
    ) -> Result<(), StepError> {
        let config = self.rotation(&incident.report.rotation);
        let Some(said) = words::notice(incident, notice, user, &config.policy) else {
            return self.dispose(job, Disposal::Done).await;
        };
        let rotation = &incident.report.rotation;
        let (thread, permit) = (incident.root.as_ref().map(|root| &root.ts), self.permit(job));
        let sent = self
            .client
            .post_ephemeral(
                self.background(&rotation.team).permitted(&permit),
                &rotation.channel,
                user,
                thread,
                &said.text,
                &said.blocks,
            )
            .await;
        match sent {
            Ok(()) => self.dispose(job, Disposal::Done).await,
            // Whoever is outside the channel can react there, but only be told directly.
            Err(CallError::Refused(refusal)) if refusal.code == "user_not_in_channel" => {
                match self.directory.direct_channel(self.background(&rotation.team), user).await {
                    Ok(channel) => self.courtesy(job, &Place { channel, thread: None }, said).await,
                    Err(error) => self.give_up_or_retry(job, &error).await,
                }
            }
            Err(error) => self.give_up_or_retry(job, &error).await,
        }
    }

    /// Tells the reporter, where the bot need not be in the channel, what stands in the way and what follows.
    pub(super) async fn tell_reporter(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        why: &str,
    ) -> Result<(), StepError> {
        let rotation = &incident.report.rotation;
        let (Some(response_url), true) = (&incident.report.response_url, incident.is_open()) else {
            return self.dispose(job, Disposal::Done).await;
        };
        let refusal = read_back(why);
        let of =
            |posting: &Posting| incident.refusals.iter().any(|(other, code)| other == posting && code == why);
        let called = incident.manager_rounds.last().filter(|round| round.direct);
        let said = match called {
            Some(round) if self.now() < round.at + ALL_TOLD => {
                // Some managers may still be about to be reached.
                return self
                    .dispose(job, Disposal::Again { due: round.at + ALL_TOLD, doubtful: false })
                    .await;
            }
            Some(round) if round.messages.is_empty() => words::nobody_reached(&refusal, &incident.report),
            Some(_)
                if of(&Posting::Root)
                    || incident.attempts.iter().any(|attempt| attempt.message.is_none()) =>
            {
                words::managers_told(&refusal, &incident.report)
            }
            Some(_) => return self.dispose(job, Disposal::Done).await,
            None if incident.refusals.iter().any(|(_, code)| code == why) => {
                let managers = self.managers(self.paging(&rotation.team), rotation).await;
                let wait = (!managers.users.is_empty()).then(|| self.rotation(rotation).policy.ack_timeout);
                words::cannot_post(&refusal, &rotation.channel, wait)
            }
            None => words::cannot_see(&refusal),
        };
        let permit = self.permit(job);
        match self
            .client
            .respond(self.now(), Some(&permit), response_url, &said.text, &said.blocks, true)
            .await
        {
            Ok(()) => self.dispose(job, Disposal::Done).await,
            Err(error) => self.give_up_or_retry(job, &error).await,
        }
    }

    /// The managers were to be called, and there is no way to call any.
    pub(super) async fn tell_that_nobody_was_reached(&self, incident: &Incident) -> Result<(), StepError> {
        let why = incident.refusals.last().map_or_else(|| "no answer".to_owned(), |(_, why)| why.clone());
        self.tell_reporter_later(&incident.report.rotation, &incident.report.incident, why).await
    }

    /// Adds a job that tells the reporter what stands in the way.
    pub(super) async fn tell_reporter_later(
        &self,
        rotation: &RotationId,
        incident: &IncidentId,
        why: String,
    ) -> Result<(), StepError> {
        let kind = JobKind::Send(Message::TellReporter { why });
        self.add_jobs(rotation, incident, vec![Job::new(rotation, incident, kind, self.now())]).await
    }

    /// For messages whose loss wakes or misses nobody.
    pub(super) async fn give_up_or_retry(
        &self,
        job: &ClaimedJob,
        error: &CallError,
    ) -> Result<(), StepError> {
        let now = self.now();
        let again = match error {
            CallError::NotDone { retry_at, .. } => Some(*retry_at),
            CallError::Unknown { .. } => Some(now + READ_BACK_AFTER),
            CallError::Refused(_) => None,
        };
        match again {
            Some(due) if job.tries < COURTESY_TRIES => {
                let due = due.max(now + SignedDuration::from_secs(1));
                self.dispose(job, Disposal::Again { due, doubtful: false }).await
            }
            _ => {
                tracing::warn!(team = %job.job.rotation.team,
job = job.job.key.as_str(), why = why(error), "gave up a message");
                self.dispose(job, Disposal::Done).await
            }
        }
    }
}

/// What [`super::send::recorded`] has written.
fn read_back(recorded: &str) -> Refusal {
    let (code, needed) = match recorded.split_once(':') {
        Some((code, scope)) => (code, Some(scope.to_owned())),
        None => (recorded, None),
    };
    Refusal { method: String::new(), code: code.to_owned(), needed, provided: None }
}
