//! A load balancer as simple as they come: each request goes to the next replica in turn.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpSocket;
use tokio::task::AbortHandle;

/// Where one of them listens, and the port kept while nobody does.
pub(super) struct Place {
    pub(super) address: SocketAddr,
    _port: TcpSocket,
}

impl Place {
    /// A free port.
    pub(super) fn take() -> Self {
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        Self { address: port.local_addr().unwrap(), _port: port }
    }
}

/// What becomes of a request that a replica does not take at all, since nobody listens there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Whoever sent it hears of it.
    Told,
    /// The next replica gets it, as with every balancer that is worth its name.
    PassedOn,
}

/// The balancer, until it is dropped.
pub(super) struct Balancer(AbortHandle);

struct Turns {
    replicas: Vec<SocketAddr>,
    next: AtomicUsize,
    refused: Refused,
    client: reqwest::Client,
}

impl Balancer {
    /// Listens at an address, before these.
    pub(super) fn start(listen: SocketAddr, replicas: Vec<SocketAddr>, refused: Refused) -> Self {
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let turns = Arc::new(Turns { replicas, next: AtomicUsize::new(0), refused, client });
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(listen).unwrap();
        let listener = socket.listen(1_024).unwrap();
        let router = Router::new().fallback(pass_on).with_state(turns);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self(serving.abort_handle())
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn pass_on(State(turns): State<Arc<Turns>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let first = turns.next.fetch_add(1, Ordering::Relaxed);
    let tries = if turns.refused == Refused::PassedOn { turns.replicas.len() } else { 1 };
    for turn in first..first + tries {
        let replica = turns.replicas[turn % turns.replicas.len()];
        let url = format!("http://{replica}{}", head.uri);
        let request = turns.client.request(head.method.clone(), url).headers(head.headers.clone());
        match request.body(body.clone()).send().await {
            Ok(answer) => {
                let (status, headers) = (answer.status(), answer.headers().clone());
                let Ok(body) = answer.bytes().await else { break };
                return (status, headers, Body::from(body)).into_response();
            }
            Err(error) if error.is_connect() => {}
            Err(_) => break,
        }
    }
    StatusCode::BAD_GATEWAY.into_response()
}
