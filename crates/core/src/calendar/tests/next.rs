//! When somebody's hours begin again: through gaps, folds and days that a place skipped.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::hours;
use super::hours::{minute_of_week, written_hours};
use crate::calendar::{WorkingHours, zone};

/// The next moment of some hours in a zone, shown on the wall there.
fn check(written: &str, zone_name: &str, after: &str, expected: &str) {
    let zone = zone(zone_name).unwrap();
    let after: Timestamp = after.parse().unwrap();
    let next =
        hours(written).next(&zone, after).map(|next| next.to_zoned(zone).strftime("%F %T %z").to_string());
    assert_eq!(next.as_deref(), Some(expected), "{written} in {zone_name} after {after}");
}

#[test]
fn within_the_hours_it_is_now() {
    check("9-17", "Europe/Lisbon", "2026-11-02T12:34:56Z", "2026-11-02 12:34:56 +0000");
}

#[test]
fn before_them_it_is_their_beginning() {
    check("9-17", "Europe/Lisbon", "2026-11-02T08:59:59.5Z", "2026-11-02 09:00:00 +0000");
    check("9-17", "Europe/Lisbon", "2026-10-30T17:00:00Z", "2026-11-02 09:00:00 +0000");
    check("9-17", "Asia/Kathmandu", "2026-11-02T00:00:00Z", "2026-11-02 09:00:00 +0545");
    check("9-17", "Asia/Kolkata", "2026-11-02T12:00:00Z", "2026-11-03 09:00:00 +0530");
    check("mon 9-17", "Pacific/Kiritimati", "2026-11-02T03:00:00Z", "2026-11-09 09:00:00 +1400");
    check("sat 9-17", "Europe/Lisbon", "2028-02-28T12:00:00Z", "2028-03-04 09:00:00 +0000");
    check("tue 9-17", "Europe/Lisbon", "2028-02-28T12:00:00Z", "2028-02-29 09:00:00 +0000");
}

#[test]
fn hours_that_begin_in_a_gap_begin_after_it() {
    check("sun 01:30-03:00", "Europe/Lisbon", "2026-03-29T00:10:00Z", "2026-03-29 02:00:00 +0100");
    check("sun 00:30-03:00", "America/Santiago", "2026-09-06T03:10:00Z", "2026-09-06 01:00:00 -0300");
    check("sun 02:15-03:00", "Australia/Lord_Howe", "2026-10-03T15:00:00Z", "2026-10-04 02:30:00 +1100");
}

#[test]
fn hours_that_lie_in_a_gap_wait_a_week() {
    check("sun 01:10-01:50", "Europe/Lisbon", "2026-03-28T12:00:00Z", "2026-04-05 01:10:00 +0100");
    check("fri 9-17", "Pacific/Apia", "2011-12-24T12:00:00Z", "2012-01-06 09:00:00 +1400");
}

#[test]
fn the_clock_put_back_gives_the_hours_twice() {
    check("sun 01:10-01:50", "Europe/Lisbon", "2026-10-25T00:20:00Z", "2026-10-25 01:20:00 +0100");
    check("sun 01:10-01:50", "Europe/Lisbon", "2026-10-25T00:50:00Z", "2026-10-25 01:10:00 +0000");
    check("sun 01:30-01:50", "Australia/Lord_Howe", "2026-04-04T14:55:00Z", "2026-04-05 01:30:00 +1030");
    check("sat 23:10-23:50", "America/Santiago", "2026-04-05T02:55:00Z", "2026-04-04 23:10:00 -0400");
}

#[test]
fn a_skipped_day_is_not_waited_for() {
    check("thu-sat 9-17", "Pacific/Apia", "2011-12-30T05:00:00Z", "2011-12-31 09:00:00 +1400");
}

#[test]
fn no_hours_have_no_next() {
    assert_eq!(WorkingHours::default().next(&TimeZone::UTC, Timestamp::UNIX_EPOCH), None);
}

#[test]
fn the_end_of_time_is_no_panic() {
    for zone in [TimeZone::UTC, zone("Pacific/Kiritimati").unwrap(), zone("America/Santiago").unwrap()] {
        let _ = hours("mon 9-10").next(&zone, Timestamp::MAX);
        let _ = hours("mon 9-10").next(&zone, Timestamp::MIN);
    }
}

/// Zones with something odd about them, and a moment of it.
const ODD: [(&str, &str); 14] = [
    ("Europe/Lisbon", "2026-03-29T01:00:00Z"),
    ("Europe/Lisbon", "2026-10-25T01:00:00Z"),
    ("America/Santiago", "2026-04-05T03:00:00Z"),
    ("America/Santiago", "2026-09-06T04:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Pacific/Kiritimati", "1994-12-31T10:40:00Z"),
    ("Asia/Kolkata", "2028-02-29T00:00:00Z"),
    ("Asia/Kathmandu", "2028-02-29T00:00:00Z"),
    ("Africa/Casablanca", "2026-02-15T02:00:00Z"),
    ("Asia/Pyongyang", "2018-05-04T15:00:00Z"),
    ("America/Juneau", "1867-10-19T00:31:37Z"),
    ("UTC", "2027-01-01T00:00:00Z"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Against a walk over every minute and every change of the clock.
    #[test]
    fn the_next_moment_is_the_first_that_is_covered(
        (text, covered) in written_hours(),
        (zone_name, odd) in proptest::sample::select(&ODD[..]),
        minutes_before in prop_oneof![-3000i64..3000, -10i64..20_000],
        into_minute in prop_oneof![Just(0i64), 0i64..60],
    ) {
        let zone = zone(zone_name).unwrap();
        let odd: Timestamp = odd.parse().unwrap();
        let after = odd - SignedDuration::from_mins(minutes_before) + SignedDuration::from_secs(into_minute);
        let is_covered = |moment: Timestamp| covered[minute_of_week(zone.to_datetime(moment))];
        // Beginnings are whole minutes of the wall's clock; before 1900 those need not be whole minutes of UTC.
        let step = if odd.as_second() < -2_208_988_800 { 1 } else { 60 };
        let first_step = after.as_second().div_euclid(step) * step + step;
        let steps = (first_step..first_step + 15 * 86_400).step_by(step as usize);
        let moments = steps.map(|second| Timestamp::from_second(second).unwrap());
        let expected = std::iter::once(after).chain(moments).find(|moment| is_covered(*moment));
        let next = hours(&text).next(&zone, after);
        prop_assert_eq!(next, expected, "{} in {} after {}", text, zone_name, after);
    }
}
