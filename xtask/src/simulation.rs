//! `cargo xtask simulate`: builds the simulation, optimised and with every check, and runs it.

use crate::command::cargo;
use crate::machine;

/// How many seeds CI plays: some four minutes on two cores.
const SEEDS: &str = "20000";

/// How many it plays in Redis too, where each takes about as long: what differs is the store alone, which a test of its own
/// holds to telling the same stories.
const SEEDS_IN_REDIS: &str = "2000";

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
    machine::redis()?;
    run(&["--seeds", SEEDS].map(str::to_owned))?;
    run(&["--redis", "--seeds", SEEDS_IN_REDIS].map(str::to_owned))
}
