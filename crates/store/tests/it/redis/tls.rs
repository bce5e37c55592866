//! Redis over TLS: whom the system trusts is trusted, and nobody else.
//!
//! The authority is named in the environment, which a process has from its birth: the test that trusts it is born once
//! more for that.

use std::process::Command;

use pagerslack_store::Redis;
use pagerslack_store::redis::RedisOpenError;
use redis_servers::Plain;

use super::passes;

/// Where the reborn test finds the server.
const ADDRESS: &str = "TEST_ADDRESS_OVER_TLS";

/// Runs this test again where `authority` is trusted, and has it find a server at `address`.
fn reborn(test: &str, authority: &std::path::Path, address: &str) {
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("SSL_CERT_FILE", authority)
        .env(ADDRESS, address)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_over_tls() {
    if let Ok(address) = std::env::var(ADDRESS) {
        return passes(&address).await;
    }
    let server = Plain::builder().tls().password("secret").start().await.unwrap();
    reborn("redis::tls::passes_the_suite_over_tls", server.authority().unwrap(), &server.url());
}

/// Why a start fails.
async fn fails(address: &str) -> RedisOpenError {
    match Redis::connect(address).await {
        Ok(_) => panic!("it connects"),
        Err(error) => error,
    }
}

/// Given an authority that did not sign the certificate, or no TLS at all, then the start says what to do.
#[tokio::test]
async fn nobody_else_is_trusted() {
    if let Ok(address) = std::env::var(ADDRESS) {
        let refused = fails(&address).await;
        assert!(matches!(refused, RedisOpenError::Tls { .. }), "{refused:?}");
        assert!(refused.to_string().contains("SSL_CERT_FILE"), "{refused}");
        // It takes the beginning of TLS for a command, and may wait for more of it.
        let plain = Plain::fast().await.unwrap();
        let silent = fails(&plain.url().replace("redis://", "rediss://")).await;
        return assert!(silent.to_string().contains("rediss://"), "{silent}");
    }
    let server = Plain::builder().tls().password("secret").start().await.unwrap();
    let other = Plain::builder().tls().start().await.unwrap();
    reborn("redis::tls::nobody_else_is_trusted", other.authority().unwrap(), &server.url());
}
