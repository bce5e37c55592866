//! Every sentence the bot says, to be read in one place (`snapshots/`), and what holds of all of them.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{ManagersReason, ManagersWhom, Report, Via, replay};
use pagerslack_core::{
    Candidate, Event, Incident, MessageRef, Policy, Recorded, RotationId, UserId, Verdict,
};
use serde_json::Value;

use super::*;
use crate::client::Refusal;

const NOON: &str = "2026-11-24T12:00:00Z";

/// Tells an incident, event by event, each some seconds after the report.
struct Story {
    log: Vec<Recorded>,
}

impl Story {
    fn of(url: &str, note: &str) -> Self {
        let report = Report {
            incident: "7k3m9q2w5x8r4t6y".into(),
            rotation: RotationId::new("T1".into(), "C1".into()),
            url: url.to_owned(),
            note: note.to_owned(),
            reporter: "U1".into(),
            response_url: None,
        };
        Self { log: vec![] }.then(0, Event::Reported(report))
    }

    fn then(mut self, seconds: i64, event: Event) -> Self {
        let at = at(seconds);
        self.log.push(Recorded { seq: self.log.len() as u64 + 1, at, event });
        self
    }

    fn posted(self) -> Self {
        self.then(0, Event::RootPosted { message: message("1.0") })
    }

    fn paged(self, seconds: i64, attempt: u32, responder: &str) -> Self {
        let deadline = at(seconds + 120);
        let considered = vec![candidate(responder, Verdict::Available)];
        self.then(seconds, Event::Paged { attempt, responder: responder.into(), considered, deadline })
            .then(seconds, Event::PagePosted { attempt, message: message(&format!("2.{attempt}")), deadline })
    }

    fn timed_out(self, seconds: i64, attempt: u32) -> Self {
        self.then(seconds, Event::PageTimedOut { attempt })
    }

    fn managers(self, seconds: i64, round: u32, whom: ManagersWhom, reason: ManagersReason) -> Self {
        let direct = matches!(reason, ManagersReason::CannotPost { .. });
        self.then(seconds, Event::ManagersPaged { round, whom, reason, direct, deadline: None })
    }

    fn taken(self, seconds: i64, by: &str) -> Self {
        self.then(seconds, Event::Acknowledged { by: by.into(), via: Via::Reaction })
    }

    fn tell(&self) -> Incident {
        replay(&self.log).unwrap()
    }
}

fn at(seconds: i64) -> Timestamp {
    NOON.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn message(ts: &str) -> MessageRef {
    MessageRef::new("C1".into(), ts.into())
}

fn candidate(user: &str, verdict: Verdict) -> Candidate {
    Candidate::new(user.into(), verdict)
}

fn managers_of(users: &[&str]) -> ManagersWhom {
    ManagersWhom { users: users.iter().map(UserId::new).collect(), group: None }
}

fn nobody_available() -> ManagersReason {
    let until = at(3_600);
    let verdicts = [
        Verdict::Away,
        Verdict::Away,
        Verdict::DoNotDisturb { until },
        Verdict::Guest,
        Verdict::Stranger,
        Verdict::Deactivated,
        Verdict::Bot,
        Verdict::Manager,
        Verdict::AskedAlready,
    ];
    ManagersReason::NobodyAvailable {
        considered: verdicts.into_iter().map(|verdict| candidate("U9", verdict)).collect(),
    }
}

fn refusal(code: &str, needed: Option<&str>) -> Refusal {
    Refusal {
        method: "chat.postMessage".into(),
        code: code.into(),
        needed: needed.map(Into::into),
        provided: None,
    }
}

const URL: &str = "https://incident.example/1?a=1&b=2";

/// Every sentence there is, with when it is said.
fn everything(url: &str, note: &str) -> Vec<(&'static str, Said)> {
    let policy = Policy::default();
    let new = || Story::of(url, note).posted();
    let whom = || managers_of(&["M1", "M2"]);
    let group = || ManagersWhom { users: vec!["M1".into()], group: Some("S1".into()) };
    let two_asked = || new().paged(0, 1, "U2").timed_out(120, 1).paged(120, 2, "U3").timed_out(240, 2);
    let channel = "C1".into();
    let report = new().tell().report;
    let mut all = vec![
        ("root: hunting", root(&new().tell(), &policy)),
        ("root: waiting for the first", root(&new().paged(5, 1, "U2").tell(), &policy)),
        ("root: hunting again", root(&new().paged(5, 1, "U2").timed_out(125, 1).tell(), &policy)),
        ("root: nobody available", root(&new().managers(1, 1, whom(), nobody_available()).tell(), &policy)),
        (
            "root: nobody else available",
            root(&two_asked().managers(240, 1, whom(), nobody_available()).tell(), &policy),
        ),
        (
            "root: attempts used up, second call",
            root(
                &two_asked()
                    .managers(240, 1, whom(), ManagersReason::AttemptsUsedUp)
                    .managers(540, 2, whom(), ManagersReason::NoAnswer)
                    .tell(),
                &policy,
            ),
        ),
        (
            "root: Slack does not say who is there",
            root(
                &new().managers(30, 1, whom(), ManagersReason::CannotTell { why: "x".into() }).tell(),
                &policy,
            ),
        ),
        (
            "root: Slack did not take messages",
            root(
                &new()
                    .managers(120, 1, whom(), ManagersReason::CannotPost { why: "not_in_channel".into() })
                    .tell(),
                &policy,
            ),
        ),
        (
            "root: no managers",
            root(&new().managers(1, 1, managers_of(&[]), nobody_available()).tell(), &policy),
        ),
        ("root: taken at once", root(&new().taken(3, "U4").tell(), &policy)),
        ("root: taken", root(&two_asked().taken(263, "U3").tell(), &policy)),
        ("accepted", accepted(url)),
        ("already open", already_open(url, None, Some("https://example.slack.com/archives/C1/p1"))),
        ("already open, not posted yet", already_open(url, None, None)),
        ("not recorded", not_recorded(url)),
        ("usage", usage("/devoncall", &policy)),
        ("direct message", direct_help("/devoncall")),
        ("ack refused", ack_refused()),
        ("pass refused", pass_refused()),
        ("taken already", taken_already(&new().taken(3, "U4").tell())),
        ("moved on", taken_already(&new().tell())),
        (
            "cannot post: not in the channel",
            cannot_post(&refusal("not_in_channel", None), &channel, Some(policy.ack_timeout)),
        ),
        (
            "cannot post: archived",
            cannot_post(&refusal("is_archived", None), &channel, Some(policy.ack_timeout)),
        ),
        (
            "cannot post: token",
            cannot_post(&refusal("token_revoked", None), &channel, Some(policy.ack_timeout)),
        ),
        (
            "cannot post: permission",
            cannot_post(&refusal("missing_scope", Some("chat:write")), &channel, Some(policy.ack_timeout)),
        ),
        (
            "cannot post: anything",
            cannot_post(&refusal("restricted_action", None), &channel, Some(policy.ack_timeout)),
        ),
        ("cannot post, no managers", cannot_post(&refusal("not_in_channel", None), &channel, None)),
        ("cannot see who is there", cannot_see(&refusal("missing_scope", Some("users:read")))),
        ("cannot read back", cannot_see(&refusal("missing_scope", Some("channels:history")))),
        ("managers told", managers_told(&refusal("not_in_channel", None), &report)),
        ("nobody reached", nobody_reached(&refusal("token_revoked", None), &report)),
    ];
    for mistake in
        [Mistake::NoUrl, Mistake::NotHttp, Mistake::TooLong, Mistake::Mention, Mistake::DirectMessage]
    {
        all.push(("mistaken", mistaken(&mistake, "/devoncall")));
    }
    for (when, said) in [
        ("page", page(&new().paged(0, 1, "U2").tell(), 1, &policy)),
        ("page over: no answer", page_over(&new().paged(0, 1, "U2").timed_out(120, 1).tell(), 1)),
        (
            "page over: passed",
            page_over(
                &new().paged(0, 1, "U2").then(9, Event::Passed { attempt: 1, by: "U2".into() }).tell(),
                1,
            ),
        ),
        ("page over: taken", page_over(&new().paged(0, 1, "U2").taken(9, "U2").tell(), 1)),
        ("page over: taken by another", page_over(&new().paged(0, 1, "U2").taken(9, "U4").tell(), 1)),
        (
            "managers: nobody available",
            managers(&new().managers(1, 1, whom(), nobody_available()).tell(), 1, false),
        ),
        (
            "managers: nobody else available, a group",
            managers(&two_asked().managers(240, 1, group(), nobody_available()).tell(), 1, false),
        ),
        (
            "managers: attempts used up",
            managers(&two_asked().managers(240, 1, whom(), ManagersReason::AttemptsUsedUp).tell(), 1, false),
        ),
        (
            "managers: again",
            managers(
                &new()
                    .managers(1, 1, whom(), nobody_available())
                    .managers(301, 2, whom(), ManagersReason::NoAnswer)
                    .tell(),
                2,
                false,
            ),
        ),
        (
            "managers: Slack does not say who is there",
            managers(
                &new()
                    .managers(30, 1, whom(), ManagersReason::CannotTell { why: "missing_scope".into() })
                    .tell(),
                1,
                false,
            ),
        ),
        (
            "managers: directly",
            managers(
                &new()
                    .managers(120, 1, whom(), ManagersReason::CannotPost { why: "not_in_channel".into() })
                    .tell(),
                1,
                true,
            ),
        ),
        (
            "managers: none configured",
            managers(&new().managers(1, 1, managers_of(&[]), nobody_available()).tell(), 1, false),
        ),
        (
            "managers: none configured, again",
            managers(
                &new()
                    .managers(1, 1, managers_of(&[]), nobody_available())
                    .managers(301, 2, managers_of(&[]), ManagersReason::NoAnswer)
                    .tell(),
                2,
                false,
            ),
        ),
        (
            "managers: over",
            managers_over(&new().managers(1, 1, whom(), nobody_available()).taken(9, "M1").tell()),
        ),
        ("taken", taken(&two_asked().taken(263, "U3").tell())),
    ] {
        all.push((when, said.unwrap_or_else(|| panic!("nothing is said: {when}"))));
    }
    all
}

/// The texts within blocks, with their kind.
fn texts(blocks: &Value, found: &mut Vec<(String, String)>) {
    for block in blocks.as_array().into_iter().flatten() {
        let kind = block["type"].as_str().unwrap();
        let mut push = |text: &Value| {
            found.push((kind.to_owned(), text["text"].as_str().unwrap().to_owned()));
        };
        match kind {
            "section" => push(&block["text"]),
            "context" => block["elements"].as_array().unwrap().iter().for_each(push),
            "actions" => {
                block["elements"].as_array().unwrap().iter().for_each(|button| push(&button["text"]))
            }
            other => panic!("a block nobody checks here: {other}"),
        }
    }
}

fn joined(parts: &[(String, String)]) -> String {
    parts.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_sentence() {
    let mut all = String::new();
    for (when, said) in everything(URL, "database <down> & out") {
        writeln!(all, "## {when}\n{}\n", said.text).unwrap();
        let mut parts = Vec::new();
        texts(&said.blocks, &mut parts);
        // Blocks that only repeat the text, paragraph by paragraph, need no second look.
        if parts.iter().any(|(kind, _)| kind == "actions") || joined(&parts) != said.text {
            for (kind, text) in parts {
                writeln!(all, "    [{kind}] {}", text.replace('\n', "\n        ")).unwrap();
            }
            all.push('\n');
        }
    }
    insta::assert_snapshot!(all);
}

/// What Slack refuses or splits is never said, whatever people typed.
#[test]
fn every_sentence_fits() {
    let head = "https://incident.example/";
    let urls = [
        format!("{head}{}", "a".repeat(1_798 - head.len())),
        format!("{head}?{}", "&".repeat((1_797 - head.len()) / 5)),
        format!("{head}{}", "|".repeat((1_798 - head.len()) / 3)),
    ];
    for url in &urls {
        for note in [
            "x".repeat(4_000),
            "<&>".repeat(1_000),
            "&amp;".repeat(1_000),
            "👩‍🚒 ".repeat(1_000),
            "שלום ".repeat(500),
        ] {
            let crate::command::Request::Report { url, note } =
                crate::command::parse(&format!("{url} {note}"))
            else {
                panic!("no report: {url}")
            };
            for (when, said) in everything(&url, &note) {
                check(when, &said);
                let mut parts = Vec::new();
                texts(&said.blocks, &mut parts);
                assert!(
                    !parts.iter().any(|(_, text)| text.ends_with("…") && text.chars().count() == 3_000),
                    "{when} is cut"
                );
            }
        }
    }
}

fn check(when: &str, said: &Said) {
    let count = said.text.chars().count();
    assert!(count > 0 && count <= 3_900, "{when}: {count} characters");
    assert!(said.blocks.as_array().is_some_and(|blocks| (1..=50).contains(&blocks.len())), "{when}");
    let mut parts = Vec::new();
    texts(&said.blocks, &mut parts);
    for (kind, text) in parts {
        let (most, count) = (if kind == "actions" { 30 } else { 3_000 }, text.chars().count());
        assert!(count > 0 && count <= most, "{when}: a {kind} of {count} characters");
    }
    for button in
        said.blocks.as_array().unwrap().iter().flat_map(|block| block["elements"].as_array()).flatten()
    {
        if button["type"] == "button" {
            assert_eq!(button["text"]["type"], "plain_text", "{when}");
            assert!(button["value"].as_str().unwrap().len() <= 2_000, "{when}");
            assert!(button["action_id"].as_str().unwrap().len() <= 255, "{when}");
        } else {
            assert_eq!(button["verbatim"], true, "{when}: Slack is not to find names and links by itself");
        }
    }
}

/// A phone and a screen reader have nothing but the text: where, who, and what to do.
#[test]
fn the_text_alone_says_everything() {
    let link = "<https://incident.example/1?a=1&amp;b=2>";
    for (when, said) in everything(URL, "database down") {
        let needed: &[&str] = match when.split(':').next().unwrap() {
            "root" if when.contains("taken") => &[link, "<@U1>", "Taken by <@U", "database down"],
            "root" => &[link, "<@U1>", ":eyes:", "database down"],
            "page" => &[link, "<@U2>", "React with :eyes:", "I'm on it", "2 min", "database down"],
            "managers" if when.contains("none") => &[link, "<@U1>", "find somebody by hand"],
            "managers" if when.contains("over") => &[link, "<@M1>", "is on it"],
            "managers" => &[link, "<@U1>", "<#C1>", "Please find somebody", ":eyes:", "database down"],
            "accepted" | "already open" | "already open, not posted yet" | "not recorded" => &[link],
            "mistaken" => &["/devoncall https://incident.url", "Nobody has been paged"],
            "nobody reached" => &[link, "by hand"],
            _ => &[],
        };
        for word in needed {
            assert!(said.text.contains(word), "{when} lacks {word:?}: {}", said.text);
        }
    }
}

/// People's text mentions nobody: all of Slack's markup in a message is ours.
#[test]
fn peoples_text_stays_text() {
    let note = "<!channel> <@U666> <!subteam^S666> <https://evil.example|bank> &lt;!here&gt; <#C666>";
    for (when, said) in everything("https://incident.example/|<!channel>", note) {
        let mut parts = vec![("text".to_owned(), said.text.clone())];
        texts(&said.blocks, &mut parts);
        for (_, text) in parts {
            for forged in ["<!channel", "<!here", "<@U666", "S666>", "<https://evil", "<#C666", "|<"] {
                let ours = text.replace("&lt;!subteam^S666&gt;", "");
                assert!(!ours.contains(forged), "{when}: {text}");
            }
        }
    }
}

#[test]
fn every_verdict_has_its_reason() {
    let until = at(3_600);
    let verdicts = [
        Verdict::Available,
        Verdict::Away,
        Verdict::DoNotDisturb { until },
        Verdict::AskedAlready,
        Verdict::Manager,
        Verdict::Deactivated,
        Verdict::Guest,
        Verdict::Stranger,
        Verdict::Bot,
        Verdict::Unknown { why: "presence: <b>".into() },
    ];
    let reasons: Vec<_> =
        verdicts.iter().map(|it| format!("{} / {}", reason(it), reason_in_utc(it))).collect();
    insta::assert_snapshot!(reasons.join("\n"));
}

#[test]
fn a_summary_counts_people_and_not_bots() {
    let of = |verdicts: &[Verdict]| {
        summary(&verdicts.iter().map(|verdict| candidate("U1", verdict.clone())).collect::<Vec<_>>())
    };
    assert_eq!(of(&[]), "the channel has no engineers");
    assert_eq!(of(&[Verdict::Bot, Verdict::Manager]), "the channel has no engineers");
    assert_eq!(of(&[Verdict::AskedAlready, Verdict::Bot]), "the channel has no more engineers");
    assert_eq!(of(&[Verdict::Guest, Verdict::Away, Verdict::AskedAlready]), "1 away, 1 guest");
    assert_eq!(of(&[Verdict::Guest, Verdict::Guest]), "2 guests");
}
