//! A whole life: taken, followed up, handed over to the next and cancelled, with a death between any two steps.
//!
//! The disk is memory here, for the store is only ever left between two of its calls: its own tests pull the plug.

use std::sync::Arc;

use jiff::SignedDuration;
use pagerslack::config::RotationConfig;
use pagerslack_slack::words::{CANCEL_ACTION, HAND_OVER_ACTION};
use pagerslack_store::{Sqlite, Store};

use super::{Lives, standing, unanswered};
use crate::harness::CHANNEL;

const URL: &str = "https://i.example/1";

impl Lives<'_> {
    /// The channel's first message and what it says.
    fn root(&self) -> Option<(String, String)> {
        self.slack
            .read(|world| world.messages(CHANNEL).first().map(|root| (root.ts.clone(), root.text.clone())))
    }

    fn root_says(&self, what: &str) -> bool {
        self.root().is_some_and(|(_, text)| text.contains(what))
    }

    /// Lets time pass in small pieces until something is so, as it must be within ten minutes.
    async fn pass_until_it_is_so(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..60 {
            if is_so(self) {
                return;
            }
            self.pass(10).await;
        }
        panic!("{what} never happens:\n{}", self.stage.as_ref().unwrap().transcript());
    }

    /// Somebody presses a button of the first message, and again after half a minute if nothing comes of it: Slack
    /// does not deliver a press twice.
    async fn press(&mut self, user: &str, action: &str, done: impl Fn(&Self) -> bool) {
        for _ in 0..10 {
            if let Some((root, _)) = self.root() {
                // The button may be gone, or not be there yet.
                let _ = self.slack.with(|world, now| world.click(now, user, CHANNEL, &root, action));
            }
            self.pass(30).await;
            if done(self) {
                return;
            }
        }
        panic!("{action} never works:\n{}", self.stage.as_ref().unwrap().transcript());
    }
}

async fn live_through(spans: &[i64], together: bool) -> usize {
    let disk: Arc<dyn Store> = Arc::new(Sqlite::in_memory().unwrap());
    let mut rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
    rotation.policy.follow_up_after = Some(SignedDuration::from_hours(24));
    let mut lives = Lives::begin_on(Box::new(|| Arc::clone(&disk)), rotation, spans, together).await;
    for _ in 0..2 {
        // The process may die before it has recorded anything; then whoever reported is not told "on it".
        if lives.root().is_none() {
            lives
                .slack
                .with(|world, now| world.slash_command(now, "U1", CHANNEL, "/devoncall", URL))
                .unwrap();
            lives.pass(50).await;
        }
    }
    lives.pass_until_it_is_so("the first page", |lives| !lives.pages().is_empty()).await;
    let page = lives.pages()[0].1.clone();
    lives.slack.with(|world, now| world.react(now, "U1", CHANNEL, &page, "eyes")).unwrap();
    lives.pass_until_it_is_so("the answer", |lives| lives.root_says("Taken by")).await;
    lives.pass(25 * 3_600).await;
    lives.press("U1", HAND_OVER_ACTION, |lives| !lives.root_says("Taken by")).await;
    lives.pass_until_it_is_so("the second page", |lives| lives.pages().len() == 2).await;
    lives.press("U1", CANCEL_ACTION, |lives| lives.root_says("Cancelled by")).await;
    lives.pass(3_600).await;

    let stage = lives.stage.as_ref().unwrap();
    let story = stage.transcript();
    let once = [
        "send/cancelled",
        "send/follow-up",
        "send/handed-over/1",
        "send/page/1",
        "send/page/2",
        "send/root",
        "send/taken",
    ];
    assert_eq!(standing(&lives, &story), once, "{story}");
    assert_eq!(unanswered(&lives), 0, "every page is over: {story}");
    stage.end().await;
    lives.deaths
}

#[tokio::test]
async fn a_whole_life_survives_death_between_any_two_steps() {
    let mut steps = 0;
    while live_through(&[steps], steps % 2 == 0).await > 0 {
        steps += 1;
    }
    assert!(steps > 150, "the story has only {steps} steps: is the fuse in place?");
}
