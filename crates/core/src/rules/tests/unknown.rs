//! P6: what is not known yet is asked for, and what cannot be known is never a "no".

use super::*;

fn unreadable<T>() -> Fact<T> {
    Fact::Unreadable("ratelimited".to_owned())
}

fn unknown(why: &str) -> Verdict {
    Verdict::Unknown { why: why.to_owned() }
}

#[test]
fn every_fact_is_needed_to_be_available() {
    let known = online(lisbon());
    let rules = Rules::default();
    for facts in [
        Facts::NONE,
        Facts { profile: Fact::NotAsked, ..known.clone() },
        Facts { dnd: Fact::NotAsked, ..known.clone() },
        Facts { presence: Fact::NotAsked, ..known.clone() },
        Facts { presence: Fact::NotAsked, dnd: unreadable(), ..known.clone() },
    ] {
        assert_eq!(verdict(&rules, &facts, NOON), None, "{facts:?}");
    }
}

#[test]
fn a_no_settles_it_whatever_else_is_missing() {
    let away = Facts { presence: Fact::Known(Presence::Away), ..Facts::NONE };
    check(&Rules::default(), &away, Verdict::Away);
    let window = DndWindow { start: at("2026-03-10T00:00:00Z"), end: at("2026-03-11T00:00:00Z") };
    let quiet = Facts { dnd: Fact::Known(Some(window)), presence: unreadable(), profile: unreadable() };
    check(&Rules::default(), &quiet, Verdict::DoNotDisturb { until: window.end });
    check(&with_roster([]), &Facts::NONE, Verdict::NotOnRoster);
    check(&with_roster([Entry { role: Role::Manager, ..ann() }]), &Facts::NONE, Verdict::Manager);
    let hours = Entry { hours: Some("never".parse().unwrap()), ..ann() };
    let (local, zone) = ("12:00".parse().unwrap(), "Europe/Lisbon".to_owned());
    check(&with_roster([hours]), &Facts::NONE, Verdict::OutsideHours { local, zone });
}

#[test]
fn what_cannot_be_read_is_named() {
    let known = online(lisbon());
    let rules = Rules::default();
    check(&rules, &Facts { presence: unreadable(), ..known.clone() }, unknown("presence: ratelimited"));
    check(&rules, &Facts { dnd: unreadable(), ..known.clone() }, unknown("do-not-disturb: ratelimited"));
    check(&rules, &Facts { profile: unreadable(), ..known }, unknown("account: ratelimited"));
    let nothing = Facts { profile: unreadable(), dnd: unreadable(), presence: unreadable() };
    check(
        &rules,
        &nothing,
        unknown("account: ratelimited, do-not-disturb: ratelimited, presence: ratelimited"),
    );
}

#[test]
fn whoever_may_be_in_the_roster_by_an_address_that_slack_does_not_show_may_be_asked() {
    let rules = with_roster([Entry { who: by_email("ann@example.com"), ..ann() }]);
    assert_eq!(
        verdict(&rules, &Facts { presence: Fact::Known(Presence::Active), ..Facts::NONE }, NOON),
        None
    );
    let facts = online(Profile { email: None, ..lisbon() });
    check(&rules, &facts, unknown("roster: Slack does not show their address"));
    let away = Facts { presence: Fact::Known(Presence::Away), ..facts.clone() };
    check(&rules, &away, Verdict::Away);
    // Nobody can be meant by an address: then who is not listed is not on it.
    check(&with_roster([Entry { who: by_id("U2"), ..ann() }]), &facts, Verdict::NotOnRoster);
}

/// P3: what is said of somebody by id holds, though it cannot be told whether they are on the roster.
#[test]
fn whoever_may_be_in_the_roster_but_is_excluded_for_certain_is_not_asked() {
    let roster = || with_roster([Entry { who: by_email("ann@example.com"), ..ann() }]);
    let facts = online(Profile { email: None, ..lisbon() });
    check(&excluding(roster(), [exclusion(by_id("U1"), None, None)]), &facts, excluded(None));
    check(&excluding(roster(), [exclusion(by_id("U1"), None, None)]), &Facts::NONE, excluded(None));
    let tomorrow = [exclusion(by_id("U1"), Some(date(2026, 3, 11)), None)];
    check(&excluding(roster(), tomorrow), &facts, unknown("days off: their time zone is not known"));
}

#[test]
fn hours_without_a_zone_are_not_held_against_anybody() {
    let row = Entry { hours: Some("never".parse().unwrap()), zone: None, ..ann() };
    let rules = with_roster([row]);
    for zone in [None, Some("Middle/Earth".to_owned())] {
        let facts = online(Profile { zone, ..lisbon() });
        check(&rules, &facts, unknown("hours: their time zone is not known"));
    }
    assert_eq!(verdict(&rules, &Facts::NONE, NOON), None);
}

/// It is the 10th in most of the world, and already the 11th at the date line.
#[test]
fn without_a_zone_only_what_holds_on_every_date_it_may_be_holds() {
    let nowhere = online(Profile { zone: None, ..lisbon() });
    let check = |from, until, expected: Option<Verdict>| {
        let rules = excluding(Rules::default(), [exclusion(by_id("U1"), from, until)]);
        assert_eq!(verdict(&rules, &nowhere, NOON), expected);
        let not_asked = Facts { profile: Fact::NotAsked, ..nowhere.clone() };
        let expected = expected.filter(|verdict| matches!(verdict, Verdict::Excluded { .. }));
        assert_eq!(verdict(&rules, &not_asked, NOON), expected, "Slack is asked for it");
    };
    let days_off = Some(unknown("days off: their time zone is not known"));
    let march = |day| Some(date(2026, 3, day));
    check(None, None, Some(excluded(None)));
    check(march(10), march(11), Some(excluded(march(11))));
    check(march(10), march(10), days_off.clone());
    check(march(11), None, days_off);
    check(march(12), None, Some(Verdict::Available));
    check(None, march(9), Some(Verdict::Available));
}

#[test]
fn a_day_off_is_not_held_against_somebody_who_may_be_one_of_those_who_work_on_it() {
    let today = date(2026, 3, 10);
    let row = || Entry { country: Some("PT".to_owned()), ..ann() };
    let works = |who| DayOff { worked: true, ..day_off(Scope::Person(who), today, "") };
    let carnival = day_off(Scope::Country("PT".to_owned()), today, "Carnival");
    let holiday = Some(Verdict::Holiday { name: "Carnival".to_owned() });
    let nameless = online(Profile { email: None, ..lisbon() });
    for (who, unasked, without_address, known) in [
        (by_id("U1"), None, Some(Verdict::Available), Some(Verdict::Available)),
        (by_id("U2"), holiday.clone(), holiday.clone(), holiday.clone()),
        (by_name("Ann Lee"), None, Some(Verdict::Available), Some(Verdict::Available)),
        (by_name("Bob Ray"), None, holiday.clone(), holiday.clone()),
        (
            by_email("ann@example.com"),
            None,
            Some(unknown("days off: Slack does not show their address")),
            Some(Verdict::Available),
        ),
    ] {
        let rules = with_days(with_roster([row()]), [carnival.clone(), works(who.clone())]);
        assert_eq!(verdict(&rules, &Facts::NONE, NOON), unasked, "{who:?}");
        assert_eq!(verdict(&rules, &nameless, NOON), without_address, "{who:?}");
        assert_eq!(verdict(&rules, &online(lisbon()), NOON), known, "{who:?}");
    }
}
