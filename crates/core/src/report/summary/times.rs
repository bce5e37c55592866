//! How long something took, of many.

use serde::{Deserialize, Serialize};

/// Some times, in milliseconds. A percentile is the smallest of them that so many percent of all do not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// How many there are.
    pub count: u64,
    /// Half of them are no longer.
    pub p50: u64,
    /// Nine of ten are no longer.
    pub p90: u64,
    /// Ninety-nine of a hundred are no longer.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

impl Times {
    /// What some times come to; `None` of none. They are in order afterwards.
    pub fn of(times: &mut [u64]) -> Option<Self> {
        times.sort_unstable();
        let max = *times.last()?;
        let percentile = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100);
            times.get(rank.saturating_sub(1)).copied().unwrap_or(max)
        };
        let count = u64::try_from(times.len()).unwrap_or(u64::MAX);
        Some(Self { count, p50: percentile(50), p90: percentile(90), p99: percentile(99), max })
    }
}
