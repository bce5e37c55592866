//! The messages that jobs send.

use serde::{Deserialize, Serialize};

use crate::ids::UserId;

/// One Slack message to send or to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Message {
    /// The message in the channel that opens the thread.
    Root,
    /// The same message, brought up to date; skipped when the incident has moved on since `version`.
    RootUpdate {
        /// The state to show.
        version: u64,
    },
    /// The page of an attempt, in the thread.
    Page {
        /// 1-based.
        attempt: u32,
    },
    /// The page of an attempt that is over, without its buttons.
    PageUpdate {
        /// 1-based.
        attempt: u32,
    },
    /// The page of the managers, in the thread.
    Managers {
        /// 1-based.
        round: u32,
    },
    /// The messages of a managers' page once somebody is on it, without their button.
    ManagersUpdate {
        /// 1-based.
        round: u32,
    },
    /// The page of one manager, in a direct message.
    ManagerDirect {
        /// 1-based.
        round: u32,
        /// Who.
        user: UserId,
    },
    /// Who is on it, in the thread.
    Taken {
        /// For the how manieth time it was taken, from 1.
        #[serde(default = "first")]
        taken: u32,
    },
    /// Who is no longer on it, in the thread.
    HandedOver {
        /// For the how manieth time it had been taken, from 1.
        taken: u32,
    },
    /// That nobody is needed any more, in the thread.
    Cancelled,
    /// That the machine which reported it says the trouble is over, in the thread.
    Resolved,
    /// How it went on, a question in the thread.
    FollowUp,
    /// The same once it is answered, without its button.
    FollowUpUpdate,
    /// To one person in the thread; only they see it.
    Notice {
        /// Who.
        user: UserId,
        /// What they are told.
        notice: Notice,
    },
    /// To the reporter, while the root message is on its way, that Slack keeps it waiting; only they see it.
    Delayed,
    /// To the reporter, what to do so that the bot can post; only they see it.
    TellReporter {
        /// Slack's error code.
        why: String,
    },
}

fn first() -> u32 {
    1
}

/// What one person is told about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// They may not take the incident.
    AckRefused,
    /// They may not pass for somebody else.
    PassRefused,
    /// Somebody else has taken the incident.
    TakenAlready,
    /// Why they were asked, and why not those before them (P7).
    WhyMe {
        /// 1-based.
        attempt: u32,
    },
    /// The one whom the reporter wanted to be asked first was not, and why.
    NotFirst,
    /// They may not hand it over.
    HandOverRefused,
    /// It cannot be handed over, as another incident is open for the same address.
    HandOverDoubled,
    /// They may not cancel it.
    CancelRefused,
    /// They may not close it.
    CloseRefused,
    /// It is over: there is nothing to be done with that button any more.
    TooLate,
}

impl Notice {
    pub(super) fn name(self) -> String {
        match self {
            Self::AckRefused => "ack-refused".to_owned(),
            Self::PassRefused => "pass-refused".to_owned(),
            Self::TakenAlready => "taken-already".to_owned(),
            Self::WhyMe { attempt } => format!("why-me/{attempt}"),
            Self::NotFirst => "not-first".to_owned(),
            Self::HandOverRefused => "hand-over-refused".to_owned(),
            Self::HandOverDoubled => "hand-over-doubled".to_owned(),
            Self::CancelRefused => "cancel-refused".to_owned(),
            Self::CloseRefused => "close-refused".to_owned(),
            Self::TooLate => "too-late".to_owned(),
        }
    }
}
