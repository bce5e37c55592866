//! By what the queue is looked over: who is left out of it, who comes last in it, who joins it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use pagerslack_core::availability::Profile;
use pagerslack_core::incident::ManagersWhom;
use pagerslack_core::rules::Day;
use pagerslack_core::{Candidate, Queue, QueueChange, RotationId, Rules, TeamId, UserId, Verdict, ZoneName};
use pagerslack_slack::client::Caller;

use super::Engine;

/// What is known before anybody's availability is looked up.
pub(super) struct Look<'a> {
    /// Those who need not be asked again.
    pub(super) asked: BTreeSet<UserId>,
    /// The managers, and how they are addressed.
    pub(super) whom: ManagersWhom,
    /// The same, to look somebody up.
    pub(super) managers: BTreeSet<UserId>,
    pub(super) rules: &'a Rules,
    pub(super) day: Day,
    /// What is remembered of the channel's members, however old: who they are changes seldom, and is asked anew
    /// before anybody is chosen.
    profiles: HashMap<UserId, Arc<Profile>>,
}

impl Look<'_> {
    fn profile(&self, user: &UserId) -> Option<&Profile> {
        self.profiles.get(user).map(|profile| &**profile)
    }

    /// The order in which `members` are considered today.
    pub(super) fn order(&self, queue: &Queue, members: &BTreeSet<UserId>) -> Vec<UserId> {
        let last = self.rules.deprioritised(members, |user| self.profile(user), &self.day);
        queue.order(members, &last)
    }
}

impl Engine {
    /// Gathers what is known of a rotation, and asks as `caller` who the managers are.
    pub(super) async fn look<'a>(
        &self,
        caller: Caller<'_>,
        rotation: &RotationId,
        rules: &'a Rules,
        members: &BTreeSet<UserId>,
        asked: BTreeSet<UserId>,
    ) -> Look<'a> {
        let whom = self.managers(caller, rotation).await;
        self.look_knowing(whom, rotation, rules, members, asked)
    }

    /// The same where it is known who the managers are.
    pub(super) fn look_knowing<'a>(
        &self,
        whom: ManagersWhom,
        rotation: &RotationId,
        rules: &'a Rules,
        members: &BTreeSet<UserId>,
        asked: BTreeSet<UserId>,
    ) -> Look<'a> {
        Look {
            asked,
            managers: whom.users.iter().cloned().collect(),
            whom,
            rules,
            day: rules.day(self.now()),
            profiles: self.directory.profiles_of_any_age(&rotation.team, members),
        }
    }

    /// Who joins the queue now, and who has left the roster. Bots, guests and managers have no place in it.
    pub(super) fn arrivals(
        &self,
        rotation: &RotationId,
        queue: &Queue,
        members: &BTreeSet<UserId>,
        look: &Look<'_>,
    ) -> Vec<QueueChange> {
        let is_engineer = |user: &UserId| {
            let engineer = look.rules.is_engineer(user, look.profile(user));
            !look.managers.contains(user) && engineer.unwrap_or(true)
        };
        let left = queue.places().iter().map(|place| &place.user);
        let left = left.filter(|user| members.contains(*user) && !is_engineer(user)).cloned();
        let joined = queue.newcomers(rotation, members, self.seed).into_iter().filter(is_engineer);
        left.map(|user| QueueChange::Left { user })
            .chain(joined.map(|user| QueueChange::Joined { user }))
            .collect()
    }

    /// Records of those who may be chosen where their clocks stand, and of all who is in the weekend's pool: whoever counts
    /// afterwards at what hours, and how often it, was asked has another roster by then (P7).
    pub(super) fn as_they_are(
        &self,
        team: &TeamId,
        rules: &Rules,
        mut candidates: Vec<Candidate>,
    ) -> Vec<Candidate> {
        let has_pool = rules.roster.as_ref().is_some_and(|roster| roster.has_volunteers());
        let may_be_chosen =
            |candidate: &Candidate| matches!(candidate.verdict, Verdict::Available | Verdict::Unknown { .. });
        let told = |candidate: &Candidate| has_pool || may_be_chosen(candidate);
        // The hunt has just asked who they are.
        let users = candidates.iter().filter(|it| told(it)).map(|candidate| candidate.user.clone()).collect();
        let profiles = self.directory.profiles_of_any_age(team, &users);
        for candidate in candidates.iter_mut().filter(|it| told(it)) {
            let profile = profiles.get(&candidate.user).map(|profile| &**profile);
            candidate.weekend_volunteer = has_pool && rules.is_volunteer(&candidate.user, profile);
            if may_be_chosen(candidate) {
                candidate.zone = rules.zone_name(&candidate.user, profile);
            }
        }
        candidates
    }

    /// Where the clock of whoever takes an incident stands, as far as it is remembered: nobody waits for that.
    pub(super) fn zone_of(&self, rotation: &RotationId, user: &UserId) -> Option<ZoneName> {
        let profile = self.remembered_profile(&rotation.team, user);
        self.rotation(rotation).rules.zone_name(user, profile.as_deref())
    }
}
