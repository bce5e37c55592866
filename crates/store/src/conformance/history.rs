//! Everything that has happened, page by page.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pagerslack_core::report::{self, Row};
use pagerslack_core::{Event, IncidentId, Recorded, Report, RotationId, TeamId};

use super::samples::{
    URL, adding, after, append, commit, deadline, every_event, index, message, precise, recorded, rotation,
    start, team,
};
use super::{Outcome, Shared, Suite};
use crate::{Archive, Claim, Commit, Cursor, Filed, IncidentIndex, Past, StoreError, Stored, Told};

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("an empty store has no history", empty).await;
    suite.case("every incident is in the history with all that is known of it", whole).await;
    suite.case("an old incident is taken out, and a row of it is left", retired).await;
    suite.case("rows come by workspace, from a moment on, in the order of the reports", rows_since).await;
    suite.case("whoever comes back for rows gets what was reported meanwhile", rows_later).await;
    suite.case("a row tells of the whole log, wherever among others its events lie", rows_among_others).await;
    suite.case("every job of every workspace, page by page", every_job).await;
    suite.case("everything that people were told, page by page", everything_told).await;
    suite.case("the history comes in the order of the reports, without gap or double", in_order).await;
}

async fn everything(store: &dyn Archive, limit: usize) -> Result<Vec<Filed>, StoreError> {
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let page = store.incidents(next, limit).await?;
        assert!(page.items.len() <= limit);
        all.extend(page.items);
        next = page.next;
        if next.is_none() {
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

/// An incident reported on a day, and what happens in it after.
fn told_on(team: &str, id: &str, day: i64, events: Vec<Event>) -> Commit {
    let rotation = RotationId::new(team.into(), rotation().channel);
    let mut commit = Commit::new(team.into(), id.into(), 0);
    let report = Report {
        incident: id.into(),
        rotation,
        url: URL.to_owned(),
        note: String::new(),
        reporter: "U1".into(),
        machine: None,
        first: None,
        response_url: None,
    };
    let events = std::iter::once(Event::Reported(report)).chain(events);
    let recorded = (1..).zip(events).map(|(seq, event)| Recorded { seq, at: after(day * 86_400), event });
    commit.events = recorded.collect();
    commit
}

async fn rows_of(
    store: &dyn Archive,
    team: &TeamId,
    since: Option<Timestamp>,
    limit: usize,
) -> Result<(Vec<Row>, Option<Cursor>), StoreError> {
    let (mut all, mut last) = (Vec::new(), None);
    loop {
        let coming = store.rows(team, since, last.clone(), limit).await?;
        let page = coming.page.await?;
        assert_eq!(coming.next, page.next);
        assert!(page.items.len() <= limit);
        all.extend(page.items);
        if page.next.is_none() {
            return Ok((all, last));
        }
        last = page.next;
    }
}

async fn rows_since(store: Shared) -> Outcome {
    assert_eq!(store.workspaces().await?, Vec::<TeamId>::new());
    let none = store.rows(&team(), None, None, 9).await?.page.await?;
    assert!(none.items.is_empty() && none.next.is_none());
    let mut expected = Vec::new();
    // The one of the fourth day is committed after the one of the fifth, as when a replica's clock lags behind.
    for (id, day) in [("i1", 1), ("i2", 2), ("i5", 5), ("i4", 4), ("i6", 6)] {
        let commit = told_on("T1", id, day, every_event());
        expected.extend(report::row(&commit.events));
        store.commit(commit).await?;
    }
    store.commit(told_on("T2", "i3", 3, vec![])).await?;
    // A log that does not begin with a report is no incident.
    let mut stray = told_on("T1", "stray", 7, vec![Event::Closed { by: "U1".into() }]);
    stray.events.remove(0);
    stray.events.iter_mut().for_each(|recorded| recorded.seq = 1);
    store.commit(stray).await?;
    assert_eq!(store.workspaces().await?, [TeamId::new("T1"), TeamId::new("T2")]);
    for limit in [1, 2, 3, 9] {
        assert_eq!(rows_of(&*store, &team(), None, limit).await?.0, expected, "pages of {limit}");
        for (day, left) in [(2, 1), (3, 2), (7, 5), (99, 5)] {
            let since = Some(after(day * 86_400));
            let found = rows_of(&*store, &team(), since, limit).await?.0;
            assert_eq!(found, expected[left..], "pages of {limit}, from day {day}");
        }
        // Neither the first of them nor what follows is before the moment.
        let fifth = rows_of(&*store, &team(), Some(after(5 * 86_400)), limit).await?.0;
        let ids: Vec<_> = fifth.iter().map(|row| row.incident.as_str()).collect();
        assert_eq!(ids, ["i5", "i6"], "pages of {limit}");
    }
    let (there, _) = rows_of(&*store, &"T2".into(), None, 9).await?;
    assert_eq!(there.len(), 1);
    Ok(())
}

async fn rows_later(store: Shared) -> Outcome {
    store.commit(told_on("T1", "i1", 1, vec![])).await?;
    let (rows, last) = rows_of(&*store, &team(), None, 9).await?;
    assert_eq!((rows.len(), last.is_some()), (1, true));
    store.commit(told_on("T1", "i2", 2, vec![Event::Cancelled { by: "U1".into() }])).await?;
    let page = store.rows(&team(), None, last.clone(), 9).await?.page.await?;
    assert_eq!(page.items.iter().map(|row| row.incident.as_str()).collect::<Vec<_>>(), ["i2"]);
    assert!(page.next.is_some() && page.next != last);
    Ok(())
}

/// Given incidents of two workspaces that happen at the same time, some over in a moment, some going on for long, some that
/// are open, then each has the row that its log tells, in pages of any length.
async fn rows_among_others(store: Shared) -> Outcome {
    let mut steps = Vec::new();
    let mut reports = Vec::new();
    for number in 0..24_usize {
        let workspace = if number % 5 == 4 { "T2" } else { "T1" };
        let length = 2 + number * 7 % every_event().len();
        let id = format!("i{}", number * 17 % 24);
        let mut told = told_on(workspace, &id, 1, every_event()).events;
        told.truncate(length);
        let pause = [1, 3, 40][number % 3];
        let last = told.len() - 1;
        for (place, recorded) in told.into_iter().enumerate() {
            let mut commit = Commit::new(workspace.into(), id.as_str().into(), place as u64);
            commit.events.push(recorded);
            let open = place < last || number % 4 == 3;
            let rotation = RotationId::new(workspace.into(), rotation().channel);
            commit.index = Some(IncidentIndex { rotation, url: format!("{URL}/{number}"), open });
            steps.push((number + place * pause, number, commit));
        }
        if workspace == "T1" {
            reports.push(IncidentId::new(id));
        }
    }
    steps.sort_by_key(|(moment, number, _)| (*moment, *number));
    for (.., commit) in steps {
        store.commit(commit).await?;
    }
    let mut expected = Vec::new();
    for incident in &reports {
        expected.extend(store.load(&team(), incident).await?.and_then(|stored| report::row(&stored.log)));
    }
    assert_eq!(expected.len(), 20);
    for limit in [1, 2, 3, 7, 100] {
        assert_eq!(rows_of(&*store, &team(), None, limit).await?.0, expected, "pages of {limit}");
    }
    Ok(())
}

async fn every_job(store: Shared) -> Outcome {
    let other: TeamId = "T2".into();
    let mut there = adding([deadline(1, after(10))]);
    there.team = other.clone();
    there.add.iter_mut().for_each(|job| job.rotation.team = other.clone());
    store.commit(there).await?;
    store.commit(adding((0..7).map(|number| deadline(number, start())))).await?;
    let claim = Claim { now: start(), lease_until: after(30), limit: 1 };
    let held = store.claim(claim).await?;
    for limit in [1, 3, 9] {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let page = store.jobs(next, limit).await?;
            all.extend(page.items);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        let keys: BTreeSet<_> = all.iter().map(|state| (&state.job.rotation.team, &state.job.key)).collect();
        assert_eq!((all.len(), keys.len()), (8, 8), "pages of {limit}");
        let holding: Vec<_> = all.iter().filter(|state| state.lease_until.is_some()).collect();
        assert_eq!(holding.len(), 1);
        assert_eq!(holding[0].job, held[0].job);
    }
    Ok(())
}

async fn everything_told(store: Shared) -> Outcome {
    let told = |user: &str, what: &str| Told {
        user: user.into(),
        what: what.to_owned(),
        at: precise(),
        until: None,
    };
    for (team, user, what) in
        [("T1", "U1", "nudge"), ("T1", "U1", "hint"), ("T1", "U2", "nudge"), ("T2", "U1", "nudge")]
    {
        let mut commit = Commit::new(team.into(), "i1".into(), 0);
        commit.told.push(told(user, what));
        store.commit(commit).await?;
    }
    for limit in [1, 2, 9] {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let page = store.all_told(next, limit).await?;
            all.extend(page.items.into_iter().map(|(team, it)| {
                assert_eq!(it.at, precise());
                format!("{team} {} {}", it.user, it.what)
            }));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        all.sort();
        assert_eq!(all, ["T1 U1 hint", "T1 U1 nudge", "T1 U2 nudge", "T2 U1 nudge"], "pages of {limit}");
    }
    Ok(())
}

async fn retired(store: Shared) -> Outcome {
    for (id, open) in [("a", false), ("b", true), ("c", false)] {
        let mut commit = append(&IncidentId::new(id), 0);
        commit.index = index(open).map(|index| IncidentIndex { url: format!("{URL}/{id}"), ..index });
        commit.messages = vec![message(&format!("1790000000.{id}"))];
        store.commit(commit).await?;
    }
    let filed = everything(&*store, 9).await?;
    let [a, b, c] = filed.as_slice() else { panic!("three incidents: {filed:?}") };
    assert!(!store.retire(b, b"b".to_vec()).await?, "it is open");
    store.commit(append(&c.incident, 1)).await?;
    assert!(!store.retire(c, b"c".to_vec()).await?, "something has happened since");
    assert_eq!(store.past(None, 9).await?.items, []);
    assert!(store.retire(a, b"row \0 a".to_vec()).await?);
    assert!(!store.retire(a, b"again".to_vec()).await?, "it is gone");
    assert_eq!(store.load(&a.team, &a.incident).await?, None);
    assert_eq!(store.incident_of(&a.team, &a.messages[0]).await?, None);
    assert_eq!(store.last_about(&rotation(), &format!("{URL}/a")).await?, None);
    assert_eq!(store.recent(&rotation(), 9).await?, [c.incident.clone(), b.incident.clone()]);
    assert_eq!(store.rotations().await?, [rotation()]);
    let there =
        |row: &str| Past { team: "T2".into(), incident: IncidentId::new(format!("i{row}")), row: row.into() };
    store.add_past(vec![there("1")]).await?;
    // Once more, as after a lost answer.
    store.add_past(vec![there("1"), there("2")]).await?;
    let own = Past { team: team(), incident: "a".into(), row: b"row \0 a".to_vec() };
    store.add_past(vec![own.clone()]).await?;
    for limit in [1, 2, 3, 9] {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let page = store.past(next, limit).await?;
            assert!(page.items.len() <= limit);
            all.extend(page.items);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(all, [own.clone(), there("1"), there("2")], "pages of {limit}");
    }
    Ok(())
}
