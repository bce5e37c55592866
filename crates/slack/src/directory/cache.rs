//! A map whose entries grow old, and which never grows beyond a size.
//!
//! Invariant: an answer that was asked for at some moment replaces nothing that was learnt at or after that
//! moment. Every entry carries the moment it was learnt; the clock may step back without harm.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::ids::TeamId;

/// Facts about things of a workspace.
pub(super) struct Cache<K, V> {
    ttl: SignedDuration,
    capacity: usize,
    entries: BTreeMap<TeamId, BTreeMap<K, Entry<V>>>,
    size: usize,
}

struct Entry<V> {
    learnt: Timestamp,
    value: V,
}

impl<K: Ord + Clone, V: Clone> Cache<K, V> {
    pub(super) fn new(ttl: SignedDuration, capacity: usize) -> Self {
        Self { ttl, capacity, entries: BTreeMap::new(), size: 0 }
    }

    /// The fact, unless it is too old. Callers' clocks may differ by a little, and ours may step back.
    pub(super) fn get(&self, now: Timestamp, team: &TeamId, key: &K) -> Option<V> {
        let entry = self.entries.get(team)?.get(key)?;
        self.fresh(now, entry).then(|| entry.value.clone())
    }

    /// The fact, however old it is.
    pub(super) fn get_of_any_age(&self, team: &TeamId, key: &K) -> Option<V> {
        Some(self.entries.get(team)?.get(key)?.value.clone())
    }

    /// The fact whatever its age, and when it was learnt.
    pub(super) fn last(&self, team: &TeamId, key: &K) -> Option<(Timestamp, V)> {
        let entry = self.entries.get(team)?.get(key)?;
        Some((entry.learnt, entry.value.clone()))
    }

    fn fresh(&self, now: Timestamp, entry: &Entry<V>) -> bool {
        now.duration_since(entry.learnt).abs() < self.ttl
    }

    /// What Slack answered to a question asked at `asked`.
    pub(super) fn answered(&mut self, asked: Timestamp, team: &TeamId, key: &K, value: V) {
        let newer = self.entries.get(team).and_then(|of_team| of_team.get(key)).is_some_and(|entry| {
            // What a clock that has stepped back since left in the future is not newer, only misdated.
            entry.learnt >= asked && self.fresh(asked, entry)
        });
        if !newer {
            self.told(asked, team, key, value);
        }
    }

    /// What an event tells now.
    pub(super) fn told(&mut self, now: Timestamp, team: &TeamId, key: &K, value: V) {
        if self.size >= self.capacity {
            self.make_room(now);
        }
        let entry = Entry { learnt: now, value };
        if self.entries.entry(team.clone()).or_default().insert(key.clone(), entry).is_none() {
            self.size += 1;
        }
    }

    /// What of a workspace is remembered, however old it is.
    pub(super) fn of_any_age(&self, team: &TeamId) -> impl Iterator<Item = &V> {
        self.entries.get(team).into_iter().flat_map(BTreeMap::values).map(|entry| &entry.value)
    }

    /// The fact is none any more.
    pub(super) fn drop_one(&mut self, team: &TeamId, key: &K) {
        if self.entries.get_mut(team).is_some_and(|of_team| of_team.remove(key).is_some()) {
            self.size -= 1;
        }
    }

    pub(super) fn forget(&mut self, team: &TeamId) {
        self.size -= self.entries.remove(team).map_or(0, |of_team| of_team.len());
    }

    /// Drops what is too old, and if that is not a quarter of everything, the oldest quarter.
    fn make_room(&mut self, now: Timestamp) {
        let ttl = self.ttl;
        self.keep(|entry| now.duration_since(entry.learnt).abs() < ttl);
        let goal = self.capacity - self.capacity / 4;
        if self.size > goal {
            let mut learnt: Vec<Timestamp> =
                self.entries.values().flat_map(BTreeMap::values).map(|entry| entry.learnt).collect();
            learnt.sort_unstable();
            if let Some(oldest_kept) = learnt.get(self.size - goal).copied() {
                self.keep(|entry| entry.learnt > oldest_kept);
            }
        }
    }

    fn keep(&mut self, worth: impl Fn(&Entry<V>) -> bool) {
        self.entries.retain(|_, of_team| {
            of_team.retain(|_, entry| worth(entry));
            !of_team.is_empty()
        });
        self.size = self.entries.values().map(BTreeMap::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn cache() -> Cache<u32, &'static str> {
        Cache::new(SignedDuration::from_secs(60), 100)
    }

    #[test]
    fn a_fact_is_believed_for_its_time() {
        let (mut cache, team) = (cache(), TeamId::new("T1"));
        cache.answered(at(0), &team, &1, "a");
        assert_eq!(cache.get(at(59), &team, &1), Some("a"));
        assert_eq!(cache.get(at(60), &team, &1), None);
        assert_eq!(cache.get(at(-1), &team, &1), Some("a"), "a caller whose clock is a little behind");
        assert_eq!(cache.get(at(-3600), &team, &1), None, "a clock that stepped back");
        assert_eq!(cache.get(at(0), &"T2".into(), &1), None);
    }

    #[test]
    fn an_answer_never_replaces_what_an_event_told_meanwhile() {
        let (mut cache, team) = (cache(), TeamId::new("T1"));
        cache.told(at(5), &team, &1, "event");
        cache.answered(at(4), &team, &1, "asked before");
        assert_eq!(cache.get(at(6), &team, &1), Some("event"));
        cache.answered(at(6), &team, &1, "asked after");
        assert_eq!(cache.get(at(6), &team, &1), Some("asked after"));
    }

    #[test]
    fn it_never_outgrows_its_capacity_and_keeps_the_newest() {
        let (mut cache, team) = (cache(), TeamId::new("T1"));
        for key in 0..1_000 {
            cache.told(at(i64::from(key) / 50), &team, &key, "x");
            assert!(cache.size <= 100);
        }
        assert_eq!(cache.get(at(20), &team, &999), Some("x"));
        cache.forget(&team);
        assert_eq!((cache.size, cache.entries.len()), (0, 0));
    }

    #[test]
    fn facts_learnt_all_at_once_are_dropped_all_at_once() {
        let (mut cache, team) = (cache(), TeamId::new("T1"));
        for key in 0..250 {
            cache.told(at(0), &team, &key, "x");
            assert!(cache.size <= 100);
        }
    }
}
