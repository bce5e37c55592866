//! "position": one's place in the queue, and whether one could be asked now.

use insta::assert_snapshot;
use jiff::SignedDuration;
use jiff::civil::date;
use pagerslack_core::Rules;
use pagerslack_core::roster::{Entry, Exclusion, Role, Who};
use slack_sim::Presence;

use super::{roster, row, ruled};
use crate::harness::{Stage, team};

/// A stage on which one incident was taken by whoever was asked, an hour ago. Gives who that was.
async fn an_hour_after_an_incident(stage: &Stage) -> String {
    stage.types("U1", "https://incident.example/1").await;
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.pass("1 h").await;
    page.asks()
}

/// Given three engineers of whom one took the last incident, when each asks, then they read their place, their
/// last turn and that they could be asked.
#[tokio::test]
async fn everybody_can_ask_for_their_place() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    let taker = an_hour_after_an_incident(&stage).await;
    let queue = stage.queue().await;
    assert_eq!(queue.last(), Some(&taker));
    let mut answers = String::new();
    for user in &queue {
        let told = stage.asks(user, "position").await;
        assert_eq!(stage.types(user, "position").await, told, "the command says the same");
        answers.push_str(&format!("{told}\n"));
    }
    assert_snapshot!(answers, @"
    *<#C1>*: you are number 1 of 3; nobody is ahead of you. You have not been asked yet. You could be asked now: you are online and may be disturbed.
    *<#C1>*: you are number 2 of 3; 1 person is ahead of you. You have not been asked yet. You could be asked now: you are online and may be disturbed.
    *<#C1>*: you are number 3 of 3; 2 people are ahead of you. Your last turn was at <!date^1795521600^{time}|12:00 UTC>. You could be asked now: you are online and may be disturbed.
    ");
    stage.end().await;
}

/// Given the one who asks is away, then in do-not-disturb, when they ask, then they are told why they would not be
/// asked now.
#[tokio::test]
async fn whoever_could_not_be_asked_is_told_why() {
    let stage = Stage::with(&["ana", "bo"]).await;
    an_hour_after_an_incident(&stage).await;
    stage.presence("U1", Presence::Away);
    let away = stage.asks("U1", "position").await;
    stage.presence("U1", Presence::Active);
    stage
        .slack
        .with(|world, now| world.set_dnd(now, "U1", now, now + SignedDuration::from_hours(1)))
        .unwrap();
    stage.pass("1 min").await;
    let quiet = stage.asks("U1", "position").await;
    assert_snapshot!(format!("{away}\n{quiet}"), @"
    *<#C1>*: you are number 2 of 2; 1 person is ahead of you. Your last turn was at <!date^1795521600^{time}|12:00 UTC>. You would not be asked now: you are away.
    *<#C1>*: you are number 2 of 2; 1 person is ahead of you. Your last turn was at <!date^1795521600^{time}|12:00 UTC>. You would not be asked now: you are in do-not-disturb until <!date^1795528800^{time}|14:00 UTC>.
    ");
    stage.end().await;
}

/// Given a guest, a manager, somebody who is not on the roster and somebody left out for a while, when they ask,
/// then each is told why they have no place, or why they would not be asked.
#[tokio::test]
async fn whoever_has_no_place_is_told_why() {
    let manager = Entry { role: Role::Manager, ..row("U3") };
    let rules = Rules {
        exclusions: [Exclusion {
            who: Who { user: Some("U5".into()), ..Who::default() },
            from: None,
            until: Some(date(2026, 12, 24)),
            reason: Some("parental leave".to_owned()),
        }]
        .into(),
        ..roster([row("U1"), row("U2"), manager, row("U5")])
    };
    let world = team(&["ana", "gus", "mia", "nick", "eve"]).with_user("U2", |user| user.is_restricted = true);
    let stage = Stage::new(world, ruled(rules)).await;
    an_hour_after_an_incident(&stage).await;
    let mut answers = String::new();
    for user in ["U2", "U3", "U4", "U5"] {
        answers.push_str(&format!("{}\n", stage.asks(user, "position").await));
    }
    assert_snapshot!(answers, @"
    *<#C1>*: you have no place in this rotation: you are a guest.
    *<#C1>*: you have no place in this rotation: you are an engineering manager, who come last.
    *<#C1>*: you have no place in this rotation: you are not on the roster of engineers.
    *<#C1>*: you are number 1 of 2; nobody is ahead of you. You have not been asked yet. You would not be asked now: you are left out by the team through 24 Dec 2026 (parental leave).
    ");
    stage.end().await;
}

/// Given nothing has ever been reported in the channel, when somebody asks there, then they read that they join
/// with the first incident; and to the bot directly, that there is no rotation of theirs yet.
#[tokio::test]
async fn before_any_incident_everybody_is_yet_to_join() {
    let stage = Stage::with(&["ana", "bo"]).await;
    assert_snapshot!(stage.types("U1", "position").await, @"*<#C1>*: you have no place yet; with the next incident you join at the bottom. You could be asked now: you are online and may be disturbed.");
    assert_snapshot!(stage.asks("U1", "position").await, @"You are in no channel in which I page. Invite me to the engineers' channel with `/invite @pagerslack`.");
    assert_eq!(stage.queue().await, Vec::<String>::new(), "asking draws no places");
    stage.end().await;
}

/// Given somebody has just joined a channel with a queue, when they ask, then they read after how many they join.
#[tokio::test]
async fn a_newcomer_reads_that_they_join_at_the_bottom() {
    let world = team(&["ana", "bo"]).channel("C9", "elsewhere").person("U9", "nia", "Africa/Nairobi");
    let stage = Stage::with_world(world).await;
    an_hour_after_an_incident(&stage).await;
    stage.slack.with(|world, now| world.join(now, "U9", "C1")).unwrap();
    stage.settle().await;
    assert_snapshot!(stage.asks("U9", "position").await, @"*<#C1>*: you have no place yet; with the next incident you join at the bottom, after 2 others. You could be asked now: you are online and may be disturbed.");
    stage.end().await;
}

/// Given somebody is in no channel with a rotation, when they ask anything, then they are told so.
#[tokio::test]
async fn whoever_is_in_no_rotation_is_told_so() {
    let stage = Stage::with(&["ana", "bo"]).await;
    an_hour_after_an_incident(&stage).await;
    assert_snapshot!(stage.asks("M1", "position").await, @"You are in no channel in which I page. Invite me to the engineers' channel with `/invite @pagerslack`.");
    for question in ["top", "why", "status"] {
        let told = stage.asks("M1", question).await;
        assert!(told.starts_with("You are in no channel in which I page."), "{question}: {told}");
    }
    stage.end().await;
}
