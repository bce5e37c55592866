//! What several of Slack's payloads have in common, as it comes.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lenient::Word;

/// A person, a workspace, a channel or an organisation by its id. Anything but an object is none.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Named<'a> {
    Object {
        #[serde(borrow, default)]
        id: Word<'a>,
        #[serde(borrow, default)]
        team_id: Word<'a>,
    },
    Other(serde::de::IgnoredAny),
}

impl Named<'_> {
    fn id(&self) -> Option<&str> {
        match self {
            Self::Object { id, .. } => id.get(),
            Self::Other(_) => None,
        }
    }

    fn team(&self) -> Option<&str> {
        match self {
            Self::Object { team_id, .. } => team_id.get(),
            Self::Other(_) => None,
        }
    }
}

/// Whose id it is, if anybody's.
pub(super) fn id<'w>(named: &'w Option<Named<'_>>) -> Option<&'w str> {
    named.as_ref().and_then(Named::id)
}

/// Of which workspace somebody is.
pub(super) fn team_of<'w>(named: &'w Option<Named<'_>>) -> Option<&'w str> {
    named.as_ref().and_then(Named::team)
}

/// The installation on whose behalf an event comes; there is at most one.
#[derive(Deserialize)]
pub(super) struct Authorization<'a> {
    #[serde(borrow, default)]
    pub(super) team_id: Word<'a>,
    #[serde(borrow, default)]
    pub(super) enterprise_id: Word<'a>,
    #[serde(default)]
    pub(super) is_enterprise_install: Flag,
}

/// `true`, which a command writes as text. Anything else is not.
#[derive(Default)]
pub(super) struct Flag(pub(super) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(matches!(raw.get(), "true" | "\"true\"")))
    }
}
