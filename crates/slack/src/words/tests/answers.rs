//! Answers to questions.

use pagerslack_core::incident::ManagersReason;
use pagerslack_core::rules::Day;
use pagerslack_core::{Incident, UserId, Verdict};

use super::story::{
    Story, Texts, at, candidate, considered, managers_of, nobody_available, turned, verdicts,
};
use super::{Sentence, shown};
use crate::words::answer::*;

/// So many people stand in a long queue.
const MANY: usize = 25;

fn here<T>(channel: &str, found: T) -> InChannel<T> {
    InChannel { channel: channel.into(), found: Ok(found) }
}

fn failing<T>(channel: &str, error: AnswerError) -> InChannel<T> {
    InChannel { channel: channel.into(), found: Err(error) }
}

/// A queue with somebody of every verdict, and of whom nothing was looked up.
fn queue(texts: &Texts<'_>) -> RotationTop {
    let known = verdicts(texts.other).into_iter().map(Standing::Known);
    let standings = known.chain(std::iter::repeat(Standing::NotLookedAt)).take(MANY);
    let entries = (1..).zip(standings).map(|(place, standing)| TopEntry {
        user: UserId::new(format!("U0123456{place:03}")),
        place,
        last_turn: (place % 3 > 0).then(|| at(-40_000 * place as i64)),
        next: standing == Standing::Known(Verdict::Available),
        standing,
    });
    RotationTop { day: Day::Working, schedule: None, entries: entries.collect(), total: 80 }
}

fn small(count: usize, day: Day, schedule: Option<&str>, texts: &Texts<'_>) -> RotationTop {
    let mut entries = queue(texts).entries;
    entries.truncate(count);
    RotationTop { day, schedule: schedule.map(str::to_owned), total: count, entries }
}

fn tops(texts: &Texts<'_>) -> Vec<Sentence> {
    let off = |name: &str| Day::Off { name: name.to_owned() };
    let tell = |rotations| top(&TopAnswer { now: at(0), rotations });
    vec![
        ("top", tell(vec![here("C1", queue(texts))])),
        (
            "top: several rotations",
            tell(vec![
                here("C1", small(2, Day::Working, None, texts)),
                here("C2", small(1, off("the weekend"), Some("https://schedule.example"), texts)),
                here("C3", small(1, off(texts.other), None, texts)),
                here("C4", small(1, off(texts.other), Some(texts.other), texts)),
                here("C5", small(0, Day::Working, None, texts)),
                failing("C6", AnswerError::NoMembers),
                failing("C7", AnswerError::NoRecords),
            ]),
        ),
        ("top: three long queues", tell(vec![here("C1", queue(texts)); 3])),
        ("top: nowhere", tell(vec![])),
    ]
}

fn positions(texts: &Texts<'_>) -> Vec<Sentence> {
    let tell = |rotations| position(&PositionAnswer { now: at(0), rotations });
    let place = |standing| Position::Place { place: 12, of: 80, last_turn: Some(at(-90_000)), standing };
    let mut all: Vec<Sentence> = verdicts(texts.other)
        .into_iter()
        .map(|verdict| ("position", tell(vec![here("C1", place(Standing::Known(verdict)))])))
        .collect();
    let first = |place| Position::Place { place, of: 2, last_turn: None, standing: Standing::NotLookedAt };
    all.extend([
        (
            "position: several rotations",
            tell(vec![
                here("C1", place(Standing::NotLookedAt)),
                here("C2", first(1)),
                here("C3", first(2)),
                here("C4", Position::Joining { of: 7, standing: Standing::Known(Verdict::Away) }),
                here("C5", Position::None { verdict: Verdict::Manager }),
                here("C6", Position::None { verdict: Verdict::NotOnRoster }),
                failing("C7", AnswerError::NoMembers),
            ]),
        ),
        ("position: nowhere", tell(vec![])),
    ]);
    all
}

fn told(incident: Incident) -> Told {
    Told { incident, thread: Some("https://example.slack.com/archives/C1/p1795521600000000".to_owned()) }
}

fn long_story(texts: &Texts<'_>, ahead: usize) -> Story {
    let queue = |responder: &str| {
        let mut list: Vec<_> = considered(texts.other).into_iter().cycle().take(ahead).collect();
        list.push(candidate(responder, Verdict::Available));
        list
    };
    Story::with_first(texts, Some("U10"))
        .posted()
        .chosen(1, 1, "U2", queue("U2"))
        .timed_out(121, 1)
        .chosen(122, 2, "U3", queue("U3"))
        .passed(130, 2, "U3")
        .managers(131, 1, managers_of(&["M1"]), nobody_available(texts.other))
        .managers(431, 2, managers_of(&["M1"]), ManagersReason::NoAnswer)
        .taken(500, "M1")
        .handed_over(800, "M1", "M1")
        .chosen(801, 3, "U4", vec![candidate("U4", Verdict::Available)])
        .taken(860, "U4")
        .closed(90_000, "U1")
}

fn whys(texts: &Texts<'_>) -> Vec<Sentence> {
    let tell = |rotations| why(&WhyAnswer { now: at(100_000), url: None, rotations });
    let named = |rotations| why(&WhyAnswer { now: at(9), url: Some(texts.url.to_owned()), rotations });
    let some = |story: Story| Some(told(story.tell()));
    let new = || Story::of(texts).posted();
    let weekend = new().schedule(1, "https://schedule.example", texts.other).managers(
        60,
        1,
        managers_of(&["M1"]),
        ManagersReason::OnDemand { by: "U5".into() },
    );
    let open = Told { incident: new().paged(5, 1, "U2").tell(), thread: None };
    let ahead = considered(texts.other).into_iter().skip(2).take(7);
    let few = new().chosen(5, 1, "U2", ahead.chain([turned("U2", 9_000)]).collect()).taken(60, "U2");
    vec![
        ("why", tell(vec![here("C1", some(long_story(texts, 19)))])),
        ("why: few were considered", tell(vec![here("C1", some(few))])),
        (
            "why: several rotations",
            tell(vec![
                here("C1", some(weekend)),
                here("C2", Some(open)),
                here("C3", None),
                here("C4", some(new())),
                here("C5", some(new().taken(3, "U4"))),
                failing("C6", AnswerError::NoRecords),
            ]),
        ),
        ("why: not known", named(vec![here("C1", None), here("C2", None)])),
        ("why: none yet", tell(vec![here("C1", None)])),
        ("why: nowhere", tell(vec![])),
    ]
}

fn statuses(texts: &Texts<'_>) -> Vec<Sentence> {
    let tell = |rotations| status(&StatusAnswer { now: at(60_000), rotations });
    let new = || Story::of(texts).posted();
    let called = || new().managers(1, 1, managers_of(&["M1"]), nobody_available(texts.other));
    let open = || -> Vec<Told> {
        let stories = [
            new(),
            new().paged(5, 1, "U2"),
            called(),
            new().schedule(1, texts.other, texts.other),
            new().taken(59_000, "U4"),
            new().cancelled(59_000, "U1"),
            new().closed(59_000, "U1"),
        ];
        let mut open: Vec<Told> = stories.into_iter().map(|story| told(story.tell())).collect();
        open[0].thread = None;
        open
    };
    let one = |story: Story| vec![told(story.tell())];
    vec![
        ("status", tell(vec![here("C1", open())])),
        (
            "status: several rotations",
            tell(vec![
                here("C1", one(new())),
                here("C2", vec![]),
                here("C3", one(called())),
                here("C4", vec![]),
                failing("C5", AnswerError::NoRecords),
            ]),
        ),
        ("status: nothing", tell(vec![here("C1", vec![]), here("C2", vec![])])),
        ("status: nowhere", tell(vec![])),
    ]
}

/// More than a message has room for, of everything.
pub(super) fn crowds(texts: &Texts<'_>) -> Vec<Sentence> {
    let now = at(100_000);
    let standing = Standing::Known(Verdict::Unknown { why: texts.other.to_owned() });
    let place = Position::Joining { of: 80, standing };
    let tops = |count| top(&TopAnswer { now, rotations: vec![here("C1", queue(texts)); count] });
    let places = |count| position(&PositionAnswer { now, rotations: vec![here("C1", place.clone()); count] });
    let whys = |ahead, count| {
        let told = Some(told(long_story(texts, ahead).tell()));
        why(&WhyAnswer { now, url: None, rotations: vec![here("C1", told); count] })
    };
    let open = told(Story::of(texts).posted().tell());
    let statuses = |each, count| {
        status(&StatusAnswer { now, rotations: vec![here("C1", vec![open.clone(); each]); count] })
    };
    vec![
        ("top: sixty long queues", tops(60)),
        ("position: a hundred rotations", places(100)),
        ("why: a long queue", whys(2_000, 1)),
        ("why: thirty rotations", whys(30, 30)),
        ("status: many", statuses(300, 1)),
        ("status: a hundred rotations", statuses(3, 100)),
    ]
}

/// What is said of more than there is room for, without its middle.
#[test]
fn what_does_not_fit_is_counted() {
    let ends = |(when, said): &Sentence| {
        let lines: Vec<_> = said.text.lines().collect();
        format!(
            "## {when}: {} lines\n{}\n…\n{}\n",
            lines.len(),
            lines[..4].join("\n"),
            lines[lines.len() - 2..].join("\n")
        )
    };
    let crowds: Vec<_> = crowds(&super::promises::USUAL).iter().map(ends).collect();
    insta::assert_snapshot!(crowds.join("\n"));
}

pub(super) fn all(texts: &Texts<'_>) -> Vec<Sentence> {
    let mut all = [tops(texts), positions(texts), whys(texts), statuses(texts)].concat();
    all.extend([
        ("unanswered: members", unanswered(AnswerError::NoMembers)),
        ("unanswered: records", unanswered(AnswerError::NoRecords)),
    ]);
    all
}

#[test]
fn how_the_queue_stands() {
    let texts = &super::promises::USUAL;
    insta::assert_snapshot!(shown(&[tops(texts), positions(texts)].concat()));
}

#[test]
fn how_incidents_came_out_and_what_is_open() {
    let texts = &super::promises::USUAL;
    let errors = [AnswerError::NoMembers, AnswerError::NoRecords].map(|it| ("unanswered", unanswered(it)));
    insta::assert_snapshot!(shown(&[whys(texts), statuses(texts), errors.to_vec()].concat()));
}

/// A phone shows all 25 of one queue, whatever their reasons are; and the one who would be asked is marked.
#[test]
fn one_queue_is_told_whole() {
    let long = "x".repeat(500);
    let texts = Texts { other: &long, ..super::promises::USUAL };
    let said = top(&TopAnswer { now: at(0), rotations: vec![here("C1", queue(&texts))] });
    for place in 1..=MANY {
        assert!(said.text.contains(&format!("\n{place}. <@U0123456{place:03}>")), "{place}: {}", said.text);
    }
    assert_eq!(said.text.matches("would be asked now").count(), 1);
}

/// What does not fit is counted by reason, so that nobody who was considered is left out of the account.
#[test]
fn everybody_considered_is_accounted_for() {
    let texts = &super::promises::USUAL;
    let answer = WhyAnswer {
        now: at(0),
        url: None,
        rotations: vec![here("C1", Some(told(long_story(texts, 2_000).tell())))],
    };
    let said = why(&answer);
    let first = said.text.split("*Attempt 1*").nth(1).unwrap().split("*Attempt 2*").next().unwrap();
    let named = first.lines().filter(|line| line.contains(". <@")).count();
    let rest = first.lines().find(|line| line.starts_with('…')).unwrap();
    let (total, kinds) = rest.split_once(" more: ").unwrap();
    let total: usize = total.trim_start_matches("… and ").parse().unwrap();
    let counted = kinds.split(", ").map(|kind| kind.split(' ').next().unwrap().parse::<usize>().unwrap());
    assert!(named > 0);
    assert_eq!(named + total, 2_001);
    assert_eq!(counted.sum::<usize>(), total);
}
