//! Who could be asked in the hours that come, and who is online just now.
//!
//! The first comes from memory and the files alone, and costs Slack nothing. The second is asked of Slack about a few
//! people, out of what paging leaves of the rate budget, and not at all while paging needs it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use pagerslack_core::rules::{CoveredDay, coverage};
use pagerslack_core::{Presence, RotationId, UserId};
use pagerslack_slack::method::Method;
use pagerslack_store::StoreError;

use super::Engine;

/// How many days are looked ahead.
const DAYS: usize = 7;

/// How many people's presence is asked for at once: half a minute's calls of what the background may ask.
const SAMPLE: usize = 15;

/// Who could be asked in a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The days that come, from today on, in the rotation's zone.
    pub days: Vec<CoveredDay>,
    /// How many people there are, managers not among them.
    pub people: usize,
    /// Of how many of them Slack has not told yet who they are.
    pub unread: usize,
    /// Whether it is known who is in the channel. Without that, those count who have a place in the queue.
    pub members_known: bool,
    /// Hours with fewer people are thin.
    pub thin: u32,
}

/// How many people of a rotation were online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// How many people the rotation has.
    pub people: u32,
    /// Of how many of them Slack told.
    pub looked: u32,
    /// How many of those were there.
    pub online: u32,
}

impl Engine {
    /// The seven days that come, as far as memory and the files tell. Asks Slack nothing.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn coverage(&self, rotation: &RotationId) -> Result<Coverage, StoreError> {
        let (team, config) = (&rotation.team, self.rotation(rotation));
        let members = self.directory.members_of_any_age(team, &rotation.channel);
        let members_known = members.is_some();
        let members: BTreeSet<UserId> = match members {
            Some(members) => members.iter().cloned().collect(),
            None => {
                self.store.queue(rotation).await?.places().iter().map(|place| place.user.clone()).collect()
            }
        };
        let managers = self.remembered_managers(rotation).users.into_iter().collect();
        let profiles = self.directory.profiles_of_any_age(team, &members);
        let people: Vec<_> = members
            .into_iter()
            .filter(|user| !BTreeSet::contains(&managers, user))
            .map(|user| (user.clone(), profiles.get(&user).cloned()))
            .filter(|(user, profile)| config.rules.is_engineer(user, profile.as_deref()) != Some(false))
            .collect();
        let today = config.rules.day_zone.to_datetime(self.now()).date();
        Ok(Coverage {
            days: coverage(&config.rules, &people, &managers, today, DAYS),
            unread: people.iter().filter(|person| person.1.is_none()).count(),
            people: people.len(),
            members_known,
            thin: config.thin_coverage,
        })
    }

    /// Asks Slack whether a few people of a rotation are online, others at each hour. `None` while paging needs the rate
    /// budget, or if Slack does not tell.
    pub(crate) async fn sample(&self, rotation: &RotationId) -> Option<Sampled> {
        let (now, team) = (self.now(), &rotation.team);
        if self.client.is_scarce(now, team, Method::UsersGetPresence) {
            return None;
        }
        let caller = self.background(team);
        let members = self.directory.members(caller, &rotation.channel).await.ok()?;
        let config = self.rotation(rotation);
        let managers: BTreeSet<UserId> = self.remembered_managers(rotation).users.into_iter().collect();
        let profiles = self.directory.profiles_of_any_age(team, &members.iter().cloned().collect());
        let is_asked = |user: &&UserId| {
            let profile = profiles.get(*user).map(|profile| &**profile);
            !managers.contains(*user) && config.rules.is_engineer(user, profile) != Some(false)
        };
        let people: Vec<&UserId> = members.iter().filter(is_asked).collect();
        let hour = usize::try_from(now.as_second().div_euclid(3_600)).unwrap_or(0);
        let from = (hour * SAMPLE).checked_rem(people.len()).unwrap_or(0);
        let some: Vec<UserId> = people
            .iter()
            .cycle()
            .skip(from)
            .take(SAMPLE.min(people.len()))
            .map(|user| (*user).clone())
            .collect();
        let told = self.directory.presence(caller, &some, now).await;
        let told: Vec<Presence> = told.into_values().filter_map(Result::ok).collect();
        let online = told.iter().filter(|presence| **presence == Presence::Active).count();
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (!told.is_empty()).then(|| Sampled {
            people: small(people.len()),
            looked: small(told.len()),
            online: small(online),
        })
    }

    /// Which hour of its week it is in a rotation: the day from Monday on, and the hour.
    pub(crate) fn hour_of_week(&self, rotation: &RotationId, at: Timestamp) -> (usize, usize) {
        hour_of_week(&self.rotation(rotation).rules.day_zone, at)
    }
}

/// Which hour of its week it is in a zone: the day from Monday on, and the hour.
pub(crate) fn hour_of_week(zone: &TimeZone, at: Timestamp) -> (usize, usize) {
    let local = zone.to_datetime(at);
    let day = local.weekday().since(Weekday::Monday);
    (usize::from(day.unsigned_abs()), usize::from(local.hour().unsigned_abs()))
}
