//! The one door to the network: a request goes in, a response or the knowledge of what went wrong comes out.
//!
//! Invariant: a [`TransportError::NotSent`] or [`TransportError::Withheld`] means that Slack certainly did nothing; whenever that is not
//! certain the error is [`TransportError::Unknown`]. No retries and no waiting here: those are the caller's,
//! who alone knows the time. A simulated Slack implements [`Transport`] too.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

/// Carries one request to Slack and brings the response back.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request` and waits for the whole response, at most `request.timeout`.
    ///
    /// Any HTTP status is a response, not an error.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// A token of Slack's (`xoxb-…`, `xapp-…`), which never prints itself.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// Wraps a token as Slack gave it.
    pub fn new(token: impl Into<String>) -> Self {
        Self(SecretString::from(token.into()))
    }

    /// The token itself, for the `Authorization` header and nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<SecretString> for Token {
    fn from(secret: SecretString) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([REDACTED])")
    }
}

/// What a request carries besides its address.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// `application/x-www-form-urlencoded`, already encoded.
    Form(Bytes),
    /// `application/json; charset=utf-8`.
    Json(Bytes),
}

impl Body {
    /// The `Content-Type`.
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Form(_) => "application/x-www-form-urlencoded",
            Self::Json(_) => "application/json; charset=utf-8",
        }
    }

    /// The body as it is sent.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Form(bytes) | Self::Json(bytes) => bytes,
        }
    }
}

/// Only how long it is: it holds what people wrote, and may hold a secret.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(bytes) => write!(f, "Form({} bytes)", bytes.len()),
            Self::Json(bytes) => write!(f, "Json({} bytes)", bytes.len()),
        }
    }
}

/// Whether a request may still go out, asked at the last moment before it does: a process that was stopped for a while
/// must not do what somebody else does by then (P2).
#[derive(Clone)]
pub struct Permit(Arc<dyn Fn() -> bool + Send + Sync>);

impl Permit {
    /// One that holds as long as a condition does.
    pub fn new(holds: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(holds))
    }

    /// Whether it holds at this moment.
    pub fn holds(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({})", self.holds())
    }
}

/// One HTTP request, always a POST.
#[derive(Clone)]
pub struct Request {
    /// The whole address.
    pub url: String,
    /// Sent as `Authorization: Bearer …`; response URLs need none.
    pub token: Option<Token>,
    /// The body with its content type.
    pub body: Body,
    /// How long the whole exchange may take.
    pub timeout: Duration,
    /// Headers beside these.
    pub headers: Vec<(&'static str, String)>,
    /// On what condition it may go out, where there is one.
    pub permit: Option<Permit>,
}

impl Request {
    /// Whether it may still go out. A [`Transport`] asks as late as it can.
    ///
    /// # Errors
    ///
    /// [`TransportError::Withheld`] if it may not.
    pub fn may_go(&self) -> Result<(), TransportError> {
        match &self.permit {
            Some(permit) if !permit.holds() => Err(TransportError::Withheld),
            _ => Ok(()),
        }
    }
}

/// Without the address where no token goes with it: such an address is itself what lets one write, and needs no other.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, token, body, timeout, headers: _, permit } = self;
        let url = if token.is_some() { url } else { "[REDACTED]" };
        f.debug_struct("Request")
            .field("url", &url)
            .field("token", token)
            .field("body", body)
            .field("timeout", timeout)
            .field("permit", permit)
            .finish()
    }
}

/// One HTTP response.
#[derive(Clone, Default)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` in whole seconds, the only form Slack uses.
    pub retry_after: Option<u32>,
    /// `X-OAuth-Scopes`: the token's scopes, separated by commas.
    pub scopes: Option<String>,
    /// `Date`: what time it is at Slack, as HTTP writes it.
    pub date: Option<String>,
    /// The body, complete.
    pub body: Bytes,
}

/// Only how long the body is: the answer of `apps.connections.open` holds a ticket.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, retry_after, scopes, date, body } = self;
        f.debug_struct("Response")
            .field("status", status)
            .field("retry_after", retry_after)
            .field("scopes", scopes)
            .field("date", date)
            .field("body", &format_args!("{} bytes", body.len()))
            .finish()
    }
}

/// The exchange failed below HTTP. The strings hold the chain of causes and never a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing reached Slack: no connection, no name, no TLS.
    #[error("the request could not be sent: {0}")]
    NotSent(String),
    /// Nothing reached Slack, since its [`Permit`] held no longer.
    #[error("the request was held back: whoever asked for it was stopped for too long")]
    Withheld,
    /// The request may have reached Slack: a timeout, a reset, a body cut short.
    #[error("no answer to the request: {0}")]
    Unknown(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_lets_one_in_prints_itself() {
        let api = Request {
            url: "https://slack.com/api/auth.test".into(),
            token: Some(Token::new("xoxb-hunter2")),
            body: Body::Form("client_secret=hunter2".into()),
            timeout: Duration::from_secs(5),
            headers: Vec::new(),
            permit: None,
        };
        let hook = Request {
            url: "https://hooks.slack.com/commands/T1/1/hunter2".into(),
            token: None,
            body: Body::Json(r#"{"text":"hunter2"}"#.into()),
            ..api.clone()
        };
        let ticket = Response { body: r#"{"url":"wss://x/?ticket=hunter2"}"#.into(), ..Response::default() };
        let said = format!("{api:?} {hook:?} {ticket:?} {:?}", Token::new("hunter2"));
        assert!(!said.contains("hunter2"), "{said}");
        assert!(said.contains("https://slack.com/api/auth.test") && said.contains("21 bytes"), "{said}");
    }
}
