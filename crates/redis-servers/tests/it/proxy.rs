//! The proxy: what passes, what does not, and what the client is told.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis_servers::{PATIENCE, Plain, Proxy, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client;

/// Longer than anything takes that is not held back.
const A_WHILE: Duration = Duration::from_millis(500);

async fn behind_a_proxy() -> (Plain, Proxy, MultiplexedConnection) {
    let server = Plain::fast().await.unwrap();
    let proxy = Proxy::start(server.address()).await.unwrap();
    let mut connection = client(&server.url_at(proxy.address())).await.unwrap();
    connection.set_response_timeout(PATIENCE);
    (server, proxy, connection)
}

async fn ping(mut connection: MultiplexedConnection) -> redis::RedisResult<String> {
    redis::cmd("PING").query_async(&mut connection).await
}

#[tokio::test]
async fn much_passes_unchanged() {
    let (server, _proxy, mut connection) = behind_a_proxy().await;
    let much = "x".repeat(20 << 20);
    let _: () = redis::cmd("SET").arg("much").arg(&much).query_async(&mut connection).await.unwrap();
    assert_eq!(server.ask::<u64>(&["STRLEN", "much"]).await.unwrap(), 20 << 20);
    let back: String = redis::cmd("GET").arg("much").query_async(&mut connection).await.unwrap();
    assert!(back == much);
}

#[tokio::test]
async fn cut_off_connections_are_reset_and_new_ones_too() {
    let (server, proxy, connection) = behind_a_proxy().await;
    let mut raw = TcpStream::connect(proxy.address()).await.unwrap();
    raw.write_all(b"PING\r\n").await.unwrap();
    let mut answer = [0; 7];
    raw.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
    proxy.cut();
    let error = raw.read(&mut answer).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(ping(connection).await.is_err());
    assert!(client(&server.url_at(proxy.address())).await.is_err());
    assert_eq!(server.ask::<String>(&["PING"]).await.unwrap(), "PONG");
    proxy.heal();
    assert_eq!(ping(client(&server.url_at(proxy.address())).await.unwrap()).await.unwrap(), "PONG");
}

#[tokio::test]
async fn frozen_nothing_is_said_in_either_direction() {
    let (server, proxy, mut connection) = behind_a_proxy().await;
    proxy.freeze();
    let mut set = Box::pin(async { redis::cmd("INCR").arg("n").query_async::<u64>(&mut connection).await });
    assert!(timeout(A_WHILE, &mut set).await.is_err());
    assert_eq!(server.ask::<u64>(&["EXISTS", "n"]).await.unwrap(), 0);
    // A new one is accepted, and hears nothing.
    let mut half_open = TcpStream::connect(proxy.address()).await.unwrap();
    half_open.write_all(b"PING\r\n").await.unwrap();
    let mut answer = [0; 7];
    assert!(timeout(A_WHILE, half_open.read(&mut answer)).await.is_err());
    proxy.heal();
    assert_eq!(set.await.unwrap(), 1);
    half_open.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
}

#[tokio::test]
async fn with_answers_held_it_is_done_and_nobody_learns_of_it() {
    let (server, proxy, mut connection) = behind_a_proxy().await;
    proxy.hold_answers();
    let mut increment =
        Box::pin(async { redis::cmd("INCR").arg("n").query_async::<u64>(&mut connection).await });
    assert!(timeout(A_WHILE, &mut increment).await.is_err());
    let look = || async {
        anyhow::ensure!(server.ask::<Option<u64>>(&["GET", "n"]).await? == Some(1), "not yet");
        Ok(())
    };
    eventually("the server has done it", PATIENCE, look).await.unwrap();
    proxy.cut();
    assert!(increment.await.is_err());
}

#[tokio::test]
async fn a_delay_makes_everything_later_and_nothing_slower() {
    let (_server, proxy, connection) = behind_a_proxy().await;
    proxy.delay(Duration::from_millis(200));
    assert!(timeout(Duration::from_millis(350), ping(connection.clone())).await.is_err());
    // Fifty at once take as long as one.
    let all = (0..50).map(|_| tokio::spawn(ping(connection.clone()))).collect::<Vec<_>>();
    let answers = timeout(Duration::from_secs(5), async {
        for one in all {
            assert_eq!(one.await.unwrap().unwrap(), "PONG");
        }
    });
    answers.await.unwrap();
}

#[tokio::test]
async fn a_proxy_may_stand_before_a_server_that_is_down() {
    let (server, proxy, connection) = behind_a_proxy().await;
    server.kill().unwrap();
    assert!(ping(connection).await.is_err());
    assert!(client(&server.url_at(proxy.address())).await.is_err());
    server.restart().await.unwrap();
    assert!(client(&server.url_at(proxy.address())).await.is_ok());
    let address = proxy.address();
    drop(proxy);
    let gone = || async {
        anyhow::ensure!(TcpStream::connect(address).await.is_err(), "it still accepts");
        Ok(())
    };
    eventually("the proxy is gone", PATIENCE, gone).await.unwrap();
}
