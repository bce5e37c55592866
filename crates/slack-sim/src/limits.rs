//! Slack's rate limits: rolling minutes per method, and the special one of `chat.postMessage`.
//!
//! Figures from docs.slack.dev/apis/web-api/rate-limits. Bursts are tolerated there but not published; here
//! only posting has one, so that a client which leans on luck is found out.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

/// Whether calls beyond the limits are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateLimits {
    /// HTTP 429 with `Retry-After`.
    #[default]
    Enforced,
    /// Everything is let through.
    Off,
}

/// The rate tier of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    T2,
    T3,
    T4,
    /// Documented as special: "hundreds a minute".
    Special,
}

impl Tier {
    fn per_minute(self) -> usize {
        match self {
            Self::T2 => 20,
            Self::T3 => 50,
            Self::T4 => 100,
            Self::Special => 300,
        }
    }
}

const MINUTE: SignedDuration = SignedDuration::from_secs(60);
/// Posts to one channel: one a second on average, and this many at once.
const CHANNEL_BURST: i32 = 10;

/// What has been used up.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) mode: RateLimits,
    calls: BTreeMap<String, VecDeque<Timestamp>>,
    /// Per channel, when the bucket will be full again.
    posts: BTreeMap<String, Timestamp>,
    blocked: BTreeMap<String, Timestamp>,
}

impl Limits {
    /// Counts a call, or says how many seconds to wait.
    pub(crate) fn admit(&mut self, now: Timestamp, method: &str, tier: Tier) -> Result<(), u32> {
        if self.mode == RateLimits::Off {
            return Ok(());
        }
        if let Some(until) = self.blocked.get(method).filter(|until| **until > now) {
            return Err(seconds_until(now, *until));
        }
        let window = self.calls.entry(method.to_owned()).or_default();
        while window.front().is_some_and(|first| now.duration_since(*first) >= MINUTE) {
            window.pop_front();
        }
        match window.front() {
            Some(first) if window.len() >= tier.per_minute() => {
                Err(seconds_until(now, first.saturating_add(MINUTE).unwrap_or(now)))
            }
            _ => {
                window.push_back(now);
                Ok(())
            }
        }
    }

    /// Counts a post to a channel, or says how many seconds to wait.
    pub(crate) fn admit_post(&mut self, now: Timestamp, channel: &str) -> Result<(), u32> {
        if self.mode == RateLimits::Off {
            return Ok(());
        }
        let second = SignedDuration::from_secs(1);
        let full = self.posts.get(channel).copied().unwrap_or(now).max(now);
        let allowed = second * (CHANNEL_BURST - 1);
        if full.duration_since(now) > allowed {
            return Err(seconds_until(now, full - allowed));
        }
        self.posts.insert(channel.to_owned(), full + second);
        Ok(())
    }

    /// After an injected 429 the method stays closed for as long as it said.
    pub(crate) fn block(&mut self, now: Timestamp, method: &str, seconds: u32) {
        self.blocked.insert(method.to_owned(), now + SignedDuration::from_secs(seconds.into()));
    }

    pub(crate) fn reset(&mut self) {
        *self = Self { mode: self.mode, ..Self::default() };
    }
}

/// Whole seconds, rounded up, at least one: `Retry-After` knows no fractions.
fn seconds_until(now: Timestamp, until: Timestamp) -> u32 {
    let left = until.duration_since(now);
    let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn a_minute_rolls() {
        let mut limits = Limits::default();
        for second in 0..20 {
            assert_eq!(limits.admit(at(second * 1000), "users.list", Tier::T2), Ok(()));
        }
        assert_eq!(limits.admit(at(20_000), "users.list", Tier::T2), Err(40));
        assert_eq!(limits.admit(at(20_000), "dnd.teamInfo", Tier::T2), Ok(()));
        assert_eq!(limits.admit(at(59_500), "users.list", Tier::T2), Err(1));
        assert_eq!(limits.admit(at(60_000), "users.list", Tier::T2), Ok(()));
        assert_eq!(limits.admit(at(60_000), "users.list", Tier::T2), Err(1));
    }

    #[test]
    fn a_channel_takes_a_burst_and_then_one_a_second() {
        let mut limits = Limits::default();
        for _ in 0..10 {
            assert_eq!(limits.admit_post(at(0), "C1"), Ok(()));
        }
        assert_eq!(limits.admit_post(at(0), "C1"), Err(1));
        assert_eq!(limits.admit_post(at(0), "C2"), Ok(()));
        assert_eq!(limits.admit_post(at(1000), "C1"), Ok(()));
        assert_eq!(limits.admit_post(at(1500), "C1"), Err(1));
    }
}
