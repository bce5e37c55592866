//! Makes a roster from a spreadsheet's export: guesses columns, tidies cells, and says which rows are bad.
//!
//! Invariant: a row is understood or it is a [`BadRow`] with the reason; none is half understood. What comes out
//! is what [`oncall::parse`](crate::oncall::parse) takes, because its own reader has read every row.

mod diff;
mod hours;
mod mapping;
mod meaning;

use pagerslack_core::roster::{Entry, Role};

pub use diff::{Change, Diff};
pub use mapping::{Mapping, Source, guess};

use crate::Faults;
use crate::columns::Field;
use crate::dates::{DateOrder, Order};
use crate::oncall::fields::Cells;
use crate::oncall::table::{Row, Table};
use crate::oncall::{People, decode, names};
use meaning::{Meanings, flag};

/// A spreadsheet's export.
#[derive(Debug)]
pub struct Sheet {
    table: Table,
}

impl Sheet {
    /// Reads the cells of an export: CSV in UTF-8, separated by commas, semicolons or tabs.
    ///
    /// # Errors
    /// A file that is no such export, or whose rows cannot be told apart.
    pub fn read(bytes: &[u8]) -> Result<Self, Faults> {
        Ok(Self { table: Table::read(decode(bytes)?)? })
    }

    /// The headers, in order.
    pub fn headers(&self) -> &[String] {
        &self.table.header
    }

    /// What stands between its cells.
    pub fn separator(&self) -> char {
        self.table.separator
    }

    /// How many rows there are that are not blank, the header aside.
    pub fn len(&self) -> usize {
        self.table.rows.len()
    }

    /// Whether there is no such row.
    pub fn is_empty(&self) -> bool {
        self.table.rows.is_empty()
    }
}

/// A row that is understood.
#[derive(Clone, Debug, PartialEq)]
pub struct GoodRow {
    /// The line on which it begins.
    pub line: usize,
    /// What it says.
    pub entry: Entry,
}

/// A row that does not reach the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BadRow {
    /// The line on which it begins.
    pub line: usize,
    /// Whom it is about, as far as it says: the Slack id and the address.
    pub who: Vec<String>,
    /// Why, as a sentence without its full stop.
    pub why: String,
}

/// A row that says what an earlier one has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Its line.
    pub line: usize,
    /// The line of the first one, which is kept.
    pub first: usize,
}

/// What a spreadsheet came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// In the sheet's order, nobody twice.
    pub rows: Vec<GoodRow>,
    /// By line.
    pub bad: Vec<BadRow>,
    /// By line.
    pub dropped: Vec<Dropped>,
}

impl Outcome {
    /// The roster.
    pub fn entries(&self) -> Vec<Entry> {
        self.rows.iter().map(|row| row.entry.clone()).collect()
    }

    /// Takes out whoever is there twice: the first row stays; a later one that says the same is dropped, and one
    /// that says something else is bad. To be done again when ids have been filled in.
    pub fn settle(&mut self) {
        let mut people = People::default();
        let mut kept: Vec<GoodRow> = Vec::with_capacity(self.rows.len());
        for row in std::mem::take(&mut self.rows) {
            let Some(first) = people.met(&row.entry.who, row.line) else {
                kept.push(row);
                continue;
            };
            let place = kept.binary_search_by_key(&first, |earlier| earlier.line).ok();
            match place.and_then(|place| kept.get(place)) {
                Some(earlier) if earlier.entry == row.entry => {
                    self.dropped.push(Dropped { line: row.line, first });
                }
                _ => {
                    let why =
                        format!("the same person is on line {first}, with other values: that row is kept");
                    let who = names(&row.entry.who).collect();
                    self.bad.push(BadRow { line: row.line, who, why });
                }
            }
        }
        self.rows = kept;
        self.bad.sort();
        self.dropped.sort_by_key(|dropped| dropped.line);
    }
}

/// Understands every row, or says why not. `progress` is told after each row how many are done.
pub fn import(
    sheet: &Sheet,
    mapping: &Mapping,
    dates: Option<DateOrder>,
    progress: &mut dyn FnMut(usize),
) -> Outcome {
    let start_date = mapping.of(Source::Field(Field::StartDate));
    let column = sheet.table.rows.iter().filter_map(|row| start_date.map(|place| row.cell(place)));
    let mut reader = Reader {
        mapping,
        order: Order::of(dates, column),
        meanings: Meanings::default(),
        cells: Cells::default(),
    };
    let mut outcome = Outcome::default();
    for (index, row) in sheet.table.rows.iter().enumerate() {
        match reader.entry(row) {
            Ok(entry) => outcome.rows.push(GoodRow { line: row.line, entry }),
            Err((who, faults)) => outcome.bad.push(BadRow { line: row.line, who, why: faults.join("; ") }),
        }
        progress(index + 1);
    }
    outcome.settle();
    outcome
}

struct Reader<'a> {
    mapping: &'a Mapping,
    order: Order,
    meanings: Meanings,
    cells: Cells,
}

impl Reader<'_> {
    /// What a row says; or whom it is about, and all that is wrong with it.
    fn entry(&mut self, row: &Row) -> Result<Entry, (Vec<String>, Vec<String>)> {
        let cell = |source| self.mapping.of(source).map_or("", |place| row.cell(place));
        let (mut faults, mut texts) = (Vec::new(), <[String; 20]>::default());
        for field in Field::ALL {
            let text = cell(Source::Field(field));
            let meaning = match self.meanings.of(field, text) {
                Ok(meaning) if field == Field::StartDate && !meaning.is_empty() => {
                    self.order.read(&meaning).map(|date| date.to_string())
                }
                other => other,
            };
            match meaning {
                Ok(meaning) => texts[field.index()] = meaning,
                Err(what) => faults.push(what),
            }
        }
        let is_manager = flag(cell(Source::IsManager)).unwrap_or_else(|what| {
            faults.push(what);
            false
        });
        if texts[Field::Name.index()].is_empty() {
            let (first, last) = (cell(Source::FirstName), cell(Source::LastName));
            texts[Field::Name.index()] = format!("{first} {last}").trim().to_owned();
        }
        let who = [Field::SlackId, Field::Email].map(|field| texts[field.index()].clone());
        let who = move || who.into_iter().filter(|name| !name.is_empty()).collect();
        if let Some(fault) = &row.fault {
            return Err((who(), vec![fault.clone()]));
        }
        // A cell that could not be made out is blank here: the strict reader tells of the others.
        match self.cells.entry(|field| texts[field.index()].as_str()) {
            Ok(mut entry) if faults.is_empty() => {
                if is_manager {
                    entry.role = Role::Manager;
                }
                Ok(entry)
            }
            Ok(_) => Err((who(), faults)),
            Err(more) => {
                faults.extend(more);
                Err((who(), faults))
            }
        }
    }
}

#[cfg(test)]
mod tests;
