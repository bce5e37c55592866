//! Tells open pages that something has changed, by server-sent events. What, they read from the page itself.
//!
//! ```text
//! a commit here ─► Engine::changes ─┐
//! one elsewhere ─► polled for ──────┴─► /live, for each viewer what is theirs ─► the page is read again
//! ```
//!
//! Invariants: so many listen at most, and nobody for longer than [`LONGEST`], after which their browser comes back and
//! is looked at anew. Nobody keeps the process from stopping.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt as _, future, stream};
use pagerslack_core::{IncidentId, TeamId};
use pagerslack_store::Causes;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::Dashboard;
use super::access::Viewer;
use crate::engine::{Change, Engine};

/// How many listen at a time: each holds a connection.
const MOST: usize = 200;

/// How often a connection on which nothing happens is heard of, so that nothing on the way takes it for dead.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// How long somebody listens before they have to come again.
const LONGEST: Duration = Duration::from_secs(600);

/// How often it is looked whether another process has changed something, while somebody watches.
const POLL: Duration = Duration::from_secs(3);

/// How many open incidents are polled.
const POLLED: usize = 500;

/// Those who listen.
pub(crate) struct Live {
    places: Arc<Semaphore>,
    end: CancellationToken,
}

impl Default for Live {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(MOST)), end: CancellationToken::new() }
    }
}

impl Live {
    /// Lets everybody go, and nobody listen any more: their browsers come back elsewhere.
    pub(crate) fn end(&self) {
        self.end.cancel();
    }

    /// Looks for what other processes have changed, for as long as it is let.
    pub(crate) async fn poll(&self, engine: Arc<Engine>) {
        let mut seen = None;
        loop {
            tokio::select! {
                () = self.end.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
            if !engine.is_watched() {
                seen = None;
                continue;
            }
            seen = poll_once(&engine, seen).await;
        }
    }
}

type Versions = BTreeMap<(TeamId, IncidentId), u64>;

/// Compares the open incidents with those seen before, and tells of every difference.
async fn poll_once(engine: &Engine, seen: Option<Versions>) -> Option<Versions> {
    match versions(engine).await {
        Ok(found) => {
            for (team, incident, seq) in seen.iter().flat_map(|seen| differences(seen, &found)) {
                engine.changed(&team, &incident, seq);
            }
            Some(found)
        }
        Err(error) => {
            tracing::debug!(error = %Causes(&error), "open incidents were not looked at");
            seen
        }
    }
}

/// What has come, gone on, or is open no longer.
fn differences(seen: &Versions, found: &Versions) -> Vec<(TeamId, IncidentId, u64)> {
    let on = found.iter().filter(|(key, version)| seen.get(key) != Some(version));
    let over = seen.iter().filter(|(key, _)| !found.contains_key(key));
    let on = on.map(|((team, incident), version)| (team.clone(), incident.clone(), *version));
    let over =
        over.map(|((team, incident), version)| (team.clone(), incident.clone(), version.saturating_add(1)));
    on.chain(over).collect()
}

async fn versions(engine: &Engine) -> Result<Versions, pagerslack_store::StoreError> {
    let mut found = Versions::new();
    for (team, incident) in engine.store().open_incidents_after(None, POLLED).await? {
        if let Some(stored) = engine.store().load(&team, &incident).await? {
            let version = stored.log.last().map_or(0, |recorded| recorded.seq);
            found.insert((team, incident), version);
        }
    }
    Ok(found)
}

/// Listens for whoever looks at a page.
pub(super) async fn watch(State(dashboard): State<Arc<Dashboard>>, viewer: Viewer) -> Response {
    let live = dashboard.live();
    let place = Arc::clone(&live.places).try_acquire_owned();
    let (Ok(place), false) = (place, live.end.is_cancelled()) else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "10")]).into_response();
    };
    let changes = changes(dashboard.engine().changes(), viewer, place);
    let over =
        future::select(Box::pin(live.end.clone().cancelled_owned()), Box::pin(tokio::time::sleep(LONGEST)));
    // The first word opens the page's ear at once, whatever buffers on the way.
    let hello = stream::iter([Ok(Event::default().event("hello").data("listening"))]);
    let events = hello.chain(changes).take_until(over);
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // Or nginx would hold them back until it has a pageful.
    ([(HeaderName::from_static("x-accel-buffering"), "no")], events).into_response()
}

/// What happens in the viewer's workspaces. The place is given up with the stream.
fn changes(
    from: Receiver<Change>,
    viewer: Viewer,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((from, viewer, place), |(mut from, viewer, place)| async move {
        loop {
            let event = match from.recv().await {
                Ok(change) if viewer.sees(&change.team) => {
                    Event::default().event("change").data(format!("{} {}", change.incident, change.seq))
                }
                Ok(_) => continue,
                // Some were missed: the page is to be read again whatever they were.
                Err(RecvError::Lagged(_)) => Event::default().event("change").data("missed"),
                Err(RecvError::Closed) => return None,
            };
            return Some((Ok(event), (from, viewer, place)));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_went_on_and_ended_is_told() {
        let versions = |all: &[(&str, u64)]| -> Versions {
            all.iter().map(|(id, version)| (("T1".into(), IncidentId::new(id)), *version)).collect()
        };
        let (seen, found) =
            (versions(&[("A", 3), ("B", 2), ("C", 5)]), versions(&[("A", 3), ("B", 4), ("D", 1)]));
        let told: Vec<String> =
            differences(&seen, &found).into_iter().map(|(_, id, seq)| format!("{id} {seq}")).collect();
        assert_eq!(told, ["B 4", "D 1", "C 6"]);
        assert!(differences(&found, &found).is_empty());
    }
}
