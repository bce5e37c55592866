//! Redis fails: what was confirmed is there, what was refused is not, and nothing is made twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use pagerslack_core::{Event, IncidentId, Recorded, TeamId};
use pagerslack_store::redis::RedisOpenError;
use pagerslack_store::{
    Claim, Commit, CommitError, Held, Record, RecordWrite, Records, Redis, Renewal, Store, StoreError,
};
use redis_servers::{Cluster, PATIENCE, Plain, Proxy, SentinelTrio, eventually};

use super::{adding, claim, cluster_address, job, sentinel_address, start};

/// A commit that appends one event to an incident.
fn append(team: &str, incident: &str, expected_version: u64) -> Commit {
    let mut commit = Commit::new(TeamId::new(team), IncidentId::new(incident), expected_version);
    let event = Event::AckRefused { by: "U1".into() };
    commit.events.push(Recorded { seq: expected_version + 1, at: start(), event });
    commit
}

async fn events(store: &Redis, team: &str, incident: &str) -> usize {
    let stored = store.load(&TeamId::new(team), &IncidentId::new(incident)).await.unwrap();
    stored.map_or(0, |stored| stored.log.len())
}

/// The server makes the change, and its answer is lost on the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_answer_is_lost_is_made_once() {
    let server = Plain::start().await.unwrap();
    let proxy = Proxy::start(server.address()).await.unwrap();
    let store = Arc::new(Redis::connect(&server.url_at(proxy.address())).await.unwrap());
    store.commit(append("T1", "i1", 0)).await.unwrap();
    for version in 1..6_u64 {
        // On connections that stand: on a new one nothing would be done.
        store.probe().await.unwrap();
        proxy.hold_answers();
        let late = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.commit(append("T1", "i1", version)).await })
        };
        let made = || async {
            let length: usize = server.ask(&["LLEN", "pagerslack:{T1}:i:i1"]).await?;
            anyhow::ensure!(length as u64 == version + 2, "{length} elements");
            Ok(())
        };
        eventually("the server to make the change", PATIENCE, made).await.unwrap();
        proxy.cut();
        proxy.heal();
        late.await.unwrap().unwrap();
        assert_eq!(events(&store, "T1", "i1").await as u64, version + 1);
    }
    // Asking again is a change, too: else nothing would be waited for that the replicas may still lack.
    let expire: String = server.figure("cmdstat_expire").await.unwrap();
    let calls = expire.split(',').find_map(|part| part.strip_prefix("calls=")?.parse::<u32>().ok());
    assert!(calls >= Some(11), "six commits, five of them asked for again: {expire}");
    // The same for a record.
    let write = |expected, value: &str| RecordWrite {
        shelf: "s".to_owned(),
        name: "n".to_owned(),
        expected,
        value: Some(value.into()),
        expires_at: None,
    };
    let version = store.write_record(write(0, "1")).await.unwrap().unwrap();
    proxy.hold_answers();
    let late = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.write_record(write(version, "2")).await })
    };
    let made = || async {
        let value: String = server.ask(&["HGET", "pagerslack:{*}:records:s", "n"]).await?;
        anyhow::ensure!(value.ends_with('2'), "{value}");
        Ok(())
    };
    eventually("the server to write the record", PATIENCE, made).await.unwrap();
    proxy.cut();
    proxy.heal();
    let written = late.await.unwrap().unwrap();
    let record = store.record("s", "n").await.unwrap();
    let value = b"2".to_vec();
    assert_eq!(record, written.map(|version| Record { version, value, expires_at: None }));
}

/// Jobs are leased, and the answer that tells who has them is lost on the way: whoever asked has them after all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_whose_claim_got_no_answer_are_held_by_whoever_asked() {
    let server = Plain::start().await.unwrap();
    let proxy = Proxy::start(server.address()).await.unwrap();
    let store = Arc::new(Redis::connect(&server.url_at(proxy.address())).await.unwrap());
    let team = TeamId::new("T1");
    let jobs = [1, 2, 3].map(|number| job(&team, number, start()));
    store.commit(adding(&team, jobs.clone())).await.unwrap();
    let spoilt = ["HSET", "pagerslack:{T1}:jobs", jobs[0].key.as_str(), "no job at all"];
    server.run(&spoilt).await.unwrap();
    // The look into every workspace is behind us, and both connections stand.
    claim(&*store, start(), 0).await;
    // The question what is due passes; the answer to the lease after it is on its way for long enough to be stopped.
    proxy.delay(Duration::from_millis(250));
    let late = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { claim(&*store, start(), 9).await })
    };
    let leased = || async {
        let held: usize = server.ask(&["ZCARD", "pagerslack:{T1}:held"]).await?;
        anyhow::ensure!(held == 3, "{held} are held");
        Ok(())
    };
    eventually("the server to lease the jobs", PATIENCE, leased).await.unwrap();
    proxy.hold_answers();
    proxy.cut();
    proxy.heal();
    assert_eq!(late.await.unwrap(), jobs[1..]);
    assert_eq!(claim(&*store, start(), 9).await, [], "they are held");
    let fences: String = server.ask(&["HGET", "pagerslack:{T1}:count", "fence"]).await.unwrap();
    assert_eq!(fences, "2", "each was leased once");
}

#[tokio::test]
async fn what_was_confirmed_survives_a_kill_of_the_server() {
    let server = Plain::start().await.unwrap();
    let store = Redis::connect(&server.url()).await.unwrap();
    let team = TeamId::new("T1");
    for version in 0..50 {
        store.commit(append("T1", "i1", version)).await.unwrap();
    }
    store.commit(adding(&team, [job(&team, 1, start())])).await.unwrap();
    server.kill().unwrap();
    let refused = store.commit(append("T1", "i1", 50)).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable { .. }))), "{refused:?}");
    assert!(store.probe().await.is_err());
    server.restart().await.unwrap();
    assert_eq!(events(&store, "T1", "i1").await, 50);
    assert_eq!(claim(&store, start(), 9).await, [job(&team, 1, start())]);
    store.probe().await.unwrap();
    store.commit(append("T1", "i1", 50)).await.unwrap();
}

/// A connection on which nothing comes back is given up, and a new one made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_connection_is_given_up() {
    let server = Plain::start().await.unwrap();
    let proxy = Proxy::start(server.address()).await.unwrap();
    let store = Redis::connect(&server.url_at(proxy.address())).await.unwrap();
    store.commit(append("T1", "i1", 0)).await.unwrap();
    proxy.freeze();
    let refused = store.commit(append("T1", "i1", 1)).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable { .. }))), "{refused:?}");
    proxy.heal();
    store.commit(append("T1", "i2", 0)).await.unwrap();
    assert_eq!(events(&store, "T1", "i2").await, 1);
}

/// One workspace, in which nothing can be done: the others get their jobs and hold them for longer, and of its own nobody says
/// that they are lost.
#[tokio::test]
async fn a_workspace_that_fails_leaves_the_others_alone() {
    let server = Plain::fast().await.unwrap();
    let store = Redis::connect(&server.url()).await.unwrap();
    let teams = ["T1", "T2", "T3"].map(TeamId::new);
    for team in &teams {
        store.commit(adding(team, [1, 2].map(|number| job(team, number, start())))).await.unwrap();
    }
    let lease = |limit| Claim { now: start(), lease_until: start() + SignedDuration::from_mins(1), limit };
    let claimed = store.claim(lease(3)).await.unwrap();
    let held: Vec<Held> = claimed
        .iter()
        .map(|it| Held { team: it.job.rotation.team.clone(), key: it.job.key.clone(), fence: it.fence })
        .collect();
    assert_eq!(held.iter().map(|held| &held.team).collect::<BTreeSet<_>>().len(), 3, "one of each: {held:?}");
    // What should be a hash is something else.
    server.run(&["RENAME", "pagerslack:{T2}:jobs", "pagerslack:{T2}:lost"]).await.unwrap();
    server.run(&["SET", "pagerslack:{T2}:jobs", "no hash"]).await.unwrap();
    let rest = claim(&store, start(), 9).await;
    assert_eq!(
        rest.iter().map(|job| job.rotation.team.as_str()).collect::<BTreeSet<_>>(),
        ["T1", "T3"].into()
    );
    let until = start() + SignedDuration::from_mins(2);
    let expected = held.iter().map(|it| if it.team == teams[1] { Renewal::Unknown } else { Renewal::Held });
    assert_eq!(store.renew(&held, until).await.unwrap(), expected.collect::<Vec<_>>());
    let of_it: Vec<Held> = held.iter().filter(|held| held.team == teams[1]).cloned().collect();
    assert!(store.renew(&of_it, until).await.is_err(), "nobody was reached");
    // When it is well again, everything is there.
    server.run(&["RENAME", "pagerslack:{T2}:lost", "pagerslack:{T2}:jobs"]).await.unwrap();
    assert_eq!(store.renew(&of_it, until).await.unwrap(), [Renewal::Held]);
    assert_eq!(claim(&store, start(), 9).await.len(), 1);
}

/// A server whose memory is full, or whose replicas are gone, takes a change whole or not at all.
#[tokio::test]
async fn what_the_server_refuses_leaves_no_trace() {
    let server = Plain::start().await.unwrap();
    let store = Redis::connect(&server.url()).await.unwrap();
    let team = TeamId::new("T1");
    store.commit(append("T1", "i1", 0)).await.unwrap();
    let full = ["CONFIG", "SET", "maxmemory", "1"];
    let alone = ["CONFIG", "SET", "min-replicas-to-write", "1"];
    for (fault, cure) in [
        (full, ["CONFIG", "SET", "maxmemory", "0"]),
        (alone, ["CONFIG", "SET", "min-replicas-to-write", "0"]),
    ] {
        server.run(&fault).await.unwrap();
        let mut commit = append("T1", "i1", 1);
        commit.add.push(job(&team, 7, start()));
        let refused = store.commit(commit).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable { .. }))), "{refused:?}");
        assert!(store.probe().await.is_err());
        server.run(&cure).await.unwrap();
        store.probe().await.unwrap();
        assert_eq!((events(&store, "T1", "i1").await, store.job_count().await.unwrap()), (1, 0));
    }
}

#[tokio::test]
async fn a_start_says_what_is_wrong() {
    let server = Plain::builder().password("right").start().await.unwrap();
    let url = |password: &str| format!("redis://:{password}@{}", server.address());
    Redis::connect(&url("right")).await.unwrap();
    let wrong = Redis::connect(&url("wrong")).await.unwrap_err();
    assert!(matches!(wrong, RedisOpenError::Unreachable(_)), "{wrong:?}");
    assert!(!format!("{wrong:?} {wrong}").contains("wrong@"), "{wrong:?}");
    server.run(&["SET", "pagerslack:{*}:schema", "999"]).await.unwrap();
    let newer = Redis::connect(&url("right")).await.unwrap_err();
    assert!(matches!(newer, RedisOpenError::Newer { found: 999 }), "{newer:?}");
    server.kill().unwrap();
    assert!(matches!(Redis::connect(&url("right")).await, Err(RedisOpenError::Unreachable(_))));
    for (address, says) in [
        ("localhost:6379", "begins with redis://"),
        ("http://localhost", "the scheme is"),
        ("redis+sentinel://h1,h2", "the name of the primary"),
        ("redis+cluster://h1/3", "one database"),
        ("redis+cluster:///", "names no host"),
        ("redis://h?prefix={x}", "prefix="),
        ("redis://h?replicas=two", "replicas="),
    ] {
        let error = Redis::check_address(address).unwrap_err().to_string();
        assert!(error.contains(says), "{address}: {error}");
    }
    for address in [
        "redis://u:p@h:1/2?prefix=x&replicas=1",
        "rediss://h",
        "valkey://h",
        "unix:///run/redis.sock?db=1",
        "redis+sentinel://u:p@h1,h2:26380/mymaster/2",
        "redis+cluster://u:p@h1,h2:7000",
        "rediss+cluster://h1",
    ] {
        Redis::check_address(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    }
}

#[tokio::test]
async fn settings_that_can_lose_an_incident_are_named() {
    let durable = Plain::start().await.unwrap();
    let store = Redis::connect(&durable.url()).await.unwrap();
    assert_eq!(store.advice().await, Vec::<String>::new());
    durable.run(&["CONFIG", "SET", "appendfsync", "everysec"]).await.unwrap();
    durable.run(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await.unwrap();
    let advice = store.advice().await;
    assert_eq!(advice.len(), 2, "{advice:?}");
}

/// A user may be kept to PagerSlack's keys, and need not be allowed to ask the server about itself.
#[tokio::test]
async fn a_user_needs_no_more_than_its_keys() {
    let rights = "~pagerslack:* +@read +@write +@scripting +@connection";
    let server = Plain::builder().user("bot", "pw", rights).start().await.unwrap();
    let store = Redis::connect(&format!("redis://bot:pw@{}", server.address())).await.unwrap();
    let team = TeamId::new("T1");
    let mut commit = append("T1", "i1", 0);
    commit.add.push(job(&team, 1, start()));
    store.commit(commit).await.unwrap();
    assert_eq!(claim(&store, start(), 9).await, [job(&team, 1, start())]);
    assert_eq!(store.advice().await, Vec::<String>::new(), "what is not told is not judged");
}

/// The primary dies with what it had just confirmed; a replica that has it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_confirmed_survives_a_failover() {
    let trio = SentinelTrio::start().await.unwrap();
    let store = Redis::connect(&sentinel_address(&trio)).await.unwrap();
    let mut version = 0;
    for _ in 0..2 {
        for _ in 0..100 {
            store.commit(append("T1", "i1", version)).await.unwrap();
            version += 1;
        }
        let former = trio.kill_primary().await.unwrap();
        trio.failed_over(former).await.unwrap();
        let again = || begun(&store, "i2");
        let restarted = trio.servers()[former].restart();
        let (restarted, again) =
            tokio::join!(restarted, eventually("Redis to take changes", PATIENCE, again));
        restarted.unwrap();
        again.unwrap();
        assert_eq!(events(&store, "T1", "i1").await as u64, version);
        trio.settled().await.unwrap();
    }
    trio.failover().await.unwrap();
    let again = || begun(&store, "i3");
    eventually("Redis to take changes", PATIENCE, again).await.unwrap();
    assert_eq!(events(&store, "T1", "i1").await as u64, version);
}

/// Begins an incident; a conflict says that an earlier attempt did so after all.
async fn begun(store: &Redis, incident: &str) -> anyhow::Result<()> {
    match store.commit(append("T1", incident, 0)).await {
        Ok(()) | Err(CommitError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A slot that is half moved: some keys are here, some there. Whoever looked at either side alone would begin to count
/// anew, and what was moved after that would be in the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_changed_in_a_workspace_that_is_half_moved() {
    let cluster = Cluster::start().await.unwrap();
    let store = Redis::connect(&cluster_address(&cluster)).await.unwrap();
    let team = TeamId::new("T1");
    store.commit(append("T1", "i1", 0)).await.unwrap();
    store.commit(adding(&team, [job(&team, 1, start())])).await.unwrap();
    let slot = cluster.slot_of("pagerslack:{T1}:jobs").await.unwrap();
    for keys in [["i:i1", "count"], ["jobs", "count"]] {
        let owner = cluster.owner_of(slot).await.unwrap();
        let begun = cluster.begin_move(slot, (owner + 1) % 3).await.unwrap();
        for key in keys {
            begun.migrate(&format!("pagerslack:{{T1}}:{key}")).await.unwrap();
            let refused = store.commit(append("T1", "i2", 0)).await;
            assert!(
                matches!(refused, Err(CommitError::Store(StoreError::Unavailable { .. }))),
                "{key}: {refused:?}"
            );
        }
        begun.migrate_all().await.unwrap();
        begun.finish().await.unwrap();
    }
    store.commit(append("T1", "i1", 1)).await.unwrap();
    store.commit(append("T1", "i2", 0)).await.unwrap();
    assert_eq!((events(&store, "T1", "i1").await, events(&store, "T1", "i2").await), (2, 1));
    assert_eq!(claim(&store, start(), 9).await, [job(&team, 1, start())]);
}

/// A workspace moves to another node of the cluster, key by key, while it is used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_moves_within_a_cluster_while_it_is_used() {
    let cluster = Cluster::start().await.unwrap();
    let store = Arc::new(Redis::connect(&cluster_address(&cluster)).await.unwrap());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let (mut version, mut refused) = (0, 0);
            while !*stopped.borrow() {
                match store.commit(append("T1", "i1", version)).await {
                    Ok(()) => version += 1,
                    Err(CommitError::Store(StoreError::Unavailable { .. })) => refused += 1,
                    // One that was refused for want of an answer had been made.
                    Err(CommitError::Conflict) if refused > 0 => version += 1,
                    Err(error) => panic!("{error:?}"),
                }
                if let Err(CommitError::Conflict) = store.commit(append("T1", "i1", u64::MAX - 1)).await {
                    continue;
                }
            }
            (version, refused)
        })
    };
    let slot = cluster.slot_of("pagerslack:{T1}:jobs").await.unwrap();
    for _ in 0..3 {
        let owner = cluster.owner_of(slot).await.unwrap();
        cluster.move_slot(slot, (owner + 1) % 3).await.unwrap();
    }
    stop.send(true).unwrap();
    let (version, refused) = writer.await.unwrap();
    assert!(version > 0);
    let there = events(&store, "T1", "i1").await as u64;
    assert!(
        (version..=version + refused).contains(&there),
        "{there} events, {version} confirmed, {refused} refused"
    );
    store.commit(append("T1", "i1", there)).await.unwrap();
}
