//! P5 over whole incidents: who is asked how often, over any window and however incidents overlap.
//!
//! What holds, of people who are available at the same times:
//!
//! - Among those who answer whenever they are asked and only then, the number of times asked differs by at most
//!   one, whatever the others do ([`who_answers_only_when_asked_is_asked_as_often_as_the_next`]).
//!   Only when an incident is handed over that had asked one of them can it go on to the next: a second asking
//!   of which that one is spared ([`who_was_asked_for_it_is_spared_when_somebody_else_hands_it_over`]).
//! - Nobody is asked more than once more often than such a person: who is silent, passes, answers late, or
//!   answers without being asked never gains a share by it (the same property).
//! - One incident at a time, it differs by at most one among all, though some never answer
//!   ([`one_incident_after_another_is_shared_fairly`]).
//! - When incidents overlap, one person can be asked more often than another who lets pages pass: once more for
//!   every incident that goes on to the one after it has asked the other, since an incident asks nobody twice
//!   ([`an_incident_asks_nobody_twice_and_so_the_next_one_twice`]). Nothing else adds to the difference but turns
//!   that the other took by themselves ([`any_lead_is_accounted_for`]).

use super::rotation::{Rotation, person};
use super::*;

/// What one step of a random course does to one of the open incidents.
#[derive(Clone, Copy, Debug)]
enum Step {
    Report,
    TimeOut,
    Answer,
    Pass,
    /// Somebody who is not waited for answers, whether asked before or not.
    Volunteer,
    HandOver,
    /// Somebody, or a whole group, comes or goes.
    ComeOrGo,
    /// Somebody comes last from now on, or no longer.
    Deprioritise,
}

fn any_steps(steps: &'static [(u32, Step)]) -> impl Strategy<Value = Vec<(Step, prop::sample::Index)>> {
    let step = prop::strategy::Union::new_weighted(
        steps.iter().map(|(weight, step)| (*weight, Just(*step))).collect(),
    );
    prop::collection::vec((step, any::<prop::sample::Index>()), 1..60)
}

impl Rotation {
    fn open(&self) -> Vec<usize> {
        (0..self.incidents.len()).filter(|index| self.state(*index).is_open()).collect()
    }

    /// One step; whoever is `prompt` does nothing but answer when asked, in time. What they were asked for is not
    /// handed over, be it by somebody else who was quicker.
    fn step(&mut self, step: Step, index: prop::sample::Index, prompt: &BTreeSet<UserId>) {
        let others: Vec<UserId> = self.members.difference(prompt).cloned().collect();
        let taken = |index: &usize| {
            let state = self.state(*index);
            state.responder().is_some() && state.asked().is_disjoint(prompt)
        };
        let open = match step {
            Step::HandOver => (0..self.incidents.len()).filter(taken).collect(),
            _ => self.open(),
        };
        match step {
            Step::ComeOrGo | Step::Deprioritise => return self.change(step, index, prompt, &others),
            Step::Report => {
                self.report();
                return;
            }
            _ if open.is_empty() => return,
            _ => {}
        }
        let incident = *index.get(&open);
        match (step, self.responder(incident)) {
            (Step::HandOver, _) => self.hand_over(incident),
            (Step::Volunteer, _) if !others.is_empty() => self.answer(incident, index.get(&others).clone()),
            (_, Some(responder)) if prompt.contains(&responder) => self.answer(incident, responder),
            (Step::TimeOut, Some(_)) => self.time_out(incident),
            (Step::Pass, Some(responder)) => self.pass(incident, responder),
            (Step::Answer, Some(responder)) => self.answer(incident, responder),
            _ => {}
        }
    }

    /// The prompt come and go together, so that they are available at the same times; the others each for
    /// themselves.
    fn change(
        &mut self,
        step: Step,
        index: prop::sample::Index,
        prompt: &BTreeSet<UserId>,
        others: &[UserId],
    ) {
        let set = if matches!(step, Step::ComeOrGo) { &mut self.away } else { &mut self.deprioritised };
        let which = index.index(others.len() + 1);
        for user in others.get(which).map_or_else(|| prompt.iter().collect(), |other| vec![other]) {
            if !set.remove(user) {
                set.insert(user.clone());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// The theorem. Take two askings of `b` with none of `a` between, both being available at the same times.
    /// At the first `b` went to the bottom, behind `a`. At the second `a` was available and not ahead, or had been
    /// asked for that incident. The former needs a turn of `a` in between, and `a` takes no turn but by being
    /// asked; the latter cannot be, as `a` answered, so that the incident went no further.
    #[test]
    fn who_answers_only_when_asked_is_asked_as_often_as_the_next(
        count in 2..8_usize,
        silent in 0..4_usize,
        max_attempts in 1..8_u32,
        steps in any_steps(&[
            (6, Step::Report), (6, Step::TimeOut), (6, Step::Answer), (1, Step::Pass), (2, Step::Volunteer),
            (1, Step::HandOver), (2, Step::ComeOrGo), (1, Step::Deprioritise),
        ]),
    ) {
        let mut rotation = Rotation::with(count, Policy { max_attempts, ..Policy::default() });
        let prompt: BTreeSet<UserId> = rotation.members.iter().skip(silent).cloned().collect();
        for (step, index) in steps {
            rotation.step(step, index, &prompt);
        }
        prop_assert!(rotation.worst_difference(&prompt) <= 1, "{:?}", rotation.seen);
    }

    /// Whoever is silent, passes, answers late or without being asked is never asked more than once more often
    /// than somebody who answers whenever asked, if both are available at the same times.
    #[test]
    fn nobody_is_asked_more_for_what_they_do(
        count in 2..8_usize,
        silent in 1..4_usize,
        steps in any_steps(&[
            (6, Step::Report), (6, Step::TimeOut), (6, Step::Answer), (1, Step::Pass), (3, Step::Volunteer),
            (1, Step::HandOver),
        ]),
    ) {
        let mut rotation = Rotation::of(count);
        let prompt: BTreeSet<UserId> = rotation.members.iter().skip(silent).cloned().collect();
        for (step, index) in steps {
            rotation.step(step, index, &prompt);
        }
        for one in &rotation.members {
            for other in prompt.iter().filter(|other| *other != one) {
                prop_assert!(rotation.lead(one, other) <= 1, "{one} over {other}: {:?}", rotation.seen);
            }
        }
    }

    /// However incidents overlap and whoever answers when: over any window, `b` is asked at most once more often
    /// than `a`, not counting the turns that `a` took by answering what was not asked of them (any more), and the
    /// times when `b` was asked for an incident that had asked `a`, or that `a` had taken, before.
    #[test]
    fn any_lead_is_accounted_for(
        count in 2..5_usize,
        steps in any_steps(&[
            (4, Step::Report), (4, Step::TimeOut), (3, Step::Answer), (1, Step::Pass), (2, Step::Volunteer),
            (1, Step::HandOver),
        ]),
    ) {
        let mut rotation = Rotation::of(count);
        for (step, index) in steps {
            rotation.step(step, index, &BTreeSet::new());
        }
        for a in &rotation.members {
            for b in rotation.members.iter().filter(|b| *b != a) {
                rotation.lead_is_accounted_for(a, b)?;
            }
        }
    }

    /// Those who come last today are asked less, never more: for no incident before everybody else of the same
    /// availability was asked for it.
    #[test]
    fn who_comes_last_is_asked_less_and_never_more(
        count in 2..7_usize,
        volunteers in 1..4_usize,
        steps in any_steps(&[
            (4, Step::Report), (6, Step::TimeOut), (4, Step::Answer), (1, Step::Pass), (1, Step::Volunteer),
            (1, Step::HandOver),
        ]),
    ) {
        let mut rotation = Rotation::of(count);
        rotation.deprioritised = rotation.members.iter().take(volunteers).cloned().collect();
        for (step, index) in steps {
            rotation.step(step, index, &BTreeSet::new());
            for last in &rotation.deprioritised {
                for other in rotation.members.difference(&rotation.deprioritised) {
                    let had_it = |incident: &&Course| {
                        let state = incident.state.as_ref().unwrap();
                        let asked = state.attempts.iter().any(|attempt| attempt.responder == *other);
                        !asked && state.handed_over_by().any(|by| by == other)
                    };
                    // Who handed an incident over need not be asked for it, either.
                    let spared = rotation.incidents.iter().filter(had_it).count();
                    prop_assert!(rotation.asked(last) <= rotation.asked(other) + spared, "{:?}", rotation.seen);
                }
            }
        }
    }

    /// One incident at a time, answered by the first asked or after some have let it pass: over any
    /// window the number of times asked differs by at most one, although some may never answer.
    #[test]
    fn one_incident_after_another_is_shared_fairly(
        count in 1..7_usize,
        silent in prop::collection::btree_set(0..7_usize, 0..4),
        lapses in prop::collection::vec(0..7_usize, 1..25),
    ) {
        let mut rotation = Rotation::of(count);
        let silent: BTreeSet<UserId> = silent.into_iter().map(person).collect();
        for lapses in lapses {
            let incident = rotation.report();
            let mut left = lapses;
            while let Some(responder) = rotation.responder(incident) {
                if left == 0 && !silent.contains(&responder) {
                    rotation.answer(incident, responder);
                } else {
                    left = left.saturating_sub(1);
                    rotation.time_out(incident);
                }
            }
        }
        prop_assert!(rotation.worst_difference(&rotation.members) <= 1);
    }
}

/// The smallest course in which two people who answer in time or not at all are asked unequally: two incidents
/// ask one each, and the one that is let pass can only go on to the other.
#[test]
fn an_incident_asks_nobody_twice_and_so_the_next_one_twice() {
    let mut rotation = Rotation::of(2);
    let (silent, quick) = (person(0), person(1));
    let first = rotation.report();
    let second = rotation.report();
    assert_eq!(rotation.responder(first), Some(silent.clone()));
    assert_eq!(rotation.responder(second), Some(quick.clone()));
    rotation.time_out(first);
    assert_eq!(rotation.responder(first), Some(quick.clone()));
    assert_eq!(rotation.worst_difference(&rotation.members), 2);
}

/// Two who answer whenever asked, and a third who is quicker and then thinks better of it: what had asked the first
/// goes on to the second, though it is the first's turn.
#[test]
fn who_was_asked_for_it_is_spared_when_somebody_else_hands_it_over() {
    let mut rotation = Rotation::of(3);
    let (zoe, ann, bob) = (person(0), person(1), person(2));
    let begun = rotation.report();
    rotation.answer(begun, zoe.clone());
    let theirs = rotation.report();
    assert_eq!(rotation.responder(theirs), Some(ann.clone()));
    rotation.answer(theirs, zoe);
    let next = rotation.report();
    assert_eq!(rotation.responder(next), Some(bob.clone()));
    rotation.hand_over(theirs);
    assert_eq!(rotation.responder(theirs), Some(bob.clone()));
    assert_eq!(rotation.lead(&bob, &ann), 2);
}

/// So somebody who never answers leaves the others more to do, without a bound: each time, what they let pass
/// falls to somebody who has had a turn meanwhile.
#[test]
fn who_never_answers_is_asked_less_often_without_a_bound() {
    let mut rotation = Rotation::of(2);
    let (silent, quick) = (person(0), person(1));
    for _ in 0..10 {
        let first = rotation.report();
        let second = rotation.report();
        assert_eq!(rotation.responder(first), Some(silent.clone()));
        rotation.answer(second, quick.clone());
        rotation.time_out(first);
        rotation.answer(first, quick.clone());
    }
    assert_eq!((rotation.asked(&silent), rotation.asked(&quick)), (10, 20));
}

/// Answering slowly, but before the deadline, takes no second turn: with an incident open beside, the slow are
/// asked as often as the quick.
#[test]
fn a_slow_answer_in_time_costs_the_others_nothing() {
    let mut rotation = Rotation::of(2);
    let slow = person(0);
    for _ in 0..10 {
        let late = rotation.report();
        let second = rotation.report();
        for incident in [second, late] {
            let responder = rotation.responder(incident).unwrap();
            rotation.answer(incident, responder);
        }
    }
    assert_eq!(rotation.asked(&slow), 10);
    assert_eq!(rotation.worst_difference(&rotation.members), 1);
}

/// An answer after the deadline is a turn of its own, since somebody else was asked, too.
#[test]
fn an_answer_that_comes_too_late_is_a_turn_of_its_own() {
    let mut rotation = Rotation::of(3);
    let incident = rotation.report();
    rotation.time_out(incident);
    assert_eq!(rotation.responder(incident), Some(person(1)));
    rotation.answer(incident, person(0));
    for next in [2, 1, 0] {
        let incident = rotation.report();
        assert_eq!(rotation.responder(incident), Some(person(next)));
    }
}
