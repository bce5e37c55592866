//! The trio: it fails over when told to, when its primary dies, and takes back who was away.

use redis_servers::SentinelTrio;

#[tokio::test]
async fn sentinels_name_the_primary_and_change_it_when_told() {
    let trio = SentinelTrio::start().await.unwrap();
    assert_eq!(trio.sentinel_addresses().len(), 3);
    let said: String = trio.sentinels()[1].ask(&["SENTINEL", "CKQUORUM", trio.master_name()]).await.unwrap();
    assert!(said.starts_with("OK 3 usable Sentinels"), "{said}");
    assert_eq!(trio.primary().await.unwrap().address(), trio.servers()[0].address());
    // What no replica has yet is lost in a failover, an ordered one too.
    let mut connection = trio.primary().await.unwrap().connect().await.unwrap();
    let _: () =
        redis::pipe().cmd("SET").arg("before").arg(1).ignore().query_async(&mut connection).await.unwrap();
    let confirmed: u64 = redis::cmd("WAIT").arg(2).arg(9_000).query_async(&mut connection).await.unwrap();
    assert_eq!(confirmed, 2);

    let new = trio.failover().await.unwrap();
    assert_ne!(new, 0);
    let primary = trio.primary().await.unwrap();
    assert_eq!(primary.address(), trio.servers()[new].address());
    assert_eq!(primary.figure::<String>("role").await.unwrap(), "master");
    assert_eq!(trio.servers()[0].figure::<String>("role").await.unwrap(), "slave");
    assert_eq!(primary.ask::<u64>(&["GET", "before"]).await.unwrap(), 1);
    primary.run(&["SET", "after", "1"]).await.unwrap();
    let back = trio.failover().await.unwrap();
    assert_ne!(back, new);
}

#[tokio::test]
async fn a_primary_that_dies_is_replaced_and_comes_back_as_a_replica() {
    let trio = SentinelTrio::start().await.unwrap();
    let mut connection = trio.primary().await.unwrap().connect().await.unwrap();
    let _: () =
        redis::pipe().cmd("SET").arg("kept").arg(7).ignore().query_async(&mut connection).await.unwrap();
    let confirmed: u64 = redis::cmd("WAIT").arg(2).arg(9_000).query_async(&mut connection).await.unwrap();
    assert_eq!(confirmed, 2);

    let dead = trio.kill_primary().await.unwrap();
    let new = trio.failed_over(dead).await.unwrap();
    assert_ne!(new, dead);
    let primary = trio.primary().await.unwrap();
    assert_eq!(primary.ask::<u64>(&["GET", "kept"]).await.unwrap(), 7);
    primary.run(&["SET", "new", "1"]).await.unwrap();

    trio.servers()[dead].restart().await.unwrap();
    assert_eq!(trio.settled().await.unwrap(), new);
    assert_eq!(trio.servers()[dead].figure::<String>("role").await.unwrap(), "slave");
    assert_eq!(trio.replicas().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_primary_without_replicas_takes_no_writes() {
    let trio = SentinelTrio::start().await.unwrap();
    for replica in trio.replicas().await.unwrap() {
        replica.kill().unwrap();
    }
    let primary = trio.primary().await.unwrap();
    let refused = redis_servers::eventually("writes are refused", redis_servers::PATIENCE, || async {
        match primary.run(&["SET", "a", "1"]).await {
            Ok(_) => anyhow::bail!("it takes writes"),
            Err(error) => Ok(format!("{error:#}")),
        }
    });
    assert!(refused.await.unwrap().to_uppercase().contains("NOREPLICAS"));
}
