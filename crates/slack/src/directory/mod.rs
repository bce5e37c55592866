//! What Slack said of channels and people, remembered for a while; cold at start, and never needed for
//! correctness.
//!
//! Invariants: what could not be read comes back as an error, never as a "no" (P6). A fact older than its time
//! to live is asked for again. What an event told us is never overwritten by an answer that was asked for
//! before it. Memory is bounded by the capacities below. No lock is held while Slack is asked.

mod cache;
mod remembered;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::ids::{ChannelId, TeamId, UserGroupId, UserId};

use crate::client::{CallError, Caller, Client, DND_BATCH, Refusal, RefusalKind};
use crate::inbound::Inbound;
use crate::method::Method;
use crate::person::{DndWindow, Person, Presence};
use cache::Cache;

/// How long the members of a channel are believed; joining and leaving is told by events.
pub const MEMBERS_TTL: SignedDuration = SignedDuration::from_mins(10);
/// How long a person's data are believed; changes are told by events.
pub const PEOPLE_TTL: SignedDuration = SignedDuration::from_mins(60);
/// How long do-not-disturb is believed; changes are told by events.
pub const DND_TTL: SignedDuration = SignedDuration::from_secs(60);
/// How long it is believed that Slack does not show us somebody's do-not-disturb.
pub const UNSEEN_TTL: SignedDuration = SignedDuration::from_mins(10);
/// How long presence is believed. No event of the Events API tells of it.
pub const PRESENCE_TTL: SignedDuration = SignedDuration::from_secs(30);
/// How long the members of a user group are believed; changes are told by events.
pub const GROUPS_TTL: SignedDuration = SignedDuration::from_mins(5);

/// Calls of one kind under way at once.
const AT_ONCE: usize = 8;
/// People remembered, and do-not-disturb and presence entries: some hundred megabytes at the very most.
const MOST_PEOPLE: usize = 200_000;
/// Channels and user groups remembered.
const MOST_LISTS: usize = 5_000;

/// A remembered view of Slack's channels and people, shared by all who ask.
pub struct Directory {
    client: Arc<Client>,
    known: Mutex<Known>,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").finish_non_exhaustive()
    }
}

type Members = Option<Arc<[UserId]>>;
type DndOutcome = Result<Option<DndWindow>, CallError>;

/// A list that an event has made doubtful is `None` until it is asked for again.
struct Known {
    members: Cache<ChannelId, Members>,
    people: Cache<UserId, Arc<Person>>,
    dnd: Cache<UserId, Option<DndWindow>>,
    /// People of whom Slack refuses to say it.
    unseen: Cache<UserId, Refusal>,
    presence: Cache<UserId, Presence>,
    groups: Cache<UserGroupId, Members>,
    emails: Cache<String, UserId>,
    direct: Cache<UserId, ChannelId>,
}

impl Directory {
    /// Knows nothing yet.
    pub fn new(client: Arc<Client>) -> Self {
        let known = Known {
            members: Cache::new(MEMBERS_TTL, MOST_LISTS),
            people: Cache::new(PEOPLE_TTL, MOST_PEOPLE),
            dnd: Cache::new(DND_TTL, MOST_PEOPLE),
            unseen: Cache::new(UNSEEN_TTL, MOST_PEOPLE),
            presence: Cache::new(PRESENCE_TTL, MOST_PEOPLE),
            groups: Cache::new(GROUPS_TTL, MOST_LISTS),
            emails: Cache::new(PEOPLE_TTL, MOST_LISTS),
            direct: Cache::new(PEOPLE_TTL, MOST_LISTS),
        };
        Self { client, known: Mutex::new(known) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everybody in the channel, in Slack's order: bots, guests and members of other organisations too.
    ///
    /// # Errors
    ///
    /// When Slack had to be asked and did not say.
    pub async fn members(&self, caller: Caller<'_>, channel: &ChannelId) -> Result<Arc<[UserId]>, CallError> {
        if let Some(members) = self.known().members.get(caller.now, caller.team, channel).flatten() {
            return Ok(members);
        }
        let members: Arc<[UserId]> = self.client.members(caller, channel).await?.into();
        self.known().members.answered(caller.now, caller.team, channel, Some(Arc::clone(&members)));
        Ok(members)
    }

    /// The members of a user group.
    ///
    /// # Errors
    ///
    /// When Slack had to be asked and did not say.
    pub async fn user_group(
        &self,
        caller: Caller<'_>,
        group: &UserGroupId,
    ) -> Result<Arc<[UserId]>, CallError> {
        if let Some(members) = self.known().groups.get(caller.now, caller.team, group).flatten() {
            return Ok(members);
        }
        let members: Arc<[UserId]> = self.client.user_group_members(caller, group).await?.into();
        self.known().groups.answered(caller.now, caller.team, group, Some(Arc::clone(&members)));
        Ok(members)
    }

    /// Who these people are; each with their own outcome. Only the unknown ones are asked for, one call each.
    pub async fn people(
        &self,
        caller: Caller<'_>,
        users: &[UserId],
    ) -> BTreeMap<UserId, Result<Arc<Person>, CallError>> {
        let (mut outcomes, missing) =
            self.split(users, |known, user| known.people.get(caller.now, caller.team, user));
        let answers = stream::iter(missing)
            .map(|user| async move {
                let person = self.client.user_info(caller, &user).await.map(Arc::new);
                (user, person)
            })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let mut known = self.known();
        for (user, outcome) in answers {
            if let Ok(person) = &outcome {
                known.people.answered(caller.now, caller.team, &user, Arc::clone(person));
            }
            outcomes.insert(user, outcome);
        }
        outcomes
    }

    /// Whether these people are there; each with their own outcome. One call for each that is not remembered,
    /// so ask for few at a time, and never for bots: of them Slack always says "away".
    pub async fn presence(
        &self,
        caller: Caller<'_>,
        users: &[UserId],
    ) -> BTreeMap<UserId, Result<Presence, CallError>> {
        let (mut outcomes, missing) =
            self.split(users, |known, user| known.presence.get(caller.now, caller.team, user));
        let answers = stream::iter(missing)
            .map(|user| async move {
                let presence = self.client.presence(caller, &user).await;
                (user, presence)
            })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let mut known = self.known();
        for (user, outcome) in answers {
            if let Ok(presence) = &outcome {
                known.presence.answered(caller.now, caller.team, &user, *presence);
            }
            outcomes.insert(user, outcome);
        }
        outcomes
    }

    /// The do-not-disturb windows of these people, fifty a call; each with their own outcome. Somebody whom
    /// Slack left out of its answer has a refusal, for that is not a "no" (P6), and asking again would not help.
    pub async fn dnd(&self, caller: Caller<'_>, users: &[UserId]) -> BTreeMap<UserId, DndOutcome> {
        let (mut outcomes, missing) =
            self.split(users, |known, user| known.dnd.get(caller.now, caller.team, user));
        let (unseen, missing): (Vec<_>, Vec<_>) = {
            let known = self.known();
            let refusal = |user: UserId| (known.unseen.get(caller.now, caller.team, &user), user);
            missing.into_iter().map(refusal).partition(|(refusal, _)| refusal.is_some())
        };
        let missing: Vec<UserId> = missing.into_iter().map(|(_, user)| user).collect();
        let answers = stream::iter(missing.chunks(DND_BATCH).map(<[UserId]>::to_vec).collect::<Vec<_>>())
            .map(|batch| self.dnd_of(caller, batch))
            .buffer_unordered(AT_ONCE)
            .concat()
            .await;
        let mut known = self.known();
        for (user, outcome) in answers {
            match &outcome {
                Ok(window) => known.dnd.answered(caller.now, caller.team, &user, *window),
                Err(CallError::Refused(refusal)) if refusal.kind() == RefusalKind::UserGone => {
                    known.unseen.answered(caller.now, caller.team, &user, refusal.clone());
                }
                Err(_) => {}
            }
            outcomes.insert(user, outcome);
        }
        let refused = unseen.into_iter().filter_map(|(refusal, user)| Some((user, refusal?)));
        outcomes.extend(refused.map(|(user, refusal)| (user, Err(CallError::Refused(refusal)))));
        outcomes
    }

    /// Asks for one batch. One person whom Slack does not show us spoils it for the others, so then each half
    /// is asked for alone.
    async fn dnd_of(&self, caller: Caller<'_>, batch: Vec<UserId>) -> Vec<(UserId, DndOutcome)> {
        let mut batches = vec![batch];
        let mut outcomes = Vec::new();
        while let Some(mut batch) = batches.pop() {
            match self.client.dnd(caller, &batch).await {
                Ok(windows) => outcomes.extend(batch.into_iter().map(|user| {
                    let window = windows.get(&user).copied().ok_or_else(left_out);
                    (user, window)
                })),
                Err(CallError::Refused(refusal))
                    if refusal.kind() == RefusalKind::UserGone && batch.len() > 1 =>
                {
                    batches.push(batch.split_off(batch.len() / 2));
                    batches.push(batch);
                }
                Err(error) => outcomes.extend(batch.into_iter().map(|user| (user, Err(error.clone())))),
            }
        }
        outcomes
    }

    /// Whose address this is.
    ///
    /// # Errors
    ///
    /// When Slack had to be asked and did not say, or nobody has the address.
    pub async fn by_email(&self, caller: Caller<'_>, email: &str) -> Result<UserId, CallError> {
        let key = email.to_lowercase();
        if let Some(user) = self.known().emails.get(caller.now, caller.team, &key) {
            return Ok(user);
        }
        let person = self.client.lookup_by_email(caller, email).await?;
        self.known().emails.answered(caller.now, caller.team, &key, person.id.clone());
        Ok(person.id)
    }

    /// The bot's conversation with somebody.
    ///
    /// # Errors
    ///
    /// When Slack had to be asked and did not say, or the person cannot be written to.
    pub async fn direct_channel(&self, caller: Caller<'_>, user: &UserId) -> Result<ChannelId, CallError> {
        if let Some(channel) = self.known().direct.get(caller.now, caller.team, user) {
            return Ok(channel);
        }
        let channel = self.client.open_direct(caller, std::slice::from_ref(user)).await?;
        self.known().direct.answered(caller.now, caller.team, user, channel.clone());
        Ok(channel)
    }

    /// The members of a channel as remembered, without asking Slack.
    pub fn cached_members(
        &self,
        now: Timestamp,
        team: &TeamId,
        channel: &ChannelId,
    ) -> Option<Arc<[UserId]>> {
        self.known().members.get(now, team, channel).flatten()
    }

    /// A person as remembered, without asking Slack.
    pub fn cached_person(&self, now: Timestamp, team: &TeamId, user: &UserId) -> Option<Arc<Person>> {
        self.known().people.get(now, team, user)
    }

    /// Reads one page of the workspace's people into memory; give back the returned cursor for the next one.
    ///
    /// # Errors
    ///
    /// An expired cursor is refused with `invalid_cursor`: begin again with `None`.
    pub async fn refresh_page(
        &self,
        now: Timestamp,
        team: &TeamId,
        cursor: Option<&str>,
    ) -> Result<Option<String>, CallError> {
        let page = self.client.users_list(Caller::background(now, team), cursor).await?;
        let mut known = self.known();
        for person in page.people {
            let id = person.id.clone();
            known.people.answered(now, team, &id, Arc::new(person));
        }
        Ok(page.next)
    }

    /// Takes in what an event says, whatever it is.
    pub fn apply(&self, now: Timestamp, inbound: &Inbound) {
        let mut known = self.known();
        match inbound {
            Inbound::MemberJoined { team, channel, .. } | Inbound::MemberLeft { team, channel, .. } => {
                known.members.told(now, team, channel, None);
            }
            Inbound::ChannelIdChanged { team, old, new } => {
                known.members.told(now, team, old, None);
                known.members.told(now, team, new, None);
            }
            Inbound::UserChanged { team, user } | Inbound::TeamJoined { team, user } => {
                known.people.told(now, team, &user.id, Arc::new(Person::clone(user)));
            }
            Inbound::DndChanged { team, user, dnd } => known.dnd.told(now, team, user, *dnd),
            Inbound::UserGroupChanged { team, group } => known.groups.told(now, team, group, None),
            Inbound::AppUninstalled { team } | Inbound::TokensRevoked { team } => known.forget(team),
            Inbound::Command(_)
            | Inbound::ReactionAdded(_)
            | Inbound::ReactionRemoved(_)
            | Inbound::DirectMessage(_)
            | Inbound::Clicked(_)
            | Inbound::HomeOpened { .. }
            | Inbound::UrlVerification { .. }
            | Inbound::SslCheck
            | Inbound::RateLimited { .. }
            | Inbound::Ignored { .. }
            | Inbound::Malformed { .. } => {}
        }
    }

    /// Those who are remembered, and those who are not, each once.
    fn split<T>(
        &self,
        users: &[UserId],
        recall: impl Fn(&Known, &UserId) -> Option<T>,
    ) -> (BTreeMap<UserId, Result<T, CallError>>, Vec<UserId>) {
        let known = self.known();
        let mut remembered = BTreeMap::new();
        let mut missing = Vec::new();
        let mut seen = BTreeSet::new();
        for user in users.iter().filter(|user| seen.insert(*user)) {
            match recall(&known, user) {
                Some(fact) => {
                    remembered.insert(user.clone(), Ok(fact));
                }
                None => missing.push(user.clone()),
            }
        }
        (remembered, missing)
    }
}

impl Known {
    fn forget(&mut self, team: &TeamId) {
        self.members.forget(team);
        self.people.forget(team);
        self.dnd.forget(team);
        self.unseen.forget(team);
        self.presence.forget(team);
        self.groups.forget(team);
        self.emails.forget(team);
        self.direct.forget(team);
    }
}

fn left_out() -> CallError {
    CallError::Refused(Refusal {
        method: Method::DndTeamInfo.to_string(),
        // As Slack says it of one person alone.
        code: "user_not_visible".to_owned(),
        needed: None,
        provided: None,
    })
}
