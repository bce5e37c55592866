//! The hours that come: who could be asked, held to the verdict that a hunt comes to at that hour.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use proptest::prelude::*;

use super::team::any_case;
use super::*;
use crate::hunt::{Survey, survey};
use crate::rules::{CoveredDay, coverage};

/// How many could be asked in each hour, a letter an hour: `.` for nobody, `-` for a day on which the schedule is shown.
fn drawn(days: &[CoveredDay]) -> Vec<String> {
    let letter = |people: Option<usize>| match people {
        None => '-',
        Some(0) => '.',
        Some(people) => char::from_digit(u32::try_from(people).unwrap(), 36).unwrap(),
    };
    days.iter().map(|day| day.hours.iter().map(|hour| letter(hour.people)).collect()).collect()
}

fn working(hours: &str, zone_name: &str, user: &str) -> Entry {
    Entry { who: by_id(user), zone: zone(zone_name), hours: Some(hours.parse().unwrap()), ..Entry::default() }
}

fn team(users: &[&str]) -> Vec<(UserId, Option<Arc<Profile>>)> {
    users.iter().map(|user| (UserId::new(*user), None)).collect()
}

fn in_lisbon(rules: Rules) -> Rules {
    Rules { day_zone: zone("Europe/Lisbon").unwrap(), ..rules }
}

#[test]
fn people_of_two_zones_cover_a_day_and_the_weekend_is_for_everybody() {
    let rules = in_lisbon(with_roster([
        working("09:00-17:00", "Europe/Lisbon", "U1"),
        working("09:00-17:00", "America/New_York", "U2"),
        Entry { role: Role::Manager, ..working("00:00-24:00", "Europe/Lisbon", "U3") },
    ]));
    let days = coverage(&rules, &team(&["U1", "U2", "U3", "U4"]), &BTreeSet::new(), date(2026, 11, 27), 2);
    assert_eq!(drawn(&days), [".........1111122211111..", "222222222222222222222222"]);
    let managers = BTreeSet::from(["U2".into()]);
    let days = coverage(&rules, &team(&["U1", "U2"]), &managers, date(2026, 11, 27), 1);
    assert_eq!(drawn(&days), [".........11111111......."]);
}

#[test]
fn days_on_which_clocks_change_have_an_hour_less_or_more() {
    let daily = |hours, zone, user| working(&format!("mon-sun {hours}"), zone, user);
    let rules = in_lisbon(with_roster([
        daily("00:00-03:00", "Europe/Lisbon", "U1"),
        daily("01:00-02:00", "Europe/Lisbon", "U2"),
        daily("12:00-13:00", "America/New_York", "U3"),
    ]));
    let rules = Rules { weekend_days: vec![], ..rules };
    let covered =
        |day: Date| drawn(&coverage(&rules, &team(&["U1", "U2", "U3"]), &BTreeSet::new(), day, 1)).remove(0);
    // Lisbon's clock skips the hour from 1 to 2; New York's has changed weeks before.
    assert_eq!(covered(date(2026, 3, 28)), "121.............1.......");
    assert_eq!(covered(date(2026, 3, 29)), "11..............1......");
    // And has it twice; New York's changes a week later.
    assert_eq!(covered(date(2026, 10, 25)), "1221.............1.......");
    assert_eq!(covered(date(2026, 11, 1)), "121..............1......");
}

#[test]
fn days_off_are_named_with_how_many_have_them() {
    let rules = in_lisbon(with_roster([
        Entry { country: Some("PT".to_owned()), ..working("9-17", "Europe/Lisbon", "U1") },
        Entry { country: Some("PT".to_owned()), ..working("9-17", "Europe/Lisbon", "U2") },
        working("9-17", "Europe/Lisbon", "U3"),
    ]));
    let holiday = date(2026, 12, 8);
    let rules = with_days(
        rules,
        [
            day_off(Scope::Country("PT".to_owned()), holiday, "Immaculate Conception"),
            day_off(Scope::Person(by_id("U3")), holiday, "Moving house"),
        ],
    );
    let days = coverage(&rules, &team(&["U1", "U2", "U3"]), &BTreeSet::new(), date(2026, 12, 7), 3);
    assert_eq!(days[1].holidays, [("Immaculate Conception".to_owned(), 2), ("Moving house".to_owned(), 1)]);
    assert_eq!((&days[0].holidays, &days[2].holidays), (&vec![], &vec![]));
    assert_eq!(drawn(&days)[1], "........................");
}

#[test]
fn where_the_schedule_is_shown_nobody_is_counted() {
    let rules =
        Rules { weekend: Weekend::Link { url: "https://schedule.example".to_owned() }, ..Rules::default() };
    let days = coverage(&rules, &team(&["U1"]), &BTreeSet::new(), date(2026, 11, 27), 2);
    assert_eq!(drawn(&days), ["1".repeat(24), "-".repeat(24)]);
    assert_eq!(days[1].day, off("the weekend"));
}

#[test]
fn a_status_counts_as_long_as_it_says() {
    let away = |until: Option<&str>| {
        let status = Status { emoji: ":palm_tree:".to_owned(), text: String::new(), until: until.map(at) };
        let profile = Profile { status: Some(status), ..lisbon() };
        vec![(UserId::new("U1"), Some(Arc::new(profile)))]
    };
    let covered = |until| {
        drawn(&coverage(&Rules::default(), &away(until), &BTreeSet::new(), date(2026, 11, 27), 1)).remove(0)
    };
    assert_eq!(covered(Some("2026-11-27T20:00:00Z")), "....................1111");
    assert_eq!(covered(None), "1".repeat(24), "nobody knows when it ends");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A forecast says of each hour what a hunt at that hour says when everybody is online, whatever the team.
    #[test]
    fn a_forecast_is_what_a_hunt_would_find(case in any_case()) {
        let rules = case.team.rules();
        let mut profile = case.profile.clone();
        profile.status = profile.status.filter(|status| status.until.is_some());
        let first = rules.day_zone.to_datetime(case.now).date();
        for profile in [Some(Arc::new(profile)), None] {
            hold_to_the_hunt(&rules, profile, first)?;
        }
    }
}

fn hold_to_the_hunt(rules: &Rules, profile: Option<Arc<Profile>>, first: Date) -> Result<(), TestCaseError> {
    let user = UserId::new("U1");
    let days = coverage(rules, &[(user.clone(), profile.clone())], &BTreeSet::new(), first, 3);
    let facts = Facts {
        profile: profile.map_or_else(|| Fact::Unreadable("not asked yet".to_owned()), Fact::Known),
        dnd: Fact::Known(None),
        presence: Fact::Known(Presence::Active),
    };
    for (day, hour) in days.iter().flat_map(|day| day.hours.iter().map(move |hour| (day, hour))) {
        let today = rules.day(hour.at);
        let judge = |user: &UserId| (facts.clone(), rules.verdict(user, &facts, hour.at, &today));
        let found = survey(std::slice::from_ref(&user), &BTreeSet::new(), &BTreeSet::new(), judge, 4);
        let Survey::Settled(found) = found else { panic!("everything is known") };
        let asked = matches!(found[0].verdict, Verdict::Available | Verdict::Unknown { .. });
        let hunted = rules.schedule_link(&today).is_none();
        prop_assert_eq!(hour.people, hunted.then_some(usize::from(asked)), "{:?} at {}", found, hour.at);
        prop_assert_eq!(rules.day_zone.to_datetime(hour.at).date(), day.date);
    }
    let ends = days.iter().map(|day| day.hours.last().unwrap().at + 1.hour());
    for (end, next) in ends.zip(days.iter().skip(1)) {
        prop_assert!(end >= next.hours[0].at, "no hour is left out");
    }
    Ok(())
}
