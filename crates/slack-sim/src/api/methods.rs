//! The table of methods: rate tier, scopes, and who may call.

use jiff::Timestamp;

use super::{Args, Reply};
use crate::limits::Tier;
use crate::world::World;

/// What a caller identifies itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// `xoxb-…`
    Bot,
    /// `xapp-…`
    App,
    /// Client id and secret, among the arguments.
    Client,
}

/// What is known of a method before it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    pub(crate) tier: Tier,
    pub(crate) auth: Auth,
    /// Accepts a JSON body.
    pub(crate) json: bool,
    /// One of these is enough to call.
    pub(crate) scopes: &'static [&'static str],
}

/// Errors that any method may answer with, beside its own documented ones.
pub const COMMON_ERRORS: &[&str] = &[
    "access_denied",
    "account_inactive",
    "fatal_error",
    "internal_error",
    "invalid_arguments",
    "invalid_auth",
    "invalid_json",
    "invalid_post_type",
    "missing_post_type",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "ratelimited",
    "service_unavailable",
    "token_expired",
    "token_revoked",
    "unknown_method",
];

const READ: &[&str] = &["channels:read", "groups:read", "im:read", "mpim:read"];
const HISTORY: &[&str] = &["channels:history", "groups:history", "im:history", "mpim:history"];

pub(crate) fn spec(method: &str) -> Option<Spec> {
    use Tier::{Special, T2, T3, T4};
    let (tier, json, scopes): (_, _, &'static [&'static str]) = match method {
        "apps.connections.open" => (T3, true, &[]),
        "auth.test" => (Special, true, &[]),
        "bots.info" => (T3, false, &["users:read"]),
        "chat.getPermalink" => (Special, false, &[]),
        "chat.postEphemeral" => (T4, true, &["chat:write"]),
        "chat.postMessage" => (Special, true, &["chat:write"]),
        "chat.update" => (T3, true, &["chat:write"]),
        "conversations.history" => (T3, true, HISTORY),
        "conversations.info" => (T3, false, READ),
        "conversations.join" => (T3, true, &["channels:join"]),
        "conversations.members" => (T4, false, READ),
        "conversations.open" => (T3, true, &["im:write"]),
        "conversations.replies" => (T3, false, HISTORY),
        "dnd.info" => (T3, false, &["dnd:read"]),
        "dnd.teamInfo" => (T2, false, &["dnd:read"]),
        "oauth.v2.access" => (Special, false, &[]),
        "openid.connect.token" => (T4, false, &[]),
        "openid.connect.userInfo" => (T3, false, &[]),
        "reactions.add" => (T3, true, &["reactions:write"]),
        "reactions.get" => (T3, false, &["reactions:read"]),
        "team.info" => (T3, true, &["team:read"]),
        "usergroups.list" | "usergroups.users.list" => (T2, false, &["usergroups:read"]),
        "users.conversations" => (T3, false, READ),
        "users.getPresence" => (T3, false, &["users:read"]),
        "users.info" => (T4, false, &["users:read"]),
        "users.list" => (T2, false, &["users:read"]),
        "users.lookupByEmail" => (T3, false, &["users:read.email"]),
        "views.open" | "views.publish" => (T4, true, &[]),
        _ => return None,
    };
    let auth = match method {
        "apps.connections.open" => Auth::App,
        // A person's own token is looked at by the method.
        "oauth.v2.access" | "openid.connect.token" | "openid.connect.userInfo" => Auth::Client,
        _ => Auth::Bot,
    };
    Some(Spec { tier, auth, json, scopes })
}

pub(crate) fn dispatch(world: &mut World, now: Timestamp, method: &str, args: &Args) -> Reply {
    match method {
        "apps.connections.open" => Ok(world.open_connection()),
        "auth.test" => Ok(world.auth_test()),
        "bots.info" => world.bots_info(args),
        "chat.getPermalink" => world.permalink(args),
        "chat.postEphemeral" => world.post_ephemeral(now, args),
        "chat.postMessage" => world.post_message(now, args),
        "chat.update" => world.update_message(now, args),
        "conversations.history" => world.history(now, args),
        "conversations.info" => world.channel_info(args),
        "conversations.join" => world.join_channel(now, args),
        "conversations.members" => world.channel_members(args),
        "conversations.open" => world.open_conversation(now, args),
        "conversations.replies" => world.replies(now, args),
        "dnd.info" => world.dnd_info(now, args),
        "dnd.teamInfo" => world.dnd_team_info(now, args),
        "oauth.v2.access" => world.oauth_access(now, args),
        "openid.connect.token" => world.openid_token(now, args),
        "openid.connect.userInfo" => world.openid_user_info(args),
        "reactions.add" => world.add_reaction(now, args),
        "reactions.get" => world.get_reactions(args),
        "team.info" => Ok(world.team_info()),
        "usergroups.list" => Ok(world.usergroups()),
        "usergroups.users.list" => world.usergroup_users(args),
        "users.conversations" => world.conversations_of(args),
        "users.getPresence" => world.get_presence(now, args),
        "users.info" => world.user_info(now, args),
        "users.list" => world.user_list(now, args),
        "users.lookupByEmail" => world.user_by_email(now, args),
        "views.open" => world.open_view(now, args),
        "views.publish" => world.publish_view(now, args),
        _ => Err("unknown_method".into()),
    }
}
