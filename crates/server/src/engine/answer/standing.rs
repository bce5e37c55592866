//! How people stand just now, looked up as cheaply as can be.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use pagerslack_core::availability::{Fact, Facts};
use pagerslack_core::{QueueChange, RotationId, UserId, Verdict};
use pagerslack_slack::words::answer::{AnswerError, Standing};

use super::{Engine, Line, no_records};

/// How many people are read for one answer of whom nothing is known: so many that there is room left in a minute
/// for those of whom the answer tells.
const STRANGERS: usize = 30;

impl Engine {
    /// The queue with those who would join it now and without those who have left it, in the order in which a hunt
    /// would consider them.
    pub(in crate::engine) async fn line(&self, rotation: &RotationId) -> Result<Line, AnswerError> {
        let caller = self.background(&rotation.team);
        let members = self.directory.members(caller, &rotation.channel).await;
        let members: BTreeSet<UserId> =
            members.map_err(|_| AnswerError::NoMembers)?.iter().cloned().collect();
        self.get_to_know(rotation, &members).await;
        let mut queue = self.store.queue(rotation).await.map_err(|error| no_records(&error))?;
        let config = self.rotation(rotation);
        let look = self.look(caller, rotation, &config.rules, &members, BTreeSet::new()).await;
        let version = queue.version;
        let arrivals = self.arrivals(rotation, &queue, &members, &look);
        arrivals.iter().for_each(|change| queue.apply(change));
        let newcomers = arrivals.iter().filter_map(|change| match change {
            QueueChange::Joined { user } => Some(user.clone()),
            _ => None,
        });
        let order = look.order(&queue, &members);
        let newcomers = newcomers.collect();
        Ok(Line { order, queue, version, arrivals, newcomers, managers: look.managers, day: look.day })
    }

    /// Asks who those are of whom nothing was ever read, so that no bot or guest is counted among the engineers. Few
    /// are: everybody is read after the start.
    async fn get_to_know(&self, rotation: &RotationId, members: &BTreeSet<UserId>) {
        let remembered = self.directory.profiles_of_any_age(&rotation.team, members);
        let unknown = members.iter().filter(|user| !remembered.contains_key(*user));
        let unknown: Vec<UserId> = unknown.take(STRANGERS).cloned().collect();
        self.directory.people(self.background(&rotation.team), &unknown).await;
    }

    /// The verdict on each of these people, as far as Slack tells within the background's part of the budget.
    pub(super) async fn standings(
        &self,
        rotation: &RotationId,
        line: &Line,
        users: &[UserId],
    ) -> BTreeMap<UserId, Standing> {
        let (team, config) = (&rotation.team, self.rotation(rotation));
        let mut facts: HashMap<UserId, Facts> =
            users.iter().map(|user| (user.clone(), Facts::NONE)).collect();
        let away = line.queue.away(self.now());
        let verdict = |facts: &HashMap<UserId, Facts>, user: &UserId| {
            if line.managers.contains(user) {
                return Some(Verdict::Manager);
            }
            if let Some(until) = away.get(user) {
                return Some(Verdict::SaidAway { until: *until });
            }
            let known = facts.get(user).cloned().unwrap_or(Facts::NONE);
            config.rules.verdict(user, &known, self.now(), &line.day)
        };
        let open = |facts: &HashMap<UserId, Facts>| -> Vec<UserId> {
            users.iter().filter(|user| verdict(facts, user).is_none()).cloned().collect()
        };
        let caller = self.background(team);
        for (user, person) in self.directory.people(caller, &open(&facts)).await {
            if let (Ok(person), Some(known)) = (person, facts.get_mut(&user)) {
                known.profile = Fact::Known(Arc::new(person.profile(team)));
            }
        }
        for (user, window) in self.directory.dnd(caller, &open(&facts)).await {
            if let (Ok(window), Some(known)) = (window, facts.get_mut(&user)) {
                known.dnd = Fact::Known(window);
            }
        }
        for (user, presence) in self.directory.presence(caller, &open(&facts), self.now()).await {
            if let (Ok(presence), Some(known)) = (presence, facts.get_mut(&user)) {
                known.presence = Fact::Known(presence);
            }
        }
        let standing = |user: &UserId| match verdict(&facts, user) {
            Some(verdict) => Standing::Known(verdict),
            None => Standing::NotLookedAt,
        };
        users.iter().map(|user| (user.clone(), standing(user))).collect()
    }
}
