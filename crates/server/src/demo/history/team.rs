//! The demo's people as they have been for a year: when they were at work and online, and how they answer.
//!
//! Everything about a person at a moment follows from the seed alone, so that a hunt and a look at who is online agree.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::availability::{Account, DndWindow, Fact, Facts, Profile};
use pagerslack_core::calendar::{self, Calendar, WorkingHours};
use pagerslack_core::incident::ManagersWhom;
use pagerslack_core::roster::{Entry, Roster, Who};
use pagerslack_core::rules::Weekend;
use pagerslack_core::{ChannelId, Presence, RotationId, Rules, TeamId, UserGroupId, UserId};
use pagerslack_sources::public;
use slack_sim::World;

/// The countries of the demo's time zones, for their holidays.
const COUNTRIES: [(&str, &str); 25] = [
    ("Pacific/Auckland", "NZ"),
    ("Australia/Brisbane", "AU"),
    ("Asia/Tokyo", "JP"),
    ("Asia/Seoul", "KR"),
    ("Asia/Singapore", "SG"),
    ("Asia/Jakarta", "ID"),
    ("Asia/Kolkata", "IN"),
    ("Asia/Tashkent", "UZ"),
    ("Asia/Dubai", "AE"),
    ("Asia/Jerusalem", "IL"),
    ("Europe/Istanbul", "TR"),
    ("Europe/Kyiv", "UA"),
    ("Africa/Nairobi", "KE"),
    ("Africa/Johannesburg", "ZA"),
    ("Africa/Lagos", "NG"),
    ("Europe/Copenhagen", "DK"),
    ("Europe/Warsaw", "PL"),
    ("Europe/Lisbon", "PT"),
    ("Europe/Dublin", "IE"),
    ("America/Sao_Paulo", "BR"),
    ("America/Bogota", "CO"),
    ("America/Toronto", "CA"),
    ("America/Denver", "US"),
    ("America/Mexico_City", "MX"),
    ("Europe/Oslo", "NO"),
];

/// When people work, in turns.
const HOURS: [&str; 4] = ["09:00-17:30", "08:00-16:30", "09:30-18:00", "10:00-18:30"];

/// Every how manieth volunteers for weekends.
const VOLUNTEERS: usize = 3;

/// Somebody of the team.
pub(super) struct Person {
    pub(super) user: UserId,
    profile: Arc<Profile>,
    zone: TimeZone,
    hours: WorkingHours,
    volunteers: bool,
    quiet: Option<(Time, Time)>,
    /// How long they take to see a page, on average.
    pub(super) takes: SignedDuration,
    /// How often they pass, and how often they answer at all, from 0 to 1.
    pub(super) passes: f64,
    pub(super) answers: f64,
}

/// Everybody, and by what they are asked.
pub(super) struct Team {
    /// The engineers.
    pub(super) people: Vec<Person>,
    pub(super) managers: ManagersWhom,
    /// The channels in which incidents are reported, each with who is in it.
    pub(super) rotations: Vec<(RotationId, BTreeSet<UserId>)>,
    pub(super) rules: Rules,
    seed: u64,
}

impl Team {
    /// The people of a pretended Slack, and those of its channels in which somebody is paged.
    pub(super) fn of(world: &World, channels: &[&str], group: &str, seed: u64) -> Self {
        let managers: BTreeSet<&str> = world
            .groups()
            .filter(|found| found.id == group)
            .flat_map(|group| group.users.iter().map(String::as_str))
            .collect();
        let are_asked = world.users().filter(|user| !user.is_bot && !user.deleted && !user.is_restricted);
        let engineers = are_asked.filter(|user| !managers.contains(user.id.as_str()));
        let people: Vec<Person> =
            engineers.enumerate().map(|(number, user)| person(number, user, seed)).collect();
        let team = TeamId::new(world.team().id.clone());
        let is_one = |user: &UserId| people.iter().any(|person| person.user == *user);
        let members = |channel: &str| {
            let members = world.channel(channel).into_iter().flat_map(|channel| &channel.members);
            members.map(|user| UserId::new(user.clone())).filter(is_one).collect()
        };
        let rotation =
            |channel: &&str| (RotationId::new(team.clone(), ChannelId::new(*channel)), members(channel));
        Self {
            rotations: channels.iter().map(rotation).collect(),
            rules: rules(&people),
            managers: ManagersWhom {
                users: managers.into_iter().map(UserId::new).collect(),
                group: Some(UserGroupId::new(group)),
                incomplete: false,
            },
            people,
            seed,
        }
    }

    pub(super) fn person(&self, user: &UserId) -> Option<&Person> {
        self.people.iter().find(|person| person.user == *user)
    }

    /// All that Slack would have said of somebody.
    pub(super) fn facts(&self, user: &UserId, at: Timestamp) -> Facts {
        let Some(person) = self.person(user) else { return Facts::NONE };
        let online = self.is_online(person, at);
        Facts {
            profile: Fact::Known(Arc::clone(&person.profile)),
            dnd: Fact::Known(person.quiet(at)),
            presence: Fact::Known(if online { Presence::Active } else { Presence::Away }),
        }
    }

    pub(super) fn profile(&self, user: &UserId) -> Option<&Profile> {
        self.person(user).map(|person| &*person.profile)
    }

    /// At work but for lunch, a week off now and then, and what comes between; else now and then.
    pub(super) fn is_online(&self, person: &Person, at: Timestamp) -> bool {
        let local = person.zone.to_datetime(at);
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let day = days(local.date());
        let key = person
            .user
            .as_str()
            .bytes()
            .fold(1_i64, |key, byte| key.wrapping_mul(31).wrapping_add(i64::from(byte)));
        let drawn = |what: i64, number: i64| chance(self.seed, [key * 8 + what, number]);
        if drawn(1, day.div_euclid(7)) < 0.07 || drawn(2, day) < 0.03 {
            return false;
        }
        let lunch = (12 * 60 + 30..13 * 60 + 15).contains(&minute);
        let share = if person.hours.cover(local) {
            if lunch { 0.25 } else { 0.88 }
        } else if !(8 * 60..22 * 60).contains(&minute) {
            0.01
        } else if person.hours.works_on(local.weekday()) {
            0.12
        } else if person.volunteers {
            0.6
        } else {
            0.15
        };
        // For a quarter of an hour at a time.
        drawn(3, at.as_second().div_euclid(900)) < share
    }
}

impl Person {
    /// The do-not-disturb that holds or comes next.
    fn quiet(&self, at: Timestamp) -> Option<DndWindow> {
        let (evening, morning) = self.quiet?;
        let local = self.zone.to_datetime(at);
        let begins = if local.time() < morning { local.date().yesterday().ok()? } else { local.date() };
        let moment = |date: Date, time| self.zone.to_timestamp(DateTime::from_parts(date, time)).ok();
        Some(DndWindow { start: moment(begins, evening)?, end: moment(begins.tomorrow().ok()?, morning)? })
    }
}

fn person(number: usize, user: &slack_sim::User, seed: u64) -> Person {
    let mut dice = fastrand::Rng::with_seed(seed.wrapping_add(number as u64));
    let zone = user.tz.as_deref().and_then(calendar::zone).unwrap_or(TimeZone::UTC);
    let hours = HOURS.get(number % HOURS.len()).and_then(|hours| hours.parse().ok()).unwrap_or_default();
    Person {
        user: UserId::new(user.id.clone()),
        profile: Arc::new(Profile {
            names: vec![user.name.clone(), user.real_name.clone()],
            zone: user.tz.clone(),
            ..Profile::bare(Account::Member)
        }),
        zone,
        hours,
        volunteers: number.is_multiple_of(VOLUNTEERS),
        quiet: user.dnd.daily,
        takes: SignedDuration::from_secs(dice.i64(22..65)),
        passes: 0.02 + 0.1 * dice.f64() * dice.f64(),
        answers: 0.78 + 0.2 * dice.f64(),
    }
}

/// A roster of all of them, and the world's public holidays; at weekends those are asked who volunteer.
fn rules(people: &[Person]) -> Rules {
    let entry = |person: &Person| Entry {
        who: Who { user: Some(person.user.clone()), ..Who::default() },
        zone: Some(person.zone.clone()),
        country: person.zone.iana_name().and_then(country).map(str::to_owned),
        hours: Some(person.hours.clone()),
        weekend_volunteer: person.volunteers,
        ..Entry::default()
    };
    let roster = Roster::new(people.iter().map(entry).collect());
    // Without the table the demo has no holidays.
    let calendar = Calendar { days: Vec::new(), public: public::embedded().ok() };
    Rules {
        roster: Some(Arc::new(roster)),
        calendar: Arc::new(calendar),
        weekend: Weekend::Volunteers,
        ..Rules::default()
    }
}

fn country(zone: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|(name, _)| *name == zone).map(|(_, country)| *country)
}

fn days(date: Date) -> i64 {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_or(0, |at| at.as_second().div_euclid(86_400))
}

/// A number from 0 to below 1 that follows from the seed and from what it is about.
pub(super) fn chance(seed: u64, about: [i64; 2]) -> f64 {
    let mixed = about.into_iter().fold(seed, |mixed, part| {
        (mixed ^ part.unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    });
    fastrand::Rng::with_seed(mixed).f64()
}
