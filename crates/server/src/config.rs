//! The configuration: one commented file, and the environment, which wins.
//!
//! This is the only module that reads the environment. Everything is checked before anything starts, and a
//! fault says what to do.

mod environment;
mod file;

pub use environment::Environment;
pub use file::{DEFAULT, Defaults, File, Managers, Slack};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use pagerslack_core::{ChannelId, Policy, RotationId, Rules, UserGroupId, UserId};
use pagerslack_slack::transport::Token;
use pagerslack_slack::words::FollowUpText;
use secrecy::SecretString;
use url::Url;

/// Everything that `serve` needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where Slack's requests are taken.
    pub listen: SocketAddr,
    /// Where incidents are kept.
    pub store: StoreLocation,
    /// How Slack is reached.
    pub slack: SlackConfig,
    /// How people are hunted.
    pub settings: Settings,
}

/// Where incidents are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// An embedded database in a file.
    Sqlite(PathBuf),
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
    /// The app-level token (`xapp-…`); Socket Mode is used when it is set.
    pub app_token: Option<Token>,
}

/// How people are hunted: all that can change while the bot runs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What holds where nothing else is said.
    pub defaults: Arc<RotationConfig>,
    /// What holds in a channel of its own settings.
    pub rotations: BTreeMap<ChannelId, Arc<RotationConfig>>,
    /// Who is told what those who keep the bot must see to: a person or a channel, by id.
    pub admin: Option<String>,
}

impl Settings {
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
#[derive(Clone, Debug, Default)]
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
}

impl Config {
    /// Reads the file named on the command line, else in the environment, else `pagerslack.toml` here if
    /// there is one, else the defaults; then lets the environment win.
    pub fn load(path: Option<&Path>, environment: &Environment) -> Result<Self> {
        let named = path.map(Path::to_path_buf).or_else(|| environment.config.clone());
        let file = match named {
            Some(path) => File::read(&path)?,
            None if Path::new("pagerslack.toml").exists() => File::read(Path::new("pagerslack.toml"))?,
            None => File::default(),
        };
        Self::resolve(file, environment)
    }

    /// Checks a file's settings and the environment's, and names every fault at once.
    pub fn resolve(file: File, environment: &Environment) -> Result<Self> {
        let mut faults = Vec::new();
        let mut check = |result: Result<()>| {
            if let Err(fault) = result {
                faults.push(format!("{fault:#}"));
            }
        };
        let listen_text = environment.listen.as_deref().unwrap_or(&file.listen);
        let listen = listen_text.parse().with_context(|| {
            format!("listen {listen_text:?} is not an address and a port such as 127.0.0.1:8080")
        });
        let store = parse_store(environment.store.as_deref().unwrap_or(&file.store));
        let api_url = parse_api_url(environment.api_url.as_deref().unwrap_or(&file.slack.api_url));
        check(listen.as_ref().map(|_| ()).map_err(|fault| anyhow!("{fault:#}")));
        check(store.as_ref().map(|_| ()).map_err(|fault| anyhow!("{fault:#}")));
        check(api_url.as_ref().map(|_| ()).map_err(|fault| anyhow!("{fault:#}")));
        check(file.defaults.check());
        check(token("SLACK_BOT_TOKEN", environment.bot_token.as_ref(), "xoxb-", "xoxe."));
        check(token("SLACK_APP_TOKEN", environment.app_token.as_ref(), "xapp-", "xapp-"));
        if !file.slack.command.starts_with('/') {
            check(Err(anyhow!("slack.command {:?} must begin with a slash", file.slack.command)));
        }
        if !faults.is_empty() {
            bail!("the configuration has {} fault(s):\n  - {}", faults.len(), faults.join("\n  - "));
        }
        Ok(Self {
            listen: listen?,
            store: store?,
            slack: SlackConfig {
                api_url: api_url?,
                command: file.slack.command,
                bot_token: environment.bot_token.clone(),
                signing_secret: environment.signing_secret.clone(),
                app_token: environment.app_token.clone(),
            },
            settings: Settings::from(file.defaults.rotation()),
        })
    }
}

fn parse_store(text: &str) -> Result<StoreLocation> {
    match text.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => {
            Ok(StoreLocation::Sqlite(PathBuf::from(path.strip_prefix("//").unwrap_or(path))))
        }
        _ => bail!("store {text:?} must be sqlite:PATH, for example sqlite:pagerslack.db"),
    }
}

fn parse_api_url(text: &str) -> Result<Url> {
    let with_slash = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
    let url = Url::parse(&with_slash).with_context(|| format!("slack.api_url {text:?} is not a URL"))?;
    let loopback = match url.host() {
        Some(url::Host::Domain(domain)) => domain == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    // The bot token travels with every call, so it travels encrypted or not at all (P8).
    if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
        bail!("slack.api_url {text:?} must begin with https:// (http:// only on this machine)");
    }
    Ok(url)
}

fn token(name: &str, token: Option<&Token>, prefix: &str, other: &str) -> Result<()> {
    match token {
        Some(token) if !token.expose().starts_with(prefix) && !token.expose().starts_with(other) => {
            bail!("{name} does not look like one: it must begin with {prefix}")
        }
        _ => Ok(()),
    }
}
