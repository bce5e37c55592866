//! Everything that has happened, for whoever reports on it or moves it elsewhere.

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use jiff::Timestamp;
use pagerslack_core::audit::JobState;
use pagerslack_core::report::Row;
use pagerslack_core::{IncidentId, MessageRef, TeamId};

use crate::{Cursor, IncidentIndex, Page, StoreError, Stored, Told};

/// An incident as it lies in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// Its workspace.
    pub team: TeamId,
    /// Which.
    pub incident: IncidentId,
    /// How it can be found, if it can.
    pub index: Option<IncidentIndex>,
    /// What happened.
    pub stored: Stored,
    /// Its messages, in the order of their channel and `ts`.
    pub messages: Vec<MessageRef>,
}

/// Some of the history.
#[derive(Debug)]
pub struct History<T = Filed> {
    /// These.
    pub items: Vec<T>,
    /// Those among them of which something cannot be read. One of them must not hide the others.
    pub unreadable: Vec<Unreadable>,
    /// Where to go on; `None` after the last page.
    pub next: Option<Cursor>,
}

/// A page of rows that is being read, so that whoever walks through them all can ask for the one after it meanwhile.
pub struct Coming {
    /// Where to go on, as in the page.
    pub next: Option<Cursor>,
    /// The page; of some stores nothing is read before it is polled.
    pub page: BoxFuture<'static, Result<History<Row>, StoreError>>,
}

impl From<History<Row>> for Coming {
    /// A page that is there.
    fn from(page: History<Row>) -> Self {
        Self { next: page.next.clone(), page: future::ready(Ok(page)).boxed() }
    }
}

/// An incident of which something cannot be read: damaged, or written by a newer build.
#[derive(Debug)]
pub struct Unreadable {
    /// Its workspace.
    pub team: TeamId,
    /// Which.
    pub incident: IncidentId,
    /// Why.
    pub error: StoreError,
}

/// What is left of an incident that was taken out: a row for the reports, in whatever form its writer gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its workspace.
    pub team: TeamId,
    /// Which it was.
    pub incident: IncidentId,
    /// The row.
    pub row: Vec<u8>,
}

/// What a backend must be able to do with its history.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Every incident, open or not, page by page. Within a workspace the earliest reported comes first. One that comes
    /// meanwhile may be in it or not; none is in it twice. What cannot be read is named beside it.
    async fn incidents(&self, after: Option<Cursor>, limit: usize) -> Result<History, StoreError>;

    /// Every workspace in which anything was reported, in order.
    async fn workspaces(&self) -> Result<Vec<TeamId>, StoreError>;

    /// The rows of the incidents of a workspace that are in the store and were reported at `since` or later, page by page
    /// in the order of their reports. `next` is given as long as there is anything: whoever comes back with it gets what
    /// was reported meanwhile. A log that tells of no incident has no row.
    async fn rows(
        &self,
        team: &TeamId,
        since: Option<Timestamp>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Coming, StoreError>;

    /// Takes a closed incident out, with its log and its messages, and keeps a row of it, in one step. `false` if it is
    /// open, gone, or something has happened in it since it was read; then it stays as it is.
    async fn retire(&self, filed: &Filed, row: Vec<u8>) -> Result<bool, StoreError>;

    /// What is left of those taken out, page by page, within a workspace in the order in which that happened.
    async fn past(&self, after: Option<Cursor>, limit: usize) -> Result<Page<Past>, StoreError>;

    /// Adds rows of incidents that were taken out elsewhere, but for those of which there is a row.
    async fn add_past(&self, rows: Vec<Past>) -> Result<(), StoreError>;

    /// Every job that can be read, held or not, page by page. A page may be longer than the limit.
    async fn jobs(&self, after: Option<Cursor>, limit: usize) -> Result<Page<JobState>, StoreError>;

    /// Everything that people have been told, page by page. A page may be longer than the limit.
    async fn all_told(&self, after: Option<Cursor>, limit: usize)
    -> Result<Page<(TeamId, Told)>, StoreError>;
}
