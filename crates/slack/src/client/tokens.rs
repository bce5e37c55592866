//! Whose token a call carries.

use async_trait::async_trait;
use jiff::Timestamp;
use pagerslack_core::ids::TeamId;

use crate::transport::Token;

/// Knows each workspace's bot token.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// The token with which a workspace's calls are made now.
    ///
    /// # Errors
    ///
    /// When there is none, or when it cannot be had just now.
    async fn bot_token(&self, now: Timestamp, team: &TeamId) -> Result<Token, NoToken>;

    /// Slack has refused this token with `code`. Whether another one may be had soon, so that it is worth asking
    /// again.
    async fn refused(&self, now: Timestamp, team: &TeamId, token: &Token, code: &str) -> bool {
        let _ = (now, team, token, code);
        false
    }
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoToken {
    /// The app is not installed in the workspace.
    NotInstalled,
    /// It cannot be had before this moment: the store does not answer, or Slack has not given the next one yet.
    Later(Timestamp, &'static str),
}

/// One token for every workspace there is: an app installed in one.
#[derive(Clone, Debug)]
pub struct SingleToken(pub Token);

#[async_trait]
impl Tokens for SingleToken {
    async fn bot_token(&self, _: Timestamp, _: &TeamId) -> Result<Token, NoToken> {
        Ok(self.0.clone())
    }
}

/// No token for anybody: for calls that are made without one.
#[derive(Clone, Copy, Debug)]
pub struct NoTokens;

#[async_trait]
impl Tokens for NoTokens {
    async fn bot_token(&self, _: Timestamp, _: &TeamId) -> Result<Token, NoToken> {
        Err(NoToken::NotInstalled)
    }
}
