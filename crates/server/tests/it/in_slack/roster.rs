//! The roster: who is found in it, who leaves it and comes back.

use insta::assert_snapshot;
use pagerslack::config::RotationConfig;
use pagerslack_core::Rules;
use pagerslack_core::roster::{Entry, Role, Who};
use slack_sim::WorldBuilder;

use super::{roster, row, ruled};
use crate::harness::{Stage, team};

const URL: &str = "https://incident.example/1";

/// A row that names somebody by their address.
fn addressed(name: &str) -> Entry {
    Entry { who: Who { email: Some(format!("{name}@example.com")), ..Who::default() }, ..Entry::default() }
}

fn addresses_may_be_read(world: WorldBuilder) -> WorldBuilder {
    world.app(|app| app.scopes.extend(["users:read.email".to_owned()]))
}

/// Reports, and lets whoever is asked take it.
async fn one_incident(stage: &Stage, number: u32) -> String {
    stage.types("U1", &format!("https://incident.example/{number}")).await;
    let page = stage.pages().pop().unwrap();
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.pass("1 min").await;
    page.asks()
}

/// Given a roster by address and an app that may read addresses, then its engineers are asked and nobody else, from
/// the first incident on.
#[tokio::test]
async fn people_are_found_by_their_address() {
    let world = addresses_may_be_read(team(&["ana", "bo", "chen"]));
    let stage = Stage::new(world, ruled(roster([addressed("bo"), addressed("Chen")]))).await;
    stage.types("U1", URL).await;
    stage.pass("4 min").await;
    let mut asked = stage.asked();
    asked.sort();
    assert_eq!(asked, ["U2", "U3"]);
    assert_eq!(stage.posts().pop().unwrap().kind, "managers/1");
    // Ana, who is not on it, cannot take it.
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    assert!(stage.last_told("U1").starts_with("Thank you for looking"), "{}", stage.last_told("U1"));
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given a roster by address and an app that may not read addresses, then everybody of the channel is asked rather
/// than nobody (P6), and may take it; and whoever asks is told that it is not known.
#[tokio::test]
async fn without_addresses_everybody_may_be_asked() {
    let stage = Stage::new(team(&["ana", "bo"]), ruled(roster([addressed("bo")]))).await;
    stage.types("U1", URL).await;
    assert_eq!(stage.pages().len(), 1);
    assert_snapshot!(stage.considered(1).await.join("\n"), @r#"
    U1 Unknown { why: "roster: Slack does not show their address" }
    UBOT Bot
    U2 Unknown { why: "roster: Slack does not show their address" }
    "#);
    stage.pass("2 min").await;
    assert_eq!(stage.pages().len(), 2);
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    assert!(stage.post("taken").text.contains("<@U1>"));
    assert_snapshot!(stage.asks("U1", "top").await, @"
    *The queue of <#C1>*, 2 engineers:
    1. <@U2> :point_right: *would be asked now* – unknown, Slack could not tell (roster: Slack does not show their address) – last turn 0 s ago
    2. <@U1> unknown, Slack could not tell (roster: Slack does not show their address) – last turn 0 s ago
    ");
    assert_snapshot!(stage.asks("U1", "position").await, @"*<#C1>*: you are number 2 of 2; 1 person is ahead of you. Your last turn was at <!date^1795521720^{time}|12:02 UTC>. Slack does not tell whether you are available, so you could be asked after everybody who is.");
    stage.end().await;
}

/// Given somebody leaves the roster, then they lose their place and are not asked; when they come back, they stand at
/// the bottom, wherever they stood before.
#[tokio::test]
async fn whoever_leaves_the_roster_and_returns_joins_at_the_bottom() {
    let everybody = || ruled(roster(["U1", "U2", "U3"].map(row)));
    let stage = Stage::new(team(&["ana", "bo", "chen"]), everybody()).await;
    one_incident(&stage, 1).await;
    let head = stage.queue().await[0].clone();
    let others: Vec<&str> = ["U1", "U2", "U3"].into_iter().filter(|user| *user != head).collect();

    let without = ruled(roster([row(others[0]), row(others[1])]));
    let stage = stage.restarted(without).await;
    assert_ne!(one_incident(&stage, 2).await, head);
    assert!(!stage.queue().await.contains(&head));
    let told = stage.asks(&head, "position").await;
    assert!(told.contains("not on the roster"), "{told}");

    let stage = stage.restarted(everybody()).await;
    let before = stage.queue().await;
    let told = stage.asks(&head, "position").await;
    assert!(told.contains("you have no place yet"), "{told}");
    let asked = one_incident(&stage, 3).await;
    assert_eq!(asked, before[0]);
    assert_eq!(stage.queue().await, [before[1].clone(), head, asked]);
    stage.end().await;
}

/// Given a deactivated person comes back, or a guest becomes a member, then they join at the bottom.
#[tokio::test]
async fn whoever_becomes_a_member_joins_at_the_bottom() {
    let world = team(&["ana", "bo", "gus"]).with_user("U3", |user| user.is_restricted = true);
    let stage = Stage::with_world(world).await;
    one_incident(&stage, 1).await;
    one_incident(&stage, 2).await;
    assert_eq!(stage.queue().await.len(), 2, "neither the guest nor the bot");
    stage.slack.with(|world, now| {
        world.user_mut("U3").unwrap().is_restricted = false;
        world.set_status(now, "U3", "", "a member now", 0).unwrap();
    });
    stage.settle().await;
    let asked = one_incident(&stage, 3).await;
    let queue = stage.queue().await;
    assert_eq!(queue[1..], ["U3".to_owned(), asked]);
    stage.end().await;
}

/// Given managers stand on the roster by id and by address, then they are called, may take it, and are never asked
/// as engineers.
#[tokio::test]
async fn the_rosters_managers_are_the_last_resort() {
    let manager = |entry: Entry| Entry { role: Role::Manager, ..entry };
    let world = addresses_may_be_read(team(&["ana", "bo", "mika"]));
    let rules =
        roster([row("U1"), manager(row("U2")), manager(addressed("mika")), manager(addressed("gone"))]);
    let stage = Stage::new(world, RotationConfig { rules, ..RotationConfig::default() }).await;
    stage.types("U1", URL).await;
    stage.pass("2 min").await;
    assert_eq!(stage.asked(), ["U1"]);
    assert_snapshot!(stage.post("managers/1").text, @"
    <@U2> <@U3> an incident in <#C1> needs an engineer: <https://incident.example/1>
    Reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>. 1 person was asked, and nobody else could be: the channel has no more engineers.
    Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.
    ");
    stage.reacts("U3", &stage.post("managers/1").ts, "eyes").await;
    assert!(stage.post("taken").text.contains("<@U3>"));
    stage.end().await;
}

/// Given an empty roster, then nobody is asked and the managers are called at once.
#[tokio::test]
async fn an_empty_roster_has_nobody() {
    let stage = Stage::new(team(&["ana"]), ruled(Rules { ..roster([]) })).await;
    stage.types("U1", URL).await;
    assert_eq!(stage.kinds(), "root managers/1");
    assert_snapshot!(stage.post("managers/1").text, @"
    <@M1> an incident in <#C1> needs an engineer: <https://incident.example/1>
    Reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>. Nobody could be asked: the channel has no engineers.
    Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.
    ");
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}
