//! Which incident a message belongs to, and which messages are live.

use std::collections::BTreeSet;

use pagerslack_core::{IncidentId, MessageRef, TeamId};

use super::samples::{URL, commit, incident, index, message, rotation, team};
use super::{Outcome, Shared, Suite};
use crate::{Commit, Store, StoreError};

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("a message leads to its incident", leads).await;
    suite.case("a message can change hands", changes_hands).await;
    suite.case("the open incident is found by its address", by_address).await;
    suite.case("messages are live while their incident is open", live).await;
    suite.case("live messages come in pages without gap or double", pages).await;
    suite.case("a message that comes while paging is not missed", while_paging).await;
}

fn opening(number: usize, messages: Vec<MessageRef>) -> Commit {
    let mut commit = Commit::new(team(), IncidentId::new(format!("incident-{number}")), 0);
    commit.index = index(true).map(|mut index| {
        index.url = format!("{URL}/{number}");
        index
    });
    commit.messages = messages;
    commit
}

async fn all_live(store: &dyn Store, limit: usize) -> Result<Vec<MessageRef>, StoreError> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = store.live_messages(after, limit).await?;
        assert!(page.items.len() <= limit, "no page is longer than asked for");
        all.extend(page.items.into_iter().map(|(of, message)| {
            assert_eq!(of, team());
            message
        }));
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

async fn leads(store: Shared) -> Outcome {
    assert_eq!(store.incident_of(&team(), &message("1.1")).await?, None);
    let mut posted = commit(0);
    posted.messages = vec![message("1.1"), message("1.2"), message("1.1")];
    store.commit(posted).await?;
    for ts in ["1.1", "1.2"] {
        assert_eq!(store.incident_of(&team(), &message(ts)).await?, Some(incident()));
    }
    let elsewhere = MessageRef::new("C2".into(), "1.1".into());
    assert_eq!(store.incident_of(&team(), &elsewhere).await?, None);
    let other: TeamId = "T2".into();
    assert_eq!(store.incident_of(&other, &message("1.1")).await?, None);
    Ok(())
}

async fn changes_hands(store: Shared) -> Outcome {
    store.commit(opening(1, vec![message("1.1")])).await?;
    store.commit(opening(2, vec![message("1.1")])).await?;
    let found = store.incident_of(&team(), &message("1.1")).await?;
    assert_eq!(found, Some("incident-2".into()));
    assert_eq!(all_live(&*store, 10).await?, [message("1.1")]);
    Ok(())
}

async fn by_address(store: Shared) -> Outcome {
    assert_eq!(store.open_incident(&rotation(), URL).await?, None);
    let mut opened = commit(0);
    opened.index = index(true);
    store.commit(opened.clone()).await?;
    assert_eq!(store.open_incident(&rotation(), URL).await?, Some(incident()));
    assert_eq!(store.open_incident(&rotation(), "https://example.com").await?, None);
    // Without an index all stays as it is.
    store.commit(commit(0)).await?;
    assert_eq!(store.open_incident(&rotation(), URL).await?, Some(incident()));
    opened.index = index(false);
    store.commit(opened).await?;
    assert_eq!(store.open_incident(&rotation(), URL).await?, None);
    Ok(())
}

async fn live(store: Shared) -> Outcome {
    let mut unindexed = commit(0);
    unindexed.messages = vec![message("1.1")];
    store.commit(unindexed).await?;
    assert_eq!(all_live(&*store, 10).await?, [], "open is what the index says");
    for (open, ts) in [(true, "1.2"), (false, "1.3"), (true, "1.4")] {
        let mut indexed = commit(0);
        indexed.index = index(open);
        indexed.messages = vec![message(ts)];
        store.commit(indexed).await?;
        let live: BTreeSet<_> = all_live(&*store, 10).await?.into_iter().collect();
        let expected = match ts {
            "1.2" => vec!["1.1", "1.2"],
            "1.3" => vec![],
            _ => vec!["1.1", "1.2", "1.3", "1.4"],
        };
        assert_eq!(live, expected.into_iter().map(message).collect());
    }
    Ok(())
}

async fn pages(store: Shared) -> Outcome {
    let mut expected = BTreeSet::new();
    for number in 0..25 {
        let messages = [0, 1].map(|part| message(&format!("{number}.{part}")));
        store.commit(opening(number, messages.to_vec())).await?;
        if number % 5 == 0 {
            let mut closed = opening(number, Vec::new());
            closed.index.iter_mut().for_each(|index| index.open = false);
            store.commit(closed).await?;
        } else {
            expected.extend(messages);
        }
    }
    for limit in [1, 7, 20, 39, 40, 41, usize::MAX] {
        let all = all_live(&*store, limit).await?;
        assert_eq!(all.len(), expected.len(), "pages of {limit}");
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), expected);
    }
    Ok(())
}

async fn while_paging(store: Shared) -> Outcome {
    let first: Vec<MessageRef> = (0..10).map(|part| message(&format!("1.{part}"))).collect();
    store.commit(opening(1, first.clone())).await?;
    let first_page = store.live_messages(None, 4).await?;
    assert!(first_page.next.is_some(), "six are left");
    store.commit(opening(2, vec![message("2.1")])).await?;
    let rest = store.live_messages(first_page.next, 100).await?;
    assert_eq!(rest.next, None);
    let mut seen = first_page.items;
    seen.extend(rest.items);
    let seen: BTreeSet<MessageRef> = seen.into_iter().map(|(_, message)| message).collect();
    assert!(first.iter().all(|message| seen.contains(message)));
    assert!(seen.contains(&message("2.1")));
    Ok(())
}
