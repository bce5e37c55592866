//! What the reporter reads, and whoever types something.

use pagerslack_core::Policy;
use pagerslack_core::incident::Delay;

use super::story::{Story, Texts, managers_of, nobody_available, refusal};
use super::{Sentence, shown};
use crate::words::*;

pub(super) fn all(texts: &Texts<'_>) -> Vec<Sentence> {
    let policy = Policy::default();
    let wait = Some(policy.ack_timeout);
    let url = texts.url;
    let new = || Story::of(texts).posted();
    let report = new().tell().report;
    let channel = "C1".into();
    let refused = |code, needed| cannot_post(&refusal(code, needed), &channel, wait);
    let open =
        |story: Story| already_open(url, Some(&story.tell()), Some("https://x.slack.com/archives/C1/p1"));
    let called = || new().managers(1, 1, managers_of(&["M1"]), nobody_available(texts.other));
    let mut all = vec![
        ("accepted", accepted(url, None)),
        ("accepted: somebody first", accepted(url, Some(&"U9".into()))),
        ("accepted: on a day off", accepted_on_day_off(url, "the weekend", "https://schedule.example")),
        ("accepted: on any day off", accepted_on_day_off(url, texts.other, texts.other)),
        ("already open", already_open(url, None, Some("https://example.slack.com/archives/C1/p1"))),
        ("already open: not posted yet", already_open(url, None, None)),
        ("already open: managers called", open(called())),
        ("already open: taken", open(new().taken(3, "U4"))),
        ("already open: the schedule is shown", open(new().schedule(1, "https://s.example", "the weekend"))),
        ("already open: cancelled", open(new().cancelled(3, "U1"))),
        ("already open: closed", open(new().taken(3, "U4").closed(9, "U1"))),
        ("not recorded", not_recorded(url)),
        ("not asked", not_asked()),
        ("usage", usage("/devoncall", &policy)),
        ("direct help", direct_help("/devoncall", None)),
        ("direct help: a near word", direct_help("/devoncall", Some("positon?"))),
        ("direct help: anything", direct_help("/devoncall", Some(texts.other))),
        ("direct help: a report", direct_help("/devoncall", Some("https://incident.example/1 is down"))),
        ("cannot post: not in the channel", refused("not_in_channel", None)),
        ("cannot post: archived", refused("is_archived", None)),
        ("cannot post: token", refused("token_revoked", None)),
        ("cannot post: permission", refused("missing_scope", Some("chat:write"))),
        ("cannot post: anything", refused("restricted_action", None)),
        ("cannot post: no managers", cannot_post(&refusal("not_in_channel", None), &channel, None)),
        ("cannot see who is there", cannot_see(&refusal("missing_scope", Some("users:read")))),
        ("cannot read back", cannot_see(&refusal("missing_scope", Some("channels:history")))),
        ("delayed: rate limits", delayed(Delay::Limited, &report)),
        ("delayed: no answer", delayed(Delay::NoAnswer, &report)),
        ("managers told", managers_told(&refusal("not_in_channel", None), &report)),
        ("nobody reached", nobody_reached(&refusal("token_revoked", None), &report)),
    ];
    all.extend(mistakes(texts.other).map(|mistake| ("mistaken", mistaken(&mistake, "/devoncall"))));
    all
}

fn mistakes(other: &str) -> [Mistake; 7] {
    let all = [
        Mistake::NoUrl,
        Mistake::NotHttp,
        Mistake::TooLong,
        Mistake::Mention,
        Mistake::DirectMessage,
        Mistake::Unknown { word: "positon".to_owned(), nearest: Some("position") },
        Mistake::Unknown { word: other.to_owned(), nearest: None },
    ];
    for mistake in &all {
        // A new mistake does not compile here, and belongs above.
        match mistake {
            Mistake::NoUrl
            | Mistake::NotHttp
            | Mistake::TooLong
            | Mistake::Mention
            | Mistake::DirectMessage
            | Mistake::Unknown { .. } => {}
        }
    }
    all
}

#[test]
fn what_somebody_who_types_reads() {
    insta::assert_snapshot!(shown(&all(&super::promises::USUAL)));
}
