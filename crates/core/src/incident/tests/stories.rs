//! Walk-throughs: one incident, told as a story.

use super::*;

pub(super) fn check(story: &str) {
    check_with(Policy::default(), story);
}

pub(super) fn check_with(policy: Policy, story: &str) {
    let expected: Vec<&str> = story.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut course = Course::new(policy);
    let mut played = Vec::new();
    for line in expected.iter().filter(|line| !line.starts_with('→')) {
        let (seconds, words) = line.split_once(' ').expect("seconds and a command");
        let events = course.give(&command(words), at(seconds.parse().unwrap()));
        played.push((*line).to_owned());
        if events.is_empty() {
            played.push("→ nothing".to_owned());
        }
        played.extend(events.iter().map(|event| format!("→ {}", told(event))));
    }
    assert_eq!(expected.join("\n"), played.join("\n"));
    assert_eq!(replay(&course.log), course.state, "replaying the log is the live path");
}

pub(super) fn command(words: &str) -> Command {
    let managers = managers();
    let number = |word: &str| word.parse::<u32>().expect("a number");
    let words: Vec<&str> = words.split_whitespace().collect();
    match words.as_slice() {
        ["report"] => Command::Report(report()),
        ["root", "posted"] => Command::RootPosted { message: message("root") },
        ["hunt", "gives", "up"] => Command::GiveUpHunt { why: "ratelimited".to_owned(), managers },
        ["hunt", people @ ..] => {
            Command::Page { candidates: people.iter().map(|word| candidate(word)).collect(), managers }
        }
        ["page", attempt, "posted"] => {
            Command::PagePosted { attempt: number(attempt), message: message(format!("page-{attempt}")) }
        }
        ["time", "out", attempt] => Command::TimeOut { attempt: number(attempt), managers },
        ["pass", by] => Command::Pass { by: (*by).into() },
        ["give", "up", "root"] => Command::GiveUpRoot { managers },
        ["repeat", "managers", round] => Command::RepeatManagers { round: number(round), managers },
        ["managers", round, "posted"] => {
            Command::ManagersPosted { round: number(round), message: message(format!("managers-{round}")) }
        }
        ["refuse", posting @ .., why] => Command::PostRefused {
            posting: match posting {
                ["root"] => Posting::Root,
                ["page", attempt] => Posting::Page { attempt: number(attempt) },
                ["managers", round] => Posting::Managers { round: number(round) },
                ["follow-up"] => Posting::FollowUp,
                other => panic!("no such message: {other:?}"),
            },
            why: (*why).to_owned(),
            managers,
        },
        ["ack", by, how @ ..] => Command::Acknowledge {
            by: (*by).into(),
            via: if how == ["read", "back"] { Via::ReadBack } else { Via::Reaction },
            eligible: how != ["ineligible"],
            zone: None,
        },
        ["show", "schedule"] => Command::ShowSchedule {
            link: "https://example.com/shifts".to_owned(),
            day: "the weekend".to_owned(),
        },
        ["delay"] => Command::Delay { why: Delay::NoAnswer },
        ["resume", by] => Command::ResumeHunt { by: (*by).into() },
        ["call", "managers", by] => Command::CallManagers { by: (*by).into(), managers },
        ["hand", "over", by, who @ ..] => Command::HandOver { by: (*by).into(), manager: is_manager(who) },
        ["cancel", by, who @ ..] => Command::Cancel { by: (*by).into(), manager: is_manager(who) },
        ["resolve"] => Command::Resolve,
        ["follow-up", "posted"] => Command::FollowUpPosted { message: message("follow-up") },
        ["close", by, who @ ..] => Command::Close { by: (*by).into(), manager: is_manager(who) },
        other => panic!("no such command: {other:?}"),
    }
}

fn is_manager(who: &[&str]) -> bool {
    match who {
        [] => false,
        ["manager"] => true,
        other => panic!("no such person: {other:?}"),
    }
}

/// `ann` is available; `ann:away`, `ann:dnd`, `ann:manager`, `ann:asked` are not, `ann:unknown` might be.
fn candidate(word: &str) -> Candidate {
    let (user, verdict) = word.split_once(':').unwrap_or((word, ""));
    let verdict = match verdict {
        "" => Verdict::Available,
        "away" => Verdict::Away,
        "dnd" => Verdict::DoNotDisturb { until: at(3600) },
        "manager" => Verdict::Manager,
        "asked" => Verdict::AskedAlready,
        "unknown" => Verdict::Unknown { why: "ratelimited".to_owned() },
        other => panic!("no such verdict: {other}"),
    };
    Candidate::new(user.into(), verdict)
}

pub(super) fn told(event: &Event) -> String {
    match event {
        Event::Reported(_) => "reported".to_owned(),
        Event::RootPosted { .. } => "root posted".to_owned(),
        Event::Paged { attempt, responder, considered, deadline } => {
            format!("paged {attempt} {responder} until {}, of {}", deadline.as_second(), people(considered))
        }
        Event::PagePosted { attempt, deadline, .. } => {
            format!("page {attempt} posted, until {}", deadline.as_second())
        }
        Event::PageTimedOut { attempt } => format!("page {attempt} timed out"),
        Event::Passed { attempt, by } => format!("{by} passed page {attempt}"),
        Event::ManagersPaged { round, reason, direct, deadline, .. } => {
            let reason = match reason {
                ManagersReason::AttemptsUsedUp => "attempts used up".to_owned(),
                ManagersReason::NobodyAvailable { considered } if considered.is_empty() => {
                    "nobody there".to_owned()
                }
                ManagersReason::NobodyAvailable { considered } => {
                    format!("nobody available of {}", people(considered))
                }
                ManagersReason::CannotTell { why } => format!("cannot tell, {why}"),
                ManagersReason::CannotPost { why } => format!("cannot post, {why}"),
                ManagersReason::NoAnswer => "no answer".to_owned(),
                ManagersReason::OnDemand { by } => format!("{by} calls them"),
            };
            let direct = if *direct { " directly" } else { "" };
            let until = deadline
                .map_or("for the last time".to_owned(), |deadline| format!("until {}", deadline.as_second()));
            format!("managers {round} paged{direct} {until}: {reason}")
        }
        Event::ManagersPosted { round, .. } => format!("managers {round} posted"),
        Event::PostRefused { posting, why } => match posting {
            Posting::Root => format!("root refused, {why}"),
            Posting::Page { attempt } => format!("page {attempt} refused, {why}"),
            Posting::Managers { round } => format!("managers {round} refused, {why}"),
            Posting::FollowUp => format!("follow-up refused, {why}"),
        },
        Event::Acknowledged { by, via: Via::ReadBack, .. } => format!("acknowledged by {by}, read back"),
        Event::Acknowledged { by, .. } => format!("acknowledged by {by}"),
        Event::AckRefused { by } => format!("ack of {by} refused"),
        Event::ScheduleShown { link, day } => format!("{link} shown, as it is {day}"),
        Event::HuntResumed { by } => format!("{by} reports it again"),
        Event::HandedOver { from, by } if from == by => format!("{from} hands over"),
        Event::HandedOver { from, by } => format!("{by} takes it from {from}"),
        Event::Delayed { why } => format!("delayed: {why:?}"),
        Event::ClockPutBack { deadline: None } => "clock put back".to_owned(),
        Event::ClockPutBack { deadline: Some(deadline) } => {
            format!("clock put back, until {}", deadline.as_second())
        }
        Event::Cancelled { by } => format!("{by} cancels"),
        Event::FollowUpPosted { .. } => "follow-up posted".to_owned(),
        Event::Resolved => "resolved".to_owned(),
        Event::Closed { by } => format!("{by} closes"),
    }
}

fn people(candidates: &[Candidate]) -> String {
    let word = |candidate: &Candidate| {
        let verdict = match candidate.verdict {
            Verdict::Available => "",
            Verdict::Away => ":away",
            Verdict::DoNotDisturb { .. } => ":dnd",
            Verdict::AskedAlready => ":asked",
            Verdict::Manager => ":manager",
            Verdict::Unknown { .. } => ":unknown",
            _ => ":other",
        };
        format!("{}{verdict}", candidate.user)
    };
    candidates.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn given_somebody_available_when_paged_they_acknowledge() {
    check(
        "0 report
         → reported
         1 root posted
         → root posted
         2 hunt ann:away bob
         → paged 1 bob until 122, of ann:away bob
         3 page 1 posted
         → page 1 posted, until 123
         40 ack bob
         → acknowledged by bob",
    );
}

#[test]
fn given_nobody_answers_six_are_asked_and_then_the_managers_three_times() {
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         0 hunt a
         → paged 1 a until 120, of a
         0 page 1 posted
         → page 1 posted, until 120
         120 time out 1
         → page 1 timed out
         120 hunt b
         → paged 2 b until 240, of b
         120 page 2 posted
         → page 2 posted, until 240
         240 time out 2
         → page 2 timed out
         240 hunt c
         → paged 3 c until 360, of c
         240 page 3 posted
         → page 3 posted, until 360
         360 time out 3
         → page 3 timed out
         360 hunt d
         → paged 4 d until 480, of d
         360 page 4 posted
         → page 4 posted, until 480
         480 time out 4
         → page 4 timed out
         480 hunt e
         → paged 5 e until 600, of e
         480 page 5 posted
         → page 5 posted, until 600
         600 time out 5
         → page 5 timed out
         600 hunt f
         → paged 6 f until 720, of f
         600 page 6 posted
         → page 6 posted, until 720
         720 time out 6
         → page 6 timed out
         720 hunt g
         → managers 1 paged until 1020: attempts used up
         720 managers 1 posted
         → managers 1 posted
         1020 repeat managers 1
         → managers 2 paged until 1320: no answer
         1020 managers 2 posted
         → managers 2 posted
         1320 repeat managers 2
         → managers 3 paged for the last time: no answer
         9000 repeat managers 3
         → nothing
         9001 ack a
         → acknowledged by a",
    );
}

#[test]
fn given_a_page_only_the_person_asked_may_pass() {
    check(
        "0 report
         → reported
         0 pass ann
         → nothing
         0 root posted
         → root posted
         0 hunt ann bob
         → paged 1 ann until 120, of ann
         0 page 1 posted
         → page 1 posted, until 120
         5 pass bob
         → nothing
         6 pass ann
         → ann passed page 1
         6 pass ann
         → nothing
         6 hunt ann:asked bob
         → paged 2 bob until 126, of ann:asked bob
         7 pass ann
         → nothing",
    );
}

#[test]
fn given_commands_late_doubled_or_for_another_attempt_nothing_changes() {
    check(
        "0 root posted
         → nothing
         0 report
         → reported
         0 report
         → nothing
         0 page 1 posted
         → nothing
         0 refuse page 1 not_in_channel
         → nothing
         0 refuse managers 1 not_in_channel
         → nothing
         0 root posted
         → root posted
         0 root posted
         → nothing
         0 refuse root channel_not_found
         → nothing
         0 give up root
         → nothing
         0 hunt ann
         → paged 1 ann until 120, of ann
         0 hunt bob
         → nothing
         0 hunt gives up
         → nothing
         0 page 2 posted
         → nothing
         0 page 1 posted
         → page 1 posted, until 120
         1 page 1 posted
         → nothing
         2 refuse page 1 not_in_channel
         → nothing
         119 time out 1
         → nothing
         120 time out 2
         → nothing
         120 time out 0
         → nothing
         120 repeat managers 1
         → nothing
         120 time out 1
         → page 1 timed out
         121 time out 1
         → nothing",
    );
}

#[test]
fn given_nobody_available_the_managers_are_paged_at_once_and_told_why() {
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         1 hunt ann:away bob:dnd mia:manager
         → managers 1 paged until 301: nobody available of ann:away bob:dnd mia:manager",
    );
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         1 hunt
         → managers 1 paged until 301: nobody there",
    );
}

#[test]
fn given_facts_that_slack_withholds_the_unknown_come_after_the_available_and_before_the_managers() {
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         0 hunt ann:unknown bob:away cat
         → paged 1 cat until 120, of ann:unknown bob:away cat
         0 page 1 posted
         → page 1 posted, until 120
         120 time out 1
         → page 1 timed out
         120 hunt ann:unknown bob:away cat:asked
         → paged 2 ann until 240, of ann:unknown bob:away cat:asked
         120 page 2 posted
         → page 2 posted, until 240
         240 time out 2
         → page 2 timed out
         240 hunt ann:unknown bob:away cat
         → managers 1 paged until 540: nobody available of ann:asked bob:away cat:asked",
    );
}

#[test]
fn given_a_hunt_that_cannot_see_the_channel_the_managers_are_paged() {
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         30 hunt gives up
         → managers 1 paged until 330: cannot tell, ratelimited",
    );
}

#[test]
fn given_somebody_asked_before_they_are_recorded_as_such_whatever_the_facts_say() {
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         0 hunt ann
         → paged 1 ann until 120, of ann
         1 pass ann
         → ann passed page 1
         1 hunt ann bob
         → paged 2 bob until 121, of ann:asked bob",
    );
}

#[test]
fn given_an_ineligible_ack_it_is_refused_once_and_later_counts_if_they_become_eligible() {
    check(
        "0 report
         → reported
         1 ack eve ineligible
         → ack of eve refused
         2 ack eve ineligible
         → nothing
         3 ack kim ineligible
         → ack of kim refused
         4 ack eve
         → acknowledged by eve
         5 ack zoe ineligible
         → nothing",
    );
}
