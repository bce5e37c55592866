//! Somebody says nothing, or cannot help: the others are asked, and go on.

use std::time::Duration;

use pagerslack_core::TeamId;
use pagerslack_store::{CommitError, Redis, Store, StoreError};
use redis_servers::{Cluster, PATIENCE, SentinelTrio, eventually};
use tokio::time::timeout;

use super::trouble::{append, events};
use super::{adding, claim, cluster_address, job, sentinel_address, start};

/// How long something may take that asks a silent node along the way, with room for a slow machine.
const A_WHILE: Duration = Duration::from_secs(15);

/// A workspace for each node of a cluster, and the node on which what is of no workspace lies.
async fn at_home(cluster: &Cluster) -> (Vec<TeamId>, usize) {
    let mut homes = vec![None; cluster.nodes().len()];
    for number in 0.. {
        if homes.iter().all(Option::is_some) {
            break;
        }
        let slot = cluster.slot_of(&format!("pagerslack:{{T{number}}}:jobs")).await.unwrap();
        homes[cluster.owner_of(slot).await.unwrap()] = Some(TeamId::new(format!("T{number}")));
    }
    let shared = cluster.slot_of("pagerslack:{*}:due").await.unwrap();
    (homes.into_iter().flatten().collect(), cluster.owner_of(shared).await.unwrap())
}

/// A node that has stopped where it stands, before the others have noticed: its workspaces wait, the others do not, neither
/// for a process that runs nor for one that starts and is told of the silent node first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_node_costs_the_workspaces_of_the_others_little() {
    let cluster = Cluster::start().await.unwrap();
    for node in cluster.nodes() {
        node.run(&["CONFIG", "SET", "cluster-node-timeout", "600000"]).await.unwrap();
    }
    let (teams, shared) = at_home(&cluster).await;
    let silent = (shared + 1) % teams.len();
    let (waits, goes_on) = (&teams[silent], &teams[(silent + 1) % teams.len()]);
    let store = Redis::connect(&cluster_address(&cluster)).await.unwrap();
    for team in [waits, goes_on] {
        store.commit(adding(team, [job(team, 1, start())])).await.unwrap();
    }
    claim(&store, start(), 0).await;
    cluster.nodes()[silent].pause().unwrap();

    let claimed = timeout(A_WHILE, claim(&store, start(), 9)).await.unwrap();
    assert_eq!(claimed, [job(goes_on, 1, start())], "what the others have is handed out");
    let refused = timeout(A_WHILE, store.commit(append(waits.as_str(), "i1", 0))).await.unwrap();
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable { .. }))), "{refused:?}");
    timeout(A_WHILE, store.commit(append(goes_on.as_str(), "i1", 0))).await.unwrap().unwrap();

    let mut hosts: Vec<String> = cluster.addresses().iter().map(ToString::to_string).collect();
    hosts.swap(0, silent);
    let address = format!("redis+cluster://{}", hosts.join(","));
    let new = timeout(A_WHILE, Redis::connect(&address)).await.unwrap().unwrap();
    timeout(A_WHILE, new.commit(append(goes_on.as_str(), "i1", 1))).await.unwrap().unwrap();

    cluster.nodes()[silent].resume().unwrap();
    let again = || async {
        match store.commit(append(waits.as_str(), "i2", 0)).await {
            // What was asked for while it was silent may be done after all.
            Ok(()) | Err(CommitError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    };
    eventually("the node to take changes again", PATIENCE, again).await.unwrap();
    assert_eq!(events(&new, goes_on.as_str(), "i1").await, 2);
}

/// A primary that the Sentinels have given up does not know it: it only has too few replicas to take a change. Whoever is
/// connected to it asks the Sentinels anew, and finds the one that can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_without_replicas_is_left_for_the_one_that_sentinel_names() {
    let trio = SentinelTrio::start().await.unwrap();
    let store = Redis::connect(&sentinel_address(&trio)).await.unwrap();
    store.commit(append("T1", "i1", 0)).await.unwrap();
    let [former, next, follower] = trio.servers() else { panic!("three servers") };
    // One replica has it for certain. Sentinel would choose one that has; here it is this one.
    let caught_up = || async {
        let length: usize = next.ask(&["LLEN", "pagerslack:{T1}:i:i1"]).await?;
        anyhow::ensure!(length == 2, "{length} elements");
        Ok(())
    };
    eventually("the next primary to have the change", PATIENCE, caught_up).await.unwrap();
    // As if a network had come apart between the former and all but us. Nobody tells it, or ends its connections.
    for sentinel in trio.sentinels() {
        sentinel.run(&["SENTINEL", "REMOVE", trio.master_name()]).await.unwrap();
    }
    let port = next.address().port().to_string();
    next.run(&["REPLICAOF", "NO", "ONE"]).await.unwrap();
    follower.run(&["REPLICAOF", "127.0.0.1", &port]).await.unwrap();
    for sentinel in trio.sentinels() {
        sentinel.run(&["SENTINEL", "MONITOR", trio.master_name(), "127.0.0.1", &port, "2"]).await.unwrap();
    }
    let followed = || async {
        let replicas: u32 = next.figure("connected_slaves").await?;
        anyhow::ensure!(replicas == 1, "{replicas} replicas");
        Ok(())
    };
    eventually("the next primary to have a replica", PATIENCE, followed).await.unwrap();
    let alone = || async {
        let replicas: u32 = former.figure("connected_slaves").await?;
        anyhow::ensure!(replicas == 0, "{replicas} replicas");
        Ok(())
    };
    eventually("the former primary to be alone", PATIENCE, alone).await.unwrap();

    store.commit(append("T1", "i1", 1)).await.unwrap();
    let length: usize = next.ask(&["LLEN", "pagerslack:{T1}:i:i1"]).await.unwrap();
    assert_eq!(length, 3, "the next primary has it");
    // Questions go there, too: on the former there is only the first.
    assert_eq!(events(&store, "T1", "i1").await, 2);
}
