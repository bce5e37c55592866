//! The manifest against Slack's schema, in both variants.

use pagerslack_slack::{BOT_EVENTS, SCOPES, manifest};
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
