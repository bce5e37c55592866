//! For how long a hunt waits for what Slack does not say, and believes what it has said.

use jiff::Timestamp;
use pagerslack_core::Policy;
use pagerslack_slack::client::CallError;
use pagerslack_slack::directory::PRESENCE_TTL;

/// How long a hunt waits for facts that Slack does not give, and how long it believes them.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// The end of waiting for what Slack cannot say.
    pub(super) until: Timestamp,
    /// Whether that is still to come.
    pub(super) left: bool,
    /// The end of waiting for our turn under a rate limit.
    pub(super) limited_until: Timestamp,
    /// Whoever was away at a time that this hunt has seen counts as away for this hunt: it asks about everybody
    /// once, however many minutes the rate limit makes of that. Bounded, for a hunt may wait long for its thread.
    pub(super) away_since: Timestamp,
    /// The same of all hunts of the incident, for while calls are scarce.
    pub(super) away_earlier_since: Timestamp,
}

impl Patience {
    pub(super) fn new(policy: &Policy, reported_at: Timestamp, since: Timestamp, now: Timestamp) -> Self {
        let until = since + policy.patience;
        let limited = policy.rate_limit_patience();
        let ago = |span| now.saturating_sub(span).unwrap_or(since);
        Self {
            until,
            left: now < until,
            limited_until: reported_at.saturating_add(limited).unwrap_or(until),
            away_since: since.max(ago(limited)) - PRESENCE_TTL,
            // The waiting and the attempts themselves take as long again.
            away_earlier_since: reported_at.max(ago(limited + limited)) - PRESENCE_TTL,
        }
    }

    /// When to ask again, if that is worth waiting for.
    pub(super) fn again(&self, error: &CallError) -> Option<Timestamp> {
        let limited = error.limited_until().filter(|at| *at <= self.limited_until);
        limited.or_else(|| error.retry_at().filter(|_| self.left).map(|at| at.min(self.until)))
    }
}
