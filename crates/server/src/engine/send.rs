//! Sending one message, with its three outcomes: done, not done, unknown.
//!
//! Unknown is resolved by reading the channel back for the message's key before anything is sent again (P2).

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::Posting;
use pagerslack_core::{
    ChannelId, Command, Incident, Job, JobKind, Message, MessageRef, MessageTs, Phase, UserId,
};
use pagerslack_slack::client::{CallError, Post, Refusal, RefusalKind, Search};
use pagerslack_slack::words::{self, Said};
use pagerslack_store::{ClaimedJob, Disposal};

use super::{Engine, StepError};

/// How long after an uncertain send the channel is read back: Slack says nothing of how soon a message can be
/// read, so not at once.
pub(super) const READ_BACK_AFTER: SignedDuration = SignedDuration::from_secs(3);

/// How soon a refused root message is tried again: somebody may invite the bot at any moment.
const REFUSED_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// Past this age a refused root message is left alone.
const REFUSED_UNTIL: SignedDuration = SignedDuration::from_hours(1);

/// How long a post may be on its way, with some room.
const POST_TAKES: SignedDuration = SignedDuration::from_secs(10);

/// How far Slack's clock and ours may lie apart.
const CLOCKS_DISAGREE: SignedDuration = SignedDuration::from_mins(5);

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
                let acted = self.act_for(job, command, Disposal::Done).await?;
                if let (Posting::Root, Some(Phase::Hunting { .. })) =
                    (posting, acted.incident.as_ref().map(|after| &after.phase))
                {
                    // A hunt that found nobody waits for the thread in which to call the managers.
                    let (rotation, id) = (&job.job.rotation, &job.job.incident);
                    self.add_jobs(rotation, id, vec![Job::new(rotation, id, JobKind::Hunt, self.now())])
                        .await?;
                }
                self.catch_up(&job.job.rotation.team, &job.job.incident, &posted).await;
                Ok(())
            }
            Some(Err(error)) => self.not_posted(job, incident, posting, &error).await,
            None => Ok(()),
        }
    }

    /// Posts a message unless an earlier try of this job has landed; none can be older than `oldest`. `None` when it is too early to tell, and
    /// the job has been put off.
    pub(super) async fn post_once(
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
                // Counted from now, not from `began`: this very claim is what the next one finds as the last.
                self.dispose(job, Disposal::Again { due: now + READ_BACK_AFTER, doubtful: true }).await?;
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
                    if refusal.kind() == RefusalKind::MissingScope {
                        self.tell_reporter_later(&job.job.rotation, &job.job.incident, recorded(&refusal))
                            .await?;
                    }
                }
                Err(CallError::NotDone { retry_at, .. }) => {
                    let due = retry_at.max(now + READ_BACK_AFTER);
                    self.dispose(job, Disposal::Again { due, doubtful: true }).await?;
                    return Ok(None);
                }
                Err(CallError::Unknown { .. }) => {
                    self.dispose(job, Disposal::Again { due: now + READ_BACK_AFTER, doubtful: true }).await?;
                    return Ok(None);
                }
            }
        }
        if self.now() + POST_TAKES > job.lease_until {
            // This process was held up. Whoever claims the job next must not find a post of ours on its way (P2).
            self.dispose(job, Disposal::Again { due: self.now(), doubtful: job.doubtful }).await?;
            return Ok(None);
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
}

fn is_managers_turn(incident: &Incident, round: u32) -> bool {
    matches!(incident.phase, Phase::ManagersPaged { round: current, .. } if current == round)
}

/// A refusal as the log keeps it: the code, and the scope that is missing if that is the reason.
pub(super) fn recorded(refusal: &Refusal) -> String {
    match &refusal.needed {
        Some(scope) => format!("{}:{scope}", refusal.code),
        None => refusal.code.clone(),
    }
}
