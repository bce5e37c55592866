//! The embedded store: one SQLite file, one writer.
//!
//! ```text
//! commit, claim ──► writer thread (writer) ──► commit, claim      one transaction for all that wait
//! load, queue … ──► reader threads (readers) ──► read             each on a connection of its own
//! rows          ──► walker threads (readers) ──► rows             so are these, which read the whole history
//! open: lock, header, schema (schema), leases of the dead process
//! ```
//!
//! A commit that has returned is on the disk (`synchronous=FULL`), so it survives a crash of the process and
//! of the machine (P1). It is there whole or not at all. One process at a time uses a file.
//!
//! Nothing here reads a clock or needs a runtime's timers: the threads are plain ones, and callers wait on
//! channels that work under any executor.

mod archive;
mod claim;
mod commit;
mod convert;
mod health;
mod open;
mod read;
mod readers;
mod records;
mod refusal;
mod rows;
mod schema;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::{io, iter};

use async_trait::async_trait;
use jiff::Timestamp;
use pagerslack_core::audit::JobState;
use pagerslack_core::{IncidentId, JobKey, MessageRef, Queue, RotationId, TeamId, UserId};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

pub use refusal::OpenError;

use crate::{
    Archive, Claim, ClaimedJob, Coming, Commit, CommitError, Cursor, Filed, Held, History, Page, Past,
    Record, RecordWrite, Records, Renewal, Shares, Store, StoreError, Stored, Told,
};
use health::Health;
use readers::{CONNECTIONS, Readers};
use writer::{Counters, Request, Write};

/// A store in one SQLite file, or in memory.
///
/// Dropping it waits until everything asked for is on the disk.
pub struct Sqlite {
    counters: Arc<Counters>,
    requests: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
    /// None in memory, where the writer's connection is the only one.
    readers: Option<Readers>,
    /// The connection, where there are no threads.
    here: Option<Mutex<Connection>>,
    is_checked: bool,
    /// Held until the threads have ended.
    _lock: Option<File>,
}

impl Sqlite {
    /// Opens the database at `path`, or creates it if there is none.
    ///
    /// # Errors
    ///
    /// When it is in use, not ours, of a newer schema, damaged or out of reach. The file is then as it was.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let opened = open::open(path, CONNECTIONS)?;
        let mut store = Self::start(&opened.path, opened.writer, opened.readers, Some(opened.lock))?;
        store.is_checked = opened.is_checked;
        Ok(store)
    }

    /// A store that lasts as long as the value.
    ///
    /// # Errors
    ///
    /// When there is no memory or no thread to be had.
    pub fn in_memory() -> Result<Self, OpenError> {
        Self::start(Path::new(":memory:"), open::in_memory()?, Vec::new(), None)
    }

    /// The same without threads: whoever asks does the work. For simulations, which own everything that happens and
    /// would only wait for the threads.
    ///
    /// # Errors
    ///
    /// When there is no memory to be had.
    pub fn in_memory_without_threads() -> Result<Self, OpenError> {
        let here = Some(Mutex::new(open::in_memory()?));
        Ok(Self {
            counters: Arc::default(),
            requests: None,
            writer: None,
            readers: None,
            here,
            is_checked: true,
            _lock: None,
        })
    }

    fn start(
        path: &Path,
        writer: Connection,
        readers: Vec<Connection>,
        lock: Option<File>,
    ) -> Result<Self, OpenError> {
        let inaccessible =
            |source| OpenError::Unusable { path: PathBuf::from(path), source: io::Error::into(source) };
        let counters = Arc::new(Counters { health: Health::of(path.to_owned()), ..Counters::default() });
        let (requests, waiting) = mpsc::channel(writer::WAITING);
        let readers =
            if readers.is_empty() { None } else { Some(Readers::start(readers).map_err(inaccessible)?) };
        let counted = Arc::clone(&counters);
        let writer = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || writer::run(&writer, waiting, &counted))
            .map_err(inaccessible)?;
        let (requests, writer) = (Some(requests), Some(writer));
        Ok(Self { counters, requests, writer, readers, here: None, is_checked: true, _lock: lock })
    }

    /// How many commits have been accepted and made durable since the start.
    pub fn commits(&self) -> u64 {
        self.counters.commits.load(Ordering::Relaxed)
    }

    /// How many transactions they, and the claims, took: one wait for the disk each at most.
    pub fn groups(&self) -> u64 {
        self.counters.groups.load(Ordering::Relaxed)
    }

    /// Reads the whole database and reports damage. Takes as long as reading the file takes; paging goes on.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] with SQLite's findings, or [`StoreError::Unavailable`].
    pub async fn check(&self) -> Result<(), StoreError> {
        self.read(read::check).await
    }

    /// Whether [`Self::open`] has done that already, as it does with all but a very large database.
    pub fn is_checked(&self) -> bool {
        self.is_checked
    }

    async fn ask<T>(&self, write: impl FnOnce(oneshot::Sender<T>) -> Write) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        match (&self.here, &self.requests) {
            (Some(here), _) => {
                let db = here.lock().unwrap_or_else(PoisonError::into_inner);
                writer::write_group(&db, iter::once(write(reply)), &self.counters);
            }
            (None, Some(requests)) => {
                requests.send(Request::Write(write(reply))).await.map_err(|_| stopped())?;
            }
            (None, None) => return Err(stopped()),
        }
        answer.await.map_err(|_| stopped())
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Some(here) = &self.here {
            return question(&here.lock().unwrap_or_else(PoisonError::into_inner));
        }
        let (read, answer) = asked(question);
        match (&self.readers, &self.requests) {
            (Some(readers), _) => readers.reads.send(read).await.map_err(|_| stopped())?,
            (None, Some(requests)) => {
                requests.send(Request::Read(read)).await.map_err(|_| stopped())?;
            }
            (None, None) => return Err(stopped()),
        }
        answer.await.map_err(|_| stopped())?
    }
}

/// A question for a thread, which is not looked into once nobody waits for the answer.
fn asked<T: Send + 'static>(
    question: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
) -> (writer::Read, oneshot::Receiver<Result<T, StoreError>>) {
    let (reply, answer) = oneshot::channel();
    let read: writer::Read = Box::new(move |db| {
        if !reply.is_closed() {
            let _ = reply.send(question(db));
        }
    });
    (read, answer)
}

fn stopped() -> StoreError {
    StoreError::Unavailable { what: "asking a thread of the store", source: "it has stopped".into() }
}

impl Drop for Sqlite {
    /// The readers end first, so that the writer closes the last connection and SQLite tidies up.
    fn drop(&mut self) {
        if let Some(Readers { reads, walks, threads }) = self.readers.take() {
            drop((reads, walks));
            for thread in threads {
                let _ = thread.join();
            }
        }
        self.requests = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let commit = Box::new(commit);
        self.ask(|reply| Write::Commit(commit, reply)).await?
    }

    async fn load(&self, team: &TeamId, incident: &IncidentId) -> Result<Option<Stored>, StoreError> {
        let (team, incident) = (team.clone(), incident.clone());
        self.read(move |db| read::load(db, &team, &incident)).await
    }

    async fn open_incident(
        &self,
        rotation: &RotationId,
        url: &str,
    ) -> Result<Option<IncidentId>, StoreError> {
        let (rotation, url) = (rotation.clone(), url.to_owned());
        self.read(move |db| read::open_incident(db, &rotation, &url)).await
    }

    async fn incident_of(
        &self,
        team: &TeamId,
        message: &MessageRef,
    ) -> Result<Option<IncidentId>, StoreError> {
        let (team, message) = (team.clone(), message.clone());
        self.read(move |db| read::incident_of(db, &team, &message)).await
    }

    async fn live_messages(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(TeamId, MessageRef)>, StoreError> {
        self.read(move |db| read::live_messages(db, after.as_ref(), limit)).await
    }

    async fn queue(&self, rotation: &RotationId) -> Result<Queue, StoreError> {
        let rotation = rotation.clone();
        self.read(move |db| read::queue(db, &rotation)).await
    }

    async fn recent(&self, rotation: &RotationId, limit: usize) -> Result<Vec<IncidentId>, StoreError> {
        let rotation = rotation.clone();
        self.read(move |db| read::recent(db, &rotation, limit)).await
    }

    async fn open_incidents(&self, rotation: &RotationId) -> Result<Vec<IncidentId>, StoreError> {
        let rotation = rotation.clone();
        self.read(move |db| read::open_incidents(db, &rotation)).await
    }

    async fn open_incidents_after(
        &self,
        after: Option<(TeamId, IncidentId)>,
        limit: usize,
    ) -> Result<Vec<(TeamId, IncidentId)>, StoreError> {
        self.read(move |db| read::open_incidents_after(db, after.as_ref(), limit)).await
    }

    async fn jobs_of(&self, team: &TeamId, incident: &IncidentId) -> Result<Vec<JobState>, StoreError> {
        let (team, incident) = (team.clone(), incident.clone());
        self.read(move |db| claim::jobs_of(db, &team, &incident)).await
    }

    async fn last_about(&self, rotation: &RotationId, url: &str) -> Result<Option<IncidentId>, StoreError> {
        let (rotation, url) = (rotation.clone(), url.to_owned());
        self.read(move |db| read::last_about(db, &rotation, &url)).await
    }

    async fn told(&self, team: &TeamId, user: &UserId, what: &str) -> Result<Option<Timestamp>, StoreError> {
        let (team, user, what) = (team.clone(), user.clone(), what.to_owned());
        self.read(move |db| read::told(db, &team, &user, &what)).await
    }

    async fn rotations(&self) -> Result<Vec<RotationId>, StoreError> {
        self.read(read::rotations).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<ClaimedJob>, StoreError> {
        self.claim_shares(claim, Shares::unbounded()).await
    }

    async fn claim_shares(&self, claim: Claim, shares: Shares) -> Result<Vec<ClaimedJob>, StoreError> {
        self.ask(|reply| Write::Claim(claim, shares, reply)).await?
    }

    async fn renew(&self, held: &[Held], lease_until: Timestamp) -> Result<Vec<Renewal>, StoreError> {
        let held = held.to_vec();
        self.ask(|reply| Write::Renew(held, lease_until, reply)).await?
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(read::next_due).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.next_due().await?;
        if !self.counters.health.fails() {
            return Ok(());
        }
        let mut commit = Commit::new(TeamId::new(""), IncidentId::new("probe"), 0);
        let (user, what, at) = (UserId::new(""), "probe".to_owned(), Timestamp::UNIX_EPOCH);
        commit.told.push(Told { user, what, at, until: None });
        self.commit(commit).await.map_err(|error| match error {
            CommitError::Store(error) => error,
            other => StoreError::Unavailable { what: "trying to write", source: other.into() },
        })
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<(JobKey, Timestamp)>, StoreError> {
        self.read(move |db| read::due(db, now, limit)).await
    }

    async fn job_count(&self) -> Result<u64, StoreError> {
        self.read(read::job_count).await
    }
}

#[async_trait]
impl Records for Sqlite {
    async fn record(&self, shelf: &str, name: &str) -> Result<Option<Record>, StoreError> {
        let (shelf, name) = (shelf.to_owned(), name.to_owned());
        self.read(move |db| records::record(db, &shelf, &name)).await
    }

    async fn records(
        &self,
        shelf: &str,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(String, Record)>, StoreError> {
        let shelf = shelf.to_owned();
        self.read(move |db| records::records(db, &shelf, after.as_ref(), limit)).await
    }

    async fn shelves(&self) -> Result<Vec<String>, StoreError> {
        self.read(records::shelves).await
    }

    async fn write_record(&self, write: RecordWrite) -> Result<Option<u64>, StoreError> {
        self.ask(|reply| Write::Record(write, reply)).await?
    }

    async fn sweep_records(&self, shelf: &str, now: Timestamp) -> Result<u64, StoreError> {
        let shelf = shelf.to_owned();
        self.ask(|reply| Write::Sweep(shelf, now, reply)).await?
    }
}

#[async_trait]
impl Archive for Sqlite {
    async fn incidents(&self, after: Option<Cursor>, limit: usize) -> Result<History, StoreError> {
        self.read(move |db| archive::incidents(db, after.as_ref(), limit)).await
    }

    async fn workspaces(&self) -> Result<Vec<TeamId>, StoreError> {
        self.read(rows::workspaces).await
    }

    async fn rows(
        &self,
        team: &TeamId,
        since: Option<Timestamp>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Coming, StoreError> {
        rows::page(self, team, since, after, limit).await
    }

    async fn retire(&self, filed: &Filed, row: Vec<u8>) -> Result<bool, StoreError> {
        let old = Box::new((filed.clone(), row));
        let retired = self.ask(|reply| Write::Retire(old, reply)).await??;
        Ok(retired == 1)
    }

    async fn past(&self, after: Option<Cursor>, limit: usize) -> Result<Page<Past>, StoreError> {
        self.read(move |db| archive::past(db, after.as_ref(), limit)).await
    }

    async fn add_past(&self, rows: Vec<Past>) -> Result<(), StoreError> {
        self.ask(|reply| Write::AddPast(rows, reply)).await?.map(drop)
    }

    async fn jobs(&self, after: Option<Cursor>, limit: usize) -> Result<Page<JobState>, StoreError> {
        self.read(move |db| claim::jobs(db, after.as_ref(), limit)).await
    }

    async fn all_told(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(TeamId, Told)>, StoreError> {
        self.read(move |db| archive::all_told(db, after.as_ref(), limit)).await
    }
}
