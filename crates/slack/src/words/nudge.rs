//! To people who have no notification schedule in Slack: why one helps, and how to set it.

use pagerslack_core::ChannelId;

use super::Said;
use crate::text::escape;

/// So many channels are named.
const CHANNELS: usize = 5;

/// The direct message to one person who may be paged in `channels`.
pub fn nudge(channels: &[ChannelId], command: &str) -> Said {
    let mut named: Vec<String> =
        channels.iter().take(CHANNELS).map(|channel| format!("<#{channel}>")).collect();
    if channels.len() > CHANNELS {
        named.push("others".to_owned());
    }
    let place = match named.split_last() {
        None => String::new(),
        Some((last, [])) => format!(" in {last}"),
        Some((last, others)) => format!(" in {} and {last}", others.join(", ")),
    };
    let command = escape(command);
    Said::paragraph(format!(
        ":wave: I page engineers{place} when somebody reports an incident with `{command}`, and you are one of them.\n\
         Your notification schedule is what I read as your working hours, and Slack tells me that you have none: so I \
         may page you whenever you are shown as online, at night as well.\n\
         To set one: *Preferences* → *Notifications* → *Notification schedule*. Outside of it I leave you alone.\n\
         I remind you once in 90 days at most."
    ))
}
