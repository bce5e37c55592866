//! What addresses outside are told, by a receiver that checks signatures with the convention's own library.

use std::collections::BTreeMap;
use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use rusqlite::Connection;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

use super::Door;
use crate::service::{eventually, eventually_within, stopped};
use crate::wire::{page, react, taken};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Somebody outside who listens.
#[derive(Clone)]
struct Receiver {
    at: SocketAddr,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
    /// With what it answers, first to last; 204 once these are used up.
    answers: Arc<Mutex<Vec<StatusCode>>>,
    /// Whether it takes what it is told, and never answers.
    hangs: Arc<AtomicBool>,
    /// How many requests it keeps waiting, and how many those were at most.
    waiting: Arc<AtomicUsize>,
    most_waiting: Arc<AtomicUsize>,
}

impl Receiver {
    async fn listen(answers: &[StatusCode]) -> Self {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let answers = Arc::new(Mutex::new(answers.to_vec()));
        let receiver = Self {
            at: listener.local_addr().unwrap(),
            heard: Arc::default(),
            answers,
            hangs: Arc::default(),
            waiting: Arc::default(),
            most_waiting: Arc::default(),
        };
        let router = Router::new().route("/in/{token}", post(hear)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    fn heard(&self) -> Vec<(String, Value)> {
        self.heard.lock().unwrap().clone()
    }

    /// How often it was told each message; every time the same.
    fn times(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        let heard = self.heard();
        for (id, told) in &heard {
            assert!(heard.iter().all(|(other, same)| other != id || same == told), "{heard:?}");
            *times.entry(id.clone()).or_default() += 1;
        }
        times
    }

    /// Keeps a request waiting until whoever sent it goes.
    async fn keeps_waiting(self) -> Response {
        struct Gone(Arc<AtomicUsize>);
        impl Drop for Gone {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        let _gone = Gone(Arc::clone(&self.waiting));
        self.most_waiting.fetch_max(waiting, Ordering::SeqCst);
        pending().await
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
    if receiver.hangs.load(Ordering::SeqCst) {
        return receiver.keeps_waiting().await;
    }
    let mut answers = receiver.answers.lock().unwrap();
    let answer = if answers.is_empty() { StatusCode::NO_CONTENT } else { answers.remove(0) };
    // To where nobody may follow.
    (answer, [(header::LOCATION, "/in/elsewhere")]).into_response()
}

fn webhook(name: &str, receiver: &Receiver) -> String {
    format!("[[webhook]]\nname = \"{name}\"\nurl = \"http://{}/in/s3cret\"\n", receiver.at)
}

async fn door(receiver: &Receiver, keys: &str) -> Door {
    let mut door = Door::prepare(&(webhook("status-page", receiver) + keys)).await;
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
    let all = eventually_within(Duration::from_secs(60), "a third try", || async {
        Some(receiver.heard()).filter(|heard| heard.len() == 3)
    });
    let all = all.await;
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    assert_eq!(all[0].1["data"]["note"], "the shop is down");
    assert!(door.service.log().contains("a webhook is not heard, and is tried again for three days"));
    stopped(process).await;
}

/// Given two who are told, of whom one takes what it is told and never answers, when incidents are reported, then people are
/// asked and the other hears of everything; the silent one is given up after ten seconds, has four requests under way at
/// most, and hears everything again, under the same ids, once it answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_answers_holds_up_nobody() {
    let (silent, ledger) = (Receiver::listen(&[]).await, Receiver::listen(&[]).await);
    silent.hangs.store(true, Ordering::SeqCst);
    let mut door = door(&silent, &webhook("ledger", &ledger)).await;
    door.environment.push(("PAGERSLACK_WEBHOOK_LEDGER", SECRET.to_owned()));
    let process = door.serve().await;
    for number in 1..=4 {
        door.service.report(&format!("https://i.example/{number}"));
    }
    eventually("four pages, and the other is told of each step", || async {
        let pages = door.transcript().matches("can you take this incident?").count();
        let waiting = silent.most_waiting.load(Ordering::SeqCst);
        (pages == 4 && ledger.times().len() == 8 && waiting == 4).then_some(())
    })
    .await;
    eventually_within(Duration::from_secs(40), "it is given up for now", || async {
        let log = door.service.log();
        let line = log.lines().find(|line| line.contains("a webhook is not heard, and is tried again"))?;
        assert!(line.contains("no answer") && line.contains("status-page"), "{line}");
        Some(())
    })
    .await;
    silent.hangs.store(false, Ordering::SeqCst);
    eventually_within(Duration::from_secs(60), "it has answered everything", || async {
        let (_, metrics) = door.service.asked("/metrics").await?;
        metrics.contains("pagerslack_webhooks_delivered_total 16").then_some(())
    })
    .await;
    assert_eq!(silent.most_waiting.load(Ordering::SeqCst), 4, "pages go first");
    let (silent, ledger) = (silent.times(), ledger.times());
    assert!(silent.keys().eq(ledger.keys()), "{silent:?} {ledger:?}");
    assert!(
        silent.values().filter(|times| **times > 1).count() >= 4,
        "those that it left waiting: {silent:?}"
    );
    assert!(ledger.values().all(|times| *times == 1), "{ledger:?}");
    assert!(door.service.log().contains("a webhook is heard again"));
    stopped(process).await;
}

/// Lets so many hours pass for a bot that is off, as far as its database knows.
fn hours_pass(database: &Path, hours: i64) {
    let database = Connection::open(database).unwrap();
    let nanoseconds = hours * 3_600_000_000_000;
    for change in [
        "UPDATE events SET at = at - ?1",
        "UPDATE jobs SET due = due - ?1, lease_until = lease_until - ?1, last_claimed_at = last_claimed_at - ?1",
    ] {
        assert!(database.execute(change, [nanoseconds]).unwrap() >= 3, "{change}");
    }
}

/// Given a receiver that has gone, when the bot comes up 71 hours after it told it in vain, then it tries on; and when it comes
/// up after 73, then it gives up: that is logged, counted, and the keepers are told once, and nothing is left to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_hears_for_three_days_is_given_up() {
    let receiver = Receiver::listen(&[StatusCode::GONE; 99]).await;
    let mut door = Door::prepare(&format!("admin = \"C0DEMO\"\n{}", webhook("status-page", &receiver))).await;
    door.environment.push(("PAGERSLACK_WEBHOOK_STATUS_PAGE", SECRET.to_owned()));
    let process = door.serve().await;
    door.service.report("https://i.example/1");
    let (ts, responder) = page(&door.service.slack).await;
    react(&door.service.slack, &responder, &ts);
    taken(&door.service.slack).await;
    let tried_again = async |before: usize| {
        eventually("it is tried", || async { (receiver.heard().len() > before).then_some(()) }).await;
    };
    let counted = async |number: usize| {
        eventually_within(Duration::from_secs(60), "they are given up", || async {
            let (_, metrics) = door.service.asked("/metrics").await?;
            metrics.contains(&format!("pagerslack_webhooks_given_up_total {number}\n")).then_some(())
        })
        .await;
    };
    let told =
        || door.transcript().matches("The webhook status-page has not been heard for three days").count();
    tried_again(0).await;
    stopped(process).await;
    hours_pass(&door.service.database(), 71);
    let before = receiver.heard().len();
    let process = door.serve().await;
    tried_again(before).await;
    counted(0).await;
    assert_eq!(told(), 0);
    stopped(process).await;
    hours_pass(&door.service.database(), 2);
    let before = receiver.heard().len();
    let process = door.serve().await;
    counted(3).await;
    eventually("the keepers are told", || async { (told() == 1).then_some(()) }).await;
    stopped(process).await;
    let more = receiver.heard().len() - before;
    assert!((1..=3).contains(&more), "it may have come back: {more} tries");
    let log = door.service.log();
    assert_eq!(
        log.matches("a webhook was not heard for three days, and this is given up").count(),
        3,
        "{log}"
    );
    assert_eq!(told(), 1);
    let left: i64 = Connection::open(door.service.database())
        .unwrap()
        .query_row("SELECT count(*) FROM jobs WHERE key LIKE '%/webhook/%'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
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
