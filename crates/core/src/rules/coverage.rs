//! Who could be asked in the hours that come, by the files: roster, hours, days off, exclusions, the weekend's pool.
//!
//! There are no rules of its own here. Each person is judged for each hour by the verdict that a hunt would come to at
//! its beginning, if everybody were online and nobody wanted quiet: nobody can know today who will be. So a forecast is
//! what can be had at best, and a hunt at that hour passes over some of these people, never over others.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::verdict::DaysOff;
use super::{Day, Rules};
use crate::availability::{Fact, Facts, Presence, Profile, Verdict};
use crate::ids::UserId;

/// One hour of a day that comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveredHour {
    /// Its beginning.
    pub at: Timestamp,
    /// How many people could be asked then. `None` if nobody would be: the schedule is shown that day instead.
    pub people: Option<usize>,
}

/// One day that comes, in the rotation's zone. It may have 23 or 25 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveredDay {
    /// Which.
    pub date: Date,
    /// What kind of day it is.
    pub day: Day,
    /// The days off that people have in the middle of this day: each with its name and how many have it, the most
    /// first.
    pub holidays: Vec<(String, usize)>,
    /// Its hours, in order.
    pub hours: Vec<CoveredHour>,
}

/// How many of `people` could be asked in each hour of `days` days from `first` on, in the rotation's zone. Of each
/// comes what is known of the account; of whom nothing is known, whoever the rules would ask all the same counts (P6).
pub fn coverage(
    rules: &Rules,
    people: &[(UserId, Option<Arc<Profile>>)],
    managers: &BTreeSet<UserId>,
    first: Date,
    days: usize,
) -> Vec<CoveredDay> {
    let dates = std::iter::successors(Some(first), |date| date.tomorrow().ok());
    let mut covered: Vec<CoveredDay> = dates.take(days).map(|date| rules.nobody_yet(date)).collect();
    for (user, profile) in people.iter().filter(|person| !managers.contains(&person.0)) {
        rules.count_in(user, profile.as_ref(), &mut covered);
    }
    for day in &mut covered {
        day.holidays.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
    covered
}

impl Rules {
    fn nobody_yet(&self, date: Date) -> CoveredDay {
        let hours = hours_of(&self.day_zone, date);
        let day = hours.first().map_or(Day::Working, |at| self.day(*at));
        let people = self.schedule_link(&day).is_none().then_some(0);
        let hours = hours.into_iter().map(|at| CoveredHour { at, people }).collect();
        CoveredDay { date, day, holidays: Vec::new(), hours }
    }

    fn count_in(&self, user: &UserId, profile: Option<&Arc<Profile>>, covered: &mut [CoveredDay]) {
        let facts = Facts {
            profile: profile
                .map_or_else(|| Fact::Unreadable("not asked yet".to_owned()), |it| Fact::Known(lasting(it))),
            dnd: Fact::Known(None),
            presence: Fact::Known(Presence::Active),
        };
        let mut days_off = DaysOff::default();
        for CoveredDay { day, holidays, hours, .. } in covered {
            let middle = hours.len() / 2;
            for (index, CoveredHour { at, people }) in hours.iter_mut().enumerate() {
                match self.verdict_remembering(user, &facts, *at, day, &mut days_off) {
                    Some(Verdict::Available | Verdict::Unknown { .. }) => {
                        if let Some(people) = people {
                            *people += 1;
                        }
                    }
                    Some(Verdict::Holiday { name }) if index == middle => count(holidays, name),
                    _ => {}
                }
            }
        }
    }
}

/// What will still be so when an hour comes: a status counts if it says when it ends.
fn lasting(profile: &Arc<Profile>) -> Arc<Profile> {
    if profile.status.as_ref().is_none_or(|status| status.until.is_some()) {
        return Arc::clone(profile);
    }
    Arc::new(Profile { status: None, ..Profile::clone(profile) })
}

fn count(holidays: &mut Vec<(String, usize)>, name: String) {
    match holidays.iter_mut().find(|known| known.0 == name) {
        Some(known) => known.1 += 1,
        None => holidays.push((name, 1)),
    }
}

/// The beginnings of a date's hours in a zone: from its first moment, an hour apart.
fn hours_of(zone: &TimeZone, date: Date) -> Vec<Timestamp> {
    let midnight = |date: Date| date.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
    let (Some(from), Some(until)) = (midnight(date), date.tomorrow().ok().and_then(midnight)) else {
        return Vec::new();
    };
    let hours = std::iter::successors(Some(from), |at| at.checked_add(SignedDuration::from_hours(1)).ok());
    hours.take_while(|at| *at < until).collect()
}
