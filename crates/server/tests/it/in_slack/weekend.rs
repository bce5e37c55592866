//! Weekends and company holidays: the schedule's link, paging as ever, or volunteers alone.

use insta::assert_snapshot;
use jiff::civil::date;
use pagerslack_core::Rules;
use pagerslack_core::calendar::{Calendar, DayOff, Scope};
use pagerslack_core::report;
use pagerslack_core::roster::{Entry, Who};
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
    assert_snapshot!(stage.types("U1", URL).await, @"Recorded, but it is the weekend: *nobody is paged* for <https://incident.example/1> by itself. The on-call schedule: <https://schedule.example/oncall>. I post a button in this channel that pages the managers.");
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :calendar: It is the weekend (UTC): nobody is paged. The on-call schedule: https://schedule.example/oncall. If it needs somebody now and the schedule does not help, press *Page the managers*.
        React with :eyes: here or in the thread to take it. (edited)  [Page the managers] [Cancel]
    ");
    stage.pass("24 h").await;
    assert_eq!(stage.kinds(), "root");
    assert_snapshot!(stage.types("U2", URL).await, @"<https://incident.example/1> is open already, but nobody is paged today. Its message has the on-call schedule and a button that pages the managers. Follow <https://example.slack.com/archives/C1/p1795867200000001|its thread>.");
    assert_snapshot!(stage.asks("U1", "status").await, @"
    *Open in <#C1>: 1*
    • <https://incident.example/1> (<https://example.slack.com/archives/C1/p1795867200000001|thread>): schedule shown <!date^1795867200^{date_short_pretty} at {time}|28 Nov 12:00 UTC>, nobody is paged; reported by <@U1> <!date^1795867200^{date_short_pretty} at {time}|28 Nov 12:00 UTC>
    ");
    stage.reacts("U3", &stage.post("root").ts, "eyes").await;
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :white_check_mark: Taken by @chen after 1 d, before anybody was asked. (edited)  [Hand over]
        :eyes: @chen
        pager: :white_check_mark: @chen is on it, 1 d after the report.
    ");
    assert_snapshot!(stage.asks("U1", "why").await, @"
    *<https://incident.example/1>* in <#C1> (<https://example.slack.com/archives/C1/p1795867200000001|thread>), reported by <@U1> <!date^1795867200^{date_short_pretty} at {time}|28 Nov 12:00 UTC>: <@U3> is on it since <!date^1795953600^{time}|12:00 UTC>.
    It was the weekend: nobody was paged, and the schedule was shown.
    *Taken* by <@U3> at <!date^1795953600^{time}|12:00 UTC>.
    ");
    stage.end().await;
}

/// Given nobody took what was reported on a Saturday, when it is reported again on Monday, then somebody is asked, in
/// the same thread.
#[tokio::test]
async fn what_nobody_took_at_the_weekend_is_hunted_for_when_reported_again_on_monday() {
    let stage = on_saturday(Rules { weekend: link(), ..Rules::default() }).await;
    stage.types("U1", URL).await;
    stage.pass("48 h").await;
    assert_eq!(stage.kinds(), "root");
    let answer = stage.types("U2", URL).await;
    assert!(answer.contains("On it"), "{answer}");
    assert_eq!(stage.kinds(), "root page/1");
    let page = stage.post("page/1");
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
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
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :mega: @bo asked for them: the engineering managers have been paged.
        React with :eyes: here or in the thread to take it. (edited)  [Cancel]
        pager: @marit an incident in #dev-escalation needs an engineer: https://incident.example/1
            Reported by @ana at 12:00 UTC. It is the weekend, and @bo asked for the managers.
            Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.  [I'm on it]
    ");
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
    assert_snapshot!(stage.types("U1", URL).await, @"Recorded, but it is Family &amp; friends day: *nobody is paged* for <https://incident.example/1> by itself. The on-call schedule: <https://schedule.example/oncall>. I post a button in this channel that pages the managers.");
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :calendar: It is Family & friends day (UTC): nobody is paged. The on-call schedule: https://schedule.example/oncall. If it needs somebody now and the schedule does not help, press *Page the managers*.
        React with :eyes: here or in the thread to take it. (edited)  [Page the managers] [Cancel]
    ");
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
    assert_snapshot!(stage.transcript(), @"
    pager: :rotating_light: @ana reports an incident: https://incident.example/1
        :calendar: It is the weekend (UTC): nobody is paged. The on-call schedule: https://schedule.example/oncall. If it needs somebody now and the schedule does not help, press *Page the managers*.
        React with :eyes: here or in the thread to take it. (edited)  [Page the managers] [Cancel]
        pager: @ana took it, and has handed it over (asked at 23:59 UTC). (edited)
            :eyes: @ana
        pager: :white_check_mark: @ana is on it, 0 s after the report.
        pager: :arrows_counterclockwise: @ana is no longer on it and handed it over after 10 h.
    ");
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
    assert_snapshot!(stage.types("U1", URL).await, @"Recorded, but it is the weekend: *nobody is paged* for <https://incident.example/1> by itself. The on-call schedule: <https://schedule.example/oncall>. I post a button in this channel that pages the managers.");
    assert_snapshot!(stage.post("root").text, @"
    :rotating_light: <@U1> reports an incident: <https://incident.example/1>
    :calendar: It is the weekend (Asia/Riyadh): nobody is paged. The on-call schedule: <https://schedule.example/oncall>. If it needs somebody now and the schedule does not help, press *Page the managers*.
    React with :eyes: here or in the thread to take it.
    ");
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
    assert_snapshot!(stage.posts().pop().unwrap().text, @"
    <@M1> an incident in <#C1> needs an engineer: <https://incident.example/2>
    Reported by <@U1> at <!date^1796040000^{time}|12:00 UTC>. Nobody could be asked: 3 outside working hours.
    Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.
    ");
    stage.reacts("M1", &stage.roots()[1], "eyes").await;
    stage.end().await;
}

/// Given a team of whom two volunteer for weekends, then on Saturday they alone are asked, and then the managers;
/// on Monday they come last.
#[tokio::test]
async fn at_weekends_volunteers_are_asked_alone() {
    let volunteer = |user| Entry { weekend_volunteer: true, ..row(user) };
    let rules =
        Rules { weekend: Weekend::Volunteers, ..roster([volunteer("U1"), row("U2"), volunteer("U3")]) };
    let stage = on_saturday(rules).await;
    stage.types("U2", URL).await;
    stage.pass("4 min").await;
    let mut asked = stage.asked();
    asked.sort();
    assert_eq!(asked, ["U1", "U3"]);
    assert_snapshot!(stage.post("managers/1").text, @"
    <@M1> an incident in <#C1> needs an engineer: <https://incident.example/1>
    Reported by <@U2> at <!date^1795867200^{time}|12:00 UTC>. 2 people were asked, and nobody else could be: 1 not volunteering.
    Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.
    ");
    stage.reacts("M1", &stage.post("root").ts, "eyes").await;
    stage.pass("48 h").await;
    stage.types("U2", "https://incident.example/2").await;
    assert_eq!(stage.asked()[2], "U2");
    stage.pass("2 min").await;
    assert!(["U1", "U3"].contains(&stage.asked()[3].as_str()));
    stage.reacts("M1", &stage.roots()[1], "eyes").await;
    stage.end().await;
}

/// A row that names an engineer by their address.
fn addressed(name: &str, weekend_volunteer: bool) -> Entry {
    let email = Some(format!("{name}@example.com"));
    Entry { who: Who { email, ..Who::default() }, weekend_volunteer, ..Entry::default() }
}

/// Given a roster by address of whom all but one volunteer for weekends, and nobody's account was looked up yet, when
/// somebody reports on a working day, then that one is asked first, whoever it is, and then the others are.
#[tokio::test]
async fn volunteers_come_last_in_the_very_first_hunt() {
    let names = ["ana", "bo", "chen", "dina", "emil", "fay", "gil"];
    for (index, spared) in names.iter().enumerate() {
        let world = team(&names).app(|app| app.scopes.extend(["users:read.email".to_owned()]));
        let rules = roster(names.map(|name| addressed(name, name != *spared)));
        let stage = Stage::new(world, ruled(rules)).await;
        stage.types("U2", URL).await;
        assert_eq!(stage.asked(), [format!("U{}", index + 1)]);
        stage.pass("2 min").await;
        assert_eq!(stage.asked().len(), 2, "a volunteer is asked rather than nobody");
        stage.reacts("M1", &stage.post("root").ts, "eyes").await;
        stage.end().await;
    }
}

/// Given a roster by address, and a volunteer who is asked last on a working day, then the statistics say
/// so once they have been, and not before.
#[tokio::test]
async fn the_statistics_know_who_was_of_the_pool() {
    let world = team(&["ana", "bo"]).app(|app| app.scopes.extend(["users:read.email".to_owned()]));
    let rules =
        Rules { weekend: Weekend::Volunteers, ..roster([addressed("ana", true), addressed("bo", false)]) };
    let stage = Stage::new(world, ruled(rules)).await;
    stage.bot.engine().warm(&"T1".into()).await.unwrap();
    stage.types("U2", URL).await;
    let row = async || {
        let store = stage.bot.engine().store();
        let rotation = store.rotations().await.unwrap().remove(0);
        let incident = store.recent(&rotation, 1).await.unwrap().remove(0);
        report::row(&store.load(&rotation.team, &incident).await.unwrap().unwrap().log).unwrap()
    };
    assert_eq!(stage.asked(), ["U2"]);
    assert!(!row().await.weekend_pinged);
    stage.pass("2 min").await;
    assert_eq!(stage.asked(), ["U2", "U1"]);
    assert!(row().await.weekend_pinged);
    stage.reacts("U1", &stage.post("root").ts, "eyes").await;
    let row = row().await;
    assert_eq!(
        (row.attempts, row.timed_out, row.unavailable, row.time_to_response),
        (2, 1, false, Some(120_000))
    );
    stage.end().await;
}

/// Given nobody volunteers, then on Saturday the managers are called at once.
#[tokio::test]
async fn without_volunteers_the_managers_are_called() {
    let rules = Rules { weekend: Weekend::Volunteers, ..roster([row("U1"), row("U2")]) };
    let stage = on_saturday(rules).await;
    stage.types("U1", URL).await;
    assert_eq!(stage.kinds(), "root managers/1");
    assert_snapshot!(stage.post("managers/1").text, @"
    <@M1> an incident in <#C1> needs an engineer: <https://incident.example/1>
    Reported by <@U1> at <!date^1795867200^{time}|12:00 UTC>. Nobody could be asked: 2 not volunteering.
    Please find somebody of your group and say so in the thread; :eyes: or *I'm on it* stops the paging.
    ");
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
