//! Records: small things beside the incidents, each written over the version that was read.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::claim::take_fences;
use super::convert::{bound, count, failed, instant, number};
use super::read::rows;
use crate::{Cursor, Page, Record, RecordWrite, StoreError};

/// A record's columns, as read.
type Columns = (i64, Vec<u8>, Option<i64>);

/// A record, if it is there.
pub(super) fn record(db: &Connection, shelf: &str, name: &str) -> Result<Option<Record>, StoreError> {
    db.prepare_cached("SELECT version, value, expires_at FROM records WHERE shelf = ?1 AND name = ?2")
        .and_then(|mut statement| statement.query_row([shelf, name], |row| columns(row, 0)).optional())
        .map_err(failed("reading a record"))?
        .map(read)
        .transpose()
}

/// A page of a shelf.
pub(super) fn records(
    db: &Connection,
    shelf: &str,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<(String, Record)>, StoreError> {
    let limit = limit.max(1);
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let found: Vec<(String, Columns)> = db
        .prepare_cached(
            "SELECT name, version, value, expires_at FROM records
             WHERE shelf = ?1 AND (?2 IS NULL OR name > ?2) ORDER BY name LIMIT ?3",
        )
        .and_then(|mut statement| {
            let after = after.map(|cursor| cursor.0.as_str());
            statement
                .query_map(params![shelf, after, one_more], |row| Ok((row.get(0)?, columns(row, 1)?)))?
                .collect()
        })
        .map_err(failed("reading a shelf of records"))?;
    let more = found.len() > limit;
    let items: Vec<(String, Record)> = found
        .into_iter()
        .take(limit)
        .map(|(name, columns)| Ok((name, read(columns)?)))
        .collect::<Result<_, StoreError>>()?;
    let next = items.last().filter(|_| more).map(|(name, _)| Cursor(name.clone()));
    Ok(Page { items, next })
}

/// Every shelf.
pub(super) fn shelves(db: &Connection) -> Result<Vec<String>, StoreError> {
    rows(db, "SELECT DISTINCT shelf FROM records ORDER BY shelf", [], |row| row.get(0))
        .map_err(failed("reading the shelves of records"))
}

/// Writes a record if it is still the one that was read.
pub(super) fn write(db: &Connection, write: &RecordWrite) -> Result<Option<u64>, StoreError> {
    let what = "writing a record";
    let RecordWrite { shelf, name, expected, value, expires_at } = write;
    let found: Option<i64> = db
        .prepare_cached("SELECT version FROM records WHERE shelf = ?1 AND name = ?2")
        .and_then(|mut statement| statement.query_row([shelf, name], |row| row.get(0)).optional())
        .map_err(failed(what))?;
    if found.unwrap_or(0) != number(*expected) {
        return Ok(None);
    }
    let version = take_fences(db, 1).map_err(failed(what))?.next().unwrap_or_default();
    match value {
        Some(value) => db
            .prepare_cached(
                "INSERT INTO records (shelf, name, version, value, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (shelf, name) DO UPDATE SET
                     version = excluded.version, value = excluded.value, expires_at = excluded.expires_at",
            )
            .and_then(|mut statement| {
                statement.execute(params![shelf, name, version, value, expires_at.map(bound)])
            }),
        None => db
            .prepare_cached("DELETE FROM records WHERE shelf = ?1 AND name = ?2")
            .and_then(|mut statement| statement.execute([shelf, name])),
    }
    .map_err(failed(what))?;
    count(version).map(Some)
}

/// Takes away what has expired.
pub(super) fn sweep(db: &Connection, shelf: &str, now: Timestamp) -> Result<u64, StoreError> {
    db.prepare_cached("DELETE FROM records WHERE shelf = ?1 AND expires_at <= ?2")
        .and_then(|mut statement| statement.execute(params![shelf, bound(now)]))
        .map(|swept| swept as u64)
        .map_err(failed("sweeping a shelf of records"))
}

fn columns(row: &Row<'_>, from: usize) -> rusqlite::Result<Columns> {
    Ok((row.get(from)?, row.get(from + 1)?, row.get(from + 2)?))
}

fn read((version, value, expires_at): Columns) -> Result<Record, StoreError> {
    Ok(Record { version: count(version)?, value, expires_at: expires_at.map(instant).transpose()? })
}
