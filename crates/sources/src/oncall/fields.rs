//! One cell at a time, strictly: from its text to its value, or to a sentence on what is wrong with it.

use std::collections::HashMap;

use jiff::civil::Date;
use pagerslack_core::UserId;
use pagerslack_core::roster::{Entry, Role, Who};

use super::zones::Zones;
use super::{countries, hours};
use crate::columns::Field;
use crate::fault::nearest;

/// Reads cells, and remembers what it has looked up.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    zones: Zones,
    countries: HashMap<String, Result<&'static str, String>>,
}

/// After so many different wrong countries no more are suggested: the column is something else then.
const MOST_SUGGESTIONS: usize = 200;

impl Cells {
    /// The entry of a row. Cells are trimmed.
    ///
    /// # Errors
    /// Sentences on every cell that is wrong.
    pub(crate) fn entry<'a>(&mut self, cell: impl Fn(Field) -> &'a str) -> Result<Entry, Vec<String>> {
        let mut faults = Vec::new();
        let text = |field| Some(cell(field).to_owned()).filter(|text| !text.is_empty());
        let mut entry = Entry {
            who: Who { user: None, email: None, name: text(Field::Name) },
            team: text(Field::Team),
            language: text(Field::Language),
            notes: text(Field::Notes),
            ..Entry::default()
        };
        if cell(Field::SlackId).is_empty() && cell(Field::Email).is_empty() {
            faults.push("neither a Slack id nor an e-mail address: give one of them".to_owned());
        }
        keep(&mut entry.who.user, &mut faults, cell(Field::SlackId), slack_id);
        keep(&mut entry.who.email, &mut faults, cell(Field::Email), email);
        match role(cell(Field::Role)) {
            Ok(role) => entry.role = role,
            Err(what) => faults.push(what),
        }
        keep(&mut entry.zone, &mut faults, cell(Field::TimeZone), |text| self.zones.find(text));
        keep(&mut entry.country, &mut faults, cell(Field::Country), |text| self.country(text));
        // Of a country that is wrong nothing can be said about its regions.
        if entry.country.is_some() || cell(Field::Country).is_empty() {
            let country = entry.country.clone();
            keep(&mut entry.region, &mut faults, cell(Field::Region), |text| {
                region(text, country.as_deref())
            });
        }
        if let (None, Some(region)) = (&entry.country, &entry.region) {
            entry.country = region.get(..2).map(str::to_owned);
        }
        let weekdays = std::array::from_fn(|day| cell(Field::Weekday(u8::try_from(day).unwrap_or(0))));
        match hours::hours(cell(Field::WorkingHours), weekdays) {
            Ok(hours) => entry.hours = hours,
            Err(all) => faults.extend(all),
        }
        keep(&mut entry.start_date, &mut faults, cell(Field::StartDate), date);
        match flag(cell(Field::WeekendVolunteer)) {
            Ok(flag) => entry.weekend_volunteer = flag,
            Err(what) => faults.push(what),
        }
        if faults.is_empty() { Ok(entry) } else { Err(faults) }
    }

    fn country(&mut self, text: &str) -> Result<String, String> {
        if let Some(code) = countries::of_code(text) {
            return Ok(code.to_owned());
        }
        let suggests = self.countries.len() < MOST_SUGGESTIONS;
        let refusal = || match Some(text).filter(|_| suggests).and_then(countries::meant) {
            Some(code) => format!("{text:?} is no ISO 3166-1 country code (did you mean {code:?}?)"),
            None => format!("{text:?} is no ISO 3166-1 country code: write for example PT"),
        };
        let found = self.countries.entry(text.to_owned()).or_insert_with(|| Err(refusal()));
        found.clone().map(str::to_owned)
    }
}

/// Reads a cell that may be empty.
fn keep<T>(
    place: &mut Option<T>,
    faults: &mut Vec<String>,
    text: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) {
    if text.is_empty() {
        return;
    }
    match read(text) {
        Ok(value) => *place = Some(value),
        Err(what) => faults.push(what),
    }
}

/// An id of a person, as Slack writes it (docs.slack.dev: `U` or `W`, then capitals and digits).
fn slack_id(text: &str) -> Result<UserId, String> {
    let rest = text.strip_prefix(['U', 'W']).unwrap_or_default();
    let fits = (1..=20).contains(&rest.len());
    if fits && rest.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit()) {
        return Ok(UserId::new(text));
    }
    Err(format!(
        "{text:?} is no Slack id: it looks like U012AB3CD (in Slack: the person's profile, ⋮, \"Copy member ID\")"
    ))
}

/// An address, in lower case.
fn email(text: &str) -> Result<String, String> {
    let address = text.to_lowercase();
    let plain = |it: char| !it.is_whitespace() && !it.is_control() && !",;:<>()[]\"\\".contains(it);
    let sound = address.len() <= 254
        && address.chars().all(plain)
        && address.split_once('@').is_some_and(|(local, domain)| {
            let labels = || domain.split('.');
            let label =
                |it: &str| !it.is_empty() && !it.contains('@') && !it.starts_with('-') && !it.ends_with('-');
            !local.is_empty() && labels().count() > 1 && labels().all(label)
        });
    if sound { Ok(address) } else { Err(format!("{text:?} is no e-mail address")) }
}

const ROLES: [(&str, Role); 3] =
    [("engineer", Role::Engineer), ("manager", Role::Manager), ("neither", Role::Neither)];

/// A role's name in the file.
pub(crate) fn role_name(role: Role) -> &'static str {
    ROLES.iter().find(|(_, known)| *known == role).map_or("", |(name, _)| name)
}

fn role(text: &str) -> Result<Role, String> {
    if text.is_empty() {
        return Ok(Role::Engineer);
    }
    let found = ROLES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, role)| *role).ok_or_else(|| match nearest(text, ROLES.map(|(name, _)| name)) {
        Some(near) => format!("{text:?} is no role (did you mean {near:?}?)"),
        None => format!("{text:?} is no role: write engineer, manager or neither"),
    })
}

/// Yes or no; no when nothing is said.
pub(crate) fn flag(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "1" | "x" => Ok(true),
        "no" | "false" | "0" | "" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

/// `2026-03-01`, and nothing else.
fn date(text: &str) -> Result<Date, String> {
    let shape = |(at, it): (usize, u8)| if matches!(at, 4 | 7) { it == b'-' } else { it.is_ascii_digit() };
    let shaped = text.len() == 10 && text.bytes().enumerate().all(shape);
    let refusal = || format!("{text:?} is no date: write the year, month and day, as in 2026-03-01");
    if shaped { text.parse().map_err(|_| refusal()) } else { Err(refusal()) }
}

/// `PT-11`, or `11` beside the country.
fn region(text: &str, country: Option<&str>) -> Result<String, String> {
    let code = text.to_uppercase();
    let (of, part) = match code.split_once('-') {
        Some((of, part)) => (Some(of), part),
        None => (country, code.as_str()),
    };
    let shaped = (1..=3).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_alphanumeric());
    if !shaped || of.is_some_and(|of| countries::of_code(of).is_none()) {
        return Err(format!("{text:?} is no ISO 3166-2 region code: write for example PT-11"));
    }
    match (of, country) {
        (None, _) => Err(format!("the region {text:?} needs its country: write for example PT-11")),
        (Some(of), Some(country)) if country != of => {
            Err(format!("the region {text:?} is not of the country {country}"))
        }
        (Some(of), _) => Ok(format!("{of}-{part}")),
    }
}
