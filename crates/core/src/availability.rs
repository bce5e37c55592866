//! May this person be asked now, and if not, why (P3, P7).
//!
//! A fact that could not be read is never taken for a "no" (P6): it makes the verdict [`Verdict::Unknown`],
//! and unknown people are asked after everybody known to be available and before the managers.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::ids::{UserId, ZoneName};

/// What Slack says of somebody's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// At least one client is connected and not idle.
    Active,
    /// Idle for ten minutes, set away by hand, or not connected.
    Away,
}

/// The current or next do-not-disturb window of a person.
///
/// Slack's `dnd_enabled` only says that a schedule exists; a person is in do-not-disturb exactly when
/// `start ≤ now < end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DndWindow {
    /// The first moment of quiet.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl DndWindow {
    /// Whether `now` lies within the window.
    pub fn contains(&self, now: Timestamp) -> bool {
        self.start <= now && now < self.end
    }
}

/// What kind of account a person has in the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// A full member of the workspace.
    Member,
    /// A bot or a workflow.
    Bot,
    /// A single- or multi-channel guest.
    Guest,
    /// Somebody of another organisation, present through a shared channel.
    Stranger,
    /// An account that was switched off.
    Deactivated,
}

/// What Slack knows of somebody's account, as far as the rules go by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The kind of account.
    pub account: Account,
    /// Their address, when the app may read it.
    pub email: Option<String>,
    /// The names they go by.
    pub names: Vec<String>,
    /// Their time zone's IANA name.
    pub zone: Option<String>,
    /// Their status, if they have set one.
    pub status: Option<Status>,
}

impl Profile {
    /// An account of which nothing else is known.
    pub fn bare(account: Account) -> Self {
        Self { account, email: None, names: Vec::new(), zone: None, status: None }
    }
}

/// A status as somebody has set it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The emoji with its colons, or "".
    pub emoji: String,
    /// The text, or "".
    pub text: String,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// Why a person may or may not be asked. Closed, so that every reason has its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Online and not to be left alone.
    Available,
    /// Left out by the team for a while.
    Excluded {
        /// The last day, included, or for good.
        until: Option<Date>,
        /// Why.
        reason: Option<String>,
    },
    /// Not an engineer of this rotation.
    NotOnRoster,
    /// Not long enough in the company.
    New {
        /// The first day on which they may be asked.
        until: Date,
    },
    /// Has a day off.
    Holiday {
        /// Which.
        name: String,
    },
    /// Does not volunteer for days on which nobody is expected.
    NotVolunteering,
    /// Not at work at this hour.
    OutsideHours {
        /// Their local time.
        local: Time,
        /// The zone it is of.
        zone: String,
    },
    /// Has a status that says so.
    Status {
        /// The status: its emoji and its text.
        status: String,
        /// When it ends by itself.
        until: Option<Timestamp>,
    },
    /// Said so: away until a moment of their choice.
    SaidAway {
        /// The first moment at which they may be asked again.
        until: Timestamp,
    },
    /// Slack says away.
    Away,
    /// In do-not-disturb.
    DoNotDisturb {
        /// When it ends.
        until: Timestamp,
    },
    /// Was asked for this incident before.
    AskedAlready,
    /// Is one of the engineering managers, who come last.
    Manager,
    /// A switched-off account.
    Deactivated,
    /// A guest of the workspace.
    Guest,
    /// Of another organisation.
    Stranger,
    /// Not a person.
    Bot,
    /// It could not be found out.
    Unknown {
        /// What could not be read.
        why: String,
    },
}

/// A person and the verdict on them, as found for one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub user: UserId,
    /// Whether they may be asked, or why not.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// When they had had their last turn, by which they stood where they stood; `None` if they had had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_turn: Option<Timestamp>,
    /// Whether they were in the weekend's pool at the time: the roster said that they volunteer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weekend_volunteer: bool,
    /// Since when they stood at the head, because they had said that they could take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volunteered_at: Option<Timestamp>,
    /// Where their clock stood, for whoever counts afterwards at what hour they were asked; of whoever was asked only, and
    /// if it was known.
    /// Stored as `clock`: beside it stand the fields of the verdict, one of which has a `zone`.
    #[serde(default, rename = "clock", skip_serializing_if = "Option::is_none")]
    pub zone: Option<ZoneName>,
}

impl Candidate {
    /// Somebody who has had no turn yet, and volunteers for nothing.
    pub fn new(user: UserId, verdict: Verdict) -> Self {
        Self { user, verdict, last_turn: None, weekend_volunteer: false, volunteered_at: None, zone: None }
    }
}

/// A fact on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// Slack said so.
    Known(T),
    /// Slack was asked and could not say.
    Unreadable(String),
    /// Nobody has asked yet.
    NotAsked,
}

/// What is known of one person for one attempt. [`crate::rules::Rules::verdict`] says what it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The account.
    pub profile: Fact<Arc<Profile>>,
    /// The do-not-disturb window, if there is one.
    pub dnd: Fact<Option<DndWindow>>,
    /// The presence.
    pub presence: Fact<Presence>,
}

impl Facts {
    /// Nothing is known yet.
    pub const NONE: Self = Self { profile: Fact::NotAsked, dnd: Fact::NotAsked, presence: Fact::NotAsked };
}

impl<T> Fact<T> {
    /// What Slack said, if it did.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unreadable(_) | Self::NotAsked => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_window_is_half_open() {
        let window = DndWindow { start: at(10), end: at(20) };
        assert!(!window.contains(at(9)));
        assert!(window.contains(at(10)));
        assert!(window.contains(at(19)));
        assert!(!window.contains(at(20)));
    }
}
