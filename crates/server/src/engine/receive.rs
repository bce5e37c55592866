//! What Slack sends, and the answer it gets within its three seconds.
//!
//! Nothing here waits for Slack: what needs a call becomes a job, and the answer goes out once that is on disk
//! (P1).

use std::collections::BTreeMap;

use jiff::Timestamp;
use pagerslack_core::incident::Via;
use pagerslack_core::job::Notice;
use pagerslack_core::rules::Day;
use pagerslack_core::{
    AnswerTo, Command, IncidentId, Job, JobKind, MessageRef, Phase, Question, Report, RotationId, TeamId,
    UserId, Wish,
};
use pagerslack_slack::command::{self, Request};
use pagerslack_slack::inbound::{Click, DirectMessage, Inbound, Reaction, SlashCommand};
use pagerslack_slack::text;
use pagerslack_slack::words::{self, Said};
use pagerslack_store::Causes;
use serde_json::{Value, json};

use super::commit::Act;
use super::open::Opened;
use super::{Engine, StepError, once};

/// The reaction that acknowledges. It has no skin tones.
const EYES: &str = "eyes";

/// What Slack is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// 200, and nothing to say.
    Done,
    /// 200, and something that only the person who typed sees.
    Ephemeral(Said),
    /// 200, and the dialog that was sent shows something else from now on.
    View(Value),
    /// 200, and the dialog that was sent stays open and says what is wrong, by its blocks.
    Faults(BTreeMap<&'static str, String>),
    /// 200, and the challenge of an address check.
    Challenge(String),
    /// Not recorded: Slack is to deliver it again.
    Again,
}

impl Reply {
    /// What Slack is answered in JSON, if anything.
    pub fn payload(&self) -> Option<Value> {
        match self {
            Self::Ephemeral(said) => {
                Some(json!({ "response_type": "ephemeral", "text": said.text, "blocks": said.blocks }))
            }
            Self::View(view) => Some(json!({ "response_action": "update", "view": view })),
            Self::Faults(faults) => Some(json!({ "response_action": "errors", "errors": faults })),
            Self::Done | Self::Challenge(_) | Self::Again => None,
        }
    }
}

impl Engine {
    /// Takes one thing that Slack sent. The caller has checked that it was Slack.
    pub async fn receive(&self, inbound: Inbound) -> Reply {
        // Reactions are nearly all there is, and tell nothing of people or channels.
        if !matches!(inbound, Inbound::ReactionAdded(_) | Inbound::ReactionRemoved(_)) {
            self.directory.apply(self.now(), &inbound);
        }
        match inbound {
            Inbound::ReactionAdded(reaction) => self.reacted(reaction).await,
            Inbound::Command(command) => self.commanded(*command).await,
            Inbound::Clicked(click) => self.clicked(*click).await,
            Inbound::Submitted(sent) => self.submitted(*sent).await,
            Inbound::HomeOpened { team, user, tab, .. } => self.home_opened(team, user, &tab).await,
            Inbound::DirectMessage(message) => self.written_to(message).await,
            Inbound::UrlVerification { challenge } => Reply::Challenge(challenge),
            Inbound::RateLimited { team, .. } => {
                self.counters.events_dropped_by_slack.count();
                tracing::warn!(%team, "Slack drops events of this workspace, there are too many");
                Reply::Done
            }
            Inbound::Malformed { why } => {
                self.counters.requests_malformed.count();
                tracing::warn!(why, "a signed request could not be read");
                Reply::Done
            }
            Inbound::Ignored { what } => {
                self.counters.requests_ignored.count();
                tracing::debug!(%what, "no use for this");
                Reply::Done
            }
            Inbound::AppUninstalled { team, .. } | Inbound::TokensRevoked { team, .. } => {
                tracing::error!(%team, "the app was removed from the workspace or its token revoked: install it again");
                Reply::Done
            }
            // The directory has taken these in; a 👀 taken back does not take an acknowledgement back.
            Inbound::ReactionRemoved(_)
            | Inbound::MemberJoined { .. }
            | Inbound::MemberLeft { .. }
            | Inbound::UserChanged { .. }
            | Inbound::TeamJoined { .. }
            | Inbound::DndChanged { .. }
            | Inbound::UserGroupChanged { .. }
            | Inbound::ChannelIdChanged { .. }
            | Inbound::SslCheck => Reply::Done,
        }
    }

    async fn commanded(&self, typed: SlashCommand) -> Reply {
        let rotation = RotationId::new(typed.team.clone(), typed.channel.clone());
        let direct = typed.channel_name == "directmessage";
        match command::parse(&typed.text) {
            Request::Help => Reply::Ephemeral(words::usage(&typed.command, &self.rotation(&rotation).policy)),
            Request::Ask(question) => self.asked_by_command(rotation, typed, question).await,
            Request::Mistaken(mistake) => Reply::Ephemeral(words::mistaken(&mistake, &typed.command)),
            Request::Report { .. } if direct => {
                Reply::Ephemeral(words::mistaken(&words::Mistake::DirectMessage, &typed.command))
            }
            Request::Report { url, note, first } => {
                let id = IncidentId::derive(&rotation, &self.request_of(&typed));
                // What was open then may be closed by now, and is not opened again by it.
                match self.asked_before(&typed.team, &typed.user, &id).await {
                    Ok(true) => return Reply::Done,
                    Ok(false) => {}
                    // Whoever tried on could take longer than Slack waits, and nobody would be told anything.
                    Err(error) => return self.not_recorded(&typed.team, &id, &url, &error),
                }
                let report = Report {
                    incident: id,
                    rotation,
                    url,
                    note,
                    reporter: typed.user,
                    machine: None,
                    first,
                    response_url: Some(typed.response_url).filter(|url| !url.is_empty()),
                };
                self.report(report, &typed.team_domain).await
            }
        }
    }

    /// Takes a question down; the answer needs Slack, and comes to where the command was typed.
    async fn asked_by_command(&self, rotation: RotationId, typed: SlashCommand, question: Question) -> Reply {
        let id = IncidentId::derive(&rotation, &self.request_of(&typed));
        let to = AnswerTo::Command { channel: typed.channel, response_url: typed.response_url };
        match self.asked(rotation, id, typed.user, question, to).await {
            Reply::Again => Reply::Ephemeral(words::not_asked()),
            reply => reply,
        }
    }

    async fn asked(
        &self,
        rotation: RotationId,
        id: IncidentId,
        user: UserId,
        question: Question,
        to: AnswerTo,
    ) -> Reply {
        match self.asked_before(&rotation.team, &user, &id).await {
            Ok(true) => return Reply::Done,
            Ok(false) => {}
            Err(error) => return again(&error),
        }
        let taken = once::asked(&user, &id, self.now());
        let job = Job::new(&rotation, &id, JobKind::Answer { user, question, to }, self.now());
        let added = self.add_jobs_once(&rotation, &id, vec![job], Some(taken)).await;
        added.map_or_else(|error| again(&error), |()| Reply::Done)
    }

    /// What tells this command from every other. Slack uses a trigger and an answer's address once; should it send
    /// neither, who typed what when has to do.
    fn request_of(&self, typed: &SlashCommand) -> String {
        let unique = [&typed.trigger_id, &typed.response_url].into_iter().find(|id| !id.is_empty());
        unique.cloned().unwrap_or_else(|| format!("{} {} {}", typed.user, self.now(), typed.text))
    }

    /// Records a report; only then is the reporter told "on it" (P1).
    async fn report(&self, report: Report, domain: &str) -> Reply {
        let (team, incident, url) =
            (report.rotation.team.clone(), report.incident.clone(), report.url.clone());
        match self.record(report, domain).await {
            Ok(said) => Reply::Ephemeral(said),
            Err(error) => self.not_recorded(&team, &incident, &url, &error),
        }
    }

    /// Records a report, and gives what its reporter is told.
    pub(super) async fn record(&self, report: Report, domain: &str) -> Result<Said, StepError> {
        let (rotation, incident, url) =
            (report.rotation.clone(), report.incident.clone(), report.url.clone());
        let (first, reporter) = (report.first.clone(), report.reporter.clone());
        match self.record_report(report).await? {
            Opened::New => Ok(self.accepted(&rotation, &url, first.as_ref())),
            Opened::Resumed(_) => Ok(words::accepted(&url, None)),
            Opened::AlreadyOpen(other) => {
                self.remember_asking(&rotation.team, &reporter, &incident).await?;
                Ok(self.already_open(&rotation, &other, &url, domain).await)
            }
        }
    }

    /// Slack delivers no command again, so whoever typed it must hear that nobody will be paged.
    fn not_recorded(
        &self,
        team: &TeamId,
        incident: &IncidentId,
        url: &str,
        error: &(dyn std::error::Error + 'static),
    ) -> Reply {
        self.lost(team, incident, error);
        Reply::Ephemeral(words::not_recorded(url))
    }

    pub(super) fn lost(
        &self,
        team: &TeamId,
        incident: &IncidentId,
        error: &(dyn std::error::Error + 'static),
    ) {
        self.counters.reports_lost.count();
        tracing::error!(%team, %incident, error = %Causes(error), "a report could not be recorded");
    }

    /// What the reporter is told at once.
    fn accepted(&self, rotation: &RotationId, url: &str, first: Option<&UserId>) -> Said {
        let config = self.rotation(rotation);
        let day = config.rules.day(self.now());
        match (config.rules.schedule_link(&day), &day) {
            (Some(schedule), Day::Off { name }) => words::accepted_on_day_off(url, name, schedule),
            _ => words::accepted(url, first),
        }
    }

    async fn already_open(&self, rotation: &RotationId, other: &IncidentId, url: &str, domain: &str) -> Said {
        let incident = self.incident(&rotation.team, other).await.ok().flatten();
        let root = incident.as_ref().and_then(|incident| incident.root.as_ref());
        let thread = root.map(|root| text::permalink(domain, root));
        words::already_open(url, incident.as_ref(), thread.as_deref())
    }

    async fn reacted(&self, reaction: Reaction) -> Reply {
        if reaction.reaction != EYES {
            self.counters.reactions_ignored.count();
            return Reply::Done;
        }
        if !self.index.may_contain(&reaction.team, &reaction.message) {
            self.index.remember_early(&reaction.team, &reaction.message, &reaction.user);
            // Looked at again, for the message may have become known in between.
            // A store that is shared knows of messages that another process has posted.
            if !self.index.may_contain(&reaction.team, &reaction.message) && !self.store.is_shared() {
                self.counters.reactions_ignored.count();
                return Reply::Done;
            }
        }
        match self.store.incident_of(&reaction.team, &reaction.message).await {
            Ok(Some(incident)) => {
                let Reaction { team, user, message, at, .. } = &reaction;
                self.take(team, &incident, user, message, Via::Reaction, *at).await
            }
            Ok(None) => {
                if self.store.is_shared() && self.elsewhere.remember(&reaction, self.clock.elapsed()) {
                    return Reply::Done;
                }
                self.counters.reactions_ignored.count();
                Reply::Done
            }
            Err(error) => again(&error),
        }
    }

    async fn clicked(&self, click: Click) -> Reply {
        let incident = IncidentId::new(&click.value);
        let (Some(channel), Some(ts)) = (click.channel.clone(), click.message_ts.clone()) else {
            return self.pressed_at_home(click).await;
        };
        let message = MessageRef::new(channel, ts);
        match self.pressed_before(&click).await {
            Ok(true) => return Reply::Done,
            Ok(false) => {}
            Err(error) => return again(&error),
        }
        let reply = self.pressed(&click, &incident, &message).await;
        if reply != Reply::Again {
            self.remember_press(&click).await;
        }
        reply
    }

    /// Does what a button is for.
    async fn pressed(&self, click: &Click, incident: &IncidentId, message: &MessageRef) -> Reply {
        match click.action_id.as_str() {
            words::TAKE_ACTION => {
                self.take(&click.team, incident, &click.user, message, Via::Button, None).await
            }
            words::PASS_ACTION => self.pass(&click.team, incident, &click.user).await,
            words::WHY_ACTION => self.why_me(&click.team, incident, &click.user, message).await,
            words::HAND_OVER_ACTION => self.wishes(click, incident, Wish::HandOver).await,
            words::CANCEL_ACTION => self.wishes(click, incident, Wish::Cancel).await,
            words::CALL_MANAGERS_ACTION => self.wishes(click, incident, Wish::CallManagers).await,
            words::DONE_ACTION => self.wishes(click, incident, Wish::Close).await,
            _ => Reply::Done,
        }
    }

    /// Lets those take an incident who reacted to a message before Slack had told us that it stands.
    pub(super) async fn catch_up(&self, team: &TeamId, id: &IncidentId, message: &MessageRef) {
        for user in self.index.take_early(team, message) {
            // What cannot be recorded now is found again by reading the reactions back (P4).
            self.take(team, id, &user, message, Via::Reaction, None).await;
        }
    }

    /// Lets somebody take an incident if memory says that they may, and leaves it to a job if Slack must be
    /// asked first.
    pub(super) async fn take(
        &self,
        team: &TeamId,
        id: &IncidentId,
        by: &UserId,
        message: &MessageRef,
        via: Via,
        reacted_at: Option<Timestamp>,
    ) -> Reply {
        let incident = match self.incident(team, id).await {
            Ok(Some(incident)) => incident,
            Ok(None) => return Reply::Done,
            Err(error) => return again(&error),
        };
        let gave_up = incident.gave_up_at(by).filter(|_| via != Via::Button);
        if gave_up.is_some_and(|gave_up| reacted_at.is_none_or(|at| at <= gave_up)) {
            // The 👀 by which they had it before, delivered again: whoever handed it over is not put back on it.
            return Reply::Done;
        }
        if !incident.is_open() {
            if via == Via::Button
                && !matches!(&incident.phase, Phase::Acknowledged { by: taker, .. } if taker == by)
            {
                return self.notice(&incident.report.rotation, id, by, Notice::TakenAlready).await;
            }
            return Reply::Done;
        }
        let done = match self.eligible_from_memory(&incident, by) {
            Some(eligible) => {
                let zone = self.zone_of(&incident.report.rotation, by);
                let command = Command::Acknowledge { by: by.clone(), via, eligible, zone };
                self.act(Act::new(team, id, command)).await.map(|_| ())
            }
            None => {
                let kind = JobKind::ConsiderAck {
                    by: by.clone(),
                    message: message.clone(),
                    button: via == Via::Button,
                };
                let job = Job::new(&incident.report.rotation, id, kind, self.now());
                self.add_jobs(&incident.report.rotation, id, vec![job]).await
            }
        };
        done.map_or_else(|error| again(&error), |()| Reply::Done)
    }

    async fn pass(&self, team: &TeamId, id: &IncidentId, by: &UserId) -> Reply {
        let command = Command::Pass { by: by.clone() };
        match self.act(Act::new(team, id, command)).await {
            Ok(acted) => match &acted.incident {
                Some(incident) if acted.events.is_empty() => {
                    let notice = if incident.is_open() { Notice::PassRefused } else { Notice::TakenAlready };
                    self.notice(&incident.report.rotation, id, by, notice).await
                }
                _ => Reply::Done,
            },
            Err(error) => again(&error),
        }
    }

    /// Explains a page to whoever pressed its button (P7).
    async fn why_me(&self, team: &TeamId, id: &IncidentId, user: &UserId, page: &MessageRef) -> Reply {
        let incident = match self.incident(team, id).await {
            Ok(Some(incident)) => incident,
            Ok(None) => return Reply::Done,
            Err(error) => return again(&error),
        };
        let number = incident.attempts.iter().position(|attempt| attempt.message.as_ref() == Some(page));
        // Slack may show the page before it has told us that it stands.
        let number = number.unwrap_or(incident.attempts.len().saturating_sub(1));
        let attempt = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
        self.notice(&incident.report.rotation, id, user, Notice::WhyMe { attempt }).await
    }

    /// Leaves to a job what somebody wishes: whether they may can need Slack.
    async fn wishes(&self, click: &Click, id: &IncidentId, wish: Wish) -> Reply {
        let rotation = match self.incident(&click.team, id).await {
            Ok(Some(incident)) => incident.report.rotation,
            Ok(None) => return Reply::Done,
            Err(error) => return again(&error),
        };
        let job = Job::new(&rotation, id, JobKind::Wish { by: click.user.clone(), wish }, self.now());
        self.add_jobs(&rotation, id, vec![job]).await.map_or_else(|error| again(&error), |()| Reply::Done)
    }

    /// Tells one person something about an incident, by a job.
    async fn notice(&self, rotation: &RotationId, id: &IncidentId, user: &UserId, notice: Notice) -> Reply {
        let kind = JobKind::Send(pagerslack_core::Message::Notice { user: user.clone(), notice });
        let job = Job::new(rotation, id, kind, self.now());
        self.add_jobs(rotation, id, vec![job]).await.map_or_else(|error| again(&error), |()| Reply::Done)
    }

    async fn written_to(&self, message: DirectMessage) -> Reply {
        let rotation = RotationId::new(message.team, message.channel.clone());
        // Slack may deliver the same message several times under different event ids; its `ts` is one.
        let id = IncidentId::derive(&rotation, message.ts.as_str());
        let question = command::parse_direct(&message.text);
        let to = AnswerTo::Direct { channel: message.channel };
        self.asked(rotation, id, message.user, question, to).await
    }
}

pub(super) fn again(error: &(dyn std::error::Error + 'static)) -> Reply {
    tracing::error!(error = %Causes(error), "could not be recorded; Slack is asked to deliver it again");
    Reply::Again
}
