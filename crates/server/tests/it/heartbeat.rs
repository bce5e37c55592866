//! The heartbeat: a request after each audit, over a real socket, and none once the store stands still.

use std::sync::Arc;
use std::time::Duration;

use pagerslack::clock::SystemClock;
use pagerslack::config::{Config, Environment, File};
use pagerslack::metrics::Metrics;
use pagerslack::{Bot, Surroundings};
use pagerslack_slack::HttpTransport;
use pagerslack_slack::transport::Token;
use pagerslack_store::{Sqlite, Store};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::crash::{Fuse, FusedStore};

/// What comes from the environment wins over the file, and is a secret.
const TOKEN: &str = "ping/s3cret?x=1";

/// A service that hears heartbeats at an address that ends like this, with the first line of each; it answers the first
/// with an error.
pub(crate) async fn listener(path: &str) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/{path}", listener.local_addr().unwrap());
    let (sender, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut status = "500 Internal Server Error";
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            let head = String::from_utf8_lossy(&request[..length]).into_owned();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            status = "204 No Content";
            if sender.send(head.lines().next().unwrap_or_default().to_owned()).is_err() {
                return;
            }
        }
    });
    (url, heard)
}

/// Given a heartbeat's address, when the bot runs, then it beats after each audit, also after a beat that failed; and
/// when the store stands still, then it beats no more.
#[tokio::test]
async fn it_beats_while_the_store_works() {
    let (url, mut heard) = listener(TOKEN).await;
    let environment = Environment {
        bot_token: Some(Token::new("xoxb-1")),
        // Nobody is there: the heartbeat says that the bot is alive, not that Slack is.
        api_url: Some("http://127.0.0.1:1/".to_owned()),
        heartbeat_url: Some(SecretString::from(url)),
        ..Environment::default()
    };
    let file = File::parse("heartbeat_url = \"http://127.0.0.1:1/another\"").unwrap();
    let mut config = Config::resolve(file, &environment).unwrap();
    assert!(!format!("{config:?} {environment:?}").contains("s3cret"), "P8");
    config.settings.audit_interval = jiff::SignedDuration::from_millis(5);
    let fuse = Fuse::of(i64::MAX);
    let store: Arc<dyn Store> = Arc::new(Sqlite::in_memory().unwrap());
    let surroundings = Surroundings {
        clock: Arc::new(SystemClock),
        store: Arc::new(FusedStore(Arc::clone(&fuse), store)),
        transport: Arc::new(HttpTransport::new().unwrap()),
        seed: 1,
        panel: false,
        records: None,
    };
    let bot = Bot::assemble(config, surroundings).await.unwrap();
    let engine = Arc::clone(bot.engine());
    let shutdown = CancellationToken::new();
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = tokio::spawn(bot.run(port, shutdown.clone()));
    for _ in 0..4 {
        assert_eq!(heard.recv().await.unwrap(), format!("POST /{TOKEN} HTTP/1.1"));
    }
    let count = |metrics: &Metrics| (metrics.heartbeats_failed.get(), metrics.heartbeats.get() >= 2);
    assert_eq!(count(engine.metrics()), (1, true));

    fuse.blow();
    fuse.is_blown().await;
    while heard.try_recv().is_ok() {}
    let beat = tokio::time::timeout(Duration::from_millis(300), heard.recv()).await;
    assert!(beat.is_err(), "it beats although the store stands still");
    shutdown.cancel();
    running.await.unwrap();
}

/// Given an address that is none, then it is told without being repeated.
#[test]
fn a_wrong_address_is_told_and_not_repeated() {
    let heartbeat_url = Some(SecretString::from("s3cret"));
    let environment = Environment { heartbeat_url, ..Environment::default() };
    let told = Config::resolve(File::default(), &environment).unwrap_err().to_string();
    assert!(told.contains("PAGERSLACK_HEARTBEAT_URL must be an address that begins with https://"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}
