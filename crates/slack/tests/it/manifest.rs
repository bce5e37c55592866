//! The manifest against Slack's schema, in both variants.

use std::collections::BTreeSet;

use pagerslack_slack::{BOT_EVENTS, Method, SCOPES, manifest};
use serde_json::Value;
use url::Url;

use crate::fake::{fixtures, read_json};

fn base() -> Url {
    Url::parse("https://pagerslack.example.com/").unwrap()
}

#[test]
fn both_variants_follow_slacks_schema() {
    let Some(schema) = fixtures("manifest.schema.2.0.0.json") else { return };
    let validator = jsonschema::validator_for(&read_json(schema)).unwrap();
    for (base, socket_mode) in [(Some(base()), false), (Some(base()), true), (None, true), (None, false)] {
        let manifest = manifest("PagerSlack", base.as_ref(), socket_mode);
        let errors: Vec<_> = validator.iter_errors(&manifest).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn over_http_slack_is_told_our_addresses() {
    let manifest = manifest("PagerSlack", Some(&base()), false);
    for (pointer, value) in [
        ("/settings/event_subscriptions/request_url", "https://pagerslack.example.com/slack/events"),
        ("/settings/interactivity/request_url", "https://pagerslack.example.com/slack/interactions"),
        ("/features/slash_commands/0/url", "https://pagerslack.example.com/slack/commands"),
        ("/oauth_config/redirect_urls/0", "https://pagerslack.example.com/slack/oauth/callback"),
        ("/oauth_config/redirect_urls/1", "https://pagerslack.example.com/sign-in/callback"),
    ] {
        assert_eq!(manifest.pointer(pointer).and_then(Value::as_str), Some(value));
    }
    assert_eq!(manifest["settings"]["socket_mode_enabled"], false);
}

#[test]
fn over_socket_mode_slack_needs_none() {
    let manifest = manifest(&"PagerSlack ".repeat(9), None, true);
    assert!(!manifest.to_string().contains("http://") && !manifest.to_string().contains("_url\""));
    assert_eq!(manifest["settings"]["socket_mode_enabled"], true);
    assert_eq!(manifest["display_information"]["name"].as_str().unwrap().chars().count(), 35);
}

#[test]
fn nothing_is_asked_for_twice_and_everything_has_a_reason() {
    let mut scopes: Vec<_> = SCOPES.iter().map(|(scope, _)| scope).collect();
    scopes.sort_unstable();
    scopes.dedup();
    assert_eq!(scopes.len(), SCOPES.len());
    assert!(SCOPES.iter().all(|(_, why)| !why.is_empty()));
    assert!(BOT_EVENTS.len() <= 100);
}

/// The rows of the table in docs/SECURITY.md that is headed like this: what it names, and what that is for.
fn documented(heading: &str) -> Vec<(&'static str, &'static str)> {
    let document = include_str!("../../../../docs/SECURITY.md");
    let table = document.lines().skip_while(|line| *line != format!("| {heading} | for |")).skip(2);
    let rows = table.map_while(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
    rows.collect()
}

/// Whoever has to say yes to the app reads what each scope and each event is for.
#[test]
fn what_is_asked_for_stands_in_the_document_on_security() {
    assert_eq!(documented("scope"), SCOPES);
    let (events, reasons): (Vec<_>, Vec<_>) = documented("event").into_iter().unzip();
    assert_eq!(events, BOT_EVENTS);
    assert!(reasons.iter().all(|why| !why.is_empty()));
}

/// Given Slack's descriptions, then each scope is one that a call of ours or an event needs, and each event comes under
/// a scope that we ask for.
#[test]
fn nothing_is_asked_for_that_nothing_needs() {
    let (Some(methods), Some(events)) = (fixtures("methods"), fixtures("events")) else { return };
    let words = |value: &Value| -> BTreeSet<String> {
        let words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.map(str::to_owned).collect()
    };
    let calls = Method::ALL.map(|method| read_json(methods.join(format!("{}.json", method.name()))));
    let mut needed: BTreeSet<String> = calls.iter().flat_map(|call| words(&call["scope"]["bot"])).collect();
    needed.insert("commands".to_owned());
    for event in BOT_EVENTS {
        let scopes = words(&read_json(events.join(format!("{event}.json")))["scopes"]);
        let granted = |scope: &String| SCOPES.iter().any(|(ours, _)| ours == scope);
        assert!(scopes.is_empty() || scopes.iter().any(granted), "{event} needs one of {scopes:?}");
        needed.extend(scopes);
    }
    for (scope, _) in SCOPES {
        assert!(needed.contains(*scope), "nothing needs {scope}");
    }
}
