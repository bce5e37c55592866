//! The workspace and the app's place in it: who we are, what a channel is, where the WebSocket is.

use jiff::Timestamp;
use pagerslack_core::ids::{ChannelId, TeamId, UserId};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::error::{CallError, Cause, Judgement, doubtful, not_done};
use super::{Arguments, Caller, Client, read};
use crate::lenient::{Word, or_default};
use crate::method::Method;
use crate::transport::Token;

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The workspace.
    pub team: TeamId,
    /// The workspace's name, or "".
    pub team_name: String,
    /// The bot's own user id: its own reactions are no acknowledgements.
    pub user: UserId,
    /// The bot's id as it stands on its messages.
    pub bot_id: Option<String>,
    /// The Enterprise Grid organisation, if any.
    pub enterprise: Option<String>,
    /// What the token may do, from `X-OAuth-Scopes`. Empty when Slack did not say.
    pub scopes: Vec<String>,
    /// What time it was at Slack, in whole seconds, where it said so.
    pub date: Option<Timestamp>,
}

/// What a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Its id.
    pub id: ChannelId,
    /// Its name without `#`, or "" for a direct conversation.
    pub name: String,
    /// Private: the bot sees it only as a member.
    pub is_private: bool,
    /// Archived: nothing can be posted.
    pub is_archived: bool,
    /// The bot is a member.
    pub is_member: bool,
    /// A conversation of two.
    pub is_direct: bool,
    /// Shared with another organisation.
    pub is_shared: bool,
}

impl Client {
    /// Whose token we have, and what it may do (auth.test).
    ///
    /// # Errors
    ///
    /// A wrong token is refused.
    pub async fn auth_test(&self, caller: Caller<'_>) -> Result<Identity, CallError> {
        let method = Method::AuthTest;
        let response = self.call(caller, method, None, Arguments::Json(json!({}))).await?;
        let answer: WireIdentity<'_> = read(method, caller.now, &response)?;
        let (Some(team), Some(user)) = (answer.team_id.get(), answer.user_id.get()) else {
            let why = Cause::Unreadable { method, what: "no team_id or no user_id".to_owned() };
            return Err(doubtful(method.effect(), caller.now, why));
        };
        let scopes = response.scopes.as_deref().unwrap_or_default().split(',').map(str::trim);
        Ok(Identity {
            team: TeamId::new(team),
            team_name: answer.team.or_empty(),
            user: UserId::new(user),
            bot_id: answer.bot_id.owned(),
            enterprise: answer.enterprise_id.owned(),
            scopes: scopes.filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            date: response.date.as_deref().and_then(http_date),
        })
    }

    /// What a channel is (conversations.info).
    ///
    /// # Errors
    ///
    /// `channel_not_found`, also for a private channel that the bot is not in.
    pub async fn channel_info(
        &self,
        caller: Caller<'_>,
        channel: &ChannelId,
    ) -> Result<ChannelInfo, CallError> {
        let method = Method::ConversationsInfo;
        let query = vec![("channel", channel.to_string())];
        let response = self.call(caller, method, None, Arguments::Form(query)).await?;
        let WireChannelAnswer { channel: wire } = read(method, caller.now, &response)?;
        Ok(wire.info(wire.id.get().unwrap_or(channel.as_str())))
    }

    /// The channels that the bot is in (users.conversations), the first 999: Slack refuses to give more at once.
    ///
    /// # Errors
    ///
    /// A missing scope is refused.
    pub async fn own_channels(&self, caller: Caller<'_>) -> Result<Vec<ChannelInfo>, CallError> {
        let method = Method::UsersConversations;
        let query =
            [("types", "public_channel,private_channel"), ("exclude_archived", "true"), ("limit", "999")];
        // Of an organisation's token Slack asks which workspace is meant.
        let team = ("team_id", caller.team.to_string());
        let query = query.iter().map(|(name, value)| (*name, (*value).to_owned())).chain([team]);
        let query = query.filter(|(_, value)| !value.is_empty()).collect();
        let response = self.call(caller, method, None, Arguments::Form(query)).await?;
        let answer: WireChannels<'_> = read(method, caller.now, &response)?;
        // Slack leaves `is_member` out here: it is what was asked for.
        Ok(answer
            .channels
            .iter()
            .filter_map(|wire| Some(ChannelInfo { is_member: true, ..wire.info(wire.id.get()?) }))
            .collect())
    }

    /// Asks for the address of a WebSocket (apps.connections.open), with the app's own token.
    ///
    /// It belongs to no workspace, hence to no budget of ours: Socket Mode backs off by itself.
    ///
    /// # Errors
    ///
    /// A wrong app token is refused.
    pub async fn connections_open(&self, now: Timestamp, app_token: &Token) -> Result<Url, CallError> {
        let method = Method::AppsConnectionsOpen;
        let token = Some(app_token.clone());
        let (response, judgement) = self.send(now, method, token, Arguments::Json(json!({})), None).await?;
        match judgement {
            Judgement::Failed(error) => Err(error),
            Judgement::RateLimited => {
                let wait =
                    jiff::SignedDuration::from_secs(i64::from(response.retry_after.unwrap_or(30).max(1)));
                Err(not_done(now, wait, Cause::RateLimited(method.to_string())))
            }
            Judgement::Done => {
                let answer: Connection = read(method, now, &response)?;
                Url::parse(&answer.url).map_err(|error| {
                    let what = format!("an address that is none: {error}");
                    doubtful(method.effect(), now, Cause::Unreadable { method, what })
                })
            }
        }
    }
}

/// `Sun, 22 Nov 2026 16:00:00 GMT`, as HTTP dates are written.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[derive(Deserialize)]
struct WireIdentity<'a> {
    #[serde(borrow, default)]
    team: Word<'a>,
    #[serde(borrow, default)]
    team_id: Word<'a>,
    #[serde(borrow, default)]
    user_id: Word<'a>,
    #[serde(borrow, default)]
    bot_id: Word<'a>,
    #[serde(borrow, default)]
    enterprise_id: Word<'a>,
}

#[derive(Deserialize)]
struct WireChannelAnswer<'a> {
    #[serde(borrow)]
    channel: WireChannel<'a>,
}

#[derive(Deserialize)]
struct WireChannels<'a> {
    #[serde(borrow, default)]
    channels: Vec<WireChannel<'a>>,
}

#[derive(Deserialize)]
struct WireChannel<'a> {
    #[serde(borrow, default)]
    id: Word<'a>,
    #[serde(borrow, default)]
    name: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    is_private: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_archived: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_member: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_im: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_ext_shared: bool,
}

impl WireChannel<'_> {
    fn info(&self, id: &str) -> ChannelInfo {
        ChannelInfo {
            id: ChannelId::new(id),
            name: self.name.or_empty(),
            is_private: self.is_private,
            is_archived: self.is_archived,
            is_member: self.is_member,
            is_direct: self.is_im,
            is_shared: self.is_ext_shared,
        }
    }
}

#[derive(Deserialize)]
struct Connection {
    url: String,
}
