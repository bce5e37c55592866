//! The hours that come: how many of a thousand people could be asked in each hour of a week, by roster, hours, public
//! holidays, exclusions and days off.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use jiff::civil::date;
use pagerslack_core::availability::{Account, Profile};
use pagerslack_core::calendar::{self, Calendar, DayOff, Scope, WorkingHours};
use pagerslack_core::roster::{Entry, Exclusion, Roster, Who};
use pagerslack_core::rules::coverage;
use pagerslack_core::{Rules, UserId};

use crate::Bench;
use crate::figure::{Figure, median, milliseconds};

const PEOPLE: usize = 1_000;
const TIMES: usize = 31;

/// At most this long, in milliseconds.
const BAR: f64 = 50.0;

/// Measures the coming week.
pub(crate) fn measure(_bench: &Bench) -> Result<Vec<Figure>> {
    let rules = rules()?;
    let people: Vec<(UserId, Option<Arc<Profile>>)> = (0..PEOPLE).map(person).collect();
    let (managers, first) = (BTreeSet::new(), date(2026, 11, 26));
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let start = Instant::now();
        let days = black_box(coverage(&rules, &people, &managers, first, 7));
        times.push(milliseconds(start.elapsed()));
        let hours = days.iter().flat_map(|day| &day.hours);
        ensure!(hours.clone().count() == 168, "a week without a change of clocks has 168 hours");
        ensure!(hours.into_iter().any(|hour| hour.people > Some(100)), "somebody works in that week");
    }
    let note = format!("{PEOPLE} people by address, in five zones, with public holidays; median of {TIMES}");
    let name = "coverage: who could be asked in each hour of a week";
    Ok(vec![Figure::at_most(name, (median(&times), "ms"), (BAR, "ms")).note(note)])
}

fn address(number: usize) -> Option<String> {
    Some(format!("person{number}@example.com"))
}

fn person(number: usize) -> (UserId, Option<Arc<Profile>>) {
    let profile = Profile {
        email: address(number),
        names: vec![format!("Person {number}")],
        zone: Some("Europe/Paris".to_owned()),
        ..Profile::bare(Account::Member)
    };
    (UserId::new(format!("U{number:08}")), Some(Arc::new(profile)))
}

fn rules() -> Result<Rules> {
    const PLACES: [(&str, &str); 5] = [
        ("PT", "Europe/Lisbon"),
        ("NG", "Africa/Lagos"),
        ("UA", "Europe/Kyiv"),
        ("IN", "Asia/Kolkata"),
        ("US", "America/New_York"),
    ];
    let hours: WorkingHours = "09:00-17:30".parse()?;
    let by_address = |number| Who { email: address(number), ..Who::default() };
    let entry = |number: usize| {
        let (country, zone) = PLACES[number % PLACES.len()];
        Entry {
            who: by_address(number),
            zone: calendar::zone(zone),
            country: Some(country.to_owned()),
            hours: Some(hours.clone()),
            start_date: Some(date(2020, 1, 1)),
            weekend_volunteer: number.is_multiple_of(20),
            ..Entry::default()
        }
    };
    let exclusion = |number: usize| Exclusion {
        who: by_address(number * 7),
        from: None,
        until: Some(date(2026, 11, 28)),
        reason: None,
    };
    let day_off = |number: usize| DayOff {
        from: date(2026, 11, 20),
        until: date(2026, 12, 24),
        name: None,
        scope: Scope::Person(by_address(number * 3)),
        worked: false,
    };
    let public = Some(pagerslack_sources::public::embedded()?);
    Ok(Rules {
        roster: Some(Arc::new(Roster::new((0..PEOPLE).map(entry).collect()))),
        exclusions: (0..20).map(exclusion).collect(),
        calendar: Arc::new(Calendar { days: (0..30).map(day_off).collect(), public }),
        ..Rules::default()
    })
}
