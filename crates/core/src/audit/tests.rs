//! What an auditor finds. That nothing is found where all is well, and everything where something is lost, is
//! checked in any weather by the tests of [`crate::job`].

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::availability::{Candidate, Verdict};
use crate::ids::{IncidentId, MessageRef, RotationId};
use crate::incident::{Command, Event, ManagersWhom, Recorded, Report, apply, decide};
use crate::job::plan;

/// An incident and its jobs, as the store would hold them, but that no job is ever done.
struct Case {
    policy: Policy,
    now: i64,
    incident: Option<Incident>,
    jobs: Vec<JobState>,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn message(ts: &str) -> MessageRef {
    MessageRef::new("C1".into(), ts.into())
}

fn managers() -> ManagersWhom {
    ManagersWhom { users: vec!["mia".into(), "max".into()], ..ManagersWhom::default() }
}

impl Case {
    /// Reported at second 0, and no message stands.
    fn reported() -> Self {
        let rotation = RotationId::new("T1".into(), "C1".into());
        let report = Report {
            incident: IncidentId::derive(&rotation, "1.2"),
            rotation,
            url: "https://example.com/incidents/7".to_owned(),
            note: String::new(),
            reporter: "rae".into(),
            machine: None,
            first: None,
            response_url: None,
        };
        Self { policy: Policy::default(), now: 0, incident: None, jobs: vec![] }
            .then(0, Command::Report(report))
    }

    /// The root message stands, and ann is asked at second 10.
    fn paged() -> Self {
        let candidates = vec![Candidate::new("ann".into(), Verdict::Available)];
        let page = Command::Page { candidates, managers: managers() };
        Self::reported().then(1, Command::RootPosted { message: message("1.1") }).then(10, page)
    }

    fn then(mut self, now: i64, command: Command) -> Self {
        self.now = now;
        let log = decide(self.incident.as_ref(), &command, &self.policy, at(now));
        assert!(!log.is_empty(), "nothing follows from {command:?}");
        for event in log {
            self.record(event);
        }
        self
    }

    fn record(&mut self, event: Event) {
        let seq = self.incident.as_ref().map_or(1, |incident| incident.version + 1);
        let recorded = Recorded { seq, at: at(self.now), event };
        self.incident = apply(self.incident.take(), &recorded);
        let plan = plan(&recorded, self.incident.as_ref().unwrap(), &self.policy);
        let names: Vec<_> = plan.add.iter().map(|job| job.key.clone()).chain(plan.remove).collect();
        self.jobs.retain(|there| !names.contains(&there.job.key));
        let state = |job| JobState { job, lease_until: None, tries: 0, doubtful: false };
        self.jobs.extend(plan.add.into_iter().map(state));
    }

    fn without(mut self, name: &str) -> Self {
        let before = self.jobs.len();
        self.jobs.retain(|there| !there.job.key.as_str().ends_with(name));
        assert_eq!(self.jobs.len(), before - 1, "there was no {name}");
        self
    }

    fn change(mut self, name: &str, change: impl Fn(&mut JobState)) -> Self {
        let found = self.jobs.iter_mut().find(|there| there.job.key.as_str().ends_with(name));
        change(found.unwrap());
        self
    }

    /// The findings at a moment, in words.
    fn check(&self, now: i64) -> String {
        let findings = examine(self.incident.as_ref().unwrap(), &self.jobs, &self.policy, at(now));
        let name = |key: &JobKey| key.as_str().split_once('/').unwrap().1.to_owned();
        let word = |finding: &Finding| match finding {
            Finding::Missing(job) => format!("{} is missing, due at {}", name(&job.key), job.due.as_second()),
            Finding::TooFarAhead(job) => {
                format!("{} is too far ahead, due at {}", name(&job.key), job.due.as_second())
            }
            Finding::ClockPutBack => "the clock was put back".to_owned(),
            Finding::Late { key, since } => format!("{} is late since {}", name(key), since.as_second()),
        };
        findings.iter().map(word).collect::<Vec<_>>().join("; ")
    }
}

#[test]
fn a_sound_incident_has_nothing_to_be_found() {
    assert_eq!(Case::reported().check(0), "");
    assert_eq!(Case::paged().check(11), "");
    let posted = Case::paged().then(12, Command::PagePosted { attempt: 1, message: message("1.2") });
    assert_eq!(posted.check(131), "");
}

#[test]
fn what_is_missing_is_found_with_its_time() {
    let cases = [
        (Case::reported().without("/hunt"), "hunt is missing, due at 5"),
        (Case::reported().without("send/root"), "send/root is missing, due at 5"),
        (Case::reported().without("deadline/root"), "deadline/root is missing, due at 120"),
    ];
    for (case, expected) in cases {
        assert_eq!(case.check(5), expected);
    }
    assert_eq!(Case::paged().without("send/page/1").check(15), "send/page/1 is missing, due at 15");
    assert_eq!(Case::paged().without("deadline/page/1").check(15), "deadline/page/1 is missing, due at 130");
}

#[test]
fn the_managers_are_paged_and_paged_again() {
    let called = || Case::paged().then(140, Command::Pass { by: "ann".into() });
    let nobody = Command::Page { candidates: vec![], managers: managers() };
    let called = || called().then(141, nobody.clone());
    assert_eq!(called().check(142), "");
    assert_eq!(called().without("send/managers/1").check(142), "send/managers/1 is missing, due at 142");
    assert_eq!(
        called().without("deadline/managers/1").check(142),
        "deadline/managers/1 is missing, due at 441"
    );
}

/// Of managers who are told directly any message will do: whom the others have reached is not recorded.
#[test]
fn managers_told_directly() {
    let called = || Case::reported().then(50, Command::GiveUpRoot { managers: managers() });
    assert_eq!(called().check(51), "");
    assert_eq!(
        called().without("manager/1/mia").without("manager/1/max").check(51),
        "send/manager/1/mia is missing, due at 51; send/manager/1/max is missing, due at 51"
    );
    let one = Command::ManagersPosted { round: 1, message: message("5.1") };
    assert_eq!(called().then(52, one).without("manager/1/mia").without("manager/1/max").check(53), "");
}

#[test]
fn what_slack_has_refused_is_not_missed() {
    let refused =
        Command::PostRefused { posting: Posting::Root, why: "is_archived".to_owned(), managers: managers() };
    assert_eq!(Case::reported().then(1, refused).without("send/root").check(2), "");
}

#[test]
fn nothing_is_needed_once_somebody_is_on_it() {
    let via = crate::incident::Via::Button;
    let taken =
        Case::paged().then(20, Command::Acknowledge { by: "ann".into(), via, eligible: true, zone: None });
    assert_eq!(Case { jobs: vec![], ..taken }.check(21), "");
}

#[test]
fn a_job_that_nobody_takes_up_is_late() {
    assert_eq!(Case::paged().change("send/page/1", |_| ()).check(70), "");
    assert_eq!(Case::paged().check(71), "send/page/1 is late since 10");
    let held = Case::paged().change("send/page/1", |there| there.lease_until = Some(at(40)));
    assert_eq!(held.check(100), "");
    assert_eq!(held.check(101), "send/page/1 is late since 40");
}

#[test]
fn a_job_is_too_far_ahead() {
    let put_off = |case: Case, name, due| case.change(name, move |there| there.job.due = at(due));
    // Six attempts of two minutes each may be spent waiting for Slack's rate limits.
    assert_eq!(put_off(Case::reported(), "/hunt", 785).check(5), "");
    assert_eq!(put_off(Case::reported(), "/hunt", 786).check(5), "hunt is too far ahead, due at 5");
    let deadline = put_off(Case::paged(), "deadline/page/1", 3_600);
    assert_eq!(deadline.check(15), "deadline/page/1 is too far ahead, due at 130");
    let root = put_off(Case::reported(), "deadline/root", 3_600);
    assert_eq!(root.check(5), "deadline/root is too far ahead, due at 120");
}

/// Given somebody outside is to be told of the report, then that is late if nobody takes it up, and brought forward if it
/// waits for longer than anything explains; and what is told of an incident that is over, too.
#[test]
fn somebody_outside_is_told_in_time() {
    let telling = |case: Case, due| {
        let report = &case.incident.as_ref().unwrap().report;
        let kind = JobKind::Webhook { target: "ledger".to_owned(), seq: 1 };
        let job = Job::new(&report.rotation, &report.incident, kind, at(due));
        let there = JobState { job, lease_until: None, tries: 1, doubtful: false };
        Case { jobs: case.jobs.iter().cloned().chain([there]).collect(), ..case }
    };
    let cancelled = || Case::reported().then(4, Command::Cancel { by: "rae".into(), manager: false });
    assert_eq!(telling(cancelled(), 20).check(80), "");
    assert_eq!(telling(cancelled(), 20).check(81), "webhook/1/ledger is late since 20");
    let held = telling(cancelled(), 20).change("webhook/1/ledger", |there| there.lease_until = Some(at(60)));
    assert_eq!(held.check(90), "");
    assert_eq!(telling(cancelled(), 3_665).check(5), "");
    assert_eq!(telling(cancelled(), 3_666).check(5), "webhook/1/ledger is too far ahead, due at 5");
}

/// Given ann is asked until 130 and the clock is put back by an hour, when an auditor looks half a minute later,
/// then she has as long as anybody, from then on; and by the next look nothing is wrong.
#[test]
fn a_page_of_the_future_ends_in_time() {
    let mut case = Case::paged().then(12, Command::PagePosted { attempt: 1, message: message("1.2") });
    assert_eq!(case.check(1), "", "a clock that is put right by some seconds");
    assert_eq!(case.check(-3_558), "the clock was put back");
    case = case.then(-3_558, Command::ClockPutBack);
    assert_eq!(case.check(-3_558), "");
    assert_eq!(case.check(-3_500), "");
    let deadline =
        case.jobs.iter().find(|there| there.job.key.as_str().ends_with("deadline/page/1")).unwrap();
    assert_eq!(deadline.job.due, at(-3_438));
    let ended = case.then(-3_438, Command::TimeOut { attempt: 1, managers: managers() });
    assert!(matches!(ended.incident.unwrap().phase, Phase::Hunting { .. }));
}

/// Given the page never reached the thread, then the managers are told after twice the time, by the clock as it is.
#[test]
fn a_page_of_the_future_that_never_arrives() {
    let case = Case::paged().then(-3_558, Command::ClockPutBack);
    let time_out = Command::TimeOut { attempt: 1, managers: managers() };
    let too_soon = decide(case.incident.as_ref(), &time_out, &case.policy, at(-3_558 + 239));
    assert_eq!(too_soon, []);
    let ended = case.then(-3_558 + 240, time_out);
    assert!(matches!(ended.incident.unwrap().phase, Phase::ManagersPaged { .. }));
}

/// The same for the managers, and for a hunt whose patience would last for an hour.
#[test]
fn everything_of_the_future_ends_in_time() {
    let nobody = Command::Page { candidates: vec![], managers: managers() };
    let root = Command::RootPosted { message: message("1.1") };
    let called = Case::reported().then(1, root).then(20, nobody).then(-3_580, Command::ClockPutBack);
    let managers_ = |case: &Case| case.incident.as_ref().unwrap().phase.clone();
    assert_eq!(managers_(&called), Phase::ManagersPaged { round: 1, deadline: Some(at(-3_280)) });
    assert_eq!(called.check(-3_579), "");

    let hunting = Case::reported().then(-3_600, Command::ClockPutBack);
    assert_eq!(managers_(&hunting), Phase::Hunting { since: at(-3_600) });
    assert_eq!(hunting.incident.as_ref().unwrap().wanted_since(), at(-3_600));
    let root = hunting.jobs.iter().find(|there| there.job.kind == JobKind::RootDeadline).unwrap();
    assert_eq!(root.job.due, at(-3_600) + SignedDuration::from_mins(2));
    assert_eq!(hunting.check(-3_599), "");
}

/// A clock put back while nobody waits for anything that could last too long changes nothing.
#[test]
fn a_clock_put_back_is_noticed_once() {
    let policy = Policy::default();
    let once = Case::paged().then(-3_558, Command::ClockPutBack);
    for command in [Command::ClockPutBack, Command::ClockPutBack] {
        assert_eq!(decide(once.incident.as_ref(), &command, &policy, at(-3_558)), []);
    }
}
