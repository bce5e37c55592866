//! A start with a hundred thousand open incidents, after a crash: the time from the order to start until the
//! first claim is answered, and the memory that takes.
//!
//! The database is filled by a process that is then killed, so its write-ahead log is still there. The file is
//! in the operating system's memory, as after any crash of the process alone.

use anyhow::Result;

use crate::Bench;
use crate::child::Child;
use crate::figure::{Figure, median, milliseconds};

const INCIDENTS: usize = 100_000;
const TIMES: usize = 5;

/// Ready within this time, in milliseconds.
const READY: f64 = 1_000.0;

/// With this much memory at most, in MB.
const MEMORY: f64 = 200.0;

/// Measures starts on a full database.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let store = bench.file("restart.db");
    let store = store.to_string_lossy();
    bench.progress("restart: filling the database");
    let filled = Child::start(&["fill", &store, &INCIDENTS.to_string()])?;
    let note = format!("{INCIDENTS} incidents, {} messages, filled in {:.1?}", 2 * INCIDENTS, filled.took);
    filled.kill()?;
    let (mut times, mut memory) = (vec![], vec![]);
    for _ in 0..TIMES {
        let started = Child::start(&["start", &store])?;
        times.push(milliseconds(started.took));
        memory.push(started.peak_memory()?);
    }
    Ok(vec![
        Figure::at_most("restart: ready", (median(&times), "ms"), (READY, "ms")).note(note),
        Figure::at_most("restart: peak memory", (median(&memory), "MB"), (MEMORY, "MB")),
    ])
}
