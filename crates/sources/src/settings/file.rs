//! `pagerslack.toml`: what its keys say, with every fault, and no other file looked at.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::Faults;
use jiff::SignedDuration;
use pagerslack_core::ChannelId;
use url::Url;

use super::dashboard::DashboardKeys;
use super::rotation::RotationKeys;
use super::table::{self, Table};
use super::value;
use super::{HeartbeatUrl, StoreLocation};

/// The largest file that is read, in bytes: thousands of rotations, each with settings of its own.
const LARGEST: usize = 1_000_000;

/// What the file says; what it leaves out has its default.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Where Slack's requests are taken.
    pub listen: SocketAddr,
    /// Where incidents are kept.
    pub store: StoreLocation,
    /// The Web API's address.
    pub api_url: Url,
    /// The slash command's name.
    pub command: String,
    /// Whether the deprecated verification token may stand for a signature.
    pub allow_legacy_verification_token: bool,
    /// Who is told what those who keep the bot must see to.
    pub admin: Option<String>,
    /// How long an incident is kept in a store that is shared, after the last that happened in it.
    pub retention: SignedDuration,
    /// How many requests a minute each token of the API may make.
    pub api_requests_per_minute: u32,
    /// How often every open incident is looked at.
    pub audit_interval: SignedDuration,
    /// Where a sign of life goes after each such look.
    pub heartbeat_url: Option<HeartbeatUrl>,
    /// How long it goes on answering once it was told to stop, so that nobody sends anything here any more by then.
    pub shutdown_drain: SignedDuration,
    /// The web dashboard.
    pub dashboard: DashboardKeys,
    /// Whether the bot looks from time to time who is online, with what paging leaves of Slack's rate limits.
    pub sample_presence: bool,
    /// What holds where no rotation says otherwise.
    pub defaults: RotationKeys,
    /// By channel, what holds there: the defaults with the rotation's own keys over them.
    pub rotations: BTreeMap<ChannelId, RotationKeys>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            store: StoreLocation::Sqlite(PathBuf::from("pagerslack.db")),
            api_url: slack(),
            command: "/devoncall".to_owned(),
            allow_legacy_verification_token: false,
            admin: None,
            retention: SignedDuration::from_hours(90 * 24),
            api_requests_per_minute: 120,
            audit_interval: SignedDuration::from_mins(1),
            heartbeat_url: None,
            shutdown_drain: SignedDuration::from_secs(2),
            dashboard: DashboardKeys::default(),
            sample_presence: false,
            defaults: RotationKeys::default(),
            rotations: BTreeMap::new(),
        }
    }
}

impl File {
    /// Reads a file's text.
    ///
    /// # Errors
    /// All faults, by line.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        let (file, faults) = Self::read(text);
        faults.or(file)
    }

    /// As much of a text as can be read, and all that is wrong with it.
    pub fn read(text: &str) -> (Self, Faults) {
        if text.len() > LARGEST {
            let mut faults = Faults::default();
            faults.add(None, format!("the file has {} bytes: keep it below {LARGEST}", text.len()));
            return (Self::default(), faults);
        }
        table::read(text, |root| {
            let mut file = Self::default();
            file.read_root(root);
            file
        })
    }

    fn read_root(&mut self, root: &Table<'_>) {
        root.take("listen", &mut self.listen, value::listen);
        root.take("store", &mut self.store, value::store);
        root.take("admin", &mut self.admin, value::optional(value::addressee));
        let long = SignedDuration::from_hours(24)..=SignedDuration::from_hours(3_660 * 24);
        root.take("retention", &mut self.retention, value::duration(long));
        let often = SignedDuration::from_secs(10)..=SignedDuration::from_hours(1);
        root.take("audit_interval", &mut self.audit_interval, value::duration(often));
        root.take("heartbeat_url", &mut self.heartbeat_url, value::optional(value::heartbeat_url));
        root.take("shutdown_drain", &mut self.shutdown_drain, value::shutdown_drain);
        root.take("sample_presence", &mut self.sample_presence, value::flag);
        root.within("slack", |slack| {
            slack.take("api_url", &mut self.api_url, value::api_url);
            slack.take("command", &mut self.command, value::command);
            let allow = &mut self.allow_legacy_verification_token;
            slack.take("allow_legacy_verification_token", allow, value::flag);
        });
        root.within("dashboard", |dashboard| self.dashboard.read(dashboard));
        root.within("api", |api| {
            api.take("requests_per_minute", &mut self.api_requests_per_minute, value::number(1..=1_000_000));
        });
        root.within("files", |files| self.defaults.files.read(files));
        root.within("defaults", |defaults| self.defaults.read(defaults));
        let mut lines = BTreeMap::new();
        root.each("rotation", |table| {
            let mut channel = None;
            let line = table.take("channel", &mut channel, |it| value::channel(it).map(Some));
            let mut keys = self.defaults.clone();
            keys.files.read(table);
            keys.read(table);
            let Some(channel) = channel else {
                if table.is_there() && line.is_none() {
                    table.fault(table.line(), "a [[rotation]] needs its channel: channel = \"C…\"");
                }
                return;
            };
            let line = line.unwrap_or(table.line());
            if let Some(first) = lines.insert(channel.clone(), line) {
                let what =
                    format!("the channel {channel} has a [[rotation]] on line {first} already: join them");
                table.fault(line, what);
            }
            self.rotations.insert(channel, keys);
        });
    }
}

/// Slack's own Web API.
#[allow(clippy::expect_used, reason = "a constant")]
fn slack() -> Url {
    Url::parse("https://slack.com/api/").expect("a constant that is a URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_none_of_ours_is_refused_unread() {
        let told = File::parse(&" ".repeat(LARGEST + 1)).unwrap_err().to_string();
        assert_eq!(told, "the file has 1000001 bytes: keep it below 1000000");
        assert!(File::parse(&" ".repeat(LARGEST)).is_ok());
    }
}
