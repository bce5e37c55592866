//! What follows once somebody is on it, or nobody is needed or hunted; and what the reporter is told of whom they
//! wanted first.

use super::stories::{ack, check, check_with, hunt, page_posted, root};
use super::*;

fn hand_over(by: &str) -> Command {
    Command::HandOver { by: by.into(), manager: false }
}

fn close(by: &str) -> Command {
    Command::Close { by: by.into(), manager: false }
}

fn cancel() -> Command {
    Command::Cancel { by: "rae".into(), manager: false }
}

fn follow_up_posted() -> Command {
    Command::FollowUpPosted { message: message("follow-up") }
}

/// What is planned by `command`, after an incident was reported and these happened.
fn after(policy: &Policy, report: Report, before: &[Command], command: &Command) -> Vec<String> {
    let mut desk = Desk::new(policy.clone());
    desk.commit(&Command::Report(report), None);
    for before in before {
        desk.commit(before, None);
    }
    desk.now = at(60);
    desk.commit(command, None)
}

fn asking_later() -> Policy {
    Policy { follow_up_after: Some(SignedDuration::from_secs(1000)), ..Policy::default() }
}

#[test]
fn given_a_hand_over_the_hunt_goes_on_and_the_thread_is_told() {
    let before = [root(), hunt("ann"), page_posted(1), ack("ann")];
    let planned = after(&asking_later(), report(), &before, &hand_over("ann"));
    let expected = [
        "- follow-up/1",
        "+ hunt at 60",
        "+ send/handed-over/1 at 60",
        // It says that she is on it.
        "+ update/page/1 at 60",
        "+ update/root/6 at 60",
    ];
    assert_eq!(planned, expected);
    let before = [&before[..], &[hand_over("ann"), hunt("bob")]].concat();
    let planned = after(&asking_later(), report(), &before, &ack("bob"));
    for job in ["+ send/taken/2 at 60", "+ follow-up/2 at 1060", "- deadline/page/2"] {
        assert!(planned.iter().any(|planned| planned == job), "{job}: {planned:?}");
    }
}

/// P1: without it, a hunt whose pages can reach nobody would go on for ever.
#[test]
fn given_a_hand_over_while_the_thread_does_not_stand_the_wait_for_it_is_bounded_again() {
    let give_up = Command::GiveUpRoot { managers: managers() };
    let planned = after(&Policy::default(), report(), &[give_up.clone(), ack("mia")], &hand_over("mia"));
    assert_eq!(planned, ["- follow-up/1", "+ hunt at 60", "+ deadline/root at 180"]);
    let planned =
        after(&Policy::default(), report(), &[give_up.clone(), ack("mia"), hand_over("mia")], &give_up);
    assert!(planned.contains(&"+ send/manager/2/mia at 60".to_owned()), "{planned:?}");
}

#[test]
fn given_a_cancel_nothing_is_asked_of_anybody_any_more_and_the_thread_is_told() {
    let before = [root(), hunt("ann"), page_posted(1)];
    let planned = after(&Policy::default(), report(), &before, &cancel());
    let expected = [
        "- hunt",
        "- deadline/root",
        "- deadline/page/1",
        "+ update/page/1 at 60",
        "+ send/cancelled at 60",
        "+ update/root/5 at 60",
    ];
    assert_eq!(planned, expected);
    let planned = after(&Policy::default(), report(), &[cancel()], &root());
    let expected = ["- deadline/root", "+ send/cancelled at 60", "+ update/root/3 at 60"];
    assert_eq!(planned, expected, "said as soon as there is a thread");
}

#[test]
fn given_a_follow_up_it_is_asked_once_after_its_time_and_closed_with_its_button() {
    let update = "+ update/follow-up at 9".to_owned();
    check_with(
        asking_later(),
        &[
            (0, Command::Report(report()), &["+ send/root at 0", "+ hunt at 0", "+ deadline/root at 120"]),
            (1, root(), &["- deadline/root", "+ hunt at 1"]),
            (
                2,
                ack("ann"),
                &[
                    "- hunt",
                    "- deadline/root",
                    "+ send/taken at 2",
                    "+ update/root/3 at 2",
                    "+ follow-up/1 at 1002",
                ],
            ),
            (3, follow_up_posted(), &[]),
            (9, close("ann"), &["- follow-up/1", &update, "+ update/root/5 at 9"]),
        ],
    );
    let before = [root(), ack("ann")];
    assert_eq!(
        after(&asking_later(), report(), &before, &close("ann")),
        ["- follow-up/1", "+ update/root/4 at 60"]
    );
    let before = [root(), ack("ann"), close("ann")];
    assert_eq!(after(&asking_later(), report(), &before, &follow_up_posted()), ["+ update/follow-up at 60"]);
    let never = after(&Policy::default(), report(), &[root()], &ack("ann"));
    assert!(!never.iter().any(|job| job.contains("follow-up")), "{never:?}");
    let before = [root(), ack("ann"), follow_up_posted(), hand_over("ann")];
    let again = after(&asking_later(), report(), &before, &ack("bob"));
    assert!(!again.iter().any(|job| job.contains("follow-up")), "asked already: {again:?}");
}

#[test]
fn given_a_weekend_the_hunt_ends_with_the_schedule_and_the_managers_come_on_demand() {
    let show =
        Command::ShowSchedule { link: "https://example.com".to_owned(), day: "the weekend".to_owned() };
    let call = Command::CallManagers { by: "rae".into(), managers: managers() };
    check(&[
        (0, Command::Report(report()), &["+ send/root at 0", "+ hunt at 0", "+ deadline/root at 120"]),
        (1, root(), &["- deadline/root", "+ hunt at 1"]),
        (1, show, &["- hunt", "+ update/root/3 at 1"]),
        (
            50,
            call,
            &[
                "- hunt",
                "- deadline/root",
                "+ send/managers/1 at 50",
                "+ deadline/managers/1 at 350",
                "+ update/root/4 at 50",
            ],
        ),
    ]);
}

/// The reporter wanted Bob: they are told if somebody else is asked instead, and only then, and only once.
#[test]
fn given_a_wish_for_whom_to_ask_first_the_reporter_is_told_when_it_is_not_granted() {
    let wish = || Report { first: Some("bob".into()), ..report() };
    let page = |people: &[(&str, Verdict)]| Command::Page {
        candidates: people
            .iter()
            .map(|(user, verdict)| Candidate::new((*user).into(), verdict.clone()))
            .collect(),
        managers: managers(),
    };
    let is_told = |before: &[Command], command: &Command| {
        let planned = after(&Policy::default(), wish(), before, command);
        planned.contains(&"+ send/notice/not-first/rae at 60".to_owned())
    };
    let unknown = || Verdict::Unknown { why: "ratelimited".to_owned() };
    let bob_away = page(&[("bob", Verdict::Away), ("ann", Verdict::Available)]);
    assert!(!is_told(&[], &page(&[("bob", Verdict::Available)])), "he is asked");
    assert!(
        !is_told(&[], &page(&[("bob", unknown()), ("ann", Verdict::Away)])),
        "he is asked, for want of others"
    );
    assert!(is_told(&[], &bob_away), "ann is asked");
    assert!(is_told(&[], &page(&[("bob", unknown()), ("ann", Verdict::Available)])), "ann is asked");
    assert!(is_told(&[], &page(&[("bob", Verdict::Away)])), "the managers are");
    let passed = Command::Pass { by: "ann".into() };
    assert!(!is_told(&[bob_away.clone(), passed], &page(&[("bob", Verdict::Away)])), "told before");
    let none = after(&Policy::default(), report(), &[], &bob_away);
    assert!(!none.iter().any(|job| job.contains("not-first")), "nobody wanted anything");
}
