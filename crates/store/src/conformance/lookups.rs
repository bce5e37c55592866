//! Questions beside the course of an incident: what is open, what was it about, who was told what.

use super::samples::{URL, after, append, commit, index, recorded, rotation, start};
use super::{Outcome, Shared, Suite};
use crate::{Commit, IncidentIndex, Told};
use jiff::SignedDuration;
use pagerslack_core::{IncidentId, RotationId, TeamId, UserId};

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("the open incidents of a rotation, the longest open first", open).await;
    suite.case("every open incident of every workspace, page by page", every_open).await;
    suite.case("the last incident about an address, open or not", about).await;
    suite.case("an incident that was over can be open again", reopened).await;
    suite.case("who was told what is remembered, the last time counts", told).await;
    suite.case("what may be forgotten is, and nothing else", forgotten).await;
}

/// An incident with one event.
async fn happens(store: &Shared, id: &str, url: &str, open: bool) -> Outcome {
    let mut commit = append(&IncidentId::new(id), 0);
    commit.index = Some(IncidentIndex { rotation: rotation(), url: url.to_owned(), open });
    Ok(store.commit(commit).await?)
}

async fn open(store: Shared) -> Outcome {
    assert_eq!(store.open_incidents(&rotation()).await?, []);
    happens(&store, "z", URL, true).await?;
    happens(&store, "a", "https://example.com/2", true).await?;
    happens(&store, "m", "https://example.com/3", false).await?;
    assert_eq!(store.open_incidents(&rotation()).await?, [IncidentId::new("z"), IncidentId::new("a")]);
    let elsewhere = RotationId::new("T1".into(), "C2".into());
    assert_eq!(store.open_incidents(&elsewhere).await?, []);
    let other_workspace = RotationId::new("T2".into(), "C1".into());
    assert_eq!(store.open_incidents(&other_workspace).await?, []);
    Ok(())
}

async fn every_open(store: Shared) -> Outcome {
    assert_eq!(store.open_incidents_after(None, 9).await?, []);
    for (id, open) in [("z", true), ("a", true), ("m", false), ("b", true)] {
        happens(&store, id, &format!("https://example.com/{id}"), open).await?;
    }
    let there = RotationId::new("T2".into(), "C9".into());
    let mut other = Commit::new(there.team.clone(), IncidentId::new("a"), 0);
    other.events.push(recorded(1));
    other.index = Some(IncidentIndex { rotation: there, url: URL.to_owned(), open: true });
    store.commit(other).await?;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.open_incidents_after(after, 2).await?;
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        all.extend(page.into_iter().map(|(team, incident)| format!("{team} {incident}")));
    }
    assert_eq!(all, ["T1 a", "T1 b", "T1 z", "T2 a"]);
    let last = Some(("T1".into(), IncidentId::new("z")));
    assert_eq!(store.open_incidents_after(last, 9).await?, [("T2".into(), IncidentId::new("a"))]);
    assert_eq!(store.open_incidents_after(None, 0).await?, []);
    Ok(())
}

async fn about(store: Shared) -> Outcome {
    assert_eq!(store.last_about(&rotation(), URL).await?, None);
    happens(&store, "z", URL, false).await?;
    happens(&store, "a", URL, true).await?;
    happens(&store, "m", "https://example.com/3", true).await?;
    assert_eq!(store.last_about(&rotation(), URL).await?, Some(IncidentId::new("a")));
    let other_workspace = RotationId::new("T2".into(), "C1".into());
    assert_eq!(store.last_about(&other_workspace, URL).await?, None);
    Ok(())
}

async fn reopened(store: Shared) -> Outcome {
    let id = IncidentId::new("a");
    happens(&store, "a", URL, true).await?;
    let mut over = append(&id, 1);
    over.index = index(false);
    store.commit(over).await?;
    assert_eq!(store.open_incidents(&rotation()).await?, []);
    let mut again = append(&id, 2);
    again.index = index(true);
    store.commit(again).await?;
    assert_eq!(store.open_incidents(&rotation()).await?, [id]);
    Ok(())
}

async fn told(store: Shared) -> Outcome {
    let (team, user) = (rotation().team, "U1".into());
    assert_eq!(store.told(&team, &user, "nudge").await?, None);
    for at in [start(), after(90)] {
        let mut commit = commit(0);
        commit.told.push(Told { user: user.clone(), what: "nudge".to_owned(), at, until: None });
        store.commit(commit).await?;
        assert_eq!(store.told(&team, &user, "nudge").await?, Some(at));
    }
    assert_eq!(store.told(&team, &user, "other").await?, None);
    assert_eq!(store.told(&team, &"U2".into(), "nudge").await?, None);
    assert_eq!(store.told(&"T2".into(), &user, "nudge").await?, None);
    Ok(())
}

/// Two requests a minute, each of which is to be remembered for an hour: ever so many are told, and no more than those of an
/// hour or so are kept.
async fn forgotten(store: Shared) -> Outcome {
    let (team, user) = (rotation().team, UserId::new("U1"));
    let tell = async |team: &TeamId, what: &str, at, until| {
        let mut commit = Commit::new(team.clone(), "i1".into(), 0);
        commit.told.push(Told { user: user.clone(), what: what.to_owned(), at, until });
        store.commit(commit).await
    };
    tell(&team, "for good", start(), None).await?;
    tell(&team, "longer", start(), Some(after(60))).await?;
    tell(&team, "longer", after(1), Some(after(9_000_000))).await?;
    tell(&team, "for good after all", start(), Some(after(60))).await?;
    tell(&team, "for good after all", after(2), None).await?;
    tell(&"T2".into(), "elsewhere", start(), Some(after(60))).await?;
    for number in 0..400 {
        let at = after(number * 30);
        tell(&team, &format!("asked/{number}"), at, Some(at + SignedDuration::from_hours(1))).await?;
    }
    let (mut kept, mut next) = (Vec::new(), None);
    loop {
        let page = store.all_told(next, 50).await?;
        kept.extend(page.items);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert!(kept.len() <= 126, "{} are kept", kept.len());
    for (what, at) in [("for good", start()), ("longer", after(1)), ("for good after all", after(2))] {
        assert_eq!(store.told(&team, &user, what).await?, Some(at), "{what}");
    }
    assert_eq!(store.told(&"T2".into(), &user, "elsewhere").await?, Some(start()), "nothing was told there");
    assert_eq!(store.told(&team, &user, "asked/0").await?, None);
    assert_eq!(store.told(&team, &user, "asked/399").await?, Some(after(399 * 30)));
    assert_eq!(store.told(&team, &user, "asked/281").await?, Some(after(281 * 30)), "it has not ended yet");
    let of = |what: &str| kept.iter().find(|(_, told)| told.what == what).and_then(|(_, told)| told.until);
    assert_eq!((of("for good"), of("longer")), (None, Some(after(9_000_000))));
    assert_eq!(of("for good after all"), None);
    Ok(())
}
