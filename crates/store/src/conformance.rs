//! One suite that every backend must pass: each sentence of the interface as a case.
//!
//! Every case gets an empty store of its own and tells a short story through [`Backend`] alone. Where the
//! interface leaves a choice, the suite settles it, so that backends cannot differ:
//!
//! - of several refusals that are due, the first of these is given: `LeaseLost`, `Conflict`, `QueueMoved`,
//!   `AlreadyOpen`;
//! - within a commit the disposal comes first and removals before additions: a job disposed of and added is
//!   a new job, and a key both removed and added is there afterwards;
//! - a lease whose time is over still holds until the job is claimed again;
//! - an expired lease makes a job claimable whatever its due time was moved to meanwhile;
//! - instants are kept to the nanosecond;
//! - a commit that names another workspace or misnumbers its events is refused as `Corrupt`.
//!
//! What is deliberately not here: what happens when a process or a machine dies, which each backend tests in
//! its own way.

mod history;
mod jobs;
mod leases;
mod log;
mod lookups;
mod messages;
mod queues;
mod races;
mod records;
mod refusals;
mod samples;

use std::error::Error;
use std::sync::Arc;

#[cfg(test)]
pub(crate) use samples::every_job_kind;

use crate::Backend;

/// How a case ends: an error is a failed call, a panic a broken promise.
type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// The store under test, as a case sees it.
type Shared = Arc<dyn Backend>;

/// Runs every case over a store of its own, made by `fresh`, and returns how many there were.
///
/// Must be called within a tokio runtime, best one of several threads: some cases race.
///
/// # Panics
///
/// When a case fails, after all have run, naming each that did.
pub async fn check_all<F, Fut, S>(fresh: F) -> usize
where
    F: Fn() -> Fut,
    Fut: Future<Output = S>,
    S: Backend + 'static,
{
    let mut suite = Suite {
        fresh: async || {
            let store: Shared = Arc::new(fresh().await);
            store
        },
        run: 0,
        failed: Vec::new(),
    };
    log::cases(&mut suite).await;
    refusals::cases(&mut suite).await;
    jobs::cases(&mut suite).await;
    leases::cases(&mut suite).await;
    queues::cases(&mut suite).await;
    messages::cases(&mut suite).await;
    lookups::cases(&mut suite).await;
    records::cases(&mut suite).await;
    history::cases(&mut suite).await;
    races::cases(&mut suite).await;
    assert!(suite.failed.is_empty(), "failed:\n{}", suite.failed.join("\n"));
    suite.run
}

struct Suite<F> {
    fresh: F,
    run: usize,
    failed: Vec<String>,
}

impl<F: AsyncFn() -> Shared> Suite<F> {
    /// Runs one case in a task of its own, so that its panic ends neither the suite nor the process.
    async fn case<C, O>(&mut self, name: &str, case: C)
    where
        C: FnOnce(Shared) -> O,
        O: Future<Output = Outcome> + Send + 'static,
    {
        self.run += 1;
        let store = (self.fresh)().await;
        match tokio::spawn(case(store)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.failed.push(format!("- {name}: {error}")),
            Err(panic) => self.failed.push(format!("- {name}: {panic}")),
        }
    }
}
