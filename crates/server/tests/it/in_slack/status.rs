//! "status": what is open.

use insta::assert_snapshot;

use crate::harness::{Stage, team};

/// Given one incident that somebody is asked about, one at the managers and one that is taken, when somebody asks
/// for the status, then they read the open ones with their threads.
#[tokio::test]
async fn what_is_open_is_told_with_its_thread() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("10 min").await;
    stage.types("U2", "https://incident.example/2").await;
    stage.types("U3", "https://incident.example/3").await;
    let third = stage.roots().pop().unwrap();
    stage.reacts("U3", &third, "eyes").await;
    stage.pass("1 min").await;
    let told = stage.asks("U1", "status").await;
    assert_snapshot!(told, @"
    *Open in <#C1>: 2*
    • <https://incident.example/1> (<https://example.slack.com/archives/C1/p1795521600000001|thread>): managers paged at <!date^1795522260^{time}|12:11 UTC>, nobody is on it; reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>
    • <https://incident.example/2> (<https://example.slack.com/archives/C1/p1795522200000001|thread>): waiting for <@U1> since <!date^1795522200^{time}|12:10 UTC> (attempt 1); reported by <@U2> at <!date^1795522200^{time}|12:10 UTC>
    ");
    assert_eq!(stage.types("U3", "status").await, told);
    for root in stage.roots() {
        stage.reacts("M1", &root, "eyes").await;
    }
    assert_snapshot!(stage.asks("U1", "status").await, @"Nothing is open. :relieved:");
    stage.end().await;
}

/// Given nothing was ever reported, when somebody asks, then nothing is open.
#[tokio::test]
async fn before_any_incident_nothing_is_open() {
    let stage = Stage::with(&["ana", "bo"]).await;
    assert_snapshot!(stage.types("U1", "status").await, @"Nothing is open. :relieved:");
    stage.end().await;
}

/// Given an incident in each of two channels, when somebody of both asks, then both are told by channel, and by
/// command only that of the channel.
#[tokio::test]
async fn several_rotations_are_told_by_channel() {
    let world =
        team(&["ana", "bo"]).channel("C2", "payments").person("U9", "zoe", "Asia/Tokyo").member("C2", "U1");
    let stage = Stage::with_world(world).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.types_in("C2", "U9", "https://incident.example/2").await;
    assert_snapshot!(stage.asks("U1", "status").await, @"
    *Open in <#C1>: 1*
    • <https://incident.example/1> (<https://example.slack.com/archives/C1/p1795521600000001|thread>): waiting for <@U1> since <!date^1795521600^{time}|12:00 UTC> (attempt 1); reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>
    *Open in <#C2>: 1*
    • <https://incident.example/2> (<https://example.slack.com/archives/C2/p1795521600000001|thread>): waiting for <@U1> since <!date^1795521600^{time}|12:00 UTC> (attempt 1); reported by <@U9> at <!date^1795521600^{time}|12:00 UTC>
    ");
    assert_snapshot!(stage.types_in("C2", "U1", "status").await, @"
    *Open in <#C2>: 1*
    • <https://incident.example/2> (<https://example.slack.com/archives/C2/p1795521600000001|thread>): waiting for <@U1> since <!date^1795521600^{time}|12:00 UTC> (attempt 1); reported by <@U9> at <!date^1795521600^{time}|12:00 UTC>
    ");
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    assert_snapshot!(stage.asks("U1", "status").await, @"
    *Open in <#C2>: 1*
    • <https://incident.example/2> (<https://example.slack.com/archives/C2/p1795521600000001|thread>): waiting for <@U1> since <!date^1795521600^{time}|12:00 UTC> (attempt 1); reported by <@U9> at <!date^1795521600^{time}|12:00 UTC>
    Nothing is open in 1 other channel.
    ");
    let other = stage.posts_in("C2")[0].ts.clone();
    stage.reacts_in("C2", "U9", &other, "eyes").await;
    stage.end().await;
}

/// Given Slack does not give a thread's address, when somebody asks, then the incident is told all the same.
#[tokio::test]
async fn without_the_threads_address_the_incident_is_told_all_the_same() {
    let stage = Stage::with(&["ana", "bo"]).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.fault(slack_sim::Fault::always("chat.getPermalink", slack_sim::FaultKind::Http500));
    assert_snapshot!(stage.asks("U2", "status").await, @"
    *Open in <#C1>: 1*
    • <https://incident.example/1>: waiting for <@U1> since <!date^1795521600^{time}|12:00 UTC> (attempt 1); reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>
    ");
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}
