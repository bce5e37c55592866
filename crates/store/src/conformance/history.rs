//! Everything that has happened, page by page.

use pagerslack_core::{IncidentId, RotationId};

use super::samples::{URL, append, commit, index, message, recorded, rotation, team};
use super::{Outcome, Shared, Suite};
use crate::{Archive, Commit, Filed, IncidentIndex, StoreError, Stored};

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("an empty store has no history", empty).await;
    suite.case("every incident is in the history with all that is known of it", whole).await;
    suite.case("the history comes in the order of the reports, without gap or double", in_order).await;
}

async fn everything(store: &dyn Archive, limit: usize) -> Result<Vec<Filed>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.incidents(after, limit).await?;
        assert!(page.items.len() <= limit);
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

async fn empty(store: Shared) -> Outcome {
    assert_eq!(everything(&*store, 9).await?, []);
    // Jobs and queues are no incidents.
    store.commit(commit(0)).await?;
    assert_eq!(everything(&*store, 9).await?, []);
    Ok(())
}

async fn whole(store: Shared) -> Outcome {
    let incident = IncidentId::new("a");
    let mut opened = append(&incident, 0);
    opened.index = index(true);
    opened.messages = vec![message("1.2"), message("1.1")];
    store.commit(opened).await?;
    store.commit(append(&incident, 1)).await?;
    let mut closed = append(&incident, 2);
    closed.index = index(false);
    closed.messages = vec![message("1.2"), message("1.3")];
    store.commit(closed).await?;
    store.commit(append(&IncidentId::new("bare"), 0)).await?;
    let expected = [
        Filed {
            team: team(),
            incident,
            index: index(false),
            stored: Stored { log: (1..=3).map(recorded).collect() },
            messages: ["1.1", "1.2", "1.3"].map(message).to_vec(),
        },
        Filed {
            team: team(),
            incident: "bare".into(),
            index: None,
            stored: Stored { log: vec![recorded(1)] },
            messages: Vec::new(),
        },
    ];
    assert_eq!(everything(&*store, 9).await?, expected);
    Ok(())
}

async fn in_order(store: Shared) -> Outcome {
    let mut expected = Vec::new();
    for number in [5, 3, 9, 1, 7] {
        let incident = IncidentId::new(format!("i{number}"));
        let mut opened = append(&incident, 0);
        opened.index = Some(IncidentIndex {
            rotation: RotationId::new(team(), format!("C{number}").as_str().into()),
            url: URL.to_owned(),
            open: number > 4,
        });
        store.commit(opened).await?;
        expected.push(incident);
    }
    let there = RotationId::new("T2".into(), rotation().channel);
    let mut other = Commit::new(there.team.clone(), "i0".into(), 0);
    other.events.push(recorded(1));
    store.commit(other).await?;
    // What comes later to the first of them does not move it.
    store.commit(append(&"i5".into(), 1)).await?;
    for limit in [1, 2, 5, 6, 7, usize::MAX] {
        let all = everything(&*store, limit).await?;
        assert_eq!(all.len(), 6, "pages of {limit}");
        let here = all.into_iter().filter(|filed| filed.team == team()).map(|filed| filed.incident);
        assert_eq!(here.collect::<Vec<_>>(), expected, "pages of {limit}");
    }
    Ok(())
}
