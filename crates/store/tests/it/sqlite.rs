//! SQLite passes the suite, on disk and in memory, and keeps what a file must keep.

mod crashes;
mod opening;

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use pagerslack_core::{Event, Recorded};
use pagerslack_store::{Commit, Sqlite, conformance};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let number = AtomicU32::new(0);
    let fresh = async || {
        let name = format!("{}.db", number.fetch_add(1, Ordering::Relaxed));
        Sqlite::open(&directory.path().join(name)).unwrap()
    };
    assert!(conformance::check_all(fresh).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_in_memory() {
    assert!(conformance::check_all(async || Sqlite::in_memory().unwrap()).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_without_threads() {
    assert!(conformance::check_all(async || Sqlite::in_memory_without_threads().unwrap()).await > 0);
}

/// A commit that appends one event to the only incident of these stories.
fn append(expected_version: u64) -> Commit {
    let mut commit = Commit::new("T1".into(), "i1".into(), expected_version);
    commit.events.push(Recorded {
        seq: expected_version + 1,
        at: Timestamp::UNIX_EPOCH,
        event: Event::AckRefused { by: "U1".into() },
    });
    commit
}
