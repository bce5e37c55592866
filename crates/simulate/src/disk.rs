//! The store as the process sees it: the real one, with pauses at which the process may die or others go first, and
//! days on which the disk takes nothing.
//!
//! Invariant: an operation is done whole or not at all. The real store's threads do the work while this thread waits
//! for them, so nothing of the simulation happens meanwhile.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use pagerslack_core::audit::JobState;
use pagerslack_core::{IncidentId, JobKey, MessageRef, Queue, RotationId, TeamId, UserId};
use pagerslack_store::{
    Claim, ClaimedJob, Commit, CommitError, Cursor, Held, Page, Renewal, Shares, Store, StoreError, Stored,
};

use crate::timeline::{Timeline, block_on};

/// The disk, which outlives every process. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<State>);

#[derive(Default)]
struct State {
    /// Nothing can be written.
    full: AtomicBool,
    /// How many of the next writes fail.
    failing: AtomicU64,
    writes: AtomicU64,
    touched: Mutex<BTreeSet<(TeamId, IncidentId)>>,
}

impl Disk {
    /// From now on, or no longer, nothing can be written.
    pub(crate) fn set_full(&self, full: bool) {
        self.0.full.store(full, Ordering::Relaxed);
    }

    /// The next so many writes fail.
    pub(crate) fn fail_next(&self, writes: u64) {
        self.0.failing.store(writes, Ordering::Relaxed);
    }

    /// The incidents that were written to since the last time.
    pub(crate) fn take_touched(&self) -> BTreeSet<(TeamId, IncidentId)> {
        std::mem::take(&mut *self.0.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many commits there were.
    pub(crate) fn writes(&self) -> u64 {
        self.0.writes.load(Ordering::Relaxed)
    }

    fn refuses(&self) -> Result<(), StoreError> {
        let failing =
            self.0.failing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if self.0.full.load(Ordering::Relaxed) || failing.is_ok() {
            let source = "database or disk is full".into();
            return Err(StoreError::Unavailable { what: "writing a group of changes", source });
        }
        Ok(())
    }
}

/// One process' store.
pub(crate) struct Access {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) disk: Disk,
    pub(crate) timeline: Timeline,
}

macro_rules! paused {
    ($self:ident, $call:expr) => {{
        $self.timeline.pause().await;
        let result = block_on($call);
        $self.timeline.pause().await;
        result
    }};
}

#[async_trait]
impl Store for Access {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        self.timeline.pause().await;
        self.disk.refuses()?;
        let touched = (!commit.events.is_empty()).then(|| (commit.team.clone(), commit.incident.clone()));
        let result = block_on(self.inner.commit(commit));
        self.disk.0.writes.fetch_add(1, Ordering::Relaxed);
        if let Some(touched) = touched {
            self.disk.0.touched.lock().unwrap_or_else(PoisonError::into_inner).insert(touched);
        }
        self.timeline.pause().await;
        result
    }

    async fn load(&self, team: &TeamId, incident: &IncidentId) -> Result<Option<Stored>, StoreError> {
        paused!(self, self.inner.load(team, incident))
    }

    async fn open_incident(
        &self,
        rotation: &RotationId,
        url: &str,
    ) -> Result<Option<IncidentId>, StoreError> {
        paused!(self, self.inner.open_incident(rotation, url))
    }

    async fn incident_of(
        &self,
        team: &TeamId,
        message: &MessageRef,
    ) -> Result<Option<IncidentId>, StoreError> {
        paused!(self, self.inner.incident_of(team, message))
    }

    async fn live_messages(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(TeamId, MessageRef)>, StoreError> {
        paused!(self, self.inner.live_messages(after, limit))
    }

    async fn queue(&self, rotation: &RotationId) -> Result<Queue, StoreError> {
        paused!(self, self.inner.queue(rotation))
    }

    async fn open_incidents(&self, rotation: &RotationId) -> Result<Vec<IncidentId>, StoreError> {
        paused!(self, self.inner.open_incidents(rotation))
    }

    async fn open_incidents_after(
        &self,
        after: Option<(TeamId, IncidentId)>,
        limit: usize,
    ) -> Result<Vec<(TeamId, IncidentId)>, StoreError> {
        paused!(self, self.inner.open_incidents_after(after, limit))
    }

    async fn jobs_of(&self, team: &TeamId, incident: &IncidentId) -> Result<Vec<JobState>, StoreError> {
        paused!(self, self.inner.jobs_of(team, incident))
    }

    async fn last_about(&self, rotation: &RotationId, url: &str) -> Result<Option<IncidentId>, StoreError> {
        paused!(self, self.inner.last_about(rotation, url))
    }

    async fn told(&self, team: &TeamId, user: &UserId, what: &str) -> Result<Option<Timestamp>, StoreError> {
        paused!(self, self.inner.told(team, user, what))
    }

    async fn rotations(&self) -> Result<Vec<RotationId>, StoreError> {
        paused!(self, self.inner.rotations())
    }

    async fn recent(&self, rotation: &RotationId, limit: usize) -> Result<Vec<IncidentId>, StoreError> {
        paused!(self, self.inner.recent(rotation, limit))
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<ClaimedJob>, StoreError> {
        self.timeline.pause().await;
        self.disk.refuses()?;
        let claimed = block_on(self.inner.claim(claim));
        self.timeline.pause().await;
        claimed
    }

    async fn claim_shares(&self, claim: Claim, shares: Shares) -> Result<Vec<ClaimedJob>, StoreError> {
        self.timeline.pause().await;
        self.disk.refuses()?;
        let claimed = block_on(self.inner.claim_shares(claim, shares));
        self.timeline.pause().await;
        claimed
    }

    async fn renew(&self, held: &[Held], lease_until: Timestamp) -> Result<Vec<Renewal>, StoreError> {
        self.timeline.pause().await;
        self.disk.refuses()?;
        let renewed = block_on(self.inner.renew(held, lease_until));
        self.timeline.pause().await;
        renewed
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        paused!(self, self.inner.next_due())
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<(JobKey, Timestamp)>, StoreError> {
        paused!(self, self.inner.due(now, limit))
    }

    async fn job_count(&self) -> Result<u64, StoreError> {
        paused!(self, self.inner.job_count())
    }
}
