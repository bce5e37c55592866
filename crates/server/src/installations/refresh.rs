//! Replacing tokens that end, by one process at a time.
//!
//! ```text
//! marker written ─► installation read again ─► Slack gives the next token ─► it is kept ─► marker taken away
//! ```
//!
//! Invariant: nobody asks Slack for a token without a marker that says so, written over the version that was read. A
//! process that dies after Slack has answered and before the answer is kept leaves the marker, and the old refresh token,
//! which Slack takes for a short time yet: whoever comes next asks again with it at once, or when the marker's time is
//! over if that may be another replica. Until the old token ends, its calls go on with it in any case.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pagerslack_slack::client::{CallError, Exchange};
use pagerslack_slack::installation::{Due, Home, Installation, Refreshing};
use pagerslack_slack::transport::Token;
use pagerslack_store::{Causes, RecordWrite, StoreError};
use tokio_util::sync::CancellationToken;

use super::shelf::{Kept, PAGE, SHELF};
use super::{Installations, KeepError, LOOK_AGAIN};
use crate::clock::Clock;

/// Where the markers stand, under the names of the installations.
const MARKERS: &str = "refreshing";

/// How long nobody else tries: longer than a call may last.
const HELD: SignedDuration = SignedDuration::from_secs(30);

/// How soon a token is tried to be replaced again that Slack refuses to replace: somebody has to install the app again.
const REFUSED_AGAIN: SignedDuration = SignedDuration::from_mins(30);

/// How often all tokens are looked at. They are replaced hours ahead.
const EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Why a token was not replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotRefreshed {
    /// It is not installed any more.
    Gone,
    /// To be tried again then.
    Until(Timestamp),
}

/// What a marker says, and the version under which it stands.
struct Marker {
    version: u64,
    says: Option<Refreshing>,
}

impl Installations {
    /// Replaces a token unless it has been already; `worn` is the one that the caller found to have ended.
    pub(super) async fn refresh(
        &self,
        now: Timestamp,
        home: &Home,
        worn: Option<&Token>,
    ) -> Result<Arc<Installation>, NotRefreshed> {
        match self.try_refresh(now, home, worn).await {
            Ok(done) => done,
            Err(error) => {
                tracing::error!(home = %home, error = %Causes(&error), "a token could not be replaced");
                Err(NotRefreshed::Until(now + LOOK_AGAIN))
            }
        }
    }

    async fn try_refresh(
        &self,
        now: Timestamp,
        home: &Home,
        worn: Option<&Token>,
    ) -> Result<Result<Arc<Installation>, NotRefreshed>, KeepError> {
        let marker = self.marker(home).await?;
        if let Some(held) = marker.says.as_ref().filter(|says| says.holds(now, &self.me, !self.shared)) {
            return Ok(Err(NotRefreshed::Until(held.until)));
        }
        let tries = marker.says.map_or(0, |says| says.tries);
        let Some(version) = self.mark(home, marker.version, now, HELD, tries + 1).await? else {
            // Somebody else was quicker.
            return Ok(Err(NotRefreshed::Until(now + LOOK_AGAIN)));
        };
        // Only now: whoever held the marker before has kept what Slack gave them.
        let Some(kept) = self.read(home).await? else {
            self.unmark(home, version).await?;
            return Ok(Err(NotRefreshed::Gone));
        };
        let is_worn = worn.is_some_and(|worn| worn.expose() == kept.installation.token.expose());
        let Some(rotation) = &kept.installation.rotation else {
            self.unmark(home, version).await?;
            return Ok(Ok(self.remembered(now, home, kept)));
        };
        if kept.installation.due(now) == Due::Nothing && !is_worn {
            self.unmark(home, version).await?;
            return Ok(Ok(self.remembered(now, home, kept)));
        }
        let asked =
            self.client.oauth_access(now, &self.config.app, Exchange::Refresh(&rotation.refresh)).await;
        match asked.map(|granted| kept.installation.refreshed(granted, now)) {
            Ok(Some(next)) => self.replaced(now, home, &kept, next, version).await,
            Ok(None) => {
                tracing::error!(home = %home, "Slack gave no token for a refresh token");
                self.put_off(home, version, now, REFUSED_AGAIN, tries + 1).await
            }
            Err(error) => {
                let wait = wait_after(now, &error, tries + 1);
                match error.refusal() {
                    Some(_) => tracing::error!(
                        home = %home,
                        error = %Causes(&error),
                        "Slack does not replace the token of a workspace: install the app there again"
                    ),
                    None => tracing::warn!(
                        home = %home,
                        error = %Causes(&error),
                        "Slack has not replaced the token of a workspace yet"
                    ),
                }
                self.put_off(home, version, now, wait, tries + 1).await
            }
        }
    }

    /// Keeps the next token, unless the app was installed anew or removed while Slack was asked.
    async fn replaced(
        &self,
        now: Timestamp,
        home: &Home,
        before: &Kept,
        next: Installation,
        marker: u64,
    ) -> Result<Result<Arc<Installation>, NotRefreshed>, KeepError> {
        if !self.write(now, home, before.version, &next).await? {
            self.unmark(home, marker).await?;
            return Ok(match self.read(home).await? {
                Some(other) => Ok(self.remembered(now, home, other)),
                None => Err(NotRefreshed::Gone),
            });
        }
        // Left behind, it would only make somebody look once more.
        self.unmark(home, marker).await?;
        tracing::info!(home = %home, "the token was replaced");
        Ok(Ok(Arc::new(next)))
    }

    fn remembered(&self, now: Timestamp, home: &Home, kept: Kept) -> Arc<Installation> {
        let installation = Arc::new(kept.installation);
        self.remember(now, home, Arc::clone(&installation));
        installation
    }

    async fn put_off(
        &self,
        home: &Home,
        version: u64,
        now: Timestamp,
        wait: SignedDuration,
        tries: u32,
    ) -> Result<Result<Arc<Installation>, NotRefreshed>, KeepError> {
        self.mark(home, version, now, wait, tries).await?;
        Ok(Err(NotRefreshed::Until(now + wait)))
    }

    async fn marker(&self, home: &Home) -> Result<Marker, StoreError> {
        let record = self.records.record(MARKERS, &home.to_string()).await?;
        let version = record.as_ref().map_or(0, |record| record.version);
        // One that cannot be read says nothing, and is written over.
        Ok(Marker { version, says: record.and_then(|record| serde_json::from_slice(&record.value).ok()) })
    }

    /// Writes the marker over the version that was read, and gives the new one.
    async fn mark(
        &self,
        home: &Home,
        expected: u64,
        now: Timestamp,
        held: SignedDuration,
        tries: u32,
    ) -> Result<Option<u64>, StoreError> {
        let says = Refreshing { by: self.me.clone(), since: now, until: now + held, tries };
        let value = serde_json::to_vec(&says).unwrap_or_default();
        self.write_marker(home, expected, Some(value)).await
    }

    async fn unmark(&self, home: &Home, expected: u64) -> Result<(), StoreError> {
        self.write_marker(home, expected, None).await.map(drop)
    }

    async fn write_marker(
        &self,
        home: &Home,
        expected: u64,
        value: Option<Vec<u8>>,
    ) -> Result<Option<u64>, StoreError> {
        let write = RecordWrite {
            shelf: MARKERS.to_owned(),
            name: home.to_string(),
            expected,
            value,
            expires_at: None,
        };
        self.records.write_record(write).await
    }

    /// Replaces every token that ends soon, and says when to look again.
    pub async fn round(&self, now: Timestamp) -> Timestamp {
        let mut next = now + EVERY;
        let mut after = None;
        loop {
            let page = match self.records.records(SHELF, after, PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(error = %Causes(&error), "the installations cannot be read");
                    return now + LOOK_AGAIN;
                }
            };
            for (name, record) in page.items {
                let installation = match self.opened(name, &record) {
                    Ok(kept) => kept.installation,
                    Err(error) => {
                        tracing::error!(error = %Causes(&error), "an installation cannot be used");
                        continue;
                    }
                };
                if installation.due(now) == Due::Nothing {
                    continue;
                }
                let Some(home) = installation.home() else { continue };
                if let Err(NotRefreshed::Until(at)) = self.refresh(now, &home, None).await {
                    next = next.min(at);
                }
            }
            after = page.next;
            if after.is_none() {
                return next.max(now + SignedDuration::from_secs(1));
            }
        }
    }

    /// Goes on replacing tokens, and sweeps away what has expired, until `shutdown`.
    pub async fn run(&self, clock: Arc<dyn Clock>, shutdown: CancellationToken) {
        loop {
            let now = clock.now();
            let next = self.round(now).await;
            self.sweep_states(now).await;
            let pause = clock.until(next).max(Duration::from_secs(1));
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// How long to wait after Slack has not given a token.
fn wait_after(now: Timestamp, error: &CallError, tries: u32) -> SignedDuration {
    match error {
        CallError::Refused(_) => REFUSED_AGAIN,
        CallError::NotDone { .. } | CallError::Unknown { .. } => {
            let told = error.limited_until().map_or(SignedDuration::ZERO, |at| at.duration_since(now));
            Refreshing::pause(tries).max(told)
        }
    }
}
