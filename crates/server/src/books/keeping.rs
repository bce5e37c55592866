//! How the books are filled, and kept fresh.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::TeamId;
use pagerslack_core::report::Row;
use pagerslack_store::{Causes, StoreError};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{AT_ONCE, Books};
use crate::clock::Clock;
use crate::engine::Change;

/// How often it is looked for what other processes have done: for new reports, and at what is open.
const REFRESH: Duration = Duration::from_secs(15);

/// How many such rounds there are between two looks at what somebody is on already: it may have been handed over or
/// closed. Ten minutes.
const ROUNDS: u32 = 40;

/// How many looks there are until everything is read anew. A day.
const LOOKS: u32 = 144;

/// How old an incident may be that is looked at because it might be closed: after two weeks hardly any is.
const MAY_BE_CLOSED: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How soon it is tried again when the store could not be read.
const AGAIN: Duration = Duration::from_secs(30);

impl Books {
    /// Reads everything: what is left of incidents that were taken out, and every log.
    ///
    /// # Errors
    /// When the store cannot be read. What was read by then is in the books.
    pub async fn fill(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.past(after, AT_ONCE).await?;
            for past in &page.items {
                // What cannot be read here cannot be exported either, which is where it is told.
                if let Ok(row) = serde_json::from_slice::<Row>(&past.row) {
                    self.put(&past.team, [row.completed()], None);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for team in self.store.workspaces().await? {
            self.write().ledgers.entry(team.clone()).or_default().last = None;
            self.read_on(&team).await?;
        }
        self.write().as_of = Some(now);
        Ok(())
    }

    /// Reads what was reported meanwhile, and what is open.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn refresh(&self, now: Timestamp) -> Result<(), StoreError> {
        for team in self.store.workspaces().await? {
            self.look(&team).await?;
        }
        // Books that have not been filled are not up to now.
        let mut kept = self.write();
        kept.as_of = kept.as_of.map(|_| now);
        Ok(())
    }

    /// Reads what was reported meanwhile in one workspace, and what is open there.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn look(&self, team: &TeamId) -> Result<(), StoreError> {
        let open = self.read().ledgers.get(team).map(|ledger| ledger.open()).unwrap_or_default();
        self.read_on(team).await?;
        for incident in open {
            self.touch(team, &incident).await?;
        }
        Ok(())
    }

    /// Reads on from the last report that was read.
    async fn read_on(&self, team: &TeamId) -> Result<(), StoreError> {
        let mut last = self.read().ledgers.get(team).and_then(|ledger| ledger.last.clone());
        loop {
            let page = self.store.rows(team, None, last, AT_ONCE).await?.page.await?;
            let Some(next) = page.next else { return Ok(()) };
            self.put(team, page.items, Some(next.clone()));
            last = Some(next);
        }
    }

    /// Reads the incidents again that somebody is on.
    async fn recheck(&self, now: Timestamp) -> Result<(), StoreError> {
        for team in self.workspaces() {
            let since = now.saturating_sub(MAY_BE_CLOSED).unwrap_or(Timestamp::MIN);
            let taken = self.read().ledgers.get(&team).map(|ledger| ledger.taken_since(since));
            for incident in taken.unwrap_or_default() {
                self.touch(&team, &incident).await?;
            }
        }
        Ok(())
    }

    /// Fills the books and keeps them fresh, for as long as the process runs. `changes` tells of what happens, where
    /// everything does so in this process.
    pub(crate) async fn keep(
        self: Arc<Self>,
        clock: Arc<dyn Clock>,
        mut changes: Option<broadcast::Receiver<Change>>,
    ) {
        loop {
            if let Err(error) = self.keep_for_a_day(&*clock, changes.as_mut()).await {
                tracing::warn!(error = %Causes(&error), "the history cannot be read; the reports show what was read before");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    async fn keep_for_a_day(
        &self,
        clock: &dyn Clock,
        mut changes: Option<&mut broadcast::Receiver<Change>>,
    ) -> Result<(), StoreError> {
        self.fill(clock.now()).await?;
        for _ in 0..LOOKS {
            for _ in 0..ROUNDS {
                match changes.as_mut() {
                    Some(changes) => self.follow(changes).await?,
                    None => tokio::time::sleep(REFRESH).await,
                }
                self.refresh(clock.now()).await?;
            }
            self.recheck(clock.now()).await?;
        }
        Ok(())
    }

    /// Enters what happens until the next round. It comes at once when so much happened that something was missed.
    async fn follow(&self, changes: &mut broadcast::Receiver<Change>) -> Result<(), StoreError> {
        let round = tokio::time::sleep(REFRESH);
        tokio::pin!(round);
        loop {
            tokio::select! {
                biased;
                () = &mut round => return Ok(()),
                change = changes.recv() => match change {
                    Ok(Change { team, incident, .. }) => self.touch(&team, &incident).await?,
                    Err(RecvError::Lagged(_)) => return Ok(()),
                    // The bot stops.
                    Err(RecvError::Closed) => std::future::pending().await,
                },
            }
        }
    }
}
