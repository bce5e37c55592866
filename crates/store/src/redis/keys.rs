//! What the keys are called. The table of them stands at the top of the [module](super).

use pagerslack_core::{ChannelId, IncidentId, MessageTs, TeamId};

/// Builds the names of keys.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    /// Keys that begin with a prefix.
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// What every key of a workspace begins with. The braces make it one hash slot of a cluster.
    pub(super) fn base(&self, team: &TeamId) -> String {
        format!("{}:{{{}}}:", self.prefix, tag(team.as_str()))
    }

    /// A key of a workspace.
    pub(super) fn of(&self, team: &TeamId, name: &str) -> String {
        format!("{}{name}", self.base(team))
    }

    /// An incident's list.
    pub(super) fn incident(&self, team: &TeamId, incident: &IncidentId) -> String {
        self.of(team, &format!("i:{incident}"))
    }

    /// A key of a channel of a workspace.
    pub(super) fn channel(&self, team: &TeamId, kind: &str, channel: &ChannelId) -> String {
        self.of(team, &format!("{kind}:{channel}"))
    }

    /// The hash that holds the incident of a message, as `bucket_of` in the scripts.
    pub(super) fn bucket(&self, team: &TeamId, channel: &ChannelId, ts: &MessageTs) -> String {
        let digits = ts.as_str().bytes().take_while(u8::is_ascii_digit).count();
        let bucket = ts.as_str().get(..digits.saturating_sub(4)).unwrap_or_default();
        self.of(team, &format!("m:{channel}:{bucket}"))
    }

    /// A key of no workspace. An asterisk is in no workspace's tag.
    pub(super) fn shared(&self, name: &str) -> String {
        format!("{}:{{*}}:{name}", self.prefix)
    }
}

/// An id as a hash tag: neither empty nor with a brace in it, which would scatter the keys over the slots.
fn tag(id: &str) -> String {
    let mut tag = String::with_capacity(id.len() + 1);
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() {
            tag.push(char::from(byte));
        } else {
            tag.push_str(&format!("_{byte:02x}"));
        }
    }
    if tag.is_empty() { "_".to_owned() } else { tag }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_workspace_has_its_tag_and_no_other() {
        let keys = Keys::new("pagerslack");
        let strange = ["T1", "", "}", "{}", "*", "T_1", "T1}:{T2", "ü"];
        let bases: std::collections::BTreeSet<String> =
            strange.iter().map(|id| keys.base(&TeamId::new(id))).collect();
        assert_eq!(bases.len(), strange.len(), "no two share a key");
        for base in bases {
            let (_, tag) = base.split_once('{').unwrap();
            let (tag, rest) = tag.split_once('}').unwrap();
            assert!(!tag.is_empty() && rest == ":" && tag != "*", "{base}");
        }
        let base = keys.base(&"T1".into());
        assert_eq!(base, "pagerslack:{T1}:");
        assert_eq!(keys.incident(&"T1".into(), &"abc".into()), "pagerslack:{T1}:i:abc");
    }

    #[test]
    fn messages_of_ten_thousand_seconds_share_a_bucket() {
        let keys = Keys::new("p");
        let bucket = |ts: &str| keys.bucket(&"T1".into(), &"C1".into(), &ts.into());
        assert_eq!(bucket("1790001234.123456"), "p:{T1}:m:C1:179000");
        assert_eq!(bucket("1790009999.000001"), bucket("1790000000.1"));
        assert_eq!([bucket("12.5"), bucket("x"), bucket("")], ["p:{T1}:m:C1:"; 3].map(str::to_owned));
    }
}
