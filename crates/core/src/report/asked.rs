//! Each time somebody was asked: the load that incidents put on people.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::local_hour;
use crate::ids::UserId;
use crate::incident::{AttemptEnd, Event, Incident, Recorded};

/// Somebody was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who.
    pub user: UserId,
    /// When they were chosen.
    pub at: Timestamp,
    /// The hour that their clock showed then, 0 to 23, if it is known where it stood.
    pub local_hour: Option<u8>,
    /// How it ended.
    pub end: AskedEnd,
}

/// How it ended for whoever was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedEnd {
    /// They took the incident.
    Answered,
    /// They did not answer in time, whatever they did later.
    TimedOut,
    /// They passed.
    Passed,
    /// They took it, and later it was handed over.
    HandedOver,
    /// Before they had answered somebody else took it, or it was cancelled.
    Relieved,
    /// They may still answer.
    Open,
}

impl AskedEnd {
    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::TimedOut => "timed_out",
            Self::Passed => "passed",
            Self::HandedOver => "handed_over",
            Self::Relieved => "relieved",
            Self::Open => "open",
        }
    }
}

/// Everybody who was asked, with how it ended for them.
pub(super) fn of(incident: &Incident, log: &[Recorded]) -> Vec<Asked> {
    let ends = ends(incident, log);
    let asked = incident.attempts.iter().zip(ends).map(|(attempt, end)| Asked {
        user: attempt.responder.clone(),
        at: attempt.paged_at,
        local_hour: attempt.zone().and_then(|zone| local_hour(zone, attempt.paged_at)),
        end,
    });
    asked.collect()
}

/// The state tells who did not answer and who passed, the log who was relieved by whom.
fn ends(incident: &Incident, log: &[Recorded]) -> Vec<AskedEnd> {
    let mut ends: Vec<AskedEnd> = Vec::with_capacity(incident.attempts.len());
    let attempts = || incident.attempts.iter();
    for recorded in log {
        match &recorded.event {
            Event::Paged { .. } if ends.len() < incident.attempts.len() => ends.push(AskedEnd::Open),
            Event::Acknowledged { by, .. } => {
                for (end, attempt) in ends.iter_mut().zip(attempts()).filter(|(_, it)| waits(it.end.as_ref()))
                {
                    match *end {
                        AskedEnd::Open if attempt.responder == *by => *end = AskedEnd::Answered,
                        AskedEnd::Open => *end = AskedEnd::Relieved,
                        _ => {}
                    }
                }
            }
            Event::HandedOver { from, .. } => {
                for (end, attempt) in ends.iter_mut().zip(attempts()) {
                    if *end == AskedEnd::Answered && attempt.responder == *from {
                        *end = AskedEnd::HandedOver;
                    }
                }
            }
            Event::Cancelled { .. } | Event::Closed { .. } => {
                ends.iter_mut()
                    .filter(|end| **end == AskedEnd::Open)
                    .for_each(|end| *end = AskedEnd::Relieved);
            }
            _ => {}
        }
    }
    for (end, attempt) in ends.iter_mut().zip(attempts()) {
        match attempt.end {
            Some(AttemptEnd::TimedOut) => *end = AskedEnd::TimedOut,
            Some(AttemptEnd::Passed) => *end = AskedEnd::Passed,
            Some(AttemptEnd::HandedOver) | None => {}
        }
    }
    ends
}

/// Whether an attempt did not end by itself.
fn waits(end: Option<&AttemptEnd>) -> bool {
    !matches!(end, Some(AttemptEnd::TimedOut | AttemptEnd::Passed))
}
