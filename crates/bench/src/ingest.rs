//! Reactions that concern no incident: nearly all of the traffic, so they must cost nearly nothing.
//!
//! Compared with a handler of the same HTTP library that only reads the body and checks the signature, in turns.
//! On two cores the load itself slows both, so the processor time that a request costs either server, which the
//! load does not touch, is told beside it.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::Bench;
use crate::child::Child;
use crate::figure::{Figure, median};
use crate::load::{Load, counter};
use crate::requests::Slack;

const CONNECTIONS: usize = 16;
const ROUNDS: usize = 9;
const SPAN: Duration = Duration::from_millis(1_000);

/// How many requests are signed beforehand; they are sent over and over.
const SIGNED: usize = 4_096;

/// At least this share of the bare handler's throughput.
const SHARE: f64 = 0.8;

/// The serving process may hold this much at most, in MB.
const MEMORY: f64 = 40.0;

/// One server's share of the measuring.
struct Side {
    child: Child,
    load: Load,
    rates: Vec<f64>,
    /// Processor microseconds a request.
    costs: Vec<f64>,
}

/// Measures throughput beside the bare handler's, and memory.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let slack = Slack::new()?;
    let signed: Arc<Vec<_>> = Arc::new((0..SIGNED).map(|number| slack.reaction(number)).collect());
    let store = bench.file("ingest.db");
    let mut bot = Side::start(&["bot", &store.to_string_lossy()], &signed)?;
    let mut bare = Side::start(&["bare"], &signed)?;
    for side in [&bot, &bare] {
        side.load.run(SPAN / 2)?;
    }
    let before = counter(bot.load.address, "reactions_ignored")?;
    for round in 0..ROUNDS {
        let turns = if round % 2 == 0 { [&mut bot, &mut bare] } else { [&mut bare, &mut bot] };
        for side in turns {
            side.round()?;
        }
    }
    let ignored = counter(bot.load.address, "reactions_ignored")? - before;
    let answered: f64 = bot.rates.iter().sum::<f64>() * SPAN.as_secs_f64();
    ensure!(ignored >= answered * 0.9, "{answered} reactions were answered, but {ignored} taken in");

    let ratios = |ours: &[f64], theirs: &[f64]| {
        median(&ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>())
    };
    let throughput = ratios(&bot.rates, &bare.rates);
    let cost = ratios(&bare.costs, &bot.costs);
    let rates = format!("{:.0}/s of {:.0}/s", median(&bot.rates), median(&bare.rates));
    let costs = format!("{:.1} µs, bare {:.1} µs", median(&bot.costs), median(&bare.costs));
    Ok(vec![
        Figure::at_least("ingest: share of a bare handler", (throughput, ""), (SHARE, "")).note(rates),
        Figure::told("ingest: the same by processor time", (cost, "")).note(costs),
        Figure::at_most("ingest: peak memory", (bot.child.peak_memory()?, "MB"), (MEMORY, "MB")),
    ])
}

impl Side {
    fn start(arguments: &[&str], signed: &Arc<Vec<bytes::Bytes>>) -> Result<Self> {
        let child = Child::start(arguments)?;
        let signed = Arc::clone(signed);
        let load = Load {
            address: child.address()?,
            connections: CONNECTIONS,
            requests: Arc::new(move |number| signed[number % SIGNED].clone()),
            next: Arc::new(AtomicUsize::new(0)),
        };
        Ok(Self { child, load, rates: Vec::new(), costs: Vec::new() })
    }

    fn round(&mut self) -> Result<()> {
        let before = self.child.processor_seconds()?;
        let outcome = self.load.run(SPAN)?;
        let used = self.child.processor_seconds()? - before;
        self.rates.push(outcome.rate());
        self.costs.push(used * 1e6 / outcome.waits.len().max(1) as f64);
        Ok(())
    }
}
