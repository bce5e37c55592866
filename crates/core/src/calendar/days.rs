//! Days off that a team writes down itself, over the public holidays.

use std::sync::Arc;

use jiff::civil::Date;

use super::PublicHolidays;
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

impl Calendar {
    /// The company holiday of a date: its name, or "" if it has none.
    pub fn company_holiday(&self, date: Date) -> Option<&str> {
        let _ = date;
        None
    }

    /// The day off that keeps this person from being asked on their local `date`, by its name. Company holidays
    /// are not among them: see [`Calendar::company_holiday`].
    pub fn day_off(&self, person: &Whereabouts<'_>, date: Date) -> Option<String> {
        let _ = (person, date);
        None
    }
}
