//! Every call we make, against Slack's published description of the method: the arguments exist, the required
//! ones are there, JSON goes only where it is taken, the example answer is understood, and no documented error
//! is taken for success.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use pagerslack_core::ids::{MessageRef, TeamId};
use pagerslack_slack::{
    AppCredentials, Body, CallError, Caller, Client, Exchange, Method, Post, Search, SignInCode, Token,
};
use serde_json::{Value, json};

use crate::fake::{Fake, at, fixtures, ok, read_json, refused};

pub(crate) fn description(folder: &Path, method: &str) -> Value {
    read_json(folder.join(format!("{method}.json")))
}

/// Calls everything once, with every argument we ever send, and tells what was understood.
pub(crate) async fn everything(client: &Client) -> BTreeMap<&'static str, Result<String, CallError>> {
    let team = TeamId::new("T1");
    let caller = Caller::paging(at(0), &team);
    let (channel, user) = ("C1".into(), "U1".into());
    let (message, thread) = (MessageRef::new("C1".into(), "1.2".into()), "1.1".into());
    let blocks = json!([]);
    let post = Post {
        channel: "C1".into(),
        thread_ts: Some("1.1".into()),
        text: "t".into(),
        blocks: json!([]),
        key: Some("k".into()),
    };
    let in_channel = Search { channel: &channel, thread: None, oldest: at(0), key: "k", bot_id: None };
    let in_thread = Search { thread: Some(&thread), ..in_channel.clone() };
    let app_token = Token::new("xapp-1");
    let users = ["U1".into(), "U2".into()];
    BTreeMap::from([
        ("apps.connections.open", client.connections_open(at(0), &app_token).await.map(understood)),
        ("auth.test", client.auth_test(caller).await.map(understood)),
        ("chat.getPermalink", client.permalink(caller, &message).await.map(understood)),
        (
            "chat.postEphemeral",
            client.post_ephemeral(caller, &channel, &user, Some(&thread), "t", &blocks).await.map(understood),
        ),
        ("chat.postMessage", client.post_message(caller, &post).await.map(understood)),
        ("chat.update", client.update_message(caller, &message, "t", &blocks).await.map(understood)),
        ("conversations.history", client.find_message(caller, &in_channel).await.map(understood)),
        ("conversations.info", client.channel_info(caller, &channel).await.map(understood)),
        ("conversations.members", client.members(caller, &channel).await.map(understood)),
        ("conversations.open", client.open_direct(caller, &users).await.map(understood)),
        ("conversations.replies", client.find_message(caller, &in_thread).await.map(understood)),
        ("dnd.teamInfo", client.dnd(caller, &users).await.map(understood)),
        (
            "oauth.v2.access",
            client
                .oauth_access(
                    at(0),
                    &app_credentials(),
                    Exchange::Code { code: &"c".into(), redirect_uri: "r" },
                )
                .await
                .map(understood),
        ),
        (
            "openid.connect.token",
            client.sign_in_token(at(0), &app_credentials(), sign_in_code(&"c".into())).await.map(understood),
        ),
        ("openid.connect.userInfo", client.signed_in(at(0), &Token::new("xoxp-1")).await.map(understood)),
        ("reactions.get", client.eyes(caller, &message).await.map(understood)),
        ("usergroups.users.list", client.user_group_members(caller, &"S1".into()).await.map(understood)),
        ("users.conversations", client.own_channels(caller).await.map(understood)),
        ("users.getPresence", client.presence(caller, &user).await.map(understood)),
        ("users.info", client.user_info(caller, &user).await.map(understood)),
        ("users.list", client.users_list(caller, Some("c")).await.map(understood)),
        ("users.lookupByEmail", client.lookup_by_email(caller, "a@b.c").await.map(understood)),
        ("views.open", client.open_view(caller, "1.2.3", &view("modal")).await.map(understood)),
        ("views.publish", client.publish_home(caller, &user, &view("home")).await.map(understood)),
    ])
}

fn sign_in_code(code: &secrecy::SecretString) -> SignInCode<'_> {
    SignInCode { code, redirect_uri: "r", verifier: code }
}

fn view(kind: &str) -> serde_json::Value {
    json!({ "type": kind, "blocks": [] })
}

pub(crate) fn app_credentials() -> AppCredentials {
    AppCredentials { client_id: "1.2".into(), client_secret: "hunter2".into() }
}

fn understood(value: impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

#[tokio::test]
async fn we_send_only_what_is_documented_and_understand_the_examples() {
    let Some(folder) = fixtures("methods") else { return };
    let examples = folder.clone();
    let slack = Fake::new(move |asked| {
        let mut example = description(&examples, &asked.method)["examples"]["success"]["example"].clone();
        // Every page is the last one.
        if let Some(next) = example.pointer_mut("/response_metadata/next_cursor") {
            *next = json!("");
        }
        ok(example)
    });
    let outcomes = everything(&slack.client()).await;
    assert_eq!(outcomes.len(), Method::ALL.len());
    for (method, outcome) in outcomes {
        assert!(outcome.is_ok(), "{method}: {outcome:?}");
    }
    for asked in slack.asked() {
        let description = description(&folder, &asked.method);
        let known = description["args"]["properties"].as_object().unwrap();
        let sent: BTreeSet<&str> = asked.arguments.keys().map(String::as_str).collect();
        for argument in &sent {
            assert!(known.contains_key(*argument), "{} has no argument {argument}", asked.method);
        }
        for required in description["args"]["required"].as_array().into_iter().flatten() {
            let required = required.as_str().unwrap();
            assert!(required == "token" || sent.contains(required), "{} needs {required}", asked.method);
        }
        if matches!(asked.request.body, Body::Json(_)) {
            assert_eq!(description["json_input_supported"], true, "{} takes no JSON", asked.method);
        }
        assert!(!asked.request.url.contains("xoxb") && !asked.request.url.contains("xapp"));
    }
}

#[tokio::test]
async fn no_documented_error_is_taken_for_success() {
    let Some(folder) = fixtures("methods") else { return };
    let mut codes = BTreeSet::new();
    for method in Method::ALL {
        // Of openid.connect.userInfo no errors are documented.
        let described = description(&folder, method.name());
        codes.extend(described["errors"].as_object().into_iter().flat_map(|errors| errors.keys().cloned()));
    }
    assert!(codes.len() > 50);
    for code in codes {
        let shared = Arc::new(code.clone());
        let slack = Fake::new(move |_| refused(&shared));
        for (method, outcome) in everything(&slack.client()).await {
            assert!(outcome.is_err(), "{method} {code}");
        }
    }
}

#[test]
fn our_tiers_are_slacks() {
    let Some(folder) = fixtures("methods") else { return };
    for method in Method::ALL {
        let description = description(&folder, method.name());
        let documented = match description["rate_limits"].as_str().unwrap() {
            "t1" => 1,
            "t2" => 20,
            "t3" => 50,
            "t4" => 100,
            "t5" => continue,
            other => panic!("{method} has a tier {other}"),
        };
        assert_eq!(method.per_minute(), documented, "{method}");
    }
}
