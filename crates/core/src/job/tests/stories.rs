//! What one event after the other calls for.

use super::*;

/// Each command with the jobs that must follow from it.
pub(super) fn check(steps: &[(i64, Command, &[&str])]) {
    check_with(Policy::default(), steps);
}

pub(super) fn check_with(policy: Policy, steps: &[(i64, Command, &[&str])]) {
    let mut desk = Desk::new(policy);
    for (seconds, command, expected) in steps {
        desk.now = at(*seconds);
        assert_eq!(&desk.commit(command, None), expected, "after {command:?}");
    }
}

pub(super) fn hunt(user: &str) -> Command {
    Command::Page { candidates: vec![Candidate::new(user.into(), Verdict::Available)], managers: managers() }
}

pub(super) fn root() -> Command {
    Command::RootPosted { message: message("root") }
}

pub(super) fn page_posted(attempt: u32) -> Command {
    Command::PagePosted { attempt, message: message("page") }
}

pub(super) fn ack(by: &str) -> Command {
    Command::Acknowledge { by: by.into(), via: Via::Reaction, eligible: true, zone: None }
}

#[test]
fn given_a_page_that_times_out_the_hunt_goes_on_and_the_ack_leaves_only_notices() {
    let time_out = Command::TimeOut { attempt: 1, managers: managers() };
    check(&[
        (0, Command::Report(report()), &["+ send/root at 0", "+ hunt at 0", "+ deadline/root at 120"]),
        (1, root(), &["- deadline/root", "+ hunt at 1"]),
        (2, hunt("ann"), &["+ deadline/page/1 at 122", "+ send/page/1 at 2", "+ update/root/3 at 2"]),
        (3, page_posted(1), &["+ deadline/page/1 at 123"]),
        (
            123,
            time_out,
            &["- deadline/page/1", "+ hunt at 123", "+ update/page/1 at 123", "+ update/root/5 at 123"],
        ),
        (124, hunt("bob"), &["+ deadline/page/2 at 244", "+ send/page/2 at 124", "+ update/root/6 at 124"]),
        (125, page_posted(2), &["+ deadline/page/2 at 245"]),
        (
            130,
            ack("bob"),
            &[
                "- hunt",
                "- deadline/root",
                "- deadline/page/2",
                "+ update/page/2 at 130",
                "+ send/taken at 130",
                "+ update/root/8 at 130",
            ],
        ),
    ]);
}

#[test]
fn given_a_page_chosen_before_the_root_stands_it_is_sent_when_the_root_does() {
    check(&[
        (0, Command::Report(report()), &["+ send/root at 0", "+ hunt at 0", "+ deadline/root at 120"]),
        (1, hunt("ann"), &["+ deadline/page/1 at 121", "+ send/root at 1"]),
        (9, root(), &["- deadline/root", "+ send/page/1 at 9", "+ update/root/3 at 9"]),
        (
            10,
            ack("bob"),
            &[
                "- hunt",
                "- deadline/root",
                "- deadline/page/1",
                "+ send/taken at 10",
                "+ update/root/4 at 10",
            ],
        ),
        (11, page_posted(1), &["+ update/page/1 at 11"]),
    ]);
}

#[test]
fn given_a_root_that_never_stands_each_manager_is_told_and_an_ack_says_nothing_in_the_thread() {
    let why = "not_in_channel";
    let refused = Command::PostRefused { posting: Posting::Root, why: why.to_owned(), managers: managers() };
    let give_up = Command::GiveUpRoot { managers: managers() };
    check(&[
        (0, Command::Report(report()), &["+ send/root at 0", "+ hunt at 0", "+ deadline/root at 120"]),
        (1, refused, &["+ send/tell-reporter/not_in_channel at 1"]),
        // The root is tried again by itself, and knows what came of its earlier tries.
        (2, hunt("ann"), &["+ deadline/page/1 at 122"]),
        (
            120,
            give_up,
            &[
                "- hunt",
                "- deadline/root",
                "- deadline/page/1",
                "+ send/manager/1/mia at 120",
                "+ send/manager/1/max at 120",
                "+ deadline/managers/1 at 420",
            ],
        ),
        (130, ack("mia"), &["- hunt", "- deadline/root", "- deadline/page/1", "- deadline/managers/1"]),
        (140, root(), &["- deadline/root", "+ send/taken at 140", "+ update/root/6 at 140"]),
    ]);
}

#[test]
fn given_slack_is_slow_whoever_waits_is_told_and_the_root_says_so_until_the_page_is_out() {
    let delay = || Command::Delay { why: Delay::NoAnswer };
    check(&[
        (0, Command::Report(report()), &["+ send/root at 0", "+ hunt at 0", "+ deadline/root at 120"]),
        (20, delay(), &["+ send/delayed at 20"]),
        (21, delay(), &[]),
        (22, root(), &["- deadline/root", "+ hunt at 22"]),
        (42, delay(), &["+ update/root/4 at 42"]),
        (50, hunt("ann"), &["+ deadline/page/1 at 170", "+ send/page/1 at 50", "+ update/root/5 at 50"]),
        (70, delay(), &["+ update/root/6 at 70"]),
        (71, page_posted(1), &["+ deadline/page/1 at 191", "+ update/root/7 at 71"]),
        (100, delay(), &[]),
    ]);
}
