//! Stories about one incident, and the promises checked over arbitrary courses of events.
//!
//! A story is a text. A line that begins with a number is a command given that many seconds after the
//! report; the lines below it that begin with `→` are what follows. [`check`] plays the commands and compares.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;
use crate::availability::{Candidate, Verdict};
use crate::ids::{IncidentId, MessageRef, RotationId, UserId, ZoneName};
use crate::job::{JobKey, JobKind, Message, plan};
use crate::policy::Policy;

/// An incident under test: the log as it would be stored, and the state as the live path has it.
#[derive(Clone)]
struct Course {
    policy: Policy,
    log: Vec<Recorded>,
    state: Option<Incident>,
}

impl Course {
    fn new(policy: Policy) -> Self {
        Self { policy, log: Vec::new(), state: None }
    }

    /// Decides, records and applies, as the engine does in one commit.
    fn give(&mut self, command: &Command, now: Timestamp) -> Vec<Event> {
        let events = decide(self.state.as_ref(), command, &self.policy, now);
        for event in &events {
            let recorded = Recorded { seq: self.log.len() as u64 + 1, at: now, event: event.clone() };
            self.state = apply(self.state.take(), &recorded);
            self.log.push(recorded);
        }
        events
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn report() -> Report {
    let rotation = RotationId::new("T1".into(), "C1".into());
    Report {
        incident: IncidentId::derive(&rotation, "1.2"),
        rotation,
        url: "https://example.com/incidents/7".to_owned(),
        note: "the shop is down".to_owned(),
        reporter: "rae".into(),
        machine: None,
        first: None,
        response_url: Some("https://hooks.slack.com/commands/1".to_owned()),
    }
}

fn message(ts: impl AsRef<str>) -> MessageRef {
    MessageRef::new("C1".into(), ts.as_ref().into())
}

fn managers() -> ManagersWhom {
    ManagersWhom { users: vec!["mia".into()], group: None, incomplete: false }
}

mod stories;

mod failures;

mod hand_over;

mod ends;

mod machine;

mod arbitrary;

mod moves;

mod promises;

mod rotation;

mod fairness;

mod stored;
