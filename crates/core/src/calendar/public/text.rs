//! The table as text: the form that [`super`] documents. Reading it is total: garbage is an error, never a panic.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

use jiff::Span;
use jiff::civil::Date;

use super::{Draft, Place, PublicHolidays, clean};

const FORMAT: &str = "pagerslack-holidays 1";

/// In a longer table a day of every year is written out, so that a few bytes cannot stand for thousands of days.
const MOST_YEARS_FOR_EVERY_YEAR: i32 = 100;

pub(super) fn write(table: &PublicHolidays) -> String {
    let mut text = FORMAT.to_owned();
    if let Some((first, last)) = table.years {
        text.push_str(&format!(" {first} {last}"));
    }
    text.push('\n');
    for country in &table.countries {
        write_place(&mut text, '=', &country.whole, table);
        for subdivision in &country.subdivisions {
            write_place(&mut text, '/', subdivision, table);
        }
    }
    text
}

fn write_place(text: &mut String, sigil: char, place: &Place, table: &PublicHolidays) {
    text.push(sigil);
    text.push_str(&place.code);
    text.push('\n');
    let mut by_name: BTreeMap<u32, Vec<Date>> = BTreeMap::new();
    for (date, name) in &place.days {
        by_name.entry(*name).or_default().push(*date);
    }
    let mut lines: Vec<_> = by_name.into_iter().collect();
    lines.sort_by(|(_, a), (_, b)| a.first().cmp(&b.first()));
    for (name, dates) in lines {
        text.push_str(table.names.get(name as usize).map_or("", |name| name));
        text.push('\t');
        write_dates(text, &dates, table.years);
        text.push('\n');
    }
}

fn write_dates(text: &mut String, dates: &[Date], years: Option<(i16, i16)>) {
    let (Some(day), Some((first, last))) = (dates.first(), years) else { return };
    if let Some(every_year) = every_year(day.month(), day.day(), (first, last))
        && every_year == dates
    {
        text.push_str(&format!("{:02}-{:02}", day.month(), day.day()));
        return;
    }
    let mut before = new_year(first);
    for (index, date) in dates.iter().enumerate() {
        let days = before.map_or(0, |before| before.duration_until(*date).as_hours() / 24);
        let space = if index == 0 { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{space}{days}");
        before = Some(*date);
    }
}

pub(super) fn parse(text: &str) -> Result<PublicHolidays, String> {
    let mut lines = text.lines().enumerate();
    let (_, first) = lines.next().ok_or("line 1: the text is empty")?;
    let mut draft = Draft { years: parse_header(first).ok_or_else(wrong_header)?, ..Draft::default() };
    let (mut country, mut subdivision) = (String::new(), String::new());
    for (index, line) in lines {
        let wrong = |why: &str| format!("line {}: {why}", index + 1);
        if let Some((name, dates)) = line.split_once('\t') {
            if country.is_empty() {
                return Err(wrong("a day before the first country"));
            }
            if name != clean(name) || (name.is_empty() && subdivision.is_empty()) {
                return Err(wrong("a day without a proper name"));
            }
            let dates =
                parse_dates(dates, draft.years).ok_or_else(|| wrong("these are no dates of the table"))?;
            let name: Rc<str> = name.into();
            let days = &mut draft.place(&country, &subdivision).days;
            for date in dates {
                if days.insert(date, Rc::clone(&name)).is_some() {
                    return Err(wrong(&format!("{date} has a name already")));
                }
            }
        } else if let Some(code) = line.strip_prefix('=').or_else(|| line.strip_prefix('/')) {
            if code.is_empty() || code != clean(code) {
                return Err(wrong("a place without a proper code"));
            }
            let begins_country = line.starts_with('=');
            if begins_country {
                code.clone_into(&mut country);
                subdivision.clear();
            } else {
                code.clone_into(&mut subdivision);
            }
            if country.is_empty() {
                return Err(wrong("a subdivision before the first country"));
            }
            let known = draft.countries.get(&country.to_ascii_uppercase());
            let twice = known.is_some_and(|country| {
                begins_country || country.subdivisions.contains_key(&subdivision.to_ascii_uppercase())
            });
            if twice {
                return Err(wrong(&format!("{code} comes twice")));
            }
            draft.place(&country, &subdivision);
        } else if !line.starts_with('#') {
            return Err(wrong("neither a day, a place nor a comment"));
        }
    }
    Ok(draft.finish())
}

fn wrong_header() -> String {
    format!("line 1: write {FORMAT:?}, and after it the first and the last year")
}

/// The years that the table covers; none for one without days.
fn parse_header(line: &str) -> Option<Option<(i16, i16)>> {
    let rest = line.strip_prefix(FORMAT)?;
    if rest.is_empty() {
        return Some(None);
    }
    let (first, last) = rest.strip_prefix(' ')?.split_once(' ')?;
    let (first, last): (i16, i16) = (first.parse().ok()?, last.parse().ok()?);
    let proper = first <= last && new_year(first).is_some() && new_year(last).is_some();
    proper.then_some(Some((first, last)))
}

fn parse_dates(text: &str, years: Option<(i16, i16)>) -> Option<Vec<Date>> {
    let (first, last) = years?;
    if let Some((month, day)) = text.split_once('-') {
        if month.len() != 2 || day.len() != 2 {
            return None;
        }
        return every_year(month.parse().ok()?, day.parse().ok()?, (first, last));
    }
    let mut date = new_year(first)?;
    let mut dates = Vec::new();
    for number in text.split(' ') {
        let days: u32 = number.parse().ok().filter(|_| !number.starts_with('+'))?;
        if days == 0 && !dates.is_empty() {
            return None;
        }
        date = date.checked_add(Span::new().try_days(days).ok()?).ok()?;
        if date.year() > last {
            return None;
        }
        dates.push(date);
    }
    Some(dates)
}

/// A day in every year from the first to the last, if all have it and they are not too many.
fn every_year(month: i8, day: i8, (first, last): (i16, i16)) -> Option<Vec<Date>> {
    if i32::from(last) - i32::from(first) >= MOST_YEARS_FOR_EVERY_YEAR {
        return None;
    }
    (first..=last).map(|year| Date::new(year, month, day).ok()).collect()
}

fn new_year(year: i16) -> Option<Date> {
    Date::new(year, 1, 1).ok()
}
