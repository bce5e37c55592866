//! Nothing lost (P1): what a commit has answered for is there after any end of the process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{Job, JobKind, RotationId};
use pagerslack_store::{Claim, Commit, CommitError, Disposal, Sqlite, Store as _};

use super::append;

/// Names the database of the process that is to be killed.
const VICTIM: &str = "PAGERSLACK_STORE_VICTIM";

async fn committed(store: &Sqlite) -> u64 {
    let stored = store.load(&"T1".into(), &"i1".into()).await.unwrap();
    stored.map_or(0, |stored| stored.log.len() as u64)
}

#[tokio::test]
async fn reopened_after_an_orderly_end_everything_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let store = Sqlite::open(&path).unwrap();
    for version in 0..20 {
        store.commit(append(version)).await.unwrap();
    }
    drop(store);
    assert!(!directory.path().join("a.db-wal").exists(), "the log was moved into the database");
    assert_eq!(committed(&Sqlite::open(&path).unwrap()).await, 20);
}

/// The files as they lie on the disk at this moment, as a power cut would leave them.
fn snapshot(of: &Path, to: &Path) -> PathBuf {
    for suffix in ["", "-wal"] {
        let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        fs::copy(name(of), name(to)).unwrap();
    }
    to.to_owned()
}

#[tokio::test]
async fn a_commit_that_has_returned_is_on_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let store = Sqlite::open(&path).unwrap();
    for version in 0..5 {
        store.commit(append(version)).await.unwrap();
        let copy = snapshot(&path, &directory.path().join(format!("copy-{version}.db")));
        assert_eq!(committed(&Sqlite::open(&copy).unwrap()).await, version + 1);
    }
}

#[tokio::test]
async fn leases_end_with_the_process_that_held_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let rotation = RotationId::new("T1".into(), "C1".into());
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000);
    let claim = Claim { now, lease_until: now + SignedDuration::from_hours(1), limit: 10 };
    let store = Sqlite::open(&path).unwrap();
    let mut adding = Commit::new("T1".into(), "i1".into(), 0);
    adding.add.push(Job::new(&rotation, &"i1".into(), JobKind::Hunt, now));
    store.commit(adding).await.unwrap();
    let held = store.claim(claim).await.unwrap().remove(0);
    drop(store);

    let store = Sqlite::open(&path).unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(Timestamp::UNIX_EPOCH), "at once, whatever the clock");
    let mut late = append(0);
    late.job = Some((held.job.key.clone(), held.fence, Disposal::Done));
    let refusal = store.commit(late).await;
    assert!(matches!(refusal, Err(CommitError::LeaseLost)), "{refusal:?}");
    let again = store.claim(claim).await.unwrap().remove(0);
    assert_eq!(again.job, held.job);
    assert_eq!((again.tries, again.doubtful), (2, true));
    assert_eq!(again.last_claimed_at, Some(now));
    assert!(again.fence > held.fence);
}

/// Runs only as the child of the test below; by itself it has nothing to do.
#[tokio::test]
async fn the_victim_commits_until_it_is_killed() {
    let Some(path) = env::var_os(VICTIM) else {
        return;
    };
    let store = Sqlite::open(Path::new(&path)).unwrap();
    for version in 0.. {
        store.commit(append(version)).await.unwrap();
        writeln!(io::stderr(), "{}", version + 1).unwrap();
    }
}

#[tokio::test]
async fn killed_in_the_middle_it_has_kept_every_commit_it_answered_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["--exact", "sqlite::crashes::the_victim_commits_until_it_is_killed", "--nocapture"])
        .env(VICTIM, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = BufReader::new(victim.stderr.take().unwrap()).lines();
    let early = answers.by_ref().map(Result::unwrap).find(|line| line == "100");
    assert!(early.is_some(), "the victim has committed a hundred times");
    assert!(Sqlite::open(&path).is_err(), "the victim holds the lock");
    victim.kill().unwrap();
    victim.wait().unwrap();
    // What it had still written before it died, except a last line cut short.
    let rest: Vec<String> = answers.map_while(Result::ok).collect();
    let answered = rest.iter().filter_map(|line| line.parse().ok()).max().unwrap_or(100).max(100);
    let kept = committed(&Sqlite::open(&path).unwrap()).await;
    assert!(kept >= answered, "{kept} kept of {answered} answered for");
}
