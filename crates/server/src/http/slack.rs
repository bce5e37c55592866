//! Slack's requests: verified, parsed, handed to the engine, answered within three seconds.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pagerslack_slack::inbound;

use super::{App, Proof, body};
use crate::engine::Reply;

const TIMESTAMP: HeaderName = HeaderName::from_static("x-slack-request-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("x-slack-signature");

/// Takes one request.
pub(super) async fn receive(State(app): State<Arc<App>>, request: Request) -> Response {
    let counters = app.engine().counters();
    let (head, body) = request.into_parts();
    let headers = &head.headers;
    let body = match body::read(headers, body).await {
        Ok(body) => body,
        Err(status) => {
            match status {
                StatusCode::PAYLOAD_TOO_LARGE => counters.requests_too_large.count(),
                StatusCode::REQUEST_TIMEOUT => counters.requests_too_slow.count(),
                _ => counters.requests_malformed.count(),
            }
            return refusal(status);
        }
    };
    let header = |name| single(headers, name);
    let verified = app.proof.as_ref().is_some_and(|proof| match proof {
        Proof::Token(token) => token.verify(&body),
        Proof::Signature(secret) => {
            secret.verify(header(TIMESTAMP), header(SIGNATURE), &body, app.engine().clock().now()).is_ok()
        }
    });
    if !verified {
        counters.requests_unsigned.count();
        return refusal(StatusCode::UNAUTHORIZED);
    }
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if app.entrance.installations().is_some()
        && let Some(belonging) = inbound::belonging(&body)
        && !app.entrance.belongs(&belonging).await
    {
        return answer(Reply::Again);
    }
    answer(app.entrance.receive(inbound::parse(content_type, &body)).await)
}

/// Nothing that came behind it on the connection is answered: it might be hidden there.
fn refusal(status: StatusCode) -> Response {
    (status, [(header::CONNECTION, "close")]).into_response()
}

/// A header that stands there once. Of two, a proxy in front may have checked the other.
fn single(headers: &HeaderMap, name: HeaderName) -> Option<&[u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { Some(first.as_bytes()) }
}

fn answer(reply: Reply) -> Response {
    match reply {
        Reply::Done => StatusCode::OK.into_response(),
        Reply::Ephemeral(_) | Reply::View(_) | Reply::Faults(_) => Json(reply.payload()).into_response(),
        Reply::Challenge(challenge) => {
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], challenge).into_response()
        }
        Reply::Again => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
