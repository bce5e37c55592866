//! What happened, in the past tense, as it is stored for ever.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::availability::Candidate;
use crate::ids::{IncidentId, MessageRef, RotationId, UserGroupId, UserId, ZoneName};

/// The version of the stored form of [`Event`]. It rises when a stored event of an older form would no
/// longer be read as it was meant.
pub const EVENT_FORM: u32 = 1;

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// 1 for the first event of the incident.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What somebody reported.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The incident.
    pub incident: IncidentId,
    /// Where it was reported, and so who is hunted among.
    pub rotation: RotationId,
    /// The incident's address, `http` or `https`, normalised.
    pub url: String,
    /// What the reporter wrote beside it, plain text, possibly empty.
    pub note: String,
    /// Who reported it; empty where it was a machine.
    pub reporter: UserId,
    /// The name of the machine that reported it, where it was nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Whom the reporter wants to be asked first, if they are available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<UserId>,
    /// Where the reporter can be answered although the bot may not post in the channel: usable five times
    /// within thirty minutes. Source: <https://docs.slack.dev/interactivity/handling-user-interaction>.
    pub response_url: Option<String>,
}

impl Report {
    /// Who stands as the reporter where a machine reported it. Slack gives nobody an empty id, so nobody has its rights.
    pub fn nobody() -> UserId {
        UserId::new("")
    }

    /// Who reported it, if it was a person: they can be told something, and mentioned.
    pub fn person(&self) -> Option<&UserId> {
        if self.machine.is_some() { None } else { Some(&self.reporter) }
    }

    /// Who reported it, person or machine, as a report on many incidents names them.
    pub fn reported_by(&self) -> &str {
        self.machine.as_deref().unwrap_or(self.reporter.as_str())
    }
}

/// Without the address of the answer, at which everybody may write who knows it (P8).
impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { incident, rotation, url, note, reporter, machine, first, response_url: _ } = self;
        f.debug_struct("Report")
            .field("incident", incident)
            .field("rotation", rotation)
            .field("url", url)
            .field("note", note)
            .field("reporter", reporter)
            .field("machine", machine)
            .field("first", first)
            .finish_non_exhaustive()
    }
}

/// How an acknowledgement reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A 👀 that Slack announced.
    Reaction,
    /// The button.
    Button,
    /// A 👀 found by reading the reactions back before escalating (P4).
    ReadBack,
}

impl Via {
    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reaction => "reaction",
            Self::Button => "button",
            Self::ReadBack => "read_back",
        }
    }
}

/// Whom a managers' page addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagersWhom {
    /// The managers, as resolved for this page.
    pub users: Vec<UserId>,
    /// The user group to mention instead of each of them, when there is one.
    pub group: Option<UserGroupId>,
    /// Somebody may be missing from `users`: the group's members could not be read, so that it is mentioned beside
    /// `users` and not for them, or, without a group to mention, an address could not be looked up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// Why the managers are paged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum ManagersReason {
    /// As many people were asked as the policy allows.
    AttemptsUsedUp,
    /// Nobody who has not been asked may be asked now.
    NobodyAvailable {
        /// Everyone, each with the reason (P7).
        considered: Vec<Candidate>,
    },
    /// Slack would not say who is in the channel.
    CannotTell {
        /// What Slack said.
        why: String,
    },
    /// Slack would not take the bot's messages in the channel.
    CannotPost {
        /// Slack's error code, or what happened instead of an answer.
        why: String,
    },
    /// Nobody answered the last page of the managers.
    NoAnswer,
    /// Somebody asked for them, on a day on which nobody is hunted.
    OnDemand {
        /// Who.
        by: UserId,
    },
}

/// A message that the incident's course depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "posting", rename_all = "snake_case")]
pub enum Posting {
    /// The message that opens the thread.
    Root,
    /// The page of an attempt.
    Page {
        /// 1-based.
        attempt: u32,
    },
    /// A page of the managers.
    Managers {
        /// 1-based.
        round: u32,
    },
    /// The question how it went on.
    FollowUp,
}

/// Why an incident takes longer than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delay {
    /// Slack limits how often it may be asked, or told something.
    Limited,
    /// Slack does not answer, or answers with failures.
    NoAnswer,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Somebody reported an incident, and is told so after this is on disk (P1).
    Reported(Report),
    /// The message that opens the thread stands in the channel.
    RootPosted {
        /// Which message.
        message: MessageRef,
    },
    /// One person is asked.
    Paged {
        /// 1-based.
        attempt: u32,
        /// Who.
        responder: UserId,
        /// Everyone ahead of the responder in the queue, in order, and the responder, each with the verdict
        /// at the time (P7).
        considered: Vec<Candidate>,
        /// Until when they may answer; moved when the page turns out to be posted later.
        deadline: Timestamp,
    },
    /// The page stands in the thread.
    PagePosted {
        /// Of which attempt.
        attempt: u32,
        /// Which message.
        message: MessageRef,
        /// Until when the person may answer, counted from now.
        deadline: Timestamp,
    },
    /// The person asked did not answer in time.
    PageTimedOut {
        /// Which attempt.
        attempt: u32,
    },
    /// The person asked passed.
    Passed {
        /// Which attempt.
        attempt: u32,
        /// Who passed: the person asked.
        by: UserId,
    },
    /// The engineering managers are paged.
    ManagersPaged {
        /// 1-based.
        round: u32,
        /// Whom.
        whom: ManagersWhom,
        /// Why.
        reason: ManagersReason,
        /// Whether each is told in a direct message, because the thread cannot be written to.
        direct: bool,
        /// When they are paged again, or `None` after the last round.
        deadline: Option<Timestamp>,
    },
    /// A managers' page stands in the thread or in a direct message.
    ManagersPosted {
        /// Of which round.
        round: u32,
        /// Which message.
        message: MessageRef,
    },
    /// Slack refused a message for good; each refusal is recorded once.
    PostRefused {
        /// Which message.
        #[serde(flatten)]
        posting: Posting,
        /// Slack's error code.
        why: String,
    },
    /// An eligible person took the incident.
    Acknowledged {
        /// Who.
        by: UserId,
        /// How.
        via: Via,
        /// Where their clock stood, if that was known and is not what their page says already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<ZoneName>,
    },
    /// Somebody who may not take the incident tried to, and is told so once.
    AckRefused {
        /// Who.
        by: UserId,
    },
    /// Nobody is hunted today; the channel is shown where the schedule stands.
    ScheduleShown {
        /// The schedule's address.
        link: String,
        /// What day it is: the weekend, or the company holiday's name.
        day: String,
    },
    /// The day on which nobody is hunted is over, and somebody has reported it again.
    HuntResumed {
        /// Who.
        by: UserId,
    },
    /// Whoever was on it is no longer, and the hunt goes on where it stopped.
    HandedOver {
        /// Who was on it.
        from: UserId,
        /// Who said so: they themselves, or a manager.
        by: UserId,
    },
    /// Slack keeps the next step waiting, and people are told so; once for each step.
    Delayed {
        /// Why.
        why: Delay,
    },
    /// The clock was found to have been put back: whatever the log places after this moment happened, as far as
    /// waiting goes, at this moment.
    ClockPutBack {
        /// Until when whoever was asked may answer now, if somebody waits for an answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
    /// Nobody is needed any more.
    Cancelled {
        /// Who said so: the reporter, or a manager. Empty where it was the machine that reported it.
        by: UserId,
    },
    /// The machine that reported it says that the trouble is over; whether somebody is needed, people decide.
    Resolved,
    /// The reporter and whoever took it have been asked how it went on.
    FollowUpPosted {
        /// Which message.
        message: MessageRef,
    },
    /// Everything is done.
    Closed {
        /// Who said so.
        by: UserId,
    },
}
