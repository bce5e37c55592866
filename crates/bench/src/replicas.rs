//! Replicas: how many incidents one, two and three processes take from the report to the acknowledgement on one Redis
//! that writes to disk before it answers, beside what Redis itself can do.
//!
//! The ceiling is a client that thinks of nothing and pipelines the very scripts by which the store commits, in the same
//! run on the same server. A replica does more for each incident: it reads the log before it decides, says when jobs are
//! due, and packs the log when the incident is over; and it shares the machine's cores with Redis. No bar: how much the
//! replicas leave to each other depends on the cores.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use pagerslack_store::{Redis, Store as _};
use redis_servers::{Plain, redis};

use crate::Bench;
use crate::child::Child;
use crate::figure::{Figure, median};
use crate::incidents;

const MOST: usize = 3;
const ROUNDS: usize = 3;
const SPAN: Duration = Duration::from_millis(2_000);

/// How many incidents each replica has under way at a time.
const TASKS: usize = 64;

/// How many commands the client that thinks of nothing sends before it reads the answers.
const PIPELINE: usize = 128;

/// Incidents of different lives have different numbers.
const APART: usize = 10_000_000;

/// Measures incidents a second of one replica and more, as shares of what Redis can do.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let server = runtime.block_on(Plain::start())?;
    let address = server.url();
    let (mut ceilings, mut rates) = (vec![], vec![vec![]; MOST]);
    let mut lives = 0..;
    let mut first = || lives.next().map_or(0, |life: usize| life * APART);
    for _ in 0..ROUNDS {
        ceilings.push(runtime.block_on(ceiling(&server, first()))?);
        for (replicas, rates) in (1..).zip(&mut rates) {
            bench.progress(&format!("replicas: {replicas}"));
            let firsts: Vec<usize> = (0..replicas).map(|_| first()).collect();
            rates.push(together(&address, &firsts)?);
        }
        runtime.block_on(server.flush())?;
    }
    let ceiling = median(&ceilings);
    let figures = (1..).zip(&rates).map(|(replicas, rates)| {
        let rate = median(rates);
        let name = format!("report to 👀 through Redis, replicas: {replicas}");
        Figure::told(&name, (rate / ceiling, "of Redis")).note(format!("{rate:.0}/s of {ceiling:.0}/s"))
    });
    Ok(figures.collect())
}

/// So many replicas at once; the incidents of all of them a second.
fn together(address: &str, firsts: &[usize]) -> Result<f64> {
    let (tasks, span) = (TASKS.to_string(), SPAN.as_millis().to_string());
    std::thread::scope(|scope| {
        let start = |first: &usize| {
            let arguments = ["share", address, &first.to_string(), &tasks, &span].map(str::to_owned);
            scope.spawn(move || -> Result<f64> {
                let child = Child::start(&arguments.each_ref().map(String::as_str))?;
                child.said.parse().context("incidents a second")
            })
        };
        let replicas: Vec<_> = firsts.iter().map(start).collect();
        replicas.into_iter().map(|it| it.join().map_err(|_| anyhow::anyhow!("a replica panicked"))?).sum()
    })
}

/// What Redis can do: incidents a second of a client that only sends the scripts of both commits.
async fn ceiling(server: &Plain, first: usize) -> Result<f64> {
    let store = Redis::connect(&server.url()).await?;
    // So that the script is known there.
    let [reported, taken] = incidents::taken(first, Timestamp::now());
    store.commit(reported).await?;
    store.commit(taken).await?;
    let mut connection = server.connect().await?;
    let (begun, mut number, mut spent) = (Instant::now(), first + 1, Duration::ZERO);
    let mut incidents = 0;
    while begun.elapsed() < SPAN {
        let mut pipeline = redis::pipe();
        for _ in 0..PIPELINE / 2 {
            for commit in incidents::taken(number, Timestamp::now()) {
                pipeline.add_command(store.command_of(&commit)?).ignore();
            }
            number += 1;
        }
        // What it takes to make up incidents is not Redis' time.
        let sent = Instant::now();
        let () = pipeline.query_async(&mut connection).await?;
        spent += sent.elapsed();
        incidents += PIPELINE / 2;
    }
    Ok(incidents as f64 / spent.as_secs_f64())
}
