//! Accepting connections, each with a deadline for its headers, until told to stop.

use std::time::Duration;

use axum::Router;
use futures_util::FutureExt as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How long a client may take over a request's headers, and how long an idle connection is kept.
/// `axum::serve` knows no such limit: half a request would stay open for ever.
const HEADERS: Duration = Duration::from_secs(30);

/// How much of a request is held before its headers are complete: far more than Slack sends, and a sixth of what hyper
/// would hold for everybody who connects. One read may go beyond it once.
const HELD: usize = 64 * 1024;

/// How long a failing `accept` (too many open files, say) rests before the next.
const REST: Duration = Duration::from_millis(50);

/// Serves until `shutdown`, then lets requests under way finish.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let graceful = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot accept a connection");
                    tokio::time::sleep(REST).await;
                    continue;
                }
            },
        };
        serve_one(stream, &router, &graceful);
    }
    // Whoever stands in line has been let in by the system, and would be turned away without a word.
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        serve_one(stream, &router, &graceful);
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Serves one connection on a task of its own.
fn serve_one(stream: TcpStream, router: &Router, graceful: &GracefulShutdown) {
    // Answers are small and must not wait for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = &error as &dyn std::error::Error, "cannot set TCP_NODELAY");
    }
    let service = TowerToHyperService::new(router.clone());
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(HELD)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended badly");
        }
    });
}
