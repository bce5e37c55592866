//! All chance there is: numbers that follow from the seed. Cheap to clone; clones share one sequence.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The dice of one run.
#[derive(Clone)]
pub(crate) struct Dice(Arc<Mutex<fastrand::Rng>>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// Others that follow from the same seed, and from which nothing is taken by throwing these.
    pub(crate) fn aside(seed: u64) -> Self {
        Self::new(!seed)
    }

    fn rng(&self) -> MutexGuard<'_, fastrand::Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number below `bound`; 0 when there is none.
    pub(crate) fn below(&self, bound: usize) -> usize {
        self.rng().usize(..bound.max(1))
    }

    /// A number from `least` to `most`, both included.
    pub(crate) fn between(&self, least: u64, most: u64) -> u64 {
        self.rng().u64(least..=most.max(least))
    }

    /// Whether something happens that happens so often, from 0 to 1.
    pub(crate) fn happens(&self, share: f64) -> bool {
        share > 0.0 && self.rng().f64() < share
    }

    /// One of several; there must be one.
    pub(crate) fn one_of<'a, T>(&self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A time from `least` to `most` milliseconds.
    pub(crate) fn milliseconds(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// A time from `least` to `most` seconds, by the millisecond.
    pub(crate) fn seconds(&self, least: u64, most: u64) -> Duration {
        self.milliseconds(least * 1_000, most * 1_000)
    }

    /// A time that lasts so long on average and is often short and seldom long, as between things that happen by
    /// themselves.
    pub(crate) fn wait(&self, mean: Duration) -> Duration {
        let unit = -(1.0 - self.rng().f64()).ln();
        mean.mul_f64(unit.min(20.0))
    }
}
