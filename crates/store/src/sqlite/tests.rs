//! What only shows from within: groups, a full disk, rows that nobody of ours has written.

mod schema;

use std::sync::{Arc, mpsc};

use jiff::SignedDuration;
use pagerslack_core::{Event, Job, JobKind, Recorded};
use tokio::task::{JoinSet, yield_now};

use super::*;

fn append(incident: &str, expected_version: u64, note: &str) -> Commit {
    let mut commit = Commit::new("T1".into(), incident.into(), expected_version);
    commit.events.push(Recorded {
        seq: expected_version + 1,
        at: Timestamp::UNIX_EPOCH,
        event: Event::AckRefused { by: note.into() },
    });
    commit
}

fn hunt(incident: &str) -> Job {
    let rotation = RotationId::new("T1".into(), "C1".into());
    Job::new(&rotation, &incident.into(), JobKind::Hunt, Timestamp::UNIX_EPOCH)
}

const CLAIM: Claim = Claim { now: Timestamp::UNIX_EPOCH, lease_until: Timestamp::MAX, limit: 10 };

/// Does something on the writer's own connection.
async fn on_writer(store: &Sqlite, work: impl FnOnce(&Connection) + Send + 'static) {
    let (done, waited) = oneshot::channel();
    let read: writer::Read = Box::new(move |db| {
        work(db);
        done.send(()).unwrap();
    });
    let requests = store.requests.as_ref().unwrap();
    assert!(requests.send(Request::Read(read)).await.is_ok());
    waited.await.unwrap();
}

/// Holds the writer up until the value returned is dropped, so that what is asked for meanwhile is a group.
async fn held_up(store: &Sqlite) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (begun, begins) = oneshot::channel();
    let read: writer::Read = Box::new(move |_| {
        begun.send(()).unwrap();
        released.recv().unwrap_err();
    });
    let requests = store.requests.as_ref().unwrap();
    assert!(requests.send(Request::Read(read)).await.is_ok());
    begins.await.unwrap();
    release
}

/// Waits until so many requests lie before the writer.
async fn queued(store: &Sqlite, count: usize) {
    let requests = store.requests.as_ref().unwrap();
    while requests.max_capacity() - requests.capacity() < count {
        yield_now().await;
    }
}

async fn commit_as_group(store: &Arc<Sqlite>, commits: Vec<Commit>) -> Vec<Result<(), CommitError>> {
    let release = held_up(store).await;
    let count = commits.len();
    let mut tasks = JoinSet::new();
    for commit in commits {
        let store = Arc::clone(store);
        tasks.spawn(async move { store.commit(commit).await });
    }
    queued(store, count).await;
    drop(release);
    tasks.join_all().await
}

#[tokio::test]
async fn what_waits_together_is_written_together_and_refused_apart() {
    let store = Arc::new(Sqlite::in_memory().unwrap());
    let mut commits: Vec<Commit> = (0..64).map(|number| append(&format!("i{number}"), 0, "U1")).collect();
    commits.extend((0..16).map(|number| append(&format!("i{number}"), 7, "U1")));
    let outcomes = commit_as_group(&store, commits).await;
    let conflicts = outcomes.iter().filter(|outcome| matches!(outcome, Err(CommitError::Conflict)));
    assert_eq!(conflicts.count(), 16);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 64);
    assert_eq!((store.commits(), store.groups()), (64, 1));
}

#[tokio::test]
async fn a_group_that_cannot_be_committed_is_undone_for_everyone() {
    let store = Arc::new(Sqlite::in_memory().unwrap());
    on_writer(&store, |db| {
        db.execute_batch(
            "CREATE TABLE target (id INTEGER PRIMARY KEY);
             CREATE TABLE poison (id INTEGER REFERENCES target (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER poisoned AFTER INSERT ON events WHEN new.incident = 'poison'
             BEGIN INSERT INTO poison VALUES (1); END;",
        )
        .unwrap();
    })
    .await;
    let incidents = ["i1", "poison", "i2", "i1"];
    let commits = incidents.map(|incident| append(incident, 0, "U1")).into();
    for outcome in commit_as_group(&store, commits).await {
        // Not even the second commit for i1 is told of a conflict: its rival was not kept.
        let refused = matches!(outcome, Err(CommitError::Store(StoreError::Unavailable { .. })));
        assert!(refused, "{outcome:?}");
    }
    assert_eq!((store.commits(), store.groups()), (0, 0));
    for incident in incidents {
        assert_eq!(store.load(&"T1".into(), &incident.into()).await.unwrap(), None);
    }
    store.commit(append("i1", 0, "U1")).await.unwrap();
}

#[tokio::test]
async fn a_commit_that_fails_halfway_is_undone_and_its_neighbours_are_not() {
    let store = Arc::new(Sqlite::in_memory().unwrap());
    let mut halfway = append("i2", 0, "U1");
    halfway.add.push(hunt("i2"));
    halfway.events.push(Recorded {
        seq: 2,
        at: Timestamp::MAX,
        event: Event::AckRefused { by: "U1".into() },
    });
    let commits = vec![append("i1", 0, "U1"), halfway, append("i3", 0, "U1")];
    let outcomes = commit_as_group(&store, commits).await;
    let failures: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(matches!(failures[..], [CommitError::Store(StoreError::Corrupt { .. })]), "{failures:?}");
    let team = "T1".into();
    assert_eq!(store.load(&team, &"i2".into()).await.unwrap(), None);
    assert_eq!(store.job_count().await.unwrap(), 0);
    for kept in ["i1", "i3"] {
        assert!(store.load(&team, &kept.into()).await.unwrap().is_some());
    }
    store.commit(append("i2", 0, "U1")).await.unwrap();
}

/// No test can cut the power; this is what SQLite needs to be told to survive it (P1).
#[tokio::test]
async fn a_commit_waits_for_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&directory.path().join("a.db")).unwrap();
    on_writer(&store, |db| {
        let setting = |name| db.pragma_query_value(None, name, |row| row.get::<_, String>(0));
        assert_eq!(setting("journal_mode").unwrap(), "wal");
        let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        assert_eq!(number("synchronous").unwrap(), 2, "FULL");
        assert_eq!(number("foreign_keys").unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_refuses_and_is_got_over() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(&directory.path().join("full.db")).unwrap());
    store.commit(append("i1", 0, "U1")).await.unwrap();
    on_writer(&store, |db| {
        let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        db.pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(())).unwrap();
    })
    .await;
    let large = "U".repeat(100_000);
    let commits = vec![append("i1", 1, &large), append("i2", 0, &large), append("i3", 0, &large)];
    for outcome in commit_as_group(&store, commits.clone()).await {
        let refused = matches!(outcome, Err(CommitError::Store(StoreError::Unavailable { .. })));
        assert!(refused, "{outcome:?}");
    }
    let kept = store.load(&"T1".into(), &"i1".into()).await.unwrap().unwrap();
    assert_eq!(kept.log.len(), 1);
    assert_eq!(store.load(&"T1".into(), &"i2".into()).await.unwrap(), None);
    // What fits is still taken, and everything is once there is room.
    assert!(store.counters.health.fails());
    store.commit(append("small", 0, "U1")).await.unwrap();
    assert!(!store.counters.health.fails());
    on_writer(&store, |db| {
        db.pragma_update_and_check(None, "max_page_count", 1_000_000, |_| Ok(())).unwrap();
    })
    .await;
    for outcome in commit_as_group(&store, commits).await {
        outcome.unwrap();
    }
    store.check().await.unwrap();
}

/// Given a write has failed, when the store is asked whether it is well, then it tries to write, and says why not until
/// it can; a claim that finds nothing to do says nothing about that.
#[tokio::test]
async fn a_store_that_cannot_be_written_says_so_until_it_can() {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&directory.path().join("a.db")).unwrap();
    on_writer(&store, |db| {
        let trigger = |table| {
            format!(
                "CREATE TRIGGER no_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END;"
            )
        };
        db.execute_batch(&(trigger("events") + &trigger("told"))).unwrap();
    })
    .await;
    store.probe().await.unwrap();
    store.commit(append("i1", 0, "U1")).await.unwrap_err();
    for _ in 0..2 {
        let error = store.probe().await.unwrap_err();
        assert!(crate::Causes(&error).to_string().contains(": no"), "{error:?}");
        assert_eq!(store.claim(CLAIM).await.unwrap(), []);
    }
    on_writer(&store, |db| db.execute_batch("DROP TRIGGER no_events; DROP TRIGGER no_told").unwrap()).await;
    store.probe().await.unwrap();
    assert!(!store.counters.health.fails());
}

#[tokio::test]
async fn a_claim_whose_caller_has_gone_leases_nothing() {
    let store = Arc::new(Sqlite::in_memory().unwrap());
    let mut adding = Commit::new("T1".into(), "i1".into(), 0);
    adding.add.push(hunt("i1"));
    store.commit(adding).await.unwrap();
    let release = held_up(&store).await;
    let caller = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.claim(CLAIM).await }
    });
    queued(&store, 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    drop(release);
    let claimed = store.claim(CLAIM).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| claimed.tries).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn an_unreadable_job_does_not_keep_the_others_back() {
    let store = Sqlite::in_memory().unwrap();
    let mut adding = Commit::new("T1".into(), "i1".into(), 0);
    adding.add = vec![hunt("i1"), hunt("i2")];
    store.commit(adding).await.unwrap();
    on_writer(&store, |db| {
        let changed = db.execute("UPDATE jobs SET kind = '{\"kind\":\"dance\"}' WHERE incident = 'i1'", []);
        assert_eq!(changed.unwrap(), 1);
    })
    .await;
    let claimed = store.claim(CLAIM).await.unwrap();
    assert_eq!(claimed.into_iter().map(|claimed| claimed.job).collect::<Vec<_>>(), [hunt("i2")]);
    assert_eq!(store.claim(CLAIM).await.unwrap(), [], "nor is it read again at once");
    assert_eq!(store.job_count().await.unwrap(), 2, "nor is it lost");
}

#[tokio::test]
async fn an_event_of_a_later_form_is_not_guessed_at() {
    let store = Sqlite::in_memory().unwrap();
    store.commit(append("i1", 0, "U1")).await.unwrap();
    for change in ["form = form + 1", "form = form - 1, body = '{}'", "body = 'gibberish'"] {
        on_writer(&store, move |db| {
            assert_eq!(db.execute(&format!("UPDATE events SET {change}"), []).unwrap(), 1);
        })
        .await;
        let answer = store.load(&"T1".into(), &"i1".into()).await;
        assert!(matches!(answer, Err(StoreError::Corrupt { .. })), "{answer:?}");
    }
}

/// Given a row that nobody can read stands where a job should, when the job is restored, then it takes that place.
#[tokio::test]
async fn a_job_is_restored_over_an_unreadable_one() {
    let store = Sqlite::in_memory().unwrap();
    let mut adding = append("i1", 0, "U1");
    adding.add.push(hunt("i1"));
    store.commit(adding).await.unwrap();
    on_writer(&store, |db| {
        assert_eq!(db.execute("UPDATE jobs SET kind = '{'", []).unwrap(), 1);
    })
    .await;
    assert_eq!(store.claim(CLAIM).await.unwrap(), []);
    assert_eq!(store.jobs_of(&"T1".into(), &"i1".into()).await.unwrap(), []);
    let mut restoring = Commit::new("T1".into(), "i1".into(), 0);
    restoring.restore.push(hunt("i1"));
    store.commit(restoring).await.unwrap();
    let claimed = store.claim(CLAIM).await.unwrap();
    assert_eq!(
        claimed.iter().map(|claimed| (&claimed.job, claimed.doubtful)).collect::<Vec<_>>(),
        [(&hunt("i1"), true)]
    );
    assert_eq!(store.job_count().await.unwrap(), 1);
}

/// Given a log of which one event cannot be read, then the rest of the history is there, and it is named beside it.
#[tokio::test]
async fn an_incident_that_cannot_be_read_does_not_hide_the_others() {
    let store = Sqlite::in_memory().unwrap();
    for incident in ["i1", "i2", "i3"] {
        store.commit(append(incident, 0, "U1")).await.unwrap();
    }
    on_writer(&store, |db| {
        assert_eq!(db.execute("UPDATE events SET body = '{' WHERE incident = 'i2'", []).unwrap(), 1);
    })
    .await;
    for limit in [1, 2, 9] {
        let (mut read, mut unreadable, mut next) = (Vec::new(), Vec::new(), None);
        loop {
            let page = store.incidents(next, limit).await.unwrap();
            read.extend(page.items.into_iter().map(|filed| filed.incident.to_string()));
            unreadable.extend(page.unreadable.into_iter().map(|it| it.incident.to_string()));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!((read, unreadable), (vec!["i1".to_owned(), "i3".to_owned()], vec!["i2".to_owned()]));
    }
    assert!(crate::inventory(&store).await.is_err(), "whoever moves house must know");
}

/// Given a workspace with more due jobs than anybody wants to walk past, and no room for more of them, then the walk is given
/// up, and others get theirs all the same.
#[tokio::test]
async fn what_may_not_be_handed_out_is_not_walked_past_for_long() {
    let store = Sqlite::in_memory().unwrap();
    let of = |team: &str, count: u32| {
        let rotation = RotationId::new(team.into(), "C1".into());
        let mut commit = Commit::new(team.into(), "i1".into(), 0);
        let job = |attempt| JobKind::PageDeadline { attempt };
        commit.add = (0..count)
            .map(|number| Job::new(&rotation, &"i1".into(), job(number), Timestamp::UNIX_EPOCH))
            .collect();
        commit
    };
    store.commit(of("T1", 256)).await.unwrap();
    store.commit(of("T2", 1)).await.unwrap();
    let shares = Shares { most: 2, taken: [("T1".into(), 2)].into() };
    let asked = shares.clone();
    on_writer(&store, move |db| assert!(claim::of_all(db, &CLAIM, &asked).unwrap().is_some())).await;
    store.commit(of("T1", 257)).await.unwrap();
    let asked = shares.clone();
    on_writer(&store, move |db| assert!(claim::of_all(db, &CLAIM, &asked).unwrap().is_none())).await;
    let claimed = store.claim_shares(CLAIM, shares).await.unwrap();
    assert_eq!(claimed.iter().map(|it| it.job.rotation.team.as_str()).collect::<Vec<_>>(), ["T2"]);
}

#[test]
fn instants_keep_their_nanoseconds_and_never_turn_into_others() {
    let instant = Timestamp::UNIX_EPOCH + SignedDuration::from_nanos(1_790_000_000_123_456_789);
    assert_eq!(convert::instant(convert::record(instant).unwrap()).unwrap(), instant);
    for far in [Timestamp::MIN, Timestamp::MAX] {
        assert!(convert::record(far).is_err());
        assert!((convert::bound(far) < 0) == (far == Timestamp::MIN));
    }
}
