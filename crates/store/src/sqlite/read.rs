//! The questions one can ask. Each is a single statement, and so sees a single state of the database.

use jiff::Timestamp;
use pagerslack_core::incident::EVENT_FORM;
use pagerslack_core::{IncidentId, JobKey, MessageRef, Place, Queue, Recorded, RotationId, TeamId, UserId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::convert::{bound, count, failed, instant, position, to_cursor};
use crate::{Cursor, Page, StoreError, Stored};

/// The log of an incident.
pub(super) fn load(
    db: &Connection,
    team: &TeamId,
    incident: &IncidentId,
) -> Result<Option<Stored>, StoreError> {
    let rows = rows(
        db,
        "SELECT seq, at, form, body FROM events WHERE team = ?1 AND incident = ?2 ORDER BY seq",
        [team.as_str(), incident.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )
    .map_err(failed("reading an incident's log"))?;
    let log: Vec<Recorded> = rows
        .into_iter()
        .map(|(seq, at, form, body)| recorded(incident, seq, at, form, body))
        .collect::<Result<_, _>>()?;
    Ok((!log.is_empty()).then_some(Stored { log }))
}

fn recorded(
    incident: &IncidentId,
    seq: i64,
    at: i64,
    form: u32,
    body: String,
) -> Result<Recorded, StoreError> {
    let corrupt =
        |source| StoreError::Corrupt { what: format!("event {seq} of incident {incident}"), source };
    if form > EVENT_FORM {
        return Err(corrupt(
            format!("it is of form {form}, this PagerSlack reads up to {EVENT_FORM}: run a newer one").into(),
        ));
    }
    Ok(Recorded {
        seq: count(seq)?,
        at: instant(at)?,
        event: serde_json::from_str(&body).map_err(|source| corrupt(source.into()))?,
    })
}

/// The open incident about `url` in a rotation.
pub(super) fn open_incident(
    db: &Connection,
    rotation: &RotationId,
    url: &str,
) -> Result<Option<IncidentId>, StoreError> {
    db.prepare_cached(
        "SELECT incident FROM incidents WHERE team = ?1 AND channel = ?2 AND url = ?3 AND open = 1",
    )
    .and_then(|mut statement| {
        statement
            .query_row([rotation.team.as_str(), rotation.channel.as_str(), url], |row| {
                row.get::<_, String>(0)
            })
            .optional()
    })
    .map(|found| found.map(IncidentId::new))
    .map_err(failed("looking for an open incident"))
}

/// Asks for the open incidents of a rotation. `+` keeps SQLite from walking through its reports for the sake of their order.
pub(super) const OPEN: &str = "SELECT incident FROM incidents
    WHERE team = ?1 AND channel = ?2 AND open = 1 ORDER BY +reported";

/// Every open incident of a rotation, the longest open first.
pub(super) fn open_incidents(db: &Connection, rotation: &RotationId) -> Result<Vec<IncidentId>, StoreError> {
    rows(db, OPEN, [rotation.team.as_str(), rotation.channel.as_str()], |row| {
        Ok(IncidentId::new(row.get::<_, String>(0)?))
    })
    .map_err(failed("looking for open incidents"))
}

/// A page of the open incidents of every workspace.
pub(super) fn open_incidents_after(
    db: &Connection,
    after: Option<&(TeamId, IncidentId)>,
    limit: usize,
) -> Result<Vec<(TeamId, IncidentId)>, StoreError> {
    // No id is empty, so nothing comes before the first page.
    let (team, incident) = after.map_or(("", ""), |(team, incident)| (team.as_str(), incident.as_str()));
    rows(
        db,
        "SELECT team, incident FROM incidents WHERE open = 1 AND (team, incident) > (?1, ?2)
         ORDER BY team, incident LIMIT ?3",
        params![team, incident, i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| {
            let (team, incident): (String, String) = (row.get(0)?, row.get(1)?);
            Ok((team.as_str().into(), IncidentId::new(incident)))
        },
    )
    .map_err(failed("looking for every open incident"))
}

/// Asks for the last incident about an address; `+` as in [`OPEN`].
pub(super) const ABOUT: &str = "SELECT incident FROM incidents
    WHERE team = ?1 AND channel = ?2 AND url = ?3 ORDER BY +reported DESC LIMIT 1";

/// The last incident about `url` in a rotation, open or not.
pub(super) fn last_about(
    db: &Connection,
    rotation: &RotationId,
    url: &str,
) -> Result<Option<IncidentId>, StoreError> {
    rows(db, ABOUT, [rotation.team.as_str(), rotation.channel.as_str(), url], |row| {
        Ok(IncidentId::new(row.get::<_, String>(0)?))
    })
    .map(|mut found| found.pop())
    .map_err(failed("looking for an incident by its address"))
}

/// When somebody was last told something.
pub(super) fn told(
    db: &Connection,
    team: &TeamId,
    user: &UserId,
    what: &str,
) -> Result<Option<Timestamp>, StoreError> {
    db.prepare_cached("SELECT at FROM told WHERE team = ?1 AND user = ?2 AND what = ?3")
        .and_then(|mut statement| {
            statement.query_row([team.as_str(), user.as_str(), what], |row| row.get(0)).optional()
        })
        .map_err(failed("reading what somebody was told"))?
        .map(instant)
        .transpose()
}

/// The incident that a message belongs to.
pub(super) fn incident_of(
    db: &Connection,
    team: &TeamId,
    message: &MessageRef,
) -> Result<Option<IncidentId>, StoreError> {
    db.prepare_cached("SELECT incident FROM messages WHERE team = ?1 AND channel = ?2 AND ts = ?3")
        .and_then(|mut statement| {
            statement
                .query_row([team.as_str(), message.channel.as_str(), message.ts.as_str()], |row| {
                    row.get::<_, String>(0)
                })
                .optional()
        })
        .map(|found| found.map(IncidentId::new))
        .map_err(failed("looking for a message's incident"))
}

/// A page of the messages of open incidents, and where the next page begins.
pub(super) fn live_messages(
    db: &Connection,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<(TeamId, MessageRef)>, StoreError> {
    let limit = limit.max(1);
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found: Vec<(i64, TeamId, MessageRef)> = rows(
        db,
        "SELECT id, team, channel, ts FROM messages WHERE live = 1 AND id > ?1 ORDER BY id LIMIT ?2",
        params![position(after)?, one_more],
        |row| {
            let (team, channel, ts): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let message = MessageRef::new(channel.as_str().into(), ts.as_str().into());
            Ok((row.get(0)?, team.as_str().into(), message))
        },
    )
    .map_err(failed("reading the live messages"))?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(id, ..)| to_cursor(*id));
    let items = found.into_iter().map(|(_, team, message)| (team, message)).collect();
    Ok(Page { items, next })
}

/// A place's user, turn and moments (of the turn, of volunteering, until when they are away); all absent in a queue
/// without places.
type PlaceColumns = (Option<String>, Option<i64>, [Option<i64>; 3]);

/// A rotation's queue.
pub(super) fn queue(db: &Connection, rotation: &RotationId) -> Result<Queue, StoreError> {
    let found = rows(
        db,
        "SELECT queues.version, places.user, places.turn, places.turned_at, places.volunteered_at, places.away_until
         FROM queues LEFT JOIN places USING (team, channel) WHERE queues.team = ?1 AND queues.channel = ?2",
        [rotation.team.as_str(), rotation.channel.as_str()],
        |row| {
            let place: PlaceColumns = (row.get(1)?, row.get(2)?, [row.get(3)?, row.get(4)?, row.get(5)?]);
            Ok((row.get::<_, i64>(0)?, place))
        },
    )
    .map_err(failed("reading a queue"))?;
    let version = found.first().map_or(Ok(0), |(version, ..)| count(*version))?;
    let places = found
        .into_iter()
        .filter_map(|(_, (user, turn, moments))| Some((user?, turn?, moments)))
        .map(|(user, turn, moments)| {
            let [turned_at, volunteered_at, away_until] = moments.map(|at| at.map(instant).transpose());
            Ok(Place {
                user: user.as_str().into(),
                turn: count(turn)?,
                turned_at: turned_at?,
                volunteered_at: volunteered_at?,
                away_until: away_until?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Queue::new(version, places))
}

/// Asks for the rotations. Each is found by a step in an index, however much was reported in it.
pub(super) const ROTATIONS: &str = "
    WITH RECURSIVE here (team, channel) AS (
        SELECT * FROM (
            SELECT team, channel FROM incidents WHERE channel IS NOT NULL ORDER BY team, channel LIMIT 1)
        UNION ALL
        SELECT
            (SELECT team FROM incidents WHERE (team, channel) > (here.team, here.channel) AND channel IS NOT NULL
             ORDER BY team, channel LIMIT 1),
            (SELECT channel FROM incidents WHERE (team, channel) > (here.team, here.channel) AND channel IS NOT NULL
             ORDER BY team, channel LIMIT 1)
        FROM here WHERE here.team IS NOT NULL)
    SELECT team, channel FROM here WHERE team IS NOT NULL
    UNION SELECT team, channel FROM queues ORDER BY team, channel";

/// Every rotation in which anything was reported, or that has a queue.
pub(super) fn rotations(db: &Connection) -> Result<Vec<RotationId>, StoreError> {
    rows(db, ROTATIONS, [], |row| {
        let (team, channel): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(RotationId::new(team.as_str().into(), channel.as_str().into()))
    })
    .map_err(failed("reading the rotations"))
}

/// Asks for the last incidents of a rotation.
pub(super) const RECENT: &str = "SELECT incident FROM incidents
    WHERE team = ?1 AND channel = ?2 AND reported IS NOT NULL ORDER BY reported DESC LIMIT ?3";

/// The last incidents of a rotation, newest first.
pub(super) fn recent(
    db: &Connection,
    rotation: &RotationId,
    limit: usize,
) -> Result<Vec<IncidentId>, StoreError> {
    rows(
        db,
        RECENT,
        params![rotation.team.as_str(), rotation.channel.as_str(), i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| Ok(IncidentId::new(row.get::<_, String>(0)?)),
    )
    .map_err(failed("reading the last incidents"))
}

/// When the next job can be claimed.
pub(super) fn next_due(db: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let next: Option<i64> = db
        .prepare_cached(
            "SELECT min(at) FROM (
                SELECT min(due) AS at FROM jobs WHERE lease_until IS NULL AND urgency = 0
                UNION ALL
                SELECT min(due) FROM jobs WHERE lease_until IS NULL AND urgency = 1
                UNION ALL
                SELECT min(due) FROM jobs WHERE lease_until IS NULL AND urgency = 2
                UNION ALL
                SELECT min(due) FROM jobs WHERE lease_until IS NULL AND urgency = 3
                UNION ALL
                SELECT min(lease_until) FROM jobs WHERE lease_until IS NOT NULL)",
        )
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failed("looking for the next job"))?;
    next.map(instant).transpose()
}

/// The jobs that can be claimed, and since when.
pub(super) fn due(
    db: &Connection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<(JobKey, Timestamp)>, StoreError> {
    const DUE: &str = "
        SELECT * FROM (SELECT key, due FROM jobs WHERE lease_until IS NULL AND urgency = 0 AND due <= ?1 LIMIT ?2)
        UNION ALL
        SELECT * FROM (SELECT key, due FROM jobs WHERE lease_until IS NULL AND urgency = 1 AND due <= ?1 LIMIT ?2)
        UNION ALL
        SELECT * FROM (SELECT key, due FROM jobs WHERE lease_until IS NULL AND urgency = 2 AND due <= ?1 LIMIT ?2)
        UNION ALL
        SELECT * FROM (SELECT key, due FROM jobs WHERE lease_until IS NULL AND urgency = 3 AND due <= ?1 LIMIT ?2)
        UNION ALL
        SELECT * FROM (SELECT key, lease_until FROM jobs WHERE lease_until IS NOT NULL AND lease_until <= ?1 LIMIT ?2)
        LIMIT ?2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
    let found = rows(db, DUE, params![bound(now), limit], row).map_err(failed("counting due jobs"))?;
    found.into_iter().map(|(key, since)| Ok((JobKey::from(key), instant(since)?))).collect()
}

/// How many jobs there are.
pub(super) fn job_count(db: &Connection) -> Result<u64, StoreError> {
    db.prepare_cached("SELECT count(*) FROM jobs")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failed("counting the jobs"))
        .and_then(count)
}

/// Reads every page of the database and reports what does not fit together.
pub(super) fn check(db: &Connection) -> Result<(), StoreError> {
    let findings: Vec<String> = rows(db, "PRAGMA quick_check(5)", [], |row| row.get(0))
        .map_err(failed("checking the whole database"))?;
    if findings == ["ok"] {
        return Ok(());
    }
    // On one line, without SQLite's heading.
    let findings =
        findings.iter().flat_map(|finding| finding.lines()).filter(|line| !line.starts_with("***"));
    let findings = findings.collect::<Vec<_>>().join("; ");
    Err(StoreError::Corrupt { what: "SQLite has looked through it".to_owned(), source: findings.into() })
}

/// Every row that a statement gives.
pub(super) fn rows<T>(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    db.prepare_cached(sql)?.query_map(params, read)?.collect()
}
