//! The promises P1–P4 and P6–P7 over arbitrary sequences of commands.

use super::arbitrary::{any_event, any_time, any_user};
use super::moves::{Move, any_moves, play};
use super::*;
use crate::report::{Thin, row, row_of};

fn any_policy() -> impl Strategy<Value = Policy> {
    (1..200_i64, 0..5_u32, 1..200_i64, 0..4_u32, prop::option::of(1..200_i64)).prop_map(
        |(ack, max_attempts, repeat, manager_rounds, follow_up)| Policy {
            ack_timeout: SignedDuration::from_secs(ack),
            max_attempts,
            manager_repeat: SignedDuration::from_secs(repeat),
            manager_rounds,
            follow_up_after: follow_up.map(SignedDuration::from_secs),
            ..Policy::default()
        },
    )
}

/// How far a log has been checked.
#[derive(Default)]
struct Law {
    /// The attempt that waits for an answer.
    unanswered: Option<u32>,
    asked: BTreeSet<UserId>,
    handed_over: BTreeSet<UserId>,
    /// Pages of the managers in all, and since it was last handed over.
    rounds: u32,
    rounds_here: u32,
    on_it: Option<UserId>,
    shown: bool,
    over: bool,
    stands: BTreeSet<Posting>,
    told: BTreeSet<JobKey>,
}

/// What holds of every log, whatever was commanded.
fn is_lawful(log: &[Recorded], policy: &Policy) -> Result<(), TestCaseError> {
    let mut state = None;
    let mut law = Law::default();
    for (recorded, seq) in log.iter().zip(1..) {
        prop_assert_eq!(recorded.seq, seq, "the log has no gaps");
        state = apply(state.take(), recorded);
        let after = state.as_ref().unwrap();
        prop_assert_eq!(after.version, seq);
        law.allows(&recorded.event, seq, policy)?;
        prop_assert_eq!(after.is_open(), law.is_open());
        for job in plan(recorded, after, policy).add {
            prop_assert!(
                law.allows_job(&job.kind, policy),
                "P4: {:?} is planned after {:?}",
                job.kind,
                recorded.event
            );
            // The same jobs once more, only sooner.
            let sooner = matches!(recorded.event, Event::ClockPutBack { .. });
            let once = !sooner
                && !matches!(
                    &job.kind,
                    JobKind::Send(
                        // The same job once more, only sooner, as somebody waits for the thread.
                        Message::Root
                            | Message::PageUpdate { .. }
                            | Message::ManagersUpdate { .. }
                            | Message::TellReporter { .. }
                    )
                );
            if matches!(job.kind, JobKind::Send(_)) && once {
                prop_assert!(law.told.insert(job.key), "P2: {:?} is sent twice", job.kind);
            }
        }
    }
    prop_assert!(log.is_empty() || state.is_some());
    Ok(())
}

impl Law {
    fn is_open(&self) -> bool {
        self.on_it.is_none() && !self.over
    }

    /// Whether somebody may still be asked.
    fn is_hunting(&self) -> bool {
        self.is_open() && self.rounds_here == 0 && !self.shown
    }

    fn allows(&mut self, event: &Event, seq: u64, policy: &Policy) -> Result<(), TestCaseError> {
        match event {
            Event::Reported(_) => prop_assert_eq!(seq, 1),
            Event::RootPosted { .. } => prop_assert!(self.stands.insert(Posting::Root)),
            Event::PagePosted { attempt, .. } => {
                prop_assert!(self.stands.insert(Posting::Page { attempt: *attempt }), "P2");
            }
            Event::FollowUpPosted { .. } => prop_assert!(self.stands.insert(Posting::FollowUp)),
            Event::Paged { attempt, responder, considered, .. } => {
                prop_assert!(
                    self.is_hunting(),
                    "P4: nobody is asked once it is taken, over, or the managers'"
                );
                prop_assert_eq!(self.unanswered, None, "P2: two unanswered pages");
                prop_assert!(self.asked.insert(responder.clone()), "asked twice");
                prop_assert!(!self.handed_over.contains(responder), "they handed it over");
                prop_assert_eq!(*attempt as usize, self.asked.len());
                prop_assert!(*attempt <= policy.max_attempts);
                may_be_asked(responder, considered)?;
                self.unanswered = Some(*attempt);
            }
            Event::PageTimedOut { attempt } | Event::Passed { attempt, .. } => {
                prop_assert!(self.is_open(), "P4");
                prop_assert_eq!(self.unanswered.take(), Some(*attempt));
            }
            Event::ManagersPaged { round, reason, deadline, .. } => {
                prop_assert!(self.is_open(), "P4");
                prop_assert_eq!(
                    matches!(reason, ManagersReason::OnDemand { .. }),
                    self.shown && !matches!(reason, ManagersReason::CannotPost { .. }),
                    "on demand exactly when the schedule was shown"
                );
                self.rounds += 1;
                self.rounds_here += 1;
                prop_assert_eq!(*round, self.rounds);
                // One more than the policy has, when the last one was refused in the thread.
                prop_assert!(self.rounds_here <= policy.manager_rounds.max(1) + 1);
                prop_assert_eq!(deadline.is_some(), self.rounds_here < policy.manager_rounds);
                self.unanswered = None;
                self.shown = false;
            }
            Event::Acknowledged { by, .. } => {
                prop_assert!(self.is_open(), "acknowledged again although nobody handed it over");
                self.on_it = Some(by.clone());
                self.unanswered = None;
                self.shown = false;
            }
            Event::ScheduleShown { .. } => {
                prop_assert!(self.is_hunting());
                prop_assert_eq!(self.unanswered, None);
                self.shown = true;
            }
            Event::HuntResumed { .. } => {
                prop_assert!(self.is_open() && self.shown, "only what waits for another day is resumed");
                self.shown = false;
            }
            Event::HandedOver { from, .. } => {
                prop_assert!(!self.over);
                prop_assert_eq!(
                    self.on_it.take(),
                    Some(from.clone()),
                    "only what one has can be handed over"
                );
                self.handed_over.insert(from.clone());
                self.rounds_here = 0;
            }
            Event::Cancelled { .. } => {
                prop_assert!(self.is_open(), "what somebody is on is closed, not cancelled");
                self.over = true;
                self.unanswered = None;
            }
            Event::Closed { .. } => {
                prop_assert!(!self.over && self.on_it.take().is_some(), "only what somebody is on is closed");
                self.over = true;
            }
            Event::ManagersPosted { .. }
            | Event::PostRefused { .. }
            | Event::AckRefused { .. }
            | Event::Delayed { .. }
            | Event::Resolved
            | Event::ClockPutBack { .. } => {}
        }
        Ok(())
    }

    /// P4: nothing is planned that pages, or leads to a page, once nobody is needed.
    fn allows_job(&self, kind: &JobKind, policy: &Policy) -> bool {
        match kind {
            JobKind::Send(Message::Page { attempt }) => self.unanswered == Some(*attempt),
            JobKind::Send(Message::Managers { round } | Message::ManagerDirect { round, .. }) => {
                self.is_open() && self.rounds == *round
            }
            // Once more when somebody waits for it; its key makes it one message (P2).
            JobKind::Send(Message::Root) => !self.stands.contains(&Posting::Root),
            JobKind::Send(_) => true,
            JobKind::FollowUp { .. } => self.on_it.is_some() && policy.follow_up_after.is_some(),
            JobKind::ManagersDeadline { round } => self.is_open() && self.rounds == *round,
            JobKind::PageDeadline { attempt } => self.unanswered == Some(*attempt),
            _ => self.is_open() && self.rounds_here == 0,
        }
    }
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
        let command = Command::Acknowledge { by: "zoe".into(), via: Via::Button, eligible: true, zone: None };
        prop_assert_eq!(course.give(&command, at(now)).len(), usize::from(open));
        prop_assert!(!course.state.unwrap().is_open());
    }

    /// P8: only whoever is on it or a manager hands over, only the reporter or a manager cancels, only those three
    /// close, and each always can.
    #[test]
    fn only_those_who_may_end_it_can(policy in any_policy(), moves in any_moves(), by in any_user(), manager: bool) {
        let mut course = Course::new(policy);
        play(&mut course, 0, &[(0, Move::Report)]);
        let now = at(play(&mut course, 0, &moves));
        let state = course.state.clone().unwrap();
        let reporter = state.report.reporter.clone();
        let follows = |command| course.clone().give(&command, now).len();
        for by in [by, reporter.clone()].into_iter().chain(state.responder().cloned()) {
            let on_it = state.responder().is_some();
            let theirs = manager || state.responder() == Some(&by);
            let reported = manager || by == reporter;
            let hand_over = follows(Command::HandOver { by: by.clone(), manager });
            prop_assert_eq!(hand_over, usize::from(on_it && theirs));
            let cancel = follows(Command::Cancel { by: by.clone(), manager });
            prop_assert_eq!(cancel, usize::from(state.is_open() && reported));
            let close = follows(Command::Close { by, manager });
            prop_assert_eq!(close, usize::from(on_it && (theirs || reported)));
        }
    }

    /// Whether it is read whole or only as far as a row tells of it, a log comes to the same row.
    #[test]
    fn a_log_read_thinly_has_the_same_row(
        policy in any_policy(),
        moves in any_moves(),
        noise in prop::collection::vec(any_event(), 0..6),
    ) {
        let mut course = Course::new(policy);
        play(&mut course, 0, &[(0, Move::Report)]);
        play(&mut course, 0, &moves);
        let read_thinly = |log: &[Recorded]| {
            row_of(log.iter().map(|recorded| {
                let stored = serde_json::to_string(&recorded.event).unwrap();
                (recorded.seq, recorded.at, serde_json::from_str::<Thin>(&stored).unwrap())
            }))
        };
        let mut log = course.log;
        prop_assert_eq!(read_thinly(&log), row(&log));
        let (next, at) = (log.len() as u64 + 1, log.last().unwrap().at);
        log.extend((next..).zip(noise).map(|(seq, event)| Recorded { seq, at, event }));
        prop_assert_eq!(read_thinly(&log), row(&log));
    }

    #[test]
    fn a_stored_event_reads_back_as_it_was(event in any_event(), seq in any::<u64>(), now in any_time()) {
        let recorded = Recorded { seq, at: now, event };
        let stored = serde_json::to_string(&recorded).unwrap();
        prop_assert_eq!(serde_json::from_str::<Recorded>(&stored).unwrap(), recorded);
    }
}
