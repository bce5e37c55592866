//! Old incidents leave the store that replicas share, which lives in memory, once a day; a row of each stays for the
//! statistics. A database on disk keeps everything.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::report::row;
use pagerslack_store::{Archive, Causes, Filed, StoreError};

use crate::clock::Clock;
use crate::engine::Engine;

/// How often it is looked for old incidents.
const EVERY: Duration = Duration::from_secs(24 * 3_600);

/// How many incidents are looked at at once.
const PAGE: usize = 50;

/// Whether nothing has happened in an incident for so long that it is kept no longer. An open one is never old.
fn is_old(filed: &Filed, retention: SignedDuration, now: Timestamp) -> bool {
    let is_open = filed.index.as_ref().is_none_or(|index| index.open);
    let last = filed.stored.log.last().map(|recorded| recorded.at);
    !is_open && last.is_some_and(|last| now.duration_since(last) > retention)
}

/// Takes out what is old, and says how many incidents that were.
///
/// # Errors
/// When the store cannot be read or written. What was taken out by then is, with its row.
pub(crate) async fn take_out_old(
    archive: &dyn Archive,
    retention: SignedDuration,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (mut taken, mut next) = (0, None);
    loop {
        let page = archive.incidents(next, PAGE).await?;
        for filed in page.items.iter().filter(|filed| is_old(filed, retention, now)) {
            // A log that tells of no incident has no row, and stays.
            let Some(row) = row(&filed.stored.log).and_then(|row| serde_json::to_vec(&row).ok()) else {
                continue;
            };
            taken += u64::from(archive.retire(filed, row).await?);
        }
        next = page.next;
        if next.is_none() {
            return Ok(taken);
        }
    }
}

/// Looks once a day, from the start on.
pub(crate) async fn run(archive: Arc<dyn Archive>, engine: Arc<Engine>, clock: Arc<dyn Clock>) {
    loop {
        match take_out_old(&*archive, engine.settings().retention, clock.now()).await {
            Ok(0) => {}
            Ok(incidents) => {
                tracing::info!(incidents, "old incidents were taken out; their rows stay for the statistics")
            }
            Err(error) => tracing::warn!(error = %Causes(&error), "old incidents were not taken out"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use pagerslack_core::incident::Via;
    use pagerslack_core::{Event, Recorded, Report, RotationId};
    use pagerslack_store::{Commit, IncidentIndex, Sqlite, Store};

    use super::*;
    use crate::stats::{Format, Selection, Stats};

    fn day(day: i64) -> Timestamp {
        let first: Timestamp = "2026-08-01T12:00:00Z".parse().unwrap();
        first + SignedDuration::from_hours(24 * day)
    }

    async fn happens(store: &Sqlite, number: i64, open: bool) {
        let rotation = RotationId::new("T1".into(), "C1".into());
        let (incident, url) = (format!("i{number}"), format!("https://example.com/{number}"));
        let mut commit = Commit::new("T1".into(), incident.as_str().into(), 0);
        let report = Report {
            incident: incident.as_str().into(),
            rotation: rotation.clone(),
            url: url.clone(),
            note: String::new(),
            reporter: "U1".into(),
            machine: None,
            first: None,
            response_url: None,
        };
        commit.events.push(Recorded { seq: 1, at: day(number), event: Event::Reported(report) });
        if !open {
            let event = Event::Acknowledged { by: "U2".into(), via: Via::Reaction, zone: None };
            commit.events.push(Recorded { seq: 2, at: day(number), event });
        }
        commit.index = Some(IncidentIndex { rotation, url, open });
        store.commit(commit).await.unwrap();
    }

    async fn statistics(store: &Arc<Sqlite>) -> String {
        let archive: Arc<dyn Archive> = Arc::<Sqlite>::clone(store);
        let mut stats = Stats::new(archive, Selection::default(), Format::Csv);
        let mut text = Vec::new();
        while let Some(piece) = stats.piece().await.unwrap() {
            text.extend(piece);
        }
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn what_is_old_goes_and_is_counted_as_before() {
        let store = Arc::new(Sqlite::in_memory().unwrap());
        for (number, open) in [(0, false), (1, true), (2, false), (50, false)] {
            happens(&store, number, open).await;
        }
        let before = statistics(&store).await;
        let retention = SignedDuration::from_hours(90 * 24);
        assert_eq!(take_out_old(&*store, retention, day(90)).await.unwrap(), 0, "not a moment too soon");
        assert_eq!(take_out_old(&*store, retention, day(93)).await.unwrap(), 2);
        let left: Vec<_> =
            store.incidents(None, 9).await.unwrap().items.into_iter().map(|it| it.incident).collect();
        assert_eq!(left, ["i1".into(), "i50".into()], "an open one is never old");
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&statistics(&store).await), sorted(&before));
        assert_eq!(before.lines().count(), 5);
    }
}
