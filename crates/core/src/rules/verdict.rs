//! The one verdict on a person, from what is known of them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::{Day, Rules, Weekend, status};
use crate::availability::{Account, Fact, Facts, Presence, Profile, Verdict};
use crate::calendar::{self, DayOff, Scope};
use crate::ids::UserId;
use crate::roster::{Entry, Exclusion, Role, Roster, Whereabouts, Who};

const UTC: TimeZone = TimeZone::UTC;

/// How far the files tell something of a person.
#[derive(Clone, Debug)]
enum Told {
    /// They may not be asked.
    No(Verdict),
    /// Nothing stands against it.
    Nothing,
    /// It cannot be told, for want of something that Slack does not show.
    CannotTell(&'static str),
}

impl Rules {
    /// The verdict that these facts allow on `now`, which is a `day`; `None` while a fact that could change it has
    /// not been asked for.
    ///
    /// A known "no" settles the matter whatever else is missing; "available" needs every fact.
    pub fn verdict(&self, user: &UserId, facts: &Facts, now: Timestamp, day: &Day) -> Option<Verdict> {
        self.verdict_remembering(user, facts, now, day, &mut DaysOff::default())
    }

    /// The same for whoever asks many times of one person with the same profile: what holds for a whole day of theirs
    /// is looked up once for the day.
    pub(super) fn verdict_remembering(
        &self,
        user: &UserId,
        facts: &Facts,
        now: Timestamp,
        day: &Day,
        days_off: &mut DaysOff,
    ) -> Option<Verdict> {
        let profile = facts.profile.known().map(|profile| &**profile);
        if let Some(profile) = profile
            && let Some(verdict) = self.of_account(profile.account)
        {
            return Some(verdict);
        }
        let mut unreadable = Vec::new();
        match self.of_files(user, profile, now, day, days_off) {
            Told::No(verdict) => return Some(verdict),
            Told::CannotTell(why) if profile.is_some() => unreadable.push(why.to_owned()),
            // Whether the account was asked for is looked at below.
            Told::CannotTell(_) | Told::Nothing => {}
        }
        if let Some(status) = profile.and_then(|profile| profile.status.as_ref())
            && self.away.mean_away(status, now)
        {
            return Some(Verdict::Status { status: status::told(status), until: status.until });
        }
        if let Fact::Known(Some(window)) = &facts.dnd
            && window.contains(now)
        {
            return Some(Verdict::DoNotDisturb { until: window.end });
        }
        if let Fact::Known(Presence::Away) = &facts.presence {
            return Some(Verdict::Away);
        }
        for (name, fact) in [
            ("account", state(&facts.profile)),
            ("do-not-disturb", state(&facts.dnd)),
            ("presence", state(&facts.presence)),
        ] {
            match fact {
                Fact::Known(()) => {}
                Fact::NotAsked => return None,
                Fact::Unreadable(why) => unreadable.push(format!("{name}: {why}")),
            }
        }
        if unreadable.is_empty() {
            return Some(Verdict::Available);
        }
        Some(Verdict::Unknown { why: unreadable.join(", ") })
    }

    fn of_account(&self, account: Account) -> Option<Verdict> {
        match account {
            Account::Member => None,
            Account::Guest if self.guests => None,
            Account::Guest => Some(Verdict::Guest),
            Account::Bot => Some(Verdict::Bot),
            Account::Stranger => Some(Verdict::Stranger),
            Account::Deactivated => Some(Verdict::Deactivated),
        }
    }

    /// What the team's files say of a person: the roster, exclusions, tenure, days off, the weekend, the hours.
    fn of_files(
        &self,
        user: &UserId,
        profile: Option<&Profile>,
        now: Timestamp,
        day: &Day,
        days_off: &mut DaysOff,
    ) -> Told {
        let entry = self.entry(user, profile);
        match (&self.roster, entry) {
            (Some(_), Some(Entry { role: Role::Manager, .. })) => return Told::No(Verdict::Manager),
            (Some(_), Some(Entry { role: Role::Neither, .. })) => return Told::No(Verdict::NotOnRoster),
            (Some(roster), None) if can_be_told(roster, profile) => return Told::No(Verdict::NotOnRoster),
            (Some(_), None) => {
                // Their zone is not known either: it may be the roster's. What is said of them by id holds.
                let dates = Dates::anywhere(now);
                return match days_off.of(dates, || self.off(user, None, profile, dates)) {
                    Told::Nothing => Told::CannotTell("roster: Slack does not show their address"),
                    told => told,
                };
            }
            (None, _) | (Some(_), Some(Entry { role: Role::Engineer, .. })) => {}
        }
        if self.says_nothing_of_days() {
            return Told::Nothing;
        }
        let in_slack = zone_in_slack(entry, profile);
        let zone = entry.and_then(|entry| entry.zone.as_ref()).or(in_slack.as_ref());
        let local = zone.map(|zone| (zone.to_datetime(now), zone));
        let dates = local.as_ref().map_or_else(|| Dates::anywhere(now), |(local, _)| Dates::of(local.date()));
        let off = days_off.of(dates, || self.off(user, entry, profile, dates));
        if let Told::No(_) = off {
            return off;
        }
        let volunteers = entry.is_some_and(|entry| entry.weekend_volunteer);
        if self.weekend == Weekend::Volunteers && matches!(day, Day::Off { .. }) && !volunteers {
            return Told::No(Verdict::NotVolunteering);
        }
        // On a day on which nobody is expected whoever is online is asked, where anybody is. A hunt that goes on into
        // a day on which nobody is hunted keeps to people's hours.
        let expected = *day == Day::Working || matches!(self.weekend, Weekend::Link { .. });
        let hours = entry.and_then(|entry| entry.hours.as_ref()).filter(|_| expected);
        match (hours, local) {
            (Some(hours), Some((local, zone))) if !hours.cover(local) => Told::No(Verdict::OutsideHours {
                local: local.time().with().subsec_nanosecond(0).second(0).build().unwrap_or(local.time()),
                zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            }),
            (Some(_), None) => Told::CannotTell("hours: their time zone is not known"),
            _ => off,
        }
    }

    /// Reasons that hold for a whole day of theirs. They hold if they do on every date that it may be for them.
    fn off(&self, user: &UserId, entry: Option<&Entry>, profile: Option<&Profile>, dates: Dates) -> Told {
        let person = whereabouts(user, entry, profile);
        if dates.first == dates.last {
            return self.off_on(&person, entry, profile, dates.first);
        }
        let mut reasons = dates.iter().map(|date| self.off_on(&person, entry, profile, date));
        let Some(first) = reasons.next() else { return Told::Nothing };
        let same = |reason: &Told| match first {
            Told::No(_) => matches!(reason, Told::No(_)),
            Told::Nothing => matches!(reason, Told::Nothing),
            Told::CannotTell(_) => true,
        };
        if reasons.all(|reason| same(&reason)) {
            first
        } else {
            Told::CannotTell("days off: their time zone is not known")
        }
    }

    fn off_on(
        &self,
        person: &Whereabouts<'_>,
        entry: Option<&Entry>,
        profile: Option<&Profile>,
        today: Date,
    ) -> Told {
        // The roster may know another address of theirs than Slack does: either will do.
        let in_slack = Whereabouts { email: profile.and_then(|profile| profile.email.as_deref()), ..*person };
        let two = in_slack.email.is_some() && in_slack.email != person.email;
        let excluded = |exclusion: &&Exclusion| {
            exclusion.holds(today) && (exclusion.who.is(person) || (two && exclusion.who.is(&in_slack)))
        };
        if let Some(exclusion) = self.exclusions.iter().find(excluded) {
            return Told::No(Verdict::Excluded { until: exclusion.until, reason: exclusion.reason.clone() });
        }
        if let Some(start) = entry.and_then(|entry| entry.start_date)
            && let Ok(until) = start.checked_add(self.min_tenure)
            && today < until
        {
            return Told::No(Verdict::New { until });
        }
        match self.calendar.day_off(person, today) {
            // A day off is lifted for those who work on it, and this may be one of them (P6).
            Some(_) if self.calendar.days.iter().any(|day| may_be_worked(day, person, profile, today)) => {
                Told::CannotTell("days off: Slack does not show their address")
            }
            Some(name) => Told::No(Verdict::Holiday { name }),
            // An exclusion or a day off by address may be theirs (P6).
            None if person.email.is_none() && self.may_be_off(person, today) => {
                Told::CannotTell("exclusions and days off: Slack does not show their address")
            }
            None => Told::Nothing,
        }
    }

    /// Whether no file could say of anybody that they are off: there is no roster with hours, countries and start
    /// dates, no exclusion and no day off, and weekends are for everybody.
    fn says_nothing_of_days(&self) -> bool {
        self.roster.is_none()
            && self.exclusions.is_empty()
            && self.calendar.days.is_empty()
            && self.weekend != Weekend::Volunteers
    }

    /// Whether an exclusion or a day off by address may be this person's, whose address is not known.
    fn may_be_off(&self, person: &Whereabouts<'_>, today: Date) -> bool {
        let may_be = |who: &Who| {
            let rest = Who { email: None, ..who.clone() };
            who.email.is_some() && (rest == Who::default() || rest.is(person))
        };
        let excluded = |exclusion: &Exclusion| exclusion.holds(today) && may_be(&exclusion.who);
        let off = |day: &DayOff| {
            matches!(&day.scope, Scope::Person(who) if may_be(who)) && !day.worked && day.covers(today)
        };
        self.exclusions.iter().any(excluded) || self.calendar.days.iter().any(off)
    }
}

/// What holds of one person for whole days of theirs, as far as it was last looked up.
#[derive(Debug, Default)]
pub(super) struct DaysOff(Option<(Dates, Told)>);

impl DaysOff {
    fn of(&mut self, dates: Dates, look_up: impl FnOnce() -> Told) -> Told {
        match &self.0 {
            Some((known, told)) if *known == dates => told.clone(),
            _ => {
                let told = look_up();
                self.0 = Some((dates, told.clone()));
                told
            }
        }
    }
}

/// The dates that it may be for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dates {
    first: Date,
    last: Date,
}

impl Dates {
    fn of(date: Date) -> Self {
        Self { first: date, last: date }
    }

    /// All over the world: clocks are between 12 hours behind UTC and 14 hours ahead.
    fn anywhere(now: Timestamp) -> Self {
        let date = |hours| {
            now.saturating_add(SignedDuration::from_hours(hours)).map(|at| UTC.to_datetime(at).date())
        };
        let here = UTC.to_datetime(now).date();
        Self { first: date(-12).unwrap_or(here), last: date(14).unwrap_or(here) }
    }

    fn iter(self) -> impl Iterator<Item = Date> {
        self.first.series(Span::new().days(1)).take_while(move |date| *date <= self.last)
    }
}

/// Whether a day that somebody works in spite of a day off may be this person's, for all that is known of them.
fn may_be_worked(day: &DayOff, person: &Whereabouts<'_>, profile: Option<&Profile>, today: Date) -> bool {
    let Scope::Person(who) = &day.scope else { return false };
    let user = who.user.as_ref().is_none_or(|user| user == person.user);
    let unknown =
        (who.email.is_some() && person.email.is_none()) || (who.name.is_some() && profile.is_none());
    day.worked && user && unknown && day.covers(today)
}

/// Whether it can be told by now that somebody who has not been found in the roster is not in it.
pub(super) fn can_be_told(roster: &Roster, profile: Option<&Profile>) -> bool {
    !roster.needs_addresses() || profile.is_some_and(|profile| profile.email.is_some())
}

fn state<T>(fact: &Fact<T>) -> Fact<()> {
    match fact {
        Fact::Known(_) => Fact::Known(()),
        Fact::Unreadable(why) => Fact::Unreadable(why.clone()),
        Fact::NotAsked => Fact::NotAsked,
    }
}

/// The roster's zone counts before Slack's.
pub(super) fn zone_of(entry: Option<&Entry>, profile: Option<&Profile>) -> Option<TimeZone> {
    entry.and_then(|entry| entry.zone.clone()).or_else(|| zone_in_slack(entry, profile))
}

/// Slack's zone, if the roster has none.
fn zone_in_slack(entry: Option<&Entry>, profile: Option<&Profile>) -> Option<TimeZone> {
    let in_roster = entry.is_some_and(|entry| entry.zone.is_some());
    profile.filter(|_| !in_roster).and_then(|profile| profile.zone.as_deref()).and_then(calendar::zone)
}

/// The roster's address counts before Slack's, too, so that what is said of it holds before Slack is asked.
pub(super) fn whereabouts<'a>(
    user: &'a UserId,
    entry: Option<&'a Entry>,
    profile: Option<&'a Profile>,
) -> Whereabouts<'a> {
    Whereabouts {
        user,
        email: entry
            .and_then(|entry| entry.who.email.as_deref())
            .or_else(|| profile.and_then(|profile| profile.email.as_deref())),
        names: profile.map_or(&[], |profile| &profile.names),
        country: entry.and_then(|entry| entry.country.as_deref()),
        region: entry.and_then(|entry| entry.region.as_deref()),
    }
}
