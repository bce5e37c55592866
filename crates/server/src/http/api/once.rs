//! A report that is sent again under its key is the same report: it opens no other incident, and gets the same answer.
//!
//! The incident's id follows from the key, so a report that was recorded is not recorded again, whatever is remembered
//! here. What is remembered, for a day, is what an id cannot tell: that the key came with another report, and which
//! incident a report was answered with that was open already.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::{IncidentId, Report};
use pagerslack_store::{RecordWrite, Records, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::vault::hex;

/// Where it stands.
const SHELF: &str = "idempotency";

/// For how long.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How often what is over is swept away.
const SWEEP: SignedDuration = SignedDuration::from_hours(1);

/// What is remembered of a key.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    /// The SHA-256 of what was reported.
    report: String,
    /// The incident with which it was answered, where that is another than follows from the key.
    open: Option<IncidentId>,
}

/// What is known of a report that comes under a key.
pub(super) enum Seen {
    /// It came before, or comes now, and is to be recorded.
    Same(Place),
    /// It came before, and was answered with an incident that was open already.
    Answered(IncidentId),
    /// The key came with another report.
    Another,
}

/// Where a key stands.
pub(super) struct Place {
    name: String,
    version: u64,
    kept: Kept,
    expires_at: Timestamp,
}

/// The keys of a store.
pub(super) struct Once {
    records: Arc<dyn Records>,
    swept: Mutex<Timestamp>,
}

impl Once {
    pub(super) fn new(records: Arc<dyn Records>) -> Self {
        Self { records, swept: Mutex::new(Timestamp::UNIX_EPOCH) }
    }

    /// Looks a key up, and remembers the report that comes under it.
    pub(super) async fn look(
        &self,
        token: &str,
        key: &[u8],
        report: &Report,
        now: Timestamp,
    ) -> Result<Seen, StoreError> {
        self.sweep_now_and_then(now).await?;
        let name = format!("{token}/{}", hex(&Sha256::digest(key)));
        let report = fingerprint(report);
        loop {
            let record = self.records.record(SHELF, &name).await?;
            let is_there = |at: Option<Timestamp>| at.is_none_or(|at| at > now);
            let kept = record.as_ref().filter(|record| is_there(record.expires_at));
            let kept = kept.and_then(|record| serde_json::from_slice::<Kept>(&record.value).ok());
            let version = record.as_ref().map_or(0, |record| record.version);
            let expires_at = now + KEPT;
            match kept {
                Some(kept) if kept.report != report => return Ok(Seen::Another),
                Some(Kept { open: Some(open), .. }) => return Ok(Seen::Answered(open)),
                Some(kept) => return Ok(Seen::Same(Place { name, version, kept, expires_at })),
                None => {}
            }
            let mut place = Place {
                name: name.clone(),
                version,
                kept: Kept { report: report.clone(), open: None },
                expires_at,
            };
            if let Some(version) = self.write(&place).await? {
                place.version = version;
                return Ok(Seen::Same(place));
            }
        }
    }

    /// Remembers that a report was answered with an incident that was open already. Of whom another was quicker, that one
    /// has remembered the same.
    pub(super) async fn answered(&self, mut place: Place, open: &IncidentId) -> Result<(), StoreError> {
        place.kept.open = Some(open.clone());
        self.write(&place).await.map(drop)
    }

    async fn write(&self, place: &Place) -> Result<Option<u64>, StoreError> {
        let write = RecordWrite {
            shelf: SHELF.to_owned(),
            name: place.name.clone(),
            expected: place.version,
            value: serde_json::to_vec(&place.kept).ok(),
            expires_at: Some(place.expires_at),
        };
        self.records.write_record(write).await
    }

    async fn sweep_now_and_then(&self, now: Timestamp) -> Result<(), StoreError> {
        {
            let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
            if now.duration_since(*swept) < SWEEP {
                return Ok(());
            }
            *swept = now;
        }
        self.records.sweep_records(SHELF, now).await.map(drop)
    }
}

/// What tells one report from another, but for where it comes from.
fn fingerprint(report: &Report) -> String {
    let channel = &report.rotation.channel;
    let first = report.first.as_ref().map_or("", |first| first.as_str());
    let mut hash = Sha256::new();
    for part in [channel.as_str(), &report.url, &report.note, first] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}
