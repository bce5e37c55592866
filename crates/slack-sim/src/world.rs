//! The state of the fake Slack: one workspace, one app, and everything under way between them.
//!
//! No clock, no I/O and no chance: every method that depends on time takes `now`, and ids come from counters,
//! so the same calls always give the same world.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::api::{Granted, LONGEST_TEXT};
use crate::faults::{Fault, Faults};
use crate::limits::{Limits, RateLimits};
use crate::model::{
    App, Author, Call, Channel, ChannelKind, Enterprise, Ephemeral, Mention, Message, Presence, Team, User,
    UserGroup,
};
use crate::mrkdwn::{self, Names};
use crate::outbox::Outbox;
use crate::response_url::ResponseHook;

/// A fake Slack.
#[derive(Debug)]
pub struct World {
    pub(crate) team: Team,
    /// The Enterprise Grid organisation that the workspace is in, if any.
    pub(crate) enterprise: Option<Enterprise>,
    pub(crate) app: App,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) groups: BTreeMap<String, UserGroup>,
    pub(crate) channels: BTreeMap<String, Channel>,
    pub(crate) ephemerals: Vec<Ephemeral>,
    /// Published home tabs by user.
    pub(crate) homes: BTreeMap<String, Value>,
    /// Modals opened, with the user who sees them.
    pub(crate) modals: Vec<(String, Value)>,
    /// Triggers by id: whose, since when, and whether used.
    pub(crate) triggers: BTreeMap<String, Trigger>,
    pub(crate) hooks: BTreeMap<String, ResponseHook>,
    /// What was given out to whoever installed the app.
    pub(crate) granted: Granted,
    /// Socket Mode addresses that nobody has used yet.
    pub(crate) tickets: BTreeSet<String>,
    pub(crate) limits: Limits,
    pub(crate) faults: Faults,
    pub(crate) calls: Vec<Call>,
    pub(crate) outbox: Outbox,
    /// Where this Slack can be reached, for `response_url`s and Socket Mode.
    pub(crate) public_url: String,
    /// The most that one page of a paginated answer holds.
    pub(crate) page_cap: Option<usize>,
    /// How many characters of text one message takes.
    pub(crate) split_beyond: usize,
    /// How long after a message was posted it shows in what is read back.
    pub(crate) read_delay: SignedDuration,
    /// Whether answers and triggers go stale by the simulated clock.
    pub(crate) lateness: bool,
    counter: u64,
}

/// Permission to open a modal: once, within three seconds.
#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub(crate) user: String,
    pub(crate) since: Timestamp,
    pub(crate) used: bool,
}

impl World {
    pub(crate) fn empty(team: Team, app: App) -> Self {
        Self {
            team,
            enterprise: None,
            app,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            channels: BTreeMap::new(),
            ephemerals: Vec::new(),
            homes: BTreeMap::new(),
            modals: Vec::new(),
            triggers: BTreeMap::new(),
            hooks: BTreeMap::new(),
            granted: Granted::default(),
            tickets: BTreeSet::new(),
            limits: Limits::default(),
            faults: Faults::default(),
            calls: Vec::new(),
            outbox: Outbox::default(),
            public_url: "http://slack.invalid".to_owned(),
            page_cap: None,
            split_beyond: LONGEST_TEXT,
            read_delay: SignedDuration::ZERO,
            lateness: true,
            counter: 0,
        }
    }

    /// The workspace.
    #[must_use]
    pub fn team(&self) -> &Team {
        &self.team
    }

    /// The installed app.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The installed app, to change its scopes, subscriptions or way of delivery.
    pub fn app_mut(&mut self) -> &mut App {
        &mut self.app
    }

    /// Everybody, by id.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// One member.
    #[must_use]
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    /// One member, to change what no action covers; no event follows.
    pub fn user_mut(&mut self, id: &str) -> Option<&mut User> {
        self.users.get_mut(id)
    }

    /// All conversations, by id.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values()
    }

    /// One conversation.
    #[must_use]
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.get(id)
    }

    /// All user groups, by id.
    pub fn groups(&self) -> impl Iterator<Item = &UserGroup> {
        self.groups.values()
    }

    /// All messages of a conversation in order of time, replies among them, without deleted ones.
    #[must_use]
    pub fn messages(&self, channel: &str) -> Vec<&Message> {
        let all = self.channels.get(channel).map_or(&[][..], |found| &found.messages);
        all.iter().filter(|message| !message.deleted).collect()
    }

    /// A root and its replies.
    #[must_use]
    pub fn thread(&self, channel: &str, root: &str) -> Vec<&Message> {
        let mut all = self.messages(channel);
        all.retain(|message| message.ts == root || message.thread_ts.as_deref() == Some(root));
        all
    }

    /// One message, deleted or not.
    #[must_use]
    pub fn message(&self, channel: &str, ts: &str) -> Option<&Message> {
        self.channels.get(channel)?.messages.iter().find(|message| message.ts == ts)
    }

    pub(crate) fn message_mut(&mut self, channel: &str, ts: &str) -> Option<&mut Message> {
        self.channels.get_mut(channel)?.messages.iter_mut().find(|it| it.ts == ts && !it.deleted)
    }

    /// What only this person saw, in order.
    #[must_use]
    pub fn ephemerals(&self, user: &str) -> Vec<&Ephemeral> {
        self.ephemerals.iter().filter(|ephemeral| ephemeral.user == user).collect()
    }

    /// What everybody saw alone, in order.
    #[must_use]
    pub fn all_ephemerals(&self) -> &[Ephemeral] {
        &self.ephemerals
    }

    /// The home tab published for a person.
    #[must_use]
    pub fn home(&self, user: &str) -> Option<&Value> {
        self.homes.get(user)
    }

    /// The modals opened for a person, in order.
    #[must_use]
    pub fn modals(&self, user: &str) -> Vec<&Value> {
        self.modals.iter().filter(|(whose, _)| whose == user).map(|(_, view)| view).collect()
    }

    /// The direct-message conversation of a person with the bot, once there is one.
    #[must_use]
    pub fn dm_of(&self, user: &str) -> Option<&Channel> {
        self.channels.values().find(|it| it.kind == ChannelKind::Im && it.members.iter().any(|id| id == user))
    }

    /// Every Web API call and `response_url` post so far.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// How often a method was called.
    #[must_use]
    pub fn count_calls(&self, method: &str) -> usize {
        self.calls.iter().filter(|call| call.method == method).count()
    }

    /// Adds a fault; several may wait at once, earlier ones are served first.
    pub fn inject(&mut self, fault: Fault) {
        self.faults.add(fault);
    }

    /// Ends all faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Switches rate limits; what was used up is forgotten.
    pub fn set_rate_limits(&mut self, mode: RateLimits) {
        self.limits.reset();
        self.limits.mode = mode;
    }

    /// Makes pages shorter than asked for, as Slack sometimes does; `None` ends it.
    pub fn set_page_cap(&mut self, cap: Option<usize>) {
        self.page_cap = cap;
    }

    /// Makes several messages of a text longer than so many characters, of which only the first has the blocks and
    /// the metadata and is told to the app. Slack does so beyond some 4,000.
    pub fn set_split_beyond(&mut self, characters: usize) {
        self.split_beyond = characters.max(1);
    }

    /// Hides what was posted a moment ago from conversations.history and conversations.replies. Slack says nothing
    /// of how soon a message can be read.
    pub fn set_read_delay(&mut self, delay: SignedDuration) {
        self.read_delay = delay;
    }

    /// Where this Slack can be reached, such as `http://127.0.0.1:4000`.
    pub fn set_public_url(&mut self, url: &str) {
        url.trim_end_matches('/').clone_into(&mut self.public_url);
    }

    /// Whether an answer after three simulated seconds is too late, and a trigger then stale. A server over
    /// real sockets judges that itself, by real time, and switches this off.
    pub fn judge_lateness(&mut self, by_simulated_time: bool) {
        self.lateness = by_simulated_time;
    }

    /// Whether this counts as away at `now`: see [`Presence`].
    #[must_use]
    pub fn presence(&self, user: &str) -> Presence {
        match self.users.get(user) {
            // A bot's presence stays away even with always_online.
            Some(user) if !user.is_bot && !user.deleted => user.presence,
            _ => Presence::Away,
        }
    }

    /// A number that nothing else got.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(crate) fn is_member(&self, channel: &str, user: &str) -> bool {
        self.channels.get(channel).is_some_and(|it| it.members.iter().any(|id| id == user))
    }

    pub(crate) fn bot_is_member(&self, channel: &str) -> bool {
        self.is_member(channel, &self.app.bot_user)
    }

    /// A `ts` for this channel at `now`, unlike all before.
    pub(crate) fn next_ts(&mut self, now: Timestamp, channel: &str) -> String {
        let wanted = now.as_microsecond();
        let micros = match self.channels.get_mut(channel) {
            Some(found) => {
                found.last_ts = wanted.max(found.last_ts + 1);
                found.last_ts
            }
            None => wanted,
        };
        ts_of(micros)
    }

    /// Puts a message into a channel and tells whoever subscribed.
    pub(crate) fn add_message(&mut self, now: Timestamp, channel: &str, draft: Draft) -> String {
        let ts = self.next_ts(now, channel);
        let mentions = mrkdwn::mentions(&draft.text, &draft.blocks);
        let mut blocks = draft.blocks;
        crate::blocks::complete(&mut blocks, &ts);
        let message = Message {
            ts: ts.clone(),
            thread_ts: draft.thread_ts,
            broadcast: draft.broadcast,
            author: draft.author,
            text: draft.text,
            blocks,
            metadata: draft.metadata,
            reactions: Vec::new(),
            edited: None,
            deleted: false,
            mentions,
            at: now,
        };
        if let Some(found) = self.channels.get_mut(channel) {
            found.messages.push(message);
        }
        self.announce_message(now, channel, &ts);
        ts
    }

    /// The direct-message conversation with a person, opened when needed.
    pub(crate) fn open_dm(&mut self, now: Timestamp, user: &str) -> String {
        if let Some(found) = self.dm_of(user) {
            return found.id.clone();
        }
        let id = format!("D{}", user.trim_start_matches(['U', 'W']));
        let members = vec![user.to_owned(), self.app.bot_user.clone()];
        let channel = Channel {
            id: id.clone(),
            name: String::new(),
            kind: ChannelKind::Im,
            archived: false,
            created: now.as_second(),
            members,
            messages: Vec::new(),
            last_ts: 0,
        };
        self.channels.insert(id.clone(), channel);
        id
    }

    /// Who the bot is as an author.
    pub(crate) fn bot_author(&self) -> Author {
        Author {
            user: Some(self.app.bot_user.clone()),
            bot_id: Some(self.app.bot_id.clone()),
            app_id: Some(self.app.app_id.clone()),
        }
    }

    /// All messages of all channels that mention somebody, oldest first: channel, `ts`.
    #[must_use]
    pub fn mentions_of(&self, mention: &Mention) -> Vec<(String, String)> {
        let mut found: Vec<(Timestamp, String, String)> = self
            .channels
            .values()
            .flat_map(|channel| channel.messages.iter().map(move |message| (channel, message)))
            .filter(|(_, message)| !message.deleted && message.mentions.contains(mention))
            .map(|(channel, message)| (message.at, channel.id.clone(), message.ts.clone()))
            .collect();
        found.sort();
        found.into_iter().map(|(_, channel, ts)| (channel, ts)).collect()
    }
}

/// What a new message consists of.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) author: Author,
    pub(crate) text: String,
    pub(crate) blocks: Vec<Value>,
    pub(crate) metadata: Option<Value>,
    pub(crate) thread_ts: Option<String>,
    pub(crate) broadcast: bool,
}

/// Microseconds as Slack writes them.
pub(crate) fn ts_of(micros: i64) -> String {
    format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
}

impl Names for World {
    fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    fn user_named(&self, name: &str) -> Option<&User> {
        self.users.values().find(|user| user.name == name || (user.display_name == name && !name.is_empty()))
    }

    fn group(&self, id: &str) -> Option<&UserGroup> {
        self.groups.get(id)
    }

    fn group_named(&self, handle: &str) -> Option<&UserGroup> {
        self.groups.values().find(|group| group.handle == handle)
    }

    fn channel_name(&self, id: &str) -> Option<&str> {
        self.channels.get(id).map(|channel| channel.name.as_str()).filter(|name| !name.is_empty())
    }

    fn channel_named(&self, name: &str) -> Option<(&str, bool)> {
        let channel = self.channels.values().find(|channel| !name.is_empty() && channel.name == name)?;
        Some((&channel.id, channel.kind == ChannelKind::Public))
    }
}
