//! Who may be asked, by the team's files and by what Slack says: each verdict from the rules to the log (P3, P7).

use insta::assert_snapshot;
use jiff::SignedDuration;
use jiff::civil::date;
use pagerslack_core::Rules;
use pagerslack_core::calendar::{Calendar, DayOff, PublicHoliday, PublicHolidays, Scope, zone};
use pagerslack_core::roster::{Entry, Exclusion, Role, Who};
use slack_sim::{Fault, FaultKind, Presence};

use super::{roster, row, ruled};
use crate::harness::{Stage, team};

const URL: &str = "https://incident.example/1";

fn only(user: &str) -> Who {
    Who { user: Some(user.into()), ..Who::default() }
}

/// Everybody but zoe, who comes last as a volunteer for weekends, has a reason not to be asked.
fn a_reason_for_everybody() -> Rules {
    let in_lisbon = |user| Entry { zone: zone("Europe/Lisbon"), ..row(user) };
    let exclusions = [Exclusion {
        who: Who { name: Some("Eva".to_owned()), ..Who::default() },
        from: Some(date(2026, 11, 1)),
        until: Some(date(2026, 11, 24)),
        reason: Some("jury duty".to_owned()),
    }];
    let own = DayOff {
        from: date(2026, 11, 23),
        until: date(2026, 11, 27),
        name: Some("moving house".to_owned()),
        scope: Scope::Person(only("U9")),
        worked: false,
    };
    let public = PublicHolidays::new([PublicHoliday {
        country: "PT".to_owned(),
        subdivision: None,
        date: date(2026, 11, 24),
        name: "Day of the Pagers".to_owned(),
    }]);
    Rules {
        exclusions: exclusions.into(),
        calendar: Calendar { days: vec![own], public: Some(public.into()) }.into(),
        ..roster([
            Entry { weekend_volunteer: true, ..row("U1") },
            row("U2"),
            Entry { role: Role::Manager, ..row("U4") },
            Entry { role: Role::Neither, ..row("U5") },
            row("U6"),
            Entry { start_date: Some(date(2026, 9, 1)), ..row("U7") },
            Entry { country: Some("PT".to_owned()), ..row("U8") },
            row("U9"),
            Entry { hours: Some("08:00-11:30".parse().unwrap()), ..in_lisbon("U10") },
            row("U11"),
            row("U12"),
            row("U13"),
            row("U14"),
            row("U15"),
            row("U16"),
        ])
    }
}

const NAMES: [&str; 16] = [
    "zoe", "gus", "nobody", "mia", "neil", "eva", "newt", "pia", "otto", "hugo", "sam", "ada", "dan", "robot", "dee",
    "stan",
];

async fn everybody() -> Stage {
    let world = team(&NAMES)
        .with_user("U2", |user| user.is_restricted = true)
        .away("U12")
        .with_user("U14", |user| user.is_bot = true)
        .with_user("U15", |user| user.deleted = true)
        .with_user("U16", |user| user.is_stranger = true);
    let stage = Stage::new(world, ruled(a_reason_for_everybody())).await;
    stage.slack.with(|world, now| {
        world.set_status(now, "U11", ":face_with_thermometer:", "back soon", now.as_second() + 7_200).unwrap();
        world.set_dnd(now, "U13", now, now + SignedDuration::from_hours(1)).unwrap();
    });
    stage.settle().await;
    stage
}

/// Given everybody but one has a reason, when somebody reports, then that one is asked, and the log has the verdict
/// on everybody ahead; those without a place in the queue are not in it.
#[tokio::test]
async fn everybody_ahead_is_recorded_with_their_verdict() {
    let stage = everybody().await;
    stage.types("U1", URL).await;
    assert_eq!(stage.asked(), ["U1"]);
    let mut considered = stage.considered(1).await;
    assert_eq!(considered.pop().unwrap(), "U1 Available", "the last one is the one asked");
    considered.sort_by_key(|line| line[1..3].trim().parse::<u32>().unwrap_or(0));
    assert_snapshot!(considered.join("\n"), @"");
    assert_snapshot!(stage.asks("U1", "why").await, @"");
    stage.presses("U1", &stage.post("page/1").ts, "pagerslack_why").await;
    assert_snapshot!(stage.last_told("U1"), @"");
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    assert_snapshot!(stage.asks("U1", "top").await, @"");
    stage.end().await;
}

/// Given the same people, when zoe does not answer, then the managers of the configuration and of the roster are
/// called, and nobody else.
#[tokio::test]
async fn the_rosters_managers_are_called_with_the_configured_ones() {
    let stage = everybody().await;
    stage.types("U1", URL).await;
    stage.pass("2 min").await;
    assert_eq!(stage.kinds(), "root page/1 managers/1");
    assert_snapshot!(stage.post("managers/1").text, @"");
    stage.reacts("U4", &stage.post("root").ts, "eyes").await;
    assert!(stage.post("taken").text.contains("<@U4>"));
    stage.end().await;
}

/// Given a day later, then whoever was left out until yesterday is asked again, and whoever has a status that has
/// ended, although no event told of it.
#[tokio::test]
async fn what_has_passed_does_not_count_any_more() {
    let stage = everybody().await;
    stage.types("U1", URL).await;
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    // Wednesday noon: the exclusion, the holiday, the pause and the status are over.
    stage.pass("24 h").await;
    stage.types("U1", "https://incident.example/2").await;
    stage.pass("10 min").await;
    let mut asked = stage.asked().split_off(1);
    asked.sort();
    assert_eq!(asked, ["U1", "U11", "U13", "U6", "U8"]);
    stage.reacts("M1", &stage.roots()[1], "eyes").await;
    stage.end().await;
}

/// Given only one person, in turn with each reason, when somebody reports, then nobody is asked and the call of the
/// managers says why.
#[tokio::test]
async fn each_reason_keeps_somebody_from_being_asked() {
    let mut said = String::new();
    for (number, name) in (1..).zip(NAMES).skip(1) {
        let user = format!("U{number}");
        let stage = everybody().await;
        let others: Vec<String> = (1..=NAMES.len()).map(|it| format!("U{it}")).filter(|it| *it != user).collect();
        stage.slack.with(|world, now| others.iter().for_each(|it| world.leave(now, it, "C1").unwrap()));
        stage.settle().await;
        stage.types("M1", URL).await;
        assert_eq!(stage.asked(), Vec::<String>::new(), "{name}");
        let why = stage.post("managers/1").text;
        let why = why.lines().find(|line| line.starts_with("Reported")).unwrap().split("UTC>. ").last().unwrap().to_owned();
        said.push_str(&format!("{name}: {why}\n"));
        stage.reacts("M1", &stage.post("root").ts, "eyes").await;
        stage.end().await;
    }
    assert_snapshot!(said, @"");
}

/// Given a team that lets guests be asked, then they are asked, and may take an incident.
#[tokio::test]
async fn guests_are_asked_where_a_team_wants_it() {
    let world = || team(&["ana", "gus"]).away("U1").with_user("U2", |user| user.is_restricted = true);
    let stage = Stage::new(world(), ruled(Rules { guests: true, ..Rules::default() })).await;
    stage.types("U1", URL).await;
    assert_eq!(stage.asked(), ["U2"]);
    stage.reacts("U2", &stage.post("page/1").ts, "eyes").await;
    assert!(stage.post("taken").text.contains("<@U2>"));
    stage.end().await;

    let stage = Stage::new(world(), ruled(Rules::default())).await;
    stage.types("U1", URL).await;
    assert_eq!(stage.asked(), Vec::<String>::new());
    stage.reacts("U2", &stage.post("root").ts, "eyes").await;
    assert_eq!(stage.kinds(), "root managers/1", "a guest may not take it either");
    assert_eq!(stage.ephemerals("U2").len(), 1);
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given Slack refuses to tell the presence of the head of the queue, then whoever is known to be available is asked
/// first, the unknown one after them, and then the managers (P6).
#[tokio::test]
async fn somebody_unknown_comes_after_the_available_and_before_the_managers() {
    let stage = Stage::with_world(team(&["ana", "bo", "chen"])).await;
    let order = stage.order_to_come();
    stage.presence(&order[1], Presence::Away);
    stage.fault(Fault::always("users.getPresence", FaultKind::Error("user_not_found".to_owned())).times(1));
    stage.types("U1", URL).await;
    assert_eq!(stage.asked(), [order[2].as_str()]);
    assert_snapshot!(stage.considered(1).await.join("\n"), @"");
    stage.fault(Fault::always("users.getPresence", FaultKind::Error("user_not_found".to_owned())));
    stage.pass("2 min").await;
    assert_eq!(stage.asked()[1], order[0]);
    let second = stage.post("page/2");
    stage.presses(&order[0], &second.ts, "pagerslack_why").await;
    assert_snapshot!(stage.last_told(&order[0]), @"");
    stage.pass("2 min").await;
    assert_eq!(stage.asked()[2], order[1], "of whom Slack does not tell any more that they are away");
    stage.pass("2 min").await;
    assert_eq!(stage.posts().pop().unwrap().kind, "managers/1");
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given a status with words of a team's own, or of nobody's, then only those that mean away count; a status that
/// is set while somebody else is asked counts at once.
#[tokio::test]
async fn a_status_counts_from_the_moment_it_is_set() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    let order = stage.order_to_come();
    let set = |user: &str, emoji: &str, text: &str| {
        stage.slack.with(|world, now| world.set_status(now, user, emoji, text, 0)).unwrap();
    };
    set(&order[0], ":laptop:", "new laptop, ask me anything");
    stage.settle().await;
    stage.types("U1", URL).await;
    assert_eq!(stage.asked(), [order[0].as_str()]);
    set(&order[1], "", "OOO till Monday");
    stage.pass("2 min").await;
    assert_eq!(stage.asked(), [order[0].as_str(), order[2].as_str()]);
    assert_snapshot!(stage.considered(2).await.join("\n"), @"");
    set(&order[1], "", "");
    stage.pass("2 min").await;
    assert_eq!(stage.asked().last(), Some(&order[1]));
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given hours of nine to five in Lisbon, then somebody is asked at the first minute of them and not at the first
/// minute after.
#[tokio::test]
async fn hours_begin_and_end_on_the_minute() {
    let hours = |hours: &str| Entry { zone: zone("Europe/Lisbon"), hours: Some(hours.parse().unwrap()), ..row("U1") };
    for (text, asked) in [("12:00-17:00", true), ("12:01-17:00", false), ("9-12", false), ("9-12:01", true)] {
        let stage = Stage::new(team(&["ana"]), ruled(roster([hours(text)]))).await;
        stage.types("U1", URL).await;
        assert_eq!(stage.asked().len(), usize::from(asked), "{text}");
        stage.reacts("M1", &stage.post("root").ts, "eyes").await;
        stage.end().await;
    }
}
