//! Reports over a long history: a million incidents exported as CSV, and a hundred thousand of a year counted in memory.
//!
//! The database holds whole logs, as the engine leaves them: each page with everybody who was considered for it. Export and
//! books run in processes of their own, so that their memory is their own. Nothing is written to a disk by the export: the
//! disk is not what is measured.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pagerslack::books::Books;
use pagerslack::stats::{Format, Selection, Stats};
use pagerslack_core::report::{Bucket, Fact};
use pagerslack_store::{Backend, Sqlite};

use crate::Bench;
use crate::child::Child;
use crate::figure::{Figure, median, milliseconds};
use crate::incidents;

const EXPORTED: usize = 1_000_000;
const COUNTED: usize = 100_000;
const TIMES: usize = 21;

/// All of them are exported within this time, in seconds.
const EXPORT: f64 = 10.0;

/// With this much memory at most, in MB, however many there are.
const MEMORY: f64 = 100.0;

/// Any summary of a year takes this long at most, in milliseconds.
const SUMMARY: f64 = 50.0;

/// An incident takes this many bytes in memory at most.
const FACT: f64 = 200.0;

/// Measures the export, and the books.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let store = filled(bench, "counted", COUNTED)?;
    let books = Child::start(&["books", &store])?;
    let told: Vec<f64> = books.said.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [fill, slowest, bytes, held] = told[..] else { anyhow::bail!("the books say {:?}", books.said) };
    let name = format!("reports: slowest summary of {COUNTED}");
    figures.push(Figure::at_most(&name, (slowest, "ms"), (SUMMARY, "ms")));
    let note = format!("{bytes:.0} by count, {:.0} MB the whole process", books.peak_memory()?);
    figures
        .push(Figure::at_most("reports: memory of an incident", (held, "bytes"), (FACT, "bytes")).note(note));
    figures.push(Figure::told("reports: books filled", (fill, "ms")));
    drop(books);
    let store = filled(bench, "exported", EXPORTED)?;
    let export = Child::start(&["export", &store])?;
    let seconds: f64 = export.said.parse()?;
    let name = format!("reports: export of {EXPORTED}");
    figures.push(Figure::at_most(&name, (seconds, "s"), (EXPORT, "s")));
    figures.push(Figure::at_most(
        "reports: memory of the export",
        (export.peak_memory()?, "MB"),
        (MEMORY, "MB"),
    ));
    Ok(figures)
}

/// A database of so many incidents of one year.
fn filled(bench: &Bench, name: &str, incidents: usize) -> Result<String> {
    let store = bench.file(&format!("{name}.db")).to_string_lossy().into_owned();
    bench.progress(&format!("reports: {incidents} incidents into a database"));
    let filled = Child::start(&["history", &store, &incidents.to_string()])?;
    drop(filled);
    Ok(store)
}

/// The moment at which one of so many incidents of a year is reported.
pub(crate) fn moment(number: usize, of: usize) -> Timestamp {
    let year = i64::from(365 * 86_400);
    let part =
        year * i64::try_from(number).unwrap_or(i64::MAX) / i64::try_from(of.max(1)).unwrap_or(i64::MAX);
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 20_454) + SignedDuration::from_secs(part)
}

/// Exports everything, and gives the seconds that it took.
pub(crate) async fn export(store: &Path) -> Result<String> {
    let archive = Arc::new(Sqlite::open(store)?);
    let begun = Instant::now();
    let mut stats = Stats::new(archive, Selection::default(), Format::Csv);
    let mut bytes = 0;
    while let Some(piece) = stats.piece().await? {
        bytes += black_box(piece).len();
    }
    let took = begun.elapsed().as_secs_f64();
    ensure!(bytes > 0, "nothing was exported");
    Ok(took.to_string())
}

/// Fills books, counts them in every way, and gives the milliseconds that both took, the bytes of a fact by its own
/// count, and those by which the process grew for each.
pub(crate) async fn books(store: &Path) -> Result<String> {
    let backend: Arc<dyn Backend> = Arc::new(Sqlite::open(store)?);
    let team = incidents::report(0).rotation.team;
    // Warms what reading needs, so that the growth is that of the books.
    backend.rows(&team, None, None, 1_000).await?.page.await?;
    let (books, before) = (Books::new(backend), resident()?);
    let begun = Instant::now();
    books.fill(Timestamp::UNIX_EPOCH).await?;
    let fill = milliseconds(begun.elapsed());
    let grown = resident()? - before;
    let all = books.rows(&team, &Selection::default());
    let (count, bytes) = (all.iter().count() as f64, all.iter().map(Fact::size).sum::<usize>() as f64);
    ensure!(count == COUNTED as f64, "{count} are in the books");
    let mut slowest = 0.0_f64;
    for bucket in [Bucket::Day, Bucket::Week, Bucket::Month] {
        let mut took = Vec::new();
        for _ in 0..TIMES {
            let begun = Instant::now();
            let zone = TimeZone::UTC;
            black_box(books.summary(&team, &Selection::default(), bucket, zone));
            took.push(milliseconds(begun.elapsed()));
        }
        slowest = slowest.max(median(&took));
    }
    Ok(format!("{fill} {slowest} {} {}", bytes / count, grown / count))
}

/// How many bytes of memory this process holds. Source: proc_pid_status(5).
fn resident() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no such field")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? * 1024.0)
}
