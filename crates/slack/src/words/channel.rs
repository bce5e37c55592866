//! What the whole channel reads: the root message, kept up to date, and who has taken the incident.

use jiff::Timestamp;
use pagerslack_core::incident::{ManagersReason, Via};
use pagerslack_core::{Incident, Phase, Policy};
use serde_json::json;

use super::{Said, context, link, section, spoken};
use crate::text::escape;

/// The message that opens the thread: what is wrong, who said so, and what is happening now.
pub fn root(incident: &Incident, policy: &Policy) -> Said {
    let report = &incident.report;
    let mut headline =
        format!(":rotating_light: <@{}> reports an incident: {}", report.reporter, link(&report.url));
    if !report.note.is_empty() {
        headline.push_str(&format!("\n>{}", escape(&report.note).replace('\n', "\n>")));
    }
    let now = happening(incident, policy);
    let hint = if incident.is_open() { "React with :eyes: here or in the thread to take it." } else { "" };
    let mut blocks = vec![section(&headline), section(&now)];
    if !hint.is_empty() {
        blocks.push(context(hint));
    }
    let text = [headline.as_str(), &now, hint]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    Said { text, blocks: json!(blocks) }
}

/// What is happening now, in one sentence.
fn happening(incident: &Incident, policy: &Policy) -> String {
    let asked = incident.attempts.len();
    match &incident.phase {
        Phase::Hunting { .. } if asked == 0 => ":mag: Looking for an available engineer.".to_owned(),
        Phase::Hunting { .. } => {
            format!(":mag: Looking for the next engineer; {} so far.", asked_so_far(asked))
        }
        Phase::Paging { attempt, responder, .. } => {
            let since = incident.attempt(*attempt).map_or(incident.reported_at, |found| found.paged_at);
            format!(
                ":hourglass_flowing_sand: Waiting for <@{responder}> since {} (attempt {attempt} of {}).",
                moment(since),
                policy.max_attempts
            )
        }
        Phase::ManagersPaged { round, .. } => managers_paged(incident, *round, asked),
        Phase::Acknowledged { by, at, via } => {
            let how = match via {
                Via::Reaction | Via::Button | Via::ReadBack if asked == 0 => "before anybody was asked",
                Via::Reaction | Via::Button | Via::ReadBack => "",
            };
            let after = spoken(at.duration_since(incident.reported_at));
            let how = if how.is_empty() { String::new() } else { format!(", {how}") };
            format!(":white_check_mark: Taken by <@{by}> after {after}{how}.")
        }
    }
}

/// How many people were asked, as a clause.
pub(super) fn asked_so_far(asked: usize) -> String {
    if asked == 1 { "1 person was asked".to_owned() } else { format!("{asked} people were asked") }
}

fn managers_paged(incident: &Incident, round: u32, asked: usize) -> String {
    let nobody_to_page = incident
        .manager_round(round)
        .is_none_or(|found| found.whom.users.is_empty() && found.whom.group.is_none());
    if nobody_to_page {
        return ":warning: Nobody is left to ask, and no engineering manager is configured. Please find somebody by hand."
            .to_owned();
    }
    let first = incident.manager_rounds.first().map(|round| &round.reason);
    let why = match first {
        Some(ManagersReason::NobodyAvailable { .. }) if asked == 0 => "Nobody is available".to_owned(),
        Some(ManagersReason::NobodyAvailable { .. }) => {
            format!("{}, nobody took it and nobody else is available", asked_so_far(asked))
        }
        Some(ManagersReason::CannotTell { .. }) => "Slack does not say who is available".to_owned(),
        Some(ManagersReason::CannotPost { .. }) => "Slack did not take the bot's messages".to_owned(),
        _ => format!("{} and nobody took it", asked_so_far(asked)),
    };
    let again = if round > 1 { format!(", {round} times now") } else { String::new() };
    let how = if incident.manager_round(round).is_some_and(|found| found.direct) { " directly" } else { "" };
    format!(":mega: {why}: the engineering managers have been paged{how}{again}.")
}

/// Said in the thread when somebody has taken the incident.
pub fn taken(incident: &Incident) -> Option<Said> {
    let Phase::Acknowledged { by, .. } = &incident.phase else { return None };
    let after = spoken(incident.time_to_response()?);
    Some(Said::paragraph(format!(":white_check_mark: <@{by}> is on it, {after} after the report.")))
}

/// An instant, shown by Slack in the reader's own zone, with UTC for whoever does not have it rendered.
pub(super) fn moment(at: Timestamp) -> String {
    format!("<!date^{}^{{time}}|{} UTC>", at.as_second(), at.strftime("%H:%M"))
}
