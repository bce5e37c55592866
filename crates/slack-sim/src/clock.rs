//! Clocks of a simulation: real, set by hand, or faster than real.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Tells the simulated time, and how long that is in real time.
pub trait SimClock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// How long to wait, really, until the simulated time is `at`. A clock that may be changed meanwhile gives a
    /// short wait; ask again then.
    fn until(&self, at: Timestamp) -> Duration;

    /// How many simulated seconds a real second takes; `None` when that cannot be changed.
    fn speed(&self) -> Option<u32> {
        None
    }

    /// Changes the speed; ignored where it cannot be.
    fn set_speed(&self, _speed: u32) {}
}

/// Longest wait for a clock that can be changed from outside.
const GLANCE: Duration = Duration::from_millis(20);

/// The real time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SimClock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn until(&self, at: Timestamp) -> Duration {
        real(at.duration_since(Timestamp::now()))
    }
}

/// Stands still until told.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// Stands at this time.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self(Mutex::new(at))
    }

    /// Moves to a time.
    pub fn set(&self, at: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// Moves on.
    pub fn advance(&self, by: SignedDuration) {
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *at = at.saturating_add(by).unwrap_or(*at);
    }
}

impl SimClock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn until(&self, at: Timestamp) -> Duration {
        if at <= self.now() { Duration::ZERO } else { GLANCE }
    }
}

/// Runs at a multiple of real time that can be changed while it runs.
#[derive(Debug)]
pub struct ScaledClock(Mutex<Scale>);

#[derive(Debug, Clone, Copy)]
struct Scale {
    /// The simulated time when the speed was last set.
    from: Timestamp,
    since: Instant,
    speed: u32,
}

impl Scale {
    fn now(self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX);
        let elapsed = elapsed.checked_mul(i32::try_from(self.speed).unwrap_or(i32::MAX));
        self.from.saturating_add(elapsed.unwrap_or(SignedDuration::MAX)).unwrap_or(self.from)
    }
}

impl ScaledClock {
    /// Starts at a time with a speed; 1 is real time, 0 stands still.
    #[must_use]
    pub fn new(start: Timestamp, speed: u32) -> Self {
        Self(Mutex::new(Scale { from: start, since: Instant::now(), speed }))
    }

    fn scale(&self) -> Scale {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SimClock for ScaledClock {
    fn now(&self) -> Timestamp {
        self.scale().now()
    }

    fn until(&self, at: Timestamp) -> Duration {
        let scale = self.scale();
        if scale.speed == 0 {
            return GLANCE;
        }
        real(at.duration_since(scale.now())) / scale.speed
    }

    fn speed(&self) -> Option<u32> {
        Some(self.scale().speed)
    }

    fn set_speed(&self, speed: u32) {
        let mut scale = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *scale = Scale { from: scale.now(), since: Instant::now(), speed };
    }
}

fn real(span: SignedDuration) -> Duration {
    Duration::try_from(span).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_keeps_its_time_when_the_speed_changes() {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let clock = ScaledClock::new(start, 0);
        assert_eq!(clock.now(), start);
        clock.set_speed(3600);
        std::thread::yield_now();
        let later = clock.now();
        assert!(later >= start);
        clock.set_speed(0);
        assert!(clock.now() >= later);
        assert_eq!(clock.speed(), Some(0));
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let clock = ManualClock::new(start);
        clock.advance(SignedDuration::from_secs(5));
        assert_eq!(clock.now().duration_since(start).as_secs(), 5);
        assert_eq!(clock.until(start), Duration::ZERO);
    }
}
