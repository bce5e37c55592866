//! The HTTP server: what Slack posts, and what a monitor asks.
//!
//! Only requests that Slack signed act (P8): the signature is checked on the raw body before anything is
//! parsed. Bodies are bounded in size and time, headers in time.

pub(crate) mod admin;
pub(crate) mod api;
pub(crate) mod dashboard;

mod body;
mod cookie;
mod install;
mod panel;
mod serve;
mod slack;

pub use serve::serve;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use pagerslack_slack::verify::{SigningSecret, VerificationToken};
use pagerslack_store::Causes;

use crate::config::CALLBACK;
use crate::engine::Engine;
use crate::entrance::Entrance;

/// What proves that a request is Slack's.
#[derive(Debug)]
pub enum Proof {
    /// Its signature.
    Signature(SigningSecret),
    /// The deprecated token in its body.
    Token(VerificationToken),
}

/// What the handlers share.
pub struct App {
    /// The machine, and the way in.
    pub entrance: Arc<Entrance>,
    /// What proves that a request is Slack's; without it (in Socket Mode) no HTTP request of Slack's is taken.
    pub proof: Option<Proof>,
    /// Whether the panel beside the demo is served. It shows people's names, so only ever on loopback.
    pub panel: bool,
    ready: AtomicBool,
}

impl App {
    /// What the handlers share; not ready yet.
    pub fn new(entrance: Arc<Entrance>, proof: Option<Proof>, panel: bool) -> Self {
        Self { entrance, proof, panel, ready: AtomicBool::new(false) }
    }

    /// The machine.
    pub fn engine(&self) -> &Arc<Engine> {
        self.entrance.engine()
    }

    /// Says whether requests should be sent here.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }
}

/// Every route. Slack's own framework takes all of Slack's requests at `/slack/events`; the other two names are
/// for those who expect them.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/slack/events", post(slack::receive))
        .route("/slack/commands", post(slack::receive))
        .route("/slack/interactions", post(slack::receive))
        .route("/slack/install", get(install::begin))
        .route(CALLBACK, get(install::finish))
        .route(install::STYLE, get(install::style))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics));
    if app.panel {
        router = router.route("/panel", get(panel::show)).route("/panel/content", get(panel::content));
    }
    router.with_state(app)
}

/// Where several replicas share a store, it is no reason to send requests elsewhere: `?exclude=store` leaves it out, so
/// that whoever types a command while it is gone is told so, and not that nobody is there.
async fn readyz(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> (StatusCode, String) {
    if !app.ready.load(Ordering::Acquire) {
        return (StatusCode::SERVICE_UNAVAILABLE, "starting or stopping\n".to_owned());
    }
    if query.as_deref() == Some("exclude=store") {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    match app.engine().store().probe().await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", Causes(&error))),
    }
}

/// The counters in Prometheus' text format.
/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
async fn metrics(State(app): State<Arc<App>>) -> String {
    let counters = app.engine().counters().all();
    counters
        .iter()
        .map(|(name, value)| {
            format!("# TYPE pagerslack_{name}_total counter\npagerslack_{name}_total {value}\n")
        })
        .collect()
}
