//! The web dashboard: what is open, why somebody was asked, whose turn it is.
//!
//! - `access`: who gets in, and whom a page is made for ([`access::Viewer`]). Every page asks for a viewer, so none is
//!   shown to anybody else.
//! - `sign_in`, `with_slack`, `session`: how people sign in where they have to.
//! - `layout`: what all pages have in common. One file for each page: `now`, `incident`, `queue`,
//!   `coverage`, `reports`. `charts`: the pictures of the last two.
//! - `live`: tells open pages that something has changed. `assets`: the style sheet and the script, in the binary.
//! - `names`, `moments`: people, places and times as pages say them.
//!
//! Invariants: pages only read; what acts comes by POST from a page of ours. Everything works without a script, which
//! only keeps a page up to date. Nothing is loaded from elsewhere. People see their own workspaces only, and what is not
//! there looks just like what is another's.

mod access;
mod assets;
mod charts;
mod coverage;
mod incident;
mod layout;
mod live;
mod moments;
mod names;
mod now;
mod queue;
mod reports;
mod session;
mod sign_in;
mod way_back;
mod with_slack;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::html;
use pagerslack_slack::client::Client;
use pagerslack_sources::settings::is_loopback;
use pagerslack_store::{Causes, Records, StoreError};
use url::Url;

use crate::books::Books;
use crate::config::{AdminToken, DashboardConfig, SIGN_IN_CALLBACK};
use crate::engine::Engine;
use crate::entrance::Entrance;
use crate::observed::Observations;

pub(crate) use live::Live;

use access::{Access, Gate, guard};
use session::Sessions;
use with_slack::WithSlack;

/// What the pages share.
pub(crate) struct Dashboard {
    entrance: Arc<Entrance>,
    access: Access,
    live: Live,
    observations: Option<Arc<Observations>>,
    books: OnceLock<Arc<Books>>,
}

/// By what it is decided who gets in.
pub(crate) struct Ways<'a> {
    /// What the settings say.
    pub(crate) config: &'a DashboardConfig,
    /// Where the bot listens.
    pub(crate) listen: SocketAddr,
    /// Where Slack's Web API is.
    pub(crate) api_url: &'a Url,
    /// Whether Slack's requests come over HTTP: then somebody passes them on to here, wherever the bot listens.
    pub(crate) over_http: bool,
    /// The admin token, if there is one.
    pub(crate) token: Option<AdminToken>,
    /// Where sessions are kept, if they can be.
    pub(crate) records: Option<Arc<dyn Records>>,
    /// Slack's Web API.
    pub(crate) client: Arc<Client>,
    /// Who was online, where that can be kept.
    pub(crate) observations: Option<Arc<Observations>>,
}

impl Ways<'_> {
    /// How people get in, or why there is no dashboard.
    fn access(self) -> Result<Access, &'static str> {
        if !self.config.enabled {
            return Err("it is switched off under [dashboard]");
        }
        let passed_on = self.over_http && !is_loopback(self.api_url);
        if self.listen.ip().is_loopback() && !passed_on && !self.config.is_reached_from_outside() {
            return Ok(Access::Open);
        }
        let Some(records) = self.records else { return Err("this store keeps no sessions") };
        let url = self.config.url.as_ref();
        let secure = url.is_some_and(|url| url.scheme() == "https");
        let slack = match (&self.config.app, url) {
            (Some(app), Some(url)) => {
                WithSlack::new(self.client, app.clone(), url, self.api_url, Arc::clone(&records)).ok()
            }
            _ => None,
        };
        if slack.is_none() && self.token.is_none() {
            return Err(
                "others than this machine can reach it, and nobody could sign in: set `url` under [dashboard] \
                        with SLACK_CLIENT_ID and SLACK_API_SECRET, or PAGERSLACK_ADMIN_TOKEN",
            );
        }
        let sessions = Sessions::new(records, secure);
        Ok(Access::Guarded(Box::new(Gate { sessions, slack, token: self.token, secure })))
    }
}

impl Dashboard {
    /// The dashboard, if somebody could be let in to it. If not, the log says why.
    pub(crate) fn open(entrance: Arc<Entrance>, ways: Ways<'_>) -> Option<Arc<Self>> {
        let observations = ways.observations.clone();
        match ways.access() {
            Ok(access) => {
                let signs_in = matches!(access, Access::Guarded(_));
                tracing::info!(signs_in, "the dashboard is served");
                Some(Arc::new(Self {
                    entrance,
                    access,
                    live: Live::default(),
                    observations,
                    books: OnceLock::new(),
                }))
            }
            Err(why) => {
                tracing::info!(why, "the dashboard is not served");
                None
            }
        }
    }

    /// What keeps open pages up to date.
    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    /// Counts what these books hold.
    pub(crate) fn show_books(&self, books: Arc<Books>) {
        // There is one history for each bot: whichever comes first.
        let _ = self.books.set(books);
    }

    fn engine(&self) -> &Engine {
        self.entrance.engine()
    }
}

/// The routes.
pub(crate) fn router(dashboard: Arc<Dashboard>) -> Router {
    Router::new()
        .route("/", get(now::show))
        .route("/incidents/{team}/{id}", get(incident::show))
        .route("/queue", get(queue::show))
        .route("/queue/look-up", post(queue::look_up))
        .route("/coverage", get(coverage::show))
        .route("/reports", get(reports::show))
        .route("/reports/{sheet}", get(reports::file))
        .route("/live", get(live::watch))
        .route_layer(from_fn_with_state(Arc::clone(&dashboard), guard))
        .route(sign_in::SIGN_IN, get(sign_in::show))
        .route("/sign-in/slack", get(sign_in::begin))
        .route(SIGN_IN_CALLBACK, get(sign_in::finish))
        .route("/sign-in/token", post(sign_in::with_token))
        .route("/sign-out", post(sign_in::out))
        .route_layer(from_fn(with_headers))
        .with_state(dashboard)
        .merge(assets::router().route_layer(from_fn(with_headers)))
}

/// Only what comes from here is loaded and run, nobody shows a page in a frame, and no page is kept.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // With "no-referrer" a browser would not say that a form comes from here either: its origin would be "null".
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    // What is the same for everybody says so itself.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A page that is not there, or is another's: nobody can tell which.
fn absent(viewer: &access::Viewer) -> Response {
    let content = html! {
        h1 { "Nothing here" }
        p { "There is no such page, or it is not yours to see." }
        p { a href="/" { "What is open now" } }
    };
    (StatusCode::NOT_FOUND, layout::Page::new("Nothing here", viewer).render(&content)).into_response()
}

/// A page that cannot be made for want of the store.
fn unreadable(viewer: &access::Viewer, error: &StoreError) -> Response {
    tracing::error!(error = %Causes(error), "a page of the dashboard cannot be made");
    let content = html! {
        h1 { "The store cannot be read" }
        p { "PagerSlack's log says why. Nothing is lost: this page will be back when the store is." }
    };
    let page = layout::Page::new("The store cannot be read", viewer);
    (StatusCode::SERVICE_UNAVAILABLE, page.render(&content)).into_response()
}
