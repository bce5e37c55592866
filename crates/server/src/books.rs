//! The history in memory, as facts that can be counted at once: for pages that show a year in a moment.
//!
//! It is a cache of the logs and nothing but that. Everything in it was read out of the store and can be read again;
//! nothing is decided by it, and a start begins with none of it. How fresh it is [`Books::as_of`] says: where one process
//! has the store to itself, what happens is entered as soon as it is told ([`Books::touch`]); where several share it, within
//! a quarter of a minute, and that somebody who is on an incident closes it within ten.
//!
//! Invariant: whoever reads sees the facts of one moment, waits for nobody, and keeps nobody waiting.

mod keeping;
mod ledger;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pagerslack_core::report::{Bucket, Frame, Row, Summary, row};
use pagerslack_core::{IncidentId, TeamId};
use pagerslack_store::{Backend, Cursor, StoreError};

use crate::stats::Selection;
use ledger::Ledger;
pub use ledger::View;

/// How many incidents are read at once: some milliseconds of the store's time, so that paging is not kept waiting.
const AT_ONCE: usize = 100;

/// The history of every workspace in memory.
pub struct Books {
    store: Arc<dyn Backend>,
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    ledgers: HashMap<TeamId, Ledger>,
    as_of: Option<Timestamp>,
}

impl Books {
    /// Empty books, to be filled from a store.
    pub fn new(store: Arc<dyn Backend>) -> Self {
        Self { store, kept: RwLock::default() }
    }

    /// Whether the whole history has been read.
    pub fn ready(&self) -> bool {
        self.as_of().is_some()
    }

    /// The moment up to which everything is in it that had happened; `None` while it is being filled.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.read().as_of
    }

    /// The workspaces of which anything is in it, in order.
    pub fn workspaces(&self) -> Vec<TeamId> {
        let mut teams: Vec<TeamId> = self.read().ledgers.keys().cloned().collect();
        teams.sort();
        teams
    }

    /// The facts of a workspace that a selection holds, the earliest reported first, as they are at this moment.
    pub fn rows(&self, team: &TeamId, selection: &Selection) -> View {
        self.read().ledgers.get(team).map(|ledger| ledger.view(selection)).unwrap_or_default()
    }

    /// What the facts of a workspace come to that a selection holds. Milliseconds for a hundred thousand.
    pub fn summary(&self, team: &TeamId, selection: &Selection, bucket: Bucket, zone: TimeZone) -> Summary {
        let view = self.rows(team, selection);
        Summary::of(view.iter(), view.names(), &Frame { bucket, zone, ..frame(selection) })
    }

    /// Reads one incident again, of which it is known that something has happened in it.
    ///
    /// # Errors
    /// When it cannot be read; it is read again with the others.
    pub async fn touch(&self, team: &TeamId, incident: &IncidentId) -> Result<(), StoreError> {
        // One that was taken out meanwhile stays as it was.
        if let Some(row) = self.store.load(team, incident).await?.and_then(|stored| row(&stored.log)) {
            self.put(team, [row], None);
        }
        Ok(())
    }

    fn put(&self, team: &TeamId, rows: impl IntoIterator<Item = Row>, last: Option<Cursor>) {
        let mut kept = self.write();
        let ledger = kept.ledgers.entry(team.clone()).or_default();
        rows.into_iter().for_each(|row| ledger.put(&row));
        ledger.last = last.or_else(|| ledger.last.take());
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frame of a selection, by days of UTC.
pub(crate) fn frame(selection: &Selection) -> Frame {
    Frame { since: selection.since, until: selection.until, bucket: Bucket::Day, zone: TimeZone::UTC }
}
