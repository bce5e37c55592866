//! The real binary in a Slack that we did not write (emulate, from npm), with requests that Slack's own SDK signs.
//!
//! `slack-sim` is ours: whoever misreads Slack's documentation once may misread it twice. Needs Node.js and Python;
//! `cargo xtask test` installs what is missing. What emulate lacks, and what stands in for it, is told in
//! `docs/ARCHITECTURE.md`.

pub mod installed;
mod reserved;
mod workspace;

use std::collections::BTreeSet;

use jiff::Timestamp;
use pagerslack_slack::verify::{Rejection, SigningSecret};
use serde_json::Value;

use installed::Installed;
use workspace::{ADMIN, Workspace, eventually};

/// What every page says.
const PAGE: &str = "can you take this incident?";

/// Whom a page asks, by name.
fn asked(slack: &Workspace, page: &Value) -> String {
    let text = page["text"].as_str().unwrap();
    let id = text.split("<@").nth(1).and_then(|rest| rest.split('>').next()).unwrap();
    slack.name(id).to_owned()
}

/// Given ben and cara are active, dan and the reporter are away, and nobody can tell who is in do-not-disturb, when ana
/// reports and the first person asked does not answer, then the second is asked, and their 👀 takes the incident.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_there_is_asked_and_an_eye_takes_it() {
    let Some(installed) = Installed::look() else { return };
    let slack = Workspace::open(&installed).await;
    let told = slack.types("ana", "https://i.example/1 Datenbank läuft nicht 🔥 &lt;b&gt;").await;
    assert!(told.contains("On it"), "{told}");
    let root = slack.root_says("reports an incident: <https://i.example/1>").await;
    assert!(root["text"].as_str().unwrap().contains(slack.id("ana")), "{root}");
    assert!(root["text"].as_str().unwrap().contains("Datenbank läuft nicht 🔥 &lt;b&gt;"), "{root}");

    let page = slack.reply(PAGE).await;
    assert_eq!((&page["thread_ts"], page["blocks"].as_array().unwrap().len()), (&root["ts"], 3));
    let first = asked(&slack, &page);
    slack.reply(&format!("<@{}> did not answer in time", slack.id(&first))).await;
    let page = slack.reply(PAGE).await;
    let second = asked(&slack, &page);
    // Not dan and not ana, who are away; not the admin, who is the manager; not the bot, which is no person.
    assert_eq!(BTreeSet::from([&*first, &*second]), BTreeSet::from(["ben", "cara"]));

    slack.react(&second, page["ts"].as_str().unwrap()).await;
    slack.reply(&format!("<@{}> is on it,", slack.id(&second))).await;
    let root = slack.root_says(&format!("Taken by <@{}> after", slack.id(&second))).await;
    assert!(!root["blocks"].to_string().contains("pagerslack_cancel"), "{root}");
    assert_eq!(slack.pages().await, 2);
    let delivered = slack.events("reaction_added");
    assert!(
        matches!(&delivered[..], [(event, Some(200))] if event["user"] == slack.id(&second)),
        "{delivered:?}"
    );

    // P6, P7: what could not be read is told, and stopped nobody.
    let unread = "do-not-disturb: dnd.teamInfo answered with HTTP status 404";
    assert_eq!(slack.log().matches(unread).count(), 2, "{}", slack.log());
    assert!(!slack.log().contains("\"ERROR\""), "{}", slack.log());
    slack.types("ana", "why https://i.example/1").await;
    let why = slack.response().await;
    assert!(why.contains(unread), "{why}");
}

/// Given events no longer reach the bot, when the person asked reacts with 👀, then it is found at the deadline, and
/// nobody else is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_eye_whose_event_is_lost_is_read_back() {
    let Some(installed) = Installed::look() else { return };
    let slack = Workspace::open(&installed).await;
    slack.lose_events();
    slack.types("ana", "https://i.example/1").await;
    let page = slack.reply(PAGE).await;
    let first = asked(&slack, &page);
    slack.react(&first, page["ts"].as_str().unwrap()).await;
    slack.root_says(&format!("Taken by <@{}> after", slack.id(&first))).await;
    let lost = slack.events("reaction_added");
    assert!(matches!(&lost[..], [(_, None)]), "{lost:?}");
    assert_eq!(slack.pages().await, 1);
    assert!(slack.counts("acknowledgements_read_back_total 1").await);
}

/// Given everybody has gone away, when ana reports, then the manager is paged and nobody else, and takes it with 👀.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_is_there_the_managers_are_paged() {
    let Some(installed) = Installed::look() else { return };
    let slack = Workspace::open(&installed).await;
    for name in ["ben", "cara", "admin"] {
        slack.call(name, "users.setPresence", &[("presence", "away")]).await;
    }
    slack.types("ana", "https://i.example/1").await;
    let page = slack.reply("needs an engineer: <https://i.example/1>").await;
    assert!(page["text"].as_str().unwrap().starts_with(&format!("<@{ADMIN}>")), "{page}");
    let root = slack.root().await.unwrap();
    slack.react("admin", root["ts"].as_str().unwrap()).await;
    slack.root_says(&format!("Taken by <@{ADMIN}> after")).await;
    assert_eq!(slack.pages().await, 0, "P3");
}

/// Given a bot that shares a secret with Slack, when somebody signs a report with another, then nothing happens (P8).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_secret_signed_is_refused() {
    let Some(installed) = Installed::look() else { return };
    let slack = Workspace::open(&installed).await;
    let body = slack.slash_command("ana", "https://i.example/1");
    let mut stranger = installed.sdk("another secret");
    let answer = stranger.post(&slack.requests(), "application/x-www-form-urlencoded", &body);
    assert_eq!(answer, (401, String::new()));
    // The bot itself is well, and has heard nothing else but that it was invited.
    eventually("the bot was invited", || async { slack.events("member_joined_channel").pop() }).await;
    assert!(slack.counts("requests_unsigned_total 1").await && slack.counts("reports_total 0").await);
    assert_eq!(slack.root().await, None);
}

/// Slack's SDK and we come to the same signature, and a changed byte is seen whoever signed.
#[test]
fn slacks_sdk_and_we_sign_alike() {
    let Some(installed) = Installed::look() else { return };
    let secret = "8f742231b10e8888abcd99yyyzzz85a5";
    let mut sdk = installed.sdk(secret);
    let ours = SigningSecret::new(&secret.into()).unwrap();
    let large = format!("text={}", "ä".repeat(100_000));
    for body in [
        "",
        "command=%2Fdevoncall&text=%3Chttps%3A%2F%2Fi.example%3E",
        r#"{"type":"event_callback","event":{"text":"Grüße, 東京, 👀, \u0000"}}"#,
        "payload={\"a\":\"\\\"\"}\r\n\t ",
        large.as_str(),
    ] {
        let (sent, signature) = sdk.sign(body, None);
        let now = Timestamp::from_second(sent.parse().unwrap()).unwrap();
        let check = |sent: &str, signature: &str, body: &[u8]| {
            ours.verify(Some(sent.as_bytes()), Some(signature.as_bytes()), body, now)
        };
        assert_eq!(check(&sent, &signature, body.as_bytes()), Ok(()), "{body}");
        assert_eq!(ours.sign(now.as_second(), body.as_bytes()), signature);
        let longer = [body.as_bytes(), b" "].concat();
        assert_eq!(check(&sent, &signature, &longer), Err(Rejection::Mismatch));
        let later = (now.as_second() + 1).to_string();
        assert_eq!(check(&later, &signature, body.as_bytes()), Err(Rejection::Mismatch));
        let last = if signature.ends_with('0') { "1" } else { "0" };
        let forged = format!("{}{last}", &signature[..signature.len() - 1]);
        assert_eq!(check(&sent, &forged, body.as_bytes()), Err(Rejection::Mismatch));
    }
    // The example of Slack's documentation.
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let (_, signature) = sdk.sign(body, Some("1531420618"));
    assert_eq!(signature, "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
}
