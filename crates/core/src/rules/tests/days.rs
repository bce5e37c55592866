//! Days on which nobody is expected, and when somebody works next.

use super::*;

#[test]
fn the_weekend_begins_and_ends_in_the_rotations_zone() {
    let rules = Rules { day_zone: zone("Pacific/Auckland").unwrap(), ..Rules::default() };
    assert_eq!(rules.day(at("2026-03-13T10:59:59Z")), Day::Working);
    assert_eq!(rules.day(at("2026-03-13T11:00:00Z")), off("the weekend"));
    assert_eq!(rules.day(at("2026-03-15T10:59:59Z")), off("the weekend"));
    assert_eq!(rules.day(at("2026-03-15T11:00:00Z")), Day::Working);
    let gulf = Rules { weekend_days: vec![Weekday::Friday], ..Rules::default() };
    assert_eq!(gulf.day(at("2026-03-13T12:00:00Z")), off("the weekend"));
    assert_eq!(gulf.day(at("2026-03-14T12:00:00Z")), Day::Working);
}

#[test]
fn a_company_holiday_is_named_and_comes_before_the_weekend() {
    let (tuesday, saturday) = (date(2026, 3, 10), date(2026, 3, 14));
    let days = [
        day_off(Scope::Everyone, tuesday, "Family day"),
        day_off(Scope::Everyone, saturday, ""),
        day_off(Scope::Country("PT".to_owned()), date(2026, 3, 11), "Carnival"),
    ];
    let rules = with_days(Rules::default(), days);
    assert_eq!(rules.day(at(NOON)), off("Family day"));
    assert_eq!(rules.day(at("2026-03-14T12:00:00Z")), off("a company holiday"));
    assert_eq!(rules.day(at("2026-03-11T12:00:00Z")), Day::Working);
}

#[test]
fn the_schedule_is_shown_on_days_off_where_there_is_one() {
    let url = "https://example.com/shifts".to_owned();
    let rules = |weekend| Rules { weekend, ..Rules::default() };
    let link = rules(Weekend::Link { url: url.clone() });
    assert_eq!(link.schedule_link(&off("the weekend")), Some(&*url));
    assert_eq!(link.schedule_link(&Day::Working), None);
    assert_eq!(rules(Weekend::Page).schedule_link(&off("the weekend")), None);
    assert_eq!(rules(Weekend::Volunteers).schedule_link(&off("the weekend")), None);
}

fn next(rules: &Rules, profile: Option<&Profile>, after: &str) -> String {
    rules.next_working_moment(&"U1".into(), profile, at(after)).to_string()
}

#[test]
fn what_can_wait_waits_for_office_hours_of_ones_own_zone() {
    let rules = Rules::default();
    let kolkata = Profile { zone: Some("Asia/Kolkata".to_owned()), ..lisbon() };
    assert_eq!(next(&rules, Some(&kolkata), "2026-03-10T06:00:00Z"), "2026-03-10T06:00:00Z");
    assert_eq!(next(&rules, Some(&kolkata), "2026-03-10T12:00:00Z"), "2026-03-11T03:30:00Z");
    assert_eq!(next(&rules, Some(&kolkata), "2026-03-13T12:00:00Z"), "2026-03-16T03:30:00Z");
    assert_eq!(next(&rules, None, "2026-03-14T12:00:00Z"), "2026-03-16T09:00:00Z");
}

#[test]
fn what_can_wait_waits_for_their_own_hours_and_the_end_of_days_off() {
    let row = Entry { hours: Some("20:00-04:00".parse().unwrap()), country: Some("PT".to_owned()), ..ann() };
    let rules = with_roster([row]);
    assert_eq!(next(&rules, None, NOON), "2026-03-10T20:00:00Z");
    assert_eq!(next(&rules, None, "2026-03-11T03:00:00Z"), "2026-03-11T03:00:00Z");
    let days = [
        day_off(Scope::Country("PT".to_owned()), date(2026, 3, 10), "Carnival"),
        day_off(Scope::Everyone, date(2026, 3, 11), "Family day"),
    ];
    let rules = with_days(rules, days);
    assert_eq!(next(&rules, None, NOON), "2026-03-12T00:00:00Z", "the night shift of a day off has begun");
    let rules = excluding(rules, [exclusion(by_id("U1"), None, Some(date(2026, 3, 15)))]);
    assert_eq!(next(&rules, None, NOON), "2026-03-16T20:00:00Z");
}

#[test]
fn whoever_never_works_is_asked_at_once() {
    let never = with_roster([Entry { hours: Some("never".parse().unwrap()), ..ann() }]);
    assert_eq!(next(&never, None, NOON), NOON);
    let gone = excluding(Rules::default(), [exclusion(by_id("U1"), None, None)]);
    assert_eq!(next(&gone, None, NOON), NOON);
}
