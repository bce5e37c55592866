//! Newtypes for every id, so that a channel can never be passed where a person is meant.
//!
//! Slack's ids are opaque: a person's may begin with `U` or `W`, and nothing may be read out of the prefix.
//! A message's `ts` is an opaque string too, unique within its channel, and never a float.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smol_str::SmolStr;

macro_rules! slack_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// Wraps the id as it is written.
            pub fn new(id: impl AsRef<str>) -> Self {
                Self(SmolStr::new(id))
            }

            /// The id as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }
    };
}

slack_id! {
    /// A Slack workspace (`T…`).
    TeamId
}
slack_id! {
    /// A Slack conversation: public (`C…`), private (`G…` or `C…`) or direct (`D…`).
    ChannelId
}
slack_id! {
    /// A person in Slack (`U…` or `W…`).
    UserId
}
slack_id! {
    /// A Slack user group (`S…`).
    UserGroupId
}
slack_id! {
    /// When and which message: Slack's `ts`, an opaque string that is unique within its channel.
    MessageTs
}
slack_id! {
    /// The IANA name of a time zone, such as `Europe/Lisbon`: in a log, where the zone's rules themselves are not kept.
    ZoneName
}
slack_id! {
    /// One incident. Derived from what Slack sent, so that the same delivery twice is the same incident.
    IncidentId
}

impl IncidentId {
    /// The incident that one request of Slack's stands for.
    ///
    /// `request` is whatever identifies the request within the workspace (for a slash command its
    /// `trigger_id`, which Slack never uses twice). The id is 80 bits of a SHA-256 in Crockford's base 32,
    /// short enough to read over the phone.
    pub fn derive(rotation: &RotationId, request: &str) -> Self {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut hash = Sha256::new();
        for part in [rotation.team.as_str(), rotation.channel.as_str(), request] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        let bits = digest.iter().take(10).fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let id: String =
            (0..16).rev().map(|i| char::from(ALPHABET[((bits >> (i * 5)) & 31) as usize])).collect();
        Self::new(id)
    }
}

/// One queue of people: the engineers of one channel of one workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RotationId {
    /// The workspace.
    pub team: TeamId,
    /// The channel in which `/devoncall` is typed.
    pub channel: ChannelId,
}

impl RotationId {
    /// The rotation of a channel.
    pub fn new(team: TeamId, channel: ChannelId) -> Self {
        Self { team, channel }
    }
}

impl fmt::Display for RotationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.team, self.channel)
    }
}

/// Which message: a channel and the message's `ts` within it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageRef {
    /// The conversation that holds the message.
    pub channel: ChannelId,
    /// The message's `ts` there.
    pub ts: MessageTs,
}

impl MessageRef {
    /// The message `ts` of `channel`.
    pub fn new(channel: ChannelId, ts: MessageTs) -> Self {
        Self { channel, ts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_is_the_same_incident() {
        let rotation = RotationId::new("T1".into(), "C1".into());
        let other = RotationId::new("T1".into(), "C2".into());
        let id = IncidentId::derive(&rotation, "398738663015.47445629121");
        assert_eq!(id, IncidentId::derive(&rotation, "398738663015.47445629121"));
        assert_ne!(id, IncidentId::derive(&rotation, "398738663015.47445629122"));
        assert_ne!(id, IncidentId::derive(&other, "398738663015.47445629121"));
        assert_eq!(id.as_str().len(), 16);
    }
}
