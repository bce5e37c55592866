//! How the load was shared among people (P5).

use serde::{Deserialize, Serialize};

use crate::ids::UserId;
use crate::report::{AskedEnd, Fact, Names, Person, is_night};

/// What became of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages {
    /// How many there were.
    pub all: u64,
    /// Nobody answered in time.
    pub unanswered: u64,
    /// The person asked passed.
    pub passed: u64,
    /// How many were sent at night, by the clock of whoever was asked.
    pub at_night: u64,
}

impl Pages {
    pub(super) fn count(&mut self, fact: &Fact) {
        self.all += u64::from(fact.attempts);
        self.unanswered += u64::from(fact.timed_out);
        self.passed += u64::from(fact.passed);
        let hours = fact.turns.iter().filter_map(|turn| turn.local_hour());
        self.at_night += hours.filter(|hour| is_night(*hour)).count() as u64;
    }
}

/// What was asked of one person, and what they did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Who.
    pub user: UserId,
    /// How many turns they had: each time they were asked, or answered without being asked.
    pub turns: u64,
    /// How often they were asked.
    pub asked: u64,
    /// How often they took the incident when asked.
    pub answered: u64,
    /// How often they did not answer in time.
    pub unanswered: u64,
    /// How often they passed.
    pub passed: u64,
    /// How often somebody else was quicker, or it was cancelled.
    pub relieved: u64,
    /// How often they took an incident without having been asked.
    pub volunteered: u64,
    /// How often they were asked at night: from 22 until 6 by their clock.
    pub at_night: u64,
    /// How often they answered as a manager, which is no turn.
    pub as_manager: u64,
}

/// How evenly turns were shared among those who had any: whoever never had one is in no log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many had a turn.
    pub people: u64,
    /// The fewest turns that anybody of them had.
    pub min: u64,
    /// Half of them had no more.
    pub median: u64,
    /// The most.
    pub max: u64,
    /// How many on average.
    pub mean: f64,
    /// The Gini coefficient: 0 if all had as many, towards 1 if one had all.
    pub gini: f64,
}

impl Spread {
    /// Of so many turns each.
    pub fn of(turns: &mut [u64]) -> Self {
        turns.sort_unstable();
        let (Some(min), Some(max)) = (turns.first(), turns.last()) else { return Self::default() };
        let (people, all) = (turns.len() as f64, turns.iter().sum::<u64>() as f64);
        // Source: <https://en.wikipedia.org/wiki/Gini_coefficient>, of values in ascending order.
        let weighted: f64 = (1..).zip(&*turns).map(|(rank, turns)| f64::from(rank) * *turns as f64).sum();
        let gini = if all > 0.0 { 2.0 * weighted / (people * all) - (people + 1.0) / people } else { 0.0 };
        let median = turns.get((turns.len() - 1) / 2).copied().unwrap_or(*max);
        Self {
            people: turns.len() as u64,
            min: *min,
            median,
            max: *max,
            mean: all / people,
            gini: gini.max(0.0),
        }
    }
}

/// Everybody's load while it is counted.
pub(super) struct Loads(Vec<Counts>);

/// A load without its name.
#[derive(Clone, Copy, Default)]
struct Counts {
    asked: u32,
    answered: u32,
    unanswered: u32,
    passed: u32,
    relieved: u32,
    volunteered: u32,
    at_night: u32,
    as_manager: u32,
}

impl Loads {
    pub(super) fn new(people: usize) -> Self {
        Self(vec![Counts::default(); people])
    }

    pub(super) fn count(&mut self, fact: &Fact) {
        for turn in &fact.turns {
            let Some(counts) = self.0.get_mut(turn.person.index()) else { continue };
            counts.asked += 1;
            counts.at_night += u32::from(turn.local_hour().is_some_and(is_night));
            match turn.end {
                AskedEnd::Answered | AskedEnd::HandedOver => counts.answered += 1,
                AskedEnd::TimedOut => counts.unanswered += 1,
                AskedEnd::Passed => counts.passed += 1,
                AskedEnd::Relieved => counts.relieved += 1,
                AskedEnd::Open => {}
            }
        }
        let Some(by) = fact.acknowledged_by else { return };
        let was_asked = |by: Person| fact.turns.iter().any(|turn| turn.person == by);
        if let Some(counts) = self.0.get_mut(by.index()) {
            if fact.by_manager {
                counts.as_manager += 1;
            } else if fact.turns.len() >= usize::from(fact.attempts) && !was_asked(by) {
                // Of an incident whose row does not tell who was asked it is not known.
                counts.volunteered += 1;
            }
        }
    }

    pub(super) fn told(self, names: &Names) -> (Vec<Load>, Spread) {
        let mut people: Vec<Load> = Vec::new();
        for (index, counts) in self.0.into_iter().enumerate() {
            let turns = u64::from(counts.asked) + u64::from(counts.volunteered);
            let Some(user) = names.user_at(index).filter(|_| turns > 0 || counts.as_manager > 0) else {
                continue;
            };
            people.push(Load {
                user: user.clone(),
                turns,
                asked: counts.asked.into(),
                answered: counts.answered.into(),
                unanswered: counts.unanswered.into(),
                passed: counts.passed.into(),
                relieved: counts.relieved.into(),
                volunteered: counts.volunteered.into(),
                at_night: counts.at_night.into(),
                as_manager: counts.as_manager.into(),
            });
        }
        people.sort_by(|one, other| other.turns.cmp(&one.turns).then_with(|| one.user.cmp(&other.user)));
        let mut turns: Vec<u64> = people.iter().map(|load| load.turns).filter(|turns| *turns > 0).collect();
        (people, Spread::of(&mut turns))
    }
}
