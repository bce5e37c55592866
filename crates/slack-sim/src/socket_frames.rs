//! What goes over a Socket Mode WebSocket besides envelopes.
//! (docs.slack.dev/apis/events-api/using-socket-mode)

use std::time::Duration;

use serde_json::{Value, json};

use crate::delivery::DeliveryResult;

/// So many WebSockets may an app have.
pub const MOST_CONNECTIONS: usize = 10;

/// Why Slack asks a connection to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// It will close in about ten seconds.
    Warning,
    /// It closes soon; open another first.
    RefreshRequested,
    /// Socket Mode was switched off.
    LinkDisabled,
    /// There are more than ten.
    TooManyWebsockets,
}

impl DisconnectReason {
    fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::RefreshRequested => "refresh_requested",
            Self::LinkDisabled => "link_disabled",
            Self::TooManyWebsockets => "too_many_websockets",
        }
    }

    /// Time between the frame and the end.
    #[must_use]
    pub fn grace(self) -> Duration {
        match self {
            Self::Warning => Duration::from_secs(10),
            Self::RefreshRequested => Duration::from_secs(1),
            Self::LinkDisabled | Self::TooManyWebsockets => Duration::ZERO,
        }
    }

    /// The frame that says so.
    #[must_use]
    pub fn frame(self) -> Value {
        json!({"type": "disconnect", "reason": self.word(), "debug_info": {"host": "slack-sim"}})
    }
}

/// What Slack says first; `connections` are the app's, this one among them.
#[must_use]
pub fn hello(connections: usize, app_id: &str) -> Value {
    json!({
        "type": "hello", "num_connections": connections,
        "debug_info": {"host": "slack-sim", "build_number": 1, "approximate_connection_time": 18060},
        "connection_info": {"app_id": app_id},
    })
}

/// The envelope that a frame of the app's acknowledges, and the answer in it, as it would be over HTTP.
#[must_use]
pub fn acknowledged(text: &str) -> Option<(String, DeliveryResult)> {
    let frame: Value = serde_json::from_str(text).ok()?;
    let envelope_id = frame["envelope_id"].as_str()?.to_owned();
    let body = frame.get("payload").map(Value::to_string).unwrap_or_default();
    Some((envelope_id, DeliveryResult::answered(200, body)))
}
