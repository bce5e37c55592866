//! `pagerslack.toml`: what its keys say, with every fault, and no other file looked at.
//!
//! - `file`, `rotation`: what each key means, over `table` and `value`, which know TOML.
//! - The environment stands above some keys; [`listen`], [`store`] and the like read it as
//!   the file is read.

mod dashboard;
mod file;
mod rotation;
mod table;
mod value;
mod webhook;

pub use dashboard::{DashboardKeys, is_loopback};
pub use file::File;
pub use rotation::{Files, Named, RotationKeys, WeekendKey};
pub use webhook::WebhookKeys;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::SignedDuration;
use toml::de::DeValue;
use url::Url;

/// Where incidents are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// An embedded database in a file.
    Sqlite(PathBuf),
    /// A Redis that several replicas share.
    Redis(RedisUrl),
}

/// Where Redis is. There may be a password in it, so it prints without (P8).
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// How an address of Redis, or of Valkey, may begin.
    const SCHEMES: [&str; 10] = [
        "redis://",
        "rediss://",
        "valkey://",
        "valkeys://",
        "unix://",
        "redis+unix://",
        "redis+sentinel://",
        "rediss+sentinel://",
        "redis+cluster://",
        "rediss+cluster://",
    ];

    fn read(text: &str) -> Option<Self> {
        Self::SCHEMES.iter().any(|scheme| text.starts_with(scheme)).then(|| Self(text.to_owned()))
    }

    /// The address itself, for the connection and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What stands after the question mark may be a password too.
        let place = self.0.split_once('?').map_or(self.0.as_str(), |(place, _)| place);
        f.write_str(&without_credentials(place))
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

/// Where a heartbeat goes. Whoever knows the address can beat in the bot's place, so it is kept like a secret: it
/// prints as its scheme and host only (P8).
#[derive(Clone, PartialEq, Eq)]
pub struct HeartbeatUrl(Url);

impl HeartbeatUrl {
    /// The address itself, for the request and nothing else.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for HeartbeatUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

impl fmt::Debug for HeartbeatUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeartbeatUrl({self})")
    }
}

/// Reads an address to listen on.
///
/// # Errors
/// What it must be, to be said after its name; so do the others.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    value::listen(&in_quotes(text))
}

/// Reads where incidents are kept.
///
/// # Errors
/// What it must be.
pub fn store(text: &str) -> Result<StoreLocation, String> {
    value::store(&in_quotes(text))
}

/// Reads the Web API's address.
///
/// # Errors
/// What it must be.
pub fn api_url(text: &str) -> Result<Url, String> {
    value::api_url(&in_quotes(text))
}

/// An address as it may be shown: without the name and the password that it may hold.
pub fn without_credentials(text: &str) -> String {
    value::without_credentials(text)
}

/// Reads where a heartbeat goes.
///
/// # Errors
/// What it must be, without what it is.
pub fn heartbeat_url(text: &str) -> Result<HeartbeatUrl, String> {
    value::heartbeat_url(&in_quotes(text))
}

/// Reads how long a process that stops goes on answering.
///
/// # Errors
/// What it must be.
pub fn shutdown_drain(text: &str) -> Result<SignedDuration, String> {
    value::shutdown_drain(&in_quotes(text))
}

fn in_quotes(text: &str) -> DeValue<'_> {
    DeValue::String(text.into())
}
