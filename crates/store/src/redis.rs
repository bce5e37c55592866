//! The shared store: Redis or Valkey, alone, behind Sentinel, or as a cluster, for any number of replicas.
//!
//! A commit is one script on one hash slot, so it is there whole or not at all, and every key of a workspace carries its
//! tag. Redis looks before a script whether it may write (memory, disk, replicas), never in its middle. A change is asked
//! for again when its answer got lost, and carries a marker by which the script knows that it has been made. If no answer
//! comes at all, the caller hears that the store cannot be reached; the change may then have been made or not, which is
//! what a crash in that moment would leave as well.
//!
//! | key, after `pagerslack:{TEAM}:` | what | how long |
//! |---|---|---|
//! | `i:INCIDENT` | list: how it is found and its messages, then its log (`log`) | until taken out |
//! | `m:CHANNEL:BUCKET` | hash: a message's `ts` → its incident; a bucket is ten thousand seconds | until taken out |
//! | `r:CHANNEL` | sorted set: incidents in the order of their reports | until taken out |
//! | `u:CHANNEL` | hash: eighty bits of an address → the last incident about it | until taken out |
//! | `o:CHANNEL` | hash: an address → the incident that is open about it | while open |
//! | `open`, `live` | sorted sets: open incidents; their messages | while open |
//! | `jobs` | hash: a job's name → the job, as a JSON array | until done |
//! | `free:0` … `free:3`, `held` | sorted sets: free jobs by urgency and due time; held ones by the end of the lease | until done |
//! | `about` | sorted set: jobs by incident | until done |
//! | `q:CHANNEL` | hash: the queue's version, and each person's turn and wishes | for good |
//! | `past` | list: rows for the reports of incidents that were taken out, each after its id | for good |
//! | `past-ids` | set: whose rows these are | for good |
//! | `told`, `told-ends` | hash: who was told what, and when; sorted set: when that may be forgotten | until then, or for good |
//! | `channels` | set: every rotation | for good |
//! | `count` | hash: the last fencing token, the last report, the last live message, the last job | for good |
//! | `c:MARKER` | a change that was made, of a claim the jobs that it gave | half a minute |
//!
//! | key, after `pagerslack:{*}:` | what | how long |
//! |---|---|---|
//! | `workspaces` | set: every workspace | for good |
//! | `due`, `stamps` | when something may be due in a workspace, and how often that was said (`claim`) | while there are jobs; for good |
//! | `records:SHELF`, `record-names:SHELF` | hash and sorted set: records (`records`) | until taken away |
//! | `shelves` | hash: every shelf on which there is a record | while there is one |
//! | `count` | hash: the last version of a record | for good |
//! | `schema` | the form of all this | for good |

mod address;
mod advice;
mod archive;
mod claim;
mod commit;
mod convert;
mod keys;
mod link;
mod log;
mod read;
mod records;
mod script;
mod sweep;
mod tls;

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use ::redis::{Cmd, RedisError, Value};
use async_trait::async_trait;
use jiff::Timestamp;
use pagerslack_core::audit::JobState;
use pagerslack_core::{IncidentId, JobKey, MessageRef, Queue, RotationId, TeamId, UserId};

pub use address::AddressError;

use crate::{
    Claim, ClaimedJob, Commit, CommitError, Cursor, Held, Page, Renewal, Shares, Store, StoreError, Stored,
};
use address::Address;
use convert::answer;
use keys::Keys;
use link::{Direct, Link, Network};
use script::Named;
use sweep::Sweep;

/// The form of the keys that this build reads and writes.
const SCHEMA: u64 = 1;

/// How many entries a log may have before it is worth packing when its incident is over.
const PACKED: usize = 1;

/// A store in Redis.
pub struct Redis {
    link: Box<dyn Link>,
    keys: Keys,
    /// Workspaces that are known to be in the set of all.
    known: RwLock<HashSet<TeamId>>,
    /// Which process this is, among all that ever write there.
    process: u64,
    changes: AtomicU64,
    sweep: Sweep,
}

/// Why Redis cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RedisOpenError {
    /// The address makes no sense.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// It does not answer, or not to us.
    #[error(
        "Redis cannot be reached: is it running, are the address, the user and the password right, and does the address \
         say rediss:// exactly where Redis speaks TLS?"
    )]
    Unreachable(#[source] RedisError),
    /// It answers, and there is no TLS with it, or none that may be trusted.
    #[error("{advice}")]
    Tls {
        /// What is wrong, and what to do.
        advice: &'static str,
        /// What TLS itself says.
        #[source]
        source: RedisError,
    },
    /// A version that cannot do what is needed.
    #[error("this is Redis {found}, but 7.0 or newer (or any Valkey) is needed")]
    TooOld {
        /// What it says of itself.
        found: String,
    },
    /// Written by a newer PagerSlack.
    #[error("the data there is of form {found}, this PagerSlack knows {SCHEMA}: run a newer one")]
    Newer {
        /// What stands there.
        found: u64,
    },
    /// It can be reached, and something else is wrong.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Redis {
    /// Reaches Redis at an address such as `redis://localhost:6379`, and makes sure that it will do.
    ///
    /// # Errors
    ///
    /// When the address makes no sense, nobody answers there within two seconds, or what answers cannot be used.
    pub async fn connect(address: &str) -> Result<Self, RedisOpenError> {
        let Address { server, prefix, replicas } = Address::parse(address)?;
        let replicas = match replicas {
            Some(replicas) => replicas,
            None => advice::replicas_asked_for(&Network::new(Address::parse(address)?.server, 0)).await,
        };
        let redis = Self::over(Box::new(Network::new(server, replicas)), &prefix);
        redis.look().await?;
        Ok(redis)
    }

    /// Says whether an address makes sense, without going there.
    ///
    /// # Errors
    ///
    /// When it does not, and why; without a word of the address, in which there may be a password.
    pub fn check_address(address: &str) -> Result<(), AddressError> {
        Address::parse(address).map(drop)
    }

    /// Reaches Redis over a connection that is waited on, for simulations: whoever asks waits in place.
    ///
    /// # Errors
    ///
    /// As [`Self::connect`].
    pub fn connect_without_runtime(address: &str) -> Result<Self, RedisOpenError> {
        let prefix = Address::parse(address)?.prefix;
        let bare = address.split_once('?').map_or(address, |(bare, _)| bare);
        let connection = ::redis::Client::open(bare)
            .and_then(|client| client.get_connection())
            .map_err(tls::unreachable)?;
        Ok(Self::over(Box::new(Direct(Mutex::new(connection))), &prefix))
    }

    fn over(link: Box<dyn Link>, prefix: &str) -> Self {
        Self {
            link,
            keys: Keys::new(prefix),
            known: RwLock::default(),
            process: RandomState::new().hash_one("which process this is"),
            changes: AtomicU64::new(0),
            sweep: Sweep::default(),
        }
    }

    /// What is not as it should be with this Redis, in whole sentences: settings under which an incident can get lost.
    /// Empty where all is well, and where Redis does not tell (as those of some clouds).
    pub async fn advice(&self) -> Vec<String> {
        advice::advice(&*self.link).await
    }

    async fn look(&self) -> Result<(), RedisOpenError> {
        advice::look(&*self.link).await?;
        let what = "reading the form of the data";
        let mut cmd = ::redis::cmd("SET");
        cmd.arg(self.keys.shared("schema")).arg(SCHEMA).arg("NX").arg("GET");
        let value = self.link.change(&cmd, &self.keys.shared("schema")).await.map_err(tls::unreachable)?;
        let found: Option<u64> = answer(what, value)?;
        match found {
            Some(found) if found > SCHEMA => Err(RedisOpenError::Newer { found }),
            _ => Ok(()),
        }
    }

    /// The key that names a workspace's slot, and a script's arguments: what its keys begin with, then these.
    fn about<const N: usize>(&self, team: &TeamId, args: [String; N]) -> (String, Vec<Vec<u8>>) {
        let base = self.keys.base(team);
        let mut all = vec![base.into_bytes()];
        all.extend(args.map(String::into_bytes));
        (self.keys.of(team, "jobs"), all)
    }

    /// The command by which a commit goes to Redis, for whoever measures what Redis itself can do. It works once the script
    /// is known there, which any commit sees to.
    ///
    /// # Errors
    ///
    /// When the commit cannot be written down.
    pub fn command_of(&self, commit: &Commit) -> Result<Cmd, CommitError> {
        let args = commit::tape(&self.keys.base(&commit.team), &self.marker(), commit, &[])?;
        Ok(script::COMMIT.by_hash(&[self.keys.of(&commit.team, "jobs")], &args))
    }

    /// A name for a change that no other has.
    fn marker(&self) -> String {
        format!("{:016x}{:x}", self.process, self.changes.fetch_add(1, Ordering::Relaxed))
    }

    async fn command(&self, what: &'static str, cmd: &Cmd) -> Result<Value, StoreError> {
        self.link.ask(cmd).await.map_err(failed(what))
    }

    /// Asks a script that changes nothing.
    async fn ask(&self, script: &Named, keys: Vec<String>, args: Vec<Vec<u8>>) -> Result<Value, StoreError> {
        match self.link.ask(&script.by_hash(&keys, &args)).await {
            Err(error) if is_unknown_script(&error) => self.link.ask(&script.by_text(&keys, &args)).await,
            answer => answer,
        }
        .map_err(failed(script.what))
    }

    /// Has a script make a change.
    async fn change(
        &self,
        script: &Named,
        keys: Vec<String>,
        args: Vec<Vec<u8>>,
    ) -> Result<Value, StoreError> {
        let key = keys.first().cloned().unwrap_or_default();
        match self.link.change(&script.by_hash(&keys, &args), &key).await {
            Err(error) if is_unknown_script(&error) => {
                self.link.change(&script.by_text(&keys, &args), &key).await
            }
            answer => answer,
        }
        .map_err(failed(script.what))
    }

    /// Enters a workspace in the set of all before anything is written in it, so that nothing there is ever overlooked.
    async fn enter(&self, team: &TeamId) -> Result<(), StoreError> {
        if self.known.read().unwrap_or_else(PoisonError::into_inner).contains(team) {
            return Ok(());
        }
        let key = self.keys.shared("workspaces");
        let mut cmd = ::redis::cmd("SADD");
        cmd.arg(&key).arg(team.as_str());
        self.link.change(&cmd, &key).await.map_err(failed("entering a workspace"))?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(team.clone());
        Ok(())
    }

    /// What stands in the place of each job that is to be restored, if it cannot be read.
    async fn unreadable(&self, commit: &Commit) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut unreadable = Vec::with_capacity(commit.restore.len());
        for job in &commit.restore {
            let key = job.key.as_str();
            let there = self.field("looking for a job", self.keys.of(&commit.team, "jobs"), key).await?;
            let raw = there.filter(|json| claim::Found::read(&commit.team, key, json).is_err());
            unreadable.push(raw.unwrap_or_default().into_bytes());
        }
        Ok(unreadable)
    }

    /// Packs the log of an incident that is over: what was considered for its pages is the larger part of it, and much
    /// the same each time.
    async fn pack(&self, team: &TeamId, incident: &IncidentId) -> Result<(), StoreError> {
        let what = "packing a log";
        let mut cmd = ::redis::cmd("LRANGE");
        cmd.arg(self.keys.incident(team, incident)).arg(0).arg(-1);
        let list: Vec<Vec<u8>> = answer(what, self.command(what, &cmd).await?)?;
        let Some((meta, entries)) = list.split_first().filter(|(_, entries)| entries.len() > PACKED) else {
            return Ok(());
        };
        let log = log::unpack(incident, entries.iter().map(Vec::as_slice))?;
        let (key, mut args) = self.about(team, [incident.to_string()]);
        args.push(meta.clone());
        args.push(entries.len().to_string().into_bytes());
        args.push(log::pack(incident, &log)?);
        self.change(&script::PACK, vec![key], args).await.map(drop)
    }
}

#[async_trait]
impl Store for Redis {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        commit.is_well_formed()?;
        self.enter(&commit.team).await?;
        let unreadable = self.unreadable(&commit).await?;
        let (team, incident) = (&commit.team, &commit.incident);
        let args = commit::tape(&self.keys.base(team), &self.marker(), &commit, &unreadable)?;
        let value = self.change(&script::COMMIT, vec![self.keys.of(team, "jobs")], args).await?;
        let made = commit::outcome(team, &answer::<Vec<String>>("making a change", value)?)?;
        // The change is made, whatever becomes of what follows: a look into every workspace finds what is due, and an
        // unpacked log reads as well as a packed one.
        if let Some(earliest) = made.earliest
            && let Err(error) = self.due_sooner(team, &earliest).await
        {
            tracing::debug!(error = %crate::Causes(&error), "it is not noted when a job is due");
        }
        if made.is_over
            && !commit.events.is_empty()
            && let Err(error) = self.pack(team, incident).await
        {
            tracing::debug!(error = %crate::Causes(&error), "a log is not packed");
        }
        Ok(())
    }

    async fn load(&self, team: &TeamId, incident: &IncidentId) -> Result<Option<Stored>, StoreError> {
        self.log_of(team, incident).await
    }

    async fn open_incident(
        &self,
        rotation: &RotationId,
        url: &str,
    ) -> Result<Option<IncidentId>, StoreError> {
        let key = self.keys.channel(&rotation.team, "o", &rotation.channel);
        Ok(self.field("looking for an open incident", key, url).await?.map(IncidentId::new))
    }

    async fn incident_of(
        &self,
        team: &TeamId,
        message: &MessageRef,
    ) -> Result<Option<IncidentId>, StoreError> {
        let bucket = self.keys.bucket(team, &message.channel, &message.ts);
        let found = self.field("looking for a message's incident", bucket, message.ts.as_str()).await?;
        Ok(found.map(IncidentId::new))
    }

    async fn live_messages(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(TeamId, MessageRef)>, StoreError> {
        self.live(after, limit).await
    }

    async fn queue(&self, rotation: &RotationId) -> Result<Queue, StoreError> {
        self.queue_of(rotation).await
    }

    async fn open_incidents(&self, rotation: &RotationId) -> Result<Vec<IncidentId>, StoreError> {
        self.open_in(rotation).await
    }

    async fn open_incidents_after(
        &self,
        after: Option<(TeamId, IncidentId)>,
        limit: usize,
    ) -> Result<Vec<(TeamId, IncidentId)>, StoreError> {
        self.open_after(after, limit).await
    }

    async fn jobs_of(&self, team: &TeamId, incident: &IncidentId) -> Result<Vec<JobState>, StoreError> {
        self.jobs_about(team, incident).await
    }

    async fn last_about(&self, rotation: &RotationId, url: &str) -> Result<Option<IncidentId>, StoreError> {
        self.about_url(rotation, url).await
    }

    async fn told(&self, team: &TeamId, user: &UserId, what: &str) -> Result<Option<Timestamp>, StoreError> {
        self.told_at(team, user, what).await
    }

    async fn rotations(&self) -> Result<Vec<RotationId>, StoreError> {
        self.every_rotation().await
    }

    async fn recent(&self, rotation: &RotationId, limit: usize) -> Result<Vec<IncidentId>, StoreError> {
        self.last(rotation, limit).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<ClaimedJob>, StoreError> {
        self.claim_due(claim, Shares::unbounded()).await
    }

    async fn claim_shares(&self, claim: Claim, shares: Shares) -> Result<Vec<ClaimedJob>, StoreError> {
        self.claim_due(claim, shares).await
    }

    async fn renew(&self, held: &[Held], lease_until: Timestamp) -> Result<Vec<Renewal>, StoreError> {
        self.hold_longer(held, lease_until).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.first_due().await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        advice::probe(&*self.link, &self.keys.shared("probe")).await
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<(JobKey, Timestamp)>, StoreError> {
        self.every_due(now, limit).await
    }

    async fn job_count(&self) -> Result<u64, StoreError> {
        self.every_job().await
    }
}

fn failed(what: &'static str) -> impl Fn(RedisError) -> StoreError {
    move |source| StoreError::Unavailable { what, source: source.into() }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.code() == Some("NOSCRIPT")
}

/// Without the address, in which there may be a password.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("keys", &self.keys).finish_non_exhaustive()
    }
}
