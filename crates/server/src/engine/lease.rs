//! The leases of the jobs that run here: for how long each may still act, and which are to be renewed.
//!
//! Replicas agree on leases by the wall clock. It can be set, and a process can be stopped for any time between looking at
//! it and doing something. So whatever people see goes out under a [`Permit`], which is asked at the last moment, and
//! which goes by the wall clock and by the time that no clock setting changes (P2).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{JobKey, TeamId};
use pagerslack_slack::transport::Permit;
use pagerslack_store::{ClaimedJob, Fence, Held, Renewal, StoreError};

use super::Engine;
use super::send::READ_BACK_AFTER;
use crate::clock::Clock;

/// How long a job is held before another worker may take it over. Whoever runs it holds it for longer for as long as it
/// runs, so this is no bound for the work: only for how long the work of somebody who died lies still.
pub const LEASE: SignedDuration = SignedDuration::from_secs(10);

/// How old a lease is when it is renewed. Most jobs are done before.
const RENEWED_AFTER: Duration = Duration::from_millis(2_500);

/// How soon it is tried again to renew one. There is time for several tries before the lease is too short to act under.
const RENEWED_AGAIN: Duration = Duration::from_millis(500);

/// How much of a lease is left when something that people see goes out. Whoever takes the job over looks for it at once,
/// so by then it must be found: as much time as everybody takes who looks for a message in doubt.
const LEFT: SignedDuration = READ_BACK_AFTER;

/// The leases of the jobs that run in this process. Cheap to clone.
#[derive(Clone)]
pub(super) struct Leases {
    clock: Arc<dyn Clock>,
    held: Arc<Mutex<HashMap<(TeamId, JobKey), Lease>>>,
}

struct Lease {
    fence: Fence,
    until: Timestamp,
    /// When it was asked for, by the time that no clock setting changes. It lasts for [`LEASE`] from then.
    asked: Duration,
    lost: bool,
}

impl Leases {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, held: Arc::default() }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<(TeamId, JobKey), Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A job begins to run that was asked for at some time since; `None` if it still runs here.
    pub(super) fn begin(&self, job: &ClaimedJob, asked: Duration) -> Option<Running> {
        // Keys are told apart within a workspace only.
        let key = (job.job.rotation.team.clone(), job.job.key.clone());
        let lease = Lease { fence: job.fence, until: job.lease_until, asked, lost: false };
        let mut held = self.held();
        if held.contains_key(&key) {
            return None;
        }
        held.insert(key.clone(), lease);
        Some(Running { leases: self.clone(), key })
    }

    /// How many jobs of each workspace run here.
    pub(super) fn by_team(&self) -> BTreeMap<TeamId, usize> {
        let mut running = BTreeMap::new();
        for (team, _) in self.held().keys() {
            *running.entry(team.clone()).or_default() += 1;
        }
        running
    }

    /// Those that are to be renewed by now.
    fn due(&self) -> Vec<Held> {
        let elapsed = self.clock.elapsed();
        let held = self.held();
        let due = held
            .iter()
            .filter(|(_, lease)| !lease.lost && elapsed.saturating_sub(lease.asked) >= RENEWED_AFTER);
        let mut due: Vec<Held> = due
            .map(|((team, key), lease)| Held { team: team.clone(), key: key.clone(), fence: lease.fence })
            .collect();
        due.sort_unstable_by(|one, other| (&one.team, &one.key).cmp(&(&other.team, &other.key)));
        due
    }

    /// How long until one is to be renewed: never at once, for what the store has just refused it would refuse again.
    pub(super) fn until_renewal(&self) -> Option<Duration> {
        let elapsed = self.clock.elapsed();
        let held = self.held();
        let first = held.values().filter(|lease| !lease.lost).map(|lease| lease.asked).min()?;
        Some((first + RENEWED_AFTER).saturating_sub(elapsed).max(RENEWED_AGAIN))
    }

    fn renewed(&self, job: &Held, until: Timestamp, asked: Duration, renewal: Renewal) {
        if let Some(lease) =
            self.held().get_mut(&(job.team.clone(), job.key.clone())).filter(|lease| lease.fence == job.fence)
        {
            match renewal {
                Renewal::Held => (lease.until, lease.asked) = (until, asked),
                Renewal::Lost => lease.lost = true,
                // It may be acted under until its own end, and is asked for again before.
                Renewal::Unknown => {}
            }
        }
    }

    /// Whether the holder of a job may do something that people see. A job that nobody registered, as where a job is run
    /// step by step, goes by the lease that it came with.
    fn may_act(&self, key: &(TeamId, JobKey), fence: Fence, came_with: Timestamp) -> bool {
        let (now, elapsed) = (self.clock.now(), self.clock.elapsed());
        match self.held().get(key) {
            Some(lease) => {
                let lasts = lease.asked + LEASE.unsigned_abs();
                lease.fence == fence
                    && !lease.lost
                    && now + LEFT <= lease.until
                    && elapsed + LEFT.unsigned_abs() <= lasts
            }
            None => now + LEFT <= came_with,
        }
    }
}

/// A job that runs here, for as long as this lives: even one that panics is over then.
pub(super) struct Running {
    leases: Leases,
    key: (TeamId, JobKey),
}

impl Drop for Running {
    fn drop(&mut self) {
        self.leases.held().remove(&self.key);
    }
}

impl Engine {
    /// What lets the holder of a job do something that people see, as long as the lease lasts.
    pub(super) fn permit(&self, job: &ClaimedJob) -> Permit {
        let key = (job.job.rotation.team.clone(), job.job.key.clone());
        let (leases, fence, until) = (self.leases.clone(), job.fence, job.lease_until);
        Permit::new(move || leases.may_act(&key, fence, until))
    }

    /// Holds for longer what has been running here for a while.
    pub(super) async fn renew_leases(&self) -> Result<(), StoreError> {
        let due = self.leases.due();
        if due.is_empty() {
            return Ok(());
        }
        // Both before the store is asked: what happens meanwhile only makes the lease shorter.
        let (until, asked) = (self.now() + LEASE, self.clock.elapsed());
        let renewals = self.store.renew(&due, until).await?;
        for (job, renewal) in due.iter().zip(renewals) {
            self.leases.renewed(job, until, asked, renewal);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pagerslack_core::{Job, JobKind, RotationId};

    use super::*;
    use crate::clock::{ManualClock, SystemClock};

    /// A job of an incident that is called the same in every workspace.
    fn job(team: &str) -> ClaimedJob {
        let rotation = RotationId::new(team.into(), "C1".into());
        ClaimedJob {
            job: Job::new(&rotation, &"i".into(), JobKind::Hunt, Timestamp::UNIX_EPOCH),
            fence: Fence(1),
            tries: 1,
            doubtful: false,
            last_claimed_at: None,
            lease_until: Timestamp::UNIX_EPOCH,
        }
    }

    /// Given two workspaces with incidents of the same id, then the job of one does not keep that of the other waiting.
    #[test]
    fn a_job_runs_once_at_a_time_in_its_workspace() {
        let leases = Leases::new(Arc::new(SystemClock));
        let first = leases.begin(&job("T1"), Duration::ZERO);
        assert!(first.is_some() && leases.begin(&job("T1"), Duration::ZERO).is_none());
        let second = leases.begin(&job("T2"), Duration::ZERO);
        assert!(second.is_some());
        assert_eq!(leases.by_team(), BTreeMap::from([("T1".into(), 1), ("T2".into(), 1)]));
        drop(first);
        assert!(leases.begin(&job("T1"), Duration::ZERO).is_some());
    }

    /// Given a lease that should have been renewed long ago, as when the store refuses to, then there is a pause before the
    /// next try: a driver that asked without pause would keep a machine busy for as long as the disk is full.
    #[test]
    fn what_is_refused_is_not_asked_for_without_pause() {
        let leases = Leases::new(Arc::new(Standing));
        assert_eq!(leases.until_renewal(), None);
        let _running = leases.begin(&job("T1"), Duration::ZERO);
        assert_eq!(leases.due().len(), 1);
        assert_eq!(leases.until_renewal(), Some(RENEWED_AGAIN));
    }

    /// Given a lease of which the store cannot say whether it is made longer, then it is acted under until its own end and
    /// not beyond, and asked for again; given one that the store says is lost, then it is acted under no more.
    #[test]
    fn a_lease_that_cannot_be_asked_for_lasts_until_its_own_end() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let leases = Leases::new(Arc::new(clock.clone()));
        let job = ClaimedJob { lease_until: Timestamp::UNIX_EPOCH + LEASE, ..job("T1") };
        let _running = leases.begin(&job, clock.elapsed());
        let key = (job.job.rotation.team.clone(), job.job.key.clone());
        let may_act = || leases.may_act(&key, job.fence, Timestamp::MIN);
        clock.advance(SignedDuration::from_secs(3));
        let due = leases.due();
        let [held] = due.as_slice() else { panic!("one is due: {due:?}") };
        leases.renewed(held, clock.now() + LEASE, clock.elapsed(), Renewal::Unknown);
        assert!(may_act());
        assert_eq!(leases.due(), due);
        clock.set(job.lease_until - LEFT);
        assert!(may_act());
        clock.advance(SignedDuration::from_nanos(1));
        assert!(!may_act());
        leases.renewed(held, clock.now() + LEASE, clock.elapsed(), Renewal::Held);
        assert!(may_act());
        leases.renewed(held, clock.now() + LEASE, clock.elapsed(), Renewal::Lost);
        assert!(!may_act() && leases.due().is_empty());
    }

    /// A clock that stands, long after the beginning.
    struct Standing;

    impl Clock for Standing {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(3_600)
        }
    }
}
