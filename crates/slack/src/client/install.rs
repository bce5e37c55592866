//! Installing the app by OAuth: a code, or a refresh token, becomes a bot's token (oauth.v2.access).
//!
//! Invariant (P8): secrets go in the request's body, come back wrapped, and stand in no error. Sources:
//! docs.slack.dev/authentication/installing-with-oauth and …/using-token-rotation.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::ids::{TeamId, UserId};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::{CallError, Cause, Judgement, not_done};
use super::workspace::http_date;
use super::{Arguments, Client, read};
use crate::lenient::{Word, or_default};
use crate::method::Method;
use crate::transport::Token;

/// How long Slack is left alone that says "too often" without saying until when.
const TOO_OFTEN: u32 = 30;

/// By what Slack knows the app itself.
#[derive(Clone)]
pub struct AppCredentials {
    /// The client id, which everybody may know.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SecretString,
}

impl fmt::Debug for AppCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppCredentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// What is given for a token.
#[derive(Clone, Copy, Debug)]
pub enum Exchange<'a> {
    /// What a browser brought from Slack; good once, for ten minutes.
    Code {
        /// The code.
        code: &'a SecretString,
        /// Where Slack sent the browser, letter for letter.
        redirect_uri: &'a str,
    },
    /// What came with the token before; good once.
    Refresh(&'a Token),
}

/// What Slack has granted.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The bot's token; `None` where somebody only signed in.
    pub bot: Option<BotGrant>,
    /// The app (`A…`).
    pub app_id: String,
    /// The workspace; `None` where a whole organisation installed the app.
    pub team: Option<TeamId>,
    /// Its name, or "".
    pub team_name: String,
    /// The Enterprise Grid organisation (`E…`), if there is one.
    pub enterprise: Option<String>,
    /// Its name, or "".
    pub enterprise_name: String,
    /// Whether the whole organisation installed it.
    pub whole_org: bool,
    /// Who installed it.
    pub installer: Option<UserId>,
    /// What time it was at Slack, in whole seconds, where it said so.
    pub date: Option<Timestamp>,
}

/// A bot's token.
#[derive(Clone, Debug)]
pub struct BotGrant {
    /// The token.
    pub token: Token,
    /// The bot's user id.
    pub user: Option<UserId>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// For how long it is good, and what brings the next one; `None` where tokens last.
    pub rotation: Option<(SignedDuration, Token)>,
}

impl Client {
    /// Exchanges a code or a refresh token for a bot's token (oauth.v2.access).
    ///
    /// It belongs to no workspace yet, hence to no budget of ours.
    ///
    /// # Errors
    ///
    /// `invalid_code` for one that is used up or too old, `bad_redirect_uri`, `invalid_refresh_token`. When it is
    /// unknown whether Slack did it, a code is lost, and a refresh token good for a short time yet.
    pub async fn oauth_access(
        &self,
        now: Timestamp,
        app: &AppCredentials,
        exchange: Exchange<'_>,
    ) -> Result<Granted, CallError> {
        let method = Method::OauthV2Access;
        let mut form = vec![
            ("client_id", app.client_id.clone()),
            ("client_secret", app.client_secret.expose_secret().to_owned()),
        ];
        match exchange {
            Exchange::Code { code, redirect_uri } => {
                form.push(("code", code.expose_secret().to_owned()));
                form.push(("redirect_uri", redirect_uri.to_owned()));
            }
            Exchange::Refresh(token) => {
                form.push(("grant_type", "refresh_token".to_owned()));
                form.push(("refresh_token", token.expose().to_owned()));
            }
        }
        let (response, judgement) = self.send(now, method, None, Arguments::Form(form), None).await?;
        match judgement {
            Judgement::Failed(error) => Err(error),
            Judgement::RateLimited => {
                let wait = response.retry_after.unwrap_or(TOO_OFTEN).max(1);
                let wait = SignedDuration::from_secs(i64::from(wait));
                Err(not_done(now, wait, Cause::RateLimited(method.to_string())))
            }
            Judgement::Done => {
                let answer: Answer<'_> = read(method, now, &response)?;
                Ok(answer.granted(response.date.as_deref().and_then(http_date)))
            }
        }
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    access_token: Word<'a>,
    #[serde(borrow, default)]
    refresh_token: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    expires_in: Option<u32>,
    #[serde(borrow, default)]
    scope: Word<'a>,
    #[serde(borrow, default)]
    bot_user_id: Word<'a>,
    #[serde(borrow, default)]
    app_id: Word<'a>,
    #[serde(borrow, default)]
    team: Option<Named<'a>>,
    #[serde(borrow, default)]
    enterprise: Option<Named<'a>>,
    #[serde(borrow, default)]
    authed_user: Option<Named<'a>>,
    #[serde(default, deserialize_with = "or_default")]
    is_enterprise_install: bool,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    id: Word<'a>,
    #[serde(borrow, default)]
    name: Word<'a>,
}

impl Answer<'_> {
    fn granted(&self, date: Option<Timestamp>) -> Granted {
        let id = |named: &Option<Named<'_>>| named.as_ref().and_then(|named| named.id.owned());
        let name =
            |named: &Option<Named<'_>>| named.as_ref().map(|named| named.name.or_empty()).unwrap_or_default();
        Granted {
            bot: self.bot(),
            app_id: self.app_id.or_empty(),
            team: id(&self.team).map(TeamId::new),
            team_name: name(&self.team),
            enterprise: id(&self.enterprise),
            enterprise_name: name(&self.enterprise),
            whole_org: self.is_enterprise_install,
            installer: id(&self.authed_user).map(UserId::new),
            date,
        }
    }

    fn bot(&self) -> Option<BotGrant> {
        let scopes = self.scope.or_empty();
        let scopes = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty());
        let seconds = self.expires_in.filter(|seconds| *seconds > 0);
        Some(BotGrant {
            token: Token::new(self.access_token.get()?),
            user: self.bot_user_id.get().map(UserId::new),
            scopes: scopes.map(str::to_owned).collect(),
            rotation: seconds.zip(self.refresh_token.get()).map(|(seconds, refresh)| {
                (SignedDuration::from_secs(i64::from(seconds)), Token::new(refresh))
            }),
        })
    }
}
