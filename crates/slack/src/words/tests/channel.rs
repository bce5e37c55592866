//! What the channel reads.

use jiff::tz::TimeZone;
use pagerslack_core::incident::{Delay, ManagersReason};
use pagerslack_core::{Incident, Phase, Policy};

use super::story::{Story, Texts, manager_reasons, managers_of, nobody_available, two_asked};
use super::{Sentence, said, shown};
use crate::words::*;

/// A new phase does not compile here, and belongs into [`roots`].
fn phase(incident: &Incident) -> &'static str {
    match incident.phase {
        Phase::Hunting { .. } => "root: hunting",
        Phase::Paging { .. } => "root: waiting",
        Phase::ManagersPaged { .. } => "root: managers paged",
        Phase::Acknowledged { .. } => "root: taken",
        Phase::ScheduleShown { .. } => "root: the schedule",
        Phase::Cancelled { .. } => "root: cancelled",
        Phase::Closed { .. } => "root: closed",
    }
}

fn roots(texts: &Texts<'_>) -> Vec<Incident> {
    let new = || Story::of(texts).posted();
    let whom = || managers_of(&["M1", "M2"]);
    let taken = || two_asked(texts).taken(263, "U3");
    let mut stories = vec![
        new(),
        new().delayed(20, Delay::Limited),
        two_asked(texts).delayed(260, Delay::NoAnswer),
        new().delayed(20, Delay::NoAnswer).paged(30, 1, "U2"),
        new().paged(5, 1, "U2"),
        new().paged(5, 1, "U2").timed_out(125, 1),
        new().taken(3, "U4").handed_over(600, "U4", "U4"),
        taken().handed_over(600, "U3", "M1"),
        taken().handed_over(600, "U3", "U3").paged(610, 3, "U5"),
        new().managers(1, 1, managers_of(&[]), nobody_available(texts.other)),
        two_asked(texts).managers(240, 1, whom(), nobody_available(texts.other)),
        two_asked(texts).managers(240, 1, whom(), ManagersReason::AttemptsUsedUp).managers(
            540,
            2,
            whom(),
            ManagersReason::NoAnswer,
        ),
        two_asked(texts)
            .managers(240, 1, whom(), ManagersReason::AttemptsUsedUp)
            .taken(263, "M1")
            .handed_over(600, "M1", "M1")
            .managers(601, 2, whom(), nobody_available(texts.other)),
        new().schedule(1, texts.url, "the weekend"),
        new().schedule(1, texts.other, texts.other),
        new().schedule(1, texts.url, "the weekend").managers(
            60,
            1,
            whom(),
            ManagersReason::OnDemand { by: "U5".into() },
        ),
        new().taken(3, "U4"),
        taken(),
        taken().handed_over(600, "U3", "U3").taken(630, "U4"),
        taken().handed_over(600, "U3", "U3").taken(630, "U3"),
        new().paged(5, 1, "U2").cancelled(65, "U1"),
        taken().closed(7_200, "U1"),
    ];
    for (_, reason) in manager_reasons(texts.other) {
        stories.push(new().managers(30, 1, whom(), reason));
    }
    stories.iter().map(Story::tell).collect()
}

pub(super) fn all(texts: &Texts<'_>) -> Vec<Sentence> {
    let policy = Policy::default();
    let mut all: Vec<Sentence> = roots(texts)
        .iter()
        .map(|incident| (phase(incident), root(incident, &policy, &TimeZone::UTC)))
        .collect();
    let two = || two_asked(texts).taken(263, "U3");
    let over = || two().handed_over(863, "U3", "U3");
    let settings =
        FollowUpText { question: Some(texts.other.to_owned()), link: Some(texts.other.to_owned()) };
    let usual = FollowUpText {
        question: Some("What broke, and what would have helped?".to_owned()),
        link: Some("https://forms.example/1".to_owned()),
    };
    let none = FollowUpText::default();
    all.extend(said(vec![
        ("taken", taken(&two().tell(), 1)),
        ("taken: again", taken(&over().taken(900, "U4").tell(), 2)),
        ("handed over", handed_over(&over().tell(), 1)),
        ("handed over: taken again meanwhile", handed_over(&over().taken(864, "U4").tell(), 1)),
        ("cancelled", cancelled(&Story::of(texts).posted().cancelled(65, "M1").tell())),
        ("follow-up", follow_up(&two().tell(), &usual)),
        ("follow-up: by the reporter alone", follow_up(&Story::of(texts).taken(9, "U1").tell(), &none)),
        ("follow-up: whatever is set", follow_up(&two().tell(), &settings)),
        ("follow-up: done", follow_up_over(&two().closed(7_200, "U3").tell())),
    ]));
    all
}

#[test]
fn what_the_channel_reads() {
    insta::assert_snapshot!(shown(&all(&super::promises::USUAL)));
}

#[test]
fn each_phase_has_its_root() {
    let incidents = roots(&super::promises::USUAL);
    let mut there: Vec<_> = incidents.iter().map(phase).collect();
    there.sort_unstable();
    there.dedup();
    assert_eq!(there.len(), 7);
}

/// What is over is not said any more, and what never was is not said at all.
#[test]
fn nothing_is_said_of_what_did_not_happen() {
    let texts = &super::promises::USUAL;
    let taken_once = two_asked(texts).taken(263, "U3");
    assert_eq!(taken(&taken_once.tell(), 0), None);
    assert_eq!(taken(&taken_once.tell(), 2), None);
    assert_eq!(handed_over(&taken_once.tell(), 1), None);
    assert_eq!(cancelled(&taken_once.tell()), None);
    assert_eq!(follow_up_over(&taken_once.tell()), None);
    assert_eq!(managers_over(&two_asked(texts).tell()), None);
    let over = taken_once.handed_over(300, "U3", "U3").tell();
    assert_eq!(taken(&over, 1), None);
    assert_eq!(follow_up(&over, &FollowUpText::default()), None);
}

/// A zone other than UTC is said, for days begin elsewhere then.
#[test]
fn the_zone_of_the_day_is_said() {
    let texts = &super::promises::USUAL;
    let incident = Story::of(texts).schedule(1, "https://schedule.example", "Christmas Day").tell();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let said = root(&incident, &Policy::default(), &zone);
    assert!(said.text.contains("It is Christmas Day (Europe/Berlin): nobody is paged"), "{}", said.text);
}
