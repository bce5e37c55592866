//! Every example that Slack publishes, through the doors of the product: events as HTTP and as Socket Mode bring them,
//! answers through the client's own method. What is read from each stands in a snapshot.
//!
//! The folders are listed, and every file in them is claimed by a table here: a new file fails until somebody says
//! what is to become of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use pagerslack_slack::frame::{self, Frame};
use pagerslack_slack::inbound::parse;
use pagerslack_slack::{BOT_EVENTS, CallError, Cause, Inbound, Method, RefusalKind};
use serde_json::{Value, json};

use crate::documented::{description, everything};
use crate::fake::{Fake, fixtures, ok, read_json};
use crate::inbound::{name, wrapped};

/// The names of a folder's files, without `.json`.
fn files(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .map(|file| file.strip_suffix(".json").unwrap_or_else(|| panic!("{file} is no JSON")).to_owned())
        .collect()
}

/// What becomes of each event, and an example where Slack publishes none: the fields that its page names.
fn events() -> BTreeMap<&'static str, (&'static str, Option<Value>)> {
    let teams = json!(["T1", "T2"]);
    let own = |event: Value| Some(event);
    BTreeMap::from([
        (
            "app_home_opened",
            (
                "HomeOpened",
                own(json!({ "user": "U1", "channel": "D1", "event_ts": "1515449522000016", "tab": "home",
                    "view": { "id": "V1", "team_id": "T1", "type": "home" } })),
            ),
        ),
        ("app_rate_limited", ("RateLimited", own(json!({ "minute_rate_limited": 1_518_467_820 })))),
        ("app_uninstalled", ("AppUninstalled", own(json!({})))),
        (
            "channel_id_changed",
            (
                "ChannelIdChanged",
                own(
                    json!({ "old_channel_id": "G1", "new_channel_id": "C1", "event_ts": "1612206778.000000" }),
                ),
            ),
        ),
        // A channel's name is asked for when it is needed.
        ("channel_rename", ("Ignored", None)),
        ("dnd_updated_user", ("DndChanged", None)),
        ("member_joined_channel", ("MemberJoined", None)),
        ("member_left_channel", ("MemberLeft", None)),
        (
            "message.im",
            (
                "DirectMessage",
                own(json!({ "channel": "D1", "user": "U1", "text": "Hello hello can you hear me?",
                    "ts": "1355517523.000005", "event_ts": "1355517523.000005", "channel_type": "im" })),
            ),
        ),
        ("reaction_added", ("ReactionAdded", None)),
        ("reaction_removed", ("ReactionRemoved", None)),
        (
            "subteam_members_changed",
            (
                "UserGroupChanged",
                own(json!({ "subteam_id": "S1", "team_id": "T1", "date_previous_update": 1_446_670_362,
                    "date_update": 1_492_906_952, "added_users": ["U1"], "added_users_count": "1",
                    "removed_users": [], "removed_users_count": "0" })),
            ),
        ),
        // Of apps that a whole organisation installs.
        ("team_access_granted", ("Ignored", own(json!({ "team_ids": teams })))),
        ("team_access_revoked", ("Ignored", own(json!({ "team_ids": teams })))),
        // The user of the published example is empty: nobody joined whom we could remember.
        ("team_join", ("Ignored", None)),
        ("tokens_revoked", ("TokensRevoked", own(json!({ "tokens": { "oauth": ["U1"], "bot": ["U2"] } })))),
        ("user_change", ("UserChanged", None)),
    ])
}

/// The body in which an event comes: an example may be the whole of it, or what stands inside.
fn body(file: &str, example: &Value) -> Value {
    if example["type"] == "event_callback" {
        return example.clone();
    }
    let mut event = example.clone();
    event["type"] = json!(if file == "message.im" { "message" } else { file });
    if file != "app_rate_limited" {
        return wrapped(&event);
    }
    // The one that has nothing inside.
    event["team_id"] = json!("T1");
    event["api_app_id"] = json!("A1");
    event
}

fn over_socket_mode(body: &Value) -> Inbound {
    let frame = json!({ "envelope_id": "e1", "type": "events_api", "accepts_response_payload": false,
        "retry_attempt": 0, "retry_reason": "", "payload": body });
    match frame::parse(&frame.to_string()) {
        Frame::Envelope(envelope) => envelope.inbound,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_event_is_read_over_http_and_over_socket_mode() {
    let Some(folder) = fixtures("events") else { return };
    let expected = events();
    let claimed: BTreeSet<String> = expected.keys().map(|&file| file.to_owned()).collect();
    assert_eq!(files(&folder), claimed, "each file has a line in `events`, and each line a file");
    let mut read = String::new();
    for (file, (variant, own)) in expected {
        let published = read_json(folder.join(format!("{file}.json"))).get("example").cloned();
        assert!(published.is_none() || own.is_none(), "{file} has an example now: use it");
        let body = body(file, &published.or(own).unwrap());
        let inbound = parse("application/json; charset=utf-8", body.to_string().as_bytes());
        assert_eq!(name(&inbound), variant, "{file}: {inbound:?}");
        assert_eq!(over_socket_mode(&body), inbound, "{file}");
        writeln!(read, "{file}: {inbound:?}").unwrap();
    }
    insta::assert_snapshot!(read);
}

/// What we ask Slack to tell us is described, and read as something.
#[test]
fn every_event_we_subscribe_to_has_an_expectation() {
    let expected = events();
    for event in BOT_EVENTS {
        let (variant, _) = &expected[event];
        assert!(*variant != "Ignored" || *event == "team_join", "{event} is subscribed to and ignored");
    }
}

/// The methods of the folder that the bot never calls: the fake Slack answers them, or somebody may need them.
const NOT_CALLED: [&str; 8] = [
    "apps.event.authorizations.list",
    "apps.manifest.validate",
    "auth.teams.list",
    "bots.info",
    "conversations.join",
    "dnd.info",
    "reactions.add",
    "team.info",
];

/// What comes of a method that answers with an example, of which the second page is the last.
async fn outcome(method: Method, example: &Value) -> Result<String, CallError> {
    let (wanted, example) = (method.name(), example.clone());
    let slack = Fake::new(move |asked| {
        let mut answer = example.clone();
        if asked.arguments.contains_key("cursor")
            && asked.method != "users.list"
            && let Some(next) = answer.pointer_mut("/response_metadata/next_cursor")
        {
            *next = json!("");
        }
        if asked.method == wanted { ok(answer) } else { ok(json!({ "ok": false, "error": "not_this_one" })) }
    });
    everything(&slack.client()).await.remove(wanted).unwrap()
}

#[tokio::test]
async fn every_example_of_an_answer_is_understood() {
    let Some(folder) = fixtures("methods") else { return };
    let called = Method::ALL.iter().map(|method| method.name());
    let claimed: BTreeSet<String> = called.chain(NOT_CALLED).map(str::to_owned).collect();
    assert_eq!(files(&folder), claimed, "each file is of a method that is called, or stands in NOT_CALLED");
    let mut read = String::new();
    for method in Method::ALL {
        let description = description(&folder, method.name());
        let examples = description["examples"].as_object().unwrap();
        assert!(examples.contains_key("success"), "{method}");
        for (title, example) in examples {
            let example = &example["example"];
            let outcome = outcome(method, example).await;
            match (title.starts_with("success"), &outcome) {
                (true, Ok(understood)) => writeln!(read, "{method}, {title}: {understood}").unwrap(),
                (false, Err(error)) => {
                    let code = error.refusal().map(|refusal| refusal.code.as_str());
                    let kind = error.refusal().map(|refusal| refusal.kind());
                    assert_eq!(code, example["error"].as_str(), "{method}, {title}");
                    writeln!(read, "{method}, {title}: {code:?} is {kind:?}").unwrap();
                }
                _ => panic!("{method}, {title}: {outcome:?} of {example}"),
            }
        }
    }
    insta::assert_snapshot!(read);
}

/// Slack says of these that they may have happened, or we cannot tell.
const DOUBTFUL: [&str; 3] = ["fatal_error", "internal_error", "update_failed"];
/// Of these that asking later helps.
const LATER: [&str; 7] = [
    "fetch_members_failed",
    "org_login_required",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
];

/// Every error that a method documents, in that method: refused under its own name, but for the few that are no
/// refusals.
#[tokio::test]
async fn every_documented_error_is_told_apart() {
    let Some(folder) = fixtures("methods") else { return };
    let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for method in Method::ALL {
        let writes = matches!(
            method,
            Method::ChatPostEphemeral
                | Method::ChatPostMessage
                | Method::ChatUpdate
                | Method::OauthV2Access
                | Method::OpenidConnectToken
                | Method::ViewsOpen
        );
        let described = description(&folder, method.name());
        for code in described["errors"].as_object().into_iter().flat_map(|errors| errors.keys()) {
            let error = outcome(method, &json!({ "ok": false, "error": code })).await.unwrap_err();
            match error {
                CallError::Unknown { why: Cause::Trouble { .. } } => {
                    assert!(writes && DOUBTFUL.contains(&&**code), "{method} {code}");
                }
                CallError::NotDone { .. } => {
                    let read_again = !writes && DOUBTFUL.contains(&&**code);
                    assert!(read_again || LATER.contains(&&**code), "{method} {code}");
                }
                CallError::Refused(refusal) => {
                    let no_refusal = DOUBTFUL.contains(&&**code) || LATER.contains(&&**code);
                    assert!(refusal.code == *code && !no_refusal, "{method} {code}: {refusal}");
                    if refusal.kind() != RefusalKind::Other {
                        kinds.entry(format!("{:?}", refusal.kind())).or_default().insert(refusal.code);
                    }
                }
                CallError::Unknown { why } => panic!("{method} {code}: {why}"),
            }
        }
    }
    insta::assert_debug_snapshot!(kinds);
}
