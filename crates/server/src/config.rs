//! The configuration: one commented file, the team's files beside it, and the environment, which wins.
//!
//! This is the only module that reads the environment. Everything is checked before anything starts, and every
//! fault is told, with its line and what to do. While the bot runs, [`Watch`] takes over what changes in the files,
//! and refuses what is broken.
//!
//! - `keys`: from what `pagerslack.toml` says, which [`pagerslack_sources::settings`] reads, to settings.
//! - `install`: what installing by OAuth needs.
//! - `load`: all files brought together; `contents` has their bytes.
//! - `reload`, `watch`: looking again, and when.

mod admin;
mod contents;
mod dashboard;
mod environment;
mod faults;
mod install;
mod keys;
mod load;
mod reload;
pub mod summary;
mod uploads;
mod watch;

pub use admin::{AdminToken, server_address};
pub use dashboard::{DashboardConfig, GuestList, SIGN_IN_CALLBACK};
pub use environment::Environment;
pub use faults::ConfigFaults;
pub use install::{CALLBACK, InstallConfig, vault};
pub use pagerslack_sources::settings::{
    File, Files, HeartbeatUrl, Named, RotationKeys, StoreLocation, WeekendKey,
};
pub use reload::{Change, Outcome, Refusal, Sources, Trial};
pub(crate) use uploads::SHELF;
pub use uploads::Uploads;
pub use watch::{Alert, Watch};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use pagerslack_core::{ChannelId, Policy, RotationId, Rules, TeamId, UserGroupId, UserId};
use pagerslack_slack::transport::Token;
use pagerslack_slack::words::FollowUpText;
use pagerslack_sources::settings;
use pagerslack_store::Redis;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use contents::Contents;
use load::Place;

/// The commented file that holds every default, and is the manual.
pub const DEFAULT: &str = include_str!("../pagerslack.toml");

/// Everything that `serve` needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where Slack's requests are taken.
    pub listen: SocketAddr,
    /// Where incidents are kept.
    pub store: StoreLocation,
    /// How Slack is reached.
    pub slack: SlackConfig,
    /// Where a sign of life goes.
    pub heartbeat: Option<HeartbeatUrl>,
    /// How long it goes on answering once it was told to stop.
    pub shutdown_drain: Duration,
    /// Who may fetch the statistics and replace files over HTTP; nobody without one.
    pub admin_token: Option<AdminToken>,
    /// The web dashboard.
    pub dashboard: DashboardConfig,
    /// How people are hunted.
    pub settings: Settings,
    /// The files it was read from, if it was read from files: they may change.
    pub sources: Option<Arc<Sources>>,
    /// Worth a line in the log, and no fault.
    pub notes: Vec<String>,
}

/// How Slack is reached, and how its requests are known to be Slack's.
#[derive(Clone, Debug)]
pub struct SlackConfig {
    /// The Web API's address, ending in a slash.
    pub api_url: Url,
    /// The slash command's name.
    pub command: String,
    /// The bot's token (`xoxb-…`).
    pub bot_token: Option<Token>,
    /// The secret that signs Slack's requests.
    pub signing_secret: Option<SecretString>,
    /// The deprecated verification token, where it alone is to prove that a request is Slack's.
    pub verification_token: Option<SecretString>,
    /// The app-level token (`xapp-…`); Socket Mode is used when it is set.
    pub app_token: Option<Token>,
    /// For many workspaces, each of which installs the app, instead of one bot's token.
    pub install: Option<InstallConfig>,
}

/// How people are hunted: all that can change while the bot runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What holds where nothing else is said.
    pub defaults: Arc<RotationConfig>,
    /// What holds in a channel of its own settings.
    pub rotations: BTreeMap<ChannelId, Arc<RotationConfig>>,
    /// Who is told what those who keep the bot must see to: a person or a channel, by id; the workspace's may stand
    /// before it.
    pub admin: Option<String>,
    /// How often every open incident is looked at.
    pub audit_interval: SignedDuration,
    /// How long an incident is kept in a store that is shared, after the last that happened in it.
    pub retention: SignedDuration,
    /// Whether the bot looks from time to time who is online, with what paging leaves of Slack's rate limits.
    pub sample_presence: bool,
    /// Who gets in to the dashboard.
    pub guests: GuestList,
    /// How many requests a minute each token of the API may make.
    pub api_requests_per_minute: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            defaults: Arc::default(),
            rotations: BTreeMap::new(),
            admin: None,
            audit_interval: File::default().audit_interval,
            retention: File::default().retention,
            sample_presence: File::default().sample_presence,
            guests: GuestList::default(),
            api_requests_per_minute: File::default().api_requests_per_minute,
        }
    }
}

impl Settings {
    /// Who is told what those who keep the bot must see to, and in which workspace, where that is said.
    pub fn admin(&self) -> Option<(Option<TeamId>, &str)> {
        let admin = self.admin.as_deref()?;
        Some(match admin.split_once('/') {
            Some((team, whom)) => (Some(TeamId::new(team)), whom),
            None => (None, admin),
        })
    }

    /// What holds in a rotation.
    pub fn rotation(&self, rotation: &RotationId) -> &Arc<RotationConfig> {
        self.rotations.get(&rotation.channel).unwrap_or(&self.defaults)
    }
}

impl From<RotationConfig> for Settings {
    fn from(rotation: RotationConfig) -> Self {
        Self { defaults: Arc::new(rotation), ..Self::default() }
    }
}

/// How people are hunted in a rotation.
#[derive(Clone, Debug)]
pub struct RotationConfig {
    /// The numbers.
    pub policy: Policy,
    /// The managers by id.
    pub managers: Vec<UserId>,
    /// The managers by e-mail address.
    pub manager_emails: Vec<String>,
    /// The managers' user group.
    pub manager_group: Option<UserGroupId>,
    /// Who may be asked.
    pub rules: Rules,
    /// What is asked after an incident.
    pub follow_up: FollowUpText,
    /// Whether people without a notification schedule are told how to set one.
    pub nudge_missing_schedule: bool,
    /// An hour in which fewer people than this could be asked is thin.
    pub thin_coverage: u32,
}

impl Default for RotationConfig {
    fn default() -> Self {
        keys::settings(&RotationKeys::default())
    }
}

impl Config {
    /// Reads the file named on the command line, else in the environment, else `pagerslack.toml` here if
    /// there is one, else the defaults; then the team's files beside it; then lets the environment win.
    ///
    /// # Errors
    /// All faults of all of them.
    pub fn load(path: Option<&Path>, environment: &Environment) -> Result<Self, ConfigFaults> {
        Self::load_under(path, environment, Uploads::default())
    }

    /// The same with files in their place that were uploaded.
    ///
    /// # Errors
    /// All faults of all of them.
    pub fn load_under(
        path: Option<&Path>,
        environment: &Environment,
        uploads: Uploads,
    ) -> Result<Self, ConfigFaults> {
        let place = Place::of(path, environment);
        let mut contents = place.contents(&uploads);
        let loaded = place.load(&mut contents, &Contents::default());
        let (file, settings, notes) = match loaded {
            Ok(loaded) => (loaded.file, loaded.settings, loaded.notes),
            Err(mut faults) => {
                // The environment's faults are told too; the file's own are told already.
                if let Err(more) = Self::resolve(File::default(), environment) {
                    faults.join(more);
                }
                return Err(faults);
            }
        };
        let mut config = Self::resolve(file.clone(), environment)?;
        config.notes.extend(notes);
        let sources = Sources::new(place, environment.clone(), contents, &file, uploads);
        Ok(Self { settings, sources: Some(Arc::new(sources)), ..config })
    }

    /// Where incidents are kept, whatever is wrong with the team's files: an uploaded one in the store may stand for
    /// them. `None` if even that cannot be told.
    pub fn store_at(path: Option<&Path>, environment: &Environment) -> Option<StoreLocation> {
        let file = Place::of(path, environment).sound_file()?;
        Self::check(&file, environment).ok().map(|(_, store, ..)| store)
    }

    /// Where a bot listens that was started here, whatever is wrong with the files by now.
    pub fn listens_at(path: Option<&Path>, environment: &Environment) -> Option<SocketAddr> {
        match &environment.listen {
            Some(listen) => settings::listen(listen).ok(),
            None => Some(Place::of(path, environment).readable_file().listen),
        }
    }

    /// A file's settings, without the team's files, and the environment's, which win.
    ///
    /// # Errors
    /// All faults of the environment.
    pub fn resolve(file: File, environment: &Environment) -> Result<Self, ConfigFaults> {
        let (checked, install) = (Self::check(&file, environment), install::read(environment));
        let ((listen, store, api_url, heartbeat, shutdown_drain), install) = match (checked, install) {
            (Ok(checked), Ok(install)) => (checked, install),
            (Err(mut faults), Err(more)) => {
                faults.join(more);
                return Err(faults);
            }
            (Err(faults), Ok(_)) | (Ok(_), Err(faults)) => return Err(faults),
        };
        let admin_token = AdminToken::read(None, environment).map_err(|error| {
            let mut faults = ConfigFaults::default();
            faults.add_one(ENVIRONMENT, format!("{error:#}"));
            faults
        })?;
        let rotations =
            file.rotations.iter().map(|(channel, keys)| (channel.clone(), Arc::new(keys::settings(keys))));
        Ok(Self {
            listen,
            store,
            heartbeat,
            shutdown_drain: shutdown_drain.unsigned_abs(),
            admin_token,
            slack: SlackConfig {
                api_url,
                bot_token: environment.bot_token.clone(),
                signing_secret: environment.signing_secret.clone(),
                verification_token: legacy_token(&file, environment),
                app_token: environment.app_token.clone(),
                command: file.command.clone(),
                install,
            },
            settings: Settings {
                defaults: Arc::new(keys::settings(&file.defaults)),
                rotations: rotations.collect(),
                admin: file.admin.clone(),
                audit_interval: file.audit_interval,
                sample_presence: file.sample_presence,
                retention: file.retention,
                guests: GuestList::of(&file),
                api_requests_per_minute: file.api_requests_per_minute,
            },
            dashboard: DashboardConfig::of(&file, environment),
            sources: None,
            notes: notes(&file, environment),
        })
    }

    /// What the environment and the file say together, or all that is wrong with the environment.
    fn check(
        file: &File,
        environment: &Environment,
    ) -> Result<(SocketAddr, StoreLocation, Url, Option<HeartbeatUrl>, SignedDuration), ConfigFaults> {
        let mut faults = ConfigFaults::default();
        let fixed = (
            over(file.listen, "PAGERSLACK_LISTEN", &environment.listen, settings::listen, &mut faults),
            over(file.store.clone(), "PAGERSLACK_STORE", &environment.store, settings::store, &mut faults),
            over(file.api_url.clone(), "SLACK_API_URL", &environment.api_url, settings::api_url, &mut faults),
            over(
                file.heartbeat_url.clone(),
                "PAGERSLACK_HEARTBEAT_URL",
                &environment.heartbeat_url.as_ref().map(|url| url.expose_secret().to_owned()),
                |text| settings::heartbeat_url(text).map(Some),
                &mut faults,
            ),
            over(
                file.shutdown_drain,
                "PAGERSLACK_SHUTDOWN_DRAIN",
                &environment.shutdown_drain,
                settings::shutdown_drain,
                &mut faults,
            ),
        );
        if let StoreLocation::Redis(url) = &fixed.1
            && let Err(error) = Redis::check_address(url.expose())
        {
            let whose = if environment.store.is_some() { ENVIRONMENT } else { "pagerslack.toml" };
            faults.add_one(whose, error.to_string());
        }
        let tokens = [
            ("SLACK_BOT_TOKEN", &environment.bot_token, ["xoxb-", "xoxe."]),
            ("SLACK_APP_TOKEN", &environment.app_token, ["xapp-", "xapp-"]),
        ];
        for (name, token, prefixes) in tokens {
            let right = |token: &Token| prefixes.iter().any(|prefix| token.expose().starts_with(prefix));
            if token.as_ref().is_some_and(|token| !right(token)) {
                let what = format!("{name} does not look like one: it must begin with {}", prefixes[0]);
                faults.add_one(ENVIRONMENT, what);
            }
        }
        faults.or(fixed)
    }
}

/// What of the environment is worth a line in the log, and no fault.
fn notes(file: &File, environment: &Environment) -> Vec<String> {
    let legacy = legacy_token(file, environment).map(|_| {
        "Slack's requests are believed for the deprecated SLACK_VERIFICATION_TOKEN alone: whoever has seen one request can \
         make any other; set SLACK_SIGNING_SECRET, and take allow_legacy_verification_token away"
    });
    let both = environment.bot_token.is_some() && environment.redirect_uri.is_some();
    let note = "SLACK_BOT_TOKEN is set, so the bot serves that one workspace, and nobody can install it by OAuth: unset it \
                to serve every workspace that installs the app";
    legacy.into_iter().chain(both.then_some(note)).map(str::to_owned).collect()
}

/// The deprecated token, where the file allows it and nothing better is there.
fn legacy_token(file: &File, environment: &Environment) -> Option<SecretString> {
    let alone = environment.signing_secret.is_none() && file.allow_legacy_verification_token;
    environment.verification_token.clone().filter(|_| alone)
}

/// How the environment is named among the files.
const ENVIRONMENT: &str = "environment";

/// What the environment says, if it says something, else what the file says.
fn over<T>(
    of_file: T,
    name: &str,
    said: &Option<String>,
    read: impl FnOnce(&str) -> Result<T, String>,
    faults: &mut ConfigFaults,
) -> T {
    let Some(text) = said else { return of_file };
    read(text).unwrap_or_else(|what| {
        faults.add_one(ENVIRONMENT, format!("{name} {what}"));
        of_file
    })
}
