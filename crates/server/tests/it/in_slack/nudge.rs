//! People who have no notification schedule are told how to set one, rarely, and only where a team wants it.

use insta::assert_snapshot;
use jiff::civil::time;
use pagerslack::config::{RotationConfig, Settings};
use slack_sim::WorldBuilder;

use crate::harness::{NOON, Stage, team};

/// A team that wants it.
fn nudging() -> RotationConfig {
    RotationConfig { managers: vec!["M1".into()], nudge_missing_schedule: true, ..RotationConfig::default() }
}

/// A team that does not.
fn quiet() -> RotationConfig {
    RotationConfig { nudge_missing_schedule: false, ..nudging() }
}

/// Ana in Lisbon, bo in Tokyo and chen in Denver have no schedule; dara in Nairobi has one. A manager, a guest and
/// a bot are in the channel, too.
fn people() -> WorldBuilder {
    team(&["ana", "bo", "chen", "dara", "gus", "robot"])
        .nightly_dnd("U4", time(22, 0, 0, 0), time(8, 0, 0, 0))
        .with_user("U5", |user| user.is_restricted = true)
        .with_user("U6", |user| user.is_bot = true)
        .member("C1", "M1")
}

/// A stage on which an incident was taken, and the daily look is on its way if it is wanted.
async fn tended(world: WorldBuilder, settings: impl Into<Settings>) -> Stage {
    let stage = Stage::new(world, settings).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.tend().await;
    stage
}

/// Lets the daily look run out.
async fn ended(stage: Stage) {
    let stage = stage.restarted(quiet()).await;
    stage.pass("24 h").await;
    stage.end().await;
}

/// When each was told, in hours since the story began.
fn told(stage: &Stage) -> Vec<(&'static str, i64)> {
    let mut told = Vec::new();
    for user in ["U1", "U2", "U3", "U4", "U5", "U6", "M1"] {
        stage.slack.read(|world| {
            let messages = world.dm_of(user).map(|dm| dm.messages.clone()).unwrap_or_default();
            let noon: jiff::Timestamp = NOON.parse().unwrap();
            told.extend(messages.iter().map(|it| (user, it.at.duration_since(noon).as_hours())));
        });
    }
    told
}

/// Given a team that has not asked for it, then nobody is ever told.
#[tokio::test]
async fn by_default_nobody_is_told() {
    let stage = tended(people(), quiet()).await;
    stage.end().await;
    stage.pass("2400 h").await;
    assert_eq!(told(&stage), []);
}

/// Given a team that wants it, then each engineer without a schedule is told in their own working time; not whoever
/// has one, no guest, no bot and no manager; and not again on any of the next eighty-nine days.
#[tokio::test]
async fn engineers_without_a_schedule_are_told_in_their_working_time() {
    let stage = tended(people(), nudging()).await;
    stage.pass("72 h").await;
    // The look is at nine UTC: nine in Lisbon, six in the evening in Tokyo, two at night in Denver.
    assert_eq!(told(&stage), [("U1", 21), ("U2", 36), ("U3", 28)]);
    assert_snapshot!(stage.direct_texts("U1").join("\n"), @"
    :wave: I page engineers in <#C1> when somebody reports an incident with `/devoncall`, and you are one of them.
    Your notification schedule is what I read as your working hours, and Slack tells me that you have none: so I may page you whenever you are shown as online, at night as well.
    To set one: *Preferences* → *Notifications* → *Notification schedule*. Outside of it I leave you alone.
    I remind you once in 90 days at most.
    ");
    stage.pass("2000 h").await;
    assert_eq!(told(&stage).len(), 3, "within 86 days nobody is told again");
    ended(stage).await;
}

/// Given bo has set a schedule meanwhile and ana has not, then after ninety days ana alone is told again.
#[tokio::test]
async fn after_ninety_days_whoever_still_has_none_is_told_again() {
    let stage = tended(team(&["ana", "bo"]), nudging()).await;
    stage.pass("48 h").await;
    let night = (time(22, 0, 0, 0), time(8, 0, 0, 0));
    stage.slack.with(|world, now| world.set_daily_dnd(now, "U2", night.0, night.1)).unwrap();
    stage.pass("2160 h").await;
    // The ninetieth day after the first Wednesday is a Tuesday.
    assert_eq!(told(&stage), [("U1", 21), ("U1", 21 + 90 * 24), ("U2", 36)]);
    ended(stage).await;
}

/// Given somebody sets a schedule between the look and their working time, then they are not told.
#[tokio::test]
async fn whoever_sets_a_schedule_in_time_is_not_told() {
    let stage = tended(team(&["ana", "bo"]), nudging()).await;
    stage.pass("24 h").await;
    assert_eq!(told(&stage), [("U1", 21)]);
    let night = (time(22, 0, 0, 0), time(8, 0, 0, 0));
    stage.slack.with(|world, now| world.set_daily_dnd(now, "U2", night.0, night.1)).unwrap();
    stage.pass("48 h").await;
    assert_eq!(told(&stage), [("U1", 21)]);
    ended(stage).await;
}

/// Given the process starts anew between the look and the telling, and is tended again and again, then everybody is
/// told once.
#[tokio::test]
async fn it_survives_restarts() {
    let mut stage = tended(people(), nudging()).await;
    for _ in 0..6 {
        stage.pass("7 h").await;
        stage = stage.restarted(nudging()).await;
        stage.tend().await;
    }
    assert_eq!(told(&stage), [("U1", 21), ("U2", 36), ("U3", 28)]);
    ended(stage).await;
}

/// Given the bot is tended in the very second of the look, then the look is not put off by a day.
#[tokio::test]
async fn tending_in_the_moment_of_the_look_does_not_put_it_off() {
    let stage = tended(team(&["ana"]), nudging()).await;
    stage.jump("21 h").await;
    stage.tend().await;
    stage.pass("1 h").await;
    assert_eq!(told(&stage), [("U1", 21)]);
    ended(stage).await;
}

/// Given somebody is in two rotations that both want it, when all jobs run at once, then they are told once.
#[tokio::test]
async fn whoever_is_in_two_rotations_is_told_once() {
    let world = team(&["ana"]).channel("C2", "payments").member("C2", "U1");
    let stage = tended(world, nudging()).await;
    stage.types_in("C2", "U1", "https://incident.example/2").await;
    let root = stage.posts_in("C2")[0].ts.clone();
    stage.reacts_in("C2", "U1", &root, "eyes").await;
    stage.tend().await;
    stage.run_together();
    stage.pass("48 h").await;
    assert_eq!(told(&stage), [("U1", 21)]);
    ended(stage).await;
}

/// Given ninety engineers without a schedule, of whom Slack lets the background read but sixty a minute, then all
/// are told in the end.
#[tokio::test]
async fn a_large_team_is_told_within_the_budget() {
    let names: Vec<String> = (1..=90).map(|number| format!("eng{number}")).collect();
    let mut world = team(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for number in 1..=90 {
        world = world.with_user(&format!("U{number}"), |user| user.tz = Some("Europe/Lisbon".to_owned()));
    }
    let stage = tended(world, nudging()).await;
    stage.pass("28 h").await;
    let told = (1..=90).filter(|number| !stage.direct_texts(&format!("U{number}")).is_empty()).count();
    assert_eq!(told, 90);
    ended(stage).await;
}

/// Given Slack does not say who is in the channel at the time of the look, then it is looked again, and everybody
/// is told the same day.
#[tokio::test]
async fn a_look_that_fails_is_made_again() {
    let stage = tended(team(&["ana"]), nudging()).await;
    stage.pass("20 h").await;
    stage.fault(slack_sim::Fault::once("conversations.members", slack_sim::FaultKind::Http500).times(3));
    stage.pass("2 h").await;
    assert_eq!(told(&stage), [("U1", 21)]);
    ended(stage).await;
}
