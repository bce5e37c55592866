//! Who may not take an incident: their 👀 changes nothing, and they are told so once.

use insta::assert_snapshot;
use pagerslack::config::RotationConfig;
use slack_sim::{WorldBuilder, blank_user};

use crate::harness::{Stage, team};

fn world() -> WorldBuilder {
    team(&["ana", "bo"])
        .person("U7", "gus", "Europe/Lisbon")
        .with_user("U7", |user| user.is_restricted = true)
        .person("U8", "robo", "Europe/Lisbon")
        .with_user("U8", |user| user.is_bot = true)
        .person("U9", "olga", "Europe/Lisbon")
}

async fn reported() -> Stage {
    let rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
    let stage = Stage::new(world(), rotation).await;
    stage.slack.with(|world, now| world.leave(now, "U9", "C1")).unwrap();
    stage.types("U1", "https://incident.example/1").await;
    stage
}

/// The hunt went on as if nothing had happened.
async fn hunt_went_on(stage: Stage) {
    stage.pass("2 min").await;
    assert_eq!(stage.kinds(), "root page/1 page/2");
    assert_eq!(stage.count("acknowledgements"), 0);
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given ana and bo are engineers and gus is a guest, when gus reacts to the root and to the page and presses the
/// button, then gus reads one explanation and the next engineer is asked as planned.
#[tokio::test]
async fn a_guest_is_told_once() {
    let stage = reported().await;
    let page = stage.post("page/1").ts;
    stage.reacts("U7", &stage.post("root").ts, "eyes").await;
    stage.reacts("U7", &page, "eyes").await;
    stage.presses("U7", &page, "pagerslack_take").await;
    stage.pass("60 s").await;
    stage.presses("U7", &page, "pagerslack_take").await;
    assert_eq!(stage.ephemerals("U7").len(), 1);
    assert_snapshot!(stage.ephemerals("U7")[0], @"Thank you for looking. Only engineers of this channel and the engineering managers can take an incident, so I keep looking for one.");
    assert_eq!(stage.kinds(), "root page/1");
    stage.pass("60 s").await;
    assert_eq!(stage.kinds(), "root page/1 page/2");
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given olga has left the channel but can still see it, when she reacts twice and presses the button, then she,
/// to whom nothing can be shown there, reads one explanation in a direct message.
#[tokio::test]
async fn somebody_outside_the_channel_is_told_directly() {
    let stage = reported().await;
    let page = stage.post("page/1").ts;
    stage.reacts("U9", &stage.post("root").ts, "eyes").await;
    stage.reacts("U9", &page, "eyes").await;
    stage.presses("U9", &page, "pagerslack_take").await;
    assert_eq!(stage.ephemerals("U9"), Vec::<String>::new());
    assert_snapshot!(stage.direct_texts("U9").join("\n"), @"Thank you for looking. Only engineers of this channel and the engineering managers can take an incident, so I keep looking for one.");
    hunt_went_on(stage).await;
}

/// Given a stranger whom the bot has never seen, as in a channel shared with another organisation, when they
/// react, then it changes nothing.
#[tokio::test]
async fn somebody_unknown_changes_nothing() {
    let mut stranger = blank_user("T2", "W1", "stan", None);
    stranger.is_stranger = true;
    let stage = Stage::new(world().user(stranger), RotationConfig::default()).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.reacts("W1", &stage.post("root").ts, "eyes").await;
    assert_eq!(stage.ephemerals("W1").len(), 1);
    assert_eq!(stage.count("acknowledgements"), 0);
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given bots are about, when the bot itself or another bot puts 👀 on a page, then the hunt goes on.
#[tokio::test]
async fn bots_cannot_take_an_incident() {
    let stage = reported().await;
    let page = stage.post("page/1").ts;
    stage.reacts("UBOT", &page, "eyes").await;
    stage.reacts("U8", &page, "eyes").await;
    hunt_went_on(stage).await;
}

/// Given somebody is being asked, when they react with anything but 👀, or react with 👀 to another message, then
/// nothing happens and nobody is told anything.
#[tokio::test]
async fn other_reactions_change_nothing() {
    let stage = reported().await;
    let page = stage.post("page/1");
    for name in ["thumbsup", "thumbsup::skin-tone-2", "eye", "eyeglasses", "white_check_mark"] {
        stage.reacts(&page.asks(), &page.ts, name).await;
    }
    let chat = stage.slack.with(|world, now| world.post(now, "U2", "C1", "lunch?", None)).unwrap();
    stage.reacts(&page.asks(), &chat, "eyes").await;
    let (calls, ephemerals) = (stage.count("reactions_ignored"), stage.ephemerals(&page.asks()));
    assert_eq!(calls, 6);
    assert!(ephemerals.iter().all(|text| text.starts_with("On it")), "{ephemerals:?}");
    hunt_went_on(stage).await;
}

/// Given a deactivated engineer was never asked, when an event of theirs still arrives, then it changes nothing.
#[tokio::test]
async fn a_deactivated_account_cannot_take_an_incident() {
    let stage = reported().await;
    let page = stage.post("page/1");
    let other = if page.asks() == "U1" { "U2" } else { "U1" };
    stage.slack.with(|world, now| {
        world.react(now, other, "C1", &page.ts, "eyes").unwrap();
        world.deactivate(now, other).unwrap();
    });
    // Slack promises no order: here the account's end is heard of before the reaction.
    let due = stage.slack.with(|world, now| world.take_due(now));
    for delivery in due.iter().rev() {
        let (status, body) = stage.request(delivery.request().unwrap()).await;
        let result = slack_sim::DeliveryResult::answered(status, body);
        stage.slack.with(|world, now| world.delivered(now, delivery.id, result));
    }
    stage.settle().await;
    assert_eq!(stage.count("acknowledgements"), 0);
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}
