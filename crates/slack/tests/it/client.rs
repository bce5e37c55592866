//! The client over a fake Slack: what is asked, and what every kind of answer comes to.

use jiff::Timestamp;
use pagerslack_core::ids::{MessageRef, TeamId, UserId};
use pagerslack_slack::{
    CallError, Caller, Cause, Post, RefusalKind, Response, Search, Token, TransportError,
};
use serde_json::{Value, json};

use crate::fake::{Answer, Fake, at, ok, refused, status};

fn team() -> TeamId {
    TeamId::new("T1")
}

fn post() -> Post {
    Post {
        channel: "C1".into(),
        thread_ts: Some("1.1".into()),
        text: "page".into(),
        blocks: json!([{ "type": "divider" }]),
        key: Some("i1/attempt/1".into()),
    }
}

#[tokio::test]
async fn a_post_carries_its_key_and_unfurls_nothing() {
    let slack = Fake::new(|_| ok(json!({ "ok": true, "channel": "C1", "ts": "1.2", "message": {} })));
    let ts = slack.client().post_message(Caller::paging(at(0), &team()), &post()).await.unwrap();
    assert_eq!(ts.as_str(), "1.2");
    let asked = &slack.asked()[0];
    assert_eq!(asked.method, "chat.postMessage");
    assert_eq!(
        json!(asked.arguments),
        json!({
            "channel": "C1", "thread_ts": "1.1", "text": "page", "blocks": [{ "type": "divider" }],
            "unfurl_links": false, "unfurl_media": false,
            "metadata": { "event_type": "pagerslack", "event_payload": { "key": "i1/attempt/1" } },
        })
    );
    assert_eq!(asked.request.token.as_ref().map(Token::expose), Some("xoxb-secret"));
    assert!(!format!("{asked:?}").contains("xoxb"));
}

/// How a call ended, in a word.
fn outcome<T>(result: Result<T, CallError>, now: Timestamp) -> String {
    match result {
        Ok(_) => "done".into(),
        Err(CallError::NotDone { retry_at, .. }) => {
            format!("again in {}", retry_at.duration_since(now).as_secs())
        }
        Err(CallError::Refused(refusal)) => format!("refused {}", refusal.code),
        Err(CallError::Unknown { .. }) => "unknown".into(),
    }
}

/// What the same answer means for a post and for a question.
async fn check(answer: Answer, to_a_post: &str, to_a_question: &str) {
    let (team, shown) = (team(), format!("{answer:?}"));
    let slack = Fake::new(move |_| answer.clone());
    let posted = slack.client().post_message(Caller::paging(at(0), &team), &post()).await;
    assert_eq!(outcome(posted, at(0)), to_a_post, "{shown}");
    let asked = slack.client().presence(Caller::paging(at(0), &team), &"U1".into()).await;
    assert_eq!(outcome(asked, at(0)), to_a_question, "{shown}");
}

#[tokio::test]
async fn every_answer_has_its_outcome() {
    let limited = Response { retry_after: Some(7), ..status(429, "").unwrap() };
    check(Ok(limited), "again in 7", "again in 7").await;
    check(status(429, r#"{"ok":false,"error":"ratelimited"}"#), "again in 1", "again in 1").await;
    for code in ["ratelimited", "rate_limited"] {
        check(refused(code), "again in 1", "again in 1").await;
    }
    for code in ["service_unavailable", "request_timeout"] {
        check(refused(code), "again in 2", "again in 2").await;
    }
    check(refused("team_added_to_org"), "again in 10", "again in 10").await;
    for code in ["internal_error", "fatal_error"] {
        check(refused(code), "unknown", "again in 2").await;
    }
    for code in ["not_in_channel", "invalid_auth", "something_new"] {
        let refusal = format!("refused {code}");
        check(refused(code), &refusal, &refusal).await;
    }
    for answer in [
        status(500, "oops"),
        status(502, ""),
        status(503, r#"{"ok":true,"ts":"1.2","presence":"active"}"#),
        status(200, "<html>"),
        status(200, r#"{"ok":tr"#),
        status(200, "{}"),
        status(200, r#"{"ok":false}"#),
        status(200, r#"{"ok":true}"#),
        Err(TransportError::Unknown("timed out".into())),
    ] {
        check(answer, "unknown", "again in 2").await;
    }
    check(status(503, r#"{"ok":false,"error":"service_unavailable"}"#), "again in 2", "again in 2").await;
    for answer in [status(302, ""), status(403, "proxy says no"), status(404, "")] {
        check(answer, "again in 10", "again in 10").await;
    }
    check(Err(TransportError::NotSent("connection refused".into())), "again in 2", "again in 2").await;
}

#[tokio::test]
async fn a_refusal_says_what_is_missing() {
    let slack = Fake::new(|_| {
        ok(
            json!({ "ok": false, "error": "missing_scope", "needed": "dnd:read", "provided": "chat:write,commands" }),
        )
    });
    let error = slack.client().dnd(Caller::paging(at(0), &team()), &["U1".into()]).await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!((refusal.kind(), refusal.needed.as_deref()), (RefusalKind::MissingScope, Some("dnd:read")));
    assert_eq!(
        refusal.to_string(),
        "dnd.teamInfo answered `missing_scope` (needed: dnd:read; provided: chat:write,commands)"
    );
}

#[tokio::test]
async fn after_a_429_the_method_is_left_alone_until_told() {
    let slack = Fake::new(|asked| match asked.method.as_str() {
        "users.getPresence" => Ok(Response { retry_after: Some(30), ..status(429, "").unwrap() }),
        _ => ok(json!({ "ok": true, "permalink": "https://x" })),
    });
    let (client, team) = (slack.client(), team());
    for second in [0, 29] {
        let error = client.presence(Caller::paging(at(second), &team), &"U1".into()).await.unwrap_err();
        assert_eq!(error.retry_at(), Some(at(30)));
    }
    assert_eq!(slack.count("users.getPresence"), 1);
    let message = MessageRef::new("C1".into(), "1.2".into());
    client.permalink(Caller::paging(at(1), &team), &message).await.unwrap();
    assert!(client.presence(Caller::paging(at(30), &team), &"U1".into()).await.is_err());
    assert_eq!(slack.count("users.getPresence"), 2);
}

#[tokio::test]
async fn background_calls_leave_something_for_paging() {
    let slack = Fake::new(|_| ok(json!({ "ok": true, "presence": "away" })));
    let (client, team, user) = (slack.client(), team(), UserId::new("U1"));
    let mut asked = 0;
    while client.presence(Caller::background(at(0), &team), &user).await.is_ok() {
        asked += 1;
    }
    assert_eq!(asked, 30);
    let error = client.presence(Caller::background(at(0), &team), &user).await.unwrap_err();
    assert!(matches!(error, CallError::NotDone { why: Cause::Budget(_), .. }), "{error:?}");
    assert_eq!(error.retry_at(), Some(at(60)));
    assert!(client.presence(Caller::paging(at(0), &team), &user).await.is_ok());
}

/// Members in pages of which one is empty: only the empty cursor is the end.
#[tokio::test]
async fn members_are_read_to_the_empty_cursor() {
    let slack = Fake::new(|asked| {
        let (members, next) = match asked.text("cursor") {
            "" => (json!(["U1", "U2"]), "a"),
            "a" => (json!([]), "b"),
            _ => (json!(["W3", ""]), ""),
        };
        ok(json!({ "ok": true, "members": members, "response_metadata": { "next_cursor": next } }))
    });
    let members = slack.client().members(Caller::paging(at(0), &team()), &"C1".into()).await.unwrap();
    assert_eq!(members, ["U1", "U2", "W3"].map(UserId::new));
    assert_eq!(slack.count("conversations.members"), 3);
}

#[tokio::test]
async fn pages_that_do_not_end_are_an_error() {
    for different in [false, true] {
        let slack = Fake::new(move |asked| {
            let next = if different { format!("{}x", asked.text("cursor")) } else { "same".into() };
            ok(json!({ "ok": true, "members": ["U1"], "response_metadata": { "next_cursor": next } }))
        });
        let error = slack.client().members(Caller::paging(at(0), &team()), &"C1".into()).await.unwrap_err();
        assert!(matches!(error, CallError::NotDone { why: Cause::Unreadable { .. }, .. }), "{error:?}");
        assert!(slack.count("conversations.members") <= 100);
    }
}

#[tokio::test]
async fn a_cursor_that_expired_on_the_way_means_begin_again() {
    let slack = Fake::new(|asked| match asked.text("cursor") {
        "" => ok(json!({ "ok": true, "members": ["U1"], "response_metadata": { "next_cursor": "a" } })),
        _ => refused("invalid_cursor"),
    });
    let outcome_of = slack.client().members(Caller::paging(at(0), &team()), &"C1".into()).await;
    assert_eq!(outcome(outcome_of, at(0)), "again in 1");
}

/// A page is looked for in a thread in which another app has odd metadata and one has copied ours.
#[tokio::test]
async fn a_message_is_found_by_its_key() {
    let ours = |key: &str| json!({ "event_type": "pagerslack", "event_payload": { "key": key } });
    let slack = Fake::new(move |asked| {
        let last =
            json!([{ "ts": "1.6", "bot_id": "B1", "metadata": ours("key-2"), "text": "x", "files": 7 }]);
        let first = json!([
            { "ts": "1.1", "text": "parent" },
            { "ts": "1.2", "metadata": { "event_type": "pagerslack" } },
            { "ts": "1.3", "metadata": { "event_type": 7, "event_payload": [1] } },
            { "ts": "1.4", "bot_id": "B1", "metadata": ours("key-1") },
            { "ts": "1.5", "bot_id": "B2", "metadata": ours("key-2") },
        ]);
        let (messages, next) = if asked.text("cursor").is_empty() { (first, "more") } else { (last, "") };
        ok(json!({ "ok": true, "messages": messages, "response_metadata": { "next_cursor": next } }))
    });
    let (client, team) = (slack.client(), team());
    let find = async |thread: Option<&str>, key| {
        let thread = thread.map(Into::into);
        let channel = "C1".into();
        let search =
            Search { channel: &channel, thread: thread.as_ref(), oldest: at(0), key, bot_id: Some("B1") };
        client.find_message(Caller::paging(at(0), &team), &search).await.unwrap().map(|ts| ts.to_string())
    };
    assert_eq!(find(Some("1.1"), "key-1").await.as_deref(), Some("1.4"));
    assert_eq!(find(Some("1.1"), "key-2").await.as_deref(), Some("1.6"));
    assert_eq!(find(None, "key-3").await, None);
    let asked = slack.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].text("ts")), ("conversations.replies", "1.1"));
    assert_eq!(asked[0].text("oldest"), "", "our clock may be wrong");
    assert_eq!(asked[0].text("include_all_metadata"), "true");
    assert_eq!(asked[3].method, "conversations.history");
    assert_eq!(asked.len(), 4, "the first page goes back far enough");
}

#[tokio::test]
async fn eyes_are_those_who_reacted_with_eyes() {
    let slack = Fake::new(|asked| match asked.text("timestamp") {
        "1.2" => ok(json!({ "ok": true, "type": "message", "message": { "reactions": [
            { "name": "thumbsup", "users": ["U1"], "count": 1 }, { "name": "eyes", "users": ["U2", "U3"], "count": 3 },
        ] } })),
        "1.3" => ok(json!({ "ok": true, "type": "message", "message": { "reactions": null } })),
        _ => refused("message_not_found"),
    });
    let (client, team) = (slack.client(), team());
    let eyes = async |ts: &str| {
        let message = MessageRef::new("C1".into(), ts.into());
        client.eyes(Caller::paging(at(0), &team), &message).await
    };
    assert_eq!(eyes("1.2").await.unwrap(), ["U2", "U3"].map(UserId::new));
    assert_eq!(eyes("1.3").await.unwrap(), []);
    assert_eq!(eyes("1.4").await.unwrap_err().refusal().unwrap().kind(), RefusalKind::MessageGone);
}

#[tokio::test]
async fn do_not_disturb_leaves_out_whom_slack_left_out() {
    let slack = Fake::new(|_| {
        ok(json!({ "ok": true, "users": {
            "U1": { "dnd_enabled": true, "next_dnd_start_ts": 1_450_387_800, "next_dnd_end_ts": 1_450_423_800 },
            "U2": { "dnd_enabled": false, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1 },
            "U3": null,
            "U4": { "dnd_enabled": true },
        } }))
    });
    let (client, team) = (slack.client(), team());
    let users: Vec<_> = (1..=5).map(|n| UserId::new(format!("U{n}"))).collect();
    let dnd = client.dnd(Caller::paging(at(0), &team), &users).await.unwrap();
    assert!(dnd[&UserId::new("U1")].is_some() && dnd[&UserId::new("U2")].is_none());
    assert_eq!(dnd.len(), 2);
    assert_eq!(slack.asked()[0].text("users"), "U1,U2,U3,U4,U5");
    assert_eq!(client.dnd(Caller::paging(at(0), &team), &[]).await.unwrap().len(), 0);
    let many = vec![UserId::new("U1"); 51];
    assert!(client.dnd(Caller::paging(at(0), &team), &many).await.unwrap_err().refusal().is_some());
    assert_eq!(slack.asked().len(), 1);
}

#[tokio::test]
async fn a_presence_nobody_knows_is_an_error() {
    let slack = Fake::new(|_| ok(json!({ "ok": true, "presence": "dnd" })));
    let result = slack.client().presence(Caller::paging(at(0), &team()), &"U1".into()).await;
    assert_eq!(outcome(result, at(0)), "again in 2");
}

#[tokio::test]
async fn who_we_are_comes_with_the_scopes() {
    let slack = Fake::new(|_| {
        let body = json!({ "ok": true, "team": "Example", "team_id": "T1", "user_id": "UB", "bot_id": "B1", "enterprise_id": null });
        Ok(Response { scopes: Some("commands, chat:write".into()), ..ok(body).unwrap() })
    });
    let identity = slack.client().auth_test(Caller::background(at(0), &team())).await.unwrap();
    assert_eq!((identity.user.as_str(), identity.bot_id.as_deref()), ("UB", Some("B1")));
    assert_eq!(identity.scopes, ["commands", "chat:write"]);
}

#[tokio::test]
async fn answers_go_to_slack_only() {
    let slack = Fake::new(|_| status(200, "ok"));
    let client = slack.client_at("http://slack.test:3000/api");
    for (url, allowed) in [
        ("https://hooks.slack.com/commands/T1/2/3", true),
        ("http://127.0.0.1:9/commands/1", true),
        ("http://localhost:9/commands/1", true),
        ("http://[::1]:9/commands/1", true),
        ("http://slack.test:3000/commands/1", true),
        ("http://slack.test/commands/1", false),
        ("http://169.254.169.254/latest", false),
        ("file:///etc/passwd", false),
        ("", false),
    ] {
        let result = client.respond(at(0), None, url, "on it", &Value::Null, true).await;
        assert_eq!(result.is_ok(), allowed, "{url}");
    }
    let asked = slack.asked();
    assert_eq!(asked.len(), 5);
    assert!(asked[0].request.token.is_none());
    assert_eq!(
        json!(asked[0].arguments),
        json!({ "text": "on it", "response_type": "ephemeral", "replace_original": false })
    );
}

#[tokio::test]
async fn an_answer_may_be_late_or_lost() {
    for (answer, expected) in [
        (status(404, "expired_url"), "refused http_404"),
        (status(500, ""), "unknown"),
        (status(429, ""), "again in 1"),
        (Err(TransportError::NotSent("no route".into())), "again in 2"),
    ] {
        let slack = Fake::new(move |_| answer.clone());
        let result =
            slack.client().respond(at(0), None, "https://hooks.slack.com/x", "hi", &Value::Null, false).await;
        assert_eq!(outcome(result, at(0)), expected);
    }
}

#[tokio::test]
async fn a_whole_chain_of_causes_and_never_a_token() {
    let slack = Fake::new(|_| Err(TransportError::Unknown("connection reset".into())));
    let error = slack.client().post_message(Caller::paging(at(0), &team()), &post()).await.unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("no answer to the request: connection reset"));
    assert!(!format!("{error:?}{error}{:?}", slack.client()).contains("xoxb"));
}
