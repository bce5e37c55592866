//! What the person asked reads.

use pagerslack_core::incident::{Attempt, AttemptEnd};
use pagerslack_core::{Incident, Phase, Policy};
use serde_json::json;

use super::buttons::{Button, actions};
use super::moment::moment;
use super::{Said, context, link, note, section, spoken};

/// The page of an attempt: it mentions exactly one person.
pub fn page(incident: &Incident, attempt: u32, policy: &Policy) -> Option<Said> {
    let found = incident.attempt(attempt)?;
    let ask = format!(
        "<@{}> can you take this incident? {}{}",
        found.responder,
        link(&incident.report.url),
        note(incident)
    );
    let next = if attempt < policy.max_attempts {
        "the next engineer is asked"
    } else {
        "the engineering managers are paged"
    };
    let hint = format!(
        "React with :eyes: or press *I'm on it*. Without an answer within {} {next}.",
        spoken(policy.ack_timeout)
    );
    let buttons = actions(incident, &[Button::Take, Button::Pass, Button::Why]);
    let blocks = json!([section(&ask), buttons, context(&hint)]);
    Some(Said { text: format!("{ask}\n{hint}"), blocks })
}

/// The page of an attempt that is over: what came of it, and no buttons.
pub fn page_over(incident: &Incident, attempt: u32) -> Option<Said> {
    let found = incident.attempt(attempt)?;
    let text =
        format!("<@{}> {} (asked at {}).", found.responder, outcome(incident, found), moment(found.paged_at));
    Some(Said { blocks: json!([context(&text)]), text })
}

/// What came of asking somebody, after their name.
pub(super) fn outcome(incident: &Incident, found: &Attempt) -> &'static str {
    let who = &found.responder;
    match (&found.end, &incident.phase) {
        (Some(AttemptEnd::TimedOut), _) => "did not answer in time",
        (Some(AttemptEnd::Passed), _) => "passed",
        (Some(AttemptEnd::HandedOver), _) if incident.handed_over_by().any(|by| by == who) => {
            "took it, and has handed it over"
        }
        (None, Phase::Paging { responder, .. }) if responder == who => "is being asked",
        (None, Phase::Acknowledged { by, .. }) if by == who => "is on it",
        (None, Phase::Closed { .. }) if incident.last_taken().is_some_and(|taken| taken.by == *who) => {
            "took it"
        }
        (None | Some(AttemptEnd::HandedOver), _) => "need not answer any more",
    }
}
