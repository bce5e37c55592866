//! The one thread that writes.
//!
//! ```text
//! callers ──► bounded channel ──► writer: BEGIN ─ savepoint, savepoint, … ─ COMMIT ──► answers
//! ```
//!
//! Whatever waits when the writer turns to the channel, and whatever comes before it is done with that, becomes
//! one group: one transaction, one wait for the disk. Within it each request has a savepoint, so a refusal
//! undoes that request alone. Nobody is answered, not even with a refusal, before the group is on the disk, for
//! a refusal may rest on another request of the group. If the group cannot be committed all of it is undone and everyone learns so.

use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::convert::failed;
use super::health::Health;
use super::{archive, claim, commit, records};
use crate::{
    Claim, ClaimedJob, Commit, CommitError, Filed, Held, Past, RecordWrite, Renewal, Shares, StoreError,
};

/// How many requests share a transaction at most. At this size the wait for the disk is spread thin, while
/// the first of the group still waits only a few milliseconds for the last.
const GROUP: usize = 256;

/// How many requests may wait for the writer: four groups, some tens of milliseconds of work. Whoever comes
/// after waits for room, so that a burst is felt by its callers and not by the memory.
pub(super) const WAITING: usize = 4 * GROUP;

/// Something to do on a connection while no transaction is open.
pub(super) type Read = Box<dyn FnOnce(&Connection) + Send>;

/// What the writer is asked for.
pub(super) enum Request {
    /// A change.
    Write(Write),
    /// A question, when there is no other connection.
    Read(Read),
}

/// A change, and where its answer goes.
pub(super) enum Write {
    /// To commit; done even if nobody waits for the answer any more.
    Commit(Box<Commit>, Reply<Result<(), CommitError>>),
    /// To lease jobs; none are leased if nobody waits for them any more.
    Claim(Claim, Shares, Reply<Result<Vec<ClaimedJob>, StoreError>>),
    /// To hold jobs for longer.
    Renew(Vec<Held>, Timestamp, Reply<Result<Vec<Renewal>, StoreError>>),
    /// To write a record.
    Record(RecordWrite, Reply<Result<Option<u64>, StoreError>>),
    /// To sweep a shelf of records of what has expired by then.
    Sweep(String, Timestamp, Reply<Result<u64, StoreError>>),
    /// To take an old incident out, for a row.
    Retire(Box<(Filed, Vec<u8>)>, Reply<Result<u64, StoreError>>),
    /// To add rows of old incidents.
    AddPast(Vec<Past>, Reply<Result<u64, StoreError>>),
}

type Reply<T> = oneshot::Sender<T>;

/// What the writer has done.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Commits accepted and made durable.
    pub(super) commits: AtomicU64,
    /// Transactions in which they, and claims, were made durable.
    pub(super) groups: AtomicU64,
    /// How writing goes.
    pub(super) health: Health,
}

/// Serves requests until every sender is gone and the channel is empty, then tidies up.
pub(super) fn run(db: &Connection, mut requests: mpsc::Receiver<Request>, counters: &Counters) {
    while let Some(first) = requests.blocking_recv() {
        let mut reads = Vec::new();
        let mut group = iter::once(first).chain(iter::from_fn(|| requests.try_recv().ok())).take(GROUP);
        let mut writes = iter::from_fn(|| {
            loop {
                match group.next()? {
                    Request::Write(write) => return Some(write),
                    Request::Read(read) => reads.push(read),
                }
            }
        });
        if let Some(first) = writes.next() {
            write_group(db, iter::once(first).chain(writes), counters);
        }
        for read in reads {
            read(db);
        }
    }
    // Moves the log into the database, so that the next start has nothing to replay. Without it nothing is
    // lost, which is why a failure does not matter.
    let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

/// Each change is taken from the channel only when the one before is done, so that the latest possible comer
/// still shares the wait for the disk.
pub(super) fn write_group(db: &Connection, writes: impl Iterator<Item = Write>, counters: &Counters) {
    if let Err(error) = execute(db, "BEGIN IMMEDIATE") {
        counters.health.failed(&error);
        let cause = Arc::new(error);
        for write in writes {
            write.skip().fail(&cause);
        }
        return;
    }
    let changes = db.total_changes();
    let mut answers: Vec<Answer> = Vec::new();
    for write in writes {
        // SQLite undoes a whole transaction by itself on some errors. What comes after would then be
        // committed one by one, beside a group that has failed.
        let answer = if db.is_autocommit() { write.skip() } else { write.perform(db) };
        answers.push(answer);
    }
    let committed = execute(db, "COMMIT");
    match (answers.iter().find_map(Answer::fault), &committed) {
        (Some(own), _) => counters.health.failed(own),
        (None, Err(error)) => counters.health.failed(error),
        // A claim that finds nothing due writes nothing, and proves nothing.
        (None, Ok(())) if db.total_changes() != changes => counters.health.succeeded(),
        (None, Ok(())) => {}
    }
    match committed {
        Ok(()) => {
            let accepted = answers.iter().filter(|answer| answer.is_commit()).count();
            counters.commits.fetch_add(accepted as u64, Ordering::Relaxed);
            counters.groups.fetch_add(1, Ordering::Relaxed);
            answers.into_iter().for_each(Answer::send);
        }
        Err(error) => {
            if !db.is_autocommit() {
                let _ = execute(db, "ROLLBACK");
            }
            let cause = Arc::new(error);
            for answer in answers {
                answer.fail(&cause);
            }
        }
    }
}

impl Write {
    fn perform(self, db: &Connection) -> Answer {
        match self {
            Self::Commit(commit, reply) => {
                Answer::Commit(reply, in_savepoint(db, |db| commit::apply(db, &commit)))
            }
            Self::Claim(_, _, reply) if reply.is_closed() => Answer::Claim(reply, Ok(Vec::new())),
            Self::Claim(claim, shares, reply) => {
                Answer::Claim(reply, in_savepoint(db, |db| claim::claim(db, &claim, &shares)))
            }
            Self::Renew(held, until, reply) => {
                Answer::Renew(reply, in_savepoint(db, |db| claim::renew(db, &held, until)))
            }
            Self::Record(write, reply) => {
                Answer::Record(reply, in_savepoint(db, |db| records::write(db, &write)))
            }
            Self::Sweep(shelf, now, reply) => {
                Answer::Count(reply, in_savepoint(db, |db| records::sweep(db, &shelf, now)))
            }
            Self::Retire(old, reply) => Answer::Count(
                reply,
                in_savepoint(db, |db| archive::retire(db, &old.0, &old.1).map(u64::from)),
            ),
            Self::AddPast(rows, reply) => Answer::Count(
                reply,
                in_savepoint(db, |db| {
                    rows.iter().try_for_each(|past| archive::add_past(db, past))?;
                    Ok(rows.len() as u64)
                }),
            ),
        }
    }

    fn skip(self) -> Answer {
        match self {
            Self::Commit(_, reply) => Answer::Commit(reply, Ok(())),
            Self::Claim(_, _, reply) => Answer::Claim(reply, Ok(Vec::new())),
            Self::Renew(_, _, reply) => Answer::Renew(reply, Ok(Vec::new())),
            Self::Record(_, reply) => Answer::Record(reply, Ok(None)),
            Self::Sweep(_, _, reply) | Self::Retire(_, reply) | Self::AddPast(_, reply) => {
                Answer::Count(reply, Ok(0))
            }
        }
    }
}

/// An answer held back until the group is on the disk. A caller that has gone away is not missed.
enum Answer {
    Commit(Reply<Result<(), CommitError>>, Result<(), CommitError>),
    Claim(Reply<Result<Vec<ClaimedJob>, StoreError>>, Result<Vec<ClaimedJob>, StoreError>),
    Renew(Reply<Result<Vec<Renewal>, StoreError>>, Result<Vec<Renewal>, StoreError>),
    Record(Reply<Result<Option<u64>, StoreError>>, Result<Option<u64>, StoreError>),
    Count(Reply<Result<u64, StoreError>>, Result<u64, StoreError>),
}

impl Answer {
    fn is_commit(&self) -> bool {
        matches!(self, Self::Commit(_, Ok(())))
    }

    /// Why it could not be written, if that lies with the database and not with what was asked for.
    fn fault(&self) -> Option<&StoreError> {
        match self {
            Self::Commit(_, Err(CommitError::Store(error @ StoreError::Unavailable { .. })))
            | Self::Claim(_, Err(error @ StoreError::Unavailable { .. }))
            | Self::Renew(_, Err(error @ StoreError::Unavailable { .. }))
            | Self::Record(_, Err(error @ StoreError::Unavailable { .. }))
            | Self::Count(_, Err(error @ StoreError::Unavailable { .. })) => Some(error),
            Self::Commit(..) | Self::Claim(..) | Self::Renew(..) | Self::Record(..) | Self::Count(..) => None,
        }
    }

    fn send(self) {
        match self {
            Self::Commit(reply, answer) => drop(reply.send(answer)),
            Self::Claim(reply, answer) => drop(reply.send(answer)),
            Self::Renew(reply, answer) => drop(reply.send(answer)),
            Self::Record(reply, answer) => drop(reply.send(answer)),
            Self::Count(reply, answer) => drop(reply.send(answer)),
        }
    }

    /// Answers that the group has failed, whatever the answer would have been; a failure of its own is the
    /// better explanation.
    fn fail(self, cause: &Arc<rusqlite::Error>) {
        let group = || StoreError::Unavailable {
            what: "writing a group of changes",
            source: Box::new(Arc::clone(cause)),
        };
        match self {
            Self::Commit(reply, Err(CommitError::Store(own))) => drop(reply.send(Err(own.into()))),
            Self::Commit(reply, _) => drop(reply.send(Err(group().into()))),
            Self::Claim(reply, answer) => drop(reply.send(answer.and_then(|_| Err(group())))),
            Self::Renew(reply, answer) => drop(reply.send(answer.and_then(|_| Err(group())))),
            Self::Record(reply, answer) => drop(reply.send(answer.and_then(|_| Err(group())))),
            Self::Count(reply, answer) => drop(reply.send(answer.and_then(|_| Err(group())))),
        }
    }
}

fn in_savepoint<T, E: From<StoreError>>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let what = failed("keeping the changes of a group apart");
    execute(db, "SAVEPOINT request").map_err(&what)?;
    let outcome = work(db);
    if db.is_autocommit() {
        return outcome;
    }
    if outcome.is_err() && execute(db, "ROLLBACK TO request").is_err() {
        // Half of a refused commit would stay: the whole group must go.
        let _ = execute(db, "ROLLBACK");
        return outcome;
    }
    execute(db, "RELEASE request").map_err(&what)?;
    outcome
}

fn execute(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}
