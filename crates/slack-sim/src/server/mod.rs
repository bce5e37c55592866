//! A world over real sockets: Web API, deliveries, Socket Mode and the page.
//!
//! ```text
//!           ┌ /api, /response ─► World ─► take_due ─► deliver ─┬─► POST to the app's URLs
//! accept ─► ┤ /link/{ticket}  ─► Sockets ◄─────────────────────┘
//!           └ /, /sim         ─► page
//! ```
//!
//! Lateness is judged here by real time; the world's own judgement, by simulated time, is switched off.

mod deliver;
mod latency;
mod page;
mod socket;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Router, http};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use url::Url;

use self::latency::Latency;
pub use self::socket::Sockets;
use crate::api::{Answer, SignInRequest};
use crate::handle::SimHandle;

/// Larger requests than any that Slack takes.
const LARGEST_BODY: usize = 4 << 20;
/// A call without an answer is let go after this time.
const LONGEST_HANG: Duration = Duration::from_secs(60);

/// A fake Slack that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Shared,
}

/// What every request needs.
#[derive(Debug, Clone)]
struct Shared {
    handle: SimHandle,
    sockets: Sockets,
    side_panel: Option<Url>,
    latency: Latency,
}

impl Server {
    /// Listens at an address, and makes the world point there. Port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(address: SocketAddr, handle: SimHandle) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        handle.with(|world, _| {
            world.set_public_url(&format!("http://{address}"));
            world.judge_lateness(false);
        });
        Ok(Self {
            listener,
            address,
            shared: Shared {
                handle,
                sockets: Sockets::default(),
                side_panel: None,
                latency: Latency::none(),
            },
        })
    }

    /// Shows another page beside the channel; the channel goes along as `?channel=C…`.
    #[must_use]
    pub fn with_side_panel(mut self, url: Url) -> Self {
        self.shared.side_panel = Some(url);
        self
    }

    /// Lets every call take up to `longest` until it takes effect, and as long again until its answer, drawn from a
    /// seed. It takes effect even if the caller is gone by then.
    #[must_use]
    pub fn with_latency(mut self, longest: Duration, seed: u64) -> Self {
        self.shared.latency = Latency::up_to(longest, seed);
        self
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where the page is, such as `http://127.0.0.1:4000`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base of Web API calls, with a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/api/", self.url())
    }

    /// The Socket Mode connections, to watch and to harm.
    #[must_use]
    pub fn sockets(&self) -> Sockets {
        self.shared.sockets.clone()
    }

    /// Serves until told to stop; open connections are then dropped.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { listener, shared, .. } = self;
        let tasks = TaskTracker::new();
        tasks.spawn(deliver::run(shared.handle.clone(), shared.sockets.clone(), shutdown.clone()));
        let router = router(shared.clone());
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let serving = serve(stream, shared.clone(), router.clone(), shutdown.clone());
                    tasks.spawn(shutdown.clone().run_until_cancelled_owned(serving));
                }
                Err(error) => {
                    // Out of file descriptors, most likely; do not spin.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        shared.sockets.close_all();
        tasks.close();
        tasks.wait().await;
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/link/{ticket}", get(link))
        .route("/oauth/v2/authorize", get(authorize))
        .route("/openid/connect/authorize", get(sign_in))
        .merge(page::router())
        .with_state(shared)
}

async fn serve(stream: TcpStream, shared: Shared, router: Router, shutdown: CancellationToken) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (shared, router, shutdown) = (shared.clone(), router.clone(), shutdown.clone());
        async move {
            let path = request.uri().path();
            if path.starts_with("/api/") || path.starts_with("/response/") {
                return answer(shared, request, &shutdown).await;
            }
            match router.oneshot(request.map(Body::new)).await {
                Ok(response) => Ok(response),
                Err(impossible) => {
                    let _: Infallible = impossible;
                    Err(io::Error::other("no answer"))
                }
            }
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection ended");
    }
}

/// An error closes the connection without an answer.
async fn answer(
    shared: Shared,
    request: hyper::Request<Incoming>,
    shutdown: &CancellationToken,
) -> io::Result<Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(Body::new(body), LARGEST_BODY).await.map_err(io::Error::other)?;
    let request = http::Request::from_parts(parts, body);
    let answer = match shared.latency.draw() {
        None => shared.handle.http(request),
        // On a task of its own: when the caller hangs up, this very future is dropped.
        Some((before, after)) => tokio::spawn(async move {
            tokio::time::sleep(before).await;
            let answer = shared.handle.http(request);
            tokio::time::sleep(after).await;
            answer
        })
        .await
        .map_err(io::Error::other)?,
    };
    match answer {
        Answer::Respond(response) => Ok(response.map(Body::from)),
        Answer::Close => Err(io::Error::other("closed by a fault")),
        Answer::Hang => {
            let _ = tokio::time::timeout(LONGEST_HANG, shutdown.cancelled()).await;
            Err(io::Error::other("hung by a fault"))
        }
    }
}

/// Socket Mode.
async fn link(
    State(shared): State<Shared>,
    Path(ticket): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !shared.handle.with(|world, _| world.redeem_ticket(&ticket)) {
        return (http::StatusCode::NOT_FOUND, "this address is used up").into_response();
    }
    let app_id = shared.handle.read(|world| world.app().app_id.clone());
    upgrade.on_upgrade(move |socket| shared.sockets.serve(socket, app_id))
}

#[derive(Debug, Deserialize)]
struct Authorize {
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
}

/// The page on which somebody signs in, answered at once: see [`World::set_signing_in`](crate::World::set_signing_in).
async fn sign_in(State(shared): State<Shared>, Query(asked): Query<SignInRequest>) -> Response {
    match shared.handle.with(|world, now| world.sign_in(now, &asked)) {
        Ok(back) => Redirect::to(back.as_str()).into_response(),
        Err(error) => (http::StatusCode::BAD_REQUEST, error).into_response(),
    }
}

/// The consent page, answered at once: see [`World::set_consent`](crate::World::set_consent).
async fn authorize(State(shared): State<Shared>, Query(asked): Query<Authorize>) -> Response {
    let Authorize { client_id, redirect_uri, state } = &asked;
    let back =
        shared.handle.with(|world, now| world.authorize(now, client_id, redirect_uri, state.as_deref()));
    match back {
        Ok(back) => Redirect::to(back.as_str()).into_response(),
        Err(error) => (http::StatusCode::BAD_REQUEST, error).into_response(),
    }
}
