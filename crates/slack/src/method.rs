//! The Web API methods we call, as a closed table: name, its rate tier, and whether asking
//! twice does harm.
//!
//! Invariant: no other method is ever called. Sources: the method pages of docs.slack.dev/reference/methods,
//! and docs.slack.dev/apis/web-api/rate-limits for the tiers.

use std::fmt;
use std::time::Duration;

/// A Web API method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // Each is named as Slack names it; see `name`.
pub enum Method {
    AppsConnectionsOpen,
    AuthTest,
    ChatGetPermalink,
    ChatPostEphemeral,
    ChatPostMessage,
    ChatUpdate,
    ConversationsHistory,
    ConversationsInfo,
    ConversationsMembers,
    ConversationsOpen,
    ConversationsReplies,
    DndTeamInfo,
    OauthV2Access,
    OpenidConnectToken,
    OpenidConnectUserInfo,
    ReactionsGet,
    UsergroupsUsersList,
    UsersConversations,
    UsersGetPresence,
    UsersInfo,
    UsersList,
    UsersLookupByEmail,
    ViewsOpen,
    ViewsPublish,
}

/// What a second, identical call would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing more than the first: it may simply be asked again.
    Repeatable,
    /// Something people see: whether the first one happened has to be found out.
    Once,
}

/// The time a write may take. Longer than a read: giving up on a write leaves us not knowing.
const WRITE_TIMEOUT: Duration = Duration::from_secs(8);
/// The time a read may take.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

impl Method {
    /// Every method there is.
    pub const ALL: [Self; 24] = [
        Self::AppsConnectionsOpen,
        Self::AuthTest,
        Self::ChatGetPermalink,
        Self::ChatPostEphemeral,
        Self::ChatPostMessage,
        Self::ChatUpdate,
        Self::ConversationsHistory,
        Self::ConversationsInfo,
        Self::ConversationsMembers,
        Self::ConversationsOpen,
        Self::ConversationsReplies,
        Self::DndTeamInfo,
        Self::OauthV2Access,
        Self::OpenidConnectToken,
        Self::OpenidConnectUserInfo,
        Self::ReactionsGet,
        Self::UsergroupsUsersList,
        Self::UsersConversations,
        Self::UsersGetPresence,
        Self::UsersInfo,
        Self::UsersList,
        Self::UsersLookupByEmail,
        Self::ViewsOpen,
        Self::ViewsPublish,
    ];

    /// The name in the address, such as `chat.postMessage`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AppsConnectionsOpen => "apps.connections.open",
            Self::AuthTest => "auth.test",
            Self::ChatGetPermalink => "chat.getPermalink",
            Self::ChatPostEphemeral => "chat.postEphemeral",
            Self::ChatPostMessage => "chat.postMessage",
            Self::ChatUpdate => "chat.update",
            Self::ConversationsHistory => "conversations.history",
            Self::ConversationsInfo => "conversations.info",
            Self::ConversationsMembers => "conversations.members",
            Self::ConversationsOpen => "conversations.open",
            Self::ConversationsReplies => "conversations.replies",
            Self::DndTeamInfo => "dnd.teamInfo",
            Self::OauthV2Access => "oauth.v2.access",
            Self::OpenidConnectToken => "openid.connect.token",
            Self::OpenidConnectUserInfo => "openid.connect.userInfo",
            Self::ReactionsGet => "reactions.get",
            Self::UsergroupsUsersList => "usergroups.users.list",
            Self::UsersConversations => "users.conversations",
            Self::UsersGetPresence => "users.getPresence",
            Self::UsersInfo => "users.info",
            Self::UsersList => "users.list",
            Self::UsersLookupByEmail => "users.lookupByEmail",
            Self::ViewsOpen => "views.open",
            Self::ViewsPublish => "views.publish",
        }
    }

    /// How many calls one workspace may get in any 60 seconds.
    ///
    /// Tiers 1 to 4 are 1, 20, 50 and 100. For the "special" ones Slack publishes no number, except "several
    /// hundred a minute" for chat.postMessage in a workspace; ours are on the careful side of that.
    pub fn per_minute(self) -> usize {
        match self {
            Self::DndTeamInfo | Self::UsergroupsUsersList | Self::UsersList => 20,
            Self::AppsConnectionsOpen
            | Self::ChatUpdate
            | Self::ConversationsHistory
            | Self::ConversationsInfo
            | Self::ConversationsOpen
            | Self::ConversationsReplies
            | Self::OpenidConnectUserInfo
            | Self::ReactionsGet
            | Self::UsersConversations
            | Self::UsersGetPresence
            | Self::UsersLookupByEmail => 50,
            Self::ChatPostEphemeral
            | Self::ConversationsMembers
            | Self::OpenidConnectToken
            | Self::UsersInfo
            | Self::ViewsOpen
            | Self::ViewsPublish => 100,
            Self::AuthTest | Self::ChatGetPermalink | Self::OauthV2Access => 200,
            Self::ChatPostMessage => 250,
        }
    }

    pub(crate) fn effect(self) -> Effect {
        match self {
            // A code is used up by the first exchange, a trigger by the first dialog.
            Self::ChatPostEphemeral
            | Self::ChatPostMessage
            | Self::ChatUpdate
            | Self::OauthV2Access
            | Self::OpenidConnectToken
            | Self::ViewsOpen => Effect::Once,
            _ => Effect::Repeatable,
        }
    }

    pub(crate) fn timeout(self) -> Duration {
        match self.effect() {
            Effect::Once => WRITE_TIMEOUT,
            Effect::Repeatable => READ_TIMEOUT,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
