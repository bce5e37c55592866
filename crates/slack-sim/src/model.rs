//! What stands in a workspace: people, channels, messages, the installed app. Data without behaviour.
//!
//! Ids are plain strings here: tests write them by hand, and Slack's own are opaque.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Time;
use serde_json::Value;
use url::Url;

/// The one workspace of a world.
#[derive(Debug, Clone)]
pub struct Team {
    /// `T…`
    pub id: String,
    /// Display name.
    pub name: String,
    /// Subdomain, as in `https://{domain}.slack.com/`.
    pub domain: String,
}

/// An Enterprise Grid organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enterprise {
    /// `E…`
    pub id: String,
    /// Display name.
    pub name: String,
}

/// What a client of this person shows: `users.getPresence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// At least one client is connected and not away.
    Active,
    /// Everything else.
    Away,
}

impl Presence {
    /// The word Slack uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Away => "away",
        }
    }
}

/// Do-not-disturb: a one-off pause and, or, a window of every day in the person's own time zone.
#[derive(Debug, Clone, Default)]
pub struct Dnd {
    /// A pause from an instant until another.
    pub window: Option<(Timestamp, Timestamp)>,
    /// From a time of day until another; may wrap around midnight.
    pub daily: Option<(Time, Time)>,
    /// When notifications were last resumed by hand: the daily window that held then is over.
    pub resumed: Option<Timestamp>,
}

/// A profile status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// At most 100 characters.
    pub text: String,
    /// With colons, as in `:palm_tree:`.
    pub emoji: String,
    /// Unix seconds; 0 means never.
    pub expiration: i64,
}

/// A member of the workspace: a person, a guest or a bot.
#[derive(Debug, Clone)]
pub struct User {
    /// `U…`
    pub id: String,
    /// The handle, without `@`.
    pub name: String,
    /// Full name.
    pub real_name: String,
    /// Name shown in the client; may be empty.
    pub display_name: String,
    /// E-mail address.
    pub email: String,
    /// Job title.
    pub title: String,
    /// IANA time zone; Slack sends null for some people.
    pub tz: Option<String>,
    /// Deactivated.
    pub deleted: bool,
    /// A bot user.
    pub is_bot: bool,
    /// A guest.
    pub is_restricted: bool,
    /// A guest of a single channel.
    pub is_ultra_restricted: bool,
    /// From another workspace, through Slack Connect.
    pub is_stranger: bool,
    /// The workspace the person belongs to.
    pub team_id: String,
    /// Last change, Unix seconds.
    pub updated: i64,
    /// Status line of the profile.
    pub status: Status,
    /// Presence now.
    pub presence: Presence,
    /// Do-not-disturb.
    pub dnd: Dnd,
}

/// A user group, mentioned as `<!subteam^S…>`.
#[derive(Debug, Clone)]
pub struct UserGroup {
    /// `S…`
    pub id: String,
    /// Handle without `@`.
    pub handle: String,
    /// Full name.
    pub name: String,
    /// Members, in order.
    pub users: Vec<String>,
}

/// The kind of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// Open to every full member.
    Public,
    /// By invitation.
    Private,
    /// Direct messages between a person and the bot.
    Im,
}

/// A conversation with its messages.
#[derive(Debug, Clone)]
pub struct Channel {
    /// `C…` or `D…`
    pub id: String,
    /// Name without `#`; empty for direct messages.
    pub name: String,
    /// Public, private or direct.
    pub kind: ChannelKind,
    /// No more posts.
    pub archived: bool,
    /// When made, Unix seconds.
    pub created: i64,
    /// Members in order of joining, the bot among them when invited.
    pub members: Vec<String>,
    /// All messages by time, replies among them.
    pub messages: Vec<Message>,
    /// Microseconds of the last `ts` given out here.
    pub(crate) last_ts: i64,
}

/// Who wrote a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// User id; absent for messages through a `response_url`.
    pub user: Option<String>,
    /// `B…` for apps.
    pub bot_id: Option<String>,
    /// `A…` for apps.
    pub app_id: Option<String>,
}

/// Somebody called upon by a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mention {
    /// `<@U…>`
    User(String),
    /// `<!subteam^S…>`
    Group(String),
    /// `<!here>`
    Here,
    /// `<!channel>`
    Channel,
    /// `<!everyone>`
    Everyone,
}

/// One emoji under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Name without colons.
    pub name: String,
    /// Who, in order.
    pub users: Vec<String>,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Opaque, unique in its channel.
    pub ts: String,
    /// `ts` of the thread's root, for replies only.
    pub thread_ts: Option<String>,
    /// A reply that the channel shows too.
    pub broadcast: bool,
    /// Who wrote it.
    pub author: Author,
    /// mrkdwn.
    pub text: String,
    /// Block Kit blocks.
    pub blocks: Vec<Value>,
    /// Message metadata.
    pub metadata: Option<Value>,
    /// In order of first use.
    pub reactions: Vec<Reaction>,
    /// `ts` of the last edit.
    pub edited: Option<String>,
    /// Removed; kept for inspection.
    pub deleted: bool,
    /// Everybody mentioned by text or blocks.
    pub mentions: Vec<Mention>,
    /// When it was posted.
    pub at: Timestamp,
}

/// A message that only one person sees.
#[derive(Debug, Clone)]
pub struct Ephemeral {
    /// Opaque.
    pub ts: String,
    /// Where it shows.
    pub channel: String,
    /// Who sees it.
    pub user: String,
    /// In a thread, its root.
    pub thread_ts: Option<String>,
    /// mrkdwn.
    pub text: String,
    /// Block Kit blocks.
    pub blocks: Vec<Value>,
    /// When it appeared.
    pub at: Timestamp,
    /// From Slack itself, such as `operation_timeout`, and not from the app.
    pub from_slack: bool,
    /// False in a thread that nobody has answered yet: Slack shows ephemeral messages in threads "only if there is
    /// already an active thread" (docs.slack.dev/reference/methods/chat.postEphemeral).
    pub shown: bool,
    /// Rises with every ephemeral message of the world. A page that was opened later has not got it: Slack does not
    /// store them.
    pub number: u64,
}

/// Where Slack sends what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a world has one of these")]
pub enum DeliveryMode {
    /// Signed POSTs.
    Http {
        /// Events API request URL.
        events: Url,
        /// Slash commands.
        commands: Url,
        /// Buttons and modals.
        interactions: Url,
    },
    /// WebSockets opened by the app.
    SocketMode,
}

/// The app installed in the workspace.
#[derive(Debug, Clone)]
pub struct App {
    /// `A…`
    pub app_id: String,
    /// Display name.
    pub name: String,
    /// User id of the bot.
    pub bot_user: String,
    /// `B…`
    pub bot_id: String,
    /// `xoxb-…`
    pub bot_token: String,
    /// `xapp-…`
    pub app_token: String,
    /// Granted bot scopes.
    pub scopes: BTreeSet<String>,
    /// Signs deliveries.
    pub signing_secret: String,
    /// The deprecated `token` of payloads.
    pub verification_token: String,
    /// OAuth client id.
    pub client_id: String,
    /// OAuth client secret.
    pub client_secret: String,
    /// HTTP or Socket Mode.
    pub delivery: DeliveryMode,
    /// Subscribed bot events, such as `reaction_added`.
    pub events: BTreeSet<String>,
    /// Slash commands with their usage hints.
    pub commands: BTreeMap<String, String>,
    /// Commands get `@name`, `#name` and links as ids.
    pub should_escape: bool,
    /// With the handle beside the id, `<@U…|name>`, as captured commands have it; the documentation shows `<@U…>`
    /// alone, and an app must survive both.
    pub labels_mentions: bool,
    /// The Home tab is switched on.
    pub home_tab: bool,
    /// False after the tokens were revoked.
    pub tokens_valid: bool,
    /// Tokens end after twelve hours, and come with one that brings the next.
    pub token_rotation: bool,
    /// The whole organisation installs the app, rather than the workspace.
    pub org_install: bool,
}

/// What a Web API call or `response_url` post left behind, for tests to count.
#[derive(Debug, Clone)]
pub struct Call {
    /// When.
    pub at: Timestamp,
    /// Such as `chat.postMessage`, or `response_url`.
    pub method: String,
    /// Arguments without the token.
    pub args: BTreeMap<String, Value>,
    /// What was answered.
    pub outcome: Outcome,
}

/// How a Web API call ended for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// `ok: true`
    Answered,
    /// `ok: false` with this error.
    Refused(String),
    /// HTTP 429.
    RateLimited,
    /// Another HTTP status without a Slack body.
    Broken(u16),
    /// HTTP 200 with something that is not JSON.
    Garbled,
    /// Never answered.
    Hung,
    /// Connection closed without an answer.
    Closed,
}
