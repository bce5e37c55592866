//! `cargo xtask simulate`: builds the simulation, optimised and with every check, and runs it.

use crate::command::cargo;
use crate::machine;

/// How many seeds CI plays: some four minutes on two cores.
const SEEDS: &str = "20000";

/// Runs the simulation; what was passed on is its own.
///
/// # Errors
/// When a promise is broken; the seed and how to see it have been told by then.
pub(crate) fn run(passed_on: &[String]) -> anyhow::Result<()> {
    machine::c_compiler()?;
    let start = ["run", "--profile", "simulate", "--package", "pagerslack-simulate", "--"];
    cargo(&start).args(passed_on).run()
}

/// What CI plays: the same seeds each time.
///
/// # Errors
/// As [`run`].
pub(crate) fn ci() -> anyhow::Result<()> {
    run(&["--seeds".to_owned(), SEEDS.to_owned()])
}
