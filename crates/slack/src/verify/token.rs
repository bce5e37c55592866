//! The deprecated verification token, which stands in every request's body.
//!
//! Invariant: it is looked for where the request will be read, and there only; a request in which it stands twice, or in
//! which it is unclear what will be read, proves nothing.

use std::borrow::Cow;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::EmptySecret;

/// The app's verification token, of which a hash is enough.
#[derive(Clone)]
pub struct VerificationToken([u8; 32]);

impl fmt::Debug for VerificationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerificationToken([REDACTED])")
    }
}

impl VerificationToken {
    /// Prepares the token from the app's "Basic Information" page.
    ///
    /// # Errors
    ///
    /// When it is empty: an empty one would let anyone in.
    pub fn new(token: &SecretString) -> Result<Self, EmptySecret> {
        let token = token.expose_secret().trim();
        if token.is_empty() { Err(EmptySecret) } else { Ok(Self(hash(token))) }
    }

    /// Whether the body holds the token.
    pub fn verify(&self, body: &[u8]) -> bool {
        token_of(body).is_some_and(|token| hash(&token).ct_eq(&self.0).into())
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A second `token` makes this unreadable, as any repeated field does.
#[derive(Deserialize)]
struct Holder<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
}

fn token_of(body: &[u8]) -> Option<String> {
    let of_json = |json: &[u8]| Some(serde_json::from_slice::<Holder<'_>>(json).ok()?.token.into_owned());
    if body.trim_ascii_start().first() == Some(&b'{') {
        return of_json(body);
    }
    let (mut tokens, mut payloads) = (Vec::new(), Vec::new());
    for (name, value) in url::form_urlencoded::parse(body) {
        match name.as_ref() {
            "token" => tokens.push(value),
            "payload" => payloads.push(value),
            _ => {}
        }
    }
    match (tokens.as_slice(), payloads.as_slice()) {
        ([token], []) => Some(token.clone().into_owned()),
        // What is read then is the payload, and nothing beside it.
        ([], [payload]) => of_json(payload.as_bytes()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: bool) {
        let token = VerificationToken::new(&"hunter2".into()).unwrap();
        assert_eq!(token.verify(body.as_bytes()), expected, "{body}");
    }

    #[test]
    fn the_token_is_taken_where_the_request_is_read() {
        check(r#"{"token":"hunter2","type":"event_callback"}"#, true);
        check("command=%2Fx&token=hunter2", true);
        check("payload=%7B%22type%22%3A%22block_actions%22%2C%22token%22%3A%22hunter2%22%7D", true);
        check(r#"{"token":"hunter3"}"#, false);
        check(r#"{"event":{"token":"hunter2"}}"#, false);
        check("command=%2Fx", false);
        check("", false);
        check("token=", false);
    }

    #[test]
    fn what_stands_twice_proves_nothing() {
        check(r#"{"token":"hunter2","token":"hunter2"}"#, false);
        check("token=hunter2&token=hunter2", false);
        check("token=hunter2&payload=%7B%22type%22%3A%22block_actions%22%7D", false);
        check("payload=%7B%22token%22%3A%22hunter2%22%7D&payload=%7B%7D", false);
    }

    #[test]
    fn an_empty_token_is_refused_and_none_is_ever_printed() {
        assert_eq!(VerificationToken::new(&" ".into()).unwrap_err(), EmptySecret);
        let token = VerificationToken::new(&"hunter2".into()).unwrap();
        assert_eq!(format!("{token:?}"), "VerificationToken([REDACTED])");
    }
}
