//! Runs the jobs as the engine does, with Slack, people and the clock at their worst.

use super::*;

/// Attempts, rounds and takings up to this number are looked for among the jobs.
const LOOK_FOR: u32 = 12;

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
            2 => {
                self.now -= SignedDuration::from_secs(i64::from(weather.roll(200)));
                if weather.roll(2) == 1 {
                    self.commit(&Command::ClockPutBack, None);
                }
            }
            3 => self.somebody_acts(weather),
            _ => {}
        }
        let later = self.now.max(job.due) + SignedDuration::from_secs(20);
        match self.outcome(&job.kind, weather) {
            // Somebody made the job pointless meanwhile: the work is dropped, as when a lease is lost.
            _ if !self.has(&job.kind) => {}
            Outcome::Later => {
                if weather.roll(3) == 1 {
                    self.commit(&Command::Delay { why: Delay::Limited }, None);
                }
                self.put_off(job, later);
            }
            Outcome::Pointless => drop(self.jobs.remove(&job.key)),
            Outcome::Send(message) => {
                self.jobs.remove(&job.key);
                let send = Job::new(&job.rotation, &job.incident, JobKind::Send(message), self.now);
                self.jobs.insert(send.key.clone(), send);
            }
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
                3 if self.has_weekends => Command::ShowSchedule { link: why(), day: why() },
                _ => Command::Page { candidates: (0..4).map(|i| candidate(i, weather)).collect(), managers },
            },
            JobKind::RootDeadline => Command::GiveUpRoot { managers },
            JobKind::PageDeadline { .. } | JobKind::ManagersDeadline { .. } if weather.roll(12) == 1 => {
                Command::Acknowledge { by: "ann".into(), via: Via::ReadBack, eligible: true, zone: None }
            }
            JobKind::PageDeadline { attempt } => Command::TimeOut { attempt: *attempt, managers },
            JobKind::ManagersDeadline { round } => Command::RepeatManagers { round: *round, managers },
            JobKind::Send(message) => return self.sent(message, weather),
            JobKind::FollowUp { .. } => match weather.roll(4) {
                1 => return Outcome::Later,
                2 => return Outcome::Pointless,
                _ => return Outcome::Send(Message::FollowUp),
            },
            JobKind::ConsiderAck { .. }
            | JobKind::Answer { .. }
            | JobKind::ReadBack
            | JobKind::NudgeSweep
            | JobKind::Nudge { .. }
            | JobKind::Wish { .. }
            | JobKind::Alert { .. }
            | JobKind::Home { .. }
            | JobKind::Stand { .. }
            | JobKind::OpenReportForm { .. } => unreachable!("no event plans it"),
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
            Message::FollowUp => {
                (Posting::FollowUp, Command::FollowUpPosted { message: message("follow-up") })
            }
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
        let incident = self.incident();
        let asked = incident.current_attempt().map(|(_, found)| &found.responder);
        let by = asked.or(incident.responder()).cloned().unwrap_or_else(|| "zoe".into());
        let managers = managers();
        let command = match weather.roll(12) {
            1 => Command::Acknowledge { by, via: Via::Button, eligible: true, zone: None },
            2 | 3 => {
                Command::Acknowledge { by: "eve".into(), via: Via::Reaction, eligible: false, zone: None }
            }
            4 | 5 => Command::HandOver { by, manager: false },
            6 => Command::HandOver { by: "mia".into(), manager: true },
            7 => Command::CallManagers { by: "rae".into(), managers },
            8 => Command::Close { by, manager: false },
            9 => Command::Cancel { by: "rae".into(), manager: false },
            _ => Command::Pass { by },
        };
        self.commit(&command, None);
    }

    /// Whether the state still calls for this job. What this says of timers and of the messages that
    /// are to reach somebody is checked against the jobs after every step.
    fn is_needed(&self, kind: &JobKind) -> bool {
        let incident = self.incident();
        let looking = matches!(
            incident.phase,
            Phase::Hunting { .. } | Phase::Paging { .. } | Phase::ScheduleShown { .. }
        );
        match (kind, &incident.phase) {
            (JobKind::Hunt, phase) => matches!(phase, Phase::Hunting { .. }),
            (JobKind::RootDeadline, _) => looking && incident.root.is_none(),
            (JobKind::PageDeadline { attempt }, Phase::Paging { attempt: current, .. }) => attempt == current,
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
        for number in 1..LOOK_FOR {
            kinds.push(JobKind::PageDeadline { attempt: number });
            kinds.push(JobKind::ManagersDeadline { round: number });
            pages.push(JobKind::Send(Message::Page { attempt: number }));
            pages.push(JobKind::Send(Message::Managers { round: number }));
        }
        for kind in kinds {
            prop_assert_eq!(self.has(&kind), self.is_needed(&kind), "{:?} in {:?}", kind, self.incident());
        }
        for taken in 1..LOOK_FOR {
            let theirs = matches!(self.incident().phase, Phase::Acknowledged { .. })
                && taken == self.incident().times_taken()
                && self.policy.follow_up_after.is_some();
            prop_assert!(theirs || !self.has(&JobKind::FollowUp { taken }), "{:?}", self.incident());
        }
        for kind in pages {
            prop_assert!(self.has(&kind) || !self.is_needed(&kind), "{:?} in {:?}", kind, self.incident());
        }
        Ok(())
    }
}

impl Desk {
    /// What an auditor finds, of these jobs.
    fn audited<'a>(&self, jobs: impl Iterator<Item = &'a Job>) -> Vec<Finding> {
        let state = |job: &Job| JobState { job: job.clone(), lease_until: None, tries: 0, doubtful: false };
        let jobs: Vec<JobState> = jobs.map(state).collect();
        examine(self.incident(), &jobs, &self.policy, self.now)
    }

    /// P1: an auditor finds nothing missing, and finds whatever is.
    fn is_sound(&self) -> Result<(), TestCaseError> {
        let is_missing = |finding: &Finding| matches!(finding, Finding::Missing(_));
        let findings = self.audited(self.jobs.values());
        prop_assert!(!findings.iter().any(is_missing), "{:?} in {:?}", findings, self.incident());
        for wanted in needed(self.incident(), &self.policy, self.now) {
            let lost = self.audited(self.jobs.values().filter(|job| job.key != wanted.key));
            let missing: Vec<_> = lost.into_iter().filter(is_missing).collect();
            prop_assert_eq!(missing, [Finding::Missing(wanted)]);
        }
        Ok(())
    }
}

enum Outcome {
    /// The job found something out.
    Found(Command),
    /// Slack did not answer.
    Later,
    /// A message is to be sent.
    Send(Message),
    /// Nothing follows.
    Pointless,
}

fn candidate(index: u8, weather: &mut Weather) -> Candidate {
    let verdict = match weather.roll(4) {
        0 | 1 => Verdict::Available,
        2 => Verdict::Away,
        _ => Verdict::Unknown { why: "ratelimited".to_owned() },
    };
    Candidate::new(UserId::new(format!("U{index}")), verdict)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// P1: in any weather, an incident ends with somebody on it, closed, cancelled, with the managers paged for
    /// the last time, or with the schedule shown from which they are paged on demand; and then no job is left.
    #[test]
    fn in_any_weather_an_incident_comes_to_an_end(
        weather in prop::collection::vec(any::<u8>(), 0..250),
        max_attempts in 0..5_u32,
        manager_rounds in 0..4_u32,
        follow_up in prop::option::of(0..9_000_i64),
        has_weekends: bool,
    ) {
        let follow_up_after = follow_up.map(SignedDuration::from_secs);
        let policy = Policy { max_attempts, manager_rounds, follow_up_after, ..Policy::default() };
        let mut desk = Desk { has_weekends, ..Desk::new(policy) };
        let mut weather = Weather { left: weather.into_iter() };
        desk.commit(&Command::Report(report()), None);
        let mut steps = 0;
        while !desk.jobs.is_empty() {
            desk.step(&mut weather);
            desk.is_driven()?;
            desk.is_sound()?;
            steps += 1;
            prop_assert!(steps < 500, "no end: {:?}", desk.jobs);
        }
        let phase = &desk.incident().phase;
        prop_assert!(
            matches!(
                phase,
                Phase::Acknowledged { .. }
                    | Phase::Closed { .. }
                    | Phase::Cancelled { .. }
                    | Phase::ManagersPaged { deadline: None, .. }
                    | Phase::ScheduleShown { .. }
            ),
            "left alone in {:?}", phase
        );
        let posted = desk.log.iter().any(|recorded| matches!(recorded.event, Event::FollowUpPosted { .. }));
        prop_assert!(follow_up.is_some() || !posted, "nobody wanted to know how it went on");
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
            desk.is_sound().unwrap();
        }
        let rounds = &desk.incident().manager_rounds;
        assert_eq!(rounds.len(), 3);
        assert!(rounds.iter().all(|round| round.direct));
        assert!(rounds[0].at <= at(260), "within twice the time one person has");
        assert!(desk.has(&JobKind::Send(Message::ManagerDirect { round: 3, user: "mia".into() })));
    }
}
