//! The rows of incidents, read as fast as they can be: whoever counts reads a million logs.

use jiff::Timestamp;
use pagerslack_core::incident::EVENT_FORM;
use pagerslack_core::report::{Row, Thin, row_of};
use pagerslack_core::{Event, TeamId};
use rusqlite::{Connection, params};

use super::convert::{bound, count, failed, instant, position, to_cursor};
use super::read;
use crate::{Cursor, Page, StoreError};

/// The logs of the incidents of a page, one after the other. `CROSS JOIN` holds SQLite to that order, in which both
/// halves lie in an index, so that nothing is sorted.
const LOGS: &str = "
    SELECT report.id, log.seq, log.at, log.form, log.body
    FROM (
        SELECT id, incident FROM events
        WHERE seq = 1 AND team = ?1 AND id > ?2 AND at >= ?3 ORDER BY id LIMIT ?4
    ) AS report
    CROSS JOIN events AS log
    WHERE log.team = ?1 AND log.incident = report.incident
    ORDER BY report.id, log.seq";

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

/// A page of the rows of a workspace.
pub(super) fn rows(
    db: &Connection,
    team: &TeamId,
    since: Option<Timestamp>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Row>, StoreError> {
    let failed = failed("reading the rows of incidents");
    let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
    let since = since.map_or(i64::MIN, bound);
    let mut statement = db.prepare_cached(LOGS).map_err(&failed)?;
    let mut found =
        statement.query(params![team.as_str(), position(after)?, since, limit]).map_err(&failed)?;
    let mut items = Vec::new();
    let mut log: Vec<(u64, Timestamp, Thin)> = Vec::new();
    let mut report = None;
    while let Some(row) = found.next().map_err(&failed)? {
        let of: i64 = row.get(0).map_err(&failed)?;
        if report.replace(of).is_some_and(|before| before != of) {
            items.extend(row_of(log.drain(..)));
        }
        let (seq, at) = (row.get(1).map_err(&failed)?, row.get(2).map_err(&failed)?);
        let thin = event(row).map_err(|source| StoreError::Corrupt {
            what: format!("event {seq} of the incident whose report has the id {of}"),
            source,
        })?;
        log.push((count(seq)?, instant(at)?, thin));
    }
    items.extend(row_of(log));
    Ok(Page { items, next: report.map(to_cursor) })
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
