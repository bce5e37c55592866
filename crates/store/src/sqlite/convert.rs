//! Values on their way into and out of SQLite: instants, counts and errors.
//!
//! Instants are kept as whole nanoseconds since the Unix epoch, which is all the precision a
//! [`Timestamp`] has, in a signed 64-bit integer: the years 1678 to 2261, sortable, and readable by an
//! operator (`datetime(at / 1000000000, 'unixepoch')`). An instant outside those years is refused where it
//! is a record, and held at the nearest end where it only bounds a wait.

use std::error::Error;

use jiff::Timestamp;
use rusqlite::ErrorCode;

use crate::{Cursor, StoreError};

/// An instant that is recorded and must come back exactly.
pub(super) fn record(at: Timestamp) -> Result<i64, StoreError> {
    i64::try_from(at.as_nanosecond()).map_err(|source| StoreError::Corrupt {
        what: format!("the time {at}, which is too far away to be kept"),
        source: source.into(),
    })
}

/// An instant that bounds a wait.
pub(super) fn bound(at: Timestamp) -> i64 {
    let end = if at < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX };
    i64::try_from(at.as_nanosecond()).unwrap_or(end)
}

/// An instant as read.
pub(super) fn instant(nanoseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).map_err(|source| StoreError::Corrupt {
        what: format!("the time {nanoseconds}"),
        source: source.into(),
    })
}

/// A count as written. No count of ours comes near the end.
pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as read.
pub(super) fn count(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number)
        .map_err(|source| StoreError::Corrupt { what: format!("the count {number}"), source: source.into() })
}

/// After which row a page begins.
pub(super) fn position(after: Option<&Cursor>) -> Result<i64, StoreError> {
    after.map_or(Ok(i64::MIN), |cursor| {
        cursor.0.parse().map_err(|source: std::num::ParseIntError| StoreError::Corrupt {
            what: format!("the cursor {:?}", cursor.0),
            source: source.into(),
        })
    })
}

/// Where the page after a row begins.
pub(super) fn to_cursor(row: i64) -> Cursor {
    Cursor(row.to_string())
}

/// Names what was being done when SQLite failed, and tells a broken database from one that cannot be reached.
pub(super) fn failed(what: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| {
        if is_damage(&source) {
            StoreError::Corrupt { what: what.to_owned(), source: source.into() }
        } else {
            StoreError::Unavailable { what, source: source.into() }
        }
    }
}

/// Whether the cause lies in what is stored, so that trying again cannot help.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        }
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::InvalidColumnType(..) => true,
        _ => false,
    }
}

/// What is wrong with a database, as far as it decides what somebody has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// What is stored cannot be right.
    Damage,
    /// There is no room.
    Full,
    /// It may not be written.
    ReadOnly,
    /// The disk fails, or something that nobody has thought of.
    Other,
}

/// Finds the fault among an error and its causes.
pub(super) fn fault(error: &(dyn Error + 'static)) -> Fault {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(fault) = named(error) {
            return fault;
        }
        cause = error.source();
    }
    Fault::Other
}

fn named(error: &(dyn Error + 'static)) -> Option<Fault> {
    if matches!(error.downcast_ref(), Some(StoreError::Corrupt { .. })) {
        return Some(Fault::Damage);
    }
    let failure = match (error.downcast_ref(), error.downcast_ref::<rusqlite::ffi::Error>()) {
        (Some(error), _) if is_damage(error) => return Some(Fault::Damage),
        (Some(rusqlite::Error::SqliteFailure(failure, _)), _) | (None, Some(failure)) => failure,
        _ => return None,
    };
    match failure.code {
        // The index beside the database could not be made as long as it must be.
        _ if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => Some(Fault::Full),
        ErrorCode::DiskFull => Some(Fault::Full),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Some(Fault::ReadOnly),
        // Our statements are right, so a table or a column is missing.
        _ if failure.extended_code == rusqlite::ffi::SQLITE_ERROR => Some(Fault::Damage),
        _ => None,
    }
}
