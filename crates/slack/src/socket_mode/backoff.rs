//! How long to wait before the next attempt at a link.
//!
//! Invariant: only a link that lived for a while makes the next wait short again. A server that accepts and
//! hangs up at once is thus met with ever longer waits, as one that does not accept at all.

use std::time::Duration;

use super::Timings;

pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
    /// How long to wait before the next attempt.
    wait: Duration,
    dice: fastrand::Rng,
}

impl Backoff {
    pub(super) fn new(timings: &Timings, dice: fastrand::Rng) -> Self {
        let (first, longest) = (timings.first_wait, timings.longest_wait);
        Self { first, longest, failures: 0, wait: Duration::ZERO, dice }
    }

    /// The wait before the next attempt: none at first, and after [`Backoff::settled`].
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    /// A link had lived long enough.
    pub(super) fn settled(&mut self) {
        self.failures = 0;
        self.wait = Duration::ZERO;
    }

    /// An attempt failed, or a link ended early: double the wait, and draw from its upper half, so that many
    /// replicas do not come back together.
    pub(super) fn failed(&mut self) {
        let whole = self.first.saturating_mul(1 << self.failures.min(16)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        self.wait = self.jittered(whole);
    }

    /// Only a person can help: come back after `wait`.
    pub(super) fn hopeless(&mut self, wait: Duration) {
        self.failures = self.failures.saturating_add(1);
        self.wait = self.jittered(wait);
    }

    fn jittered(&mut self, whole: Duration) -> Duration {
        whole.mul_f64(0.5 + self.dice.f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_limit_and_start_over_only_when_settled() {
        let timings = Timings::default();
        let mut backoff = Backoff::new(&timings, fastrand::Rng::with_seed(1));
        assert_eq!(backoff.wait(), Duration::ZERO);
        for seconds in [1_u64, 2, 4, 8, 16, 32, 60, 60, 60] {
            backoff.failed();
            let whole = Duration::from_secs(seconds);
            assert!(
                backoff.wait() >= whole / 2 && backoff.wait() <= whole,
                "{:?} of {whole:?}",
                backoff.wait()
            );
        }
        backoff.settled();
        assert_eq!(backoff.wait(), Duration::ZERO);
        backoff.hopeless(timings.hopeless_wait);
        assert!(backoff.wait() >= timings.hopeless_wait / 2);
    }
}
