//! What must be done later, as a consequence of what happened.
//!
//! A job is the only way anything happens later: timers are rows, not sleeping tasks, and outgoing messages
//! are rows, not function calls. [`plan`] derives them from events, so that whoever commits an event commits
//! what it calls for in the same breath.

mod kind;
mod message;
mod plan;

pub use message::{Message, Notice};
pub use plan::{Plan, plan};

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, IncidentId, MessageRef, RotationId, UserId};

/// How long a [`JobKind::Webhook`] waits at most until it is tried again.
pub const LONGEST_WAIT_OUTSIDE: SignedDuration = SignedDuration::from_hours(1);

/// A job's stable name. There is at most one job of a name, and the name is also the key by which a message
/// is recognised in Slack when it is unknown whether it landed (P2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobKey(String);

impl JobKey {
    /// The key as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of a job about an incident.
    pub fn of(incident: &IncidentId, kind: &JobKind) -> Self {
        let name = match kind {
            JobKind::Hunt => "hunt".to_owned(),
            JobKind::RootDeadline => "deadline/root".to_owned(),
            JobKind::PageDeadline { attempt } => format!("deadline/page/{attempt}"),
            JobKind::ManagersDeadline { round } => format!("deadline/managers/{round}"),
            JobKind::ConsiderAck { by, .. } => format!("consider-ack/{by}"),
            JobKind::ReadBack => "read-back".to_owned(),
            JobKind::FollowUp { taken } => format!("follow-up/{taken}"),
            JobKind::Answer { .. } => "answer".to_owned(),
            JobKind::Wish { by, wish } => format!("wish/{}/{by}", wish.name()),
            JobKind::NudgeSweep => "nudge-sweep".to_owned(),
            JobKind::Nudge { user } => format!("nudge/{user}"),
            JobKind::Alert { .. } => "alert".to_owned(),
            JobKind::Webhook { target, seq } => format!("webhook/{seq}/{target}"),
            JobKind::Home { .. } => "home".to_owned(),
            JobKind::Stand { .. } => "stand".to_owned(),
            JobKind::OpenReportForm { .. } => "report-form".to_owned(),
            JobKind::Send(message) => match message {
                Message::Root => "send/root".to_owned(),
                Message::RootUpdate { version } => format!("update/root/{version}"),
                Message::Page { attempt } => format!("send/page/{attempt}"),
                Message::PageUpdate { attempt } => format!("update/page/{attempt}"),
                Message::Managers { round } => format!("send/managers/{round}"),
                Message::ManagersUpdate { round } => format!("update/managers/{round}"),
                Message::ManagerDirect { round, user } => format!("send/manager/{round}/{user}"),
                Message::Taken { taken: 1 } => "send/taken".to_owned(),
                Message::Taken { taken } => format!("send/taken/{taken}"),
                Message::HandedOver { taken } => format!("send/handed-over/{taken}"),
                Message::Cancelled => "send/cancelled".to_owned(),
                Message::Resolved => "send/resolved".to_owned(),
                Message::Delayed => "send/delayed".to_owned(),
                Message::FollowUp => "send/follow-up".to_owned(),
                Message::FollowUpUpdate => "update/follow-up".to_owned(),
                Message::Notice { user, notice } => format!("send/notice/{}/{user}", notice.name()),
                Message::TellReporter { why } => format!("send/tell-reporter/{why}"),
            },
        };
        Self(format!("{incident}/{name}"))
    }
}

impl From<String> for JobKey {
    fn from(key: String) -> Self {
        Self(key)
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobKind {
    /// Look for somebody to ask.
    Hunt,
    /// Tell the managers directly if the root message has not reached the channel.
    RootDeadline,
    /// Turn to the next person if this attempt has not been answered.
    PageDeadline {
        /// 1-based.
        attempt: u32,
    },
    /// Page the managers again if nobody has answered.
    ManagersDeadline {
        /// 1-based.
        round: u32,
    },
    /// Find out whether somebody who reacted may take the incident, and let them.
    ConsiderAck {
        /// Who reacted.
        by: UserId,
        /// On which message, where the explanation is shown if they may not.
        message: MessageRef,
        /// Whether by the button rather than by a 👀.
        button: bool,
    },
    /// Read the reactions back, as events may have been lost: a 👀 that stands is an acknowledgement (P4).
    ReadBack,
    /// Do what somebody wishes of the incident, if they may.
    Wish {
        /// Who.
        by: UserId,
        /// What.
        wish: Wish,
    },
    /// Send one message.
    Send(Message),
    /// Ask the reporter and whoever took the incident how it went on, when it is working time for the latter.
    FollowUp {
        /// For the how manieth time it was taken, from 1.
        taken: u32,
    },
    /// Answer a question; the job's incident is the message or the command that asked it.
    Answer {
        /// Who asked.
        user: UserId,
        /// What.
        question: Question,
        /// Where to answer.
        to: AnswerTo,
    },
    /// Look for people who have no notification schedule; the job's incident stands for the rotation.
    NudgeSweep,
    /// Tell one person how to set a notification schedule; the job's incident stands for the rotation.
    Nudge {
        /// Who.
        user: UserId,
    },
    /// Tell an address outside what happened in an incident.
    Webhook {
        /// Which, by its name in the configuration.
        target: String,
        /// The event, by its place in the log.
        seq: u64,
    },
    /// Show somebody their Home tab; the job's incident stands for the person.
    Home {
        /// Who.
        user: UserId,
    },
    /// Do what somebody says of themselves; the job's incident is the press of the button.
    Stand {
        /// Who.
        user: UserId,
        /// What.
        word: Word,
    },
    /// Open the dialog in which an incident is reported; the job's incident is the press of the button.
    OpenReportForm {
        /// Good for one dialog, within three seconds.
        trigger_id: String,
    },
    /// Tell those who keep the bot something that they must see to.
    Alert {
        /// A person or a channel, by id.
        to: String,
        /// What.
        text: String,
    },
}

/// What somebody wishes of an incident by a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// That somebody else takes it.
    HandOver,
    /// That nobody is looked for any more.
    Cancel,
    /// That the managers are paged, although nobody is hunted today.
    CallManagers,
    /// That it is closed.
    Close,
}

impl Wish {
    fn name(self) -> &'static str {
        match self {
            Self::HandOver => "hand-over",
            Self::Cancel => "cancel",
            Self::CallManagers => "call-managers",
            Self::Close => "close",
        }
    }
}

/// What somebody says of themselves, in every rotation of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum Word {
    /// That they are not to be asked.
    Away {
        /// Until when.
        until: Timestamp,
    },
    /// That they are back.
    Back,
    /// That they could take one now.
    Volunteer,
}

/// What somebody wants to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub enum Question {
    /// Who is next in the queue.
    Top,
    /// Their own place in the queue.
    Position,
    /// Who was considered for an incident, and why it came out as it did (P7).
    Why {
        /// The incident's address, normalised; the last incident without one.
        url: Option<String>,
    },
    /// Which incidents are open.
    Status,
    /// What can be asked.
    Help {
        /// What they wrote, if it was not understood.
        unknown: Option<String>,
    },
}

/// Where a question is answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum AnswerTo {
    /// In their conversation with the bot.
    Direct {
        /// The conversation.
        channel: ChannelId,
    },
    /// Where the command was typed, for their eyes only.
    Command {
        /// Where it was typed.
        channel: ChannelId,
        /// Usable five times within thirty minutes.
        /// Source: <https://docs.slack.dev/interactivity/handling-user-interaction>.
        response_url: String,
    },
}

/// Without the address of the answer, at which everybody may write who knows it (P8).
impl fmt::Debug for AnswerTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct { channel } => f.debug_struct("Direct").field("channel", channel).finish(),
            Self::Command { channel, response_url: _ } => {
                f.debug_struct("Command").field("channel", channel).finish_non_exhaustive()
            }
        }
    }
}

/// Which of the jobs that are due comes first; the lower, the sooner. Within a class the longest due comes first.
///
/// All messages of a channel share about one post a second
/// (<https://docs.slack.dev/apis/web-api/rate-limits>), so in a storm of reports the order decides whether
/// anybody is woken while the thousandth incident is being announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Wakes somebody, or stops somebody from being woken (P4).
    Page,
    /// The root message of an incident for which somebody has been chosen, who can be paged once it stands.
    Awaited,
    /// Leads to a page: the root message in whose thread it goes, and the choice of whom to ask. The oldest
    /// incident first, so none waits for ever.
    Opening,
    /// Good to know, and wakes nobody.
    Courtesy,
}

impl Urgency {
    /// Every class, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Page, Self::Awaited, Self::Opening, Self::Courtesy];

    /// Its place in the order, from 0: the form in which it is stored.
    pub fn rank(self) -> u8 {
        match self {
            Self::Page => 0,
            Self::Awaited => 1,
            Self::Opening => 2,
            Self::Courtesy => 3,
        }
    }

    /// Of a job from before there was an urgency.
    fn unsaid() -> Self {
        Self::Opening
    }

    /// The class that has this place, if there is one.
    pub fn of_rank(rank: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|urgency| urgency.rank() == rank)
    }
}

impl JobKind {
    /// How soon a job of this kind is taken up among all that are due.
    pub fn urgency(&self) -> Urgency {
        match self {
            Self::RootDeadline
            | Self::PageDeadline { .. }
            | Self::ManagersDeadline { .. }
            | Self::ConsiderAck { .. } => Urgency::Page,
            // A dialog can be opened for three seconds, and leads to a page.
            Self::Hunt | Self::OpenReportForm { .. } => Urgency::Opening,
            // A manager's call for the managers wakes somebody, a hand-over looks for somebody.
            Self::Wish { .. } => Urgency::Page,
            // Whoever is to be paged meanwhile waits for no such look: before every page there is one of its own.
            Self::ReadBack
            | Self::FollowUp { .. }
            | Self::Answer { .. }
            | Self::NudgeSweep
            | Self::Nudge { .. }
            | Self::Alert { .. }
            | Self::Webhook { .. }
            | Self::Home { .. }
            | Self::Stand { .. } => Urgency::Courtesy,
            Self::Send(message) => match message {
                Message::Page { .. } | Message::Managers { .. } | Message::ManagerDirect { .. } => {
                    Urgency::Page
                }
                Message::Root => Urgency::Opening,
                Message::RootUpdate { .. }
                | Message::PageUpdate { .. }
                | Message::ManagersUpdate { .. }
                | Message::Taken { .. }
                | Message::HandedOver { .. }
                | Message::Cancelled
                | Message::Resolved
                | Message::Delayed
                | Message::FollowUp
                | Message::FollowUpUpdate
                | Message::Notice { .. }
                | Message::TellReporter { .. } => Urgency::Courtesy,
            },
        }
    }
}

/// A job to add. Adding one whose key exists already moves it to the new due time and urgency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its stable name.
    pub key: JobKey,
    /// Whose it is: the rotation, for budgets and for the workspace's token.
    pub rotation: RotationId,
    /// The incident it is about.
    pub incident: IncidentId,
    /// What to do.
    pub kind: JobKind,
    /// How soon among all that is due: that of its kind, or sooner when a page waits for it.
    #[serde(default = "Urgency::unsaid")]
    pub urgency: Urgency,
    /// When.
    pub due: Timestamp,
}

impl Job {
    /// A job about an incident.
    pub fn new(rotation: &RotationId, incident: &IncidentId, kind: JobKind, due: Timestamp) -> Self {
        let (key, urgency) = (JobKey::of(incident, &kind), kind.urgency());
        Self { key, rotation: rotation.clone(), incident: incident.clone(), kind, urgency, due }
    }
}

#[cfg(test)]
mod tests;
