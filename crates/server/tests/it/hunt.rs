//! One after the other, each for two minutes, and only those who are there.

use insta::assert_snapshot;
use jiff::SignedDuration;
use pagerslack::config::RotationConfig;
use slack_sim::Presence;

use crate::harness::{Stage, team};

const EIGHT: [&str; 8] = ["ana", "bo", "chen", "dara", "eli", "femi", "gita", "hana"];

/// Given eight engineers who are all online and none of whom answers, when one incident is reported, then six of
/// them are asked, two minutes apart to the second, nobody twice, and after the sixth the managers.
#[tokio::test]
async fn six_are_asked_two_minutes_apart_and_then_the_managers() {
    let stage = Stage::with(&EIGHT).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("1 h").await;
    let times: Vec<_> = stage.posts().iter().map(|post| format!("{} at {} s", post.kind, post.at)).collect();
    assert_snapshot!(times.join("\n"), @r"
    root at 0 s
    page/1 at 0 s
    page/2 at 120 s
    page/3 at 240 s
    page/4 at 360 s
    page/5 at 480 s
    page/6 at 600 s
    managers/1 at 720 s
    managers/2 at 1020 s
    managers/3 at 1320 s
    ");
    let mut asked = stage.asked();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 6, "nobody is asked twice");
    stage.reacts("M1", &stage.post("managers/3").ts, "eyes").await;
    stage.end().await;
}

/// Given a team that chose 45 seconds, two attempts and one call of the managers, then that is what happens.
#[tokio::test]
async fn a_team_may_choose_its_numbers() {
    let mut rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
    rotation.policy.ack_timeout = SignedDuration::from_secs(45);
    rotation.policy.max_attempts = 2;
    rotation.policy.manager_rounds = 1;
    let stage = Stage::new(team(&EIGHT), rotation).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("1 h").await;
    let times: Vec<_> = stage.posts().iter().map(|post| (post.kind.clone(), post.at)).collect();
    let expected = [("root", 0), ("page/1", 0), ("page/2", 45), ("managers/1", 90)];
    assert_eq!(times, expected.map(|(kind, at)| (kind.to_owned(), at)));
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given everybody is away, when somebody reports, then nobody waits: the managers are called in the same
/// second, and the thread says why.
#[tokio::test]
async fn when_nobody_is_there_the_managers_are_called_at_once() {
    let stage = Stage::new(
        team(&["ana", "bo", "chen"]).away("U1").away("U2").away("U3"),
        RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() },
    )
    .await;
    stage.types("U1", "https://incident.example/1").await;
    assert_eq!(stage.post("managers/1").at, 0);
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :mega: Nobody is available: the engineering managers have been paged.
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: @marit an incident in #dev-escalation needs an engineer: https://incident.example/1
            Reported by @ana at 12:00 UTC. Nobody could be asked: 3 away.
            Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.  [I'm on it]
    ");
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given one engineer who is there and others who are away, resting, deactivated, guests or bots, when nobody
/// answers, then only the one is asked and the managers read what became of the others.
#[tokio::test]
async fn only_those_who_are_there_and_may_be_disturbed_are_asked() {
    let noon = jiff::civil::time(12, 0, 0, 0);
    let world = team(&["ana", "bo", "chen", "dara", "eli", "femi", "gita"])
        .away("U2")
        // Lisbon is at noon: a rest from eleven to one; Nairobi is three hours ahead.
        .with_user("U3", |user| user.tz = Some("Europe/Lisbon".into()))
        .nightly_dnd("U3", noon - jiff::Span::new().hours(1), noon + jiff::Span::new().hours(1))
        .with_user("U5", |user| user.deleted = true)
        .with_user("U6", |user| user.is_ultra_restricted = true)
        .with_user("U7", |user| user.is_bot = true);
    let rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
    let stage = Stage::new(world, rotation).await;
    stage
        .slack
        .with(|world, now| world.set_dnd(now, "U4", now, now + SignedDuration::from_hours(1)))
        .unwrap();
    stage.types("U2", "https://incident.example/1").await;
    stage.pass("2 min").await;
    assert_eq!(stage.asked(), ["U1"]);
    assert_snapshot!(stage.post("managers/1").text, @"
    <@M1> an incident in <#C1> needs an engineer: <https://incident.example/1>
    Reported by <@U2> at <!date^1795521600^{time}|12:00 UTC>. 1 person was asked, and nobody else could be: 1 away, 2 in do-not-disturb.
    Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.
    ");
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given a schedule that began a minute ago and one that ends this second, when an incident is reported, then
/// the first person rests and the second may be asked.
#[tokio::test]
async fn a_rest_lasts_from_its_first_moment_to_its_last() {
    let stage = Stage::new(team(&["ana", "bo"]), RotationConfig::default()).await;
    stage.slack.with(|world, now| {
        world.set_dnd(now, "U1", now, now + SignedDuration::from_mins(1)).unwrap();
        world.set_dnd(now, "U2", now - SignedDuration::from_mins(1), now).unwrap();
    });
    stage.types("U1", "https://incident.example/1").await;
    assert_eq!(stage.asked(), ["U2"]);
    // Two minutes later the other one is back.
    stage.pass("2 min").await;
    assert_eq!(stage.asked(), ["U2", "U1"]);
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given the next in the queue goes away, leaves the channel or is deactivated while another is being asked,
/// then they are not asked; and whoever has come online meanwhile is.
#[tokio::test]
async fn what_changes_between_two_attempts_counts() {
    let stage = Stage::with(&["ana", "bo", "chen", "dara", "eli"]).await;
    stage.presence("U5", Presence::Away);
    stage.types("U1", "https://incident.example/1").await;
    let asked = stage.asked()[0].clone();
    let others: Vec<_> = ["U1", "U2", "U3", "U4"].into_iter().filter(|user| *user != asked).collect();
    stage.presence(others[0], Presence::Away);
    stage.presence("U5", Presence::Active);
    stage.slack.with(|world, now| {
        world.leave(now, others[1], "C1").unwrap();
        world.deactivate(now, others[2]).unwrap();
    });
    stage.pass("2 min").await;
    assert_eq!(stage.asked(), [asked.as_str(), "U5"]);
    stage.presence(others[0], Presence::Active);
    stage.pass("2 min").await;
    assert_eq!(stage.asked()[2], others[0]);
    stage.pass("2 min").await;
    assert_eq!(stage.kinds(), "root page/1 page/2 page/3 managers/1");
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given somebody joins the channel while another is being asked, then they are asked too, last.
#[tokio::test]
async fn whoever_joins_meanwhile_is_asked_too() {
    let world = team(&["ana", "bo"]).channel("C9", "elsewhere").person("U9", "nia", "Africa/Nairobi");
    let stage = Stage::new(world, RotationConfig::default()).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.slack.with(|world, now| world.join(now, "U9", "C1")).unwrap();
    stage.pass("4 min").await;
    assert_eq!(stage.asked().last().unwrap(), "U9");
    stage.reacts("U9", &stage.post("page/3").ts, "eyes").await;
    stage.end().await;
}
