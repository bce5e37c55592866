//! Where what Slack sends comes in, over HTTP and over Socket Mode alike, once it is known to be Slack's.

use std::sync::Arc;

use pagerslack_core::TeamId;
use pagerslack_slack::inbound::{Belonging, Inbound};
use pagerslack_slack::installation::Home;
use pagerslack_store::Causes;

use crate::engine::{Engine, Reply};
use crate::installations::{Installations, Removed};

/// The machine, and before it the installations, where there are many.
pub struct Entrance {
    engine: Arc<Engine>,
    installations: Option<Arc<Installations>>,
}

impl Entrance {
    /// The way to an engine.
    pub fn new(engine: Arc<Engine>, installations: Option<Arc<Installations>>) -> Self {
        Self { engine, installations }
    }

    /// The machine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The workspaces that have installed the app; `None` where one bot's token serves one.
    pub fn installations(&self) -> Option<&Arc<Installations>> {
        self.installations.as_ref()
    }

    /// Takes in from which workspace of an organisation something comes; false if that could not be kept, and Slack is to
    /// deliver it again.
    pub async fn belongs(&self, belonging: &Belonging) -> bool {
        let Some(installations) = &self.installations else { return true };
        let Belonging { team, enterprise, at } = belonging;
        match installations.belongs(self.engine.clock().now(), team, enterprise, *at).await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%team, enterprise, error = %Causes(&error), "could not be recorded; Slack is asked to deliver it again");
                false
            }
        }
    }

    /// Takes one thing that Slack sent.
    pub async fn receive(&self, inbound: Inbound) -> Reply {
        let Some(installations) = &self.installations else { return self.engine.receive(inbound).await };
        match &inbound {
            Inbound::AppUninstalled { team, org, at } => {
                match installations.removed(&home(team, org.as_deref()), *at).await {
                    Ok(Removed::Outdated) => return Reply::Done,
                    Ok(Removed::Gone | Removed::Unknown) => {}
                    Err(error) => {
                        tracing::error!(%team, error = %Causes(&error), "could not be recorded; Slack is asked to deliver it again");
                        return Reply::Again;
                    }
                }
            }
            // Of which token is not said: it may be an older one, that a newer has replaced. If it is ours, Slack refuses it
            // from now on, which is waited out until somebody installs the app again.
            Inbound::TokensRevoked { team, org, .. } => installations.forget(&home(team, org.as_deref())),
            Inbound::AccessChanged { org, teams, granted, at } => {
                let now = self.engine.clock().now();
                if let Err(error) =
                    installations.access_changed(org, teams, *granted, at.unwrap_or(now)).await
                {
                    tracing::error!(org, error = %Causes(&error), "could not be recorded; Slack is asked to deliver it again");
                    return Reply::Again;
                }
            }
            _ => {}
        }
        self.engine.receive(inbound).await
    }
}

/// Whose installation is meant.
fn home(team: &TeamId, org: Option<&str>) -> Home {
    org.map_or_else(|| Home::Team(team.clone()), |enterprise| Home::Org(enterprise.to_owned()))
}
