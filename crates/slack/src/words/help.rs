//! What can be asked of the bot.

use pagerslack_core::Policy;

use super::{Said, quoted, spoken};
use crate::command;
use crate::text::escape;

/// How to use the command.
pub fn usage(command: &str, policy: &Policy) -> Said {
    let command = escape(command);
    Said::paragraph(format!(
        "I get an available engineer of this channel onto an incident.\n\
         {}\n{}\n\
         I ask who is online and may be disturbed, least recently asked first. Without an answer within {} I ask the \
         next one, {} at most, and then the engineering managers. A :eyes: takes the incident.",
        reporting(&command),
        questions(&format!("{command} ")),
        spoken(policy.ack_timeout),
        policy.max_attempts,
    ))
}

/// The answer to a direct message that asks for help, or that was not understood.
pub fn direct_help(command: &str, unknown: Option<&str>) -> Said {
    let command = escape(command);
    let first = match unknown.map(str::trim).filter(|unknown| !unknown.is_empty()) {
        None => "I get an available engineer onto an incident.".to_owned(),
        Some(text) if command::holds_url(text) => format!(
            "*Nobody has been paged.* Incidents are reported in the engineers' channel: type \
             `{command} https://incident.url what is wrong` there."
        ),
        Some(text) => match command::nearest_in(text) {
            Some(nearest) => format!("I do not know “{}”. Did you mean `{nearest}`?", quoted(text)),
            None => format!("I do not know “{}”.", quoted(text)),
        },
    };
    Said::paragraph(format!(
        "{first}\nHere you can ask me:\n{}\nIn a channel:\n{}",
        questions(""),
        reporting(&command)
    ))
}

fn reporting(command: &str) -> String {
    format!(
        "• `{command} https://incident.url what is wrong` – page somebody\n\
         • `{command} @someone https://incident.url` – ask that person first"
    )
}

fn questions(before: &str) -> String {
    [
        ("top", "the next 25 of the queue"),
        ("position", "your place in it"),
        ("why", "how I chose for the last incident"),
        ("why https://incident.url", "how I chose for that one"),
        ("status", "what is open"),
        ("help", "this"),
    ]
    .map(|(words, what)| format!("• `{before}{words}` – {what}"))
    .join("\n")
}
