//! What one person is told about an incident, for their eyes only.

use pagerslack_core::{Incident, Notice, Phase, Policy, UserId};

use super::reporter::{by as whoever, reporter};
use super::{Said, link, not_first, why_me};

/// Whatever a [`Notice`] says to `reader`; nothing when there is nothing to say of it.
pub fn notice(incident: &Incident, notice: Notice, reader: &UserId, policy: &Policy) -> Option<Said> {
    match notice {
        Notice::AckRefused => Some(ack_refused()),
        Notice::PassRefused => Some(pass_refused()),
        Notice::TakenAlready => Some(taken_already(incident)),
        Notice::WhyMe { attempt } => why_me(incident, attempt, reader, policy),
        Notice::NotFirst => not_first(incident),
        Notice::HandOverRefused => Some(hand_over_refused(incident)),
        Notice::HandOverDoubled => Some(hand_over_doubled(incident)),
        Notice::CancelRefused => Some(cancel_refused(incident)),
        Notice::CloseRefused => Some(close_refused(incident)),
        Notice::TooLate => Some(too_late(incident)),
    }
}

/// To somebody who may not take an incident.
fn ack_refused() -> Said {
    Said::paragraph(
        "Thank you for looking. Only engineers of this channel and the engineering managers can take an incident, so \
         I keep looking for one."
            .to_owned(),
    )
}

/// To somebody who pressed "Pass" on another person's page.
fn pass_refused() -> Said {
    Said::paragraph("Only the person asked can pass, and only while they are being asked.".to_owned())
}

/// To somebody who pressed a button of an incident that somebody else has taken.
fn taken_already(incident: &Incident) -> Said {
    Said::paragraph(format!("{}; thank you.", standing(incident)))
}

fn hand_over_refused(incident: &Incident) -> Said {
    let Some(by) = incident.responder() else { return too_late(incident) };
    Said::paragraph(format!(
        "Only <@{by}>, who is on it, or an engineering manager can hand this incident over."
    ))
}

fn hand_over_doubled(incident: &Incident) -> Said {
    Said::paragraph(format!(
        "This cannot be handed over: {} has been reported again meanwhile, and somebody is being looked for there.",
        link(&incident.report.url)
    ))
}

fn cancel_refused(incident: &Incident) -> Said {
    Said::paragraph(match incident.report.person() {
        Some(person) => {
            format!("Only <@{person}>, who reported it, or an engineering manager can cancel this incident.")
        }
        None => format!(
            "Only an engineering manager can cancel this incident, which {} reported.",
            reporter(incident)
        ),
    })
}

fn close_refused(incident: &Incident) -> Said {
    let person = incident.report.person();
    let on_it = incident.responder().filter(|by| Some(*by) != person);
    let on_it = on_it.map_or_else(String::new, |by| format!("<@{by}>, who is on it, "));
    let reported = person.map_or_else(String::new, |person| format!("<@{person}>, who reported it, "));
    let or = if on_it.is_empty() && reported.is_empty() { "" } else { "or " };
    Said::paragraph(format!("Only {on_it}{reported}{or}an engineering manager can close this incident."))
}

fn too_late(incident: &Incident) -> Said {
    let standing = standing(incident);
    let standing = standing.strip_prefix("This ").map_or(standing.clone(), |rest| format!("this {rest}"));
    Said::paragraph(format!("That button is of no use any more: {standing}."))
}

/// How things stand, for somebody who comes too late.
fn standing(incident: &Incident) -> String {
    match &incident.phase {
        Phase::Acknowledged { by, .. } => format!("<@{by}> is on it already"),
        Phase::Cancelled { by, .. } => format!("{} has cancelled this incident", whoever(incident, by)),
        Phase::Closed { by, .. } => format!("<@{by}> has closed this incident"),
        Phase::Hunting { .. }
        | Phase::Paging { .. }
        | Phase::ManagersPaged { .. }
        | Phase::ScheduleShown { .. } => "This incident has moved on".to_owned(),
    }
}
