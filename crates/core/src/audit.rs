//! Whether everything that an open incident needs is on its way (P1).
//!
//! Jobs follow from events and are committed with them, so in a sound store nothing here is ever found. An auditor
//! looks nevertheless: a row may be lost with a disk, to a hand in the database, or to a mistake of ours, and a
//! clock may be put back. [`needed`] says what a state calls for, [`examine`] compares that with what there is.
//!
//! What is deliberately not here: mending. A [`Finding`] carries what mends it, as a job or as a command, and
//! whoever looked gives it the ordinary way.

use jiff::{SignedDuration, Timestamp};

use crate::incident::{Incident, ManagerRound, Phase, Posting};
use crate::job::{Job, JobKey, JobKind, LONGEST_WAIT_OUTSIDE, Message, Urgency};
use crate::policy::Policy;

/// A clock that runs behind what was recorded by less than this has not been put back: two commits may have read
/// it in another order, and so short a wait too many is none.
const CLOCK_PUT_BACK: SignedDuration = SignedDuration::from_secs(10);

/// A job that is overdue by more than this, or whose lease has been over for as long, is late: nobody takes it up.
const LATE: SignedDuration = SignedDuration::from_mins(1);

/// How much further ahead than the policy can explain a job may lie.
const TOO_FAR: SignedDuration = SignedDuration::from_mins(1);

/// A job as it stands in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobState {
    /// The job.
    pub job: Job,
    /// Until when somebody holds it; `None` while it is free.
    pub lease_until: Option<Timestamp>,
    /// How often it has been claimed.
    pub tries: u32,
    /// Whether it is unknown if its effect has happened.
    pub doubtful: bool,
}

/// What is wrong with an open incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A job is not there that the incident needs. Restored as doubtful: the lost one may have had its effect (P2).
    Missing(Job),
    /// A job lies further ahead than anything explains; here with the time that it should have.
    TooFarAhead(Job),
    /// The log speaks of the future: the clock was put back, and the waits that began by the old one would last
    /// too long. Mended by [`crate::Command::ClockPutBack`].
    ClockPutBack,
    /// A job is there and nobody takes it up. Nothing can be mended in the store.
    Late {
        /// Which.
        key: JobKey,
        /// Since when it could have been taken up.
        since: Timestamp,
    },
}

/// Compares what an incident needs with the jobs that there are about it. Nothing is wrong with one that is over, but that
/// somebody outside may not have been told so.
pub fn examine(incident: &Incident, jobs: &[JobState], policy: &Policy, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wanted in needed(incident, policy, now) {
        match jobs.iter().find(|there| there.job.key == wanted.key) {
            None => findings.push(Finding::Missing(wanted)),
            Some(there) => findings.extend(at_the_wrong_time(there, wanted, policy, now)),
        }
    }
    findings.extend(jobs.iter().filter_map(|there| tells_at_the_wrong_time(there, now)));
    if clock_was_put_back(incident, now) {
        findings.push(Finding::ClockPutBack);
    }
    findings
}

/// Every job that an incident needs so that it goes on, each with the time at which it is due at the latest.
pub fn needed(incident: &Incident, policy: &Policy, now: Timestamp) -> Vec<Job> {
    if !incident.is_open() {
        return Vec::new();
    }
    let mut kinds = Vec::new();
    let looking = !matches!(incident.phase, Phase::ManagersPaged { .. });
    if incident.root.is_none() {
        // A root message that Slack refuses is tried for an hour and then given up.
        if !is_refused(incident, Posting::Root) {
            kinds.push((JobKind::Send(Message::Root), now));
        }
        if looking {
            let due = incident.wanted_since().min(now) + policy.ack_timeout;
            kinds.push((JobKind::RootDeadline, due));
        }
    }
    match &incident.phase {
        Phase::Hunting { .. } => kinds.push((JobKind::Hunt, now)),
        Phase::Paging { attempt, deadline, .. } => {
            kinds.push((JobKind::PageDeadline { attempt: *attempt }, *deadline));
            let unsent = incident.attempt(*attempt).is_some_and(|found| found.message.is_none());
            if unsent && incident.root.is_some() {
                kinds.push((JobKind::Send(Message::Page { attempt: *attempt }), now));
            }
        }
        Phase::ManagersPaged { round, deadline } => {
            if let Some(deadline) = deadline {
                kinds.push((JobKind::ManagersDeadline { round: *round }, *deadline));
            }
            if let Some(found) = incident.manager_round(*round) {
                let messages = messages_of(incident, *round, found);
                kinds.extend(messages.into_iter().map(|message| (JobKind::Send(message), now)));
            }
        }
        Phase::ScheduleShown { .. }
        | Phase::Acknowledged { .. }
        | Phase::Cancelled { .. }
        | Phase::Closed { .. } => {}
    }
    let report = &incident.report;
    let job = |(kind, due)| Job::new(&report.rotation, &report.incident, kind, due);
    kinds.into_iter().map(job).map(|job| hurried(incident, job)).collect()
}

/// Whether the log places the present state in the future.
pub fn clock_was_put_back(incident: &Incident, now: Timestamp) -> bool {
    let began = match &incident.phase {
        Phase::Hunting { since } => Some(*since),
        Phase::Paging { attempt, .. } => incident.attempt(*attempt).map(|found| found.paged_at),
        Phase::ManagersPaged { round, .. } => incident.manager_round(*round).map(|found| found.at),
        Phase::ScheduleShown { at } => Some(*at),
        Phase::Acknowledged { .. } | Phase::Cancelled { .. } | Phase::Closed { .. } => None,
    };
    began.is_some_and(|began| began > now + CLOCK_PUT_BACK)
}

/// The messages of a managers' page that must be on their way. Direct ones are told apart by nobody once one of
/// them stands, or was refused: then somebody was reached, or the refusal has called for what follows.
fn messages_of(incident: &Incident, round: u32, found: &ManagerRound) -> Vec<Message> {
    if !found.messages.is_empty() || is_refused(incident, Posting::Managers { round }) {
        return Vec::new();
    }
    if found.direct {
        let direct = |user| Message::ManagerDirect { round, user };
        found.whom.users.iter().cloned().map(direct).collect()
    } else {
        vec![Message::Managers { round }]
    }
}

fn is_refused(incident: &Incident, posting: Posting) -> bool {
    incident.refusals.iter().any(|(refused, _)| *refused == posting)
}

/// The root message of somebody already chosen goes before the other roots.
fn hurried(incident: &Incident, job: Job) -> Job {
    let awaited = job.kind == JobKind::Send(Message::Root) && matches!(incident.phase, Phase::Paging { .. });
    if awaited { Job { urgency: Urgency::Awaited, ..job } } else { job }
}

fn at_the_wrong_time(there: &JobState, wanted: Job, policy: &Policy, now: Timestamp) -> Option<Finding> {
    let due = there.job.due;
    let since = there.lease_until.unwrap_or(due);
    if since + LATE < now {
        return Some(Finding::Late { key: wanted.key, since });
    }
    let latest = match &wanted.kind {
        JobKind::Hunt => now + policy.patience.max(policy.rate_limit_patience()),
        JobKind::RootDeadline => now + policy.ack_timeout,
        JobKind::PageDeadline { .. } | JobKind::ManagersDeadline { .. } => wanted.due.max(now),
        // A post waits for as long as Slack says.
        _ => return None,
    };
    let too_far = there.lease_until.is_none() && due > latest + TOO_FAR;
    too_far.then(|| Finding::TooFarAhead(Job { due: wanted.due.max(now), ..there.job.clone() }))
}

/// The same for what somebody outside is to be told. Whether they have been told is written nowhere but in the job, so
/// that one is missing cannot be found.
fn tells_at_the_wrong_time(there: &JobState, now: Timestamp) -> Option<Finding> {
    if !matches!(there.job.kind, JobKind::Webhook { .. }) {
        return None;
    }
    let since = there.lease_until.unwrap_or(there.job.due);
    if since + LATE < now {
        return Some(Finding::Late { key: there.job.key.clone(), since });
    }
    let too_far = there.lease_until.is_none() && there.job.due > now + LONGEST_WAIT_OUTSIDE + TOO_FAR;
    too_far.then(|| Finding::TooFarAhead(Job { due: now, ..there.job.clone() }))
}

#[cfg(test)]
mod tests;
