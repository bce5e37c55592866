//! The table of public holidays in the binary: made anew from the PyPI package `holidays`, or checked.
//!
//! Once a year: raise [`VERSION`] and, when a year has passed, [`YEARS`]; run `cargo xtask holidays`; commit. The same
//! version gives the same bytes. The packing is done by an example of the crate that unpacks it, so that this one
//! needs neither.

use anyhow::Context as _;

use crate::command::{cargo, program};
use crate::terminal::say;

/// The PyPI package that the table is made from.
const VERSION: &str = "0.109";

/// The first year and the last. Who is on call today needs no past, and lunar dates far ahead are estimates.
const YEARS: [&str; 2] = ["2025", "2036"];

const PACKED: &str = "crates/sources/data/public-holidays.bin";

/// Makes the table.
///
/// # Errors
/// When there is no Python, its package cannot be had, or the table cannot be read back.
pub(crate) fn generate() -> anyhow::Result<()> {
    let folder = format!("target/holidays-{VERSION}");
    let python = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let python = format!("{folder}/{python}");
    program("python3")
        .args(&["-m", "venv", &folder])
        .run()
        .context("Python 3.11 or newer is needed, with venv; on Debian: apt-get install python3-venv")?;
    let package = format!("holidays=={VERSION}");
    program(&python)
        .args(&["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &package])
        .run()?;
    let text = program(&python).args(&["crates/sources/data/generate.py", YEARS[0], YEARS[1]]).read()?;
    let file = format!("{folder}/table.txt");
    std::fs::write(&file, text).with_context(|| format!("cannot write {file}"))?;
    example(&["pack", &file, PACKED])?;
    check()?;
    say(format!("{PACKED} is made. Its tests: cargo test -p pagerslack-sources public"));
    Ok(())
}

/// Checks the committed table, without the network: it can be read, covers the years, and has not shrunk.
///
/// # Errors
/// When it does not.
pub(crate) fn check() -> anyhow::Result<()> {
    example(&["check", PACKED, YEARS[0], YEARS[1]])
}

fn example(arguments: &[&str]) -> anyhow::Result<()> {
    cargo(&["run", "--quiet", "--package", "pagerslack-sources", "--example", "public-holidays", "--"])
        .args(arguments)
        .run()
}
