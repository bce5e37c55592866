//! Tells Slack's requests from everybody else's, by the `v0` signature over the raw body.
//!
//! Invariant (P8): nothing is parsed, and nothing acts, before [`SigningSecret::verify`] has said yes. The
//! comparison takes the same time whatever differs, and a rejection never says what would have been right.
//! Source: docs.slack.dev/authentication/verifying-requests-from-slack. The deprecated verification token in the body
//! ([`VerificationToken`]) is another proof, and a poor one: it is the same in every request, so whoever has seen one
//! can make any other, at any time.

mod token;

pub use token::VerificationToken;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// How far a request's clock may be from ours, in seconds, either way (Slack's own recommendation).
pub const MAX_AGE_SECONDS: u64 = 300;

/// The app's signing secret, kept as a keyed hash state so that each request costs one copy of it.
#[derive(Clone)]
pub struct SigningSecret(Hmac<Sha256>);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret([REDACTED])")
    }
}

/// Why a request was not taken for Slack's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No `X-Slack-Request-Timestamp`, or one that is not a whole number of seconds.
    #[error("the request carries no usable timestamp header")]
    Timestamp,
    /// No `X-Slack-Signature`, or one that is not `v0=` and 64 lower-case hexadecimal digits.
    #[error("the request carries no usable signature header")]
    Signature,
    /// The timestamp is more than [`MAX_AGE_SECONDS`] from our clock: a replay, or a clock that is wrong.
    #[error("the request is too old or too far ahead of our clock")]
    Stale,
    /// The signature is well-formed and wrong.
    #[error("the signature does not match")]
    Mismatch,
}

impl SigningSecret {
    /// Prepares the secret from the app's "Basic Information" page.
    ///
    /// # Errors
    ///
    /// When `secret` is empty: an empty key would let anyone in.
    pub fn new(secret: &secrecy::SecretString) -> Result<Self, EmptySecret> {
        use secrecy::ExposeSecret as _;
        let secret = secret.expose_secret().trim();
        if secret.is_empty() {
            return Err(EmptySecret);
        }
        Hmac::new_from_slice(secret.as_bytes()).map(Self).map_err(|_| EmptySecret)
    }

    /// Whether Slack sent this request.
    ///
    /// The headers are `X-Slack-Request-Timestamp` and `X-Slack-Signature`, and `raw_body` is the body as it
    /// came, before any parsing.
    ///
    /// # Errors
    ///
    /// A [`Rejection`], to be answered with 401 and counted.
    pub fn verify(
        &self,
        timestamp_header: Option<&[u8]>,
        signature_header: Option<&[u8]>,
        raw_body: &[u8],
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let timestamp = timestamp_header.ok_or(Rejection::Timestamp)?;
        let sent = seconds(timestamp).ok_or(Rejection::Timestamp)?;
        let signature = signature_header.and_then(v0_signature).ok_or(Rejection::Signature)?;
        if sent.abs_diff(now.as_second()) > MAX_AGE_SECONDS {
            return Err(Rejection::Stale);
        }
        let mut mac = self.0.clone();
        for part in [b"v0:".as_slice(), timestamp, b":", raw_body] {
            mac.update(part);
        }
        mac.verify_slice(&signature).map_err(|_| Rejection::Mismatch)
    }

    /// The `X-Slack-Signature` of a request, for whoever plays Slack (tests, fire drills).
    pub fn sign(&self, timestamp: i64, raw_body: &[u8]) -> String {
        use std::fmt::Write as _;
        let mut mac = self.0.clone();
        mac.update(format!("v0:{timestamp}:").as_bytes());
        mac.update(raw_body);
        let mut signature = String::from("v0=");
        for byte in mac.finalize().into_bytes() {
            let _ = write!(signature, "{byte:02x}");
        }
        signature
    }
}

/// An empty signing secret was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signing secret is empty")]
pub struct EmptySecret;

/// Digits only: `parse` alone would also take a sign.
fn seconds(header: &[u8]) -> Option<i64> {
    if header.is_empty() || !header.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(header).ok()?.parse().ok()
}

fn v0_signature(header: &[u8]) -> Option<[u8; 32]> {
    let hex = header.strip_prefix(b"v0=")?;
    let mut signature = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in signature.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?;
    }
    Some(signature)
}

/// Slack writes lower-case digits; anything else is not Slack's.
fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of docs.slack.dev/authentication/verifying-requests-from-slack.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const SENT: i64 = 1_531_420_618;
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

    fn check(
        timestamp: Option<&str>,
        signature: Option<&str>,
        body: &str,
        late_by: i64,
    ) -> Result<(), Rejection> {
        let secret = SigningSecret::new(&SECRET.into()).unwrap();
        let now = Timestamp::from_second(SENT + late_by).unwrap();
        secret.verify(timestamp.map(str::as_bytes), signature.map(str::as_bytes), body.as_bytes(), now)
    }

    #[test]
    fn slacks_own_example_is_let_in() {
        assert_eq!(check(Some("1531420618"), Some(SIGNATURE), BODY, 0), Ok(()));
        let secret = SigningSecret::new(&SECRET.into()).unwrap();
        assert_eq!(secret.sign(SENT, BODY.as_bytes()), SIGNATURE);
    }

    #[test]
    fn a_changed_byte_anywhere_is_refused() {
        assert_eq!(check(Some("1531420618"), Some(SIGNATURE), &BODY[1..], 0), Err(Rejection::Mismatch));
        assert_eq!(check(Some("1531420619"), Some(SIGNATURE), BODY, 0), Err(Rejection::Mismatch));
        let forged = SIGNATURE.replace("a2114d", "a2114e");
        assert_eq!(check(Some("1531420618"), Some(&forged), BODY, 0), Err(Rejection::Mismatch));
    }

    #[test]
    fn five_minutes_either_way_and_no_more() {
        for (late_by, outcome) in
            [(300, Ok(())), (301, Err(Rejection::Stale)), (-300, Ok(())), (-301, Err(Rejection::Stale))]
        {
            assert_eq!(check(Some("1531420618"), Some(SIGNATURE), BODY, late_by), outcome);
        }
    }

    #[test]
    fn headers_that_slack_would_not_write_are_refused() {
        for timestamp in [None, Some(""), Some("soon"), Some("+1531420618"), Some("-1"), Some("1531420618.0")]
        {
            assert_eq!(
                check(timestamp, Some(SIGNATURE), BODY, 0),
                Err(Rejection::Timestamp),
                "{timestamp:?}"
            );
        }
        assert_eq!(
            check(Some("99999999999999999999"), Some(SIGNATURE), BODY, 0),
            Err(Rejection::Timestamp),
            "more than 64 bits"
        );
        let upper = SIGNATURE.to_uppercase().replace("V0", "v0");
        let newer = SIGNATURE.replace("v0=", "v1=");
        let longer = format!("{SIGNATURE}00");
        let odd = SIGNATURE.replace("b503", "b5ß");
        for signature in
            [None, Some(""), Some("v0="), Some(&*upper), Some(&*newer), Some(&*longer), Some(&*odd)]
        {
            assert_eq!(
                check(Some("1531420618"), signature, BODY, 0),
                Err(Rejection::Signature),
                "{signature:?}"
            );
        }
    }

    #[test]
    fn an_empty_secret_is_refused_and_none_is_ever_printed() {
        assert_eq!(SigningSecret::new(&"  ".into()).unwrap_err(), EmptySecret);
        assert_eq!(format!("{:?}", SigningSecret::new(&SECRET.into()).unwrap()), "SigningSecret([REDACTED])");
    }
}
