//! Sending one message, with its three outcomes: done, not done, unknown.
//!
//! Unknown is resolved by reading the channel back for the message's key before anything is sent again (P2).

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{Delay, Posting};
use pagerslack_core::{ChannelId, Command, Incident, JobKind, Message, MessageRef, MessageTs, Phase, UserId};
use pagerslack_slack::client::{CallError, Caller, Post, Refusal, RefusalKind};
use pagerslack_slack::words::{self, Said};
use pagerslack_store::{ClaimedJob, Disposal};

use super::delay::delay_of;
use super::landed::Landed;
use super::{Engine, StepError};

/// How long after an uncertain send the channel is read back: the request may still be on its way, and Slack says
/// nothing of how soon a message can be read.
pub(super) const READ_BACK_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// How soon a refused root message is tried again: somebody may invite the bot at any moment.
const REFUSED_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// Past this age a refused root message is left alone.
const REFUSED_UNTIL: SignedDuration = SignedDuration::from_hours(1);

/// How soon a manager is told again whom the bot's token does not let it tell.
const TOKEN_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// Past this age of the incident that is given up.
const TOKEN_UNTIL: SignedDuration = SignedDuration::from_hours(24);

/// Where a message goes.
pub(super) struct Place {
    pub(super) channel: ChannelId,
    pub(super) thread: Option<MessageTs>,
}

impl Engine {
    /// Sends or changes one message.
    pub(super) async fn send(&self, job: &ClaimedJob, message: &Message) -> Result<(), StepError> {
        let Some(incident) = self.incident_of(job).await? else {
            return self.dispose(job, Disposal::Done).await;
        };
        if !is_wanted(message, &incident) && !may_have_overwritten(job, message) {
            return self.unwanted(job, message, &incident).await;
        }
        let config = self.rotation(&incident.report.rotation);
        let policy = &config.policy;
        let (posting, said, direct) = match message {
            Message::Root => {
                (Posting::Root, Some(words::root(&incident, policy, &config.rules.day_zone)), None)
            }
            Message::Page { attempt } => {
                (Posting::Page { attempt: *attempt }, words::page(&incident, *attempt, policy), None)
            }
            Message::FollowUp => (Posting::FollowUp, words::follow_up(&incident, &config.follow_up), None),
            Message::Managers { round } => {
                (Posting::Managers { round: *round }, words::managers(&incident, *round, false), None)
            }
            Message::ManagerDirect { round, user } => {
                (Posting::Managers { round: *round }, words::managers(&incident, *round, true), Some(user))
            }
            Message::RootUpdate { .. } => {
                let said = Some(words::root(&incident, policy, &config.rules.day_zone));
                return self.update(job, &incident, incident.root.as_ref(), said).await;
            }
            Message::PageUpdate { attempt } => {
                let page = incident.attempt(*attempt).and_then(|found| found.message.as_ref());
                return self.update(job, &incident, page, words::page_over(&incident, *attempt)).await;
            }
            Message::ManagersUpdate { round } => return self.update_managers(job, &incident, *round).await,
            Message::FollowUpUpdate => {
                let said = words::follow_up_over(&incident);
                return self.update(job, &incident, incident.follow_up.as_ref(), said).await;
            }
            Message::Taken { taken } => {
                return self.say_in_thread(job, &incident, words::taken(&incident, *taken)).await;
            }
            Message::HandedOver { taken } => {
                return self.say_in_thread(job, &incident, words::handed_over(&incident, *taken)).await;
            }
            Message::Cancelled => {
                return self.say_in_thread(job, &incident, words::cancelled(&incident)).await;
            }
            Message::Resolved => {
                return self.say_in_thread(job, &incident, words::resolved(&incident)).await;
            }
            Message::Delayed => return self.tell_of_delay(job, &incident).await,
            Message::Notice { user, notice } => return self.notify(job, &incident, user, *notice).await,
            Message::TellReporter { why } => return self.tell_reporter(job, &incident, why).await,
        };
        match said {
            Some(said) => self.post(job, message, &incident, posting, said, direct).await,
            None => self.dispose(job, Disposal::Done).await,
        }
    }

    /// Posts a message that the incident's course depends on.
    async fn post(
        &self,
        job: &ClaimedJob,
        message: &Message,
        incident: &Incident,
        posting: Posting,
        said: Said,
        direct: Option<&UserId>,
    ) -> Result<(), StepError> {
        let place = match self.place(incident, posting, direct).await {
            Ok(place) => place,
            // What an earlier try came to is as unknown as before.
            Err(error) => return self.not_posted(job, incident, posting, &error, job.doubtful).await,
        };
        let landed = match self.find_landed(job, &place, incident.reported_at).await? {
            Landed::TooEarly => {
                let since = wanted_since(incident, posting);
                return self.note_delay(incident, since, self.now(), Delay::NoAnswer).await;
            }
            Landed::KeptOut(error) => {
                return self.not_posted(job, incident, posting, &error, true).await;
            }
            Landed::Already(ts) => Some(ts),
            Landed::Not => None,
        };
        if landed.is_none() && !self.may_still_post(job, message, incident, posting, direct).await? {
            return Ok(());
        }
        if let Some(ts) = &landed {
            self.hear_early_eyes(job, incident, &MessageRef::new(place.channel.clone(), ts.clone())).await?;
        }
        let sent = match landed {
            Some(ts) => Some(Ok(ts)),
            None => {
                let team = &job.job.rotation.team;
                let caller = match posting {
                    Posting::Root => self.opening(team),
                    Posting::Page { .. } | Posting::Managers { .. } => self.paging(team),
                    Posting::FollowUp => self.background(team),
                };
                self.post_now(job, &place, said, caller).await?
            }
        };
        match sent {
            Some(Ok(ts)) => self.stands(job, posting, MessageRef::new(place.channel, ts)).await,
            Some(Err(error)) => self.not_posted(job, incident, posting, &error, false).await,
            None => Ok(()),
        }
    }

    /// Whether a message that does not stand is still to be posted, when that was decided a while ago. If not, the job
    /// has been seen to.
    async fn may_still_post(
        &self,
        job: &ClaimedJob,
        message: &Message,
        incident: &Incident,
        posting: Posting,
        direct: Option<&UserId>,
    ) -> Result<bool, StepError> {
        let since = escalated_since(incident, posting);
        if let Some(since) = since.filter(|since| job.doubtful || *since < self.started)
            && !self.may_escalate(job, incident, since).await?
        {
            // Whoever was chosen was chosen a while ago, and a 👀 may have found nobody here meanwhile.
            return Ok(false);
        }
        let asked_slack = job.doubtful || direct.is_some() || since.is_some_and(|since| since < self.started);
        // Slack was asked something meanwhile, and somebody may have taken the incident (P4).
        if asked_slack && !self.incident_of(job).await?.is_some_and(|incident| is_wanted(message, &incident))
        {
            self.dispose(job, Disposal::Done).await?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Posts a message unless an earlier try of this job has landed; none can be older than `oldest`. `None` when
    /// the job has been put off.
    pub(super) async fn post_once(
        &self,
        job: &ClaimedJob,
        place: &Place,
        oldest: Timestamp,
        said: Said,
    ) -> Result<Option<Result<MessageTs, CallError>>, StepError> {
        match self.find_landed(job, place, oldest).await? {
            Landed::TooEarly => Ok(None),
            Landed::KeptOut(error) => Ok(Some(Err(error))),
            Landed::Already(ts) => Ok(Some(Ok(ts))),
            Landed::Not => self.post_now(job, place, said, self.background(&job.job.rotation.team)).await,
        }
    }

    async fn post_now(
        &self,
        job: &ClaimedJob,
        place: &Place,
        said: Said,
        caller: Caller<'_>,
    ) -> Result<Option<Result<MessageTs, CallError>>, StepError> {
        let permit = self.permit(job);
        if !permit.holds() {
            return self.held_up(job).await;
        }
        let post = Post {
            channel: place.channel.clone(),
            thread_ts: place.thread.clone(),
            text: said.text,
            blocks: said.blocks,
            key: Some(job.job.key.as_str().to_owned()),
        };
        self.sends.note(&job.job, self.clock().elapsed());
        match self.client.post_message(caller.permitted(&permit), &post).await {
            Err(error) if error.is_withheld() => self.held_up(job).await,
            posted => Ok(Some(posted)),
        }
    }

    /// This process was held up, and nothing was sent. Whoever claims the job next must not find a post of ours on its way
    /// (P2).
    async fn held_up<T>(&self, job: &ClaimedJob) -> Result<Option<T>, StepError> {
        self.put_off(job, self.now(), job.doubtful).await?;
        Ok(None)
    }

    pub(super) async fn put_off(
        &self,
        job: &ClaimedJob,
        due: Timestamp,
        doubtful: bool,
    ) -> Result<(), StepError> {
        self.dispose(job, Disposal::Again { due, doubtful }).await
    }

    pub(super) async fn place(
        &self,
        incident: &Incident,
        posting: Posting,
        direct: Option<&UserId>,
    ) -> Result<Place, CallError> {
        let rotation = &incident.report.rotation;
        match (direct, posting, &incident.root) {
            (Some(user), _, _) => {
                let channel = self.directory.direct_channel(self.paging(&rotation.team), user).await?;
                Ok(Place { channel, thread: None })
            }
            (None, Posting::Page { .. } | Posting::Managers { .. } | Posting::FollowUp, Some(root)) => {
                Ok(Place { channel: root.channel.clone(), thread: Some(root.ts.clone()) })
            }
            (None, _, _) => Ok(Place { channel: rotation.channel.clone(), thread: None }),
        }
    }

    /// What becomes of a post that Slack did not take, or of which it did not say.
    async fn not_posted(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        posting: Posting,
        error: &CallError,
        doubtful: bool,
    ) -> Result<(), StepError> {
        let now = self.now();
        match error {
            CallError::NotDone { .. } if posting == Posting::FollowUp => {
                self.give_up_or_retry(job, error).await
            }
            CallError::NotDone { retry_at, .. } => {
                // In a storm posts take turns; that is no news.
                if error.limited_until().is_none() {
                    tracing::warn!(
                        team = %job.job.rotation.team,
                        job = job.job.key.as_str(),
                        error = error as &dyn std::error::Error,
                        "a post is put off"
                    );
                }
                self.note_delay(incident, wanted_since(incident, posting), *retry_at, delay_of(error))
                    .await?;
                self.put_off(job, *retry_at, doubtful).await
            }
            CallError::Unknown { .. } => {
                tracing::warn!(
                    team = %job.job.rotation.team,
                    job = job.job.key.as_str(),
                    error = error as &dyn std::error::Error,
                    "a post may have landed"
                );
                let since = wanted_since(incident, posting);
                self.note_delay(incident, since, now + READ_BACK_AFTER, Delay::NoAnswer).await?;
                self.put_off(job, now + READ_BACK_AFTER, true).await
            }
            CallError::Refused(refusal) => {
                tracing::error!(team = %job.job.rotation.team,
job = job.job.key.as_str(), code = %refusal.code, "Slack refuses a post");
                // A refused page calls the managers, so it is an escalation like any other (P4).
                let since = escalated_since(incident, posting);
                if let Some(since) = since
                    && !self.may_escalate(job, incident, since).await?
                {
                    return Ok(());
                }
                let disposal = match again_although_refused(job, incident, refusal, doubtful, now) {
                    Some(due) => Disposal::Again { due, doubtful },
                    None => Disposal::Done,
                };
                let rotation = &incident.report.rotation;
                let managers = self.managers(self.paging(&rotation.team), rotation).await;
                let command = Command::PostRefused { posting, why: recorded(refusal), managers };
                self.act_for(job, command, disposal).await?;
                Ok(())
            }
        }
    }
}

/// When a refused message is tried again, if it is: somebody may invite the bot to the channel, or give it a token
/// that is good. Nobody else is left to tell when the managers cannot be told directly (P6). And a message that may have
/// landed is looked for until that can be told, or a 👀 on it would find nobody (P4).
fn again_although_refused(
    job: &ClaimedJob,
    incident: &Incident,
    refusal: &Refusal,
    doubtful: bool,
    now: Timestamp,
) -> Option<Timestamp> {
    let (wait, until) = match &job.job.kind {
        JobKind::Send(Message::Root) => (REFUSED_AGAIN, REFUSED_UNTIL),
        JobKind::Send(Message::ManagerDirect { .. }) if refusal.kind() == RefusalKind::TokenInvalid => {
            (TOKEN_AGAIN, TOKEN_UNTIL)
        }
        JobKind::Send(Message::Page { .. } | Message::Managers { .. } | Message::ManagerDirect { .. })
            if doubtful =>
        {
            return look_again(incident, now);
        }
        _ => return None,
    };
    (now < incident.reported_at + until).then(|| now + wait)
}

/// When it is tried again to see a message that may have landed, where the bot is kept out; `None` past a day.
pub(super) fn look_again(incident: &Incident, now: Timestamp) -> Option<Timestamp> {
    (now < incident.reported_at + TOKEN_UNTIL).then(|| now + TOKEN_AGAIN)
}

/// Whether an update of the root may have landed over a newer one: it was sent before, and is to be sent again because
/// something has happened meanwhile, or because nobody knows what became of it.
fn may_have_overwritten(job: &ClaimedJob, message: &Message) -> bool {
    matches!(message, Message::RootUpdate { .. }) && job.tries > 1
}

/// Whether a message still has something to say.
fn is_wanted(message: &Message, incident: &Incident) -> bool {
    match message {
        Message::Root => incident.root.is_none(),
        Message::Delayed => incident.root.is_none() && incident.is_open(),
        Message::RootUpdate { version } => incident.retold_at <= *version,
        Message::Page { attempt } => incident
            .current_attempt()
            .is_some_and(|(current, found)| current == *attempt && found.message.is_none()),
        Message::Managers { round } | Message::ManagerDirect { round, .. } => {
            matches!(incident.phase, Phase::ManagersPaged { round: current, .. } if current == *round)
        }
        Message::FollowUp => {
            matches!(incident.phase, Phase::Acknowledged { .. }) && incident.follow_up.is_none()
        }
        Message::Taken { taken } => incident.times_taken() == *taken && incident.last_taken().is_some(),
        Message::PageUpdate { .. }
        | Message::ManagersUpdate { .. }
        | Message::HandedOver { .. }
        | Message::Cancelled
        | Message::Resolved
        | Message::FollowUpUpdate
        | Message::Notice { .. }
        | Message::TellReporter { .. } => true,
    }
}

/// When the person or the managers were chosen whom a message is to reach.
fn escalated_since(incident: &Incident, posting: Posting) -> Option<Timestamp> {
    match posting {
        Posting::Root | Posting::FollowUp => None,
        Posting::Page { attempt } => incident.attempt(attempt).map(|found| found.paged_at),
        Posting::Managers { round } => incident.manager_round(round).map(|found| found.at),
    }
}

/// Since when a message is to reach people.
fn wanted_since(incident: &Incident, posting: Posting) -> Timestamp {
    escalated_since(incident, posting).unwrap_or_else(|| incident.wanted_since())
}

/// A refusal as the log keeps it: the code, and the scope that is missing if that is the reason.
pub(super) fn recorded(refusal: &Refusal) -> String {
    match &refusal.needed {
        Some(scope) => format!("{}:{scope}", refusal.code),
        None => refusal.code.clone(),
    }
}
