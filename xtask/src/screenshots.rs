//! `cargo xtask screenshots`: the pictures of the dashboard in the documents, as a real browser shows it.
//!
//! They are those that tests have taken and looked at (`crates/server/tests/it/dashboard/eyes.rs`, and `newcomer.rs` for the
//! demo with a year behind it), so that no picture shows what is not tested.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::command::cargo;
use crate::terminal::say;
use crate::tool::NEXTEST;
use crate::{e2e, machine};

/// The tests that take them.
const TESTS: [&str; 2] = [
    "dashboard::eyes::every_page_reads_well_in_light_and_dark_on_a_desk_and_on_a_phone",
    "dashboard::newcomer::a_newcomer_finds_every_page_full",
];

/// Where they leave them, below the target directory.
const TAKEN: &str = "tmp/pictures";

/// Where the documents look for them.
const KEPT: &str = "docs/pictures";

/// What is kept, and under which name.
const PICTURES: [(&str, &str); 7] = [
    ("year-now-desk-light.png", "dashboard-now.png"),
    ("dashboard-incident-desk-light.png", "dashboard-incident.png"),
    ("year-queue-desk-light.png", "dashboard-queue.png"),
    ("year-coverage-desk-light.png", "dashboard-coverage.png"),
    ("year-coverage-desk-dark.png", "dashboard-coverage-dark.png"),
    ("year-reports-desk-light.png", "dashboard-reports.png"),
    ("dashboard-sign-in-desk-light.png", "dashboard-sign-in.png"),
];

/// Takes them anew.
///
/// # Errors
/// When the machine lacks something, or the test fails.
pub(crate) fn run() -> anyhow::Result<()> {
    machine::prepare()?;
    e2e::prepare()?;
    NEXTEST.ensure()?;
    cargo(&["nextest", "run", "--package", "pagerslack", "--test", "it"]).args(&TESTS).run()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    for (taken, kept) in PICTURES {
        let (from, to) = (Path::new(&target).join(TAKEN).join(taken), Path::new(KEPT).join(kept));
        fs::copy(&from, &to)
            .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    }
    say(format!("{} pictures stand in {KEPT}.", PICTURES.len()));
    Ok(())
}
