//! Which jobs follow from an event.

use jiff::Timestamp;

use super::{Job, JobKey, JobKind, Message, Notice, Urgency};
use crate::audit::needed;
use crate::availability::Candidate;
use crate::incident::{AttemptEnd, Event, Incident, ManagersReason, Phase, Posting, Recorded};
use crate::policy::Policy;

/// What an event changes about the jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Jobs to add, or to move to a new due time.
    pub add: Vec<Job>,
    /// Jobs that are pointless now.
    pub remove: Vec<JobKey>,
}

/// What must be done because of `recorded`, which led to `after`.
pub fn plan(recorded: &Recorded, after: &Incident, policy: &Policy) -> Plan {
    let mut planner = Planner { incident: after, now: recorded.at, plan: Plan::default() };
    match &recorded.event {
        Event::Reported(_) => {
            planner.send(Message::Root);
            planner.add(JobKind::Hunt, recorded.at);
            planner.add(JobKind::RootDeadline, recorded.at + policy.ack_timeout);
        }
        Event::RootPosted { .. } => {
            planner.remove(&JobKind::RootDeadline);
            if after.resolved_at.is_some() {
                planner.send(Message::Resolved);
            }
            match &after.phase {
                // A hunt that found nobody, or nobody who could be reached, waits for the thread.
                Phase::Hunting { .. } => planner.add(JobKind::Hunt, recorded.at),
                Phase::Paging { attempt, .. } => {
                    planner.send(Message::Page { attempt: *attempt });
                    planner.update_root();
                }
                Phase::ManagersPaged { .. } | Phase::ScheduleShown { .. } => planner.update_root(),
                Phase::Acknowledged { .. } | Phase::Closed { .. } => {
                    planner.say_taken();
                    planner.update_root();
                }
                Phase::Cancelled { .. } => {
                    planner.send(Message::Cancelled);
                    planner.update_root();
                }
            }
        }
        Event::Paged { attempt, deadline, considered, .. } => {
            planner.add(JobKind::PageDeadline { attempt: *attempt }, *deadline);
            if after.root.is_some() {
                planner.send(Message::Page { attempt: *attempt });
                planner.update_root();
            } else {
                planner.hurry_root();
            }
            if *attempt == 1 {
                planner.warn_of_first(considered);
            }
        }
        Event::PagePosted { attempt, deadline, .. } => {
            if after.current_attempt().is_some_and(|(current, _)| current == *attempt) {
                planner.add(JobKind::PageDeadline { attempt: *attempt }, *deadline);
            } else {
                planner.send(Message::PageUpdate { attempt: *attempt });
            }
            planner.update_root_if_retold();
        }
        Event::PageTimedOut { attempt } | Event::Passed { attempt, .. } => {
            planner.remove(&JobKind::PageDeadline { attempt: *attempt });
            planner.add(JobKind::Hunt, recorded.at);
            planner.over(*attempt);
            planner.update_root();
        }
        Event::ManagersPaged { round, whom, reason, direct, deadline } => {
            planner.managers(*round, whom, *direct, *deadline);
            if let ManagersReason::NobodyAvailable { considered } = reason
                && *round == 1
                && after.attempts.is_empty()
            {
                planner.warn_of_first(considered);
            }
        }
        Event::ManagersPosted { round, .. } => {
            if !after.is_open() {
                planner.send(Message::ManagersUpdate { round: *round });
            }
            planner.update_root_if_retold();
        }
        Event::PostRefused { why, .. } => {
            if after.report.response_url.is_some() {
                planner.send(Message::TellReporter { why: why.clone() });
            }
        }
        Event::Acknowledged { .. } => {
            planner.nobody_needed();
            planner.say_taken();
            planner.update_root();
            if let Some(wait) = policy.follow_up_after
                && after.follow_up.is_none()
            {
                planner.add(JobKind::FollowUp { taken: after.times_taken() }, recorded.at + wait);
            }
        }
        Event::AckRefused { by } => {
            planner.send(Message::Notice { user: by.clone(), notice: Notice::AckRefused })
        }
        Event::ScheduleShown { .. } => {
            planner.remove(&JobKind::Hunt);
            planner.update_root();
        }
        Event::HuntResumed { .. } => {
            planner.add(JobKind::Hunt, recorded.at);
            planner.update_root();
        }
        Event::HandedOver { .. } => {
            let taken = after.times_taken();
            planner.remove(&JobKind::FollowUp { taken });
            planner.add(JobKind::Hunt, recorded.at);
            if after.root.is_some() {
                planner.send(Message::HandedOver { taken });
            } else {
                // Only this bounds the wait for a thread that never comes (P1).
                planner.add(JobKind::RootDeadline, recorded.at + policy.ack_timeout);
            }
            // Its page says that they are on it.
            if let Some((attempt, found)) = (1..).zip(&after.attempts).last()
                && found.end == Some(AttemptEnd::HandedOver)
            {
                planner.over(attempt);
            }
            planner.update_root();
        }
        Event::Delayed { .. } => {
            if after.root.is_none() && after.report.response_url.is_some() {
                planner.send(Message::Delayed);
            }
            planner.update_root();
        }
        Event::ClockPutBack { .. } => planner.plan.add.extend(needed(after, policy, recorded.at)),
        Event::Cancelled { .. } => {
            planner.nobody_needed();
            if after.root.is_some() {
                planner.send(Message::Cancelled);
            }
            planner.update_root();
        }
        Event::Resolved => {
            if after.root.is_some() {
                planner.send(Message::Resolved);
            }
            planner.update_root();
        }
        Event::FollowUpPosted { .. } => {
            if matches!(after.phase, Phase::Closed { .. }) {
                planner.send(Message::FollowUpUpdate);
            }
        }
        Event::Closed { .. } => {
            planner.remove(&JobKind::FollowUp { taken: after.times_taken() });
            if after.follow_up.is_some() {
                planner.send(Message::FollowUpUpdate);
            }
            planner.update_root();
        }
    }
    planner.plan
}

struct Planner<'a> {
    incident: &'a Incident,
    now: Timestamp,
    plan: Plan,
}

impl Planner<'_> {
    fn add(&mut self, kind: JobKind, due: Timestamp) {
        let report = &self.incident.report;
        self.plan.add.push(Job::new(&report.rotation, &report.incident, kind, due));
    }

    fn remove(&mut self, kind: &JobKind) {
        self.plan.remove.push(JobKey::of(&self.incident.report.incident, kind));
    }

    fn send(&mut self, message: Message) {
        self.add(JobKind::Send(message), self.now);
    }

    fn update_root(&mut self) {
        if self.incident.root.is_some() {
            self.send(Message::RootUpdate { version: self.incident.version });
        }
    }

    /// The root message no longer tells of a delay.
    fn update_root_if_retold(&mut self) {
        if self.incident.retold_at == self.incident.version {
            self.update_root();
        }
    }

    /// Somebody has been chosen and cannot be paged before the thread stands. In a storm of reports it would
    /// otherwise wait behind all threads for which nobody has been found yet.
    ///
    /// One that Slack has refused is tried again by itself as long as that makes sense. Added anew, it would have
    /// forgotten that an earlier try may have landed (P2).
    fn hurry_root(&mut self) {
        if self.incident.refusals.iter().any(|(posting, _)| *posting == Posting::Root) {
            return;
        }
        let report = &self.incident.report;
        let root = Job::new(&report.rotation, &report.incident, JobKind::Send(Message::Root), self.now);
        self.plan.add.push(Job { urgency: Urgency::Awaited, ..root });
    }

    /// Takes the buttons off the page of an attempt that is over.
    fn over(&mut self, attempt: u32) {
        if self.incident.attempt(attempt).is_some_and(|found| found.message.is_some()) {
            self.send(Message::PageUpdate { attempt });
        }
    }

    fn managers(
        &mut self,
        round: u32,
        whom: &crate::incident::ManagersWhom,
        direct: bool,
        deadline: Option<Timestamp>,
    ) {
        self.remove(&JobKind::Hunt);
        self.remove(&JobKind::RootDeadline);
        if let Ok(attempt) = u32::try_from(self.incident.attempts.len())
            && attempt > 0
        {
            self.remove(&JobKind::PageDeadline { attempt });
        }
        if round > 1 {
            self.remove(&JobKind::ManagersDeadline { round: round - 1 });
        }
        if direct {
            for user in &whom.users {
                self.send(Message::ManagerDirect { round, user: user.clone() });
            }
        } else {
            self.send(Message::Managers { round });
        }
        if let Some(deadline) = deadline {
            self.add(JobKind::ManagersDeadline { round }, deadline);
        }
        self.update_root();
    }

    /// Tells the reporter, once, if the one whom they wanted to be asked first was not.
    fn warn_of_first(&mut self, considered: &[Candidate]) {
        let Some(first) = &self.incident.report.first else { return };
        let asked = self.incident.attempts.first().is_some_and(|attempt| attempt.responder == *first);
        let Some(user) = self.incident.report.person().cloned() else { return };
        if !asked && considered.iter().any(|candidate| candidate.user == *first) {
            self.send(Message::Notice { user, notice: Notice::NotFirst });
        }
    }

    /// The thread says who is on it.
    fn say_taken(&mut self) {
        if self.incident.root.is_some() {
            self.send(Message::Taken { taken: self.incident.times_taken() });
        }
    }

    /// Nothing further is asked of anybody (P4).
    fn nobody_needed(&mut self) {
        self.remove(&JobKind::Hunt);
        self.remove(&JobKind::RootDeadline);
        if let Ok(attempt) = u32::try_from(self.incident.attempts.len())
            && attempt > 0
        {
            self.remove(&JobKind::PageDeadline { attempt });
            self.over(attempt);
        }
        if let Ok(round) = u32::try_from(self.incident.manager_rounds.len())
            && round > 0
        {
            self.remove(&JobKind::ManagersDeadline { round });
        }
        for (round, paged) in (1..).zip(&self.incident.manager_rounds) {
            if !paged.messages.is_empty() {
                self.send(Message::ManagersUpdate { round });
            }
        }
    }
}
