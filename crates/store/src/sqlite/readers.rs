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

/// How many threads answer short questions.
const READERS: usize = 2;

/// How many walk through the history, while the others are free for short questions.
const WALKERS: usize = 2;

/// How many connections they need.
pub(super) const CONNECTIONS: usize = READERS + WALKERS;

/// How many reads may wait. Each is tens of microseconds, and whoever comes after waits for room.
const WAITING: usize = 256;

/// The threads, and the ways to them.
pub(super) struct Readers {
    pub(super) reads: mpsc::Sender<Read>,
    pub(super) walks: mpsc::Sender<Read>,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts a thread for each connection. They end when the senders are dropped.
    pub(super) fn start(mut connections: Vec<Connection>) -> io::Result<Self> {
        let walkers = connections.split_off(READERS.min(connections.len()));
        let (reads, mut threads) = start("sqlite-reader", connections)?;
        let (walks, walking) = start("sqlite-walker", walkers)?;
        threads.extend(walking);
        Ok(Self { reads, walks, threads })
    }
}

fn start(name: &str, connections: Vec<Connection>) -> io::Result<(mpsc::Sender<Read>, Vec<JoinHandle<()>>)> {
    let (reads, waiting) = mpsc::channel(WAITING);
    let waiting = Arc::new(Mutex::new(waiting));
    let threads = connections
        .into_iter()
        .zip(iter::repeat(waiting))
        .map(|(db, waiting)| Builder::new().name(name.to_owned()).spawn(move || serve(&db, &waiting)))
        .collect::<io::Result<_>>()?;
    Ok((reads, threads))
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
