//! Socket Mode over real sockets on this machine, against a Slack that each test plays by hand.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use pagerslack_slack::socket_mode::{HandlerError, Trouble};
use pagerslack_slack::{EnvelopeHandler, Inbound, LinkStatus, SocketMode, Timings, Token};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::fake::{Fake, ok, refused};

/// Long enough for anything that should happen, on a busy machine too.
const SOON: Duration = Duration::from_secs(10);

/// Commands say by their text what becomes of them.
struct Taker;

#[async_trait]
impl EnvelopeHandler for Taker {
    async fn handle(&self, inbound: Inbound) -> Result<Option<Value>, HandlerError> {
        let Inbound::Command(command) = inbound else { return Ok(None) };
        match command.text.as_str() {
            "slow" => tokio::time::sleep(Duration::from_millis(300)).await,
            "stuck" => std::future::pending().await,
            "fail" => return Err("the disk is full".into()),
            "panic" => panic!("as asked"),
            _ => {}
        }
        Ok(Some(json!({ "text": format!("took {}", command.text) })))
    }
}

fn timings() -> Timings {
    Timings {
        handler: Duration::from_secs(1),
        linger: Duration::from_millis(50),
        drain: Duration::from_secs(2),
        settled: Duration::ZERO,
        first_wait: Duration::from_millis(50),
        longest_wait: Duration::from_millis(400),
        hopeless_wait: Duration::from_secs(60),
        ..Timings::default()
    }
}

/// A Slack that hands out its own address, and PagerSlack connected to it.
struct Story {
    listener: TcpListener,
    api: Arc<Fake>,
    status: watch::Receiver<LinkStatus>,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
}

type Link = WebSocketStream<TcpStream>;

impl Story {
    async fn new(connections: usize, timings: Timings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/link?ticket=secret", listener.local_addr().unwrap());
        let api = Fake::new(move |_| ok(json!({ "ok": true, "url": url })));
        Self::over(listener, api, connections, timings)
    }

    fn over(listener: TcpListener, api: Arc<Fake>, connections: usize, timings: Timings) -> Self {
        let client = api.client_at("http://127.0.0.1:1/api/");
        let socket_mode =
            SocketMode::with(client, Token::new("xapp-1"), Arc::new(Taker), connections, timings);
        let (status, shutdown) = (socket_mode.status(), CancellationToken::new());
        let until = shutdown.clone();
        let running = tokio::spawn(async move { socket_mode.run(until).await });
        Self { listener, api, status, shutdown, running }
    }

    async fn accept(&self) -> Link {
        let (socket, _) = timeout(SOON, self.listener.accept()).await.unwrap().unwrap();
        tokio_tungstenite::accept_async(socket).await.unwrap()
    }

    /// Accepts a link and greets it.
    async fn link(&self) -> Link {
        let mut link = self.accept().await;
        say(&mut link, json!({ "type": "hello", "num_connections": 1 })).await;
        link
    }

    async fn status(&mut self, wanted: impl FnMut(&LinkStatus) -> bool) -> LinkStatus {
        timeout(SOON, self.status.wait_for(wanted)).await.unwrap().unwrap().clone()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        timeout(SOON, self.running).await.unwrap().unwrap();
    }
}

async fn say(link: &mut Link, frame: Value) {
    link.send(Message::text(frame.to_string())).await.unwrap();
}

/// Sends a command in an envelope of the same name.
async fn command(link: &mut Link, text: &str) {
    let payload = json!({ "team_id": "T1", "channel_id": "C1", "user_id": "U1", "command": "/devoncall", "text": text });
    say(
        link,
        json!({ "envelope_id": text, "type": "slash_commands", "accepts_response_payload": true, "payload": payload }),
    )
    .await;
}

/// The next acknowledgement; `None` when the link is closed.
async fn acknowledged(link: &mut Link) -> Option<Value> {
    loop {
        match timeout(SOON, link.next()).await.unwrap() {
            Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

async fn acknowledged_id(link: &mut Link) -> String {
    acknowledged(link).await.unwrap()["envelope_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_command_is_acknowledged_with_its_answer_once_it_was_taken() {
    let mut story = Story::new(1, timings()).await;
    let mut link = story.link().await;
    story.status(|status| status.up == 1).await;
    command(&mut link, "a").await;
    let expected = json!({ "envelope_id": "a", "payload": { "text": "took a" } });
    assert_eq!(acknowledged(&mut link).await, Some(expected));
    say(&mut link, json!({ "envelope_id": "e", "type": "news_of_tomorrow", "payload": {} })).await;
    assert_eq!(acknowledged(&mut link).await, Some(json!({ "envelope_id": "e" })));
    say(&mut link, json!({ "type": "unheard_of" })).await;
    command(&mut link, "b").await;
    assert_eq!(acknowledged_id(&mut link).await, "b");
    story.stop().await;
}

#[tokio::test]
async fn a_slow_one_delays_no_other_and_a_failed_one_is_not_acknowledged() {
    let story = Story::new(1, timings()).await;
    let mut link = story.link().await;
    for text in ["slow", "fail", "a", "b"] {
        command(&mut link, text).await;
    }
    let first = [acknowledged_id(&mut link).await, acknowledged_id(&mut link).await];
    assert_eq!(BTreeSet::from(first), BTreeSet::from(["a".into(), "b".into()]));
    assert_eq!(acknowledged_id(&mut link).await, "slow");
    command(&mut link, "c").await;
    assert_eq!(acknowledged_id(&mut link).await, "c", "and never the failed one");
    story.stop().await;
}

#[tokio::test]
async fn a_stuck_handler_is_given_up_and_not_acknowledged() {
    let story = Story::new(1, Timings { handler: Duration::from_millis(50), ..timings() }).await;
    let mut link = story.link().await;
    // More than are handled at once: the rest wait their turn.
    for _ in 0..40 {
        command(&mut link, "stuck").await;
    }
    command(&mut link, "a").await;
    assert_eq!(acknowledged_id(&mut link).await, "a");
    story.stop().await;
}

#[tokio::test]
async fn a_refresh_leaves_no_gap() {
    let mut story = Story::new(1, timings()).await;
    let mut old = story.link().await;
    story.status(|status| status.up == 1).await;
    say(&mut old, json!({ "type": "disconnect", "reason": "warning" })).await;
    say(&mut old, json!({ "type": "disconnect", "reason": "refresh_requested", "debug_info": null })).await;
    let mut new = story.accept().await;
    command(&mut old, "to the old one").await;
    assert_eq!(acknowledged_id(&mut old).await, "to the old one");
    command(&mut old, "slow").await;
    say(&mut new, json!({ "type": "hello", "num_connections": 2 })).await;
    assert_eq!(acknowledged_id(&mut old).await, "slow", "what the old one had is finished");
    assert_eq!(acknowledged(&mut old).await, None);
    command(&mut new, "to the new one").await;
    assert_eq!(acknowledged_id(&mut new).await, "to the new one");
    let status = story.status(|status| status.up == 1).await;
    assert_eq!((status.strangers, status.trouble), (0, None));
    assert_eq!(story.api.count("apps.connections.open"), 2);
    story.stop().await;
}

#[tokio::test]
async fn with_too_many_links_the_old_one_closes_first() {
    let mut story = Story::new(1, timings()).await;
    let mut old = story.link().await;
    story.status(|status| status.up == 1).await;
    say(&mut old, json!({ "type": "disconnect", "reason": "too_many_websockets" })).await;
    assert_eq!(acknowledged(&mut old).await, None);
    let status = story.status(|status| status.trouble.is_some()).await;
    assert_eq!((status.up, status.trouble), (0, Some(Trouble::TooMany)));
    let mut new = story.link().await;
    command(&mut new, "a").await;
    assert_eq!(acknowledged_id(&mut new).await, "a");
    assert_eq!(story.status(|status| status.up == 1).await.trouble, None);
    story.stop().await;
}

/// The server accepts, says hello, and hangs up: each time the wait must grow.
#[tokio::test]
async fn accept_then_close_is_met_with_patience() {
    let patient =
        Timings { settled: Duration::from_secs(30), longest_wait: Duration::from_secs(30), ..timings() };
    let story = Story::new(1, patient).await;
    let begun = Instant::now();
    for attempt in 0..5 {
        let mut link = story.accept().await;
        if attempt % 2 == 0 {
            say(&mut link, json!({ "type": "hello" })).await;
        }
        drop(link);
    }
    // The waits before attempts 2 to 5 are at least half of 50, 100, 200 and 400 ms.
    assert!(begun.elapsed() >= Duration::from_millis(375), "{:?}", begun.elapsed());
    story.stop().await;
}

#[tokio::test]
async fn a_wrong_app_token_is_said_loudly_and_not_tried_again_soon() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut story = Story::over(listener, Fake::new(|_| refused("invalid_auth")), 2, timings());
    let status = story.status(|status| status.trouble.is_some()).await;
    assert_eq!(status.trouble, Some(Trouble::Refused("invalid_auth".into())));
    assert_eq!((status.up, status.wanted), (0, 2));
    let api = Arc::clone(&story.api);
    story.stop().await;
    assert!(api.count("apps.connections.open") <= 2, "one attempt for each link");
}

#[tokio::test]
async fn switched_off_is_said_loudly_too() {
    let mut story = Story::new(1, timings()).await;
    let mut link = story.link().await;
    say(&mut link, json!({ "type": "disconnect", "reason": "link_disabled" })).await;
    assert_eq!(story.status(|status| status.trouble.is_some()).await.trouble, Some(Trouble::Disabled));
    story.stop().await;
}

/// Slack's end neither speaks nor answers pings: the link is given up, and another one opened.
#[tokio::test]
async fn silence_is_a_lost_link() {
    let quick = Timings { ping: Duration::from_millis(50), silence: Duration::from_millis(400), ..timings() };
    let mut story = Story::new(1, quick).await;
    let silent = story.link().await;
    story.status(|status| status.up == 1).await;
    let mut next = story.link().await;
    command(&mut next, "a").await;
    assert_eq!(acknowledged_id(&mut next).await, "a");
    drop(silent);
    story.stop().await;
}

#[tokio::test]
async fn no_hello_is_no_link() {
    let mut story = Story::new(1, Timings { hello: Duration::from_millis(300), ..timings() }).await;
    let mute = story.accept().await;
    let status = story.status(|status| status.trouble.is_some()).await;
    assert!(matches!(status.trouble, Some(Trouble::Failed(_))), "{status:?}");
    let greeted = story.link().await;
    story.status(|status| status.up == 1).await;
    drop((mute, greeted));
    story.stop().await;
}

#[tokio::test]
async fn slacks_pings_are_answered() {
    let story = Story::new(1, timings()).await;
    let mut link = story.link().await;
    link.send(Message::Ping("are you there".into())).await.unwrap();
    loop {
        match timeout(SOON, link.next()).await.unwrap().unwrap().unwrap() {
            Message::Pong(payload) if payload == "are you there" => break,
            _ => {}
        }
    }
    story.stop().await;
}

#[tokio::test]
async fn a_handler_that_panics_costs_one_link_and_not_the_slot() {
    let story = Story::new(1, timings()).await;
    let mut link = story.link().await;
    command(&mut link, "panic").await;
    assert_eq!(acknowledged(&mut link).await, None);
    let mut next = story.link().await;
    command(&mut next, "a").await;
    assert_eq!(acknowledged_id(&mut next).await, "a");
    story.stop().await;
}

#[tokio::test]
async fn links_that_are_not_ours_are_counted() {
    let mut story = Story::new(1, timings()).await;
    let mut link = story.accept().await;
    say(&mut link, json!({ "type": "hello", "num_connections": 3 })).await;
    assert_eq!(story.status(|status| status.up == 1).await.strangers, 2);
    story.stop().await;
}

#[tokio::test]
async fn at_shutdown_what_was_taken_is_acknowledged() {
    let story = Story::new(2, timings()).await;
    let (mut one, mut two) = (story.link().await, story.link().await);
    command(&mut one, "slow").await;
    command(&mut two, "a").await;
    assert_eq!(acknowledged_id(&mut two).await, "a");
    story.shutdown.cancel();
    assert_eq!(acknowledged_id(&mut one).await, "slow");
    assert_eq!(acknowledged(&mut one).await, None);
    assert_eq!(acknowledged(&mut two).await, None);
    story.stop().await;
}
