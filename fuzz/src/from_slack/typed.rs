//! What somebody typed, and every message that quotes it: the bot's own markup and no other.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::{ManagersReason, ManagersWhom, Report, Via, replay};
use pagerslack_core::{
    Candidate, Event, Incident, MessageRef, Policy, Question, Recorded, RotationId, UserId, Verdict,
};
use pagerslack_slack::command::{Request, parse, parse_direct};
use pagerslack_slack::text::{Token, escape, tokens, unescape};
use pagerslack_slack::words::{self, FollowUpText, Said, answer};

use crate::markup::{brackets, texts};

const COMMAND: &str = "/devoncall";
const SCHEDULE: &str = "https://schedule.example/on-call";
const THREAD: &str = "https://acme.slack.com/archives/C1/p10";

/// Slack takes 3,000 characters in a section, and splits texts of more than about 4,000.
/// Sources: <https://docs.slack.dev/reference/block-kit/blocks/section-block>,
/// <https://github.com/slackapi/java-slack-sdk/issues/704>.
const LIMITS: [usize; 2] = [4_000, 3_000];

/// The text of a slash command or of a direct message.
///
/// # Panics
/// When something that was typed becomes markup, or a message is longer than Slack takes.
pub fn command(input: &[u8]) {
    let typed = String::from_utf8_lossy(input);
    let typed = &*typed;
    assert_eq!(unescape(&escape(typed)), typed);
    let whole = if typed.is_empty() { vec![] } else { vec![Token::Text(typed.to_owned())] };
    assert_eq!(tokens(&escape(typed)), whole, "escaped text is text");

    match parse(typed) {
        Request::Report { url, note, first } => reported(&url, &note, first.as_ref()),
        Request::Ask(question) => asked(&question),
        Request::Help => check(&words::usage(COMMAND, &Policy::default()), &[]),
        Request::Mistaken(mistake) => check(&words::mistaken(&mistake, COMMAND), &[]),
    }
    asked(&parse_direct(typed));
}

fn asked(question: &Question) {
    match question {
        Question::Help { unknown } => check(&words::direct_help(COMMAND, unknown.as_deref()), &[]),
        Question::Why { url } => {
            let said = answer::why(&answer::WhyAnswer {
                now: Timestamp::UNIX_EPOCH,
                url: url.clone(),
                rotations: vec![answer::InChannel { channel: "C1".into(), found: Ok(None) }],
            });
            check(&said, &[&url.as_deref().map_or_else(String::new, link), "#C1"]);
        }
        Question::Top | Question::Position | Question::Status => {}
    }
}

fn reported(url: &str, note: &str, first: Option<&UserId>) {
    assert!(url.starts_with("http://") || url.starts_with("https://"), "{url:?}");
    assert!(note.chars().count() <= 500 && escape(note).chars().count() <= 700, "{note:?}");
    let link = link(url);
    let again = Request::Report { url: unescape(&link), note: String::new(), first: None };
    assert_eq!(parse(&format!("<{link}>")), again, "what we show can be reported again");

    let policy = Policy::default();
    let first_mention = first.map_or_else(String::new, |first| format!("@{first}"));
    let ours = [&*link, &*first_mention, "@U1", "@U2", "@U3", "@M1", "#C1"];
    let thread = format!("{THREAD}|its thread");
    check(&words::accepted(url, first), &ours);
    check(&words::accepted_on_day_off(url, note, SCHEDULE), &[&link, SCHEDULE]);
    check(&words::not_recorded(url), &ours);

    let log = story(url, note, first);
    for length in 1..=log.len() {
        let Some(incident) = replay(&log[..length]) else { panic!("the story begins with a report") };
        check(&words::already_open(url, Some(&incident), Some(THREAD)), &[&link, &thread]);
        messages(&incident, &policy, note).iter().for_each(|said| check(said, &ours));
    }
}

/// All that is said of an incident as it stands.
fn messages(incident: &Incident, policy: &Policy, note: &str) -> Vec<Said> {
    let text = FollowUpText { question: Some(note.to_owned()), link: None };
    let said = [
        Some(words::root(incident, policy, &TimeZone::UTC)),
        words::page(incident, 1, policy),
        words::page_over(incident, 1),
        words::managers(incident, 1, false),
        words::managers(incident, 1, true),
        words::managers_over(incident),
        words::taken(incident, 1),
        words::follow_up(incident, &text),
        words::follow_up_over(incident),
        words::why_me(incident, 1, &"U2".into(), policy),
        words::not_first(incident),
        words::cancelled(incident),
    ];
    said.into_iter().flatten().collect()
}

/// An incident from its report to its end.
fn story(url: &str, note: &str, first: Option<&UserId>) -> Vec<Recorded> {
    let message = |ts: &str| MessageRef::new("C1".into(), ts.into());
    let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
    let report = Report {
        incident: "7k3m9q2w5x8r4t6y".into(),
        rotation: RotationId::new("T1".into(), "C1".into()),
        url: url.to_owned(),
        note: note.to_owned(),
        reporter: "U1".into(),
        machine: None,
        first: first.cloned(),
        response_url: None,
    };
    let considered = vec![Candidate {
        user: "U2".into(),
        verdict: Verdict::Available,
        last_turn: None,
        weekend_volunteer: false,
        volunteered_at: None,
        zone: None,
    }];
    let whom = ManagersWhom { users: vec!["M1".into()], ..ManagersWhom::default() };
    let events = [
        Event::Reported(report),
        Event::RootPosted { message: message("1.0") },
        Event::Paged { attempt: 1, responder: "U2".into(), considered, deadline: at(120) },
        Event::PagePosted { attempt: 1, message: message("2.0"), deadline: at(120) },
        Event::PageTimedOut { attempt: 1 },
        Event::ManagersPaged {
            round: 1,
            whom,
            reason: ManagersReason::AttemptsUsedUp,
            direct: false,
            deadline: None,
        },
        Event::Acknowledged { by: "U3".into(), via: Via::Reaction, zone: None },
    ];
    let at_once =
        |(seq, event): (u64, Event)| Recorded { seq, at: at(i64::try_from(seq).unwrap_or(0)), event };
    (1..).zip(events).map(at_once).collect()
}

/// An address as it stands in angle brackets.
fn link(url: &str) -> String {
    escape(&url.replace('|', "%7C"))
}

/// Checks that every `<…>` of a message is one of `ours` or a moment, and that Slack takes it whole.
fn check(said: &Said, ours: &[&str]) {
    for (index, text) in texts(&said.text, &said.blocks).iter().enumerate() {
        for inside in brackets(text) {
            assert!(ours.contains(&inside) || inside.starts_with("!date^"), "forged: <{inside}> in {text:?}");
        }
        let limit = LIMITS[index.min(1)];
        assert!(text.chars().count() <= limit, "more than {limit} characters: {text:?}");
    }
}
