//! The web dashboard: what is open, why somebody was asked, whose turn it is.
//!
//! - `access`: who gets in, and whom a page is made for ([`access::Viewer`]). Every page asks for a viewer, so none is
//!   shown to anybody else.
//! - `layout`: what all pages have in common. One file for each page: `now`, `incident`, `queue`.
//! - `live`: tells open pages that something has changed. `assets`: the style sheet and the script, in the binary.
//! - `names`, `moments`: people, places and times as pages say them.
//!
//! Invariants: pages only read; what acts comes by POST from a page of ours. Everything works without a script, which
//! only keeps a page up to date. Nothing is loaded from elsewhere. People see their own workspaces only, and what is not
//! there looks just like what is another's.

mod access;
mod assets;
mod incident;
mod layout;
mod live;
mod moments;
mod names;
mod now;
mod queue;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::html;
use pagerslack_store::{Causes, StoreError};

use crate::engine::Engine;
use crate::entrance::Entrance;

pub(crate) use access::Access;
pub(crate) use live::Live;

/// What the pages share.
pub(crate) struct Dashboard {
    entrance: Arc<Entrance>,
    access: Access,
    live: Live,
}

impl Dashboard {
    /// A dashboard for those whom `access` lets in.
    pub(crate) fn new(entrance: Arc<Entrance>, access: Access) -> Self {
        Self { entrance, access, live: Live::default() }
    }

    /// What keeps open pages up to date.
    pub(crate) fn live(&self) -> &Live {
        &self.live
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
        .route("/live", get(live::watch))
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
        (header::REFERRER_POLICY, "no-referrer"),
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
