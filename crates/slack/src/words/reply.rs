//! What only one person reads: answers to what they typed or pressed.

use jiff::SignedDuration;
use pagerslack_core::{ChannelId, Incident, Phase, Policy, Report};

use super::{Said, link, spoken};
use crate::client::{Refusal, RefusalKind};
use crate::text::escape;

/// What is wrong with what somebody typed after `/devoncall`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// No URL at all.
    NoUrl,
    /// A URL that does not begin with `http://` or `https://`, or has no host.
    NotHttp,
    /// A URL longer than can be shown.
    TooLong,
    /// A mention of a person, a group, a channel or everybody.
    Mention,
    /// Typed where there is no channel to look for engineers in.
    DirectMessage,
}

/// How to use the command.
pub fn usage(command: &str, policy: &Policy) -> Said {
    let command = escape(command);
    Said::paragraph(format!(
        "Type `{command} https://incident.url what is wrong` in a channel, and I find an available engineer of that \
         channel: who is online and may be disturbed, least recently asked first. If nobody answers within {}, I ask \
         the next one, {} at most, and then the engineering managers. A :eyes: takes the incident.",
        spoken(policy.ack_timeout),
        policy.max_attempts,
    ))
}

/// What was wrong, and what to type.
pub fn mistaken(mistake: &Mistake, command: &str) -> Said {
    let what = match mistake {
        Mistake::NoUrl => "I need the incident's URL to page somebody.",
        Mistake::NotHttp => "The incident's URL must begin with `https://` or `http://`.",
        Mistake::TooLong => "That URL is too long for a page; please use a shorter one.",
        Mistake::DirectMessage => {
            "I look for engineers of the channel in which you report, so please type this in a channel."
        }
        Mistake::Mention => "I choose whom to ask, so please leave out mentions.",
    };
    let command = escape(command);
    Said::paragraph(format!(
        "{what} Type `{command} https://incident.url what is wrong`. Nobody has been paged."
    ))
}

/// The report is on disk.
pub fn accepted(url: &str) -> Said {
    Said::paragraph(format!(
        "On it: looking for an engineer for {}. Follow the thread in this channel.",
        link(url)
    ))
}

/// The incident is being dealt with already; `incident` as far as it can be read.
pub fn already_open(url: &str, incident: Option<&Incident>, thread: Option<&str>) -> Said {
    let now = match incident.map(|incident| &incident.phase) {
        Some(Phase::ManagersPaged { deadline: Some(_), .. }) => {
            "and the engineering managers have been called"
        }
        Some(Phase::ManagersPaged { deadline: None, .. }) => {
            "but nobody has taken it: the engineering managers were called, and nobody is being paged any more. Please \
             find somebody by hand"
        }
        Some(Phase::Acknowledged { .. }) => "and somebody has just taken it",
        Some(Phase::Hunting { .. } | Phase::Paging { .. }) | None => "and somebody is being looked for",
    };
    let place = match thread {
        Some(permalink) => format!("Follow {}", format_args!("<{}|its thread>", escape(permalink))),
        None => "Its thread is about to appear in this channel".to_owned(),
    };
    Said::paragraph(format!("{} is open already, {now}. {place}.", link(url)))
}

/// The report could not be recorded, so nobody will be paged.
pub fn not_recorded(url: &str) -> Said {
    Said::paragraph(format!(
        "I could not record this, so *nobody will be paged* for {}. Please try again, and page by hand meanwhile.",
        link(url)
    ))
}

/// To somebody who may not take an incident.
pub fn ack_refused() -> Said {
    Said::paragraph(
        "Thank you for looking. Only engineers of this channel and the engineering managers can take an incident, so \
         I keep looking for one."
            .to_owned(),
    )
}

/// To somebody who pressed "Pass" on another person's page.
pub fn pass_refused() -> Said {
    Said::paragraph("Only the person asked can pass, and only while they are being asked.".to_owned())
}

/// To somebody who pressed a button of an incident that somebody else has taken.
pub fn taken_already(incident: &Incident) -> Said {
    Said::paragraph(match &incident.phase {
        Phase::Acknowledged { by, .. } => format!("<@{by}> is on it already; thank you."),
        _ => "This incident has moved on; thank you.".to_owned(),
    })
}

/// To the reporter, when Slack does not let the bot write: one sentence that says what to do. `wait` is how long
/// after the report the managers are told directly, where there are any.
pub fn cannot_post(refusal: &Refusal, channel: &ChannelId, wait: Option<SignedDuration>) -> Said {
    let else_ = match wait {
        Some(wait) => format!(
            "; if I still cannot write {} after it, the engineering managers are told directly",
            spoken(wait)
        ),
        None => ", but no engineering manager can be told instead: please find somebody by hand meanwhile"
            .to_owned(),
    };
    trouble(&format!("{}. Your report is kept{else_}.", what_to_do(refusal, channel)))
}

/// To the reporter, when the hunt lacks a permission to see what it must, and goes on without.
pub fn cannot_see(refusal: &Refusal) -> Said {
    let history = refusal.needed.as_deref().is_some_and(|scope| scope.contains(":history"));
    let until_then = if history {
        "I cannot see whether a message of mine has arrived, and may send it twice"
    } else {
        "I cannot tell who is available, so I ask people, or the engineering managers, without knowing"
    };
    trouble(&format!("{}. Until then {until_then}.", what_to_do(refusal, &ChannelId::new(""))))
}

/// To the reporter, when the managers were told in direct messages.
pub fn managers_told(refusal: &Refusal, report: &Report) -> Said {
    let channel = &report.rotation.channel;
    trouble(&format!(
        "{}. The engineering managers have been told of {} directly.",
        what_to_do(refusal, channel),
        link(&report.url)
    ))
}

/// To the reporter, when no manager could be told either.
pub fn nobody_reached(refusal: &Refusal, report: &Report) -> Said {
    let channel = &report.rotation.channel;
    trouble(&format!(
        "*Nobody has been paged* for {}, and no engineering manager could be told either: please find somebody by \
         hand. {}.",
        link(&report.url),
        what_to_do(refusal, channel)
    ))
}

fn trouble(text: &str) -> Said {
    Said::paragraph(format!(":warning: {text}"))
}

/// What stands in the way, and how to mend it, without a full stop.
fn what_to_do(refusal: &Refusal, channel: &ChannelId) -> String {
    let code = escape(&refusal.code);
    let what = match refusal.kind() {
        RefusalKind::NotInChannel | RefusalKind::ChannelGone => {
            format!("I am not in <#{channel}>: type `/invite @pagerslack` there and I start at once")
        }
        RefusalKind::Archived => format!("<#{channel}> is archived: report the incident in another channel"),
        RefusalKind::TokenInvalid => {
            "Slack no longer accepts my token: ask an administrator to install PagerSlack again".to_owned()
        }
        RefusalKind::MissingScope => format!(
            "I lack the permission {}: ask an administrator to install PagerSlack again with it",
            refusal
                .needed
                .as_deref()
                .map_or_else(|| "that this needs".to_owned(), |scope| format!("`{}`", escape(scope)))
        ),
        RefusalKind::MessageTooLong
        | RefusalKind::MessageGone
        | RefusalKind::UserGone
        | RefusalKind::Other => {
            "Slack does not take my messages: ask an administrator to run `pagerslack doctor`".to_owned()
        }
    };
    format!("{what} (`{code}`)")
}

/// The answer to any direct message.
pub fn direct_help(command: &str) -> Said {
    let command = escape(command);
    Said::paragraph(format!(
        "I get an available engineer onto an incident. Type `{command} https://incident.url what is wrong` in the \
         engineers' channel, or `{command} help` to read how I choose."
    ))
}
