//! The team of the simulated year: two hundred people in twelve zones, and when Slack shows them online.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::availability::{Account, Fact, Profile};
use pagerslack_core::calendar::{Calendar, DayOff, PublicHoliday, PublicHolidays, Scope, WorkingHours, zone};
use pagerslack_core::roster::{Entry, Exclusion, Role, Roster, Who};
use pagerslack_core::rules::{Day, Weekend};
use pagerslack_core::{DndWindow, Presence, Rules, UserId};

/// Where people are: the zone, the country whose holidays they keep, their hours. Half-hour zones, both hemispheres,
/// zones with and without summer time.
pub(super) const ZONES: [(&str, &str, &str); 12] = [
    ("Pacific/Auckland", "NZ", "09:00-17:30"),
    ("Australia/Adelaide", "AU", "08:30-17:00"),
    ("Asia/Tokyo", "JP", "10:00-19:00"),
    ("Asia/Kolkata", "IN", "10:00-18:30"),
    ("Africa/Nairobi", "KE", "08:00-17:00"),
    ("Europe/Warsaw", "PL", "08:00-16:00"),
    ("Europe/Lisbon", "PT", "09:00-18:00"),
    ("America/Sao_Paulo", "BR", "09:00-18:00"),
    ("America/St_Johns", "CA", "08:30-16:30"),
    ("America/New_York", "US", "09:00-17:00"),
    ("America/Denver", "US", "09:00-17:00"),
    ("America/Los_Angeles", "US", "10:00-18:00"),
];

/// Public holidays of 2026.
const HOLIDAYS: [(&str, i8, i8, &str); 24] = [
    ("NZ", 2, 6, "Waitangi Day"),
    ("NZ", 4, 27, "Anzac Day"),
    ("NZ", 12, 25, "Christmas Day"),
    ("AU", 1, 26, "Australia Day"),
    ("AU", 12, 25, "Christmas Day"),
    ("JP", 1, 1, "New Year's Day"),
    ("JP", 5, 4, "Greenery Day"),
    ("JP", 5, 5, "Children's Day"),
    ("IN", 1, 26, "Republic Day"),
    ("IN", 10, 2, "Gandhi Jayanti"),
    ("KE", 6, 1, "Madaraka Day"),
    ("KE", 12, 25, "Christmas Day"),
    ("PL", 5, 1, "Labour Day"),
    ("PL", 11, 11, "Independence Day"),
    ("PL", 12, 25, "Christmas Day"),
    ("PT", 6, 10, "Portugal Day"),
    ("PT", 12, 8, "Immaculate Conception"),
    ("PT", 12, 25, "Christmas Day"),
    ("BR", 9, 7, "Independence Day"),
    ("BR", 12, 25, "Christmas Day"),
    ("CA", 7, 1, "Canada Day"),
    ("CA", 9, 7, "Labour Day"),
    ("US", 11, 26, "Thanksgiving"),
    ("US", 12, 25, "Christmas Day"),
];

/// What somebody does when asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Answers whenever asked, in time, and only then.
    Asked,
    /// The same; new in the company, and not asked for their first three months.
    New,
    /// The same; volunteers for weekends, and so comes last on working days.
    Weekends,
    /// Answers whenever asked, and now and then without having been asked.
    Eager,
    /// Answers half of the time, in time.
    Fitful,
    /// Answers after the deadline.
    Late,
    /// Never answers.
    Silent,
}

/// How many of each kind a zone has; the first eight zones have one more who volunteers for weekends.
const KINDS: [(Kind, usize); 7] = [
    (Kind::Asked, 5),
    (Kind::New, 2),
    (Kind::Weekends, 2),
    (Kind::Eager, 2),
    (Kind::Fitful, 2),
    (Kind::Late, 1),
    (Kind::Silent, 2),
];

/// One of the two hundred.
pub(super) struct Person {
    pub(super) user: UserId,
    /// An index of [`ZONES`].
    pub(super) place: usize,
    pub(super) kind: Kind,
    zone: TimeZone,
    hours: WorkingHours,
    profile: Arc<Profile>,
}

/// Everybody, and the rules they work by.
pub(super) struct Team {
    /// By id.
    pub(super) people: Vec<Person>,
    pub(super) managers: Vec<UserId>,
    /// Everybody in the channel: the people, the managers, and a bot.
    pub(super) members: BTreeSet<UserId>,
    pub(super) rules: Rules,
}

impl Team {
    pub(super) fn new() -> Self {
        let mut people = Vec::new();
        let mut entries = Vec::new();
        for (place, (name, country, hours)) in ZONES.into_iter().enumerate() {
            let (Some(zone), Ok(hours)) = (zone(name), hours.parse::<WorkingHours>()) else { continue };
            for (kind, count) in KINDS {
                let more = usize::from(kind == Kind::Weekends && place < 8);
                for _ in 0..count + more {
                    let user = UserId::new(format!("U{:03}", people.len()));
                    entries.push(Entry {
                        who: Who { user: Some(user.clone()), ..Who::default() },
                        zone: Some(zone.clone()),
                        country: Some(country.to_owned()),
                        hours: Some(hours.clone()),
                        start_date: (kind == Kind::New).then_some(date(2026, 1, 19)),
                        weekend_volunteer: kind == Kind::Weekends,
                        ..Entry::default()
                    });
                    let profile = Profile { zone: Some(name.to_owned()), ..Profile::bare(Account::Member) };
                    let (zone, hours, profile) = (zone.clone(), hours.clone(), Arc::new(profile));
                    people.push(Person { user, place, kind, zone, hours, profile });
                }
            }
        }
        let managers: Vec<UserId> = (0..3).map(|number| UserId::new(format!("W{number}"))).collect();
        for manager in &managers {
            let who = Who { user: Some(manager.clone()), ..Who::default() };
            entries.push(Entry { who, role: Role::Manager, ..Entry::default() });
        }
        let everybody = people.iter().map(|person| &person.user).chain(&managers).cloned();
        let members = everybody.chain([UserId::new("B1")]).collect();
        let rules = rules(Roster::new(entries), &people);
        Self { people, managers, members, rules }
    }

    pub(super) fn person(&self, user: &UserId) -> Option<&Person> {
        let index = self.people.binary_search_by(|person| person.user.cmp(user)).ok()?;
        self.people.get(index)
    }

    /// The account of somebody in the channel.
    pub(super) fn profile(&self, user: &UserId) -> Arc<Profile> {
        self.person(user)
            .map_or_else(|| Arc::new(Profile::bare(Account::Bot)), |person| person.profile.clone())
    }

    /// When Slack leaves somebody alone, now or next.
    pub(super) fn dnd(&self, user: &UserId, now: Timestamp) -> Option<DndWindow> {
        self.person(user).and_then(|person| person.night(person.zone.to_datetime(now)))
    }

    /// What Slack would say of somebody's presence. Whoever is of one zone and kind is online at the same times.
    pub(super) fn presence(&self, user: &UserId, now: Timestamp) -> Fact<Presence> {
        let online = |person: &Person| person.is_online(person.zone.to_datetime(now));
        if is_outage(now) {
            Fact::Unreadable("internal_error".to_owned())
        } else if self.person(user).is_none_or(online) {
            Fact::Known(Presence::Active)
        } else {
            Fact::Known(Presence::Away)
        }
    }
}

impl Person {
    /// At work except for lunch; on days off during the day.
    fn is_online(&self, local: DateTime) -> bool {
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let lunch = (12 * 60 + 30..13 * 60 + 15).contains(&minute);
        let works = self.hours.works_on(local.weekday());
        if works { self.hours.cover(local) && !lunch } else { (8 * 60..22 * 60).contains(&minute) }
    }

    /// The do-not-disturb that holds or comes next: from ten in the evening to seven.
    fn night(&self, local: DateTime) -> Option<DndWindow> {
        let evening = if local.hour() < 7 { local.date().yesterday().ok()? } else { local.date() };
        let at = |date: Date, hour| self.zone.to_timestamp(date.at(hour, 0, 0, 0)).ok();
        Some(DndWindow { start: at(evening, 22)?, end: at(evening.tomorrow().ok()?, 7)? })
    }
}

/// For an hour on the fifth of every month, Slack cannot say who is online.
fn is_outage(now: Timestamp) -> bool {
    let utc = TimeZone::UTC.to_datetime(now);
    utc.day() == 5 && utc.hour() == utc.month() * 2 - 1
}

fn rules(roster: Roster, people: &[Person]) -> Rules {
    let holidays = HOLIDAYS.map(|(country, month, day, name)| PublicHoliday {
        country: country.to_owned(),
        subdivision: None,
        date: date(2026, month, day),
        name: name.to_owned(),
    });
    let company = DayOff {
        from: date(2026, 12, 24),
        until: date(2026, 12, 24),
        name: Some("Family day".to_owned()),
        scope: Scope::Everyone,
        worked: false,
    };
    // The eager ones of Lisbon are on leave in May.
    let leave = people.iter().filter(|person| person.place == 6 && person.kind == Kind::Eager);
    let leave = leave.map(|person| Exclusion {
        who: Who { user: Some(person.user.clone()), ..Who::default() },
        from: Some(date(2026, 5, 1)),
        until: Some(date(2026, 5, 31)),
        reason: Some("leave".to_owned()),
    });
    Rules {
        roster: Some(Arc::new(roster)),
        exclusions: leave.collect(),
        calendar: Arc::new(Calendar {
            days: vec![company],
            public: Some(Arc::new(PublicHolidays::new(holidays))),
        }),
        weekend: Weekend::Volunteers,
        ..Rules::default()
    }
}

/// Whether nobody is expected on a day.
pub(super) fn is_off(day: &Day) -> bool {
    matches!(day, Day::Off { .. })
}

/// A year's worth of moments at which incidents are reported: a Poisson stream, busier on working days, with bursts.
pub(super) fn reports(count: usize, mut chance: impl FnMut() -> f64) -> Vec<Timestamp> {
    let begin = date(2026, 1, 1).to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).unwrap_or_default();
    let year = 365.0 * 86_400.0;
    // Bursts of five to fifteen within three minutes make a fifth of all.
    let mut moments: Vec<f64> = Vec::with_capacity(count);
    while moments.len() < count / 5 {
        let start = chance() * (year - 3_600.0);
        let burst = 5 + (chance() * 11.0) as usize;
        moments.extend((0..burst.min(count / 5 - moments.len())).map(|_| start + chance() * 180.0));
    }
    while moments.len() < count {
        // Thinned: at weekends half as many.
        let moment = chance() * year;
        let weekday = (moment / 86_400.0) as u64 % 7;
        // 1 January 2026 is a Thursday.
        let weekend = weekday == 2 || weekday == 3;
        if !weekend || chance() < 0.5 {
            moments.push(moment);
        }
    }
    moments.sort_by(f64::total_cmp);
    moments.into_iter().map(|moment| begin + SignedDuration::from_millis((moment * 1_000.0) as i64)).collect()
}
