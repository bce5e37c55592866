//! `cargo xtask screenshots`: the pictures of the dashboard in the documents, as a real browser shows it.
//!
//! They are those that a test has taken and looked at (`crates/server/tests/it/dashboard/eyes.rs`), so that no picture
//! shows what is not tested.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::command::cargo;
use crate::terminal::say;
use crate::tool::NEXTEST;
use crate::{e2e, machine};

/// The test that takes them.
const TEST: &str = "dashboard::eyes::every_page_reads_well_in_light_and_dark_on_a_desk_and_on_a_phone";

/// Where it leaves them.
const TAKEN: &str = "target/tmp/pictures";

/// Where the documents look for them.
const KEPT: &str = "docs/pictures";

/// What is kept, and under which name.
const PICTURES: [(&str, &str); 6] = [
    ("dashboard-now-desk-light.png", "dashboard-now.png"),
    ("dashboard-now-desk-dark.png", "dashboard-now-dark.png"),
    ("dashboard-now-phone-light.png", "dashboard-now-phone.png"),
    ("dashboard-incident-desk-light.png", "dashboard-incident.png"),
    ("dashboard-queue-desk-light.png", "dashboard-queue.png"),
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
    cargo(&["nextest", "run", "--package", "pagerslack", "--test", "it", TEST]).run()?;
    for (taken, kept) in PICTURES {
        let (from, to) = (Path::new(TAKEN).join(taken), Path::new(KEPT).join(kept));
        fs::copy(&from, &to)
            .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    }
    say(format!("{} pictures stand in {KEPT}.", PICTURES.len()));
    Ok(())
}
