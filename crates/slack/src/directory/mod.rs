//! What Slack said of channels and people, remembered for a while; cold at start, and never needed for
//! correctness.
//!
//! Invariants: what could not be read comes back as an error, never as a "no" (P6). A fact older than its time
//! to live is asked for again. What an event told us is never overwritten by an answer that was asked for
//! before it. Nobody asks Slack what somebody else is just asking: they wait for that answer. Memory is bounded
//! by the capacities below. No lock is held while Slack is asked.

mod cache;
mod find;
mod itself;
mod of_any_age;
mod under_way;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::availability::Account;
use pagerslack_core::ids::{ChannelId, TeamId, UserGroupId, UserId};

use crate::client::{CallError, Caller, Client, DND_BATCH, Refusal, RefusalKind};
use crate::inbound::Inbound;
use crate::method::Method;
use crate::person::{DndWindow, Person, Presence};
use cache::Cache;
use find::Kind;
use under_way::UnderWay;

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
/// How long it is believed that nobody has an address; whoever gets it is told by events.
pub const NOBODYS_TTL: SignedDuration = SignedDuration::from_mins(10);
/// How long the members of a user group are believed; changes are told by events.
pub const GROUPS_TTL: SignedDuration = SignedDuration::from_mins(5);

/// How long after something changed its event still tells how things are. Slack delivers within seconds, and what
/// failed a minute later.
const NEWS: SignedDuration = SignedDuration::from_secs(30);

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

type Members = Arc<[UserId]>;
type DndOutcome = Result<Option<DndWindow>, CallError>;

/// What is remembered of a person; `None` where nothing is that still counts.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// Who they are.
    pub person: Option<Arc<Person>>,
    /// Their do-not-disturb window, or that they have none.
    pub dnd: Option<Option<DndWindow>>,
    /// Whether they are there.
    pub presence: Option<Presence>,
}

/// A list that an event has made doubtful is `None` until it is asked for again.
struct Known {
    members: Cache<ChannelId, Option<Members>>,
    people: Cache<UserId, Arc<Person>>,
    dnd: Cache<UserId, Option<DndWindow>>,
    /// People of whom Slack refuses to say it.
    unseen: Cache<UserId, Refusal>,
    presence: Cache<UserId, Presence>,
    groups: Cache<UserGroupId, Option<Members>>,
    emails: Cache<String, UserId>,
    /// Addresses that nobody has.
    nobodys: Cache<String, Refusal>,
    direct: Cache<UserId, ChannelId>,
    /// What channels are called.
    names: Cache<ChannelId, Arc<str>>,
    /// Who the bot is in a workspace: that never changes while the app is installed.
    itself: BTreeMap<TeamId, UserId>,
    asked: Asked,
}

/// What Slack is being asked.
struct Asked {
    members: UnderWay<ChannelId, Members>,
    people: UnderWay<UserId, Arc<Person>>,
    dnd: UnderWay<UserId, Option<DndWindow>>,
    presence: UnderWay<UserId, Presence>,
    groups: UnderWay<UserGroupId, Members>,
    emails: UnderWay<String, UserId>,
    direct: UnderWay<UserId, ChannelId>,
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
            nobodys: Cache::new(NOBODYS_TTL, MOST_LISTS),
            direct: Cache::new(PEOPLE_TTL, MOST_LISTS),
            names: Cache::new(PEOPLE_TTL, MOST_LISTS),
            itself: BTreeMap::new(),
            asked: Asked {
                members: UnderWay::new(),
                people: UnderWay::new(),
                dnd: UnderWay::new(),
                presence: UnderWay::new(),
                groups: UnderWay::new(),
                emails: UnderWay::new(),
                direct: UnderWay::new(),
            },
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
    pub async fn members(&self, caller: Caller<'_>, channel: &ChannelId) -> Result<Members, CallError> {
        let kind = Kind {
            under_way: |known| &mut known.asked.members,
            learn: |known, caller, channel, outcome| {
                if let Ok(members) = outcome {
                    known.members.answered(caller.now, caller.team, channel, Some(Arc::clone(members)));
                }
            },
        };
        let recall = |known: &Known, channel: &ChannelId| {
            known.members.get(caller.now, caller.team, channel).flatten().map(Ok)
        };
        let ask = |channel: ChannelId| async move {
            self.client.members(caller, &channel).await.map(Members::from)
        };
        self.find_one(caller, kind, channel, recall, ask).await
    }

    /// The members of a user group.
    ///
    /// # Errors
    ///
    /// When Slack had to be asked and did not say.
    pub async fn user_group(&self, caller: Caller<'_>, group: &UserGroupId) -> Result<Members, CallError> {
        let kind = Kind {
            under_way: |known| &mut known.asked.groups,
            learn: |known, caller, group, outcome| {
                if let Ok(members) = outcome {
                    known.groups.answered(caller.now, caller.team, group, Some(Arc::clone(members)));
                }
            },
        };
        let recall = |known: &Known, group: &UserGroupId| {
            known.groups.get(caller.now, caller.team, group).flatten().map(Ok)
        };
        let ask = |group: UserGroupId| async move {
            self.client.user_group_members(caller, &group).await.map(Members::from)
        };
        self.find_one(caller, kind, group, recall, ask).await
    }

    /// Who these people are; each with their own outcome. Only the unknown ones are asked for, one call each.
    pub async fn people(
        &self,
        caller: Caller<'_>,
        users: &[UserId],
    ) -> BTreeMap<UserId, Result<Arc<Person>, CallError>> {
        let kind = Kind {
            under_way: |known| &mut known.asked.people,
            learn: |known, caller, user, outcome| {
                if let Ok(person) = outcome {
                    known.people.answered(caller.now, caller.team, user, Arc::clone(person));
                }
            },
        };
        let recall = |known: &Known, user: &UserId| known.people.get(caller.now, caller.team, user).map(Ok);
        let ask = |user: UserId| async move { self.client.user_info(caller, &user).await.map(Arc::new) };
        self.find_each(caller, kind, users, recall, ask).await
    }

    /// Whether these people are there; each with their own outcome. One call for each that is not remembered,
    /// so ask for few at a time, and never for bots: of them Slack always says "away".
    ///
    /// An "away" is believed beyond [`PRESENCE_TTL`] if it was asked for at or after `away_since`: whoever looks
    /// for somebody in a large channel needs minutes for its rate budget, and would otherwise ask about the
    /// first of the queue again and again and never get to the others. "Active" is never believed longer.
    pub async fn presence(
        &self,
        caller: Caller<'_>,
        users: &[UserId],
        away_since: Timestamp,
    ) -> BTreeMap<UserId, Result<Presence, CallError>> {
        let kind = Kind {
            under_way: |known| &mut known.asked.presence,
            learn: |known, caller, user, outcome| {
                if let Ok(presence) = outcome {
                    known.presence.answered(caller.now, caller.team, user, *presence);
                }
            },
        };
        let recall =
            |known: &Known, user: &UserId| known.presence(caller.now, caller.team, user, away_since).map(Ok);
        let ask = |user: UserId| async move { self.client.presence(caller, &user).await };
        self.find_each(caller, kind, users, recall, ask).await
    }

    /// The do-not-disturb windows of these people, fifty a call; each with their own outcome. Somebody whom
    /// Slack left out of its answer has a refusal, for that is not a "no" (P6), and asking again would not help.
    pub async fn dnd(&self, caller: Caller<'_>, users: &[UserId]) -> BTreeMap<UserId, DndOutcome> {
        let kind = Kind {
            under_way: |known| &mut known.asked.dnd,
            learn: |known, caller, user, outcome| match outcome {
                Ok(window) => known.dnd.answered(caller.now, caller.team, user, *window),
                Err(CallError::Refused(refusal)) if refusal.kind() == RefusalKind::UserGone => {
                    known.unseen.answered(caller.now, caller.team, user, refusal.clone());
                }
                Err(_) => {}
            },
        };
        let recall = |known: &Known, user: &UserId| {
            let seen = known.dnd.get(caller.now, caller.team, user).map(Ok);
            let unseen = || known.unseen.get(caller.now, caller.team, user);
            seen.or_else(|| Some(Err(CallError::Refused(unseen()?))))
        };
        self.find(caller, kind, DND_BATCH, users, recall, |batch| self.dnd_of(caller, batch)).await
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

    /// Whose address this is. Whoever is remembered with it has it, and when Slack does not say, whoever had it last:
    /// addresses seldom change hands.
    ///
    /// # Errors
    ///
    /// When Slack had to be asked and did not say, or nobody has the address, which is believed for a while.
    pub async fn by_email(&self, caller: Caller<'_>, email: &str) -> Result<UserId, CallError> {
        let kind = Kind {
            under_way: |known| &mut known.asked.emails,
            learn: |known, caller, email, outcome| match outcome {
                Ok(user) => known.emails.answered(caller.now, caller.team, email, user.clone()),
                Err(CallError::Refused(refusal)) if refusal.kind() == RefusalKind::UserGone => {
                    known.emails.drop_one(caller.team, email);
                    known.nobodys.answered(caller.now, caller.team, email, refusal.clone());
                }
                Err(_) => {}
            },
        };
        let recall = |known: &Known, email: &String| {
            let user = known.emails.get(caller.now, caller.team, email).map(Ok);
            let nobodys = || known.nobodys.get(caller.now, caller.team, email);
            user.or_else(|| Some(Err(CallError::Refused(nobodys()?))))
        };
        // Asked for as it was written: only we know that case does not matter.
        let ask = |_| async move { self.client.lookup_by_email(caller, email).await.map(|person| person.id) };
        let key = email.to_lowercase();
        self.known().look_for_address(caller, &key);
        match self.find_one(caller, kind, &key, recall, ask).await {
            Err(error) if error.refusal().is_none_or(|refusal| refusal.kind() != RefusalKind::UserGone) => {
                self.known().emails.get_of_any_age(caller.team, &key).ok_or(error)
            }
            outcome => outcome,
        }
    }

    /// The bot's conversation with somebody.
    ///
    /// # Errors
    ///
    /// When Slack had to be asked and did not say, or the person cannot be written to.
    pub async fn direct_channel(&self, caller: Caller<'_>, user: &UserId) -> Result<ChannelId, CallError> {
        let kind = Kind {
            under_way: |known| &mut known.asked.direct,
            learn: |known, caller, user, outcome| {
                if let Ok(channel) = outcome {
                    known.direct.answered(caller.now, caller.team, user, ChannelId::clone(channel));
                }
            },
        };
        let recall = |known: &Known, user: &UserId| known.direct.get(caller.now, caller.team, user).map(Ok);
        let ask = |user: UserId| async move { self.client.open_direct(caller, &[user]).await };
        self.find_one(caller, kind, user, recall, ask).await
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

    /// All that is remembered of a person that matters for paging them, without asking Slack. `away_since` as for
    /// [`Directory::presence`].
    pub fn remembered(
        &self,
        now: Timestamp,
        team: &TeamId,
        user: &UserId,
        away_since: Timestamp,
    ) -> Remembered {
        let known = self.known();
        Remembered {
            person: known.people.get(now, team, user),
            dnd: known.dnd.get(now, team, user),
            presence: known.presence(now, team, user, away_since),
        }
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

    /// Reads what the channels are called that the bot is in.
    ///
    /// # Errors
    ///
    /// When Slack does not say.
    pub async fn learn_names(&self, caller: Caller<'_>) -> Result<(), CallError> {
        let channels = self.client.own_channels(caller).await?;
        let mut known = self.known();
        for channel in channels.into_iter().filter(|channel| !channel.name.is_empty()) {
            known.names.answered(caller.now, caller.team, &channel.id, channel.name.into());
        }
        Ok(())
    }

    /// Takes in what an event says, whatever it is.
    pub fn apply(&self, now: Timestamp, inbound: &Inbound) {
        let mut known = self.known();
        match inbound {
            Inbound::MemberJoined { team, channel, .. } | Inbound::MemberLeft { team, channel, .. } => {
                known.doubt_members(now, team, channel);
            }
            Inbound::ChannelIdChanged { team, old, new } => {
                known.doubt_members(now, team, old);
                known.doubt_members(now, team, new);
            }
            Inbound::UserChanged { team, user, at } | Inbound::TeamJoined { team, user, at } => {
                if let Some(email) = &user.email {
                    known.nobodys.drop_one(team, &email.to_lowercase());
                }
                if is_news(now, *at) {
                    known.people.told(now, team, &user.id, Arc::new(Person::clone(user)));
                } else {
                    known.people.drop_one(team, &user.id);
                }
            }
            Inbound::DndChanged { team, user, dnd, at } if is_news(now, *at) => {
                known.dnd.told(now, team, user, *dnd);
            }
            Inbound::DndChanged { team, user, .. } => known.dnd.drop_one(team, user),
            Inbound::UserGroupChanged { team, group } => {
                known.groups.told(now, team, group, None);
                known.asked.groups.detach(team, group);
            }
            Inbound::AppUninstalled { team, .. } | Inbound::TokensRevoked { team, .. } => known.forget(team),
            Inbound::Command(_)
            | Inbound::ReactionAdded(_)
            | Inbound::ReactionRemoved(_)
            | Inbound::DirectMessage(_)
            | Inbound::Clicked(_)
            | Inbound::Submitted(_)
            | Inbound::HomeOpened { .. }
            | Inbound::UrlVerification { .. }
            | Inbound::SslCheck
            | Inbound::RateLimited { .. }
            | Inbound::Ignored { .. }
            | Inbound::Malformed { .. } => {}
        }
    }
}

/// Whether an event tells how things are. One that comes late, or again, may tell of what has changed since: then nobody
/// is believed, and Slack is asked when it matters (P8). A clock that is wrong by as much only makes for more questions.
fn is_news(now: Timestamp, at: Option<Timestamp>) -> bool {
    at.is_none_or(|at| now.duration_since(at) <= NEWS)
}

impl Known {
    /// The members have changed; what is being read just now may be from before.
    fn doubt_members(&mut self, now: Timestamp, team: &TeamId, channel: &ChannelId) {
        self.members.told(now, team, channel, None);
        self.asked.members.detach(team, channel);
    }

    /// Looks for an address, in lower case, of which nothing is known among the people remembered.
    fn look_for_address(&mut self, caller: Caller<'_>, email: &String) {
        let Caller { now, team, .. } = caller;
        if self.emails.get(now, team, email).is_some() || self.nobodys.get(now, team, email).is_some() {
            return;
        }
        let has = |person: &Person| {
            person.email.as_ref().is_some_and(|theirs| theirs.eq_ignore_ascii_case(email))
                && matches!(person.account(team), Account::Member | Account::Guest)
        };
        let found = self.people.of_any_age(team).find(|person| has(person)).map(|person| person.id.clone());
        if let Some(user) = found {
            self.emails.answered(now, team, email, user);
        }
    }

    fn presence(
        &self,
        now: Timestamp,
        team: &TeamId,
        user: &UserId,
        away_since: Timestamp,
    ) -> Option<Presence> {
        self.presence.get(now, team, user).or_else(|| {
            let (asked, presence) = self.presence.last(team, user)?;
            ((away_since..=now).contains(&asked) && presence == Presence::Away).then_some(presence)
        })
    }

    fn forget(&mut self, team: &TeamId) {
        self.itself.remove(team);
        self.members.forget(team);
        self.people.forget(team);
        self.dnd.forget(team);
        self.unseen.forget(team);
        self.presence.forget(team);
        self.groups.forget(team);
        self.emails.forget(team);
        self.nobodys.forget(team);
        self.direct.forget(team);
        self.names.forget(team);
        let Asked { members, people, dnd, presence, groups, emails, direct } = &mut self.asked;
        members.forget(team);
        people.forget(team);
        dnd.forget(team);
        presence.forget(team);
        groups.forget(team);
        emails.forget(team);
        direct.forget(team);
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
