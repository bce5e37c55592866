//! `conversations.*`: members, history, threads, and pages of them.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Args, Refusal, Reply};
use crate::json::Detail;
use crate::model::{Channel, ChannelKind, Message};
use crate::world::World;

impl World {
    /// A visible channel, when the scope for its kind is granted.
    fn scoped(&self, id: &str, family: &str) -> Result<&Channel, Refusal> {
        let found = self.visible_channel(id)?;
        let kind = match found.kind {
            ChannelKind::Public => "channels",
            ChannelKind::Private => "groups",
            ChannelKind::Im => "im",
        };
        let needed = format!("{kind}:{family}");
        if self.app.scopes.contains(&needed) { Ok(found) } else { Err(self.missing_scope(&needed)) }
    }

    pub(super) fn channel_info(&self, args: &Args) -> Reply {
        let channel = self.scoped(&args.text("channel"), "read")?;
        let mut json = self.channel_json(channel);
        if args.flag("include_num_members") {
            json["num_members"] = channel.members.len().into();
        }
        Ok(json!({"channel": json}))
    }

    pub(super) fn channel_members(&self, args: &Args) -> Reply {
        let channel = self.scoped(&args.text("channel"), "read")?;
        let limit = args.limit(100, 1000).ok_or("invalid_limit")?;
        let (page, next) = self.page(&channel.members, args, "user", limit)?;
        Ok(json!({"members": page, "response_metadata": {"next_cursor": next}}))
    }

    /// Whether a message can be read back already: see [`World::set_read_delay`].
    fn is_readable(&self, now: Timestamp, message: &Message) -> bool {
        now.duration_since(message.at) >= self.read_delay
    }

    pub(super) fn history(&self, now: Timestamp, args: &Args) -> Reply {
        let channel = self.scoped(&args.text("channel"), "history")?;
        self.joined_channel(&channel.id)?;
        let range = Range::read(args)?;
        let limit = args.limit(100, 999).ok_or("invalid_arguments")?;
        let mut roots: Vec<&Message> = channel
            .messages
            .iter()
            .filter(|it| !it.deleted && (it.thread_ts.is_none() || it.broadcast) && range.holds(&it.ts))
            .filter(|it| self.is_readable(now, it))
            .collect();
        roots.sort_by_key(|it| Reverse(it.ts.clone()));
        let detail = Detail { metadata: args.flag("include_all_metadata"), reactions: false };
        let (page, next) = self.page(&roots, args, "next_ts", limit)?;
        let messages: Vec<Value> = page.iter().map(|it| self.message_json(&channel.id, it, detail)).collect();
        Ok(json!({
            "messages": messages, "has_more": !next.is_empty(), "pin_count": 0,
            "channel_actions_ts": null, "channel_actions_count": 0,
            "response_metadata": {"next_cursor": next},
        }))
    }

    pub(super) fn replies(&self, now: Timestamp, args: &Args) -> Reply {
        let channel = self.scoped(&args.text("channel"), "history")?;
        // Not among the documented errors, but what a bot outside the channel gets.
        self.joined_channel(&channel.id)?;
        let range = Range::read(args)?;
        let ts = args.text("ts");
        let asked = self.message(&channel.id, &ts).filter(|it| !it.deleted).ok_or("thread_not_found")?;
        let limit = args.limit(1000, 1000).ok_or("invalid_arguments")?;
        let mut thread = match &asked.thread_ts {
            // Asked by a reply's ts, Slack answers with this reply alone.
            Some(_) => vec![asked],
            None => self.thread(&channel.id, &ts),
        };
        thread.retain(|it| it.ts == ts || (range.holds(&it.ts) && self.is_readable(now, it)));
        let detail = Detail { metadata: args.flag("include_all_metadata"), reactions: false };
        let (page, next) = self.page(&thread, args, "next_ts", limit)?;
        let messages: Vec<Value> = page.iter().map(|it| self.message_json(&channel.id, it, detail)).collect();
        Ok(json!({
            "messages": messages, "has_more": !next.is_empty(),
            "response_metadata": {"next_cursor": next},
        }))
    }

    pub(super) fn open_conversation(&mut self, now: Timestamp, args: &Args) -> Reply {
        let users = args.list("users");
        let user = match (users.as_slice(), args.some("channel")) {
            ([user], _) => user.clone(),
            ([], Some(channel)) => {
                let channel = self.visible_channel(&channel)?;
                if channel.kind != ChannelKind::Im {
                    return Err("method_not_supported_for_channel_type".into());
                }
                channel.members.first().cloned().unwrap_or_default()
            }
            ([], None) => return Err("users_list_not_supplied".into()),
            // This world has no group conversations.
            _ => return Err("invalid_user_combination".into()),
        };
        match self.users.get(&user) {
            None => return Err("user_not_found".into()),
            Some(found) if found.deleted => return Err("user_disabled".into()),
            Some(found) if found.id == self.app.bot_user => return Err("invalid_user_combination".into()),
            Some(_) => {}
        }
        let known = self.dm_of(&user).is_some();
        let id = self.open_dm(now, &user);
        let full =
            args.flag("return_im").then(|| self.channels.get(&id).map(|it| self.channel_json(it))).flatten();
        let mut reply = json!({"channel": full.unwrap_or_else(|| json!({"id": id}))});
        if known {
            reply["no_op"] = true.into();
            reply["already_open"] = true.into();
        }
        Ok(reply)
    }

    pub(super) fn join_channel(&mut self, now: Timestamp, args: &Args) -> Reply {
        let channel = self.visible_channel(&args.text("channel"))?;
        if channel.kind != ChannelKind::Public {
            return Err("method_not_supported_for_channel_type".into());
        }
        if channel.archived {
            return Err("is_archived".into());
        }
        let id = channel.id.clone();
        let bot = self.app.bot_user.clone();
        let known = self.is_member(&id, &bot);
        self.add_member(now, &id, &bot, None);
        let json = self.channels.get(&id).map(|it| self.channel_json(it));
        let mut reply = json!({"channel": json});
        if known {
            reply["warning"] = "already_in_channel".into();
            reply["response_metadata"] = json!({"warnings": ["already_in_channel"]});
        }
        Ok(reply)
    }

    pub(super) fn conversations_of(&self, args: &Args) -> Reply {
        let user = args.some("user").unwrap_or_else(|| self.app.bot_user.clone());
        let mut types = args.list("types");
        if types.is_empty() {
            types.push("public_channel".to_owned());
        }
        let known = ["public_channel", "private_channel", "mpim", "im"];
        if types.iter().any(|it| !known.contains(&it.as_str())) {
            return Err("invalid_types".into());
        }
        let skip_archived = args.flag("exclude_archived");
        let wanted: Vec<&Channel> = self
            .channels
            .values()
            .filter(|it| self.is_member(&it.id, &user) && self.visible_channel(&it.id).is_ok())
            .filter(|it| types.iter().any(|name| name == type_name(it.kind)))
            .filter(|it| !(skip_archived && it.archived))
            .collect();
        let limit = args.limit(100, 999).ok_or("invalid_limit")?;
        let (page, next) = self.page(&wanted, args, "team", limit)?;
        let channels: Vec<Value> = page.iter().map(|it| self.channel_json(it)).collect();
        Ok(json!({"channels": channels, "response_metadata": {"next_cursor": next}}))
    }

    /// A page of a list and the cursor of the next, empty at the end.
    pub(super) fn page<'a, T>(
        &self,
        all: &'a [T],
        args: &Args,
        kind: &str,
        limit: usize,
    ) -> Result<(&'a [T], String), Refusal> {
        let from: usize = match args.some("cursor") {
            None => 0,
            Some(cursor) => {
                let offset = cursor.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-'));
                offset.and_then(|offset| offset.trim_end_matches('=').parse().ok()).ok_or("invalid_cursor")?
            }
        };
        if from > all.len() {
            return Err("invalid_cursor".into());
        }
        let size = limit.min(self.page_cap.unwrap_or(usize::MAX).max(1));
        let until = all.len().min(from + size);
        let next = if until < all.len() { format!("{kind}-{until}=") } else { String::new() };
        Ok((&all[from..until], next))
    }
}

fn type_name(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Public => "public_channel",
        ChannelKind::Private => "private_channel",
        ChannelKind::Im => "im",
    }
}

/// `oldest`, `latest` and `inclusive`.
struct Range {
    oldest: Option<i64>,
    latest: Option<i64>,
    inclusive: bool,
}

impl Range {
    fn read(args: &Args) -> Result<Self, Refusal> {
        let bound = |name: &str, error: &str| match args.some(name) {
            None => Ok(None),
            Some(text) => micros(&text).map(Some).ok_or_else(|| Refusal::new(error)),
        };
        let oldest = bound("oldest", "invalid_ts_oldest")?;
        let latest = bound("latest", "invalid_ts_latest")?;
        Ok(Self { oldest, latest, inclusive: args.flag("inclusive") })
    }

    fn holds(&self, ts: &str) -> bool {
        let Some(at) = micros(ts) else { return false };
        let after = self.oldest.is_none_or(|oldest| at > oldest || (self.inclusive && at == oldest));
        let before = self.latest.is_none_or(|latest| at < latest || (self.inclusive && at == latest));
        after && before
    }
}

/// Microseconds of a `ts`, or of plain seconds.
fn micros(ts: &str) -> Option<i64> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
    Some(seconds.parse::<i64>().ok()? * 1_000_000 + fraction.parse::<i64>().ok()?)
}
