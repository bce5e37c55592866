//! Moving house: everything in one store is brought into another, of whichever kind.
//!
//! It is built on what every store can do, and goes by what is there already, so it can be repeated: after an
//! interruption, or to bring over what has happened since. What cannot be told from the outside is not brought along and
//! not needed: fencing tokens (who held a job in the old house holds nothing in the new one), how often a job was tried,
//! and the numbers of versions. A job that somebody held, or that was in doubt, comes as doubtful (P2).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use pagerslack_core::{IncidentId, JobKey, MessageRef, Place, QueueChange, RotationId, TeamId};

use crate::{
    Backend, Commit, CommitError, Cursor, Filed, Page, Past, QueueCommit, Record, RecordWrite, StoreError,
    Told,
};

/// How many of each are read at a time.
const PAGE: usize = 200;

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Incidents.
    pub incidents: u64,
    /// What happened in them.
    pub events: u64,
    /// Messages that belong to them.
    pub messages: u64,
    /// Jobs.
    pub jobs: u64,
    /// Rotations, and places in their queues.
    pub places: u64,
    /// What people were told.
    pub told: u64,
    /// Records.
    pub records: u64,
    /// Rows of incidents that were taken out.
    pub past: u64,
}

impl Inventory {
    /// Each count with its name.
    fn lines(&self) -> [(&'static str, u64); 8] {
        [
            ("incidents", self.incidents),
            ("events", self.events),
            ("messages", self.messages),
            ("jobs", self.jobs),
            ("places in queues", self.places),
            ("things people were told", self.told),
            ("records", self.records),
            ("rows of old incidents", self.past),
        ]
    }
}

impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().iter().map(|(name, count)| format!("{count} {name}")).collect();
        f.write_str(&lines.join(", "))
    }
}

/// Why a copy was not made, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stores have gone different ways.
    #[error(
        "incident {incident} of workspace {team} has gone on in the other store by itself: this is no copy of the first, \
         and nothing can be merged; copy into an empty store"
    )]
    Diverged {
        /// The workspace.
        team: TeamId,
        /// The incident.
        incident: IncidentId,
    },
    /// Somebody writes to the other store.
    #[error("the other store is in use: stop every PagerSlack that writes to it, and copy again")]
    InUse(#[source] CommitError),
    /// The counts differ afterwards.
    #[error("the stores differ after the copy: {from} here, {to} there; is one of them in use? Copy again")]
    Differs {
        /// What there was.
        from: Box<Inventory>,
        /// What there is now.
        to: Box<Inventory>,
    },
}

impl From<CommitError> for CopyError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => Self::Store(error),
            error => Self::InUse(error),
        }
    }
}

/// Brings everything over, counts both sides, and gives what there is. `progress` hears of each incident.
///
/// Nobody may write to either store meanwhile.
///
/// # Errors
///
/// When a store fails, when the other one is not empty and no earlier copy of this one, or when the counts differ in
/// the end. What was brought over stays, and the copy can be repeated.
pub async fn copy(
    from: &dyn Backend,
    to: &dyn Backend,
    mut progress: impl FnMut(),
) -> Result<Inventory, CopyError> {
    let mut next = None;
    loop {
        let page = from.incidents(next, PAGE).await?;
        for filed in page.items {
            incident(to, filed).await?;
            progress();
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    jobs(from, to).await?;
    for rotation in from.rotations().await? {
        queue(from, to, rotation).await?;
    }
    for (team, told) in told(from).await? {
        tell(to, team, told).await?;
    }
    for shelf in from.shelves().await? {
        for (name, record) in pages(async |after| from.records(&shelf, after, PAGE).await).await? {
            put(to, &shelf, name, record).await?;
        }
    }
    take_away(from, to).await?;
    past(from, to).await?;
    let (here, there) = (inventory(from).await?, inventory(to).await?);
    if here == there {
        return Ok(there);
    }
    Err(CopyError::Differs { from: Box::new(here), to: Box::new(there) })
}

/// Counts everything.
///
/// # Errors
///
/// When the store cannot be read.
pub async fn inventory(store: &dyn Backend) -> Result<Inventory, StoreError> {
    let mut found = Inventory::default();
    let mut next = None;
    loop {
        let page = store.incidents(next, PAGE).await?;
        found.incidents += page.items.len() as u64;
        for filed in &page.items {
            found.events += filed.stored.log.len() as u64;
            found.messages += filed.messages.len() as u64;
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    found.jobs = pages(async |after| store.jobs(after, PAGE).await).await?.len() as u64;
    for rotation in store.rotations().await? {
        found.places += 1 + store.queue(&rotation).await?.places().len() as u64;
    }
    found.told = told(store).await?.len() as u64;
    found.past = pages(async |after| store.past(after, PAGE).await).await?.len() as u64;
    for shelf in store.shelves().await? {
        found.records += pages(async |after| store.records(&shelf, after, PAGE).await).await?.len() as u64;
    }
    Ok(found)
}

async fn pages<T>(
    read: impl AsyncFn(Option<Cursor>) -> Result<Page<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let page = read(next).await?;
        all.extend(page.items);
        next = page.next;
        if next.is_none() {
            return Ok(all);
        }
    }
}

async fn incident(to: &dyn Backend, filed: Filed) -> Result<(), CopyError> {
    let Filed { team, incident, index, stored, messages } = filed;
    let there = to.load(&team, &incident).await?.map(|stored| stored.log).unwrap_or_default();
    if !stored.log.starts_with(&there) {
        return Err(CopyError::Diverged { team, incident });
    }
    let mut commit = Commit::new(team.clone(), incident.clone(), there.len() as u64);
    commit.events = stored.log[there.len()..].to_vec();
    if !commit.events.is_empty() || !same_messages(to, &team, &incident, &messages).await? {
        commit.index = index;
        commit.messages = messages;
        to.commit(commit).await?;
    }
    Ok(())
}

async fn same_messages(
    to: &dyn Backend,
    team: &TeamId,
    incident: &IncidentId,
    messages: &[MessageRef],
) -> Result<bool, StoreError> {
    for message in messages {
        if to.incident_of(team, message).await?.as_ref() != Some(incident) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Jobs that are there and no longer here are done, and go.
async fn jobs(from: &dyn Backend, to: &dyn Backend) -> Result<(), CopyError> {
    let here = pages(async |after| from.jobs(after, PAGE).await).await?;
    let there = pages(async |after| to.jobs(after, PAGE).await).await?;
    let left: BTreeSet<(TeamId, JobKey)> =
        here.iter().map(|state| (state.job.rotation.team.clone(), state.job.key.clone())).collect();
    let mut known = BTreeMap::new();
    for state in there {
        let key = (state.job.rotation.team.clone(), state.job.key.clone());
        if left.contains(&key) {
            known.insert(key, state);
        } else {
            let mut commit = Commit::new(key.0, state.job.incident, 0);
            commit.remove.push(key.1);
            to.commit(commit).await?;
        }
    }
    // Of those due together the first added comes first, and only the old house knows which that was.
    for state in here {
        let key = (state.job.rotation.team.clone(), state.job.key.clone());
        let doubtful = state.doubtful || state.lease_until.is_some();
        if known.get(&key).is_some_and(|there| there.job == state.job && there.doubtful == doubtful) {
            continue;
        }
        let mut commit = Commit::new(key.0, state.job.incident.clone(), 0);
        commit.remove.push(key.1);
        if doubtful {
            commit.restore.push(state.job);
        } else {
            commit.add.push(state.job);
        }
        to.commit(commit).await?;
    }
    Ok(())
}

/// A queue is made anew, unless everybody stands there as here.
async fn queue(from: &dyn Backend, to: &dyn Backend, rotation: RotationId) -> Result<(), CopyError> {
    let (here, there) = (from.queue(&rotation).await?, to.queue(&rotation).await?);
    let order = |queue: &pagerslack_core::Queue| -> Vec<_> {
        queue.places().iter().map(|place| (place.user.clone(), place.moments())).collect()
    };
    if here.version == 0 || (there.version > 0 && order(&here) == order(&there)) {
        return Ok(());
    }
    let leave = there.places().iter().map(|place| QueueChange::Left { user: place.user.clone() });
    let mut places: Vec<&Place> = here.places().iter().collect();
    places.sort_by_key(|place| place.turn);
    let enter = places.into_iter().flat_map(|place| {
        let user = place.user.clone();
        let turn = place.turned_at.map(|at| QueueChange::Turn { user: user.clone(), at });
        let volunteered = place.volunteered_at.map(|at| QueueChange::Volunteered { user: user.clone(), at });
        let until = place.away_until;
        let away = until.map(|_| QueueChange::Away { user: user.clone(), until });
        std::iter::once(QueueChange::Joined { user }).chain(turn).chain(volunteered).chain(away)
    });
    let mut commit = Commit::new(rotation.team.clone(), IncidentId::new("copy"), 0);
    let changes = leave.chain(enter).collect();
    commit.queue = Some(QueueCommit { rotation, expected: Some(there.version), changes });
    Ok(to.commit(commit).await?)
}

/// What was taken out here since the last copy is taken out there: with its row, in one step. What is there and was
/// never here is nothing that this copy may touch.
async fn past(from: &dyn Backend, to: &dyn Backend) -> Result<(), CopyError> {
    let key = |past: &Past| (past.team.clone(), past.incident.clone());
    let here = pages(async |after| from.past(after, PAGE).await).await?;
    let there = pages(async |after| to.past(after, PAGE).await).await?;
    let there: BTreeSet<_> = there.iter().map(key).collect();
    let new: Vec<Past> = here.into_iter().filter(|past| !there.contains(&key(past))).collect();
    let rows: BTreeMap<_, _> = new.iter().map(|past| (key(past), &past.row)).collect();
    let mut next = None;
    loop {
        let page = to.incidents(next, PAGE).await?;
        for filed in page.items {
            let Filed { team, incident, .. } = &filed;
            match rows.get(&(team.clone(), incident.clone())) {
                Some(row) if to.retire(&filed, row.to_vec()).await? => {}
                None if from.load(team, incident).await?.is_some() => {}
                // It is open there, or was reported there.
                Some(_) | None => {
                    return Err(CopyError::Diverged { team: team.clone(), incident: incident.clone() });
                }
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    for rows in new.chunks(PAGE) {
        to.add_past(rows.to_vec()).await?;
    }
    Ok(())
}

/// What is on a shelf there and no longer here was taken away since the last copy.
async fn take_away(from: &dyn Backend, to: &dyn Backend) -> Result<(), CopyError> {
    for shelf in to.shelves().await? {
        for (name, record) in pages(async |after| to.records(&shelf, after, PAGE).await).await? {
            if from.record(&shelf, &name).await?.is_none() {
                write(to, &shelf, name, record.version, None, None).await?;
            }
        }
    }
    Ok(())
}

/// What people were told, without what a store has written to see whether it can.
async fn told(store: &dyn Backend) -> Result<Vec<(TeamId, Told)>, StoreError> {
    let all = pages(async |after| store.all_told(after, PAGE).await).await?;
    Ok(all.into_iter().filter(|(team, _)| !team.as_str().is_empty()).collect())
}

async fn tell(to: &dyn Backend, team: TeamId, told: Told) -> Result<(), CopyError> {
    if to.told(&team, &told.user, &told.what).await? == Some(told.at) {
        return Ok(());
    }
    let mut commit = Commit::new(team, IncidentId::new("copy"), 0);
    commit.told.push(told);
    Ok(to.commit(commit).await?)
}

async fn put(to: &dyn Backend, shelf: &str, name: String, record: Record) -> Result<(), CopyError> {
    let there = to.record(shelf, &name).await?;
    if there.as_ref().is_some_and(|it| it.value == record.value && it.expires_at == record.expires_at) {
        return Ok(());
    }
    let expected = there.map_or(0, |there| there.version);
    write(to, shelf, name, expected, Some(record.value), record.expires_at).await
}

async fn write(
    to: &dyn Backend,
    shelf: &str,
    name: String,
    expected: u64,
    value: Option<Vec<u8>>,
    expires_at: Option<Timestamp>,
) -> Result<(), CopyError> {
    let write = RecordWrite { shelf: shelf.to_owned(), name, expected, value, expires_at };
    match to.write_record(write).await? {
        Some(_) => Ok(()),
        None => Err(CopyError::InUse(CommitError::Conflict)),
    }
}
