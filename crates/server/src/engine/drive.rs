//! The driver: claims due jobs and runs each on a task of its own, until told to stop.
//!
//! Where tasks run and how time passes is its [`Ground`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use pagerslack_slack::ground::Ground;
use pagerslack_store::{Causes, Claim, ClaimedJob, Disposal, Shares, StoreError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Engine, LEASE, StepError};

/// How many jobs run at a time. A job mostly waits for Slack, whose budgets bound the work long before this
/// does; the number bounds memory.
const AT_A_TIME: usize = 256;

/// How many of them may be of one workspace, where there are many. Slack hanging for one holds as many places of the
/// others for as long as a call may last: with so many places, thirty-two workspaces at once may hang.
const SHARE: usize = 32;

/// How many jobs run at a time where many workspaces share them.
const SHARED: usize = 1_024;

/// How soon it is looked for more while a workspace has taken all of its share: what it has beyond that is due, and would
/// otherwise be found again and again.
const WHILE_FULL: Duration = Duration::from_millis(5);

/// How long the driver sleeps at most: the net under the nudges.
const POLL: Duration = Duration::from_millis(500);

/// How soon a job is looked at again that was claimed while an earlier run of it had not ended here.
const STILL_RUNNING: SignedDuration = SignedDuration::from_millis(100);

/// How soon a job that failed comes up again.
const AFTER_A_FAILURE: SignedDuration = SignedDuration::from_secs(2);

/// Runs an engine.
pub struct Driver {
    engine: Arc<Engine>,
    ground: Arc<dyn Ground>,
    poll: Duration,
    tasks: TaskTracker,
    places: Arc<Semaphore>,
    /// How many jobs of one workspace may run at a time.
    share: usize,
}

impl Driver {
    /// A driver of an engine.
    pub fn new(engine: Arc<Engine>, ground: Arc<dyn Ground>) -> Self {
        Self {
            engine,
            ground,
            poll: POLL,
            tasks: TaskTracker::new(),
            places: Arc::new(Semaphore::new(AT_A_TIME)),
            share: AT_A_TIME,
        }
    }

    /// The same, sleeping at most so long: where nobody else adds jobs, the nudges are enough.
    #[must_use]
    pub fn polling(self, poll: Duration) -> Self {
        Self { poll, ..self }
    }

    /// The same for many workspaces, none of which may keep the others waiting.
    #[must_use]
    pub fn sharing(self) -> Self {
        Self { places: Arc::new(Semaphore::new(SHARED)), share: SHARE, ..self }
    }

    /// Claims and runs jobs until `shutdown`, then lets those under way finish. Whoever cannot wait that long
    /// may drop the future: the store has the rest.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut fails = false;
        while !shutdown.is_cancelled() {
            self.hold_on().await;
            self.engine.look_elsewhere_again().await;
            let (room, asked) = (self.places.available_permits(), self.engine.clock().elapsed());
            let mut full = false;
            let pause = match self.claim(room, self.shares()).await {
                Ok(claimed) => {
                    if std::mem::take(&mut fails) {
                        tracing::info!("jobs are claimed again");
                    }
                    // There was room for more, so nothing more was due; a nudge tells when that changes.
                    let was_all = claimed.len() < room;
                    for job in claimed {
                        self.start(job, asked).await;
                    }
                    full = self.share < AT_A_TIME && self.shares().is_any_full();
                    match (room, was_all) {
                        (0, _) => self.poll,
                        // A job that ends makes room, and says so.
                        (_, true) if full => self.poll.min(WHILE_FULL * 10),
                        (_, false) => continue,
                        (_, true) => self.pause().await,
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut fails, true) {
                        tracing::error!(
                            error = %Causes(&error),
                            "jobs cannot be claimed; nothing goes on until they can"
                        );
                    }
                    // What is due stays due: without a wait of its own this would turn as fast as it can.
                    POLL
                }
            };
            if full {
                self.ground.sleep(WHILE_FULL).await;
            }
            let pause = self.engine.leases.until_renewal().map_or(pause, |renewal| pause.min(renewal));
            tokio::select! {
                // In this order, and not by lot as otherwise: the same course of events gives the same steps.
                biased;
                () = shutdown.cancelled() => {}
                () = self.engine.due_sooner() => {}
                () = self.ground.sleep(pause) => {}
            }
        }
        self.tasks.close();
        loop {
            tokio::select! {
                biased;
                () = self.tasks.wait() => return,
                () = self.ground.sleep(POLL) => self.hold_on().await,
            }
        }
    }

    /// Holds for longer what still runs.
    async fn hold_on(&self) {
        if let Err(error) = self.engine.renew_leases().await {
            // Whoever runs too long posts nothing, and comes up again.
            tracing::debug!(error = %Causes(&error), "leases are not renewed");
        }
    }

    /// What each workspace has under way.
    fn shares(&self) -> Shares {
        let mut shares = Shares { most: self.share, taken: BTreeMap::new() };
        if self.share < AT_A_TIME {
            shares.taken = self.engine.leases.by_team();
        }
        shares
    }

    async fn claim(&self, limit: usize, shares: Shares) -> Result<Vec<ClaimedJob>, StoreError> {
        let now = self.engine.clock().now();
        if limit == 0 {
            return Ok(Vec::new());
        }
        let claim = Claim { now, lease_until: now + LEASE, limit };
        if self.share == AT_A_TIME {
            return self.engine.store().claim(claim).await;
        }
        self.engine.store().claim_shares(claim, shares).await
    }

    /// How long until the next job is due.
    async fn pause(&self) -> Duration {
        match self.engine.store().next_due().await {
            Ok(Some(due)) => self.engine.clock().until(due).clamp(Duration::from_millis(1), self.poll),
            Ok(None) => self.poll,
            Err(_) => self.poll.min(POLL),
        }
    }

    /// Runs a job that was asked for at some time since.
    async fn start(&self, job: ClaimedJob, asked: Duration) {
        // A clock that leaps, or a machine that slept, ends leases of jobs that still run here. Run twice at
        // once, such a job could post twice (P2).
        let Some(running) = self.engine.leases.begin(&job, asked) else {
            // Or it is wanted again and its first run is only just ending here. Either way it comes up again soon.
            let due = self.engine.clock().now() + STILL_RUNNING;
            let again = Disposal::Again { due, doubtful: job.doubtful };
            if let Err(error) = self.engine.dispose(&job, again).await {
                tracing::warn!(
                    team = %job.job.rotation.team,
                    job = job.job.key.as_str(),
                    error = %Causes(&error),
                    "still running here"
                );
            }
            return;
        };
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
        let engine = Arc::clone(&self.engine);
        let task = self.tasks.track_future(async move {
            engine.run_and_count(&job).await;
            drop((running, place));
            engine.due.notify_one();
        });
        self.ground.spawn(Box::pin(task));
    }
}

impl Engine {
    /// Runs a job; one that fails is logged here, once, and comes up again.
    pub async fn run_and_count(&self, job: &ClaimedJob) {
        let error = match self.run(job).await {
            Ok(()) => return self.metrics.jobs_done.count(),
            // The one who holds the job now does the work, or it was found to be pointless.
            Err(StepError::LeaseLost) => return,
            Err(error) => error,
        };
        self.metrics.jobs_failed.count();
        tracing::error!(
            team = %job.job.rotation.team,
            job = job.job.key.as_str(),
            error = %Causes(&error),
            "a job failed and comes up again"
        );
        let due = self.now() + AFTER_A_FAILURE;
        // Whatever the job sent may have landed although it could not be recorded (P2).
        if let Err(error) = self.dispose(job, Disposal::Again { due, doubtful: true }).await {
            tracing::warn!(
                team = %job.job.rotation.team,
                job = job.job.key.as_str(),
                error = %Causes(&error),
                "it waits for its lease to end"
            );
        }
    }
}
