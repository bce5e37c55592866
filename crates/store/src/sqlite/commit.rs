//! One [`Commit`], within the savepoint that the writer has opened for it.
//!
//! First everything is checked, then everything is written, so a refusal has written nothing. When several
//! refusals are due, the first of these is given: `LeaseLost`, `Conflict`, `QueueMoved`, `AlreadyOpen`.

use pagerslack_core::incident::EVENT_FORM;
use pagerslack_core::{IncidentId, Job, JobKey, MessageRef, QueueChange, Recorded, TeamId};
use rusqlite::{Connection, OptionalExtension as _, ToSql, params};

use super::claim::is_readable;
use super::convert::{bound, failed, number, record};
use crate::{Commit, CommitError, Disposal, Fence, IncidentIndex, QueueCommit, StoreError};

/// Takes a commit in, or refuses it.
pub(super) fn apply(db: &Connection, commit: &Commit) -> Result<(), CommitError> {
    commit.is_well_formed()?;
    check(db, commit)?;
    write(db, commit)?;
    Ok(())
}

fn check(db: &Connection, commit: &Commit) -> Result<(), CommitError> {
    if let Some((key, fence, _)) = &commit.job
        && !holds(db, &commit.team, key, *fence).map_err(failed("reading a lease"))?
    {
        return Err(CommitError::LeaseLost);
    }
    if !commit.events.is_empty()
        && version(db, &commit.team, &commit.incident).map_err(failed("reading an incident's version"))?
            != number(commit.expected_version)
    {
        return Err(CommitError::Conflict);
    }
    if let Some(queue) = &commit.queue
        && let Some(expected) = queue.expected
        && queue_version(db, queue).map_err(failed("reading a queue's version"))? != number(expected)
    {
        return Err(CommitError::QueueMoved);
    }
    if let Some(index) = &commit.index
        && index.open
        && let Some(other) =
            rival(db, &commit.incident, index).map_err(failed("looking for an open incident"))?
    {
        return Err(CommitError::AlreadyOpen(other));
    }
    Ok(())
}

/// Whether the token is the live one. A lease whose time is over still counts until somebody else claims
/// the job: until then nobody else can have done its work.
fn holds(db: &Connection, team: &TeamId, key: &JobKey, fence: Fence) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT 1 FROM jobs WHERE team = ?1 AND key = ?2 AND fence = ?3 AND lease_until IS NOT NULL",
    )?
    .exists(params![team.as_str(), key.as_str(), number(fence.0)])
}

fn version(db: &Connection, team: &TeamId, incident: &IncidentId) -> rusqlite::Result<i64> {
    let found = db
        .prepare_cached("SELECT version FROM incidents WHERE team = ?1 AND incident = ?2")?
        .query_row([team.as_str(), incident.as_str()], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

fn queue_version(db: &Connection, queue: &QueueCommit) -> rusqlite::Result<i64> {
    let rotation = &queue.rotation;
    let found = db
        .prepare_cached("SELECT version FROM queues WHERE team = ?1 AND channel = ?2")?
        .query_row([rotation.team.as_str(), rotation.channel.as_str()], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

fn rival(
    db: &Connection,
    incident: &IncidentId,
    index: &IncidentIndex,
) -> rusqlite::Result<Option<IncidentId>> {
    let rotation = &index.rotation;
    let found: Option<String> = db
        .prepare_cached(
            "SELECT incident FROM incidents WHERE team = ?1 AND channel = ?2 AND url = ?3 AND open = 1",
        )?
        .query_row([rotation.team.as_str(), rotation.channel.as_str(), &index.url], |row| row.get(0))
        .optional()?;
    Ok(found.map(IncidentId::new).filter(|other| other != incident))
}

/// The disposal comes first and removals before additions, so that a job can be done and come up anew in
/// one commit, and a key both removed and added is there afterwards.
fn write(db: &Connection, commit: &Commit) -> Result<(), StoreError> {
    let team = &commit.team;
    if let Some((key, _, disposal)) = &commit.job {
        dispose(db, team, key, *disposal).map_err(failed("disposing of a job"))?;
    }
    for key in &commit.remove {
        remove(db, team, key).map_err(failed("removing a job"))?;
    }
    if let Some(last) = commit.events.last() {
        set_version(db, commit, last.seq).map_err(failed("writing an incident's version"))?;
    }
    let mut last_event = None;
    for recorded in &commit.events {
        last_event = Some(append(db, commit, recorded)?);
    }
    if let Some(index) = &commit.index {
        set_index(db, commit, index).map_err(failed("indexing an incident"))?;
    }
    if let Some(id) = last_event {
        set_last_event(db, commit, id).map_err(failed("filing an event"))?;
    }
    for job in &commit.add {
        add(db, job)?;
    }
    for job in &commit.restore {
        restore(db, job)?;
    }
    if let Some(queue) = &commit.queue {
        move_queue(db, queue)?;
    }
    add_messages(db, commit).map_err(failed("indexing a message"))?;
    remember_told(db, commit)
}

fn dispose(db: &Connection, team: &TeamId, key: &JobKey, disposal: Disposal) -> rusqlite::Result<()> {
    match disposal {
        // Wanted again while it was held: this time is done, the other is still to come.
        Disposal::Done => {
            db.prepare_cached("DELETE FROM jobs WHERE team = ?1 AND key = ?2 AND wanted_again = 0")?
                .execute([team.as_str(), key.as_str()])?;
            db.prepare_cached(
                "UPDATE jobs SET doubtful = 0, lease_until = NULL, wanted_again = 0 WHERE team = ?1 AND key = ?2",
            )?
            .execute([team.as_str(), key.as_str()])
            .map(drop)
        }
        Disposal::Again { due, doubtful } => db
            .prepare_cached(
                "UPDATE jobs SET due = CASE wanted_again WHEN 1 THEN min(due, ?3) ELSE ?3 END,
                 doubtful = ?4, lease_until = NULL, wanted_again = 0 WHERE team = ?1 AND key = ?2",
            )?
            .execute(params![team.as_str(), key.as_str(), bound(due), doubtful])
            .map(drop),
    }
}

fn remove(db: &Connection, team: &TeamId, key: &JobKey) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM jobs WHERE team = ?1 AND key = ?2")?
        .execute([team.as_str(), key.as_str()])
        .map(drop)
}

fn set_version(db: &Connection, commit: &Commit, version: u64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO incidents (team, incident, version) VALUES (?1, ?2, ?3)
         ON CONFLICT (team, incident) DO UPDATE SET version = excluded.version",
    )?
    .execute(params![commit.team.as_str(), commit.incident.as_str(), number(version)])
    .map(drop)
}

/// Gives the event's `id`.
fn append(db: &Connection, commit: &Commit, recorded: &Recorded) -> Result<i64, StoreError> {
    let body = serde_json::to_string(&recorded.event).map_err(|source| StoreError::Corrupt {
        what: format!("event {} of incident {} on its way in", recorded.seq, commit.incident),
        source: source.into(),
    })?;
    let at = record(recorded.at)?;
    db.prepare_cached(
        "INSERT INTO events (team, incident, seq, at, form, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            commit.team.as_str(),
            commit.incident.as_str(),
            number(recorded.seq),
            at,
            EVENT_FORM,
            body
        ])
    })
    .map_err(failed("appending an event"))?;
    let id = db.last_insert_rowid();
    if recorded.seq == 1 {
        set_reported(db, commit, id).map_err(failed("filing a report"))?;
    }
    Ok(id)
}

/// Files an incident under its report.
fn set_reported(db: &Connection, commit: &Commit, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE incidents SET reported = ?3 WHERE team = ?1 AND incident = ?2")?
        .execute(params![commit.team.as_str(), commit.incident.as_str(), id])
        .map(drop)
}

/// Says where an incident's log ends; after everything that decides whether it is open.
fn set_last_event(db: &Connection, commit: &Commit, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE incidents SET last_event = ?3 WHERE team = ?1 AND incident = ?2")?
        .execute(params![commit.team.as_str(), commit.incident.as_str(), id])
        .map(drop)
}

fn set_index(db: &Connection, commit: &Commit, index: &IncidentIndex) -> rusqlite::Result<()> {
    let (team, incident) = (commit.team.as_str(), commit.incident.as_str());
    db.prepare_cached(
        "INSERT INTO incidents (team, incident, channel, url, open) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (team, incident)
         DO UPDATE SET channel = excluded.channel, url = excluded.url, open = excluded.open",
    )?
    .execute(params![team, incident, index.rotation.channel.as_str(), index.url, index.open])?;
    db.prepare_cached("UPDATE messages SET live = ?3 WHERE team = ?1 AND incident = ?2 AND live <> ?3")?
        .execute(params![team, incident, index.open])
        .map(drop)
}

/// A job that exists keeps its lease, its token and its history; only the due time and the urgency change. If it is held, it is
/// wanted again: the holder may not know of what called for it, so their "done" leaves it to come up once more.
fn add(db: &Connection, job: &Job) -> Result<(), StoreError> {
    let kind = serde_json::to_string(&job.kind).map_err(|source| StoreError::Corrupt {
        what: format!("job {} on its way in", job.key.as_str()),
        source: source.into(),
    })?;
    db.prepare_cached(
        "INSERT INTO jobs (team, key, channel, incident, kind, due, urgency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (team, key) DO UPDATE SET
             due = excluded.due, urgency = excluded.urgency, wanted_again = jobs.lease_until IS NOT NULL",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            job.rotation.team.as_str(),
            job.key.as_str(),
            job.rotation.channel.as_str(),
            job.incident.as_str(),
            kind,
            bound(job.due),
            job.urgency.rank()
        ])
    })
    .map(drop)
    .map_err(failed("adding a job"))
}

/// A job that is there and can be read is left alone. One that cannot will never be done, and makes room.
fn restore(db: &Connection, job: &Job) -> Result<(), StoreError> {
    let team = &job.rotation.team;
    match is_readable(db, team, &job.key).map_err(failed("looking for a job"))? {
        Some(true) => return Ok(()),
        Some(false) => remove(db, team, &job.key).map_err(failed("removing an unreadable job"))?,
        None => {}
    }
    add(db, job)?;
    db.prepare_cached("UPDATE jobs SET doubtful = 1 WHERE team = ?1 AND key = ?2")
        .and_then(|mut statement| statement.execute([team.as_str(), job.key.as_str()]))
        .map(drop)
        .map_err(failed("restoring a job"))
}

/// The same fold as [`pagerslack_core::Queue::apply`], row by row: every change takes a number, even one
/// that is ignored.
fn move_queue(db: &Connection, queue: &QueueCommit) -> Result<(), StoreError> {
    let what = "moving somebody in a queue";
    for change in &queue.changes {
        let turn = next_turn(db, queue).map_err(failed(what))?;
        let rotation = &queue.rotation;
        let (team, channel, user) =
            (rotation.team.as_str(), rotation.channel.as_str(), change.user().as_str());
        let run = |sql: &str, values: &[&dyn ToSql]| {
            let mut all: Vec<&dyn ToSql> = vec![&team, &channel, &user];
            all.extend(values);
            db.prepare_cached(sql).and_then(|mut statement| statement.execute(&*all)).map_err(failed(what))
        };
        match change {
            QueueChange::Left { .. } => {
                run("DELETE FROM places WHERE team = ?1 AND channel = ?2 AND user = ?3", &[])?;
            }
            QueueChange::Joined { .. } => {
                let sql = "INSERT INTO places (team, channel, user, turn) VALUES (?1, ?2, ?3, ?4)
                           ON CONFLICT (team, channel, user) DO NOTHING";
                run(sql, &[&turn])?;
            }
            QueueChange::Turn { at, .. } => {
                let sql = "UPDATE places SET turn = ?4, turned_at = ?5, volunteered_at = NULL
                           WHERE team = ?1 AND channel = ?2 AND user = ?3";
                run(sql, &[&turn, &record(*at)?])?;
            }
            QueueChange::Volunteered { at, .. } => {
                let sql = "UPDATE places SET volunteered_at = ifnull(volunteered_at, ?4), away_until = NULL
                           WHERE team = ?1 AND channel = ?2 AND user = ?3";
                run(sql, &[&record(*at)?])?;
            }
            QueueChange::Away { until, .. } => {
                let sql = "UPDATE places
                           SET away_until = ?4, volunteered_at = iif(?4 IS NULL, volunteered_at, NULL)
                           WHERE team = ?1 AND channel = ?2 AND user = ?3";
                run(sql, &[&until.map(record).transpose()?])?;
            }
        }
    }
    Ok(())
}

fn next_turn(db: &Connection, queue: &QueueCommit) -> rusqlite::Result<i64> {
    db.prepare_cached(
        "INSERT INTO queues (team, channel, version) VALUES (?1, ?2, 1)
         ON CONFLICT (team, channel) DO UPDATE SET version = version + 1
         RETURNING version",
    )?
    .query_row([queue.rotation.team.as_str(), queue.rotation.channel.as_str()], |row| row.get(0))
}

/// Takes away some of what may be forgotten by now.
pub(super) const FORGET: &str = "
    DELETE FROM told WHERE (team, user, what) IN (
        SELECT team, user, what FROM told WHERE team = ?1 AND until <= ?2 ORDER BY until LIMIT 8)";

fn remember_told(db: &Connection, commit: &Commit) -> Result<(), StoreError> {
    let what = "recording what somebody was told";
    for told in &commit.told {
        let (at, until) = (record(told.at)?, told.until.map(bound));
        // More at a time than comes.
        db.prepare_cached(FORGET)
            .and_then(|mut statement| statement.execute(params![commit.team.as_str(), at]))
            .map_err(failed("forgetting what somebody was told"))?;
        db.prepare_cached(
            "INSERT INTO told (team, user, what, at, until) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (team, user, what) DO UPDATE SET at = excluded.at, until = excluded.until",
        )
        .and_then(|mut statement| {
            statement.execute(params![commit.team.as_str(), told.user.as_str(), told.what, at, until])
        })
        .map_err(failed(what))?;
    }
    Ok(())
}

fn add_messages(db: &Connection, commit: &Commit) -> rusqlite::Result<()> {
    if commit.messages.is_empty() {
        return Ok(());
    }
    let (team, incident) = (commit.team.as_str(), commit.incident.as_str());
    let open: Option<bool> = db
        .prepare_cached("SELECT open FROM incidents WHERE team = ?1 AND incident = ?2")?
        .query_row([team, incident], |row| row.get(0))
        .optional()?;
    let live = open.unwrap_or(false);
    for MessageRef { channel, ts } in &commit.messages {
        db.prepare_cached(
            "INSERT INTO messages (team, channel, ts, incident, live) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (team, channel, ts) DO UPDATE SET incident = excluded.incident, live = excluded.live",
        )?
        .execute(params![team, channel.as_str(), ts.as_str(), incident, live])?;
    }
    Ok(())
}
