//! One server: what it keeps, whom it lets in, and how it ends.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use redis_servers::{Plain, eventually};

use crate::client;

#[tokio::test]
async fn a_server_answers_at_its_port_and_its_socket() {
    let server = Plain::start().await.unwrap();
    for url in [server.url(), server.unix_url()] {
        let mut connection = client(&url).await.unwrap();
        let said: String = redis::cmd("PING").query_async(&mut connection).await.unwrap();
        assert_eq!(said, "PONG", "{url}");
    }
    assert_eq!(server.figure::<u16>("tcp_port").await.unwrap(), server.address().port());
    assert!(server.run(&["NONSENSE"]).await.unwrap_err().to_string().contains("NONSENSE"));
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let server = Plain::start().await.unwrap();
    let (address, process) = (server.address(), server.process_id());
    server.run(&["SET", "kept", "yes"]).await.unwrap();
    server.kill().unwrap();
    assert!(!server.is_running());
    assert!(TcpStream::connect(address).is_err());
    assert!(server.run(&["PING"]).await.is_err());
    server.restart().await.unwrap();
    assert_eq!(server.address(), address);
    assert_ne!(server.process_id(), process);
    assert_eq!(server.ask::<String>(&["GET", "kept"]).await.unwrap(), "yes");
    server.flush().await.unwrap();
    assert_eq!(server.ask::<u64>(&["DBSIZE"]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_fast_server_keeps_nothing() {
    let server = Plain::fast().await.unwrap();
    server.run(&["SET", "kept", "no"]).await.unwrap();
    server.shut_down().await.unwrap();
    assert!(!server.is_running());
    server.restart().await.unwrap();
    assert_eq!(server.ask::<u64>(&["DBSIZE"]).await.unwrap(), 0);
    assert_eq!(server.figure::<u8>("aof_enabled").await.unwrap(), 0);
}

#[tokio::test]
async fn a_server_that_is_shut_down_says_good_bye() {
    let server = Plain::start().await.unwrap();
    server.run(&["SET", "kept", "yes"]).await.unwrap();
    server.shut_down().await.unwrap();
    assert!(server.log().contains("Redis is now ready to exit, bye bye"), "{}", server.log());
    server.restart().await.unwrap();
    assert_eq!(server.ask::<String>(&["GET", "kept"]).await.unwrap(), "yes");
}

#[tokio::test]
async fn a_server_that_is_paused_is_there_and_says_nothing() {
    let server = Plain::start().await.unwrap();
    let mut connection = client(&server.url()).await.unwrap();
    connection.set_response_timeout(Duration::from_secs(30));
    server.pause().unwrap();
    assert!(server.is_running());
    let ping = async { redis::cmd("PING").query_async::<String>(&mut connection).await };
    let mut ping = Box::pin(ping);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut ping).await.is_err());
    server.resume().unwrap();
    assert_eq!(ping.await.unwrap(), "PONG");
    // One that is paused can be killed all the same.
    server.pause().unwrap();
    server.kill().unwrap();
    assert!(server.pause().is_err());
}

#[tokio::test]
async fn a_password_keeps_others_out_and_us_in() {
    let odd = "p@ss/wörd\" \\#&%";
    let server = Plain::builder().password(odd).start().await.unwrap();
    for url in [server.url(), server.unix_url()] {
        assert!(client(&url).await.is_ok(), "{url}");
    }
    let refused = client(&format!("redis://{}/", server.address())).await;
    let mut stranger = refused.unwrap();
    let answer = redis::cmd("GET").arg("a").query_async::<()>(&mut stranger).await.unwrap_err();
    assert_eq!(answer.code(), Some("NOAUTH"));
    assert_eq!(server.ask::<u64>(&["DBSIZE"]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_user_may_do_what_its_rights_say() {
    let server =
        Plain::builder().user("pager", "se:cret", "~pages:* +@all -@dangerous").start().await.unwrap();
    let mut connection = client(&server.url()).await.unwrap();
    let set = |key: &str| redis::cmd("SET").arg(key).arg("1").clone();
    assert!(set("pages:1").query_async::<()>(&mut connection).await.is_ok());
    let denied = set("others").query_async::<()>(&mut connection).await.unwrap_err();
    assert_eq!(denied.code(), Some("NOPERM"));
    let mut by_socket = client(&server.unix_url()).await.unwrap();
    assert!(redis::cmd("KEYS").arg("*").query_async::<()>(&mut by_socket).await.is_err());
    assert_eq!(server.ask::<Vec<String>>(&["KEYS", "*"]).await.unwrap(), ["pages:1"]);
    assert!(client(&format!("redis://pager:wrong@{}/", server.address())).await.is_err());
}

#[tokio::test]
async fn tls_with_a_certificate_that_only_its_authority_vouches_for() {
    let server = Plain::builder().tls().password("secret").start().await.unwrap();
    assert!(server.url().starts_with("rediss://:secret@127.0.0.1:"), "{}", server.url());
    let ping = |trusted: &[&str]| {
        let port = server.address().port().to_string();
        let mut command = Command::new("redis-cli");
        command.args(["--no-auth-warning", "-a", "secret", "--tls", "-h", "127.0.0.1", "-p", &port]);
        let done = command.args(trusted).arg("PING").output().unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr)
    };
    let authority = server.authority().unwrap().to_str().unwrap();
    assert_eq!(ping(&["--cacert", authority]).trim(), "PONG");
    assert!(ping(&[]).contains("certificate verify failed"), "{}", ping(&[]));
    let plainly = client(&format!("redis://:secret@{}/", server.address())).await;
    assert!(plainly.is_err());
    server.run(&["SET", "kept", "yes"]).await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(server.ask::<String>(&["GET", "kept"]).await.unwrap(), "yes");
}

#[tokio::test]
async fn a_setting_reaches_the_server() {
    let server = Plain::builder().without_persistence().setting("maxmemory", "50mb").start().await.unwrap();
    assert_eq!(server.figure::<u64>("maxmemory").await.unwrap(), 50 << 20);
    server.run(&["CONFIG", "SET", "maxmemory", "60mb"]).await.unwrap();
    assert_eq!(server.figure::<u64>("maxmemory").await.unwrap(), 60 << 20);
}

#[tokio::test]
async fn a_start_that_fails_shows_why() {
    let failed = Plain::builder().setting("maxmemory", "much").start().await.err().unwrap();
    let shown = format!("{failed:?}");
    assert!(shown.contains("redis-server does not start"), "{shown}");
    assert!(shown.contains("FATAL CONFIG FILE ERROR") && shown.contains("maxmemory much"), "{shown}");
}

#[tokio::test]
async fn waiting_ends_at_its_limit_and_says_what_was_missing() {
    let limit = Duration::from_millis(50);
    let waited = eventually::<(), _>("a wonder", limit, || async { anyhow::bail!("none yet") }).await;
    let shown = format!("{:#}", waited.unwrap_err());
    assert_eq!(shown, "this does not happen within 50ms: a wonder: none yet");
}
