//! What whoever has the admin token may ask for: the statistics, another file in a file's place, and the API's tokens.
//!
//! Only requests that show the token act (P8), which is compared in constant time before anything else is read. Without
//! a token in the configuration all of it is off, and says so.

mod summary;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use futures_util::stream;
use jiff::Timestamp;
use pagerslack_core::{ChannelId, TeamId};
use pagerslack_store::Causes;
use serde::Deserialize;

use super::body;
use crate::admin::{Admin, Changed, LARGEST};
use crate::engine::Engine;
use crate::stats::{Format, Selection, Stats, StatsError, moment};

/// How long it may take to arrive.
const TIME: Duration = Duration::from_secs(30);

/// What the handlers share.
#[derive(Clone)]
struct Desk {
    /// `None` while it is off.
    admin: Option<Arc<Admin>>,
    engine: Arc<Engine>,
}

/// The routes.
pub(crate) fn router(admin: Option<Arc<Admin>>, engine: Arc<Engine>) -> Router {
    let desk = Desk { admin, engine };
    Router::new()
        .route("/api/v1/stats.csv", get(|desk, query| stats(desk, query, Format::Csv)))
        .route("/api/v1/stats.json", get(|desk, query| stats(desk, query, Format::Json)))
        .route("/api/v1/stats.jsonl", get(|desk, query| stats(desk, query, Format::Lines)))
        .route("/api/v1/stats/summary.json", get(summary::summary))
        .route("/api/v1/files/{name}", put(upload).delete(withdraw))
        .route("/api/v1/tokens", post(tokens::create).get(tokens::list))
        .route("/api/v1/tokens/{id}", delete(tokens::revoke))
        .route_layer(from_fn_with_state(desk.clone(), only_with_the_token))
        .with_state(desk)
}

async fn only_with_the_token(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let Some(admin) = &desk.admin else {
        let off = "the admin interface is off: set PAGERSLACK_ADMIN_TOKEN where the bot runs\n";
        return refusal(StatusCode::NOT_FOUND, off);
    };
    if bearer(request.headers()).is_some_and(|token| admin.token.is(token)) {
        return next.run(request).await;
    }
    desk.engine.metrics().admin_requests_refused.count();
    ([(header::WWW_AUTHENTICATE, "Bearer")], refusal(StatusCode::UNAUTHORIZED, "")).into_response()
}

/// The token that stands in the one `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// Nothing that came behind it on the connection is answered: it might be hidden there.
fn refusal(status: StatusCode, said: &'static str) -> Response {
    (status, [(header::CONNECTION, "close")], said).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    since: Option<String>,
    until: Option<String>,
    channel: Option<String>,
    workspace: Option<String>,
}

/// Reads a moment that has a name.
fn at(name: &str, text: Option<String>) -> Result<Option<Timestamp>, String> {
    text.map(|text| moment(&text)).transpose().map_err(|what| format!("{name} {what}\n"))
}

impl Which {
    fn selection(self) -> Result<Selection, String> {
        Ok(Selection {
            since: at("since", self.since)?,
            until: at("until", self.until)?,
            channel: self.channel.map(ChannelId::new),
            team: self.workspace.map(TeamId::new),
        })
    }
}

async fn stats(
    State(desk): State<Desk>,
    which: Result<Query<Which>, QueryRejection>,
    format: Format,
) -> Response {
    let Some(admin) = desk.admin else { return StatusCode::NOT_FOUND.into_response() };
    let selection =
        match which.map_err(|error| format!("{}\n", error.body_text())).and_then(|it| it.0.selection()) {
            Ok(selection) => selection,
            Err(said) => return (StatusCode::BAD_REQUEST, said).into_response(),
        };
    let mut stats = Stats::new(Arc::clone(&admin.archive), selection, format);
    // The names tell nothing of the store: an error in the first rows can still be a status.
    let begun = async {
        let names = stats.piece().await?;
        Ok::<_, StatsError>([names, stats.piece().await?])
    };
    match begun.await {
        Ok(begun) => {
            let kind = match format {
                Format::Csv => "text/csv; charset=utf-8; header=present",
                Format::Json => "application/json",
                Format::Lines => "application/jsonl",
            };
            let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
            (headers, streamed(begun.into_iter().flatten().collect(), stats)).into_response()
        }
        Err(error) => {
            tracing::warn!(error = %Causes(&error), "the statistics cannot be told");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", Causes(&error))).into_response()
        }
    }
}

/// Piece by piece, as fast as they are taken. What breaks off is no answer: the connection ends without its last piece.
fn streamed(begun: Vec<Vec<u8>>, stats: Stats) -> Body {
    let begun = begun.into_iter();
    Body::from_stream(stream::unfold(Some((begun, stats)), |state| async {
        let (mut begun, mut stats) = state?;
        if let Some(piece) = begun.next() {
            return Some((Ok(Bytes::from(piece)), Some((begun, stats))));
        }
        match stats.piece().await {
            Ok(piece) => Some((Ok(Bytes::from(piece?)), Some((begun, stats)))),
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "the statistics broke off");
                Some((Err(error), None))
            }
        }
    }))
}

async fn upload(State(desk): State<Desk>, Path(name): Path<String>, request: Request) -> Response {
    let Some(admin) = desk.admin else { return StatusCode::NOT_FOUND.into_response() };
    let (head, body) = request.into_parts();
    match body::read_within(&head.headers, body, LARGEST, TIME).await {
        Ok(content) => told(admin.change(&name, Some(content.to_vec().into())).await),
        Err(StatusCode::PAYLOAD_TOO_LARGE) => {
            refusal(StatusCode::PAYLOAD_TOO_LARGE, "a file of more than 4 MiB is not taken\n")
        }
        Err(status) => refusal(status, ""),
    }
}

async fn withdraw(State(desk): State<Desk>, Path(name): Path<String>) -> Response {
    match desk.admin {
        Some(admin) => told(admin.change(&name, None).await),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn told(changed: Changed) -> Response {
    let (status, said) = match changed {
        Changed::Done(said) => (StatusCode::OK, said),
        Changed::Unknown(said) => (StatusCode::NOT_FOUND, said),
        Changed::Meanwhile(said) => (StatusCode::CONFLICT, said),
        Changed::Broken(said) => (StatusCode::UNPROCESSABLE_ENTITY, said),
        Changed::Failed(said) => (StatusCode::SERVICE_UNAVAILABLE, said),
    };
    (status, format!("{said}\n")).into_response()
}
