//! `oncall.csv`: who is an engineer, a manager, or neither; read strictly and written in one way.
//!
//! Invariant: whoever is in the file is in the roster, or the file is refused with all its faults. No row is left
//! out, no cell guessed at: guessing is for the [`import`](crate::import), which a person looks over.

pub(crate) mod countries;
pub(crate) mod fields;
pub(crate) mod fold;
mod hours;
pub(crate) mod table;
pub(crate) mod zones;

use std::collections::HashMap;

use pagerslack_core::roster::{Entry, Roster, Who};

use crate::Faults;
use crate::columns::{Columns, Field, key};
use crate::fault::nearest;
use crate::formulas;
use fields::{Cells, role_name};
use table::Table;
pub use table::{LONGEST_FILE, MOST_ROWS, decode};

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Oncall {
    /// Everybody in it.
    pub roster: Roster,
    /// The columns that mean nothing to us, as they are headed: worth a line in the log.
    pub ignored_columns: Vec<String>,
}

/// Reads the file from its bytes.
///
/// # Errors
/// All faults, by line.
pub fn read(bytes: &[u8], columns: &Columns) -> Result<Oncall, Faults> {
    parse(decode(bytes)?, columns)
}

/// Reads the file from its text. Cells are separated by commas, semicolons or tabs, whichever the header shows.
///
/// # Errors
/// All faults, by line.
pub fn parse(text: &str, columns: &Columns) -> Result<Oncall, Faults> {
    let mut table = Table::read(text)?;
    let mut faults = Faults::default();
    let header = Header::read(&table, columns, &mut faults);
    if !faults.0.is_empty() {
        return faults.or(Oncall::default());
    }
    let (mut cells, mut people, mut entries) = (Cells::default(), People::default(), Vec::new());
    for row in std::mem::take(&mut table.rows) {
        if let Some(what) = row.fault {
            faults.add(Some(row.line), what);
            continue;
        }
        let read = cells.entry(|field| header.place(field).map_or("", |index| row.cell(index)));
        match read {
            Ok(entry) => {
                for what in people.doubles(&entry.who, row.line) {
                    faults.add(Some(row.line), what);
                }
                entries.push(entry);
            }
            Err(all) => all.into_iter().for_each(|what| faults.add(Some(row.line), what)),
        }
    }
    faults.or(Oncall { roster: Roster::new(entries), ignored_columns: header.ignored })
}

/// Writes the file that [`parse`] reads back as the same entries: the same entries make the same text.
///
/// Zones are written by their IANA name; one that has none cannot have come from a file and is left out. Whoever opens
/// the file in a spreadsheet runs nothing of what people wrote in it.
pub fn write(entries: &[Entry], columns: &Columns) -> String {
    let mut text = String::new();
    let written = &Field::ALL[..Field::WRITTEN];
    line(&mut text, written.iter().map(|field| columns.header(*field)));
    for entry in entries {
        let cells = written.iter().map(|field| cell(entry, *field));
        line(&mut text, cells.collect::<Vec<_>>().iter().map(String::as_str));
    }
    text
}

/// What an entry's cell says, in the only way in which we write it; "" for nothing.
pub fn cell(entry: &Entry, field: Field) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match field {
        Field::SlackId => entry.who.user.as_ref().map(ToString::to_string).unwrap_or_default(),
        Field::Email => text(&entry.who.email),
        Field::Name => text(&entry.who.name),
        Field::Role => role_name(entry.role).to_owned(),
        Field::Team => text(&entry.team),
        Field::TimeZone => {
            entry.zone.as_ref().and_then(|zone| zone.iana_name()).unwrap_or_default().to_owned()
        }
        Field::Country => text(&entry.country),
        Field::Region => text(&entry.region),
        Field::WorkingHours => entry.hours.as_ref().map(ToString::to_string).unwrap_or_default(),
        Field::StartDate => entry.start_date.map(|date| date.to_string()).unwrap_or_default(),
        Field::WeekendVolunteer => if entry.weekend_volunteer { "yes" } else { "no" }.to_owned(),
        Field::Language => text(&entry.language),
        Field::Notes => text(&entry.notes),
        Field::Weekday(_) => String::new(),
    }
}

fn line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            text.push(',');
        }
        let cell = formulas::disarm(cell);
        if cell.contains(['"', ',', ';', '\t', '\n', '\r']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&cell);
        }
    }
    text.push('\n');
}

/// Which column holds which field.
struct Header {
    places: [Option<usize>; 20],
    ignored: Vec<String>,
}

impl Header {
    fn place(&self, field: Field) -> Option<usize> {
        self.places[field.index()]
    }

    fn read(table: &Table, columns: &Columns, faults: &mut Faults) -> Self {
        let mut header = Self { places: [None; 20], ignored: Vec::new() };
        let mut unknown = Vec::new();
        let keys = Field::ALL.map(|field| (field, key(columns.header(field))));
        for (index, name) in table.header.iter().enumerate() {
            let own = key(name);
            let field = keys.iter().find(|(_, key)| *key == own).map(|(field, _)| *field);
            match field {
                None if own.is_empty() => {}
                None => unknown.push(name),
                Some(field) => match header.places[field.index()] {
                    None => header.places[field.index()] = Some(index),
                    Some(_) => faults
                        .add(Some(table.line), format!("the column {name:?} is there twice: remove one")),
                },
            }
        }
        let known = Field::ALL.into_iter().any(|field| header.place(field).is_some());
        let absent: Vec<&str> = Field::ALL
            .into_iter()
            .filter(|field| header.place(*field).is_none() && !columns.is_named(*field))
            .map(|field| columns.header(field))
            .collect();
        for name in unknown {
            match misspelt(name, &absent) {
                Some(near) => faults.add(
                    Some(table.line),
                    format!("the column {name:?} is not known (did you mean {near:?}?): rename or remove it"),
                ),
                None => header.ignored.push(name.clone()),
            }
        }
        for field in
            Field::ALL.into_iter().filter(|field| columns.is_named(*field) && header.place(*field).is_none())
        {
            let (name, wanted) = (field.name(), columns.header(field));
            let near = nearest(wanted, table.header.iter().map(String::as_str));
            let hint = near.map(|near| format!(" (is it {near:?}?)")).unwrap_or_default();
            let what =
                format!("there is no column {wanted:?}, which the configuration names for {name}{hint}");
            faults.add(Some(table.line), what);
        }
        let names_people = header.place(Field::SlackId).or(header.place(Field::Email)).is_some();
        if !known && faults.0.is_empty() {
            let names = Field::ALL.map(Field::name)[..Field::WRITTEN].join(",");
            faults.add(
                Some(table.line),
                format!("the first line names no column that is known: it reads {names}"),
            );
        } else if !names_people && faults.0.is_empty() {
            let (id, email) = (columns.header(Field::SlackId), columns.header(Field::Email));
            faults.add(Some(table.line), format!("there is neither a column {id:?} nor a column {email:?}"));
        }
        header
    }
}

/// The absent column of which a header is a misspelling. Nearer than for other words, because columns that mean
/// nothing to us are welcome.
fn misspelt<'a>(header: &str, absent: &[&'a str]) -> Option<&'a str> {
    let near = nearest(&key(header), absent.iter().copied())?;
    (strsim::normalized_damerau_levenshtein(&key(header), &key(near)) >= 0.75).then_some(near)
}

/// Who has been met, and on which line.
#[derive(Debug, Default)]
pub(crate) struct People {
    lines: HashMap<String, usize>,
}

impl People {
    /// Sentences on the earlier rows of the same person.
    fn doubles(&mut self, who: &Who, line: usize) -> Vec<String> {
        let mut doubles = Vec::new();
        for name in names(who) {
            let first = *self.lines.entry(name.clone()).or_insert(line);
            if first != line {
                doubles.push(format!("{name} is on line {first} already"));
            }
        }
        doubles
    }

    /// The line on which the same person was met first; else remembers this one.
    pub(crate) fn met(&mut self, who: &Who, line: usize) -> Option<usize> {
        let first = names(who).filter_map(|name| self.lines.get(&name).copied()).min();
        if first.is_none() {
            self.lines.extend(names(who).map(|name| (name, line)));
        }
        first
    }
}

/// The Slack id and the address, as far as they are known.
pub(crate) fn names(who: &Who) -> impl Iterator<Item = String> {
    who.user.iter().map(ToString::to_string).chain(who.email.clone())
}

#[cfg(test)]
mod tests;
