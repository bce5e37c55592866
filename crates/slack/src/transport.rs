//! The one door to the network: a request goes in, a response or the knowledge of what went wrong comes out.
//!
//! Invariant: a [`TransportError::NotSent`] means that Slack certainly did nothing; whenever that is not
//! certain the error is [`TransportError::Unknown`]. No retries and no waiting here: those are the caller's,
//! who alone knows the time. A simulated Slack implements [`Transport`] too.

use std::fmt;
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
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// One HTTP request, always a POST.
#[derive(Clone, Debug)]
pub struct Request {
    /// The whole address.
    pub url: String,
    /// Sent as `Authorization: Bearer …`; response URLs need none.
    pub token: Option<Token>,
    /// The body with its content type.
    pub body: Body,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// One HTTP response.
#[derive(Clone, Debug, Default)]
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

/// The exchange failed below HTTP. The strings hold the chain of causes and never a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing reached Slack: no connection, no name, no TLS.
    #[error("the request could not be sent: {0}")]
    NotSent(String),
    /// The request may have reached Slack: a timeout, a reset, a body cut short.
    #[error("no answer to the request: {0}")]
    Unknown(String),
}
