//! The state of an incident: what its log amounts to.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::event::{Delay, ManagersReason, ManagersWhom, Posting, Report, Via};
use crate::availability::Candidate;
use crate::ids::{MessageRef, UserId, ZoneName};

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
    /// Nobody is hunted today; the channel has been shown where the schedule stands.
    ScheduleShown {
        /// Since when.
        at: Timestamp,
    },
    /// Nobody is needed any more.
    Cancelled {
        /// Who said so.
        by: UserId,
        /// When.
        at: Timestamp,
    },
    /// Everything is done.
    Closed {
        /// Who said so.
        by: UserId,
        /// When.
        at: Timestamp,
    },
}

/// Somebody who took the incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// How they said so.
    pub via: Via,
    /// Where their clock stood, if that was known.
    pub zone: Option<ZoneName>,
    /// When they gave it up again, if they did.
    pub handed_over_at: Option<Timestamp>,
    /// Who said so: they themselves, or a manager.
    pub handed_over_by: Option<UserId>,
}

/// The schedule that the channel was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleShown {
    /// Its address.
    pub link: String,
    /// What day it was.
    pub day: String,
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// No answer in time.
    TimedOut,
    /// The person asked passed.
    Passed,
    /// Somebody took the incident meanwhile, whether they or another, and handed it over since.
    HandedOver,
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

impl Attempt {
    /// Whoever was asked, as they were then.
    pub fn asked(&self) -> Option<&Candidate> {
        self.considered.iter().find(|candidate| candidate.user == self.responder)
    }

    /// Where their clock stood, if it was known.
    pub fn zone(&self) -> Option<&ZoneName> {
        self.asked().and_then(|asked| asked.zone.as_ref())
    }
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
    /// Those who took it, first to last; who is on it now, if anybody is, comes last.
    pub taken: Vec<Taken>,
    /// How many pages of the managers went out before it was last handed over.
    pub rounds_before: u32,
    /// The schedule that was shown instead of a hunt.
    pub schedule: Option<ScheduleShown>,
    /// When the hunt began after all.
    pub resumed_at: Option<Timestamp>,
    /// The question how it went on, once it stands.
    pub follow_up: Option<MessageRef>,
    /// Why the present step was found to take too long, whether or not it still does; see [`Incident::delay`].
    pub delayed: Option<Delay>,
    /// When the machine that reported it said that the trouble is over, if it did.
    pub resolved_at: Option<Timestamp>,
}

impl Incident {
    /// Whether somebody is still needed.
    pub fn is_open(&self) -> bool {
        match self.phase {
            Phase::Hunting { .. }
            | Phase::Paging { .. }
            | Phase::ManagersPaged { .. }
            | Phase::ScheduleShown { .. } => true,
            Phase::Acknowledged { .. } | Phase::Cancelled { .. } | Phase::Closed { .. } => false,
        }
    }

    /// Whether the next step is one that only Slack keeps waiting: somebody is being looked for, or the root message
    /// or a page is on its way.
    pub fn waits_for_slack(&self) -> bool {
        let underway = match &self.phase {
            Phase::Hunting { .. } => true,
            Phase::Paging { attempt, .. } => self.attempt(*attempt).is_some_and(|it| it.message.is_none()),
            Phase::ManagersPaged { round, .. } => {
                self.manager_round(*round).is_some_and(|it| it.messages.is_empty())
            }
            _ => false,
        };
        underway || (self.is_open() && self.root.is_none())
    }

    /// Why the channel waits, as the root message tells. One that is only just being posted tells nothing of it: it
    /// is the proof that Slack takes messages.
    pub fn delay(&self) -> Option<Delay> {
        self.delayed.filter(|_| self.root.is_some() && self.waits_for_slack())
    }

    /// Everyone who need not be asked again: asked before, or had it and handed it over.
    pub fn asked(&self) -> BTreeSet<UserId> {
        let asked = self.attempts.iter().map(|attempt| attempt.responder.clone());
        asked.chain(self.handed_over_by().cloned()).collect()
    }

    /// Those who had it and handed it over.
    pub fn handed_over_by(&self) -> impl Iterator<Item = &UserId> {
        self.taken.iter().filter(|taken| taken.handed_over_at.is_some()).map(|taken| &taken.by)
    }

    /// When somebody last handed it over, if they ever did.
    pub fn gave_up_at(&self, user: &UserId) -> Option<Timestamp> {
        self.taken.iter().filter(|taken| taken.by == *user).filter_map(|taken| taken.handed_over_at).max()
    }

    /// Since when somebody is being looked for: the report, the last time it was handed over, or the report that
    /// came again after a day on which nobody is hunted.
    pub fn wanted_since(&self) -> Timestamp {
        let handed_over = self.taken.iter().filter_map(|taken| taken.handed_over_at);
        handed_over.chain(self.resumed_at).max().unwrap_or(self.reported_at)
    }

    /// Who is on it, if anybody is.
    pub fn responder(&self) -> Option<&UserId> {
        match &self.phase {
            Phase::Acknowledged { by, .. } => Some(by),
            _ => None,
        }
    }

    /// How often it has been taken.
    pub fn times_taken(&self) -> u32 {
        u32::try_from(self.taken.len()).unwrap_or(u32::MAX)
    }

    /// The last who had it, whether or not it has been closed since.
    pub fn last_taken(&self) -> Option<&Taken> {
        self.taken.last().filter(|taken| taken.handed_over_at.is_none())
    }

    /// Where the clock of somebody stood when they were last asked, if it was known.
    pub fn zone_when_asked(&self, user: &UserId) -> Option<&ZoneName> {
        let theirs = self.attempts.iter().rev().find(|attempt| attempt.responder == *user);
        theirs.and_then(Attempt::zone)
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

    /// From the report to the first acknowledgement, or `None` while there is none.
    pub fn time_to_response(&self) -> Option<SignedDuration> {
        self.taken.first().map(|taken| taken.at.duration_since(self.reported_at))
    }
}
