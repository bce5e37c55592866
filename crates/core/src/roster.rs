//! Who is on call: the team's own list of people, and those left out of it for a while.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::calendar::WorkingHours;
use crate::ids::UserId;

/// How a file names somebody; whatever is given must be the person's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The Slack id.
    pub user: Option<UserId>,
    /// The e-mail address, in lower case.
    pub email: Option<String>,
    /// The name, as Slack or the roster has it; compared without regard to case.
    pub name: Option<String>,
}

/// What somebody does in the rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Is asked.
    #[default]
    Engineer,
    /// Is the last resort.
    Manager,
    /// Neither.
    Neither,
}

/// One row of the roster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Who: an id, an address, or both.
    pub who: Who,
    /// What they do.
    pub role: Role,
    /// Their team, as the file has it.
    pub team: Option<String>,
    /// Their time zone; Slack's counts when there is none here.
    pub zone: Option<TimeZone>,
    /// ISO 3166-1 code in capitals.
    pub country: Option<String>,
    /// ISO 3166-2 code in capitals, with the country (`PT-11`).
    pub region: Option<String>,
    /// When they work; at any time when nothing is said.
    pub hours: Option<WorkingHours>,
    /// Their first day in the company.
    pub start_date: Option<Date>,
    /// Whether they volunteer for weekends.
    pub weekend_volunteer: bool,
    /// Their language, as the file has it.
    pub language: Option<String>,
    /// Anything else.
    pub notes: Option<String>,
}

/// What the rules must know of a person to find them in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whereabouts<'a> {
    /// Their Slack id.
    pub user: &'a UserId,
    /// Their address, if known.
    pub email: Option<&'a str>,
    /// The names they go by, if known.
    pub names: &'a [String],
    /// ISO 3166-1 code in capitals, if known.
    pub country: Option<&'a str>,
    /// ISO 3166-2 code in capitals, if known.
    pub region: Option<&'a str>,
}

/// Somebody who is not asked for a while, or at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Who.
    pub who: Who,
    /// The first day, or always before.
    pub from: Option<Date>,
    /// The last day, included, or for good.
    pub until: Option<Date>,
    /// Why, as the file has it.
    pub reason: Option<String>,
}

/// The list of people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roster {
    entries: Vec<Entry>,
    by_user: HashMap<UserId, usize>,
    by_email: HashMap<String, usize>,
}

impl Who {
    /// Whether this is that person.
    pub fn is(&self, person: &Whereabouts<'_>) -> bool {
        let _ = person;
        false
    }
}

impl Exclusion {
    /// Whether it holds on a person's local date.
    pub fn holds(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }
}

impl Roster {
    /// A roster of these rows; of two rows for one person the first counts.
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut roster = Self { entries, ..Self::default() };
        for (index, entry) in roster.entries.iter().enumerate() {
            if let Some(user) = &entry.who.user {
                roster.by_user.entry(user.clone()).or_insert(index);
            }
            if let Some(email) = &entry.who.email {
                roster.by_email.entry(email.to_lowercase()).or_insert(index);
            }
        }
        roster
    }

    /// Every row, in the file's order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The row of a person: by id, else by address.
    pub fn entry(&self, user: &UserId, email: Option<&str>) -> Option<&Entry> {
        let by_email = || self.by_email.get(&email?.to_lowercase());
        self.by_user.get(user).or_else(by_email).and_then(|index| self.entries.get(*index))
    }

    /// Whether anybody volunteers for weekends.
    pub fn has_volunteers(&self) -> bool {
        self.entries.iter().any(|entry| entry.weekend_volunteer)
    }

    /// Whether somebody might yet be found by an address that is not known: whether any row has an address and no
    /// id.
    pub fn needs_addresses(&self) -> bool {
        self.entries.iter().any(|entry| entry.who.user.is_none())
    }
}
