//! Incidents to tell of, and people with every verdict.

use jiff::civil::{date, time};
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{Delay, ManagersReason, ManagersWhom, Report, Via, replay};
use pagerslack_core::{Candidate, Event, Incident, MessageRef, Recorded, RotationId, UserId, Verdict};

use crate::client::Refusal;

const NOON: &str = "2026-11-24T12:00:00Z";

/// What people wrote.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    /// The incident's address, as the command has normalised it.
    pub url: &'a str,
    /// What the reporter wrote beside it, as the command has cut it.
    pub note: &'a str,
    /// Whatever else comes from outside: statuses, reasons, names of holidays and zones, error codes, settings.
    pub other: &'a str,
}

/// Tells an incident, event by event, each some seconds after the report.
pub(super) struct Story {
    log: Vec<Recorded>,
}

impl Story {
    pub(super) fn of(texts: &Texts<'_>) -> Self {
        Self::with_first(texts, None)
    }

    pub(super) fn with_first(texts: &Texts<'_>, first: Option<&str>) -> Self {
        let report = Report {
            incident: "7k3m9q2w5x8r4t6y".into(),
            rotation: RotationId::new("T1".into(), "C1".into()),
            url: texts.url.to_owned(),
            note: texts.note.to_owned(),
            reporter: "U1".into(),
            machine: None,
            first: first.map(UserId::new),
            response_url: None,
        };
        Self { log: vec![] }.then(0, Event::Reported(report))
    }

    /// The same, reported by a machine of this name.
    pub(super) fn of_machine(texts: &Texts<'_>, name: &str) -> Self {
        let mut story = Self::of(texts);
        if let Some(Recorded { event: Event::Reported(report), .. }) = story.log.first_mut() {
            (report.reporter, report.machine) = (Report::nobody(), Some(name.to_owned()));
        }
        story
    }

    pub(super) fn then(mut self, seconds: i64, event: Event) -> Self {
        let at = at(seconds);
        self.log.push(Recorded { seq: self.log.len() as u64 + 1, at, event });
        self
    }

    pub(super) fn posted(self) -> Self {
        self.then(0, Event::RootPosted { message: message("1.0") })
    }

    pub(super) fn paged(self, seconds: i64, attempt: u32, responder: &str) -> Self {
        self.chosen(seconds, attempt, responder, vec![candidate(responder, Verdict::Available)])
    }

    pub(super) fn chosen(
        self,
        seconds: i64,
        attempt: u32,
        responder: &str,
        considered: Vec<Candidate>,
    ) -> Self {
        let deadline = at(seconds + 120);
        self.then(seconds, Event::Paged { attempt, responder: responder.into(), considered, deadline })
            .then(seconds, Event::PagePosted { attempt, message: message(&format!("2.{attempt}")), deadline })
    }

    pub(super) fn timed_out(self, seconds: i64, attempt: u32) -> Self {
        self.then(seconds, Event::PageTimedOut { attempt })
    }

    pub(super) fn passed(self, seconds: i64, attempt: u32, by: &str) -> Self {
        self.then(seconds, Event::Passed { attempt, by: by.into() })
    }

    pub(super) fn managers(
        self,
        seconds: i64,
        round: u32,
        whom: ManagersWhom,
        reason: ManagersReason,
    ) -> Self {
        let direct = matches!(reason, ManagersReason::CannotPost { .. });
        self.then(seconds, Event::ManagersPaged { round, whom, reason, direct, deadline: None })
    }

    /// Slack keeps the present step waiting.
    pub(super) fn delayed(self, seconds: i64, why: Delay) -> Self {
        self.then(seconds, Event::Delayed { why })
    }

    pub(super) fn taken(self, seconds: i64, by: &str) -> Self {
        self.then(seconds, Event::Acknowledged { by: by.into(), via: Via::Reaction, zone: None })
    }

    pub(super) fn handed_over(self, seconds: i64, from: &str, by: &str) -> Self {
        self.then(seconds, Event::HandedOver { from: from.into(), by: by.into() })
    }

    pub(super) fn cancelled(self, seconds: i64, by: &str) -> Self {
        self.then(seconds, Event::Cancelled { by: by.into() })
    }

    pub(super) fn closed(self, seconds: i64, by: &str) -> Self {
        self.then(seconds, Event::Closed { by: by.into() })
    }

    pub(super) fn schedule(self, seconds: i64, link: &str, day: &str) -> Self {
        self.then(seconds, Event::ScheduleShown { link: link.to_owned(), day: day.to_owned() })
    }

    pub(super) fn tell(&self) -> Incident {
        replay(&self.log).unwrap()
    }
}

/// Two people have been asked in vain.
pub(super) fn two_asked(texts: &Texts<'_>) -> Story {
    let story = Story::of(texts).posted().paged(0, 1, "U2").timed_out(120, 1);
    story.paged(120, 2, "U3").timed_out(240, 2)
}

pub(super) fn at(seconds: i64) -> Timestamp {
    NOON.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn message(ts: &str) -> MessageRef {
    MessageRef::new("C1".into(), ts.into())
}

pub(super) fn candidate(user: &str, verdict: Verdict) -> Candidate {
    Candidate::new(user.into(), verdict)
}

/// Somebody available whose last turn was so many seconds before the report.
pub(super) fn turned(user: &str, seconds: i64) -> Candidate {
    Candidate { last_turn: Some(at(-seconds)), ..candidate(user, Verdict::Available) }
}

pub(super) fn managers_of(users: &[&str]) -> ManagersWhom {
    ManagersWhom { users: users.iter().map(UserId::new).collect(), group: None, incomplete: false }
}

/// Every verdict there is.
pub(super) fn verdicts(other: &str) -> Vec<Verdict> {
    let other = || other.to_owned();
    let all = vec![
        Verdict::Away,
        Verdict::DoNotDisturb { until: at(3_600) },
        Verdict::SaidAway { until: at(7_200) },
        Verdict::Status { status: format!(":palm_tree: {}", other()), until: Some(at(400_000)) },
        Verdict::OutsideHours { local: time(23, 10, 0, 0), zone: other() },
        Verdict::Holiday { name: other() },
        Verdict::Excluded { until: Some(date(2026, 12, 1)), reason: Some(other()) },
        Verdict::NotVolunteering,
        Verdict::New { until: date(2027, 1, 15) },
        Verdict::NotOnRoster,
        Verdict::Guest,
        Verdict::Stranger,
        Verdict::Deactivated,
        Verdict::Unknown { why: other() },
        Verdict::AskedAlready,
        Verdict::Manager,
        Verdict::Bot,
        Verdict::Available,
    ];
    let mut there: Vec<usize> = all.iter().map(number_of).collect();
    there.sort_unstable();
    assert_eq!(there, (0..all.len()).collect::<Vec<_>>(), "each verdict once");
    all
}

/// A new verdict does not compile here, and belongs into [`verdicts`].
fn number_of(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Available => 0,
        Verdict::Excluded { .. } => 1,
        Verdict::NotOnRoster => 2,
        Verdict::New { .. } => 3,
        Verdict::Holiday { .. } => 4,
        Verdict::NotVolunteering => 5,
        Verdict::OutsideHours { .. } => 6,
        Verdict::Status { .. } => 7,
        Verdict::Away => 8,
        Verdict::DoNotDisturb { .. } => 9,
        Verdict::AskedAlready => 10,
        Verdict::Manager => 11,
        Verdict::Deactivated => 12,
        Verdict::Guest => 13,
        Verdict::Stranger => 14,
        Verdict::Bot => 15,
        Verdict::Unknown { .. } => 16,
        Verdict::SaidAway { .. } => 17,
    }
}

/// One person of each verdict but the available one, and three more who are away.
pub(super) fn considered(other: &str) -> Vec<Candidate> {
    let verdicts = verdicts(other).into_iter().filter(|verdict| *verdict != Verdict::Available);
    let away = [Verdict::Away, Verdict::Away, Verdict::Away];
    let turn = |id: i64| (id % 4 > 0).then(|| at(-100_000 * (30 - id)));
    (10..)
        .zip(away.into_iter().chain(verdicts))
        .map(|(id, it)| Candidate { last_turn: turn(id), ..candidate(&format!("U{id}"), it) })
        .collect()
}

pub(super) fn nobody_available(other: &str) -> ManagersReason {
    ManagersReason::NobodyAvailable { considered: considered(other) }
}

/// Every reason for which the managers are called.
pub(super) fn manager_reasons(other: &str) -> Vec<(&'static str, ManagersReason)> {
    let all = [
        ManagersReason::AttemptsUsedUp,
        nobody_available(other),
        ManagersReason::CannotTell { why: other.to_owned() },
        ManagersReason::CannotPost { why: other.to_owned() },
        ManagersReason::NoAnswer,
        ManagersReason::OnDemand { by: "U5".into() },
    ];
    all.into_iter()
        .map(|reason| {
            let when = match &reason {
                ManagersReason::AttemptsUsedUp => "managers: attempts used up",
                ManagersReason::NobodyAvailable { .. } => "managers: nobody available",
                ManagersReason::CannotTell { .. } => "managers: Slack does not say who is there",
                ManagersReason::CannotPost { .. } => "managers: directly",
                ManagersReason::NoAnswer => "managers: nobody answered",
                ManagersReason::OnDemand { .. } => "managers: on demand",
            };
            (when, reason)
        })
        .collect()
}

pub(super) fn refusal(code: &str, needed: Option<&str>) -> Refusal {
    Refusal {
        method: "chat.postMessage".into(),
        code: code.into(),
        needed: needed.map(Into::into),
        provided: None,
    }
}
