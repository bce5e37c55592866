//! Redis passes the suite however it is run, and keeps its promises when it fails.

mod due;
mod memory;
mod silence;
mod tls;
mod trouble;
mod valkey;

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{IncidentId, Job, JobKind, RotationId, TeamId};
use pagerslack_store::{Claim, Commit, Redis, Store, conformance};
use redis_servers::{Cluster, Plain, SentinelTrio};

/// Runs the suite over stores that share a server and have each their own keys.
async fn passes(address: &str) {
    let number = AtomicU32::new(0);
    let fresh = async || {
        let prefix = number.fetch_add(1, Ordering::Relaxed);
        Redis::connect(&format!("{address}?prefix=p{prefix}")).await.unwrap()
    };
    assert!(conformance::check_all(fresh).await > 0);
}

fn sentinel_address(trio: &SentinelTrio) -> String {
    let hosts: Vec<String> = trio.sentinel_addresses().iter().map(ToString::to_string).collect();
    format!("redis+sentinel://{}/{}", hosts.join(","), trio.master_name())
}

fn cluster_address(cluster: &Cluster) -> String {
    let hosts: Vec<String> = cluster.addresses().iter().map(ToString::to_string).collect();
    format!("redis+cluster://{}", hosts.join(","))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_alone() {
    let server = Plain::start().await.unwrap();
    passes(&server.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_over_a_socket_with_a_password() {
    let server = Plain::builder().password("p/w@:%").start().await.unwrap();
    let address = format!("unix://{}", server.socket().display());
    let number = AtomicU32::new(0);
    let fresh = async || {
        let prefix = number.fetch_add(1, Ordering::Relaxed);
        Redis::connect(&format!("{address}?pass=p%2Fw%40%3A%25&prefix=p{prefix}")).await.unwrap()
    };
    assert!(conformance::check_all(fresh).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_without_a_runtime() {
    let server = Plain::fast().await.unwrap();
    let number = AtomicU32::new(0);
    let fresh = async || {
        let url = format!("{}?prefix=p{}", server.url(), number.fetch_add(1, Ordering::Relaxed));
        Redis::connect_without_runtime(&url).unwrap()
    };
    assert!(conformance::check_all(fresh).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_behind_sentinel() {
    let trio = SentinelTrio::start().await.unwrap();
    passes(&sentinel_address(&trio)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_as_a_cluster() {
    let cluster = Cluster::start().await.unwrap();
    passes(&cluster_address(&cluster)).await;
    assert!(Redis::connect(&cluster_address(&cluster)).await.unwrap().advice().await.is_empty());
}

fn start() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_790_000_000)
}

fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

/// A job of a workspace, one of as many as are needed.
fn job(team: &TeamId, number: u32, due: Timestamp) -> Job {
    let rotation = RotationId::new(team.clone(), "C1".into());
    Job::new(&rotation, &"i1".into(), JobKind::PageDeadline { attempt: number }, due)
}

/// A commit that adds jobs and nothing else.
fn adding(team: &TeamId, jobs: impl IntoIterator<Item = Job>) -> Commit {
    let mut commit = Commit::new(team.clone(), IncidentId::new("i1"), 0);
    commit.add.extend(jobs);
    commit
}

/// Claims what is due, for a minute.
async fn claim(store: &dyn Store, now: Timestamp, limit: usize) -> Vec<Job> {
    let claim = Claim { now, lease_until: now + SignedDuration::from_mins(1), limit };
    store.claim(claim).await.unwrap().into_iter().map(|claimed| claimed.job).collect()
}
