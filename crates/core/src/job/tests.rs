//! What jobs follow from what happened, and that they bring every incident to an end (P1).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;
use crate::availability::{Candidate, Verdict};
use crate::incident::{Command, ManagersWhom, Posting, Report, Via, apply, decide, replay};

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
        response_url: Some("https://hooks.slack.com/commands/1".to_owned()),
    }
}

fn message(ts: &str) -> MessageRef {
    MessageRef::new("C1".into(), ts.into())
}

fn managers() -> ManagersWhom {
    ManagersWhom { users: vec!["mia".into(), "max".into()], group: None }
}

/// One incident and its jobs, as the store would hold them. Jobs are run by the tests.
struct Desk {
    policy: Policy,
    now: Timestamp,
    log: Vec<Recorded>,
    state: Option<Incident>,
    jobs: BTreeMap<JobKey, Job>,
}

impl Desk {
    fn new(policy: Policy) -> Self {
        Self { policy, now: at(0), log: Vec::new(), state: None, jobs: BTreeMap::new() }
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

mod stories {
    use super::*;

    /// Each command with the jobs that must follow from it.
    fn check(steps: &[(i64, Command, &[&str])]) {
        let mut desk = Desk::new(Policy::default());
        for (seconds, command, expected) in steps {
            desk.now = at(*seconds);
            assert_eq!(&desk.commit(command, None), expected, "after {command:?}");
        }
    }

    fn hunt(user: &str) -> Command {
        Command::Page {
            candidates: vec![Candidate { user: user.into(), verdict: Verdict::Available }],
            managers: managers(),
        }
    }

    fn root() -> Command {
        Command::RootPosted { message: message("root") }
    }

    fn page_posted(attempt: u32) -> Command {
        Command::PagePosted { attempt, message: message("page") }
    }

    fn ack(by: &str) -> Command {
        Command::Acknowledge { by: by.into(), via: Via::Reaction, eligible: true }
    }

    #[test]
    fn given_a_page_that_times_out_the_hunt_goes_on_and_the_ack_leaves_only_notices() {
        let time_out = Command::TimeOut { attempt: 1, managers: managers() };
        check(&[
            (0, Command::Report(report()), &["+ send/root at 0", "+ hunt at 0", "+ deadline/root at 120"]),
            (1, root(), &["- deadline/root"]),
            (2, hunt("ann"), &["+ deadline/page/1 at 122", "+ send/page/1 at 2", "+ update/root/3 at 2"]),
            (3, page_posted(1), &["+ deadline/page/1 at 123"]),
            (
                123,
                time_out,
                &["- deadline/page/1", "+ hunt at 123", "+ update/page/1 at 123", "+ update/root/5 at 123"],
            ),
            (
                124,
                hunt("bob"),
                &["+ deadline/page/2 at 244", "+ send/page/2 at 124", "+ update/root/6 at 124"],
            ),
            (125, page_posted(2), &["+ deadline/page/2 at 245"]),
            (
                130,
                ack("bob"),
                &[
                    "- hunt",
                    "- deadline/root",
                    "- deadline/page/2",
                    "+ update/page/2 at 130",
                    "+ send/taken at 130",
                    "+ update/root/8 at 130",
                ],
            ),
        ]);
    }

    #[test]
    fn given_a_page_chosen_before_the_root_stands_it_is_sent_when_the_root_does() {
        check(&[
            (0, Command::Report(report()), &["+ send/root at 0", "+ hunt at 0", "+ deadline/root at 120"]),
            (1, hunt("ann"), &["+ deadline/page/1 at 121"]),
            (9, root(), &["- deadline/root", "+ send/page/1 at 9", "+ update/root/3 at 9"]),
            (
                10,
                ack("bob"),
                &[
                    "- hunt",
                    "- deadline/root",
                    "- deadline/page/1",
                    "+ send/taken at 10",
                    "+ update/root/4 at 10",
                ],
            ),
            (11, page_posted(1), &["+ update/page/1 at 11"]),
        ]);
    }

    #[test]
    fn given_a_root_that_never_stands_each_manager_is_told_and_an_ack_says_nothing_in_the_thread() {
        let why = "not_in_channel";
        let refused =
            Command::PostRefused { posting: Posting::Root, why: why.to_owned(), managers: managers() };
        let give_up = Command::GiveUpRoot { managers: managers() };
        check(&[
            (0, Command::Report(report()), &["+ send/root at 0", "+ hunt at 0", "+ deadline/root at 120"]),
            (1, refused, &["+ send/tell-reporter/not_in_channel at 1"]),
            (2, hunt("ann"), &["+ deadline/page/1 at 122"]),
            (
                120,
                give_up,
                &[
                    "- hunt",
                    "- deadline/root",
                    "- deadline/page/1",
                    "+ send/manager/1/mia at 120",
                    "+ send/manager/1/max at 120",
                    "+ deadline/managers/1 at 420",
                ],
            ),
            (130, ack("mia"), &["- hunt", "- deadline/root", "- deadline/page/1", "- deadline/managers/1"]),
            (140, root(), &["- deadline/root", "+ send/taken at 140", "+ update/root/6 at 140"]),
        ]);
    }
}

/// Runs the jobs as the engine does, with Slack, people and the clock at their worst.
mod ending {
    use super::*;

    /// What befalls each step, in order; when it runs out, everything goes well and nobody answers.
    struct Weather {
        left: std::vec::IntoIter<u8>,
    }

    impl Weather {
        /// A number below `sides`; 0 when the weather has run out.
        fn roll(&mut self, sides: u8) -> u8 {
            self.left.next().unwrap_or(0) % sides
        }
    }

    impl Desk {
        /// Runs the job that is due first, and whatever people do meanwhile.
        fn step(&mut self, weather: &mut Weather) {
            let job = self.jobs.values().min_by_key(|job| job.due).unwrap().clone();
            self.now = self.now.max(job.due);
            match weather.roll(8) {
                1 => self.now += SignedDuration::from_secs(i64::from(weather.roll(200))),
                2 => self.now -= SignedDuration::from_secs(i64::from(weather.roll(200))),
                3 => self.somebody_acts(weather),
                _ => {}
            }
            let later = self.now.max(job.due) + SignedDuration::from_secs(20);
            match self.outcome(&job.kind, weather) {
                // Somebody made the job pointless meanwhile: the work is dropped, as when a lease is lost.
                _ if !self.has(&job.kind) => {}
                Outcome::Later => self.put_off(job, later),
                Outcome::Pointless => drop(self.jobs.remove(&job.key)),
                Outcome::Found(command) => {
                    let before = self.log.len();
                    self.commit(&command, Some(&job.key));
                    if self.log.len() == before && self.is_needed(&job.kind) {
                        self.put_off(job, later);
                    } else if weather.roll(4) == 1 {
                        self.commit(&command, None);
                    }
                }
            }
        }

        fn put_off(&mut self, mut job: Job, due: Timestamp) {
            job.due = due;
            self.jobs.insert(job.key.clone(), job);
        }

        fn outcome(&self, kind: &JobKind, weather: &mut Weather) -> Outcome {
            let managers = managers();
            let why = || "not_in_channel".to_owned();
            Outcome::Found(match kind {
                JobKind::Hunt => match weather.roll(8) {
                    1 => return Outcome::Later,
                    2 => Command::GiveUpHunt { why: why(), managers },
                    _ => Command::Page {
                        candidates: (0..4).map(|i| candidate(i, weather)).collect(),
                        managers,
                    },
                },
                JobKind::RootDeadline => Command::GiveUpRoot { managers },
                JobKind::PageDeadline { .. } | JobKind::ManagersDeadline { .. } if weather.roll(12) == 1 => {
                    Command::Acknowledge { by: "ann".into(), via: Via::ReadBack, eligible: true }
                }
                JobKind::PageDeadline { attempt } => Command::TimeOut { attempt: *attempt, managers },
                JobKind::ManagersDeadline { round } => Command::RepeatManagers { round: *round, managers },
                JobKind::Send(message) => return self.sent(message, weather),
                JobKind::ConsiderAck { .. } | JobKind::Answer { .. } => unreachable!("no event plans it"),
            })
        }

        fn sent(&self, what: &Message, weather: &mut Weather) -> Outcome {
            let (posting, posted) = match what {
                Message::Root => (Posting::Root, Command::RootPosted { message: message("root") }),
                Message::Page { attempt } => (
                    Posting::Page { attempt: *attempt },
                    Command::PagePosted { attempt: *attempt, message: message(&format!("page-{attempt}")) },
                ),
                Message::Managers { round } | Message::ManagerDirect { round, .. } => (
                    Posting::Managers { round: *round },
                    Command::ManagersPosted { round: *round, message: message(&format!("{what:?}")) },
                ),
                _ => return Outcome::Pointless,
            };
            // A message nobody needs any more is not sent, but it may be on its way already.
            let needed = self.is_needed(&JobKind::Send(what.clone()));
            match weather.roll(8) {
                1..=3 => Outcome::Later,
                4 => Outcome::Found(Command::PostRefused {
                    posting,
                    why: "not_in_channel".to_owned(),
                    managers: managers(),
                }),
                0 | 5 if !needed => Outcome::Pointless,
                _ => Outcome::Found(posted),
            }
        }

        fn somebody_acts(&mut self, weather: &mut Weather) {
            let asked = self.incident().current_attempt().map(|(_, found)| found.responder.clone());
            let by = asked.unwrap_or_else(|| "zoe".into());
            let command = match weather.roll(8) {
                1 => Command::Acknowledge { by, via: Via::Button, eligible: true },
                2 | 3 => Command::Acknowledge { by: "eve".into(), via: Via::Reaction, eligible: false },
                _ => Command::Pass { by },
            };
            self.commit(&command, None);
        }

        /// Whether the state still calls for this job. What this says of timers and of the messages that
        /// are to reach somebody is checked against the jobs after every step.
        fn is_needed(&self, kind: &JobKind) -> bool {
            let incident = self.incident();
            let looking = matches!(incident.phase, Phase::Hunting { .. } | Phase::Paging { .. });
            match (kind, &incident.phase) {
                (JobKind::Hunt, phase) => matches!(phase, Phase::Hunting { .. }),
                (JobKind::RootDeadline, _) => looking && incident.root.is_none(),
                (JobKind::PageDeadline { attempt }, Phase::Paging { attempt: current, .. }) => {
                    attempt == current
                }
                (JobKind::ManagersDeadline { round }, Phase::ManagersPaged { round: current, deadline }) => {
                    round == current && deadline.is_some()
                }
                (JobKind::Send(Message::Page { attempt }), Phase::Paging { attempt: current, .. }) => {
                    let unsent = incident.attempt(*attempt).is_some_and(|found| found.message.is_none());
                    attempt == current && incident.root.is_some() && unsent
                }
                (JobKind::Send(Message::Managers { round }), Phase::ManagersPaged { round: current, .. }) => {
                    let unsent =
                        |found: &crate::incident::ManagerRound| !found.direct && found.messages.is_empty();
                    round == current && incident.manager_round(*round).is_some_and(unsent)
                }
                (
                    JobKind::Send(Message::ManagerDirect { round, .. }),
                    Phase::ManagersPaged { round: current, .. },
                ) => round == current,
                (JobKind::Send(Message::Root), _) => incident.root.is_none(),
                _ => false,
            }
        }

        /// P1: whatever the state calls for next is a job, and no timer is there that it does not call for.
        fn is_driven(&self) -> Result<(), TestCaseError> {
            let mut kinds = vec![JobKind::Hunt, JobKind::RootDeadline];
            let mut pages = Vec::new();
            for number in 1..8 {
                kinds.push(JobKind::PageDeadline { attempt: number });
                kinds.push(JobKind::ManagersDeadline { round: number });
                pages.push(JobKind::Send(Message::Page { attempt: number }));
                pages.push(JobKind::Send(Message::Managers { round: number }));
            }
            for kind in kinds {
                prop_assert_eq!(
                    self.has(&kind),
                    self.is_needed(&kind),
                    "{:?} in {:?}",
                    kind,
                    self.incident()
                );
            }
            for kind in pages {
                prop_assert!(
                    self.has(&kind) || !self.is_needed(&kind),
                    "{:?} in {:?}",
                    kind,
                    self.incident()
                );
            }
            Ok(())
        }
    }

    enum Outcome {
        /// The job found something out.
        Found(Command),
        /// Slack did not answer.
        Later,
        /// Nothing follows.
        Pointless,
    }

    fn candidate(index: u8, weather: &mut Weather) -> Candidate {
        let verdict = match weather.roll(4) {
            0 | 1 => Verdict::Available,
            2 => Verdict::Away,
            _ => Verdict::Unknown { why: "ratelimited".to_owned() },
        };
        Candidate { user: UserId::new(format!("U{index}")), verdict }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// P1: in any weather, an incident ends acknowledged or with the managers paged for the last time,
        /// and then no job is left.
        #[test]
        fn in_any_weather_an_incident_comes_to_an_end(
            weather in prop::collection::vec(any::<u8>(), 0..250),
            max_attempts in 0..5_u32,
            manager_rounds in 0..4_u32,
        ) {
            let mut desk = Desk::new(Policy { max_attempts, manager_rounds, ..Policy::default() });
            let mut weather = Weather { left: weather.into_iter() };
            desk.commit(&Command::Report(report()), None);
            let mut steps = 0;
            while !desk.jobs.is_empty() {
                desk.step(&mut weather);
                desk.is_driven()?;
                steps += 1;
                prop_assert!(steps < 500, "no end: {:?}", desk.jobs);
            }
            let phase = &desk.incident().phase;
            prop_assert!(
                matches!(phase, Phase::Acknowledged { .. } | Phase::ManagersPaged { deadline: None, .. }),
                "left alone in {:?}", phase
            );
            prop_assert_eq!(replay(&desk.log), desk.state);
        }
    }

    /// P1: if Slack takes no message at all, the managers are to be told directly in the end, as often as the
    /// policy has it, and the messages to them wait.
    #[test]
    fn if_slack_never_takes_a_message_the_managers_are_told_directly() {
        for (root_stands, hunt_sees) in [(false, false), (false, true), (true, true)] {
            let mut desk = Desk::new(Policy::default());
            desk.commit(&Command::Report(report()), None);
            if root_stands {
                let message = message("root");
                desk.commit(&Command::RootPosted { message }, None);
            }
            let mut calm = Weather { left: Vec::new().into_iter() };
            while desk.now < at(3600) {
                let job = desk.jobs.values().min_by_key(|job| job.due).unwrap().clone();
                desk.now = desk.now.max(job.due);
                let silent = match job.kind {
                    JobKind::Send(_) => true,
                    JobKind::Hunt => !hunt_sees,
                    _ => false,
                };
                let before = desk.log.len();
                if !silent && let Outcome::Found(command) = desk.outcome(&job.kind, &mut calm) {
                    desk.commit(&command, Some(&job.key));
                }
                if desk.log.len() == before {
                    let due = desk.now + SignedDuration::from_secs(20);
                    desk.put_off(job, due);
                }
                desk.is_driven().unwrap();
            }
            let rounds = &desk.incident().manager_rounds;
            assert_eq!(rounds.len(), 3);
            assert!(rounds.iter().all(|round| round.direct));
            assert!(rounds[0].at <= at(260), "within twice the time one person has");
            assert!(desk.has(&JobKind::Send(Message::ManagerDirect { round: 3, user: "mia".into() })));
        }
    }
}

/// Stored forms and names.
mod stored {
    use super::*;

    fn one_of_each() -> Vec<JobKind> {
        let mut kinds = vec![
            JobKind::Hunt,
            JobKind::RootDeadline,
            JobKind::PageDeadline { attempt: 1 },
            JobKind::ManagersDeadline { round: 1 },
            JobKind::ConsiderAck { by: "U1".into(), message: message("1.2"), button: true },
            JobKind::Answer { channel: "D1".into(), text: "hello".to_owned() },
        ];
        let notice = |notice| Message::Notice { user: "U1".into(), notice };
        let messages = [
            Message::Root,
            Message::RootUpdate { version: 3 },
            Message::Page { attempt: 1 },
            Message::PageUpdate { attempt: 1 },
            Message::Managers { round: 1 },
            Message::ManagerDirect { round: 1, user: "U1".into() },
            Message::Taken,
            notice(Notice::AckRefused),
            notice(Notice::PassRefused),
            notice(Notice::TakenAlready),
            Message::TellReporter { why: "not_in_channel".to_owned() },
        ];
        kinds.extend(messages.map(JobKind::Send));
        kinds
    }

    /// Jobs and their names outlive a restart and an upgrade, and the names stand in Slack's messages: what
    /// is here may be added to, not changed.
    #[test]
    fn one_of_each_job() {
        let stored = |kind: JobKind| {
            let job = Job::new(&report().rotation, &report().incident, kind, at(0));
            let kind = serde_json::to_string(&job.kind).unwrap();
            format!("{} {kind}", short(&job.key))
        };
        let lines: Vec<_> = one_of_each().into_iter().map(stored).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        hunt {"kind":"hunt"}
        deadline/root {"kind":"root_deadline"}
        deadline/page/1 {"kind":"page_deadline","attempt":1}
        deadline/managers/1 {"kind":"managers_deadline","round":1}
        consider-ack/U1 {"kind":"consider_ack","by":"U1","message":{"channel":"C1","ts":"1.2"},"button":true}
        answer {"kind":"answer","channel":"D1","text":"hello"}
        send/root {"kind":"send","message":"root"}
        update/root/3 {"kind":"send","message":"root_update","version":3}
        send/page/1 {"kind":"send","message":"page","attempt":1}
        update/page/1 {"kind":"send","message":"page_update","attempt":1}
        send/managers/1 {"kind":"send","message":"managers","round":1}
        send/manager/1/U1 {"kind":"send","message":"manager_direct","round":1,"user":"U1"}
        send/taken {"kind":"send","message":"taken"}
        send/notice/ack-refused/U1 {"kind":"send","message":"notice","user":"U1","notice":"ack_refused"}
        send/notice/pass-refused/U1 {"kind":"send","message":"notice","user":"U1","notice":"pass_refused"}
        send/notice/taken-already/U1 {"kind":"send","message":"notice","user":"U1","notice":"taken_already"}
        send/tell-reporter/not_in_channel {"kind":"send","message":"tell_reporter","why":"not_in_channel"}
        "#);
        let job = Job::new(&report().rotation, &report().incident, JobKind::Hunt, at(0));
        insta::assert_snapshot!(serde_json::to_string(&job).unwrap(), @r#"{"key":"4aq5zrpgaxkg8ytp/hunt","rotation":{"team":"T1","channel":"C1"},"incident":"4aq5zrpgaxkg8ytp","kind":{"kind":"hunt"},"due":"1970-01-01T00:00:00Z"}"#);
    }

    fn any_kind() -> impl Strategy<Value = JobKind> {
        let user = || "[UW][0-9/]{0,2}".prop_map(UserId::new);
        let number = || 0..30_u32;
        let notice =
            prop::sample::select(vec![Notice::AckRefused, Notice::PassRefused, Notice::TakenAlready]);
        let message = prop_oneof![
            Just(Message::Root),
            (0..30_u64).prop_map(|version| Message::RootUpdate { version }),
            number().prop_map(|attempt| Message::Page { attempt }),
            number().prop_map(|attempt| Message::PageUpdate { attempt }),
            number().prop_map(|round| Message::Managers { round }),
            (number(), user()).prop_map(|(round, user)| Message::ManagerDirect { round, user }),
            Just(Message::Taken),
            (user(), notice).prop_map(|(user, notice)| Message::Notice { user, notice }),
            "[a-z/]{0,2}|.*".prop_map(|why| Message::TellReporter { why }),
        ];
        prop_oneof![
            1 => Just(JobKind::Hunt),
            1 => Just(JobKind::RootDeadline),
            1 => number().prop_map(|attempt| JobKind::PageDeadline { attempt }),
            1 => number().prop_map(|round| JobKind::ManagersDeadline { round }),
            1 => (user(), "[0-9]{2}", any::<bool>()).prop_map(|(by, ts, button)| JobKind::ConsiderAck {
                by,
                message: super::message(&ts),
                button,
            }),
            1 => ".*".prop_map(|text| JobKind::Answer { channel: "D1".into(), text }),
            10 => message.prop_map(JobKind::Send),
        ]
    }

    /// What a job is the same as: considering one person's ack is one job, wherever they reacted, and a
    /// message is answered once.
    fn sameness(kind: &JobKind) -> JobKind {
        match kind {
            JobKind::ConsiderAck { by, .. } => {
                JobKind::ConsiderAck { by: by.clone(), message: message("any"), button: false }
            }
            JobKind::Answer { .. } => JobKind::Answer { channel: "any".into(), text: String::new() },
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn a_stored_job_reads_back_as_it_was(kind in any_kind(), seconds in 0..4_000_000_000_i64) {
            let job = Job::new(&report().rotation, &report().incident, kind, at(seconds));
            let stored = serde_json::to_string(&job).unwrap();
            prop_assert_eq!(serde_json::from_str::<Job>(&stored).unwrap(), job);
        }

        #[test]
        fn different_jobs_have_different_names(kinds in prop::collection::vec(any_kind(), 2..60)) {
            let rotation = report().rotation;
            let incidents = ["1.2", "1.3"].map(|request| IncidentId::derive(&rotation, request));
            for one in &kinds {
                for other in &kinds {
                    let same = sameness(one) == sameness(other);
                    prop_assert_eq!(JobKey::of(&incidents[0], one) == JobKey::of(&incidents[0], other), same);
                    prop_assert_ne!(JobKey::of(&incidents[0], one), JobKey::of(&incidents[1], other));
                }
            }
        }
    }
}
