//! Sending one message, with its three outcomes: done, not done, unknown.
//!
//! Unknown is resolved by reading the channel back for the message's key before anything is sent again (P2).

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::Posting;
use pagerslack_core::job::Notice;
use pagerslack_core::{ChannelId, Command, Incident, Message, MessageRef, MessageTs, Phase, UserId};
use pagerslack_slack::client::{CallError, Post, Refusal, Search};
use pagerslack_slack::words::{self, Said};
use pagerslack_store::{ClaimedJob, Disposal};

use super::hunt::why;
use super::{Engine, StepError};

/// How long after an uncertain send the channel is read back: Slack says nothing of how soon a message can be
/// read, so not at once.
const READ_BACK_AFTER: SignedDuration = SignedDuration::from_secs(3);

/// How soon a refused root message is tried again: somebody may invite the bot at any moment.
const REFUSED_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// Past this age a refused root message is left alone.
const REFUSED_UNTIL: SignedDuration = SignedDuration::from_hours(1);

/// Messages that are not needed for paging are given up after this many tries.
const COURTESY_TRIES: u32 = 20;

/// How far Slack's clock and ours may lie apart.
const CLOCKS_DISAGREE: SignedDuration = SignedDuration::from_mins(5);

/// Where a message goes.
struct Place {
    channel: ChannelId,
    thread: Option<MessageTs>,
}

impl Engine {
    /// Sends or changes one message.
    pub(super) async fn send(&self, job: &ClaimedJob, message: &Message) -> Result<(), StepError> {
        let Some(incident) = self.incident_of(job).await? else {
            return self.dispose(job, Disposal::Done).await;
        };
        let policy = self.policy(&incident.report.rotation);
        match message {
            Message::Root if incident.root.is_none() => {
                self.post(job, &incident, Posting::Root, words::root(&incident, policy), None).await
            }
            Message::Page { attempt } => match incident.current_attempt() {
                Some((current, found)) if current == *attempt && found.message.is_none() => {
                    let said = words::page(&incident, *attempt, policy);
                    self.post_if(job, &incident, Posting::Page { attempt: *attempt }, said, None).await
                }
                _ => self.dispose(job, Disposal::Done).await,
            },
            Message::Managers { round } if is_managers_turn(&incident, *round) => {
                let said = words::managers(&incident, *round, false);
                self.post_if(job, &incident, Posting::Managers { round: *round }, said, None).await
            }
            Message::ManagerDirect { round, user } if is_managers_turn(&incident, *round) => {
                let said = words::managers(&incident, *round, true);
                self.post_if(job, &incident, Posting::Managers { round: *round }, said, Some(user)).await
            }
            Message::Root | Message::Managers { .. } | Message::ManagerDirect { .. } => {
                self.dispose(job, Disposal::Done).await
            }
            Message::RootUpdate { .. } => {
                let said = Some(words::root(&incident, policy));
                self.update(job, &incident, incident.root.as_ref(), said).await
            }
            Message::PageUpdate { attempt } => {
                let page = incident.attempt(*attempt).and_then(|found| found.message.as_ref());
                self.update(job, &incident, page, words::page_over(&incident, *attempt)).await
            }
            Message::ManagersUpdate { round } => self.update_managers(job, &incident, *round).await,
            Message::Taken => match (&incident.root, words::taken(&incident)) {
                (Some(root), Some(said)) => {
                    let place = Place { channel: root.channel.clone(), thread: Some(root.ts.clone()) };
                    self.courtesy(job, &place, said).await
                }
                _ => self.dispose(job, Disposal::Done).await,
            },
            Message::Notice { user, notice } => self.notify(job, &incident, user, *notice).await,
            Message::TellReporter { why } => self.tell_reporter(job, &incident, why).await,
        }
    }

    async fn post_if(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        posting: Posting,
        said: Option<Said>,
        direct: Option<&UserId>,
    ) -> Result<(), StepError> {
        match said {
            Some(said) => self.post(job, incident, posting, said, direct).await,
            None => self.dispose(job, Disposal::Done).await,
        }
    }

    /// Posts a message that the incident's course depends on.
    async fn post(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        posting: Posting,
        said: Said,
        direct: Option<&UserId>,
    ) -> Result<(), StepError> {
        let place = match self.place(incident, posting, direct).await {
            Ok(place) => place,
            Err(error) => return self.not_posted(job, incident, posting, &error).await,
        };
        match self.post_once(job, &place, incident.reported_at, said).await? {
            Some(Ok(ts)) => {
                let posted = MessageRef::new(place.channel, ts);
                let message = posted.clone();
                let command = match posting {
                    Posting::Root => Command::RootPosted { message },
                    Posting::Page { attempt } => Command::PagePosted { attempt, message },
                    Posting::Managers { round } => Command::ManagersPosted { round, message },
                };
                self.act_for(job, command, Disposal::Done).await?;
                self.catch_up(&job.job.rotation.team, &job.job.incident, &posted).await;
                Ok(())
            }
            Some(Err(error)) => self.not_posted(job, incident, posting, &error).await,
            None => Ok(()),
        }
    }

    /// Posts a message unless an earlier try of this job has landed; none can be older than `oldest`. `None` when it is too early to tell, and
    /// the job has been put off.
    async fn post_once(
        &self,
        job: &ClaimedJob,
        place: &Place,
        oldest: Timestamp,
        said: Said,
    ) -> Result<Option<Result<MessageTs, CallError>>, StepError> {
        let (now, team) = (self.now(), &job.job.rotation.team);
        if job.doubtful {
            let began = job.last_claimed_at.unwrap_or(now);
            if now < began + READ_BACK_AFTER {
                self.dispose(job, Disposal::Again { due: began + READ_BACK_AFTER, doubtful: true }).await?;
                return Ok(None);
            }
            let key = job.job.key.as_str();
            let oldest = oldest.min(began) - CLOCKS_DISAGREE;
            let search =
                Search { channel: &place.channel, thread: place.thread.as_ref(), oldest, key, bot_id: None };
            match self.client.find_message(self.paging(team), &search).await {
                Ok(Some(ts)) => {
                    self.counters.posts_found_again.count();
                    return Ok(Some(Ok(ts)));
                }
                Ok(None) => {}
                Err(CallError::Refused(refusal)) => {
                    // It cannot be found out. A message too many is better than nobody told (P6).
                    tracing::error!(code = %refusal.code, job = key, "cannot read back whether a message landed; sending it again");
                }
                Err(CallError::NotDone { retry_at, .. }) => {
                    self.dispose(job, Disposal::Again { due: retry_at, doubtful: true }).await?;
                    return Ok(None);
                }
                Err(CallError::Unknown { .. }) => {
                    self.dispose(job, Disposal::Again { due: now + READ_BACK_AFTER, doubtful: true }).await?;
                    return Ok(None);
                }
            }
        }
        let post = Post {
            channel: place.channel.clone(),
            thread_ts: place.thread.clone(),
            text: said.text,
            blocks: said.blocks,
            key: Some(job.job.key.as_str().to_owned()),
        };
        Ok(Some(self.client.post_message(self.paging(team), &post).await))
    }

    async fn place(
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
            (None, Posting::Page { .. } | Posting::Managers { .. }, Some(root)) => {
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
    ) -> Result<(), StepError> {
        let now = self.now();
        match error {
            CallError::NotDone { retry_at, .. } => {
                tracing::warn!(
                    job = job.job.key.as_str(),
                    error = error as &dyn std::error::Error,
                    "a post is put off"
                );
                self.dispose(job, Disposal::Again { due: *retry_at, doubtful: false }).await
            }
            CallError::Unknown { .. } => {
                tracing::warn!(
                    job = job.job.key.as_str(),
                    error = error as &dyn std::error::Error,
                    "a post may have landed"
                );
                self.dispose(job, Disposal::Again { due: now + READ_BACK_AFTER, doubtful: true }).await
            }
            CallError::Refused(refusal) => {
                tracing::error!(job = job.job.key.as_str(), code = %refusal.code, "Slack refuses a post");
                let again = posting == Posting::Root && now < incident.reported_at + REFUSED_UNTIL;
                let disposal = if again {
                    Disposal::Again { due: now + REFUSED_AGAIN, doubtful: false }
                } else {
                    Disposal::Done
                };
                let managers = self.managers(&incident.report.rotation).await;
                let command = Command::PostRefused { posting, why: recorded(refusal), managers };
                self.act_for(job, command, disposal).await?;
                Ok(())
            }
        }
    }

    /// Brings a message up to date; twice does no harm.
    async fn update(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        message: Option<&MessageRef>,
        said: Option<Said>,
    ) -> Result<(), StepError> {
        let (Some(message), Some(said)) = (message, said) else {
            return self.dispose(job, Disposal::Done).await;
        };
        let (now, team) = (self.now(), &job.job.rotation.team);
        match self.client.update_message(self.background(team), message, &said.text, &said.blocks).await {
            Ok(()) => {
                // A newer state may have been shown meanwhile, and this one over it.
                let moved =
                    self.incident_of(job).await?.is_some_and(|after| after.version != incident.version);
                let disposal =
                    if moved { Disposal::Again { due: now, doubtful: false } } else { Disposal::Done };
                self.dispose(job, disposal).await
            }
            Err(error) => self.give_up_or_retry(job, &error).await,
        }
    }

    /// Takes the button off every message of a managers' page.
    async fn update_managers(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        round: u32,
    ) -> Result<(), StepError> {
        let Some((said, round)) = words::managers_over(incident).zip(incident.manager_round(round)) else {
            return self.dispose(job, Disposal::Done).await;
        };
        let team = &job.job.rotation.team;
        for message in &round.messages {
            if let Err(error) =
                self.client.update_message(self.background(team), message, &said.text, &said.blocks).await
            {
                return self.give_up_or_retry(job, &error).await;
            }
        }
        self.dispose(job, Disposal::Done).await
    }

    /// Posts something that is good to know but wakes nobody.
    async fn courtesy(&self, job: &ClaimedJob, place: &Place, said: Said) -> Result<(), StepError> {
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

    /// Answers a direct message.
    pub(super) async fn answer(
        &self,
        job: &ClaimedJob,
        channel: &ChannelId,
        text: &str,
    ) -> Result<(), StepError> {
        let place = Place { channel: channel.clone(), thread: None };
        self.courtesy(job, &place, Said::paragraph(text.to_owned())).await
    }

    async fn notify(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        user: &UserId,
        notice: Notice,
    ) -> Result<(), StepError> {
        let said = match notice {
            Notice::AckRefused => words::ack_refused(),
            Notice::PassRefused => words::pass_refused(),
            Notice::TakenAlready => words::taken_already(incident),
        };
        let rotation = &incident.report.rotation;
        let thread = incident.root.as_ref().map(|root| &root.ts);
        let sent = self
            .client
            .post_ephemeral(
                self.background(&rotation.team),
                &rotation.channel,
                user,
                thread,
                &said.text,
                &said.blocks,
            )
            .await;
        match sent {
            Ok(()) => self.dispose(job, Disposal::Done).await,
            Err(error) => self.give_up_or_retry(job, &error).await,
        }
    }

    async fn tell_reporter(&self, job: &ClaimedJob, incident: &Incident, why: &str) -> Result<(), StepError> {
        let Some(response_url) = &incident.report.response_url else {
            return self.dispose(job, Disposal::Done).await;
        };
        let rotation = &incident.report.rotation;
        let said = words::cannot_post(&read_back(why), &rotation.channel, self.policy(rotation).ack_timeout);
        match self.client.respond(self.now(), response_url, &said.text, &said.blocks, true).await {
            Ok(()) => self.dispose(job, Disposal::Done).await,
            Err(error) => self.give_up_or_retry(job, &error).await,
        }
    }

    /// For messages whose loss wakes or misses nobody.
    async fn give_up_or_retry(&self, job: &ClaimedJob, error: &CallError) -> Result<(), StepError> {
        let now = self.now();
        let again = match error {
            CallError::NotDone { retry_at, .. } => Some(*retry_at),
            CallError::Unknown { .. } => Some(now + READ_BACK_AFTER),
            CallError::Refused(_) => None,
        };
        match again {
            Some(due) if job.tries < COURTESY_TRIES => {
                self.dispose(job, Disposal::Again { due, doubtful: false }).await
            }
            _ => {
                tracing::warn!(job = job.job.key.as_str(), why = why(error), "gave up a message");
                self.dispose(job, Disposal::Done).await
            }
        }
    }
}

fn is_managers_turn(incident: &Incident, round: u32) -> bool {
    matches!(incident.phase, Phase::ManagersPaged { round: current, .. } if current == round)
}

/// A refusal as the log keeps it: the code, and the scope that is missing if that is the reason.
fn recorded(refusal: &Refusal) -> String {
    match &refusal.needed {
        Some(scope) => format!("{}:{scope}", refusal.code),
        None => refusal.code.clone(),
    }
}

fn read_back(recorded: &str) -> Refusal {
    let (code, needed) = match recorded.split_once(':') {
        Some((code, scope)) => (code, Some(scope.to_owned())),
        None => (recorded, None),
    };
    Refusal { method: String::new(), code: code.to_owned(), needed, provided: None }
}
