//! The store of this machine, for a command beside the bot: opened, and never made.

use std::sync::Arc;

use anyhow::{Result, bail};
use pagerslack_store::Backend;
use pagerslack_store::sqlite::OpenError;

use crate::Storage;
use crate::config::StoreLocation;

/// Opens it. A database serves one process at a time: `instead` says what to do while that is the bot.
pub(super) async fn open(location: &StoreLocation, instead: &str) -> Result<Arc<dyn Backend>> {
    if let StoreLocation::Sqlite(file) = location
        && !file.exists()
    {
        bail!("there is no store at {}: nothing was reported yet, or `store` names another", file.display());
    }
    match Storage::open(location).await {
        Ok(storage) => Ok(storage.store),
        Err(error) => match error.downcast_ref() {
            Some(OpenError::InUse { path }) => bail!(
                "PagerSlack is running on {}, which serves one process at a time: {instead}",
                path.display()
            ),
            _ => Err(error),
        },
    }
}
