//! `cargo xtask simulate`: plays seeds, many at a time, and says what came of them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::SignedDuration;
use pagerslack_simulate::{Player, Run, Standing, Weather};

/// Plays the whole bot in virtual time under every fault, and checks the promises after every step.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate")]
struct Cli {
    /// How many seeds to play
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0, value_name = "S")]
    from: u64,
    /// Play this one alone
    #[arg(long, value_name = "S", conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Tell its story
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Go on until so many incidents were played, instead of a number of seeds
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "seed"])]
    incidents: Option<u64>,
    /// How many seeds to play at a time [default: one on each core]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Keep everything in Redis, one server for each seed that is played at a time
    #[arg(long)]
    redis: bool,
    /// Go on after a seed that fails
    #[arg(long)]
    keep_going: bool,
}

fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    match cli.seed {
        Some(seed) => one(&mut Player::new(cli.redis)?, seed, cli.trace),
        None => many(&cli),
    }
}

fn one(player: &mut Player, seed: u64, trace: bool) -> Result<ExitCode> {
    let outcome = player.play(seed, trace)?;
    let mut out = std::io::stdout().lock();
    for line in &outcome.story {
        writeln!(out, "{line}")?;
    }
    match &outcome.violation {
        Some(violation) => writeln!(out, "seed {seed} breaks {violation}")?,
        None => writeln!(
            out,
            "seed {seed} keeps every promise: {} incidents, {} deaths, {} steps",
            outcome.incidents, outcome.deaths, outcome.steps
        )?,
    }
    Ok(if outcome.violation.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What all seeds came to together.
#[derive(Default)]
struct Sum {
    seeds: u64,
    failed: Vec<(u64, String)>,
    incidents: u64,
    watched: SignedDuration,
    open: SignedDuration,
    standings: BTreeMap<Standing, u64>,
    weather: BTreeMap<Weather, u64>,
    troubles: BTreeMap<&'static str, u64>,
    deaths: u64,
    steps: u64,
    commits: u64,
    calls: u64,
    told_outside: u64,
    heard_outside: u64,
}

impl Sum {
    fn take(&mut self, seed: u64, run: Run) {
        self.seeds += 1;
        if let Some(violation) = run.violation {
            self.failed.push((seed, violation.to_string()));
        }
        self.incidents += run.incidents;
        self.watched += run.watched;
        self.open += run.open;
        for (standing, count) in run.standings {
            *self.standings.entry(standing).or_default() += count;
        }
        *self.weather.entry(run.weather).or_default() += 1;
        for (trouble, count) in run.troubles {
            *self.troubles.entry(trouble).or_default() += count;
        }
        self.deaths += run.deaths;
        self.steps += run.steps;
        self.commits += run.commits;
        self.calls += run.calls;
        self.told_outside += run.told_outside;
        self.heard_outside += run.heard_outside;
    }
}

fn many(cli: &Cli) -> Result<ExitCode> {
    let jobs = cli.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)).max(1);
    let wanted = cli.incidents.unwrap_or(cli.seeds);
    let bar = ProgressBar::new(wanted);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {eta}") {
        bar.set_style(style);
    }
    bar.set_message(if cli.incidents.is_some() { "incidents" } else { "seeds" });
    let next = AtomicU64::new(cli.from);
    let sum = Mutex::new(Sum::default());
    let begun = Instant::now();
    let played: Result<Vec<()>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    let mut player = Player::new(cli.redis)?;
                    loop {
                        {
                            let sum = sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                            let enough = cli.incidents.is_some_and(|incidents| sum.incidents >= incidents);
                            if enough || (!sum.failed.is_empty() && !cli.keep_going) {
                                return Ok(());
                            }
                        }
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if cli.incidents.is_none() && seed >= cli.from + cli.seeds {
                            return Ok(());
                        }
                        let outcome = player.play(seed, false).with_context(|| format!("seed {seed}"))?;
                        let mut sum = sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        sum.take(seed, outcome);
                        bar.set_position(if cli.incidents.is_some() { sum.incidents } else { sum.seeds });
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| {
                worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a seed made the simulation panic")))
            })
            .collect()
    });
    let took = begun.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let sum = sum.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    tell(&sum, took, jobs)?;
    played?;
    Ok(if sum.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(sum: &Sum, took: f64, jobs: usize) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let cores = took * jobs as f64;
    let hours = |span: SignedDuration| span.as_secs_f64() / 3_600.0;
    writeln!(out, "{} seeds, {} incidents in {took:.0} s on {jobs} cores", sum.seeds, sum.incidents)?;
    for (weather, count) in &sum.weather {
        writeln!(out, "  {count:>9}  seeds of {}", weather_name(*weather))?;
    }
    for (standing, count) in &sum.standings {
        writeln!(out, "  {count:>9}  incidents {}", standing_name(*standing))?;
    }
    for (trouble, count) in &sum.troubles {
        writeln!(out, "  {count:>9}  times {trouble}")?;
    }
    writeln!(out, "  {:>9}  deaths of the process", sum.deaths)?;
    writeln!(out, "  {:>9}  steps, {} commits, {} calls of Slack", sum.steps, sum.commits, sum.calls)?;
    writeln!(out, "  {:>9}  events heard outside, told {} times", sum.heard_outside, sum.told_outside)?;
    writeln!(
        out,
        "{:.0} incident-hours watched, {:.0} of them while somebody was looked for: {:.0} and {:.0} a second on one core",
        hours(sum.watched),
        hours(sum.open),
        hours(sum.watched) / cores,
        hours(sum.open) / cores,
    )?;
    for (seed, violation) in &sum.failed {
        writeln!(
            out,
            "seed {seed} breaks {violation}\n    to see it: cargo xtask simulate --seed {seed} --trace"
        )?;
    }
    if sum.failed.is_empty() {
        writeln!(out, "Every promise was kept.")?;
    }
    Ok(())
}

fn weather_name(weather: Weather) -> &'static str {
    match weather {
        Weather::Calm => "calm weather",
        Weather::Steady => "a steady team, and a process that dies",
        Weather::Deliveries => "bad deliveries",
        Weather::Storm => "storm",
    }
}

fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::Hunting | Standing::Paging => "were cut off in the middle",
        Standing::ManagersCalled | Standing::ManagersCalledLast => {
            "ended with the managers paged, unanswered"
        }
        Standing::Taken => "were taken",
        Standing::Cancelled => "were cancelled",
        Standing::Closed => "were taken, and closed by a follow-up",
        Standing::ScheduleShown => "were left to the schedule",
    }
}
