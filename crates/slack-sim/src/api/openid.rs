//! Signing in: the page where somebody says who they are, `openid.connect.token`, `openid.connect.userInfo`.
//!
//! Sources: docs.slack.dev/authentication/sign-in-with-slack, RFC 7636. The id token is signed with nonsense: whoever
//! gets it from Slack itself need not look.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::oauth::{CODE_LIFE, Consent};
use super::{Args, Reply};
use crate::world::World;

/// What a browser asks of the page where people sign in.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct SignInRequest {
    /// The app's.
    pub client_id: String,
    /// Where the browser is sent back to.
    pub redirect_uri: String,
    /// `code`.
    pub response_type: String,
    /// `openid`, and what else is asked of somebody.
    pub scope: String,
    /// Comes back as it is.
    pub state: Option<String>,
    /// Stands in the id token.
    pub nonce: Option<String>,
    /// The hash of what the app will show with the code.
    pub code_challenge: Option<String>,
    /// How it was made: `S256`.
    pub code_challenge_method: Option<String>,
}

/// Who signs in, and what they were given.
#[derive(Debug, Default)]
pub(crate) struct SigningIn {
    /// Whoever sits at the browser; without one the first who may.
    who: Option<String>,
    codes: BTreeMap<String, (Timestamp, String, SignInRequest)>,
    /// People's tokens.
    tokens: BTreeMap<String, String>,
}

impl World {
    /// Who sits at the browser when somebody signs in.
    pub fn set_signing_in(&mut self, user: &str) {
        self.granted.signing_in.who = Some(user.to_owned());
    }

    /// Somebody is on the page where they are asked whether to sign in, and does as they do. Gives where their browser
    /// is sent then.
    ///
    /// # Errors
    /// What the page says instead.
    pub fn sign_in(&mut self, now: Timestamp, asked: &SignInRequest) -> Result<Url, &'static str> {
        if asked.client_id != self.app.client_id {
            return Err("invalid_client_id");
        }
        if asked.response_type != "code" || !asked.scope.split_whitespace().any(|scope| scope == "openid") {
            return Err("invalid_scope");
        }
        if asked.code_challenge.is_some() && asked.code_challenge_method.as_deref() != Some("S256") {
            return Err("invalid_code_challenge_method");
        }
        let mut back = Url::parse(&asked.redirect_uri).map_err(|_| "bad_redirect_uri")?;
        match self.granted.consent {
            Consent::Allows => {
                let who = self.granted.signing_in.who.clone();
                let first = || self.users.values().find(|user| !user.is_bot && !user.deleted);
                let who = who.or_else(|| Some(first()?.id.clone())).ok_or("user_not_found")?;
                let number = self.next_number();
                let code = format!("{}.signin.{number:08}", self.team.id);
                self.granted.signing_in.codes.insert(code.clone(), (now, who, asked.clone()));
                back.query_pairs_mut().append_pair("code", &code);
            }
            Consent::Cancels => {
                back.query_pairs_mut().append_pair("error", "access_denied");
            }
        }
        if let Some(state) = &asked.state {
            back.query_pairs_mut().append_pair("state", state);
        }
        Ok(back)
    }

    pub(super) fn openid_token(&mut self, now: Timestamp, args: &Args) -> Reply {
        if args.has("client_id") && args.text("client_id") != self.app.client_id {
            return Err("invalid_client_id".into());
        }
        if args.has("client_secret") && args.text("client_secret") != self.app.client_secret {
            return Err("bad_client_secret".into());
        }
        if args.some("grant_type").is_some_and(|grant| grant != "authorization_code") {
            return Err("invalid_grant_type".into());
        }
        let code = args.text("code");
        let (since, who, asked) = self.granted.signing_in.codes.get(&code).ok_or("invalid_code")?.clone();
        if now.duration_since(since) > CODE_LIFE {
            return Err("invalid_code".into());
        }
        if args.text("redirect_uri") != asked.redirect_uri {
            return Err("bad_redirect_uri".into());
        }
        let shown = URL_SAFE_NO_PAD.encode(Sha256::digest(args.text("code_verifier").as_bytes()));
        if asked.code_challenge.as_ref().is_some_and(|wanted| *wanted != shown) {
            return Err("invalid_grant".into());
        }
        self.granted.signing_in.codes.remove(&code);
        let number = self.next_number();
        let token = format!("xoxp-{}-{number:08}", self.team.id);
        self.granted.signing_in.tokens.insert(token.clone(), who.clone());
        let claims = self.claims(now, &who, &asked);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let id_token = format!("{}.{}.c2ln", part(&json!({"alg": "RS256", "typ": "JWT"})), part(&claims));
        Ok(json!({"access_token": token, "token_type": "Bearer", "id_token": id_token}))
    }

    fn claims(&self, now: Timestamp, who: &str, asked: &SignInRequest) -> Value {
        json!({
            "iss": "https://slack.com", "sub": who, "aud": asked.client_id, "nonce": asked.nonce,
            "iat": now.as_second(), "exp": now.as_second() + 300, "auth_time": now.as_second(),
            "https://slack.com/user_id": who, "https://slack.com/team_id": self.team.id,
        })
    }

    pub(super) fn openid_user_info(&self, args: &Args) -> Reply {
        let token = args.token().ok_or("not_authed")?;
        let who = self.granted.signing_in.tokens.get(token).ok_or("invalid_auth")?;
        let user = self.users.get(who).ok_or("user_not_found")?;
        Ok(json!({
            "sub": user.id, "name": user.real_name, "locale": "en-US",
            "https://slack.com/user_id": user.id, "https://slack.com/team_id": self.team.id,
            "https://slack.com/team_name": self.team.name, "https://slack.com/team_domain": self.team.domain,
        }))
    }
}
