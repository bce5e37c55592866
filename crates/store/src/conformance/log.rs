//! The log of an incident.

use pagerslack_core::{Recorded, TeamId};

use super::samples::{append, commit, every_event, incident, index, precise, recorded, team};
use super::{Outcome, Shared, Suite};

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("an incident never heard of has no log", unknown).await;
    suite.case("a log is read back as it was written, in order", in_order).await;
    suite.case("every event comes back as it was", every_kind).await;
    suite.case("an index without events is no log", index_only).await;
    suite.case("the same id in two workspaces is two incidents", two_workspaces).await;
}

async fn unknown(store: Shared) -> Outcome {
    assert_eq!(store.load(&team(), &incident()).await?, None);
    Ok(())
}

async fn in_order(store: Shared) -> Outcome {
    let mut first = commit(0);
    first.events = vec![recorded(1), recorded(2)];
    store.commit(first).await?;
    store.commit(append(&incident(), 2)).await?;
    let stored = store.load(&team(), &incident()).await?;
    let log = stored.map(|stored| stored.log);
    assert_eq!(log, Some(vec![recorded(1), recorded(2), recorded(3)]));
    Ok(())
}

async fn every_kind(store: Shared) -> Outcome {
    let written: Vec<Recorded> =
        (1..).zip(every_event()).map(|(seq, event)| Recorded { seq, at: precise(), event }).collect();
    let mut everything = commit(0);
    everything.events.clone_from(&written);
    store.commit(everything).await?;
    let read = store.load(&team(), &incident()).await?;
    assert_eq!(read.map(|stored| stored.log), Some(written));
    Ok(())
}

async fn index_only(store: Shared) -> Outcome {
    let mut indexed = commit(0);
    indexed.index = index(true);
    store.commit(indexed).await?;
    assert_eq!(store.load(&team(), &incident()).await?, None);
    store.commit(append(&incident(), 0)).await?;
    assert!(store.load(&team(), &incident()).await?.is_some());
    Ok(())
}

async fn two_workspaces(store: Shared) -> Outcome {
    let other: TeamId = "T2".into();
    store.commit(append(&incident(), 0)).await?;
    assert_eq!(store.load(&other, &incident()).await?, None);
    let mut there = append(&incident(), 0);
    there.team = other.clone();
    store.commit(there).await?;
    store.commit(append(&incident(), 1)).await?;
    let lengths = [
        store.load(&team(), &incident()).await?.map(|stored| stored.log.len()),
        store.load(&other, &incident()).await?.map(|stored| stored.log.len()),
    ];
    assert_eq!(lengths, [Some(2), Some(1)]);
    Ok(())
}
