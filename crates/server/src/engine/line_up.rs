//! A rotation's queue as it can be shown at any moment: from the store and from memory, without a word to Slack.
//!
//! The order and the verdicts are those of a hunt that begins now. What a hunt would have to ask Slack about is told as
//! not looked up, and never guessed (P6).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use pagerslack_core::availability::{Fact, Facts};
use pagerslack_core::rules::Day;
use pagerslack_core::{QueueChange, RotationId, TeamId, UserId, Verdict};
use pagerslack_slack::directory::Remembered;
use pagerslack_slack::words::answer::Standing;
use pagerslack_store::StoreError;

use super::Engine;

/// A rotation's queue.
#[derive(Clone, Debug, PartialEq)]
pub struct LineUp {
    /// What kind of day it is there.
    pub day: Day,
    /// The schedule that is shown today instead of a hunt.
    pub schedule: Option<String>,
    /// Everybody in it, head first.
    pub people: Vec<LinedUp>,
    /// Whether it is known who is in the channel. Without that, whoever has a place in the queue is shown.
    pub members_known: bool,
}

/// One person of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinedUp {
    /// Who.
    pub user: UserId,
    /// 1-based, from the head.
    pub place: usize,
    /// When they were last asked or took an incident.
    pub last_turn: Option<Timestamp>,
    /// Whether the next hunt writes down their place, as they are new.
    pub joining: bool,
    /// Whether they may be asked now.
    pub standing: Standing,
}

impl LineUp {
    /// Who would be asked now: `Ok(None)` for nobody, an error while it cannot be told without asking Slack.
    pub fn next(&self) -> Result<Option<&LinedUp>, Untold<'_>> {
        let mut unknown = None;
        for person in &self.people {
            match &person.standing {
                Standing::Known(Verdict::Available) => return Ok(Some(person)),
                Standing::Known(Verdict::Unknown { .. }) => unknown = unknown.or(Some(person)),
                Standing::Known(_) => {}
                Standing::NotLookedAt => return Err(Untold(person)),
            }
        }
        // Nobody is known to be available, so whoever is unknown would be asked (P6).
        Ok(unknown)
    }
}

/// It depends on this person, of whom Slack has not been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untold<'a>(pub &'a LinedUp);

impl Engine {
    /// The queue of a rotation as far as it is known here. Asks Slack nothing.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn line_up(&self, rotation: &RotationId) -> Result<LineUp, StoreError> {
        let mut queue = self.store.queue(rotation).await?;
        let (now, team, config) = (self.now(), &rotation.team, self.rotation(rotation));
        let members = self.directory.members_of_any_age(team, &rotation.channel);
        let members_known = members.is_some();
        let members: BTreeSet<UserId> = match members {
            Some(members) => members.iter().cloned().collect(),
            None => queue.places().iter().map(|place| place.user.clone()).collect(),
        };
        let managers = self.remembered_managers(rotation);
        let look = self.look_knowing(managers, rotation, &config.rules, &members, BTreeSet::new());
        let changes = self.arrivals(rotation, &queue, &members, &look);
        changes.iter().for_each(|change| queue.apply(change));
        let joined = changes.iter().filter_map(|change| match change {
            QueueChange::Joined { user } => Some(user),
            _ => None,
        });
        let joined: HashSet<&UserId> = joined.collect();
        let away = queue.away(now);
        let turns: HashMap<&UserId, Option<Timestamp>> =
            queue.places().iter().map(|place| (&place.user, place.turned_at)).collect();
        let people = look.order(&queue, &members).into_iter().zip(1..).map(|(user, place)| {
            // An "away" is believed no longer than "active": the page tells how things are.
            let facts = facts(team, self.directory.remembered(now, team, &user, now));
            let standing = if look.managers.contains(&user) {
                Some(Verdict::Manager)
            } else if let Some(until) = away.get(&user) {
                Some(Verdict::SaidAway { until: *until })
            } else {
                config.rules.verdict(&user, &facts, now, &look.day)
            };
            LinedUp {
                place,
                last_turn: turns.get(&user).copied().flatten(),
                joining: joined.contains(&user),
                standing: standing.map_or(Standing::NotLookedAt, Standing::Known),
                user,
            }
        });
        let people = people.collect();
        let schedule = config.rules.schedule_link(&look.day).map(str::to_owned);
        Ok(LineUp { schedule, people, members_known, day: look.day })
    }

    /// Asks Slack about the first of a queue, out of what paging leaves of the rate budget, and remembers the answers.
    /// Says whether Slack told who is in the channel.
    pub async fn look_up_queue(&self, rotation: &RotationId) -> bool {
        if self.directory.channel_name(&rotation.team, &rotation.channel).is_none() {
            // Somebody has invited the bot since the start.
            let _ = self.directory.learn_names(self.background(&rotation.team)).await;
        }
        self.top(rotation).await.is_ok()
    }
}

/// What is remembered of somebody, as facts.
fn facts(team: &TeamId, remembered: Remembered) -> Facts {
    let mut facts = Facts::NONE;
    if let Some(person) = remembered.person {
        facts.profile = Fact::Known(Arc::new(person.profile(team)));
    }
    if let Some(window) = remembered.dnd {
        facts.dnd = Fact::Known(window);
    }
    if let Some(presence) = remembered.presence {
        facts.presence = Fact::Known(presence);
    }
    facts
}
