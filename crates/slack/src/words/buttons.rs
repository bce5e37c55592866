//! The buttons under messages. Each carries the incident's id; what a press means is decided elsewhere.

use pagerslack_core::Incident;
use serde_json::{Value, json};

/// The `action_id` of the button "I'm on it".
pub const TAKE_ACTION: &str = "pagerslack_take";
/// The `action_id` of the button "Pass".
pub const PASS_ACTION: &str = "pagerslack_pass";
/// The `action_id` of the button "Why me?", on the page.
pub const WHY_ACTION: &str = "pagerslack_why";
/// The `action_id` of the button "Hand over", on the root message while somebody is on it.
pub const HAND_OVER_ACTION: &str = "pagerslack_hand_over";
/// The `action_id` of the button "Cancel", on the root message while somebody is needed.
pub const CANCEL_ACTION: &str = "pagerslack_cancel";
/// The `action_id` of the button "Page the managers", on the root message while the schedule is shown.
pub const CALL_MANAGERS_ACTION: &str = "pagerslack_call_managers";
/// The `action_id` of the button "Done", on the follow-up.
pub const DONE_ACTION: &str = "pagerslack_done";

/// One of the bot's buttons.
#[derive(Clone, Copy)]
pub(super) enum Button {
    Take,
    Pass,
    Why,
    HandOver,
    Cancel,
    CallManagers,
    Done,
}

/// What Slack asks before it tells us of the press: what cannot be taken back by pressing again.
struct Confirm {
    title: &'static str,
    text: &'static str,
    confirm: &'static str,
    deny: &'static str,
}

/// The buttons in a row.
pub(super) fn actions(incident: &Incident, buttons: &[Button]) -> Value {
    let id = incident.report.incident.as_str();
    let elements: Vec<Value> = buttons.iter().map(|button| button.element(id)).collect();
    json!({ "type": "actions", "elements": elements })
}

impl Button {
    fn element(self, incident: &str) -> Value {
        let (action, text, style) = match self {
            Self::Take => (TAKE_ACTION, "I'm on it", Some("primary")),
            Self::Pass => (PASS_ACTION, "Pass", None),
            Self::Why => (WHY_ACTION, "Why me?", None),
            Self::HandOver => (HAND_OVER_ACTION, "Hand over", None),
            Self::Cancel => (CANCEL_ACTION, "Cancel", None),
            Self::CallManagers => (CALL_MANAGERS_ACTION, "Page the managers", Some("primary")),
            Self::Done => (DONE_ACTION, "Done", Some("primary")),
        };
        let mut element = json!({
            "type": "button", "action_id": action, "value": incident,
            "text": { "type": "plain_text", "text": text }
        });
        if let Some(style) = style {
            element["style"] = json!(style);
        }
        if let Some(confirm) = self.confirm() {
            element["confirm"] = confirm.dialog();
        }
        element
    }

    fn confirm(self) -> Option<Confirm> {
        match self {
            Self::Take | Self::Pass | Self::Why | Self::Done => None,
            Self::HandOver => Some(Confirm {
                title: "Hand over?",
                text: "I look for somebody else at once, from where the hunt stopped. Whoever is on it, or an \
                       engineering manager, can hand over.",
                confirm: "Hand over",
                deny: "Keep it",
            }),
            Self::Cancel => Some(Confirm {
                title: "Cancel this incident?",
                text: "Nobody is paged any more. The reporter or an engineering manager can cancel.",
                confirm: "Cancel the incident",
                deny: "Keep looking",
            }),
            Self::CallManagers => Some(Confirm {
                title: "Page the managers?",
                text: "All engineering managers are paged now.",
                confirm: "Page them",
                deny: "Not now",
            }),
        }
    }
}

impl Confirm {
    /// Slack allows 100 characters of title, 300 of text, 30 on each button.
    /// Source: <https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object>.
    fn dialog(&self) -> Value {
        let plain = |text: &str| json!({ "type": "plain_text", "text": text });
        json!({
            "title": plain(self.title),
            "text": plain(self.text),
            "confirm": plain(self.confirm),
            "deny": plain(self.deny),
        })
    }
}
