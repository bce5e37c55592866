//! What addresses outside are told, by a receiver that checks signatures with the convention's own library.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

use super::Door;
use crate::service::{eventually, stopped};
use crate::wire::{page, react, taken};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Somebody outside who listens.
#[derive(Clone)]
struct Receiver {
    at: SocketAddr,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
    /// With what it answers, first to last; 204 once these are used up.
    answers: Arc<Mutex<Vec<StatusCode>>>,
}

impl Receiver {
    async fn listen(answers: &[StatusCode]) -> Self {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let answers = Arc::new(Mutex::new(answers.to_vec()));
        let receiver = Self { at: listener.local_addr().unwrap(), heard: Arc::default(), answers };
        let router = Router::new().route("/in/{token}", post(hear)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    fn heard(&self) -> Vec<(String, Value)> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until it has been told of an event; gives its id and what it was told.
    async fn told(&self, name: &str) -> (String, Value) {
        eventually(name, || async { self.heard().into_iter().find(|(_, told)| told["type"] == name) }).await
    }
}

/// Checks the signature as anybody would, and keeps what was told.
async fn hear(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    let checked = Webhook::new(SECRET).unwrap().verify(&body, &headers);
    assert!(checked.is_ok(), "{headers:?}");
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    receiver.heard.lock().unwrap().push((id, serde_json::from_slice(&body).unwrap()));
    let mut answers = receiver.answers.lock().unwrap();
    let answer = if answers.is_empty() { StatusCode::NO_CONTENT } else { answers.remove(0) };
    // To where nobody may follow.
    (answer, [(header::LOCATION, "/in/elsewhere")]).into_response()
}

async fn door(receiver: &Receiver, keys: &str) -> Door {
    let at = receiver.at;
    let mut door = Door::prepare(&format!(
        "[[webhook]]\nname = \"status-page\"\nurl = \"http://{at}/in/s3cret\"\n{keys}"
    ))
    .await;
    door.environment.push(("PAGERSLACK_WEBHOOK_STATUS_PAGE", SECRET.to_owned()));
    door
}

/// Given somebody who is to be told, when an incident is reported and taken, then they are told each step once, signed, in
/// the state of that step, without what people wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_is_told_and_signed() {
    let receiver = Receiver::listen(&[]).await;
    let door = door(&receiver, "").await;
    let process = door.serve().await;
    let token = door.token("Grafana", "--channel C0DEMO").await;
    let report = json!({ "url": "https://i.example/1", "note": "the shop is down" });
    let accepted = door.post("/api/v1/incidents", &token, &report).await;
    let (_, reported) = receiver.told("incident.reported").await;
    assert_eq!(reported["data"]["seq"], 1);
    assert_eq!(reported["data"]["incident"]["state"], "hunting");
    assert_eq!(reported["data"]["incident"]["id"], accepted.body["id"]);
    assert!(
        reported["timestamp"].is_string() && !reported.to_string().contains("the shop is down"),
        "{reported}"
    );
    let (ts, responder) = page(&door.service.slack).await;
    let (_, paged) = receiver.told("incident.paged").await;
    assert_eq!(paged["data"]["incident"]["attempts"][0]["user"], responder.as_str());
    react(&door.service.slack, &responder, &ts);
    taken(&door.service.slack).await;
    let (id, acknowledged) = receiver.told("incident.acknowledged").await;
    assert_eq!(acknowledged["data"]["incident"]["acknowledged_by"], responder.as_str());
    assert_eq!(id, format!("msg_{}_{}", accepted.body["id"].as_str().unwrap(), acknowledged["data"]["seq"]));
    eventually("three are counted", || async {
        let (_, metrics) = door.service.asked("/metrics").await?;
        metrics.contains("pagerslack_webhooks_delivered_total 3").then_some(())
    })
    .await;
    let names: Vec<_> = receiver.heard().into_iter().map(|(_, told)| told["type"].clone()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    stopped(process).await;
    let log = door.service.log();
    assert!(!log.contains("s3cret") && !log.contains("MfKQ9r8G"), "P8");
}

/// Given a receiver that fails, and then sends us elsewhere, then the same message comes again under the same id, nobody
/// follows it there, and the page has long gone out; also when the bot was killed in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_heard_comes_again() {
    let receiver =
        Receiver::listen(&[StatusCode::INTERNAL_SERVER_ERROR, StatusCode::TEMPORARY_REDIRECT]).await;
    let door =
        door(&receiver, "events = [\"incident.reported\"]\nchannels = [\"C0DEMO\"]\nnote = true").await;
    let process = door.serve().await;
    door.service.report("https://i.example/1 the shop is down");
    receiver.told("incident.reported").await;
    page(&door.service.slack).await;
    process.kill();
    let process = door.serve().await;
    let all =
        crate::service::eventually_within(std::time::Duration::from_secs(60), "a third try", || async {
            Some(receiver.heard()).filter(|heard| heard.len() == 3)
        });
    let all = all.await;
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    assert_eq!(all[0].1["data"]["note"], "the shop is down");
    assert!(door.service.log().contains("a webhook is not heard, and is tried again for three days"));
    stopped(process).await;
}

/// Given a webhook without its secret, then the bot says at its start what to set.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_without_a_secret_is_refused() {
    let door =
        Door::prepare("[[webhook]]\nname = \"status-page\"\nurl = \"https://status.example/in\"").await;
    let said = door.service.refuses_to_serve(door.command()).await;
    assert!(said.contains("PAGERSLACK_WEBHOOK_STATUS_PAGE is not set"), "{said}");
    assert!(said.contains("openssl rand -base64 32"), "{said}");
}
