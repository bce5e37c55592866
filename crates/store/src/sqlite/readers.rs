//! The threads that read, each with a connection of its own.
//!
//! A read begins after it was asked for, on a connection that sees every transaction committed by then, so
//! it sees every commit that has returned.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::{io, iter};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::writer::Read;

/// How many threads read: two may walk through the whole history while the third answers short questions.
pub(super) const READERS: usize = 3;

/// How many reads may wait. Each is tens of microseconds, and whoever comes after waits for room.
const WAITING: usize = 256;

/// The threads, and the way to them.
pub(super) struct Readers {
    pub(super) reads: mpsc::Sender<Read>,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts a thread for each connection. They end when the sender is dropped.
    pub(super) fn start(connections: Vec<Connection>) -> io::Result<Self> {
        let (reads, waiting) = mpsc::channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = connections
            .into_iter()
            .zip(iter::repeat(waiting))
            .map(|(db, waiting)| {
                Builder::new().name("sqlite-reader".to_owned()).spawn(move || serve(&db, &waiting))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { reads, threads })
    }
}

fn serve(db: &Connection, waiting: &Mutex<mpsc::Receiver<Read>>) {
    while let Some(read) = next(waiting) {
        read(db);
    }
}

/// The thread that waits holds the lock; the next one waits for the lock instead.
fn next(waiting: &Mutex<mpsc::Receiver<Read>>) -> Option<Read> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}
