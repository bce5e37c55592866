//! Redis passes the suite.

use std::sync::atomic::{AtomicU32, Ordering};

use pagerslack_store::{Redis, conformance};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite() {
    let number = AtomicU32::new(0);
    let fresh = async || {
        let url = format!("redis://127.0.0.1:7777?prefix=p{}", number.fetch_add(1, Ordering::Relaxed));
        Redis::connect(&url).await.unwrap()
    };
    assert!(conformance::check_all(fresh).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_without_a_runtime() {
    let number = AtomicU32::new(0);
    let fresh = async || {
        let url = format!("redis://127.0.0.1:7777?prefix=q{}", number.fetch_add(1, Ordering::Relaxed));
        Redis::connect_without_runtime(&url).unwrap()
    };
    assert!(conformance::check_all(fresh).await > 0);
}
