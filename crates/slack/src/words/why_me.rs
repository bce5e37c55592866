//! How one person was chosen: "Why me?", and why not the one whom the reporter named (P7).
//!
//! Told from what was recorded when they were chosen, not from how things stand now.

use pagerslack_core::incident::{Attempt, ManagersReason};
use pagerslack_core::{Candidate, Incident, Phase, Policy, UserId, Verdict};

use super::moment::{at_time, moment};
use super::reporter::reporter;
use super::why::{counts_with_names, reason};
use super::{Said, link, quoted};

/// So many people are named for each reason.
const NAMES: usize = 3;

/// Why the person of an attempt was asked, why not those before them, and what to do now: one line each.
pub fn why_me(incident: &Incident, attempt: u32, reader: &UserId, policy: &Policy) -> Option<Said> {
    let found = incident.attempt(attempt)?;
    let them = if *reader == found.responder { None } else { Some(&found.responder) };
    let place = found.considered.iter().position(|candidate| candidate.user == found.responder);
    let unknown = place.and_then(|place| found.considered.get(place)).and_then(|it| match &it.verdict {
        Verdict::Unknown { why } => Some(why.as_str()),
        _ => None,
    });
    let asked = place.and_then(|place| found.considered.get(place));
    let wanted = incident.report.first.as_ref() == Some(&found.responder);
    let lines = [
        why_them(incident, found, them, place, unknown, wanted, asked),
        why_not_others(found, them, place, unknown.is_some(), wanted),
        what_now(incident, attempt, found, them, policy),
    ];
    Some(Said::paragraph(lines.join("\n")))
}

fn why_them(
    incident: &Incident,
    found: &Attempt,
    them: Option<&UserId>,
    place: Option<usize>,
    unknown: Option<&str>,
    wanted: bool,
    asked: Option<&Candidate>,
) -> String {
    let (question, you, your) = match them {
        None => ("*Why you?*".to_owned(), "you", "your"),
        Some(user) => (format!("*Why <@{user}>?*"), "they", "their"),
    };
    let object = if them.is_none() { "you" } else { "them" };
    if let Some(why) = unknown {
        return format!(
            "{question} I could not tell about {object} ({}), and nobody known to be available was left.",
            quoted(why)
        );
    }
    if wanted {
        return format!(
            "{question} {} asked for {object} first, and {you} were online and could be disturbed.",
            reporter(incident)
        );
    }
    if let Some(at) = asked.and_then(|asked| asked.volunteered_at) {
        return format!(
            "{question} {} said {} that {you} could take one, and so went to the head of the queue once; {you} were \
             online and could be disturbed.",
            if them.is_none() { "You" } else { "They" },
            at_time(at, found.paged_at)
        );
    }
    let stood = place.map_or_else(|| "in".to_owned(), |place| format!("at number {} of", place + 1));
    let subject = if them.is_none() { "You" } else { "They" };
    let turn = match asked.and_then(|asked| asked.last_turn) {
        Some(at) => format!("{your} last turn was {}", at_time(at, found.paged_at)),
        None => format!("{you} had had no turn yet"),
    };
    format!(
        "{question} {subject} stood {stood} the queue, where the least recently asked come first ({turn}), and \
         {you} were the first who was online and could be disturbed."
    )
}

fn why_not_others(
    found: &Attempt,
    them: Option<&UserId>,
    place: Option<usize>,
    unknown: bool,
    wanted: bool,
) -> String {
    let object = if them.is_none() { "you" } else { "them" };
    let others: Vec<Candidate> = if unknown {
        found.considered.iter().filter(|candidate| candidate.user != found.responder).cloned().collect()
    } else {
        found.considered.iter().take(place.unwrap_or(0)).cloned().collect()
    };
    let who = match (others.len(), unknown) {
        (0, true) => return "Nobody else is in the queue.".to_owned(),
        (0, false) if wanted => return "Whoever the reporter names goes before the queue.".to_owned(),
        (0, false) => return format!("Nobody was ahead of {object}."),
        (1, true) => "The other one".to_owned(),
        (count, true) => format!("The other {count}"),
        (1, false) => format!("1 was ahead of {object}"),
        (count, false) => format!("{count} were ahead of {object}"),
    };
    format!("{who}: {}.", counts_with_names(&others, NAMES, found.paged_at))
}

fn what_now(
    incident: &Incident,
    attempt: u32,
    found: &Attempt,
    them: Option<&UserId>,
    policy: &Policy,
) -> String {
    match &incident.phase {
        Phase::Paging { attempt: current, deadline, .. } if *current == attempt => {
            let next = if attempt < policy.max_attempts {
                "the next engineer is asked"
            } else {
                "the engineering managers are paged"
            };
            let by = moment(*deadline);
            match them {
                None => format!(
                    "React with :eyes: or press *I'm on it* to take it, or *Pass*; without an answer by {by} {next}."
                ),
                Some(user) => format!(
                    "You may take it, too, with a :eyes: or *I'm on it*; if <@{user}> has not answered by {by} {next}."
                ),
            }
        }
        Phase::Acknowledged { by, .. } if *by == found.responder && them.is_none() => {
            "You are on it; *Hand over* on the thread's first message passes it on.".to_owned()
        }
        Phase::Acknowledged { by, .. } => format!("<@{by}> is on it: no answer is needed any more."),
        Phase::Hunting { .. }
        | Phase::Paging { .. }
        | Phase::ManagersPaged { .. }
        | Phase::ScheduleShown { .. } => {
            "That page is over; a :eyes: takes the incident nevertheless.".to_owned()
        }
        Phase::Cancelled { .. } | Phase::Closed { .. } => {
            "The incident is over: nothing is to be done.".to_owned()
        }
    }
}

/// To the reporter, when the one whom they wanted to be asked first was not.
pub fn not_first(incident: &Incident) -> Option<Said> {
    let first = incident.report.first.as_ref()?;
    let (considered, at, instead) = match (incident.attempts.first(), incident.manager_rounds.first()) {
        (Some(attempt), _) if attempt.responder == *first => return None,
        (Some(attempt), _) => {
            (&attempt.considered, attempt.paged_at, format!("<@{}> was asked instead", attempt.responder))
        }
        (None, Some(round)) => match &round.reason {
            ManagersReason::NobodyAvailable { considered } => (
                considered,
                round.at,
                "as nobody else could be asked, the engineering managers were called".to_owned(),
            ),
            _ => return None,
        },
        (None, None) => return None,
    };
    let verdict = &considered.iter().find(|candidate| candidate.user == *first)?.verdict;
    let link = link(&incident.report.url);
    Some(Said::paragraph(format!(
        "You wanted <@{first}> to be asked first about {link}, but <@{first}> is {}; {instead}.",
        reason(verdict, at)
    )))
}
