//! A commit is all or nothing: what is refused has changed nothing.

use jiff::Timestamp;
use pagerslack_core::{IncidentId, JobKind, MessageRef, Queue, QueueChange, RotationId, TeamId};

use super::samples::{
    URL, adding, after, append, claim_one, commit, deadline, disposing, incident, index, job, message,
    recorded, rotation, start, team,
};
use super::{Outcome, Shared, Suite};
use crate::{Commit, CommitError, Disposal, Fence, QueueCommit, Store, StoreError, Stored};

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("an incident that has moved on is a conflict", conflict).await;
    suite.case("the version is not asked for without events", version_unasked).await;
    suite.case("a queue that has moved on refuses the choice", queue_moved).await;
    suite.case("a move for good holds whatever came between", queue_unasked).await;
    suite.case("a job no longer held refuses the work", lease_lost).await;
    suite.case("one open incident an address", already_open).await;
    suite.case("refusals come in a fixed order", order).await;
    suite.case("events that do not follow are refused", misnumbered).await;
    suite.case("a commit cannot reach into another workspace", other_workspace).await;
}

/// All of the store that can be seen.
#[derive(Debug, PartialEq)]
struct Seen {
    logs: [Option<Stored>; 2],
    open: Option<IncidentId>,
    live: Vec<(TeamId, MessageRef)>,
    queue: Queue,
    rotations: Vec<RotationId>,
    jobs: u64,
    next_due: Option<Timestamp>,
}

async fn see(store: &dyn Store) -> Result<Seen, StoreError> {
    Ok(Seen {
        logs: [store.load(&team(), &incident()).await?, store.load(&team(), &rival()).await?],
        open: store.open_incident(&rotation(), URL).await?,
        live: store.live_messages(None, 1000).await?.items,
        queue: store.queue(&rotation()).await?,
        rotations: store.rotations().await?,
        jobs: store.job_count().await?,
        next_due: store.next_due().await?,
    })
}

/// Commits, expects a refusal, and expects everything to be as before.
async fn refused(store: &dyn Store, commit: Commit) -> Result<CommitError, StoreError> {
    let before = see(store).await?;
    let answer = store.commit(commit).await;
    assert_eq!(see(store).await?, before, "a refused commit leaves no trace");
    match answer {
        Err(refusal) => Ok(refusal),
        Ok(()) => panic!("the commit was to be refused"),
    }
}

fn rival() -> IncidentId {
    "incident-2".into()
}

/// A commit that changes everything that can be changed.
fn everything(incident: IncidentId, expected_version: u64, queue_version: u64) -> Commit {
    let mut commit = Commit::new(team(), incident, expected_version);
    commit.events = vec![recorded(expected_version + 1), recorded(expected_version + 2)];
    commit.index = index(true);
    commit.add = vec![deadline(1, start()), job(JobKind::Hunt, start())];
    commit.remove = vec![job(JobKind::RootDeadline, start()).key];
    commit.queue = Some(QueueCommit {
        rotation: rotation(),
        expected: Some(queue_version),
        changes: vec![QueueChange::Joined { user: "U1".into() }, QueueChange::Joined { user: "U2".into() }],
    });
    commit.messages = vec![message("1.1"), message("1.2")];
    commit
}

async fn conflict(store: Shared) -> Outcome {
    let ahead = refused(&*store, everything(incident(), 1, 0)).await?;
    assert!(matches!(ahead, CommitError::Conflict), "{ahead:?}");
    store.commit(everything(incident(), 0, 0)).await?;
    for version in [0, 1, 3, u64::MAX - 2] {
        let refusal = refused(&*store, everything(incident(), version, 2)).await?;
        assert!(matches!(refusal, CommitError::Conflict), "{refusal:?}");
    }
    store.commit(everything(incident(), 2, 2)).await?;
    Ok(())
}

async fn version_unasked(store: Shared) -> Outcome {
    store.commit(append(&incident(), 0)).await?;
    let mut late = commit(17);
    late.messages = vec![message("1.1")];
    store.commit(late).await?;
    let found = store.incident_of(&team(), &message("1.1")).await?;
    assert_eq!(found, Some(incident()));
    Ok(())
}

async fn queue_moved(store: Shared) -> Outcome {
    store.commit(everything(incident(), 0, 0)).await?;
    for version in [0, 1, 3] {
        let refusal = refused(&*store, everything(incident(), 2, version)).await?;
        assert!(matches!(refusal, CommitError::QueueMoved), "{refusal:?}");
    }
    let mut only_asking = everything(incident(), 2, 0);
    if let Some(queue) = &mut only_asking.queue {
        queue.changes.clear();
    }
    let refusal = refused(&*store, only_asking).await?;
    assert!(matches!(refusal, CommitError::QueueMoved), "{refusal:?}");
    Ok(())
}

async fn queue_unasked(store: Shared) -> Outcome {
    store.commit(everything(incident(), 0, 0)).await?;
    let mut acknowledged = commit(2);
    acknowledged.queue = Some(QueueCommit {
        rotation: rotation(),
        expected: None,
        changes: vec![QueueChange::Turn { user: "U1".into(), at: start() }],
    });
    store.commit(acknowledged).await?;
    assert_eq!(store.queue(&rotation()).await?.version, 3);
    Ok(())
}

async fn lease_lost(store: Shared) -> Outcome {
    store.commit(adding([job(JobKind::RootDeadline, start())])).await?;
    let held = claim_one(&*store, start()).await?;
    let again = Disposal::Again { due: after(1), doubtful: true };
    let wrong = [Fence(0), Fence(held.fence.0 + 1), Fence(u64::MAX)];
    for (fence, disposal) in wrong.into_iter().flat_map(|fence| [(fence, Disposal::Done), (fence, again)]) {
        let mut late = everything(incident(), 0, 0);
        late.job = Some((held.job.key.clone(), fence, disposal));
        let refusal = refused(&*store, late).await?;
        assert!(matches!(refusal, CommitError::LeaseLost), "{refusal:?}");
    }
    let mut absent = everything(incident(), 0, 0);
    absent.job = Some((job(JobKind::Hunt, start()).key, held.fence, Disposal::Done));
    let refusal = refused(&*store, absent).await?;
    assert!(matches!(refusal, CommitError::LeaseLost), "{refusal:?}");
    store.commit(disposing(&held, again)).await?;
    let released = refused(&*store, disposing(&held, Disposal::Done)).await?;
    assert!(matches!(released, CommitError::LeaseLost), "{released:?}");
    Ok(())
}

async fn already_open(store: Shared) -> Outcome {
    store.commit(everything(incident(), 0, 0)).await?;
    match refused(&*store, everything(rival(), 0, 2)).await? {
        CommitError::AlreadyOpen(open) => assert_eq!(open, incident()),
        other => panic!("{other:?}"),
    }
    // The incident itself may say again that it is open.
    store.commit(everything(incident(), 2, 2)).await?;
    // Elsewhere the same address is another matter.
    let mut elsewhere = append(&"incident-3".into(), 0);
    elsewhere.index = index(true).map(|mut index| {
        index.rotation.channel = "C2".into();
        index
    });
    store.commit(elsewhere).await?;
    let mut closed = append(&incident(), 4);
    closed.index = index(false);
    store.commit(closed).await?;
    assert_eq!(store.open_incident(&rotation(), URL).await?, None);
    store.commit(everything(rival(), 0, 4)).await?;
    assert_eq!(store.open_incident(&rotation(), URL).await?, Some(rival()));
    // A second closed incident about it is no rival.
    let mut still_closed = append(&incident(), 5);
    still_closed.index = index(false);
    store.commit(still_closed).await?;
    Ok(())
}

async fn order(store: Shared) -> Outcome {
    store.commit(everything(incident(), 0, 0)).await?;
    let mut worst = everything(rival(), 5, 9);
    worst.job = Some((job(JobKind::Hunt, start()).key, Fence(99), Disposal::Done));
    let first = refused(&*store, worst.clone()).await?;
    assert!(matches!(first, CommitError::LeaseLost), "{first:?}");
    worst.job = None;
    let second = refused(&*store, worst.clone()).await?;
    assert!(matches!(second, CommitError::Conflict), "{second:?}");
    let third = refused(&*store, everything(rival(), 0, 9)).await?;
    assert!(matches!(third, CommitError::QueueMoved), "{third:?}");
    let last = refused(&*store, everything(rival(), 0, 2)).await?;
    assert!(matches!(last, CommitError::AlreadyOpen(_)), "{last:?}");
    Ok(())
}

async fn misnumbered(store: Shared) -> Outcome {
    for numbers in [vec![2], vec![0], vec![1, 3], vec![2, 1], vec![1, 1]] {
        let mut commit = everything(incident(), 0, 0);
        commit.events = numbers.into_iter().map(recorded).collect();
        let refusal = refused(&*store, commit).await?;
        assert!(matches!(refusal, CommitError::Store(StoreError::Corrupt { .. })), "{refusal:?}");
    }
    Ok(())
}

async fn other_workspace(store: Shared) -> Outcome {
    let foreign = RotationId::new("T2".into(), "C1".into());
    let (mut indexed, mut moved, mut added) =
        (everything(incident(), 0, 0), everything(incident(), 0, 0), everything(incident(), 0, 0));
    indexed.index.iter_mut().for_each(|index| index.rotation = foreign.clone());
    moved.queue.iter_mut().for_each(|queue| queue.rotation = foreign.clone());
    added.add.iter_mut().for_each(|job| job.rotation = foreign.clone());
    for commit in [indexed, moved, added] {
        let refusal = refused(&*store, commit).await?;
        assert!(matches!(refusal, CommitError::Store(StoreError::Corrupt { .. })), "{refusal:?}");
    }
    Ok(())
}
