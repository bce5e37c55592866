//! The app as Slack has to know it: scopes, events and addresses, as an app manifest.
//!
//! Invariant: exactly the scopes and events that the code uses, each with its reason; adding one means that
//! every installation has to be asked again. Source: docs.slack.dev/reference/app-manifest, schema 2.0.0.

use serde_json::{Value, json};
use url::Url;

/// The bot's scopes, each with what it is for.
pub const SCOPES: &[(&str, &str)] = &[
    ("commands", "take /devoncall"),
    ("chat:write", "page people and answer them"),
    ("users:read.email", "find engineering managers by their e-mail address"),
    ("users:read", "know people's names, time zones and whether they are there"),
    ("dnd:read", "leave people alone who do not want to be disturbed"),
    ("reactions:read", "see the 👀 that acknowledges a page"),
    ("channels:read", "know who is in a public channel"),
    ("groups:read", "know who is in a private channel"),
    ("channels:history", "find out whether a page went out when Slack did not say"),
    ("groups:history", "the same in private channels"),
    ("im:history", "read what people write to the bot"),
    ("im:write", "write to people directly"),
    ("usergroups:read", "know who is in a user group named in the roster"),
];

/// The events the bot is told of.
pub const BOT_EVENTS: &[&str] = &[
    "reaction_added",
    "message.im",
    "member_joined_channel",
    "member_left_channel",
    "team_join",
    "user_change",
    "dnd_updated_user",
    "subteam_members_changed",
    "app_home_opened",
    "channel_id_changed",
    "app_uninstalled",
    "tokens_revoked",
];

/// Where Slack sends a browser back to after somebody signed in to the dashboard.
pub const SIGN_IN_CALLBACK: &str = "/sign-in/callback";

/// Slack's limit on an app's name, in characters.
const NAME_LIMIT: usize = 35;

/// The manifest of an app called `name`.
///
/// `base_url` is where PagerSlack answers from outside. Over Socket Mode it is needed for installing by OAuth
/// only; over HTTP, without it, the addresses are left out and must be filled in by hand.
pub fn manifest(name: &str, base_url: Option<&Url>, socket_mode: bool) -> Value {
    let name: String = name.chars().take(NAME_LIMIT).collect();
    let address = |path: &str| base_url.map(|base| format!("{}{path}", base.as_str().trim_end_matches('/')));
    let request = |path: &str| if socket_mode { None } else { address(path) };
    let mut command = json!({
        "command": "/devoncall",
        "description": "Page an available engineer of this channel",
        "usage_hint": "https://incident.url | top | position | why | status",
        "should_escape": true,
    });
    put(&mut command, "url", request("/slack/commands"));
    let mut subscriptions = json!({ "bot_events": BOT_EVENTS });
    put(&mut subscriptions, "request_url", request("/slack/events"));
    let mut interactivity = json!({ "is_enabled": true });
    put(&mut interactivity, "request_url", request("/slack/interactions"));
    let scopes: Vec<&str> = SCOPES.iter().map(|(scope, _)| *scope).collect();
    let mut oauth = json!({ "scopes": { "bot": scopes } });
    let back = ["/slack/oauth/callback", SIGN_IN_CALLBACK].map(address);
    if let Some(back) = back.into_iter().collect::<Option<Vec<String>>>() {
        // Signing in to the dashboard asks people for nothing but who they are, by scopes that no app has to ask for.
        oauth["redirect_urls"] = json!(back);
    }
    json!({
        "_metadata": { "major_version": 1 },
        "display_information": {
            "name": name,
            "description": "Pages an online engineer of a channel",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": true,
                "messages_tab_enabled": true,
                "messages_tab_read_only_enabled": false,
            },
            "bot_user": { "display_name": "pagerslack", "always_online": true },
            "slash_commands": [command],
        },
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": subscriptions,
            "interactivity": interactivity,
            "org_deploy_enabled": false,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": false,
        },
    })
}

fn put(object: &mut Value, key: &str, value: Option<String>) {
    if let Some(value) = value {
        object[key] = Value::String(value);
    }
}
