//! Who the managers are, and who may take an incident.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use pagerslack_core::availability::Account;
use pagerslack_core::incident::ManagersWhom;
use pagerslack_core::{Incident, RotationId, TeamId, UserId};
use pagerslack_slack::client::{CallError, RefusalKind};

use super::Engine;

impl Engine {
    /// The managers of a rotation, as far as Slack can tell who they are. A group whose members cannot be
    /// read is still mentioned (P6).
    pub async fn managers(&self, rotation: &RotationId) -> ManagersWhom {
        let mut users: BTreeSet<UserId> = self.rotation.managers.iter().cloned().collect();
        for (email, found) in self.manager_emails(&rotation.team).await {
            match found {
                Ok(user) => drop(users.insert(user)),
                Err(error) => {
                    tracing::warn!(email, error = %error, "a manager's address cannot be looked up")
                }
            }
        }
        let mut group = self.rotation.manager_group.clone();
        if let Some(id) = &self.rotation.manager_group {
            match self.directory.user_group(self.paging(&rotation.team), id).await {
                Ok(members) => {
                    // A mention of the group reaches its members only; is anybody beside it, each is mentioned.
                    if !users.iter().all(|user| members.contains(user)) {
                        group = None;
                    }
                    users.extend(members.iter().cloned());
                }
                Err(error) => {
                    tracing::warn!(group = %id, error = %error, "the managers' user group cannot be read");
                }
            }
        }
        ManagersWhom { users: users.into_iter().collect(), group }
    }

    /// Each configured address with whose it is, so that one that nobody has takes none of the others away.
    async fn manager_emails(&self, team: &TeamId) -> Vec<(&str, Result<UserId, CallError>)> {
        let caller = self.paging(team);
        let lookups = self.rotation.manager_emails.iter().map(async |email| {
            let found = self.directory.by_email(caller, email).await;
            (email.as_str(), found)
        });
        join_all(lookups).await
    }

    /// Whether somebody may take an incident: an engineer of the rotation or a manager. Asks Slack if it must;
    /// an error is "cannot tell", never "no" (P6).
    pub(super) async fn eligible(&self, incident: &Incident, user: &UserId) -> Result<bool, CallError> {
        if let Some(eligible) = self.eligible_from_memory(incident, user) {
            return Ok(eligible);
        }
        let mut unreadable = None;
        for found in [
            self.is_engineer_of(&incident.report.rotation, user).await,
            self.is_manager_elsewhere(&incident.report.rotation.team, user).await,
        ] {
            match found {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => unreadable = Some(error),
            }
        }
        unreadable.map_or(Ok(false), Err)
    }

    async fn is_engineer_of(&self, rotation: &RotationId, user: &UserId) -> Result<bool, CallError> {
        let caller = self.paging(&rotation.team);
        if !self.directory.members(caller, &rotation.channel).await?.contains(user) {
            return Ok(false);
        }
        match self.directory.people(caller, std::slice::from_ref(user)).await.remove(user) {
            Some(Ok(person)) => Ok(person.account(&rotation.team) == Account::Member),
            Some(Err(CallError::Refused(refusal))) if refusal.kind() == RefusalKind::UserGone => Ok(false),
            Some(Err(error)) => Err(error),
            None => Ok(false),
        }
    }

    /// Whether somebody is a manager by the group or by an address.
    async fn is_manager_elsewhere(&self, team: &TeamId, user: &UserId) -> Result<bool, CallError> {
        if let Some(group) = &self.rotation.manager_group {
            match self.directory.user_group(self.paging(team), group).await {
                Ok(members) if members.contains(user) => return Ok(true),
                Err(error) if error.refusal().is_none() => return Err(error),
                // The group may not be read, or is gone: asking again would not help.
                Ok(_) | Err(_) => {}
            }
        }
        for (_, found) in self.manager_emails(team).await {
            match found {
                Ok(manager) if manager == *user => return Ok(true),
                Err(error) if error.refusal().is_none() => return Err(error),
                // The address is nobody's, or may not be looked up: asking again would not help.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(false)
    }

    /// The same from memory alone, or `None` when Slack must be asked.
    pub(super) fn eligible_from_memory(&self, incident: &Incident, user: &UserId) -> Option<bool> {
        let rotation = &incident.report.rotation;
        let paged_as_manager = incident.manager_rounds.iter().any(|round| round.whom.users.contains(user));
        let asked = incident.attempts.iter().any(|attempt| attempt.responder == *user);
        if asked || paged_as_manager || self.rotation.managers.contains(user) {
            return Some(true);
        }
        let now = self.now();
        let member = self.directory.cached_members(now, &rotation.team, &rotation.channel)?.contains(user);
        let person = self.directory.cached_person(now, &rotation.team, user)?;
        match (member && (person.account(&rotation.team) == Account::Member), self.has_other_managers()) {
            (true, _) => Some(true),
            (false, false) => Some(false),
            // They may yet be a manager by group or by address.
            (false, true) => None,
        }
    }

    fn has_other_managers(&self) -> bool {
        self.rotation.manager_group.is_some() || !self.rotation.manager_emails.is_empty()
    }
}
