//! The workspaces that have installed the app, and their tokens.
//!
//! ```text
//! a call for T1 ─► remembered? ─► team/T1, or org/E1 of the organisation that T1 belongs to ─► opened ─► token
//!                                                     a token that ends: refreshed before, by one process at a time
//! ```
//!
//! - `shelf`: reading and writing installations, sealed. `belonging`: which organisation a workspace belongs to.
//! - `refresh`: replacing tokens that end. `states`: who is sent to Slack and may come back.
//!
//! Invariants: a workspace's call never carries another's token; what cannot be read or opened is "later" and never
//! "not installed" (P6). What is remembered here may be forgotten at any moment.

mod belonging;
mod refresh;
mod shelf;
mod states;

pub use shelf::{Installed, NotInstalled, Removed, SHELF};
pub use states::{Begun, LIFE, NotBegun, StateFault};

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::TeamId;
use pagerslack_slack::client::{Client, NoToken, NoTokens, Tokens};
use pagerslack_slack::installation::{Due, Home, Installation};
use pagerslack_slack::transport::{Token, Transport};
use pagerslack_store::{Causes, Records, StoreError};
use tokio::sync::Notify;
use url::Url;

use crate::config::InstallConfig;
use crate::states::States;
use crate::vault::{NoRandomness, Unopened, reseal, unguessable};

/// How long an installation is believed without looking whether another replica has changed it.
const FRESH: SignedDuration = SignedDuration::from_mins(1);

/// How long it is believed that a workspace has none: somebody may just be installing it elsewhere.
const ABSENT: SignedDuration = SignedDuration::from_secs(5);

/// How soon it is looked again after the store did not answer.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(2);

/// The same after what is sealed stayed shut: somebody has to bring the key.
const SHUT_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// How many workspaces are remembered, some kilobyte each.
const MOST: usize = 20_000;

/// Every installation there is.
pub struct Installations {
    records: Arc<dyn Records>,
    config: InstallConfig,
    /// Without any workspace's token, for the exchange of codes.
    client: Client,
    /// Where a browser is sent to install the app.
    authorize_url: Url,
    /// By which other processes know this one.
    me: String,
    /// Whether other processes may work on the same store.
    shared: bool,
    known: Mutex<Known>,
    states: States,
    /// Something was installed or taken away.
    changed: Notify,
}

impl fmt::Debug for Installations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installations").field("config", &self.config).finish_non_exhaustive()
    }
}

/// What is remembered.
#[derive(Default)]
struct Known {
    /// Where a workspace's token comes from, and since when that is known.
    homes: HashMap<TeamId, (Timestamp, Option<Home>)>,
    installations: HashMap<Home, Remembered>,
}

impl Known {
    /// Takes in where a workspace's token comes from. Beyond so many, all is looked up anew.
    fn belongs_to(&mut self, now: Timestamp, team: &TeamId, home: Option<Home>) {
        if self.homes.len() >= MOST {
            self.homes.clear();
        }
        self.homes.insert(team.clone(), (now, home));
    }
}

#[derive(Clone)]
struct Remembered {
    read: Timestamp,
    installation: Arc<Installation>,
    /// Slack says that the token has ended, whatever our clock says.
    expired: bool,
}

/// Why an installation could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It stays shut.
    #[error("the installation {name} cannot be opened")]
    Shut {
        /// Which one.
        name: String,
        /// Why.
        #[source]
        why: Unopened,
    },
    /// What was sealed is no installation.
    #[error("the installation {name} cannot be read")]
    Unreadable {
        /// Which one.
        name: String,
        /// Why.
        #[source]
        why: serde_json::Error,
    },
    /// A nonce is needed for sealing.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Others were quicker, time and again.
    #[error("others write the installation {0} all the time")]
    Contended(String),
}

impl Installations {
    /// The installations that `records` holds. `shared` says that other processes may work on them.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers, or the Web API's address is none that has a page to install at.
    pub fn new(
        records: Arc<dyn Records>,
        shared: bool,
        config: InstallConfig,
        transport: Arc<dyn Transport>,
        api_url: &Url,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            states: States::new(Arc::clone(&records), states::SHELF),
            records,
            client: Client::new(transport, api_url, Arc::new(NoTokens)),
            authorize_url: api_url.join("../oauth/v2/authorize")?,
            config,
            me: unguessable()?,
            shared,
            known: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Seals with the first key what older keys have sealed.
    pub async fn reseal(&self) {
        match reseal(&*self.records, &self.config.vault).await {
            Ok(came) if came.changed > 0 => {
                let key = self.config.vault.sealing_key();
                tracing::info!(key = %key, changed = came.changed, "what older keys had sealed is sealed anew");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(error = %Causes(&error), "not everything could be sealed anew"),
        }
    }

    /// Resolves when something was installed or taken away here.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether browsers come over TLS, as they do anywhere but on loopback.
    pub fn is_over_tls(&self) -> bool {
        self.config.redirect_uri.scheme() == "https"
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, now: Timestamp, home: &Home, installation: Arc<Installation>) {
        let mut known = self.known();
        if known.installations.len() >= MOST {
            known.installations.retain(|_, it| is_fresh(now, it.read, FRESH));
            // All of them in use within a minute: then the store is asked more often.
            if known.installations.len() >= MOST {
                known.installations.clear();
            }
        }
        if let Home::Team(team) = home {
            known.belongs_to(now, team, Some(home.clone()));
        }
        known.installations.insert(home.clone(), Remembered { read: now, installation, expired: false });
    }

    /// Forgets what is remembered of an installation: it is read again when it is needed.
    pub fn forget(&self, home: &Home) {
        let mut known = self.known();
        known.installations.remove(home);
        known.homes.retain(|_, (_, other)| other.as_ref() != Some(home));
    }

    /// A workspace's installation and where it stands. What is remembered of one serves where the store does not answer.
    async fn of(&self, now: Timestamp, team: &TeamId) -> Result<Option<(Home, Remembered)>, KeepError> {
        if let Some(answer) = self.recall(now, team) {
            return Ok(answer);
        }
        match self.look_up(now, team).await {
            Ok(found) => Ok(found),
            Err(error) => self.recall_old(team).map(Some).ok_or(error),
        }
    }

    /// What is remembered and still believed; `None` where the store has to be asked.
    fn recall(&self, now: Timestamp, team: &TeamId) -> Option<Option<(Home, Remembered)>> {
        let known = self.known();
        let (since, home) = known.homes.get(team)?;
        let Some(home) = home else { return is_fresh(now, *since, ABSENT).then_some(None) };
        if !is_fresh(now, *since, FRESH) {
            return None;
        }
        let found = known.installations.get(home).filter(|it| is_fresh(now, it.read, FRESH))?;
        Some(Some((home.clone(), found.clone())))
    }

    fn recall_old(&self, team: &TeamId) -> Option<(Home, Remembered)> {
        let known = self.known();
        let home = known.homes.get(team)?.1.clone()?;
        let found = known.installations.get(&home)?.clone();
        Some((home, found))
    }

    async fn look_up(&self, now: Timestamp, team: &TeamId) -> Result<Option<(Home, Remembered)>, KeepError> {
        let own = Home::Team(team.clone());
        let mut found = self.read(&own).await?.map(|kept| (own, kept.installation));
        if found.is_none()
            && let Some(enterprise) = self.organisation_of(team).await?
        {
            let home = Home::Org(enterprise);
            found = self.read(&home).await?.map(|kept| (home, kept.installation));
        }
        let Some((home, installation)) = found else {
            self.known().belongs_to(now, team, None);
            return Ok(None);
        };
        let installation = Arc::new(installation);
        let expired = self.known().installations.get(&home).is_some_and(|before| {
            before.expired && before.installation.token.expose() == installation.token.expose()
        });
        self.remember(now, &home, Arc::clone(&installation));
        let mut known = self.known();
        known.belongs_to(now, team, Some(home.clone()));
        if let Some(remembered) = known.installations.get_mut(&home) {
            remembered.expired = expired;
        }
        Ok(Some((home, Remembered { read: now, installation, expired })))
    }

    fn later(now: Timestamp, error: &KeepError) -> NoToken {
        let (wait, what) = match error {
            KeepError::Shut { .. } | KeepError::Unreadable { .. } => {
                (SHUT_AGAIN, "what is kept of its installation cannot be opened")
            }
            _ => (LOOK_AGAIN, "its installation cannot be read from the store"),
        };
        tracing::error!(error = %Causes(error), "a workspace's token cannot be had");
        NoToken::Later(now.saturating_add(wait).unwrap_or(now), what)
    }
}

fn is_fresh(now: Timestamp, since: Timestamp, ttl: SignedDuration) -> bool {
    now.duration_since(since).abs() < ttl
}

#[async_trait]
impl Tokens for Installations {
    async fn bot_token(&self, now: Timestamp, team: &TeamId) -> Result<Token, NoToken> {
        let found = self.of(now, team).await.map_err(|error| Self::later(now, &error))?;
        let Some((home, found)) = found else { return Err(NoToken::NotInstalled) };
        if found.installation.due(now) != Due::Now && !found.expired {
            // One that ends soon is replaced on the side: nobody's page waits for that.
            return Ok(found.installation.token.clone());
        }
        match self.refresh(now, &home, Some(&found.installation.token)).await {
            Ok(installation) => Ok(installation.token.clone()),
            Err(refresh::NotRefreshed::Gone) => Err(NoToken::NotInstalled),
            Err(refresh::NotRefreshed::Until(at)) => {
                // Somebody may install the app again meanwhile.
                let at = at.min(now.saturating_add(SHUT_AGAIN).unwrap_or(at));
                Err(NoToken::Later(at, "its token has ended, and the next one is not there yet"))
            }
        }
    }

    async fn refused(&self, now: Timestamp, team: &TeamId, token: &Token, code: &str) -> bool {
        self.known().homes.remove(team);
        let Ok(Some((home, found))) = self.look_up(now, team).await else { return false };
        if found.installation.token.expose() != token.expose() {
            // Replaced meanwhile, here or elsewhere, or installed again.
            return true;
        }
        let ends = code == "token_expired" && found.installation.rotation.is_some();
        if ends && let Some(remembered) = self.known().installations.get_mut(&home) {
            remembered.expired = true;
        }
        ends
    }
}
