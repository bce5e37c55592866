//! Events of the Events API, wrapped as Slack delivers them.
//!
//! Reactions are nearly all of the traffic, and nearly all of them concern no page: they are read in one pass
//! over borrowed text. The rare events that carry a whole person are read a second time.
//! Sources: docs.slack.dev/apis/events-api and the pages of docs.slack.dev/reference/events.

use jiff::Timestamp;
use pagerslack_core::ids::{ChannelId, MessageRef, MessageTs, TeamId, UserGroupId, UserId};
use serde::Deserialize;

use super::wire::Authorization;
use super::{DirectMessage, Inbound, Reaction, instant, unreadable};
use crate::lenient::{Present, Word, first, or_default};
use crate::person::{WireDnd, WirePerson};

/// What surrounds an event.
#[derive(Deserialize)]
struct Wrapper<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Word<'a>,
    #[serde(borrow, default)]
    team_id: Word<'a>,
    #[serde(borrow, default)]
    context_team_id: Word<'a>,
    #[serde(borrow, default)]
    context_enterprise_id: Word<'a>,
    #[serde(borrow, default)]
    event_id: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    event_time: Option<i64>,
    #[serde(borrow, default)]
    challenge: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    minute_rate_limited: Option<i64>,
    #[serde(borrow, default, deserialize_with = "first")]
    authorizations: Option<Authorization<'a>>,
    #[serde(borrow, default)]
    event: Option<Event<'a>>,
}

/// The fields of all events that we use, together. `user` may be an object, and is nothing then.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    event_ts: Word<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Word<'a>,
    #[serde(borrow, default)]
    user: Word<'a>,
    #[serde(borrow, default)]
    reaction: Word<'a>,
    #[serde(borrow, default)]
    item: Option<Item<'a>>,
    #[serde(borrow, default)]
    channel: Word<'a>,
    #[serde(borrow, default)]
    channel_type: Word<'a>,
    #[serde(borrow, default)]
    text: Word<'a>,
    #[serde(borrow, default)]
    ts: Word<'a>,
    #[serde(default)]
    subtype: Present,
    #[serde(default)]
    bot_id: Present,
    #[serde(default)]
    bot_profile: Present,
    #[serde(default, deserialize_with = "or_default")]
    dnd_status: WireDnd,
    #[serde(borrow, default)]
    subteam_id: Word<'a>,
    #[serde(borrow, default)]
    tab: Word<'a>,
    #[serde(borrow, default)]
    old_channel_id: Word<'a>,
    #[serde(borrow, default)]
    new_channel_id: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    tokens: Tokens,
    #[serde(default, deserialize_with = "or_default")]
    team_ids: Vec<String>,
}

/// What was reacted to.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Word<'a>,
    #[serde(borrow, default)]
    channel: Word<'a>,
    #[serde(borrow, default)]
    ts: Word<'a>,
}

/// Whose tokens were revoked: users' and bots' ids.
#[derive(Default, Deserialize)]
struct Tokens {
    #[serde(default)]
    bot: Vec<serde::de::IgnoredAny>,
}

pub(super) fn parse(body: &[u8]) -> Inbound {
    // Checked once for the whole body, which costs a tenth of what a check of each string does.
    let Ok(text) = std::str::from_utf8(body) else { return Inbound::malformed("the event is not UTF-8") };
    let wrapper: Wrapper<'_> = match serde_json::from_str(text) {
        Ok(wrapper) => wrapper,
        Err(error) => return unreadable("event", &error),
    };
    match wrapper.kind.get() {
        Some("event_callback") => {}
        Some("url_verification") => {
            return match wrapper.challenge.owned() {
                Some(challenge) => Inbound::UrlVerification { challenge },
                None => Inbound::malformed("the url_verification has no challenge"),
            };
        }
        Some("app_rate_limited") => return rate_limited(&wrapper),
        Some(other) => return Inbound::ignored_kind("", other),
        None => return Inbound::ignored("no type"),
    }
    let Some(event) = &wrapper.event else {
        return Inbound::ignored("event_callback without an event");
    };
    let Some(kind) = event.kind.get() else {
        return Inbound::ignored("event without a type");
    };
    // The inner form of app_rate_limited is seen in samples only.
    if kind == "app_rate_limited" {
        return rate_limited(&wrapper);
    }
    understood(kind, event, &wrapper, body).unwrap_or_else(|| Inbound::ignored_kind("event:", kind))
}

/// The workspace of the installation, which is not always that of the event: in a channel shared with another
/// organisation `team_id` may be theirs.
fn installation(wrapper: &Wrapper<'_>) -> Option<TeamId> {
    let authorized = wrapper.authorizations.as_ref().and_then(|authorization| authorization.team_id.get());
    authorized.or(wrapper.team_id.get()).or(wrapper.context_team_id.get()).map(TeamId::new)
}

/// The organisation, if its own installation is meant and not that of one workspace.
fn whole_org(wrapper: &Wrapper<'_>) -> Option<String> {
    let authorized = wrapper.authorizations.as_ref().filter(|it| it.is_enterprise_install.0)?;
    authorized.enterprise_id.owned()
}

fn rate_limited(wrapper: &Wrapper<'_>) -> Inbound {
    match installation(wrapper) {
        Some(team) => Inbound::RateLimited {
            team,
            minute: wrapper.minute_rate_limited.and_then(|second| Timestamp::from_second(second).ok()),
        },
        None => Inbound::ignored("app_rate_limited"),
    }
}

/// `None` for whatever we do not act upon, be it another event or one of Slack's with too little in it.
fn understood(kind: &str, event: &Event<'_>, wrapper: &Wrapper<'_>, body: &[u8]) -> Option<Inbound> {
    match kind {
        "reaction_added" => return reaction(event, wrapper).map(Inbound::ReactionAdded),
        "reaction_removed" => return reaction(event, wrapper).map(Inbound::ReactionRemoved),
        "message" => return direct_message(event, wrapper).map(Inbound::DirectMessage),
        _ => {}
    }
    let at = wrapper.event_time.and_then(|second| Timestamp::from_second(second).ok());
    if let "team_access_granted" | "team_access_revoked" = kind {
        return access(event, wrapper, kind == "team_access_granted", at);
    }
    let team = installation(wrapper)?;
    let user = || event.user.get().map(UserId::new);
    let channel = || event.channel.get().map(ChannelId::new);
    Some(match kind {
        "member_joined_channel" => Inbound::MemberJoined { team, channel: channel()?, user: user()? },
        "member_left_channel" => Inbound::MemberLeft { team, channel: channel()?, user: user()? },
        "user_change" => Inbound::UserChanged { team, user: person(body)?, at },
        "team_join" => Inbound::TeamJoined { team, user: person(body)?, at },
        "dnd_updated_user" => {
            Inbound::DndChanged { team, user: user()?, dnd: event.dnd_status.window()?, at }
        }
        "subteam_members_changed" => {
            Inbound::UserGroupChanged { team, group: UserGroupId::new(event.subteam_id.get()?) }
        }
        "app_home_opened" => {
            Inbound::HomeOpened { team, user: user()?, channel: channel(), tab: event.tab.or_empty() }
        }
        "channel_id_changed" => Inbound::ChannelIdChanged {
            team,
            old: ChannelId::new(event.old_channel_id.get()?),
            new: ChannelId::new(event.new_channel_id.get()?),
        },
        "app_uninstalled" => Inbound::AppUninstalled { team, org: whole_org(wrapper), at },
        "tokens_revoked" if !event.tokens.bot.is_empty() => {
            Inbound::TokensRevoked { team, org: whole_org(wrapper), at }
        }
        _ => return None,
    })
}

/// Which workspaces of an organisation the app may serve. The event is the organisation's, and not of any workspace.
fn access(event: &Event<'_>, wrapper: &Wrapper<'_>, granted: bool, at: Option<Timestamp>) -> Option<Inbound> {
    let authorized = wrapper.authorizations.as_ref().and_then(|it| it.enterprise_id.get());
    let org = authorized.or(wrapper.context_enterprise_id.get())?.to_owned();
    let teams: Vec<_> = event.team_ids.iter().filter(|team| !team.is_empty()).map(TeamId::new).collect();
    (!teams.is_empty()).then_some(Inbound::AccessChanged { org, teams, granted, at })
}

fn reaction(event: &Event<'_>, wrapper: &Wrapper<'_>) -> Option<Reaction> {
    let item = event.item.as_ref().filter(|item| item.kind.get() == Some("message"))?;
    Some(Reaction {
        team: installation(wrapper)?,
        user: UserId::new(event.user.get()?),
        reaction: event.reaction.owned()?,
        message: MessageRef::new(ChannelId::new(item.channel.get()?), MessageTs::new(item.ts.get()?)),
        event_id: wrapper.event_id.or_empty(),
        at: event.event_ts.get().and_then(instant),
    })
}

/// Only what a person wrote: edits and the like have a subtype, and bots' posts have none but a bot's id.
fn direct_message(event: &Event<'_>, wrapper: &Wrapper<'_>) -> Option<DirectMessage> {
    if event.subtype.0 || event.bot_id.0 || event.bot_profile.0 || event.channel_type.get() != Some("im") {
        return None;
    }
    Some(DirectMessage {
        team: installation(wrapper)?,
        channel: ChannelId::new(event.channel.get()?),
        user: UserId::new(event.user.get()?),
        text: event.text.or_empty(),
        ts: MessageTs::new(event.ts.get()?),
        event_id: wrapper.event_id.or_empty(),
    })
}

/// The second pass, for events that carry a person.
fn person(body: &[u8]) -> Option<Box<crate::person::Person>> {
    #[derive(Deserialize)]
    struct Wrapper<'a> {
        #[serde(borrow)]
        event: Event<'a>,
    }
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        user: WirePerson<'a>,
    }
    let wrapper: Wrapper<'_> = serde_json::from_slice(body).ok()?;
    wrapper.event.user.person().map(Box::new)
}
