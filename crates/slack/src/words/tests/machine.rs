//! What is said of an incident that a machine reported: it has a name, and nobody is mentioned in its place.

use jiff::tz::TimeZone;
use pagerslack_core::{Event, Incident, Notice, Policy};

use super::promises::USUAL;
use super::story::{Story, at, managers_of, nobody_available};
use super::{said, shown};
use crate::words::*;

fn new() -> Story {
    Story::of_machine(&USUAL, "Alertmanager").posted()
}

fn root_of(incident: &Incident) -> Said {
    root(incident, &Policy::default(), &TimeZone::UTC)
}

#[test]
fn what_is_said_of_a_machine() {
    let resolved_at = |story: Story, seconds| story.then(seconds, Event::Resolved).tell();
    let paging = resolved_at(new().paged(5, 1, "U2"), 60);
    let called = |whom: &[&str]| new().managers(1, 1, managers_of(whom), nobody_available("away")).tell();
    let notified = |incident: &Incident, what| notice(incident, what, &"U9".into(), &Policy::default());
    let all = said(vec![
        ("root", Some(root_of(&new().tell()))),
        ("root: resolved", Some(root_of(&paging))),
        ("resolved", resolved(&paging)),
        ("resolved: taken before", resolved(&resolved_at(new().taken(5, "U2"), 60))),
        ("root: cancelled", Some(root_of(&new().cancelled(65, "").tell()))),
        ("cancelled", cancelled(&new().cancelled(65, "").tell())),
        ("managers", managers(&called(&["M1"]), 1, false)),
        ("managers: there are none", managers(&called(&[]), 1, false)),
        ("managers: cancelled", managers_over(&new().cancelled(65, "").tell())),
        ("follow-up", follow_up(&new().taken(9, "U2").tell(), &FollowUpText::default())),
        ("cancelling refused", notified(&new().tell(), Notice::CancelRefused)),
        ("closing refused", notified(&new().taken(9, "U2").tell(), Notice::CloseRefused)),
        ("too late", notified(&new().cancelled(65, "").tell(), Notice::TooLate)),
    ]);
    for (when, said) in &all {
        assert!(!said.text.contains("<@>") && !said.text.contains("<@U1>"), "{when}: {}", said.text);
    }
    insta::assert_snapshot!(shown(&all));
}

#[test]
fn the_name_of_a_machine_mentions_nobody() {
    let incident = Story::of_machine(&USUAL, "<!channel> <@U1>").posted().tell();
    let text = root_of(&incident).text;
    assert!(text.contains("&lt;!channel&gt;") && !text.contains("<!channel>"), "{text}");
    assert_eq!(resolved(&incident), None);
    assert!(incident.reported_at == at(0));
}
