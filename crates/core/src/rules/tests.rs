//! Who may be asked, and why not: each reason, what is not known, and the laws that hold of all teams.
//!
//! Unless a test says otherwise it is noon in UTC on Tuesday, 10 March 2026, and everybody is online, in Lisbon,
//! which then has UTC's time.

use std::sync::Arc;

use jiff::civil::{Date, date};

use super::*;
use crate::availability::{DndWindow, Fact, Facts, Presence, Status, Verdict};
use crate::calendar::{DayOff, PublicHoliday, PublicHolidays, Scope, zone};
use crate::roster::Who;

mod reasons;

mod unknown;

mod statuses;

mod days;

mod people;

mod team;

mod coverage;

mod oracle;

mod laws;

const NOON: &str = "2026-03-10T12:00:00Z";

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn lisbon() -> Profile {
    Profile {
        email: Some("ann@example.com".to_owned()),
        names: vec!["Ann Lee".to_owned()],
        zone: Some("Europe/Lisbon".to_owned()),
        ..Profile::bare(Account::Member)
    }
}

/// Everything is known, and nothing of it stands against asking them.
fn online(profile: Profile) -> Facts {
    Facts {
        profile: Fact::Known(Arc::new(profile)),
        dnd: Fact::Known(None),
        presence: Fact::Known(Presence::Active),
    }
}

/// The row of U1, Ann Lee.
fn ann() -> Entry {
    Entry { who: by_id("U1"), zone: zone("Europe/Lisbon"), ..Entry::default() }
}

fn by_id(user: &str) -> Who {
    Who { user: Some(user.into()), ..Who::default() }
}

fn by_email(email: &str) -> Who {
    Who { email: Some(email.to_owned()), ..Who::default() }
}

fn by_name(name: &str) -> Who {
    Who { name: Some(name.to_owned()), ..Who::default() }
}

fn with_roster(entries: impl Into<Vec<Entry>>) -> Rules {
    Rules { roster: Some(Arc::new(Roster::new(entries.into()))), ..Rules::default() }
}

fn with_days(rules: Rules, days: impl Into<Vec<DayOff>>) -> Rules {
    Rules { calendar: Arc::new(Calendar { days: days.into(), public: None }), ..rules }
}

fn excluding(rules: Rules, exclusions: impl Into<Vec<Exclusion>>) -> Rules {
    Rules { exclusions: exclusions.into().into(), ..rules }
}

fn exclusion(who: Who, from: Option<Date>, until: Option<Date>) -> Exclusion {
    Exclusion { who, from, until, reason: Some("leave".to_owned()) }
}

fn day_off(scope: Scope, date: Date, name: &str) -> DayOff {
    DayOff { from: date, until: date, name: Some(name.to_owned()), scope, worked: false }
}

fn excluded(until: Option<Date>) -> Verdict {
    Verdict::Excluded { until, reason: Some("leave".to_owned()) }
}

fn off(name: &str) -> Day {
    Day::Off { name: name.to_owned() }
}

/// The verdict on U1 at a time, whose kind of day follows from the rules.
fn verdict(rules: &Rules, facts: &Facts, now: &str) -> Option<Verdict> {
    rules.verdict(&"U1".into(), facts, at(now), &rules.day(at(now)))
}

fn check(rules: &Rules, facts: &Facts, expected: Verdict) {
    assert_eq!(verdict(rules, facts, NOON), Some(expected));
}
