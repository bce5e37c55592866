//! Sending somebody to Slack to install the app, and taking them back; see [`crate::states`].

use jiff::Timestamp;
use pagerslack_slack::manifest::SCOPES;

use super::Installations;
pub use crate::states::{LIFE, NotBegun, StateFault};

/// The shelf on which it stands who is under way.
pub(super) const SHELF: &str = "oauth-states";

/// Somebody was sent to Slack.
#[derive(Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub to: String,
    /// What the browser keeps.
    pub cookie: String,
}

impl Installations {
    /// Sends somebody to Slack. `cookie` is what their browser holds of us, if it does.
    ///
    /// # Errors
    ///
    /// When it cannot be kept.
    pub async fn begin(&self, now: Timestamp, cookie: Option<&str>) -> Result<Begun, NotBegun> {
        let sent = self.states.begin(now, cookie).await?;
        let scopes: Vec<&str> = SCOPES.iter().map(|(scope, _)| *scope).collect();
        let mut to = self.authorize_url.clone();
        to.query_pairs_mut()
            .append_pair("client_id", &self.config.app.client_id)
            .append_pair("scope", &scopes.join(","))
            .append_pair("redirect_uri", self.config.redirect_uri.as_str())
            .append_pair("state", &sent.state);
        Ok(Begun { to: to.into(), cookie: sent.cookie })
    }

    /// Takes a state that somebody came back with; nobody can come back with it again.
    ///
    /// # Errors
    ///
    /// Why it is not believed.
    pub async fn finish(&self, now: Timestamp, state: &str, cookie: Option<&str>) -> Result<(), StateFault> {
        self.states.finish(now, state, cookie).await
    }

    /// Takes away the states of those who did not come back.
    pub(super) async fn sweep_states(&self, now: Timestamp) {
        self.states.sweep(now).await;
    }
}
