//! Installing the app: the page where somebody agrees, `oauth.v2.access`, and tokens that end.
//!
//! Sources: docs.slack.dev/authentication/installing-with-oauth and …/using-token-rotation.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::openid::SigningIn;
use super::{Args, Refusal, Reply};
use crate::world::World;

/// A code lives ten minutes.
pub(super) const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// A token that rotates lives twelve hours.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(12);
/// So many tokens of an installation work at a time; an older one is revoked.
const LIVE_TOKENS: usize = 2;
/// Slack says that a refresh token is good once, and not for how long after that an answer that got lost can be had
/// again. See [`World::set_refresh_grace`].
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// What somebody does on the page where they are asked whether to install the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// "Allow".
    Allows,
    /// "Cancel".
    Cancels,
}

/// Codes and tokens given out.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) consent: Consent,
    grace: SignedDuration,
    /// Codes with the time they were given out and the redirect URI.
    codes: BTreeMap<String, (Timestamp, String)>,
    /// Tokens that end, oldest first, with their end.
    tokens: Vec<(String, Timestamp)>,
    /// Refresh tokens, and since when they are used.
    refresh: BTreeMap<String, Option<Timestamp>>,
    pub(super) signing_in: SigningIn,
}

impl Default for Granted {
    fn default() -> Self {
        Self {
            consent: Consent::Allows,
            grace: GRACE,
            codes: BTreeMap::new(),
            tokens: Vec::new(),
            refresh: BTreeMap::new(),
            signing_in: SigningIn::default(),
        }
    }
}

impl World {
    /// What people do who are asked whether to install the app.
    pub fn set_consent(&mut self, consent: Consent) {
        self.granted.consent = consent;
    }

    /// How long a refresh token that was used is taken once more. Zero: not at all.
    pub fn set_refresh_grace(&mut self, grace: SignedDuration) {
        self.granted.grace = grace;
    }

    /// Ends every token that rotates, as if its time were over.
    pub fn expire_tokens(&mut self, now: Timestamp) {
        self.granted.tokens.iter_mut().for_each(|(_, end)| *end = now);
    }

    /// Whether a token, a refresh token or a code is of this workspace.
    #[must_use]
    pub fn knows(&self, secret: &str) -> bool {
        secret == self.app.bot_token
            || self.granted.tokens.iter().any(|(token, _)| token == secret)
            || self.granted.refresh.contains_key(secret)
            || self.granted.codes.contains_key(secret)
    }

    /// Somebody is on the page where they are asked whether to install the app, and does as they do. Gives where their
    /// browser is sent then.
    ///
    /// # Errors
    /// What the page says instead.
    pub fn authorize(
        &mut self,
        now: Timestamp,
        client_id: &str,
        redirect_uri: &str,
        state: Option<&str>,
    ) -> Result<Url, &'static str> {
        if client_id != self.app.client_id {
            return Err("invalid_client_id");
        }
        let mut back = Url::parse(redirect_uri).map_err(|_| "bad_redirect_uri")?;
        match self.granted.consent {
            Consent::Allows => {
                let code = self.issue_code(now, redirect_uri);
                back.query_pairs_mut().append_pair("code", &code);
            }
            Consent::Cancels => {
                back.query_pairs_mut().append_pair("error", "access_denied");
            }
        }
        if let Some(state) = state {
            back.query_pairs_mut().append_pair("state", state);
        }
        Ok(back)
    }

    /// What a browser brings back to the app's redirect URI after somebody agreed to install it.
    pub fn issue_code(&mut self, now: Timestamp, redirect_uri: &str) -> String {
        let number = self.next_number();
        let code = format!("{}.code.{number:08}", self.team.id);
        self.granted.codes.insert(code.clone(), (now, redirect_uri.to_owned()));
        code
    }

    pub(super) fn oauth_access(&mut self, now: Timestamp, args: &Args) -> Reply {
        if args.has("client_id") && args.text("client_id") != self.app.client_id {
            return Err("invalid_client_id".into());
        }
        if args.has("client_secret") && args.text("client_secret") != self.app.client_secret {
            return Err("bad_client_secret".into());
        }
        match args.some("grant_type").as_deref() {
            None | Some("authorization_code") => self.redeem(now, args)?,
            Some("refresh_token") => self.spend(now, &args.text("refresh_token"))?,
            Some(_) => return Err("invalid_grant_type".into()),
        }
        Ok(self.installed(now))
    }

    fn redeem(&mut self, now: Timestamp, args: &Args) -> Result<(), Refusal> {
        let code = args.text("code");
        let (since, redirect_uri) = self.granted.codes.get(&code).ok_or("invalid_code")?.clone();
        if now.duration_since(since) > CODE_LIFE {
            return Err("invalid_code".into());
        }
        if args.has("redirect_uri") && args.text("redirect_uri") != redirect_uri {
            return Err("bad_redirect_uri".into());
        }
        self.granted.codes.remove(&code);
        self.app.tokens_valid = true;
        Ok(())
    }

    fn spend(&mut self, now: Timestamp, token: &str) -> Result<(), Refusal> {
        let grace = self.granted.grace;
        let valid = self.app.tokens_valid;
        let used = self.granted.refresh.get_mut(token).filter(|_| valid).ok_or("invalid_refresh_token")?;
        match used {
            Some(since) if now.duration_since(*since) >= grace => Err("invalid_refresh_token".into()),
            Some(_) => Ok(()),
            None => {
                *used = Some(now);
                Ok(())
            }
        }
    }

    /// The answer, with a new token where tokens end.
    fn installed(&mut self, now: Timestamp) -> Value {
        let installer =
            self.users.values().find(|user| !user.is_bot && !user.deleted).map(|user| user.id.clone());
        let mut answer = json!({
            "token_type": "bot",
            "scope": self.app.scopes.iter().cloned().collect::<Vec<_>>().join(","),
            "bot_user_id": self.app.bot_user, "app_id": self.app.app_id,
            "team": {"id": self.team.id, "name": self.team.name},
            "enterprise": self.enterprise_json(),
            "authed_user": {"id": installer.unwrap_or_default()},
            "is_enterprise_install": self.app.org_install,
        });
        if self.app.org_install {
            answer["team"] = Value::Null;
        }
        if self.app.token_rotation {
            let number = self.next_number();
            let token = format!("xoxe.xoxb-1-{}-{number:08}", self.team.id);
            let refresh = format!("xoxe-1-{}-{number:08}", self.team.id);
            self.granted.tokens.push((token.clone(), now + TOKEN_LIFE));
            self.granted.refresh.insert(refresh.clone(), None);
            self.app.bot_token = token;
            answer["expires_in"] = TOKEN_LIFE.as_secs().into();
            answer["refresh_token"] = refresh.into();
        }
        answer["access_token"] = self.app.bot_token.clone().into();
        answer
    }

    /// The organisation as answers and events name it.
    pub(crate) fn enterprise_json(&self) -> Value {
        match &self.enterprise {
            Some(enterprise) => json!({"id": enterprise.id, "name": enterprise.name}),
            None => Value::Null,
        }
    }

    /// The workspace as interactions name it: not at all where the organisation has installed the app.
    pub(crate) fn team_of_payload(&self) -> Value {
        if self.app.org_install {
            return Value::Null;
        }
        json!({"id": self.team.id, "domain": self.team.domain})
    }

    /// Whether a bot's token works; `None` for one that is none.
    pub(super) fn bot_token_works(&self, now: Timestamp, token: &str) -> Option<Result<(), &'static str>> {
        let ends = self.granted.tokens.iter().rev().position(|(other, _)| other == token);
        let known = ends.is_some() || token == self.app.bot_token;
        known.then(|| match ends {
            _ if !self.app.tokens_valid => Err("token_revoked"),
            Some(newer) if newer >= LIVE_TOKENS => Err("token_revoked"),
            Some(newer) => {
                let end = self.granted.tokens.iter().rev().nth(newer).map(|(_, end)| *end);
                if end.is_some_and(|end| now >= end) { Err("token_expired") } else { Ok(()) }
            }
            None => Ok(()),
        })
    }

    /// Of an organisation's token some methods want to know which workspace is meant.
    pub(super) fn check_team(&self, method: &str, args: &Args) -> Result<(), Refusal> {
        const WANT_IT: &[&str] = &[
            "users.list",
            "users.conversations",
            "dnd.teamInfo",
            "usergroups.list",
            "usergroups.users.list",
        ];
        if !self.app.org_install || !WANT_IT.contains(&method) {
            return Ok(());
        }
        match args.some("team_id") {
            None => Err("missing_argument".into()),
            Some(team) if team != self.team.id => Err("invalid_arguments".into()),
            Some(_) => Ok(()),
        }
    }
}
