//! Working hours in a person's own time zone.
//!
//! Hours are said in civil time, as people say them: a span counts by the clock on the wall, and one that runs
//! over midnight belongs to the day on which it begins. So a fold of the clock is covered twice, a gap not at
//! all, and after a day that the calendar skipped the night before it still spills over. No clock is read here.

mod text;

use std::fmt;

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// The hours of each weekday.
///
/// Read from text such as `09:00-17:30` (Monday to Friday), `9-17`, `mon-thu 09:00-12:00, 13:00-17:00; sat 10-12`,
/// `22:00-06:00`, `00:00-24:00` or `never`; shown in a normal form that reads back as the same hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkingHours {
    /// Per weekday from Monday, spans in minutes from midnight: half-open, the end beyond 24 h when the span
    /// runs into the next day. In order, apart, and none of 24 h or more but `00:00-24:00`; where they touch,
    /// one span would be longer than that.
    days: [Vec<(u16, u16)>; 7],
}

/// Text that names no working hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursError(pub String);

impl fmt::Display for HoursError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HoursError {}

impl WorkingHours {
    /// Whether a local moment lies within the hours.
    pub fn cover(&self, local: DateTime) -> bool {
        let (day, minute) = weekday_and_minute(local);
        let within =
            |spans: &[(u16, u16)], minute| spans.iter().any(|span| span.0 <= minute && minute < span.1);
        within(&self.days[day], minute) || within(&self.days[(day + 6) % 7], minute + DAY)
    }

    /// Whether any hours begin on a weekday.
    pub fn works_on(&self, weekday: Weekday) -> bool {
        !self.days[monday_first(weekday)].is_empty()
    }

    /// The first moment at or after `after` that lies within the hours, in a zone; `None` if no day has any.
    ///
    /// Between two changes of the zone's offset the clock on the wall runs evenly, so the next beginning of a
    /// span is so many minutes away; unless the offset changes first, in which case the question is asked anew
    /// at the change.
    pub fn next(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        // Hours may fall into a gap for a week; no zone changes its offset even five times in as many weeks.
        const MOST_CHANGES: usize = 64;
        let mut from = after;
        let mut changes = zone.following(after);
        for _ in 0..MOST_CHANGES {
            let local = zone.to_datetime(from);
            if self.cover(local) {
                return Some(from);
            }
            let (day, minute) = weekday_and_minute(local);
            let minutes = self.minutes_to_next_beginning(day, minute)?;
            let into_minute = SignedDuration::new(i64::from(local.second()), local.subsec_nanosecond());
            let beginning =
                from.checked_add(SignedDuration::from_mins(i64::from(minutes)) - into_minute).ok();
            match (changes.next().map(|change| change.timestamp()), beginning) {
                (Some(change), Some(beginning)) if change <= beginning => from = change,
                (_, beginning) => return beginning,
            }
        }
        None
    }

    /// How many minutes after a minute that is not covered the next span begins, at most a week ahead.
    fn minutes_to_next_beginning(&self, day: usize, minute: u16) -> Option<u16> {
        let ahead = (0..=7u16).zip((0..7).cycle().skip(day));
        let beginnings =
            ahead.flat_map(|(ahead, day)| self.days[day].iter().map(move |span| ahead * DAY + span.0));
        beginnings.filter(|beginning| *beginning > minute).min().map(|beginning| beginning - minute)
    }

    /// Adds a span to a weekday, which stays in its normal form: as few spans as can be.
    fn add(&mut self, day: usize, span: (u16, u16)) {
        let spans = &mut self.days[day];
        spans.push(span);
        spans.sort_unstable();
        let mut apart: Vec<(u16, u16)> = Vec::with_capacity(spans.len());
        for span in spans.drain(..) {
            match apart.last_mut() {
                Some(last) if span.0 <= last.1 => last.1 = last.1.max(span.1),
                _ => apart.push(span),
            }
        }
        spans.extend(apart.into_iter().flat_map(in_parts).flatten());
    }
}

/// A span in two parts if its beginning and end, as times of the day, would not tell its length: `08:00-08:00`
/// says nothing, and 25 hours from 08:00 would read as one. Each part begins on the day itself.
fn in_parts((start, end): (u16, u16)) -> [Option<(u16, u16)>; 2] {
    const USUAL_CUT: u16 = 23 * 60;
    const LAST_CUT: u16 = DAY - 1;
    if end <= DAY || end - start < DAY {
        return [Some((start, end)), None];
    }
    let cut = if end - USUAL_CUT < DAY && start < USUAL_CUT { USUAL_CUT } else { LAST_CUT };
    [Some((start, cut)), Some((cut, end))]
}

fn weekday_and_minute(local: DateTime) -> (usize, u16) {
    let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
    (monday_first(local.weekday()), minute)
}

fn monday_first(weekday: Weekday) -> usize {
    usize::from(weekday.to_monday_zero_offset().unsigned_abs())
}
