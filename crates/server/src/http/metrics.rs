//! `GET /metrics`: what [`crate::metrics`] has counted, as whoever scrapes understands it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use pagerslack_store::StoreError;

use super::App;

/// How long a scrape waits for the store: less than Prometheus waits for a scrape, which is ten seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many due jobs are counted at most: far more than there are while they are done.
const COUNTED: usize = 1_000;

/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Source: the OpenMetrics specification, version 1.0.0, "Content-Type".
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything, as OpenMetrics to whoever accepts that.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    look(&app).await;
    let metrics = app.engine().metrics();
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let open = accepts.flat_map(|value| value.split(',')).any(is_open_metrics);
    let (kind, text) = if open { (OPEN_METRICS, metrics.open_metrics()) } else { (TEXT, metrics.text()) };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn is_open_metrics(accepted: &str) -> bool {
    accepted
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/openmetrics-text"))
}

/// Takes in what is true only at the moment of asking.
async fn look(app: &App) {
    let engine = app.engine();
    let metrics = engine.metrics();
    let now = engine.clock().now();
    let asked = tokio::time::timeout(PATIENCE, async {
        engine.store().probe().await?;
        Ok::<_, StoreError>((engine.store().next_due().await?, engine.store().due(now, COUNTED).await?))
    });
    let found = asked.await.ok().and_then(Result::ok);
    let is_up = found.is_some();
    let (next, due) = found.unwrap_or_default();
    let age = next.map(|next| now.duration_since(next));
    metrics.jobs_oldest_due_age.set(age.unwrap_or(SignedDuration::ZERO));
    metrics.count_due(&due, now);
    metrics.store_up.set(usize::from(is_up));
    metrics.ready.set(usize::from(is_up && app.ready.load(Ordering::Acquire)));
    if let Some(links) = app.links.get() {
        let links = links.borrow();
        metrics.socket_mode_links.set(links.up);
        metrics.socket_mode_links_wanted.set(links.wanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_accepts_openmetrics_gets_it() {
        assert!(is_open_metrics(" application/openmetrics-text;version=1.0.0;q=0.5"));
        assert!(!is_open_metrics("text/plain;version=0.0.4") && !is_open_metrics("*/*"));
    }
}
