//! Slack does not say whether a message was posted: it is found out, and every message stands once (P2).

use std::sync::Arc;

use async_trait::async_trait;
use pagerslack::config::RotationConfig;
use pagerslack_slack::transport::{Request, Response, Transport, TransportError};
use pagerslack_store::Sqlite;
use slack_sim::{Fault, FaultKind, ManualClock, SimHandle};

use crate::harness::{InProcess, NOON, Stage, team};

fn kinds() -> Vec<FaultKind> {
    vec![
        FaultKind::Http500,
        FaultKind::Http500AfterEffect,
        FaultKind::Error("internal_error".into()),
        FaultKind::ErrorAfterEffect("internal_error".into()),
        FaultKind::Error("fatal_error".into()),
        FaultKind::ErrorAfterEffect("fatal_error".into()),
        FaultKind::Error("service_unavailable".into()),
        FaultKind::HangBefore,
        FaultKind::HangAfter,
        FaultKind::CloseBefore,
        FaultKind::CloseAfter,
        FaultKind::Garbage,
        FaultKind::RateLimited { retry_after: Some(7) },
        FaultKind::RateLimited { retry_after: None },
    ]
}

/// Slack's 429 without the header that says for how long.
struct WithoutRetryAfter(InProcess);

#[async_trait]
impl Transport for WithoutRetryAfter {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send(request).await.map(|response| Response { retry_after: None, ..response })
    }
}

/// The whole course of an incident that ends with a manager, with one post of it going wrong `times` times.
async fn story(kind: FaultKind, after: u32, times: u32) {
    let what = format!("{kind:?} after {after} posts, {times} times");
    let silent = kind == FaultKind::RateLimited { retry_after: None };
    let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
    let url = "http://bot.example/slack/events".parse().unwrap();
    let world = team(&["ana", "bo"]).deliver_to(&url).build();
    let slack = SimHandle::new(world, Arc::<ManualClock>::clone(&clock));
    let transport: Arc<dyn Transport> = if silent {
        Arc::new(WithoutRetryAfter(InProcess(slack.clone())))
    } else {
        Arc::new(InProcess(slack.clone()))
    };
    let rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
    let stage = Stage::start(slack, clock, Arc::new(Sqlite::in_memory().unwrap()), transport, rotation).await;

    stage.fault(Fault::once("chat.postMessage", kind).after(after).times(times));
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("5 min").await;
    assert_eq!(stage.kinds(), "root page/1 page/2 managers/1", "{what}\n{}", stage.transcript());
    let [first, second] = &stage.pages()[..] else { panic!("{what}") };
    assert!((120..=150).contains(&(second.at - first.at)), "{what}: {} {}", first.at, second.at);
    stage.reacts("M1", &stage.post("managers/1").ts, "eyes").await;
    stage.pass("30 min").await;
    assert_eq!(stage.kinds(), "root page/1 page/2 managers/1 taken", "{what}");
    assert!(stage.slack.read(|world| world.messages("C1").len()) == 5, "{what}\n{}", stage.transcript());
    stage.end().await;
}

/// Given Slack fails in any of its ways at the root message, then the channel shows one root and the hunt goes on.
#[tokio::test]
async fn the_root_message() {
    for kind in kinds() {
        story(kind, 0, 1).await;
    }
}

/// Given Slack fails in any of its ways at the first page, then the person is asked once and has their two
/// minutes.
#[tokio::test]
async fn a_page() {
    for kind in kinds() {
        story(kind, 1, 1).await;
    }
}

/// Given Slack fails in any of its ways at the managers' message, then they are called once.
#[tokio::test]
async fn the_managers_message() {
    for kind in kinds() {
        story(kind, 3, 1).await;
    }
}

/// Given Slack fails in any of its ways at the message that says who is on it, then it stands once.
#[tokio::test]
async fn the_message_that_says_who_is_on_it() {
    for kind in kinds() {
        story(kind, 4, 1).await;
    }
}

/// Given Slack fails three times in a row at the first page, then it is posted once all the same.
#[tokio::test]
async fn a_page_three_times_in_a_row() {
    for kind in kinds() {
        story(kind, 1, 3).await;
    }
}

/// Given it is unknown whether the page was posted, and then Slack cannot be read either for a while, then nothing
/// is posted until it can be read.
#[tokio::test]
async fn nothing_is_posted_again_before_it_was_looked_for() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::HangAfter).after(1));
    stage.fault(Fault::once("conversations.replies", FaultKind::Http500).times(6));
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("15 s").await;
    assert_eq!(stage.slack.read(|world| world.count_calls("chat.postMessage")), 2);
    stage.pass("30 s").await;
    assert_eq!(stage.kinds(), "root page/1");
    assert_eq!(stage.count("posts_found_again"), 1);
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}

/// Given a page stands of which Slack said nothing, when somebody takes the incident before that is found out, then
/// the page is found all the same, and no longer asks anybody.
#[tokio::test]
async fn a_page_that_nobody_waits_for_any_more_is_found_and_asks_nobody() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::CloseAfter).after(1));
    stage.types("U1", "https://incident.example/1").await;
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.pass("1 min").await;
    assert_eq!(stage.kinds(), "root page/1 taken");
    let page = stage.post("page/1").text;
    assert!(page.contains("need not answer any more") || page.contains("is on it"), "{page}");
    stage.end().await;
}

/// The same of a call that reached a manager directly.
#[tokio::test]
async fn a_call_of_the_managers_that_nobody_waits_for_any_more_is_found_and_asks_nobody() {
    let stage = Stage::with(&["ana"]).await;
    stage.presence("U1", slack_sim::Presence::Away);
    stage.fault(Fault::once("chat.postMessage", FaultKind::CloseAfter).after(1));
    stage.types("U1", "https://incident.example/1").await;
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.pass("1 min").await;
    assert_eq!(stage.kinds(), "root managers/1 taken");
    let call = stage.post("managers/1").text;
    assert!(call.contains("is on it"), "{call}");
    stage.end().await;
}

/// Given a call of the managers stands of which Slack said nothing, and the token is revoked before that is found out,
/// when the token is good again and a manager reacts to that call, then the incident is theirs (P4).
#[tokio::test]
async fn a_call_of_the_managers_is_found_although_the_token_was_revoked_meanwhile() {
    let stage = Stage::with(&["ana"]).await;
    stage.presence("U1", slack_sim::Presence::Away);
    stage.fault(Fault::once("chat.postMessage", FaultKind::CloseAfter).after(1));
    stage.types("U1", "https://incident.example/1").await;
    stage.slack.with(|world, now| world.revoke_tokens(now));
    stage.pass("30 s").await;
    stage.slack.with(|world, _| world.restore_tokens());
    stage.pass("65 s").await;
    stage.reacts("M1", &stage.post("managers/1").ts, "eyes").await;
    stage.pass("1 s").await;
    assert!(stage.kinds().ends_with("taken"), "{}\n{}", stage.kinds(), stage.transcript());
    stage.end().await;
}
