//! What is remembered of people, however old it is.
//!
//! Not for choosing: who may be paged is judged by fresh facts. But who somebody is, their address, their name and
//! their zone, changes so seldom that an old answer beats none.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use pagerslack_core::availability::Profile;
use pagerslack_core::ids::{ChannelId, TeamId, UserGroupId, UserId};

use super::Directory;
use crate::person::Person;

impl Directory {
    /// The accounts of these people, as far as they were ever read.
    pub fn profiles_of_any_age(
        &self,
        team: &TeamId,
        users: &BTreeSet<UserId>,
    ) -> HashMap<UserId, Arc<Profile>> {
        let known = self.known();
        users
            .iter()
            .filter_map(|user| {
                let person = known.people.get_of_any_age(team, user)?;
                Some((user.clone(), Arc::new(person.profile(team))))
            })
            .collect()
    }

    /// Who somebody is, if that was ever read.
    pub fn person_of_any_age(&self, team: &TeamId, user: &UserId) -> Option<Arc<Person>> {
        self.known().people.get_of_any_age(team, user)
    }

    /// Who was in a channel when it was last read, unless it has changed since.
    pub fn members_of_any_age(&self, team: &TeamId, channel: &ChannelId) -> Option<Arc<[UserId]>> {
        self.known().members.get_of_any_age(team, channel).flatten()
    }

    /// What a channel was called when it was last read.
    pub fn channel_name(&self, team: &TeamId, channel: &ChannelId) -> Option<Arc<str>> {
        self.known().names.get_of_any_age(team, channel)
    }

    /// Who was in a user group when it was last read, unless it has changed since.
    pub fn group_of_any_age(&self, team: &TeamId, group: &UserGroupId) -> Option<Arc<[UserId]>> {
        self.known().groups.get_of_any_age(team, group).flatten()
    }

    /// Whose address it was when it was last looked up.
    pub fn address_of_any_age(&self, team: &TeamId, email: &str) -> Option<UserId> {
        self.known().emails.get_of_any_age(team, &email.to_lowercase())
    }
}
