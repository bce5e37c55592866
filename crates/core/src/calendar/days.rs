//! Days off that a team writes down itself, over the public holidays.
//!
//! What is said of fewer people overrides what is said of more: a person's entries come before a region's, these
//! before a country's, and the table of public holidays comes last. Of two entries alike the later counts. No
//! time zones here: a date is already the person's own.

use std::sync::Arc;

use jiff::civil::Date;

use super::PublicHolidays;
use super::public::without_country;
use crate::roster::{Whereabouts, Who};

/// Whom a day off is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody: a company holiday, on which the weekend's rules hold.
    Everyone,
    /// A country, by its ISO 3166-1 code in capitals, such as `PT`.
    Country(String),
    /// A region of a country, by its ISO 3166-2 code in capitals, such as `PT-11`.
    Region(String),
    /// One person.
    Person(Who),
}

/// A date or a range of dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayOff {
    /// The first day.
    pub from: Date,
    /// The last day, included.
    pub until: Date,
    /// What it is called, if it has a name.
    pub name: Option<String>,
    /// Whom it is for.
    pub scope: Scope,
    /// The contrary: these days are worked, whatever public holiday or wider day off falls on them.
    pub worked: bool,
}

/// All days off that are known.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    /// The team's own.
    pub days: Vec<DayOff>,
    /// The world's, when they are to be kept.
    pub public: Option<Arc<PublicHolidays>>,
}

impl DayOff {
    /// Whether it says anything of a date.
    pub fn covers(&self, date: Date) -> bool {
        self.from <= date && date <= self.until
    }

    fn name(&self) -> &str {
        self.name.as_deref().map_or("", str::trim)
    }
}

impl Calendar {
    /// The company holiday of a date: its name, or "" if it has none.
    pub fn company_holiday(&self, date: Date) -> Option<&str> {
        self.for_everyone(date).filter(|day| !day.worked).map(DayOff::name)
    }

    /// The day off that keeps this person from being asked on their local `date`, by its name. Company holidays
    /// are not among them: see [`Calendar::company_holiday`].
    pub fn day_off(&self, person: &Whereabouts<'_>, date: Date) -> Option<String> {
        let place = Place::of(person);
        let (mut region, mut country, mut everyone) = (None, None, None);
        for day in self.days.iter().rev().filter(|day| day.covers(date)) {
            match &day.scope {
                // Nothing is narrower, and nothing later: no need to look further.
                Scope::Person(who) if who.is(person) => return named(day),
                Scope::Region(code) if region.is_none() && place.is_in_region(code) => region = Some(day),
                Scope::Country(code) if country.is_none() && place.is_in_country(code) => country = Some(day),
                Scope::Everyone if everyone.is_none() => everyone = Some(day),
                Scope::Person(_) | Scope::Region(_) | Scope::Country(_) | Scope::Everyone => {}
            }
        }
        match region.or(country) {
            Some(day) => named(day),
            None if everyone.is_some_and(|day| day.worked) => None,
            None => self.public_holiday(place, date).map(or_a_day_off),
        }
    }

    fn for_everyone(&self, date: Date) -> Option<&DayOff> {
        self.days.iter().rev().find(|day| day.scope == Scope::Everyone && day.covers(date))
    }

    fn public_holiday(&self, place: Place<'_>, date: Date) -> Option<&str> {
        self.public.as_ref()?.on(place.country?, place.region, date)
    }
}

/// The name of a day off; none if it is worked.
fn named(day: &DayOff) -> Option<String> {
    (!day.worked).then(|| or_a_day_off(day.name()))
}

fn or_a_day_off(name: &str) -> String {
    if name.is_empty() { "a day off" } else { name }.to_owned()
}

/// Where somebody is: the country, and the region without its country's code (`11` of `PT-11`).
#[derive(Clone, Copy)]
struct Place<'a> {
    country: Option<&'a str>,
    region: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// The country may be known from the region alone.
    fn of(person: &Whereabouts<'a>) -> Self {
        let of_region = || Some(person.region?.split_once('-')?.0);
        let country = person.country.or_else(of_region);
        Self {
            country,
            region: person.region.map(|region| without_country(country.unwrap_or_default(), region)),
        }
    }

    fn is_in_country(self, code: &str) -> bool {
        self.country.is_some_and(|country| country.eq_ignore_ascii_case(code))
    }

    fn is_in_region(self, code: &str) -> bool {
        let own = without_country(self.country.unwrap_or_default(), code);
        self.region.is_some_and(|region| region.eq_ignore_ascii_case(own))
    }
}
