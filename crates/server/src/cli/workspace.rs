//! In whose name a command asks Slack: with the one token that is set, or with that of a workspace which has installed
//! the app.

use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use pagerslack_core::TeamId;
use pagerslack_slack::client::{SingleToken, Tokens};
use pagerslack_slack::transport::Transport;

use super::store::existing;
use crate::config::{SlackConfig, StoreLocation};
use crate::installations::Installations;

/// What to do where the bot holds its database.
pub(super) const INSTEAD: &str =
    "stop it for the moment that this takes, for the tokens of the workspaces stand there";

/// Which workspace is meant.
#[derive(Args)]
pub(super) struct Workspace {
    /// The workspace that is asked, by its id (T…); needed when several have installed the app
    #[arg(long, value_name = "TEAM")]
    workspace: Option<String>,
}

/// How Slack is asked.
pub(super) struct Asking {
    pub(super) tokens: Arc<dyn Tokens>,
    /// For which workspace; `None` where there is but one token, and Slack knows whose it is.
    pub(super) team: Option<TeamId>,
}

impl Workspace {
    /// Whether one was named.
    pub(super) fn is_named(&self) -> bool {
        self.workspace.is_some()
    }

    /// How Slack is to be asked; `None` where no token is to be had at all.
    pub(super) async fn asking(
        &self,
        slack: &SlackConfig,
        store: &StoreLocation,
        transport: Arc<dyn Transport>,
    ) -> Result<Option<Asking>> {
        if let Some(token) = &slack.bot_token {
            self.is_not_named()?;
            return Ok(Some(Asking { tokens: Arc::new(SingleToken(token.clone())), team: None }));
        }
        let Some(install) = &slack.install else { return Ok(None) };
        let store = existing(store, INSTEAD).await?.store;
        let shared = store.is_shared();
        let installations = Installations::new(store, shared, install.clone(), transport, &slack.api_url)?;
        let team = self.choose(&installations.teams().await?)?;
        Ok(Some(Asking { tokens: Arc::new(installations), team: Some(team) }))
    }

    /// Where a bot's token is set, it says which workspace is meant.
    pub(super) fn is_not_named(&self) -> Result<()> {
        if self.is_named() {
            bail!("SLACK_BOT_TOKEN is of one workspace: leave out --workspace, or unset the token");
        }
        Ok(())
    }

    /// The one that is meant, of those that have installed the app.
    pub(super) fn choose(&self, installed: &[TeamId]) -> Result<TeamId> {
        let list = || installed.iter().map(TeamId::as_str).collect::<Vec<_>>().join(", ");
        match (self.workspace.as_deref().map(str::trim), installed) {
            (_, []) => bail!("no workspace has installed the app yet: somebody opens /slack/install"),
            (None, [one]) => Ok(one.clone()),
            (None, _) => bail!(
                "several workspaces have installed the app: say which one is meant with --workspace: {}",
                list()
            ),
            (Some(wanted), _) => match installed.iter().find(|team| team.as_str() == wanted) {
                Some(team) => Ok(team.clone()),
                None => bail!("the workspace {wanted:?} has not installed the app; these have: {}", list()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(wanted: Option<&str>, installed: &[&str]) -> String {
        let installed: Vec<TeamId> = installed.iter().map(|&team| team.into()).collect();
        let workspace = Workspace { workspace: wanted.map(str::to_owned) };
        match workspace.choose(&installed) {
            Ok(team) => team.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn one_workspace_need_not_be_named_and_of_several_one_is() {
        assert_eq!(chosen(None, &["T1"]), "T1");
        assert_eq!(chosen(Some(" T2 "), &["T1", "T2"]), "T2");
        assert!(chosen(None, &["T1", "T2"]).ends_with("with --workspace: T1, T2"));
        assert!(chosen(Some("T3"), &["T1", "T2"]).ends_with("these have: T1, T2"));
        assert!(chosen(None, &[]).contains("/slack/install"));
    }
}
