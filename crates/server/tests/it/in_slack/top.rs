//! "top": who is next in the queue, and how things stand with them now.

use insta::assert_snapshot;
use jiff::SignedDuration;
use pagerslack::config::RotationConfig;
use pagerslack_core::Rules;
use pagerslack_core::roster::Entry;
use slack_sim::Presence;

use super::{roster, row, ruled};
use crate::harness::{CHANNEL, Stage, team};

const URL: &str = "https://incident.example/1";

/// A channel of `count` engineers.
fn crowd(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("eng{number}")).collect()
}

async fn stage_of(count: usize) -> Stage {
    let names = crowd(count);
    Stage::with(&names.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// A stage on which one incident was reported and taken by whoever was asked.
async fn after_one_incident(stage: &Stage) {
    stage.types("U1", URL).await;
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
}

/// Whom an answer marks as the one who would be asked now.
fn marked(answer: &str) -> Vec<&str> {
    let marked = answer.lines().filter(|line| line.contains("would be asked now"));
    marked.map(|line| line.split(['@', '>']).nth(1).unwrap()).collect()
}

/// The people of an answer, in its order.
fn listed(answer: &str) -> Vec<&str> {
    let lines = answer.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    lines.map(|line| line.split(['@', '>']).nth(1).unwrap()).collect()
}

/// Given four engineers after an incident, two of whom are away and in do-not-disturb, when somebody writes "top",
/// then they read the queue, each with how they stand and when their turn was, and who would be asked.
#[tokio::test]
async fn the_queue_is_told_with_how_everybody_stands() {
    let stage = Stage::with(&["ana", "bo", "chen", "dara"]).await;
    after_one_incident(&stage).await;
    stage.pass("3 h").await;
    let queue = stage.queue().await;
    stage.presence(&queue[0], Presence::Away);
    stage
        .slack
        .with(|world, now| world.set_dnd(now, &queue[1], now, now + SignedDuration::from_hours(1)))
        .unwrap();
    stage.settle().await;
    let told = stage.asks("U1", "top").await;
    assert_snapshot!(told, @"
    *The queue of <#C1>*, 4 engineers:
    1. <@U2> away – not asked yet
    2. <@U4> in do-not-disturb until <!date^1795536000^{time}|16:00 UTC> – not asked yet
    3. <@U3> :point_right: *would be asked now* – online and may be disturbed – not asked yet
    4. <@U1> online and may be disturbed – last turn 3 h ago
    ");
    assert_eq!(listed(&told), queue);
    assert_eq!(marked(&told), [queue[2].as_str()]);
    // By command in the channel the same is told, to whoever typed alone.
    assert_eq!(stage.types("U2", "top").await, told);
    assert_eq!(stage.types("U2", " TOP! ").await, told);
    // And it is true: the one who is marked is asked.
    stage.types("U1", "https://incident.example/2").await;
    assert_eq!(stage.asked().last().unwrap(), &queue[2]);
    stage.reacts("M1", &stage.posts()[3].ts, "eyes").await;
    stage.end().await;
}

/// Given an incident was taken by the one who stood first, when somebody writes "top" again, then that person
/// stands last and the order has moved up by one.
#[tokio::test]
async fn the_order_changes_with_an_incident() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    after_one_incident(&stage).await;
    let told = stage.asks("U1", "top").await;
    let before: Vec<String> = listed(&told).into_iter().map(str::to_owned).collect();
    stage.types("U1", "https://incident.example/2").await;
    let page = stage.pages().pop().unwrap();
    assert_eq!(page.asks(), before[0]);
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    let told = stage.asks("U1", "top").await;
    assert_eq!(listed(&told), [&before[1..], &before[..1]].concat());
    stage.end().await;
}

/// Given thirty engineers, when somebody writes "top", then twenty-five are told and the others are counted.
#[tokio::test]
async fn of_more_than_twenty_five_the_others_are_counted() {
    let stage = stage_of(30).await;
    after_one_incident(&stage).await;
    let told = stage.asks("U1", "top").await;
    assert_eq!(listed(&told).len(), 25);
    assert_snapshot!(told.lines().next().unwrap(), @"*The queue of <#C1>*, the next 25 of 30:");
    assert_eq!(marked(&told), [listed(&told)[0]]);
    assert!(!told.contains("not looked"), "{told}");
    stage.end().await;
}

/// Given everybody of thirty is away and "top" has used up what the background may ask of presence, when somebody
/// asks again, then those who were not looked at are told as such and nobody is called the next; and a report in
/// that very second pages the right person in that very second.
#[tokio::test]
async fn whoever_was_not_looked_at_is_told_so_and_no_page_waits_for_it() {
    let names = crowd(30);
    let mut world = team(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for number in 1..=30 {
        world = world.away(&format!("U{number}"));
    }
    let stage = Stage::new(world, RotationConfig { managers: vec!["M1".into()], ..Default::default() }).await;
    stage.presence("U1", Presence::Active);
    after_one_incident(&stage).await;
    stage.presence("U1", Presence::Away);
    stage.pass("1 h").await;
    stage.asks("U1", "top").await;
    // What is remembered of presence is too old by now, and the budget is a minute's.
    stage.pass("31 s").await;
    let told = stage.asks("U1", "top").await;
    assert_eq!(told.matches("not looked up just now").count(), 20, "{told}");
    assert_eq!(marked(&told), Vec::<&str>::new());
    let next = listed(&told)[11].to_owned();
    stage.presence(&next, Presence::Active);
    let now = stage.now();
    stage.types("U1", "https://incident.example/2").await;
    let page = stage.pages().pop().unwrap();
    assert_eq!((page.asks(), stage.now()), (next, now));
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.end().await;
}

/// Given nobody is there, when somebody writes "top", then everybody is told with the reason and nobody is marked.
#[tokio::test]
async fn with_nobody_available_nobody_is_marked() {
    let stage = Stage::with(&["ana", "bo"]).await;
    after_one_incident(&stage).await;
    stage.pass("1 min").await;
    stage.presence("U1", Presence::Away);
    stage.presence("U2", Presence::Away);
    assert_snapshot!(stage.asks("U1", "top").await, @"
    *The queue of <#C1>*, 2 engineers:
    1. <@U2> away – not asked yet
    2. <@U1> away – last turn 1 min ago
    ");
    stage.end().await;
}

/// Given two of four volunteer for weekends, when "top" is asked on a weekday, then they come last; on a Saturday
/// the queue is as it is.
#[tokio::test]
async fn volunteers_come_last_on_weekdays() {
    let volunteer = |user| Entry { weekend_volunteer: true, ..row(user) };
    let rules = roster([volunteer("U1"), row("U2"), volunteer("U3"), row("U4")]);
    let stage = Stage::new(team(&["ana", "bo", "chen", "dara"]), ruled(rules)).await;
    stage.types("U1", URL).await;
    assert!(["U2", "U4"].contains(&stage.asked()[0].as_str()));
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    let told = stage.asks("U1", "top").await;
    let queue = stage.queue().await;
    let of = |wanted: [&str; 2]| -> Vec<String> {
        queue.iter().filter(|user| wanted.contains(&user.as_str())).cloned().collect()
    };
    assert_eq!(listed(&told), [of(["U2", "U4"]), of(["U1", "U3"])].concat());
    stage.pass("96 h").await;
    let told = stage.asks("U1", "top").await;
    assert_eq!(listed(&told), queue);
    assert_snapshot!(told.lines().take(2).collect::<Vec<_>>().join("\n"), @"
    *The queue of <#C1>*, 4 engineers:
    It is the weekend.
    ");
    stage.end().await;
}

/// Given a weekend on which only the schedule is shown, when "top" is asked, then it says so and marks nobody.
#[tokio::test]
async fn on_a_day_of_the_schedule_nobody_is_marked() {
    let weekend = pagerslack_core::rules::Weekend::Link { url: "https://schedule.example".to_owned() };
    let stage = Stage::new(team(&["ana", "bo"]), ruled(Rules { weekend, ..Rules::default() })).await;
    after_one_incident(&stage).await;
    assert_eq!(marked(&stage.asks("U1", "top").await).len(), 1);
    stage.pass("96 h").await;
    assert_snapshot!(stage.asks("U1", "top").await, @"
    *The queue of <#C1>*, 2 engineers:
    It is the weekend: nobody is paged, the on-call schedule is <https://schedule.example>.
    1. <@U2> online and may be disturbed – not asked yet
    2. <@U1> online and may be disturbed – last turn 4 d ago
    ");
    stage.end().await;
}

/// Given somebody is in two rotations, when they write "top" to the bot, then both queues are told, each under
/// its channel; by command in one of the channels that one alone.
#[tokio::test]
async fn several_rotations_are_told_by_channel() {
    let world =
        team(&["ana", "bo"]).channel("C2", "payments").person("U9", "zoe", "Asia/Tokyo").member("C2", "U1");
    let world = world.channel("C3", "random").member("C3", "U9");
    let stage = Stage::with_world(world).await;
    after_one_incident(&stage).await;
    stage.types_in("C2", "U9", "https://incident.example/2").await;
    let other = stage.posts_in("C2").pop().unwrap();
    stage.reacts_in("C2", &other.asks(), &other.ts, "eyes").await;
    assert_snapshot!(stage.asks("U1", "top").await, @"
    *The queue of <#C1>*, 2 engineers:
    1. <@U2> :point_right: *would be asked now* – online and may be disturbed – not asked yet
    2. <@U1> online and may be disturbed – last turn 0 s ago
    *The queue of <#C2>*, 2 engineers:
    1. <@U9> :point_right: *would be asked now* – online and may be disturbed – not asked yet
    2. <@U1> online and may be disturbed – last turn 0 s ago
    ");
    let here = stage.types_in("C2", "U1", "top").await;
    assert!(here.contains("<#C2>") && !here.contains("<#C1>"), "{here}");
    let theirs = stage.asks("U9", "top").await;
    assert!(theirs.contains("<#C2>") && !theirs.contains("<#C1>"), "{theirs}");
    // In a channel where nothing was ever reported, all of theirs.
    stage.slack.with(|world, now| world.join(now, "U9", CHANNEL)).unwrap();
    stage.settle().await;
    assert_eq!(stage.types_in("C3", "U9", "top").await, stage.asks("U9", "top").await);
    assert!(stage.last_told("U9").contains("<#C1>"));
    stage.end().await;
}

/// Given Slack does not say who is in the channel, when somebody asks, then they are told that, and not that the
/// queue is empty (P6).
#[tokio::test]
async fn what_slack_does_not_say_is_told_as_such() {
    let stage = Stage::with(&["ana", "bo"]).await;
    after_one_incident(&stage).await;
    stage.pass("11 min").await;
    stage.fault(slack_sim::Fault::always(
        "conversations.members",
        slack_sim::FaultKind::RateLimited { retry_after: Some(30) },
    ));
    assert_snapshot!(stage.types("U1", "top").await, @":warning: Slack does not tell just now who is in <#C1>; please try again in a minute.");
    assert_snapshot!(stage.asks("U1", "top").await, @"Slack does not tell just now who is in your channels; please try again in a minute.");
    stage.end().await;
}

/// Given Slack delivers a question twice, under two event ids and again a minute later, then it is answered once.
#[tokio::test]
async fn a_question_that_comes_twice_is_answered_once() {
    let stage = Stage::with(&["ana", "bo"]).await;
    after_one_incident(&stage).await;
    stage.fault(slack_sim::Fault::once("message", slack_sim::FaultKind::DoubleFreshId));
    let (dm, ts) = stage.slack.with(|world, now| world.direct_message(now, "U1", "top")).unwrap();
    stage.settle().await;
    assert_eq!(stage.direct_texts("U1").len(), 1);
    stage.pass("1 min").await;
    let event = serde_json::json!({
        "type": "message", "channel": dm, "user": "U1", "text": "top", "ts": ts, "event_ts": ts,
        "channel_type": "im",
    });
    stage.slack.with(|world, now| world.send_event(now, event, None));
    stage.settle().await;
    assert_eq!(stage.direct_texts("U1").len(), 1);
    stage.end().await;
}
