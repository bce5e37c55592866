//! What the engineering managers read, in the thread or each directly.

use pagerslack_core::incident::{ManagerRound, ManagersReason, ManagersWhom};
use pagerslack_core::{Incident, Phase};
use serde_json::json;

use super::buttons::{Button, actions};
use super::channel::asked_so_far;
use super::moment::moment;
use super::reporter::{by as whoever, reporter};
use super::{SECTION_LIMIT, Said, context, link, note, quoted, section, summary};

/// The page of the managers, in the thread or to each directly.
pub fn managers(incident: &Incident, round: u32, direct: bool) -> Option<Said> {
    let found = incident.manager_round(round)?;
    let link = link(&incident.report.url);
    let channel = &incident.report.rotation.channel;
    let whom = if direct { String::new() } else { mentions(found) };
    let again = round > incident.rounds_before.saturating_add(1);
    if !direct && whom.is_empty() {
        let nobody = if again {
            format!("still nobody is on {link}")
        } else {
            format!("nobody is on {link}: {}", because(incident, &found.reason))
        };
        let nobody = match incident.report.person() {
            Some(person) => format!("<@{person}> {nobody}"),
            None => capitalised(&nobody),
        };
        let text = format!(
            ":warning: {nobody}. No engineering manager {}, so please find somebody by hand.",
            missing(&found.whom)
        );
        return Some(Said::paragraph(text));
    }
    let still = if again { "still " } else { "" };
    let ask = format!(
        "an incident in <#{channel}> {still}needs an engineer: {link}{}\nReported by {} at {}. {}.",
        note(incident),
        reporter(incident),
        moment(incident.reported_at),
        capitalised(&because(incident, &found.reason)),
    );
    let ask = if direct { capitalised(&ask) } else { ask };
    let whole = format!("{whom}{ask}");
    let hint = if direct {
        "Please find somebody of your group; :eyes: here or *I'm on it* stops the paging."
    } else {
        "Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging."
    };
    let mut blocks = if whole.chars().count() <= SECTION_LIMIT {
        vec![section(&whole)]
    } else {
        // Very many managers: no mention and no address may be cut.
        vec![section(&whom), section(&ask)]
    };
    blocks.extend([actions(incident, &[Button::Take]), context(hint)]);
    Some(Said { text: format!("{whole}\n{hint}"), blocks: json!(blocks) })
}

/// A managers' page once nobody is needed any more, without its button.
pub fn managers_over(incident: &Incident) -> Option<Said> {
    let link = link(&incident.report.url);
    Some(Said::paragraph(match &incident.phase {
        Phase::Acknowledged { by, .. } => format!("<@{by}> is on it: {link}"),
        Phase::Cancelled { by, .. } => {
            format!("Cancelled by {}, nobody is needed any more: {link}", whoever(incident, by))
        }
        Phase::Closed { by, .. } => format!("Closed by <@{by}>, nobody is needed any more: {link}"),
        Phase::Hunting { .. }
        | Phase::Paging { .. }
        | Phase::ManagersPaged { .. }
        | Phase::ScheduleShown { .. } => return None,
    }))
}

fn mentions(round: &ManagerRound) -> String {
    let ManagersWhom { users, group, incomplete } = &round.whom;
    let each = || -> String { users.iter().map(|user| format!("<@{user}> ")).collect() };
    match group {
        // Whether the users are of the group is not known, nor whether there is anybody in it (P6).
        Some(group) if *incomplete => format!("<!subteam^{group}> {}", each()),
        Some(group) => format!("<!subteam^{group}> "),
        None => each(),
    }
}

/// Why there is no manager to mention.
pub(super) fn missing(whom: &ManagersWhom) -> &'static str {
    if whom.incomplete { "could be found in Slack" } else { "is configured" }
}

/// Why the managers are asked, as a clause.
pub(super) fn because(incident: &Incident, reason: &ManagersReason) -> String {
    let asked = incident.attempts.len();
    match reason {
        ManagersReason::AttemptsUsedUp => format!("{} and nobody took it", asked_so_far(asked)),
        ManagersReason::NobodyAvailable { considered } if asked == 0 => {
            format!("nobody could be asked: {}", summary(considered))
        }
        ManagersReason::NobodyAvailable { considered } => {
            format!("{}, and nobody else could be: {}", asked_so_far(asked), summary(considered))
        }
        ManagersReason::CannotTell { why } => {
            format!("Slack does not say who is in the channel ({})", quoted(why))
        }
        ManagersReason::CannotPost { why } => {
            format!("Slack does not let me write in the channel ({})", quoted(why))
        }
        ManagersReason::NoAnswer => "nobody answered the last call".to_owned(),
        ManagersReason::OnDemand { by } => match &incident.schedule {
            Some(shown) => format!("it is {}, and <@{by}> asked for the managers", quoted(&shown.day)),
            None => format!("<@{by}> asked for the managers"),
        },
    }
}

fn capitalised(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
