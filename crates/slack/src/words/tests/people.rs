//! What the people asked read, and what one person is told of an incident.

use pagerslack_core::incident::ManagersReason;
use pagerslack_core::{Candidate, Incident, Notice, Policy, UserGroupId, Verdict};

use super::story::{
    Story, Texts, candidate, considered, manager_reasons, managers_of, nobody_available, turned, two_asked,
};
use super::{Sentence, said, shown};
use crate::words::*;

pub(super) fn all(texts: &Texts<'_>) -> Vec<Sentence> {
    let mut all = said(pages(texts));
    all.extend(said(calls(texts)));
    all.extend(said(choices(texts)));
    all.extend(said(notices(texts)));
    let channels: Vec<_> = ["C1", "C2", "C3", "C4", "C5", "C6", "C7"].map(Into::into).to_vec();
    all.push(("nudge", nudge(&channels[..1], "/devoncall")));
    all.push(("nudge: two channels", nudge(&channels[..2], "/devoncall")));
    all.push(("nudge: many channels", nudge(&channels, "/devoncall")));
    all
}

fn pages(texts: &Texts<'_>) -> Vec<(&'static str, Option<Said>)> {
    let policy = Policy::default();
    let one = || Story::of(texts).posted().paged(0, 1, "U2");
    let last = Policy { max_attempts: 1, ..Policy::default() };
    vec![
        ("page", page(&one().tell(), 1, &policy)),
        ("page: the last", page(&one().tell(), 1, &last)),
        ("page over: no answer", page_over(&one().timed_out(120, 1).tell(), 1)),
        ("page over: passed", page_over(&one().passed(9, 1, "U2").tell(), 1)),
        ("page over: taken", page_over(&one().taken(9, "U2").tell(), 1)),
        ("page over: taken by another", page_over(&one().taken(9, "U4").tell(), 1)),
        ("page over: handed over", page_over(&one().taken(9, "U2").handed_over(90, "U2", "U2").tell(), 1)),
        (
            "page over: another had it and handed it over",
            page_over(&one().taken(9, "U4").handed_over(90, "U4", "U4").tell(), 1),
        ),
        ("page over: closed", page_over(&one().taken(9, "U2").closed(90, "U1").tell(), 1)),
        ("page over: cancelled", page_over(&one().cancelled(90, "U1").tell(), 1)),
    ]
}

fn calls(texts: &Texts<'_>) -> Vec<(&'static str, Option<Said>)> {
    let new = || Story::of(texts).posted();
    let whom = || managers_of(&["M1", "M2"]);
    let group = pagerslack_core::incident::ManagersWhom {
        users: vec!["M1".into()],
        group: Some(UserGroupId::new("S1")),
        incomplete: false,
    };
    let unread = pagerslack_core::incident::ManagersWhom { incomplete: true, ..group.clone() };
    let unfound = || pagerslack_core::incident::ManagersWhom { incomplete: true, ..managers_of(&[]) };
    let called = || new().managers(1, 1, whom(), nobody_available(texts.other));
    let nobody = || new().managers(1, 1, managers_of(&[]), nobody_available(texts.other));
    let weekend = || new().schedule(1, "https://schedule.example", texts.other);
    let on_demand = || ManagersReason::OnDemand { by: "U5".into() };
    let mut all: Vec<_> = manager_reasons(texts.other)
        .into_iter()
        .map(|(when, reason)| {
            let direct = matches!(reason, ManagersReason::CannotPost { .. });
            let round = if reason == ManagersReason::NoAnswer { 2 } else { 1 };
            let story = if round == 2 { called() } else { new() };
            (when, managers(&story.managers(301, round, whom(), reason).tell(), round, direct))
        })
        .collect();
    all.extend([
        (
            "managers: nobody else available, a group",
            managers(
                &two_asked(texts).managers(240, 1, group, nobody_available(texts.other)).tell(),
                1,
                false,
            ),
        ),
        (
            "managers: a group that cannot be read",
            managers(&new().managers(1, 1, unread, nobody_available(texts.other)).tell(), 1, false),
        ),
        (
            "managers: none found",
            managers(&new().managers(1, 1, unfound(), nobody_available(texts.other)).tell(), 1, false),
        ),
        (
            "managers: on a day off",
            managers(&weekend().managers(60, 1, whom(), on_demand()).tell(), 1, false),
        ),
        (
            "managers: called anew after it was handed over",
            managers(
                &called()
                    .taken(9, "M1")
                    .handed_over(90, "M1", "M1")
                    .managers(91, 2, whom(), nobody_available(texts.other))
                    .tell(),
                2,
                false,
            ),
        ),
        ("managers: none configured", managers(&nobody().tell(), 1, false)),
        (
            "managers: none configured, again",
            managers(&nobody().managers(301, 2, managers_of(&[]), ManagersReason::NoAnswer).tell(), 2, false),
        ),
        ("managers over: taken", managers_over(&called().taken(9, "M1").tell())),
        ("managers over: cancelled", managers_over(&called().cancelled(9, "U1").tell())),
        ("managers over: closed", managers_over(&called().taken(9, "M1").closed(90, "U1").tell())),
    ]);
    all
}

/// Why somebody was chosen, in every way in which that comes about.
fn choices(texts: &Texts<'_>) -> Vec<(&'static str, Option<Said>)> {
    let policy = Policy::default();
    let ask = |story: Story, reader: &str| why_me(&story.tell(), 1, &reader.into(), &policy);
    let new = || Story::of(texts).posted();
    let after_turn = |ahead: usize, chosen: Candidate| {
        let mut list = considered(texts.other);
        list.truncate(ahead);
        list.push(chosen);
        new().chosen(0, 1, "U2", list)
    };
    let after = |ahead: usize| after_turn(ahead, candidate("U2", Verdict::Available));
    let all_others = considered(texts.other).len();
    let mut unknown = considered(texts.other);
    unknown.insert(2, candidate("U2", Verdict::Unknown { why: texts.other.to_owned() }));
    let alone = vec![candidate("U2", Verdict::Unknown { why: texts.other.to_owned() })];
    let wanted = Story::with_first(texts, Some("U2")).posted().paged(0, 1, "U2");
    let last = Policy { max_attempts: 1, ..Policy::default() };
    vec![
        ("why me: first of the queue", ask(after(0), "U2")),
        ("why me: one was ahead", ask(after_turn(1, turned("U2", 7_200)), "U2")),
        ("why me: many were ahead", ask(after_turn(all_others, turned("U2", 200_000)), "U2")),
        ("why me: never asked before", ask(after(2), "U2")),
        ("why me: asked by another", ask(after_turn(4, turned("U2", 200_000)), "U7")),
        ("why me: the reporter wanted it", ask(wanted, "U2")),
        ("why me: could not tell", ask(new().chosen(0, 1, "U2", unknown), "U2")),
        ("why me: could not tell, alone", ask(new().chosen(0, 1, "U2", alone), "U2")),
        ("why me: the last", why_me(&after(0).tell(), 1, &"U2".into(), &last)),
        ("why me: over", ask(after(1).timed_out(120, 1), "U2")),
        ("why me: on it", ask(after(1).taken(60, "U2"), "U2")),
        ("why me: another is on it", ask(after(1).taken(60, "U4"), "U2")),
        ("why me: cancelled", ask(after(1).cancelled(60, "U1"), "U2")),
    ]
}

fn notices(texts: &Texts<'_>) -> Vec<(&'static str, Option<Said>)> {
    let open = Story::of(texts).posted().paged(0, 1, "U2");
    let taken = Story::of(texts).posted().taken(3, "U4");
    let by_reporter = Story::of(texts).posted().taken(3, "U1");
    let wanting = || Story::with_first(texts, Some("U9")).posted();
    let away = vec![candidate("U9", Verdict::Away), candidate("U2", Verdict::Available)];
    let not_first = |verdict: Verdict| {
        let reason = ManagersReason::NobodyAvailable { considered: vec![candidate("U9", verdict)] };
        wanting().managers(9, 1, managers_of(&["M1"]), reason)
    };
    let tell = |incident: &Incident, it: Notice| notice(incident, it, &"U2".into(), &Policy::default());
    let mut all: Vec<_> = [
        (Notice::AckRefused, &open),
        (Notice::PassRefused, &open),
        (Notice::TakenAlready, &taken),
        (Notice::WhyMe { attempt: 1 }, &open),
        (Notice::NotFirst, &wanting().chosen(0, 1, "U2", away)),
        (Notice::HandOverRefused, &taken),
        (Notice::HandOverDoubled, &taken),
        (Notice::CancelRefused, &open),
        (Notice::CloseRefused, &taken),
        (Notice::TooLate, &taken),
    ]
    .into_iter()
    .map(|(it, story)| (name(it), tell(&story.tell(), it)))
    .collect();
    for verdict in super::story::verdicts(texts.other) {
        all.push(("not first: nobody else", tell(&not_first(verdict).tell(), Notice::NotFirst)));
    }
    all.extend([
        ("taken already: cancelled", tell(&open.cancelled(9, "U1").tell(), Notice::TakenAlready)),
        ("too late: closed", tell(&taken.closed(9, "U1").tell(), Notice::TooLate)),
        ("close refused: the reporter is on it", tell(&by_reporter.tell(), Notice::CloseRefused)),
        ("too late: moved on", tell(&two_asked(texts).tell(), Notice::TooLate)),
        ("hand over refused: too late", tell(&two_asked(texts).tell(), Notice::HandOverRefused)),
    ]);
    all
}

/// A new notice does not compile here, and belongs into [`notices`].
fn name(notice: Notice) -> &'static str {
    match notice {
        Notice::AckRefused => "ack refused",
        Notice::PassRefused => "pass refused",
        Notice::TakenAlready => "taken already",
        Notice::WhyMe { .. } => "why me: the notice",
        Notice::NotFirst => "not first",
        Notice::HandOverRefused => "hand over refused",
        Notice::HandOverDoubled => "hand over doubled",
        Notice::CancelRefused => "cancel refused",
        Notice::CloseRefused => "close refused",
        Notice::TooLate => "too late",
    }
}

#[test]
fn what_the_people_asked_read() {
    insta::assert_snapshot!(shown(&all(&super::promises::USUAL)));
}

#[test]
fn why_me_takes_three_lines() {
    for (when, said) in said(choices(&super::promises::USUAL)) {
        assert_eq!(said.text.lines().count(), 3, "{when}: {}", said.text);
    }
}

/// Nobody is warned of somebody who was asked, or of whom nothing was found.
#[test]
fn the_reporter_is_warned_only_if_there_is_something_to_say() {
    let texts = &super::promises::USUAL;
    assert_eq!(not_first(&Story::of(texts).paged(0, 1, "U2").tell()), None);
    let wanting = || Story::with_first(texts, Some("U2"));
    assert_eq!(not_first(&wanting().tell()), None);
    assert_eq!(not_first(&wanting().paged(0, 1, "U2").tell()), None);
    assert_eq!(not_first(&wanting().paged(0, 1, "U3").tell()), None);
}
