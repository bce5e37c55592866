//! Who may be asked now: the team's files and Slack's facts, brought together into one verdict (P3, P7).
//!
//! The reasons have an order, and the first that holds is given: what lasts before what passes, so that "a bot"
//! is never told as "away". A fact that cannot be read never makes a "no" (P6).

mod coverage;
mod day;
mod status;
mod verdict;

pub use coverage::{CoveredDay, CoveredHour, coverage};
pub use day::{Day, Weekend};
pub use status::AwayStatuses;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::availability::{Account, Profile};
use crate::calendar::Calendar;
use crate::ids::{UserId, ZoneName};
use crate::roster::{Entry, Exclusion, Role, Roster, Whereabouts};

/// All that a rotation's settings and files say of who may be asked.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The list of people; without one, every full member of the channel is an engineer.
    pub roster: Option<Arc<Roster>>,
    /// Those left out for a while.
    pub exclusions: Arc<[Exclusion]>,
    /// Days off.
    pub calendar: Arc<Calendar>,
    /// Nobody is asked within this time of their start date.
    pub min_tenure: Span,
    /// Whether guests may be asked.
    pub guests: bool,
    /// Statuses that mean away.
    pub away: Arc<AwayStatuses>,
    /// What happens on days on which nobody is expected.
    pub weekend: Weekend,
    /// The days of the week on which nobody is expected.
    pub weekend_days: Vec<Weekday>,
    /// The zone in which those days and company holidays begin and end.
    pub day_zone: TimeZone,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            roster: None,
            exclusions: Arc::from([]),
            calendar: Arc::default(),
            min_tenure: Span::new().months(3),
            guests: false,
            away: Arc::new(AwayStatuses::usual()),
            weekend: Weekend::Page,
            weekend_days: vec![Weekday::Saturday, Weekday::Sunday],
            day_zone: TimeZone::UTC,
        }
    }
}

impl Rules {
    /// A person's row of the roster, if they have one that can be told.
    pub fn entry(&self, user: &UserId, profile: Option<&Profile>) -> Option<&Entry> {
        self.roster.as_ref()?.entry(user, profile.and_then(|profile| profile.email.as_deref()))
    }

    /// Whether somebody has a place in the queue: an engineer does, nobody else. `None` while it cannot be told.
    pub fn is_engineer(&self, user: &UserId, profile: Option<&Profile>) -> Option<bool> {
        if let Some(profile) = profile {
            match profile.account {
                Account::Member => {}
                Account::Guest if self.guests => {}
                Account::Bot | Account::Guest | Account::Stranger | Account::Deactivated => {
                    return Some(false);
                }
            }
        }
        match (&self.roster, self.entry(user, profile)) {
            (None, _) => profile.map(|_| true),
            (Some(_), Some(entry)) => Some(entry.role == Role::Engineer),
            (Some(roster), None) => verdict::can_be_told(roster, profile).then_some(false),
        }
    }

    /// Those of `members` who come last today: on working days the weekend's volunteers, as their share is at the
    /// weekend.
    pub fn deprioritised<'a>(
        &self,
        members: &BTreeSet<UserId>,
        profile: impl Fn(&UserId) -> Option<&'a Profile>,
        day: &Day,
    ) -> BTreeSet<UserId> {
        let volunteers = || self.roster.as_ref().is_some_and(|roster| roster.has_volunteers());
        if matches!(day, Day::Off { .. }) || !volunteers() {
            return BTreeSet::new();
        }
        members.iter().filter(|user| self.is_volunteer(user, profile(user))).cloned().collect()
    }

    /// Whether somebody is in the weekend's pool, as far as it can be told.
    pub fn is_volunteer(&self, user: &UserId, profile: Option<&Profile>) -> bool {
        self.entry(user, profile).is_some_and(|entry| entry.weekend_volunteer)
    }

    /// Where somebody's clock stands, as far as it can be told.
    pub fn zone_name(&self, user: &UserId, profile: Option<&Profile>) -> Option<ZoneName> {
        let zone = verdict::zone_of(self.entry(user, profile), profile)?;
        zone.iana_name().map(ZoneName::new)
    }

    /// When somebody next works at or after `after`, as far as their hours, days off and zone tell.
    ///
    /// Without hours of their own, nine to five from Monday to Friday are assumed: for what can wait.
    pub fn next_working_moment(
        &self,
        user: &UserId,
        profile: Option<&Profile>,
        after: Timestamp,
    ) -> Timestamp {
        let entry = self.entry(user, profile);
        let zone = verdict::zone_of(entry, profile).unwrap_or(TimeZone::UTC);
        let hours = entry.and_then(|entry| entry.hours.clone()).unwrap_or_else(day::office_hours);
        let person = verdict::whereabouts(user, entry, profile);
        let in_hours = hours.next(&zone, after).unwrap_or(after);
        let mut moment = after;
        // A month of days off in a row is enough: then they are asked although they are off.
        for _ in 0..31 {
            let Some(next) = hours.next(&zone, moment) else { return in_hours };
            let date = zone.to_datetime(next).date();
            let off = self.calendar.day_off(&person, date).is_some()
                || self.calendar.company_holiday(date).is_some()
                || self.exclusions.iter().any(|exclusion| exclusion.holds(date) && exclusion.who.is(&person));
            if !off {
                return next;
            }
            let Some(tomorrow) = date
                .tomorrow()
                .ok()
                .and_then(|date| date.to_zoned(zone.clone()).ok())
                .map(|at| at.timestamp())
            else {
                return in_hours;
            };
            moment = tomorrow;
        }
        in_hours
    }

    /// Whether somebody is left out at `now`, for all that is known of them.
    pub fn is_excluded(&self, user: &UserId, profile: Option<&Profile>, now: Timestamp) -> bool {
        let entry = self.entry(user, profile);
        let zone = verdict::zone_of(entry, profile).unwrap_or(TimeZone::UTC);
        let (date, person) = (zone.to_datetime(now).date(), verdict::whereabouts(user, entry, profile));
        self.exclusions.iter().any(|exclusion| exclusion.holds(date) && exclusion.who.is(&person))
    }

    /// What the rules must know of a person to find them in the files.
    pub fn whereabouts<'a>(&'a self, user: &'a UserId, profile: Option<&'a Profile>) -> Whereabouts<'a> {
        verdict::whereabouts(user, self.entry(user, profile), profile)
    }
}

#[cfg(test)]
mod tests;
