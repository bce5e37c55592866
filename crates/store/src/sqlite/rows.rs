//! The rows of incidents, read as fast as they can be: whoever counts reads a million logs.

use std::collections::HashMap;
use std::iter;

use futures_util::future;
use futures_util::{FutureExt as _, TryFutureExt as _};
use jiff::Timestamp;
use pagerslack_core::incident::EVENT_FORM;
use pagerslack_core::report::{Row, Thin, row_of};
use pagerslack_core::{Event, IncidentId, TeamId};
use rusqlite::{Connection, params};
use tokio::sync::mpsc;

use super::convert::{bound, count, failed, instant, position, to_cursor};
use super::writer::Read;
use super::{Sqlite, asked, read, stopped};
use crate::{Coming, Cursor, History, StoreError, Unreadable};

/// What is being done when it fails.
const READING: &str = "reading the rows of incidents";

/// The reports of a part, and of those that are over the place of their last event: both halves lie in an index, in this
/// order.
pub(super) const REPORTS: &str = "
    SELECT id, incident, (
        SELECT last_event FROM incidents AS over
        WHERE over.team = events.team AND over.reported = events.id AND over.open = 0 AND over.last_event IS NOT NULL)
    FROM events WHERE seq = 1 AND team = ?1 AND id > ?2 AND id <= ?3 AND at >= ?4 ORDER BY id";

/// Everything that happened in a while, wherever.
const STRETCH: &str = "
    SELECT id, seq, at, form, body, incident, team FROM events WHERE id BETWEEN ?1 AND ?2 ORDER BY id";

/// The log of one incident.
const LOG: &str = "SELECT id, seq, at, form, body FROM events WHERE team = ?1 AND incident = ?2 ORDER BY seq";

/// How many events are walked past in the time that it takes to look up a log of its own.
const LOOKUP: i64 = 30;

/// The reports of a page in order; an index holds all of it.
const ENDS: &str = "
    SELECT id FROM events WHERE seq = 1 AND team = ?1 AND id > ?2 AND at >= ?3 ORDER BY id LIMIT ?4";

/// How many incidents one thread reads at once: some milliseconds of its time.
const PART: usize = 200;

/// Every workspace in which anything was reported. Each is found by one step in an index, however much was reported.
pub(super) fn workspaces(db: &Connection) -> Result<Vec<TeamId>, StoreError> {
    read::rows(
        db,
        "WITH RECURSIVE
            here (team) AS (
                SELECT min(team) FROM incidents
                UNION ALL
                SELECT (SELECT min(team) FROM incidents WHERE team > here.team) FROM here WHERE team IS NOT NULL),
            gone (team) AS (
                SELECT min(team) FROM past
                UNION ALL
                SELECT (SELECT min(team) FROM past WHERE team > gone.team) FROM gone
                WHERE team IS NOT NULL)
         SELECT team FROM here WHERE team IS NOT NULL UNION SELECT team FROM gone WHERE team IS NOT NULL
         ORDER BY team",
        [],
        |row| Ok(TeamId::new(row.get::<_, String>(0)?)),
    )
    .map_err(failed("reading the workspaces"))
}

/// A page of the rows of a workspace. Most of the work is reading logs, which two threads do in half the time: by parts, so
/// that neither waits for the other.
pub(super) async fn page(
    store: &Sqlite,
    team: &TeamId,
    since: Option<Timestamp>,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Coming, StoreError> {
    let (after, since) = (position(after.as_ref())?, since.map_or(i64::MIN, bound));
    let ends = {
        let team = team.clone();
        store.read(move |db| ends(db, &team, since, after, limit)).await?
    };
    let next = ends.last().copied().map(to_cursor);
    let parts = iter::once(after).chain(ends.clone()).zip(ends).map(|(after, end)| {
        let team = team.clone();
        move |db: &Connection| part(db, &team, since, after, end)
    });
    let Some(readers) = &store.readers else {
        let mut read = Vec::new();
        for part in parts {
            read.push(store.read(part).await?);
        }
        return Ok(whole(read, next).into());
    };
    // Whoever waits for a page does not keep the threads from ending.
    let walks = readers.walks.downgrade();
    let parts: Vec<_> = parts.map(|part| walk(walks.clone(), part)).collect();
    let end = next.clone();
    let page = future::try_join_all(parts).map_ok(move |parts| whole(parts, end));
    Ok(Coming { next, page: page.boxed() })
}

fn whole(parts: Vec<Part>, next: Option<Cursor>) -> History<Row> {
    let mut page = History { items: Vec::new(), unreadable: Vec::new(), next };
    for (items, unreadable) in parts {
        page.items.extend(items);
        page.unreadable.extend(unreadable);
    }
    page
}

/// Asks a thread that walks through the history.
async fn walk<T: Send + 'static>(
    walks: mpsc::WeakSender<Read>,
    question: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (read, answer) = asked(question);
    walks.upgrade().ok_or_else(stopped)?.send(read).await.map_err(|_| stopped())?;
    answer.await.map_err(|_| stopped())?
}

/// Where the parts of a page of so many incidents end; the last ends with the page.
fn ends(
    db: &Connection,
    team: &TeamId,
    since: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
    let ids: Vec<i64> = read::rows(db, ENDS, params![team.as_str(), after, since, limit], |row| row.get(0))
        .map_err(failed("looking for the ends of a page's parts"))?;
    Ok(ids.chunks(PART).filter_map(<[i64]>::last).copied().collect())
}

/// Some rows, and what cannot be read.
type Part = (Vec<Row>, Vec<Unreadable>);

/// The rows of what was reported after one event, up to another.
///
/// What happened at about the same time lies together, so the logs of reports that follow each other are read in one
/// stretch, and only those that go on for long are looked up.
pub(super) fn part(
    db: &Connection,
    team: &TeamId,
    since: i64,
    after: i64,
    end: i64,
) -> Result<Part, StoreError> {
    let mut logs: Vec<Log> = read::rows(db, REPORTS, params![team.as_str(), after, end, since], |row| {
        Ok(Log { report: row.get(0)?, incident: row.get(1)?, last: row.get(2)?, ..Log::default() })
    })
    .map_err(failed(READING))?;
    read_stretch(db, team, &mut logs)?;
    let (mut rows, mut unreadable) = (Vec::with_capacity(logs.len()), Vec::new());
    for mut log in logs {
        // Anything but the whole of it, as it stood a moment ago, is read anew.
        if log.last.is_none() || log.read_to != log.last {
            log.look_up(db, team)?;
        }
        match log.unreadable {
            Some(error) => {
                let incident = IncidentId::new(log.incident);
                unreadable.push(Unreadable { team: team.clone(), incident, error });
            }
            None => rows.extend(row_of(log.events)),
        }
    }
    Ok((rows, unreadable))
}

/// Reads those logs that lie together.
fn read_stretch(db: &Connection, team: &TeamId, logs: &mut [Log]) -> Result<(), StoreError> {
    let Some(first) = logs.first().map(|log| log.report) else { return Ok(()) };
    let Some(end) = end_of_stretch(first, logs.iter().map(|log| log.last)) else { return Ok(()) };
    let within = |log: &Log| log.last.is_some_and(|last| last <= end);
    let places: HashMap<String, usize> = (0..)
        .zip(&*logs)
        .filter(|(_, log)| within(log))
        .map(|(place, log)| (log.incident.clone(), place))
        .collect();
    // What happens at once often happens in the same incident.
    let mut before = None;
    let mut statement = db.prepare_cached(STRETCH).map_err(failed(READING))?;
    let mut found = statement.query([first, end]).map_err(failed(READING))?;
    while let Some(row) = found.next().map_err(failed(READING))? {
        let text =
            |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?)).map_err(failed(READING));
        if text(6)? != team.as_str() {
            continue;
        }
        let incident = text(5)?;
        let place =
            before.filter(|place| is_of(logs, *place, incident)).or_else(|| places.get(incident).copied());
        before = place.or(before);
        if let Some(log) = place.and_then(|place| logs.get_mut(place)) {
            log.add(row)?;
        }
    }
    Ok(())
}

fn is_of(logs: &[Log], place: usize, incident: &str) -> bool {
    logs.get(place).is_some_and(|log| log.incident == incident)
}

/// Up to which event it takes the least time to read everything that happened since the first report, rather than each log
/// by itself; `None` if it always takes longer.
fn end_of_stretch(first: i64, lasts: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    let mut ends: Vec<i64> = lasts.flatten().collect();
    ends.sort_unstable();
    let saved =
        |(end, count): (i64, i64)| LOOKUP.saturating_mul(count).saturating_sub(end.saturating_sub(first));
    let best = ends.into_iter().zip(1_i64..).max_by_key(|end| saved(*end))?;
    (saved(best) > 0).then_some(best.0)
}

/// What has been read of one incident.
#[derive(Default)]
struct Log {
    /// The place of its report among all events.
    report: i64,
    incident: String,
    /// The place of its last event, if it is over.
    last: Option<i64>,
    /// The place of the last event that was read.
    read_to: Option<i64>,
    events: Vec<(u64, Timestamp, Thin)>,
    unreadable: Option<StoreError>,
}

impl Log {
    /// Reads it anew.
    fn look_up(&mut self, db: &Connection, team: &TeamId) -> Result<(), StoreError> {
        self.events.clear();
        self.unreadable = None;
        let mut statement = db.prepare_cached(LOG).map_err(failed(READING))?;
        let mut found = statement.query([team.as_str(), self.incident.as_str()]).map_err(failed(READING))?;
        while let Some(row) = found.next().map_err(failed(READING))? {
            self.add(row)?;
        }
        Ok(())
    }

    /// Takes in the next event.
    fn add(&mut self, row: &rusqlite::Row<'_>) -> Result<(), StoreError> {
        self.read_to = Some(row.get(0).map_err(failed(READING))?);
        let (seq, at): (i64, i64) =
            (row.get(1).map_err(failed(READING))?, row.get(2).map_err(failed(READING))?);
        match event(row).and_then(|thin| Ok((count(seq)?, instant(at)?, thin))) {
            Ok(event) => self.events.push(event),
            Err(source) => {
                let what = format!("event {seq} of incident {}", self.incident);
                self.unreadable.get_or_insert(StoreError::Corrupt { what, source });
            }
        }
        Ok(())
    }
}

/// An event as far as a row tells of it. One that is written in another order than ours is read whole.
fn event(row: &rusqlite::Row<'_>) -> Result<Thin, Box<dyn std::error::Error + Send + Sync>> {
    let form: u32 = row.get(3)?;
    if form > EVENT_FORM {
        let known = EVENT_FORM;
        return Err(
            format!("it is of form {form}, this PagerSlack reads up to {known}: run a newer one").into()
        );
    }
    let body = row.get_ref(4)?.as_str()?;
    let thin = serde_json::from_str::<Thin>(body);
    Ok(thin.or_else(|_| serde_json::from_str::<Event>(body).map(Thin::from))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(first: i64, lasts: &[i64]) -> Option<i64> {
        end_of_stretch(first, lasts.iter().copied().map(Some).chain([None]))
    }

    #[test]
    fn what_lies_together_is_read_together() {
        assert_eq!(check(1, &[]), None);
        assert_eq!(check(1, &[7]), Some(7));
        assert_eq!(check(1, &[14, 7, 21]), Some(21));
        assert_eq!(check(1, &[14, 7, 21, 5_000_000]), Some(21), "one that went on for years");
        assert_eq!(check(1, &[31]), None, "a lookup is as quick");
        assert_eq!(check(1, &[1_000, 2_000, 3_000]), None, "of other workspaces, most of it");
        assert_eq!(check(1, &[1, i64::MAX]), Some(1));
    }
}
