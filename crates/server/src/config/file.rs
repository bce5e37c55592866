//! The configuration file.

use std::path::Path;

use anyhow::{Context, Result, bail};
use jiff::SignedDuration;
use pagerslack_core::{Policy, UserGroupId, UserId};
use serde::Deserialize;

use super::RotationConfig;

/// The commented file that holds every default, and is the manual.
pub const DEFAULT: &str = include_str!("../../pagerslack.toml");

/// The file as written, every key with its default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// Where Slack's requests are taken.
    pub listen: String,
    /// Where incidents are kept.
    pub store: String,
    /// How Slack is reached.
    pub slack: Slack,
    /// How people are hunted.
    pub defaults: Defaults,
}

/// `[slack]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slack {
    /// The Web API's address.
    pub api_url: String,
    /// The slash command's name.
    pub command: String,
}

/// `[defaults]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// How long a person asked has to answer.
    pub ack_timeout: SignedDuration,
    /// How many people are asked.
    pub max_attempts: u32,
    /// How long a hunt waits for facts.
    pub patience: SignedDuration,
    /// The last resort.
    pub managers: Managers,
}

/// `[defaults.managers]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Managers {
    /// By Slack user id.
    pub users: Vec<String>,
    /// By e-mail address.
    pub emails: Vec<String>,
    /// By user group id.
    pub group: Option<String>,
    /// How often they are paged.
    pub rounds: u32,
    /// How long lies between two pages.
    pub repeat: SignedDuration,
}

impl Default for File {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            store: "sqlite:pagerslack.db".to_owned(),
            slack: Slack::default(),
            defaults: Defaults::default(),
        }
    }
}

impl Default for Slack {
    fn default() -> Self {
        Self { api_url: "https://slack.com/api/".to_owned(), command: "/devoncall".to_owned() }
    }
}

impl Default for Defaults {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            ack_timeout: policy.ack_timeout,
            max_attempts: policy.max_attempts,
            patience: policy.patience,
            managers: Managers::default(),
        }
    }
}

impl Default for Managers {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            users: Vec::new(),
            emails: Vec::new(),
            group: None,
            rounds: policy.manager_rounds,
            repeat: policy.manager_repeat,
        }
    }
}

impl File {
    /// Reads and parses a file; a fault names the file, the line and the key.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("the configuration {} is not valid", path.display()))
    }

    /// Parses a file's text.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(toml::from_str(text)?)
    }
}

impl Defaults {
    /// Says which number makes no sense.
    pub(super) fn check(&self) -> Result<()> {
        for (name, duration) in [
            ("defaults.ack_timeout", self.ack_timeout),
            ("defaults.patience", self.patience),
            ("defaults.managers.repeat", self.managers.repeat),
        ] {
            if duration < SignedDuration::from_secs(1) || duration > SignedDuration::from_hours(24) {
                bail!("{name} must lie between 1 s and 24 h");
            }
        }
        if !(1..=100).contains(&self.max_attempts) {
            bail!("defaults.max_attempts must lie between 1 and 100");
        }
        if !(1..=100).contains(&self.managers.rounds) {
            bail!("defaults.managers.rounds must lie between 1 and 100");
        }
        Ok(())
    }

    pub(super) fn rotation(&self) -> RotationConfig {
        RotationConfig {
            policy: Policy {
                ack_timeout: self.ack_timeout,
                max_attempts: self.max_attempts,
                manager_repeat: self.managers.repeat,
                manager_rounds: self.managers.rounds,
                patience: self.patience,
                ..Policy::default()
            },
            managers: self.managers.users.iter().map(UserId::new).collect(),
            manager_emails: self.managers.emails.clone(),
            manager_group: self.managers.group.as_ref().map(UserGroupId::new),
            ..RotationConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_says_exactly_the_defaults() {
        assert_eq!(File::parse(DEFAULT).unwrap(), File::default());
        assert_eq!(File::parse("").unwrap(), File::default());
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let fault = format!("{:#}", File::parse("listen = \"x\"\nlisten_on = 1\n").unwrap_err());
        assert!(fault.contains("listen_on") && fault.contains("line 2"), "{fault}");
    }

    #[test]
    fn a_number_that_makes_no_sense_is_named() {
        let file = File::parse("[defaults]\nack_timeout = \"0 s\"\n").unwrap();
        assert!(file.defaults.check().unwrap_err().to_string().contains("ack_timeout"));
        let file = File::parse("[defaults]\nmax_attempts = 0\n").unwrap();
        assert!(file.defaults.check().unwrap_err().to_string().contains("max_attempts"));
    }
}
