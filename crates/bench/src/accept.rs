//! Reports accepted: each is on the disk before it is answered (P1), and still within Slack's patience.
//!
//! Compared with bare commits of the same events, jobs and rows, as many under way, on the same disk, in turns.
//! The bot's jobs are not run meanwhile: this is the door, not the hunt.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::Bench;
use crate::child::Child;
use crate::figure::{Figure, median, percentile};
use crate::load::{Load, Outcome, counter};
use crate::requests::Slack;

const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
const SPAN: Duration = Duration::from_millis(2_000);

/// At least this share of the rate of bare commits.
const SHARE: f64 = 0.5;

/// 99 of 100 reporters are answered within this time, in milliseconds.
const P99: f64 = 50.0;

/// Measures the rate of accepted reports beside that of bare commits, and how long a reporter waits.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let (mut reports, mut commits, mut ratios, mut waits) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let bare = || bare(bench, &format!("commits-{round}.db"), CLIENTS, SPAN);
        let first = (round % 2 == 1).then(bare).transpose()?;
        let accepted = accepted(bench, &format!("accept-{round}.db"))?;
        let committed = first.map_or_else(bare, Ok)?;
        ratios.push(accepted.rate() / committed);
        reports.push(accepted.rate());
        commits.push(committed);
        waits.push(percentile(&accepted.waits, 99));
    }
    let note = format!("{:.0}/s of {:.0}/s", median(&reports), median(&commits));
    Ok(vec![
        Figure::at_least("/devoncall: share of bare commits", (median(&ratios), ""), (SHARE, "")).note(note),
        Figure::at_most("/devoncall: answered, p99", (median(&waits), "ms"), (P99, "ms")),
    ])
}

fn accepted(bench: &Bench, store: &str) -> Result<Outcome> {
    let child = Child::start(&["bot", &bench.file(store).to_string_lossy()])?;
    let slack = Slack::new()?;
    let load = Load {
        address: child.address()?,
        connections: CLIENTS,
        requests: Arc::new(move |number| slack.report("T123ABC456", "C123ABC456", number)),
        next: Arc::new(AtomicUsize::new(0)),
    };
    let outcome = load.run(SPAN)?;
    let recorded = counter(load.address, "reports")?;
    ensure!(
        (recorded - outcome.waits.len() as f64).abs() < 0.5,
        "{} reports were answered, but {recorded} recorded",
        outcome.waits.len()
    );
    Ok(outcome)
}

/// Bare commits a second.
pub(crate) fn bare(bench: &Bench, store: &str, tasks: usize, span: Duration) -> Result<f64> {
    let store = bench.file(store);
    let (tasks, span) = (tasks.to_string(), span.as_millis().to_string());
    let child = Child::start(&["commit", &store.to_string_lossy(), &tasks, &span])?;
    child.said.parse().context("commits a second")
}
