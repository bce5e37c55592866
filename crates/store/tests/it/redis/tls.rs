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

/// What a start says, without the address.
async fn says(address: &str) -> String {
    let Err(error) = Redis::connect(address).await.map(drop) else { panic!("it connects") };
    assert!(matches!(error, RedisOpenError::Tls { .. }), "{error:?}");
    error.to_string()
}

/// Given an authority that did not sign the certificate, or no TLS at all, then the start says what to do.
#[tokio::test]
async fn nobody_else_is_trusted() {
    if let Ok(address) = std::env::var(ADDRESS) {
        let said = says(&address).await;
        assert!(said.contains("SSL_CERT_FILE"), "{said}");
        let plain = Plain::fast().await.unwrap();
        let said = says(&plain.url().replace("redis://", "rediss://")).await;
        return assert!(said.contains("redis:// for rediss://"), "{said}");
    }
    let server = Plain::builder().tls().password("secret").start().await.unwrap();
    let other = Plain::builder().tls().start().await.unwrap();
    reborn("redis::tls::nobody_else_is_trusted", other.authority().unwrap(), &server.url());
}
