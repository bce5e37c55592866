//! Valkey passes the suite as Redis does: alone, behind Sentinel, as a cluster.

use std::path::PathBuf;

use pagerslack_store::Redis;
use redis_servers::{Cluster, Plain, SentinelTrio};

use super::{cluster_address, passes, sentinel_address};

/// `None`, and why, where Valkey is not installed. In CI that is a failure.
fn installed() -> Option<PathBuf> {
    let found = redis_servers::valkey();
    if found.is_none() {
        let why = "there is no Valkey in target/e2e: type `cargo xtask test`";
        let in_ci = std::env::var_os("CI").is_some()
            || std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "ci");
        assert!(!in_ci, "{why}");
        println!("skipped: {why}");
    }
    found
}

/// What it takes for the right server to have been asked.
async fn is_valkey(server: &Plain) {
    let name: String = server.figure("server_name").await.unwrap();
    assert_eq!(name, "valkey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_on_valkey_alone() {
    let Some(valkey) = installed() else { return };
    let server = Plain::builder().program(&valkey).start().await.unwrap();
    is_valkey(&server).await;
    passes(&server.url().replace("redis://", "valkey://")).await;
    let store = Redis::connect(&server.url()).await.unwrap();
    assert_eq!(store.advice().await, Vec::<String>::new());
    server.run(&["CONFIG", "SET", "appendfsync", "everysec"]).await.unwrap();
    assert_eq!(store.advice().await.len(), 1, "what can lose an incident is named there too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_on_valkey_behind_sentinel() {
    let Some(valkey) = installed() else { return };
    let trio = SentinelTrio::start_with(|server| server.program(&valkey)).await.unwrap();
    is_valkey(&trio.servers()[0]).await;
    passes(&sentinel_address(&trio)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_on_valkey_as_a_cluster() {
    let Some(valkey) = installed() else { return };
    let cluster = Cluster::start_with(|node| node.program(&valkey)).await.unwrap();
    is_valkey(&cluster.nodes()[0]).await;
    passes(&cluster_address(&cluster)).await;
}
