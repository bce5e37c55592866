//! Starts that are refused: on what cannot be written, and on what was not kept as it was. A refusal is one line that
//! names the file, what is wrong and what to do, and it touches nothing.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;

use super::place::{Disk, Life, Mount, fill, patient};
use super::{FIRST, SECOND, promises_hold, ready, service, somebody_is_asked, stops};
use crate::service::Service;

/// What lies in a folder, but for the index of the log (`-shm`), which holds nothing that the log does not and which
/// SQLite makes anew at each opening, and for what is empty: the lock, and a log that was only just begun.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let contents = files.map(|path| (path.clone(), fs::read(path).unwrap()));
    contents.filter(|(path, bytes)| !bytes.is_empty() && !path.to_string_lossy().ends_with("-shm")).collect()
}

/// Expects a start to be refused with a line that says all of this, and to touch nothing.
async fn is_refused(service: &Service, command: Command, says: &[&str]) {
    let folder = service.folder.path().join("disk");
    let before = contents(&folder);
    let said = service.refuses_to_serve(command).await;
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    for part in says {
        assert!(said.contains(part), "not said: {part}\n{said}");
    }
    let after = contents(&folder);
    assert!(before.keys().eq(after.keys()), "{:?}, before {:?}", after.keys(), before.keys());
    assert!(before == after, "something has changed");
}

/// A service that has had an incident and was told to stop, so that all is in the database itself.
async fn stopped_service() -> (Service, Disk) {
    let service = service().await;
    let disk = Disk::limited(&service);
    let (life, page) = somebody_is_asked(&service).await;
    service.eyes(&page);
    service.is_taken(FIRST, &page.0).await;
    stops(&service, life).await;
    (service, disk)
}

/// The service starts, somebody takes another incident, and all is recorded: this, and what was before.
async fn goes_on(service: &Service, disk: &Disk, urls: &[&str]) {
    let life = Life::begin(service);
    ready(service).await;
    service.report(SECOND);
    let page = service.is_asked(SECOND).await;
    service.eyes(&page);
    service.is_taken(SECOND, &page.0).await;
    stops(service, life).await;
    promises_hold(service, disk, urls).await;
}

/// What has happened to the bytes of a database.
type Spoil = fn(&mut Vec<u8>);

/// Given a database that is not what it was, when the service starts, then it refuses, says what to do, and leaves every
/// byte; given the file is put back, then it starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_what_it_was_is_refused_and_left_as_it_is() {
    let (service, disk) = stopped_service().await;
    let database = disk.database();
    let good = fs::read(&database).unwrap();
    let (pages, recover) = (good.len() / 4096, "`sqlite3 MOVED .recover`, or see docs/OPERATING.md");
    let damaged = ["pagerslack.db is damaged and was left as it is", "restore a backup", recover];
    let spoils: [(Spoil, &[&str]); 6] = [
        (|it| it.fill(b'x'), &["pagerslack.db is not a SQLite database", "restore a backup"]),
        (|it| it.truncate(50), &["pagerslack.db is not a SQLite database"]),
        (|it| it.truncate(it.len() / 2 / 4096 * 4096), &damaged),
        (|it| it.truncate(it.len() / 2 + 1000), &damaged),
        (|it| it[5 * 4096..6 * 4096].iter_mut().for_each(|byte| *byte = !*byte), &damaged),
        (|it| it[68..72].fill(7), &["pagerslack.db is a database of another program", "name another file"]),
    ];
    assert!(pages > 12, "too small to be damaged in the middle");
    for (spoil, says) in spoils {
        let mut bytes = good.clone();
        spoil(&mut bytes);
        fs::write(&database, &bytes).unwrap();
        is_refused(&service, service.command(), says).await;
    }
    fs::write(&database, &good).unwrap();
    goes_on(&service, &disk, &[FIRST, SECOND]).await;
}

/// Given a database of a later version, with its log as a crash leaves it, when the service starts, then it refuses and
/// leaves both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_a_later_version_is_left_to_it() {
    let (service, disk) = stopped_service().await;
    let database = disk.database();
    let later = Connection::open(&database).unwrap();
    later.execute("INSERT INTO migrations (version) VALUES (1000)", []).unwrap();
    // A copy of what a living process has open is what one leaves that is killed.
    let [bytes, log] = [database.clone(), log_of(&database)].map(|it| fs::read(it).unwrap());
    drop(later);
    fs::write(&database, bytes).unwrap();
    fs::write(log_of(&database), log).unwrap();
    let says =
        ["pagerslack.db was written by a newer PagerSlack (schema 1000", "run that version or a later one"];
    is_refused(&service, service.command(), &says).await;
}

fn log_of(database: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", database.display()))
}

/// Given a service was killed, and its database is gone or empty while the log still holds all, when it starts, then it
/// refuses, for to begin anew would delete the log; and given the database is put back, then nobody has to be asked
/// again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_without_its_database_is_kept() {
    let service = service().await;
    let disk = Disk::limited(&service);
    let (life, page) = somebody_is_asked(&service).await;
    life.killed();
    let database = disk.database();
    let good = fs::read(&database).unwrap();
    let says =
        ["pagerslack.db is missing or empty, but ", "pagerslack.db-wal holds records that belong to it"];
    fs::remove_file(&database).unwrap();
    is_refused(&service, service.command(), &says).await;
    fs::write(&database, "").unwrap();
    is_refused(&service, service.command(), &says).await;
    fs::write(&database, good).unwrap();
    service.eyes(&page);
    let life = Life::begin(&service);
    service.is_taken(FIRST, &page.0).await;
    stops(&service, life).await;
}

/// Given a folder in place of the file, or no folder for it, when the service starts, then it refuses and makes neither.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_can_be_no_file_is_refused() {
    let service = service().await;
    let disk = Disk::limited(&service);
    fs::create_dir(disk.database()).unwrap();
    is_refused(&service, service.command(), &["pagerslack.db is a folder", "name a file in it"]).await;
    let mut elsewhere = service.command();
    elsewhere.env("PAGERSLACK_STORE", "sqlite:missing/pagerslack.db");
    is_refused(&service, elsewhere, &["the folder missing for the database does not exist: create it"]).await;
    assert!(!service.folder.path().join("missing").exists());
}

/// Given an empty file, when the service starts, then it begins a new database and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_file_is_a_new_database() {
    let service = service().await;
    let disk = Disk::limited(&service);
    fs::write(disk.database(), "").unwrap();
    let life = Life::begin(&service);
    ready(&service).await;
    stops(&service, life).await;
    let says = "there was no database, or an empty file: a new one is begun, with nothing in it";
    assert!(service.log().contains(says), "{}", service.log());
    goes_on(&service, &disk, &[SECOND]).await;
    assert_eq!(service.log().matches(says).count(), 1, "{}", service.log());
}

/// What a start says where it may not write.
const READ_ONLY: [&str; 2] =
    ["pagerslack.db may not be written: make it, its folder and its disk writable", "start again"];

/// Given a database that its user may only read, when the service starts, then it refuses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_permission_to_write_is_refused() {
    let (service, disk) = stopped_service().await;
    let folder = service.folder.path().join("disk");
    let permit = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    for (file, around) in [(0o400, 0o700), (0o600, 0o500), (0o400, 0o500)] {
        // The lock is made anew where it can be.
        let _ = fs::remove_file(folder.join("pagerslack.db.lock"));
        permit(&disk.database(), file);
        permit(&folder, around);
        is_refused(&service, subject_to_permissions(&service), &READ_ONLY).await;
        permit(&folder, 0o700);
    }
    permit(&disk.database(), 0o600);
    goes_on(&service, &disk, &[FIRST, SECOND]).await;
}

/// The binary, bound by permissions: root is not, unless it gives that up.
fn subject_to_permissions(service: &Service) -> Command {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return service.command();
    }
    let mut command = Command::new("setpriv");
    service.surround(&mut command);
    command.arg("--bounding-set=-dac_override,-dac_read_search").arg(env!("CARGO_BIN_EXE_pagerslack"));
    command
}

/// Given a database on a disk that is read-only, when the service starts, then it refuses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_on_a_read_only_disk_is_refused() {
    let (service, disk) = stopped_service().await;
    let bytes = fs::read(disk.database()).unwrap();
    // Where mounting is not permitted, a folder without permission to write stands for the disk.
    let folder = service.folder.path().join("disk");
    let mount = Mount::at(&folder).inspect_err(|why| println!("permissions stand for the disk: {why}"));
    fs::write(disk.database(), bytes).unwrap();
    let set = |mode, permissions| match &mount {
        Ok(mount) => mount.remount(mode),
        Err(_) => fs::set_permissions(&folder, Permissions::from_mode(permissions)).unwrap(),
    };
    let _ = fs::remove_file(folder.join("pagerslack.db.lock"));
    set("ro", 0o500);
    is_refused(&service, subject_to_permissions(&service), &READ_ONLY).await;
    set("rw", 0o700);
    goes_on(&service, &disk, &[FIRST, SECOND]).await;
}

/// Given no room at all, not even for the index beside the database, when the service starts, then it refuses, be there
/// a database already or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_room_for_a_start_is_refused() {
    let (service, disk) = stopped_service().await;
    let bytes = fs::read(disk.database()).unwrap();
    let folder = service.folder.path().join("disk");
    let mount = Mount::at(&folder).inspect_err(|why| println!("a limit stands for the disk: {why}"));
    let command = || match &mount {
        Ok(_) => service.command(),
        Err(_) => patient(&service, "ulimit -S -f 0;"),
    };
    let says: &[&str] = match &mount {
        Ok(_) => {
            &["the disk is full, so ", "pagerslack.db cannot be opened: free some space and start again"]
        }
        Err(_) => &["pagerslack.db cannot be "],
    };
    fs::write(disk.database(), &bytes).unwrap();
    if mount.is_ok() {
        fill(&folder.join("ballast"));
    }
    is_refused(&service, command(), says).await;
    fs::write(disk.database(), "").unwrap();
    if mount.is_ok() {
        fill(&folder.join("ballast"));
    }
    is_refused(&service, command(), says).await;
    let _ = fs::remove_file(folder.join("ballast"));
    goes_on(&service, &disk, &[SECOND]).await;
}
