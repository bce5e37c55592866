//! Which facts are still missing before somebody can be chosen.
//!
//! Presence can be asked of Slack for one person at a time and about fifty times a minute, so it is asked
//! lazily, from the head of the queue, a few people at a time, and of nobody whom a cheaper fact rules out:
//! do-not-disturb comes first, fifty people a call. Only of the very first person is presence asked beside the
//! other facts, so that a quiet channel pages after one look rather than two. This module says whom to ask
//! about next; it asks nobody itself.

use std::collections::BTreeSet;

use crate::availability::{Candidate, Fact, Facts, Verdict};
use crate::ids::UserId;

/// Slack answers `dnd.teamInfo` for at most 50 people a call.
/// Source: <https://docs.slack.dev/reference/methods/dnd.teamInfo>.
pub const DND_BATCH: usize = 50;

/// What a look over the queue came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Survey {
    /// Everything that can change the choice is known: everyone up to the first available person, or, when
    /// there is none, everyone.
    Settled(Vec<Candidate>),
    /// These facts are needed before anything can be said.
    Need(Need),
}

/// Facts to gather next, each list in queue order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// People whose kind of account is not known.
    pub accounts: Vec<UserId>,
    /// People whose do-not-disturb window is not known; at most [`DND_BATCH`], so one call.
    pub dnd: Vec<UserId>,
    /// People whose presence is not known.
    pub presence: Vec<UserId>,
}

/// Looks over the queue from its head and says who is available, or what must be found out first.
///
/// `order` is the queue; `asked` those already asked for this incident; `managers` those who come last
/// anyway; `judge` gives what is known of a person and what that comes to
/// ([`crate::rules::Rules::verdict`]). At most `width` people's presence and accounts are wanted at a time, and a
/// batch of do-not-disturb as soon as it is missing of one of them.
pub fn survey(
    order: &[UserId],
    asked: &BTreeSet<UserId>,
    managers: &BTreeSet<UserId>,
    judge: impl Fn(&UserId) -> (Facts, Option<Verdict>),
    width: usize,
) -> Survey {
    let mut settled = Vec::with_capacity(order.len());
    let mut need = Need::default();
    let mut open = 0;
    for user in order {
        let (facts, verdict) = if asked.contains(user) {
            (Facts::NONE, Some(Verdict::AskedAlready))
        } else if managers.contains(user) {
            (Facts::NONE, Some(Verdict::Manager))
        } else {
            judge(user)
        };
        match verdict {
            Some(verdict) if open == 0 => {
                let available = verdict == Verdict::Available;
                settled.push(Candidate::new(user.clone(), verdict));
                if available {
                    return Survey::Settled(settled);
                }
            }
            // Somebody ahead is not settled; if this person is available, nobody behind them matters.
            Some(Verdict::Available) => break,
            Some(_) => {}
            None => {
                open += 1;
                if open <= width {
                    want(&mut need.accounts, user, &facts.profile);
                    if open == 1 || may_be_available(&facts) {
                        want(&mut need.presence, user, &facts.presence);
                    }
                }
                // Once somebody among the first few needs the call, it takes in as many as it can.
                if (open <= width || !need.dnd.is_empty()) && need.dnd.len() < DND_BATCH {
                    want(&mut need.dnd, user, &facts.dnd);
                }
                if open >= width && (need.dnd.is_empty() || need.dnd.len() >= DND_BATCH) {
                    break;
                }
            }
        }
    }
    if open == 0 { Survey::Settled(settled) } else { Survey::Need(need) }
}

/// Whether all that can be found out more cheaply than presence has been.
fn may_be_available(facts: &Facts) -> bool {
    !matches!(facts.profile, Fact::NotAsked) && !matches!(facts.dnd, Fact::NotAsked)
}

fn want<T>(list: &mut Vec<UserId>, user: &UserId, fact: &Fact<T>) {
    if matches!(fact, Fact::NotAsked) {
        list.push(user.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::availability::{Account, DndWindow, Presence, Profile};
    use crate::rules::{Day, Rules};

    fn users(count: usize) -> Vec<UserId> {
        (0..count).map(|i| UserId::new(format!("U{i:05}"))).collect()
    }

    fn facts(presence: Fact<Presence>) -> Facts {
        let profile = Fact::Known(Arc::new(Profile::bare(Account::Member)));
        Facts { profile, dnd: Fact::Known(None), presence }
    }

    fn judged(user: &UserId, facts: Facts) -> (Facts, Option<Verdict>) {
        let verdict = Rules::default().verdict(user, &facts, Timestamp::UNIX_EPOCH, &Day::Working);
        (facts, verdict)
    }

    fn look(order: &[UserId], facts: impl Fn(&UserId) -> Facts) -> Survey {
        survey(order, &BTreeSet::new(), &BTreeSet::new(), |user| judged(user, facts(user)), 4)
    }

    #[test]
    fn the_first_available_person_settles_it() {
        let order = users(3);
        let Survey::Settled(found) = look(&order, |user| {
            facts(Fact::Known(if user == &order[0] { Presence::Away } else { Presence::Active }))
        }) else {
            panic!("everything was known")
        };
        assert_eq!(
            found.iter().map(|c| &c.verdict).collect::<Vec<_>>(),
            [&Verdict::Away, &Verdict::Available]
        );
    }

    #[test]
    fn asks_for_dnd_in_bulk_before_it_asks_for_presence() {
        let order = users(300);
        let Survey::Need(need) = look(&order, |_| Facts::NONE) else { panic!("nothing was known") };
        assert_eq!(need.presence, order[..1]);
        assert_eq!(need.accounts, order[..4]);
        assert_eq!(need.dnd, order[..50]);
    }

    #[test]
    fn asks_for_the_presence_of_a_few_at_a_time_who_may_be_disturbed() {
        let order = users(300);
        let now = Timestamp::UNIX_EPOCH;
        let resting = DndWindow { start: now, end: Timestamp::MAX };
        let Survey::Need(need) = look(&order, |user| match order.iter().position(|other| other == user) {
            Some(index) if index % 2 == 1 => {
                Facts { dnd: Fact::Known(Some(resting)), ..facts(Fact::NotAsked) }
            }
            Some(index) if index >= 50 => Facts::NONE,
            _ => facts(Fact::NotAsked),
        }) else {
            panic!("nobody's presence was known")
        };
        assert_eq!(need.presence, [0, 2, 4, 6].map(|index: usize| order[index].clone()));
        assert_eq!((need.accounts, need.dnd), (vec![], vec![]), "those further behind may never matter");
    }

    #[test]
    fn nobody_behind_an_available_person_is_asked_about() {
        let order = users(10);
        let Survey::Need(need) =
            look(
                &order,
                |user| {
                    if user == &order[2] { facts(Fact::Known(Presence::Active)) } else { Facts::NONE }
                },
            )
        else {
            panic!("the two ahead are not known")
        };
        assert_eq!(need.presence, order[..1]);
        assert_eq!((&need.dnd[..], &need.accounts[..]), (&order[..2], &order[..2]));
    }

    #[test]
    fn an_empty_queue_is_settled() {
        assert_eq!(look(&[], |_| Facts::NONE), Survey::Settled(vec![]));
    }

    #[test]
    fn those_asked_before_and_managers_are_passed_over_without_a_call() {
        let order = users(2);
        let asked = BTreeSet::from([order[0].clone()]);
        let managers = BTreeSet::from([order[1].clone()]);
        let Survey::Settled(found) = survey(&order, &asked, &managers, |_| (Facts::NONE, None), 4) else {
            panic!("no fact can change this")
        };
        assert_eq!(
            found.iter().map(|c| &c.verdict).collect::<Vec<_>>(),
            [&Verdict::AskedAlready, &Verdict::Manager]
        );
    }
}
