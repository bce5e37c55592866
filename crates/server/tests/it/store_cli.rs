//! `pagerslack store`, as it is typed: the real binary, a database, and a real Redis.

use std::process::Command;

use jiff::Timestamp;
use pagerslack_core::{Event, Recorded, RotationId};
use pagerslack_store::{Commit, IncidentIndex, Sqlite, Store};
use redis_servers::Plain;

/// A folder to type in.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Whether it went well, and what it said.
    fn store(&self, arguments: &[&str], configured: Option<&str>) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagerslack"));
        command.current_dir(self.0.path()).env_clear().arg("store").args(arguments);
        if let Some(store) = configured {
            command.env("PAGERSLACK_STORE", store);
        }
        let output = command.output().unwrap();
        let said = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// So many incidents in a database.
    async fn fill(&self, incidents: u64) {
        let store = Sqlite::open(&self.0.path().join("old.db")).unwrap();
        for number in 0..incidents {
            let rotation = RotationId::new("T1".into(), "C1".into());
            let mut commit = Commit::new("T1".into(), format!("i{number}").as_str().into(), 0);
            let event = Event::AckRefused { by: "U1".into() };
            commit.events.push(Recorded { seq: 1, at: Timestamp::UNIX_EPOCH, event });
            let url = format!("https://example.com/{number}");
            commit.index = Some(IncidentIndex { rotation, url, open: number % 2 == 0 });
            store.commit(commit).await.unwrap();
        }
    }
}

/// Given a database, when it is copied to Redis and from there to another, then all three hold the same, and a password
/// is never shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_moves_to_redis_and_back() {
    let desk = Desk::new();
    desk.fill(30).await;
    let server = Plain::builder().password("s3cret").start().await.unwrap();
    let redis = format!("redis://:s3cret@{}", server.address());
    let (ok, said) = desk.store(&["copy", "sqlite:old.db", "configured"], Some(&redis));
    assert!(ok, "{said}");
    assert!(said.starts_with("Copied from old.db to redis://…@"), "{said}");
    assert!(said.contains("both hold the same: 30 incidents, 30 events"), "{said}");
    let (ok, said) = desk.store(&["copy", &redis, "sqlite:new.db"], None);
    assert!(ok && said.contains("30 incidents"), "{said}");
    for (store, configured) in [("sqlite:new.db", None), ("configured", Some(redis.as_str()))] {
        let (ok, said) = desk.store(&["count", store], configured);
        assert!(ok && said.contains("holds 30 incidents, 30 events"), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
}

/// Given what cannot be copied, when it is tried, then one line says why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_copied_is_said() {
    let desk = Desk::new();
    desk.fill(1).await;
    for (from, to, says) in [
        ("sqlite:old.db", "sqlite:old.db", "both are the same store"),
        ("sqlite:absent.db", "sqlite:new.db", "there is no absent.db to be copied"),
        ("sqlite:old.db", "mysql://u:s3cret@h/x", "a store must be sqlite:PATH"),
        ("sqlite:old.db", "redis://u:s3cret@127.0.0.1:1", "Redis cannot be reached"),
    ] {
        let (ok, said) = desk.store(&["copy", from, to], None);
        assert!(!ok && said.contains(says), "{from} {to}: {said}");
        assert!(!said.contains("s3cret") && said.trim_end().lines().count() == 1, "{said}");
    }
}
