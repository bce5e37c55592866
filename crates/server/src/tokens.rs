//! Tokens of the API: each lets a machine report incidents in some channels of one workspace, and see those there.
//!
//! ```text
//! pgs_ · id, 8 digits · _ · secret, 64 hexadecimal digits (32 bytes by chance)
//! ```
//!
//! Invariant (P8): the store has the SHA-256 of a token and nothing that lets one in; a token is shown once, when it is
//! made. Whether one is good takes the same steps whatever is wrong with it: one record is read, one fingerprint made
//! and compared in constant time.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use pagerslack_core::{ChannelId, Report, RotationId, TeamId};
use pagerslack_store::{RecordWrite, Records, Store, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::vault::{NoRandomness, hex, unguessable};

/// Where they stand.
pub(crate) const SHELF: &str = "tokens";

/// How each begins, so that whoever searches for secrets finds it.
const PREFIX: &str = "pgs_";

/// How many digits the id has.
const ID: usize = 8;

/// The longest name.
const LONGEST_NAME: usize = 40;

/// How many records are read at a time.
const PAGE: usize = 200;

/// A token as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    /// By which it is revoked.
    pub(crate) id: String,
    /// As whom it reports.
    pub(crate) name: String,
    /// The workspace.
    pub(crate) team: TeamId,
    /// The channels; `None` for all of the workspace.
    pub(crate) channels: Option<BTreeSet<ChannelId>>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// From when on it lets nobody in.
    pub(crate) expires_at: Option<Timestamp>,
}

/// A token as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    token: Token,
    /// The SHA-256 of its text, in hexadecimal digits.
    hash: String,
}

/// What somebody wants a token for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// As whom it is to report.
    pub(crate) name: String,
    /// The workspace; may be left out where there is only one.
    pub(crate) team: Option<TeamId>,
    /// The channels; `None` for all of the workspace.
    pub(crate) channels: Option<BTreeSet<ChannelId>>,
    /// From when on it is to let nobody in.
    pub(crate) expires_at: Option<Timestamp>,
}

/// A token that was just made, with its text, which is nowhere else.
#[derive(Serialize, Deserialize)]
pub(crate) struct Made {
    #[serde(flatten)]
    pub(crate) token: Token,
    /// What the machine sends.
    pub(crate) secret: String,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// What was wanted cannot be had; says what can.
    #[error("{0}")]
    Wrong(String),
    #[error("the tokens cannot be read or written")]
    Store(#[from] StoreError),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl Token {
    /// Whether it may report and see incidents there.
    pub(crate) fn may(&self, rotation: &RotationId) -> bool {
        self.team == rotation.team
            && self.channels.as_ref().is_none_or(|channels| channels.contains(&rotation.channel))
    }

    /// The one channel for which it is, if it is for one.
    pub(crate) fn only_channel(&self) -> Option<&ChannelId> {
        let channels = self.channels.as_ref()?;
        channels.first().filter(|_| channels.len() == 1)
    }

    /// Whether it has reported an incident.
    pub(crate) fn has_reported(&self, report: &Report) -> bool {
        report.machine.as_deref() == Some(self.name.as_str())
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// One line for people.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, team, channels, created_at, expires_at } = self;
        write!(f, "{id}  {name}  {team} ")?;
        match channels {
            None => f.write_str("all channels")?,
            Some(channels) => {
                let channels: Vec<&str> = channels.iter().map(ChannelId::as_str).collect();
                f.write_str(&channels.join(","))?;
            }
        }
        write!(f, "  made {created_at:.0}")?;
        expires_at.map_or(Ok(()), |end| write!(f, "  expires {end:.0}"))
    }
}

/// The tokens of a store.
#[derive(Clone)]
pub(crate) struct Tokens {
    records: Arc<dyn Records>,
}

impl Tokens {
    pub(crate) fn new(records: Arc<dyn Records>) -> Self {
        Self { records }
    }

    /// Makes one.
    ///
    /// # Errors
    /// When what is wanted is no token, or it cannot be kept.
    pub(crate) async fn create(&self, wanted: Wanted, now: Timestamp) -> Result<Made, TokenError> {
        let team = wanted.team.clone().ok_or_else(|| TokenError::Wrong(WHICH_TEAM.to_owned()))?;
        check(&wanted, &team, now).map_err(TokenError::Wrong)?;
        // Chance gives no id twice, but what was written is not written over.
        loop {
            let id: String = unguessable()?.chars().take(ID).collect();
            let secret = format!("{PREFIX}{id}_{}", unguessable()?);
            let token = Token {
                id: id.clone(),
                name: wanted.name.trim().to_owned(),
                team: team.clone(),
                channels: wanted.channels.clone(),
                created_at: now,
                expires_at: wanted.expires_at,
            };
            let kept = Kept { token, hash: hex(&Sha256::digest(&secret)) };
            let value = serde_json::to_vec(&kept).map_err(|error| TokenError::Wrong(error.to_string()))?;
            let write = RecordWrite {
                shelf: SHELF.to_owned(),
                name: id,
                expected: 0,
                value: Some(value),
                expires_at: None,
            };
            if self.records.write_record(write).await?.is_some() {
                return Ok(Made { token: kept.token, secret });
            }
        }
    }

    /// Every token, in the order of their ids.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn list(&self) -> Result<Vec<Token>, StoreError> {
        let (mut tokens, mut after) = (Vec::new(), None);
        loop {
            let page = self.records.records(SHELF, after, PAGE).await?;
            tokens.extend(page.items.iter().filter_map(|(_, record)| read(&record.value)).map(|it| it.token));
            after = page.next;
            if after.is_none() {
                return Ok(tokens);
            }
        }
    }

    /// Takes one away; whoever shows it from now on is not let in. `false` if there is none.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(crate) async fn revoke(&self, id: &str) -> Result<bool, StoreError> {
        loop {
            let Some(record) = self.records.record(SHELF, id).await? else { return Ok(false) };
            let write = RecordWrite {
                shelf: SHELF.to_owned(),
                name: id.to_owned(),
                expected: record.version,
                value: None,
                expires_at: None,
            };
            if self.records.write_record(write).await?.is_some() {
                return Ok(true);
            }
        }
    }

    /// The token that somebody shows, if it is one and lets them in.
    ///
    /// # Errors
    /// When the store cannot be read: that is no reason to say no.
    pub(crate) async fn shown(&self, text: &[u8], now: Timestamp) -> Result<Option<Token>, StoreError> {
        let fingerprint = hex(&Sha256::digest(text));
        let record = self.records.record(SHELF, id_of(text).unwrap_or(NOBODY)).await?;
        let kept = record.and_then(|record| read(&record.value));
        let expected = kept.as_ref().map_or(NOTHING, |kept| kept.hash.as_str());
        let is_same: bool = fingerprint.as_bytes().ct_eq(expected.as_bytes()).into();
        Ok(kept.filter(|kept| is_same && !kept.token.is_over(now)).map(|kept| kept.token))
    }
}

/// The id of no token, for which a record is looked for all the same.
const NOBODY: &str = "nobodys0";

/// What is the SHA-256 of nothing that anybody knows.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

const WHICH_TEAM: &str = "say for which workspace: --team T… (its address is app.slack.com/client/T…)";

/// The workspace that is meant where none is named: the only one in which anything was ever reported.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn only_team(store: &dyn Store) -> Result<Option<TeamId>, StoreError> {
    let teams: BTreeSet<TeamId> =
        store.rotations().await?.into_iter().map(|rotation| rotation.team).collect();
    Ok(teams.first().filter(|_| teams.len() == 1).cloned())
}

fn id_of(text: &[u8]) -> Option<&str> {
    let rest = std::str::from_utf8(text).ok()?.strip_prefix(PREFIX)?;
    let (id, secret) = rest.split_once('_')?;
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (id.len() == ID && secret.len() == NOTHING.len() && is_hex(id) && is_hex(secret)).then_some(id)
}

/// What cannot be read lets nobody in.
fn read(value: &[u8]) -> Option<Kept> {
    serde_json::from_slice(value).ok()
}

/// Says what is wrong. A name stands in Slack's messages and in spreadsheets.
fn check(wanted: &Wanted, team: &TeamId, now: Timestamp) -> Result<(), String> {
    let name = wanted.name.trim();
    let is_plain = |letter: char| letter.is_alphanumeric() || " ._-".contains(letter);
    if name.is_empty()
        || name.chars().count() > LONGEST_NAME
        || !name.chars().all(is_plain)
        || !name.starts_with(char::is_alphanumeric)
    {
        return Err(format!(
            "a token's name has 1 to {LONGEST_NAME} letters, digits, spaces, dots and dashes, and begins with a letter or \
             a digit, such as Alertmanager"
        ));
    }
    if !is_id(team.as_str(), "TE") {
        return Err(format!("{team:?} is no workspace: its id begins with T"));
    }
    match &wanted.channels {
        Some(channels) if channels.is_empty() => {
            return Err("name a channel, or ask for all of them".to_owned());
        }
        Some(channels) => {
            if let Some(wrong) = channels.iter().find(|channel| !is_channel(channel.as_str())) {
                return Err(format!("{wrong:?} is no channel: give its id, which begins with C"));
            }
        }
        None => {}
    }
    match wanted.expires_at {
        Some(end) if end <= now => Err("it would be over at once: --expires is in the past".to_owned()),
        _ => Ok(()),
    }
}

/// Whether this is a channel's id.
pub(crate) fn is_channel(id: &str) -> bool {
    is_id(id, "CG")
}

/// Whether this is the id of one of Slack's things, by its first letter.
pub(crate) fn is_id(id: &str, first: &str) -> bool {
    id.starts_with(|letter| first.contains(letter))
        && (2..=32).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
