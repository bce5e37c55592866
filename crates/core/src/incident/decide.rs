//! What happens next. Every legal transition stands in [`decide`]'s one match.

use jiff::Timestamp;

use super::event::{Delay, Event, ManagersReason, ManagersWhom, Posting, Report, Via};
use super::state::{Incident, Phase};
use crate::audit::clock_was_put_back;
use crate::availability::{Candidate, Verdict};
use crate::ids::{MessageRef, UserId, ZoneName};
use crate::policy::Policy;

/// What somebody asks of an incident, or what was found out for it, with the facts gathered on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Somebody reports it.
    Report(Report),
    /// The root message was posted.
    RootPosted {
        /// Which message it is.
        message: MessageRef,
    },
    /// A hunt has looked over the queue.
    Page {
        /// Everyone up to the first available person, or everyone, in queue order.
        candidates: Vec<Candidate>,
        /// The managers, should nobody be available.
        managers: ManagersWhom,
    },
    /// A hunt could not find out who is in the channel, and has run out of patience.
    GiveUpHunt {
        /// What Slack said.
        why: String,
        /// The managers, who are told instead (P6).
        managers: ManagersWhom,
    },
    /// A page was posted.
    PagePosted {
        /// Of which attempt.
        attempt: u32,
        /// Which message it is.
        message: MessageRef,
    },
    /// The deadline of an attempt has come, and the reactions read back hold no eligible 👀 (P4).
    TimeOut {
        /// Which attempt.
        attempt: u32,
        /// The managers, should the page never have reached the thread.
        managers: ManagersWhom,
    },
    /// The person asked passes.
    Pass {
        /// Who wants to pass.
        by: UserId,
    },
    /// The root message has not reached the channel in all the time that a person would have had to answer.
    GiveUpRoot {
        /// The managers, who are told in direct messages instead.
        managers: ManagersWhom,
    },
    /// The deadline of a managers' page has come, and the reactions read back hold no eligible 👀 (P4).
    RepeatManagers {
        /// Which round went unanswered.
        round: u32,
        /// The managers as they are now.
        managers: ManagersWhom,
    },
    /// A managers' page was posted.
    ManagersPosted {
        /// Of which round.
        round: u32,
        /// Which message it is.
        message: MessageRef,
    },
    /// Slack refused a message for good.
    PostRefused {
        /// Which message.
        posting: Posting,
        /// Slack's error code.
        why: String,
        /// The managers, who are told in direct messages instead.
        managers: ManagersWhom,
    },
    /// Somebody says that they take it.
    Acknowledge {
        /// Who.
        by: UserId,
        /// How.
        via: Via,
        /// Whether they are an engineer of the rotation or a manager.
        eligible: bool,
        /// Where their clock stands, if that is known.
        zone: Option<ZoneName>,
    },
    /// Nobody is hunted today.
    ShowSchedule {
        /// The schedule's address.
        link: String,
        /// What day it is: the weekend, or the company holiday's name.
        day: String,
    },
    /// Somebody reports it again on a day on which people are hunted.
    ResumeHunt {
        /// Who.
        by: UserId,
    },
    /// Somebody asks for the managers on a day on which nobody is hunted.
    CallManagers {
        /// Who.
        by: UserId,
        /// The managers.
        managers: ManagersWhom,
    },
    /// Whoever is on it, or a manager, wants somebody else to take it.
    HandOver {
        /// Who wants that.
        by: UserId,
        /// Whether they are a manager.
        manager: bool,
    },
    /// The reporter or a manager says that nobody is needed any more.
    Cancel {
        /// Who says so.
        by: UserId,
        /// Whether they are a manager.
        manager: bool,
    },
    /// The machine that reported it says that the trouble is over.
    Resolve,
    /// Slack keeps the next step waiting for longer than people expect.
    Delay {
        /// Why.
        why: Delay,
    },
    /// The log speaks of the future.
    ClockPutBack,
    /// The question how it went on was posted.
    FollowUpPosted {
        /// Which message it is.
        message: MessageRef,
    },
    /// Somebody says that everything is done.
    Close {
        /// Who says so.
        by: UserId,
        /// Whether they are a manager.
        manager: bool,
    },
}

/// What follows from a command, as events to append. Nothing follows from a command that comes too late,
/// twice, or for another attempt than the one under way.
pub fn decide(state: Option<&Incident>, command: &Command, policy: &Policy, now: Timestamp) -> Vec<Event> {
    let incident = match (state, command) {
        (None, Command::Report(report)) => return vec![Event::Reported(report.clone())],
        (None, _) | (Some(_), Command::Report(_)) => return vec![],
        (Some(incident), _) => incident,
    };
    let managers = |whom: &ManagersWhom, reason| page_managers(incident, whom, reason, policy, now);
    match (&incident.phase, command) {
        (_, Command::Report(_)) => vec![],

        (_, Command::RootPosted { message }) if incident.root.is_none() => {
            vec![Event::RootPosted { message: message.clone() }]
        }
        (_, Command::RootPosted { .. }) => vec![],

        (Phase::Hunting { .. }, Command::Page { candidates, managers: whom }) => {
            page(incident, candidates, whom, policy, now)
        }
        (Phase::Hunting { .. }, Command::GiveUpHunt { why, managers: whom }) => {
            vec![managers(whom, ManagersReason::CannotTell { why: why.clone() })]
        }
        (_, Command::Page { .. } | Command::GiveUpHunt { .. }) => vec![],

        (_, Command::PagePosted { attempt, message }) => match incident.attempt(*attempt) {
            Some(found) if found.message.is_none() => vec![Event::PagePosted {
                attempt: *attempt,
                message: message.clone(),
                deadline: now + policy.ack_timeout,
            }],
            _ => vec![],
        },

        (Phase::Paging { attempt, deadline, .. }, Command::TimeOut { attempt: asked, managers: whom })
            if attempt == asked && *deadline <= now =>
        {
            time_out(incident, *attempt, whom, policy, now)
        }
        (_, Command::TimeOut { .. }) => vec![],

        (Phase::Paging { attempt, responder, .. }, Command::Pass { by }) if responder == by => {
            vec![Event::Passed { attempt: *attempt, by: by.clone() }]
        }
        (_, Command::Pass { .. }) => vec![],

        (
            Phase::Hunting { .. } | Phase::Paging { .. } | Phase::ScheduleShown { .. },
            Command::GiveUpRoot { managers: whom },
        ) if incident.root.is_none() => {
            vec![managers(whom, ManagersReason::CannotPost { why: last_refusal(incident) })]
        }
        (_, Command::GiveUpRoot { .. }) => vec![],

        (
            Phase::ManagersPaged { round, deadline: Some(deadline) },
            Command::RepeatManagers { round: asked, managers: whom },
        ) if round == asked && *deadline <= now => {
            vec![managers(whom, unanswered(incident, *round))]
        }
        (_, Command::RepeatManagers { .. }) => vec![],

        (_, Command::ManagersPosted { round, message }) => match incident.manager_round(*round) {
            Some(found) if !found.messages.contains(message) => {
                vec![Event::ManagersPosted { round: *round, message: message.clone() }]
            }
            _ => vec![],
        },

        (phase, Command::PostRefused { posting, why, managers: whom }) => {
            refused(incident, phase, *posting, why, || {
                managers(whom, ManagersReason::CannotPost { why: why.clone() })
            })
        }

        (
            Phase::Acknowledged { .. } | Phase::Cancelled { .. } | Phase::Closed { .. },
            Command::Acknowledge { .. },
        ) => vec![],
        (_, Command::Acknowledge { by, via, eligible: true, zone }) => {
            let zone = zone.clone().filter(|zone| incident.zone_when_asked(by) != Some(zone));
            vec![Event::Acknowledged { by: by.clone(), via: *via, zone }]
        }
        (_, Command::Acknowledge { by, eligible: false, .. }) if !incident.ack_refused.contains(by) => {
            vec![Event::AckRefused { by: by.clone() }]
        }
        (_, Command::Acknowledge { .. }) => vec![],

        (Phase::Hunting { .. }, Command::ShowSchedule { link, day }) => {
            vec![Event::ScheduleShown { link: link.clone(), day: day.clone() }]
        }
        (_, Command::ShowSchedule { .. }) => vec![],

        (Phase::ScheduleShown { .. }, Command::ResumeHunt { by }) => {
            vec![Event::HuntResumed { by: by.clone() }]
        }
        (_, Command::ResumeHunt { .. }) => vec![],

        (Phase::ScheduleShown { .. }, Command::CallManagers { by, managers: whom }) => {
            vec![managers(whom, ManagersReason::OnDemand { by: by.clone() })]
        }
        (_, Command::CallManagers { .. }) => vec![],

        (Phase::Acknowledged { by: from, .. }, Command::HandOver { by, manager })
            if from == by || *manager =>
        {
            vec![Event::HandedOver { from: from.clone(), by: by.clone() }]
        }
        (_, Command::HandOver { .. }) => vec![],

        (_, Command::Delay { why }) if incident.delayed.is_none() && incident.waits_for_slack() => {
            vec![Event::Delayed { why: *why }]
        }
        (_, Command::Delay { .. }) => vec![],

        (phase, Command::ClockPutBack) if clock_was_put_back(incident, now) => {
            let deadline = match phase {
                Phase::Paging { deadline, .. } => Some((*deadline).min(now + policy.ack_timeout)),
                Phase::ManagersPaged { deadline: Some(deadline), .. } => {
                    Some((*deadline).min(now + policy.manager_repeat))
                }
                _ => None,
            };
            vec![Event::ClockPutBack { deadline }]
        }
        (_, Command::ClockPutBack) => vec![],

        (_, Command::Cancel { by, manager })
            if incident.is_open() && (*manager || *by == incident.report.reporter) =>
        {
            vec![Event::Cancelled { by: by.clone() }]
        }
        (_, Command::Cancel { .. }) => vec![],

        // Nobody is let off by it: what a machine no longer sees may still be broken (P6).
        (phase, Command::Resolve)
            if incident.report.machine.is_some()
                && incident.resolved_at.is_none()
                && !matches!(phase, Phase::Cancelled { .. } | Phase::Closed { .. }) =>
        {
            vec![Event::Resolved]
        }
        (_, Command::Resolve) => vec![],

        // Whatever has happened meanwhile, the message stands, and its button must be found again.
        (_, Command::FollowUpPosted { message }) if incident.follow_up.is_none() => {
            vec![Event::FollowUpPosted { message: message.clone() }]
        }
        (_, Command::FollowUpPosted { .. }) => vec![],

        (Phase::Acknowledged { by: on_it, .. }, Command::Close { by, manager })
            if *manager || by == on_it || *by == incident.report.reporter =>
        {
            vec![Event::Closed { by: by.clone() }]
        }
        (_, Command::Close { .. }) => vec![],
    }
}

/// Chooses the first available person, else the first of whom Slack cannot tell (P6), else the managers.
/// Whoever was asked before is recorded as such, whatever the facts say of them (P7).
fn page(
    incident: &Incident,
    candidates: &[Candidate],
    whom: &ManagersWhom,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Event> {
    let attempt = u32::try_from(incident.attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
    if attempt > policy.max_attempts {
        return vec![page_managers(incident, whom, ManagersReason::AttemptsUsedUp, policy, now)];
    }
    let asked = incident.asked();
    let candidates: Vec<Candidate> = candidates
        .iter()
        .map(|candidate| match asked.contains(&candidate.user) {
            true => Candidate { verdict: Verdict::AskedAlready, zone: None, ..candidate.clone() },
            false => candidate.clone(),
        })
        .collect();
    let first =
        |wanted: fn(&Verdict) -> bool| candidates.iter().position(|candidate| wanted(&candidate.verdict));
    let paged = |responder: &Candidate, considered: &[Candidate]| Event::Paged {
        attempt,
        responder: responder.user.clone(),
        considered: with_one_zone(considered, responder),
        deadline: now + policy.ack_timeout,
    };
    if let Some(index) = first(|verdict| *verdict == Verdict::Available) {
        vec![paged(&candidates[index], &candidates[..=index])]
    } else if let Some(index) = first(|verdict| matches!(verdict, Verdict::Unknown { .. })) {
        // All the others were out of the question, those behind included.
        vec![paged(&candidates[index], &candidates)]
    } else {
        let reason = ManagersReason::NobodyAvailable { considered: candidates };
        vec![page_managers(incident, whom, reason, policy, now)]
    }
}

/// Of the others nobody asks later where their clocks stood, and they are many.
fn with_one_zone(considered: &[Candidate], responder: &Candidate) -> Vec<Candidate> {
    let zone = |candidate: &Candidate| candidate.zone.clone().filter(|_| candidate.user == responder.user);
    considered.iter().map(|candidate| Candidate { zone: zone(candidate), ..candidate.clone() }).collect()
}

/// Ends an attempt whose page stands. A page that is still on its way gets as long again to arrive; after
/// that Slack has failed, and the managers are told outside the channel (P6).
fn time_out(
    incident: &Incident,
    attempt: u32,
    whom: &ManagersWhom,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Event> {
    match incident.attempt(attempt) {
        Some(found) if found.message.is_some() => vec![Event::PageTimedOut { attempt }],
        Some(found) if now >= found.paged_at + policy.ack_timeout + policy.ack_timeout => {
            let reason = ManagersReason::CannotPost { why: last_refusal(incident) };
            vec![page_managers(incident, whom, reason, policy, now)]
        }
        _ => vec![],
    }
}

/// Records a refusal once, and turns to the managers while the refused message was to reach somebody. A
/// message that stands, or that nobody has called for, cannot have been refused.
fn refused(
    incident: &Incident,
    phase: &Phase,
    posting: Posting,
    why: &str,
    managers: impl FnOnce() -> Event,
) -> Vec<Event> {
    let awaited = match posting {
        Posting::Root => incident.root.is_none(),
        Posting::Page { attempt } => incident.attempt(attempt).is_some_and(|found| found.message.is_none()),
        Posting::Managers { round } => {
            incident.manager_round(round).is_some_and(|found| found.direct || found.messages.is_empty())
        }
        Posting::FollowUp => incident.follow_up.is_none(),
    };
    if !awaited {
        return vec![];
    }
    let mut events = Vec::new();
    let known = |(other, code): &(Posting, String)| *other == posting && code == why;
    if !incident.refusals.iter().any(known) {
        events.push(Event::PostRefused { posting, why: why.to_owned() });
    }
    let needed = match (phase, posting) {
        (Phase::Paging { attempt, .. }, Posting::Page { attempt: refused }) => *attempt == refused,
        (Phase::ManagersPaged { round, .. }, Posting::Managers { round: refused }) => {
            *round == refused && incident.manager_round(refused).is_some_and(|found| !found.direct)
        }
        _ => false,
    };
    if needed {
        events.push(managers());
    }
    events
}

fn page_managers(
    incident: &Incident,
    whom: &ManagersWhom,
    reason: ManagersReason,
    policy: &Policy,
    now: Timestamp,
) -> Event {
    let round = u32::try_from(incident.manager_rounds.len()).unwrap_or(u32::MAX).saturating_add(1);
    let direct = incident.root.is_none()
        || matches!(reason, ManagersReason::CannotPost { .. })
        || incident.manager_rounds.last().is_some_and(|round| round.direct);
    let deadline = (round.saturating_sub(incident.rounds_before) < policy.manager_rounds)
        .then(|| now + policy.manager_repeat);
    Event::ManagersPaged { round, whom: whom.clone(), reason, direct, deadline }
}

/// Why the managers are paged again: nobody answered, or nobody can have seen the page, as it never reached
/// the thread; then each is told directly (P6).
fn unanswered(incident: &Incident, round: u32) -> ManagersReason {
    match incident.manager_round(round) {
        Some(found) if found.messages.is_empty() && !found.direct => {
            ManagersReason::CannotPost { why: last_refusal(incident) }
        }
        _ => ManagersReason::NoAnswer,
    }
}

fn last_refusal(incident: &Incident) -> String {
    incident.refusals.last().map_or_else(|| "no answer from Slack".to_owned(), |(_, why)| why.clone())
}
