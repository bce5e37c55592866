//! Walk-throughs: days on which nobody is hunted, and the ends of an incident.

use super::stories::check;
use super::*;

const HUNTING: &str = "0 report\n → reported\n 0 root posted\n → root posted\n";

/// What nobody can do any more once nobody is needed.
const NOTHING_MORE: &str = "
     500 root posted
     → nothing
     500 hunt cat
     → nothing
     500 hunt gives up
     → nothing
     500 time out 1
     → nothing
     500 pass ann
     → nothing
     500 give up root
     → nothing
     500 repeat managers 1
     → nothing
     500 show schedule
     → nothing
     500 call managers bob
     → nothing
     500 ack ann
     → nothing
     500 ack eve ineligible
     → nothing
     500 hand over mia manager
     → nothing
     500 cancel rae
     → nothing
     500 close mia manager
     → nothing";

fn each_open_phase() -> [String; 4] {
    [
        HUNTING.to_owned(),
        format!("{HUNTING} 0 hunt ann\n → paged 1 ann until 120, of ann\n"),
        format!("{HUNTING} 0 hunt\n → managers 1 paged until 300: nobody there\n"),
        format!("{HUNTING} 0 show schedule\n → https://example.com/shifts shown, as it is the weekend\n"),
    ]
}

#[test]
fn in_every_open_phase_the_reporter_or_a_manager_cancels_and_after_it_nothing_more() {
    for before in each_open_phase() {
        check(&format!("{before} 1 cancel rae\n → rae cancels {NOTHING_MORE}"));
        check(&format!("{before} 1 cancel mia manager\n → mia cancels {NOTHING_MORE}"));
    }
}

#[test]
fn in_every_open_phase_nobody_else_cancels_and_nobody_closes() {
    for before in each_open_phase() {
        check(&format!(
            "{before}
             1 cancel ann
             → nothing
             1 cancel eve
             → nothing
             1 close rae
             → nothing
             1 close mia manager
             → nothing
             2 ack ann
             → acknowledged by ann"
        ));
    }
}

#[test]
fn given_somebody_on_it_it_is_closed_and_not_cancelled() {
    for (who, closes) in [("ann", "ann"), ("rae", "rae"), ("mia manager", "mia")] {
        check(&format!(
            "{HUNTING} 1 ack ann
             → acknowledged by ann
             2 cancel rae
             → nothing
             2 cancel mia manager
             → nothing
             3 close bob
             → nothing
             4 close {who}
             → {closes} closes {NOTHING_MORE}"
        ));
    }
}

#[test]
fn given_it_was_handed_over_whoever_had_it_cannot_close_it() {
    check(&format!(
        "{HUNTING} 1 ack ann
         → acknowledged by ann
         2 hand over ann
         → ann hands over
         3 close ann
         → nothing
         4 ack bob
         → acknowledged by bob
         5 close ann
         → nothing
         6 close bob
         → bob closes"
    ));
}

#[test]
fn given_a_weekend_the_schedule_is_shown_and_the_managers_come_on_demand() {
    check(&format!(
        "{HUNTING} 1 call managers rae
         → nothing
         2 show schedule
         → https://example.com/shifts shown, as it is the weekend
         3 show schedule
         → nothing
         3 hunt ann
         → nothing
         3 time out 1
         → nothing
         60 call managers rae
         → managers 1 paged until 360: rae calls them
         61 call managers bob
         → nothing
         62 managers 1 posted
         → managers 1 posted
         360 repeat managers 1
         → managers 2 paged until 660: no answer
         361 ack mia
         → acknowledged by mia"
    ));
}

/// Given an incident that nobody took on a weekend, when it is reported again on Monday, then the hunt begins.
#[test]
fn given_the_weekend_is_over_what_is_reported_again_is_hunted_for() {
    check(&format!(
        "{HUNTING} 0 resume bob
         → nothing
         1 show schedule
         → https://example.com/shifts shown, as it is the weekend
         2 resume bob
         → bob reports it again
         2 resume bob
         → nothing
         3 hunt ann
         → paged 1 ann until 123, of ann"
    ));
}

#[test]
fn given_a_weekend_an_ack_where_the_schedule_is_shown_is_taken() {
    check(&format!(
        "{HUNTING} 1 show schedule
         → https://example.com/shifts shown, as it is the weekend
         2 ack eve ineligible
         → ack of eve refused
         3 ack ann
         → acknowledged by ann
         4 call managers rae
         → nothing
         5 hand over ann
         → ann hands over
         6 show schedule
         → https://example.com/shifts shown, as it is the weekend
         7 call managers rae
         → managers 1 paged until 307: rae calls them"
    ));
}

/// P6: where the schedule cannot be shown, the managers are told.
#[test]
fn given_a_weekend_and_a_root_that_never_stands_the_managers_are_told_directly() {
    check(
        "0 report
         → reported
         1 show schedule
         → https://example.com/shifts shown, as it is the weekend
         2 refuse root is_archived
         → root refused, is_archived
         120 give up root
         → managers 1 paged directly until 420: cannot post, is_archived",
    );
}

#[test]
fn given_a_page_is_out_the_schedule_is_not_shown_any_more() {
    check(&format!(
        "{HUNTING} 1 hunt ann
         → paged 1 ann until 121, of ann
         2 show schedule
         → nothing
         3 pass ann
         → ann passed page 1
         4 show schedule
         → https://example.com/shifts shown, as it is the weekend"
    ));
}

#[test]
fn given_the_question_how_it_went_stands_it_is_recorded_once_whatever_happened_meanwhile() {
    for meanwhile in ["3 close ann\n → ann closes", "3 hand over ann\n → ann hands over", ""] {
        check(&format!(
            "{HUNTING} 1 ack ann
             → acknowledged by ann
             2 refuse follow-up is_archived
             → follow-up refused, is_archived
             {meanwhile}
             4 follow-up posted
             → follow-up posted
             5 follow-up posted
             → nothing
             5 refuse follow-up is_archived
             → nothing"
        ));
    }
}

/// The whole state is what the log says, to the last word.
#[test]
fn given_a_cancel_and_a_close_the_state_says_who_and_when() {
    let state = |lines: &[(i64, &str)]| {
        let mut course = Course::new(Policy::default());
        for (seconds, words) in lines {
            course.give(&super::stories::command(words), at(*seconds));
        }
        course.state.unwrap()
    };
    let cancelled = state(&[(0, "report"), (7, "cancel rae")]);
    assert_eq!(cancelled.phase, Phase::Cancelled { by: "rae".into(), at: at(7) });
    assert!(!cancelled.is_open());
    let closed = state(&[(0, "report"), (7, "ack ann"), (9, "close rae")]);
    assert_eq!(closed.phase, Phase::Closed { by: "rae".into(), at: at(9) });
    assert_eq!(closed.last_taken().map(|taken| &taken.by), Some(&"ann".into()));
    assert_eq!(closed.time_to_response(), Some(SignedDuration::from_secs(7)));
}
