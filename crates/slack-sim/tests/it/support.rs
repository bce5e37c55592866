//! A small team, a clock, and a caller of the Web API.

use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use slack_sim::{Answer, World};

pub(crate) const CHANNEL: &str = "C1";

/// Ten o'clock on a Wednesday morning, UTC.
pub(crate) fn start() -> Timestamp {
    "2026-11-04T10:00:00Z".parse().unwrap()
}

pub(crate) fn seconds(seconds: i64) -> Timestamp {
    start() + jiff::SignedDuration::from_secs(seconds)
}

/// Ana, Ben and Chloe in a channel with the bot; Dan elsewhere.
pub(crate) fn team() -> World {
    World::builder()
        .command("/page", "[what]")
        .channel("C2", "random")
        .without_bot()
        .person("U4", "dan", "Asia/Tokyo")
        .private_channel("C3", "secret")
        .without_bot()
        .channel(CHANNEL, "dev")
        .person("U1", "ana", "Europe/Lisbon")
        .person("U2", "ben", "America/New_York")
        .person("U3", "chloe", "Asia/Singapore")
        .group("S1", "leads", &["U1", "U2"])
        .app(|app| {
            for scope in ["channels:join", "team:read", "users:read.email", "im:read"] {
                app.scopes.insert(scope.into());
            }
        })
        .build()
}

pub(crate) fn form(world: &World, method: &str, args: &Value) -> Request<Bytes> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in args.as_object().unwrap() {
        form.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let token = if method.starts_with("apps.") { &world.app().app_token } else { &world.app().bot_token };
    Request::post(format!("/api/{method}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", format!("Bearer {token}"))
        .body(form.finish().into())
        .unwrap()
}

pub(crate) fn ask(world: &mut World, now: Timestamp, method: &str, args: &Value) -> Answer {
    let request = form(world, method, args);
    world.http(now, request)
}

/// Calls a method; gives status and body.
pub(crate) fn call_full(
    world: &mut World,
    now: Timestamp,
    method: &str,
    args: &Value,
) -> (StatusCode, Value) {
    let response = ask(world, now, method, args).response().unwrap();
    (response.status(), serde_json::from_slice(response.body()).unwrap())
}

pub(crate) fn call(world: &mut World, now: Timestamp, method: &str, args: &Value) -> Value {
    call_full(world, now, method, args).1
}

/// The error of a call that must fail.
pub(crate) fn error(world: &mut World, method: &str, args: &Value) -> String {
    let body = call(world, start(), method, args);
    assert_eq!(body["ok"], false, "{method} {args} should fail");
    body["error"].as_str().unwrap().to_owned()
}

/// Posts as the bot; gives the `ts`.
pub(crate) fn say(world: &mut World, now: Timestamp, text: &str) -> String {
    let posted = call(world, now, "chat.postMessage", &json!({"channel": CHANNEL, "text": text}));
    assert_eq!(posted["ok"], true, "{posted}");
    posted["ts"].as_str().unwrap().to_owned()
}

/// A message with one button.
pub(crate) fn with_button() -> Value {
    json!([{"type": "section", "text": {"type": "mrkdwn", "text": "Will you?"}},
        {"type": "actions", "elements": [{"type": "button", "action_id": "take", "value": "7",
            "text": {"type": "plain_text", "text": "Take it"}}]}])
}
