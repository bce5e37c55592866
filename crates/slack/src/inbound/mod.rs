//! What Slack sends us, as one closed enum; HTTP and Socket Mode come out the same.
//!
//! Invariant: parsing never fails and never panics. What we have no use for is [`Inbound::Ignored`], what
//! nobody could use is [`Inbound::Malformed`]; both are answered 200 and counted. Nothing here is verified:
//! [`crate::verify`] comes first. Nothing is decided either, such as whether a reaction is an acknowledgement.

mod click;
mod command;
mod event;
mod organisation;
mod submission;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use pagerslack_core::ids::{ChannelId, MessageRef, MessageTs, TeamId, UserGroupId, UserId};
use serde_json::value::RawValue;

pub use organisation::{Belonging, belonging, belonging_of_envelope};

pub use crate::person::DndWindow;
use crate::person::Person;

/// One thing that Slack told us.
///
/// Duplicates happen, with and without equal event ids; order is not promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// Somebody typed a slash command.
    Command(Box<SlashCommand>),
    /// Somebody added a reaction to a message.
    ReactionAdded(Reaction),
    /// Somebody took a reaction back from a message.
    ReactionRemoved(Reaction),
    /// A person wrote to the bot.
    DirectMessage(DirectMessage),
    /// Somebody pressed a button or chose from a menu.
    Clicked(Box<Click>),
    /// Somebody filled in a dialog and sent it.
    Submitted(Box<Submission>),
    /// Somebody (or the bot itself) joined a channel that the bot is in.
    MemberJoined {
        /// The workspace the app is installed in.
        team: TeamId,
        /// The channel.
        channel: ChannelId,
        /// Who.
        user: UserId,
    },
    /// Somebody left a channel that the bot is in.
    MemberLeft {
        /// The workspace the app is installed in.
        team: TeamId,
        /// The channel.
        channel: ChannelId,
        /// Who.
        user: UserId,
    },
    /// A person's data changed; all of it is here.
    UserChanged {
        /// The workspace the app is installed in.
        team: TeamId,
        /// The person as they are then.
        user: Box<Person>,
        /// When that was, where Slack said it.
        at: Option<Timestamp>,
    },
    /// Somebody new is in the workspace.
    TeamJoined {
        /// The workspace the app is installed in.
        team: TeamId,
        /// The person.
        user: Box<Person>,
        /// When that was, where Slack said it.
        at: Option<Timestamp>,
    },
    /// A person's do-not-disturb changed.
    DndChanged {
        /// The workspace the app is installed in.
        team: TeamId,
        /// Who.
        user: UserId,
        /// The window that runs or comes next; `None` when there is none.
        dnd: Option<DndWindow>,
        /// When that was so, where Slack said it.
        at: Option<Timestamp>,
    },
    /// A user group has other members now; who, has to be asked.
    UserGroupChanged {
        /// The workspace the app is installed in.
        team: TeamId,
        /// The group.
        group: UserGroupId,
    },
    /// Somebody opened the app's home.
    HomeOpened {
        /// The workspace the app is installed in.
        team: TeamId,
        /// Who.
        user: UserId,
        /// Their conversation with the bot, where Slack said it.
        channel: Option<ChannelId>,
        /// `home` or `messages`.
        tab: String,
    },
    /// A channel has another id now, for instance since it is shared.
    ChannelIdChanged {
        /// The workspace the app is installed in.
        team: TeamId,
        /// The id until now.
        old: ChannelId,
        /// The id from now on.
        new: ChannelId,
    },
    /// The app is gone from the workspace.
    AppUninstalled {
        /// The workspace.
        team: TeamId,
        /// The organisation, if it was the whole organisation's installation.
        org: Option<String>,
        /// When that was, where Slack said it.
        at: Option<Timestamp>,
    },
    /// The bot's token of the workspace no longer works.
    TokensRevoked {
        /// The workspace.
        team: TeamId,
        /// The organisation, if it was the whole organisation's token.
        org: Option<String>,
        /// When that was, where Slack said it.
        at: Option<Timestamp>,
    },
    /// Slack asks whether the address is ours: to be answered with the challenge.
    UrlVerification {
        /// What to answer.
        challenge: String,
    },
    /// Slack checks our certificate: to be answered with 200 and nothing.
    SslCheck,
    /// Slack drops events of a workspace since there are too many.
    RateLimited {
        /// The workspace.
        team: TeamId,
        /// The minute in which events were dropped, where Slack said it.
        minute: Option<Timestamp>,
    },
    /// Something we have no use for.
    Ignored {
        /// Which kind of thing, short enough for a counter's label.
        what: Cow<'static, str>,
    },
    /// Something nobody could read.
    Malformed {
        /// What is wrong with it; never the text itself.
        why: String,
    },
}

impl Inbound {
    pub(crate) fn ignored(what: &'static str) -> Self {
        Self::Ignored { what: Cow::Borrowed(what) }
    }

    /// `prefix` and a name that came from outside, cut to what a label can bear.
    pub(crate) fn ignored_kind(prefix: &str, kind: &str) -> Self {
        let kind = kind.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
        Self::Ignored { what: Cow::Owned(prefix.chars().chain(kind.take(40)).collect()) }
    }

    pub(crate) fn malformed(why: impl Into<String>) -> Self {
        Self::Malformed { why: why.into() }
    }
}

/// A slash command as typed.
#[derive(Clone, PartialEq, Eq)]
pub struct SlashCommand {
    /// The workspace it was typed in.
    pub team: TeamId,
    /// The workspace's name in addresses: `acme` of `acme.slack.com`; "" where Slack did not say it.
    pub team_domain: String,
    /// The Enterprise Grid organisation, if any.
    pub enterprise: Option<String>,
    /// Where it was typed.
    pub channel: ChannelId,
    /// The channel's name; `directmessage` or `privategroup` where Slack does not say it.
    pub channel_name: String,
    /// Who typed it.
    pub user: UserId,
    /// The command with its slash.
    pub command: String,
    /// What followed, still in Slack's markup: see [`crate::text`].
    pub text: String,
    /// Where an answer may be sent, five times within 30 minutes, membership or not.
    pub response_url: String,
    /// Unique to this request; opens a dialog within 3 seconds.
    pub trigger_id: String,
}

/// Somebody's reaction on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The workspace the app is installed in.
    pub team: TeamId,
    /// Who reacted.
    pub user: UserId,
    /// Its name without colons; a skin tone follows as `::skin-tone-2`.
    pub reaction: String,
    /// The message.
    pub message: MessageRef,
    /// Slack's id of the event, or "". Duplicates may carry different ones.
    pub event_id: String,
    /// When they did it, where Slack said it: the same for every duplicate, however late.
    pub at: Option<Timestamp>,
}

/// What a person wrote to the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectMessage {
    /// The workspace the app is installed in.
    pub team: TeamId,
    /// The conversation.
    pub channel: ChannelId,
    /// Who wrote.
    pub user: UserId,
    /// What, in Slack's markup: see [`crate::text`].
    pub text: String,
    /// The message's `ts`.
    pub ts: MessageTs,
    /// Slack's id of the event, or "".
    pub event_id: String,
}

/// A press of a button, or a choice.
#[derive(Clone, PartialEq, Eq)]
pub struct Click {
    /// The workspace.
    pub team: TeamId,
    /// The Enterprise Grid organisation, if any.
    pub enterprise: Option<String>,
    /// Where; `None` in the app's home.
    pub channel: Option<ChannelId>,
    /// On which message, if on one.
    pub message_ts: Option<MessageTs>,
    /// The thread that the message is in, if it is in one.
    pub thread_ts: Option<MessageTs>,
    /// Who.
    pub user: UserId,
    /// Which button: as we named it.
    pub action_id: String,
    /// The button's value, or what was chosen; "" when there is none.
    pub value: String,
    /// When they pressed it, where Slack said it: the same however often it comes.
    pub at: Option<Timestamp>,
    /// Where an answer may be sent; "" in the app's home.
    pub response_url: String,
    /// Unique to this click; opens a dialog within 3 seconds.
    pub trigger_id: String,
}

/// A dialog that was filled in.
#[derive(Clone, PartialEq, Eq)]
pub struct Submission {
    /// The workspace.
    pub team: TeamId,
    /// The Enterprise Grid organisation, if any.
    pub enterprise: Option<String>,
    /// Who.
    pub user: UserId,
    /// Which dialog: as we named it.
    pub callback_id: String,
    /// Slack's id of this dialog, the same however often it is sent.
    pub view_id: String,
    /// What was filled in, by the name that we gave the block. What was left empty is not there.
    pub values: BTreeMap<String, String>,
    /// Where the chosen conversation may be answered; "" where none was chosen for that.
    pub response_url: String,
}

/// Without the address of the answer, as for [`SlashCommand`], and without what people wrote.
impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { team, enterprise, user, callback_id, view_id, values: _, response_url: _ } = self;
        f.debug_struct("Submission")
            .field("team", team)
            .field("enterprise", enterprise)
            .field("user", user)
            .field("callback_id", callback_id)
            .field("view_id", view_id)
            .finish_non_exhaustive()
    }
}

/// Without the address of the answer, at which everybody may write who knows it (P8).
impl fmt::Debug for SlashCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { team, team_domain, enterprise, channel, channel_name, user, command, text, .. } = self;
        f.debug_struct("SlashCommand")
            .field("team", team)
            .field("team_domain", team_domain)
            .field("enterprise", enterprise)
            .field("channel", channel)
            .field("channel_name", channel_name)
            .field("user", user)
            .field("command", command)
            .field("text", text)
            .finish_non_exhaustive()
    }
}

/// Without the address of the answer, as for [`SlashCommand`].
impl fmt::Debug for Click {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { team, enterprise, channel, message_ts, thread_ts, user, action_id, value, at, .. } = self;
        f.debug_struct("Click")
            .field("team", team)
            .field("enterprise", enterprise)
            .field("channel", channel)
            .field("message_ts", message_ts)
            .field("thread_ts", thread_ts)
            .field("user", user)
            .field("action_id", action_id)
            .field("value", value)
            .field("at", at)
            .finish_non_exhaustive()
    }
}

/// Reads the body of a verified HTTP request.
///
/// Slack posts events as JSON, commands and interactions as forms. Where `content_type` says neither, the
/// body's first character decides. It is not signed as the body is, so it makes no form of JSON: what somebody wrote
/// in there would be read as fields.
pub fn parse(content_type: &str, body: &[u8]) -> Inbound {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let braced = body.trim_ascii_start().first() == Some(&b'{');
    let json = if essence.eq_ignore_ascii_case("application/json") {
        true
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        false
    } else {
        braced
    };
    match (json, braced) {
        (true, _) => event::parse(body),
        (false, true) => Inbound::malformed("the form is JSON"),
        (false, false) => parse_form(body),
    }
}

/// Reads the payload of a Socket Mode envelope of type `kind`.
pub fn parse_envelope(kind: &str, payload: &RawValue) -> Inbound {
    let payload = payload.get().as_bytes();
    match kind {
        "events_api" => event::parse(payload),
        "slash_commands" => command::parse_json(payload),
        "interactive" => click::parse(payload),
        other => Inbound::ignored_kind("envelope:", other),
    }
}

fn parse_form(body: &[u8]) -> Inbound {
    let mut fields = command::Fields::default();
    let mut payload = None;
    for (name, value) in url::form_urlencoded::parse(body) {
        match name.as_ref() {
            "payload" => payload = Some(value),
            "ssl_check" if value == "1" => return Inbound::SslCheck,
            name => fields.set(name, value),
        }
    }
    match payload {
        Some(payload) => click::parse(payload.as_bytes()),
        None => fields.into_command(),
    }
}

/// `1360782804.083113`: seconds since the epoch, with a fraction that is a moment here and no message's name.
fn instant(ts: &str) -> Option<Timestamp> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    Timestamp::new(seconds.parse().ok()?, digits.parse::<i32>().ok()?.checked_mul(1_000)?).ok()
}

/// Says which JSON was unreadable and where, but not what it was.
fn unreadable(what: &str, error: &serde_json::Error) -> Inbound {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "is cut short",
        serde_json::error::Category::Data => "has another shape than Slack's",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "is not JSON",
    };
    Inbound::malformed(format!("the {what} {kind} (line {}, column {})", error.line(), error.column()))
}
