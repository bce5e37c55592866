//! How many commits a second, and how fast a restart: `cargo run --release -p pagerslack-store --example
//! throughput`.
//!
//! Each task commits one event of about 300 bytes to an incident of its own, waits for the answer, and goes
//! on. The figures are those of the disk under the temporary directory.

use std::io::{Write as _, stdout};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use pagerslack_core::incident::{ManagersReason, ManagersWhom};
use pagerslack_core::{Event, IncidentId, Job, JobKind, MessageRef, Recorded, RotationId};
use pagerslack_store::{Claim, Commit, IncidentIndex, Sqlite, Store as _};
use tokio::task::JoinSet;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How long each figure is measured.
const SPAN: Duration = Duration::from_secs(3);

/// How many open incidents the restart finds.
const OPEN: usize = 100_000;

#[tokio::main]
async fn main() -> Result<()> {
    let directory = tempfile::tempdir()?;
    for tasks in [1, 8, 64] {
        appends(&directory.path().join(format!("{tasks}.db")), tasks).await?;
    }
    restart(&directory.path().join("restart.db")).await
}

async fn appends(path: &Path, tasks: usize) -> Result<()> {
    let store = Arc::new(Sqlite::open(path)?);
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let store = Arc::clone(&store);
        running.spawn(async move { append_until(&store, task, begun + SPAN).await });
    }
    let mut waits = Vec::new();
    for result in running.join_all().await {
        waits.extend(result?);
    }
    let seconds = begun.elapsed().as_secs_f64();
    waits.sort();
    let percentile = |percent: usize| waits.get(waits.len() * percent / 100).copied().unwrap_or_default();
    writeln!(
        stdout(),
        "{tasks:>3} tasks: {:>7.0} commits/s, p50 {:?}, p99 {:?}, {:.1} commits a transaction",
        waits.len() as f64 / seconds,
        percentile(50),
        percentile(99),
        store.commits() as f64 / store.groups().max(1) as f64,
    )?;
    Ok(())
}

async fn append_until(store: &Sqlite, task: usize, end: Instant) -> Result<Vec<Duration>> {
    let mut waits = Vec::new();
    for version in 0.. {
        let mut commit = Commit::new("T1".into(), IncidentId::new(format!("incident-{task}")), version);
        commit.events.push(event(version + 1));
        let asked = Instant::now();
        store.commit(commit).await?;
        waits.push(asked.elapsed());
        if Instant::now() >= end {
            break;
        }
    }
    Ok(waits)
}

fn event(seq: u64) -> Recorded {
    Recorded {
        seq,
        at: Timestamp::UNIX_EPOCH,
        event: Event::ManagersPaged {
            round: 1,
            whom: ManagersWhom {
                users: vec!["U0123456789".into(), "U9876543210".into()],
                group: None,
                incomplete: false,
            },
            reason: ManagersReason::CannotTell { why: "x".repeat(120) },
            direct: false,
            deadline: Some(Timestamp::UNIX_EPOCH),
        },
    }
}

/// Everything that a start does before it can serve: open, read the live messages, claim the first jobs.
async fn restart(path: &Path) -> Result<()> {
    let store = Arc::new(Sqlite::open(path)?);
    let mut running = JoinSet::new();
    for lane in 0..64 {
        let store = Arc::clone(&store);
        running.spawn(async move {
            for number in (lane..OPEN).step_by(64) {
                store.commit(opening(number)).await?;
            }
            Result::Ok(())
        });
    }
    let begun = Instant::now();
    for result in running.join_all().await {
        result?;
    }
    writeln!(stdout(), "{OPEN} incidents opened in {:?}", begun.elapsed())?;
    drop(store);

    let begun = Instant::now();
    let store = Sqlite::open(path)?;
    let opened = begun.elapsed();
    let (mut messages, mut after) = (0, None);
    loop {
        let page = store.live_messages(after, 10_000).await?;
        messages += page.items.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let read = begun.elapsed();
    let claim = Claim { now: Timestamp::UNIX_EPOCH, lease_until: Timestamp::MAX, limit: 100 };
    let jobs = store.claim(claim).await?.len();
    writeln!(
        stdout(),
        "restart: open {opened:?}, {messages} live messages by {read:?}, first {jobs} jobs by {:?}",
        begun.elapsed()
    )?;
    Ok(())
}

fn opening(number: usize) -> Commit {
    let rotation = RotationId::new("T1".into(), "C1".into());
    let incident = IncidentId::new(format!("incident-{number}"));
    let mut commit = Commit::new("T1".into(), incident.clone(), 0);
    commit.events.push(event(1));
    commit.add.push(Job::new(&rotation, &incident, JobKind::Hunt, Timestamp::UNIX_EPOCH));
    commit.messages =
        (0..2).map(|part| MessageRef::new("C1".into(), format!("{number}.{part}").as_str().into())).collect();
    commit.index = Some(IncidentIndex { rotation, url: format!("https://example.com/{number}"), open: true });
    commit
}
