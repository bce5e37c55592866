//! Who reported an incident: a person is mentioned; a machine has a name, which mentions nobody.

use pagerslack_core::{Incident, Report, UserId};

use super::{Said, quoted};

/// Who reported it, within a sentence.
pub(super) fn reporter(incident: &Incident) -> String {
    match (&incident.report.machine, &incident.report.reporter) {
        (Some(machine), _) => format!("{} (a machine)", quoted(machine)),
        (None, reporter) => format!("<@{reporter}>"),
    }
}

/// Whoever did something that the reporter may do, within a sentence.
pub(super) fn by(incident: &Incident, by: &UserId) -> String {
    if *by == Report::nobody() { reporter(incident) } else { format!("<@{by}>") }
}

/// The machine says that the trouble is over, as a line of the root message; "" while it does not.
pub(super) fn resolved_line(incident: &Incident) -> String {
    match incident.resolved_at {
        Some(_) => format!(":large_green_circle: {} says that the trouble is over.", reporter(incident)),
        None => String::new(),
    }
}

/// Said in the thread when the machine that reported it says that the trouble is over.
pub fn resolved(incident: &Incident) -> Option<Said> {
    incident.resolved_at?;
    let line = resolved_line(incident);
    Some(Said::paragraph(if incident.is_open() {
        format!("{line} Somebody is still being looked for; an engineering manager can cancel that.")
    } else {
        line
    }))
}
