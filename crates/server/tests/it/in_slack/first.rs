//! `/devoncall @someone URL`: that person first, if they are available.

use insta::assert_snapshot;
use jiff::SignedDuration;
use pagerslack_core::roster::{Entry, Role};
use slack_sim::Presence;

use super::{roster, row, ruled};
use crate::harness::{Stage, team};

const URL: &str = "https://incident.example/1";
const NAMES: [&str; 4] = ["ana", "bo", "chen", "dara"];

/// What the reporter reads beside "on it".
fn warning(stage: &Stage, reporter: &str) -> String {
    let told = stage.ephemerals(reporter);
    told.into_iter().filter(|text| text.starts_with("You wanted")).collect::<Vec<_>>().join("\n")
}

/// Whoever is last in the queue, by name and by id.
fn last(stage: &Stage) -> (&'static str, String) {
    let id = stage.order_to_come().pop().unwrap();
    (NAMES[id[1..].parse::<usize>().unwrap() - 1], id)
}

/// Given dara is available and last in the queue, when somebody wants dara first, then dara is asked first and has
/// had a turn; after that the queue goes on from its head.
#[tokio::test]
async fn somebody_available_is_asked_first_and_has_had_a_turn() {
    let stage = Stage::with(&NAMES).await;
    let order = stage.order_to_come();
    let (name, wanted) = last(&stage);
    let told = stage.types("U1", &format!("@{name} {URL} the database is down")).await;
    assert_snapshot!(told, @"On it: looking for an engineer for <https://incident.example/1>, <@U3> first if available. Follow the thread in this channel.");
    assert_eq!(stage.asked(), [wanted.as_str()]);
    assert_eq!(stage.considered(1).await, [format!("{wanted} Available")]);
    stage.presses(&wanted, &stage.post("page/1").ts, "pagerslack_why").await;
    assert_snapshot!(stage.last_told(&wanted), @"
    *Why you?* <@U1> asked for you first, and you were online and could be disturbed.
    Whoever the reporter names goes before the queue.
    React with :eyes: or press *I'm on it* to take it, or *Pass*; without an answer by <!date^1795521720^{time}|12:02 UTC> the next engineer is asked.
    ");
    stage.pass("2 min").await;
    assert_eq!(stage.asked(), [wanted.as_str(), order[0].as_str()]);
    assert_eq!(warning(&stage, "U1"), "");
    stage.reacts(&order[0], &stage.post("page/2").ts, "eyes").await;
    let queue = stage.queue().await;
    assert_eq!(queue[queue.len() - 2..], [wanted, order[0].clone()]);
    stage.end().await;
}

/// Given the one who is wanted first is away, in do-not-disturb, on a status, deactivated, a guest, or outside the
/// channel, when somebody reports, then the head of the queue is asked instead, and the reporter reads why.
#[tokio::test]
async fn somebody_unavailable_is_not_asked_and_the_reporter_is_told() {
    let mut warnings = String::new();
    for what in ["away", "dnd", "status", "deactivated", "guest", "outside", "bot"] {
        let world = match what {
            "guest" => team(&NAMES).with_user("U4", |user| user.is_restricted = true),
            "bot" => team(&NAMES).with_user("U4", |user| user.is_bot = true),
            _ => team(&NAMES),
        };
        let stage = Stage::with_world(world).await;
        stage.presence("U4", if what == "away" { Presence::Away } else { Presence::Active });
        stage.slack.with(|world, now| match what {
            "dnd" => world.set_dnd(now, "U4", now, now + SignedDuration::from_hours(2)).unwrap(),
            "status" => world.set_status(now, "U4", ":palm_tree:", "in the sun", 0).unwrap(),
            "deactivated" => world.deactivate(now, "U4").unwrap(),
            "outside" => world.leave(now, "U4", "C1").unwrap(),
            _ => {}
        });
        stage.settle().await;
        let head = stage.order_to_come().into_iter().find(|user| user != "U4").unwrap();
        stage.types("U1", &format!("@dara {URL}")).await;
        assert_eq!(stage.asked(), [head.as_str()], "{what}");
        assert!(stage.considered(1).await[0].starts_with("U4 "), "{what}: accounted for (P7)");
        warnings.push_str(&format!("{what}: {}\n", warning(&stage, "U1")));
        stage.reacts(&head, &stage.post("page/1").ts, "eyes").await;
        stage.end().await;
    }
    assert_snapshot!(warnings, @"
    away: You wanted <@U4> to be asked first about <https://incident.example/1>, but <@U4> is away; <@U1> was asked instead.
    dnd: You wanted <@U4> to be asked first about <https://incident.example/1>, but <@U4> is in do-not-disturb until <!date^1795528800^{time}|14:00 UTC>; <@U1> was asked instead.
    status: You wanted <@U4> to be asked first about <https://incident.example/1>, but <@U4> is away by their status “:palm_tree: in the sun”; <@U1> was asked instead.
    deactivated: You wanted <@U4> to be asked first about <https://incident.example/1>, but <@U4> is deactivated; <@U1> was asked instead.
    guest: You wanted <@U4> to be asked first about <https://incident.example/1>, but <@U4> is a guest; <@U1> was asked instead.
    outside: You wanted <@U4> to be asked first about <https://incident.example/1>, but <@U4> is not on the roster of engineers; <@U1> was asked instead.
    bot: You wanted <@U4> to be asked first about <https://incident.example/1>, but <@U4> is a bot; <@U1> was asked instead.
    ");
}

/// Given a manager is wanted first, in the channel or outside it, or somebody whom the roster does not have, then
/// they are not asked as an engineer, and the reporter reads what they are.
#[tokio::test]
async fn a_manager_is_not_asked_first() {
    let mut warnings = String::new();
    let manager = Entry { role: Role::Manager, ..row("U4") };
    let rules = roster([row("U1"), row("U2"), manager]);
    let stage = Stage::new(team(&NAMES), ruled(rules)).await;
    for (number, name) in (1..).zip(["dara", "marit", "chen"]) {
        stage.types("U1", &format!("@{name} https://incident.example/{number}")).await;
        let page = stage.pages().pop().unwrap();
        assert!(["U1", "U2"].contains(&page.asks().as_str()));
        stage.reacts(&page.asks(), &page.ts, "eyes").await;
        warnings.push_str(&format!("{name}: {}\n", warning(&stage, "U1").lines().last().unwrap_or_default()));
    }
    assert_snapshot!(warnings, @"
    dara: You wanted <@U4> to be asked first about <https://incident.example/1>, but <@U4> is an engineering manager, who come last; <@U1> was asked instead.
    marit: You wanted <@M1> to be asked first about <https://incident.example/2>, but <@M1> is an engineering manager, who come last; <@U2> was asked instead.
    chen: You wanted <@U3> to be asked first about <https://incident.example/3>, but <@U3> is not on the roster of engineers; <@U1> was asked instead.
    ");
    stage.pass("1 min").await;
    stage.end().await;
}

/// Given the one who is wanted is away and so is everybody else, then the managers are called and the reporter
/// reads why it was not the one they wanted.
#[tokio::test]
async fn when_nobody_can_be_asked_the_reporter_is_told_all_the_same() {
    let stage = Stage::with_world(team(&["ana", "bo"]).away("U1").away("U2")).await;
    stage.types("U1", &format!("@bo {URL}")).await;
    assert_eq!(stage.kinds(), "root managers/1");
    assert_snapshot!(warning(&stage, "U1"), @"You wanted <@U2> to be asked first about <https://incident.example/1>, but <@U2> is away; as nobody else could be asked, the engineering managers were called.");
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given somebody names themself, then they are asked as anybody is who is available: whoever reports may be asked.
#[tokio::test]
async fn the_reporter_may_want_to_be_asked_themself() {
    let stage = Stage::with(&NAMES).await;
    let (name, wanted) = last(&stage);
    stage.types(&wanted, &format!("@{name} {URL}")).await;
    assert_eq!(stage.asked(), [wanted.as_str()]);
    stage.reacts(&wanted, &stage.post("page/1").ts, "eyes").await;
    stage.end().await;
}

/// Given Slack does not say whether the one who is wanted is online, then whoever is known to be available is asked
/// before them (P3), and the reporter is told.
#[tokio::test]
async fn somebody_of_whom_slack_does_not_tell_is_not_asked_first() {
    let stage = Stage::with(&NAMES).await;
    let error = slack_sim::FaultKind::Error("user_not_found".to_owned());
    stage.fault(slack_sim::Fault::once("users.getPresence", error));
    stage.types("U1", &format!("@dara {URL}")).await;
    assert_ne!(stage.asked(), ["U4"]);
    assert_snapshot!(warning(&stage, "U1"), @"You wanted <@U4> to be asked first about <https://incident.example/1>, but <@U4> is unknown, Slack could not tell (presence: user_not_found); <@U1> was asked instead.");
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given two people, a group or a channel are named, then nobody is paged and the reporter reads what to type.
#[tokio::test]
async fn only_one_person_can_be_named() {
    let stage = Stage::with_world(team(&NAMES).group("S1", "core", &["U1"])).await;
    let mut told = String::new();
    for whom in ["@ana @bo", "@core", "#dev-escalation", "@nobody"] {
        told.push_str(&format!("{whom}: {}\n", stage.types("U1", &format!("{whom} {URL}")).await));
    }
    assert_snapshot!(told, @"
    @ana @bo: I can ask one person first: pick their name from the list that Slack shows while you type it. Several people, groups and channels I cannot ask. Type `/devoncall @someone https://incident.url`, or leave the name out. Nobody has been paged.
    @core: I can ask one person first: pick their name from the list that Slack shows while you type it. Several people, groups and channels I cannot ask. Type `/devoncall @someone https://incident.url`, or leave the name out. Nobody has been paged.
    #dev-escalation: I can ask one person first: pick their name from the list that Slack shows while you type it. Several people, groups and channels I cannot ask. Type `/devoncall @someone https://incident.url`, or leave the name out. Nobody has been paged.
    @nobody: I can ask one person first: pick their name from the list that Slack shows while you type it. Several people, groups and channels I cannot ask. Type `/devoncall @someone https://incident.url`, or leave the name out. Nobody has been paged.
    ");
    assert_eq!(stage.count("reports"), 0);
    stage.end().await;
}
