//! Every sentence the bot says, as pure functions.
//!
//! Each gives a plain `text`, which is all that a phone notification shows and a screen reader speaks, and
//! blocks for everybody else. Text that people wrote is escaped: it can mention nobody and forge no link (P8).

mod channel;
mod duration;
mod page;
mod reply;
mod why;

pub use channel::{root, taken};
pub use duration::spoken;
pub use page::{PASS_ACTION, TAKE_ACTION, managers, managers_over, page, page_over};
pub use reply::{
    Mistake, accepted, ack_refused, already_open, cannot_post, cannot_see, direct_help, managers_told,
    mistaken, nobody_reached, not_recorded, pass_refused, taken_already, usage,
};
pub use why::{reason, reason_in_utc, summary};

use serde_json::{Value, json};

use crate::text::escape;

/// Something to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The whole message in plain mrkdwn: what notifications and screen readers get.
    pub text: String,
    /// The same for the eye, as Block Kit blocks.
    pub blocks: Value,
}

impl Said {
    /// A message of one paragraph.
    pub fn paragraph(text: String) -> Self {
        Self { blocks: json!([section(&text)]), text }
    }
}

/// Slack allows 3,000 characters in a section's text.
/// Source: <https://docs.slack.dev/reference/block-kit/blocks/section-block>.
const SECTION_LIMIT: usize = 3000;

fn section(text: &str) -> Value {
    let text: String = if text.chars().count() > SECTION_LIMIT {
        text.chars().take(SECTION_LIMIT - 1).chain(['…']).collect()
    } else {
        text.to_owned()
    };
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": text, "verbatim": true }] })
}

/// A URL as a link whose text is the URL itself. `|` would begin a label of the writer's choosing.
pub(crate) fn link(url: &str) -> String {
    format!("<{}>", escape(&url.replace('|', "%7C")))
}

#[cfg(test)]
mod tests;
