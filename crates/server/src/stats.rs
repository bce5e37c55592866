//! The statistics: a row for each incident, from the store to whoever counts, as CSV or as JSON.
//!
//! Invariant: memory stays the same however long the history is. A few incidents are read, written and forgotten, and
//! whoever reads slowly is waited for. What cannot be read ends the stream with an error, so that half of a history is
//! never taken for all of it.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use pagerslack_core::ChannelId;
use pagerslack_core::report::{COLUMNS, Row, row};
use pagerslack_sources::formulas::disarm;
use pagerslack_store::{Archive, Cursor, StoreError};
use serde_json::Value;

/// How many incidents are read at once. The log of one may hold some hundred verdicts on each of six people.
const AT_ONCE: usize = 20;

/// How many rows of old incidents are read at once.
const PAST_AT_ONCE: usize = 500;

/// Which incidents are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those reported at this moment or later.
    pub since: Option<Timestamp>,
    /// Those reported before this moment.
    pub until: Option<Timestamp>,
    /// Those of this channel.
    pub channel: Option<ChannelId>,
}

impl Selection {
    fn holds(&self, row: &Row) -> bool {
        self.since.is_none_or(|since| row.reported_at >= since)
            && self.until.is_none_or(|until| row.reported_at < until)
            && self.channel.as_ref().is_none_or(|channel| row.channel == *channel)
    }
}

/// Reads a moment: `2026-12-01` (midnight UTC) or `2026-12-01T08:00:00Z`.
///
/// # Errors
/// What it must be, to be said after its name.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    let midnight = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse()
        .ok()
        .or_else(|| midnight().map(|midnight| midnight.timestamp()))
        .ok_or_else(|| format!("must be a date or a moment (2026-12-01, 2026-12-01T08:00:00Z), not {text:?}"))
}

/// How the rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a line of names first. A cell that a spreadsheet would run has an apostrophe before it.
    Csv,
    /// A list with an object for each incident.
    Json,
}

/// Why there are no statistics, or no more.
#[derive(Debug, thiserror::Error)]
pub enum StatsError {
    /// The store could not be read.
    #[error("the history cannot be read")]
    Store(#[from] StoreError),
    /// A row could not be written, or the row of an old incident not be read.
    #[error("a row cannot be written, or read again")]
    Row(#[from] io::Error),
}

/// The statistics on their way out.
pub struct Stats {
    archive: Arc<dyn Archive>,
    selection: Selection,
    format: Format,
    next: Next,
    /// Whether a row has been written.
    begun: bool,
}

enum Next {
    Head,
    Past(Option<Cursor>),
    Page(Option<Cursor>),
    Tail,
    Nothing,
}

impl Stats {
    /// Everything in the archive that the selection holds.
    pub fn new(archive: Arc<dyn Archive>, selection: Selection, format: Format) -> Self {
        Self { archive, selection, format, next: Next::Head, begun: false }
    }

    /// The next piece of the text; `None` after the last.
    ///
    /// # Errors
    /// When the history cannot be read. What came before is not all of it.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, StatsError> {
        loop {
            let mut text = Vec::new();
            match std::mem::replace(&mut self.next, Next::Nothing) {
                Next::Head => {
                    self.head(&mut text)?;
                    self.next = Next::Past(None);
                }
                // What was taken out is older than what is there.
                Next::Past(after) => {
                    let page = self.archive.past(after, PAST_AT_ONCE).await?;
                    let rows = page.items.iter().map(|past| serde_json::from_slice::<Row>(&past.row));
                    let rows: Vec<_> = rows.collect::<Result<_, _>>().map_err(io::Error::from)?;
                    let rows: Vec<_> = rows
                        .into_iter()
                        .map(Row::completed)
                        .filter(|row| self.selection.holds(row))
                        .collect();
                    self.rows(&mut text, &rows)?;
                    self.next = page.next.map_or(Next::Page(None), |next| Next::Past(Some(next)));
                }
                Next::Page(after) => {
                    let page = self.archive.incidents(after, AT_ONCE).await?;
                    let rows = page.items.iter().filter_map(|filed| row(&filed.stored.log));
                    let rows: Vec<_> = rows.filter(|row| self.selection.holds(row)).collect();
                    self.rows(&mut text, &rows)?;
                    self.next = page.next.map_or(Next::Tail, |next| Next::Page(Some(next)));
                }
                Next::Tail if self.format == Format::Json => {
                    text.extend_from_slice(if self.begun { b"\n]\n" } else { b"]\n" });
                }
                Next::Tail | Next::Nothing => return Ok(None),
            }
            // A page on which nothing was selected is no piece.
            if !text.is_empty() {
                return Ok(Some(text));
            }
        }
    }

    fn head(&self, text: &mut Vec<u8>) -> io::Result<()> {
        match self.format {
            Format::Csv => csv_to(text, |csv| csv.write_record(COLUMNS)),
            Format::Json => text.write_all(b"["),
        }
    }

    fn rows(&mut self, text: &mut Vec<u8>, rows: &[Row]) -> io::Result<()> {
        match self.format {
            Format::Csv => csv_to(text, |csv| rows.iter().try_for_each(|row| csv.write_record(cells(row)?))),
            Format::Json => rows.iter().try_for_each(|row| {
                let before = if std::mem::replace(&mut self.begun, true) { ",\n" } else { "\n" };
                text.extend_from_slice(before.as_bytes());
                serde_json::to_writer(&mut *text, row).map_err(io::Error::from)
            }),
        }
    }
}

fn csv_to(
    text: &mut Vec<u8>,
    write: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>,
) -> io::Result<()> {
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(text);
    write(&mut csv).map_err(io::Error::other)?;
    csv.flush()
}

/// The cells of a row, in the order of its fields.
fn cells(row: &Row) -> csv::Result<Vec<String>> {
    let value = serde_json::to_value(row).map_err(io::Error::from)?;
    let values = value.as_object().into_iter().flat_map(|fields| fields.values());
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => disarm(text).into_owned(),
        Value::Array(_) => disarm(&asked(row)).into_owned(),
        other => other.to_string(),
    };
    Ok(values.map(cell).collect())
}

/// Everybody who was asked, as one cell: `U1@23:timed_out U2@9:answered`, with the hour that their clock showed.
fn asked(row: &Row) -> String {
    let told = row.asked.iter().map(|asked| {
        let hour = asked.local_hour.map(|hour| format!("@{hour}")).unwrap_or_default();
        format!("{}{hour}:{}", asked.user, asked.end.name())
    });
    told.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
