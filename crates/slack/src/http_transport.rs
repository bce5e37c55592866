//! The real [`Transport`]: HTTPS by `reqwest`, with a limit on everything that could hang or grow.
//!
//! Invariant: only a failure to connect is reported as "not sent", and what a permit held back as "withheld". Redirects are not followed: a token is never
//! carried to another address.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use crate::transport::{Permit, Request, Response, Transport, TransportError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const KEEPALIVE: Duration = Duration::from_secs(20);
const IDLE_CONNECTION: Duration = Duration::from_secs(60);

/// The longest response that is read. A full `users.list` page of ours is about 0.5 MB.
pub const MAX_RESPONSE_BYTES: usize = 8 * 1024 * 1024;

/// HTTPS to Slack, through the system's proxy settings.
#[derive(Clone, Debug)]
pub struct HttpTransport(reqwest::Client);

impl HttpTransport {
    /// Builds the client with its connection pool.
    ///
    /// # Errors
    ///
    /// When the system offers no usable TLS.
    pub fn new() -> Result<Self, TransportError> {
        choose_tls_provider();
        reqwest::Client::builder()
            .user_agent(concat!("PagerSlack/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_keepalive(KEEPALIVE)
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE_CONNECTION)
            .http2_keep_alive_interval(KEEPALIVE)
            .http2_keep_alive_while_idle(true)
            .build()
            .map(Self)
            .map_err(|error| TransportError::NotSent(chain(&error)))
    }
}

/// Makes aws-lc-rs the TLS of the whole process. A second provider in the tree would otherwise panic at the
/// first connection; whoever chose before us keeps their choice.
pub(crate) fn choose_tls_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut builder = self.0.post(&request.url).timeout(request.timeout);
        if let Some(token) = &request.token {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
                TransportError::NotSent("the token holds characters no header may hold".to_owned())
            })?;
            bearer.set_sensitive(true);
            builder = builder.header(AUTHORIZATION, bearer);
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        request.may_go()?;
        builder = builder.header(CONTENT_TYPE, request.body.content_type());
        let bytes = request.body.into_bytes();
        builder = builder.body(match request.permit {
            Some(permit) => reqwest::Body::wrap(Permitted { permit, bytes: Some(bytes) }),
            None => bytes.into(),
        });
        let response = builder.send().await.map_err(failure)?;
        let status = response.status().as_u16();
        let retry_after =
            header(response.headers(), RETRY_AFTER.as_str()).and_then(|value| value.parse().ok());
        let scopes = header(response.headers(), "x-oauth-scopes");
        let date = header(response.headers(), DATE.as_str());
        Ok(Response { status, retry_after, scopes, date, body: read(response).await? })
    }
}

/// A body that is handed over only while its permit holds: when the connection stands, its TLS is agreed upon and the
/// next step is to write. Without its body Slack does nothing about a request.
struct Permitted {
    permit: Permit,
    bytes: Option<Bytes>,
}

impl Body for Permitted {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        Poll::Ready(self.bytes.take().map(|bytes| match self.permit.holds() {
            true => Ok(Frame::data(bytes)),
            false => Err(TransportError::Withheld),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

async fn read(mut response: reqwest::Response) -> Result<Bytes, TransportError> {
    let mut body = BytesMut::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| TransportError::Unknown(chain(&error.without_url())))?
    {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(TransportError::Unknown(format!(
                "the response is longer than {MAX_RESPONSE_BYTES} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(|value| value.trim().to_owned())
}

fn failure(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if is_withheld(&error) {
        TransportError::Withheld
    } else if error.is_connect() || error.is_builder() {
        TransportError::NotSent(chain(&error))
    } else {
        TransportError::Unknown(chain(&error))
    }
}

fn is_withheld(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if matches!(error.downcast_ref(), Some(TransportError::Withheld)) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The error and its causes in one line, because the error itself cannot be cloned.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Sends one request to a server that answers with `answer` and hangs up.
    async fn check(answer: &'static str, timeout: Duration) -> (Result<Response, TransportError>, String) {
        check_permitted(answer, timeout, None).await
    }

    async fn check_permitted(
        answer: &'static str,
        timeout: Duration,
        permit: Option<Permit>,
    ) -> (Result<Response, TransportError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/chat.postMessage", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut heard = vec![0; 4096];
            let length = socket.read(&mut heard).await.unwrap();
            socket.write_all(answer.as_bytes()).await.unwrap();
            if answer.is_empty() {
                let _ = socket.read(&mut [0; 1]).await;
            }
            String::from_utf8_lossy(&heard[..length]).to_lowercase()
        });
        let transport = HttpTransport::new().unwrap();
        let request = Request {
            url,
            token: Some(Token::new("xoxb-1")),
            body: Body::Json(Bytes::from_static(b"{}")),
            timeout,
            headers: Vec::new(),
            permit,
        };
        let response = transport.send(request).await;
        drop(transport);
        (response, server.await.unwrap())
    }

    use crate::transport::{Body, Token};

    #[tokio::test]
    async fn an_answer_of_any_status_is_a_response() {
        let answer = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\nx-oauth-scopes: commands, chat:write\r\ncontent-length: 2\r\n\r\n{}";
        let (response, heard) = check(answer, Duration::from_secs(5)).await;
        let response = response.unwrap();
        assert_eq!((response.status, response.retry_after), (429, Some(30)));
        assert_eq!(response.scopes.as_deref(), Some("commands, chat:write"));
        assert!(heard.contains("authorization: bearer xoxb-1"), "{heard}");
        assert!(heard.contains("content-type: application/json; charset=utf-8"), "{heard}");
    }

    #[tokio::test]
    async fn a_body_cut_short_and_a_silent_server_leave_it_unknown() {
        let (cut, _) =
            check("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"ok\":", Duration::from_secs(5)).await;
        assert!(matches!(cut, Err(TransportError::Unknown(_))), "{cut:?}");
        let (silent, _) = check("", Duration::from_millis(100)).await;
        assert!(matches!(silent, Err(TransportError::Unknown(_))), "{silent:?}");
    }

    #[tokio::test]
    async fn what_may_go_out_goes_out_whole() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let permit = Permit::new(|| true);
        let (response, heard) = check_permitted(answer, Duration::from_secs(5), Some(permit)).await;
        assert_eq!(response.unwrap().status, 200);
        assert!(heard.contains("content-length: 2") && !heard.contains("chunked"), "{heard}");
    }

    /// The process is stopped after its first look at the lease, while it connects.
    #[tokio::test]
    async fn what_may_go_out_no_longer_once_the_connection_stands_does_not() {
        let looks = AtomicUsize::new(0);
        let permit = Permit::new(move || looks.fetch_add(1, Ordering::Relaxed) == 0);
        let (response, heard) = check_permitted("", Duration::from_secs(5), Some(permit)).await;
        assert_eq!(response.unwrap_err(), TransportError::Withheld);
        assert!(!heard.contains("{}"), "{heard}");
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let answer = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(check(answer, Duration::from_secs(5)).await.0.unwrap().status, 302);
    }

    #[tokio::test]
    async fn nobody_listening_is_certainly_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let request = Request {
            url,
            token: None,
            body: Body::Form(Bytes::new()),
            timeout: Duration::from_secs(5),
            headers: Vec::new(),
            permit: None,
        };
        let error = HttpTransport::new().unwrap().send(request).await.unwrap_err();
        assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
    }
}
