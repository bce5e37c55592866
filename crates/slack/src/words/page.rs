//! What the people asked read: the page, and the page of the managers.

use pagerslack_core::incident::{AttemptEnd, ManagerRound, ManagersReason};
use pagerslack_core::{Incident, Phase, Policy};
use serde_json::{Value, json};

use super::channel::{asked_so_far, moment};
use super::{Said, context, link, section, spoken, summary};
use crate::text::escape;

/// The `action_id` of the button "I'm on it".
pub const TAKE_ACTION: &str = "pagerslack_take";
/// The `action_id` of the button "Pass".
pub const PASS_ACTION: &str = "pagerslack_pass";

/// The page of an attempt: it mentions exactly one person.
pub fn page(incident: &Incident, attempt: u32, policy: &Policy) -> Option<Said> {
    let found = incident.attempt(attempt)?;
    let ask = format!(
        "<@{}> can you take this incident? {}{}",
        found.responder,
        link(&incident.report.url),
        note(incident)
    );
    let hint = format!(
        "React with :eyes: or press *I'm on it*. Without an answer within {} the next engineer is asked.",
        spoken(policy.ack_timeout)
    );
    let blocks = json!([section(&ask), buttons(incident, true), context(&hint)]);
    Some(Said { text: format!("{ask}\n{hint}"), blocks })
}

/// The page of an attempt that is over: what came of it, and no buttons.
pub fn page_over(incident: &Incident, attempt: u32) -> Option<Said> {
    let found = incident.attempt(attempt)?;
    let outcome = match (&found.end, &incident.phase) {
        (Some(AttemptEnd::TimedOut), _) => "did not answer in time",
        (Some(AttemptEnd::Passed), _) => "passed",
        (None, Phase::Acknowledged { by, .. }) if *by == found.responder => "is on it",
        (None, _) => "need not answer any more",
    };
    let text = format!("<@{}> {outcome} (asked at {}).", found.responder, moment(found.paged_at));
    Some(Said { blocks: json!([context(&text)]), text })
}

/// The page of the managers, in the thread or to each directly.
pub fn managers(incident: &Incident, round: u32, direct: bool) -> Option<Said> {
    let found = incident.manager_round(round)?;
    let link = link(&incident.report.url);
    let reporter = &incident.report.reporter;
    let channel = &incident.report.rotation.channel;
    let whom = if direct { String::new() } else { mentions(found) };
    if !direct && whom.is_empty() {
        let nobody = if round > 1 {
            format!("still nobody is on {link}")
        } else {
            format!("nobody is on {link}: {}", because(incident, &found.reason))
        };
        let text = format!(
            ":warning: <@{reporter}> {nobody}. No engineering manager is configured, so please find somebody by hand."
        );
        return Some(Said::paragraph(text));
    }
    let still = if round > 1 { "still " } else { "" };
    let ask = format!(
        "{whom}an incident in <#{channel}> {still}needs an engineer: {link}{}\nReported by <@{reporter}> at {}. {}.",
        note(incident),
        moment(incident.reported_at),
        capitalised(&because(incident, &found.reason)),
    );
    let ask = if direct { capitalised(&ask) } else { ask };
    let hint = if direct {
        "Please find somebody of your group; :eyes: here or *I'm on it* stops the paging."
    } else {
        "Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging."
    };
    let blocks = json!([section(&ask), buttons(incident, false), context(hint)]);
    Some(Said { text: format!("{ask}\n{hint}"), blocks })
}

/// A managers' page once somebody is on it, without its button.
pub fn managers_over(incident: &Incident) -> Option<Said> {
    let Phase::Acknowledged { by, .. } = &incident.phase else { return None };
    let text = format!("<@{by}> is on it: {}", link(&incident.report.url));
    Some(Said { blocks: json!([section(&text)]), text })
}

fn mentions(round: &ManagerRound) -> String {
    match &round.whom.group {
        Some(group) => format!("<!subteam^{group}> "),
        None => round.whom.users.iter().map(|user| format!("<@{user}> ")).collect(),
    }
}

/// Why the managers are asked, as a clause.
fn because(incident: &Incident, reason: &ManagersReason) -> String {
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
            format!("Slack does not say who is in the channel ({})", escape(why))
        }
        ManagersReason::CannotPost { why } => {
            format!("Slack does not let me write in the channel ({})", escape(why))
        }
        ManagersReason::NoAnswer => "nobody answered the last call".to_owned(),
    }
}

fn note(incident: &Incident) -> String {
    let note = &incident.report.note;
    if note.is_empty() { String::new() } else { format!("\n>{}", escape(note).replace('\n', "\n>")) }
}

fn capitalised(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn buttons(incident: &Incident, pass: bool) -> Value {
    let id = incident.report.incident.as_str();
    let mut elements = vec![json!({
        "type": "button", "action_id": TAKE_ACTION, "value": id, "style": "primary",
        "text": { "type": "plain_text", "text": "I'm on it" }
    })];
    if pass {
        elements.push(json!({
            "type": "button", "action_id": PASS_ACTION, "value": id,
            "text": { "type": "plain_text", "text": "Pass" }
        }));
    }
    json!({ "type": "actions", "elements": elements })
}
