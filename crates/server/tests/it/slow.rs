//! Slack is slow, and those who wait are told rather than left alone with it.

use slack_sim::{Fault, FaultKind};

use crate::harness::{CHANNEL, Stage};

const URL: &str = "https://incident.example/1";

impl Stage {
    /// What the root message says now.
    fn root_says(&self) -> String {
        let ts = self.post("root").ts;
        self.slack.read(|world| {
            world.messages(CHANNEL).iter().find(|message| message.ts == ts).unwrap().text.clone()
        })
    }
}

/// Given Slack says of nobody whether they are online, when the hunt has waited for long, then the root message says
/// so, once; and no longer when somebody has been asked.
#[tokio::test]
async fn a_hunt_that_waits_for_slack() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::always("users.getPresence", FaultKind::Http500));
    stage.types("U1", URL).await;
    stage.pass("15 s").await;
    assert!(!stage.root_says().contains("Slack is slow"), "{}", stage.root_says());
    stage.pass("10 s").await;
    assert!(stage.root_says().contains("Slack is slow to answer"), "{}", stage.root_says());
    stage.pass("20 s").await;
    assert_eq!((stage.kinds().as_str(), stage.count("delays")), ("root page/1", 1));
    assert!(!stage.root_says().contains("Slack"), "{}", stage.root_says());
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}

/// Given Slack wants to be left alone for a minute, then that is known and told at once.
#[tokio::test]
async fn a_hunt_that_slack_limits() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::once("users.getPresence", FaultKind::RateLimited { retry_after: Some(60) }).times(2));
    stage.types("U1", URL).await;
    stage.pass("2 s").await;
    assert!(stage.root_says().contains("Slack limits how fast I may work"), "{}", stage.root_says());
    stage.pass("65 s").await;
    assert_eq!(stage.kinds(), "root page/1");
    assert!(!stage.root_says().contains("Slack limits"), "{}", stage.root_says());
}

/// Given somebody has been chosen and their page does not reach the thread, when that takes long, then the root
/// message says so until the page stands, whatever happens to the process meanwhile.
#[tokio::test]
async fn a_page_that_does_not_arrive() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::always("chat.postMessage", FaultKind::Http500).after(1));
    stage.types("U1", URL).await;
    stage.pass("30 s").await;
    assert!(stage.root_says().contains("Waiting for"), "{}", stage.root_says());
    assert!(stage.root_says().contains("Slack is slow to answer"), "{}", stage.root_says());
    let stage = stage.restarted(pagerslack::config::RotationConfig::default()).await;
    stage.pass("10 s").await;
    assert!(stage.root_says().contains("Slack is slow to answer"), "{}", stage.root_says());
    stage.all_is_well_again();
    stage.pass("10 s").await;
    assert_eq!((stage.kinds().as_str(), stage.count("delays")), ("root page/1", 0), "it was told before");
    assert!(!stage.root_says().contains("Slack"), "{}", stage.root_says());
}

/// Given the root message itself does not reach the channel, when that takes long, then whoever reported it is told,
/// once, and not the channel; and nothing of it stands in the root message when it comes.
#[tokio::test]
async fn a_root_that_does_not_arrive() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.fault(Fault::always("chat.postMessage", FaultKind::Http500));
    stage.types("U1", URL).await;
    stage.pass("100 s").await;
    let told: Vec<_> =
        stage.ephemerals("U1").into_iter().filter(|text| text.contains("Slack is slow")).collect();
    assert_eq!(told.len(), 1, "{:?}", stage.ephemerals("U1"));
    assert!(told[0].contains("your report of <https://incident.example/1> is kept"), "{told:?}");
    stage.all_is_well_again();
    stage.pass("10 s").await;
    assert_eq!(stage.kinds(), "root page/1");
    assert!(!stage.root_says().contains("Slack"), "{}", stage.root_says());
}

/// Given everything goes as usual, however long people take, then Slack is not blamed.
#[tokio::test]
async fn people_who_take_long() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.types("U1", URL).await;
    for _ in 0..30 {
        stage.pass("30 s").await;
        assert!(!stage.root_says().contains("Slack"), "{}", stage.root_says());
    }
    assert_eq!(stage.count("delays"), 0);
    stage.end_open().await;
}
