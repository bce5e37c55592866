//! Moments and days, as Slack shows them in the reader's own zone.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

/// Within this time of each other a time of day alone is unambiguous, whatever the reader's zone.
const SAME_DAY: SignedDuration = SignedDuration::from_hours(12);

/// The time of day, for messages that stand where they were written; in UTC for whoever does not have it rendered.
pub(super) fn moment(at: Timestamp) -> String {
    format!("<!date^{}^{{time}}|{} UTC>", at.as_second(), at.strftime("%H:%M"))
}

/// An instant as told at `now`: of another day with its day, such as "yesterday at 9:00".
pub(super) fn when(at: Timestamp, now: Timestamp) -> String {
    if at.duration_since(now).abs() < SAME_DAY {
        moment(at)
    } else {
        let fallback = in_utc(at);
        format!("<!date^{}^{{date_short_pretty}} at {{time}}|{fallback}>", at.as_second())
    }
}

/// The same after a verb: "at 9:00", "yesterday at 9:00".
pub(super) fn at_time(at: Timestamp, now: Timestamp) -> String {
    let told = when(at, now);
    if at.duration_since(now).abs() < SAME_DAY { format!("at {told}") } else { told }
}

/// An instant outside Slack.
pub(super) fn in_utc(at: Timestamp) -> String {
    at.strftime("%-d %b %H:%M UTC").to_string()
}

/// A day of the calendar; it is the same in every zone.
pub(super) fn day(date: Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}
