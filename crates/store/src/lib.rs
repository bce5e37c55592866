//! Where PagerSlack's incidents, jobs and queues are kept.
//!
//! [`Store`] is the interface; [`sqlite`] is the embedded default, [`redis`] serves several replicas. [`conformance`] is
//! one suite that every backend must pass. What the store promises is small and strict: a [`Commit`] is all or nothing, durable
//! when it returns, and refused when what it was decided on is no longer true (P1, P2).

pub mod conformance;
pub mod redis;
pub mod sqlite;

mod archive;
mod causes;
mod copy;
mod inventory;
mod model;
mod records;

pub use archive::{Archive, Coming, Filed, History, Past, Unreadable};
pub use causes::Causes;
pub use copy::{CopyError, copy};
pub use inventory::{Inventory, inventory};
pub use model::{
    Claim, ClaimedJob, Commit, CommitError, Cursor, Disposal, Fence, Held, IncidentIndex, Page, QueueCommit,
    Renewal, Shares, StoreError, Stored, Told,
};
pub use records::{Record, RecordWrite, Records};
pub use redis::Redis;
pub use sqlite::Sqlite;

use async_trait::async_trait;
use jiff::Timestamp;
use pagerslack_core::audit::JobState;
use pagerslack_core::{IncidentId, JobKey, MessageRef, Queue, RotationId, TeamId, UserId};

/// All that a backend must be able to do.
pub trait Backend: Store + Records + Archive {}

impl<B: Store + Records + Archive> Backend for B {}

/// Incidents, jobs and queues. Times are given, never read.
#[async_trait]
pub trait Store: Send + Sync {
    /// Makes a commit durable, or refuses it whole.
    async fn commit(&self, commit: Commit) -> Result<(), CommitError>;

    /// The log of an incident, or `None` if there is none.
    async fn load(&self, team: &TeamId, incident: &IncidentId) -> Result<Option<Stored>, StoreError>;

    /// The open incident about `url` in a rotation.
    async fn open_incident(&self, rotation: &RotationId, url: &str)
    -> Result<Option<IncidentId>, StoreError>;

    /// The incident that a message belongs to.
    async fn incident_of(
        &self,
        team: &TeamId,
        message: &MessageRef,
    ) -> Result<Option<IncidentId>, StoreError>;

    /// Every message of every open incident, for the in-memory index, page by page. One that comes meanwhile is in
    /// it, or its workspace was already passed.
    async fn live_messages(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(TeamId, MessageRef)>, StoreError>;

    /// A rotation's queue; empty for a rotation never seen.
    async fn queue(&self, rotation: &RotationId) -> Result<Queue, StoreError>;

    /// Every open incident of a rotation, the longest open first.
    async fn open_incidents(&self, rotation: &RotationId) -> Result<Vec<IncidentId>, StoreError>;

    /// Every open incident of every workspace, in pages and in the order of workspace and id: at most `limit` after
    /// `after`. One that is opened or ends meanwhile may be in it or not.
    async fn open_incidents_after(
        &self,
        after: Option<(TeamId, IncidentId)>,
        limit: usize,
    ) -> Result<Vec<(TeamId, IncidentId)>, StoreError>;

    /// The jobs about an incident, held or not, in the order of their names. One that cannot be read is left out, as
    /// it is by [`Store::claim`].
    async fn jobs_of(&self, team: &TeamId, incident: &IncidentId) -> Result<Vec<JobState>, StoreError>;

    /// The last incident about `url` in a rotation, open or not.
    async fn last_about(&self, rotation: &RotationId, url: &str) -> Result<Option<IncidentId>, StoreError>;

    /// When somebody was last told something, of what [`Commit::told`] has recorded.
    async fn told(&self, team: &TeamId, user: &UserId, what: &str) -> Result<Option<Timestamp>, StoreError>;

    /// Every rotation in which anything was reported, or that has a queue.
    async fn rotations(&self) -> Result<Vec<RotationId>, StoreError>;

    /// The last `limit` incidents of a rotation, newest first.
    async fn recent(&self, rotation: &RotationId, limit: usize) -> Result<Vec<IncidentId>, StoreError>;

    /// Leases due jobs, the most urgent first ([`pagerslack_core::JobKind::urgency`]) and within a class the
    /// longest due. A job whose lease has ended counts as due.
    async fn claim(&self, claim: Claim) -> Result<Vec<ClaimedJob>, StoreError>;

    /// Holds jobs for longer, each that is still held under its token; says for each whether it is, in their order. Nobody
    /// else can have claimed such a job meanwhile, even if its lease was over. An error says that of none it is known.
    async fn renew(&self, held: &[Held], lease_until: Timestamp) -> Result<Vec<Renewal>, StoreError>;

    /// The same as [`Store::claim`], but of no workspace more jobs than its share has room for: what one has to do beyond
    /// that stays, and whatever is next in another workspace is handed out instead.
    async fn claim_shares(&self, claim: Claim, shares: Shares) -> Result<Vec<ClaimedJob>, StoreError>;

    /// When the next job can be claimed: the earliest of the due times of free jobs and the ends of the
    /// leases of held ones. `None` when there is no job at all.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// The jobs that can be claimed at a moment, in no order, each with the time from which on it can: so many at most. For
    /// whoever counts them; it walks no further than what is due, and leaves everything as it is.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<(JobKey, Timestamp)>, StoreError>;

    /// Says whether the store can be read, and written if the last write failed; a backend that cannot tell about
    /// writing answers for reading.
    async fn probe(&self) -> Result<(), StoreError> {
        self.next_due().await.map(drop)
    }

    /// Whether other processes may write to it at the same time, so that what this one remembers of it is not all.
    fn is_shared(&self) -> bool {
        false
    }

    /// How many jobs there are, due or not, leased or not.
    async fn job_count(&self) -> Result<u64, StoreError>;
}
