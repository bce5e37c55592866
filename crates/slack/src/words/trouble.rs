//! What the reporter must know when Slack stands in the way, and what mends it.

use jiff::SignedDuration;
use pagerslack_core::{ChannelId, Report};

use super::{Said, link, spoken};
use crate::client::{Refusal, RefusalKind};
use crate::text::escape;

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
