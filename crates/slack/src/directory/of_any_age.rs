//! What is remembered of people, however old it is.
//!
//! Not for choosing: who may be paged is judged by fresh facts. But who somebody is, their address, their name and
//! their zone, changes so seldom that an old answer beats none.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use pagerslack_core::availability::Profile;
use pagerslack_core::ids::{TeamId, UserId};

use super::Directory;

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
}
