//! Small things beside the incidents: an installation of the app, the state of a sign-in, an uploaded file.
//!
//! A record is a few bytes under a name on a shelf. It is written only over the version that its writer has read, so of
//! several writers, in several processes, one wins: what is to happen once, or by one at a time, is built on that.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{Cursor, Page, StoreError};

/// What stands on a shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number. No two writes of a store ever have the same one, not even of different records.
    pub version: u64,
    /// What was written.
    pub value: Vec<u8>,
    /// From when on it means nothing any more and may be swept away; it is up to the reader to heed it.
    pub expires_at: Option<Timestamp>,
}

/// What is to stand there from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordWrite {
    /// The shelf: what kind of thing it is.
    pub shelf: String,
    /// Its name there.
    pub name: String,
    /// The version that is to be replaced; 0 where there is to be none.
    pub expected: u64,
    /// The new value; `None` takes the record away.
    pub value: Option<Vec<u8>>,
    /// From when on it may be swept away.
    pub expires_at: Option<Timestamp>,
}

/// What a backend must be able to do with records. Durable when it returns, as a commit is.
#[async_trait]
pub trait Records: Send + Sync {
    /// A record, if it is there, expired or not.
    async fn record(&self, shelf: &str, name: &str) -> Result<Option<Record>, StoreError>;

    /// The records of a shelf with their names, page by page in the order of the names.
    async fn records(
        &self,
        shelf: &str,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(String, Record)>, StoreError>;

    /// Every shelf on which there is a record, in the order of their names.
    async fn shelves(&self) -> Result<Vec<String>, StoreError>;

    /// Writes a record if the version is the one expected, and gives the new one: of the record that was written, or
    /// of its absence. `None` if somebody else was quicker, and nothing was written.
    async fn write_record(&self, write: RecordWrite) -> Result<Option<u64>, StoreError>;

    /// Takes away what has expired by `now` on a shelf, and says how many that were.
    async fn sweep_records(&self, shelf: &str, now: Timestamp) -> Result<u64, StoreError>;
}
