//! Which messages concern an incident that still needs somebody: a small set in memory, so that a reaction
//! which concerns no incident costs no I/O.
//!
//! It holds only hashes, so a hit means "ask the store"; a miss is final for messages this process knows of.
//! It is not needed for correctness: a 👀 that is missed here is found by reading the reactions back (P4).

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError, RwLock};

use pagerslack_core::{MessageRef, TeamId, UserId};

/// How many reactions on unknown messages are remembered, for the moments between a message's appearance in
/// Slack and Slack's answer to us that it stands. A busy workspace sees a few 👀 a second, and an answer takes
/// less than ten. A workspace keeps its own however many others see.
const EARLY: usize = 256;

/// How many workspaces' early reactions are remembered: beyond that those of some are forgotten, and read back later.
const EARLY_TEAMS: usize = 256;

/// The messages on which a 👀 counts.
#[derive(Debug, Default)]
pub struct MessageIndex {
    hashes: RwLock<HashSet<u64>>,
    early: Mutex<HashMap<TeamId, VecDeque<(u64, UserId)>>>,
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

    /// Remembers a 👀 on a message that is not known: somebody may be quicker than Slack's answer to our post.
    pub fn remember_early(&self, team: &TeamId, message: &MessageRef, user: &UserId) {
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        if early.len() >= EARLY_TEAMS && !early.contains_key(team) {
            early.clear();
        }
        let early = early.entry(team.clone()).or_default();
        if early.len() == EARLY {
            early.pop_front();
        }
        early.push_back((self.hash(team, message), user.clone()));
    }

    /// Who had reacted to a message before it was known, in order; each is told of once.
    pub fn take_early(&self, team: &TeamId, message: &MessageRef) -> Vec<UserId> {
        let hash = self.hash(team, message);
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(of_team) = early.get_mut(team) else { return Vec::new() };
        let (found, rest): (VecDeque<_>, VecDeque<_>) =
            of_team.drain(..).partition(|(other, _)| *other == hash);
        *of_team = rest;
        found.into_iter().map(|(_, user)| user).collect()
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
