//! Numbers of which nothing is demanded, and which explain the others.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::Result;
use slack_sim::{RateLimits, Server, SimHandle, SystemClock, World};
use tokio_util::sync::CancellationToken;

use crate::Bench;
use crate::accept::bare;
use crate::child::Child;
use crate::figure::{Figure, percentile};
use crate::load::{Load, counter};
use crate::requests::Slack;

const SPAN: Duration = Duration::from_millis(1_500);

/// How long an idle bot is left alone before its memory is looked at.
const SETTLE: Duration = Duration::from_millis(500);

/// Tells how fast the store commits, what an idle bot holds, and how reports fare while their jobs are done.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for tasks in [1, 8, 64] {
        let rate = bare(bench, &format!("told-{tasks}.db"), tasks, SPAN)?;
        figures.push(Figure::told(&format!("SQLite commits, {tasks} at a time"), (rate, "/s")));
    }
    figures.push(idle(bench)?);
    figures.extend(with_jobs(bench)?);
    Ok(figures)
}

fn idle(bench: &Bench) -> Result<Figure> {
    let child = Child::start(&["bot", &bench.file("idle.db").to_string_lossy()])?;
    std::thread::sleep(SETTLE);
    Ok(Figure::told("memory, idle", (child.held_memory()?, "MB")))
}

/// Reports while the bot does their jobs against a fake Slack, which shares this process with the load.
fn with_jobs(bench: &Bench) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (slack, channel) = (SimHandle::new(world(), Arc::new(SystemClock)), "C123ABC456");
    let server = runtime.block_on(Server::bind(([127, 0, 0, 1], 0).into(), slack))?;
    let api_url = server.api_url();
    let shutdown = CancellationToken::new();
    let serving = runtime.spawn(server.run(shutdown.clone()));
    let child = Child::start(&["bot", &bench.file("jobs.db").to_string_lossy(), &api_url])?;
    let signer = Slack::new()?;
    let load = Load {
        address: child.address()?,
        connections: 64,
        requests: Arc::new(move |number| signer.report("T1", channel, number)),
        next: Arc::new(AtomicUsize::new(0)),
    };
    let outcome = load.run(2 * SPAN)?;
    let (pages, done) = (counter(load.address, "pages")?, counter(load.address, "jobs_done")?);
    let note = format!("p99 {:.1} ms; {done} jobs done, {pages} pages out", percentile(&outcome.waits, 99));
    let figures = vec![
        Figure::told("/devoncall while jobs run", (outcome.rate(), "/s")).note(note),
        Figure::told("memory after that, at most", (child.peak_memory()?, "MB")),
    ];
    shutdown.cancel();
    drop(child);
    runtime.block_on(serving)?;
    Ok(figures)
}

fn world() -> World {
    let mut world = World::builder()
        .app(|app| app.bot_token = "xoxb-simulated".to_owned())
        .channel("C123ABC456", "dev-escalation");
    for person in 0..200 {
        world = world.person(&format!("U{person:08}"), "ana", "Europe/Lisbon");
    }
    let mut world = world.build();
    world.set_rate_limits(RateLimits::Off);
    world
}
