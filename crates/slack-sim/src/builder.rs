//! Makes worlds: a few lines for a test.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Time;
use url::Url;

use crate::model::{
    App, Channel, ChannelKind, DeliveryMode, Dnd, Enterprise, Presence, Status, Team, User, UserGroup,
};
use crate::world::World;

/// Scopes that an app with a bot, a command and reactions asks for.
const SCOPES: &[&str] = &[
    "commands",
    "chat:write",
    "users:read",
    "dnd:read",
    "reactions:read",
    "reactions:write",
    "channels:read",
    "groups:read",
    "channels:history",
    "groups:history",
    "im:history",
    "im:write",
    "usergroups:read",
];

const EVENTS: &[&str] = &[
    "reaction_added",
    "reaction_removed",
    "message.im",
    "app_home_opened",
    "member_joined_channel",
    "member_left_channel",
    "team_join",
    "user_change",
    "dnd_updated_user",
    "subteam_members_changed",
    "channel_id_changed",
    "app_uninstalled",
    "tokens_revoked",
];

/// Builds a [`World`]. Members named after a channel join it; the bot is in every channel unless removed.
#[derive(Debug)]
pub struct WorldBuilder {
    world: World,
    last_channel: Option<String>,
}

impl World {
    /// A workspace with one app named `pager` (bot user `UBOT`) and nobody else.
    #[must_use]
    pub fn builder() -> WorldBuilder {
        WorldBuilder::new()
    }
}

impl WorldBuilder {
    fn new() -> Self {
        let team = Team { id: "T1".into(), name: "Example".into(), domain: "example".into() };
        let world = World::empty(team, default_app());
        Self { world, last_channel: None }.bot("UBOT", "pager")
    }

    /// Id of the workspace.
    #[must_use]
    pub fn team(mut self, id: &str) -> Self {
        id.clone_into(&mut self.world.team.id);
        self.world.users.values_mut().for_each(|user| id.clone_into(&mut user.team_id));
        self
    }

    /// Display name and subdomain of the workspace.
    #[must_use]
    pub fn team_name(mut self, name: &str, domain: &str) -> Self {
        name.clone_into(&mut self.world.team.name);
        domain.clone_into(&mut self.world.team.domain);
        self
    }

    /// The workspace is in an Enterprise Grid organisation.
    #[must_use]
    pub fn enterprise(mut self, id: &str, name: &str) -> Self {
        self.world.enterprise = Some(Enterprise { id: id.to_owned(), name: name.to_owned() });
        self
    }

    /// User id and name of the app's bot.
    #[must_use]
    pub fn bot(mut self, id: &str, name: &str) -> Self {
        let before = self.world.app.bot_user.clone();
        self.world.users.remove(&before);
        let members = self.world.channels.values_mut().flat_map(|channel| &mut channel.members);
        members.filter(|member| **member == before).for_each(|member| id.clone_into(member));
        id.clone_into(&mut self.world.app.bot_user);
        name.clone_into(&mut self.world.app.name);
        let mut bot = blank_user(&self.world.team.id, id, name, None);
        bot.is_bot = true;
        bot.presence = Presence::Away;
        self.world.users.insert(id.to_owned(), bot);
        self
    }

    /// Registers a slash command with its usage hint.
    #[must_use]
    pub fn command(mut self, command: &str, hint: &str) -> Self {
        self.world.app.commands.insert(command.to_owned(), hint.to_owned());
        self
    }

    /// Changes the app: scopes, subscriptions, secrets, delivery.
    #[must_use]
    pub fn app(mut self, change: impl FnOnce(&mut App)) -> Self {
        change(&mut self.world.app);
        self
    }

    /// Deliveries come by HTTP to one URL for all three kinds.
    #[must_use]
    pub fn deliver_to(self, url: &Url) -> Self {
        let (events, commands, interactions) = (url.clone(), url.clone(), url.clone());
        self.app(|app| app.delivery = DeliveryMode::Http { events, commands, interactions })
    }

    /// Deliveries come over Socket Mode.
    #[must_use]
    pub fn socket_mode(self) -> Self {
        self.app(|app| app.delivery = DeliveryMode::SocketMode)
    }

    /// A public channel with the bot; people named after it join it.
    #[must_use]
    pub fn channel(self, id: &str, name: &str) -> Self {
        self.any_channel(id, name, ChannelKind::Public)
    }

    /// A private channel with the bot; people named after it join it.
    #[must_use]
    pub fn private_channel(self, id: &str, name: &str) -> Self {
        self.any_channel(id, name, ChannelKind::Private)
    }

    fn any_channel(mut self, id: &str, name: &str, kind: ChannelKind) -> Self {
        let channel = Channel {
            id: id.to_owned(),
            name: name.to_owned(),
            kind,
            archived: false,
            created: 1_700_000_000,
            members: vec![self.world.app.bot_user.clone()],
            messages: Vec::new(),
            last_ts: 0,
        };
        self.world.channels.insert(id.to_owned(), channel);
        self.last_channel = Some(id.to_owned());
        self
    }

    /// Takes the bot out of the last channel.
    #[must_use]
    pub fn without_bot(mut self) -> Self {
        let bot = self.world.app.bot_user.clone();
        if let Some(channel) = self.last_channel.as_ref().and_then(|id| self.world.channels.get_mut(id)) {
            channel.members.retain(|id| *id != bot);
        }
        self
    }

    /// A person who is active, in the last channel.
    #[must_use]
    pub fn person(self, id: &str, name: &str, tz: &str) -> Self {
        let user = blank_user(&self.world.team.id, id, name, Some(tz));
        self.user(user)
    }

    /// Somebody made to measure, in the last channel.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        if let Some(channel) = self.last_channel.as_ref().and_then(|id| self.world.channels.get_mut(id)) {
            channel.members.push(user.id.clone());
        }
        self.world.users.insert(user.id.clone(), user);
        self
    }

    /// Changes somebody named before.
    #[must_use]
    pub fn with_user(mut self, id: &str, change: impl FnOnce(&mut User)) -> Self {
        if let Some(user) = self.world.users.get_mut(id) {
            change(user);
        }
        self
    }

    /// Somebody named before is away.
    #[must_use]
    pub fn away(self, id: &str) -> Self {
        self.with_user(id, |user| user.presence = Presence::Away)
    }

    /// Somebody named before rests every day between two times of their time zone.
    #[must_use]
    pub fn nightly_dnd(self, id: &str, from: Time, until: Time) -> Self {
        self.with_user(id, |user| user.dnd.daily = Some((from, until)))
    }

    /// Somebody named before has a status that never runs out.
    #[must_use]
    pub fn status(self, id: &str, emoji: &str, text: &str) -> Self {
        let status = Status { text: text.to_owned(), emoji: emoji.to_owned(), expiration: 0 };
        self.with_user(id, |user| user.status = status)
    }

    /// Somebody named before is in this channel too.
    #[must_use]
    pub fn member(mut self, channel: &str, user: &str) -> Self {
        if let Some(found) = self.world.channels.get_mut(channel) {
            found.members.push(user.to_owned());
        }
        self
    }

    /// A user group.
    #[must_use]
    pub fn group(mut self, id: &str, handle: &str, users: &[&str]) -> Self {
        let users = users.iter().map(|&user| user.to_owned()).collect();
        let group =
            UserGroup { id: id.to_owned(), handle: handle.to_owned(), name: handle.to_owned(), users };
        self.world.groups.insert(id.to_owned(), group);
        self
    }

    /// The world.
    #[must_use]
    pub fn build(self) -> World {
        self.world
    }
}

/// A full member who is active, with nothing special.
#[must_use]
pub fn blank_user(team_id: &str, id: &str, name: &str, tz: Option<&str>) -> User {
    User {
        id: id.to_owned(),
        name: name.to_owned(),
        real_name: name.to_owned(),
        display_name: name.to_owned(),
        email: format!("{name}@example.com"),
        title: String::new(),
        tz: tz.map(str::to_owned),
        deleted: false,
        is_bot: false,
        is_restricted: false,
        is_ultra_restricted: false,
        is_stranger: false,
        team_id: team_id.to_owned(),
        updated: 1_700_000_000,
        status: Status::default(),
        presence: Presence::Active,
        dnd: Dnd::default(),
    }
}

fn default_app() -> App {
    let set = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect::<BTreeSet<_>>();
    App {
        app_id: "A1".into(),
        name: "pager".into(),
        bot_user: "UBOT".into(),
        bot_id: "B1".into(),
        bot_token: "xoxb-simulated".into(),
        app_token: "xapp-simulated".into(),
        scopes: set(SCOPES),
        signing_secret: "simulated-signing-secret".into(),
        verification_token: "simulated-verification-token".into(),
        client_id: "1.1".into(),
        client_secret: "simulated-client-secret".into(),
        delivery: DeliveryMode::SocketMode,
        events: set(EVENTS),
        commands: BTreeMap::new(),
        should_escape: true,
        labels_mentions: true,
        home_tab: true,
        tokens_valid: true,
        token_rotation: false,
        org_install: false,
    }
}
