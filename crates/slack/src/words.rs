//! Every sentence the bot says, as pure functions.
//!
//! Each gives a plain `text`, which is all that a phone notification shows and a screen reader speaks, and
//! blocks for everybody else. Text that people wrote is escaped: it can mention nobody and forge no link (P8).

pub mod answer;
mod buttons;
mod channel;
mod delay;
mod duration;
mod follow_up;
mod help;
pub mod home;
mod list;
mod managers;
mod moment;
mod notice;
mod nudge;
mod page;
mod reply;
mod reporter;
mod trouble;
mod why;
mod why_me;

pub use buttons::{
    CALL_MANAGERS_ACTION, CANCEL_ACTION, DONE_ACTION, HAND_OVER_ACTION, PASS_ACTION, TAKE_ACTION, WHY_ACTION,
};
pub use channel::{cancelled, handed_over, root, taken};
pub use delay::delayed;
pub use duration::spoken;
pub use follow_up::{FollowUpText, follow_up, follow_up_over};
pub use help::{direct_help, usage};
pub use managers::{managers, managers_over};
pub use notice::notice;
pub use nudge::nudge;
pub use page::{page, page_over};
pub use reply::{Mistake, accepted, accepted_on_day_off, already_open, mistaken, not_asked, not_recorded};
pub use reporter::resolved;
pub use trouble::{cannot_post, cannot_see, managers_told, nobody_reached};
pub use why::{reason, reason_in_utc, reason_where_they_are, summary};
pub use why_me::{not_first, why_me};

use pagerslack_core::Incident;
use serde_json::{Value, json};

use crate::text::{cut, escape};

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
/// People's words within a sentence are cut to this many characters.
const QUOTE_LIMIT: usize = 80;
/// An incident's address may take 1,800 characters of a section's 3,000, and what was asked of it some hundreds.
const ADDRESS_LIMIT: usize = 600;

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

/// What the reporter wrote, as a quotation under the line before, or nothing.
fn note(incident: &Incident) -> String {
    let note = &incident.report.note;
    if note.is_empty() { String::new() } else { format!("\n>{}", escape(note).replace('\n', "\n>")) }
}

/// An address of the team's own, such as its schedule's, next to one of an incident. What is too long for both, or
/// no web address (`<@…>` would be a mention; a line break would end the link), is shown in part and is no link.
fn address(url: &str) -> String {
    let link = link(url);
    let web = url.starts_with("https://") || url.starts_with("http://");
    let web = web && !url.contains(|it: char| it.is_whitespace() || it.is_control());
    if web && link.chars().count() <= ADDRESS_LIMIT { link } else { quoted(url) }
}

/// People's words within a sentence of ours: harmless, on one line, and not too many.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    escape(&cut(&line, QUOTE_LIMIT, 2 * QUOTE_LIMIT))
}

#[cfg(test)]
mod tests;
