//! Opening a database, or saying why not.
//!
//! A file is never deleted, truncated or converted: whatever is not certainly ours is refused before SQLite
//! gets to see it, and one process at a time works on a database, which a lock beside it enforces. Opening
//! reads the header and the schema only, so that a restart is as fast with a hundred thousand open incidents
//! as with none; [`Sqlite::check`](super::Sqlite::check) reads everything.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::convert::is_damage;
use super::schema;

/// How long SQLite waits for a lock that a foreign tool (a backup, an operator's shell) holds.
const BUSY: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection; all of ours fit.
const STATEMENTS: usize = 64;

/// SQLite's header. Source: <https://www.sqlite.org/fileformat.html#the_database_header>.
const HEADER: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Why a database was not opened. Each says what to do; none has touched the file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The lock beside the database is held.
    #[error("another PagerSlack is using {path}: stop it first, or give this one a database of its own")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The file is something else.
    #[error(
        "{path} is not a SQLite database and was left as it is: move it away, or name another file as the store"
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database of another program.
    #[error("{path} is a database of another program and was left as it is: name another file as the store")]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// Written by a later PagerSlack.
    #[error(
        "{path} was written by a newer PagerSlack (schema {found}, this one knows {known}) and was left as it \
         is: run that version or a later one, or restore the backup from before the upgrade"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema of the database.
        found: i64,
        /// The latest schema of this build.
        known: i64,
    },
    /// SQLite finds the file inconsistent.
    #[error("{path} is damaged: keep a copy of it and of the files beside it, then restore a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        #[source]
        source: rusqlite::Error,
    },
    /// The file system refuses.
    #[error("{path} cannot be opened: check that the directory exists, is writable and has room")]
    Inaccessible {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// SQLite refuses.
    #[error("{path} cannot be used: check that the directory is writable and the disk has room")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: rusqlite::Error,
    },
}

/// A database that is certainly ours, locked and up to date.
pub(super) struct Opened {
    /// The connection that writes.
    pub(super) writer: Connection,
    /// The connections that read.
    pub(super) readers: Vec<Connection>,
    /// Holds the lock as long as it lives.
    pub(super) lock: File,
}

/// Opens the database at `path`, creating it if there is none, with `readers` connections beside the writer.
pub(super) fn open(path: &Path, readers: usize) -> Result<Opened, OpenError> {
    let path = resolve(path).map_err(inaccessible(path))?;
    inspect(&path)?;
    let lock = lock(&path)?;
    create(&path).map_err(inaccessible(&path))?;
    let refuse = refusal(&path);
    let mut writer = Connection::open_with_flags(&path, flags()).map_err(&refuse)?;
    writer.busy_timeout(BUSY).map_err(&refuse)?;
    let found = schema::version(&writer).map_err(&refuse)?;
    if found > schema::LATEST {
        return Err(OpenError::Newer { path: path.clone(), found, known: schema::LATEST });
    }
    prepare_file(&writer).map_err(&refuse)?;
    prepare(&mut writer).map_err(&refuse)?;
    let readers = (0..readers).map(|_| reader(&path)).collect::<rusqlite::Result<_>>().map_err(&refuse)?;
    Ok(Opened { writer, readers, lock })
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
fn resolve(path: &Path) -> io::Result<PathBuf> {
    if path.exists() {
        return path.canonicalize();
    }
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    Ok(directory.canonicalize()?.join(name))
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let mut beside = OsString::from(path);
    beside.push(".lock");
    let file = create(Path::new(&beside)).map_err(inaccessible(Path::new(&beside)))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(inaccessible(Path::new(&beside))(source)),
    }
}

/// Refuses a file that is not ours, by its header alone. The header is always in the file itself and never
/// only in the write-ahead log: the id is written before that mode is entered.
fn inspect(path: &Path) -> Result<(), OpenError> {
    let mut header = Vec::with_capacity(HEADER);
    match File::open(path) {
        Ok(file) => file.take(HEADER as u64).read_to_end(&mut header).map_err(inaccessible(path))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(inaccessible(path)(error)),
    };
    if header.is_empty() {
        return Ok(());
    }
    if header.len() < HEADER || !header.starts_with(MAGIC) {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    if header.get(68..72) != Some(schema::APPLICATION_ID.to_be_bytes().as_slice()) {
        return Err(OpenError::NotOurs { path: path.to_owned() });
    }
    Ok(())
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
    void_leases(db)
}

/// Plans that do not depend on what is bound: otherwise SQLite prepares a statement that compares with a moment anew
/// each time, which takes longer than to run it (<https://www.sqlite.org/queryplanner-ng.html#qpstab>).
fn stay_prepared(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// The process that held these leases is gone, since the lock is ours: they end at the beginning of time, for the
/// clock may have been set back meanwhile, and their
/// tokens are worth nothing. Whether their work was done is unknown, as with any lease that ends without a
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

fn inaccessible(path: &Path) -> impl Fn(io::Error) -> OpenError {
    move |source| OpenError::Inaccessible { path: path.to_owned(), source }
}

fn refusal(path: &Path) -> impl Fn(rusqlite::Error) -> OpenError {
    move |source| {
        let path = path.to_owned();
        if is_damage(&source) {
            OpenError::Damaged { path, source }
        } else {
            OpenError::Unusable { path, source }
        }
    }
}
