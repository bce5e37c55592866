//! Walk-throughs: somebody who took it gives it up again.

use super::stories::{check, check_with};
use super::*;

const ANN_IS_ON_IT: &str = "0 report
     → reported
     0 root posted
     → root posted
     0 hunt ann
     → paged 1 ann until 120, of ann
     1 page 1 posted
     → page 1 posted, until 121
     5 ack ann
     → acknowledged by ann";

#[test]
fn given_whoever_is_on_it_hands_it_over_the_hunt_goes_on_with_the_next_attempt() {
    check(&format!(
        "{ANN_IS_ON_IT}
         600 hand over ann
         → ann hands over
         600 time out 1
         → nothing
         600 pass ann
         → nothing
         601 hunt ann bob
         → paged 2 bob until 721, of ann:asked bob
         602 page 2 posted
         → page 2 posted, until 722
         610 ack bob
         → acknowledged by bob
         611 ack cat
         → nothing"
    ));
}

#[test]
fn given_a_manager_they_hand_it_over_for_whoever_is_on_it() {
    check(&format!(
        "{ANN_IS_ON_IT}
         9 hand over mia manager
         → mia takes it from ann
         9 hunt ann:away bob
         → paged 2 bob until 129, of ann:asked bob"
    ));
}

#[test]
fn given_anybody_else_or_too_late_it_is_not_handed_over() {
    check(&format!(
        "{ANN_IS_ON_IT}
         6 hand over bob
         → nothing
         6 hand over rae
         → nothing
         7 hand over ann
         → ann hands over
         7 hand over ann
         → nothing
         7 hand over mia manager
         → nothing
         8 hunt bob
         → paged 2 bob until 128, of bob
         9 hand over ann
         → nothing
         9 hand over mia manager
         → nothing"
    ));
}

#[test]
fn given_somebody_handed_it_over_without_having_been_asked_they_are_not_asked_either() {
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         0 hunt ann
         → paged 1 ann until 120, of ann
         1 ack zoe
         → acknowledged by zoe
         2 hand over zoe
         → zoe hands over
         3 hunt zoe ann bob
         → paged 2 bob until 123, of zoe:asked ann:asked bob
         4 hand over zoe
         → nothing",
    );
}

#[test]
fn given_a_second_thought_whoever_handed_it_over_may_take_it_again() {
    check(&format!(
        "{ANN_IS_ON_IT}
         6 hand over ann
         → ann hands over
         7 ack ann
         → acknowledged by ann
         8 hand over ann
         → ann hands over
         9 hunt bob
         → paged 2 bob until 129, of bob"
    ));
}

#[test]
fn given_the_attempts_are_used_up_a_hand_over_brings_the_managers() {
    let policy = Policy { max_attempts: 1, ..Policy::default() };
    check_with(
        policy,
        &format!(
            "{ANN_IS_ON_IT}
             6 hand over ann
             → ann hands over
             7 hunt bob
             → managers 1 paged until 307: attempts used up"
        ),
    );
}

/// The managers get as many rounds as the policy has again, and those who were asked before are not asked again.
#[test]
fn given_it_is_handed_over_after_the_managers_the_hunt_goes_on_and_they_have_their_rounds_again() {
    let policy = Policy { manager_rounds: 2, ..Policy::default() };
    check_with(
        policy,
        "0 report
         → reported
         0 root posted
         → root posted
         0 hunt ann:away
         → managers 1 paged until 300: nobody available of ann:away
         1 managers 1 posted
         → managers 1 posted
         300 repeat managers 1
         → managers 2 paged for the last time: no answer
         301 managers 2 posted
         → managers 2 posted
         310 ack mia
         → acknowledged by mia
         320 hand over mia manager
         → mia hands over
         320 repeat managers 2
         → nothing
         321 hunt ann mia:manager
         → paged 1 ann until 441, of ann
         322 page 1 posted
         → page 1 posted, until 442
         442 time out 1
         → page 1 timed out
         443 hunt ann mia:manager
         → managers 3 paged until 743: nobody available of ann:asked mia:asked
         444 managers 3 posted
         → managers 3 posted
         743 repeat managers 3
         → managers 4 paged for the last time: no answer
         2000 repeat managers 4
         → nothing",
    );
}

/// P2: a page that lands after the hand-over asks nobody.
#[test]
fn given_a_page_that_lands_after_the_hand_over_it_is_recorded_and_waited_for_by_nobody() {
    check(
        "0 report
         → reported
         0 root posted
         → root posted
         0 hunt ann
         → paged 1 ann until 120, of ann
         1 ack bob
         → acknowledged by bob
         2 hand over bob
         → bob hands over
         3 page 1 posted
         → page 1 posted, until 123
         123 time out 1
         → nothing
         123 hunt cat
         → paged 2 cat until 243, of cat",
    );
}

/// Time to response is to the first acknowledgement; those who look again are told since when.
#[test]
fn the_time_to_response_is_that_of_the_first_who_took_it() {
    let mut course = Course::new(Policy::default());
    let steps = [(0, "report"), (0, "root posted"), (40, "ack ann"), (90, "hand over ann"), (200, "ack bob")];
    for (seconds, words) in steps {
        course.give(&super::stories::command(words), at(seconds));
    }
    let incident = course.state.unwrap();
    assert_eq!(incident.time_to_response(), Some(SignedDuration::from_secs(40)));
    assert_eq!(incident.wanted_since(), at(90));
    assert_eq!(incident.times_taken(), 2);
    assert_eq!(incident.responder(), Some(&"bob".into()));
    assert_eq!(incident.handed_over_by().collect::<Vec<_>>(), [&UserId::new("ann")]);
}
