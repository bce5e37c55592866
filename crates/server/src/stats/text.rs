//! Rows as text: for spreadsheets, for programs, and for a client that is to know whether it has all of them.

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::Timestamp;
use pagerslack_core::incident::Via;
use pagerslack_core::report::{COLUMNS, Region, Row};
use pagerslack_core::{UserId, ZoneName};
use pagerslack_sources::formulas::disarm;
use serde::{Deserialize, Serialize};

/// How the rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a line of names first. A cell that a spreadsheet would run has an apostrophe before it.
    Csv,
    /// A list with an object for each incident.
    Json,
    /// A line with an object for each incident, and a last one that says how many there were, and how many could not be read.
    Lines,
}

/// The last line: without it there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Total {
    /// How many rows there were.
    pub(crate) rows: u64,
    /// How many incidents are not among them, since they cannot be read.
    pub(crate) left_out: u64,
}

/// A text that grows row by row.
pub(crate) struct Text {
    format: Format,
    written: u64,
}

impl Text {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, written: 0 }
    }

    /// How many rows have been written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    pub(crate) fn head(&self, text: &mut Vec<u8>) -> io::Result<()> {
        match self.format {
            Format::Csv => csv_to(text, |csv| csv.write_record(COLUMNS)),
            Format::Json => text.write_all(b"["),
            Format::Lines => Ok(()),
        }
    }

    pub(crate) fn rows(&mut self, text: &mut Vec<u8>, rows: &[Row]) -> io::Result<()> {
        match self.format {
            Format::Csv => csv_to(text, |csv| {
                rows.iter()
                    .try_for_each(|row| csv.write_record(cells(row).iter().map(|cell| cell.as_bytes())))
            })?,
            Format::Json => {
                for (row, number) in rows.iter().zip(self.written..) {
                    text.extend_from_slice(if number > 0 { b",\n" } else { b"\n" });
                    serde_json::to_writer(&mut *text, row)?;
                }
            }
            Format::Lines => {
                for row in rows {
                    serde_json::to_writer(&mut *text, row)?;
                    text.push(b'\n');
                }
            }
        }
        self.written += rows.len() as u64;
        Ok(())
    }

    pub(crate) fn tail(&self, text: &mut Vec<u8>, left_out: u64) -> io::Result<()> {
        match self.format {
            Format::Csv => {}
            Format::Json => text.extend_from_slice(if self.written > 0 { b"\n]\n" } else { b"]\n" }),
            Format::Lines => {
                serde_json::to_writer(&mut *text, &Total { rows: self.written, left_out })?;
                text.push(b'\n');
            }
        }
        Ok(())
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

/// The cells of a row, in the order of its fields, which a test holds them to. What was not written by us but by people
/// or Slack runs nothing.
pub(super) fn cells(row: &Row) -> [Cow<'_, str>; COLUMNS.len()] {
    let yes = |yes: bool| Cow::Borrowed(if yes { "true" } else { "false" });
    let count = |count: usize| Cow::Owned(count.to_string());
    let time = |at: Option<Timestamp>| at.map_or(Cow::Borrowed(""), |at| Cow::Owned(at.to_string()));
    let number =
        |number: Option<u64>| number.map_or(Cow::Borrowed(""), |number| Cow::Owned(number.to_string()));
    let name = |name: Option<&'static str>| Cow::Borrowed(name.unwrap_or_default());
    [
        count(row.attempts),
        yes(row.weekend_pinged),
        yes(row.unavailable),
        disarm(&row.incident_url),
        disarm(row.reported_by.as_str()),
        time(Some(row.reported_at)),
        number(row.time_to_response),
        time(row.time_at_response),
        disarm(row.incident.as_str()),
        disarm(row.team.as_str()),
        disarm(row.channel.as_str()),
        name(Some(row.outcome.name())),
        disarm(row.acknowledged_by.as_ref().map(UserId::as_str).unwrap_or_default()),
        name(row.acknowledged_via.map(Via::name)),
        number(row.first_page_ms),
        count(row.timed_out),
        count(row.passed),
        count(row.handed_over),
        count(row.manager_pages),
        time(row.ended_at),
        name(row.region.map(Region::name)),
        disarm(row.acknowledged_zone.as_ref().map(ZoneName::as_str).unwrap_or_default()),
        number(row.acknowledged_local_hour.map(u64::from)),
        yes(row.by_manager),
        Cow::Owned(disarm(&asked(row)).into_owned()),
    ]
}

/// Everybody who was asked, as one cell: `U1@23:timed_out U2@9:answered`, with the hour that their clock showed.
fn asked(row: &Row) -> String {
    let told = row.asked.iter().map(|asked| {
        let hour = asked.local_hour.map(|hour| format!("@{hour}")).unwrap_or_default();
        format!("{}{hour}:{}", asked.user, asked.end.name())
    });
    told.collect::<Vec<_>>().join(" ")
}
