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
    "zoe", "gus", "nobody", "mia", "neil", "eva", "newt", "pia", "otto", "hugo", "sam", "ada", "dan",
    "robot", "dee", "stan",
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
        world
            .set_status(now, "U11", ":face_with_thermometer:", "back soon", now.as_second() + 7_200)
            .unwrap();
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
    assert_snapshot!(considered.join("\n"), @r#"
    U2 Guest
    U6 Excluded { until: Some(2026-11-24), reason: Some("jury duty") }
    U7 New { until: 2026-12-01 }
    U8 Holiday { name: "Day of the Pagers" }
    U9 Holiday { name: "moving house" }
    U10 OutsideHours { local: 12:00:00, zone: "Europe/Lisbon" }
    U11 Status { status: ":face_with_thermometer: back soon", until: Some(2026-11-24T14:00:00Z) }
    U12 Away
    U13 DoNotDisturb { until: 2026-11-24T13:00:00Z }
    U14 Bot
    U15 Deactivated
    U16 Stranger
    "#);
    assert_snapshot!(stage.asks("U1", "why").await, @"
    *<https://incident.example/1>* in <#C1> (<https://example.slack.com/archives/C1/p1795521600000001|thread>), reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>: waiting for <@U1> since <!date^1795521600^{time}|12:00 UTC> (attempt 1).
    *Attempt 1*, at <!date^1795521600^{time}|12:00 UTC>: <@U1> is being asked. Considered, in order:
    1. <@U10> outside their working hours: it is 12:00 for them (Europe/Lisbon) – no turn before
    2. <@U7> too new, to be asked from 1 Dec 2026 on – no turn before
    3. <@U15> deactivated – no turn before
    4. <@U8> off today (Day of the Pagers) – no turn before
    5. <@U9> off today (moving house) – no turn before
    6. <@U6> left out by the team through 24 Nov 2026 (jury duty) – no turn before
    7. <@U2> a guest – no turn before
    8. <@U11> away by their status “:face_with_thermometer: back soon” until <!date^1795528800^{time}|14:00 UTC> – no turn before
    9. <@U12> away – no turn before
    10. <@U13> in do-not-disturb until <!date^1795525200^{time}|13:00 UTC> – no turn before
    11. <@U16> of another organisation – no turn before
    12. <@U14> a bot – no turn before
    13. <@U1> online and may be disturbed – no turn before
    ");
    stage.presses("U1", &stage.post("page/1").ts, "pagerslack_why").await;
    assert_snapshot!(stage.last_told("U1"), @"
    *Why you?* You stood at number 13 of the queue, where the least recently asked come first (you had had no turn yet), and you were the first who was online and could be disturbed.
    12 were ahead of you: <@U12> away, <@U13> in do-not-disturb until <!date^1795525200^{time}|13:00 UTC>, <@U11> away by their status “:face_with_thermometer: back soon” until <!date^1795528800^{time}|14:00 UTC>, <@U10> outside their working hours: it is 12:00 for them (Europe/Lisbon), 2 off today (<@U8>, <@U9>), <@U6> left out by the team through 24 Nov 2026 (jury duty), <@U7> too new, to be asked from 1 Dec 2026 on, <@U2> a guest, <@U16> of another organisation, <@U15> deactivated, <@U14> a bot.
    React with :eyes: or press *I'm on it* to take it, or *Pass*; without an answer by <!date^1795521720^{time}|12:02 UTC> the next engineer is asked.
    ");
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    assert_snapshot!(stage.asks("U1", "top").await, @"
    *The queue of <#C1>*, 9 engineers:
    1. <@U10> outside their working hours: it is 12:00 for them (Europe/Lisbon) – not asked yet
    2. <@U7> too new, to be asked from 1 Dec 2026 on – not asked yet
    3. <@U8> off today (Day of the Pagers) – not asked yet
    4. <@U9> off today (moving house) – not asked yet
    5. <@U6> left out by the team through 24 Nov 2026 (jury duty) – not asked yet
    6. <@U11> away by their status “:face_with_thermometer: back soon” until <!date^1795528800^{time}|14:00 UTC> – not asked yet
    7. <@U12> away – not asked yet
    8. <@U13> in do-not-disturb until <!date^1795525200^{time}|13:00 UTC> – not asked yet
    9. <@U1> :point_right: *would be asked now* – online and may be disturbed – last turn 0 s ago
    ");
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
    assert_snapshot!(stage.post("managers/1").text, @"
    <@M1> <@U4> an incident in <#C1> needs an engineer: <https://incident.example/1>
    Reported by <@U1> at <!date^1795521600^{time}|12:00 UTC>. 1 person was asked, and nobody else could be: 1 away, 1 in do-not-disturb, 1 away by status, 1 outside working hours, 2 off today, 1 left out by the team, 1 too new.
    Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.
    ");
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
        let others: Vec<String> =
            (1..=NAMES.len()).map(|it| format!("U{it}")).filter(|it| *it != user).collect();
        stage.slack.with(|world, now| others.iter().for_each(|it| world.leave(now, it, "C1").unwrap()));
        stage.settle().await;
        stage.types("M1", URL).await;
        assert_eq!(stage.asked(), Vec::<String>::new(), "{name}");
        let why = stage.post("managers/1").text;
        let why = why
            .lines()
            .find(|line| line.starts_with("Reported"))
            .unwrap()
            .split("UTC>. ")
            .last()
            .unwrap()
            .to_owned();
        said.push_str(&format!("{name}: {why}\n"));
        stage.reacts("M1", &stage.post("root").ts, "eyes").await;
        stage.end().await;
    }
    assert_snapshot!(said, @"
    gus: Nobody could be asked: the channel has no engineers.
    nobody: Nobody could be asked: the channel has no engineers.
    mia: Nobody could be asked: the channel has no engineers.
    neil: Nobody could be asked: the channel has no engineers.
    eva: Nobody could be asked: 1 left out by the team.
    newt: Nobody could be asked: 1 too new.
    pia: Nobody could be asked: 1 off today.
    otto: Nobody could be asked: 1 off today.
    hugo: Nobody could be asked: 1 outside working hours.
    sam: Nobody could be asked: 1 away by status.
    ada: Nobody could be asked: 1 away.
    dan: Nobody could be asked: 1 in do-not-disturb.
    robot: Nobody could be asked: the channel has no engineers.
    dee: Nobody could be asked: the channel has no engineers.
    stan: Nobody could be asked: the channel has no engineers.
    ");
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
    assert_snapshot!(stage.considered(1).await.join("\n"), @r#"
    U1 Unknown { why: "presence: user_not_found" }
    UBOT Bot
    U2 Away
    U3 Available
    "#);
    stage.fault(Fault::always("users.getPresence", FaultKind::Error("user_not_found".to_owned())));
    stage.pass("2 min").await;
    assert_eq!(stage.asked()[1], order[0]);
    let second = stage.post("page/2");
    stage.presses(&order[0], &second.ts, "pagerslack_why").await;
    assert_snapshot!(stage.last_told(&order[0]), @"
    *Why you?* I could not tell about you (presence: user_not_found), and nobody known to be available was left.
    The other 2: <@U2> unknown, Slack could not tell (presence: user_not_found), <@U3> asked already for this incident.
    React with :eyes: or press *I'm on it* to take it, or *Pass*; without an answer by <!date^1795521840^{time}|12:04 UTC> the next engineer is asked.
    ");
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
    assert_snapshot!(stage.considered(2).await.join("\n"), @r#"
    U2 Status { status: "OOO till Monday", until: None }
    U3 Available
    "#);
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
    let hours =
        |hours: &str| Entry { zone: zone("Europe/Lisbon"), hours: Some(hours.parse().unwrap()), ..row("U1") };
    for (text, asked) in [("12:00-17:00", true), ("12:01-17:00", false), ("9-12", false), ("9-12:01", true)] {
        let stage = Stage::new(team(&["ana"]), ruled(roster([hours(text)]))).await;
        stage.types("U1", URL).await;
        assert_eq!(stage.asked().len(), usize::from(asked), "{text}");
        stage.reacts("M1", &stage.post("root").ts, "eyes").await;
        stage.end().await;
    }
}
