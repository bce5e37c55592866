//! The one verdict on a person, from what is known of them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Day, Rules, Weekend, status};
use crate::availability::{Account, Fact, Facts, Presence, Profile, Verdict};
use crate::calendar;
use crate::ids::UserId;
use crate::roster::{Entry, Role, Whereabouts};

/// How far the files tell something of a person.
enum Told {
    /// They may not be asked.
    No(Verdict),
    /// Nothing stands against it.
    Nothing,
    /// What Slack says of their account must be known first.
    NeedsProfile,
    /// It cannot be told.
    Unreadable(String),
}

impl Rules {
    /// The verdict that these facts allow on `now`, which is a `day`; `None` while a fact that could change it has
    /// not been asked for.
    ///
    /// A known "no" settles the matter whatever else is missing; "available" needs every fact.
    pub fn verdict(&self, user: &UserId, facts: &Facts, now: Timestamp, day: &Day) -> Option<Verdict> {
        let profile = facts.profile.known().map(|profile| &**profile);
        if let Some(profile) = profile
            && let Some(verdict) = self.of_account(profile.account)
        {
            return Some(verdict);
        }
        let mut unreadable = Vec::new();
        match self.of_files(user, profile, now, day) {
            Told::No(verdict) => return Some(verdict),
            // Whether the account was asked for is looked at below.
            Told::Nothing | Told::NeedsProfile => {}
            Told::Unreadable(why) => unreadable.push(why),
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
    fn of_files(&self, user: &UserId, profile: Option<&Profile>, now: Timestamp, day: &Day) -> Told {
        let entry = self.entry(user, profile);
        match (&self.roster, entry) {
            (None, _) => {}
            (Some(_), Some(entry)) => match entry.role {
                Role::Engineer => {}
                Role::Manager => return Told::No(Verdict::Manager),
                Role::Neither => return Told::No(Verdict::NotOnRoster),
            },
            (Some(_), None) => match (self.is_engineer(user, profile), profile) {
                (Some(_), _) => return Told::No(Verdict::NotOnRoster),
                (None, None) => return Told::NeedsProfile,
                (None, Some(_)) => {
                    return Told::Unreadable("roster: Slack does not show their address".to_owned());
                }
            },
        }
        let zone = zone_of(entry, profile);
        let local = zone.as_ref().unwrap_or(&TimeZone::UTC).to_datetime(now);
        let person = whereabouts(user, entry, profile);
        if let Some(verdict) = self.off(&person, entry, local, day) {
            return Told::No(verdict);
        }
        let hours = entry.and_then(|entry| entry.hours.as_ref()).filter(|_| *day == Day::Working);
        match (hours, &zone, profile) {
            (Some(hours), Some(zone), _) if !hours.cover(local) => Told::No(Verdict::OutsideHours {
                local: local.time().with().subsec_nanosecond(0).second(0).build().unwrap_or(local.time()),
                zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            }),
            (Some(_), None, None) => Told::NeedsProfile,
            (Some(_), None, Some(_)) => Told::Unreadable("hours: their time zone is not known".to_owned()),
            _ if profile.is_none() && self.goes_by_profile(zone.is_none()) => Told::NeedsProfile,
            _ => Told::Nothing,
        }
    }

    /// Reasons that hold for a whole day.
    fn off(
        &self,
        person: &Whereabouts<'_>,
        entry: Option<&Entry>,
        local: DateTime,
        day: &Day,
    ) -> Option<Verdict> {
        let today = local.date();
        let excluded =
            |exclusion: &&crate::roster::Exclusion| exclusion.holds(today) && exclusion.who.is(person);
        if let Some(exclusion) = self.exclusions.iter().find(excluded) {
            return Some(Verdict::Excluded { until: exclusion.until, reason: exclusion.reason.clone() });
        }
        if let Some(until) =
            entry.and_then(|entry| entry.start_date).and_then(|start| start.checked_add(self.min_tenure).ok())
            && today < until
        {
            return Some(Verdict::New { until });
        }
        if let Some(name) = self.calendar.day_off(person, today) {
            return Some(Verdict::Holiday { name });
        }
        let volunteers = entry.is_some_and(|entry| entry.weekend_volunteer);
        if self.weekend == Weekend::Volunteers && matches!(day, Day::Off { .. }) && !volunteers {
            return Some(Verdict::NotVolunteering);
        }
        None
    }

    /// Whether what Slack says of an account could still change what the files say: its address or names may be
    /// excluded, and its zone may make it another day.
    fn goes_by_profile(&self, without_zone: bool) -> bool {
        let by_name = |exclusion: &crate::roster::Exclusion| {
            exclusion.who.email.is_some() || exclusion.who.name.is_some()
        };
        self.exclusions.iter().any(by_name) || (without_zone && !self.calendar.days.is_empty())
    }
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
    let slack = || profile.and_then(|profile| profile.zone.as_deref()).and_then(calendar::zone);
    entry.and_then(|entry| entry.zone.clone()).or_else(slack)
}

pub(super) fn whereabouts<'a>(
    user: &'a UserId,
    entry: Option<&'a Entry>,
    profile: Option<&'a Profile>,
) -> Whereabouts<'a> {
    Whereabouts {
        user,
        email: profile
            .and_then(|profile| profile.email.as_deref())
            .or_else(|| entry.and_then(|entry| entry.who.email.as_deref())),
        names: profile.map_or(&[], |profile| &profile.names),
        country: entry.and_then(|entry| entry.country.as_deref()),
        region: entry.and_then(|entry| entry.region.as_deref()),
    }
}
