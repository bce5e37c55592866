//! Messages: posting, changing, finding again, and who reacted with 👀.
//!
//! Slack knows no idempotency key, so every post of ours may carry a key in its metadata, by which
//! [`Client::find_message`] recognises it later (P2). Metadata can be read by any member: no secrets in it.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use pagerslack_core::ids::{ChannelId, MessageRef, MessageTs, UserId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::answer::Next;
use super::error::{CallError, Cause, Refusal, not_done, not_sent_or_doubtful};
use super::{Arguments, Caller, Client, Pages, read};
use crate::lenient::{Word, or_default};
use crate::method::{Effect, Method};
use crate::transport::{Body, Permit, Request};

/// The `event_type` of our metadata.
const METADATA_TYPE: &str = "pagerslack";
/// Messages a page when looking for one: Slack's advice is 100 to 200, its limit 999.
const SEARCH_PAGE: usize = 200;
const RESPOND_TIMEOUT: Duration = Duration::from_secs(8);

/// A message to post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Where to. A person's id opens the conversation with them.
    pub channel: ChannelId,
    /// The parent, for a post in a thread.
    pub thread_ts: Option<MessageTs>,
    /// The whole message in words: notifications and screen readers have nothing else.
    pub text: String,
    /// The blocks, or null.
    pub blocks: Value,
    /// What [`Client::find_message`] will know it by.
    pub key: Option<String>,
}

/// Where to look for a message of ours.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// The channel.
    pub channel: &'a ChannelId,
    /// The thread's parent, where the message would be in a thread.
    pub thread: Option<&'a MessageTs>,
    /// A moment before it was posted: beyond the newest page a channel is read no further back than this. A minute of
    /// margin is wise: clocks differ. A thread is read whole.
    pub oldest: Timestamp,
    /// Its key.
    pub key: &'a str,
    /// Our `bot_id`, to see through another app that copies our metadata.
    pub bot_id: Option<&'a str>,
}

impl Client {
    /// Posts a message (chat.postMessage). Links in it are not unfurled.
    ///
    /// # Errors
    ///
    /// On [`CallError::Unknown`], ask [`Client::find_message`] before posting again.
    pub async fn post_message(&self, caller: Caller<'_>, post: &Post) -> Result<MessageTs, CallError> {
        let mut arguments = message(&post.channel, &post.text, &post.blocks);
        arguments.insert("unfurl_links".into(), false.into());
        arguments.insert("unfurl_media".into(), false.into());
        if let Some(thread) = &post.thread_ts {
            arguments.insert("thread_ts".into(), thread.as_str().into());
        }
        if let Some(key) = &post.key {
            let metadata = json!({ "event_type": METADATA_TYPE, "event_payload": { "key": key } });
            arguments.insert("metadata".into(), metadata);
        }
        let method = Method::ChatPostMessage;
        let arguments = Arguments::Json(Value::Object(arguments));
        let response = self.call(caller, method, Some(&post.channel), arguments).await?;
        let posted: Posted = read(method, caller.now, &response)?;
        Ok(MessageTs::new(posted.ts))
    }

    /// Replaces a message's text and blocks (chat.update); its metadata stay. Null blocks are left out.
    ///
    /// # Errors
    ///
    /// After [`CallError::Unknown`] the same update may be sent again: it says the same.
    pub async fn update_message(
        &self,
        caller: Caller<'_>,
        of: &MessageRef,
        text: &str,
        blocks: &Value,
    ) -> Result<(), CallError> {
        let mut arguments = message(&of.channel, text, blocks);
        arguments.insert("ts".into(), of.ts.as_str().into());
        self.call(caller, Method::ChatUpdate, None, Arguments::Json(Value::Object(arguments))).await.map(drop)
    }

    /// Shows a message to one member of a channel only (chat.postEphemeral). It does not last.
    ///
    /// # Errors
    ///
    /// `user_not_in_channel` when they are not a member.
    pub async fn post_ephemeral(
        &self,
        caller: Caller<'_>,
        channel: &ChannelId,
        user: &UserId,
        thread_ts: Option<&MessageTs>,
        text: &str,
        blocks: &Value,
    ) -> Result<(), CallError> {
        let mut arguments = message(channel, text, blocks);
        arguments.insert("user".into(), user.as_str().into());
        if let Some(thread) = thread_ts {
            arguments.insert("thread_ts".into(), thread.as_str().into());
        }
        let arguments = Arguments::Json(Value::Object(arguments));
        self.call(caller, Method::ChatPostEphemeral, None, arguments).await.map(drop)
    }

    /// Answers a command or a click at its `response_url`, which works even where the bot is no member.
    ///
    /// The URL came in a verified request, and still only HTTPS, this machine, or the Slack we talk to is
    /// written to. The message replaces nothing.
    ///
    /// # Errors
    ///
    /// Slack takes five answers within 30 minutes, then refuses.
    pub async fn respond(
        &self,
        now: Timestamp,
        permit: Option<&Permit>,
        response_url: &str,
        text: &str,
        blocks: &Value,
        ephemeral: bool,
    ) -> Result<(), CallError> {
        const METHOD: &str = "response_url";
        if !self.may_respond_to(response_url) {
            return Err(CallError::Refused(Refusal::new(METHOD, "not_a_response_url")));
        }
        let response_type = if ephemeral { "ephemeral" } else { "in_channel" };
        let mut message = json!({ "text": text, "response_type": response_type, "replace_original": false });
        if !blocks.is_null() {
            message["blocks"] = blocks.clone();
        }
        let body = Body::Json(Bytes::from(message.to_string()));
        let url = response_url.to_owned();
        let (headers, permit) = (Vec::new(), permit.cloned());
        let request = Request { url, token: None, body, timeout: RESPOND_TIMEOUT, headers, permit };
        let sent = self.transport.send(request).await;
        let response = sent.map_err(|error| not_sent_or_doubtful(Effect::Once, now, error))?;
        match response.status {
            200..=299 => Ok(()),
            429 => {
                let wait =
                    jiff::SignedDuration::from_secs(i64::from(response.retry_after.unwrap_or(1).max(1)));
                Err(not_done(now, wait, Cause::RateLimited(METHOD.to_owned())))
            }
            status @ 300..=499 => Err(CallError::Refused(Refusal::new(METHOD, &format!("http_{status}")))),
            status => Err(CallError::Unknown { why: Cause::Status { method: METHOD.to_owned(), status } }),
        }
    }

    fn may_respond_to(&self, response_url: &str) -> bool {
        let Ok(url) = Url::parse(response_url) else { return false };
        let ours = Url::parse(&self.base).is_ok_and(|base| base.origin() == url.origin());
        let loopback = match url.host() {
            Some(Host::Domain(domain)) => domain == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        url.scheme() == "https" || (url.scheme() == "http" && (loopback || ours))
    }

    /// Looks for a message of ours by its key: in the thread (conversations.replies), or in the channel
    /// (conversations.history).
    ///
    /// `None` means that it was not there when Slack looked; a post of a moment ago may still turn up. The newest
    /// messages are looked through whenever they were posted, for our clock may be wrong by hours.
    ///
    /// # Errors
    ///
    /// The bot must be a member, else Slack refuses.
    pub async fn find_message(
        &self,
        caller: Caller<'_>,
        search: &Search<'_>,
    ) -> Result<Option<MessageTs>, CallError> {
        let mut common = vec![
            ("channel", search.channel.to_string()),
            ("include_all_metadata", "true".to_owned()),
            ("limit", SEARCH_PAGE.to_string()),
        ];
        let method = match search.thread {
            Some(thread) => {
                common.push(("ts", thread.to_string()));
                Method::ConversationsReplies
            }
            None => Method::ConversationsHistory,
        };
        let mut pages = Pages::new(method, caller.now);
        loop {
            let query = Arguments::Form(pages.query(&common));
            let response =
                self.call(caller, method, None, query).await.map_err(|error| pages.again(error))?;
            let page: Messages<'_> = read(method, caller.now, &response)?;
            if let Some(message) = page.messages.iter().find(|message| message.is_ours(search)) {
                return Ok(message.ts.get().map(MessageTs::new));
            }
            // A channel's history comes newest first.
            let far_back = search.thread.is_none() && page.goes_back_beyond(search.oldest);
            if far_back || !pages.more(page.response_metadata)? {
                return Ok(None);
            }
        }
    }

    /// Who has reacted to a message with 👀 (reactions.get). Slack does not say when they did.
    ///
    /// # Errors
    ///
    /// A message that is gone is refused with `message_not_found`.
    pub async fn eyes(&self, caller: Caller<'_>, of: &MessageRef) -> Result<Vec<UserId>, CallError> {
        let method = Method::ReactionsGet;
        let query = vec![
            ("channel", of.channel.to_string()),
            ("timestamp", of.ts.to_string()),
            ("full", "true".to_owned()),
        ];
        let response = self.call(caller, method, None, Arguments::Form(query)).await?;
        let item: Reacted = read(method, caller.now, &response)?;
        let eyes = item.message.reactions.into_iter().flatten().filter(|reaction| reaction.name == "eyes");
        Ok(eyes.flat_map(|reaction| reaction.users).map(UserId::new).collect())
    }

    /// The address of a message in the browser (chat.getPermalink).
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn permalink(&self, caller: Caller<'_>, of: &MessageRef) -> Result<String, CallError> {
        let method = Method::ChatGetPermalink;
        let query = vec![("channel", of.channel.to_string()), ("message_ts", of.ts.to_string())];
        let response = self.call(caller, method, None, Arguments::Form(query)).await?;
        read::<Permalink>(method, caller.now, &response).map(|answer| answer.permalink)
    }
}

fn message(channel: &ChannelId, text: &str, blocks: &Value) -> Map<String, Value> {
    let mut arguments = Map::new();
    arguments.insert("channel".into(), channel.as_str().into());
    arguments.insert("text".into(), text.into());
    if !blocks.is_null() {
        arguments.insert("blocks".into(), blocks.clone());
    }
    arguments
}

#[derive(Deserialize)]
struct Posted {
    ts: String,
}

#[derive(Deserialize)]
struct Permalink {
    permalink: String,
}

#[derive(Deserialize)]
struct Messages<'a> {
    #[serde(borrow)]
    messages: Vec<Found<'a>>,
    #[serde(borrow, default)]
    response_metadata: Option<Next<'a>>,
}

impl Messages<'_> {
    /// Whether the last message of a page is older than a moment. A `ts` is seconds since the epoch, to which Slack
    /// adds what makes it unique (docs.slack.dev/messaging/retrieving-messages).
    fn goes_back_beyond(&self, moment: Timestamp) -> bool {
        let last = self.messages.last().and_then(|message| message.ts.get());
        let seconds = last.and_then(|ts| ts.split('.').next()?.parse::<i64>().ok());
        seconds.is_some_and(|seconds| seconds < moment.as_second())
    }
}

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow, default)]
    ts: Word<'a>,
    #[serde(borrow, default)]
    bot_id: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    metadata: Metadata,
}

/// Only the two fields of ours: another app's metadata may hold anything.
#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    event_payload: Map<String, Value>,
}

impl Found<'_> {
    fn is_ours(&self, search: &Search<'_>) -> bool {
        let another_bot =
            matches!((search.bot_id, self.bot_id.get()), (Some(ours), Some(theirs)) if ours != theirs);
        !another_bot
            && self.metadata.event_type == METADATA_TYPE
            && self.metadata.event_payload.get("key").and_then(Value::as_str) == Some(search.key)
    }
}

#[derive(Deserialize)]
struct Reacted {
    message: ReactedMessage,
}

#[derive(Deserialize)]
struct ReactedMessage {
    #[serde(default)]
    reactions: Option<Vec<Reactions>>,
}

#[derive(Deserialize)]
struct Reactions {
    name: String,
    #[serde(default)]
    users: Vec<String>,
}
