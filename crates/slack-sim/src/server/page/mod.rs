//! The page: a workspace to look at, to type and to click in, and the JSON behind it.
//!
//! Everything comes from here and nothing from elsewhere; the policy in its header says so to the browser.

mod act;
mod state;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::Shared;

const PAGE: &str = include_str!("page.html");
const CSS: &str = include_str!("page.css");
const SCRIPTS: [(&str, &str); 7] = [
    ("/page/page.js", include_str!("page.js")),
    ("/page/view.js", include_str!("view.js")),
    ("/page/text.js", include_str!("text.js")),
    ("/page/blocks.js", include_str!("blocks.js")),
    ("/page/messages.js", include_str!("messages.js")),
    ("/page/people.js", include_str!("people.js")),
    ("/page/composer.js", include_str!("composer.js")),
];

pub(super) fn router() -> Router<Shared> {
    let router = Router::new()
        .route("/", get(page))
        .route("/page/page.css", get(|| asset("text/css; charset=utf-8", CSS)))
        .route("/sim/state", get(state::state))
        .route("/sim/act", post(act::act));
    SCRIPTS.into_iter().fold(router, |router, (path, text)| {
        router.route(path, get(move || asset("text/javascript; charset=utf-8", text)))
    })
}

async fn page(State(shared): State<Shared>) -> Response {
    let beside =
        shared.side_panel.map_or_else(|| "'none'".to_owned(), |url| url.origin().ascii_serialization());
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
         frame-src {beside}; base-uri 'none'; form-action 'none'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, PAGE).into_response()
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
