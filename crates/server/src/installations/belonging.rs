//! Which organisation a workspace belongs to. A token that a whole organisation has installed serves all its workspaces,
//! and what Slack sends of one names both; calls name the workspace alone.

use jiff::Timestamp;
use pagerslack_core::TeamId;
use pagerslack_slack::installation::Home;
use pagerslack_store::{RecordWrite, StoreError};

use super::shelf::PAGE;
use super::{FRESH, Installations, is_fresh};

/// Where it is kept: the workspace's id, and its organisation's as the value. That is no secret.
const SHELF: &str = "organisations";

/// How often a write is tried that others get ahead of.
const ROUNDS: usize = 5;

impl Installations {
    /// Takes in that something of a workspace came by the installation of its whole organisation. Written before what
    /// came is taken, so that its calls find their token after a crash too.
    ///
    /// # Errors
    ///
    /// When it could not be kept.
    pub async fn belongs(&self, now: Timestamp, team: &TeamId, enterprise: &str) -> Result<(), StoreError> {
        let home = Home::Org(enterprise.to_owned());
        let known = self.known().homes.get(team).cloned();
        if let Some((since, Some(known))) = known
            && known == home
            && is_fresh(now, since, FRESH)
        {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            let before = self.records.record(SHELF, team.as_str()).await?;
            if before.as_ref().is_some_and(|record| record.value == enterprise.as_bytes()) {
                return Ok(());
            }
            let write = RecordWrite {
                shelf: SHELF.to_owned(),
                name: team.to_string(),
                expected: before.map_or(0, |record| record.version),
                value: Some(enterprise.as_bytes().to_vec()),
                expires_at: None,
            };
            if self.records.write_record(write).await?.is_some() {
                self.known().homes.remove(team);
                self.changed.notify_one();
                return Ok(());
            }
        }
        // Others write it at the same time, which is the same.
        Ok(())
    }

    /// The organisation of a workspace, if anything has said so.
    pub(super) async fn organisation_of(&self, team: &TeamId) -> Result<Option<String>, StoreError> {
        let record = self.records.record(SHELF, team.as_str()).await?;
        Ok(record.map(|record| String::from_utf8_lossy(&record.value).into_owned()))
    }

    /// Every workspace of which that is known.
    pub(super) async fn belonging(&self) -> Result<Vec<(TeamId, String)>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.records.records(SHELF, after, PAGE).await?;
            found.extend(page.items.into_iter().map(|(team, record)| {
                (TeamId::new(team), String::from_utf8_lossy(&record.value).into_owned())
            }));
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }
}
