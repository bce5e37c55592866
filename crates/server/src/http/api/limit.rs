//! How often a token may be used: so many requests a minute, all of which may come at once.
//!
//! Each replica counts for itself. Only whoever has shown a good token is counted, so strangers fill no memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Beyond so many tokens those are forgotten that have all of their minute again.
const MANY: usize = 1_000;

/// When each token would have all of its minute again, on the clock that nobody sets.
#[derive(Default)]
pub(super) struct Limits(Mutex<BTreeMap<String, Duration>>);

impl Limits {
    /// Counts one request at `now`, or says in how many seconds there is room for one.
    pub(super) fn take(&self, token: &str, per_minute: u32, now: Duration) -> Result<(), u64> {
        let mut full_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() > MANY {
            full_at.retain(|_, at| *at > now);
        }
        let before = full_at.get(token).copied().unwrap_or(now).max(now);
        let after = before + MINUTE / per_minute.max(1);
        let over = (after - now).saturating_sub(MINUTE);
        if over.is_zero() {
            full_at.insert(token.to_owned(), after);
            return Ok(());
        }
        Err(over.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_s_requests_may_come_at_once_and_then_one_by_one() {
        let (limits, at) = (Limits::default(), |seconds: u64| Duration::from_secs(1_000 + seconds));
        for _ in 0..6 {
            assert_eq!(limits.take("a", 6, at(0)), Ok(()));
        }
        assert_eq!(limits.take("a", 6, at(0)), Err(10));
        assert_eq!(limits.take("b", 6, at(0)), Ok(()), "another token has its own");
        assert_eq!(limits.take("a", 6, at(4)), Err(6));
        assert_eq!(limits.take("a", 6, at(10)), Ok(()));
        assert_eq!(limits.take("a", 6, at(10)), Err(10));
        for _ in 0..6 {
            assert_eq!(limits.take("a", 6, at(500)), Ok(()));
        }
    }
}
