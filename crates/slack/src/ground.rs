//! What long-lived tasks stand on: where they run and how time passes. Tokio's in production, a simulation's own
//! elsewhere, so that both run the same loops.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use jiff::Timestamp;
use tokio::time::Instant;

/// Where tasks run and how time passes.
pub trait Ground: Send + Sync {
    /// What time it is, by a clock that may be wrong and may be set.
    fn now(&self) -> Timestamp;

    /// How long it is since some moment, the same at every call. Setting the clock changes nothing about it.
    fn elapsed(&self) -> Duration;

    /// Runs a task beside whoever calls.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Resolves after some time.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// Production's ground. Needs a runtime of tokio's with its timers.
#[derive(Clone, Copy, Debug)]
pub struct Tokio {
    began: Instant,
}

impl Tokio {
    /// Counts from now on.
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }
}

impl Default for Tokio {
    fn default() -> Self {
        Self::new()
    }
}

impl Ground for Tokio {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// What comes of something within a time; `None` if nothing does, and then it is dropped.
pub(crate) async fn within<T>(
    ground: &dyn Ground,
    time: Duration,
    task: impl Future<Output = T>,
) -> Option<T> {
    match select(pin!(task), ground.sleep(time)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(((), _)) => None,
    }
}
