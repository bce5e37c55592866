//! Arbitrary commands, given relative to where the incident stands.

use super::arbitrary::{any_user, any_verdict, any_via};
use super::*;

const DAY: &str = "the weekend";

/// A command relative to where the incident stands, so that arbitrary sequences get far; `off` and `who`
/// make it miss.
#[derive(Clone, Debug)]
pub(super) enum Move {
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
    ShowSchedule,
    ResumeHunt { by: UserId },
    CallManagers { by: UserId },
    HandOver { who: Option<UserId>, manager: bool },
    Cancel { who: Option<UserId>, manager: bool },
    Delay,
    ClockPutBack,
    FollowUpPosted(u8),
    Close { who: Option<UserId>, manager: bool },
}

impl Move {
    pub(super) fn command(&self, state: Option<&Incident>) -> Command {
        let attempts = state.map_or(0, |incident| incident.attempts.len());
        let rounds = state.map_or(0, |incident| incident.manager_rounds.len());
        let near = |count: usize, off: i64| u32::try_from(count as i64 + off).unwrap_or(u32::MAX);
        let asked = state.and_then(|incident| Some(incident.attempts.last()?.responder.clone()));
        let on_it = state.and_then(|incident| incident.responder().cloned());
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
                    2 => Posting::FollowUp,
                    _ => Posting::Managers { round: near(rounds, off) },
                },
                why: why.to_string(),
                managers,
            },
            Move::Acknowledge { by, via, eligible } => Command::Acknowledge { by, via, eligible, zone: None },
            Move::ShowSchedule => {
                Command::ShowSchedule { link: "https://example.com".to_owned(), day: DAY.to_owned() }
            }
            Move::ResumeHunt { by } => Command::ResumeHunt { by },
            Move::CallManagers { by } => Command::CallManagers { by, managers },
            Move::HandOver { who, manager } => {
                Command::HandOver { by: who.or(on_it).unwrap_or("nobody".into()), manager }
            }
            Move::Cancel { who, manager } => Command::Cancel { by: who.unwrap_or("rae".into()), manager },
            Move::Delay => Command::Delay { why: Delay::Limited },
            Move::ClockPutBack => Command::ClockPutBack,
            Move::FollowUpPosted(ts) => Command::FollowUpPosted { message: message(ts.to_string()) },
            Move::Close { who, manager } => {
                Command::Close { by: who.or(on_it).unwrap_or("nobody".into()), manager }
            }
        }
    }
}

fn any_move() -> impl Strategy<Value = Move> {
    let off = || prop_oneof![6 => Just(0_i64), 1 => -2..=2_i64];
    // Most often whoever may; now and then a manager, or somebody who may not.
    let who = || (prop_oneof![3 => Just(None), 1 => any_user().prop_map(Some)], any::<bool>());
    let someone = || (any_user().prop_map(Some), prop::bool::weighted(0.2));
    let candidates = || prop::collection::vec((any_user(), any_verdict()), 0..7);
    let hunt = candidates().prop_map(|found| {
        let candidate = |(user, verdict)| Candidate::new(user, verdict);
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
        2 => (0..4_u8, off(), 0..2_u8).prop_map(|(what, off, why)| Move::Refuse { what, off, why }),
        1 => (any_user(), any_via(), any::<bool>())
            .prop_map(|(by, via, eligible)| Move::Acknowledge { by, via, eligible }),
        1 => Just(Move::ShowSchedule),
        1 => any_user().prop_map(|by| Move::ResumeHunt { by }),
        1 => any_user().prop_map(|by| Move::CallManagers { by }),
        4 => who().prop_map(|(who, manager)| Move::HandOver { who, manager }),
        1 => someone().prop_map(|(who, manager)| Move::Cancel { who, manager }),
        2 => Just(Move::Delay),
        1 => Just(Move::ClockPutBack),
        1 => (0..9_u8).prop_map(Move::FollowUpPosted),
        1 => someone().prop_map(|(who, manager)| Move::Close { who, manager }),
    ]
}

/// Moves with the seconds between them; now and then the clock is put back.
pub(super) fn any_moves() -> impl Strategy<Value = Vec<(i64, Move)>> {
    let seconds = prop_oneof![8 => 0..150_i64, 1 => -150..0_i64];
    prop::collection::vec((seconds, any_move()), 0..60)
}

pub(super) fn play(course: &mut Course, from: i64, moves: &[(i64, Move)]) -> i64 {
    let mut now = from;
    for (seconds, step) in moves {
        now += seconds;
        let command = step.command(course.state.as_ref());
        course.give(&command, at(now));
    }
    now
}
