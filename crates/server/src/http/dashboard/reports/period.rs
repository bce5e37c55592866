//! The time that a report is of.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use pagerslack_core::report::Bucket;

/// The times that can be chosen, with their names. The first is shown where nothing else is asked for.
pub(super) const PERIODS: [(&str, &str); 5] = [
    ("30d", "The last 30 days"),
    ("month", "This month"),
    ("90d", "The last 90 days"),
    ("year", "The last year"),
    ("custom", "From one day to another"),
];

/// The longest time that is shown, in days: ten years.
const LONGEST: i32 = 3_660;

/// A time: whole days of a zone.
#[derive(Clone, Debug)]
pub(super) struct Period {
    /// Which of [`PERIODS`].
    pub(super) key: &'static str,
    first: Date,
    last: Date,
    /// The first moment.
    pub(super) since: Timestamp,
    /// The first moment after it.
    pub(super) until: Timestamp,
    /// How long the pieces of its series are.
    pub(super) bucket: Bucket,
    /// What was wrong with what was asked for.
    pub(super) fault: Option<String>,
}

impl Period {
    /// The time that is asked for; what cannot be understood is said, and the last 30 days are shown.
    pub(super) fn of(key: &str, from: &str, to: &str, now: Timestamp, zone: &TimeZone) -> Self {
        let today = zone.to_datetime(now).date();
        let back = |days: i64| today.checked_sub(Span::new().days(days - 1)).unwrap_or(today);
        let (key, first, last, fault) = match key {
            "month" => ("month", today.first_of_month(), today, None),
            "90d" => ("90d", back(90), today, None),
            "year" => ("year", back(365), today, None),
            "custom" => match custom(from, to) {
                Ok((first, last)) => ("custom", first, last, None),
                Err(fault) => ("custom", back(30), today, Some(fault)),
            },
            _ => ("30d", back(30), today, None),
        };
        let begin = |date: Date| date.to_zoned(zone.clone()).map_or(now, |at| at.timestamp());
        let bucket = match days(first, last) {
            ..=92 => Bucket::Day,
            93..=800 => Bucket::Week,
            _ => Bucket::Month,
        };
        let (since, until) = (begin(first), last.tomorrow().map_or(now, begin));
        Self { key, first, last, since, until, bucket, fault }
    }

    /// The first day, as a form has it.
    pub(super) fn first(&self) -> String {
        self.first.to_string()
    }

    /// The last day, as a form has it.
    pub(super) fn last(&self) -> String {
        self.last.to_string()
    }

    /// Both days in words.
    pub(super) fn said(&self) -> String {
        format!("{} to {}", self.first.strftime("%-d %B %Y"), self.last.strftime("%-d %B %Y"))
    }
}

fn days(first: Date, last: Date) -> i32 {
    last.since(first).map_or(i32::MAX, |span| span.get_days()) + 1
}

fn custom(from: &str, to: &str) -> Result<(Date, Date), String> {
    let date = |name: &str, text: &str| {
        text.trim()
            .parse::<Date>()
            .map_err(|_| format!("{name} must be a day such as 2026-11-01, not {text:?}."))
    };
    let (first, last) = (date("From", from)?, date("To", to)?);
    match days(first, last) {
        ..=0 => Err("The first day must not lie after the last.".to_owned()),
        1..=LONGEST => Ok((first, last)),
        _ => Err("More than ten years cannot be shown at once.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(key: &str, from: &str, to: &str) -> Period {
        let zone = pagerslack_core::calendar::zone("Europe/Lisbon").unwrap();
        Period::of(key, from, to, "2026-06-15T23:30:00Z".parse().unwrap(), &zone)
    }

    #[test]
    fn times_are_whole_days_of_the_zone() {
        let of = |key| {
            let period = period(key, "", "");
            (period.first(), period.last(), period.bucket)
        };
        // It is the sixteenth in Lisbon already.
        assert_eq!(of(""), ("2026-05-18".to_owned(), "2026-06-16".to_owned(), Bucket::Day));
        assert_eq!(of("month"), ("2026-06-01".to_owned(), "2026-06-16".to_owned(), Bucket::Day));
        assert_eq!(of("90d"), ("2026-03-19".to_owned(), "2026-06-16".to_owned(), Bucket::Day));
        assert_eq!(of("year"), ("2025-06-17".to_owned(), "2026-06-16".to_owned(), Bucket::Week));
        assert_eq!(period("", "", "").until.to_string(), "2026-06-16T23:00:00Z");
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        assert_eq!(period("custom", "2020-01-01", "2025-12-31").bucket, Bucket::Month);
        let fault = |from, to| period("custom", from, to).fault.unwrap();
        assert_eq!(fault("x", "2026-01-01"), "From must be a day such as 2026-11-01, not \"x\".");
        assert_eq!(fault("2026-01-02", "2026-01-01"), "The first day must not lie after the last.");
        assert_eq!(fault("0001-01-01", "9999-12-31"), "More than ten years cannot be shown at once.");
    }
}
