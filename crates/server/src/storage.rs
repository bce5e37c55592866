//! Opening the store that the configuration names.

use std::sync::Arc;

use anyhow::Result;
use pagerslack_store::{Backend, Causes, Redis, Sqlite};

use crate::config::StoreLocation;

/// An open store.
pub struct Storage {
    /// What it can do.
    pub store: Arc<dyn Backend>,
    /// Where it is, as it may be shown.
    pub place: String,
    kind: Kind,
}

enum Kind {
    Sqlite(Arc<Sqlite>),
    Redis(Arc<Redis>),
}

impl Storage {
    /// Opens a store; a database that is not there is made.
    ///
    /// # Errors
    ///
    /// When it cannot be used, and what to do about it.
    pub async fn open(location: &StoreLocation) -> Result<Self> {
        Ok(match location {
            StoreLocation::Sqlite(path) => {
                let sqlite = Arc::new(Sqlite::open(path)?);
                let store: Arc<dyn Backend> = Arc::<Sqlite>::clone(&sqlite);
                Self { store, place: path.display().to_string(), kind: Kind::Sqlite(sqlite) }
            }
            StoreLocation::Redis(url) => {
                let redis = Arc::new(Redis::connect(url.expose()).await?);
                let store: Arc<dyn Backend> = Arc::<Redis>::clone(&redis);
                Self { store, place: url.to_string(), kind: Kind::Redis(redis) }
            }
        })
    }

    /// What should be different with it, in whole sentences.
    pub async fn advice(&self) -> Vec<String> {
        match &self.kind {
            Kind::Sqlite(_) => Vec::new(),
            Kind::Redis(redis) => redis.advice().await,
        }
    }

    /// Looks at what could not be looked at before the start, while paging goes on: a database that was too large, and
    /// how Redis is set.
    pub async fn look(&self) {
        for advice in self.advice().await {
            tracing::warn!(store = self.place, advice, "the store may lose what was confirmed");
        }
        let Kind::Sqlite(sqlite) = &self.kind else { return };
        if sqlite.is_checked() {
            return;
        }
        if let Err(error) = sqlite.check().await {
            tracing::error!(
                database = self.place,
                error = %Causes(&error),
                "the database is damaged: paging goes on as far as it can be read; stop when nothing is under way, and \
                 restore a backup"
            );
        }
    }
}
