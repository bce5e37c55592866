//! Many at once: exactly one wins.

use std::collections::BTreeSet;
use std::sync::Arc;

use pagerslack_core::{IncidentId, QueueChange, UserId};
use tokio::task::JoinSet;

use super::samples::{
    adding, after, append, commit, deadline, disposing, incident, index, rotation, start, team,
};
use super::{Outcome, Shared, Suite};
use crate::{Claim, Commit, CommitError, Disposal, QueueCommit, StoreError};

/// How many race.
const RACERS: usize = 64;

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("of many commits at one version one wins", one_version).await;
    suite.case("of many choices from one queue one wins", one_queue).await;
    suite.case("of many reports of one address one opens", one_address).await;
    suite.case("no job is handed to two", one_holder).await;
    suite.case("a job is done once", one_disposal).await;
    suite.case("many incidents do not hinder one another", many_incidents).await;
    suite.case("a caller who goes away hurts nobody", gone_caller).await;
}

/// Sets all off at once and collects what became of each.
async fn race(store: &Shared, commits: Vec<Commit>) -> Result<Vec<Result<(), CommitError>>, StoreError> {
    let mut tasks = JoinSet::new();
    for commit in commits {
        let store = Arc::clone(store);
        tasks.spawn(async move { store.commit(commit).await });
    }
    Ok(tasks.join_all().await)
}

/// One winner; everybody else gets the refusal expected.
async fn one_wins(store: &Shared, commits: Vec<Commit>, expected: fn(&CommitError) -> bool) -> Outcome {
    let outcomes = race(store, commits).await?;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refusal in outcomes.into_iter().filter_map(Result::err) {
        assert!(expected(&refusal), "{refusal:?}");
    }
    Ok(())
}

async fn one_version(store: Shared) -> Outcome {
    for version in 0..5 {
        let commits = vec![append(&incident(), version); RACERS];
        one_wins(&store, commits, |refusal| matches!(refusal, CommitError::Conflict)).await?;
        let stored = store.load(&team(), &incident()).await?;
        let log = stored.map(|stored| stored.log).unwrap_or_default();
        assert!(log.iter().map(|recorded| recorded.seq).eq(1..=version + 1));
    }
    Ok(())
}

async fn one_queue(store: Shared) -> Outcome {
    for version in 0..5 {
        let commits = (0..RACERS).map(|racer| {
            let mut commit = Commit::new(team(), IncidentId::new(format!("incident-{racer}")), 0);
            let user = UserId::new(format!("U{version}-{racer}"));
            commit.queue = Some(QueueCommit {
                rotation: rotation(),
                expected: Some(version),
                changes: vec![QueueChange::Joined { user }],
            });
            commit
        });
        let moved = |refusal: &CommitError| matches!(refusal, CommitError::QueueMoved);
        one_wins(&store, commits.collect(), moved).await?;
        let queue = store.queue(&rotation()).await?;
        assert_eq!(queue.version, version + 1);
        assert_eq!(queue.places().len() as u64, version + 1);
    }
    Ok(())
}

async fn one_address(store: Shared) -> Outcome {
    let commits = (0..RACERS).map(|racer| {
        let mut commit = append(&IncidentId::new(format!("incident-{racer}")), 0);
        commit.index = index(true);
        commit
    });
    let open = |refusal: &CommitError| matches!(refusal, CommitError::AlreadyOpen(_));
    one_wins(&store, commits.collect(), open).await
}

async fn one_holder(store: Shared) -> Outcome {
    const JOBS: u32 = 200;
    store.commit(adding((0..JOBS).map(|number| deadline(number, start())))).await?;
    let mut tasks = JoinSet::new();
    for _ in 0..RACERS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let claim = Claim { now: start(), lease_until: after(60), limit: 7 };
            store.claim(claim).await
        });
    }
    let mut keys = BTreeSet::new();
    let mut fences = BTreeSet::new();
    for claimed in tasks.join_all().await {
        for claimed in claimed? {
            assert!(keys.insert(claimed.job.key), "a job is handed out once");
            assert!(fences.insert(claimed.fence), "a token is given out once");
        }
    }
    assert_eq!(keys.len(), JOBS as usize);
    Ok(())
}

async fn one_disposal(store: Shared) -> Outcome {
    store.commit(adding([deadline(1, start())])).await?;
    let held = super::samples::claim_one(&*store, start()).await?;
    let commits = (0..RACERS).map(|racer| {
        let mut commit = disposing(&held, Disposal::Done);
        commit.incident = IncidentId::new(format!("incident-{racer}"));
        commit.events = append(&commit.incident, 0).events;
        commit
    });
    let lost = |refusal: &CommitError| matches!(refusal, CommitError::LeaseLost);
    one_wins(&store, commits.collect(), lost).await
}

async fn many_incidents(store: Shared) -> Outcome {
    let incidents: Vec<IncidentId> =
        (0..RACERS).map(|racer| IncidentId::new(format!("incident-{racer}"))).collect();
    for version in 0..3 {
        let commits = incidents.iter().map(|incident| append(incident, version)).collect();
        for outcome in race(&store, commits).await? {
            outcome?;
        }
    }
    for incident in &incidents {
        let stored = store.load(&team(), incident).await?;
        assert_eq!(stored.map(|stored| stored.log.len()), Some(3));
    }
    Ok(())
}

async fn gone_caller(store: Shared) -> Outcome {
    let mut tasks = JoinSet::new();
    for racer in 0..RACERS {
        let store = Arc::clone(&store);
        let incident = IncidentId::new(format!("incident-{racer}"));
        tasks.spawn(async move { store.commit(append(&incident, 0)).await });
    }
    tokio::task::yield_now().await;
    tasks.abort_all();
    while tasks.join_next().await.is_some() {}
    store.commit(commit(0)).await?;
    store.commit(append(&"incident-last".into(), 0)).await?;
    // Of those abandoned each is there whole or not at all.
    for racer in 0..RACERS {
        let incident = IncidentId::new(format!("incident-{racer}"));
        let stored = store.load(&team(), &incident).await?;
        assert!(stored.is_none_or(|stored| stored.log.len() == 1));
    }
    Ok(())
}
