//! What jobs follow from what happened, and that they bring every incident to an end (P1).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;
use crate::audit::{Finding, JobState, examine, needed};
use crate::availability::{Candidate, Verdict};
use crate::incident::{
    Command, Delay, Event, Incident, ManagersWhom, Phase, Posting, Recorded, Report, Via, apply, decide,
    replay,
};
use crate::policy::Policy;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn report() -> Report {
    let rotation = RotationId::new("T1".into(), "C1".into());
    Report {
        incident: IncidentId::derive(&rotation, "1.2"),
        rotation,
        url: "https://example.com/incidents/7".to_owned(),
        note: String::new(),
        reporter: "rae".into(),
        machine: None,
        first: None,
        response_url: Some("https://hooks.slack.com/commands/1".to_owned()),
    }
}

/// Whoever knows the address of an answer may write there, so no log line is to show it (P8).
#[test]
fn the_address_of_an_answer_does_not_print_itself() {
    let response_url = "https://hooks.slack.com/commands/T1/1/hunter2".to_owned();
    let reported = Event::Reported(Report { response_url: Some(response_url.clone()), ..report() });
    let to = AnswerTo::Command { channel: "C1".into(), response_url };
    let asked = JobKind::Answer { user: "rae".into(), question: Question::Top, to };
    let said = format!("{reported:?} {asked:?}");
    assert!(said.contains("rae") && !said.contains("hunter2") && !said.contains("hooks"), "{said}");
}

fn message(ts: &str) -> MessageRef {
    MessageRef::new("C1".into(), ts.into())
}

fn managers() -> ManagersWhom {
    ManagersWhom { users: vec!["mia".into(), "max".into()], group: None, incomplete: false }
}

/// One incident and its jobs, as the store would hold them. Jobs are run by the tests.
struct Desk {
    policy: Policy,
    now: Timestamp,
    log: Vec<Recorded>,
    state: Option<Incident>,
    jobs: BTreeMap<JobKey, Job>,
    /// Whether a hunt may find that nobody is hunted today.
    has_weekends: bool,
}

impl Desk {
    fn new(policy: Policy) -> Self {
        Self { policy, now: at(0), log: Vec::new(), state: None, jobs: BTreeMap::new(), has_weekends: false }
    }

    /// One commit: the events, the job done removed, then the jobs that follow. Returns what the events
    /// changed about the jobs, as words.
    fn commit(&mut self, command: &Command, done: Option<&JobKey>) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(done) = done {
            self.jobs.remove(done);
        }
        for event in decide(self.state.as_ref(), command, &self.policy, self.now) {
            let recorded = Recorded { seq: self.log.len() as u64 + 1, at: self.now, event };
            self.state = apply(self.state.take(), &recorded);
            let plan = plan(&recorded, self.state.as_ref().unwrap(), &self.policy);
            self.log.push(recorded);
            let added: BTreeSet<&JobKey> = plan.add.iter().map(|job| &job.key).collect();
            assert!(!plan.remove.iter().any(|key| added.contains(key)), "added and removed at once");
            words.extend(plan.remove.iter().map(|key| format!("- {}", short(key))));
            words.extend(
                plan.add.iter().map(|job| format!("+ {} at {}", short(&job.key), job.due.as_second())),
            );
            for key in &plan.remove {
                self.jobs.remove(key);
            }
            for job in plan.add {
                self.jobs.insert(job.key.clone(), job);
            }
        }
        words
    }

    fn incident(&self) -> &Incident {
        self.state.as_ref().unwrap()
    }

    fn has(&self, kind: &JobKind) -> bool {
        self.jobs.contains_key(&JobKey::of(&self.incident().report.incident, kind))
    }
}

fn short(key: &JobKey) -> &str {
    key.as_str().split_once('/').unwrap().1
}

mod stories;

mod later;

mod ending;

mod stored;
