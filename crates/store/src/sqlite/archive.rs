//! The history, in the order in which it was reported.

use pagerslack_core::{IncidentId, MessageRef, RotationId, TeamId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::convert::{failed, instant, number, position, to_cursor};
use super::read::{load, rows};
use crate::{Cursor, Filed, IncidentIndex, Page, Past, StoreError, Told};

/// A page of every incident.
pub(super) fn incidents(
    db: &Connection,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Filed>, StoreError> {
    let limit = limit.max(1);
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    // SQLite holds one workspace or few, so the order of the reports is the order within each.
    let found: Vec<(i64, String, String)> = rows(
        db,
        "SELECT id, team, incident FROM events WHERE seq = 1 AND id > ?1 ORDER BY id LIMIT ?2",
        params![position(after)?, one_more],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
    .map_err(failed("reading the history"))?;
    let next = found.get(limit - 1).filter(|_| found.len() > limit).map(|(id, ..)| to_cursor(*id));
    let mut items = Vec::with_capacity(found.len().min(limit));
    for (_, team, incident) in found.into_iter().take(limit) {
        let (team, incident) = (TeamId::new(team), IncidentId::new(incident));
        let Some(stored) = load(db, &team, &incident)? else { continue };
        let index = index(db, &team, &incident).map_err(failed("reading how an incident is found"))?;
        let messages = messages(db, &team, &incident).map_err(failed("reading an incident's messages"))?;
        items.push(Filed { team, incident, index, stored, messages });
    }
    Ok(Page { items, next })
}

/// A page of what people have been told.
pub(super) fn all_told(
    db: &Connection,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<(TeamId, Told)>, StoreError> {
    let limit = limit.max(1);
    let from = position(after)?.max(0);
    let found: Vec<(String, String, String, i64)> = rows(
        db,
        "SELECT team, user, what, at FROM told ORDER BY team, user, what LIMIT ?2 OFFSET ?1",
        params![from, i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )
    .map_err(failed("reading what people were told"))?;
    let read = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let next = (found.len() == limit).then(|| to_cursor(from.saturating_add(read)));
    let items = found
        .into_iter()
        .map(|(team, user, what, at)| {
            Ok((TeamId::new(team), Told { user: user.as_str().into(), what, at: instant(at)? }))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Page { items, next })
}

/// Takes a closed incident out, if it is still as it was read.
pub(super) fn retire(db: &Connection, filed: &Filed, row: &[u8]) -> Result<bool, StoreError> {
    let what = "taking an old incident out";
    let (team, incident) = (filed.team.as_str(), filed.incident.as_str());
    let version = number(filed.stored.log.last().map_or(0, |recorded| recorded.seq));
    let is_as_read = db
        .prepare_cached(
            "SELECT 1 FROM incidents WHERE team = ?1 AND incident = ?2 AND version = ?3 AND open = 0",
        )
        .and_then(|mut statement| statement.exists(params![team, incident, version]))
        .map_err(failed(what))?;
    if !is_as_read {
        return Ok(false);
    }
    for sql in [
        "DELETE FROM messages WHERE team = ?1 AND incident = ?2",
        "DELETE FROM events WHERE team = ?1 AND incident = ?2",
        "DELETE FROM incidents WHERE team = ?1 AND incident = ?2",
    ] {
        db.prepare_cached(sql)
            .and_then(|mut statement| statement.execute([team, incident]))
            .map_err(failed(what))?;
    }
    let past = Past { team: filed.team.clone(), incident: filed.incident.clone(), row: row.to_vec() };
    add_past(db, &past)?;
    Ok(true)
}

/// Keeps a row of an incident that was taken out.
pub(super) fn add_past(db: &Connection, past: &Past) -> Result<(), StoreError> {
    let Past { team, incident, row } = past;
    db.prepare_cached("INSERT INTO past (team, incident, row) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
        .and_then(|mut statement| statement.execute(params![team.as_str(), incident.as_str(), row]))
        .map(drop)
        .map_err(failed("adding what is left of an old incident"))
}

/// A page of what is left of old incidents.
pub(super) fn past(db: &Connection, after: Option<&Cursor>, limit: usize) -> Result<Page<Past>, StoreError> {
    let limit = limit.max(1);
    let found: Vec<(i64, String, String, Vec<u8>)> = rows(
        db,
        "SELECT id, team, incident, row FROM past WHERE id > ?1 ORDER BY id LIMIT ?2",
        params![position(after)?, i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )
    .map_err(failed("reading what is left of old incidents"))?;
    let next = found.last().filter(|_| found.len() == limit).map(|(id, ..)| to_cursor(*id));
    let past = |(_, team, incident, row): (i64, String, String, Vec<u8>)| Past {
        team: TeamId::new(team),
        incident: IncidentId::new(incident),
        row,
    };
    let items = found.into_iter().map(past).collect();
    Ok(Page { items, next })
}

fn index(db: &Connection, team: &TeamId, incident: &IncidentId) -> rusqlite::Result<Option<IncidentIndex>> {
    let found: Option<(Option<String>, Option<String>, bool)> = db
        .prepare_cached("SELECT channel, url, open FROM incidents WHERE team = ?1 AND incident = ?2")?
        .query_row([team.as_str(), incident.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(found.and_then(|(channel, url, open)| {
        let rotation = RotationId::new(team.clone(), channel?.as_str().into());
        Some(IncidentIndex { rotation, url: url?, open })
    }))
}

fn messages(db: &Connection, team: &TeamId, incident: &IncidentId) -> rusqlite::Result<Vec<MessageRef>> {
    rows(
        db,
        "SELECT channel, ts FROM messages WHERE team = ?1 AND incident = ?2 ORDER BY channel, ts",
        [team.as_str(), incident.as_str()],
        |row| {
            let (channel, ts): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(MessageRef::new(channel.as_str().into(), ts.as_str().into()))
        },
    )
}
