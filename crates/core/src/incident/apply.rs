//! What an event makes of the state.

use jiff::Timestamp;

use super::event::{Event, Recorded, Report};
use super::state::{Attempt, AttemptEnd, Incident, ManagerRound, Phase, ScheduleShown, Taken};

/// The state after one more event.
///
/// Total: an event that no legal log has at this place changes nothing, so that a log which was cut or
/// doubled still reads as something.
pub fn apply(state: Option<Incident>, recorded: &Recorded) -> Option<Incident> {
    match (state, &recorded.event) {
        (None, Event::Reported(report)) => Some(opened(report.clone(), recorded)),
        (None, _) => None,
        (Some(mut incident), event) => {
            incident.version = recorded.seq;
            let delay = incident.delay();
            advance(&mut incident, event, recorded);
            if retells(event) || incident.delay() != delay {
                incident.retold_at = recorded.seq;
            }
            Some(incident)
        }
    }
}

/// The state that a whole log amounts to.
pub fn replay<'a>(log: impl IntoIterator<Item = &'a Recorded>) -> Option<Incident> {
    log.into_iter().fold(None, apply)
}

fn opened(report: Report, recorded: &Recorded) -> Incident {
    Incident {
        report,
        reported_at: recorded.at,
        version: recorded.seq,
        root: None,
        retold_at: recorded.seq,
        phase: Phase::Hunting { since: recorded.at },
        attempts: Vec::new(),
        manager_rounds: Vec::new(),
        refusals: Vec::new(),
        ack_refused: Default::default(),
        taken: Vec::new(),
        rounds_before: 0,
        schedule: None,
        resumed_at: None,
        follow_up: None,
        delayed: None,
        resolved_at: None,
    }
}

/// Whether the root message says something else after this.
fn retells(event: &Event) -> bool {
    match event {
        Event::Reported(_)
        | Event::RootPosted { .. }
        | Event::Paged { .. }
        | Event::PageTimedOut { .. }
        | Event::Passed { .. }
        | Event::ManagersPaged { .. }
        | Event::Acknowledged { .. }
        | Event::ScheduleShown { .. }
        | Event::HuntResumed { .. }
        | Event::HandedOver { .. }
        | Event::Cancelled { .. }
        | Event::Resolved
        | Event::Closed { .. } => true,
        Event::PagePosted { .. }
        | Event::ManagersPosted { .. }
        | Event::PostRefused { .. }
        | Event::AckRefused { .. }
        | Event::Delayed { .. }
        | Event::ClockPutBack { .. }
        | Event::FollowUpPosted { .. } => false,
    }
}

/// Whether this begins another step, of which no delay is known. While the root message is on its way it is all one
/// step: whoever reported it hears of the delay once.
fn is_next_step(incident: &Incident, event: &Event) -> bool {
    let goes_on = retells(event) && !matches!(event, Event::Resolved);
    matches!(event, Event::RootPosted { .. }) || (incident.root.is_some() && goes_on)
}

fn advance(incident: &mut Incident, event: &Event, recorded: &Recorded) {
    if is_next_step(incident, event) {
        incident.delayed = None;
    }
    match event {
        Event::Reported(_) => {}
        Event::RootPosted { message } => incident.root = Some(message.clone()),
        Event::Paged { attempt, responder, considered, deadline } => {
            incident.attempts.push(Attempt {
                responder: responder.clone(),
                paged_at: recorded.at,
                considered: considered.clone(),
                message: None,
                end: None,
            });
            incident.phase =
                Phase::Paging { attempt: *attempt, responder: responder.clone(), deadline: *deadline };
        }
        Event::PagePosted { attempt, message, deadline: posted } => {
            if let Some(found) = attempt_mut(incident, *attempt) {
                found.message = Some(message.clone());
            }
            if let Phase::Paging { attempt: current, deadline, .. } = &mut incident.phase
                && current == attempt
            {
                *deadline = *posted;
            }
        }
        Event::PageTimedOut { attempt } => ended(incident, *attempt, AttemptEnd::TimedOut, recorded),
        Event::Passed { attempt, .. } => ended(incident, *attempt, AttemptEnd::Passed, recorded),
        Event::ManagersPaged { round, whom, reason, direct, deadline } => {
            incident.manager_rounds.push(ManagerRound {
                whom: whom.clone(),
                reason: reason.clone(),
                direct: *direct,
                at: recorded.at,
                messages: Vec::new(),
            });
            incident.phase = Phase::ManagersPaged { round: *round, deadline: *deadline };
        }
        Event::ManagersPosted { round, message } => {
            let index = usize::try_from(*round).ok().and_then(|round| round.checked_sub(1));
            if let Some(round) = index.and_then(|index| incident.manager_rounds.get_mut(index)) {
                round.messages.push(message.clone());
            }
        }
        Event::PostRefused { posting, why } => incident.refusals.push((*posting, why.clone())),
        Event::Acknowledged { by, via, zone } => {
            let zone = zone.clone().or_else(|| incident.zone_when_asked(by).cloned());
            incident.taken.push(Taken {
                by: by.clone(),
                at: recorded.at,
                via: *via,
                zone,
                handed_over_at: None,
                handed_over_by: None,
            });
            incident.phase = Phase::Acknowledged { by: by.clone(), at: recorded.at, via: *via };
        }
        Event::AckRefused { by } => {
            incident.ack_refused.insert(by.clone());
        }
        Event::ScheduleShown { link, day } => {
            incident.schedule = Some(ScheduleShown { link: link.clone(), day: day.clone() });
            incident.phase = Phase::ScheduleShown { at: recorded.at };
        }
        Event::HuntResumed { .. } => {
            incident.resumed_at = Some(recorded.at);
            incident.phase = Phase::Hunting { since: recorded.at };
        }
        Event::HandedOver { by, .. } => {
            for attempt in &mut incident.attempts {
                attempt.end.get_or_insert(AttemptEnd::HandedOver);
            }
            if let Some(taken) = incident.taken.last_mut() {
                taken.handed_over_at = Some(recorded.at);
                taken.handed_over_by = Some(by.clone());
            }
            incident.rounds_before = u32::try_from(incident.manager_rounds.len()).unwrap_or(u32::MAX);
            incident.phase = Phase::Hunting { since: recorded.at };
        }
        Event::Delayed { why } => incident.delayed = Some(*why),
        Event::ClockPutBack { deadline } => put_back(incident, *deadline, recorded.at),
        Event::Cancelled { by } => {
            incident.phase = Phase::Cancelled { by: by.clone(), at: recorded.at };
        }
        Event::Resolved => incident.resolved_at = Some(recorded.at),
        Event::FollowUpPosted { message } => incident.follow_up = Some(message.clone()),
        Event::Closed { by } => incident.phase = Phase::Closed { by: by.clone(), at: recorded.at },
    }
}

fn ended(incident: &mut Incident, attempt: u32, end: AttemptEnd, recorded: &Recorded) {
    if let Some(found) = attempt_mut(incident, attempt) {
        found.end = Some(end);
    }
    incident.phase = Phase::Hunting { since: recorded.at };
}

/// Nothing lies after `now` any more, so that no wait is longer than it was meant to be.
fn put_back(incident: &mut Incident, new_deadline: Option<Timestamp>, now: Timestamp) {
    let pull = |at: &mut Timestamp| *at = (*at).min(now);
    pull(&mut incident.reported_at);
    incident.resumed_at.iter_mut().for_each(pull);
    incident.resolved_at.iter_mut().for_each(pull);
    incident.attempts.iter_mut().for_each(|attempt| pull(&mut attempt.paged_at));
    incident.manager_rounds.iter_mut().for_each(|round| pull(&mut round.at));
    for taken in &mut incident.taken {
        pull(&mut taken.at);
        taken.handed_over_at.iter_mut().for_each(pull);
    }
    match &mut incident.phase {
        Phase::Hunting { since: at }
        | Phase::ScheduleShown { at }
        | Phase::Acknowledged { at, .. }
        | Phase::Cancelled { at, .. }
        | Phase::Closed { at, .. } => pull(at),
        Phase::Paging { deadline, .. } => *deadline = new_deadline.unwrap_or(*deadline),
        Phase::ManagersPaged { deadline, .. } => *deadline = new_deadline.or(*deadline),
    }
}

fn attempt_mut(incident: &mut Incident, number: u32) -> Option<&mut Attempt> {
    incident.attempts.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)
}
