//! Everything in one store can be brought into another and back, and that can be repeated.

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{
    Event, IncidentId, Job, JobKind, MessageRef, QueueChange, Recorded, RotationId, TeamId, UserId,
};
use pagerslack_store::{
    Archive as _, Backend, Claim, Commit, CopyError, Filed, IncidentIndex, Past, QueueCommit, RecordWrite,
    Records as _, Redis, Sqlite, Store, Told, copy, inventory,
};
use redis_servers::Plain;

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_790_000_000 + seconds)
}

fn rotation(team: &str, channel: &str) -> RotationId {
    RotationId::new(team.into(), channel.into())
}

/// Lets something happen in an incident.
async fn happens(store: &dyn Backend, rotation: &RotationId, incident: &str, version: u64, open: bool) {
    let mut commit = Commit::new(rotation.team.clone(), incident.into(), version);
    let event = Event::AckRefused { by: UserId::new(format!("U{version}")) };
    commit.events.push(Recorded { seq: version + 1, at: at(version as i64), event });
    commit.index = Some(IncidentIndex {
        rotation: rotation.clone(),
        url: format!("https://example.com/{}", incident.len()),
        open,
    });
    let ts = format!("17900{:05}.{version:06}", incident.len());
    commit.messages.push(MessageRef::new(rotation.channel.clone(), ts.as_str().into()));
    store.commit(commit).await.unwrap();
}

/// Two workspaces with something of everything.
async fn fill(store: &dyn Backend) {
    for (team, channel) in [("T1", "C1"), ("T1", "C2"), ("T2", "C1")] {
        let rotation = rotation(team, channel);
        for (number, name) in ["z", "aa", "mmm"].into_iter().enumerate() {
            let incident = format!("{channel}{name}");
            happens(store, &rotation, &incident, 0, true).await;
            happens(store, &rotation, &incident, 1, number == 1).await;
        }
        let id = IncidentId::new(format!("{channel}aa"));
        let mut commit = Commit::new(team.into(), id.clone(), 0);
        for attempt in 1..=4 {
            let kind = JobKind::PageDeadline { attempt };
            commit.add.push(Job::new(&rotation, &id, kind, at(attempt.into())));
        }
        let joined = ["U3", "U1", "U2"].map(|user| QueueChange::Joined { user: user.into() });
        let turn = QueueChange::Turn { user: "U3".into(), at: at(5) };
        let changes = joined.into_iter().chain([turn]).collect();
        commit.queue = Some(QueueCommit { rotation, expected: None, changes });
        commit.told.push(Told { user: "U1".into(), what: "nudge".to_owned(), at: at(9) });
        store.commit(commit).await.unwrap();
    }
    let row = |team: &str, incident: &str| Past {
        team: team.into(),
        incident: incident.into(),
        row: b"a row".to_vec(),
    };
    store.add_past(vec![row("T1", "old"), row("T1", "older"), row("T2", "old")]).await.unwrap();
    // Two of each are held, and one has been put back in doubt.
    let claim = Claim { now: at(2), lease_until: at(60), limit: 99 };
    assert_eq!(store.claim(claim).await.unwrap().len(), 6);
    for (shelf, name) in [("installations", "T1"), ("installations", "T2"), ("files", "oncall.csv")] {
        let write = RecordWrite {
            shelf: shelf.to_owned(),
            name: name.to_owned(),
            expected: 0,
            value: Some(vec![0, 9, 255]),
            expires_at: (name == "T2").then(|| at(99)),
        };
        store.write_record(write).await.unwrap();
    }
}

/// Everything that matters, in words.
async fn story(store: &dyn Backend) -> Vec<String> {
    let mut story = Vec::new();
    for rotation in store.rotations().await.unwrap() {
        let places = store.queue(&rotation).await.unwrap();
        let places: Vec<_> = places.places().iter().map(|place| (&place.user, place.turned_at)).collect();
        story.push(format!("{rotation} {places:?}"));
        let (recent, open) =
            (store.recent(&rotation, 99).await.unwrap(), store.open_incidents(&rotation).await.unwrap());
        story.push(format!("{recent:?} {open:?}"));
        for incident in recent {
            story.push(format!("{:?}", store.load(&rotation.team, &incident).await.unwrap()));
            let mut jobs = store.jobs_of(&rotation.team, &incident).await.unwrap();
            for state in &mut jobs {
                let doubtful = state.doubtful || state.lease_until.is_some();
                story.push(format!("{:?} {doubtful}", state.job));
            }
        }
        let told = store.told(&rotation.team, &"U1".into(), "nudge").await.unwrap();
        let about = store.last_about(&rotation, "https://example.com/4").await.unwrap();
        story.push(format!("{told:?} {about:?}"));
    }
    for page in ["installations", "files"] {
        for (name, record) in store.records(page, None, 99).await.unwrap().items {
            story.push(format!("{name} {:?} {:?}", record.value, record.expires_at));
        }
    }
    story
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_moves_to_redis_and_back() {
    let server = Plain::fast().await.unwrap();
    let (old, redis, new) = (
        Sqlite::in_memory().unwrap(),
        Redis::connect(&server.url()).await.unwrap(),
        Sqlite::in_memory().unwrap(),
    );
    fill(&old).await;
    let expected = story(&old).await;
    let mut heard = 0;
    let moved = copy(&old, &redis, || heard += 1).await.unwrap();
    assert_eq!((moved, heard), (inventory(&old).await.unwrap(), 9));
    assert_eq!((moved.incidents, moved.events, moved.messages, moved.jobs), (9, 18, 18, 12));
    assert_eq!((moved.places, moved.told, moved.records, moved.past), (12, 2, 3, 3));
    assert_eq!(story(&redis).await, expected);
    copy(&redis, &new, || {}).await.unwrap();
    assert_eq!(story(&new).await, expected);
    // A held job comes as one of which it is not known whether it was done, and can be claimed at once.
    let claim = Claim { now: at(2), lease_until: at(60), limit: 99 };
    let claimed = redis.claim(claim).await.unwrap();
    assert_eq!(claimed.len(), 6);
    assert!(claimed.iter().all(|claimed| claimed.doubtful));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_repeated_and_brings_what_has_happened_since() {
    let server = Plain::fast().await.unwrap();
    let (old, redis) = (Sqlite::in_memory().unwrap(), Redis::connect(&server.url()).await.unwrap());
    fill(&old).await;
    copy(&old, &redis, || {}).await.unwrap();
    copy(&old, &redis, || {}).await.unwrap();
    assert_eq!(story(&redis).await, story(&old).await);
    let here = rotation("T1", "C1");
    happens(&old, &here, "C1aa", 2, false).await;
    happens(&old, &here, "C1new", 0, true).await;
    let mut commit = Commit::new(here.team.clone(), "C1aa".into(), 0);
    commit
        .remove
        .extend(old.jobs_of(&here.team, &"C1aa".into()).await.unwrap().into_iter().map(|it| it.job.key));
    let changes =
        vec![QueueChange::Left { user: "U2".into() }, QueueChange::Turn { user: "U1".into(), at: at(50) }];
    commit.queue = Some(QueueCommit { rotation: here.clone(), expected: None, changes });
    commit.told.push(Told { user: "U1".into(), what: "nudge".to_owned(), at: at(77) });
    old.commit(commit).await.unwrap();
    // One has become old meanwhile, and a file was withdrawn.
    let closed = |filed: &Filed| filed.team == here.team && filed.incident == "C1z".into();
    let filed = old.incidents(None, 99).await.unwrap().items.into_iter().find(closed).unwrap();
    assert!(old.retire(&filed, b"its row".to_vec()).await.unwrap());
    let file = old.record("files", "oncall.csv").await.unwrap().unwrap();
    let withdrawn = RecordWrite {
        shelf: "files".to_owned(),
        name: "oncall.csv".to_owned(),
        expected: file.version,
        value: None,
        expires_at: None,
    };
    assert!(old.write_record(withdrawn).await.unwrap().is_some());
    let moved = copy(&old, &redis, || {}).await.unwrap();
    assert_eq!((moved.jobs, moved.records, moved.past), (8, 2, 4));
    copy(&old, &redis, || {}).await.unwrap();
    assert_eq!(story(&redis).await, story(&old).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_gone_on_by_itself_is_not_overwritten() {
    let (old, new) = (Sqlite::in_memory().unwrap(), Sqlite::in_memory().unwrap());
    fill(&old).await;
    copy(&old, &new, || {}).await.unwrap();
    happens(&new, &rotation("T1", "C1"), "C1aa", 2, true).await;
    let before = story(&new).await;
    let refused = copy(&old, &new, || {}).await.unwrap_err();
    assert!(
        matches!(&refused, CopyError::Diverged { team, .. } if *team == TeamId::new("T1")),
        "{refused:?}"
    );
    assert_eq!(story(&new).await, before);
}

/// Given a store that is no copy of this one, though what is here is there too, then it is said and nothing is taken away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_never_here_is_not_taken_away_there() {
    let (old, new) = (Sqlite::in_memory().unwrap(), Sqlite::in_memory().unwrap());
    fill(&old).await;
    copy(&old, &new, || {}).await.unwrap();
    happens(&new, &rotation("T2", "C1"), "C1other", 0, false).await;
    let refused = copy(&old, &new, || {}).await.unwrap_err();
    assert!(
        matches!(&refused, CopyError::Diverged { incident, .. } if *incident == "C1other".into()),
        "{refused:?}"
    );
    assert!(new.load(&"T2".into(), &"C1other".into()).await.unwrap().is_some());
}
