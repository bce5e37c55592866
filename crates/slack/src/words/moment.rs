//! Moments and days, as Slack shows them in the reader's own zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
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

/// An instant outside Slack, in somebody's own zone; of another day there with its day.
pub(super) fn where_they_are(at: Timestamp, now: Timestamp, zone: Option<&str>) -> String {
    let known = zone.and_then(|name| Some((name, TimeZone::get(name).ok()?)));
    let Some((name, zone)) = known else { return in_utc(at) };
    let (there, today) = (zone.to_datetime(at), zone.to_datetime(now).date());
    let form = if there.date() == today { "%H:%M" } else { "%-d %b %H:%M" };
    format!("{} in {}", there.strftime(form), place(name))
}

/// The place after which a zone is named: "Buenos Aires" of `America/Argentina/Buenos_Aires`.
fn place(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

/// A day of the calendar; it is the same in every zone.
pub(super) fn day(date: Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_told_where_somebody_is() {
        let now: Timestamp = "2026-11-24T23:30:00Z".parse().unwrap();
        let check = |hours: i64, zone: Option<&str>| {
            where_they_are(now + SignedDuration::from_hours(hours), now, zone)
        };
        assert_eq!(check(-2, Some("Europe/Lisbon")), "21:30 in Lisbon");
        assert_eq!(check(9, Some("Europe/Lisbon")), "25 Nov 08:30 in Lisbon");
        assert_eq!(check(9, Some("America/Argentina/Buenos_Aires")), "25 Nov 05:30 in Buenos Aires");
        assert_eq!(check(9, Some("Nowhere")), "25 Nov 08:30 UTC");
        assert_eq!(check(9, None), "25 Nov 08:30 UTC");
    }
}
