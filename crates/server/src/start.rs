//! The beginning of `serve`: the configuration, and the store, in which files may lie that were uploaded and belong to
//! the configuration.
//!
//! The store is opened once the configuration is known to be sound, or if something in it might mend that.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::Storage;
use crate::config::{Config, ConfigFaults, Environment, StoreLocation, Uploads};

/// What a bot begins with.
pub(crate) struct Started {
    /// What is wanted.
    pub(crate) config: Config,
    /// Where everything is kept.
    pub(crate) storage: Storage,
}

/// Reads the configuration with what was uploaded, and opens the store.
///
/// # Errors
/// When either cannot be used. Each says what to do.
pub(crate) async fn read(path: Option<&Path>, environment: &Environment) -> Result<Started> {
    let (config, faults) = match Config::load(path, environment) {
        Ok(config) => (Some(config), None),
        Err(faults) => (None, Some(faults)),
    };
    config.as_ref().map_or(Ok(()), |config| can_hear_slack(config, environment))?;
    let location = config.as_ref().map(|config| config.store.clone());
    let found = location.or_else(|| Config::store_at(path, environment).filter(is_there));
    let Some(location) = found else { return Err(told(faults)) };
    let storage = Storage::open(&location).await?;
    let uploads = Uploads::read(&*storage.store).await.context("cannot read what was uploaded")?;
    let config = match config {
        Some(config) if uploads.is_empty() => config,
        None if uploads.is_empty() => return Err(told(faults)),
        _ => Config::load_under(path, environment, uploads).context(
            "files that were uploaded stand for those on disk (`pagerslack roster withdraw NAME --here` takes one back)",
        )?,
    };
    can_hear_slack(&config, environment)?;
    if let Some(sources) = &config.sources
        && !sources.uploaded().is_empty()
    {
        tracing::info!(uploaded = sources.uploaded(), "uploaded files stand for those on disk");
    }
    Ok(Started { config, storage })
}

/// A store that is only just to be made mends nothing.
fn is_there(location: &StoreLocation) -> bool {
    match location {
        StoreLocation::Sqlite(file) => file.exists(),
        StoreLocation::Redis(_) => true,
    }
}

fn told(faults: Option<ConfigFaults>) -> anyhow::Error {
    faults.map_or_else(|| anyhow::anyhow!("the configuration names no store"), anyhow::Error::new)
}

fn can_hear_slack(config: &Config, environment: &Environment) -> Result<()> {
    let slack = &config.slack;
    if slack.signing_secret.is_some() || slack.verification_token.is_some() || slack.app_token.is_some() {
        return Ok(());
    }
    if environment.verification_token.is_some() {
        bail!(
            "SLACK_VERIFICATION_TOKEN alone proves little, and Slack deprecates it: set SLACK_SIGNING_SECRET, from the \
             app's page \"Basic Information\", or allow_legacy_verification_token = true under [slack]"
        );
    }
    bail!(
        "neither SLACK_SIGNING_SECRET (for HTTP) nor SLACK_APP_TOKEN (for Socket Mode) is set: copy one from the app's \
         page \"Basic Information\""
    );
}
