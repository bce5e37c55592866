//! The last resort: who the managers are, how often they are called, and what when there are none.

use insta::assert_snapshot;
use pagerslack::config::RotationConfig;
use slack_sim::{Fault, FaultKind, Mention, WorldBuilder};

use crate::harness::{Stage, team};

/// An empty channel but for ana, who is away.
fn nobody_there() -> WorldBuilder {
    team(&["ana"])
        .away("U1")
        .app(|app| app.scopes.extend(["users:read.email".to_owned()]))
        .channel("C9", "managers")
        .person("M2", "mika", "Asia/Tokyo")
        .person("M3", "noor", "Asia/Tokyo")
}

async fn called(rotation: RotationConfig) -> Stage {
    let stage = Stage::new(nobody_there(), rotation).await;
    stage.types("U1", "https://incident.example/1 database down").await;
    stage
}

async fn taken(stage: Stage, by: &str) {
    stage.reacts(by, &stage.post("root").ts, "eyes").await;
    assert!(stage.post("taken").text.contains(&format!("<@{by}> is on it")));
    stage.pass("1 h").await;
    stage.end().await;
}

fn users(ids: &[&str]) -> Vec<Mention> {
    ids.iter().map(|id| Mention::User((*id).to_owned())).collect()
}

/// Given two managers by id, when nobody is there, then one message calls both.
#[tokio::test]
async fn managers_by_id_are_called_in_one_message() {
    let rotation = RotationConfig { managers: vec!["M1".into(), "M2".into()], ..RotationConfig::default() };
    let stage = called(rotation).await;
    let post = stage.post("managers/1");
    assert!(post.mentions.starts_with(&users(&["M1", "M2"])), "{}", post.text);
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :mega: Nobody is available: the engineering managers have been paged.
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: @marit @mika an incident in #dev-escalation needs an engineer: https://incident.example/1
            >database down
            Reported by @ana at 12:00 UTC. Nobody could be asked: 1 away.
            Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.  [I'm on it]
    ");
    taken(stage, "M2").await;
}

/// Given managers by e-mail address, one of which nobody has any more, when nobody is there, then those who
/// can be found are called.
#[tokio::test]
async fn managers_by_address_are_called_although_one_address_is_gone() {
    let manager_emails = ["gone@example.com", "Mika@Example.com", "noor@example.com"].map(Into::into).into();
    let stage = called(RotationConfig { manager_emails, ..RotationConfig::default() }).await;
    let post = stage.post("managers/1");
    assert!(post.mentions.starts_with(&users(&["M2", "M3"])), "{}", post.text);
    taken(stage, "M3").await;
}

/// Given the managers are a user group, when nobody is there, then the group is mentioned, and a member of it may
/// take the incident although they are not in the channel.
#[tokio::test]
async fn a_group_of_managers_is_mentioned_as_one() {
    let world = nobody_there().group("S1", "managers", &["M2", "M3"]);
    let stage =
        Stage::new(world, RotationConfig { manager_group: Some("S1".into()), ..Default::default() }).await;
    stage.types("U1", "https://incident.example/1").await;
    let post = stage.post("managers/1");
    assert_eq!(post.mentions, [Mention::Group("S1".into()), Mention::User("U1".into())]);
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :mega: Nobody is available: the engineering managers have been paged.
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: @managers an incident in #dev-escalation needs an engineer: https://incident.example/1
            Reported by @ana at 12:00 UTC. Nobody could be asked: 1 away.
            Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.  [I'm on it]
    ");
    taken(stage, "M3").await;
}

/// Given a group and a manager who is not in it, when nobody is there, then nobody of them is left out.
#[tokio::test]
async fn a_manager_beside_the_group_is_called_too() {
    let world = nobody_there().group("S1", "managers", &["M2", "M3"]);
    let rotation = RotationConfig {
        manager_group: Some("S1".into()),
        managers: vec!["M1".into()],
        ..Default::default()
    };
    let stage = Stage::new(world, rotation).await;
    stage.types("U1", "https://incident.example/1").await;
    let post = stage.post("managers/1");
    assert!(post.mentions.contains(&Mention::User("M1".into())), "{}", post.text);
    assert!(
        post.mentions.contains(&Mention::Group("S1".into()))
            || post.mentions.starts_with(&users(&["M1", "M2", "M3"])),
        "{}",
        post.text
    );
    taken(stage, "M1").await;
}

/// Given a group that Slack does not let us read, for whatever reason, when nobody is there, then the group is
/// mentioned and every manager known by id beside it.
#[tokio::test]
async fn beside_a_group_that_cannot_be_read_everybody_known_is_called() {
    for fault in [
        FaultKind::Error("no_such_subteam".to_owned()),
        FaultKind::Error("missing_scope".to_owned()),
        FaultKind::Http500,
    ] {
        let world = nobody_there().group("S1", "managers", &["M2", "M3"]);
        let rotation = RotationConfig {
            manager_group: Some("S1".into()),
            managers: vec!["M1".into()],
            ..Default::default()
        };
        let stage = Stage::new(world, rotation).await;
        stage.fault(Fault::always("usergroups.users.list", fault));
        stage.types("U1", "https://incident.example/1").await;
        let post = stage.post("managers/1");
        let both = [Mention::Group("S1".into()), Mention::User("M1".into())];
        assert!(post.mentions.starts_with(&both), "{}", post.text);
        taken(stage, "M1").await;
    }
}

/// Given a manager is configured by an address that nobody has, when nobody is there, then nobody is told that no
/// manager is configured.
#[tokio::test]
async fn a_manager_who_cannot_be_found_is_not_said_to_be_none() {
    let manager_emails = vec!["gone@example.com".into()];
    let stage = called(RotationConfig { manager_emails, ..RotationConfig::default() }).await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :warning: Nobody is left to ask, and no engineering manager could be found in Slack. Please find somebody by hand.
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: :warning: @ana nobody is on https://incident.example/1: nobody could be asked: 1 away. No engineering manager could be found in Slack, so please find somebody by hand.
    ");
    taken(stage, "U1").await;
}

/// Given more addresses than the background may look up in a minute, when somebody asks how they stand, or it is looked
/// who has no notification schedule, then a part of Slack's budget is left to the call of the managers.
#[tokio::test]
async fn what_wakes_nobody_leaves_the_lookup_of_managers_to_the_pages() {
    for asked in [true, false] {
        let manager_emails = (0..60).map(|number| format!("gone{number}@example.com")).collect();
        let rotation = RotationConfig { manager_emails, ..RotationConfig::default() };
        let stage = Stage::new(nobody_there(), rotation).await;
        let lookups = || stage.slack.read(|world| world.count_calls("users.lookupByEmail"));
        if asked {
            stage.types("U1", "position").await;
        } else {
            stage.bot.engine().without_schedule(&stage.rotation()).await.unwrap();
        }
        assert_eq!(lookups(), 30);
        stage.types("U1", "https://incident.example/1").await;
        assert_eq!(lookups(), 50);
        taken(stage, "U1").await;
    }
}

/// Given nobody answers, then the managers are called three times, five minutes apart, and not a fourth time;
/// and the incident can still be taken a day later.
#[tokio::test]
async fn managers_are_called_three_times_five_minutes_apart() {
    let stage = called(RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() }).await;
    stage.pass("24 h").await;
    let times: Vec<_> = stage.posts().iter().map(|post| (post.kind.clone(), post.at)).collect();
    let expected = [("root", 0), ("managers/1", 0), ("managers/2", 300), ("managers/3", 600)];
    assert_eq!(times, expected.map(|(kind, at)| (kind.to_owned(), at)));
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :mega: Nobody is available: the engineering managers have been paged, 3 times now.
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: @marit an incident in #dev-escalation needs an engineer: https://incident.example/1
            >database down
            Reported by @ana at 12:00 UTC. Nobody could be asked: 1 away.
            Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.  [I'm on it]
        pager: @marit an incident in #dev-escalation still needs an engineer: https://incident.example/1
            >database down
            Reported by @ana at 12:00 UTC. Nobody answered the last call.
            Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.  [I'm on it]
        pager: @marit an incident in #dev-escalation still needs an engineer: https://incident.example/1
            >database down
            Reported by @ana at 12:00 UTC. Nobody answered the last call.
            Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.  [I'm on it]
    ");
    taken(stage, "M1").await;
}

/// Given the second call was made, when somebody takes the incident, then there is no third.
#[tokio::test]
async fn an_answer_ends_the_calls() {
    let stage = called(RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() }).await;
    stage.pass("6 min").await;
    assert_eq!(stage.kinds(), "root managers/1 managers/2");
    // Even an engineer who was away and comes back.
    stage.reacts("U1", &stage.post("managers/1").ts, "eyes").await;
    stage.pass("1 h").await;
    assert_eq!(stage.kinds(), "root managers/1 managers/2 taken");
    stage.end().await;
}

/// Given no manager is configured, when nobody is there, then the thread and the root say so and call upon the
/// reporter, who alone is there.
#[tokio::test]
async fn without_managers_the_reporter_is_told_honestly() {
    let stage = called(RotationConfig::default()).await;
    assert_eq!(stage.post("managers/1").mentions, users(&["U1"]));
    stage.pass("1 h").await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        >database down
        :warning: Nobody is left to ask, and no engineering manager is configured. Please find somebody by hand.
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: :warning: @ana nobody is on https://incident.example/1: nobody could be asked: 1 away. No engineering manager is configured, so please find somebody by hand.
        pager: :warning: @ana still nobody is on https://incident.example/1. No engineering manager is configured, so please find somebody by hand.
        pager: :warning: @ana still nobody is on https://incident.example/1. No engineering manager is configured, so please find somebody by hand.
    ");
    taken(stage, "U1").await;
}

/// Given a manager sits in the channel and is online, when somebody reports, then they are not asked as an
/// engineer but come last.
#[tokio::test]
async fn a_manager_in_the_channel_comes_last() {
    let rotation = RotationConfig { managers: vec!["M2".into()], ..RotationConfig::default() };
    let stage = Stage::new(team(&["ana"]).person("M2", "mika", "Asia/Tokyo"), rotation).await;
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("2 min").await;
    assert_eq!(stage.asked(), ["U1"]);
    assert_snapshot!(stage.post("managers/1").text, @r"
    <@M2> an incident in <#C1> needs an engineer: <https://incident.example/1>
    Reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>. 1 person was asked, and nobody else could be: the channel has no more engineers.
    Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.
    ");
    taken(stage, "M2").await;
}

/// Given nobody is there and Slack is slow to say that the root message stands, then the managers are called in its
/// thread as soon as it does, and not beside it.
#[tokio::test]
async fn the_call_waits_for_its_thread() {
    let rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
    let stage = Stage::new(nobody_there(), rotation).await;
    stage.fault(Fault::once("chat.postMessage", FaultKind::HangAfter));
    stage.types("U1", "https://incident.example/1").await;
    stage.pass("10 s").await;
    assert_eq!(stage.kinds(), "root managers/1");
    assert_eq!(stage.post("managers/1").at, 5);
    assert_eq!(stage.direct_texts("M1"), Vec::<String>::new());
    taken(stage, "M1").await;
}
