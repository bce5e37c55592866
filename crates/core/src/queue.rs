//! Whose turn it is (P5).
//!
//! One queue per rotation, ordered by turn: the person whose last turn lies furthest back stands at the
//! head. A turn is being paged or acknowledging ([`crate::incident::turn_of`]); either puts a person at the
//! bottom. By their own wish people go to the head for one turn, or are left out for a while, where they stand.
//! The queue is a fold of [`QueueChange`]s, each of which takes the next
//! number; the count of changes is its version.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use foldhash::fast::FixedState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{RotationId, UserId};

/// One person's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Who.
    pub user: UserId,
    /// The number of their last turn; the lowest is the head.
    pub turn: u64,
    /// When that turn was taken, or `None` for somebody who has only joined.
    pub turned_at: Option<Timestamp>,
    /// Since when they stand before everybody who has not, because they said that they could take one: until their
    /// next turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volunteered_at: Option<Timestamp>,
    /// Until when they are not asked, because they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_until: Option<Timestamp>,
}

impl Place {
    /// The place of somebody who has said nothing of themselves.
    pub fn new(user: UserId, turn: u64, turned_at: Option<Timestamp>) -> Self {
        Self { user, turn, turned_at, volunteered_at: None, away_until: None }
    }

    /// When they had their last turn, when they volunteered, and until when they are away.
    pub fn moments(&self) -> [Option<Timestamp>; 3] {
        [self.turned_at, self.volunteered_at, self.away_until]
    }

    /// By what places are ordered: who volunteered first, then whose last turn lies furthest back.
    fn rank(&self) -> (bool, Option<Timestamp>, u64, &UserId) {
        (self.volunteered_at.is_none(), self.volunteered_at, self.turn, &self.user)
    }
}

/// What moves somebody in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum QueueChange {
    /// A person new to the roster joins at the bottom. Ignored for somebody already in the queue.
    Joined {
        /// Who.
        user: UserId,
    },
    /// A person is no longer on the roster and loses their place: should they come back, they join at the
    /// bottom. Ignored for somebody who is not in the queue.
    Left {
        /// Who.
        user: UserId,
    },
    /// A person had a turn and goes to the bottom. Ignored for somebody who is not in the queue.
    Turn {
        /// Who.
        user: UserId,
        /// When.
        at: Timestamp,
    },
    /// A person says that they could take one now, and goes to the head until their next turn, behind whoever said so
    /// before. Whoever said that they are away is back with it. Ignored for somebody who is not in the queue.
    Volunteered {
        /// Who.
        user: UserId,
        /// When.
        at: Timestamp,
    },
    /// A person says until when they are not to be asked, or with `None` that they are back. They keep their turn, and
    /// who goes away volunteers no more. Ignored for somebody who is not in the queue.
    Away {
        /// Who.
        user: UserId,
        /// The first moment at which they may be asked again.
        until: Option<Timestamp>,
    },
}

impl QueueChange {
    /// Who is moved.
    pub fn user(&self) -> &UserId {
        match self {
            Self::Joined { user }
            | Self::Left { user }
            | Self::Turn { user, .. }
            | Self::Volunteered { user, .. }
            | Self::Away { user, .. } => user,
        }
    }
}

/// A rotation's queue, head first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// How many changes have made this queue; the next change takes `version + 1` as its turn.
    pub version: u64,
    /// Places by rank.
    places: Vec<Place>,
}

impl Queue {
    /// A queue as read from storage, in any order.
    pub fn new(version: u64, mut places: Vec<Place>) -> Self {
        places.sort_by(|a, b| a.rank().cmp(&b.rank()));
        Self { version, places }
    }

    /// The places, head first.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Until when each of those who said so is away, of whom that holds at `now`.
    pub fn away(&self, now: Timestamp) -> BTreeMap<UserId, Timestamp> {
        let until = |place: &Place| place.away_until.filter(|until| now < *until);
        self.places.iter().filter_map(|place| Some((place.user.clone(), until(place)?))).collect()
    }

    /// Takes a change in.
    pub fn apply(&mut self, change: &QueueChange) {
        self.version += 1;
        let found = self.places.iter().position(|place| place.user == *change.user());
        let mut place = match (found, change) {
            (Some(_), QueueChange::Joined { .. }) => return,
            (Some(index), _) => self.places.remove(index),
            (None, QueueChange::Joined { user }) => Place::new(user.clone(), self.version, None),
            (None, _) => return,
        };
        match change {
            QueueChange::Joined { .. } => {}
            QueueChange::Left { .. } => return,
            QueueChange::Turn { at, .. } => {
                (place.turn, place.turned_at, place.volunteered_at) = (self.version, Some(*at), None);
            }
            QueueChange::Volunteered { at, .. } => {
                (place.volunteered_at, place.away_until) = (place.volunteered_at.or(Some(*at)), None);
            }
            QueueChange::Away { until, .. } => {
                place.away_until = *until;
                place.volunteered_at = place.volunteered_at.filter(|_| until.is_none());
            }
        }
        let index = self.places.partition_point(|other| other.rank() < place.rank());
        self.places.insert(index, place);
    }

    /// The order in which `members` are considered: not-deprioritised people before deprioritised ones, then
    /// the least recent turn first. Members who have no place yet are left out; see [`Queue::newcomers`].
    pub fn order(&self, members: &BTreeSet<UserId>, deprioritised: &BTreeSet<UserId>) -> Vec<UserId> {
        // Of ten thousand members, asking the tree for each took six times as long as all this.
        let mut present: HashSet<&UserId, FixedState> =
            HashSet::with_capacity_and_hasher(members.len(), FixedState::default());
        present.extend(members);
        let mut first = Vec::with_capacity(members.len());
        let mut last = Vec::new();
        for place in self.places.iter().filter(|place| present.contains(&place.user)) {
            let comes_last = !deprioritised.is_empty() && deprioritised.contains(&place.user);
            // Whoever says that they could take one means today.
            if comes_last && place.volunteered_at.is_none() {
                last.push(place.user.clone());
            } else {
                first.push(place.user.clone());
            }
        }
        first.append(&mut last);
        first
    }

    /// The 1-based place of a person among `members`, from the head.
    pub fn position(&self, user: &UserId, members: &BTreeSet<UserId>) -> Option<usize> {
        self.order(members, &BTreeSet::new()).iter().position(|other| other == user).map(|index| index + 1)
    }

    /// The members who have no place yet, in the order in which they join.
    ///
    /// People who join together are ordered as by lot, so that no name, id or seniority is favoured: by a
    /// hash of `seed`, the rotation and the person. The order is drawn once and stored as turns.
    pub fn newcomers(&self, rotation: &RotationId, members: &BTreeSet<UserId>, seed: u64) -> Vec<UserId> {
        let known: BTreeSet<&UserId> = self.places.iter().map(|place| &place.user).collect();
        let mut drawn: Vec<_> = members
            .iter()
            .filter(|user| !known.contains(user))
            .map(|user| (lot(rotation, user, seed, self.version), user.clone()))
            .collect();
        drawn.sort();
        drawn.into_iter().map(|(_, user)| user).collect()
    }
}

fn lot(rotation: &RotationId, user: &UserId, seed: u64, version: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(version.to_be_bytes());
    for part in [rotation.team.as_str(), rotation.channel.as_str(), user.as_str()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn people(count: usize) -> BTreeSet<UserId> {
        (0..count).map(|i| UserId::new(format!("U{i:05}"))).collect()
    }

    fn rotation() -> RotationId {
        RotationId::new("T1".into(), "C1".into())
    }

    fn queue_of(members: &BTreeSet<UserId>) -> Queue {
        let mut queue = Queue::default();
        for user in queue.newcomers(&rotation(), members, 7) {
            queue.apply(&QueueChange::Joined { user });
        }
        queue
    }

    fn turn(queue: &mut Queue, user: &UserId) {
        queue.apply(&QueueChange::Turn { user: user.clone(), at: Timestamp::UNIX_EPOCH });
    }

    #[test]
    fn the_acknowledger_ends_at_the_very_bottom() {
        let members = people(5);
        let mut queue = queue_of(&members);
        let head = queue.places()[0].user.clone();
        turn(&mut queue, &head);
        assert_eq!(queue.position(&head, &members), Some(5));
        let volunteer = queue.places()[1].user.clone();
        turn(&mut queue, &volunteer);
        assert_eq!(queue.position(&volunteer, &members), Some(5));
        assert_eq!(queue.position(&head, &members), Some(4));
    }

    #[test]
    fn newcomers_join_at_the_bottom_and_keep_the_order_once_drawn() {
        let mut queue = queue_of(&people(4));
        let before = queue.clone();
        let everyone = people(6);
        let joined = queue.newcomers(&rotation(), &everyone, 7);
        assert_eq!(joined.len(), 2);
        for user in &joined {
            queue.apply(&QueueChange::Joined { user: user.clone() });
        }
        assert_eq!(queue.places()[..4], before.places()[..]);
        assert!(queue.newcomers(&rotation(), &everyone, 8).is_empty());
    }

    #[test]
    fn who_leaves_loses_their_place_and_comes_back_at_the_bottom() {
        let members = people(3);
        let mut queue = queue_of(&members);
        let head = queue.places()[0].user.clone();
        queue.apply(&QueueChange::Left { user: head.clone() });
        assert_eq!(queue.position(&head, &members), None);
        assert_eq!(queue.places().len(), 2);
        let before = queue.places().to_vec();
        queue.apply(&QueueChange::Left { user: head.clone() });
        turn(&mut queue, &head);
        assert_eq!(queue.places(), before, "who has no place can neither leave nor take a turn");
        assert_eq!(queue.newcomers(&rotation(), &members, 7), std::slice::from_ref(&head));
        queue.apply(&QueueChange::Joined { user: head.clone() });
        assert_eq!(queue.position(&head, &members), Some(3));
    }

    #[test]
    fn the_order_drawn_depends_on_the_seed_and_not_on_the_names() {
        let members = people(50);
        let drawn = Queue::default().newcomers(&rotation(), &members, 1);
        assert_ne!(drawn, Queue::default().newcomers(&rotation(), &members, 2));
        assert_ne!(drawn, members.iter().cloned().collect::<Vec<_>>());
        assert_eq!(drawn, Queue::default().newcomers(&rotation(), &members, 1));
    }

    #[test]
    fn deprioritised_people_come_after_the_others_in_their_own_order() {
        let members = people(4);
        let queue = queue_of(&members);
        let order = queue.order(&members, &BTreeSet::new());
        let deprioritised = BTreeSet::from([order[0].clone(), order[2].clone()]);
        let expected = [&order[1], &order[3], &order[0], &order[2]].map(Clone::clone);
        assert_eq!(queue.order(&members, &deprioritised), expected);
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn who_volunteers_is_next_once_behind_whoever_did_so_before() {
        let members = people(4);
        let mut queue = queue_of(&members);
        let order = queue.order(&members, &BTreeSet::new());
        for (second, user) in [(1, &order[3]), (2, &order[2]), (3, &order[3])] {
            queue.apply(&QueueChange::Volunteered { user: user.clone(), at: at(second) });
        }
        let expected = [&order[3], &order[2], &order[0], &order[1]].map(Clone::clone);
        assert_eq!(queue.order(&members, &BTreeSet::new()), expected);
        turn(&mut queue, &order[3]);
        turn(&mut queue, &order[2]);
        let expected = [&order[0], &order[1], &order[3], &order[2]].map(Clone::clone);
        assert_eq!(queue.order(&members, &BTreeSet::new()), expected, "once");
    }

    #[test]
    fn who_is_away_keeps_their_turn_and_is_back_by_themselves_or_by_saying_so() {
        let members = people(3);
        let mut queue = queue_of(&members);
        let (order, user) = (queue.order(&members, &BTreeSet::new()), queue.places()[0].user.clone());
        queue.apply(&QueueChange::Away { user: user.clone(), until: Some(at(10)) });
        assert_eq!(queue.order(&members, &BTreeSet::new()), order);
        assert_eq!(queue.away(at(9)), BTreeMap::from([(user.clone(), at(10))]));
        assert!(queue.away(at(10)).is_empty(), "by themselves");
        turn(&mut queue, &user);
        assert_eq!(queue.away(at(9)).len(), 1, "who answers nevertheless is still away");
        for back in [
            QueueChange::Away { user: user.clone(), until: None },
            QueueChange::Volunteered { user: user.clone(), at: at(8) },
        ] {
            let mut queue = queue.clone();
            queue.apply(&back);
            assert!(queue.away(at(9)).is_empty(), "{back:?}");
        }
        queue.apply(&QueueChange::Away { user: user.clone(), until: None });
        queue.apply(&QueueChange::Volunteered { user: user.clone(), at: at(8) });
        queue.apply(&QueueChange::Away { user: user.clone(), until: Some(at(20)) });
        assert_eq!(queue.position(&user, &members), Some(3), "who goes away volunteers no more");
    }

    #[test]
    fn a_turn_of_somebody_unknown_adds_nobody() {
        let mut queue = queue_of(&people(2));
        turn(&mut queue, &"U99999".into());
        assert_eq!(queue.places().len(), 2);
    }

    fn any_change() -> impl Strategy<Value = QueueChange> {
        let user = (0..6_u8).prop_map(|i| UserId::new(format!("U{i:05}")));
        (0..6_u8, user, 0..9_i64).prop_map(|(kind, user, second)| {
            let at = Timestamp::from_second(second).unwrap();
            match kind {
                0 => QueueChange::Joined { user },
                1 => QueueChange::Left { user },
                2 => QueueChange::Volunteered { user, at },
                3 => QueueChange::Away { user, until: Some(at) },
                4 => QueueChange::Away { user, until: None },
                _ => QueueChange::Turn { user, at },
            }
        })
    }

    proptest! {
        /// Every change takes a number, everybody has at most one place, and places stand by their numbers, as a
        /// queue read back from storage has them.
        #[test]
        fn a_queue_is_what_its_changes_make_of_it(changes in prop::collection::vec(any_change(), 0..60)) {
            let mut queue = Queue::default();
            for change in &changes {
                queue.apply(change);
                let stored = serde_json::to_string(change).unwrap();
                prop_assert_eq!(&serde_json::from_str::<QueueChange>(&stored).unwrap(), change);
            }
            prop_assert_eq!(queue.version, changes.len() as u64);
            prop_assert!(queue.places().is_sorted_by(|one, next| one.rank() < next.rank()));
            let neither = |place: &Place| place.volunteered_at.is_none() || place.away_until.is_none();
            prop_assert!(queue.places().iter().all(neither));
            let users: BTreeSet<&UserId> = queue.places().iter().map(|place| &place.user).collect();
            prop_assert_eq!(users.len(), queue.places().len());
            let reversed = queue.places().iter().rev().cloned().collect();
            prop_assert_eq!(&Queue::new(queue.version, reversed), &queue);
        }

        /// P5: everyone equally available and one page at a time, over any window the number of times asked
        /// differs by at most one.
        #[test]
        fn over_any_window_the_share_differs_by_at_most_one(count in 1..9_usize, pages in 1..60_usize, from in 0..60_usize) {
            let members = people(count);
            let mut queue = queue_of(&members);
            let mut asked = Vec::new();
            for _ in 0..pages {
                let head = queue.order(&members, &BTreeSet::new())[0].clone();
                turn(&mut queue, &head);
                asked.push(head);
            }
            let window = &asked[from.min(asked.len())..];
            let share = |user: &UserId| window.iter().filter(|other| *other == user).count();
            let most = members.iter().map(share).max().unwrap_or(0);
            let least = members.iter().map(share).min().unwrap_or(0);
            prop_assert!(most - least <= 1, "most {most}, least {least}");
        }

        /// P5: volunteering only lowers one's share of being asked.
        #[test]
        fn volunteering_never_raises_the_share(count in 2..7_usize, pages in 1..60_usize, volunteer in 0..7_usize) {
            let members = people(count);
            let volunteer = members.iter().nth(volunteer % count).cloned().unwrap();
            let share = |volunteers: bool| {
                let mut queue = queue_of(&members);
                let mut asked = 0;
                for page in 0..pages {
                    let head = queue.order(&members, &BTreeSet::new())[0].clone();
                    asked += usize::from(head == volunteer);
                    turn(&mut queue, &head);
                    if volunteers && page % 3 == 0 {
                        turn(&mut queue, &volunteer);
                    }
                }
                asked
            };
            prop_assert!(share(true) <= share(false));
        }
    }
}
