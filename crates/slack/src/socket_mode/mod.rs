//! Socket Mode: what Slack would post over HTTP comes over WebSockets that we open.
//!
//! Invariants: an envelope is acknowledged only after the handler has taken it, which means stored it durably
//! (P1), so what we cannot take is delivered again; a slow handler delays no other envelope; when Slack
//! announces the end of a link, another one is up before that one closes. Every await has a time limit.
//! Source: docs.slack.dev/apis/events-api/using-socket-mode. The WebSocket goes through no proxy.
//!
//! ```text
//! run ─┬─ slot: opens a link, watches it, replaces it ──┬─ link task: frames in, handlers, acknowledgements out
//!      └─ slot: the same                                └─ (the old link, finishing its acknowledgements)
//! ```

mod backoff;
mod link;
mod slot;
mod web_socket;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::Client;
use crate::ground::{Ground, Tokio};
use crate::inbound::{Belonging, Inbound};
use crate::transport::Token;
pub use web_socket::{Connect, Incoming, Message, Outgoing, OverTcp, WebSocket, WebSocketError};

/// Why a handler could not take something.
pub type HandlerError = Box<dyn Error + Send + Sync>;

/// Takes what comes in: stores it durably, and leaves the work for later.
#[async_trait]
pub trait EnvelopeHandler: Send + Sync {
    /// Takes one thing, and may answer the person at once where Slack allows it.
    ///
    /// It is acknowledged when this returns `Ok`. On an error, or after [`Timings::handler`], it is not, and
    /// Slack delivers it again, so the same thing may come twice.
    async fn handle(&self, inbound: Inbound) -> Result<Option<serde_json::Value>, HandlerError>;

    /// Takes in, before the thing itself, that it comes by the installation of a whole organisation.
    async fn belongs(&self, belonging: Belonging) -> Result<(), HandlerError> {
        let _ = belonging;
        Ok(())
    }
}

/// How long everything may take. The defaults are for production; nothing else is configurable by them.
#[derive(Clone, Debug)]
pub struct Timings {
    /// To open the WebSocket.
    pub connect: Duration,
    /// From there to Slack's hello.
    pub hello: Duration,
    /// For one handler. Slack waits three seconds for the acknowledgement.
    pub handler: Duration,
    /// For one frame to be written.
    pub write: Duration,
    /// Between our pings.
    pub ping: Duration,
    /// Without hearing anything, not even a pong, after which a link is given up.
    pub silence: Duration,
    /// An old link stays this long after its successor is up, for what is under way to it.
    pub linger: Duration,
    /// After this long an old link closes even if a handler is not done.
    pub drain: Duration,
    /// A link that lived this long is healthy: the next failure is the first again.
    pub settled: Duration,
    /// The first wait after a failure; it doubles …
    pub first_wait: Duration,
    /// … up to this.
    pub longest_wait: Duration,
    /// The wait when only a person can help: a wrong app token, or Socket Mode switched off.
    pub hopeless_wait: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            hello: Duration::from_secs(10),
            handler: Duration::from_millis(2_500),
            write: Duration::from_secs(5),
            ping: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            linger: Duration::from_secs(1),
            drain: Duration::from_secs(4),
            settled: Duration::from_secs(30),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            hopeless_wait: Duration::from_secs(300),
        }
    }
}

/// How the links are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkStatus {
    /// Links that are up: Slack has said hello and not gone.
    pub up: usize,
    /// Links there should be.
    pub wanted: usize,
    /// Links that Slack counted at its last hello and we do not hold. Another process of the same app is
    /// normal; otherwise these are half-dead links that swallow clicks.
    pub strangers: u32,
    /// What went wrong last, until a link is up again.
    pub trouble: Option<Trouble>,
}

/// Why a link could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Slack does not accept the app token; the error code. Somebody has to act.
    #[error("Slack does not accept the app token (`{0}`)")]
    Refused(String),
    /// Socket Mode is switched off for the app. Somebody has to act.
    #[error("Socket Mode is switched off for this app")]
    Disabled,
    /// The app has ten links already.
    #[error("the app has too many WebSockets open")]
    TooMany,
    /// Something that may pass.
    #[error("{0}")]
    Failed(String),
}

/// Slack's WebSockets, kept open.
pub struct SocketMode(Shared);

impl fmt::Debug for SocketMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketMode").field("status", &*self.0.status.borrow()).finish_non_exhaustive()
    }
}

/// What slots and links have in common.
struct Shared {
    client: Arc<Client>,
    app_token: Token,
    handler: Arc<dyn EnvelopeHandler>,
    timings: Timings,
    connections: usize,
    status: watch::Sender<LinkStatus>,
    /// WebSockets that are open or being opened.
    held: AtomicU32,
    ground: Arc<dyn Ground>,
    connector: Arc<dyn Connect>,
    /// Decides how much of each wait is waited.
    seed: u64,
}

impl SocketMode {
    /// Prepares two links, so that one is always there.
    pub fn new(client: Arc<Client>, app_token: Token, handler: Arc<dyn EnvelopeHandler>) -> Self {
        Self::with(client, app_token, handler, 2, Timings::default())
    }

    /// The same with another number of links (Slack allows ten an app) or other timings.
    pub fn with(
        client: Arc<Client>,
        app_token: Token,
        handler: Arc<dyn EnvelopeHandler>,
        connections: usize,
        timings: Timings,
    ) -> Self {
        Self(Shared {
            client,
            app_token,
            handler,
            timings,
            connections,
            status: watch::Sender::new(LinkStatus { wanted: connections, ..LinkStatus::default() }),
            held: AtomicU32::new(0),
            ground: Arc::new(Tokio::new()),
            connector: Arc::new(OverTcp),
            seed: fastrand::u64(..),
        })
    }

    /// The same on another ground, over WebSockets of another make, with the jitter that a seed decides.
    #[must_use]
    pub fn over(self, ground: Arc<dyn Ground>, connector: Arc<dyn Connect>, seed: u64) -> Self {
        Self(Shared { ground, connector, seed, ..self.0 })
    }

    /// How the links are, now and at every change.
    pub fn status(&self) -> watch::Receiver<LinkStatus> {
        self.0.status.subscribe()
    }

    /// Keeps the links open until `shutdown`, then finishes what was taken and closes them.
    pub async fn run(self, shutdown: CancellationToken) {
        let (shared, links) = (Arc::new(self.0), TaskTracker::new());
        let slots = (0..shared.connections).map(|number| {
            let dice = fastrand::Rng::with_seed(shared.seed.wrapping_add(number as u64));
            slot::keep(Arc::clone(&shared), dice, links.clone(), shutdown.clone())
        });
        futures_util::future::join_all(slots).await;
        links.close();
        links.wait().await;
    }
}
