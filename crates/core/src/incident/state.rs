//! The state of an incident: what its log amounts to.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::event::{ManagersReason, ManagersWhom, Posting, Report, Via};
use crate::availability::Candidate;
use crate::ids::{MessageRef, UserId};

/// Where an incident stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Somebody to ask is being looked for.
    Hunting {
        /// Since when.
        since: Timestamp,
    },
    /// Somebody has been asked and has not answered.
    Paging {
        /// 1-based.
        attempt: u32,
        /// Who.
        responder: UserId,
        /// Until when they may answer.
        deadline: Timestamp,
    },
    /// The managers have been paged and nobody has answered.
    ManagersPaged {
        /// 1-based.
        round: u32,
        /// When they are paged again, or `None` after the last round.
        deadline: Option<Timestamp>,
    },
    /// Somebody is on it.
    Acknowledged {
        /// Who.
        by: UserId,
        /// Since when.
        at: Timestamp,
        /// How they said so.
        via: Via,
    },
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// No answer in time.
    TimedOut,
    /// The person asked passed.
    Passed,
}

/// One person asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Who.
    pub responder: UserId,
    /// When they were chosen.
    pub paged_at: Timestamp,
    /// Everyone ahead of them and themselves, with the verdicts of the time.
    pub considered: Vec<Candidate>,
    /// The page, once it stands in the thread.
    pub message: Option<MessageRef>,
    /// How it ended, if it ended without an answer.
    pub end: Option<AttemptEnd>,
}

/// One page of the managers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagerRound {
    /// Whom.
    pub whom: ManagersWhom,
    /// Why.
    pub reason: ManagersReason,
    /// Whether they were told in direct messages.
    pub direct: bool,
    /// When.
    pub at: Timestamp,
    /// The messages that stand.
    pub messages: Vec<MessageRef>,
}

/// An incident, as its log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// What was reported.
    pub report: Report,
    /// When.
    pub reported_at: Timestamp,
    /// How many events made this state.
    pub version: u64,
    /// The message that opens the thread, once it stands.
    pub root: Option<MessageRef>,
    /// The version at which what the root message says last changed.
    pub retold_at: u64,
    /// Where things are.
    pub phase: Phase,
    /// The people asked, first to last.
    pub attempts: Vec<Attempt>,
    /// The pages of the managers, first to last.
    pub manager_rounds: Vec<ManagerRound>,
    /// Messages that Slack refused, with its reason.
    pub refusals: Vec<(Posting, String)>,
    /// People who have been told that they may not take the incident.
    pub ack_refused: BTreeSet<UserId>,
}

impl Incident {
    /// Whether somebody is still needed.
    pub fn is_open(&self) -> bool {
        !matches!(self.phase, Phase::Acknowledged { .. })
    }

    /// Everyone asked so far.
    pub fn asked(&self) -> BTreeSet<UserId> {
        self.attempts.iter().map(|attempt| attempt.responder.clone()).collect()
    }

    /// The attempt under way, with its 1-based number.
    pub fn current_attempt(&self) -> Option<(u32, &Attempt)> {
        match &self.phase {
            Phase::Paging { attempt, .. } => self.attempt(*attempt).map(|found| (*attempt, found)),
            _ => None,
        }
    }

    /// The attempt with this 1-based number.
    pub fn attempt(&self, number: u32) -> Option<&Attempt> {
        self.attempts.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// The managers' page with this 1-based number.
    pub fn manager_round(&self, number: u32) -> Option<&ManagerRound> {
        self.manager_rounds.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// Every message on which a 👀 acknowledges: the root, the pages, the managers' messages.
    pub fn live_messages(&self) -> impl Iterator<Item = &MessageRef> {
        self.root
            .iter()
            .chain(self.attempts.iter().filter_map(|attempt| attempt.message.as_ref()))
            .chain(self.manager_rounds.iter().flat_map(|round| &round.messages))
    }

    /// From the report to the acknowledgement, or `None` while there is none.
    pub fn time_to_response(&self) -> Option<SignedDuration> {
        match &self.phase {
            Phase::Acknowledged { at, .. } => Some(at.duration_since(self.reported_at)),
            _ => None,
        }
    }
}
