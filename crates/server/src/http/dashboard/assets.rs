//! The style sheet, the script and the icon. Their names hold their content's hash, so that a browser may keep them for good.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::vault::hex;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("live.js");
const ICON: &str = include_str!("icon.svg");

/// Where the style sheet is.
pub(super) static STYLE_AT: LazyLock<String> = LazyLock::new(|| named(STYLE, "css"));

/// Where the script is.
pub(super) static SCRIPT_AT: LazyLock<String> = LazyLock::new(|| named(SCRIPT, "js"));

/// Where the icon is.
pub(super) static ICON_AT: LazyLock<String> = LazyLock::new(|| named(ICON, "svg"));

fn named(content: &str, kind: &str) -> String {
    let digest = hex(&Sha256::digest(content.as_bytes()));
    let short: String = digest.chars().take(16).collect();
    format!("/assets/{short}.{kind}")
}

/// All of them, for everybody: they tell nothing.
pub(super) fn router() -> Router {
    Router::new()
        .route(&STYLE_AT, get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route(&SCRIPT_AT, get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }))
        .route(&ICON_AT, get(|| async { asset("image/svg+xml", ICON) }))
}

fn asset(kind: &'static str, content: &'static str) -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, content)
}
