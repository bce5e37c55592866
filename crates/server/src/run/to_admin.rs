//! The way to whoever keeps the bot.

use std::sync::Arc;

use anyhow::{Result, bail};
use pagerslack_core::TeamId;
use pagerslack_slack::client::{Caller, Client};

use crate::clock::Clock;
use crate::config::Alert;
use crate::entrance::Entrance;

/// The way from the watch over the files to the admin.
pub(super) struct ToAdmin {
    pub(super) entrance: Arc<Entrance>,
    pub(super) client: Arc<Client>,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait::async_trait]
impl Alert for ToAdmin {
    async fn alert(&self, text: String) {
        let told = match self.team().await {
            Ok(Some(team)) => self.entrance.engine().alert(&team, text).await.map_err(anyhow::Error::new),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::error!(error = format!("{error:#}"), "the admin could not be told");
        }
    }
}

impl ToAdmin {
    /// The workspace in which the admin is told; `None` where nobody is to be.
    async fn team(&self) -> Result<Option<TeamId>> {
        let engine = self.entrance.engine();
        let settings = engine.settings();
        match settings.admin() {
            None => return Ok(None),
            Some((Some(team), _)) => return Ok(Some(team)),
            Some((None, _)) => {}
        }
        if let Some(installations) = self.entrance.installations() {
            let mut teams = installations.teams().await?.into_iter();
            return match (teams.next(), teams.next()) {
                (Some(only), None) => Ok(Some(only)),
                _ => bail!("`admin` does not say in which workspace: write it as T…/U…"),
            };
        }
        let nobody = TeamId::new("");
        match self.client.auth_test(Caller::background(self.clock.now(), &nobody)).await {
            Ok(identity) => Ok(Some(identity.team)),
            // A team that has used the bot will do: the alert waits in the store until Slack can be reached.
            Err(error) => match engine.store().rotations().await.unwrap_or_default().into_iter().next() {
                Some(rotation) => Ok(Some(rotation.team)),
                None => Err(anyhow::Error::new(error)),
            },
        }
    }
}
