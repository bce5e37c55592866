//! The deprecated verification token: taken only where the configuration says so, and there is nothing better.

use std::process::Command;
use std::sync::Arc;

use axum::body::Body;
use pagerslack::clock::ManualClock;
use pagerslack::config::{Config, Environment, File};
use pagerslack::{Bot, Surroundings};
use pagerslack_slack::HttpTransport;
use pagerslack_slack::transport::Token;
use pagerslack_store::Sqlite;
use tower::ServiceExt;

use crate::harness::NOON;

fn environment(signing_secret: bool) -> Environment {
    Environment {
        bot_token: Some(Token::new("xoxb-1")),
        signing_secret: signing_secret.then(|| "secret".into()),
        verification_token: Some("hunter2".into()),
        ..Environment::default()
    }
}

fn config(allow: bool, signing_secret: bool) -> Config {
    let file = File { allow_legacy_verification_token: allow, ..File::default() };
    Config::resolve(file, &environment(signing_secret)).unwrap()
}

/// The status of an unsigned address check that holds this token.
async fn asked(config: Config, token: &str) -> u16 {
    let surroundings = Surroundings {
        clock: Arc::new(ManualClock::new(NOON.parse().unwrap())),
        store: Arc::new(Sqlite::in_memory().unwrap()),
        transport: Arc::new(HttpTransport::new().unwrap()),
        seed: 7,
        panel: false,
        records: None,
    };
    let bot = Bot::assemble(config, surroundings).await.unwrap();
    let body = format!(r#"{{"type":"url_verification","challenge":"c","token":"{token}"}}"#);
    let request = http::Request::post("/slack/events").header("content-type", "application/json");
    bot.router().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap().status().as_u16()
}

/// Given the configuration allows it, then the token lets in; without that, or beside a signing secret, it does not.
#[tokio::test]
async fn the_token_lets_in_where_it_is_allowed_and_nothing_better_is_there() {
    for (allow, signing_secret, token, status) in [
        (true, false, "hunter2", 200),
        (true, false, "hunter3", 401),
        (true, false, "", 401),
        (false, false, "hunter2", 401),
        (true, true, "hunter2", 401),
    ] {
        let status_now = asked(config(allow, signing_secret), token).await;
        assert_eq!(status_now, status, "allowed: {allow}, signing secret: {signing_secret}, {token}");
    }
    assert!(config(true, false).notes.iter().any(|note| note.contains("SLACK_SIGNING_SECRET")));
    assert!(config(true, true).notes.is_empty() && config(false, false).notes.is_empty());
}

/// Given the token alone, then `serve` refuses to start, and says what to do.
#[test]
fn the_token_alone_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pagerslack"))
        .current_dir(folder.path())
        .env_clear()
        .env("SLACK_BOT_TOKEN", "xoxb-1")
        .env("SLACK_VERIFICATION_TOKEN", "hunter2")
        .arg("serve")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("allow_legacy_verification_token = true"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}
