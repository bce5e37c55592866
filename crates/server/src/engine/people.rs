//! Who the managers are, and who may take an incident.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use pagerslack_core::incident::ManagersWhom;
use pagerslack_core::{Incident, RotationId, TeamId, UserId};
use pagerslack_slack::client::CallError;
use pagerslack_slack::person::Person;

use super::Engine;

impl Engine {
    /// The managers of a rotation, as far as Slack can tell who they are. A group whose members cannot be
    /// read is still mentioned (P6).
    pub async fn managers(&self, rotation: &RotationId) -> ManagersWhom {
        let mut users: BTreeSet<UserId> = self.rotation.managers.iter().cloned().collect();
        match self.manager_emails(&rotation.team).await {
            Ok(found) => users.extend(found),
            Err(error) => tracing::warn!(error = %error, "the managers' addresses cannot be looked up"),
        }
        if let Some(group) = &self.rotation.manager_group {
            match self.directory.user_group(self.paging(&rotation.team), group).await {
                Ok(members) => users.extend(members.iter().cloned()),
                Err(error) => {
                    tracing::warn!(%group, error = %error, "the managers' user group cannot be read")
                }
            }
        }
        ManagersWhom { users: users.into_iter().collect(), group: self.rotation.manager_group.clone() }
    }

    async fn manager_emails(&self, team: &TeamId) -> Result<Vec<UserId>, CallError> {
        let caller = self.paging(team);
        let lookups = self.rotation.manager_emails.iter().map(|email| self.directory.by_email(caller, email));
        join_all(lookups).await.into_iter().collect()
    }

    /// Whether somebody may take an incident: an engineer of the rotation or a manager. Asks Slack if it must;
    /// an error is "cannot tell", never "no" (P6).
    pub(super) async fn eligible(&self, incident: &Incident, user: &UserId) -> Result<bool, CallError> {
        if let Some(eligible) = self.eligible_from_memory(incident, user) {
            return Ok(eligible);
        }
        let rotation = &incident.report.rotation;
        let caller = self.paging(&rotation.team);
        if let Some(group) = &self.rotation.manager_group
            && self.directory.user_group(caller, group).await?.contains(user)
        {
            return Ok(true);
        }
        if self.manager_emails(&rotation.team).await?.contains(user) {
            return Ok(true);
        }
        if !self.directory.members(caller, &rotation.channel).await?.contains(user) {
            return Ok(false);
        }
        match self.directory.people(caller, std::slice::from_ref(user)).await.remove(user) {
            Some(Ok(person)) => Ok(is_engineer(&person)),
            Some(Err(error)) => Err(error),
            None => Ok(false),
        }
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
        match (member && is_engineer(&person), self.has_other_managers()) {
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

fn is_engineer(person: &Person) -> bool {
    !(person.is_bot || person.guest || person.stranger || person.deactivated)
}
