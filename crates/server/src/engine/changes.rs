//! Tells whoever watches that something has happened, once it is in the store.
//!
//! Invariant: nobody who watches, or is too slow to, keeps anything here waiting. What is told is only that something
//! has changed and where; what, stands in the store.

use pagerslack_core::{IncidentId, TeamId};
use tokio::sync::broadcast;

use super::Engine;

/// How many changes a slow watcher may be behind before it misses some; it then looks at all.
const BEHIND: usize = 256;

/// Something happened in an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its workspace.
    pub team: TeamId,
    /// Which.
    pub incident: IncidentId,
    /// The number of the last event.
    pub seq: u64,
}

/// Where changes are told.
pub(super) struct Changes(broadcast::Sender<Change>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }
}

impl Engine {
    /// What happens from now on, as this process commits it or is told of it.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.0.subscribe()
    }

    /// Whether anybody watches.
    pub fn is_watched(&self) -> bool {
        self.changes.0.receiver_count() > 0
    }

    /// Tells of something that has happened, here or in another process.
    pub fn changed(&self, team: &TeamId, incident: &IncidentId, seq: u64) {
        if self.is_watched() {
            // It fails when nobody watches any more.
            let _ = self.changes.0.send(Change { team: team.clone(), incident: incident.clone(), seq });
        }
    }
}
