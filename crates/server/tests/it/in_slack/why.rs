//! "why": who was considered for an incident, in order, each with the reason of the time (P7).

use insta::assert_snapshot;
use slack_sim::Presence;

use crate::harness::{Stage, team};

const URL: &str = "https://incident.example/1";

/// Given the first in the queue is away, the second does not answer and the third takes it, when somebody asks
/// "why", then they read both attempts with everybody who was considered, and who took it.
#[tokio::test]
async fn an_incident_of_two_attempts_is_explained() {
    let stage = Stage::with(&["ana", "bo", "chen", "dara"]).await;
    let order = stage.order_to_come();
    stage.presence(&order[0], Presence::Away);
    stage.types("U1", &format!("{URL} the database is down")).await;
    stage.pass("2 min").await;
    assert_eq!(stage.asked(), order[1..3]);
    let waiting = stage.asks("U1", "why").await;
    let page = stage.post("page/2");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.pass("1 h").await;
    assert_snapshot!(waiting, @"
    *<https://incident.example/1>* in <#C1> (<https://example.slack.com/archives/C1/p1795521600000001|thread>), reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>: waiting for <@U4> since <!date^1795521720^{time}|12:02 UTC> (attempt 2).
    *Attempt 1*, at <!date^1795521600^{time}|12:00 UTC>: <@U2> did not answer in time. Considered, in order:
    1. <@U1> away – no turn before
    2. <@UBOT> a bot – no turn before
    3. <@U2> online and may be disturbed – no turn before
    *Attempt 2*, at <!date^1795521720^{time}|12:02 UTC>: <@U4> is being asked. Considered, in order:
    1. <@U1> away – no turn before
    2. <@U4> online and may be disturbed – no turn before
    ");
    let told = stage.asks("U1", "why").await;
    assert_snapshot!(told, @"
    *<https://incident.example/1>* in <#C1> (<https://example.slack.com/archives/C1/p1795521600000001|thread>), reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>: <@U4> is on it since <!date^1795521720^{time}|12:02 UTC>.
    *Attempt 1*, at <!date^1795521600^{time}|12:00 UTC>: <@U2> did not answer in time. Considered, in order:
    1. <@U1> away – no turn before
    2. <@UBOT> a bot – no turn before
    3. <@U2> online and may be disturbed – no turn before
    *Attempt 2*, at <!date^1795521720^{time}|12:02 UTC>: <@U4> is on it. Considered, in order:
    1. <@U1> away – no turn before
    2. <@U4> online and may be disturbed – no turn before
    *Taken* by <@U4> at <!date^1795521720^{time}|12:02 UTC>.
    ");
    assert_eq!(stage.asks("U2", &format!("why {URL}")).await, told);
    assert_eq!(stage.types("U3", "why").await, told);
    assert_eq!(stage.types("U3", &format!("why {URL}")).await, told);
    stage.end().await;
}

/// Given nobody was there and the managers were called, when somebody asks "why", then they read everybody with
/// their reasons, the calls, and who took it.
#[tokio::test]
async fn the_managers_calls_are_explained() {
    let world =
        team(&["ana", "bo", "chen"]).away("U1").away("U2").with_user("U3", |user| user.is_restricted = true);
    let stage = Stage::with_world(world).await;
    stage.types("U1", URL).await;
    stage.pass("6 min").await;
    stage.reacts("M1", &stage.post("managers/2").ts, "eyes").await;
    assert_snapshot!(stage.asks("U1", "why").await, @"
    *<https://incident.example/1>* in <#C1> (<https://example.slack.com/archives/C1/p1795521600000001|thread>), reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>: <@M1> is on it since <!date^1795521960^{time}|12:06 UTC>.
    *Managers paged*, at <!date^1795521600^{time}|12:00 UTC>, as nobody could be asked. Considered, in order:
    1. <@U1> away – no turn before
    2. <@U2> away – no turn before
    *Managers paged*, at <!date^1795521900^{time}|12:05 UTC>: nobody answered the last call.
    *Taken* by <@M1> at <!date^1795521960^{time}|12:06 UTC>.
    ");
    stage.end().await;
}

/// Given six people were asked in vain, when somebody asks "why", then all six attempts are told.
#[tokio::test]
async fn all_six_attempts_are_told() {
    let names: Vec<String> = (1..=8).map(|number| format!("eng{number}")).collect();
    let stage = Stage::with(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    stage.types("U1", URL).await;
    stage.pass("13 min").await;
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    let told = stage.asks("U1", "why").await;
    let headings: Vec<&str> = told.lines().filter(|line| line.starts_with('*')).collect();
    assert_snapshot!(headings.join("\n"), @"
    *<https://incident.example/1>* in <#C1> (<https://example.slack.com/archives/C1/p1795521600000001|thread>), reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>: <@M1> is on it since <!date^1795522380^{time}|12:13 UTC>.
    *Attempt 1*, at <!date^1795521600^{time}|12:00 UTC>: <@U7> did not answer in time. Considered, in order:
    *Attempt 2*, at <!date^1795521720^{time}|12:02 UTC>: <@U1> did not answer in time. Considered, in order:
    *Attempt 3*, at <!date^1795521840^{time}|12:04 UTC>: <@U8> did not answer in time. Considered, in order:
    *Attempt 4*, at <!date^1795521960^{time}|12:06 UTC>: <@U6> did not answer in time. Considered, in order:
    *Attempt 5*, at <!date^1795522080^{time}|12:08 UTC>: <@U2> did not answer in time. Considered, in order:
    *Attempt 6*, at <!date^1795522200^{time}|12:10 UTC>: <@U4> did not answer in time. Considered, in order:
    *Managers paged*, at <!date^1795522320^{time}|12:12 UTC>: 6 people were asked and nobody took it.
    *Taken* by <@M1> at <!date^1795522380^{time}|12:13 UTC>.
    ");
    stage.end().await;
}

/// Given an incident was handed over, when somebody asks "why", then both who took it are told.
#[tokio::test]
async fn a_hand_over_is_part_of_the_story() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", URL).await;
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.pass("10 min").await;
    stage.presses(&page.asks(), &stage.post("root").ts, "pagerslack_hand_over").await;
    let second = stage.post("page/2");
    stage.pass("1 min").await;
    stage.reacts(&second.asks(), &second.ts, "eyes").await;
    assert_snapshot!(stage.asks("U1", "why").await, @"
    *<https://incident.example/1>* in <#C1> (<https://example.slack.com/archives/C1/p1795521600000001|thread>), reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>: <@U2> is on it since <!date^1795522260^{time}|12:11 UTC>.
    *Attempt 1*, at <!date^1795521600^{time}|12:00 UTC>: <@U1> took it, and has handed it over. Considered, in order:
    1. <@U1> online and may be disturbed – no turn before
    *Taken* by <@U1> at <!date^1795521600^{time}|12:00 UTC>, handed over at <!date^1795522200^{time}|12:10 UTC>.
    *Attempt 2*, at <!date^1795522200^{time}|12:10 UTC>: <@U2> is on it. Considered, in order:
    1. <@U2> online and may be disturbed – no turn before
    *Taken* by <@U2> at <!date^1795522260^{time}|12:11 UTC>.
    ");
    stage.end().await;
}

/// Given an unknown address, or no incident at all, when somebody asks "why", then they are told so.
#[tokio::test]
async fn there_may_be_nothing_to_explain() {
    let stage = Stage::with(&["ana", "bo"]).await;
    assert_snapshot!(stage.types("U1", "why").await, @"No incident has been reported in your channels yet.");
    stage.types("U1", URL).await;
    stage.reacts("U2", &stage.post("root").ts, "eyes").await;
    assert_snapshot!(stage.asks("U1", "why https://incident.example/unknown").await, @"I know of no incident for <https://incident.example/unknown> in your channels.");
    assert_snapshot!(stage.types("U1", "why https://incident.example/unknown").await, @"I know of no incident for <https://incident.example/unknown> in your channels.");
    stage.end().await;
}

/// Given the same address was reported twice, when somebody asks about it, then the later incident is told.
#[tokio::test]
async fn of_two_incidents_of_one_address_the_later_is_told() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    for _ in 0..2 {
        stage.types("U1", URL).await;
        let page = stage.pages().pop().unwrap();
        stage.reacts(&page.asks(), &page.ts, "eyes").await;
        stage.pass("30 min").await;
    }
    let told = stage.asks("U1", &format!("why {URL}")).await;
    assert!(told.contains(&format!("<@{}>", stage.asked()[1])), "{told}");
    assert_eq!(told.matches("*Attempt").count(), 1, "{told}");
    stage.end().await;
}
