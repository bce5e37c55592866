//! The Cluster: who has which slot, and a slot that moves while it is used.

use redis_servers::{Cluster, PATIENCE, SLOTS, eventually};

#[tokio::test]
async fn three_masters_share_the_slots() {
    let cluster = Cluster::start().await.unwrap();
    assert_eq!(cluster.urls().len(), 3);
    for (slot, owner) in [(0, 0), (5_460, 0), (5_461, 1), (10_921, 1), (10_922, 2), (SLOTS - 1, 2)] {
        assert_eq!(cluster.owner_of(slot).await.unwrap(), owner, "{slot}");
    }
    // Source: the Redis Cluster specification.
    assert_eq!(cluster.slot_of("123456789").await.unwrap(), 0x31c3);
    assert_eq!(cluster.slot_of("a{tag}").await.unwrap(), cluster.slot_of("{tag}b").await.unwrap());
    let owner = cluster.owner_of(cluster.slot_of("key").await.unwrap()).await.unwrap();
    for (node, index) in cluster.nodes().iter().zip(0..) {
        let answer = node.run(&["SET", "key", "1"]).await;
        match index == owner {
            true => assert!(answer.is_ok()),
            false => assert!(format!("{:#}", answer.unwrap_err()).to_uppercase().contains("MOVED")),
        }
    }
}

#[tokio::test]
async fn a_slot_moves_with_its_keys() {
    let cluster = Cluster::start().await.unwrap();
    let slot = cluster.slot_of("{incident}").await.unwrap();
    let from = cluster.owner_of(slot).await.unwrap();
    let to = (from + 1) % 3;
    for number in 0..250 {
        cluster.nodes()[from].run(&["SET", &format!("{{incident}}:{number}"), "1"]).await.unwrap();
    }
    cluster.move_slot(slot, to).await.unwrap();
    assert_eq!(cluster.owner_of(slot).await.unwrap(), to);
    assert_eq!(cluster.nodes()[to].ask::<u64>(&["DBSIZE"]).await.unwrap(), 250);
    assert_eq!(cluster.nodes()[from].ask::<u64>(&["DBSIZE"]).await.unwrap(), 0);
    cluster.nodes()[to].run(&["GET", "{incident}:249"]).await.unwrap();
    cluster.move_slot(slot, to).await.unwrap();
    cluster.move_slot(slot, from).await.unwrap();
    assert_eq!(cluster.nodes()[from].ask::<u64>(&["DBSIZE"]).await.unwrap(), 250);
}

#[tokio::test]
async fn half_way_a_key_is_asked_for_elsewhere() {
    let cluster = Cluster::start().await.unwrap();
    let slot = cluster.slot_of("{a}").await.unwrap();
    let from = cluster.owner_of(slot).await.unwrap();
    let giver = &cluster.nodes()[from];
    giver.run(&["MSET", "{a}1", "1", "{a}2", "2"]).await.unwrap();
    let begun = cluster.begin_move(slot, (from + 1) % 3).await.unwrap();
    assert_eq!(begun.from(), from);
    begun.migrate("{a}1").await.unwrap();
    let answer = async |command: &[&str]| {
        giver.run(command).await.map_err(|error| format!("{error:#}").to_uppercase().replace(' ', ""))
    };
    assert!(answer(&["GET", "{a}2"]).await.is_ok());
    assert!(answer(&["GET", "{a}1"]).await.unwrap_err().contains("ASK"));
    assert!(answer(&["MGET", "{a}1", "{a}2"]).await.unwrap_err().contains("TRYAGAIN"));
    begun.migrate_all().await.unwrap();
    begun.finish().await.unwrap();
    assert!(answer(&["GET", "{a}2"]).await.unwrap_err().contains("MOVED"));
}

#[tokio::test]
async fn a_cluster_without_one_of_its_nodes_says_so_and_recovers() {
    let cluster = Cluster::start().await.unwrap();
    cluster.nodes()[2].kill().unwrap();
    let look = || async {
        let said: String = cluster.nodes()[0].ask(&["CLUSTER", "INFO"]).await?;
        anyhow::ensure!(said.contains("cluster_state:fail"), "{said}");
        Ok(())
    };
    eventually("the others notice", PATIENCE, look).await.unwrap();
    cluster.nodes()[2].restart().await.unwrap();
    cluster.settled().await.unwrap();
}
