//! Answers to questions: how the queue stands, how somebody was chosen, what is open.
//!
//! The engine fills these values; the sentences are here. In several rotations all are answered, by channel, and
//! whatever does not fit is counted. What could not be found out is said as such, and never as "nobody" (P6).

mod position;
mod status;
mod top;
mod why;

pub use position::position;
pub use status::status;
pub use top::top;
pub use why::why;

use jiff::Timestamp;
use pagerslack_core::rules::Day;
use pagerslack_core::{ChannelId, Incident, UserId, Verdict};

use super::Said;
use super::list::{Line, Paragraph};

/// Something about one rotation, or why it cannot be told.
#[derive(Clone, Debug, PartialEq)]
pub struct InChannel<T> {
    /// The rotation's channel.
    pub channel: ChannelId,
    /// What is told of it.
    pub found: Result<T, AnswerError>,
}

/// Why something cannot be told just now. Closed, so that every reason has its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerError {
    /// Slack does not say who is in the channel.
    NoMembers,
    /// Our own records cannot be read.
    NoRecords,
}

/// Whether somebody may be asked now, as far as it was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is known.
    Known(Verdict),
    /// It was not looked up, as that costs calls of which paging has the first use.
    NotLookedAt,
}

/// The head of the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct TopAnswer {
    /// When it is told.
    pub now: Timestamp,
    /// Each rotation of the reader's.
    pub rotations: Vec<InChannel<RotationTop>>,
}

/// The head of one rotation's queue.
#[derive(Clone, Debug, PartialEq)]
pub struct RotationTop {
    /// What kind of day it is there.
    pub day: Day,
    /// The schedule that is shown today instead of a hunt.
    pub schedule: Option<String>,
    /// The first of the queue, in order.
    pub entries: Vec<TopEntry>,
    /// How many are in the queue.
    pub total: usize,
}

/// One person of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopEntry {
    /// Who.
    pub user: UserId,
    /// 1-based, from the head.
    pub place: usize,
    /// When they were last asked or took an incident.
    pub last_turn: Option<Timestamp>,
    /// Whether they may be asked now.
    pub standing: Standing,
    /// Whether they would be asked, if somebody reported an incident now.
    pub next: bool,
}

/// Where one person stands.
#[derive(Clone, Debug, PartialEq)]
pub struct PositionAnswer {
    /// When it is told.
    pub now: Timestamp,
    /// Each rotation of the reader's.
    pub rotations: Vec<InChannel<Position>>,
}

/// Where one person stands in one rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// They have a place.
    Place {
        /// 1-based, from the head.
        place: usize,
        /// Of how many.
        of: usize,
        /// When they were last asked or took an incident.
        last_turn: Option<Timestamp>,
        /// Whether they may be asked now.
        standing: Standing,
    },
    /// They will have one: they join at the bottom with the next incident.
    Joining {
        /// How many have a place.
        of: usize,
        /// Whether they may be asked now.
        standing: Standing,
    },
    /// They have none.
    None {
        /// Why not.
        verdict: Verdict,
    },
}

/// How an incident came out as it did.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyAnswer {
    /// When it is told.
    pub now: Timestamp,
    /// The address that was asked about; the last incident of each rotation without one.
    pub url: Option<String>,
    /// Each rotation of the reader's, with the incident if there is one.
    pub rotations: Vec<InChannel<Option<Told>>>,
}

/// What is open.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusAnswer {
    /// When it is told.
    pub now: Timestamp,
    /// Each rotation of the reader's, with its open incidents.
    pub rotations: Vec<InChannel<Vec<Told>>>,
}

/// An incident that is told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The incident.
    pub incident: Incident,
    /// The address of its thread, as Slack makes it, where it stands.
    pub thread: Option<String>,
}

/// Nothing could be found out at all.
pub fn unanswered(error: AnswerError) -> Said {
    Said::paragraph(
        match error {
            AnswerError::NoMembers => {
                "Slack does not tell just now who is in your channels; please try again in a minute."
            }
            AnswerError::NoRecords => "I cannot read my records just now; please try again in a minute.",
        }
        .to_owned(),
    )
}

/// Nobody pages in any of the reader's channels.
fn in_no_rotation() -> Said {
    Said::paragraph(
        "You are in no channel in which I page. Invite me to the engineers' channel with `/invite @pagerslack`."
            .to_owned(),
    )
}

fn failed<'a>(channel: &ChannelId, error: AnswerError) -> Paragraph<'a> {
    Paragraph::heading(Line::plain(match error {
        AnswerError::NoMembers => {
            format!(
                ":warning: Slack does not tell just now who is in <#{channel}>; please try again in a minute."
            )
        }
        AnswerError::NoRecords => {
            format!(
                ":warning: I cannot read my records of <#{channel}> just now; please try again in a minute."
            )
        }
    }))
}

fn more_channels(count: usize) -> String {
    match count {
        1 => "… and 1 more channel; ask in that channel to see it.".to_owned(),
        count => format!("… and {count} more channels; ask in one of them to see it."),
    }
}

/// What day it is, where that matters.
fn day_off(day: &Day, schedule: Option<&str>) -> Option<String> {
    let Day::Off { name } = day else { return None };
    let name = super::quoted(name);
    Some(match schedule {
        Some(link) => {
            format!("It is {name}: nobody is paged, the on-call schedule is {}.", super::address(link))
        }
        None => format!("It is {name}."),
    })
}
