//! The dashboard's pages over a hundred thousand incidents, of which fifty are open: from the request to the whole page,
//! in process, so that no network is measured.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use jiff::{SignedDuration, Timestamp};
use pagerslack_slack::HttpTransport;
use pagerslack_store::{Backend, Sqlite};
use tower::ServiceExt as _;

use crate::Bench;
use crate::figure::{Figure, median, milliseconds};
use crate::{incidents, roles};

/// How many incidents there are, and how many of them are open.
const INCIDENTS: usize = 100_000;
const OPEN: usize = 50;

/// How many commits are under way at a time while the database is filled.
const TASKS: usize = 256;

const TIMES: usize = 15;

/// The page is there within this time, in milliseconds.
const PAGE: f64 = 200.0;

/// Measures each page on a full database.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    bench.progress("dashboard: filling the database");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let now = Timestamp::now();
        let store = Arc::new(Sqlite::open(&bench.file("dashboard.db"))?);
        let closed = INCIDENTS - OPEN;
        // One a minute: those of the last day are among them.
        let at = move |number: usize| {
            now - SignedDuration::from_mins(i64::try_from(closed.saturating_sub(number)).unwrap_or(i64::MAX))
        };
        let reported = move |number| {
            let [reported, _] = incidents::taken(number, at(number));
            (number < closed).then_some(reported)
        };
        roles::commit_all(&store, TASKS, reported).await?;
        let taken = move |number| {
            let [_, taken] = incidents::taken(number, at(number));
            (number < closed).then_some(taken)
        };
        roles::commit_all(&store, TASKS, taken).await?;
        let open = move |number| (number < OPEN).then(|| incidents::paged(closed + number, now));
        roles::commit_all(&store, TASKS, open).await?;
        let backend: Arc<dyn Backend> = Arc::<Sqlite>::clone(&store);
        let bot = roles::assemble(store, Arc::new(HttpTransport::new()?), roles::NOBODY).await?;
        let bot = bot.with_uploads(&backend);
        let books = bot.books().context("a bot with a store has books")?;
        bench.progress("dashboard: reading the history");
        books.fill(now).await?;
        let report = incidents::report(INCIDENTS / 2);
        let incident = format!("/incidents/{}/{}", report.rotation.team, report.incident);
        let mut figures = Vec::new();
        let pages = [
            ("now", "/"),
            ("incident", &incident),
            ("queue", "/queue"),
            ("coverage", "/coverage"),
            ("reports of a month", "/reports"),
            ("reports of a year", "/reports?period=year"),
        ];
        for (name, path) in pages {
            let mut times = Vec::new();
            for _ in 0..TIMES {
                times.push(fetched(&bot.router(), path).await?);
            }
            let name = format!("dashboard: {name}");
            figures.push(Figure::at_most(&name, (median(&times), "ms"), (PAGE, "ms")));
        }
        Ok(figures)
    })
}

/// How long a page takes, in milliseconds.
async fn fetched(router: &Router, path: &str) -> Result<f64> {
    let request = http::Request::get(path).header("host", "localhost").body(Body::empty())?;
    let begun = Instant::now();
    let response = router.clone().oneshot(request).await?;
    ensure!(response.status() == 200, "{path}: {}", response.status());
    let page = to_bytes(response.into_body(), usize::MAX).await?;
    let took = milliseconds(begun.elapsed());
    ensure!(page.len() > 1_000, "{path} is empty");
    Ok(took)
}
