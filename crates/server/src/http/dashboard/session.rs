//! Who has signed in: a number that nobody can guess in a cookie, and its hash in the store with whose it is.
//!
//! Invariants: whoever reads the store cannot become anybody. A session ends eight hours after somebody signed in,
//! whatever they do, or when they sign out, on every replica at once. The number changes at every sign-in and each hour;
//! the one before is good for another minute, for requests that were under way.

use std::sync::Arc;

use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{TeamId, UserId};
use pagerslack_store::{Causes, RecordWrite, Records, StoreError};
use serde::{Deserialize, Serialize};

use crate::http::cookie;
use crate::states::{hash, is_ours};
use crate::vault::{NoRandomness, unguessable};

const SHELF: &str = "dashboard-sessions";

const COOKIE: &str = "pagerslack-session";

/// How long somebody is signed in.
const LIFE: SignedDuration = SignedDuration::from_hours(8);

/// How long a number is used before the next.
const RENEWED: SignedDuration = SignedDuration::from_hours(1);

/// How long the number before is good.
const OVERLAP: SignedDuration = SignedDuration::from_mins(1);

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Who {
    /// Whoever has the admin token.
    Admin {
        /// The token's fingerprint: another token ends the session.
        token: String,
    },
    /// A member of a workspace.
    Member {
        /// The workspace.
        team: TeamId,
        /// They.
        user: UserId,
    },
}

/// What is kept of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// Whose it is.
    pub(super) who: Who,
    /// What they are called.
    pub(super) name: String,
    /// When they signed in.
    pub(super) since: Timestamp,
    /// Since when it has the number that it has.
    pub(super) renewed: Timestamp,
}

/// A session as a request brought it.
pub(super) struct Held {
    /// The session.
    pub(super) session: Session,
    name: String,
    version: u64,
}

impl Held {
    /// Whether its number has been used for long enough.
    pub(super) fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.session.renewed).abs() >= RENEWED
    }
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotKept {
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// It could not be written down.
    #[error(transparent)]
    Form(#[from] serde_json::Error),
}

/// Every session there is.
pub(super) struct Sessions {
    records: Arc<dyn Records>,
    secure: bool,
}

impl Sessions {
    /// The sessions that `records` holds. `secure` says that browsers come over TLS.
    pub(super) fn new(records: Arc<dyn Records>, secure: bool) -> Self {
        Self { records, secure }
    }

    /// The session of whoever asks, if there is one.
    ///
    /// # Errors
    ///
    /// When the store cannot tell.
    pub(super) async fn of(&self, now: Timestamp, headers: &HeaderMap) -> Result<Option<Held>, StoreError> {
        let Some(number) = cookie::read(headers, COOKIE, self.secure).filter(|number| is_ours(number)) else {
            return Ok(None);
        };
        let name = hash(number);
        let Some(record) = self.records.record(SHELF, &name).await? else { return Ok(None) };
        // What cannot be read lets nobody in.
        let Ok(session) = serde_json::from_slice::<Session>(&record.value) else { return Ok(None) };
        let alive = record.expires_at.is_some_and(|end| now < end)
            && session.since <= now + OVERLAP
            && now.duration_since(session.since) < LIFE;
        Ok(alive.then_some(Held { session, name, version: record.version }))
    }

    /// Somebody has signed in: gives the cookie that says so.
    ///
    /// # Errors
    ///
    /// When it cannot be kept.
    pub(super) async fn begin(&self, now: Timestamp, who: Who, name: String) -> Result<String, NotKept> {
        self.sweep(now).await;
        self.keep(now, Session { who, name, since: now, renewed: now }).await
    }

    /// Gives a session another number; `None` if another request has just done so.
    ///
    /// # Errors
    ///
    /// When it cannot be kept; then it has the number that it had.
    pub(super) async fn renew(&self, now: Timestamp, held: &Held) -> Result<Option<String>, NotKept> {
        let session = Session { renewed: now, ..held.session.clone() };
        let old = RecordWrite {
            shelf: SHELF.to_owned(),
            name: held.name.clone(),
            expected: held.version,
            value: Some(serde_json::to_vec(&session)?),
            expires_at: Some((now + OVERLAP).min(held.session.since + LIFE)),
        };
        // Of two requests that bring the same number, one gives the next.
        if self.records.write_record(old).await?.is_none() {
            return Ok(None);
        }
        self.keep(now, session).await.map(Some)
    }

    async fn keep(&self, now: Timestamp, session: Session) -> Result<String, NotKept> {
        let number = unguessable()?;
        let end = session.since + LIFE;
        let write = RecordWrite {
            shelf: SHELF.to_owned(),
            name: hash(&number),
            expected: 0,
            value: Some(serde_json::to_vec(&session)?),
            expires_at: Some(end),
        };
        self.records.write_record(write).await?;
        Ok(cookie::set(COOKIE, &number, end.duration_since(now).as_secs().max(0), self.secure))
    }

    /// Somebody signs out, or is not let in any more.
    pub(super) async fn end(&self, held: &Held) {
        let write = RecordWrite {
            shelf: SHELF.to_owned(),
            name: held.name.clone(),
            expected: held.version,
            value: None,
            expires_at: None,
        };
        if let Err(error) = self.records.write_record(write).await {
            tracing::warn!(error = %Causes(&error), "a session of the dashboard was not taken away");
        }
    }

    /// What takes the cookie away.
    pub(super) fn nobody(&self) -> String {
        cookie::set(COOKIE, "", 0, self.secure)
    }

    async fn sweep(&self, now: Timestamp) {
        if let Err(error) = self.records.sweep_records(SHELF, now).await {
            tracing::debug!(error = %Causes(&error), "old sessions were not swept");
        }
    }
}
