//! A sign of life to a service outside, which tells somebody when none comes any more: what has stopped cannot say so
//! itself. The address may hold a token and is never logged (P8). A failure stops nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pagerslack_slack::transport::{Body, Request, Transport, TransportError};

use crate::config::HeartbeatUrl;
use crate::metrics::Metrics;

/// How long one beat may take. The next one is at least ten seconds later.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where it beats, and how it went last.
pub(crate) struct Heartbeat {
    transport: Arc<dyn Transport>,
    url: HeartbeatUrl,
    /// `None` before the first beat.
    heard: Option<bool>,
}

impl Heartbeat {
    pub(crate) fn new(transport: Arc<dyn Transport>, url: HeartbeatUrl) -> Self {
        Self { transport, url, heard: None }
    }

    /// Beats once. The log has each change, not each beat.
    pub(crate) async fn beat(&mut self, metrics: &Metrics) {
        let request = Request {
            url: self.url.expose().to_owned(),
            token: None,
            body: Body::Form(Bytes::new()),
            timeout: TIMEOUT,
            headers: Vec::new(),
            permit: None,
        };
        let trouble = match self.transport.send(request).await {
            Ok(response) if (200..300).contains(&response.status) => None,
            Ok(response) => Some(format!("HTTP status {}", response.status)),
            // No more of the error than its kind: a chain of causes might name the address.
            Err(TransportError::NotSent(_) | TransportError::Withheld) => Some("no connection".to_owned()),
            Err(TransportError::Unknown(_)) => Some("no answer".to_owned()),
        };
        let (heard, to) = (trouble.is_none(), &self.url);
        let changed = self.heard.replace(heard) != Some(heard);
        match trouble {
            None => {
                metrics.heartbeats.count();
                if changed {
                    tracing::info!(%to, "the heartbeat is heard");
                }
            }
            Some(why) => {
                metrics.heartbeats_failed.count();
                if changed {
                    tracing::warn!(%to, why, "the heartbeat is not heard");
                }
            }
        }
    }
}
