//! Signing in with Slack by OpenID Connect: a code becomes proof of who somebody is (openid.connect.token,
//! openid.connect.userInfo).
//!
//! Invariant (P8): secrets go in the request's body or its header, come back wrapped, and stand in no error. The
//! token that Slack gives is used for the one question who they are, and kept nowhere. Sources:
//! docs.slack.dev/authentication/sign-in-with-slack and OpenID Connect Core 1.0.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::ids::{TeamId, UserId};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::{CallError, Cause, Judgement, doubtful, not_done};
use super::install::AppCredentials;
use super::{Arguments, Client, read};
use crate::lenient::Word;
use crate::method::Method;
use crate::transport::{Response, Token};

/// How long Slack is left alone that says "too often" without saying until when.
const TOO_OFTEN: u32 = 30;

/// Who says so in an id token of Slack's.
pub const ISSUER: &str = "https://slack.com";

/// What a browser brought back from Slack.
#[derive(Clone, Copy, Debug)]
pub struct SignInCode<'a> {
    /// The code; good once, for ten minutes.
    pub code: &'a SecretString,
    /// Where Slack sent the browser, letter for letter.
    pub redirect_uri: &'a str,
    /// What only whoever sent the browser to Slack knows (RFC 7636).
    pub verifier: &'a SecretString,
}

/// What Slack gave for a code.
#[derive(Clone, Debug)]
pub struct SignInGrant {
    /// The person's own token: it may ask who they are, and nothing else.
    pub token: Token,
    /// What Slack says of this sign-in, as a JSON Web Token.
    pub id_token: SecretString,
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// They.
    pub user: UserId,
    /// The workspace in which they signed in.
    pub team: TeamId,
    /// Their name, or "".
    pub name: String,
}

/// What an id token says. It came from Slack itself over TLS, which stands for its signature (OpenID Connect Core,
/// 3.1.3.7, 6); what it says still has to be looked at.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct IdClaims {
    #[serde(default)]
    iss: String,
    #[serde(default)]
    aud: String,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    exp: i64,
    #[serde(default, rename = "https://slack.com/user_id")]
    user: String,
    #[serde(default, rename = "https://slack.com/team_id")]
    team: String,
}

impl IdClaims {
    /// Reads an id token; `None` for what is none.
    pub fn read(token: &SecretString) -> Option<Self> {
        let payload = token.expose_secret().split('.').nth(1)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
    }

    /// Whether it speaks of this sign-in of this person at this app, now.
    pub fn is_about(&self, who: &SignedIn, client_id: &str, nonce: &str, now: Timestamp) -> bool {
        /// Clocks differ a little.
        const SKEW: i64 = 60;
        self.iss == ISSUER
            && self.aud == client_id
            && !nonce.is_empty()
            && self.nonce == nonce
            && now.as_second() <= self.exp.saturating_add(SKEW)
            && self.user == who.user.as_str()
            && self.team == who.team.as_str()
    }
}

impl Client {
    /// Exchanges a code for proof of who somebody is (openid.connect.token).
    ///
    /// It belongs to no workspace yet, hence to no budget of ours; nor does the next.
    ///
    /// # Errors
    ///
    /// `invalid_code` or `invalid_grant` for one that is used up, too old, or another's.
    pub async fn sign_in_token(
        &self,
        now: Timestamp,
        app: &AppCredentials,
        code: SignInCode<'_>,
    ) -> Result<SignInGrant, CallError> {
        let method = Method::OpenidConnectToken;
        let form = vec![
            ("client_id", app.client_id.clone()),
            ("client_secret", app.client_secret.expose_secret().to_owned()),
            ("code", code.code.expose_secret().to_owned()),
            ("redirect_uri", code.redirect_uri.to_owned()),
            ("grant_type", "authorization_code".to_owned()),
            ("code_verifier", code.verifier.expose_secret().to_owned()),
        ];
        let (response, judgement) = self.send(now, method, None, Arguments::Form(form), None).await?;
        let answer: Grant<'_> = judged(method, now, &response, judgement)?;
        let (Some(token), Some(id_token)) = (answer.access_token.get(), answer.id_token.owned()) else {
            return Err(incomplete(method, now, "no access_token or no id_token"));
        };
        Ok(SignInGrant { token: Token::new(token), id_token: SecretString::from(id_token) })
    }

    /// Who somebody is, by their own token (openid.connect.userInfo).
    ///
    /// # Errors
    ///
    /// When Slack does not say.
    pub async fn signed_in(&self, now: Timestamp, token: &Token) -> Result<SignedIn, CallError> {
        let method = Method::OpenidConnectUserInfo;
        let (response, judgement) =
            self.send(now, method, Some(token.clone()), Arguments::Form(vec![]), None).await?;
        let answer: UserInfo<'_> = judged(method, now, &response, judgement)?;
        let (Some(user), Some(team)) = (answer.user.get(), answer.team.get()) else {
            return Err(incomplete(method, now, "no user_id or no team_id"));
        };
        Ok(SignedIn { user: UserId::new(user), team: TeamId::new(team), name: answer.name.or_empty() })
    }
}

fn judged<'a, T: Deserialize<'a>>(
    method: Method,
    now: Timestamp,
    response: &'a Response,
    judgement: Judgement,
) -> Result<T, CallError> {
    match judgement {
        Judgement::Failed(error) => Err(error),
        Judgement::RateLimited => {
            let wait = SignedDuration::from_secs(i64::from(response.retry_after.unwrap_or(TOO_OFTEN).max(1)));
            Err(not_done(now, wait, Cause::RateLimited(method.to_string())))
        }
        Judgement::Done => read(method, now, response),
    }
}

fn incomplete(method: Method, now: Timestamp, what: &str) -> CallError {
    doubtful(method.effect(), now, Cause::Unreadable { method, what: what.to_owned() })
}

#[derive(Deserialize)]
struct Grant<'a> {
    #[serde(borrow, default)]
    access_token: Word<'a>,
    #[serde(borrow, default)]
    id_token: Word<'a>,
}

#[derive(Deserialize)]
struct UserInfo<'a> {
    #[serde(borrow, default, rename = "https://slack.com/user_id")]
    user: Word<'a>,
    #[serde(borrow, default, rename = "https://slack.com/team_id")]
    team: Word<'a>,
    #[serde(borrow, default)]
    name: Word<'a>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &serde_json::Value) -> SecretString {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        SecretString::from(format!("{}.{}.{}", part("{}"), part(&claims.to_string()), part("signature")))
    }

    fn claims() -> serde_json::Value {
        json!({"iss": ISSUER, "aud": "1.2", "nonce": "n", "exp": 1_000,
            "https://slack.com/user_id": "U1", "https://slack.com/team_id": "T1"})
    }

    fn check(change: impl FnOnce(&mut serde_json::Value)) -> bool {
        let who = SignedIn { user: "U1".into(), team: "T1".into(), name: String::new() };
        let mut claims = claims();
        change(&mut claims);
        let now = Timestamp::from_second(1_000).unwrap();
        IdClaims::read(&token(&claims)).is_some_and(|claims| claims.is_about(&who, "1.2", "n", now))
    }

    #[test]
    fn an_id_token_has_to_be_about_this_very_sign_in() {
        assert!(check(|_| {}));
        assert!(!check(|it| it["iss"] = "https://slack.example".into()));
        assert!(!check(|it| it["aud"] = "9.9".into()), "of another app");
        assert!(!check(|it| it["nonce"] = "m".into()), "of another sign-in");
        assert!(!check(|it| it["nonce"] = serde_json::Value::Null));
        assert!(!check(|it| it["exp"] = 900.into()), "of another hour");
        assert!(!check(|it| it["https://slack.com/user_id"] = "U2".into()), "of another person");
        assert!(!check(|it| it["https://slack.com/team_id"] = "T2".into()));
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "a.b", "a.!.c", "e30.e30", "eyJhbGcMjY5OTA2MzcWNrLmNvbVwvdGVhbV9p..."] {
            let read = IdClaims::read(&SecretString::from(text.to_owned()));
            assert!(read.is_none_or(|claims| claims.iss.is_empty()), "{text}");
        }
    }
}
