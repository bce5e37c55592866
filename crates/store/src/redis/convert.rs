//! Values on their way into and out of Redis.

use jiff::Timestamp;
use redis::{FromRedisValue, RedisError, Value};

use crate::StoreError;

/// An instant that bounds a wait: nanoseconds since the epoch in twenty digits, so that text sorts as time does. What
/// lies before the epoch is long due, what lies beyond the year 2554 never.
pub(super) fn bound(at: Timestamp) -> String {
    let nanoseconds = at.as_nanosecond().clamp(0, i128::from(u64::MAX));
    format!("{nanoseconds:020}")
}

/// An instant that is recorded and must come back exactly.
pub(super) fn record(at: Timestamp) -> String {
    at.as_nanosecond().to_string()
}

/// An instant as read, of either kind.
pub(super) fn instant(text: &str) -> Result<Timestamp, StoreError> {
    let corrupt = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Corrupt {
        what: format!("the time {text:?}"),
        source,
    };
    let nanoseconds: i128 = text.parse().map_err(|source: std::num::ParseIntError| corrupt(source.into()))?;
    // The far end of what bounds a wait is beyond what a timestamp can say.
    let nanoseconds = nanoseconds.min(Timestamp::MAX.as_nanosecond());
    Timestamp::from_nanosecond(nanoseconds).map_err(|source| corrupt(source.into()))
}

/// An instant as a score: whole microseconds, which a double holds exactly.
pub(super) fn score(bound: &str) -> String {
    let microseconds = bound.get(..17).unwrap_or(bound).trim_start_matches('0');
    if microseconds.is_empty() { "0".to_owned() } else { microseconds.to_owned() }
}

/// A count as read.
pub(super) fn count(text: &str) -> Result<u64, StoreError> {
    text.parse().map_err(|source: std::num::ParseIntError| StoreError::Corrupt {
        what: format!("the count {text:?}"),
        source: source.into(),
    })
}

/// An answer as what it should be.
pub(super) fn answer<T: FromRedisValue>(what: &'static str, value: Value) -> Result<T, StoreError> {
    redis::from_redis_value(value).map_err(|source| StoreError::Corrupt {
        what: what.to_owned(),
        source: RedisError::from(source).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    #[test]
    fn what_is_out_of_range_is_long_due_or_never() {
        assert_eq!(bound(Timestamp::MIN), "0".repeat(20));
        assert_eq!(bound(Timestamp::MAX), u64::MAX.to_string());
        assert_eq!(score(&"0".repeat(20)), "0");
        assert!(instant(&u64::MAX.to_string()).is_ok());
    }

    proptest! {
        #[test]
        fn text_sorts_as_time_does(one in 0..i64::MAX, other in 0..i64::MAX) {
            let at = |nanoseconds| Timestamp::UNIX_EPOCH + SignedDuration::from_nanos(nanoseconds);
            prop_assert_eq!(bound(at(one)).cmp(&bound(at(other))), one.cmp(&other));
            prop_assert_eq!(instant(&bound(at(one))).unwrap(), at(one));
            prop_assert_eq!(instant(&record(at(one))).unwrap(), at(one));
            prop_assert_eq!(score(&bound(at(one))), (one / 1000).to_string());
        }
    }
}
