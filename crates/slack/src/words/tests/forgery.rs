//! Whatever people type, all markup of every message is ours (P8): by chance, where `promises` has the known tricks.

use proptest::prelude::*;

use super::story::Texts;
use super::{everything, texts};
use crate::command::{self, Request};
use crate::text::{self, Token};
use crate::words::{Said, link};

/// What markup is made of, whole and in parts, and what might become it when it is cut, joined or unescaped twice.
const PIECES: &[&str] = &[
    "<",
    ">",
    "|",
    "&",
    "&lt;",
    "&gt;",
    "&amp;lt;",
    "&#60;",
    "<@U666>",
    "<@U666|ann>",
    "@U666",
    "<!channel>",
    "!here",
    "<!subteam^S666|@sre>",
    "<!date^0^{date}^https://evil.example|then>",
    "<#C666>",
    "<https://evil.example|https://incident.example/1>",
    "https://evil.example",
    "mailto:evil@evil.example",
    " ",
    "\n",
    "*",
    "`",
    "…",
];

fn typed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![4 => proptest::sample::select(PIECES).prop_map(str::to_owned), 1 => ".{0,4}"];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// An address, or what may be taken for one.
fn address() -> impl Strategy<Value = String> {
    let odd = (typed(), typed()).prop_map(|(scheme, path)| format!("{scheme}://{path}"));
    prop_oneof![3 => typed().prop_map(|path| format!("https://incident.example/{path}")), 1 => odd]
}

/// The same with nothing in it that markup is made of.
fn tamed(text: &str) -> String {
    text.chars().map(|it| if "<>|&@!#^".contains(it) { 'x' } else { it }).collect()
}

/// The command as it is read from what Slack hands on, if it is a report.
fn reported(text: &str) -> Option<(String, String)> {
    match command::parse(text) {
        Request::Report { url, note, .. } => Some((url, note)),
        _ => None,
    }
}

/// What Slack makes markup of: whatever stands between `<` and `>`. Both stand for nothing else, but for the `>` that makes
/// a line a quotation.
fn brackets(when: &str, text: &str) -> Vec<String> {
    let unquoted =
        text.lines().map(|line| line.strip_prefix('>').unwrap_or(line)).collect::<Vec<_>>().join("\n");
    let mut parts = unquoted.split('<');
    let before = parts.next().unwrap_or_default();
    assert!(!before.contains('>'), "{when}: a bracket is closed that nobody opened in {text}");
    let inside = parts.map(|part| {
        let (inside, after) =
            part.split_once('>').unwrap_or_else(|| panic!("{when}: a `<` is left in {text}"));
        assert!(!after.contains('>'), "{when}: a `>` is left in {text}");
        inside.to_owned()
    });
    inside.collect()
}

/// Every piece of markup of a message.
fn markup(when: &str, said: &Said) -> Vec<String> {
    let blocks = texts(&said.blocks);
    // Buttons and the questions behind them are `plain_text`, in which Slack finds no markup.
    let marked = blocks.iter().filter(|(kind, _)| !matches!(*kind, "actions" | "confirm"));
    let parts = marked.map(|(_, text)| text.as_str()).chain([said.text.as_str()]);
    parts.flat_map(|part| brackets(when, part)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Given any address, note, status, reason, name or answer, then each message has the markup that it has when people
    /// write nothing odd, and their address as it was reported.
    #[test]
    fn people_mention_nobody_and_forge_no_link(typed in address(), note in typed(), other in typed()) {
        for text in [format!("{typed} {note}"), format!("<{typed}|{note}> {other}"), format!("<{typed}> {note}")] {
            let Some((url, note)) = reported(&text) else { continue };
            let hostile = everything(&Texts { url: &url, note: &note, other: &other });
            let (note, tame_other) = (tamed(&note), tamed(&other));
            let tame = everything(&Texts { url: "https://incident.example/", note: &note, other: &tame_other });
            // The team's settings, which stand in `other` too, may lead somewhere as well: to where they say.
            let addresses = [link(&url), link(&other)];
            let leads = |inside: &str| inside.starts_with("http") && addresses.contains(&format!("<{inside}>"));
            for ((when, hostile), (_, tame)) in hostile.iter().zip(&tame) {
                let (found, ours) = (markup(when, hostile), markup(when, tame));
                prop_assert!(found.len() <= ours.len(), "{}: more markup than ours: {:?}", when, found);
                for inside in found {
                    prop_assert!(
                        leads(&inside) || ours.contains(&inside),
                        "{}: <{}> is not ours, in {}", when, inside, hostile.text
                    );
                }
            }
        }
    }

    /// Given an address, however odd, then it is one of the web, and Slack reads the link to it as a link to it, with no
    /// words in its place.
    #[test]
    fn an_address_leads_where_it_says(typed in address()) {
        let Some((url, _)) = reported(&typed) else { return Ok(()) };
        prop_assert!(url.starts_with("https://") || url.starts_with("http://"), "{}", url);
        let read = text::tokens(&link(&url));
        prop_assert_eq!(read, vec![Token::Link { url: url.replace('|', "%7C"), label: None }]);
    }
}

/// Given a setting with a line break, which Slack would not read as a link, then it is shown and leads nowhere.
#[test]
fn a_line_break_makes_no_link() {
    assert_eq!(crate::words::address("https://a.example/b"), "<https://a.example/b>");
    for broken in ["https://a.example/b\n", "https://a.example/\nb", "https://a.example/\u{2028}b"] {
        assert!(!crate::words::address(broken).contains('<'), "{broken:?}");
    }
}
