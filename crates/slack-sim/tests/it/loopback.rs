//! Over real HTTP on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::{Router, routing::post};
use serde_json::{Value, json};
use slack_sim::{Fault, FaultKind, ManualClock, Server, SimHandle, signature};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::support::{CHANNEL, start, team};

pub(crate) struct Running {
    pub(crate) handle: SimHandle,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) sockets: slack_sim::Sockets,
    pub(crate) url: String,
    client: reqwest::Client,
    _stop: DropGuard,
}

pub(crate) async fn running() -> Running {
    let clock = Arc::new(ManualClock::new(start()));
    let handle = SimHandle::new(team(), clock.clone());
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), handle.clone()).await.unwrap();
    let (url, sockets) = (server.url(), server.sockets());
    let stop = CancellationToken::new();
    tokio::spawn(server.run(stop.clone()));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Running { handle, clock, sockets, url, client, _stop: stop.drop_guard() }
}

impl Running {
    fn request(&self, method: &str, token: &str, args: &[(&str, &str)]) -> reqwest::RequestBuilder {
        self.client.post(format!("{}/api/{method}", self.url)).bearer_auth(token).form(args)
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        token: &str,
        args: &[(&str, &str)],
    ) -> reqwest::Result<Value> {
        self.request(method, token, args).send().await?.json().await
    }
}

#[tokio::test]
async fn a_client_calls_and_faults_break_the_connection() {
    let sim = running().await;
    let token = "xoxb-simulated";
    assert_eq!(sim.call("auth.test", token, &[]).await.unwrap()["team_id"], "T1");
    sim.handle.with(|world, _| {
        world.inject(Fault::once("chat.postMessage", FaultKind::CloseAfter));
        world.inject(Fault::once("chat.postMessage", FaultKind::HangAfter));
    });
    let post = [("channel", CHANNEL), ("text", "hi")];
    let closed = sim.call("chat.postMessage", token, &post).await.unwrap_err();
    assert!(!closed.is_timeout() && closed.status().is_none(), "{closed:?}");
    let impatient = sim.request("chat.postMessage", token, &post).timeout(Duration::from_secs(1));
    let hung = impatient.send().await.unwrap_err();
    assert!(hung.is_timeout(), "{hung:?}");
    assert_eq!(sim.handle.read(|world| world.messages(CHANNEL).len()), 2);
}

/// An app that fails the first time.
async fn app(listener: tokio::net::TcpListener, seen: mpsc::UnboundedSender<(HeaderMap, Bytes)>) {
    let router = Router::new().route(
        "/slack",
        post(move |headers: HeaderMap, body: Bytes| async move {
            let retried = headers.contains_key("x-slack-retry-num");
            seen.send((headers, body)).unwrap();
            if retried {
                (axum::http::StatusCode::OK, "on it")
            } else {
                (axum::http::StatusCode::BAD_GATEWAY, "")
            }
        }),
    );
    axum::serve(listener, router).await.unwrap();
}

#[tokio::test]
async fn an_event_is_posted_signed_and_tried_again() {
    let sim = running().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/slack", listener.local_addr().unwrap())).unwrap();
    let (seen, mut inbox) = mpsc::unbounded_channel();
    tokio::spawn(app(listener, seen));
    sim.handle.with(|world, now| {
        world.app_mut().delivery =
            slack_sim::DeliveryMode::Http { events: url.clone(), commands: url.clone(), interactions: url };
        world.direct_message(now, "U1", "hello").unwrap();
    });
    let (headers, body) = inbox.recv().await.unwrap();
    let secret = sim.handle.read(|world| world.app().signing_secret.clone());
    assert_eq!(headers["x-slack-signature"], signature(&secret, start().as_second(), &body));
    let (headers, again) = inbox.recv().await.unwrap();
    assert_eq!(
        (&headers["x-slack-retry-num"], &headers["x-slack-retry-reason"]),
        (&"1".parse().unwrap(), &"http_error".parse().unwrap())
    );
    assert_eq!(again, body);
}

#[tokio::test]
async fn the_page_shows_and_acts() {
    let sim = running().await;
    let client = &sim.client;
    let page = client.get(&sim.url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("id=\"composer\""));
    assert!(!page.contains("https://"), "no third party");
    let act = |body: Value| client.post(format!("{}/sim/act", sim.url)).json(&body).send();
    let said =
        act(json!({"do": "say", "user": "U1", "channel": CHANNEL, "text": "hello @ben"})).await.unwrap();
    assert_eq!(said.status(), 200);
    let wrong =
        act(json!({"do": "say", "user": "U1", "channel": CHANNEL, "text": "/nothing"})).await.unwrap();
    assert_eq!(wrong.status(), 400);
    let state = |url: String| async { client.get(url).send().await.unwrap().json::<Value>().await.unwrap() };
    let shown = state(format!("{}/sim/state?as=U1&channel={CHANNEL}", sim.url)).await;
    assert_eq!(shown["state"]["messages"][0]["text"], "hello <@U2>");
    let same = state(format!("{}/sim/state?as=U1&since={}", sim.url, shown["version"])).await;
    assert!(same.get("state").is_none());
}
