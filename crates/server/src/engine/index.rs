//! Which messages concern an incident that still needs somebody: a small set in memory, so that a reaction
//! which concerns no incident costs no I/O.
//!
//! It holds only hashes, so a hit means "ask the store"; a miss is final for messages this process knows of.
//! It is not needed for correctness: a 👀 that is missed here is found by reading the reactions back (P4).

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{PoisonError, RwLock};

use pagerslack_core::{MessageRef, TeamId};

/// The messages on which a 👀 counts.
#[derive(Debug, Default)]
pub struct MessageIndex {
    hashes: RwLock<HashSet<u64>>,
    hasher: RandomState,
}

impl MessageIndex {
    /// Takes messages in.
    pub fn insert<'a>(&self, messages: impl IntoIterator<Item = (&'a TeamId, &'a MessageRef)>) {
        let mut hashes = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        for (team, message) in messages {
            hashes.insert(self.hash(team, message));
        }
    }

    /// Forgets messages.
    pub fn remove<'a>(&self, team: &TeamId, messages: impl IntoIterator<Item = &'a MessageRef>) {
        let mut hashes = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        for message in messages {
            hashes.remove(&self.hash(team, message));
        }
    }

    /// Whether a message may concern an incident.
    pub fn may_contain(&self, team: &TeamId, message: &MessageRef) -> bool {
        self.hashes.read().unwrap_or_else(PoisonError::into_inner).contains(&self.hash(team, message))
    }

    /// How many messages are known.
    pub fn len(&self) -> usize {
        self.hashes.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether no message is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn hash(&self, team: &TeamId, message: &MessageRef) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for part in [team.as_str(), message.channel.as_str(), message.ts.as_str()] {
            hasher.write(part.as_bytes());
            hasher.write_u8(0);
        }
        hasher.finish()
    }
}
