//! `cargo xtask test`: prepares the machine, then runs every test of the workspace.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::command::cargo;
use crate::machine;
use crate::terminal::say;
use crate::tidy::files;
use crate::tool::NEXTEST;

/// Where the `ci` profile of nextest leaves its report, from `.config/nextest.toml`.
const REPORT: &str = "target/nextest/ci/junit.xml";

/// How many tests passed and failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

/// Runs the tests; `passed_on` goes to `cargo nextest run` as it is.
///
/// # Errors
/// When the machine lacks something, or a test fails.
pub(crate) fn run(passed_on: &[String]) -> anyhow::Result<()> {
    machine::prepare()?;
    NEXTEST.ensure()?;
    cargo(&["nextest", "run", "--workspace", "--all-targets"]).args(passed_on).run()?;
    // nextest does not run doc-tests, and building the crates' documentation to find none takes a while.
    match files::all()?.iter().any(|file| is_library(&file.path) && has_doc_test(&file.text)) {
        true => cargo(&["test", "--workspace", "--doc"]).run(),
        false => Ok(()),
    }
}
