//! Opening a database, or saying why not.
//!
//! A file is never deleted, truncated or converted: whatever is not certainly ours is refused before SQLite
//! gets to see it, what is damaged is refused before anything is written to it, and one process at a time works on a
//! database, which a lock beside it enforces. Of a large database, opening reads the header and the schema only, so
//! that a restart is as fast with a hundred thousand open incidents as with none;
//! [`Sqlite::check`](super::Sqlite::check) reads everything.
//!
//! Only the index of the write-ahead log (`-shm`) may be made anew by a refusal: it holds nothing that the log does
//! not.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::convert::{Fault, fault};
use super::refusal::{OpenError, inaccessible, refusal};
use super::{read, schema};
use crate::Causes;

/// How long SQLite waits for a lock that a foreign tool (a backup, an operator's shell) holds.
const BUSY: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection; all of ours fit.
const STATEMENTS: usize = 64;

/// Up to this size the whole database is read for damage before it is used. That takes a tenth of a second where the
/// system has it in memory, and a second from a slow disk; it is years of incidents.
const CHECKED_AT_ONCE: i64 = 64 * 1024 * 1024;

/// SQLite's header. Source: <https://www.sqlite.org/fileformat.html#the_database_header>.
const HEADER: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A database that is certainly ours, locked and up to date.
pub(super) struct Opened {
    /// The one name of the file.
    pub(super) path: PathBuf,
    /// The connection that writes.
    pub(super) writer: Connection,
    /// The connections that read.
    pub(super) readers: Vec<Connection>,
    /// Holds the lock as long as it lives.
    pub(super) lock: File,
    /// Whether all of it has been read for damage.
    pub(super) is_checked: bool,
}

/// Opens the database at `path`, creating it if there is none, with `readers` connections beside the writer.
pub(super) fn open(path: &Path, readers: usize) -> Result<Opened, OpenError> {
    let path = resolve(path)?;
    let begins = inspect(&path)?;
    let lock = lock(&path)?;
    create(&path).map_err(inaccessible(&path))?;
    let refuse = refusal(&path);
    let mut writer = Connection::open_with_flags(&path, flags()).map_err(&refuse)?;
    writer.busy_timeout(BUSY).map_err(&refuse)?;
    // The last connection to close moves the log into the database, and would do so after a refusal too.
    let keep = holds_anything(&beside(&path, "-wal"));
    leave_the_log(&writer, keep).map_err(&refuse)?;
    let is_checked = recognise(&path, &writer)?;
    prepare_file(&writer).map_err(&refuse)?;
    prepare(&mut writer).map_err(&refuse)?;
    let readers = (0..readers).map(|_| reader(&path)).collect::<rusqlite::Result<_>>().map_err(&refuse)?;
    leave_the_log(&writer, false).map_err(&refuse)?;
    if begins {
        tracing::warn!(
            database = %path.display(),
            "there was no database, or an empty file: a new one is begun, with nothing in it"
        );
    }
    Ok(Opened { path: path.clone(), writer, readers, lock, is_checked })
}

/// Refuses a database of a later version, of another program, or damaged, before anything is written to it. Says
/// whether it is certainly whole: a large one may be damaged further in.
fn recognise(path: &Path, db: &Connection) -> Result<bool, OpenError> {
    let refuse = refusal(path);
    let found = schema::version(db).map_err(&refuse)?;
    if found > schema::LATEST {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: schema::LATEST });
    }
    if found == 0 && !schema::is_empty(db).map_err(&refuse)? {
        return Err(OpenError::NotOurs { path: path.to_owned() });
    }
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let size = number("page_count").and_then(|pages| Ok(pages.saturating_mul(number("page_size")?)));
    let is_small = size.map_err(&refuse)? <= CHECKED_AT_ONCE;
    if is_small {
        read::check(db).map_err(refusal(path))?;
    }
    Ok(is_small)
}

/// A database that lives as long as the connection.
pub(super) fn in_memory() -> Result<Connection, OpenError> {
    let path = PathBuf::from(":memory:");
    let refuse = refusal(&path);
    let mut db = Connection::open_in_memory().map_err(&refuse)?;
    prepare(&mut db).map_err(&refuse)?;
    Ok(db)
}

/// The one name of the file, so that two names of it are one lock.
fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    if path.exists() {
        return path.canonicalize().map_err(inaccessible(path));
    }
    let Some(name) = path.file_name() else { return Err(OpenError::IsAFolder { path: path.to_owned() }) };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match folder.canonicalize() {
        Ok(folder) => Ok(folder.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::NoFolder { folder: folder.to_owned() })
        }
        Err(error) => Err(inaccessible(path)(error)),
    }
}

/// The file whose name has this at its end.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

fn holds_anything(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.len() > 0)
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let file = create(&beside(path, ".lock")).map_err(inaccessible(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(inaccessible(path)(source)),
    }
}

/// Refuses a file that is not ours, by its header alone; says whether there is nothing to refuse yet. The header is
/// always in the file itself and never only in the write-ahead log: the id is written before that mode is entered.
fn inspect(path: &Path) -> Result<bool, OpenError> {
    let mut header = Vec::with_capacity(HEADER);
    match File::open(path) {
        Ok(file) => file.take(HEADER as u64).read_to_end(&mut header).map_err(inaccessible(path))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(inaccessible(path)(error)),
    };
    if header.is_empty() {
        let (path, log) = (path.to_owned(), beside(path, "-wal"));
        return if holds_anything(&log) { Err(OpenError::Parted { path, log }) } else { Ok(true) };
    }
    if header.len() < HEADER || !header.starts_with(MAGIC) {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    if header.get(68..72) != Some(schema::APPLICATION_ID.to_be_bytes().as_slice()) {
        return Err(OpenError::NotOurs { path: path.to_owned() });
    }
    Ok(false)
}

/// Creates a file if there is none, for its owner only: the database holds addresses at which Slack lets
/// anybody post (P8). SQLite gives the files beside it the same permissions.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Whether closing leaves the write-ahead log where it is.
fn leave_the_log(db: &Connection, leave: bool) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave).map(drop)
}

fn prepare_file(db: &Connection) -> rusqlite::Result<()> {
    let id: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != schema::APPLICATION_ID {
        db.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
    }
    db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    // FULL: a commit that has returned is on the disk and not on its way there (P1).
    db.pragma_update(None, "synchronous", "FULL")?;
    // After a burst the log file shrinks again, to 64 MiB.
    db.pragma_update_and_check(None, "journal_size_limit", 64 * 1024 * 1024, |_| Ok(()))
}

fn prepare(db: &mut Connection) -> rusqlite::Result<()> {
    stay_prepared(db)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    schema::migrate(db)?;
    match void_leases(db) {
        // They end by themselves soon. Meanwhile it is better to run and say that the disk is full.
        Err(error) if fault(&error) == Fault::Full => {
            tracing::warn!(error = %Causes(&error), "the leases of the process before stay until they end");
            Ok(())
        }
        other => other,
    }
}

/// Plans that do not depend on what is bound: otherwise SQLite prepares a statement that compares with a moment anew
/// each time, which takes longer than to run it (<https://www.sqlite.org/queryplanner-ng.html#qpstab>).
fn stay_prepared(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// The process that held these leases is gone, since the lock is ours: they end at the beginning of time, for the
/// clock may have been set back meanwhile, and their tokens are worth nothing. Whether their work was done is unknown, as with any lease that ends without a
/// word, so the next claim says "doubtful".
fn void_leases(db: &Connection) -> rusqlite::Result<()> {
    db.execute("UPDATE jobs SET lease_until = 0, fence = 0 WHERE lease_until IS NOT NULL", []).map(drop)
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags())?;
    db.busy_timeout(BUSY)?;
    stay_prepared(&db)?;
    db.pragma_update(None, "query_only", true)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}
