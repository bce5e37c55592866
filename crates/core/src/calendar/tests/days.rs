//! Whose day off a date is: given a team's entries, then who is left alone and by which name.

use std::sync::Arc;

use proptest::prelude::*;

use super::date;
use crate::calendar::{Calendar, DayOff, PublicHoliday, PublicHolidays, Scope};
use crate::ids::UserId;
use crate::roster::{Whereabouts, Who};

const DAY: &str = "2026-12-08";

fn entry(scope: Scope, name: &str) -> DayOff {
    DayOff { from: date(DAY), until: date(DAY), name: Some(name.into()), scope, worked: false }
}

fn worked(scope: Scope) -> DayOff {
    DayOff { worked: true, ..entry(scope, "worked") }
}

fn country(code: &str) -> Scope {
    Scope::Country(code.into())
}

fn region(code: &str) -> Scope {
    Scope::Region(code.into())
}

fn person(user: &str) -> Scope {
    Scope::Person(Who { user: Some(user.into()), ..Who::default() })
}

/// A team's entries over a table in which 8 December is a holiday of Portugal, and 13 June one of Lisbon.
fn calendar(days: impl Into<Vec<DayOff>>) -> Calendar {
    let day = |subdivision: Option<&str>, on, name: &str| PublicHoliday {
        country: "PT".into(),
        subdivision: subdivision.map(Into::into),
        date: date(on),
        name: name.into(),
    };
    let public =
        [day(None, DAY, "Immaculate Conception"), day(Some("11"), "2026-06-13", "Saint Anthony's Day")];
    Calendar { days: days.into(), public: Some(Arc::new(PublicHolidays::new(public))) }
}

/// The day off of U1, somewhere.
fn day_off(calendar: &Calendar, country: Option<&str>, region: Option<&str>, on: &str) -> Option<String> {
    let user = UserId::new("U1");
    calendar.day_off(&Whereabouts { user: &user, email: None, names: &[], country, region }, date(on))
}

fn in_lisbon(days: impl Into<Vec<DayOff>>) -> Option<String> {
    day_off(&calendar(days), Some("PT"), Some("PT-11"), DAY)
}

#[test]
fn a_public_holiday_is_that_of_the_place() {
    let calendar = calendar([]);
    let named = |country, region, on| day_off(&calendar, country, region, on);
    assert_eq!(named(Some("PT"), None, DAY).as_deref(), Some("Immaculate Conception"));
    assert_eq!(
        named(None, Some("PT-11"), DAY).as_deref(),
        Some("Immaculate Conception"),
        "of the region's country"
    );
    assert_eq!(named(None, Some("pt-11"), "2026-06-13").as_deref(), Some("Saint Anthony's Day"));
    assert_eq!(named(Some("pt"), Some("11"), "2026-06-13").as_deref(), Some("Saint Anthony's Day"));
    assert_eq!(named(Some("PT"), None, "2026-06-13"), None);
    assert_eq!(named(Some("ES"), Some("PT-11"), "2026-06-13"), None, "the country is said");
    assert_eq!(named(None, Some("11"), DAY), None);
    assert_eq!(named(None, None, DAY), None);
    assert_eq!(day_off(&Calendar::default(), Some("PT"), None, DAY), None);
}

#[test]
fn the_narrower_overrides_the_wider() {
    let all = [
        entry(person("U1"), "mine"),
        entry(region("pt-11"), "the region's"),
        entry(country("pt"), "the country's"),
        entry(Scope::Everyone, "the company's"),
    ];
    let expected =
        ["mine", "the region's", "the country's", "Immaculate Conception", "Immaculate Conception"];
    for (from, expected) in expected.into_iter().enumerate() {
        assert_eq!(in_lisbon(&all[from..]).as_deref(), Some(expected));
        let mut reversed = all[from..].to_vec();
        reversed.reverse();
        assert_eq!(in_lisbon(reversed).as_deref(), Some(expected), "in any order");
    }
}

#[test]
fn a_day_worked_cancels_whatever_is_wider() {
    for scope in [person("U1"), region("PT-11"), country("PT"), Scope::Everyone] {
        assert_eq!(in_lisbon([worked(scope)]), None);
    }
    assert_eq!(in_lisbon([worked(region("PT-11")), entry(country("PT"), "off")]), None);
    assert_eq!(in_lisbon([entry(region("PT-11"), "off"), worked(country("PT"))]).as_deref(), Some("off"));
    assert_eq!(in_lisbon([worked(Scope::Everyone), entry(country("PT"), "off")]).as_deref(), Some("off"));
    assert_eq!(
        in_lisbon([worked(country("ES")), worked(person("U2"))]).as_deref(),
        Some("Immaculate Conception")
    );
}

#[test]
fn of_two_entries_alike_the_later_counts() {
    for scope in [person("U1"), region("PT-11"), country("PT")] {
        let (first, second) = (entry(scope.clone(), "first"), entry(scope.clone(), "second"));
        assert_eq!(in_lisbon([first.clone(), second.clone()]).as_deref(), Some("second"));
        assert_eq!(in_lisbon([first.clone(), worked(scope.clone())]), None);
        assert_eq!(in_lisbon([worked(scope), first]).as_deref(), Some("first"));
    }
}

#[test]
fn a_day_off_without_a_name_is_a_day_off() {
    for name in [None, Some(" ".to_owned())] {
        let days = [DayOff { name, ..entry(country("PT"), "") }];
        assert_eq!(in_lisbon(days.clone()).as_deref(), Some("a day off"));
        let company = [DayOff { scope: Scope::Everyone, ..days[0].clone() }];
        assert_eq!(calendar(company).company_holiday(date(DAY)), Some(""));
    }
}

#[test]
fn a_range_includes_both_its_ends() {
    let leave =
        DayOff { from: date("2028-02-28"), until: date("2028-03-01"), ..entry(person("U1"), "leave") };
    let calendar = calendar([leave]);
    for (on, expected) in [
        ("2028-02-27", None),
        ("2028-02-28", Some("leave")),
        ("2028-02-29", Some("leave")),
        ("2028-03-01", Some("leave")),
        ("2028-03-02", None),
    ] {
        assert_eq!(day_off(&calendar, None, None, on).as_deref(), expected, "on {on}");
    }
}

#[test]
fn a_company_holiday_is_everyones_unless_worked_after_all() {
    let holiday = || entry(Scope::Everyone, "Family day");
    assert_eq!(calendar([holiday()]).company_holiday(date(DAY)), Some("Family day"));
    assert_eq!(calendar([holiday()]).company_holiday(date("2026-12-09")), None);
    assert_eq!(calendar([holiday(), worked(Scope::Everyone)]).company_holiday(date(DAY)), None);
    assert_eq!(calendar([worked(Scope::Everyone), holiday()]).company_holiday(date(DAY)), Some("Family day"));
    assert_eq!(calendar([entry(country("PT"), "off")]).company_holiday(date(DAY)), None);
}

/// The rule as it is said, one scope after the other.
fn as_said(days: &[DayOff], public: Option<&str>) -> Option<String> {
    let last =
        |scopes: &[Scope]| days.iter().rev().find(|day| scopes.contains(&day.scope) && day.covers(date(DAY)));
    let narrow = last(&[person("U1")]).or(last(&[region("PT-11")])).or(last(&[country("PT")]));
    match (narrow, last(&[Scope::Everyone])) {
        (Some(day), _) => (!day.worked).then(|| day.name.clone().unwrap_or("a day off".into())),
        (None, Some(day)) if day.worked => None,
        (None, _) => public.map(Into::into),
    }
}

fn some_entry() -> impl Strategy<Value = DayOff> {
    let scopes = vec![
        person("U1"),
        person("U2"),
        region("PT-11"),
        region("PT-20"),
        country("PT"),
        country("ES"),
        Scope::Everyone,
        Scope::Person(Who::default()),
    ];
    let days = (5i8..=8, 6i8..=10);
    let name = proptest::option::of("[a-z]{1,3}");
    (proptest::sample::select(scopes), days, name, any::<bool>()).prop_map(
        |(scope, (from, until), name, worked)| {
            let of_december = |day| jiff::civil::date(2026, 12, day);
            DayOff { from: of_december(from), until: of_december(until), name, scope, worked }
        },
    )
}

proptest! {
    #[test]
    fn the_rule_holds_for_any_entries(days in proptest::collection::vec(some_entry(), 0..12)) {
        let expected = as_said(&days, Some("Immaculate Conception"));
        prop_assert_eq!(in_lisbon(days), expected);
    }
}
