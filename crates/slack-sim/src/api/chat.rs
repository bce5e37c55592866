//! `chat.*`: posting, changing, and the rules that messages must keep.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Args, Refusal, Reply};
use crate::blocks;
use crate::json::Detail;
use crate::model::{Channel, ChannelKind, Ephemeral};
use crate::world::{Draft, World};

/// Longer text becomes several messages ([`World::set_split_beyond`]); chat.update refuses it.
pub(crate) const LONGEST_TEXT: usize = 4000;
/// Slack cuts off what is beyond.
const TRUNCATED_AT: usize = 40_000;

/// The parts of a message that the caller gives.
struct Content {
    text: String,
    blocks: Option<Vec<Value>>,
    metadata: Option<Value>,
}

impl Content {
    fn read(args: &Args) -> Result<Self, Refusal> {
        let blocks = match args.json("blocks") {
            None => None,
            Some(Ok(Value::Array(blocks))) => {
                blocks::check_message(&blocks).map_err(|reason| {
                    Refusal::new("invalid_blocks")
                        .with("errors", json!([reason]))
                        .with("response_metadata", json!({"messages": [format!("[ERROR] {reason}")]}))
                })?;
                Some(blocks)
            }
            Some(_) => return Err("invalid_blocks_format".into()),
        };
        let metadata = match args.json("metadata") {
            None => None,
            Some(Ok(metadata @ Value::Object(_))) => Some(metadata),
            Some(_) => return Err("invalid_metadata_format".into()),
        };
        let filled = metadata.as_ref().filter(|it| it.as_object().is_some_and(|it| !it.is_empty()));
        if filled.is_some_and(|it| !it["event_type"].is_string() || !it["event_payload"].is_object()) {
            return Err("invalid_metadata_schema".into());
        }
        let text: String = args.text("text").chars().take(TRUNCATED_AT).collect();
        Ok(Self { text, blocks, metadata })
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.blocks.as_ref().is_none_or(Vec::is_empty)
    }
}

impl World {
    /// The conversation an argument names, as far as the bot can see it.
    pub(crate) fn visible_channel(&self, id: &str) -> Result<&Channel, Refusal> {
        let by_name =
            || self.channels.values().find(|it| !it.name.is_empty() && it.name == id.trim_start_matches('#'));
        let found = self.channels.get(id).or_else(by_name).ok_or("channel_not_found")?;
        let hidden = found.kind != ChannelKind::Public && !self.bot_is_member(&found.id);
        if hidden { Err("channel_not_found".into()) } else { Ok(found) }
    }

    /// The same, for methods that need the bot to be a member.
    pub(crate) fn joined_channel(&self, id: &str) -> Result<&Channel, Refusal> {
        let found = self.visible_channel(id)?;
        if self.bot_is_member(&found.id) { Ok(found) } else { Err("not_in_channel".into()) }
    }

    pub(super) fn post_message(&mut self, now: Timestamp, args: &Args) -> Reply {
        let wanted = args.text("channel");
        let target = if self.users.contains_key(&wanted) { self.open_dm(now, &wanted) } else { wanted };
        let channel = self.visible_channel(&target)?;
        let public = channel.kind == ChannelKind::Public && self.app.scopes.contains("chat:write.public");
        let (id, archived) = (channel.id.clone(), channel.archived);
        if !self.bot_is_member(&id) && !public {
            return Err("not_in_channel".into());
        }
        if archived {
            return Err("is_archived".into());
        }
        let content = Content::read(args)?;
        if content.is_empty() {
            return Err("no_text".into());
        }
        let thread_ts = args.some("thread_ts");
        if let Some(root) = &thread_ts {
            // Slack does not document what an unknown parent gives; of its errors this is the one that fits.
            let parent =
                self.message(&id, root).filter(|parent| !parent.deleted && parent.thread_ts.is_none());
            parent.ok_or("cannot_reply_to_message")?;
        }
        self.limits.admit_post(now, &id).map_err(Refusal::rate_limited)?;
        let mut pieces = split(&content.text, self.split_beyond).into_iter();
        let first = Draft {
            author: self.bot_author(),
            text: pieces.next().unwrap_or_default(),
            blocks: content.blocks.unwrap_or_default(),
            metadata: content.metadata.filter(|it| it.as_object().is_some_and(|it| !it.is_empty())),
            broadcast: thread_ts.is_some() && args.flag("reply_broadcast"),
            thread_ts: thread_ts.clone(),
        };
        let ts = self.add_message(now, &id, first);
        for text in pieces {
            let draft =
                Draft { author: self.bot_author(), text, thread_ts: thread_ts.clone(), ..Draft::default() };
            self.add_message(now, &id, draft);
        }
        let message = self.message(&id, &ts).map(|it| self.message_json(&id, it, Detail::FULL));
        Ok(json!({"channel": id, "ts": ts, "message": message}))
    }

    pub(super) fn update_message(&mut self, now: Timestamp, args: &Args) -> Reply {
        let channel = self.visible_channel(&args.text("channel"))?;
        let (id, archived) = (channel.id.clone(), channel.archived);
        let ts = args.text("ts");
        let message = self.message(&id, &ts).filter(|it| !it.deleted).ok_or("message_not_found")?;
        if message.author.bot_id.as_ref() != Some(&self.app.bot_id) {
            return Err("cant_update_message".into());
        }
        if archived {
            return Err("is_inactive".into());
        }
        let content = Content::read(args)?;
        if content.text.is_empty() && content.blocks.is_none() && content.metadata.is_none() {
            return Err("no_text".into());
        }
        if content.text.chars().count() > LONGEST_TEXT {
            return Err("msg_too_long".into());
        }
        let text = if args.has("text") { content.text } else { message.text.clone() };
        self.edit_message(now, &id, &ts, text.clone(), content.blocks, content.metadata);
        let message = self.message(&id, &ts).map(|it| self.message_json(&id, it, Detail::FULL));
        Ok(json!({"channel": id, "ts": ts, "text": text, "message": message}))
    }

    /// Changes a message; `None` keeps blocks and metadata, an empty one removes them.
    pub(crate) fn edit_message(
        &mut self,
        now: Timestamp,
        channel: &str,
        ts: &str,
        text: String,
        blocks: Option<Vec<Value>>,
        metadata: Option<Value>,
    ) {
        let before = self.message(channel, ts).map(|it| self.message_json(channel, it, Detail::FULL));
        let edited = self.event_ts(now);
        let Some(message) = self.message_mut(channel, ts) else {
            return;
        };
        message.text = text;
        if let Some(mut blocks) = blocks {
            blocks::complete(&mut blocks, ts);
            message.blocks = blocks;
        }
        if let Some(metadata) = metadata {
            message.metadata = Some(metadata).filter(|it| it.as_object().is_some_and(|it| !it.is_empty()));
        }
        message.edited = Some(edited);
        message.mentions = crate::mrkdwn::mentions(&message.text, &message.blocks);
        let after = self.message(channel, ts).map(|it| self.message_json(channel, it, Detail::FULL));
        self.announce_change(now, channel, "message_changed", before.into(), after.into());
    }

    /// Removes a message; it stays for inspection.
    pub(crate) fn remove_message(&mut self, now: Timestamp, channel: &str, ts: &str) {
        let before = self.message(channel, ts).map(|it| self.message_json(channel, it, Detail::FULL));
        if let Some(message) = self.message_mut(channel, ts) {
            message.deleted = true;
            self.announce_change(now, channel, "message_deleted", before.into(), Value::Null);
        }
    }

    pub(super) fn post_ephemeral(&mut self, now: Timestamp, args: &Args) -> Reply {
        let channel = self.joined_channel(&args.text("channel"))?;
        let (id, archived) = (channel.id.clone(), channel.archived);
        let user = args.text("user");
        if archived {
            return Err("is_archived".into());
        }
        if !self.is_member(&id, &user) {
            return Err("user_not_in_channel".into());
        }
        let content = Content::read(args)?;
        if content.is_empty() {
            return Err("no_text".into());
        }
        if content.text.chars().count() > LONGEST_TEXT {
            return Err("msg_too_long".into());
        }
        let mut parts = content.blocks.unwrap_or_default();
        let seed = self.next_number();
        blocks::complete(&mut parts, &format!("e{seed}"));
        let ephemeral = Ephemeral {
            ts: String::new(),
            channel: id,
            user,
            thread_ts: args.some("thread_ts"),
            text: content.text,
            blocks: parts,
            at: now,
            from_slack: false,
            shown: true,
            number: 0,
        };
        Ok(json!({"message_ts": self.add_ephemeral(now, ephemeral)}))
    }

    pub(super) fn permalink(&self, args: &Args) -> Reply {
        let channel = self.visible_channel(&args.text("channel"))?;
        let ts = args.text("message_ts");
        self.message(&channel.id, &ts).filter(|it| !it.deleted).ok_or("message_not_found")?;
        Ok(json!({"channel": channel.id, "permalink": self.permalink_of(&channel.id, &ts)}))
    }

    pub(crate) fn permalink_of(&self, channel: &str, ts: &str) -> String {
        let mut link =
            format!("https://{}.slack.com/archives/{channel}/p{}", self.team.domain, ts.replace('.', ""));
        if let Some(root) = self.message(channel, ts).and_then(|it| it.thread_ts.as_ref()) {
            link.push_str(&format!("?thread_ts={root}&cid={channel}"));
        }
        link
    }
}

/// Pieces of at most 4,000 characters, cut at a line or a word where there is one.
fn split(text: &str, longest: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((limit, _)) = rest.char_indices().nth(longest) {
        let head = &rest[..limit];
        let cut = head.rfind('\n').or_else(|| head.rfind(' ')).filter(|cut| *cut > 0).unwrap_or(limit);
        pieces.push(rest[..cut].to_owned());
        rest = rest[cut..].trim_start_matches(['\n', ' ']);
    }
    pieces.push(rest.to_owned());
    pieces
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_TEXT, split};

    #[test]
    fn text_is_split_beyond_4000_characters() {
        assert_eq!(split(&"é".repeat(4000), LONGEST_TEXT).len(), 1);
        let pieces: Vec<usize> =
            split(&"é".repeat(8001), LONGEST_TEXT).iter().map(|it| it.chars().count()).collect();
        assert_eq!(pieces, [4000, 4000, 1]);
        assert_eq!(
            split(&format!("{} tail", "x".repeat(3999)), LONGEST_TEXT),
            ["x".repeat(3999), "tail".to_owned()]
        );
    }
}
