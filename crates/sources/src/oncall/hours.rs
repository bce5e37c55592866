//! Working hours from one column for all days, and from one for each weekday, which stands above it.

use pagerslack_core::calendar::WorkingHours;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The hours of a row, or `None` when no cell says any. A weekday's blank cell means the working hours of that
/// day, and no work where there are none.
///
/// # Errors
/// Sentences on all cells that say no hours.
pub(super) fn hours(working: &str, weekdays: [&str; 7]) -> Result<Option<WorkingHours>, Vec<String>> {
    let mut faults = Vec::new();
    let base = match working {
        "" => None,
        _ => working.parse::<WorkingHours>().map_err(|error| faults.push(error.to_string())).ok(),
    };
    if weekdays.iter().all(|cell| cell.is_empty()) {
        return if faults.is_empty() { Ok(base) } else { Err(faults) };
    }
    let of_base = base.map(|hours| by_day(&hours)).unwrap_or_default();
    let mut clauses: Vec<String> = Vec::new();
    for ((cell, day), of_base) in weekdays.into_iter().zip(DAYS).zip(of_base) {
        match cell {
            "" => clauses.extend(of_base.map(|spans| format!("{day} {spans}"))),
            off if is_off(off) => {}
            spans => match on(day, spans) {
                Ok(clause) => clauses.push(clause),
                Err(what) => faults.push(what),
            },
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let whole = if clauses.is_empty() { "never".to_owned() } else { clauses.join("; ") };
    whole.parse().map(Some).map_err(|error| vec![format!("{error}")])
}

/// The clause of a weekday's own cell, which holds spans only: its column says the day.
fn on(day: &str, spans: &str) -> Result<String, String> {
    if spans.contains(';') || spans.contains(char::is_alphabetic) {
        return Err(format!(
            "{spans:?} are no hours of one day ({day}): write for example 09:00-17:30, or off"
        ));
    }
    let clause = format!("{day} {spans}");
    clause.parse::<WorkingHours>().map(|_| clause).map_err(|error| error.to_string())
}

/// How a weekday's cell says that nobody works then.
fn is_off(cell: &str) -> bool {
    matches!(cell.to_lowercase().as_str(), "off" | "never" | "no" | "none" | "-" | "–" | "free")
}

/// The spans of each weekday, read from the normal form: `Mon-Wed,Sun 09:00-12:00, 13:00-17:00; Sat 10:00-12:00`.
fn by_day(hours: &WorkingHours) -> [Option<String>; 7] {
    let mut days: [Option<String>; 7] = Default::default();
    let index = |name: &str| DAYS.iter().position(|day| *day == name);
    for clause in hours.to_string().split("; ") {
        let Some((names, spans)) = clause.split_once(' ') else { continue };
        for range in names.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            if let (Some(first), Some(last)) = (index(first), index(last)) {
                days.iter_mut().take(last + 1).skip(first).for_each(|day| *day = Some(spans.to_owned()));
            }
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(working: &str, weekdays: &[(usize, &'static str)], expected: &str) {
        let mut cells = [""; 7];
        weekdays.iter().for_each(|(day, cell)| cells[*day] = cell);
        let told = match hours(working, cells) {
            Ok(None) => "any time".to_owned(),
            Ok(Some(hours)) => hours.to_string(),
            Err(faults) => faults.join("\n"),
        };
        assert_eq!(told, expected, "{working:?} {weekdays:?}");
    }

    #[test]
    fn a_weekday_stands_above_the_working_hours() {
        check("", &[], "any time");
        check("09:00-17:30", &[], "Mon-Fri 09:00-17:30");
        check(
            "09:00-17:30",
            &[(4, "9-13"), (5, "10-12")],
            "Mon-Thu 09:00-17:30; Fri 09:00-13:00; Sat 10:00-12:00",
        );
        check("9-12, 13-17", &[(2, "off")], "Mon,Tue,Thu,Fri 09:00-12:00, 13:00-17:00");
        check("mon-sun 22:00-06:00", &[(0, "-"), (6, "never")], "Tue-Sat 22:00-06:00");
        check("", &[(0, "9-17"), (1, "9-17")], "Mon,Tue 09:00-17:00");
        check("", &[(0, "off")], "never");
    }

    #[test]
    fn every_cell_without_hours_is_told() {
        check(
            "9 to 5",
            &[(0, "tue 9-17"), (1, "9-25")],
            "\"9\" says no beginning and end: write for example 09:00-17:30\n\
             \"tue 9-17\" are no hours of one day (Mon): write for example 09:00-17:30, or off\n\
             \"25\" is no time of the day: write 24 hours, for example 9, 09:00 or 17:30",
        );
    }
}
