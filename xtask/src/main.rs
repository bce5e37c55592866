//! Everything a maintainer runs: `cargo xtask test`, `ci`, `bench`, `fuzz`, `simulate`, and the checks of `ci` one by one.
//!
//! This file is the menu. Each check is a [`step::Step`], so that what CI ran can be repeated alone; nothing is
//! checked in CI that cannot be typed here.

mod ci;
mod command;
mod deploy;
mod e2e;
mod fuzz;
mod holidays;
mod machine;
mod screenshots;
mod simulation;
mod step;
mod suite;
mod terminal;
mod tidy;
mod tool;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};

use fuzz::Search;
use step::Step;

/// Everything a maintainer of PagerSlack runs.
///
/// New here? `cargo xtask test` installs what the tests need and runs them. Before you send a change, run
/// `cargo xtask ci`: it is exactly what CI runs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run every test, after installing what they need (Chromium, its driver, Redis, Node.js, Python, cargo-nextest)
    ///
    /// Installs with apt-get where it may (as root, or by sudo without a password), and otherwise says in one line
    /// what to type. What is there already is left alone.
    Test {
        /// Passed on to `cargo nextest run`, for instance: cargo xtask test -- -p pagerslack-core fairness
        #[arg(last = true)]
        nextest: Vec<String>,
    },
    /// Run every check below and then the tests, as CI does; say at the end what failed and how to repeat it
    Ci,
    /// Measure: build in release and run crates/bench
    Bench {
        /// Passed on to the benchmark, for instance: cargo xtask bench -- --help
        #[arg(last = true)]
        bench: Vec<String>,
    },
    /// Feed nonsense to whatever reads files and requests, by the million, and see that it keeps its promises
    ///
    /// Without targets all are run, one on each core. What was found to reach new code is kept in `fuzz/corpus` and
    /// taken up again by the next run.
    Fuzz {
        /// How long each target runs
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// As CI does: some seconds each, and the same inputs every time
        #[arg(long, conflicts_with_all = ["seconds", "input", "targets"])]
        ci: bool,
        /// Run this file through the target once, to see again what broke
        #[arg(long)]
        input: Option<PathBuf>,
        /// Such as oncall_csv; `fuzz/fuzz_targets` has them all
        targets: Vec<String>,
    },
    /// Play the whole bot in virtual time under crashes, faults and lies, and check its promises after every step
    ///
    /// `--seeds N` plays so many; `--seed S --trace` tells the story of one. `--help` has the rest.
    #[command(disable_help_flag = true)]
    Simulate {
        /// Passed on to the simulation; `--ci` alone plays what CI plays
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        simulate: Vec<String>,
    },
    /// Make the table of public holidays anew from the PyPI package `holidays` (needs Python and the network)
    Holidays {
        /// Only check the committed table: it can be read, covers the years, and has not shrunk. No network
        #[arg(long)]
        check: bool,
    },
    /// Take the pictures of the dashboard in docs/pictures anew, in a real browser
    Screenshots,
    /// Check the formatting (mend it with `cargo fmt --all`)
    Fmt,
    /// Check the house rules that no other tool knows: headers, clocks, arrows between crates, links
    Tidy,
    /// Look for dependencies that nothing uses (cargo-machete)
    Unused,
    /// Check licences, banned crates and sources (cargo-deny; advisories need the network and are not checked)
    Deny,
    /// Check the Dockerfile, the systemd unit and the Kubernetes manifests, as far as the tools for it are here
    Deploy,
    /// Run clippy over every target; a warning is an error
    Lint,
    /// Build the documentation of our crates; a warning is an error
    Doc,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(code) => code,
        Err(error) => {
            terminal::say(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no folder above it")?;
    std::env::set_current_dir(root).with_context(|| format!("cannot enter {}", root.display()))?;
    match task {
        Task::Ci => return ci::run(),
        Task::Test { nextest } => suite::run(&nextest)?,
        Task::Bench { bench } => bench_run(&bench)?,
        Task::Fuzz { ci: true, .. } => Step::Fuzz.run()?,
        Task::Fuzz { input: Some(input), targets, .. } => match targets.as_slice() {
            [target] => fuzz::repeat(target, &input)?,
            _ => bail!("--input goes with one target"),
        },
        Task::Fuzz { input: None, seconds, targets, .. } => {
            fuzz::run(&Search { targets, seconds, repeatable: false })?;
        }
        Task::Simulate { simulate } if simulate == ["--ci"] => Step::Simulate.run()?,
        Task::Simulate { simulate } => simulation::run(&simulate)?,
        Task::Holidays { check: true } => holidays::check()?,
        Task::Holidays { check: false } => holidays::generate()?,
        Task::Screenshots => screenshots::run()?,
        Task::Fmt => Step::Fmt.run()?,
        Task::Tidy => Step::Tidy.run()?,
        Task::Unused => Step::Unused.run()?,
        Task::Deny => Step::Deny.run()?,
        Task::Deploy => Step::Deploy.run()?,
        Task::Lint => Step::Lint.run()?,
        Task::Doc => Step::Doc.run()?,
    }
    Ok(ExitCode::SUCCESS)
}

fn bench_run(passed_on: &[String]) -> anyhow::Result<()> {
    machine::c_compiler()?;
    machine::redis()?;
    command::cargo(&["run", "--release", "--package", "pagerslack-bench", "--"]).args(passed_on).run()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_menu_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn words_after_two_dashes_are_passed_on() {
        let cli = Cli::parse_from(["cargo xtask", "test", "--", "-p", "pagerslack-core"]);
        assert!(matches!(cli.task, Task::Test { nextest } if nextest == ["-p", "pagerslack-core"]));
    }
}
