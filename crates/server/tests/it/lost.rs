//! A 👀 whose event never arrives is found before anybody else is asked (P4).

use pagerslack::config::RotationConfig;
use slack_sim::{Fault, FaultKind};

use crate::harness::{Post, Stage};

/// Given the person asked puts 👀 on the page and Slack loses the event, when the deadline comes, then the 👀 is
/// read back and nobody else is asked.
#[tokio::test]
async fn at_the_deadline_of_a_page() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.types("U1", "https://incident.example/1").await;
    let page = stage.post("page/1");
    eyes_get_lost(&stage, &page.asks(), &page).await;
    stage.pass("119 s").await;
    assert_eq!(stage.kinds(), "root page/1");
    found(stage, &page.asks(), "root page/1 taken").await;
}

/// Given somebody puts 👀 on the root and Slack loses the event, when the person asked passes, then the 👀 is
/// read back before the next one is asked.
#[tokio::test]
async fn before_the_hunt_after_a_pass() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", "https://incident.example/1").await;
    let page = stage.post("page/1");
    let volunteer = if page.asks() == "U2" { "U3" } else { "U2" };
    eyes_get_lost(&stage, volunteer, &stage.post("root")).await;
    stage.presses(&page.asks(), &page.ts, "pagerslack_pass").await;
    found(stage, volunteer, "root page/1 taken").await;
}

/// Given a manager puts 👀 on the managers' message and Slack loses the event, when they would be called again,
/// then they are not.
#[tokio::test]
async fn before_the_managers_are_called_again() {
    let stage = Stage::with(&["ana"]).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("2 min").await;
    eyes_get_lost(&stage, "M1", &stage.post("managers/1")).await;
    stage.pass("299 s").await;
    found(stage, "M1", "root page/1 managers/1 taken").await;
}

/// Given the first page was missed and its 👀 comes, unheard, while the second is being asked, then it is found
/// at the second's deadline.
#[tokio::test]
async fn on_an_older_page() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("2 min").await;
    let page = stage.post("page/1");
    eyes_get_lost(&stage, &page.asks(), &page).await;
    found(stage, &page.asks(), "root page/1 page/2 taken").await;
}

/// Given a hunt that had to wait for Slack, when somebody's 👀 was lost meanwhile, then it is read back before
/// the first person is asked.
#[tokio::test]
async fn before_a_hunt_that_had_to_wait() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("users.getPresence", FaultKind::RateLimited { retry_after: Some(20) }));
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("10 s").await;
    eyes_get_lost(&stage, "U2", &stage.post("root")).await;
    found(stage, "U2", "root taken").await;
}

/// Given the reactions cannot be read at the deadline, when Slack recovers within a few seconds, then the 👀 is
/// still found; and when it does not, the next one is asked rather than nobody (P6).
#[tokio::test]
async fn when_the_reactions_cannot_be_read_at_first() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.types("U1", "https://incident.example/1").await;
    let page = stage.post("page/1");
    eyes_get_lost(&stage, &page.asks(), &page).await;
    stage.fault(Fault::once("reactions.get", FaultKind::Http500).times(4));
    stage.pass("125 s").await;
    found(stage, &page.asks(), "root page/1 taken").await;

    let stage = Stage::with(&["ana", "bo"]).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.fault(Fault::always("reactions.get", FaultKind::RateLimited { retry_after: Some(600) }));
    stage.pass("140 s").await;
    let second = stage.post("page/2");
    assert!((120..=135).contains(&second.at), "{}", second.at);
    stage.reacts(&second.asks(), &second.ts, "eyes").await;
    stage.end().await;
}

/// Given a hunt waits a few seconds for Slack, when the process ends, somebody puts 👀 on the root while nobody is there,
/// and the next process goes on, then it reads them back before it asks anybody.
#[tokio::test]
async fn before_a_hunt_that_another_process_began() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("users.getPresence", FaultKind::RateLimited { retry_after: Some(3) }));
    stage.types("U1", "https://incident.example/1").await;
    eyes_get_lost(&stage, "U2", &stage.post("root")).await;
    stage.jump("1 s").await;
    found(stage.restarted(managed()).await, "U2", "root taken").await;
}

/// Given somebody has been chosen and their page waits for Slack, when the process ends and somebody puts 👀 on the
/// root while nobody is there, then the page does not go out any more.
#[tokio::test]
async fn before_a_page_that_another_process_wanted_to_post() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::RateLimited { retry_after: Some(3) }).after(1));
    stage.types("U1", "https://incident.example/1").await;
    assert_eq!(stage.kinds(), "root");
    eyes_get_lost(&stage, "U2", &stage.post("root")).await;
    stage.jump("1 s").await;
    found(stage.restarted(managed()).await, "U2", "root taken").await;
}

/// Given a page stands of which Slack said nothing, and somebody puts 👀 on it before that is found out, when it is
/// found, then so are they.
#[tokio::test]
async fn on_a_page_of_which_nobody_knew_that_it_stands() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::CloseAfter).after(1));
    stage.types("U1", "https://incident.example/1").await;
    let page = stage.post("page/1");
    eyes_get_lost(&stage, &page.asks(), &page).await;
    stage.pass("10 s").await;
    assert_eq!(stage.kinds(), "root page/1 taken");
    found(stage, &page.asks(), "root page/1 taken").await;
}

fn managed() -> RotationConfig {
    RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() }
}

async fn eyes_get_lost(stage: &Stage, user: &str, post: &Post) {
    stage.fault(Fault::once("reaction_added", FaultKind::Drop));
    stage.reacts(user, &post.ts, "eyes").await;
    assert_eq!(stage.slack.read(|world| world.lost_deliveries().len()), 1);
    assert_eq!(stage.count("acknowledgements"), 0);
}

async fn found(stage: Stage, by: &str, kinds: &str) {
    stage.pass("30 min").await;
    assert_eq!(stage.kinds(), kinds);
    assert!(stage.post("taken").text.contains(&format!("<@{by}> is on it")));
    assert_eq!(stage.count("acknowledgements_read_back"), 1);
    stage.end().await;
}
