//! Walk-throughs of bad days: posts that come late, never, or are refused, and clocks that are put back.

use super::stories::{check, check_with, command, told};
use super::*;

#[test]
fn given_a_page_posted_late_the_person_still_has_the_whole_time() {
    check(
        "0 report
         → reported
         0 hunt ann
         → paged 1 ann until 120, of ann
         100 root posted
         → root posted
         110 page 1 posted
         → page 1 posted, until 230
         120 time out 1
         → nothing
         229 time out 1
         → nothing
         230 time out 1
         → page 1 timed out",
    );
}

#[test]
fn given_a_page_that_never_stands_nothing_for_twice_the_time_and_then_managers_directly() {
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         0 hunt ann
         → paged 1 ann until 120, of ann
         120 time out 1
         → nothing
         239 time out 1
         → nothing
         240 time out 1
         → managers 1 paged directly until 540: cannot post, no answer from Slack
         250 page 1 posted
         → page 1 posted, until 370
         370 time out 1
         → nothing
         540 repeat managers 1
         → managers 2 paged directly until 840: no answer
         541 ack ann
         → acknowledged by ann",
    );
}

#[test]
fn given_a_root_that_is_refused_or_never_posted_the_managers_are_told_directly() {
    check(
        "0 report
         → reported
         1 refuse root not_in_channel
         → root refused, not_in_channel
         1 refuse root not_in_channel
         → nothing
         2 hunt ann
         → paged 1 ann until 122, of ann
         120 give up root
         → managers 1 paged directly until 420: cannot post, not_in_channel
         121 give up root
         → nothing
         122 root posted
         → root posted",
    );
    check(
        "0 report
         → reported
         120 give up root
         → managers 1 paged directly until 420: cannot post, no answer from Slack
         420 repeat managers 1
         → managers 2 paged directly until 720: no answer",
    );
    check(
        "0 report
         → reported
         3 hunt ann:away
         → managers 1 paged directly until 303: nobody available of ann:away",
    );
}

#[test]
fn given_a_page_that_is_refused_the_managers_are_told_directly_and_at_once() {
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         0 hunt ann
         → paged 1 ann until 120, of ann
         1 refuse page 1 is_archived
         → page 1 refused, is_archived
         → managers 1 paged directly until 301: cannot post, is_archived
         2 refuse page 1 is_archived
         → nothing
         2 ack ann
         → acknowledged by ann",
    );
}

#[test]
fn given_a_log_cut_after_the_refusal_the_same_refusal_still_brings_the_managers() {
    let mut course = Course::new(Policy::default());
    for words in ["report", "root posted", "hunt ann", "refuse page 1 is_archived"] {
        course.give(&command(words), at(0));
    }
    course.log.pop();
    course.state = replay(&course.log);
    let events = course.give(&command("refuse page 1 is_archived"), at(1));
    let told: Vec<_> = events.iter().map(told).collect();
    assert_eq!(told, ["managers 1 paged directly until 301: cannot post, is_archived"]);
}

#[test]
fn given_a_managers_page_that_is_refused_each_is_told_directly_even_after_the_last_round() {
    let policy = Policy { manager_rounds: 1, ..Policy::default() };
    check_with(
        policy,
        "0 report
         → reported
         0 root posted
         → root posted
         0 hunt
         → managers 1 paged for the last time: nobody there
         1 refuse managers 1 is_archived
         → managers 1 refused, is_archived
         → managers 2 paged directly for the last time: cannot post, is_archived
         2 refuse managers 2 cannot_dm_bot
         → managers 2 refused, cannot_dm_bot",
    );
}

#[test]
fn given_a_managers_page_that_never_stands_the_next_goes_to_each_directly() {
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         0 hunt
         → managers 1 paged until 300: nobody there
         299 repeat managers 1
         → nothing
         300 repeat managers 1
         → managers 2 paged directly until 600: cannot post, no answer from Slack
         310 managers 1 posted
         → managers 1 posted",
    );
}

#[test]
fn in_every_open_phase_an_ack_is_taken_and_after_it_nothing_more() {
    let hunting = "0 report\n → reported\n 0 root posted\n → root posted\n";
    let paging = format!("{hunting} 0 hunt ann\n → paged 1 ann until 120, of ann\n");
    let managers = format!("{hunting} 0 hunt\n → managers 1 paged until 300: nobody there\n");
    for before in ["0 report\n → reported\n", hunting, &paging, &managers] {
        check(&format!(
            "{before}
             1 ack bob read back
             → acknowledged by bob, read back
             2 ack ann
             → nothing
             2 hunt cat
             → nothing
             2 hunt gives up
             → nothing
             500 pass ann
             → nothing
             500 time out 1
             → nothing
             500 give up root
             → nothing
             500 repeat managers 1
             → nothing"
        ));
    }
}

#[test]
fn given_a_page_that_lands_after_the_ack_it_is_recorded_and_asks_nobody() {
    check(
        "0 report
         → reported
         0 hunt ann
         → paged 1 ann until 120, of ann
         1 ack bob
         → acknowledged by bob
         2 root posted
         → root posted
         3 page 1 posted
         → page 1 posted, until 123
         4 refuse page 1 is_archived
         → nothing",
    );
}

#[test]
fn given_a_clock_that_was_put_back_nothing_ends_early() {
    check(
        "1000 report
         → reported
         1000 root posted
         → root posted
         1000 hunt ann
         → paged 1 ann until 1120, of ann
         900 page 1 posted
         → page 1 posted, until 1020
         800 time out 1
         → nothing
         1020 time out 1
         → page 1 timed out",
    );
}

/// A delay is recorded once for each step, and never of a step that waits for a person.
#[test]
fn given_slack_is_slow_when_a_step_takes_long_it_is_recorded_once() {
    check(
        "0 report
         → reported
         20 delay
         → delayed: NoAnswer
         21 delay
         → nothing
         22 hunt ann
         → paged 1 ann until 142, of ann
         40 delay
         → nothing
         50 root posted
         → root posted
         71 delay
         → delayed: NoAnswer
         80 page 1 posted
         → page 1 posted, until 200
         120 delay
         → nothing
         200 time out 1
         → page 1 timed out
         221 delay
         → delayed: NoAnswer
         230 ack ann
         → acknowledged by ann
         260 delay
         → nothing",
    );
}
