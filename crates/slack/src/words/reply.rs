//! What only one person reads: answers to what they typed or pressed.

use pagerslack_core::{Incident, Phase, UserId};

use super::{Said, address, link, quoted};
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
    /// A mention of a group, a channel, everybody or several people, or a name that Slack did not turn into one.
    Mention,
    /// Typed where there is no channel to look for engineers in.
    DirectMessage,
    /// Neither a URL nor anything that can be asked.
    Unknown {
        /// What was typed.
        word: String,
        /// What may have been meant.
        nearest: Option<&'static str>,
    },
}

/// What was wrong, and what to type.
pub fn mistaken(mistake: &Mistake, command: &str) -> Said {
    let command = escape(command);
    let what = match mistake {
        Mistake::NoUrl => "I need the incident's URL to page somebody.".to_owned(),
        Mistake::NotHttp => "The incident's URL must begin with `https://` or `http://`.".to_owned(),
        Mistake::TooLong => "That URL is too long for a page; please use a shorter one.".to_owned(),
        Mistake::DirectMessage => {
            "I look for engineers of the channel in which you report, so please type this in a channel.".to_owned()
        }
        Mistake::Mention => {
            "I can ask one person first: pick their name from the list that Slack shows while you type it. Several \
             people, groups and channels I cannot ask."
                .to_owned()
        }
        Mistake::Unknown { word, nearest: Some(nearest) } => {
            format!("I do not know “{}”. Did you mean `{command} {nearest}`?", quoted(word))
        }
        Mistake::Unknown { word, nearest: None } => {
            format!("I do not know “{}”; `{command} help` lists what I can be asked.", quoted(word))
        }
    };
    let again = match mistake {
        Mistake::Mention => format!("Type `{command} @someone https://incident.url`, or leave the name out."),
        Mistake::Unknown { .. } => {
            format!("To page somebody, type `{command} https://incident.url what is wrong`.")
        }
        Mistake::NoUrl | Mistake::NotHttp | Mistake::TooLong | Mistake::DirectMessage => {
            format!("Type `{command} https://incident.url what is wrong`.")
        }
    };
    Said::paragraph(format!("{what} {again} Nobody has been paged."))
}

/// The report is on disk. `first` is whom the reporter wants to be asked first.
pub fn accepted(url: &str, first: Option<&UserId>) -> Said {
    let link = link(url);
    Said::paragraph(match first {
        None => format!("On it: looking for an engineer for {link}. Follow the thread in this channel."),
        Some(first) => format!(
            "On it: looking for an engineer for {link}, <@{first}> first if available. Follow the thread in this channel."
        ),
    })
}

/// The report is on disk, on a day on which nobody is hunted.
pub fn accepted_on_day_off(url: &str, day: &str, schedule: &str) -> Said {
    Said::paragraph(format!(
        "Recorded, but it is {}: *nobody is paged* for {} by itself. The on-call schedule: {}. I post a button \
         in this channel that pages the managers.",
        quoted(day),
        link(url),
        address(schedule)
    ))
}

/// The incident is being dealt with already; `incident` as far as it can be read.
pub fn already_open(url: &str, incident: Option<&Incident>, thread: Option<&str>) -> Said {
    let now = match incident.map(|incident| &incident.phase) {
        Some(Phase::ManagersPaged { deadline: Some(_), .. }) => {
            "is open already, and the engineering managers have been called"
        }
        Some(Phase::ManagersPaged { deadline: None, .. }) => {
            "is open already, but nobody has taken it: the engineering managers were called, and nobody is being paged \
             any more. Please find somebody by hand"
        }
        Some(Phase::Acknowledged { .. }) => "is open already, and somebody has just taken it",
        Some(Phase::ScheduleShown { .. }) => {
            "is open already, but nobody is paged today. Its message has the on-call schedule and a button that pages \
             the managers"
        }
        Some(Phase::Cancelled { .. }) => {
            "has just been cancelled. If it needs somebody after all, report it again"
        }
        Some(Phase::Closed { .. }) => "has just been closed. If it needs somebody after all, report it again",
        Some(Phase::Hunting { .. } | Phase::Paging { .. }) | None => {
            "is open already, and somebody is being looked for"
        }
    };
    let place = match thread {
        Some(permalink) => format!("Follow {}", format_args!("<{}|its thread>", escape(permalink))),
        None => "Its thread is about to appear in this channel".to_owned(),
    };
    Said::paragraph(format!("{} {now}. {place}.", link(url)))
}

/// The report could not be recorded, so nobody will be paged.
pub fn not_recorded(url: &str) -> Said {
    Said::paragraph(format!(
        "I could not record this, so *nobody will be paged* for {}. Please try again, and page by hand meanwhile.",
        link(url)
    ))
}

/// A question could not be taken down, so no answer will come.
pub fn not_asked() -> Said {
    Said::paragraph(
        "I cannot look that up at the moment: what I know is out of my reach. Please ask again in a minute."
            .to_owned(),
    )
}
