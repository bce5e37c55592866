//! Handing out due jobs, each to one holder at a time (P2).
//!
//! A job is due when it is free and its time has come, or when the lease on it has ended without a word. In
//! the latter case its work may or may not have been done, so it is handed out as doubtful.

use jiff::Timestamp;
use pagerslack_core::audit::JobState;
use pagerslack_core::{IncidentId, Job, JobKey, JobKind, RotationId, TeamId, Urgency};
use rusqlite::{Connection, OptionalExtension as _, Row, Rows, params};

use super::convert::{bound, count, failed, instant, position, to_cursor};
use crate::{Causes, Claim, ClaimedJob, Cursor, Fence, Held, Page, Renewal, Shares, StoreError};

/// The free jobs of one class whose time has come, the longest due first, and of those due together the first added.
/// Walks an index, so that timers of the far future cost nothing.
const FREE: &str = "
    SELECT id, team, key, channel, incident, kind, due, tries, doubtful, last_claimed_at, urgency FROM jobs
    WHERE lease_until IS NULL AND urgency = ?2 AND due <= ?1 ORDER BY due, id";

/// The jobs on which the lease has ended without a word.
const ABANDONED: &str = "
    SELECT id, team, key, channel, incident, kind, due, tries, 1, last_claimed_at, urgency FROM jobs
    WHERE lease_until IS NOT NULL AND lease_until <= ?1 ORDER BY lease_until";

/// Leases due jobs, the most urgent first and within a class the longest due.
///
/// A job that cannot be read is leased as well, reported to the log and left out: it must not keep the
/// others from being done (P6), nor be read again at once.
pub(super) fn claim(db: &Connection, claim: &Claim, shares: &Shares) -> Result<Vec<ClaimedJob>, StoreError> {
    let due = due(db, claim, shares).map_err(failed("looking for due jobs"))?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let fences = take_fences(db, due.len()).map_err(failed("taking fencing tokens"))?;
    let mut claimed = Vec::with_capacity(due.len());
    for (found, fence) in due.into_iter().zip(fences) {
        lease(db, claim, &found, fence).map_err(failed("leasing a job"))?;
        let (team, key) = (found.team.clone(), found.key.clone());
        match found.hand_out(claim.lease_until, fence) {
            Ok(job) => claimed.push(job),
            Err(error) => {
                tracing::error!(
                    team,
                    key,
                    error = %Causes(&error),
                    "unreadable job skipped"
                );
            }
        }
    }
    Ok(claimed)
}

/// Holds jobs for longer, each that is still held under its token; says which are.
pub(super) fn renew(db: &Connection, held: &[Held], until: Timestamp) -> Result<Vec<Renewal>, StoreError> {
    let renewed = db
        .prepare_cached(
            "UPDATE jobs SET lease_until = ?4 WHERE team = ?1 AND key = ?2 AND fence = ?3 AND lease_until IS NOT NULL",
        )
        .and_then(|mut statement| {
            held.iter()
                .map(|job| {
                    // A token that is no number of SQLite's is none that it has given.
                    let Ok(fence) = i64::try_from(job.fence.0) else { return Ok(Renewal::Lost) };
                    let params = params![job.team.as_str(), job.key.as_str(), fence, bound(until)];
                    let rows = statement.execute(params)?;
                    Ok(if rows > 0 { Renewal::Held } else { Renewal::Lost })
                })
                .collect()
        });
    renewed.map_err(failed("holding jobs for longer"))
}

struct Found {
    id: i64,
    team: String,
    key: String,
    channel: String,
    incident: String,
    kind: String,
    due: i64,
    tries: u32,
    doubtful: bool,
    last_claimed_at: Option<i64>,
    urgency: u8,
}

impl Found {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            team: row.get(1)?,
            key: row.get(2)?,
            channel: row.get(3)?,
            incident: row.get(4)?,
            kind: row.get(5)?,
            due: row.get(6)?,
            tries: row.get(7)?,
            doubtful: row.get(8)?,
            last_claimed_at: row.get(9)?,
            urgency: row.get(10)?,
        })
    }

    fn job(&self) -> Result<Job, StoreError> {
        let corrupt = |source| StoreError::Corrupt { what: format!("job {}", self.key), source };
        let (kind, urgency) = readable(&self.kind, self.urgency).map_err(corrupt)?;
        Ok(Job {
            key: JobKey::from(self.key.clone()),
            rotation: RotationId::new(self.team.as_str().into(), self.channel.as_str().into()),
            incident: self.incident.as_str().into(),
            kind,
            urgency,
            due: instant(self.due)?,
        })
    }

    fn hand_out(self, lease_until: Timestamp, fence: i64) -> Result<ClaimedJob, StoreError> {
        Ok(ClaimedJob {
            job: self.job()?,
            fence: Fence(count(fence)?),
            tries: self.tries.saturating_add(1),
            doubtful: self.doubtful,
            last_claimed_at: self.last_claimed_at.map(instant).transpose()?,
            lease_until,
        })
    }
}

/// What a row says is to be done, and how soon.
fn readable(kind: &str, urgency: u8) -> Result<(JobKind, Urgency), Box<dyn std::error::Error + Send + Sync>> {
    let urgency = Urgency::of_rank(urgency).ok_or("no such urgency")?;
    Ok((serde_json::from_str(kind)?, urgency))
}

/// Whether there is a job of a name that can be read; `None` if there is none at all.
pub(super) fn is_readable(db: &Connection, team: &TeamId, key: &JobKey) -> rusqlite::Result<Option<bool>> {
    db.prepare_cached("SELECT kind, urgency FROM jobs WHERE team = ?1 AND key = ?2")?
        .query_row([team.as_str(), key.as_str()], |row| {
            let (kind, urgency): (String, u8) = (row.get(0)?, row.get(1)?);
            Ok(readable(&kind, urgency).is_ok())
        })
        .optional()
}

/// The jobs about an incident.
pub(super) fn jobs_of(
    db: &Connection,
    team: &TeamId,
    incident: &IncidentId,
) -> Result<Vec<JobState>, StoreError> {
    let found: Vec<(Found, Option<i64>)> = db
        .prepare_cached(
            "SELECT id, team, key, channel, incident, kind, due, tries, doubtful, last_claimed_at, urgency, lease_until
             FROM jobs WHERE team = ?1 AND incident = ?2 ORDER BY key",
        )
        .and_then(|mut statement| {
            statement
                .query_map([team.as_str(), incident.as_str()], |row| Ok((Found::read(row)?, row.get(11)?)))?
                .collect()
        })
        .map_err(failed("reading the jobs about an incident"))?;
    states(found)
}

/// A page of every job.
pub(super) fn jobs(
    db: &Connection,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<JobState>, StoreError> {
    let (from, limit) = (position(after)?, limit.max(1));
    let found: Vec<(Found, Option<i64>)> = db
        .prepare_cached(
            "SELECT id, team, key, channel, incident, kind, due, tries, doubtful, last_claimed_at, urgency, lease_until
             FROM jobs WHERE id > ?1 ORDER BY id LIMIT ?2",
        )
        .and_then(|mut statement| {
            statement
                .query_map(params![from, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                    Ok((Found::read(row)?, row.get(11)?))
                })?
                .collect()
        })
        .map_err(failed("reading the jobs"))?;
    let next = found.last().filter(|_| found.len() == limit).map(|(found, _)| to_cursor(found.id));
    Ok(Page { items: states(found)?, next })
}

/// What cannot be read counts as absent; whoever tries to do it is told.
fn states(found: Vec<(Found, Option<i64>)>) -> Result<Vec<JobState>, StoreError> {
    let readable = found.into_iter().filter_map(|(found, lease)| Some((found.job().ok()?, found, lease)));
    readable
        .map(|(job, found, lease)| {
            Ok(JobState {
                job,
                lease_until: lease.map(instant).transpose()?,
                tries: found.tries,
                doubtful: found.doubtful,
            })
        })
        .collect()
}

/// The most urgent class comes first, and within it the longest due.
///
/// One question for each class, put together here. As one query it cost several times as much when little was due: SQLite
/// made a temporary table, with a cache of its own, to sort what it found.
fn due(db: &Connection, claim: &Claim, shares: &Shares) -> rusqlite::Result<Vec<Found>> {
    let now = bound(claim.now);
    let mut abandoned = db.prepare_cached(ABANDONED)?;
    let mut found = within(abandoned.query(params![now])?, claim.limit, shares)?;
    let mut free = db.prepare_cached(FREE)?;
    for urgency in Urgency::ALL {
        let rows = free.query(params![now, urgency.rank()])?;
        found.extend(within(rows, claim.limit, shares)?);
    }
    found.sort_by_key(|it| (it.urgency, it.due, it.id));
    let mut shares = shares.clone();
    found.retain(|it| shares.take(&it.team.as_str().into()));
    found.truncate(claim.limit);
    Ok(found)
}

/// The first of these jobs, so many at most, and of no workspace more than its share. Of what is passed over nothing but
/// the workspace is read.
fn within(mut rows: Rows<'_>, limit: usize, shares: &Shares) -> rusqlite::Result<Vec<Found>> {
    let (mut shares, mut found) = (shares.clone(), Vec::new());
    while found.len() < limit {
        let Some(row) = rows.next()? else { break };
        let team: &str = row.get_ref(1)?.as_str().unwrap_or_default();
        if shares.take(&team.into()) {
            found.push(Found::read(row)?);
        }
    }
    Ok(found)
}

/// The next tokens, as many as there are jobs. They are counted for all jobs together and never given twice.
pub(super) fn take_fences(
    db: &Connection,
    jobs: usize,
) -> rusqlite::Result<impl Iterator<Item = i64> + use<>> {
    let jobs = i64::try_from(jobs).unwrap_or(i64::MAX);
    let last: i64 = db
        .prepare_cached("UPDATE fences SET last = last + ?1 WHERE id = 1 RETURNING last")?
        .query_row([jobs], |row| row.get(0))?;
    Ok(last - jobs + 1..=last)
}

fn lease(db: &Connection, claim: &Claim, found: &Found, fence: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE jobs SET lease_until = ?2, fence = ?3, tries = ?4, doubtful = ?5, last_claimed_at = ?6,
         wanted_again = 0
         WHERE id = ?1",
    )?
    .execute(params![
        found.id,
        bound(claim.lease_until),
        fence,
        found.tries.saturating_add(1),
        found.doubtful,
        bound(claim.now)
    ])
    .map(drop)
}
