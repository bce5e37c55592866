//! Logs and the rows that they come to; rows and what many of them come to.

mod asked;
mod rows;
mod sums;

use jiff::Timestamp;

use super::*;
use crate::availability::Candidate;
use crate::ids::{MessageRef, RotationId};
use crate::incident::{ManagersReason, ManagersWhom, Report};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 + seconds).unwrap()
}

fn message(ts: &str) -> MessageRef {
    MessageRef::new("C1".into(), ts.into())
}

fn reported() -> Event {
    let rotation = RotationId::new("T1".into(), "C1".into());
    Event::Reported(Report {
        incident: IncidentId::new("i1"),
        rotation,
        url: "https://example.com/incidents/7".to_owned(),
        note: "the shop is down".to_owned(),
        reporter: "rae".into(),
        machine: None,
        first: None,
        response_url: Some("https://hooks.slack.com/commands/1".to_owned()),
    })
}

fn paged(attempt: u32, responder: &str, weekend_volunteer: bool) -> Event {
    let ahead = Candidate { weekend_volunteer: true, ..Candidate::new("ahead".into(), Verdict::Away) };
    let asked = Candidate::new(responder.into(), Verdict::Available);
    let zone = Some("Asia/Tokyo".into());
    let asked = Candidate { weekend_volunteer, zone, ..asked };
    Event::Paged { attempt, responder: responder.into(), considered: vec![ahead, asked], deadline: at(999) }
}

fn posted(attempt: u32) -> Event {
    Event::PagePosted { attempt, message: message(&format!("page-{attempt}")), deadline: at(999) }
}

fn managers() -> Event {
    Event::ManagersPaged {
        round: 1,
        whom: ManagersWhom { users: vec!["max".into()], ..ManagersWhom::default() },
        reason: ManagersReason::AttemptsUsedUp,
        direct: false,
        deadline: None,
    }
}

fn acknowledged(by: &str) -> Event {
    Event::Acknowledged { by: by.into(), via: Via::Button, zone: None }
}

/// A log of events, each with the seconds since the report.
fn log(events: impl IntoIterator<Item = (i64, Event)>) -> Vec<Recorded> {
    let events = (1..).zip(events);
    events.map(|(seq, (seconds, event))| Recorded { seq, at: at(seconds), event }).collect()
}
