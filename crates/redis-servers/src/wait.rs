//! Waiting for what happens in other processes: nothing tells of it, so we look, up to a limit.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// How long anything that a healthy machine does in a few seconds may take. A busy machine is no fault.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until it succeeds, and gives what was found.
///
/// The limit is real time, whatever tokio's clock says.
///
/// # Errors
/// When it does not happen within the limit: what was waited for, and why the last look failed.
pub async fn eventually<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let started = Instant::now();
    loop {
        let why_not = match look().await {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        if started.elapsed() >= limit {
            return Err(why_not).with_context(|| format!("this does not happen within {limit:?}: {what}"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
