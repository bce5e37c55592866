//! Errors, scopes, tokens and rate limits.

use serde_json::json;
use slack_sim::{RateLimits, World};

use crate::support::{CHANNEL, ask, call, call_full, error, form, say, seconds, start, team, with_button};

#[test]
fn tokens_are_checked() {
    let mut world = team();
    let mut bare = form(&world, "auth.test", &json!({}));
    bare.headers_mut().remove("authorization");
    let body = |world: &mut World, request| world.http(start(), request).response().unwrap().into_body();
    assert!(body(&mut world, bare).ends_with(br#"{"ok":false,"error":"not_authed"}"#));
    let mut wrong = form(&world, "auth.test", &json!({}));
    wrong.headers_mut().insert("authorization", "Bearer xoxb-else".parse().unwrap());
    assert!(body(&mut world, wrong).ends_with(br#"{"ok":false,"error":"invalid_auth"}"#));
    world.revoke_tokens(start());
    assert_eq!(error(&mut world, "auth.test", &json!({})), "token_revoked");
    world.restore_tokens();
    assert_eq!(call(&mut world, start(), "auth.test", &json!({}))["user_id"], "UBOT");
    assert_eq!(error(&mut world, "no.such", &json!({})), "unknown_method");
}

#[test]
fn a_missing_scope_is_named() {
    let mut world = team();
    world.app_mut().scopes.remove("dnd:read");
    let body = call(&mut world, start(), "dnd.info", &json!({"user": "U1"}));
    assert_eq!((&body["error"], &body["needed"]), (&json!("missing_scope"), &json!("dnd:read")));
    assert!(body["provided"].as_str().unwrap().contains("chat:write"));
    world.app_mut().scopes.remove("channels:read");
    let body = call(&mut world, start(), "conversations.members", &json!({"channel": CHANNEL}));
    assert_eq!(body["needed"], "channels:read");
}

#[test]
fn the_bot_writes_only_where_it_is() {
    let mut world = team();
    let post = |channel: &str| json!({"channel": channel, "text": "hello"});
    assert_eq!(error(&mut world, "chat.postMessage", &post("C2")), "not_in_channel");
    assert_eq!(error(&mut world, "chat.postMessage", &post("C3")), "channel_not_found");
    assert_eq!(error(&mut world, "chat.postMessage", &post("C9")), "channel_not_found");
    assert_eq!(error(&mut world, "conversations.history", &post("C2")), "not_in_channel");
    world.archive(CHANNEL).unwrap();
    assert_eq!(error(&mut world, "chat.postMessage", &post(CHANNEL)), "is_archived");
}

#[test]
fn messages_are_checked() {
    let mut world = team();
    let post = |extra: serde_json::Value| {
        let mut all = json!({"channel": CHANNEL});
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        all
    };
    let cases = [
        (post(json!({})), "no_text"),
        (post(json!({"text": "x", "blocks": "{"})), "invalid_blocks_format"),
        (post(json!({"text": "x", "blocks": [{"no": "type"}]})), "invalid_blocks"),
        (post(json!({"text": "x", "metadata": "x"})), "invalid_metadata_format"),
        (post(json!({"text": "x", "metadata": {"event_type": 1}})), "invalid_metadata_schema"),
        (post(json!({"text": "x", "thread_ts": "1.000000"})), "cannot_reply_to_message"),
    ];
    for (args, expected) in cases {
        assert_eq!(error(&mut world, "chat.postMessage", &args), expected, "{args}");
    }
    assert!(world.messages(CHANNEL).is_empty());
}

#[test]
fn other_errors_have_their_documented_names() {
    let mut world = team();
    let ts = say(&mut world, start(), "look");
    let theirs = world.post(start(), "U1", CHANNEL, "mine", None).unwrap();
    call(&mut world, start(), "reactions.add", &json!({"channel": CHANNEL, "timestamp": ts, "name": "eyes"}));
    let many = vec!["U1"; 51].join(",");
    let long = "x".repeat(4001);
    let cases = [
        ("reactions.add", json!({"channel": CHANNEL, "timestamp": ts, "name": "eyes"}), "already_reacted"),
        (
            "reactions.add",
            json!({"channel": CHANNEL, "timestamp": "1.0", "name": "eyes"}),
            "message_not_found",
        ),
        ("reactions.get", json!({"channel": CHANNEL}), "no_item_specified"),
        ("chat.update", json!({"channel": CHANNEL, "ts": "1.0", "text": "x"}), "message_not_found"),
        ("chat.update", json!({"channel": CHANNEL, "ts": theirs, "text": "x"}), "cant_update_message"),
        ("chat.update", json!({"channel": CHANNEL, "ts": ts, "text": long}), "msg_too_long"),
        ("chat.postEphemeral", json!({"channel": CHANNEL, "user": "U4", "text": "x"}), "user_not_in_channel"),
        ("chat.getPermalink", json!({"channel": CHANNEL, "message_ts": "1.0"}), "message_not_found"),
        ("conversations.replies", json!({"channel": CHANNEL, "ts": "1.0"}), "thread_not_found"),
        ("conversations.members", json!({"channel": CHANNEL, "cursor": "x"}), "invalid_cursor"),
        ("conversations.join", json!({"channel": "C3"}), "channel_not_found"),
        ("conversations.open", json!({"users": "U999"}), "user_not_found"),
        ("users.list", json!({}), "limit_required"),
        ("users.info", json!({"user": "U999"}), "user_not_found"),
        ("users.lookupByEmail", json!({"email": "no@example.com"}), "users_not_found"),
        ("usergroups.users.list", json!({"usergroup": "S9"}), "no_such_subteam"),
        ("dnd.teamInfo", json!({"users": ""}), "no_users_provided"),
        ("dnd.teamInfo", json!({"users": many}), "invalid_arguments"),
        ("views.open", json!({"trigger_id": "x", "view": "{}"}), "invalid_trigger_id"),
        ("oauth.v2.access", json!({"code": "x"}), "invalid_code"),
        ("bots.info", json!({"bot": "B9"}), "bot_not_found"),
    ];
    for (method, args, expected) in cases {
        assert_eq!(error(&mut world, method, &args), expected, "{method} {args}");
    }
}

#[test]
fn a_json_body_means_nothing_to_methods_that_take_forms() {
    let mut world = team();
    let mut json = |method: &str, body: serde_json::Value| {
        let mut request = form(&world, method, &json!({}));
        request.headers_mut().insert("content-type", "application/json; charset=utf-8".parse().unwrap());
        *request.body_mut() = body.to_string().into();
        let response = world.http(start(), request).response().unwrap();
        serde_json::from_slice::<serde_json::Value>(response.body()).unwrap()
    };
    assert_eq!(json("users.info", json!({"user": "U1"}))["error"], "user_not_found");
    let post = json!({"channel": CHANNEL, "text": "x", "blocks": with_button()});
    assert_eq!(json("chat.postMessage", post)["ok"], true);
}

#[test]
fn beyond_the_tier_there_is_429_with_whole_seconds() {
    let mut world = team();
    for _ in 0..20 {
        assert_eq!(call(&mut world, start(), "users.list", &json!({"limit": 1}))["ok"], true);
    }
    let refused = ask(&mut world, seconds(15), "users.list", &json!({"limit": 1})).response().unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "45"));
    assert_eq!(&refused.body()[..], br#"{"ok":false,"error":"ratelimited"}"#);
    assert_eq!(call(&mut world, seconds(60), "users.list", &json!({"limit": 1}))["ok"], true);
    world.set_rate_limits(RateLimits::Off);
    for _ in 0..50 {
        assert_eq!(call_full(&mut world, seconds(60), "users.list", &json!({"limit": 1})).0.as_u16(), 200);
    }
}

#[test]
fn a_channel_takes_a_burst_of_posts_and_then_one_a_second() {
    let mut world = team();
    for _ in 0..10 {
        say(&mut world, start(), "x");
    }
    let post = json!({"channel": CHANNEL, "text": "x"});
    assert_eq!(call_full(&mut world, start(), "chat.postMessage", &post).0.as_u16(), 429);
    assert_eq!(world.messages(CHANNEL).len(), 10);
    assert_eq!(call_full(&mut world, seconds(1), "chat.postMessage", &post).0.as_u16(), 200);
}
