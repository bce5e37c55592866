//! How much there is in a store, and how all of it is read.

use std::fmt;

use pagerslack_core::TeamId;

use crate::{Backend, Cursor, History, Page, StoreError, Told, Unreadable};

/// How many of each are read at a time.
pub(super) const PAGE: usize = 200;

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Incidents.
    pub incidents: u64,
    /// What happened in them.
    pub events: u64,
    /// Messages that belong to them.
    pub messages: u64,
    /// Jobs.
    pub jobs: u64,
    /// Rotations, and places in their queues.
    pub places: u64,
    /// What people were told.
    pub told: u64,
    /// Records.
    pub records: u64,
    /// Rows of incidents that were taken out.
    pub past: u64,
}

impl Inventory {
    /// Each count with its name.
    fn lines(&self) -> [(&'static str, u64); 8] {
        [
            ("incidents", self.incidents),
            ("events", self.events),
            ("messages", self.messages),
            ("jobs", self.jobs),
            ("places in queues", self.places),
            ("things people were told", self.told),
            ("records", self.records),
            ("rows of old incidents", self.past),
        ]
    }
}

impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().iter().map(|(name, count)| format!("{count} {name}")).collect();
        f.write_str(&lines.join(", "))
    }
}

/// Counts everything.
///
/// # Errors
///
/// When the store cannot be read.
pub async fn inventory(store: &dyn Backend) -> Result<Inventory, StoreError> {
    let mut found = Inventory::default();
    let mut next = None;
    loop {
        let page = history(store, next).await?;
        found.incidents += page.items.len() as u64;
        for filed in &page.items {
            found.events += filed.stored.log.len() as u64;
            found.messages += filed.messages.len() as u64;
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    found.jobs = pages(async |after| store.jobs(after, PAGE).await).await?.len() as u64;
    for rotation in store.rotations().await? {
        found.places += 1 + store.queue(&rotation).await?.places().len() as u64;
    }
    // What may be forgotten some day may be forgotten already on one side, and not yet on the other.
    found.told = told(store).await?.iter().filter(|(_, told)| told.until.is_none()).count() as u64;
    found.past = pages(async |after| store.past(after, PAGE).await).await?.len() as u64;
    for shelf in store.shelves().await? {
        found.records += pages(async |after| store.records(&shelf, after, PAGE).await).await?.len() as u64;
    }
    Ok(found)
}

/// Some of the history, all of which must be readable: half an incident is not brought along, nor one left behind.
pub(super) async fn history(store: &dyn Backend, after: Option<Cursor>) -> Result<History, StoreError> {
    let page = store.incidents(after, PAGE).await?;
    match page.unreadable.into_iter().next() {
        Some(Unreadable { error, .. }) => Err(error),
        None => Ok(History { unreadable: Vec::new(), ..page }),
    }
}

pub(super) async fn pages<T>(
    read: impl AsyncFn(Option<Cursor>) -> Result<Page<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let page = read(next).await?;
        all.extend(page.items);
        next = page.next;
        if next.is_none() {
            return Ok(all);
        }
    }
}

/// What people were told, without what a store has written to see whether it can.
pub(super) async fn told(store: &dyn Backend) -> Result<Vec<(TeamId, Told)>, StoreError> {
    let all = pages(async |after| store.all_told(after, PAGE).await).await?;
    Ok(all.into_iter().filter(|(team, _)| !team.as_str().is_empty()).collect())
}
