//! Redis fails under the replicas: a primary dies or hands over, a slot moves, a server starts again from its disk.

use std::time::Duration;

use redis_servers::{Cluster, Plain, SentinelTrio};

use super::balancer::Refused;
use super::{REPLICAS, Replicas};

/// How long reports may be refused while a primary is replaced. On a machine that does nothing else it is two to five
/// seconds: one until the primary counts as down, the rest until somebody else is chosen.
const FAILOVER: Duration = Duration::from_secs(30);

/// Where clients find the primary.
fn sentinel_address(trio: &SentinelTrio, replicas: u32) -> String {
    let hosts: Vec<String> = trio.sentinel_addresses().iter().map(ToString::to_string).collect();
    format!("redis+sentinel://{}/{}?replicas={replicas}", hosts.join(","), trio.master_name())
}

/// Given three replicas over a Redis that Sentinel watches, when its primary is killed, then somebody else becomes it
/// within seconds and nothing of what anybody was told is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_dies_takes_nothing_along() {
    let trio = SentinelTrio::start().await.unwrap();
    let mut replicas = Replicas::start(&sentinel_address(&trio, 1), Refused::PassedOn).await;
    replicas.people.report(true);
    replicas.accepts(4).await;
    replicas.posts(1).await;
    let dead = trio.kill_primary().await.unwrap();
    let pause = replicas.accepts(1).await;
    println!("a report is accepted {pause:.1?} after the death of the primary");
    assert!(pause < FAILOVER, "{pause:?}");
    let new = trio.failed_over(dead).await.unwrap();
    assert_ne!(new, dead);
    replicas.accepts(2).await;
    let tally = replicas.settle().await;
    assert!(tally.taken > 0, "{tally:?}");
}

/// Given the same, when Sentinel is told to make somebody else the primary, then the replicas follow, and nothing is
/// lost: what counts stands on every replica of Redis, so also on the one that becomes the primary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_hands_over_keeps_nothing_back() {
    let trio = SentinelTrio::start().await.unwrap();
    let mut replicas = Replicas::start(&sentinel_address(&trio, 2), Refused::PassedOn).await;
    replicas.people.report(true);
    replicas.accepts(3).await;
    let former = trio.primary_index().await.unwrap();
    trio.sentinels()[0].run(&["SENTINEL", "FAILOVER", trio.master_name()]).await.unwrap();
    let handed_over = async |_: &Replicas| trio.primary_index().await.is_ok_and(|primary| primary != former);
    replicas.until("somebody else is the primary", handed_over).await;
    let pause = replicas.accepts(1).await;
    println!("a report is accepted {pause:.1?} after the handing over");
    assert!(pause < FAILOVER, "{pause:?}");
    trio.settled().await.unwrap();
    replicas.accepts(2).await;
    replicas.settle().await;
}

/// Given three replicas over a Cluster, when the slot of the workspace moves to another node and back under their hands,
/// one key at a time, then everything goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_moves_under_the_load() {
    let cluster = Cluster::start().await.unwrap();
    let hosts: Vec<String> = cluster.addresses().iter().map(ToString::to_string).collect();
    let address = format!("redis+cluster://{}", hosts.join(","));
    let mut replicas = Replicas::start(&address, Refused::PassedOn).await;
    replicas.people.report(true);
    replicas.accepts(3).await;
    // The workspace's own keys, and those of all workspaces together.
    for key in ["pagerslack:{T1}:jobs", "pagerslack:{*}:due"] {
        let slot = cluster.slot_of(key).await.unwrap();
        let home = cluster.owner_of(slot).await.unwrap();
        let begun = cluster.begin_move(slot, (home + 1) % REPLICAS).await.unwrap();
        begun.migrate(key).await.unwrap();
        replicas.until("people go on meanwhile", async |this| this.people.messages() > 0).await;
        begun.migrate_all().await.unwrap();
        begun.finish().await.unwrap();
        let pause = replicas.accepts(1).await;
        println!("a report is accepted {pause:.1?} after a slot has moved");
        assert!(pause < FAILOVER, "{pause:?}");
    }
    let slot = cluster.slot_of("pagerslack:{T1}:jobs").await.unwrap();
    let away = cluster.owner_of(slot).await.unwrap();
    cluster.move_slot(slot, (away + 2) % REPLICAS).await.unwrap();
    replicas.accepts(1).await;
    replicas.settle().await;
}

/// Given three replicas over a Redis that writes to disk before it answers, when it is killed and started again, then
/// everything that anybody was told is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_starts_again_with_all_it_has_confirmed() {
    let redis = Plain::start().await.unwrap();
    let mut replicas = Replicas::start(&redis.url(), Refused::PassedOn).await;
    replicas.people.report(true);
    replicas.accepts(2).await;
    for _ in 0..3 {
        replicas.posts(2).await;
        redis.restart().await.unwrap();
        let pause = replicas.accepts(1).await;
        println!("a report is accepted {pause:.1?} after Redis has started again");
        assert!(pause < FAILOVER, "{pause:?}");
    }
    let tally = replicas.settle().await;
    assert!(tally.taken > 0, "{tally:?}");
}
