//! Queues: the same fold as [`Queue::apply`], whatever the backend makes of it.

use pagerslack_core::{Queue, QueueChange, RotationId, UserId};

use super::samples::{after, append, commit, incident, index, precise, rotation, start};
use super::{Outcome, Shared, Suite};
use crate::{Commit, IncidentIndex, QueueCommit};

pub(super) async fn cases<F: AsyncFn() -> Shared>(suite: &mut Suite<F>) {
    suite.case("a rotation never seen has an empty queue", unknown).await;
    suite.case("a queue is the fold of its changes", fold).await;
    suite.case("even an ignored change takes a number", ignored).await;
    suite.case("queues are apart and all are listed", apart).await;
    suite.case("a rotation is listed from its first incident on", reported_only).await;
}

fn moving(rotation: RotationId, expected: Option<u64>, changes: Vec<QueueChange>) -> Commit {
    let mut commit = commit(0);
    commit.team = rotation.team.clone();
    commit.queue = Some(QueueCommit { rotation, expected, changes });
    commit
}

async fn unknown(store: Shared) -> Outcome {
    assert_eq!(store.queue(&rotation()).await?, Queue::default());
    store.commit(moving(rotation(), Some(0), Vec::new())).await?;
    assert_eq!(store.queue(&rotation()).await?, Queue::default());
    assert_eq!(store.rotations().await?, []);
    Ok(())
}

async fn fold(store: Shared) -> Outcome {
    let mut model = Queue::default();
    let mut dice = 1_u64;
    for step in 0..80 {
        let changes: Vec<QueueChange> = (0..1 + step % 4)
            .map(|_| {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let user = UserId::new(format!("U{}", dice >> 61));
                match (dice >> 58) & 7 {
                    0..=2 => QueueChange::Joined { user },
                    3 if step % 3 == 0 => QueueChange::Left { user },
                    4 => QueueChange::Volunteered { user, at: after(step) },
                    5 => QueueChange::Away { user, until: Some(after(step)) },
                    6 if step % 3 == 0 => QueueChange::Away { user, until: None },
                    _ => QueueChange::Turn { user, at: precise() },
                }
            })
            .collect();
        let expected = (step % 2 == 0).then_some(model.version);
        changes.iter().for_each(|change| model.apply(change));
        store.commit(moving(rotation(), expected, changes)).await?;
        assert_eq!(store.queue(&rotation()).await?, model);
    }
    Ok(())
}

async fn ignored(store: Shared) -> Outcome {
    let turn = QueueChange::Turn { user: "U1".into(), at: start() };
    store.commit(moving(rotation(), Some(0), vec![turn])).await?;
    let queue = store.queue(&rotation()).await?;
    assert_eq!((queue.version, queue.places().len()), (1, 0));
    let joined = QueueChange::Joined { user: "U1".into() };
    store.commit(moving(rotation(), Some(1), vec![joined.clone(), joined])).await?;
    let queue = store.queue(&rotation()).await?;
    assert_eq!((queue.version, queue.places().len()), (3, 1));
    assert_eq!(queue.places()[0].turn, 2);
    Ok(())
}

async fn apart(store: Shared) -> Outcome {
    let rotations: Vec<RotationId> = [("T1", "C1"), ("T1", "C2"), ("T2", "C1")]
        .map(|(team, channel)| RotationId::new(team.into(), channel.into()))
        .into();
    for (number, rotation) in (1..).zip(&rotations) {
        let user = UserId::new(format!("U{number}"));
        let changes =
            vec![QueueChange::Joined { user: user.clone() }, QueueChange::Turn { user, at: after(number) }];
        store.commit(moving(rotation.clone(), Some(0), changes)).await?;
    }
    let mut listed = store.rotations().await?;
    listed.sort();
    assert_eq!(listed, rotations);
    for (number, rotation) in (1..).zip(&rotations) {
        let queue = store.queue(rotation).await?;
        let places: Vec<_> =
            queue.places().iter().map(|place| (place.user.to_string(), place.turned_at)).collect();
        assert_eq!(places, [(format!("U{number}"), Some(after(number)))]);
    }
    Ok(())
}

async fn reported_only(store: Shared) -> Outcome {
    let quiet = RotationId::new(rotation().team, "C9".into());
    let mut report = append(&incident(), 0);
    report.index = index(true).map(|index| IncidentIndex { rotation: quiet.clone(), ..index });
    store.commit(report).await?;
    assert_eq!(store.rotations().await?, std::slice::from_ref(&quiet));
    let mut taken = append(&incident(), 1);
    taken.index = index(false).map(|index| IncidentIndex { rotation: quiet.clone(), ..index });
    store.commit(taken).await?;
    store.commit(moving(quiet.clone(), Some(0), vec![QueueChange::Joined { user: "U1".into() }])).await?;
    assert_eq!(store.rotations().await?, [quiet], "once, open or not");
    Ok(())
}
