//! What the whole channel reads: the root message, kept up to date, and what is said in the thread.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pagerslack_core::incident::{ManagersReason, Taken};
use pagerslack_core::{Incident, Phase, Policy};
use serde_json::json;

use super::buttons::{Button, actions};
use super::delay::delayed_step;
use super::managers::missing;
use super::moment::moment;
use super::reporter::{by as whoever, reporter, resolved_line};
use super::{Said, address, context, link, note, quoted, section, spoken};

/// The message that opens the thread: what is wrong, who said so, and what is happening now. `day_zone` is where
/// days off begin and end ([`pagerslack_core::Rules::day_zone`]).
pub fn root(incident: &Incident, policy: &Policy, day_zone: &TimeZone) -> Said {
    let report = &incident.report;
    let headline = format!(
        ":rotating_light: {} reports an incident: {}{}",
        reporter(incident),
        link(&report.url),
        note(incident)
    );
    let now = happening(incident, policy, day_zone);
    let delay = incident.delay().map(delayed_step).unwrap_or_default();
    let resolved = resolved_line(incident);
    let hint = if incident.is_open() { "React with :eyes: here or in the thread to take it." } else { "" };
    let mut blocks = vec![section(&headline), section(&now)];
    for line in [&resolved, &delay].into_iter().filter(|line| !line.is_empty()) {
        blocks.push(section(line));
    }
    let buttons = buttons(&incident.phase);
    if !buttons.is_empty() {
        blocks.push(actions(incident, buttons));
    }
    if !hint.is_empty() {
        blocks.push(context(hint));
    }
    let text = [headline.as_str(), &now, &resolved, &delay, hint]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    Said { text, blocks: json!(blocks) }
}

fn buttons(phase: &Phase) -> &'static [Button] {
    match phase {
        Phase::Hunting { .. } | Phase::Paging { .. } | Phase::ManagersPaged { .. } => &[Button::Cancel],
        Phase::ScheduleShown { .. } => &[Button::CallManagers, Button::Cancel],
        Phase::Acknowledged { .. } => &[Button::HandOver],
        Phase::Cancelled { .. } | Phase::Closed { .. } => &[],
    }
}

/// What is happening now, in a sentence or two.
fn happening(incident: &Incident, policy: &Policy, day_zone: &TimeZone) -> String {
    let asked = incident.attempts.len();
    match &incident.phase {
        Phase::Hunting { .. } => hunting(incident, asked),
        Phase::Paging { attempt, responder, .. } => {
            let since = incident.attempt(*attempt).map_or(incident.reported_at, |found| found.paged_at);
            format!(
                ":hourglass_flowing_sand: Waiting for <@{responder}> since {} (attempt {attempt} of {}).",
                moment(since),
                policy.max_attempts
            )
        }
        Phase::ManagersPaged { round, .. } => managers_paged(incident, *round, asked),
        Phase::Acknowledged { .. } => {
            incident.last_taken().map_or_else(String::new, |taken| taken_by(incident, taken))
        }
        Phase::ScheduleShown { .. } => schedule_shown(incident, day_zone),
        Phase::Cancelled { by, at } => format!(
            ":no_entry_sign: Cancelled by {} after {}: nobody is needed any more.",
            whoever(incident, by),
            spoken(at.duration_since(incident.reported_at))
        ),
        Phase::Closed { by, at } => {
            let after = spoken(at.duration_since(incident.reported_at));
            let taken = incident.last_taken().map(|taken| taken_by(incident, taken));
            let taken = taken.map_or_else(String::new, |taken| format!("{taken}\n"));
            format!("{taken}:checkered_flag: Closed by <@{by}>, {after} after the report.")
        }
    }
}

fn hunting(incident: &Incident, asked: usize) -> String {
    match incident.taken.last() {
        Some(taken) => format!(
            ":mag: <@{}> is no longer on it: looking for the next engineer; {} so far.",
            taken.by,
            asked_so_far(asked)
        ),
        None if asked == 0 => ":mag: Looking for an available engineer.".to_owned(),
        None => format!(":mag: Looking for the next engineer; {} so far.", asked_so_far(asked)),
    }
}

fn taken_by(incident: &Incident, taken: &Taken) -> String {
    let by = &taken.by;
    let after = spoken(taken.at.duration_since(wanted_before(incident, taken)));
    match before(incident, taken) {
        Some(before) if before.by == *by => {
            format!(":white_check_mark: Taken by <@{by}> again, {after} after handing it over.")
        }
        Some(before) => {
            format!(":white_check_mark: Taken over by <@{by}>, {after} after <@{}> was on it.", before.by)
        }
        None => {
            let how = if incident.attempts.is_empty() { ", before anybody was asked" } else { "" };
            format!(":white_check_mark: Taken by <@{by}> after {after}{how}.")
        }
    }
}

/// Who had it before.
fn before<'a>(incident: &'a Incident, taken: &Taken) -> Option<&'a Taken> {
    let index = incident.taken.iter().position(|other| other == taken)?;
    incident.taken.get(index.checked_sub(1)?)
}

/// Since when somebody was wanted when it was taken: the report, or the last time it was handed over.
fn wanted_before(incident: &Incident, taken: &Taken) -> Timestamp {
    before(incident, taken).and_then(|before| before.handed_over_at).unwrap_or(incident.reported_at)
}

fn schedule_shown(incident: &Incident, day_zone: &TimeZone) -> String {
    let Some(shown) = &incident.schedule else { return ":calendar: Nobody is paged today.".to_owned() };
    let zone = day_zone.iana_name().map_or_else(String::new, |zone| format!(" ({})", quoted(zone)));
    format!(
        ":calendar: It is {}{zone}: nobody is paged. The on-call schedule: {}. If it needs somebody now and the schedule \
         does not help, press *Page the managers*.",
        quoted(&shown.day),
        address(&shown.link)
    )
}

/// How many people were asked, as a clause.
pub(super) fn asked_so_far(asked: usize) -> String {
    match asked {
        0 => "nobody was asked".to_owned(),
        1 => "1 person was asked".to_owned(),
        asked => format!("{asked} people were asked"),
    }
}

fn managers_paged(incident: &Incident, round: u32, asked: usize) -> String {
    let found = incident.manager_round(round).map(|found| found.whom.clone()).unwrap_or_default();
    if found.users.is_empty() && found.group.is_none() {
        return format!(
            ":warning: Nobody is left to ask, and no engineering manager {}. Please find somebody by hand.",
            missing(&found)
        );
    }
    // Those called before it was handed over were called for another reason.
    let first = incident.manager_round(incident.rounds_before + 1).map(|round| &round.reason);
    let why = match first {
        Some(ManagersReason::NobodyAvailable { .. }) if asked == 0 => "Nobody is available".to_owned(),
        Some(ManagersReason::NobodyAvailable { .. }) => {
            format!("{}, nobody took it and nobody else is available", asked_so_far(asked))
        }
        Some(ManagersReason::CannotTell { .. }) => "Slack does not say who is available".to_owned(),
        Some(ManagersReason::CannotPost { .. }) => "Slack did not take the bot's messages".to_owned(),
        Some(ManagersReason::OnDemand { by }) => format!("<@{by}> asked for them"),
        Some(ManagersReason::AttemptsUsedUp | ManagersReason::NoAnswer) | None => {
            format!("{} and nobody took it", asked_so_far(asked))
        }
    };
    let times = round.saturating_sub(incident.rounds_before);
    let again = if times > 1 { format!(", {times} times now") } else { String::new() };
    let how = if incident.manager_round(round).is_some_and(|found| found.direct) { " directly" } else { "" };
    format!(":mega: {why}: the engineering managers have been paged{how}{again}.")
}

/// Said in the thread when somebody has taken the incident, for the how manieth time, from 1. Nothing once they
/// have given it up again.
pub fn taken(incident: &Incident, taken: u32) -> Option<Said> {
    let found = number(incident, taken)?;
    if found.handed_over_at.is_some() || matches!(incident.phase, Phase::Cancelled { .. }) {
        return None;
    }
    let after = spoken(found.at.duration_since(wanted_before(incident, found)));
    let by = &found.by;
    Some(Said::paragraph(match before(incident, found) {
        None => format!(":white_check_mark: <@{by}> is on it, {after} after the report."),
        Some(_) => format!(":white_check_mark: <@{by}> is on it now, {after} after it was handed over."),
    }))
}

/// Said in the thread when whoever had taken it for the how manieth time, from 1, is no longer on it.
pub fn handed_over(incident: &Incident, taken: u32) -> Option<Said> {
    let found = number(incident, taken)?;
    let over = found.handed_over_at?;
    let now = if matches!(incident.phase, Phase::Hunting { .. }) && incident.times_taken() == taken {
        " I am looking for the next engineer."
    } else {
        ""
    };
    let after = spoken(over.duration_since(found.at));
    Some(Said::paragraph(match found.handed_over_by.as_ref().filter(|by| **by != found.by) {
        Some(manager) => format!(
            ":arrows_counterclockwise: <@{}> is no longer on it: <@{manager}> handed it over after {after}.{now}",
            found.by
        ),
        None => format!(
            ":arrows_counterclockwise: <@{}> is no longer on it and handed it over after {after}.{now}",
            found.by
        ),
    }))
}

fn number(incident: &Incident, taken: u32) -> Option<&Taken> {
    incident.taken.get(usize::try_from(taken).ok()?.checked_sub(1)?)
}

/// Said in the thread when nobody is needed any more.
pub fn cancelled(incident: &Incident) -> Option<Said> {
    let Phase::Cancelled { by, .. } = &incident.phase else { return None };
    Some(Said::paragraph(format!(
        ":no_entry_sign: {} has cancelled this incident: nobody is needed any more, thank you.",
        whoever(incident, by)
    )))
}
