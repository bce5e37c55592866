//! Arbitrary teams, as plain data: what their files say, and what Slack would say of one of them.

use jiff::civil::Weekday;
use proptest::prelude::*;

use super::*;

/// Half-hour zones, both sides of the date line, clocks that change at odd hours or by half an hour, and no zone.
const ZONES: [&str; 10] = [
    "Europe/Lisbon",
    "Asia/Kolkata",
    "America/St_Johns",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Niue",
    "Australia/Lord_Howe",
    "Etc/GMT+12",
    "Africa/Casablanca",
];

/// Hours of some weekdays, in minutes of the day; they end on the next day unless they begin before they end.
#[derive(Clone, Debug)]
pub(super) struct Hours {
    pub(super) weekdays: Vec<Weekday>,
    pub(super) begin: u16,
    pub(super) end: u16,
}

/// A row of the roster.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) by_id: bool,
    pub(super) email: Option<String>,
    pub(super) role: Role,
    pub(super) zone: Option<&'static str>,
    pub(super) country: Option<&'static str>,
    pub(super) region: Option<&'static str>,
    pub(super) hours: Option<Hours>,
    pub(super) start_date: Option<Date>,
    pub(super) volunteers: bool,
}

/// What the files say.
#[derive(Clone, Debug)]
pub(super) struct Team {
    /// The row of U1, U2, and U3, if they have one.
    pub(super) roster: Option<[Option<Row>; 3]>,
    pub(super) exclusions: Vec<Exclusion>,
    pub(super) days: Vec<DayOff>,
    pub(super) public: Vec<PublicHoliday>,
    pub(super) tenure_months: i32,
    pub(super) guests: bool,
    pub(super) volunteers_only: bool,
    pub(super) day_zone: &'static str,
}

/// A team, a moment, and what there is to know of U1 then.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) team: Team,
    pub(super) now: Timestamp,
    pub(super) profile: Profile,
    pub(super) dnd: Option<DndWindow>,
    pub(super) presence: Presence,
}

impl Team {
    pub(super) fn rules(&self) -> Rules {
        let users = ["U1", "U2", "U3"];
        let roster = self.roster.as_ref().map(|rows| {
            let rows = rows.iter().zip(users).filter_map(|(row, user)| Some(row.as_ref()?.entry(user)));
            Arc::new(Roster::new(rows.collect()))
        });
        let public = PublicHolidays::new(self.public.clone());
        Rules {
            roster,
            exclusions: self.exclusions.clone().into(),
            calendar: Arc::new(Calendar { days: self.days.clone(), public: Some(Arc::new(public)) }),
            min_tenure: Span::new().months(self.tenure_months),
            guests: self.guests,
            weekend: if self.volunteers_only { Weekend::Volunteers } else { Weekend::Page },
            day_zone: zone(self.day_zone).unwrap(),
            ..Rules::default()
        }
    }
}

impl Row {
    fn entry(&self, user: &str) -> Entry {
        Entry {
            who: Who { user: self.by_id.then(|| user.into()), email: self.email.clone(), name: None },
            role: self.role,
            zone: self.zone.and_then(zone),
            country: self.country.map(str::to_owned),
            region: self.region.map(str::to_owned),
            hours: self.hours.as_ref().map(|hours| hours.text().parse().unwrap()),
            start_date: self.start_date,
            weekend_volunteer: self.volunteers,
            ..Entry::default()
        }
    }
}

impl Hours {
    fn text(&self) -> String {
        let name = |weekday: &Weekday| format!("{weekday:?}")[..3].to_lowercase();
        let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        if self.weekdays.is_empty() {
            return "never".to_owned();
        }
        let days: Vec<String> = self.weekdays.iter().map(name).collect();
        format!("{} {}-{}", days.join(","), time(self.begin), time(self.end))
    }
}

impl Case {
    /// Everything is known.
    pub(super) fn facts(&self) -> Facts {
        Facts {
            profile: Fact::Known(Arc::new(self.profile.clone())),
            dnd: Fact::Known(self.dnd),
            presence: Fact::Known(self.presence),
        }
    }
}

pub(super) fn any_case() -> impl Strategy<Value = Case> {
    // Moments of four years, many of them near the ends of months and in February of a leap year.
    let day = prop_oneof![
        3 => (2023..2028_i16, 1..=12_i8, 1..=28_i8).prop_map(|(year, month, day)| date(year, month, day)),
        2 => (2023..2028_i16, 1..=12_i8).prop_map(|(year, month)| date(year, month, 1).last_of_month()),
        1 => (-2..3_i64).prop_map(|days| date(2024, 2, 29) + Span::new().days(days)),
    ];
    (day, 0..86_400_i64).prop_flat_map(|(today, second)| {
        let midnight = today.to_zoned(TimeZone::UTC).unwrap().timestamp();
        let now = midnight + jiff::SignedDuration::from_secs(second);
        let presence = prop_oneof![4 => Just(Presence::Active), 1 => Just(Presence::Away)];
        (any_team(today), any_profile(now), any_window(now), presence)
            .prop_map(move |(team, profile, dnd, presence)| Case { team, now, profile, dnd, presence })
    })
}

fn any_team(today: Date) -> impl Strategy<Value = Team> {
    let row = || prop::option::weighted(0.8, any_row(today));
    let engineer = prop::bool::weighted(0.8);
    let roster = (row(), row(), row(), engineer).prop_map(|(ann, bob, cat, engineer)| {
        let role = |row: &Row| if engineer { Role::Engineer } else { row.role };
        [ann.map(|row| Row { role: role(&row), ..row }), bob.map(not_ann), cat.map(not_ann)]
    });
    let near = move || (-2..3_i64).prop_map(move |days| today + Span::new().days(days));
    let exclusion = (any_who(), prop::option::of(near()), prop::option::of(near()))
        .prop_map(|(who, from, until)| exclusion(who, from, until));
    let day =
        (any_scope(), near(), 0..3_i64, prop::bool::weighted(0.3)).prop_map(|(scope, from, more, worked)| {
            DayOff {
                from,
                until: from + Span::new().days(more),
                name: Some("feast".to_owned()),
                scope,
                worked,
            }
        });
    let public = (any_country(), prop::option::of(Just("11".to_owned())), near()).prop_map(
        |(country, subdivision, date)| PublicHoliday {
            country: country.to_owned(),
            subdivision,
            date,
            name: "holiday".to_owned(),
        },
    );
    (
        prop::option::weighted(0.8, roster),
        prop::collection::vec(exclusion, 0..2),
        prop::collection::vec(day, 0..3),
        prop::collection::vec(public, 0..2),
        prop::sample::select(vec![0, 1, 3, 12]),
        any::<bool>(),
        any::<bool>(),
        any_zone(),
    )
        .prop_map(
            |(roster, exclusions, days, public, tenure_months, guests, volunteers_only, day_zone)| Team {
                roster,
                exclusions,
                days,
                public,
                tenure_months,
                guests,
                volunteers_only,
                day_zone,
            },
        )
}

/// One person has one row.
fn not_ann(row: Row) -> Row {
    let email = row.email.map(|email| email.to_lowercase().replace("ann", "bob"));
    Row { by_id: row.by_id || email.is_none(), email, ..row }
}

fn any_row(today: Date) -> impl Strategy<Value = Row> {
    let who = prop_oneof![
        2 => Just((true, None)),
        2 => any_email().prop_map(|email| (false, Some(email))),
        1 => any_email().prop_map(|email| (true, Some(email))),
    ];
    let role = prop::sample::select(vec![Role::Engineer, Role::Engineer, Role::Manager, Role::Neither]);
    let hours =
        (prop::collection::vec(0..7_i8, 0..6), 0..24_u16, 0..24_u16, prop::sample::select(vec![0, 30, 45]));
    let hours = hours.prop_filter_map("begins when it ends", |(days, begin, end, minutes)| {
        let weekdays = days.into_iter().map(|day| Weekday::from_monday_zero_offset(day).unwrap()).collect();
        (begin != end).then_some(Hours { weekdays, begin: begin * 60 + minutes, end: end * 60 + minutes })
    });
    // Around the day on which the tenure ends, whichever it is.
    let start = (prop::sample::select(vec![0_i32, 1, 3, 12]), -3..4_i64)
        .prop_map(move |(months, days)| today - Span::new().months(months) + Span::new().days(days));
    let start = prop_oneof![3 => start, 1 => Just(date(2024, 2, 29)), 1 => Just(date(2023, 11, 30))];
    (
        who,
        role,
        prop::option::weighted(0.7, any_zone()),
        prop::option::of(any_country()),
        prop::option::of(Just("PT-11")),
        prop::option::of(hours),
        prop::option::weighted(0.3, start),
        any::<bool>(),
    )
        .prop_map(|((by_id, email), role, zone, country, region, hours, start_date, volunteers)| Row {
            by_id,
            email,
            role,
            zone,
            country,
            region: region.filter(|_| country != Some("ES")),
            hours,
            start_date,
            volunteers,
        })
}

fn any_profile(now: Timestamp) -> impl Strategy<Value = Profile> {
    let account = prop_oneof![
        8 => Just(Account::Member),
        1 => prop::sample::select(vec![Account::Guest, Account::Bot, Account::Stranger, Account::Deactivated]),
    ];
    let zone = prop_oneof![
        6 => any_zone().prop_map(|zone| Some(zone.to_owned())),
        1 => Just(None),
        1 => Just(Some("Middle/Earth".to_owned())),
    ];
    let text = prop::sample::select(vec!["", "ooo", "at my laptop", "on holiday"]);
    let ends = prop::option::of(
        (-100..100_i64).prop_map(move |seconds| now + jiff::SignedDuration::from_secs(seconds)),
    );
    let status = (prop::sample::select(vec!["", ":palm_tree:", ":wave:"]), text, ends)
        .prop_map(|(emoji, text, until)| Status { emoji: emoji.to_owned(), text: text.to_owned(), until });
    (
        account,
        prop::option::weighted(0.8, any_email()),
        prop::sample::subsequence(vec!["Ann Lee".to_owned(), "annie".to_owned()], 0..=2),
        zone,
        prop::option::weighted(0.4, status),
    )
        .prop_map(|(account, email, names, zone, status)| Profile {
            account,
            email,
            names,
            zone,
            status,
        })
}

fn any_window(now: Timestamp) -> impl Strategy<Value = Option<DndWindow>> {
    let minutes = jiff::SignedDuration::from_mins;
    prop::option::of((-90..90_i64, 0..90_i64).prop_map(move |(from, length)| DndWindow {
        start: now + minutes(from),
        end: now + minutes(from) + minutes(length),
    }))
}

fn any_who() -> impl Strategy<Value = Who> {
    let user = prop::option::of(prop::sample::select(vec!["U1", "U2"]));
    let name = prop::option::of(prop::sample::select(vec!["ann lee", "Annie", "Bob Ray"]));
    (user, prop::option::of(any_email()), name).prop_map(|(user, email, name)| Who {
        user: user.map(Into::into),
        email,
        name: name.map(str::to_owned),
    })
}

fn any_scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        1 => Just(Scope::Everyone),
        2 => any_country().prop_map(|country| Scope::Country(country.to_owned())),
        2 => Just(Scope::Region("PT-11".to_owned())),
        2 => any_who().prop_map(Scope::Person),
    ]
}

fn any_zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(ZONES.to_vec())
}

fn any_country() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["PT", "ES"])
}

fn any_email() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["ann@example.com", "Ann@Example.com", "ann@old.example"])
        .prop_map(str::to_owned)
}
