//! The time that calls take: before they take effect, and from then until the answer.
//!
//! Drawn from a seed, so that two runs differ by the machine alone. A caller that dies meanwhile changes nothing: the
//! call takes effect all the same, as it would at Slack.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long calls take. Cheap to clone; the clones draw from one sequence.
#[derive(Debug, Clone)]
pub(super) struct Latency {
    longest: Duration,
    drawn: Arc<AtomicU64>,
}

impl Latency {
    /// No time at all.
    pub(super) fn none() -> Self {
        Self::up_to(Duration::ZERO, 0)
    }

    /// Up to `longest` before the effect, and as long again after it.
    pub(super) fn up_to(longest: Duration, seed: u64) -> Self {
        Self { longest, drawn: Arc::new(AtomicU64::new(seed)) }
    }

    /// Until the next call takes effect, and from then until its answer; `None` when neither takes any time.
    pub(super) fn draw(&self) -> Option<(Duration, Duration)> {
        if self.longest.is_zero() {
            return None;
        }
        Some((self.part(), self.part()))
    }

    fn part(&self) -> Duration {
        let drawn = scatter(self.drawn.fetch_add(GOLDEN, Ordering::Relaxed).wrapping_add(GOLDEN));
        let thousandths = u32::try_from(drawn % 1_001).unwrap_or(0);
        self.longest * thousandths / 1_000
    }
}

/// The step of SplitMix64. Source: <https://prng.di.unimi.it/splitmix64.c>.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn scatter(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_times_again_and_none_too_long() {
        let longest = Duration::from_millis(80);
        let draw = |seed| {
            let latency = Latency::up_to(longest, seed);
            (0..100).filter_map(|_| latency.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!(draw(7).iter().all(|(before, after)| *before <= longest && *after <= longest));
        assert!(draw(7).iter().any(|(before, _)| *before > longest / 2));
        assert_eq!(Latency::none().draw(), None);
    }
}
