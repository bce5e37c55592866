//! Whether what was asked for last could be written, and what the log says when that changes: one line each, however
//! many requests fail.

use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::convert::{Fault, fault};
use crate::Causes;

/// How writing goes.
#[derive(Debug, Default)]
pub(super) struct Health {
    database: PathBuf,
    fails: AtomicBool,
}

impl Health {
    pub(super) fn of(database: PathBuf) -> Self {
        Self { database, fails: AtomicBool::new(false) }
    }

    /// Whether the last write failed.
    pub(super) fn fails(&self) -> bool {
        self.fails.load(Ordering::Relaxed)
    }

    /// Something was written.
    pub(super) fn succeeded(&self) {
        if self.fails.swap(false, Ordering::Relaxed) {
            let database = self.database.display();
            tracing::info!(%database, "the database can be written again: everything goes on");
        }
    }

    /// Something could not be written.
    pub(super) fn failed(&self, error: &(dyn Error + 'static)) {
        if self.fails.swap(true, Ordering::Relaxed) {
            return;
        }
        let (database, causes) = (self.database.display(), Causes(error));
        match fault(error) {
            Fault::Full => tracing::error!(
                %database,
                error = %causes,
                "the disk is full: nothing is recorded and nobody is paged until there is room; free some space"
            ),
            _ => tracing::error!(
                %database,
                error = %causes,
                "the database cannot be written: nothing is recorded and nobody is paged until it can; look at its disk"
            ),
        }
    }
}
