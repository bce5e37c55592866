//! `cargo xtask bench`: measures what PagerSlack promises of its speed and size.
//!
//! Every figure stands beside a bar. Where the bar depends on the machine (a bare HTTP handler, bare commits, a
//! round trip) it is measured in the same run, in turns with the figure, so that a busy or slow machine moves
//! both. What is served runs in a process of its own, which is this program again under a hidden command, so
//! that its memory and its processor time are its own.
//!
//! One figure a file: [`ingest`], [`accept`], [`page`], [`choose`], [`coverage`], [`presence`], [`quiet`], [`year`], [`restart`],
//! [`import`], [`dashboard`], [`replicas`] and [`told`] for numbers that nothing is demanded of. Run it on a machine that does nothing else, from a
//! release build.

mod figure;

mod accept;
mod choose;
mod coverage;
mod dashboard;
mod import;
mod ingest;
mod page;
mod presence;
mod quiet;
mod replicas;
mod restart;
mod told;
mod year;

mod child;
mod incidents;
mod load;
mod requests;
mod roles;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use tempfile::TempDir;

use figure::Figure;
use roles::Role;

#[derive(Parser)]
#[command(name = "pagerslack-bench", about, disable_help_subcommand = true)]
struct Cli {
    /// Measure only this: ingest, accept, page, choose, coverage, presence, quiet, year, restart, import, dashboard, replicas or told; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Succeed even when a figure misses its bar
    #[arg(long)]
    no_fail: bool,
    /// Where databases are put while measuring: their disk is part of what is measured [default: beside the
    /// program]
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    #[command(subcommand)]
    role: Option<Role>,
}

/// Measures one group of figures.
type Measure = fn(&Bench) -> Result<Vec<Figure>>;

/// What is measured, in the order of the table.
const GROUPS: [(&str, Measure); 13] = [
    ("ingest", ingest::measure),
    ("accept", accept::measure),
    ("page", page::measure),
    ("choose", choose::measure),
    ("coverage", coverage::measure),
    ("presence", presence::measure),
    ("quiet", quiet::measure),
    ("year", year::measure),
    ("restart", restart::measure),
    ("import", import::measure),
    ("dashboard", dashboard::measure),
    ("replicas", replicas::measure),
    ("told", told::measure),
];

/// What every figure is given.
struct Bench {
    directory: TempDir,
}

impl Bench {
    /// A file in a directory that goes away in the end.
    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Says on standard error what is going on, since some figures take half a minute.
    fn progress(&self, what: &str) {
        let _ = writeln!(std::io::stderr(), "  … {what}");
    }
}

fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    match cli.role {
        Some(role) => roles::play(role).map(|()| ExitCode::SUCCESS),
        None => measure(&cli),
    }
}

fn measure(cli: &Cli) -> Result<ExitCode> {
    if let Some(unknown) = cli.only.iter().find(|only| !GROUPS.iter().any(|(name, _)| name == only)) {
        anyhow::bail!("there is nothing named {unknown} to measure: see --help");
    }
    let beside = std::env::current_exe()?.parent().map(PathBuf::from).unwrap_or_default();
    let place = cli.directory.clone().unwrap_or(beside);
    let directory = TempDir::with_prefix_in("bench-", &place)
        .with_context(|| format!("cannot use {}", place.display()))?;
    let bench = Bench { directory };
    let mut figures = Vec::new();
    for (name, measure) in GROUPS {
        if cli.only.is_empty() || cli.only.iter().any(|only| only == name) {
            bench.progress(name);
            figures.extend(measure(&bench).with_context(|| format!("measuring {name}"))?);
        }
    }
    figure::print(&mut std::io::stdout().lock(), &figures)?;
    let missed = figures.iter().any(Figure::is_missed);
    Ok(if missed && !cli.no_fail { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
