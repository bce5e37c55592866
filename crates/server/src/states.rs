//! Who may come back from Slack: whoever was sent there, with the same browser, once, within ten minutes.
//!
//! A state is a number that nobody can guess. It goes to Slack and back through the browser, which also holds a cookie
//! of ours; the store knows the hashes of both. So nobody can make another's browser finish what they began (RFC 6749,
//! 10.12).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use pagerslack_store::{Causes, RecordWrite, Records, StoreError};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::vault::{NoRandomness, hex, unguessable};

/// How long somebody may take at Slack: a code of Slack's lives no longer either.
pub const LIFE: SignedDuration = SignedDuration::from_mins(10);

/// How many may begin in a minute. Each costs a row for ten minutes, and nobody has to sign in to begin.
const MOST_A_MINUTE: usize = 120;

/// Why nobody was sent to Slack.
#[derive(Debug, thiserror::Error)]
pub enum NotBegun {
    /// Too many begin at once.
    #[error("too many people are sent to Slack at once")]
    Busy,
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Why somebody who came back is not believed.
#[derive(Debug, thiserror::Error)]
pub enum StateFault {
    /// It is none of ours, or was used, or its time is over.
    #[error("the state is unknown, used up or too old")]
    Unknown,
    /// It was begun in another browser.
    #[error("the state was given to another browser")]
    OtherBrowser,
    /// It cannot be told.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Those who are under way to Slack for one purpose.
pub(crate) struct States {
    records: Arc<dyn Records>,
    shelf: &'static str,
    throttle: Throttle,
}

/// Somebody is to be sent to Slack.
#[derive(Debug)]
pub(crate) struct Sent {
    /// What comes back from Slack.
    pub(crate) state: String,
    /// What the browser keeps.
    pub(crate) cookie: String,
}

/// When the last ones began.
#[derive(Default)]
struct Throttle(Mutex<VecDeque<Timestamp>>);

impl Throttle {
    fn admits(&self, now: Timestamp) -> bool {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|at| now.duration_since(*at).abs() < SignedDuration::from_mins(1));
        let admits = begun.len() < MOST_A_MINUTE;
        if admits {
            begun.push_back(now);
        }
        admits
    }
}

impl States {
    /// Nobody is under way yet. What is kept stands on `shelf`.
    pub(crate) fn new(records: Arc<dyn Records>, shelf: &'static str) -> Self {
        Self { records, shelf, throttle: Throttle::default() }
    }

    /// Somebody is to be sent to Slack. `cookie` is what their browser holds of us, if it does: an earlier window of
    /// theirs may come back yet.
    ///
    /// # Errors
    ///
    /// When it cannot be kept.
    pub(crate) async fn begin(&self, now: Timestamp, cookie: Option<&str>) -> Result<Sent, NotBegun> {
        if !self.throttle.admits(now) {
            return Err(NotBegun::Busy);
        }
        let state = unguessable()?;
        let cookie = match cookie.filter(|cookie| is_ours(cookie)) {
            Some(cookie) => cookie.to_owned(),
            None => unguessable()?,
        };
        let write = RecordWrite {
            shelf: self.shelf.to_owned(),
            name: hash(&state),
            expected: 0,
            value: Some(hash(&cookie).into_bytes()),
            expires_at: Some(now + LIFE),
        };
        self.records.write_record(write).await?;
        Ok(Sent { state, cookie })
    }

    /// Takes a state that somebody came back with; nobody can come back with it again.
    ///
    /// # Errors
    ///
    /// Why it is not believed.
    pub(crate) async fn finish(
        &self,
        now: Timestamp,
        state: &str,
        cookie: Option<&str>,
    ) -> Result<(), StateFault> {
        let name = hash(state);
        let record = self.records.record(self.shelf, &name).await?.ok_or(StateFault::Unknown)?;
        let same = cookie.is_some_and(|cookie| hash(cookie).as_bytes().ct_eq(&record.value).into());
        if !same {
            return Err(StateFault::OtherBrowser);
        }
        let write = RecordWrite {
            shelf: self.shelf.to_owned(),
            name,
            expected: record.version,
            value: None,
            expires_at: None,
        };
        // Of two who bring the same one, one takes it away.
        self.records.write_record(write).await?.ok_or(StateFault::Unknown)?;
        let alive = record.expires_at.is_some_and(|end| now < end && end <= now + LIFE + LIFE);
        if alive { Ok(()) } else { Err(StateFault::Unknown) }
    }

    /// Takes away the states of those who did not come back.
    pub(crate) async fn sweep(&self, now: Timestamp) {
        if let Err(error) = self.records.sweep_records(self.shelf, now).await {
            tracing::debug!(error = %Causes(&error), "old states were not swept");
        }
    }
}

/// What the store knows of a secret.
pub(crate) fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Whether something looks like a secret as we draw them.
pub(crate) fn is_ours(cookie: &str) -> bool {
    cookie.len() == 64 && cookie.bytes().all(|byte| byte.is_ascii_hexdigit())
}
