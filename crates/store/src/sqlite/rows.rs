//! The rows of incidents, read as fast as they can be: whoever counts reads a million logs.

use jiff::Timestamp;
use pagerslack_core::incident::EVENT_FORM;
use pagerslack_core::report::{Row, Thin, row_of};
use pagerslack_core::{Event, IncidentId, TeamId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::convert::{bound, count, failed, instant, position, to_cursor};
use super::read;
use crate::{Cursor, History, StoreError, Unreadable};

/// The logs of the incidents of a page, one after the other. `CROSS JOIN` holds SQLite to that order, in which both
/// halves lie in an index, so that nothing is sorted.
const LOGS: &str = "
    SELECT report.id, log.seq, log.at, log.form, log.body, log.incident
    FROM (
        SELECT id, incident FROM events
        WHERE seq = 1 AND team = ?1 AND id > ?2 AND at >= ?3 ORDER BY id LIMIT ?4
    ) AS report
    CROSS JOIN events AS log
    WHERE log.team = ?1 AND log.incident = report.incident
    ORDER BY report.id, log.seq";

/// The last report of a page.
const LAST: &str = "
    SELECT id FROM events WHERE seq = 1 AND team = ?1 AND id > ?2 AND at >= ?3 ORDER BY id LIMIT 1 OFFSET ?4";

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

/// Where a page of so many incidents ends, or `None` if there are not so many.
pub(super) fn last_of(
    db: &Connection,
    team: &TeamId,
    since: Option<Timestamp>,
    after: Option<&Cursor>,
    count: usize,
) -> Result<Option<Cursor>, StoreError> {
    let before = i64::try_from(count).unwrap_or(i64::MAX).saturating_sub(1);
    let (after, since) = (position(after)?, since.map_or(i64::MIN, bound));
    let last = db
        .prepare_cached(LAST)
        .and_then(|mut statement| {
            statement.query_row(params![team.as_str(), after, since, before], |row| row.get(0)).optional()
        })
        .map_err(failed("looking for the end of a page"))?;
    Ok(last.map(to_cursor))
}

/// A page of the rows of a workspace.
pub(super) fn rows(
    db: &Connection,
    team: &TeamId,
    since: Option<Timestamp>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<History<Row>, StoreError> {
    let failed = failed("reading the rows of incidents");
    let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
    let since = since.map_or(i64::MIN, bound);
    let mut statement = db.prepare_cached(LOGS).map_err(&failed)?;
    let mut found =
        statement.query(params![team.as_str(), position(after)?, since, limit]).map_err(&failed)?;
    let mut page = History { items: Vec::new(), unreadable: Vec::new(), next: None };
    let mut log = Log::default();
    let mut report = None;
    while let Some(row) = found.next().map_err(&failed)? {
        let of: i64 = row.get(0).map_err(&failed)?;
        if report.replace(of).is_some_and(|before| before != of) {
            log.close(&mut page);
        }
        let (seq, at): (i64, i64) = (row.get(1).map_err(&failed)?, row.get(2).map_err(&failed)?);
        match event(row).and_then(|thin| Ok((count(seq)?, instant(at)?, thin))) {
            Ok(event) => log.events.push(event),
            Err(source) => {
                let incident = IncidentId::new(row.get::<_, String>(5).map_err(&failed)?);
                let error =
                    StoreError::Corrupt { what: format!("event {seq} of incident {incident}"), source };
                log.unreadable.get_or_insert(Unreadable { team: team.clone(), incident, error });
            }
        }
    }
    log.close(&mut page);
    page.next = report.map(to_cursor);
    Ok(page)
}

/// What has been read of one incident.
#[derive(Default)]
struct Log {
    events: Vec<(u64, Timestamp, Thin)>,
    unreadable: Option<Unreadable>,
}

impl Log {
    fn close(&mut self, page: &mut History<Row>) {
        let row = row_of(self.events.drain(..));
        match self.unreadable.take() {
            Some(unreadable) => page.unreadable.push(unreadable),
            None => page.items.extend(row),
        }
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
