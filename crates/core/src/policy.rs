//! The numbers a team may choose: how long to wait, how often to ask.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How a rotation hunts. The defaults are those of the first PagerSlack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How long a person asked has to answer before the next one is asked.
    pub ack_timeout: SignedDuration,
    /// How many people are asked before the engineering managers are.
    pub max_attempts: u32,
    /// How long the managers have before they are paged again.
    pub manager_repeat: SignedDuration,
    /// How often the managers are paged in all.
    pub manager_rounds: u32,
    /// How long one hunt may wait for facts that Slack does not give, before whoever is left counts as
    /// unknown and may be asked nevertheless (P6).
    pub patience: SignedDuration,
    /// How long after an acknowledgement the reporter and whoever took it are asked how it went on, at the
    /// earliest: it waits for the working time of whoever took it. Never, if there is nothing to ask.
    pub follow_up_after: Option<SignedDuration>,
}

impl Policy {
    /// How long after its report an incident may wait for its turn under Slack's rate limits: as long as its
    /// attempts may take, twelve minutes by default.
    ///
    /// Slack tells the presence of some fifty people a minute
    /// (<https://docs.slack.dev/reference/methods/users.getPresence>), so in a channel of 300 where hardly anybody
    /// is online six minutes pass before everybody has been looked at, and more when other incidents ask too. Such
    /// a wait ends at a known time with a true answer; whoever is asked without one is most likely away and costs
    /// an `ack_timeout`. After this, [`Policy::patience`] alone counts (P6).
    pub fn rate_limit_patience(&self) -> SignedDuration {
        let attempts = i64::from(self.max_attempts.clamp(1, 1_000));
        SignedDuration::from_secs(self.ack_timeout.as_secs().saturating_mul(attempts))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            ack_timeout: SignedDuration::from_mins(2),
            max_attempts: 6,
            manager_repeat: SignedDuration::from_mins(5),
            manager_rounds: 3,
            patience: SignedDuration::from_secs(30),
            follow_up_after: None,
        }
    }
}
