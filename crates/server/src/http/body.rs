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
/// 413 for a body over [`LIMIT`], 408 for one that comes too slowly, 400 for one that breaks off, 501 for one in a
/// coding that nobody undoes here.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, StatusCode> {
    read_within(headers, body, LIMIT, TIME).await
}

/// The same with other limits.
pub(super) async fn read_within(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    time: Duration,
) -> Result<Bytes, StatusCode> {
    if !only_in_pieces(headers) {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match tokio::time::timeout(time, collect(body, limit)).await {
        Ok(result) => result,
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Whether a body comes as it is, but perhaps in pieces. hyper undoes `chunked` at the end of a list and leaves what
/// stands before it, so that a proxy in front might have read another body. RFC 9112, 6.1.
fn only_in_pieces(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let only = codings.next().is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    only && codings.next().is_none()
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, StatusCode> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0).min(limit);
    let mut stream = body.into_data_stream();
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut length = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        length += chunk.len();
        if length > limit {
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

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};
    use tokio::time::timeout;

    use super::*;

    async fn check(body: Body, limit: usize, seconds: u64) -> Result<usize, StatusCode> {
        let time = Duration::from_secs(seconds);
        read_within(&HeaderMap::new(), body, limit, time).await.map(|body| body.len())
    }

    fn pieces(count: usize) -> impl futures_util::Stream<Item = Result<&'static str, std::io::Error>> {
        stream::iter((0..count).map(|_| Ok("four")))
    }

    /// Whoever takes other limits than those of Slack's requests gets just these.
    #[tokio::test(start_paused = true)]
    async fn each_has_its_own_limits() {
        assert_eq!(check(Body::from_stream(pieces(3)), 12, 30).await, Ok(12));
        assert_eq!(check(Body::from_stream(pieces(3)), 11, 30).await, Err(StatusCode::PAYLOAD_TOO_LARGE));
        let hangs = || check(Body::from_stream(pieces(1).chain(stream::pending())), 12, 30);
        assert!(timeout(Duration::from_secs(29), hangs()).await.is_err(), "it is waited for so long");
        assert_eq!(hangs().await, Err(StatusCode::REQUEST_TIMEOUT));
    }
}
