//! Everything that has happened, for whoever reports on it or moves it elsewhere.

use async_trait::async_trait;
use pagerslack_core::audit::JobState;
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
    /// meanwhile may be in it or not; none is in it twice.
    async fn incidents(&self, after: Option<Cursor>, limit: usize) -> Result<Page<Filed>, StoreError>;

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
