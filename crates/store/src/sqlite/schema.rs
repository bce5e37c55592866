//! The tables, as numbered migrations.
//!
//! Each migration runs once, in a transaction of its own that also records its number. Released migrations
//! never change: a change of the schema is a new one at the end.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

/// Marks a file as PagerSlack's in SQLite's header: `PgSl`.
pub(super) const APPLICATION_ID: i32 = 0x5067_536c;

/// The schema that this build reads and writes.
pub(super) const LATEST: i64 = MIGRATIONS.len() as i64;

/// Migrations in order; the first brings the schema to version 1.
const MIGRATIONS: &[&str] = &[
    FIRST, SECOND, URGENCY, AUDIT, RECORDS, PAST, WHOSE_PAST, WISHES, TOLD_ENDS, SHARES, REPORTS, RECENT,
    LAST_EVENT,
];

/// Instants (`at`, `due`, `lease_until`, …) are nanoseconds since the Unix epoch.
const FIRST: &str = "
-- How an incident can be found. `version` is the seq of its last event.
CREATE TABLE incidents (
    team     TEXT NOT NULL,
    incident TEXT NOT NULL,
    channel  TEXT,
    url      TEXT,
    open     INTEGER NOT NULL DEFAULT 0 CHECK (open IN (0, 1)),
    version  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (team, incident)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX incidents_open ON incidents (team, channel, url) WHERE open = 1;

-- The logs, appended only; `id` is the order in which everything happened.
CREATE TABLE events (
    id       INTEGER PRIMARY KEY,
    team     TEXT NOT NULL,
    incident TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    form     INTEGER NOT NULL,
    body     TEXT NOT NULL,
    UNIQUE (team, incident, seq),
    FOREIGN KEY (team, incident) REFERENCES incidents (team, incident)
) STRICT;

-- What must be done later. `lease_until` is NULL while nobody holds the job.
CREATE TABLE jobs (
    id              INTEGER PRIMARY KEY,
    team            TEXT NOT NULL,
    key             TEXT NOT NULL,
    channel         TEXT NOT NULL,
    incident        TEXT NOT NULL,
    kind            TEXT NOT NULL,
    due             INTEGER NOT NULL,
    lease_until     INTEGER,
    fence           INTEGER NOT NULL DEFAULT 0,
    tries           INTEGER NOT NULL DEFAULT 0,
    doubtful        INTEGER NOT NULL DEFAULT 0 CHECK (doubtful IN (0, 1)),
    last_claimed_at INTEGER,
    -- Whether it was added once more while it was held.
    wanted_again    INTEGER NOT NULL DEFAULT 0 CHECK (wanted_again IN (0, 1)),
    UNIQUE (team, key)
) STRICT;
CREATE INDEX jobs_free ON jobs (due) WHERE lease_until IS NULL;
CREATE INDEX jobs_held ON jobs (lease_until) WHERE lease_until IS NOT NULL;

-- The last fencing token given out, for all jobs together, so that a key removed and added again never
-- sees a token twice.
CREATE TABLE fences (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO fences (id, last) VALUES (1, 0);

-- Whose turn it is; `version` counts the changes.
CREATE TABLE queues (
    team    TEXT NOT NULL,
    channel TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (team, channel)
) STRICT, WITHOUT ROWID;
CREATE TABLE places (
    team      TEXT NOT NULL,
    channel   TEXT NOT NULL,
    user      TEXT NOT NULL,
    turn      INTEGER NOT NULL,
    turned_at INTEGER,
    PRIMARY KEY (team, channel, user),
    FOREIGN KEY (team, channel) REFERENCES queues (team, channel)
) STRICT, WITHOUT ROWID;

-- Which incident a message belongs to. `live` repeats the incident's `open`, so that the live ones are
-- found without walking through the history.
CREATE TABLE messages (
    id       INTEGER PRIMARY KEY,
    team     TEXT NOT NULL,
    channel  TEXT NOT NULL,
    ts       TEXT NOT NULL,
    incident TEXT NOT NULL,
    live     INTEGER NOT NULL CHECK (live IN (0, 1)),
    UNIQUE (team, channel, ts)
) STRICT;
CREATE INDEX messages_live ON messages (id) WHERE live = 1;
CREATE INDEX messages_incident ON messages (team, incident);
";

/// What somebody has been told once, so that they are not told again too soon; incidents by address.
const SECOND: &str = "
CREATE TABLE told (
    team TEXT NOT NULL,
    user TEXT NOT NULL,
    what TEXT NOT NULL,
    at   INTEGER NOT NULL,
    PRIMARY KEY (team, user, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_url ON incidents (team, channel, url);
";

/// What wakes somebody is handed out before what only announces or explains. `urgency` is the rank of the
/// job's [`Urgency`](pagerslack_core::Urgency); each class is walked from its
/// own end of the index.
const URGENCY: &str = "
ALTER TABLE jobs ADD COLUMN urgency INTEGER NOT NULL DEFAULT 2;
UPDATE jobs SET urgency = CASE
    WHEN NOT json_valid(kind) THEN 2
    WHEN kind ->> 'kind' IN ('root_deadline', 'page_deadline', 'managers_deadline', 'consider_ack', 'wish') THEN 0
    WHEN kind ->> 'kind' IN ('answer', 'follow_up', 'nudge_sweep', 'nudge', 'alert') THEN 3
    WHEN kind ->> 'kind' <> 'send' THEN 2
    WHEN kind ->> 'message' IN ('page', 'managers', 'manager_direct') THEN 0
    WHEN kind ->> 'message' = 'root' THEN 2
    ELSE 3 END;
DROP INDEX jobs_free;
CREATE INDEX jobs_free ON jobs (urgency, due) WHERE lease_until IS NULL;
";

/// Every open incident and its jobs are looked at each minute, whatever lies in the history.
const AUDIT: &str = "
CREATE INDEX incidents_every_open ON incidents (team, incident) WHERE open = 1;
CREATE INDEX jobs_incident ON jobs (team, incident);
";

/// Small things beside the incidents. Their versions are drawn from `fences` too, so that none comes twice.
const RECORDS: &str = "
CREATE TABLE records (
    shelf      TEXT NOT NULL,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    value      BLOB NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (shelf, name)
) STRICT, WITHOUT ROWID;
";

/// What is left of incidents that were taken out.
const PAST: &str = "
CREATE TABLE past (
    id   INTEGER PRIMARY KEY,
    team TEXT NOT NULL,
    row  BLOB NOT NULL
) STRICT;
";

/// Of which incident each row is, so that none is there twice.
const WHOSE_PAST: &str = "
CREATE TABLE past_by_incident (
    id       INTEGER PRIMARY KEY,
    team     TEXT NOT NULL,
    incident TEXT NOT NULL,
    row      BLOB NOT NULL,
    UNIQUE (team, incident)
) STRICT;
INSERT OR IGNORE INTO past_by_incident (id, team, incident, row)
    SELECT id, team, coalesce(CAST(row AS TEXT) ->> 'incident', 'row ' || id), row FROM past ORDER BY id;
DROP TABLE past;
ALTER TABLE past_by_incident RENAME TO past;
";

/// What people in the queue say of themselves.
const WISHES: &str = "
ALTER TABLE places ADD COLUMN volunteered_at INTEGER;
ALTER TABLE places ADD COLUMN away_until INTEGER;
";

/// From when on something that somebody was told may be forgotten. What was taken of requests is asked for within a day or so.
const TOLD_ENDS: &str = "
ALTER TABLE told ADD COLUMN until INTEGER;
UPDATE told SET until = at + 172800000000000 WHERE what GLOB 'asked/*' OR what GLOB 'pressed/*';
CREATE INDEX told_ends ON told (team, until) WHERE until IS NOT NULL;
";

/// The jobs of one workspace, for when another has so many that nobody wants to walk past them.
const SHARES: &str = "
CREATE INDEX jobs_free_of ON jobs (team, urgency, due) WHERE lease_until IS NULL;
CREATE INDEX jobs_held_of ON jobs (team, lease_until) WHERE lease_until IS NOT NULL;
";

/// The reports of a workspace in their order, with their times, so that those of a month are found without walking
/// through the logs of years.
const REPORTS: &str = "
CREATE INDEX events_reports ON events (team, id, at, incident) WHERE seq = 1;
";

/// The `id` of an incident's report, so that the last ones of a channel are found without walking through the others.
const RECENT: &str = "
ALTER TABLE incidents ADD COLUMN reported INTEGER;
UPDATE incidents SET reported =
    (SELECT id FROM events WHERE events.team = incidents.team AND events.incident = incidents.incident AND seq = 1);
CREATE INDEX incidents_recent ON incidents (team, channel, reported);
";

/// The `id` of an incident's last event, by which those that are over are read in the order of their reports. Of an open one
/// it is not in the index: a hunt has other things to write.
const LAST_EVENT: &str = "
ALTER TABLE incidents ADD COLUMN last_event INTEGER;
UPDATE incidents SET last_event =
    (SELECT id FROM events WHERE events.team = incidents.team AND events.incident = incidents.incident ORDER BY seq DESC LIMIT 1);
CREATE INDEX incidents_over ON incidents (team, reported, last_event) WHERE open = 0 AND last_event IS NOT NULL;
";

/// The schema that a database has: 0 for an empty one.
pub(super) fn version(db: &Connection) -> rusqlite::Result<i64> {
    let has_any: Option<i64> = db
        .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'", [], |row| {
            row.get(0)
        })
        .optional()?;
    if has_any.is_none() {
        return Ok(0);
    }
    db.query_row("SELECT coalesce(max(version), 0) FROM migrations", [], |row| row.get(0))
}

/// Whether a database holds no table at all.
pub(super) fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}

/// Brings a database up to [`LATEST`]. Does nothing when it is there.
pub(super) fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    migrate_to(db, LATEST)
}

/// Brings a database up to one version of the schema.
pub(super) fn migrate_to(db: &mut Connection, to: i64) -> rusqlite::Result<()> {
    let from = version(db)?;
    for (number, migration) in
        (1_i64..).zip(MIGRATIONS).filter(|(number, _)| (from + 1..=to).contains(number))
    {
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY) STRICT")?;
        tx.execute_batch(migration)?;
        tx.execute("INSERT INTO migrations (version) VALUES (?1)", [number])?;
        tx.commit()?;
    }
    Ok(())
}
