//! People, places and one of everything that can be stored.

use jiff::civil::{date, time};
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{Delay, ManagersReason, ManagersWhom, Posting, Via};
use pagerslack_core::job::{AnswerTo, Notice, Question, Wish, Word};
use pagerslack_core::{
    Candidate, Event, IncidentId, Job, JobKind, Message, MessageRef, Recorded, Report, RotationId, TeamId,
    Verdict,
};

use crate::{Claim, ClaimedJob, Commit, Disposal, IncidentIndex, Store, StoreError};

/// The address that the stories are about.
pub(super) const URL: &str = "https://example.com/incidents/1";

/// When the stories begin, in September 2026.
pub(super) fn start() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_790_000_000)
}

/// So many seconds into the story.
pub(super) fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

/// An instant that only nanoseconds can tell from its neighbours.
pub(super) fn precise() -> Timestamp {
    start() + SignedDuration::from_nanos(123_456_789)
}

pub(super) fn team() -> TeamId {
    "T1".into()
}

pub(super) fn rotation() -> RotationId {
    RotationId::new(team(), "C1".into())
}

pub(super) fn incident() -> IncidentId {
    "incident-1".into()
}

pub(super) fn message(ts: &str) -> MessageRef {
    MessageRef::new("C1".into(), ts.into())
}

/// A commit about the usual incident that changes nothing yet.
pub(super) fn commit(expected_version: u64) -> Commit {
    Commit::new(team(), incident(), expected_version)
}

/// A commit that appends one harmless event.
pub(super) fn append(incident: &IncidentId, expected_version: u64) -> Commit {
    let mut commit = Commit::new(team(), incident.clone(), expected_version);
    commit.events.push(recorded(expected_version + 1));
    commit
}

/// A harmless event.
pub(super) fn recorded(seq: u64) -> Recorded {
    Recorded { seq, at: start(), event: Event::AckRefused { by: "U1".into() } }
}

/// How the usual address is indexed.
pub(super) fn index(open: bool) -> Option<IncidentIndex> {
    Some(IncidentIndex { rotation: rotation(), url: URL.to_owned(), open })
}

pub(super) fn job(kind: JobKind, due: Timestamp) -> Job {
    Job::new(&rotation(), &incident(), kind, due)
}

/// The job of an attempt's deadline: as many different jobs as needed.
pub(super) fn deadline(attempt: u32, due: Timestamp) -> Job {
    job(JobKind::PageDeadline { attempt }, due)
}

/// A commit that adds jobs.
pub(super) fn adding(jobs: impl IntoIterator<Item = Job>) -> Commit {
    let mut commit = commit(0);
    commit.add.extend(jobs);
    commit
}

/// A commit in the course of a claimed job.
pub(super) fn disposing(claimed: &ClaimedJob, disposal: Disposal) -> Commit {
    let mut commit = commit(0);
    commit.job = Some((claimed.job.key.clone(), claimed.fence, disposal));
    commit
}

/// Claims everything due, for a minute.
pub(super) async fn claim(store: &dyn Store, now: Timestamp) -> Result<Vec<ClaimedJob>, StoreError> {
    let claim = Claim { now, lease_until: now + SignedDuration::from_mins(1), limit: usize::MAX };
    store.claim(claim).await
}

/// Claims the one job due.
pub(super) async fn claim_one(store: &dyn Store, now: Timestamp) -> Result<ClaimedJob, StoreError> {
    let mut claimed = claim(store, now).await?;
    assert_eq!(claimed.len(), 1, "exactly one job is due");
    Ok(claimed.remove(0))
}

/// One of every event, and more where a field may be absent.
pub(super) fn every_event() -> Vec<Event> {
    let report = Report {
        incident: incident(),
        rotation: rotation(),
        url: URL.to_owned(),
        note: "\u{202e} it's \"down\" & <!here> \u{0} \u{1f440}\n".to_owned(),
        reporter: "W1".into(),
        machine: None,
        first: Some("U3".into()),
        response_url: Some("https://hooks.example.com/1".to_owned()),
    };
    let quiet = Report { note: String::new(), first: None, response_url: None, ..report.clone() };
    let mut events = vec![
        Event::Reported(report),
        Event::Reported(quiet),
        Event::RootPosted { message: message("1.1") },
        Event::Paged { attempt: 1, responder: "U1".into(), considered: every_verdict(), deadline: precise() },
        Event::PagePosted { attempt: 1, message: message("1.2"), deadline: precise() },
        Event::PageTimedOut { attempt: u32::MAX },
        Event::Passed { attempt: 1, by: "U1".into() },
        Event::ManagersPosted { round: 1, message: message("1.3") },
        Event::AckRefused { by: "U1".into() },
        Event::ScheduleShown { link: URL.to_owned(), day: "the weekend".to_owned() },
        Event::HuntResumed { by: "U1".into() },
        Event::HandedOver { from: "U1".into(), by: "U2".into() },
        Event::Delayed { why: Delay::Limited },
        Event::Delayed { why: Delay::NoAnswer },
        Event::ClockPutBack { deadline: None },
        Event::ClockPutBack { deadline: Some(precise()) },
        Event::Cancelled { by: "U1".into() },
        Event::FollowUpPosted { message: message("1.4") },
        Event::Closed { by: "U1".into() },
        Event::Resolved,
    ];
    let why = || "channel_not_found".to_owned();
    events.extend(
        [Posting::Root, Posting::Page { attempt: 2 }, Posting::Managers { round: 3 }, Posting::FollowUp]
            .map(|posting| Event::PostRefused { posting, why: why() }),
    );
    events.extend([Via::Reaction, Via::Button, Via::ReadBack].map(|via| Event::Acknowledged {
        by: "U1".into(),
        via,
        zone: None,
    }));
    let considered = every_verdict();
    let reasons = [
        ManagersReason::AttemptsUsedUp,
        ManagersReason::NobodyAvailable { considered },
        ManagersReason::CannotTell { why: why() },
        ManagersReason::CannotPost { why: why() },
        ManagersReason::NoAnswer,
        ManagersReason::OnDemand { by: "U1".into() },
    ];
    events.extend(reasons.into_iter().enumerate().map(|(number, reason)| Event::ManagersPaged {
        round: 1,
        whom: ManagersWhom {
            users: vec!["U8".into(), "U9".into()],
            group: (number % 2 == 0).then(|| "S1".into()),
            incomplete: number % 3 == 0,
        },
        reason,
        direct: number % 2 == 1,
        deadline: (number > 0).then(precise),
    }));
    events
}

fn every_verdict() -> Vec<Candidate> {
    let why = "presence: ratelimited".to_owned();
    let verdicts = [
        Verdict::Available,
        Verdict::Excluded { until: None, reason: Some("on \"leave\"".to_owned()) },
        Verdict::Excluded { until: Some(date(2026, 12, 31)), reason: None },
        Verdict::NotOnRoster,
        Verdict::New { until: date(2028, 2, 29) },
        Verdict::Holiday { name: "Dia da Liberdade".to_owned() },
        Verdict::NotVolunteering,
        Verdict::OutsideHours { local: time(23, 5, 0, 0), zone: "Asia/Kolkata".to_owned() },
        Verdict::Status { status: ":palm_tree: away".to_owned(), until: Some(precise()) },
        Verdict::Away,
        Verdict::SaidAway { until: precise() },
        Verdict::DoNotDisturb { until: precise() },
        Verdict::AskedAlready,
        Verdict::Manager,
        Verdict::Deactivated,
        Verdict::Guest,
        Verdict::Stranger,
        Verdict::Bot,
        Verdict::Unknown { why },
    ];
    verdicts.into_iter().map(|verdict| Candidate::new("U1".into(), verdict)).collect()
}

/// One of every kind of job.
pub(crate) fn every_job_kind() -> Vec<JobKind> {
    let mut kinds = vec![
        JobKind::Hunt,
        JobKind::RootDeadline,
        JobKind::PageDeadline { attempt: 1 },
        JobKind::ManagersDeadline { round: 1 },
        JobKind::ConsiderAck { by: "U1".into(), message: message("1.1"), button: true },
        JobKind::Answer {
            user: "U1".into(),
            question: Question::Why { url: Some(URL.to_owned()) },
            to: AnswerTo::Command { channel: "C1".into(), response_url: URL.to_owned() },
        },
        JobKind::FollowUp { taken: 1 },
        JobKind::Wish { by: "U1".into(), wish: Wish::HandOver },
        JobKind::NudgeSweep,
        JobKind::ReadBack,
        JobKind::Nudge { user: "U1".into() },
        JobKind::Alert { to: "C9".to_owned(), text: "oncall.csv: \"line 3\"".to_owned() },
        JobKind::Home { user: "U1".into() },
        JobKind::Stand { user: "U1".into(), word: Word::Away { until: precise() } },
        JobKind::OpenReportForm { trigger_id: "1.2.3".to_owned() },
    ];
    let why = "not_in_channel".to_owned();
    let messages = [
        Message::Root,
        Message::RootUpdate { version: u64::MAX },
        Message::Page { attempt: 1 },
        Message::PageUpdate { attempt: 1 },
        Message::Managers { round: 1 },
        Message::ManagersUpdate { round: 1 },
        Message::ManagerDirect { round: 1, user: "U9".into() },
        Message::Taken { taken: 1 },
        Message::HandedOver { taken: 1 },
        Message::Cancelled,
        Message::Resolved,
        Message::FollowUp,
        Message::Delayed,
        Message::FollowUpUpdate,
        Message::Notice { user: "U1".into(), notice: Notice::AckRefused },
        Message::Notice { user: "U1".into(), notice: Notice::WhyMe { attempt: 2 } },
        Message::TellReporter { why },
    ];
    kinds.extend(messages.map(JobKind::Send));
    kinds
}

#[cfg(test)]
mod tests {
    //! Whoever adds an event or a kind of job to the rules is led here by the compiler, and adds a sample.

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_samples_show_every_event() {
        let kinds: BTreeSet<usize> = every_event().iter().map(event_kind).collect();
        assert!(kinds.into_iter().eq(0..=19));
    }

    #[test]
    fn the_samples_show_every_kind_of_job() {
        let kinds: BTreeSet<usize> = every_job_kind().iter().map(job_kind).collect();
        assert!(kinds.into_iter().eq(0..=30));
    }

    fn event_kind(event: &Event) -> usize {
        match event {
            Event::Reported(_) => 0,
            Event::RootPosted { .. } => 1,
            Event::Paged { .. } => 2,
            Event::PagePosted { .. } => 3,
            Event::PageTimedOut { .. } => 4,
            Event::Passed { .. } => 5,
            Event::ManagersPaged { .. } => 6,
            Event::ManagersPosted { .. } => 7,
            Event::PostRefused { .. } => 8,
            Event::Acknowledged { .. } => 9,
            Event::AckRefused { .. } => 10,
            Event::ScheduleShown { .. } => 11,
            Event::HandedOver { .. } => 12,
            Event::Cancelled { .. } => 13,
            Event::FollowUpPosted { .. } => 14,
            Event::Closed { .. } => 15,
            Event::HuntResumed { .. } => 16,
            Event::ClockPutBack { .. } => 17,
            Event::Delayed { .. } => 18,
            Event::Resolved => 19,
        }
    }

    fn job_kind(kind: &JobKind) -> usize {
        match kind {
            JobKind::Hunt => 0,
            JobKind::RootDeadline => 1,
            JobKind::PageDeadline { .. } => 2,
            JobKind::ManagersDeadline { .. } => 3,
            JobKind::ConsiderAck { .. } => 4,
            JobKind::Send(message) => match message {
                Message::Root => 5,
                Message::RootUpdate { .. } => 6,
                Message::Page { .. } => 7,
                Message::PageUpdate { .. } => 8,
                Message::Managers { .. } => 9,
                Message::ManagerDirect { .. } => 10,
                Message::Taken { .. } => 11,
                Message::Notice { .. } => 12,
                Message::TellReporter { .. } => 13,
                Message::ManagersUpdate { .. } => 14,
                Message::HandedOver { .. } => 16,
                Message::Cancelled => 17,
                Message::FollowUp => 18,
                Message::FollowUpUpdate => 19,
                Message::Delayed => 26,
                Message::Resolved => 30,
            },
            JobKind::Answer { .. } => 15,
            JobKind::FollowUp { .. } => 20,
            JobKind::NudgeSweep => 21,
            JobKind::Nudge { .. } => 22,
            JobKind::Alert { .. } => 23,
            JobKind::Wish { .. } => 24,
            JobKind::ReadBack => 25,
            JobKind::Home { .. } => 27,
            JobKind::Stand { .. } => 28,
            JobKind::OpenReportForm { .. } => 29,
        }
    }
}
