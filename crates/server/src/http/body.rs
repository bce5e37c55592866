//! Reading a request's body, bounded in size and time.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

/// The largest body that is read: 256 KiB. Slack's largest payloads, messages with many blocks, stay well
/// below.
pub(super) const LIMIT: usize = 256 * 1024;

/// How long a body may take to arrive. Slack waits three seconds for the answer.
const TIME: Duration = Duration::from_secs(5);

/// Reads the whole body.
///
/// # Errors
///
/// 413 for a body over [`LIMIT`], 408 for one that comes too slowly, 400 for one that breaks off.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, StatusCode> {
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > LIMIT as u64) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match tokio::time::timeout(TIME, collect(body)).await {
        Ok(result) => result,
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

async fn collect(body: Body) -> Result<Bytes, StatusCode> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0).min(LIMIT);
    let mut stream = body.into_data_stream();
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut length = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        length += chunk.len();
        if length > LIMIT {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        match &first {
            // Nearly every body comes in one piece, which then needs no copy.
            None => first = Some(chunk),
            Some(head) => {
                if rest.is_empty() {
                    rest.reserve(expected);
                    rest.extend_from_slice(head);
                }
                rest.extend_from_slice(&chunk);
            }
        }
    }
    Ok(if rest.is_empty() { first.unwrap_or_default() } else { rest.freeze() })
}
