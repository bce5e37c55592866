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

/// What somebody at the page does; gives the status and the error.
async fn act(sim: &Running, what: Value) -> (u16, Value) {
    let answer = sim.client.post(format!("{}/sim/act", sim.url)).json(&what).send().await.unwrap();
    (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["error"].clone())
}

/// What the page shows to somebody.
async fn shown(sim: &Running, user: &str, channel: &str) -> Value {
    let url = format!("{}/sim/state?as={user}&channel={channel}", sim.url);
    sim.client.get(url).send().await.unwrap().json::<Value>().await.unwrap()
}

fn say(user: &str, channel: &str, text: &str) -> Value {
    json!({"do": "say", "user": user, "channel": channel, "text": text})
}

#[tokio::test]
async fn the_page_shows_and_acts() {
    let sim = running().await;
    assert_eq!(act(&sim, say("U1", CHANNEL, "hello @ben")).await.0, 200);
    assert_eq!(act(&sim, say("U1", CHANNEL, "/nothing")).await.0, 400);
    let seen = shown(&sim, "U1", CHANNEL).await;
    assert_eq!(seen["state"]["messages"][0]["text"], "hello <@U2>");
    let since = format!("{}/sim/state?as=U1&since={}", sim.url, seen["version"]);
    let same = sim.client.get(since).send().await.unwrap().json::<Value>().await.unwrap();
    assert!(same.get("state").is_none());
}

#[tokio::test]
async fn the_page_and_its_scripts_come_from_here_and_nowhere_else() {
    let sim = running().await;
    let page = sim.client.get(&sim.url).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-src 'none'"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(page.contains("id=\"composer\""));
    assert!(!page.contains("https://") && !page.contains(" style=") && !page.contains(" onclick="));
    let mut wanted: Vec<String> = vec!["/page/page.css".to_owned(), "/page/page.js".to_owned()];
    assert!(wanted.iter().all(|path| page.contains(path.as_str())));
    let mut looked_at = 0;
    while let Some(path) = wanted.get(looked_at).cloned() {
        looked_at += 1;
        let answer = sim.client.get(format!("{}{path}", sim.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let text = answer.text().await.unwrap();
        assert!(!text.contains("https://") && !text.contains("innerHTML"), "{path}");
        let imports = text.lines().filter(|line| line.starts_with("import "));
        for import in imports.filter_map(|line| line.split('"').nth(1)) {
            if !wanted.iter().any(|path| path == import) {
                wanted.push(import.to_owned());
            }
        }
    }
    assert_eq!(looked_at, 8, "{wanted:?}");
}

#[tokio::test]
async fn the_page_talks_to_the_bot_for_the_chosen_person() {
    let sim = running().await;
    assert_eq!(shown(&sim, "U1", "bot").await["state"]["channel"], Value::Null);
    act(&sim, say("U1", "bot", "top")).await;
    sim.call("chat.postMessage", "xoxb-simulated", &[("channel", "U1"), ("text", "1. <@U2>")]).await.unwrap();
    let seen = shown(&sim, "U1", "bot").await["state"].clone();
    let texts: Vec<_> = seen["messages"].as_array().unwrap().iter().map(|it| it["text"].clone()).collect();
    assert_eq!((texts, &seen["direct_messages"]), (vec![json!("top"), json!("1. <@U2>")], &json!(1)));
    assert_eq!(shown(&sim, "U2", "bot").await["state"]["messages"], Value::Null, "others have their own");
    let events = sim.handle.read(slack_sim::World::pending_deliveries);
    assert_eq!(events, ["message", "message"], "the bot hears its own words too, as from Slack");
}

#[tokio::test]
async fn the_sheet_of_a_person_sets_only_what_was_changed() {
    let sim = running().await;
    let status = json!({"emoji": ":palm_tree:", "text": "Vacationing", "minutes": 30});
    let person = json!({"do": "person", "user": "U2", "active": false, "pause": 120, "status": status});
    assert_eq!(act(&sim, person).await.0, 200);
    let look = |seen: &Value| {
        let all = seen["state"]["people"].as_array().unwrap().clone();
        let ben = all.into_iter().find(|it| it["id"] == "U2").unwrap();
        json!([ben["active"], ben["dnd"], ben["emoji"], ben["status_until"], ben["nightly"]])
    };
    let seen = shown(&sim, "U1", CHANNEL).await;
    assert_eq!(look(&seen), json!([false, true, ":palm_tree:", "Wed 05:30", false]));
    act(&sim, json!({"do": "person", "user": "U2", "pause": 0})).await;
    act(&sim, json!({"do": "person", "user": "U2", "nightly": true})).await;
    let seen = shown(&sim, "U1", CHANNEL).await;
    assert_eq!(
        look(&seen),
        json!([false, true, ":palm_tree:", "Wed 05:30", true]),
        "it is five in the morning"
    );
    act(&sim, json!({"do": "dnd", "user": "U2"})).await;
    assert_eq!(look(&shown(&sim, "U1", CHANNEL).await)[1], false);
    assert_eq!(act(&sim, json!({"do": "person", "user": "U999", "active": true})).await.0, 400);
}

#[tokio::test]
async fn a_command_in_a_thread_is_refused_and_whispers_are_numbered() {
    let sim = running().await;
    let root = sim.handle.with(|world, now| world.post(now, "U1", CHANNEL, "root", None).unwrap());
    let mut command = say("U1", CHANNEL, "/page now");
    command["thread_ts"] = root.into();
    assert_eq!(act(&sim, command).await, (400, json!("/page is not supported in threads. Sorry!")));
    let before = shown(&sim, "U1", CHANNEL).await["state"]["last_ephemeral"].as_u64();
    let whisper = [("channel", CHANNEL), ("user", "U1"), ("text", "psst")];
    sim.call("chat.postEphemeral", "xoxb-simulated", &whisper).await.unwrap();
    let seen = shown(&sim, "U1", CHANNEL).await["state"].clone();
    assert_eq!(seen["messages"][1]["ephemeral"], true);
    assert!(seen["messages"][1]["number"].as_u64() > before, "a page opened before shows it");
    assert_eq!(seen["messages"][1]["number"], seen["last_ephemeral"], "and one opened now does not");
}

/// Given calls take their time, when the caller hangs up before its message stands, then it stands all the same, as
/// it would at Slack.
#[tokio::test]
async fn a_call_takes_effect_even_if_its_caller_is_gone() {
    /// Draws 0.83 s first.
    const SEED: u64 = 20;
    let handle = SimHandle::new(team(), Arc::new(ManualClock::new(start())));
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), handle.clone()).await.unwrap();
    let server = server.with_latency(Duration::from_secs(1), SEED);
    let url = format!("{}/api/chat.postMessage", server.url());
    let stop = CancellationToken::new();
    tokio::spawn(server.run(stop.clone()));
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(50)).build().unwrap();
    let mut changes = handle.changes();
    let post =
        client.post(url).bearer_auth("xoxb-simulated").form(&[("channel", CHANNEL), ("text", "Hello")]);
    assert!(post.send().await.unwrap_err().is_timeout());
    assert_eq!(handle.read(|world| world.messages(CHANNEL).len()), 0, "not yet");
    let stands = changes.wait_for(|_| handle.read(|world| world.messages(CHANNEL).len() == 1));
    tokio::time::timeout(Duration::from_secs(20), stands).await.unwrap().unwrap();
    stop.cancel();
}
