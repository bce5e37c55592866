//! What is opened, what is refused, and that a refusal leaves the file as it was.

use std::fs;
use std::path::{Path, PathBuf};

use pagerslack_store::sqlite::OpenError;
use pagerslack_store::{Sqlite, Store as _, StoreError};
use rusqlite::Connection;

use super::append;

/// Expects a refusal that leaves the file as it was and puts nothing beside it.
fn refused(path: &Path) -> OpenError {
    let before = fs::read(path).unwrap();
    let error = Sqlite::open(path).err().expect("the file is refused");
    assert_eq!(fs::read(path).unwrap(), before, "the file is as it was");
    let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "nothing was begun");
    error
}

#[test]
fn a_second_process_is_refused_until_the_first_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let first = Sqlite::open(&path).unwrap();
    let error = Sqlite::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
    assert!(error.to_string().starts_with("another PagerSlack is using "), "{error}");
    drop(first);
    Sqlite::open(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn another_name_of_the_same_file_is_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let (path, alias) = (directory.path().join("a.db"), directory.path().join("b.db"));
    let _first = Sqlite::open(&path).unwrap();
    std::os::unix::fs::symlink(&path, &alias).unwrap();
    let error = Sqlite::open(&alias).err().unwrap();
    assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_database() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let _store = Sqlite::open(&path).unwrap();
    for name in ["a.db", "a.db-wal", "a.db-shm", "a.db.lock"] {
        let mode = fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is {mode:o}");
    }
}

#[test]
fn what_is_not_a_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    for content in ["x", "SQLite format 3\0", &"Dear diary. ".repeat(1000)] {
        fs::write(&path, content).unwrap();
        let error = refused(&path);
        assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    }
}

#[test]
fn the_database_of_another_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE incidents (id INTEGER PRIMARY KEY)").unwrap();
    drop(other);
    let error = refused(&path);
    assert!(matches!(error, OpenError::NotOurs { .. }), "{error:?}");
}

#[test]
fn a_database_of_a_newer_schema_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("newer.db");
    drop(Sqlite::open(&path).unwrap());
    let db = Connection::open(&path).unwrap();
    db.execute("INSERT INTO migrations (version) VALUES (99)", []).unwrap();
    drop(db);
    let before = fs::read(&path).unwrap();
    let error = Sqlite::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error:?}");
    assert!(error.to_string().contains("run that version or a later one"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn an_empty_file_is_a_new_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("empty.db");
    fs::write(&path, "").unwrap();
    Sqlite::open(&path).unwrap();
}

#[test]
fn a_missing_directory_is_named_and_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing").join("a.db");
    let error = Sqlite::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::NoFolder { .. }), "{error:?}");
    assert!(error.to_string().contains("missing"), "{error}");
    assert!(!directory.path().join("missing").exists());
}

#[test]
fn a_damaged_schema_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("damaged.db");
    drop(Sqlite::open(&path).unwrap());
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let error = Sqlite::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_folder_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let error = Sqlite::open(directory.path()).err().unwrap();
    assert!(matches!(error, OpenError::IsAFolder { .. }), "{error:?}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was begun");
}

/// Given a database whose marks are ours and whose tables are not, when it is opened, then it is refused.
#[test]
fn foreign_tables_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("foreign.db");
    drop(Sqlite::open(&path).unwrap());
    let (ours, foreign) = (fs::read(&path).unwrap(), directory.path().join("other.db"));
    let other = Connection::open(&foreign).unwrap();
    other.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY)").unwrap();
    drop(other);
    let mut bytes = fs::read(&foreign).unwrap();
    bytes[68..72].copy_from_slice(&ours[68..72]);
    fs::write(&foreign, &bytes).unwrap();
    let error = Sqlite::open(&foreign).err().unwrap();
    assert!(matches!(error, OpenError::NotOurs { .. }), "{error:?}");
    assert_eq!(fs::read(&foreign).unwrap(), bytes);
}

/// Given somebody has dropped a table, when the database is opened, then it counts as damaged.
#[test]
fn a_missing_table_is_damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("less.db");
    drop(Sqlite::open(&path).unwrap());
    Connection::open(&path).unwrap().execute_batch("DROP TABLE jobs").unwrap();
    let error = Sqlite::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

/// A database of which all is still in its write-ahead log, as a process leaves it that is killed; and its log.
async fn killed(directory: &Path) -> (PathBuf, PathBuf) {
    let (living, path) = (directory.join("living.db"), directory.join("killed.db"));
    let store = Sqlite::open(&living).unwrap();
    for version in 0..300 {
        store.commit(append(version)).await.unwrap();
    }
    let log = |of: &Path| PathBuf::from(format!("{}-wal", of.display()));
    fs::copy(&living, &path).unwrap();
    fs::copy(log(&living), log(&path)).unwrap();
    let log = log(&path);
    (path, log)
}

/// Given a database is gone or was emptied, and its write-ahead log is still there, when it is opened, then the log
/// stays: SQLite would delete it, and all that is in it.
#[tokio::test]
async fn a_log_without_its_database_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let (path, log) = killed(directory.path()).await;
    let (database, records) = (fs::read(&path).unwrap(), fs::read(&log).unwrap());
    fs::remove_file(&path).unwrap();
    for _ in 0..2 {
        let error = Sqlite::open(&path).err().unwrap();
        assert!(matches!(error, OpenError::Parted { .. }), "{error:?}");
        assert!(error.to_string().contains("killed.db-wal"), "{error}");
        assert_eq!(fs::read(&log).unwrap(), records);
        fs::write(&path, "").unwrap();
    }
    fs::write(&path, database).unwrap();
    Sqlite::open(&path).unwrap();
}

/// Given the write-ahead log of a killed process beside a database of a newer schema, when it is refused, then the
/// log is still there and nothing of it was moved into the database.
#[tokio::test]
async fn a_refusal_leaves_the_log_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let (path, log) = killed(directory.path()).await;
    let db = Connection::open(&path).unwrap();
    db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    db.execute("INSERT INTO migrations (version) VALUES (99)", []).unwrap();
    drop(db);
    let before = [fs::read(&path).unwrap(), fs::read(&log).unwrap()];
    let error = Sqlite::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::Newer { .. }), "{error:?}");
    assert!([fs::read(&path).unwrap(), fs::read(&log).unwrap()] == before, "something has changed");
}

#[tokio::test]
async fn damage_further_in_is_found_before_anything_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("damaged.db");
    let store = Sqlite::open(&path).unwrap();
    for version in 0..300 {
        store.commit(append(version)).await.unwrap();
    }
    store.check().await.unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 4096;
    bytes[last..].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let error = Sqlite::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(fs::read(&path).unwrap() == bytes, "something has changed");
}

/// Given a database that would take long to read, when it is damaged further in, then it is opened, as a restart must
/// be fast, and the check finds it.
#[tokio::test]
async fn damage_in_a_very_large_database_is_found_by_the_check() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large.db");
    drop(Sqlite::open(&path).unwrap());
    let db = Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE ballast (it BLOB); INSERT INTO ballast VALUES (zeroblob(70000000))")
        .unwrap();
    drop(db);
    let store = Sqlite::open(&path).unwrap();
    assert!(!store.is_checked());
    store.check().await.unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 4096;
    bytes[last..].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let finding = Sqlite::open(&path).unwrap().check().await;
    assert!(matches!(finding, Err(StoreError::Corrupt { .. })), "{finding:?}");
}
