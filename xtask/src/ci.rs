//! `cargo xtask ci`: every step, one after the other, and a table of how they went.
//!
//! A step that fails does not stop the others: one run tells all that is wrong. The last line is the count of tests,
//! `412 passed, 0 failed`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::step::Step;
use crate::suite;
use crate::terminal::{say, spoken};

/// How one step went.
struct Outcome {
    step: Step,
    took: Duration,
    /// Why it failed, in one line.
    failure: Option<String>,
}

/// Runs every step. What fails is listed at the end, with the command that repeats it.
///
/// # Errors
/// When the report of an earlier run cannot be deleted.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    suite::forget().context("cannot delete the last report of the tests")?;
    let outcomes: Vec<Outcome> = Step::ALL.into_iter().map(attempt).collect();
    for line in closing(&outcomes) {
        say(line);
    }
    match suite::count() {
        Some(count) => say(format!("{} passed, {} failed", count.passed, count.failed)),
        None => say("The tests did not run."),
    }
    Ok(match outcomes.iter().all(|outcome| outcome.failure.is_none()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn attempt(step: Step) -> Outcome {
    say(format!("\n== {} ==", step.name()));
    let begun = Instant::now();
    let failure = step.run().err().map(|error| format!("{error:#}"));
    let took = begun.elapsed();
    if let Some(why) = &failure {
        say(format!("error: {why}"));
    }
    Outcome { step, took, failure }
}

/// The table, and what to type for what failed.
fn closing(outcomes: &[Outcome]) -> Vec<String> {
    let mut lines = vec![String::new()];
    for Outcome { step, took, failure } in outcomes {
        let result = if failure.is_some() { "FAILED" } else { "ok" };
        lines.push(format!("{:<10}{result:<8}{}", step.name(), spoken(*took)));
    }
    let total = spoken(outcomes.iter().map(|outcome| outcome.took).sum());
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.failure.is_some()).collect();
    if failed.is_empty() {
        lines.push(format!("All {} steps are well, in {total}.", outcomes.len()));
        return lines;
    }
    lines.push(format!("{} of {} steps failed, in {total}:", failed.len(), outcomes.len()));
    for Outcome { step, failure, .. } in failed {
        let why = failure.as_deref().and_then(|why| why.lines().next()).unwrap_or_default();
        lines.push(format!("  {why}\n    to repeat it: cargo xtask {}", step.typed()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(step: Step, failure: Option<&str>) -> Outcome {
        Outcome { step, took: Duration::from_secs(70), failure: failure.map(str::to_owned) }
    }

    #[test]
    fn success_is_one_line_a_step() {
        let lines = closing(&[outcome(Step::Fmt, None), outcome(Step::Lint, None)]);
        assert_eq!(
            lines[1..],
            [
                "fmt       ok      1 min 10 s",
                "lint      ok      1 min 10 s",
                "All 2 steps are well, in 2 min 20 s.",
            ]
        );
    }

    #[test]
    fn a_failure_says_what_to_type() {
        let lines =
            closing(&[outcome(Step::Fmt, None), outcome(Step::Doc, Some("`cargo doc` failed\nand more"))]);
        assert_eq!(
            lines[2..],
            [
                "doc       FAILED  1 min 10 s",
                "1 of 2 steps failed, in 2 min 20 s:",
                "  `cargo doc` failed\n    to repeat it: cargo xtask doc",
            ]
        );
    }

    #[test]
    fn the_tests_come_last() {
        assert_eq!(Step::ALL.last(), Some(&Step::Test));
    }
}
