//! What holds of every message, whatever people typed and however much there is to say.

use serde_json::Value;

use super::story::Texts;
use super::{everything, texts};
use crate::command::{self, Request};
use crate::text::{self, Token, escape};
use crate::words::Said;

/// What people usually write.
pub(super) const USUAL: Texts<'static> = Texts {
    url: "https://incident.example/1?a=1&b=2",
    note: "database <down> & out",
    other: "any <thing> & more",
};

/// What Slack refuses or splits is never said, whatever people typed.
#[test]
fn every_sentence_fits() {
    let head = "https://incident.example/";
    let urls = [
        format!("{head}{}", "a".repeat(1_798 - head.len())),
        format!("{head}?{}", "&".repeat((1_797 - head.len()) / 5)),
        format!("{head}{}", "|".repeat((1_798 - head.len()) / 3)),
    ];
    let long = [
        "x".repeat(4_000),
        "<&>".repeat(1_000),
        "&amp;".repeat(1_000),
        "👩‍🚒 ".repeat(1_000),
        "שלום ".repeat(500),
    ];
    for url in &urls {
        for typed in &long {
            let Request::Report { url, note, .. } = command::parse(&format!("{url} {typed}")) else {
                panic!("no report: {url}")
            };
            let texts = Texts { url: &url, note: &note, other: typed };
            for (when, said) in everything(&texts) {
                check(when, &said);
            }
        }
    }
}

/// However much there is to say.
#[test]
fn what_does_not_fit_is_cut_until_it_does() {
    let url = format!("https://incident.example/{}", "a".repeat(1_770));
    for other in ["x".repeat(500), "<&>".repeat(200), "👩‍🚒 ".repeat(200)] {
        for (when, said) in super::answers::crowds(&Texts { url: &url, note: "", other: &other }) {
            check(when, &said);
        }
    }
}

fn check(when: &str, said: &Said) {
    let count = said.text.chars().count();
    assert!(count > 0 && count <= 3_900, "{when}: {count} characters");
    let blocks = said.blocks.as_array().unwrap();
    assert!((1..=50).contains(&blocks.len()), "{when}: {} blocks", blocks.len());
    for (kind, text) in texts(&said.blocks) {
        let (most, count) = (if kind == "actions" { 30 } else { 3_000 }, text.chars().count());
        assert!(count > 0 && count <= most, "{when}: a {kind} of {count} characters");
        assert!(!(text.ends_with('…') && count == 3_000), "{when} is cut");
    }
    let elements = || blocks.iter().flat_map(|block| block["elements"].as_array()).flatten();
    let mut ids: Vec<_> = elements().filter_map(|element| element["action_id"].as_str()).collect();
    let buttons = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), buttons, "{when}: two buttons of one name");
    for element in elements().chain(blocks.iter().filter_map(|block| block.get("text"))) {
        if element["type"] == "button" {
            button(when, element);
        } else {
            assert_eq!(element["verbatim"], true, "{when}: Slack is not to find names and links by itself");
        }
    }
}

fn button(when: &str, button: &Value) {
    assert_eq!(button["text"]["type"], "plain_text", "{when}");
    assert!(button["value"].as_str().unwrap().len() <= 2_000, "{when}");
    assert!(button["action_id"].as_str().unwrap().len() <= 255, "{when}");
    for (part, most) in [("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)] {
        let Some(confirm) = button.get("confirm") else { continue };
        assert_eq!(confirm[part]["type"], "plain_text", "{when}");
        assert!((1..=most).contains(&confirm[part]["text"].as_str().unwrap().chars().count()), "{when}");
    }
}

/// A phone and a screen reader have nothing but the text: where, who, and what to do.
#[test]
fn the_text_alone_says_everything() {
    let link = "<https://incident.example/1?a=1&amp;b=2>";
    let note = "database &lt;down&gt; &amp; out";
    for (when, said) in everything(&USUAL) {
        let (kind, which) = when.split_once(": ").unwrap_or((when, ""));
        let needed: &[&str] = match (kind, which) {
            ("root", "taken") => &[link, "<@U1>", ":white_check_mark: Taken", note],
            ("root", "cancelled") => &[link, "<@U1>", "Cancelled by <@U", note],
            ("root", "closed") => &[link, "<@U1>", "Taken by <@U", "Closed by <@U", note],
            ("root", "the schedule") => &[link, "<@U1>", "schedule: ", "*Page the managers*", ":eyes:", note],
            ("root", _) => &[link, "<@U1>", ":eyes:", note],
            ("page", _) => &[link, "<@U2>", "React with :eyes:", "I'm on it", "2 min", note],
            ("managers", which) if which.contains("none") => &[link, "<@U1>", "find somebody by hand"],
            ("managers", _) => &[link, "<@U1>", "<#C1>", "Please find somebody", ":eyes:", note],
            ("managers over", _) => &[link, "<@"],
            ("follow-up", "done") => &[link, "<@U3>"],
            ("follow-up", _) => &[link, "<@U1>", "*Done*"],
            ("accepted" | "already open" | "not recorded" | "not first" | "hand over doubled", _) => &[link],
            ("mistaken", _) => &["/devoncall ", "https://incident.url", "Nobody has been paged"],
            ("nobody reached", _) => &[link, "by hand"],
            ("nudge", _) => &["<#C1>", "*Preferences*", "working hours", "90 days"],
            ("usage" | "direct help", _) => {
                &["https://incident.url", "@someone", "top`", "position`", "why`", "status`", "help`"]
            }
            _ => &[],
        };
        for word in needed {
            assert!(said.text.contains(word), "{when} lacks {word:?}: {}", said.text);
        }
    }
}

/// People's text mentions nobody: all of Slack's markup in a message is ours. Read as Slack reads it.
#[test]
fn peoples_text_stays_text() {
    let forged = [
        "<!channel>",
        "<!here>",
        "<@U666>",
        "<!subteam^S666>",
        "<https://evil.example|bank>",
        "<https://evil.example>",
        "<#C666>",
        "x|<!channel>",
        "a\n<!everyone>\n<@U666|ann>",
        "<!date^0^{date}|then>",
        // Within the brackets of a link these would be mentions.
        "@U666",
        "!channel",
        "!subteam^S666",
    ];
    for other in forged {
        let note = text::unescape(other);
        let texts = Texts { url: "https://incident.example/|<!channel>", note: &note, other };
        for (when, said) in everything(&texts) {
            let mut parts = vec![said.text.clone()];
            parts.extend(super::texts(&said.blocks).into_iter().map(|(_, text)| text));
            for part in parts {
                for token in text::tokens(&part) {
                    assert!(ours(&token), "{when}: {token:?} in {part}");
                }
            }
        }
    }
}

fn ours(token: &Token) -> bool {
    match token {
        Token::Text(_) => true,
        Token::User(user) => user.as_str() != "U666",
        Token::Channel(channel) => channel.as_str() != "C666",
        Token::UserGroup(group) => group.as_str() == "S1",
        Token::Special(special) => special.starts_with("date^179"),
        Token::Link { url, label: Some(label) } => url.contains("slack.com") && label.contains("thread"),
        Token::Link { url, label: None } => !url.starts_with("https://evil"),
    }
}

/// Nothing of what people wrote is shown with its markup alive, and nothing of it is lost where it fits.
#[test]
fn peoples_text_is_shown_as_they_wrote_it() {
    let texts = Texts { other: "<b> & “c”", ..USUAL };
    let shown = everything(&texts);
    for kind in ["why me: many were ahead", "top", "follow-up: whatever is set", "accepted: on any day off"] {
        let (_, said) = shown.iter().find(|(when, _)| *when == kind).unwrap();
        assert!(said.text.contains(&escape(texts.other)), "{kind}: {}", said.text);
    }
}
