//! Importing a spreadsheet of ten thousand people: from its bytes to the text of the new roster, compared with the
//! one before and read back. Without Slack, and without the disk, which has one small file to write.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use pagerslack_core::roster::Entry;
use pagerslack_sources::import::{Diff, Mapping, Outcome, Sheet, import};
use pagerslack_sources::{Columns, Faults, oncall};

use crate::Bench;
use crate::figure::{Figure, median, milliseconds};

const PEOPLE: usize = 10_000;
const TIMES: usize = 21;

/// At most this long, in milliseconds.
const BAR: f64 = 1_000.0;

/// Measures a sheet of good rows, and one of which every row is wrong in its own way.
pub(crate) fn measure(_bench: &Bench) -> Result<Vec<Figure>> {
    let (good, bad) = (sheet(true), sheet(false));
    let before = run(&good, &[])?.1;
    ensure!(before.len() == PEOPLE, "every row is good");
    let figure = |name: &str, text: &str, before: &[Entry], expected: usize| {
        let mut took = Vec::new();
        for _ in 0..TIMES {
            let (time, entries) = run(text, before)?;
            ensure!(entries.len() == expected, "{} rows are good", entries.len());
            took.push(milliseconds(time));
        }
        let size = text.len() as f64 / 1_048_576.0;
        let name = format!("import of {PEOPLE} {name}");
        Ok(Figure::at_most(&name, (median(&took), "ms"), (BAR, "ms")).note(format!("{size:.1} MB")))
    };
    Ok(vec![figure("rows", &good, &before, PEOPLE)?, figure("rows, all of them bad", &bad, &before, 0)?])
}

/// A sheet with common headers, in words that must be understood first.
fn sheet(good: bool) -> String {
    const CITIES: [(&str, &str); 5] = [
        ("Lisbon", "Portugal"),
        ("America/New_York", "USA"),
        ("(GMT+05:30) Kolkata", "India"),
        ("São Paulo", "Brazil"),
        ("GMT+1", "es"),
    ];
    let mut text =
        "Full name,Work email,Member ID,Job title,Team,TZ,Location,Hire date,Weekend?,Working hours,Desk,Notes\n".to_owned();
    for number in 0..PEOPLE {
        let (zone, country) = CITIES[number % CITIES.len()];
        let (zone, country) = if good {
            (zone.to_owned(), country.to_owned())
        } else {
            (format!("Zone{number}"), format!("Land{number}"))
        };
        let _ = writeln!(
            text,
            "Person {number} Öberg,Person.{number}@Example.com,U{number:08},Senior Backend Engineer,Team {},{zone},\
             \"City {number}, {country}\",{}/{}/20{:02},{},9:00 AM - 5:30 PM,{number},\"some \"\"words\"\", and more\"",
            number % 40,
            number % 28 + 1,
            number % 12 + 1,
            10 + number % 15,
            if number % 7 == 0 { "yes" } else { "" },
        );
    }
    text
}

/// What the command does between reading the sheet and writing the file.
fn run(text: &str, before: &[Entry]) -> Result<(Duration, Vec<Entry>)> {
    let columns = Columns::default();
    let told = |faults: Faults| anyhow!("{faults}");
    let begun = Instant::now();
    let sheet = Sheet::read(black_box(text.as_bytes())).map_err(told)?;
    let mapping = Mapping::new(sheet.headers(), []).map_err(told)?;
    let mut rows = 0;
    let outcome: Outcome = import(&sheet, &mapping, None, &mut |done| rows = done);
    let entries = outcome.entries();
    black_box(Diff::between(before, &entries));
    let read = oncall::parse(&oncall::write(&entries, &columns), &columns).map_err(told)?;
    ensure!(rows == PEOPLE && read.roster.entries() == entries, "the file reads back");
    Ok((begun.elapsed(), entries))
}
