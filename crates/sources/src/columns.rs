//! The columns of `oncall.csv`, and under which headers a team keeps them.
//!
//! Headers are compared by their letters and digits alone: `Time zone`, `time_zone` and `TIMEZONE` are one.

use crate::Faults;
use crate::fault::nearest;

/// One thing that the roster knows of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The Slack id.
    SlackId,
    /// The e-mail address.
    Email,
    /// What people call them.
    Name,
    /// Engineer, manager, or neither.
    Role,
    /// Their team.
    Team,
    /// Their IANA time zone.
    TimeZone,
    /// ISO 3166-1.
    Country,
    /// ISO 3166-2.
    Region,
    /// Their working hours.
    WorkingHours,
    /// Their first day.
    StartDate,
    /// Whether they volunteer for weekends.
    WeekendVolunteer,
    /// Their language.
    Language,
    /// Anything else.
    Notes,
    /// The hours of one weekday, from Monday as 0: they stand above the working hours.
    Weekday(u8),
}

impl Field {
    /// All of them: those that the file is written with, in order, and then the weekdays.
    pub const ALL: [Self; 20] = [
        Self::SlackId,
        Self::Email,
        Self::Name,
        Self::Role,
        Self::Team,
        Self::TimeZone,
        Self::Country,
        Self::Region,
        Self::WorkingHours,
        Self::StartDate,
        Self::WeekendVolunteer,
        Self::Language,
        Self::Notes,
        Self::Weekday(0),
        Self::Weekday(1),
        Self::Weekday(2),
        Self::Weekday(3),
        Self::Weekday(4),
        Self::Weekday(5),
        Self::Weekday(6),
    ];
    /// How many of [`Field::ALL`] the file is written with.
    pub(crate) const WRITTEN: usize = 13;

    /// Its canonical header, which is its name in the configuration too.
    pub fn name(self) -> &'static str {
        match self {
            Self::SlackId => "slack_id",
            Self::Email => "email",
            Self::Name => "name",
            Self::Role => "role",
            Self::Team => "team",
            Self::TimeZone => "time_zone",
            Self::Country => "country",
            Self::Region => "region",
            Self::WorkingHours => "working_hours",
            Self::StartDate => "start_date",
            Self::WeekendVolunteer => "weekend_volunteer",
            Self::Language => "language",
            Self::Notes => "notes",
            Self::Weekday(0) => "monday",
            Self::Weekday(1) => "tuesday",
            Self::Weekday(2) => "wednesday",
            Self::Weekday(3) => "thursday",
            Self::Weekday(4) => "friday",
            Self::Weekday(5) => "saturday",
            Self::Weekday(_) => "sunday",
        }
    }

    /// The field of this name, or the sentence that names the nearest.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|field| key(field.name()) == key(name));
        known.ok_or_else(|| {
            let hint = nearest(name, Self::ALL.map(Self::name)).map_or_else(
                || Self::ALL.map(Self::name).join(", "),
                |near| format!("did you mean {near:?}?"),
            );
            format!("{name:?} is no column of the roster ({hint})")
        })
    }

    /// Where it stands in [`Field::ALL`].
    pub(crate) fn index(self) -> usize {
        Self::ALL.iter().position(|field| *field == self).unwrap_or(0)
    }
}

/// What of a header counts: its letters and digits, in lower case.
pub fn key(header: &str) -> String {
    header.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The header of every field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    headers: [String; 20],
    /// Whether the configuration named it, so that it must be there.
    named: [bool; 20],
}

impl Default for Columns {
    fn default() -> Self {
        Self { headers: Field::ALL.map(|field| field.name().to_owned()), named: [false; 20] }
    }
}

impl Columns {
    /// The canonical headers but for these (field, header), as the configuration has them.
    ///
    /// # Errors
    /// A name that is no field, a header that is empty or serves two fields.
    pub fn renamed<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Faults> {
        let (mut columns, mut faults) = (Self::default(), Faults::default());
        for (name, header) in pairs {
            match Field::named(name) {
                Ok(_) if key(header).is_empty() => {
                    faults
                        .add(None, format!("the column for {name} has no header: give one, or leave it out"));
                }
                Ok(field) => {
                    let index = field.index();
                    header.trim().clone_into(&mut columns.headers[index]);
                    columns.named[index] = true;
                }
                Err(what) => faults.add(None, what),
            }
        }
        let keys = columns.headers.each_ref().map(|header| key(header));
        for (index, header) in columns.headers.iter().enumerate() {
            if let Some(first) = (0..index).find(|first| keys[*first] == keys[index]) {
                let (first, second) = (Field::ALL[first].name(), Field::ALL[index].name());
                faults.add(None, format!("the column {header:?} cannot be both {first} and {second}"));
            }
        }
        faults.or(columns)
    }

    /// The header of a field.
    pub fn header(&self, field: Field) -> &str {
        &self.headers[field.index()]
    }

    /// Whether the configuration named the header, so that its absence is a fault.
    pub(crate) fn is_named(&self, field: Field) -> bool {
        self.named[field.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_its_letters_and_digits() {
        for header in ["Time zone", "time_zone", "TIME-ZONE", " timezone "] {
            assert_eq!(key(header), key(Field::TimeZone.name()), "{header}");
        }
        assert_eq!(key("Équipe (2)"), "équipe2");
    }

    #[test]
    fn the_configuration_renames_columns() {
        let columns = Columns::renamed([("email", "Work e-mail"), ("Monday", "Mon")]).unwrap();
        assert_eq!(columns.header(Field::Email), "Work e-mail");
        assert_eq!(columns.header(Field::Weekday(0)), "Mon");
        assert_eq!(columns.header(Field::Role), "role");
    }

    #[test]
    fn every_wrong_name_is_told() {
        let told = |pairs: &[(&str, &str)]| Columns::renamed(pairs.iter().copied()).unwrap_err().to_string();
        assert_eq!(
            told(&[("emial", "E"), ("team", " ")]),
            "\"emial\" is no column of the roster (did you mean \"email\"?)\n\
             the column for team has no header: give one, or leave it out"
        );
        assert_eq!(told(&[("team", "Name")]), "the column \"Name\" cannot be both name and team");
        assert!(told(&[("shoe", "x")]).contains("(slack_id, email, name"));
    }
}
