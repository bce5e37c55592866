//! The promises P1–P4 and P6–P7 over arbitrary sequences of commands.

use super::*;

/// A command relative to where the incident stands, so that arbitrary sequences get far; `off` and `who`
/// make it miss.
#[derive(Clone, Debug)]
enum Move {
    Report,
    RootPosted(u8),
    Hunt(Vec<Candidate>),
    GiveUpHunt,
    PagePosted { off: i64, ts: u8 },
    TimeOut { off: i64 },
    Pass { who: Option<UserId> },
    GiveUpRoot,
    RepeatManagers { off: i64 },
    ManagersPosted { off: i64, ts: u8 },
    Refuse { what: u8, off: i64, why: u8 },
    Acknowledge { by: UserId, via: Via, eligible: bool },
}

impl Move {
    fn command(&self, state: Option<&Incident>) -> Command {
        let attempts = state.map_or(0, |incident| incident.attempts.len());
        let rounds = state.map_or(0, |incident| incident.manager_rounds.len());
        let near = |count: usize, off: i64| u32::try_from(count as i64 + off).unwrap_or(u32::MAX);
        let asked = state.and_then(|incident| Some(incident.attempts.last()?.responder.clone()));
        let managers = managers();
        match self.clone() {
            Move::Report => Command::Report(report()),
            Move::RootPosted(ts) => Command::RootPosted { message: message(ts.to_string()) },
            Move::Hunt(candidates) => Command::Page { candidates, managers },
            Move::GiveUpHunt => Command::GiveUpHunt { why: "ratelimited".to_owned(), managers },
            Move::PagePosted { off, ts } => {
                Command::PagePosted { attempt: near(attempts, off), message: message(ts.to_string()) }
            }
            Move::TimeOut { off } => Command::TimeOut { attempt: near(attempts, off), managers },
            Move::Pass { who } => Command::Pass { by: who.or(asked).unwrap_or("nobody".into()) },
            Move::GiveUpRoot => Command::GiveUpRoot { managers },
            Move::RepeatManagers { off } => Command::RepeatManagers { round: near(rounds, off), managers },
            Move::ManagersPosted { off, ts } => {
                Command::ManagersPosted { round: near(rounds, off), message: message(ts.to_string()) }
            }
            Move::Refuse { what, off, why } => Command::PostRefused {
                posting: match what {
                    0 => Posting::Root,
                    1 => Posting::Page { attempt: near(attempts, off) },
                    _ => Posting::Managers { round: near(rounds, off) },
                },
                why: why.to_string(),
                managers,
            },
            Move::Acknowledge { by, via, eligible } => Command::Acknowledge { by, via, eligible },
        }
    }
}

fn any_move() -> impl Strategy<Value = Move> {
    let off = || prop_oneof![6 => Just(0_i64), 1 => -2..=2_i64];
    let candidates = || prop::collection::vec((any_user(), any_verdict()), 0..7);
    let hunt = candidates().prop_map(|found| {
        let candidate = |(user, verdict)| Candidate { user, verdict };
        Move::Hunt(found.into_iter().map(candidate).collect())
    });
    prop_oneof![
        1 => Just(Move::Report),
        2 => (0..9_u8).prop_map(Move::RootPosted),
        8 => hunt,
        1 => Just(Move::GiveUpHunt),
        8 => (off(), 0..9_u8).prop_map(|(off, ts)| Move::PagePosted { off, ts }),
        8 => off().prop_map(|off| Move::TimeOut { off }),
        2 => prop::option::of(any_user()).prop_map(|who| Move::Pass { who }),
        1 => Just(Move::GiveUpRoot),
        3 => off().prop_map(|off| Move::RepeatManagers { off }),
        3 => (off(), 0..9_u8).prop_map(|(off, ts)| Move::ManagersPosted { off, ts }),
        2 => (0..3_u8, off(), 0..2_u8).prop_map(|(what, off, why)| Move::Refuse { what, off, why }),
        1 => (any_user(), any_via(), any::<bool>())
            .prop_map(|(by, via, eligible)| Move::Acknowledge { by, via, eligible }),
    ]
}

/// Moves with the seconds between them; now and then the clock is put back.
fn any_moves() -> impl Strategy<Value = Vec<(i64, Move)>> {
    let seconds = prop_oneof![8 => 0..150_i64, 1 => -150..0_i64];
    prop::collection::vec((seconds, any_move()), 0..60)
}

fn any_policy() -> impl Strategy<Value = Policy> {
    (1..200_i64, 0..5_u32, 1..200_i64, 0..4_u32).prop_map(|(ack, max_attempts, repeat, manager_rounds)| {
        Policy {
            ack_timeout: SignedDuration::from_secs(ack),
            max_attempts,
            manager_repeat: SignedDuration::from_secs(repeat),
            manager_rounds,
            ..Policy::default()
        }
    })
}

fn play(course: &mut Course, from: i64, moves: &[(i64, Move)]) -> i64 {
    let mut now = from;
    for (seconds, step) in moves {
        now += seconds;
        let command = step.command(course.state.as_ref());
        course.give(&command, at(now));
    }
    now
}

/// What holds of every log, whatever was commanded.
fn is_lawful(log: &[Recorded], policy: &Policy) -> Result<(), TestCaseError> {
    let mut state = None;
    let mut unanswered = None;
    let mut asked = BTreeSet::new();
    let mut rounds = 0;
    let mut acknowledged = false;
    let mut stands = BTreeSet::new();
    let mut paging_jobs = BTreeSet::<JobKey>::new();
    for (recorded, seq) in log.iter().zip(1..) {
        prop_assert_eq!(recorded.seq, seq, "the log has no gaps");
        state = apply(state.take(), recorded);
        let after = state.as_ref().unwrap();
        prop_assert_eq!(after.version, seq);
        match &recorded.event {
            Event::Reported(_) => prop_assert_eq!(seq, 1),
            Event::RootPosted { .. } => prop_assert!(stands.insert(Posting::Root)),
            Event::PagePosted { attempt, .. } => {
                prop_assert!(stands.insert(Posting::Page { attempt: *attempt }), "P2");
            }
            Event::Paged { attempt, responder, considered, .. } => {
                prop_assert!(!acknowledged, "P4");
                prop_assert_eq!(unanswered, None, "P2: two unanswered pages");
                prop_assert_eq!(rounds, 0, "nobody is asked after the managers");
                prop_assert!(asked.insert(responder.clone()), "asked twice");
                prop_assert_eq!(*attempt as usize, asked.len());
                prop_assert!(*attempt <= policy.max_attempts);
                may_be_asked(responder, considered)?;
                unanswered = Some(*attempt);
            }
            Event::PageTimedOut { attempt } | Event::Passed { attempt, .. } => {
                prop_assert!(!acknowledged, "P4");
                prop_assert_eq!(unanswered, Some(*attempt));
                unanswered = None;
            }
            Event::ManagersPaged { round, deadline, .. } => {
                prop_assert!(!acknowledged, "P4");
                rounds += 1;
                prop_assert_eq!(*round, rounds);
                // One more than the policy has, when the last one was refused in the thread.
                prop_assert!(rounds <= policy.manager_rounds.max(1) + 1);
                prop_assert_eq!(deadline.is_some(), rounds < policy.manager_rounds);
                unanswered = None;
            }
            Event::Acknowledged { .. } => {
                prop_assert!(!acknowledged, "acknowledged twice");
                acknowledged = true;
                unanswered = None;
            }
            Event::ManagersPosted { .. } | Event::PostRefused { .. } | Event::AckRefused { .. } => {}
        }
        for job in plan(recorded, after, policy).add {
            let current = match &job.kind {
                JobKind::Send(Message::Page { attempt }) => unanswered == Some(*attempt),
                JobKind::Send(Message::Managers { round } | Message::ManagerDirect { round, .. }) => {
                    rounds == *round && !acknowledged
                }
                JobKind::Send(_) => continue,
                _ => !acknowledged,
            };
            prop_assert!(current, "P4: {:?} is planned after {:?}", job.kind, recorded.event);
            if matches!(job.kind, JobKind::Send(_)) {
                prop_assert!(paging_jobs.insert(job.key), "P2: two messages for one page");
            }
        }
    }
    prop_assert!(log.is_empty() || state.is_some());
    Ok(())
}

/// P3, P6 and P7: the facts as recorded bear out that this person was to be asked.
fn may_be_asked(responder: &UserId, considered: &[Candidate]) -> Result<(), TestCaseError> {
    let available = |candidate: &Candidate| candidate.verdict == Verdict::Available;
    match considered.split_last() {
        Some((last, ahead)) if available(last) => {
            prop_assert_eq!(&last.user, responder);
            prop_assert!(!ahead.iter().any(available), "somebody available was passed over");
        }
        _ => {
            prop_assert!(!considered.iter().any(available), "the unknown come last");
            let unknown = |candidate: &&Candidate| matches!(candidate.verdict, Verdict::Unknown { .. });
            let first = considered.iter().find(unknown).map(|candidate| &candidate.user);
            prop_assert_eq!(first, Some(responder));
        }
    }
    Ok(())
}

proptest! {
    /// P2, P3, P4, P6, and that the state is what the log says.
    #[test]
    fn whatever_is_commanded_the_log_keeps_the_promises(policy in any_policy(), moves in any_moves()) {
        let mut course = Course::new(policy);
        play(&mut course, 0, &[(0, Move::Report)]);
        play(&mut course, 0, &moves);
        prop_assert_eq!(replay(&course.log), course.state);
        is_lawful(&course.log, &course.policy)?;
    }

    /// P1: a log cut at any event is the log of an incident that goes on lawfully.
    #[test]
    fn a_log_cut_anywhere_goes_on(
        policy in any_policy(),
        before in any_moves(),
        cut in any::<prop::sample::Index>(),
        after in any_moves(),
    ) {
        let mut course = Course::new(policy);
        play(&mut course, 0, &[(0, Move::Report)]);
        let now = play(&mut course, 0, &before);
        course.log.truncate(1 + cut.index(course.log.len()));
        course.state = replay(&course.log);
        prop_assert!(course.state.is_some());
        play(&mut course, now, &after);
        prop_assert_eq!(replay(&course.log), course.state);
        is_lawful(&course.log, &course.policy)?;
    }

    /// The same command again, at the same moment, changes nothing.
    #[test]
    fn nothing_follows_from_a_command_given_twice(policy in any_policy(), moves in any_moves()) {
        let mut course = Course::new(policy);
        play(&mut course, 0, &[(0, Move::Report)]);
        let mut now = 0;
        for (seconds, step) in &moves {
            now += seconds;
            let command = step.command(course.state.as_ref());
            let first = course.give(&command, at(now));
            let again = course.give(&command, at(now));
            prop_assert_eq!(again, vec![], "{:?} gave {:?}", command, first);
        }
    }

    /// P4: whatever has happened, an eligible ack of an open incident is taken.
    #[test]
    fn an_open_incident_can_always_be_acknowledged(policy in any_policy(), moves in any_moves()) {
        let mut course = Course::new(policy);
        play(&mut course, 0, &[(0, Move::Report)]);
        let now = play(&mut course, 0, &moves);
        let open = course.state.as_ref().unwrap().is_open();
        let command = Command::Acknowledge { by: "zoe".into(), via: Via::Button, eligible: true };
        prop_assert_eq!(course.give(&command, at(now)).len(), usize::from(open));
        prop_assert!(!course.state.unwrap().is_open());
    }

    #[test]
    fn a_stored_event_reads_back_as_it_was(event in any_event(), seq in any::<u64>(), now in any_time()) {
        let recorded = Recorded { seq, at: now, event };
        let stored = serde_json::to_string(&recorded).unwrap();
        prop_assert_eq!(serde_json::from_str::<Recorded>(&stored).unwrap(), recorded);
    }
}

fn any_user() -> impl Strategy<Value = UserId> {
    (0..8_u8).prop_map(|i| UserId::new(format!("U{i}")))
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_i64, 0..1_000_000_000_i32)
        .prop_map(|(seconds, nanos)| Timestamp::new(seconds, nanos).unwrap())
}

fn any_via() -> impl Strategy<Value = Via> {
    prop_oneof![Just(Via::Reaction), Just(Via::Button), Just(Via::ReadBack)]
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        4 => Just(Verdict::Available),
        2 => Just(Verdict::Away),
        1 => any_time().prop_map(|until| Verdict::DoNotDisturb { until }),
        1 => Just(Verdict::AskedAlready),
        1 => Just(Verdict::Manager),
        1 => Just(Verdict::Deactivated),
        1 => Just(Verdict::Guest),
        1 => Just(Verdict::Stranger),
        1 => Just(Verdict::Bot),
        2 => ".*".prop_map(|why| Verdict::Unknown { why }),
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    let message =
        || ("[CD][0-9]{3}", ".*").prop_map(|(c, ts)| MessageRef::new(c.as_str().into(), ts.as_str().into()));
    let candidates = || {
        let candidate = (any_user(), any_verdict()).prop_map(|(user, verdict)| Candidate { user, verdict });
        prop::collection::vec(candidate, 0..4)
    };
    let reason = prop_oneof![
        Just(ManagersReason::AttemptsUsedUp),
        candidates().prop_map(|considered| ManagersReason::NobodyAvailable { considered }),
        ".*".prop_map(|why| ManagersReason::CannotTell { why }),
        ".*".prop_map(|why| ManagersReason::CannotPost { why }),
        Just(ManagersReason::NoAnswer),
    ];
    let whom = (prop::collection::vec(any_user(), 0..3), prop::option::of("S[0-9]{3}"))
        .prop_map(|(users, group)| ManagersWhom { users, group: group.as_deref().map(Into::into) });
    let posting = prop_oneof![
        Just(Posting::Root),
        any::<u32>().prop_map(|attempt| Posting::Page { attempt }),
        any::<u32>().prop_map(|round| Posting::Managers { round }),
    ];
    prop_oneof![
        (".*", ".*", prop::option::of(".*")).prop_map(|(url, note, response_url)| {
            Event::Reported(Report { url, note, response_url, ..report() })
        }),
        message().prop_map(|message| Event::RootPosted { message }),
        (any::<u32>(), any_user(), candidates(), any_time()).prop_map(
            |(attempt, responder, considered, deadline)| Event::Paged {
                attempt,
                responder,
                considered,
                deadline
            }
        ),
        (any::<u32>(), message(), any_time())
            .prop_map(|(attempt, message, deadline)| { Event::PagePosted { attempt, message, deadline } }),
        any::<u32>().prop_map(|attempt| Event::PageTimedOut { attempt }),
        (any::<u32>(), any_user()).prop_map(|(attempt, by)| Event::Passed { attempt, by }),
        (any::<u32>(), whom, reason, any::<bool>(), prop::option::of(any_time())).prop_map(
            |(round, whom, reason, direct, deadline)| Event::ManagersPaged {
                round,
                whom,
                reason,
                direct,
                deadline
            }
        ),
        (any::<u32>(), message()).prop_map(|(round, message)| Event::ManagersPosted { round, message }),
        (posting, ".*").prop_map(|(posting, why)| Event::PostRefused { posting, why }),
        (any_user(), any_via()).prop_map(|(by, via)| Event::Acknowledged { by, via }),
        any_user().prop_map(|by| Event::AckRefused { by }),
    ]
}
