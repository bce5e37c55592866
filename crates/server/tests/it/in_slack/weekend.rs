//! Weekends and company holidays: the schedule's link, paging as ever, or volunteers alone.

use insta::assert_snapshot;
use jiff::civil::date;
use pagerslack_core::Rules;
use pagerslack_core::calendar::{Calendar, DayOff, Scope};
use pagerslack_core::roster::Entry;
use pagerslack_core::rules::Weekend;

use super::{roster, row, ruled};
use crate::harness::{Stage, team};

const URL: &str = "https://incident.example/1";
const CALL: &str = "pagerslack_call_managers";

fn link() -> Weekend {
    Weekend::Link { url: "https://schedule.example/oncall".to_owned() }
}

async fn stage_of(rules: Rules) -> Stage {
    Stage::new(team(&["ana", "bo", "chen"]), ruled(rules)).await
}

/// Saturday noon.
async fn on_saturday(rules: Rules) -> Stage {
    let stage = stage_of(rules).await;
    stage.pass("96 h").await;
    stage
}

/// Given a team with a schedule for weekends, when somebody reports on a Saturday, then the channel is shown the
/// schedule, nobody is paged however long it takes, and a 👀 takes it.
#[tokio::test]
async fn on_a_saturday_the_schedule_is_shown_and_nobody_is_paged() {
    let stage = on_saturday(Rules { weekend: link(), ..Rules::default() }).await;
    assert_snapshot!(stage.types("U1", URL).await, @"");
    assert_snapshot!(stage.transcript(), @"");
    stage.pass("24 h").await;
    assert_eq!(stage.kinds(), "root");
    assert_snapshot!(stage.types("U2", URL).await, @"");
    assert_snapshot!(stage.asks("U1", "status").await, @"");
    stage.reacts("U3", &stage.post("root").ts, "eyes").await;
    assert_snapshot!(stage.transcript(), @"");
    assert_snapshot!(stage.asks("U1", "why").await, @"");
    stage.end().await;
}

/// Given the schedule does not help, when anybody presses "Page the managers", then they are called as ever; a
/// second press changes nothing.
#[tokio::test]
async fn the_button_pages_the_managers() {
    let stage = on_saturday(Rules { weekend: link(), ..Rules::default() }).await;
    stage.types("U1", URL).await;
    let root = stage.post("root").ts;
    stage.slack.with(|world, now| {
        world.click(now, "U2", "C1", &root, CALL).unwrap();
        world.click(now, "U3", "C1", &root, CALL).unwrap();
    });
    stage.settle().await;
    assert_eq!(stage.kinds(), "root managers/1");
    assert_snapshot!(stage.transcript(), @"");
    stage.pass("6 min").await;
    assert_eq!(stage.kinds(), "root managers/1 managers/2");
    stage.reacts("M1", &root, "eyes").await;
    stage.end().await;
}

/// Given a company holiday on a Wednesday, then it is as at the weekend, by its name; the day after, people are
/// paged again.
#[tokio::test]
async fn a_company_holiday_is_as_a_weekend() {
    let day = DayOff {
        from: date(2026, 11, 25),
        until: date(2026, 11, 25),
        name: Some("Family & friends day".to_owned()),
        scope: Scope::Everyone,
        worked: false,
    };
    let calendar = Calendar { days: vec![day], public: None };
    let stage = stage_of(Rules { weekend: link(), calendar: calendar.into(), ..Rules::default() }).await;
    stage.pass("24 h").await;
    assert_snapshot!(stage.types("U1", URL).await, @"");
    assert_snapshot!(stage.transcript(), @"");
    stage.presses("U1", &stage.post("root").ts, "pagerslack_cancel").await;
    stage.pass("12 h").await;
    stage.types("U1", URL).await;
    assert_eq!(stage.pages().len(), 1);
    stage.reacts("U1", &stage.roots()[1], "eyes").await;
    stage.end().await;
}

/// Given a report on Friday at 23:59 UTC, then the hunt goes on after midnight; a report a minute later is shown
/// the schedule.
#[tokio::test]
async fn a_hunt_that_began_on_friday_goes_on_after_midnight() {
    let stage = stage_of(Rules { weekend: link(), ..Rules::default() }).await;
    stage.pass("83 h 59 min").await;
    assert!(stage.types("U1", URL).await.starts_with("On it"));
    stage.pass("1 min").await;
    assert!(stage.types("U1", "https://incident.example/2").await.starts_with("Recorded"));
    assert_eq!(stage.pages().len(), 1);
    stage.pass("5 min").await;
    assert_eq!(stage.asked().len(), 3);
    stage.pass("2 min").await;
    let managers = stage.posts().into_iter().filter(|post| post.kind.starts_with("managers")).count();
    assert_eq!(managers, 1, "for the first alone");
    for root in stage.roots() {
        stage.reacts("M1", &root, "eyes").await;
    }
    stage.end().await;
}

/// Given it was taken on Friday and handed over on Saturday, then the channel is shown the schedule.
#[tokio::test]
async fn what_is_handed_over_at_the_weekend_shows_the_schedule() {
    let stage = stage_of(Rules { weekend: link(), ..Rules::default() }).await;
    stage.pass("83 h 59 min").await;
    stage.types("U1", URL).await;
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    stage.pass("10 h").await;
    stage.presses(&page.asks(), &stage.post("root").ts, "pagerslack_hand_over").await;
    assert_eq!(stage.kinds(), "root page/1 taken handed-over/1");
    assert_snapshot!(stage.transcript(), @"");
    stage.presses("M1", &stage.post("root").ts, "pagerslack_call_managers").await;
    stage.reacts("M1", &stage.post("managers/1").ts, "eyes").await;
    stage.end().await;
}

/// Given a team whose weekend begins on Thursday in Riyadh, then its days count and not UTC's.
#[tokio::test]
async fn a_team_may_have_its_own_weekend() {
    let day_zone = pagerslack_core::calendar::zone("Asia/Riyadh").unwrap();
    let weekend_days = vec![jiff::civil::Weekday::Friday, jiff::civil::Weekday::Saturday];
    let stage = stage_of(Rules { weekend: link(), weekend_days, day_zone, ..Rules::default() }).await;
    // Thursday, nine in the evening UTC: Friday has begun in Riyadh.
    stage.pass("57 h").await;
    assert_snapshot!(stage.types("U1", URL).await, @"");
    assert_snapshot!(stage.post("root").text, @"");
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given a team that pages at weekends as ever, then whoever is online is asked, whatever their hours; on Monday
/// the hours count again.
#[tokio::test]
async fn where_people_are_paged_at_weekends_hours_do_not_count() {
    let nine_to_five = |user| Entry { hours: Some("09:00-11:00".parse().unwrap()), ..row(user) };
    let rules = roster(["U1", "U2", "U3"].map(nine_to_five));
    let stage = on_saturday(rules).await;
    stage.types("U1", URL).await;
    assert_eq!(stage.pages().len(), 1);
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.pass("48 h").await;
    stage.types("U1", "https://incident.example/2").await;
    assert_eq!(stage.pages().len(), 1, "nobody works at noon");
    assert_snapshot!(stage.posts().pop().unwrap().text, @"");
    stage.reacts("M1", &stage.roots()[1], "eyes").await;
    stage.end().await;
}

/// Given a team of whom two volunteer for weekends, then on Saturday they alone are asked, and then the managers;
/// on Monday they come last.
#[tokio::test]
async fn at_weekends_volunteers_are_asked_alone() {
    let volunteer = |user| Entry { weekend_volunteer: true, ..row(user) };
    let rules = Rules { weekend: Weekend::Volunteers, ..roster([volunteer("U1"), row("U2"), volunteer("U3")]) };
    let stage = on_saturday(rules).await;
    stage.types("U2", URL).await;
    stage.pass("4 min").await;
    let mut asked = stage.asked();
    asked.sort();
    assert_eq!(asked, ["U1", "U3"]);
    assert_snapshot!(stage.post("managers/1").text, @"");
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.pass("48 h").await;
    stage.types("U2", "https://incident.example/2").await;
    assert_eq!(stage.asked()[2], "U2");
    stage.pass("2 min").await;
    assert!(["U1", "U3"].contains(&stage.asked()[3].as_str()));
    stage.reacts("M1", &stage.roots()[1], "eyes").await;
    stage.end().await;
}

/// Given nobody volunteers, then on Saturday the managers are called at once.
#[tokio::test]
async fn without_volunteers_the_managers_are_called() {
    let rules = Rules { weekend: Weekend::Volunteers, ..roster([row("U1"), row("U2")]) };
    let stage = on_saturday(rules).await;
    stage.types("U1", URL).await;
    assert_eq!(stage.kinds(), "root managers/1");
    assert_snapshot!(stage.post("managers/1").text, @"");
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}

/// Given the channel cannot be written to on a Saturday, then the reporter is told, and the managers are told
/// directly, for the button cannot be shown (P6).
#[tokio::test]
async fn when_the_schedule_cannot_be_shown_the_managers_are_told() {
    let stage = on_saturday(Rules { weekend: link(), ..Rules::default() }).await;
    stage.slack.with(|world, now| world.kick_bot(now, "C1")).unwrap();
    stage.settle().await;
    stage.types("U1", URL).await;
    stage.pass("3 min").await;
    assert_eq!(stage.direct_texts("M1").len(), 1);
    stage.slack.with(|world, now| world.invite_bot(now, "U1", "C1")).unwrap();
    stage.pass("1 min").await;
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    stage.end().await;
}
