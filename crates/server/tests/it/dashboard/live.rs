//! Pages that are open hear of what happens, and keep nobody from stopping.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use http::Request;
use pagerslack::demo::{Demo, Wanted};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

use super::office::Office;

/// How long something may take that needs no waiting.
const SOON: Duration = Duration::from_secs(20);

/// A page's ear.
struct Ear(BodyDataStream);

impl Ear {
    async fn open(office: &Office) -> Result<Self, u16> {
        let request = Request::get("/live").header("host", "localhost").body(Body::empty()).unwrap();
        let response = office.stage.bot.router().oneshot(request).await.unwrap();
        if response.status() != 200 {
            return Err(response.status().as_u16());
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Ok(Self(response.into_body().into_data_stream()))
    }

    /// The next word, or `None` once nothing comes any more.
    async fn hears(&mut self) -> Option<String> {
        let next = tokio::time::timeout(SOON, self.0.next()).await.expect("nothing is heard");
        next.map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap())
    }
}

/// Given a page that listens, when something happens, then it hears at once which incident it was, once it is in the
/// store; and of nothing else.
#[tokio::test]
async fn a_page_hears_of_what_has_happened() {
    let office = Office::open().await;
    let mut ear = Ear::open(&office).await.ok().unwrap();
    assert_eq!(ear.hears().await.unwrap(), "event: hello\ndata: listening\n\n");
    office.stage.types("U1", "https://incident.example/1").await;
    let incident = office.stage.incidents().await.remove(0).0;
    assert_eq!(ear.hears().await.unwrap(), format!("event: change\ndata: {incident} 1\n\n"));
}

/// Given as many pages as may listen, then the next is asked to come again, and finds a place when another has gone.
#[tokio::test]
async fn so_many_listen_at_a_time() {
    let office = Office::open().await;
    let mut ears = Vec::new();
    for _ in 0..200 {
        ears.push(Ear::open(&office).await.ok().unwrap());
    }
    assert_eq!(Ear::open(&office).await.err(), Some(503));
    drop(ears.pop());
    assert!(Ear::open(&office).await.is_ok());
}

/// Given a page that listens slowly, then nothing waits for it, and it hears that it has missed something.
#[tokio::test]
async fn whoever_is_slow_keeps_nobody_waiting() {
    let office = Office::open().await;
    let mut ear = Ear::open(&office).await.ok().unwrap();
    let (team, engine) = ("T1".into(), office.stage.bot.engine());
    for seq in 0..1_000 {
        engine.changed(&team, &"I1".into(), seq);
    }
    assert_eq!(ear.hears().await.unwrap(), "event: hello\ndata: listening\n\n");
    assert_eq!(ear.hears().await.unwrap(), "event: change\ndata: missed\n\n");
}

/// Given a page that listens, when the bot is told to stop, then the page is let go and the bot stops at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_listens_keeps_nobody_from_stopping() {
    let demo = Demo::start(Wanted { socket_mode: true, ..Wanted::default() }).await.unwrap();
    let address = demo.dashboard.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut page = TcpStream::connect(&address).await.unwrap();
    let asked = format!("GET /live HTTP/1.1\r\nHost: {address}\r\n\r\n");
    page.write_all(asked.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains("hello") {
        let mut piece = [0; 1024];
        let read =
            tokio::time::timeout(SOON, page.read(&mut piece)).await.expect("nothing is heard").unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&piece[..read]);
    }
    let stopped = tokio::time::timeout(Duration::from_secs(5), demo.stop()).await;
    assert!(stopped.is_ok(), "it is waited for no page");
    let mut rest = Vec::new();
    tokio::time::timeout(SOON, page.read_to_end(&mut rest)).await.expect("the page is let go").unwrap();
}
