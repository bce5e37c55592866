//! One story for each reason, and which of several is given.

use super::*;

#[test]
fn without_a_roster_every_full_member_who_is_online_may_be_asked() {
    check(&Rules::default(), &online(lisbon()), Verdict::Available);
    check(&Rules::default(), &online(Profile::bare(Account::Member)), Verdict::Available);
}

#[test]
fn bots_guests_strangers_and_those_who_left_are_not_asked() {
    let rules = Rules::default();
    let check =
        |rules: &Rules, account, expected| check(rules, &online(Profile { account, ..lisbon() }), expected);
    check(&rules, Account::Bot, Verdict::Bot);
    check(&rules, Account::Guest, Verdict::Guest);
    check(&rules, Account::Stranger, Verdict::Stranger);
    check(&rules, Account::Deactivated, Verdict::Deactivated);
    let guests = Rules { guests: true, ..Rules::default() };
    check(&guests, Account::Guest, Verdict::Available);
    check(&guests, Account::Stranger, Verdict::Stranger);
}

#[test]
fn with_a_roster_its_engineers_are_asked_and_nobody_else() {
    check(&with_roster([ann()]), &online(lisbon()), Verdict::Available);
    check(&with_roster([Entry { role: Role::Manager, ..ann() }]), &online(lisbon()), Verdict::Manager);
    check(&with_roster([Entry { role: Role::Neither, ..ann() }]), &online(lisbon()), Verdict::NotOnRoster);
    check(&with_roster([]), &online(lisbon()), Verdict::NotOnRoster);
    let named = Entry { who: by_email("Ann@Example.com"), ..ann() };
    check(&with_roster([named]), &online(lisbon()), Verdict::Available);
    let another = Entry { who: by_email("bob@example.com"), ..ann() };
    check(&with_roster([another]), &online(lisbon()), Verdict::NotOnRoster);
}

#[test]
fn whoever_is_excluded_is_so_from_the_first_day_to_the_last() {
    let (from, until) = (Some(date(2026, 3, 10)), Some(date(2026, 3, 12)));
    for who in [by_id("U1"), by_email("ann@example.com"), by_name("ann lee")] {
        let rules = excluding(Rules::default(), [exclusion(who, from, until)]);
        for (now, is_excluded) in [
            ("2026-03-09T23:59:59Z", false),
            ("2026-03-10T00:00:00Z", true),
            ("2026-03-12T23:59:59Z", true),
            ("2026-03-13T00:00:00Z", false),
        ] {
            let expected = if is_excluded { excluded(until) } else { Verdict::Available };
            assert_eq!(verdict(&rules, &online(lisbon()), now), Some(expected), "{now}");
        }
    }
    check(
        &excluding(Rules::default(), [exclusion(by_id("U1"), None, None)]),
        &online(lisbon()),
        excluded(None),
    );
    check(
        &excluding(Rules::default(), [exclusion(by_id("U2"), None, None)]),
        &online(lisbon()),
        Verdict::Available,
    );
}

#[test]
fn an_exclusion_by_either_of_two_addresses_holds() {
    let row = Entry { who: Who { email: Some("ann@old.example".to_owned()), ..by_id("U1") }, ..ann() };
    for address in ["ann@old.example", "ann@example.com"] {
        let rules = excluding(with_roster([row.clone()]), [exclusion(by_email(address), None, None)]);
        check(&rules, &online(lisbon()), excluded(None));
    }
}

#[test]
fn a_day_begins_at_the_persons_own_midnight() {
    let rules = excluding(Rules::default(), [exclusion(by_id("U1"), None, Some(date(2026, 3, 9)))]);
    for (zone, expected) in [
        ("Pacific/Kiritimati", Verdict::Available),
        ("Europe/Lisbon", Verdict::Available),
        ("America/St_Johns", excluded(Some(date(2026, 3, 9)))),
        ("Pacific/Niue", excluded(Some(date(2026, 3, 9)))),
    ] {
        let facts = online(Profile { zone: Some(zone.to_owned()), ..lisbon() });
        assert_eq!(verdict(&rules, &facts, "2026-03-10T01:00:00Z"), Some(expected), "{zone}");
    }
}

#[test]
fn whoever_is_new_is_spared_until_the_tenure_is_over() {
    let check = |start: Date, tenure: Span, first: Date| {
        let rules = with_roster([Entry { start_date: Some(start), ..ann() }]);
        let rules = Rules { min_tenure: tenure, ..rules };
        let on = |date: Date| verdict(&rules, &online(lisbon()), &format!("{date}T12:00:00Z"));
        let before = first.yesterday().unwrap();
        assert_eq!(on(before), Some(Verdict::New { until: first }), "{start}");
        assert_eq!(on(first), Some(Verdict::Available), "{start}");
    };
    check(date(2026, 1, 15), Span::new().months(3), date(2026, 4, 15));
    check(date(2025, 11, 30), Span::new().months(3), date(2026, 2, 28));
    check(date(2027, 11, 30), Span::new().months(3), date(2028, 2, 29));
    check(date(2024, 2, 29), Span::new().years(1), date(2025, 2, 28));
    check(date(2024, 2, 29), Span::new().years(4), date(2028, 2, 29));
    check(date(2026, 3, 1), Span::new().days(10), date(2026, 3, 11));
    let rules = with_roster([Entry { start_date: Some(date(2026, 3, 10)), ..ann() }]);
    let rules = Rules { min_tenure: Span::new(), ..rules };
    super::check(&rules, &online(lisbon()), Verdict::Available);
}

#[test]
fn a_day_off_of_ones_place_is_kept() {
    let today = date(2026, 3, 10);
    let row = Entry { country: Some("PT".to_owned()), region: Some("PT-11".to_owned()), ..ann() };
    let check = |days: Vec<DayOff>, expected| {
        let rules = with_days(with_roster([row.clone()]), days);
        super::check(&rules, &online(lisbon()), expected);
    };
    let holiday = |name: &str| Verdict::Holiday { name: name.to_owned() };
    let country = || day_off(Scope::Country("PT".to_owned()), today, "Carnival");
    check(vec![country()], holiday("Carnival"));
    check(vec![day_off(Scope::Region("PT-11".to_owned()), today, "Saint")], holiday("Saint"));
    check(vec![day_off(Scope::Country("ES".to_owned()), today, "Fiesta")], Verdict::Available);
    check(vec![day_off(Scope::Person(by_name("Ann Lee")), today, "Birthday")], holiday("Birthday"));
    let worked = DayOff { worked: true, ..day_off(Scope::Person(by_id("U1")), today, "") };
    check(vec![country(), worked], Verdict::Available);
}

#[test]
fn a_public_holiday_is_kept_if_the_table_is() {
    let day = PublicHoliday {
        country: "PT".to_owned(),
        subdivision: None,
        date: date(2026, 3, 10),
        name: "Carnival".to_owned(),
    };
    let calendar = Calendar { days: vec![], public: Some(Arc::new(PublicHolidays::new([day]))) };
    let row = Entry { country: Some("PT".to_owned()), ..ann() };
    let rules = Rules { calendar: Arc::new(calendar), ..with_roster([row]) };
    check(&rules, &online(lisbon()), Verdict::Holiday { name: "Carnival".to_owned() });
    check(&Rules { calendar: Arc::default(), ..rules }, &online(lisbon()), Verdict::Available);
}

#[test]
fn on_days_off_those_who_volunteer_are_asked_whatever_their_hours() {
    let saturday = "2026-03-14T22:00:00Z";
    let row = Entry { hours: Some("09:00-17:00".parse().unwrap()), ..ann() };
    let volunteer = Entry { weekend_volunteer: true, ..row.clone() };
    let check = |weekend: Weekend, row: &Entry, expected: Verdict| {
        let rules = Rules { weekend, ..with_roster([row.clone()]) };
        assert_eq!(verdict(&rules, &online(lisbon()), saturday), Some(expected));
    };
    check(Weekend::Volunteers, &row, Verdict::NotVolunteering);
    check(Weekend::Volunteers, &volunteer, Verdict::Available);
    check(Weekend::Page, &row, Verdict::Available);
    check(Weekend::Page, &volunteer, Verdict::Available);
}

#[test]
fn outside_of_their_hours_nobody_is_asked_and_is_told_their_own_time() {
    let row = Entry { hours: Some("09:00-17:30".parse().unwrap()), zone: zone("Asia/Kolkata"), ..ann() };
    let rules = with_roster([row]);
    let outside = |local: &str| {
        let local = local.parse().unwrap();
        Some(Verdict::OutsideHours { local, zone: "Asia/Kolkata".to_owned() })
    };
    let on = |now| verdict(&rules, &online(lisbon()), now);
    assert_eq!(on("2026-03-10T03:29:59.5Z"), outside("08:59"));
    assert_eq!(on("2026-03-10T03:30:00Z"), Some(Verdict::Available));
    assert_eq!(on("2026-03-10T11:59:59Z"), Some(Verdict::Available));
    assert_eq!(on("2026-03-10T12:00:00Z"), outside("17:30"));
}

#[test]
fn the_rosters_zone_counts_before_slacks() {
    let hours = Some("09:00-17:00".parse().unwrap());
    let auckland = Profile { zone: Some("Pacific/Auckland".to_owned()), ..lisbon() };
    check(
        &with_roster([Entry { hours: hours.clone(), ..ann() }]),
        &online(auckland.clone()),
        Verdict::Available,
    );
    let row = Entry { hours, zone: None, ..ann() };
    let local = "01:00".parse().unwrap();
    let outside = Verdict::OutsideHours { local, zone: "Pacific/Auckland".to_owned() };
    check(&with_roster([row]), &online(auckland), outside);
}

#[test]
fn a_status_that_means_away_says_so() {
    let status = Status {
        emoji: ":palm_tree:".to_owned(),
        text: "Faro".to_owned(),
        until: Some(at("2026-03-20T00:00:00Z")),
    };
    let facts = online(Profile { status: Some(status), ..lisbon() });
    let until = Some(at("2026-03-20T00:00:00Z"));
    check(&Rules::default(), &facts, Verdict::Status { status: ":palm_tree: Faro".to_owned(), until });
    let lunch = Status { emoji: ":sandwich:".to_owned(), text: "lunch".to_owned(), until: None };
    check(&Rules::default(), &online(Profile { status: Some(lunch), ..lisbon() }), Verdict::Available);
}

#[test]
fn do_not_disturb_holds_from_its_first_moment_to_before_its_last() {
    let (start, end) = (at("2026-03-10T11:00:00Z"), at("2026-03-10T13:00:00Z"));
    let facts = Facts { dnd: Fact::Known(Some(DndWindow { start, end })), ..online(lisbon()) };
    let on = |now| verdict(&Rules::default(), &facts, now);
    assert_eq!(on("2026-03-10T10:59:59Z"), Some(Verdict::Available));
    assert_eq!(on("2026-03-10T11:00:00Z"), Some(Verdict::DoNotDisturb { until: end }));
    assert_eq!(on("2026-03-10T12:59:59Z"), Some(Verdict::DoNotDisturb { until: end }));
    assert_eq!(on("2026-03-10T13:00:00Z"), Some(Verdict::Available));
}

#[test]
fn whoever_is_away_is_not_asked() {
    let facts = Facts { presence: Fact::Known(Presence::Away), ..online(lisbon()) };
    check(&Rules::default(), &facts, Verdict::Away);
}

/// Everything stands against U1; what lasts is told before what passes. Each step takes the reason told away.
#[test]
fn of_several_reasons_the_one_that_lasts_longest_is_given() {
    let today = date(2026, 3, 14);
    let saturday = "2026-03-14T12:00:00Z";
    let status = Status { emoji: String::new(), text: "ooo".to_owned(), until: None };
    let mut profile = Profile { account: Account::Bot, status: Some(status), ..lisbon() };
    let window = DndWindow { start: at("2026-03-14T00:00:00Z"), end: at("2026-03-20T00:00:00Z") };
    let mut facts = Facts {
        dnd: Fact::Known(Some(window)),
        presence: Fact::Known(Presence::Away),
        ..online(profile.clone())
    };
    let hours = Some("09:00-10:00".parse().unwrap());
    let mut row = Entry { role: Role::Manager, start_date: Some(today), hours, ..ann() };
    let mut rules =
        with_days(with_roster([row.clone()]), [day_off(Scope::Person(by_id("U1")), today, "Birthday")]);
    rules = excluding(rules, [exclusion(by_id("U1"), None, None)]);
    rules.weekend = Weekend::Volunteers;
    let told = |rules: &Rules, facts: &Facts| verdict(rules, facts, saturday).unwrap();

    assert_eq!(told(&rules, &facts), Verdict::Bot);
    profile.account = Account::Member;
    facts.profile = Fact::Known(Arc::new(profile.clone()));
    assert_eq!(told(&rules, &facts), Verdict::Manager);
    row.role = Role::Engineer;
    rules.roster = with_roster([row.clone()]).roster;
    assert_eq!(told(&rules, &facts), excluded(None));
    rules.exclusions = Arc::from([]);
    assert_eq!(told(&rules, &facts), Verdict::New { until: date(2026, 6, 14) });
    rules.min_tenure = Span::new();
    assert_eq!(told(&rules, &facts), Verdict::Holiday { name: "Birthday".to_owned() });
    rules.calendar = Arc::default();
    assert_eq!(told(&rules, &facts), Verdict::NotVolunteering);
    rules.weekend_days.clear();
    let (local, zone) = ("12:00".parse().unwrap(), "Europe/Lisbon".to_owned());
    assert_eq!(told(&rules, &facts), Verdict::OutsideHours { local, zone });
    row.hours = None;
    rules.roster = with_roster([row]).roster;
    assert_eq!(told(&rules, &facts), Verdict::Status { status: "ooo".to_owned(), until: None });
    profile.status = None;
    facts.profile = Fact::Known(Arc::new(profile));
    assert_eq!(told(&rules, &facts), Verdict::DoNotDisturb { until: window.end });
    facts.dnd = Fact::Known(None);
    assert_eq!(told(&rules, &facts), Verdict::Away);
    facts.presence = Fact::Known(Presence::Active);
    assert_eq!(told(&rules, &facts), Verdict::Available);
}
