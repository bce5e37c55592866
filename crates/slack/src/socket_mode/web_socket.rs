//! The WebSocket beneath a link: opened over TCP and TLS in production, played by a simulation elsewhere.

use std::fmt;
use std::pin::Pin;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{Sink, StreamExt as _};
pub use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};
use tokio_tungstenite::{connect_async_with_config, tungstenite::protocol::WebSocketConfig};
use url::Url;

use crate::http_transport::{chain, choose_tls_provider};

/// The largest message that is read. Slack's are far smaller.
const LARGEST_MESSAGE: usize = 4 * 1024 * 1024;

/// What comes over a WebSocket.
pub type Incoming = BoxStream<'static, Result<Message, WebSocketError>>;

/// What goes out over a WebSocket.
pub type Outgoing = Pin<Box<dyn Sink<Message, Error = WebSocketError> + Send>>;

/// An open WebSocket.
pub struct WebSocket {
    /// What Slack says. Pings are answered below.
    pub incoming: Incoming,
    /// What is said to Slack. Closing it closes the WebSocket.
    pub outgoing: Outgoing,
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSocket")
    }
}

/// Opens WebSockets.
#[async_trait]
pub trait Connect: Send + Sync {
    /// Opens the WebSocket at an address that Slack gave. Whoever calls limits the time.
    ///
    /// # Errors
    /// Why that cannot be done, without the address: it holds a ticket.
    async fn connect(&self, url: &Url) -> Result<WebSocket, String>;
}

/// WebSockets over TCP, and TLS where the address says so; through no proxy.
#[derive(Clone, Copy, Debug, Default)]
pub struct OverTcp;

#[async_trait]
impl Connect for OverTcp {
    async fn connect(&self, url: &Url) -> Result<WebSocket, String> {
        choose_tls_provider();
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        match connect_async_with_config(url.as_str(), Some(config), true).await {
            Ok((socket, _)) => {
                let (outgoing, incoming) = socket.split();
                Ok(WebSocket { incoming: incoming.boxed(), outgoing: Box::pin(outgoing) })
            }
            Err(WebSocketError::Url(_)) => Err("Slack gave an unusable address".to_owned()),
            Err(error) => Err(format!("the WebSocket could not be opened: {}", chain(&error))),
        }
    }
}
