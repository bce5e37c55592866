//! When things break: more on working days and while most of the world is at work, in waves, and on some days all at once.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::team::chance;

/// How many incidents there are in an hour of which nothing else is said.
const AN_HOUR: f64 = 0.175;

/// By the hour of UTC.
const HOURS: [f64; 24] = [
    0.5, 0.55, 0.6, 0.6, 0.6, 0.6, 0.7, 0.9, 1.2, 1.4, 1.5, 1.4, 1.3, 1.4, 1.7, 1.8, 1.7, 1.5, 1.2, 1.0, 0.9,
    0.8, 0.65, 0.5,
];

/// How often a day is one of those, and how much worse it is.
const BAD_DAYS: f64 = 0.03;
const BAD: f64 = 3.0;

/// The moments of a stretch of time at which something is reported, in order.
pub(super) fn between(
    from: Timestamp,
    until: Timestamp,
    seed: u64,
    dice: &mut fastrand::Rng,
) -> Vec<Timestamp> {
    let hours = std::iter::successors(Some(from), |at| at.checked_add(SignedDuration::from_hours(1)).ok());
    let mut moments = Vec::new();
    for hour in hours.take_while(|hour| *hour < until) {
        for _ in 0..drawn(AN_HOUR * weight(hour, seed), dice) {
            moments.push(hour + SignedDuration::from_millis(dice.i64(0..3_600_000)));
        }
    }
    moments.retain(|moment| *moment < until);
    moments.sort();
    moments
}

/// How much more than usual is reported in an hour.
fn weight(hour: Timestamp, seed: u64) -> f64 {
    let local = TimeZone::UTC.to_datetime(hour);
    let weekday = match local.weekday() {
        Weekday::Monday | Weekday::Wednesday | Weekday::Thursday => 1.15,
        Weekday::Tuesday => 1.25,
        Weekday::Friday => 0.95,
        Weekday::Saturday => 0.4,
        Weekday::Sunday => 0.35,
    };
    let day = hour.as_second().div_euclid(86_400);
    let wave = 1.0 + 0.3 * (day as f64 / 19.0).sin();
    let bad = if chance(seed, [0, day]) < BAD_DAYS { BAD } else { 1.0 };
    let of_day = HOURS.get(usize::from(local.hour().unsigned_abs())).copied().unwrap_or(1.0);
    of_day * weekday * wave * bad
}

/// How many come when so many come on average, each by itself (Poisson's distribution, by Knuth's method).
fn drawn(mean: f64, dice: &mut fastrand::Rng) -> usize {
    let (least, mut product, mut count) = ((-mean).exp(), dice.f64(), 0);
    while product > least && count < 100 {
        product *= dice.f64();
        count += 1;
    }
    count
}
