//! What Slack sends, as it comes over HTTP.

use jiff::Timestamp;
use pagerslack_core::ids::MessageRef;
use pagerslack_slack::Inbound;
use pagerslack_slack::inbound::{parse, parse_envelope};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// An event as Slack wraps it.
pub(crate) fn wrapped(event: &Value) -> Value {
    json!({
        "token": "gone", "team_id": "T1", "context_team_id": "T1", "api_app_id": "A1", "event": event,
        "type": "event_callback", "event_id": "Ev1", "event_time": 1_360_782_804,
        "authorizations": [{ "enterprise_id": null, "team_id": "T1", "user_id": "UB", "is_bot": true, "is_enterprise_install": false }],
        "is_ext_shared_channel": false, "event_context": "4-x",
    })
}

fn event(event: Value) -> Inbound {
    parse("application/json", wrapped(&event).to_string().as_bytes())
}

/// The name of the variant.
pub(crate) fn name(inbound: &Inbound) -> String {
    let debug = format!("{inbound:?}");
    debug.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

fn form(fields: &[(&str, &str)]) -> Inbound {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    parse("application/x-www-form-urlencoded", body.as_bytes())
}

#[test]
fn a_reaction_on_a_message() {
    let reaction = json!({
        "type": "reaction_added", "user": "U1", "reaction": "eyes", "item_user": "UB",
        "item": { "type": "message", "channel": "C1", "ts": "1360782400.498405" }, "event_ts": "1360782804.083113",
    });
    let Inbound::ReactionAdded(added) = event(reaction.clone()) else { panic!("a reaction") };
    assert_eq!((added.team.as_str(), added.user.as_str(), added.reaction.as_str()), ("T1", "U1", "eyes"));
    assert_eq!(added.message, MessageRef::new("C1".into(), "1360782400.498405".into()));
    assert_eq!(added.event_id, "Ev1");

    let mut on_a_file = reaction.clone();
    on_a_file["item"] = json!({ "type": "file", "file": "F1" });
    assert_eq!(event(on_a_file), Inbound::Ignored { what: "event:reaction_added".into() });
    let mut removed = reaction;
    removed["type"] = json!("reaction_removed");
    assert_eq!(name(&event(removed)), "ReactionRemoved");
}

#[test]
fn in_a_shared_channel_our_own_installation_counts() {
    let mut body = wrapped(&json!({
        "type": "reaction_added", "user": "U1", "reaction": "eyes",
        "item": { "type": "message", "channel": "C1", "ts": "1.2" },
    }));
    body["team_id"] = json!("T_THEIRS");
    let team = |body: &Value| match parse("application/json", body.to_string().as_bytes()) {
        Inbound::ReactionAdded(reaction) => reaction.team.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(team(&body), "T1");
    body["authorizations"] =
        json!([{ "enterprise_id": "E1", "team_id": null, "is_enterprise_install": true }]);
    assert_eq!(team(&body), "T_THEIRS");
    for none in [json!([]), Value::Null] {
        body["authorizations"] = none;
        assert_eq!(team(&body), "T_THEIRS");
    }
}

#[test]
fn only_what_a_person_wrote_is_a_direct_message() {
    let written = json!({
        "type": "message", "channel": "D1", "user": "U1", "text": "status &amp; more", "ts": "1.2", "event_ts": "1.2",
        "channel_type": "im", "bot_id": null, "subtype": null,
    });
    let Inbound::DirectMessage(message) = event(written.clone()) else { panic!("a message") };
    assert_eq!((message.channel.as_str(), message.user.as_str()), ("D1", "U1"));
    assert_eq!((message.text.as_str(), message.ts.as_str()), ("status &amp; more", "1.2"));
    for (field, value) in [
        ("subtype", json!("message_changed")),
        ("subtype", json!("file_share")),
        ("bot_id", json!("B1")),
        ("bot_profile", json!({ "id": "B1" })),
        ("channel_type", json!("channel")),
        ("user", json!("")),
    ] {
        let mut other = written.clone();
        other[field] = value;
        assert_eq!(event(other), Inbound::Ignored { what: "event:message".into() }, "{field}");
    }
}

#[test]
fn people_channels_and_the_app_itself() {
    let user = json!({ "id": "U1", "team_id": "T1", "profile": { "display_name": "Ann" }, "deleted": true });
    let Inbound::UserChanged { user: ann, .. } = event(json!({ "type": "user_change", "user": user })) else {
        panic!("a person")
    };
    assert_eq!((ann.name.as_str(), ann.deactivated), ("Ann", true));
    for (expected, given) in [
        ("TeamJoined", json!({ "type": "team_join", "user": { "id": "U1" } })),
        ("Ignored", json!({ "type": "team_join", "user": {} })),
        (
            "MemberJoined",
            json!({ "type": "member_joined_channel", "user": "U1", "channel": "C1", "team": "T1" }),
        ),
        ("MemberLeft", json!({ "type": "member_left_channel", "user": "U1", "channel": "C1" })),
        (
            "HomeOpened",
            json!({ "type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home", "event_ts": 1 }),
        ),
        (
            "ChannelIdChanged",
            json!({ "type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C1" }),
        ),
        (
            "UserGroupChanged",
            json!({ "type": "subteam_members_changed", "subteam_id": "S1", "added_users": ["U1"] }),
        ),
        ("AppUninstalled", json!({ "type": "app_uninstalled" })),
        ("TokensRevoked", json!({ "type": "tokens_revoked", "tokens": { "oauth": [], "bot": ["UB"] } })),
        ("Ignored", json!({ "type": "tokens_revoked", "tokens": { "oauth": ["U1"], "bot": [] } })),
        ("Ignored", json!({ "type": "channel_rename", "channel": { "id": "C1" } })),
    ] {
        assert_eq!(name(&event(given.clone())), expected, "{given}");
    }
}

#[test]
fn an_organisation_says_which_workspaces_may_be_served() {
    for (kind, granted) in [("team_access_granted", true), ("team_access_revoked", false)] {
        let mut body = wrapped(&json!({ "type": kind, "team_ids": ["T1", "T2"] }));
        body["authorizations"] =
            json!([{ "enterprise_id": "E1", "team_id": null, "is_enterprise_install": true }]);
        let Inbound::AccessChanged { org, teams, granted: may, at } =
            parse("application/json", body.to_string().as_bytes())
        else {
            panic!("{kind}")
        };
        assert_eq!((org.as_str(), teams, may), ("E1", vec!["T1".into(), "T2".into()], granted));
        assert!(at.is_some());
    }
    assert_eq!(name(&event(json!({ "type": "team_access_granted", "team_ids": [] }))), "Ignored");
}

#[test]
fn do_not_disturb_is_told_or_ignored_but_never_guessed() {
    let told =
        |status: Value| event(json!({ "type": "dnd_updated_user", "user": "U1", "dnd_status": status }));
    let Inbound::DndChanged { dnd: Some(window), .. } = told(
        json!({ "dnd_enabled": true, "next_dnd_start_ts": 1_450_387_800, "next_dnd_end_ts": 1_450_423_800 }),
    ) else {
        panic!("a window")
    };
    assert_eq!(window.start, Timestamp::from_second(1_450_387_800).unwrap());
    assert!(matches!(
        told(json!({ "dnd_enabled": false, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1 })),
        Inbound::DndChanged { dnd: None, .. }
    ));
    assert_eq!(name(&told(Value::Null)), "Ignored");
}

#[test]
fn what_slack_asks_of_an_endpoint() {
    let challenge = br#"{"token":"x","challenge":"3eZ","type":"url_verification"}"#;
    assert_eq!(
        parse("application/json; charset=utf-8", challenge),
        Inbound::UrlVerification { challenge: "3eZ".into() }
    );
    assert_eq!(form(&[("ssl_check", "1"), ("token", "x")]), Inbound::SslCheck);
    let limited = br#"{"token":"x","type":"app_rate_limited","team_id":"T1","minute_rate_limited":1518467820,"api_app_id":"A1"}"#;
    let minute = Timestamp::from_second(1_518_467_820).ok();
    assert_eq!(parse("application/json", limited), Inbound::RateLimited { team: "T1".into(), minute });
}

#[test]
fn a_command_over_http_and_over_socket_mode_is_the_same() {
    let fields = [
        ("token", "gone"),
        ("team_id", "T1"),
        ("team_domain", "example"),
        ("enterprise_id", ""),
        ("channel_id", "C1"),
        ("channel_name", "backend"),
        ("user_id", "U1"),
        ("user_name", "ann"),
        ("command", "/devoncall"),
        ("text", "<https://x/1?a=1&amp;b=2|one> 100% down + out"),
        ("response_url", "https://hooks.slack.com/commands/T1/2/3"),
        ("trigger_id", "1.2.3"),
        ("is_enterprise_install", "false"),
    ];
    let Inbound::Command(command) = form(&fields) else { panic!("a command") };
    assert_eq!(command.text, "<https://x/1?a=1&amp;b=2|one> 100% down + out");
    assert_eq!((command.enterprise.as_deref(), command.channel_name.as_str()), (None, "backend"));
    let payload: Value = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let payload = RawValue::from_string(payload.to_string()).unwrap();
    assert_eq!(parse_envelope("slash_commands", &payload), Inbound::Command(command));
    let without: Vec<_> = fields.iter().copied().filter(|(name, _)| *name != "user_id").collect();
    assert_eq!(form(&without), Inbound::Malformed { why: "the command has no user_id".into() });
}

fn click() -> Value {
    json!({
        "type": "block_actions", "team": { "id": "T1", "domain": "x" }, "enterprise": null, "api_app_id": "A1",
        "user": { "id": "U1", "username": "ann", "team_id": "T1" },
        "container": { "type": "message", "message_ts": "1.2", "channel_id": "C1", "is_ephemeral": false },
        "channel": { "id": "C1", "name": "backend" },
        "message": { "type": "message", "ts": "1.2", "thread_ts": "1.1", "text": "…" },
        "trigger_id": "1.2.3", "response_url": "https://hooks.slack.com/actions/T1/2/3", "is_enterprise_install": false,
        "actions": [{ "action_id": "pass", "block_id": "b", "value": "i1", "type": "button", "action_ts": "1.3" }],
    })
}

fn clicked(payload: &Value) -> Inbound {
    form(&[("payload", &payload.to_string())])
}

#[test]
fn a_click_on_a_message() {
    let Inbound::Clicked(it) = clicked(&click()) else { panic!("a click") };
    assert_eq!(
        (it.team.as_str(), it.user.as_str(), it.action_id.as_str(), it.value.as_str()),
        ("T1", "U1", "pass", "i1")
    );
    let place = (
        it.channel.unwrap().to_string(),
        it.message_ts.unwrap().to_string(),
        it.thread_ts.unwrap().to_string(),
    );
    assert_eq!(place, ("C1".into(), "1.2".into(), "1.1".into()));
    assert_eq!(it.at, Timestamp::from_millisecond(1_300).ok());
}

/// Whoever knows the address of an answer may write there, so no log line is to show it (P8).
#[test]
fn the_address_of_an_answer_does_not_print_itself() {
    let mut click = click();
    click["response_url"] = "https://hooks.slack.com/actions/T1/2/hunter2".into();
    let command = [
        ("team_id", "T1"),
        ("channel_id", "C1"),
        ("user_id", "U1"),
        ("command", "/devoncall"),
        ("response_url", "https://hooks.slack.com/commands/T1/1/hunter2"),
    ];
    let said = format!("{:?} {:?}", clicked(&click), form(&command));
    assert!(said.contains("Clicked") && said.contains("/devoncall"), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("hooks"), "{said}");
}

#[test]
fn a_click_in_an_organisation_or_in_the_home_or_in_a_menu() {
    let mut organisation = click();
    organisation["team"] = Value::Null;
    organisation["enterprise"] = json!({ "id": "E1", "name": "x" });
    let Inbound::Clicked(it) = clicked(&organisation) else { panic!("a click") };
    assert_eq!((it.team.as_str(), it.enterprise.as_deref()), ("T1", Some("E1")));
    organisation["user"]["team_id"] = Value::Null;
    let Inbound::Clicked(it) = clicked(&organisation) else { panic!("a click") };
    assert_eq!(it.team.as_str(), "E1");

    let mut home = click();
    for field in ["channel", "message", "response_url"] {
        home[field] = Value::Null;
    }
    home["container"] = json!({ "type": "view", "view_id": "V1" });
    let Inbound::Clicked(it) = clicked(&home) else { panic!("a click") };
    assert_eq!((it.channel, it.message_ts, it.response_url.as_str()), (None, None, ""));

    let mut menu = click();
    menu["actions"] = json!([{ "action_id": "hand_over", "type": "users_select", "selected_user": "U2" }]);
    let Inbound::Clicked(it) = clicked(&menu) else { panic!("a click") };
    assert_eq!(it.value, "U2");

    let mut dialog = click();
    dialog["type"] = json!("view_submission");
    assert_eq!(clicked(&dialog), Inbound::Ignored { what: "interaction:view_submission".into() });
    let mut nothing = click();
    nothing["actions"] = json!([]);
    assert_eq!(name(&clicked(&nothing)), "Ignored");
}

#[test]
fn nothing_makes_it_panic_and_nothing_is_repeated_back() {
    let bodies: [&[u8]; 12] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe",
        b"{\"type\":7}",
        b"{\"type\":\"event_callback\"}",
        b"{\"type\":\"event_callback\",\"event\":null}",
        b"{\"type\":\"event_callback\",\"event\":{\"type\":\"reaction_added\"}}",
        b"payload=%7Bsecret",
        b"payload=",
    ];
    for content_type in ["application/json", "application/x-www-form-urlencoded", "", "text/plain"] {
        for body in bodies {
            match parse(content_type, body) {
                Inbound::Ignored { what } => assert!(what.len() < 60),
                Inbound::Malformed { why } => assert!(!why.contains("secret") && why.len() < 90, "{why}"),
                other => panic!("{body:?} is {other:?}"),
            }
        }
    }
    let long = json!({ "type": "event_callback", "team_id": "T1", "event": { "type": "é\"x".repeat(100) } });
    let Inbound::Ignored { what } = parse("", long.to_string().as_bytes()) else { panic!("ignored") };
    assert_eq!(what, format!("event:{}", "x".repeat(40)));
}

/// Given an event that Slack has signed, when somebody calls it a form on the way, then what a person wrote in it is not
/// read as a command: what a body is called is not signed.
#[test]
fn json_that_is_called_a_form_is_malformed() {
    let typed =
        "x&team_id=T1&channel_id=C1&user_id=U1&command=/devoncall&text=https://i.example/1&trigger_id=1&";
    for typed in [typed.to_owned(), format!("&payload={typed}")] {
        let body = wrapped(&json!({ "type": "message", "text": typed })).to_string();
        for body in [body.clone(), format!(" \r\n{body}")] {
            let read = parse("application/x-www-form-urlencoded", body.as_bytes());
            assert_eq!(name(&read), "Malformed", "{read:?}");
        }
    }
}

/// Every half of a real event is read without a panic, and none is taken for the whole.
#[test]
fn a_body_cut_anywhere_is_malformed() {
    let body = wrapped(&json!({ "type": "reaction_added", "user": "U1", "reaction": "eyes",
        "item": { "type": "message", "channel": "C1", "ts": "1.2" } }))
    .to_string();
    for end in 1..body.len() {
        assert_eq!(name(&parse("application/json", &body.as_bytes()[..end])), "Malformed", "{end}");
    }
}
