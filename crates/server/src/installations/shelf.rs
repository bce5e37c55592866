//! Installing, reading and taking away: each installation is a sealed record under the name of its home.

use std::sync::Arc;

use jiff::Timestamp;
use pagerslack_core::TeamId;
use pagerslack_slack::client::{CallError, Exchange};
use pagerslack_slack::installation::{Home, Installation};
use pagerslack_slack::manifest::SCOPES;
use pagerslack_store::{Record, RecordWrite};
use secrecy::SecretString;

use super::{Installations, KeepError};

/// Where installations stand, sealed.
pub const SHELF: &str = "installations";

/// How often a write is tried that others get ahead of.
const ROUNDS: usize = 5;

/// How many records are read at a time.
pub(super) const PAGE: usize = 200;

/// An installation as it is kept.
pub(super) struct Kept {
    pub(super) version: u64,
    pub(super) installation: Installation,
}

/// What came of somebody's coming back from Slack.
#[derive(Clone, Debug)]
pub struct Installed {
    /// Where.
    pub home: Home,
    /// The name of the workspace or of the organisation, or "".
    pub name: String,
    /// Whether it had been installed there before.
    pub again: bool,
    /// Scopes that were not granted, each with what it is for.
    pub missing: Vec<(&'static str, &'static str)>,
}

/// Why it was not installed.
#[derive(Debug, thiserror::Error)]
pub enum NotInstalled {
    /// Slack said no, or did not answer.
    #[error(transparent)]
    Slack(#[from] CallError),
    /// It granted no bot, or did not say for whom.
    #[error("Slack granted no bot token, or did not say for which workspace")]
    NoBot,
    /// What Slack has granted could not be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// What came of the news that the app is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// Its token is forgotten.
    Gone,
    /// There was nothing.
    Unknown,
    /// That was before it was installed as it is now.
    Outdated,
}

impl Installations {
    /// Exchanges the code that a browser brought, and keeps what Slack grants for it.
    ///
    /// # Errors
    ///
    /// The code is used up in any case but a lost connection.
    pub async fn install(&self, now: Timestamp, code: &SecretString) -> Result<Installed, NotInstalled> {
        let redirect_uri = self.config.redirect_uri.as_str();
        let exchange = Exchange::Code { code, redirect_uri };
        let granted = self.client.oauth_access(now, &self.config.app, exchange).await?;
        let installation = Installation::of(granted, now).ok_or(NotInstalled::NoBot)?;
        let home = installation.home().ok_or(NotInstalled::NoBot)?;
        let again = self.keep(now, &home, installation.clone()).await?;
        let missing = SCOPES.iter().copied();
        let missing =
            missing.filter(|(scope, _)| !installation.scopes.iter().any(|it| it == scope)).collect();
        tracing::info!(home = %home, again, "the app was installed");
        self.changed.notify_one();
        Ok(Installed { home, name: installation.name, again, missing })
    }

    /// Writes an installation over whatever stands there; says whether something did.
    async fn keep(&self, now: Timestamp, home: &Home, installation: Installation) -> Result<bool, KeepError> {
        for _ in 0..ROUNDS {
            let before = self.records.record(SHELF, &home.to_string()).await?;
            let version = before.as_ref().map_or(0, |record| record.version);
            if self.write(now, home, version, &installation).await? {
                return Ok(before.is_some());
            }
        }
        Err(KeepError::Contended(home.to_string()))
    }

    /// Writes an installation over the version that was read; says whether that was still there.
    pub(super) async fn write(
        &self,
        now: Timestamp,
        home: &Home,
        expected: u64,
        installation: &Installation,
    ) -> Result<bool, KeepError> {
        let name = home.to_string();
        let unreadable = |why| KeepError::Unreadable { name: name.clone(), why };
        let value = zeroed(serde_json::to_vec(installation).map_err(unreadable)?);
        let sealed = self.config.vault.seal(SHELF, &name, &value)?;
        let write =
            RecordWrite { shelf: SHELF.to_owned(), name, expected, value: Some(sealed), expires_at: None };
        let written = self.records.write_record(write).await?.is_some();
        if written {
            self.remember(now, home, Arc::new(installation.clone()));
        }
        Ok(written)
    }

    /// An installation, if it is there.
    pub(super) async fn read(&self, home: &Home) -> Result<Option<Kept>, KeepError> {
        let name = home.to_string();
        self.records.record(SHELF, &name).await?.map(|record| self.opened(name, &record)).transpose()
    }

    pub(super) fn opened(&self, name: String, record: &Record) -> Result<Kept, KeepError> {
        let value = self.config.vault.open(SHELF, &name, &record.value);
        let value = zeroed(value.map_err(|why| KeepError::Shut { name: name.clone(), why })?);
        let installation =
            serde_json::from_slice(&value).map_err(|why| KeepError::Unreadable { name, why })?;
        Ok(Kept { version: record.version, installation })
    }

    /// Takes an installation away, since Slack said at `said` that the app is gone or its token revoked. That may come
    /// late, and after the app was installed anew: then it is not meant.
    ///
    /// # Errors
    ///
    /// When it cannot be told or written: Slack is to say it again.
    pub async fn removed(&self, home: &Home, said: Option<Timestamp>) -> Result<Removed, KeepError> {
        let name = home.to_string();
        for _ in 0..ROUNDS {
            let Some(record) = self.records.record(SHELF, &name).await? else { return Ok(Removed::Unknown) };
            // What stays shut tells no time, and is of no use either.
            let kept = self.opened(name.clone(), &record).ok();
            let installed_at = kept.map(|kept| kept.installation.installed_at);
            if said.zip(installed_at).is_some_and(|(said, installed)| said <= installed) {
                tracing::info!(home = name, "the app was removed before it was installed anew");
                return Ok(Removed::Outdated);
            }
            let write = RecordWrite {
                shelf: SHELF.to_owned(),
                name: name.clone(),
                expected: record.version,
                value: None,
                expires_at: None,
            };
            if self.records.write_record(write).await?.is_some() {
                self.forget(home);
                self.changed.notify_one();
                return Ok(Removed::Gone);
            }
        }
        Err(KeepError::Contended(name))
    }

    /// The workspaces that can be served: those that have installed the app, and of an organisation that has, those from
    /// which something has come.
    ///
    /// # Errors
    ///
    /// When the store cannot be read. What stays shut is left out, as nothing can be done there.
    pub async fn teams(&self) -> Result<Vec<TeamId>, KeepError> {
        let (mut teams, mut orgs, mut after) = (Vec::new(), Vec::new(), None);
        loop {
            let page = self.records.records(SHELF, after, PAGE).await?;
            for (name, _) in page.items {
                match name.split_once('/') {
                    Some(("team", team)) => teams.push(TeamId::new(team)),
                    Some(("org", enterprise)) => orgs.push(enterprise.to_owned()),
                    _ => {}
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if !orgs.is_empty() {
            let belonging = self.belonging().await?;
            let served = belonging.into_iter().filter(|(_, enterprise)| orgs.contains(enterprise));
            teams.extend(served.map(|(team, _)| team));
            teams.sort();
            teams.dedup();
        }
        Ok(teams)
    }
}

/// A value that is wiped from memory once it is no longer needed, as it holds tokens in the clear.
fn zeroed(value: Vec<u8>) -> secrecy::zeroize::Zeroizing<Vec<u8>> {
    value.into()
}
