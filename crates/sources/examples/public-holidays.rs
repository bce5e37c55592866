//! What `cargo xtask holidays` runs: packs the table that `data/generate.py` wrote, or checks the committed one.
//!
//! - `pack TEXT PACKED` packs one file into the other, unless what it packs cannot be read back.
//! - `check PACKED FIRST_YEAR LAST_YEAR` fails when the table covers other years or has become too small.

use std::path::Path;
use std::process::ExitCode;

use pagerslack_core::calendar::PublicHolidays;
use pagerslack_sources::public::Table;

/// A table with less than this has lost something: 0.109 has 250 countries, 651 subdivisions and 56,440 days.
const LEAST: (usize, usize, usize) = (245, 620, 50_000);

type Outcome = Result<String, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["pack", text, packed] => pack(Path::new(text), Path::new(packed)),
        ["check", packed, first, last] => check(Path::new(packed), first, last),
        _ => Err("usage: pack TEXT PACKED | check PACKED FIRST_YEAR LAST_YEAR".into()),
    };
    say(&outcome);
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]
fn say(outcome: &Outcome) {
    match outcome {
        Ok(done) => println!("{done}"),
        Err(error) => eprintln!("error: {error}"),
    }
}

fn pack(text: &Path, packed: &Path) -> Outcome {
    let text = std::fs::read_to_string(text)?;
    let bytes = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 10);
    let table = Table::unpack(&bytes)?;
    if *table.days != PublicHolidays::parse(&table.days.to_text())? {
        return Err("the table changes when it is written and read again".into());
    }
    std::fs::write(packed, &bytes)?;
    Ok(format!("{table}; {} bytes of text in {} bytes", text.len(), bytes.len()))
}

fn check(packed: &Path, first: &str, last: &str) -> Outcome {
    let table = Table::unpack(&std::fs::read(packed)?)?;
    let years = (first.parse()?, last.parse()?);
    if table.days.years() != Some(years) {
        return Err(format!("{table}: these are not the years {first}–{last}").into());
    }
    let (countries, subdivisions) = table.places();
    if countries < LEAST.0 || subdivisions < LEAST.1 || table.days.len() < LEAST.2 {
        return Err(format!("{table}, {} days: that is too little", table.days.len()).into());
    }
    Ok(format!("{table}, {} days", table.days.len()))
}
