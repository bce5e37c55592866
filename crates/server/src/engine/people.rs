//! Who the managers are, and who may take an incident.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use pagerslack_core::availability::Profile;
use pagerslack_core::incident::ManagersWhom;
use pagerslack_core::{Incident, Queue, RotationId, TeamId, UserId};
use pagerslack_slack::client::{CallError, Caller, RefusalKind};

use super::Engine;
use crate::config::RotationConfig;

impl Engine {
    /// The managers of a rotation, by the configuration and by the roster, as far as Slack can tell who they are. A
    /// group whose members cannot be read is still mentioned, beside everybody known (P6). `caller` bounds what is
    /// spent on it: who only answers or sweeps must leave the pages their budget.
    pub(super) async fn managers(&self, caller: Caller<'_>, rotation: &RotationId) -> ManagersWhom {
        let config = self.rotation(rotation);
        let mut users: BTreeSet<UserId> = named_managers(&config).cloned().collect();
        let mut incomplete = false;
        for (email, found) in self.manager_emails(caller, &config).await {
            match found {
                Ok(user) => drop(users.insert(user)),
                Err(error) => {
                    tracing::warn!(team = %rotation.team, email, error = %error, "a manager's address cannot be looked up");
                    incomplete = true;
                }
            }
        }
        let mut group = config.manager_group.clone();
        if let Some(id) = &config.manager_group {
            match self.directory.user_group(caller, id).await {
                Ok(members) => {
                    // A mention of the group reaches its members only; is anybody beside it, each is mentioned.
                    if users.iter().all(|user| members.contains(user)) {
                        incomplete = false;
                    } else {
                        group = None;
                    }
                    users.extend(members.iter().cloned());
                }
                Err(error) => {
                    tracing::warn!(team = %rotation.team, group = %id, error = %error, "the managers' user group cannot be read");
                    incomplete = true;
                }
            }
        }
        ManagersWhom { users: users.into_iter().collect(), group, incomplete }
    }

    /// The managers as far as they are remembered: Slack is not asked.
    pub(super) fn remembered_managers(&self, rotation: &RotationId) -> ManagersWhom {
        let (config, team) = (self.rotation(rotation), &rotation.team);
        let named = named_managers(&config).cloned();
        let by_address =
            manager_addresses(&config).filter_map(|email| self.directory.address_of_any_age(team, email));
        let group = config.manager_group.as_ref();
        let in_group = group.and_then(|group| self.directory.group_of_any_age(team, group));
        let in_group = in_group.iter().flat_map(|members| members.iter().cloned());
        let users: BTreeSet<UserId> = named.chain(by_address).chain(in_group).collect();
        ManagersWhom { users: users.into_iter().collect(), ..ManagersWhom::default() }
    }

    /// Each address of a manager with whose it is, so that one that nobody has takes none of the others away.
    async fn manager_emails<'a>(
        &self,
        caller: Caller<'_>,
        config: &'a RotationConfig,
    ) -> Vec<(&'a str, Result<UserId, CallError>)> {
        let lookups = manager_addresses(config).map(async |email| {
            let found = self.directory.by_email(caller, email).await;
            (email, found)
        });
        join_all(lookups).await
    }

    /// Those of a queue who are known to have no place in it any more: managers, bots, guests, people who have left
    /// the roster. The next hunt takes their places from them.
    pub async fn outside_the_queue(&self, rotation: &RotationId, queue: &Queue) -> BTreeSet<UserId> {
        let managers = self.managers(self.background(&rotation.team), rotation).await.users;
        let users: BTreeSet<UserId> = queue.places().iter().map(|place| place.user.clone()).collect();
        let profiles = self.directory.profiles_of_any_age(&rotation.team, &users);
        let config = self.rotation(rotation);
        let outside = |user: &UserId| {
            let profile = profiles.get(user).map(|profile| &**profile);
            managers.contains(user) || config.rules.is_engineer(user, profile) == Some(false)
        };
        users.into_iter().filter(outside).collect()
    }

    /// Whether somebody may take an incident: an engineer of the rotation or a manager. Asks Slack if it must;
    /// an error is "cannot tell", never "no" (P6).
    pub(super) async fn eligible(
        &self,
        caller: Caller<'_>,
        incident: &Incident,
        user: &UserId,
    ) -> Result<bool, CallError> {
        if let Some(eligible) = self.eligible_from_memory(incident, user) {
            return Ok(eligible);
        }
        let rotation = &incident.report.rotation;
        let mut unreadable = None;
        let engineer = self.is_engineer_of(caller, rotation, user).await;
        for found in [engineer, self.is_manager(caller, rotation, user).await] {
            match found {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => unreadable = Some(error),
            }
        }
        unreadable.map_or(Ok(false), Err)
    }

    async fn is_engineer_of(
        &self,
        caller: Caller<'_>,
        rotation: &RotationId,
        user: &UserId,
    ) -> Result<bool, CallError> {
        if !self.directory.members(caller, &rotation.channel).await?.contains(user) {
            return Ok(false);
        }
        match self.directory.people(caller, std::slice::from_ref(user)).await.remove(user) {
            Some(Ok(person)) => {
                let profile = person.profile(&rotation.team);
                // Somebody in the channel whose row cannot be told from the others' may take it (P6).
                Ok(self.rotation(rotation).rules.is_engineer(user, Some(&profile)).unwrap_or(true))
            }
            Some(Err(CallError::Refused(refusal))) if refusal.kind() == RefusalKind::UserGone => Ok(false),
            Some(Err(error)) => Err(error),
            None => Ok(false),
        }
    }

    /// Whether somebody is a manager of a rotation. Asks Slack if it must; an error is "cannot tell".
    pub(super) async fn is_manager(
        &self,
        caller: Caller<'_>,
        rotation: &RotationId,
        user: &UserId,
    ) -> Result<bool, CallError> {
        let config = self.rotation(rotation);
        if named_managers(&config).any(|manager| manager == user) {
            return Ok(true);
        }
        if let Some(group) = &config.manager_group {
            match self.directory.user_group(caller, group).await {
                Ok(members) if members.contains(user) => return Ok(true),
                Err(error) if error.refusal().is_none() => return Err(error),
                // The group may not be read, or is gone: asking again would not help.
                Ok(_) | Err(_) => {}
            }
        }
        for (_, found) in self.manager_emails(caller, &config).await {
            match found {
                Ok(manager) if manager == *user => return Ok(true),
                Err(error) if error.refusal().is_none() => return Err(error),
                // The address is nobody's, or may not be looked up: asking again would not help.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(false)
    }

    /// The same as [`Engine::eligible`] from memory alone, or `None` when Slack must be asked.
    pub(super) fn eligible_from_memory(&self, incident: &Incident, user: &UserId) -> Option<bool> {
        let rotation = &incident.report.rotation;
        let config = self.rotation(rotation);
        let paged_as_manager = incident.manager_rounds.iter().any(|round| round.whom.users.contains(user));
        let asked = incident.attempts.iter().any(|attempt| attempt.responder == *user);
        if asked || paged_as_manager || named_managers(&config).any(|manager| manager == user) {
            return Some(true);
        }
        let now = self.now();
        let member = self.directory.cached_members(now, &rotation.team, &rotation.channel)?.contains(user);
        let profile = self.known_profile(&rotation.team, user)?;
        let engineer = member && config.rules.is_engineer(user, Some(&profile)).unwrap_or(true);
        let other_managers = config.manager_group.is_some() || manager_addresses(&config).next().is_some();
        match (engineer, other_managers) {
            (true, _) => Some(true),
            (false, false) => Some(false),
            // They may yet be a manager by group or by address.
            (false, true) => None,
        }
    }

    /// Somebody's account, for what can wait: asked of Slack if it must be, or else as remembered, however old.
    pub(super) async fn profile(&self, team: &TeamId, user: &UserId) -> Option<Arc<Profile>> {
        let people = self.directory.people(self.background(team), std::slice::from_ref(user)).await;
        match people.into_values().next() {
            Some(Ok(person)) => Some(Arc::new(person.profile(team))),
            Some(Err(_)) | None => self.remembered_profile(team, user),
        }
    }

    /// What is remembered of somebody's account, however old.
    pub(super) fn remembered_profile(&self, team: &TeamId, user: &UserId) -> Option<Arc<Profile>> {
        self.directory.profiles_of_any_age(team, &BTreeSet::from([user.clone()])).remove(user)
    }

    /// What is remembered of somebody's account, if it is fresh.
    pub(super) fn known_profile(&self, team: &TeamId, user: &UserId) -> Option<Arc<Profile>> {
        self.directory.cached_person(self.now(), team, user).map(|person| Arc::new(person.profile(team)))
    }
}

/// Managers whose ids stand in the configuration or the roster.
fn named_managers(config: &RotationConfig) -> impl Iterator<Item = &UserId> {
    let entries = config.rules.roster.iter().flat_map(|roster| roster.managers());
    let rostered = entries.filter_map(|entry| entry.who.user.as_ref());
    config.managers.iter().chain(rostered)
}

/// Addresses of managers of whom the configuration or the roster has nothing else.
fn manager_addresses(config: &RotationConfig) -> impl Iterator<Item = &str> {
    let entries = config.rules.roster.iter().flat_map(|roster| roster.managers());
    let rostered =
        entries.filter(|entry| entry.who.user.is_none()).filter_map(|entry| entry.who.email.as_deref());
    config.manager_emails.iter().map(String::as_str).chain(rostered)
}
