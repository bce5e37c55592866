//! Why a database is not opened: one sentence each, for whoever is woken by it, that names the file, what is wrong and
//! what to do. None of them has touched the file.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use super::convert::{Fault, fault};

/// What SQLite or the system said.
type Cause = Box<dyn Error + Send + Sync>;

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
        "{path} is not a SQLite database and was left as it is: move it away and restore a backup, or name another \
         file as the store"
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
    #[error(
        "{path} is damaged and was left as it is: move it and the -wal and -shm beside it to another folder, then \
         restore a backup, or save what can be read (`sqlite3 MOVED .recover`, or see docs/OPERATING.md)"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        #[source]
        source: Cause,
    },
    /// The file is gone, and its write-ahead log is not. SQLite would delete that.
    #[error(
        "{path} is missing or empty, but {log} holds records that belong to it: put that {path} back, or move {log} \
         away and then restore a backup or begin anew"
    )]
    Parted {
        /// The file.
        path: PathBuf,
        /// The write-ahead log.
        log: PathBuf,
    },
    /// There is no folder for the file.
    #[error(
        "the folder {folder} for the database does not exist: create it (is its disk mounted?), or name another file \
         as the store"
    )]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The file is a folder.
    #[error("{path} is a folder and not a database: name a file in it as the store")]
    IsAFolder {
        /// The folder.
        path: PathBuf,
    },
    /// There is no room.
    #[error(
        "the disk is full, so {path} cannot be opened: free some space and start again; what was recorded is still \
         there"
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// Nothing may be written.
    #[error(
        "{path} may not be written: make it, its folder and its disk writable for this user (`chown`, `chmod`, \
         `mount -o remount,rw`) and start again"
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// The system or SQLite refuses for another reason.
    #[error(
        "{path} cannot be used: look whether its disk has faults (`dmesg`) and room (`df`), then start again"
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Cause,
    },
}

/// Says why the system refuses a database, or a file beside it.
pub(super) fn inaccessible(path: &Path) -> impl Fn(io::Error) -> OpenError {
    move |error| {
        let (path, kind, source) = (path.to_owned(), error.kind(), error.into());
        match kind {
            io::ErrorKind::IsADirectory => OpenError::IsAFolder { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => OpenError::Full { path, source },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                OpenError::ReadOnly { path, source }
            }
            _ => OpenError::Unusable { path, source },
        }
    }
}

/// Says why SQLite refuses a database.
pub(super) fn refusal<E: Into<Cause>>(path: &Path) -> impl Fn(E) -> OpenError {
    move |error| {
        let (path, source) = (path.to_owned(), error.into());
        match fault(&*source) {
            Fault::Damage => OpenError::Damaged { path, source },
            Fault::Full => OpenError::Full { path, source },
            Fault::ReadOnly => OpenError::ReadOnly { path, source },
            Fault::Other => OpenError::Unusable { path, source },
        }
    }
}
