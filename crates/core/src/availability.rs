//! May this person be asked now, and if not, why (P3, P7).
//!
//! A fact that could not be read is never taken for a "no" (P6): it makes the verdict [`Verdict::Unknown`],
//! and unknown people are asked after everybody known to be available and before the managers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::UserId;

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

/// Why a person may or may not be asked. Closed, so that every reason has its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Online and not to be left alone.
    Available,
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
    /// Slack could not tell.
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

/// What is known of one person for one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The kind of account.
    pub account: Fact<Account>,
    /// The do-not-disturb window, if there is one.
    pub dnd: Fact<Option<DndWindow>>,
    /// The presence.
    pub presence: Fact<Presence>,
}

impl Facts {
    /// Nothing is known yet.
    pub const NONE: Self = Self { account: Fact::NotAsked, dnd: Fact::NotAsked, presence: Fact::NotAsked };

    /// The verdict that these facts allow, or `None` while a fact that could change it has not been asked
    /// for.
    ///
    /// A known "no" settles the matter whatever else is missing; "available" needs every fact.
    pub fn verdict(&self, now: Timestamp) -> Option<Verdict> {
        match &self.account {
            Fact::Known(Account::Bot) => return Some(Verdict::Bot),
            Fact::Known(Account::Guest) => return Some(Verdict::Guest),
            Fact::Known(Account::Stranger) => return Some(Verdict::Stranger),
            Fact::Known(Account::Deactivated) => return Some(Verdict::Deactivated),
            Fact::Known(Account::Member) | Fact::Unreadable(_) | Fact::NotAsked => {}
        }
        if let Fact::Known(Some(window)) = &self.dnd
            && window.contains(now)
        {
            return Some(Verdict::DoNotDisturb { until: window.end });
        }
        if let Fact::Known(Presence::Away) = &self.presence {
            return Some(Verdict::Away);
        }
        let mut unreadable = Vec::new();
        for (name, fact) in [
            ("account", state(&self.account)),
            ("do-not-disturb", state(&self.dnd)),
            ("presence", state(&self.presence)),
        ] {
            match fact {
                Fact::Known(()) => {}
                Fact::NotAsked => return None,
                Fact::Unreadable(why) => unreadable.push(format!("{name}: {why}")),
            }
        }
        Some(if unreadable.is_empty() {
            Verdict::Available
        } else {
            Verdict::Unknown { why: unreadable.join(", ") }
        })
    }
}

fn state<T>(fact: &Fact<T>) -> Fact<()> {
    match fact {
        Fact::Known(_) => Fact::Known(()),
        Fact::Unreadable(why) => Fact::Unreadable(why.clone()),
        Fact::NotAsked => Fact::NotAsked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn known() -> Facts {
        Facts {
            account: Fact::Known(Account::Member),
            dnd: Fact::Known(None),
            presence: Fact::Known(Presence::Active),
        }
    }

    #[test]
    fn a_window_is_half_open() {
        let window = DndWindow { start: at(10), end: at(20) };
        assert!(!window.contains(at(9)));
        assert!(window.contains(at(10)));
        assert!(window.contains(at(19)));
        assert!(!window.contains(at(20)));
    }

    #[test]
    fn a_coming_window_does_not_matter_yet() {
        let facts = Facts { dnd: Fact::Known(Some(DndWindow { start: at(10), end: at(20) })), ..known() };
        assert_eq!(facts.verdict(at(9)), Some(Verdict::Available));
        assert_eq!(facts.verdict(at(10)), Some(Verdict::DoNotDisturb { until: at(20) }));
    }

    #[test]
    fn a_known_no_needs_no_other_fact() {
        assert_eq!(
            Facts { presence: Fact::Known(Presence::Away), ..Facts::NONE }.verdict(NOW),
            Some(Verdict::Away)
        );
        assert_eq!(
            Facts { account: Fact::Known(Account::Guest), ..Facts::NONE }.verdict(NOW),
            Some(Verdict::Guest)
        );
        assert_eq!(Facts::NONE.verdict(NOW), None);
    }

    #[test]
    fn an_unreadable_fact_is_never_a_no() {
        let facts = Facts { dnd: Fact::Unreadable("missing_scope".into()), ..known() };
        assert_eq!(
            facts.verdict(NOW),
            Some(Verdict::Unknown { why: "do-not-disturb: missing_scope".into() })
        );
    }
}
