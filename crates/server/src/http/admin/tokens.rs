//! The tokens of the API, made, listed and revoked by whoever has the admin token.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use pagerslack_store::Causes;

use super::{Desk, refusal};
use crate::http::body;
use crate::tokens::{TokenError, Tokens, Wanted, only_team};

/// The largest order that is read.
const LARGEST: usize = 64 * 1024;

/// How long it may take to arrive.
const TIME: Duration = Duration::from_secs(5);

impl Desk {
    fn tokens(&self) -> Option<Tokens> {
        self.admin.as_ref().map(|admin| Tokens::new(std::sync::Arc::clone(&admin.records)))
    }
}

/// Makes one; its text is in this answer and nowhere else.
pub(super) async fn create(State(desk): State<Desk>, request: Request) -> Response {
    let Some(tokens) = desk.tokens() else { return StatusCode::NOT_FOUND.into_response() };
    let (head, body) = request.into_parts();
    let body = match body::read_within(&head.headers, body, LARGEST, TIME).await {
        Ok(body) => body,
        Err(status) => return refusal(status, ""),
    };
    let mut wanted: Wanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    };
    let made = async {
        if wanted.team.is_none() {
            wanted.team = only_team(&**desk.engine.store()).await?;
        }
        tokens.create(wanted, desk.engine.clock().now()).await
    };
    match made.await {
        Ok(made) => {
            let (id, name, team) = (&made.token.id, &made.token.name, &made.token.team);
            tracing::info!(id, name, %team, "a token of the API was made");
            ([(header::CACHE_CONTROL, "no-store")], Json(made)).into_response()
        }
        Err(error) => failed(&error),
    }
}

/// Lists them.
pub(super) async fn list(State(desk): State<Desk>) -> Response {
    let Some(tokens) = desk.tokens() else { return StatusCode::NOT_FOUND.into_response() };
    match tokens.list().await {
        Ok(tokens) => ([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response(),
        Err(error) => failed(&error.into()),
    }
}

/// Takes one away.
pub(super) async fn revoke(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let Some(tokens) = desk.tokens() else { return StatusCode::NOT_FOUND.into_response() };
    match tokens.revoke(&id).await {
        Ok(true) => {
            tracing::info!(id, "a token of the API was revoked");
            (StatusCode::OK, format!("The token {id} is revoked.\n")).into_response()
        }
        Ok(false) => {
            let said =
                format!("there is no token {id}: `pagerslack token list` shows those that there are\n");
            (StatusCode::NOT_FOUND, said).into_response()
        }
        Err(error) => failed(&error.into()),
    }
}

fn failed(error: &TokenError) -> Response {
    let status = match error {
        TokenError::Wrong(what) => {
            return (StatusCode::UNPROCESSABLE_ENTITY, format!("{what}\n")).into_response();
        }
        TokenError::Store(_) | TokenError::NoRandomness(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    tracing::warn!(error = %Causes(error), "the tokens of the API cannot be kept");
    (status, format!("{}\n", Causes(error))).into_response()
}
