//! Calls to Slack's Web API: typed, within budget, and with an honest outcome.
//!
//! Invariant: every call ends done, or as a [`CallError`] that says whether it may have happened (P2). Nothing
//! here waits, retries or reads a clock; the time comes in with the [`Caller`] and "later" is a returned
//! moment. Sources: docs.slack.dev/reference/methods.

mod answer;
mod error;
mod install;
mod messages;
mod people;
mod sign_in;
mod tokens;
mod views;
mod workspace;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use pagerslack_core::ids::{ChannelId, TeamId};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::budget::{Budgets, Priority};
use crate::method::Method;
use crate::transport::{Body, Permit, Request, Response, Token, Transport};

use answer::Pages;
pub use error::{CallError, Cause, Refusal, RefusalKind};
use error::{Judgement, doubtful, judge, not_sent_or_doubtful, soon};
pub use install::{AppCredentials, BotGrant, Exchange, Granted};
pub use messages::{Post, Search};
pub use people::{DND_BATCH, UsersPage};
pub use sign_in::{ISSUER, IdClaims, SignInCode, SignInGrant, SignedIn};
pub use tokens::{NoToken, NoTokens, SingleToken, Tokens};
pub use workspace::{ChannelInfo, Identity};

/// Where Slack is.
pub const SLACK_API: &str = "https://slack.com/api/";

/// Who asks, for which workspace, and when that is.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// The workspace.
    pub team: &'a TeamId,
    /// Whether this may use the part of the rate budget that is kept for paging.
    pub priority: Priority,
    /// On what condition a request may still go out.
    pub permit: Option<&'a Permit>,
}

impl<'a> Caller<'a> {
    /// On the way to paging somebody, or to stopping a page.
    pub fn paging(now: Timestamp, team: &'a TeamId) -> Self {
        Self { now, team, priority: Priority::Paging, permit: None }
    }

    /// Opens the thread in which somebody will be paged: leaves a part of the rate budget to the pages themselves.
    pub fn opening(now: Timestamp, team: &'a TeamId) -> Self {
        Self { now, team, priority: Priority::Opening, permit: None }
    }

    /// Something that can wait.
    pub fn background(now: Timestamp, team: &'a TeamId) -> Self {
        Self { now, team, priority: Priority::Background, permit: None }
    }

    /// The same for as long as a permit holds.
    #[must_use]
    pub fn permitted(self, permit: &'a Permit) -> Self {
        Self { permit: Some(permit), ..self }
    }
}

/// Slack's Web API.
pub struct Client {
    transport: Arc<dyn Transport>,
    base: String,
    tokens: Arc<dyn Tokens>,
    budgets: Mutex<Budgets>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

/// What a call carries: JSON for the methods that Slack declares to take it, a form for all others.
///
/// Slack reads arguments from a query too (docs.slack.dev/apis/web-api/using-the-web-api). A form is what its own
/// JavaScript SDK always sends, imitations of Slack
/// understand nothing else, and no e-mail address stands in a proxy's log.
enum Arguments {
    Form(Vec<(&'static str, String)>),
    Json(Value),
}

impl Client {
    /// A client for the Slack at `base_url`, usually [`SLACK_API`], with all rate budgets full.
    pub fn new(transport: Arc<dyn Transport>, base_url: &Url, tokens: Arc<dyn Tokens>) -> Self {
        let mut base = base_url.as_str().to_owned();
        if !base.ends_with('/') {
            base.push('/');
        }
        Self { transport, base, tokens, budgets: Mutex::new(Budgets::new()) }
    }

    /// Whether Slack is spoken to over TLS, so that its WebSocket must be too.
    #[cfg(feature = "network")]
    pub(crate) fn is_secure(&self) -> bool {
        self.base.starts_with("https:")
    }

    /// Whether calls of a method are better saved: see [`Budgets::is_scarce`].
    pub fn is_scarce(&self, now: Timestamp, team: &TeamId, method: Method) -> bool {
        self.budgets().is_scarce(now, team, method)
    }

    fn budgets(&self) -> MutexGuard<'_, Budgets> {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a method as the workspace's bot. `channel` is where a post goes, for the budget of that channel.
    async fn call(
        &self,
        caller: Caller<'_>,
        method: Method,
        channel: Option<&ChannelId>,
        arguments: Arguments,
    ) -> Result<Response, CallError> {
        let Caller { now, team, priority, permit } = caller;
        let token = self.tokens.bot_token(now, team).await.map_err(|none| match none {
            NoToken::NotInstalled => CallError::Refused(Refusal::new(method, "not_authed")),
            NoToken::Later(retry_at, what) => CallError::NotDone { retry_at, why: Cause::NoToken(what) },
        })?;
        let taken = self.budgets().try_take(now, team, method, channel, priority);
        taken.map_err(|retry_at| self.limited(team, method, retry_at, Cause::Budget(method)))?;
        let judgement =
            self.send(now, method, Some(token.clone()), arguments, permit).await.map(|response| {
                let judgement = judge(method, now, &response);
                (response, judgement)
            });
        match judgement {
            Ok((response, Judgement::Done)) => {
                self.budgets().heard(team, method, true);
                Ok(response)
            }
            Ok((response, Judgement::RateLimited)) => {
                let retry_at = self.budgets().rate_limited(now, team, method, response.retry_after);
                Err(self.limited(team, method, retry_at, Cause::RateLimited(method.to_string())))
            }
            // Slack was not asked.
            Err(error) if error.is_withheld() => Err(error),
            Ok((_, Judgement::Failed(error))) | Err(error) => {
                self.budgets().heard(team, method, error.is_answer());
                Err(self.perhaps_again(now, team, &token, error).await)
            }
        }
    }

    /// A token that Slack refuses may have been replaced meanwhile, or be about to be: then nothing has happened yet, and
    /// the call is worth another try.
    async fn perhaps_again(
        &self,
        now: Timestamp,
        team: &TeamId,
        token: &Token,
        error: CallError,
    ) -> CallError {
        match error {
            CallError::Refused(refusal) if refusal.kind() == RefusalKind::TokenInvalid => {
                if self.tokens.refused(now, team, token, &refusal.code).await {
                    let why = Cause::Trouble { method: refusal.method, code: refusal.code };
                    return soon(now, why);
                }
                CallError::Refused(refusal)
            }
            other => other,
        }
    }

    /// Not within the rate limit. Whether it is worth waiting for its end depends on what came of late.
    fn limited(&self, team: &TeamId, method: Method, retry_at: Timestamp, why: Cause) -> CallError {
        let fruitless = self.budgets().is_fruitless(team, method);
        CallError::NotDone { retry_at, why: if fruitless { Cause::Unanswered(method) } else { why } }
    }

    async fn send(
        &self,
        now: Timestamp,
        method: Method,
        token: Option<Token>,
        arguments: Arguments,
        permit: Option<&Permit>,
    ) -> Result<Response, CallError> {
        let url = format!("{}{}", self.base, method.name());
        let body = match arguments {
            Arguments::Json(value) => Body::Json(Bytes::from(value.to_string())),
            Arguments::Form(pairs) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                Body::Form(Bytes::from(form.extend_pairs(pairs).finish()))
            }
        };
        let request = Request { url, token, body, timeout: method.timeout(), permit: permit.cloned() };
        self.transport.send(request).await.map_err(|error| not_sent_or_doubtful(method.effect(), now, error))
    }
}

/// Reads what an `ok: true` carries. What is not there as it must be leaves the call in doubt.
fn read<'a, T: Deserialize<'a>>(
    method: Method,
    now: Timestamp,
    response: &'a Response,
) -> Result<T, CallError> {
    serde_json::from_slice(&response.body).map_err(|error| {
        doubtful(method.effect(), now, Cause::Unreadable { method, what: error.to_string() })
    })
}
