//! What the app receives: one attempt of a delivery, as HTTP request or as Socket Mode envelope.

use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded::Serializer;

/// Which of the app's three doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryKind {
    /// Events API.
    Event,
    /// A slash command.
    Command,
    /// A button.
    Interaction,
}

/// One attempt to tell the app something.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Of this attempt; a retry has another.
    pub id: u64,
    /// 0 for the first attempt.
    pub attempt: u32,
    /// Event, command or interaction.
    pub kind: DeliveryKind,
    /// The event's type, the command, or `block_actions`.
    pub name: String,
    /// Where to POST; `None` in Socket Mode.
    pub url: Option<Url>,
    /// Signed at the time of the attempt.
    pub headers: Vec<(String, String)>,
    /// JSON for events, a form for the others.
    pub body: Bytes,
    /// The same as JSON, as Socket Mode carries it.
    pub payload: Value,
    /// Why there is another attempt, in the words of the HTTP header.
    pub retry_reason: Option<&'static str>,
}

impl Delivery {
    /// The id that a Socket Mode acknowledgement repeats.
    #[must_use]
    pub fn envelope_id(&self) -> String {
        format!("{:08x}-51ac-4000-8000-{:012x}", self.attempt, self.id)
    }

    /// The Socket Mode frame.
    #[must_use]
    pub fn envelope(&self) -> Value {
        let kind = match self.kind {
            DeliveryKind::Event => "events_api",
            DeliveryKind::Command => "slash_commands",
            DeliveryKind::Interaction => "interactive",
        };
        let mut envelope = json!({
            "envelope_id": self.envelope_id(), "type": kind, "payload": self.payload,
            "accepts_response_payload": self.kind != DeliveryKind::Event,
        });
        if self.kind == DeliveryKind::Event {
            envelope["retry_attempt"] = self.attempt.into();
            envelope["retry_reason"] = if self.attempt > 0 { "timeout" } else { "" }.into();
        }
        envelope
    }

    /// The HTTP request, to feed an app without a network; the path is that of the app's URL.
    ///
    /// # Errors
    /// When a header is not one; those made here are.
    pub fn request(&self) -> Result<http::Request<Bytes>, http::Error> {
        let uri = self.url.as_ref().map_or("/slack/events", Url::path);
        let mut request = http::Request::post(uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(self.body.clone())
    }
}

/// How an attempt went.
#[derive(Debug, Clone)]
pub enum DeliveryResult {
    /// The app answered.
    Ok {
        /// HTTP status.
        status: u16,
        /// Of these only `x-slack-no-retry` matters.
        headers: Vec<(String, String)>,
        /// A command's answer is shown to whoever typed it.
        body: Bytes,
    },
    /// No answer within three seconds.
    Timeout,
    /// The app could not be reached.
    ConnectionFailed,
}

impl DeliveryResult {
    /// HTTP 200 with an empty body.
    #[must_use]
    pub fn ok() -> Self {
        Self::answered(200, "")
    }

    /// A status and a body.
    #[must_use]
    pub fn answered(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Ok { status, headers: Vec::new(), body: body.into() }
    }
}

/// The body of a request and its content type.
pub(crate) fn encode(kind: DeliveryKind, payload: &Value) -> (Bytes, &'static str) {
    const FORM: &str = "application/x-www-form-urlencoded";
    match kind {
        DeliveryKind::Event => (payload.to_string().into(), "application/json"),
        DeliveryKind::Interaction => {
            let form = Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
            (form.into(), FORM)
        }
        DeliveryKind::Command => {
            let mut form = Serializer::new(String::new());
            for (name, value) in payload.as_object().into_iter().flatten() {
                form.append_pair(name, value.as_str().unwrap_or_default());
            }
            (form.finish().into(), FORM)
        }
    }
}
