//! What goes into the store and comes out of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pagerslack_core::{
    IncidentId, Job, JobKey, MessageRef, QueueChange, Recorded, RotationId, TeamId, UserId,
};

/// A lease's number. It rises each time the job is claimed, so that whoever held an earlier lease can no
/// longer commit (fencing).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub u64);

/// An incident's log as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Every event, first to last.
    pub log: Vec<Recorded>,
}

/// One change of the store, all or nothing, within one workspace.
///
/// The disposal of the job comes first and removals before additions: a job disposed of and added is a new
/// job, and a key both removed and added is there afterwards. Of several refusals that are due, the first of
/// these is given: `LeaseLost`, `Conflict`, `QueueMoved`, `AlreadyOpen`.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The workspace.
    pub team: TeamId,
    /// The incident that the events belong to.
    pub incident: IncidentId,
    /// The version that `events` were decided on: the `seq` of the last event then, 0 for a new incident.
    /// Checked whenever `events` is not empty.
    pub expected_version: u64,
    /// Events to append, numbered from `expected_version + 1`.
    pub events: Vec<Recorded>,
    /// How the incident can be found from now on; `None` leaves that as it is.
    pub index: Option<IncidentIndex>,
    /// Jobs to add; one whose key exists and which is not the job disposed of below is moved to the new due
    /// time. If it is held it stays held, and comes up once more when its holder is done with it: the holder may
    /// have looked before there was what called for it.
    pub add: Vec<Job>,
    /// Jobs that should be there, and perhaps were: each is added only if there is none of its name that can be
    /// read, and then as doubtful, since the one that was lost may have had its effect (P2).
    pub restore: Vec<Job>,
    /// Jobs to remove, leased or not; absent ones are no fault.
    pub remove: Vec<JobKey>,
    /// The job in whose course this is committed, and what becomes of it.
    pub job: Option<(JobKey, Fence, Disposal)>,
    /// Moves in the rotation's queue.
    pub queue: Option<QueueCommit>,
    /// Messages that belong to the incident from now on.
    pub messages: Vec<MessageRef>,
    /// What people have been told, to be remembered.
    pub told: Vec<Told>,
}

impl Commit {
    /// A commit that changes nothing yet.
    pub fn new(team: TeamId, incident: IncidentId, expected_version: u64) -> Self {
        Self {
            team,
            incident,
            expected_version,
            events: Vec::new(),
            index: None,
            add: Vec::new(),
            restore: Vec::new(),
            remove: Vec::new(),
            job: None,
            queue: None,
            messages: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Refuses a commit that contradicts itself, whatever the store holds: events that do not follow on one
    /// another, or a reach into another workspace (P8).
    pub(crate) fn is_well_formed(&self) -> Result<(), StoreError> {
        let follows = (1..)
            .zip(&self.events)
            .all(|(step, recorded)| recorded.seq.checked_sub(self.expected_version) == Some(step));
        if !follows {
            return Err(self.malformed("its events do not follow on the expected version"));
        }
        let own = |team: &TeamId| *team == self.team;
        let stays = self.index.iter().all(|index| own(&index.rotation.team))
            && self.queue.iter().all(|queue| own(&queue.rotation.team))
            && self.add.iter().chain(&self.restore).all(|job| own(&job.rotation.team));
        if !stays {
            return Err(self.malformed("it reaches into another workspace"));
        }
        Ok(())
    }

    fn malformed(&self, why: &'static str) -> StoreError {
        StoreError::Corrupt {
            what: format!("a commit about incident {}, which was refused", self.incident),
            source: why.into(),
        }
    }
}

/// Something that somebody is told once in a while at most. The last time counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub user: UserId,
    /// What, as a short name.
    pub what: String,
    /// When.
    pub at: Timestamp,
}

/// How an incident can be found. At most one open incident of a rotation has a given URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentIndex {
    /// The rotation.
    pub rotation: RotationId,
    /// The incident's address.
    pub url: String,
    /// Whether somebody is still needed.
    pub open: bool,
}

/// Moves in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueCommit {
    /// Whose queue.
    pub rotation: RotationId,
    /// The version on which the choice was made, or `None` for a move that holds whatever came between
    /// (a turn taken by answering).
    pub expected: Option<u64>,
    /// The moves, in order.
    pub changes: Vec<QueueChange>,
}

/// What becomes of the job in whose course something is committed. Either needs the live fencing token, which
/// is live until somebody else claims the job, even past the end of the lease: until then nobody else can have
/// done its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposal {
    /// It is done and goes.
    Done,
    /// It is released and comes up again.
    Again {
        /// When.
        due: Timestamp,
        /// Whether it is unknown if its effect has happened (P2).
        doubtful: bool,
    },
}

/// A request for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The present.
    pub now: Timestamp,
    /// Until when the jobs claimed are held.
    pub lease_until: Timestamp,
    /// How many at most.
    pub limit: usize,
}

/// A job as its holder names it who wants to hold it for longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose.
    pub team: TeamId,
    /// Which.
    pub key: JobKey,
    /// The token under which it is held.
    pub fence: Fence,
}

/// What has become of a lease that was to last longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It does.
    Held,
    /// The job is no longer held under the token, or is gone.
    Lost,
    /// It could not be asked for: the lease lasts as long as it did, or was made longer and the answer got lost. Until its
    /// end nobody else can have the job.
    Unknown,
}

/// How many jobs each workspace may have under way at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// So many at most.
    pub most: usize,
    /// So many of them are taken.
    pub taken: BTreeMap<TeamId, usize>,
}

impl Shares {
    /// No bounds: every workspace may have all.
    pub fn unbounded() -> Self {
        Self { most: usize::MAX, taken: BTreeMap::new() }
    }

    /// Whether any workspace has taken all of its share.
    pub fn is_any_full(&self) -> bool {
        self.taken.values().any(|taken| *taken >= self.most)
    }

    /// Takes one more of a workspace's share, if there is one.
    pub fn take(&mut self, team: &TeamId) -> bool {
        let taken = self.taken.entry(team.clone()).or_default();
        let has_room = *taken < self.most;
        *taken += usize::from(has_room);
        has_room
    }
}

/// A job held under a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedJob {
    /// The job.
    pub job: Job,
    /// The token under which it may be disposed of.
    pub fence: Fence,
    /// How often it has been claimed, this time included.
    pub tries: u32,
    /// Whether it is unknown if its effect has happened already: it was released as doubtful, or an earlier
    /// lease ended without a word (a crash after the send began).
    pub doubtful: bool,
    /// When it was claimed before, if it was.
    pub last_claimed_at: Option<Timestamp>,
    /// Until when it is held.
    pub lease_until: Timestamp,
}

/// Where the next page begins. Means something only to the store that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

/// Some of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// These.
    pub items: Vec<T>,
    /// Where to go on; `None` after the last page.
    pub next: Option<Cursor>,
}

/// Why a commit was refused.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The incident has moved on: load, decide again, commit again.
    #[error("the incident has moved on")]
    Conflict,
    /// The queue has moved on: read it, choose again, commit again.
    #[error("the queue has moved on")]
    QueueMoved,
    /// The job is no longer held under this token, or is gone: drop the work.
    #[error("the job is no longer held")]
    LeaseLost,
    /// Another open incident of the rotation has this URL.
    #[error("incident {0} is open for this URL")]
    AlreadyOpen(IncidentId),
    /// The store failed; nothing of the commit was kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database could not be read or written: full, locked, read-only, gone.
    #[error("the store cannot be reached: {what}")]
    Unavailable {
        /// What was being done.
        what: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is stored cannot be read as what it should be.
    #[error("the store holds something unreadable: {what}")]
    Corrupt {
        /// What was being read.
        what: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
