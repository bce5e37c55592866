//! A rotation under test: incidents that overlap, and the queue moved as the engine moves it.

use super::*;
use crate::queue::{Queue, QueueChange};

/// What the rotation has seen, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// An incident asked somebody.
    Asked { incident: usize, user: UserId },
    /// Somebody acknowledged what was not their own waiting page, and so took a turn.
    Volunteered { incident: usize, user: UserId },
}

impl Seen {
    /// Whether somebody had to do with an incident.
    fn is_of(&self, which: usize, who: &UserId) -> bool {
        let (Self::Asked { incident, user } | Self::Volunteered { incident, user }) = self;
        *incident == which && user == who
    }
}

pub(super) struct Rotation {
    pub(super) members: BTreeSet<UserId>,
    /// Those who are not available now.
    pub(super) away: BTreeSet<UserId>,
    pub(super) deprioritised: BTreeSet<UserId>,
    pub(super) incidents: Vec<Course>,
    pub(super) seen: Vec<Seen>,
    policy: Policy,
    queue: Queue,
    now: i64,
}

impl Rotation {
    pub(super) fn of(count: usize) -> Self {
        Self::with(count, Policy { max_attempts: 100, ..Policy::default() })
    }

    pub(super) fn with(count: usize, policy: Policy) -> Self {
        let members: BTreeSet<UserId> = (0..count).map(person).collect();
        let mut queue = Queue::default();
        for user in members.clone() {
            queue.apply(&QueueChange::Joined { user });
        }
        Self {
            members,
            away: BTreeSet::new(),
            deprioritised: BTreeSet::new(),
            incidents: Vec::new(),
            seen: Vec::new(),
            policy,
            queue,
            now: 0,
        }
    }

    /// A new incident, its root posted and the first person asked.
    pub(super) fn report(&mut self) -> usize {
        self.incidents.push(Course::new(self.policy.clone()));
        let incident = self.incidents.len() - 1;
        self.give(incident, &Command::Report(report()));
        let message = message("root");
        self.give(incident, &Command::RootPosted { message });
        self.ask(incident);
        incident
    }

    /// The next in the queue is asked, or the managers when everyone was.
    fn ask(&mut self, incident: usize) {
        let candidate = |user: UserId| {
            let verdict = if self.away.contains(&user) { Verdict::Away } else { Verdict::Available };
            Candidate::new(user, verdict)
        };
        let order = self.queue.order(&self.members, &self.deprioritised);
        let candidates = order.into_iter().map(candidate).collect();
        let managers = managers();
        self.give(incident, &Command::Page { candidates, managers });
    }

    /// The person asked lets the time pass, and the next one is asked.
    pub(super) fn time_out(&mut self, incident: usize) {
        let attempt = self.state(incident).attempts.len() as u32;
        let message = message("page");
        self.give(incident, &Command::PagePosted { attempt, message });
        self.now += 120;
        let managers = managers();
        self.give(incident, &Command::TimeOut { attempt, managers });
        self.ask(incident);
    }

    /// The person asked passes, and the next one is asked.
    pub(super) fn pass(&mut self, incident: usize, by: UserId) {
        self.give(incident, &Command::Pass { by });
        self.ask(incident);
    }

    /// Whoever is on it hands it over, and the next one is asked.
    pub(super) fn hand_over(&mut self, incident: usize) {
        self.give(incident, &Command::HandOver { by: "mia".into(), manager: true });
        self.ask(incident);
    }

    pub(super) fn answer(&mut self, incident: usize, by: UserId) {
        let via = Via::Reaction;
        let eligible = true;
        self.give(incident, &Command::Acknowledge { by, via, eligible, zone: None });
    }

    /// Moves the queue by what happened, in the same breath.
    fn give(&mut self, incident: usize, command: &Command) {
        let before = self.incidents[incident].state.clone();
        for event in self.incidents[incident].give(command, at(self.now)) {
            let Some(user) = turn_of(before.as_ref(), &event).cloned() else { continue };
            self.seen.push(match event {
                Event::Paged { .. } => Seen::Asked { incident, user: user.clone() },
                _ => Seen::Volunteered { incident, user: user.clone() },
            });
            self.queue.apply(&QueueChange::Turn { user, at: at(self.now) });
        }
    }

    pub(super) fn state(&self, incident: usize) -> &Incident {
        self.incidents[incident].state.as_ref().unwrap()
    }

    pub(super) fn responder(&self, incident: usize) -> Option<UserId> {
        let (_, attempt) = self.state(incident).current_attempt()?;
        Some(attempt.responder.clone())
    }

    /// How often somebody was asked in all.
    pub(super) fn asked(&self, who: &UserId) -> usize {
        self.seen.iter().filter(|seen| matches!(seen, Seen::Asked { user, .. } if user == who)).count()
    }

    /// By how much one person was asked more often than another, at most, over any window.
    pub(super) fn lead(&self, more: &UserId, less: &UserId) -> usize {
        // The most that a stretch of this walk rises: Kadane's sum.
        let (mut worst, mut here) = (0_i64, 0_i64);
        for seen in &self.seen {
            let Seen::Asked { user, .. } = seen else { continue };
            let step = i64::from(user == more) - i64::from(user == less);
            here = (here + step).max(0);
            worst = worst.max(here);
        }
        worst.unsigned_abs() as usize
    }

    /// The greatest difference between any two of these in how often they were asked, over any window.
    pub(super) fn worst_difference(&self, among: &BTreeSet<UserId>) -> usize {
        let pairs = among.iter().flat_map(|one| among.iter().map(move |other| (one, other)));
        pairs.filter(|(one, other)| one != other).map(|(one, other)| self.lead(one, other)).max().unwrap_or(0)
    }

    /// Checks that over any window, `b` was asked at most once more often than `a`, but for what `a` and
    /// the incidents brought about themselves: see the property that uses it.
    pub(super) fn lead_is_accounted_for(&self, a: &UserId, b: &UserId) -> Result<(), TestCaseError> {
        for from in 0..self.seen.len() {
            let (mut of_a, mut of_b, mut volunteered, mut skips) = (0, 0, 0, 0);
            for (index, seen) in self.seen.iter().enumerate().skip(from) {
                match seen {
                    Seen::Asked { user, .. } if user == a => of_a += 1,
                    Seen::Asked { incident, user } if user == b => {
                        of_b += 1;
                        skips += usize::from(self.seen[..index].iter().any(|seen| seen.is_of(*incident, a)));
                    }
                    Seen::Volunteered { user, .. } if user == a => volunteered += 1,
                    _ => {}
                }
                prop_assert!(of_b <= of_a + 1 + volunteered + skips, "{:?}", self.seen);
            }
        }
        Ok(())
    }
}

pub(super) fn person(index: usize) -> UserId {
    UserId::new(format!("U{index:02}"))
}
