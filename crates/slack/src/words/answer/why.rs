//! `why`: who was considered for an incident, in order, each with the reason of the time (P7).

use jiff::Timestamp;
use pagerslack_core::incident::{Attempt, ManagerRound, ManagersReason, Taken};
use pagerslack_core::{Candidate, Incident};

use super::status::stands;
use super::{Told, WhyAnswer, failed, in_no_rotation};
use crate::text::{cut, escape};
use crate::words::channel::asked_so_far;
use crate::words::list::{Line, Paragraph, listed};
use crate::words::managers::because;
use crate::words::moment::at_time;
use crate::words::page::outcome;
use crate::words::reporter::reporter;
use crate::words::why::{counts, label};
use crate::words::{Said, link, quoted, reason, spoken};

/// So much of an address is shown where room is scarce.
const SHORT_URL: usize = 100;

/// Each attempt with everyone who was considered, the calls of the managers, and who took it.
pub fn why(answer: &WhyAnswer) -> Said {
    if answer.rotations.is_empty() {
        return in_no_rotation();
    }
    let mut paragraphs = Vec::new();
    let mut found = 0;
    let mut failures = 0;
    for rotation in &answer.rotations {
        match &rotation.found {
            Ok(Some(told)) => {
                found += 1;
                incident(told, answer.now, &mut paragraphs);
            }
            Ok(None) => {}
            Err(error) => {
                failures += 1;
                paragraphs.push(failed(&rotation.channel, *error));
            }
        }
    }
    if found + failures == 0 {
        return Said::paragraph(match &answer.url {
            Some(url) => format!("I know of no incident for {} in your channels.", link(url)),
            None => "No incident has been reported in your channels yet.".to_owned(),
        });
    }
    listed(&paragraphs, 0, |_| {
        "… and more, for which there is no room here. Ask `why` with the incident's URL.".to_owned()
    })
}

fn incident<'a>(told: &'a Told, now: Timestamp, paragraphs: &mut Vec<Paragraph<'a>>) {
    let incident = &told.incident;
    let thread =
        told.thread.as_deref().map_or_else(String::new, |thread| format!(" (<{}|thread>)", escape(thread)));
    let heading = |url: String| {
        format!(
            "*{url}* in <#{}>{thread}, reported by {} {}: {}.",
            incident.report.rotation.channel,
            reporter(incident),
            at_time(incident.reported_at, now),
            stands(incident, now)
        )
    };
    paragraphs.push(Paragraph::heading(Line::new(
        heading(link(&incident.report.url)),
        heading(escape(&cut(&incident.report.url, SHORT_URL, 2 * SHORT_URL))),
    )));
    if let Some(first) = &incident.report.first {
        let wanted = format!("The reporter wanted <@{first}> to be asked first.");
        paragraphs.push(Paragraph::heading(Line::plain(wanted)));
    }
    if let Some(shown) = &incident.schedule {
        paragraphs.push(Paragraph::heading(Line::plain(format!(
            "It was {}: nobody was paged, and the schedule was shown.",
            quoted(&shown.day)
        ))));
    }
    // In the order in which it happened; an acknowledgement follows upon whatever it answered.
    let mut told: Vec<(Timestamp, u8, Paragraph<'a>)> = Vec::new();
    for (number, attempt) in (1_usize..).zip(&incident.attempts) {
        told.push((attempt.paged_at, 0, asked(incident, number, attempt, now)));
    }
    for round in &incident.manager_rounds {
        told.push((round.at, 1, called(incident, round, now)));
    }
    for taken in &incident.taken {
        told.push((taken.at, 2, Paragraph::heading(Line::plain(took(taken, now)))));
    }
    told.sort_by_key(|(at, order, _)| (*at, *order));
    if told.is_empty() && incident.schedule.is_none() {
        paragraphs.push(Paragraph::heading(Line::plain(format!("{}.", capital(&asked_so_far(0))))));
    }
    paragraphs.extend(told.into_iter().map(|(_, _, paragraph)| paragraph));
}

fn asked<'a>(incident: &Incident, number: usize, attempt: &'a Attempt, now: Timestamp) -> Paragraph<'a> {
    let heading = format!(
        "*Attempt {number}*, {}: <@{}> {}. Considered, in order:",
        at_time(attempt.paged_at, now),
        attempt.responder,
        outcome(incident, attempt)
    );
    considered(heading, &attempt.considered, attempt.paged_at)
}

fn called<'a>(incident: &Incident, round: &'a ManagerRound, now: Timestamp) -> Paragraph<'a> {
    let at = at_time(round.at, now);
    match &round.reason {
        ManagersReason::NobodyAvailable { considered: all } => {
            let heading = format!("*Managers paged*, {at}, as nobody could be asked. Considered, in order:");
            considered(heading, all, round.at)
        }
        reason @ (ManagersReason::AttemptsUsedUp
        | ManagersReason::CannotTell { .. }
        | ManagersReason::CannotPost { .. }
        | ManagersReason::NoAnswer
        | ManagersReason::OnDemand { .. }) => {
            Paragraph::heading(Line::plain(format!("*Managers paged*, {at}: {}.", because(incident, reason))))
        }
    }
}

fn considered(heading: String, all: &[Candidate], at: Timestamp) -> Paragraph<'_> {
    let lines = (1_usize..).zip(all).map(move |(place, candidate)| {
        let say = |why: &str| format!("{place}. <@{}> {why}", candidate.user);
        let turn = candidate.last_turn.map_or_else(
            || "no turn before".to_owned(),
            |turn| format!("last turn {} before", spoken(at.duration_since(turn))),
        );
        let full = format!("{} – {turn}", say(&reason(&candidate.verdict, at)));
        Line::new(full, say(label(&candidate.verdict)))
    });
    Paragraph::over(Line::plain(heading), all.len(), lines, move |kept| {
        format!("… and {} more: {}.", all.len() - kept, counts(all.iter().skip(kept)))
    })
}

fn took(taken: &Taken, now: Timestamp) -> String {
    let over =
        taken.handed_over_at.map_or_else(String::new, |over| format!(", handed over {}", at_time(over, now)));
    format!("*Taken* by <@{}> {}{over}.", taken.by, at_time(taken.at, now))
}

fn capital(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
