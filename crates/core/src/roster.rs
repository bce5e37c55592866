//! Who is on call: the team's own list of people, and those left out of it for a while.
//!
//! A file may name people by Slack id, by address or by name; whoever it cannot mean for certain, it does not mean.
//! Nothing is read from Slack here: what is unknown of a person stays unknown, and the caller decides (P6).

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::FixedState;
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
    by_user: HashMap<UserId, usize, FixedState>,
    by_email: HashMap<String, usize, FixedState>,
    engineers: Vec<usize>,
    managers: Vec<usize>,
    needs_addresses: bool,
    has_volunteers: bool,
}

impl Who {
    /// Whether this is that person: whatever is given here must be theirs, and something must be given. An address
    /// that is not known of the person is not theirs.
    pub fn is(&self, person: &Whereabouts<'_>) -> bool {
        let Self { user, email, name } = self;
        let given = user.is_some() || email.is_some() || name.is_some();
        given
            && user.as_ref().is_none_or(|user| user == person.user)
            && email.as_ref().is_none_or(|email| person.email.is_some_and(|theirs| same_text(email, theirs)))
            && name.as_ref().is_none_or(|name| person.names.iter().any(|theirs| same_words(name, theirs)))
    }
}

/// Whether two texts are the same words, without regard to case; no words are the same as none.
fn same_words(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.split_whitespace(), b.split_whitespace());
    let mut any = false;
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) if same_text(a, b) => any = true,
            (None, None) => return any,
            _ => return false,
        }
    }
}

/// Whether two texts are the same, without regard to case; an empty one is the same as none.
fn same_text(a: &str, b: &str) -> bool {
    if a.eq_ignore_ascii_case(b) {
        return !a.is_empty();
    }
    !(a.is_ascii() && b.is_ascii())
        && a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}

impl Exclusion {
    /// Whether it holds on a person's local date.
    pub fn holds(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }
}

impl Roster {
    /// A roster of these rows; of two rows for one person, by id or by address, the first counts.
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut roster = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            let Who { user, email, .. } = &entry.who;
            let email = email.as_deref().filter(|email| !email.is_empty());
            let email = email.map(|email| in_lower_case(email).into_owned());
            let of_user = user.as_ref().and_then(|user| roster.by_user.get(user));
            let of_email = email.as_ref().and_then(|email| roster.by_email.get(email));
            let first = of_user.or(of_email).copied().unwrap_or(index);
            roster.has_volunteers |= entry.weekend_volunteer && first == index;
            roster.needs_addresses |= user.is_none() && email.is_some();
            if let Some(user) = user {
                roster.by_user.entry(user.clone()).or_insert(first);
            }
            if let Some(email) = email {
                roster.by_email.entry(email).or_insert(first);
            }
            match entry.role {
                _ if first != index => {}
                Role::Engineer => roster.engineers.push(index),
                Role::Manager => roster.managers.push(index),
                Role::Neither => {}
            }
        }
        Self { entries, ..roster }
    }

    /// Every row, in the file's order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The row of a person: by id, else by address. A row with an id is that account's alone, whoever else has the
    /// address.
    pub fn entry(&self, user: &UserId, email: Option<&str>) -> Option<&Entry> {
        if let Some(index) = self.by_user.get(user) {
            return self.entries.get(*index);
        }
        let entry = self.entries.get(*self.by_email.get(&*in_lower_case(email?))?)?;
        entry.who.user.is_none().then_some(entry)
    }

    /// Whether anybody volunteers for weekends.
    pub fn has_volunteers(&self) -> bool {
        self.has_volunteers
    }

    /// The rows of those who are asked, in the file's order.
    pub fn engineers(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.engineers.iter().map(|index| &self.entries[*index])
    }

    /// The rows of the last resort, in the file's order.
    pub fn managers(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.managers.iter().map(|index| &self.entries[*index])
    }

    /// Whether somebody might yet be found by an address that is not known: whether any row has an address and no
    /// id.
    pub fn needs_addresses(&self) -> bool {
        self.needs_addresses
    }
}

fn in_lower_case(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

#[cfg(test)]
mod tests;
