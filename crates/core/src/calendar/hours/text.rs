//! Working hours as people write them, and as we write them back.

use std::fmt;
use std::str::FromStr;

use super::{DAY, HoursError, WorkingHours};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const NEVER: &str = "never";

impl FromStr for WorkingHours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let plain = plain(text);
        let mut hours = Self::default();
        if plain == NEVER {
            return Ok(hours);
        }
        let mut any = false;
        for clause in plain.split(';') {
            any |= read_clause(&mut hours, clause)?;
        }
        if any { Ok(hours) } else { Err(HoursError(format!("there are no hours in {text:?}: {EXAMPLE}"))) }
    }
}

const EXAMPLE: &str = "write for example 09:00-17:30, or mon-fri 09:00-17:30; sat 10:00-12:00";

/// In lower case, every dash a hyphen without spaces around it.
fn plain(text: &str) -> String {
    let hyphens = text
        .to_lowercase()
        .replace(['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}'], "-");
    let parts: Vec<_> = hyphens.split('-').map(str::trim).collect();
    parts.join("-")
}

/// Reads days and spans up to the next semicolon. Spans hold for the days before them, or from Monday to Friday
/// if there are none; a day after a span begins anew.
fn read_clause(hours: &mut WorkingHours, clause: &str) -> Result<bool, HoursError> {
    let mut days: Vec<usize> = Vec::new();
    let mut spans_read = false;
    for item in clause.split(|c: char| c == ',' || c.is_whitespace()).filter(|item| !item.is_empty()) {
        if item.starts_with(|c: char| c.is_ascii_digit()) {
            let span = read_span(item)?;
            if days.is_empty() {
                days.extend(0..5);
            }
            days.iter().for_each(|day| hours.add(*day, span));
            spans_read = true;
        } else {
            if std::mem::take(&mut spans_read) {
                days.clear();
            }
            days.extend(read_days(item)?);
        }
    }
    if !spans_read && !days.is_empty() {
        let clause = clause.trim();
        return Err(HoursError(format!(
            "{clause:?} says no hours after the days: write for example mon-fri 09:00-17:30"
        )));
    }
    Ok(spans_read)
}

fn read_span(item: &str) -> Result<(u16, u16), HoursError> {
    let (start, end) = item.split_once('-').ok_or_else(|| {
        HoursError(format!("{item:?} says no beginning and end: write for example 09:00-17:30"))
    })?;
    let (start, end) = (read_time(start)?, read_time(end)?);
    if start == end {
        return Err(HoursError(format!("{item:?} begins when it ends: for the whole day write 00:00-24:00")));
    }
    if start == DAY {
        return Err(HoursError(format!(
            "{item:?} begins at 24:00: write 00:00, and the day that begins then"
        )));
    }
    Ok((start, if end < start { end + DAY } else { end }))
}

fn read_time(time: &str) -> Result<u16, HoursError> {
    let (hour, minute) = time.split_once(':').unwrap_or((time, "00"));
    let number = |text: &str, most: u16| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number: &u16| digits && *number <= most)
    };
    let minutes = number(minute, 59).filter(|_| minute.len() == 2);
    let time_of_day = number(hour, 24).zip(minutes).map(|(hour, minute)| hour * 60 + minute);
    time_of_day.filter(|time| *time <= DAY).ok_or_else(|| {
        HoursError(format!("{time:?} is no time of the day: write 24 hours, for example 9, 09:00 or 17:30"))
    })
}

/// The weekdays from one to another, over the end of the week if need be; or a single one.
fn read_days(item: &str) -> Result<impl Iterator<Item = usize>, HoursError> {
    let names = item.trim_end_matches([':', '.']);
    let (first, last) = names.split_once('-').unwrap_or((names, names));
    let (first, last) = (read_day(first)?, read_day(last)?);
    let count = (last + 7 - first) % 7 + 1;
    Ok((first..first + count).map(|day| day % 7))
}

fn read_day(name: &str) -> Result<usize, HoursError> {
    let is = |weekday: &str| name.len() >= 3 && weekday.to_lowercase().starts_with(name);
    WEEKDAYS.iter().position(|weekday| is(weekday)).ok_or_else(|| {
        HoursError(format!(
            "{name:?} is no day of the week: write mon, tue, wed, thu, fri, sat or sun; {EXAMPLE}"
        ))
    })
}

impl fmt::Display for WorkingHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days.iter().all(Vec::is_empty) {
            return f.write_str(NEVER);
        }
        let mut separator = "";
        for (day, spans) in self.days.iter().enumerate() {
            // Days of the same hours are said together, where the first of them stands.
            if spans.is_empty() || self.days[..day].contains(spans) {
                continue;
            }
            f.write_str(separator)?;
            separator = "; ";
            self.write_days(f, spans)?;
            for (index, (start, end)) in spans.iter().enumerate() {
                f.write_str(if index == 0 { " " } else { ", " })?;
                write_time(f, *start)?;
                f.write_str("-")?;
                write_time(f, if *end > DAY { end - DAY } else { *end })?;
            }
        }
        Ok(())
    }
}

impl WorkingHours {
    /// The days of these spans, as `Mon-Fri,Sun`.
    fn write_days(&self, f: &mut fmt::Formatter<'_>, spans: &[(u16, u16)]) -> fmt::Result {
        let short = |day: usize| WEEKDAYS[day].get(..3).unwrap_or_default();
        let mut separator = "";
        let mut day = 0;
        while day < 7 {
            let run = self.days[day..].iter().take_while(|of_day| **of_day == spans).count();
            match run {
                0 => {}
                1 => write!(f, "{separator}{}", short(day))?,
                2 => write!(f, "{separator}{},{}", short(day), short(day + 1))?,
                _ => write!(f, "{separator}{}-{}", short(day), short(day + run - 1))?,
            }
            if run > 0 {
                separator = ",";
            }
            day += run + 1;
        }
        Ok(())
    }
}

fn write_time(f: &mut fmt::Formatter<'_>, minutes: u16) -> fmt::Result {
    write!(f, "{:02}:{:02}", minutes / 60, minutes % 60)
}
