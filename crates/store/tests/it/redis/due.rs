//! What is due is found, in whichever workspace and by whichever process it was added.

use std::collections::BTreeSet;
use std::sync::Arc;

use pagerslack_core::{JobKind, TeamId};
use pagerslack_store::{Commit, Redis, Store};
use redis_servers::Plain;
use tokio::task::JoinSet;

use super::{adding, after, claim, job, start};

fn teams(count: usize) -> Vec<TeamId> {
    (0..count).map(|number| TeamId::new(format!("T{number:03}"))).collect()
}

#[tokio::test]
async fn what_one_process_adds_another_claims_at_once() {
    let server = Plain::fast().await.unwrap();
    let here = Redis::connect(&server.url()).await.unwrap();
    let there = Redis::connect(&server.url()).await.unwrap();
    let team = TeamId::new("T1");
    assert_eq!(claim(&there, start(), 9).await, []);
    here.commit(adding(&team, [job(&team, 1, start())])).await.unwrap();
    assert_eq!(there.next_due().await.unwrap(), Some(start()));
    assert_eq!(claim(&there, start(), 9).await, [job(&team, 1, start())]);
    assert_eq!(claim(&here, start(), 9).await, []);
}

/// Adding and claiming at the same moment from several processes, in several workspaces: nothing is overlooked, without
/// the look into every workspace, for which the time never comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_overlooked_in_a_race() {
    const EACH: u32 = 60;
    let server = Plain::fast().await.unwrap();
    let mut stores = Vec::new();
    for _ in 0..3 {
        let store = Arc::new(Redis::connect(&server.url()).await.unwrap());
        claim(&*store, start(), 1).await;
        stores.push(store);
    }
    let teams = teams(8);
    let (mut adders, mut claimers) = (JoinSet::new(), JoinSet::new());
    for (number, team) in teams.iter().enumerate() {
        let (store, team) = (Arc::clone(&stores[number % 3]), team.clone());
        adders.spawn(async move {
            for number in 0..EACH {
                store.commit(adding(&team, [job(&team, number, start())])).await.unwrap();
            }
        });
    }
    for store in &stores {
        let store = Arc::clone(store);
        claimers.spawn(async move {
            let mut claimed = Vec::new();
            for _ in 0..300 {
                claimed.extend(claim(&*store, start(), 5).await);
                tokio::task::yield_now().await;
            }
            claimed
        });
    }
    adders.join_all().await;
    let mut claimed: Vec<_> = claimers.join_all().await.into_iter().flatten().collect();
    loop {
        let more = claim(&*stores[0], start(), 100).await;
        if more.is_empty() {
            break;
        }
        claimed.extend(more);
    }
    let all = claimed.len();
    let keys: BTreeSet<_> = claimed.into_iter().map(|job| (job.rotation.team, job.key)).collect();
    assert_eq!((all, keys.len()), (8 * EACH as usize, 8 * EACH as usize), "each once");
}

/// A process that dies between its commit and the word about it leaves a job of which nobody was told.
#[tokio::test]
async fn what_nobody_was_told_of_is_found_within_ten_seconds() {
    let server = Plain::fast().await.unwrap();
    let store = Redis::connect(&server.url()).await.unwrap();
    let team = TeamId::new("T1");
    store.commit(adding(&team, [job(&team, 1, start())])).await.unwrap();
    claim(&store, start(), 0).await;
    server.run(&["DEL", "pagerslack:{*}:due", "pagerslack:{*}:stamps"]).await.unwrap();
    assert_eq!(claim(&store, after(9), 9).await, []);
    assert_eq!(claim(&store, after(10), 9).await, [job(&team, 1, start())]);
}

/// So many workspaces that no claim may look into all of them: each looks into some, and together into all.
#[tokio::test]
async fn a_claim_looks_into_some_of_many_workspaces_and_the_next_goes_on() {
    const MANY: usize = 4_000;
    let server = Plain::fast().await.unwrap();
    let store = Redis::connect(&server.url()).await.unwrap();
    let others: Vec<String> = (0..MANY).map(|number| format!("T{number:04}")).collect();
    let add: Vec<&str> =
        ["SADD", "pagerslack:{*}:workspaces"].into_iter().chain(others.iter().map(String::as_str)).collect();
    server.run(&add).await.unwrap();
    let team = TeamId::new("T1");
    store.commit(adding(&team, [job(&team, 1, start())])).await.unwrap();
    server.run(&["DEL", "pagerslack:{*}:due", "pagerslack:{*}:stamps"]).await.unwrap();
    let scripts = async || -> u64 {
        let calls: String = server.figure("cmdstat_evalsha").await.unwrap();
        calls.split(',').find_map(|part| part.strip_prefix("calls=")?.parse().ok()).unwrap()
    };
    let (mut claimed, mut claims, mut looks) = (Vec::new(), 0, Vec::new());
    let mut before = scripts().await;
    loop {
        claimed.extend(claim(&store, start(), 9).await);
        claims += 1;
        let now = scripts().await;
        looks.push(now - before);
        before = now;
        // The one question that is always asked.
        if looks.last() == Some(&1) {
            break;
        }
        assert!(claims < 20, "it comes to an end: {looks:?}");
    }
    assert!(looks.iter().all(|looks| *looks < 700), "{looks:?}");
    assert!(looks.iter().sum::<u64>() > MANY as u64, "each was looked into: {looks:?}");
    assert_eq!(claimed, [job(&team, 1, start())]);
    assert_eq!(claim(&store, after(9), 9).await, []);
    assert_eq!(scripts().await - before, 1, "there is a rest after a round");
    assert_eq!(claim(&store, after(10), 9).await, []);
    assert!(scripts().await - before > 500, "then the next begins");
}

#[tokio::test]
async fn a_workspace_with_much_to_do_does_not_keep_another_waiting() {
    let server = Plain::fast().await.unwrap();
    let store = Redis::connect(&server.url()).await.unwrap();
    let (noisy, quiet) = (TeamId::new("T1"), TeamId::new("T2"));
    store.commit(adding(&noisy, (0..500).map(|number| job(&noisy, number, start())))).await.unwrap();
    store.commit(adding(&quiet, [job(&quiet, 1, after(5))])).await.unwrap();
    let claimed = claim(&store, after(5), 20).await;
    assert_eq!(claimed.len(), 20, "what one does not need the other gets");
    assert!(claimed.iter().any(|job| job.rotation.team == quiet));
    // More workspaces than there is room for: each gets its turn.
    let many = teams(50);
    for team in &many {
        store.commit(adding(team, [job(team, 1, start())])).await.unwrap();
    }
    let mut seen = BTreeSet::new();
    for _ in 0..60 {
        seen.extend(claim(&store, after(5), 20).await.into_iter().map(|job| job.rotation.team));
    }
    assert!(many.iter().all(|team| seen.contains(team)));
}

#[tokio::test]
async fn a_job_that_cannot_be_read_keeps_nobody_waiting_and_can_be_restored() {
    let server = Plain::fast().await.unwrap();
    let store = Redis::connect(&server.url()).await.unwrap();
    let team = TeamId::new("T1");
    let jobs = [1, 2, 3].map(|number| job(&team, number, start()));
    store.commit(adding(&team, jobs.clone())).await.unwrap();
    let spoil = async |key: &str, value: &str| {
        server.run(&["HSET", "pagerslack:{T1}:jobs", key, value]).await.unwrap();
    };
    let stored: String = server.ask(&["HGET", "pagerslack:{T1}:jobs", jobs[0].key.as_str()]).await.unwrap();
    spoil(jobs[0].key.as_str(), &stored.replace("page_deadline", "of_the_future")).await;
    spoil(jobs[1].key.as_str(), "no job at all").await;
    assert_eq!(claim(&store, start(), 9).await, [jobs[2].clone()]);
    assert_eq!(store.jobs_of(&team, &"i1".into()).await.unwrap().len(), 1);
    // It is not read again at once.
    assert_eq!(claim(&store, after(59), 9).await, []);
    let mut restoring = Commit::new(team.clone(), "i1".into(), 0);
    restoring.restore.extend(jobs.clone());
    store.commit(restoring).await.unwrap();
    let back = claim(&store, after(59), 9).await;
    assert_eq!(back, jobs[..2]);
    assert!(back.iter().all(|job| matches!(job.kind, JobKind::PageDeadline { .. })));
}
