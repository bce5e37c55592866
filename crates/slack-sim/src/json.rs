//! People, channels and messages as Slack writes them in JSON.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::model::{Channel, ChannelKind, Dnd, Message, User};
use crate::world::World;

/// Without `full=true` a reaction lists at most so many people; `count` tells the truth.
const USERS_OF_A_REACTION: usize = 3;

/// What of a message is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detail {
    /// Metadata with its payload, or only its type.
    pub(crate) metadata: bool,
    /// All people of a reaction.
    pub(crate) reactions: bool,
}

impl Detail {
    pub(crate) const FULL: Self = Self { metadata: true, reactions: true };
}

impl World {
    /// The user object at `now`.
    pub(crate) fn user_json(&self, now: Timestamp, user: &User) -> Value {
        let zone = user.tz.as_deref().and_then(|name| TimeZone::get(name).ok());
        let image = |size: u32| format!("https://avatars.invalid/{}-{size}.png", user.id);
        let mut profile = json!({
            "title": user.title, "phone": "", "skype": "",
            "real_name": user.real_name, "real_name_normalized": user.real_name,
            "display_name": user.display_name, "display_name_normalized": user.display_name,
            "fields": {}, "status_text": user.status.text, "status_emoji": user.status.emoji,
            "status_emoji_display_info": [], "status_expiration": user.status.expiration,
            "avatar_hash": format!("g{}", user.id.to_lowercase()), "status_text_canonical": "",
            "first_name": user.real_name.split(' ').next().unwrap_or_default(),
            "last_name": user.real_name.split(' ').skip(1).collect::<Vec<_>>().join(" "),
            "team": user.team_id,
        });
        for size in [24, 32, 48, 72, 192, 512] {
            profile[format!("image_{size}")] = image(size).into();
        }
        if self.app.scopes.contains("users:read.email") && !user.is_bot {
            profile["email"] = user.email.clone().into();
        }
        let mut all = json!({
            "id": user.id, "team_id": user.team_id, "name": user.name, "deleted": user.deleted,
            "color": "4bbe2e", "real_name": user.real_name, "profile": profile,
            "is_admin": false, "is_owner": false, "is_primary_owner": false,
            "is_restricted": user.is_restricted, "is_ultra_restricted": user.is_ultra_restricted,
            "is_bot": user.is_bot, "is_app_user": false, "updated": user.updated,
            "is_email_confirmed": true, "who_can_share_contact_card": "EVERYONE",
        });
        if user.is_stranger {
            all["is_stranger"] = true.into();
        }
        if user.deleted {
            // A deactivated user's object is shorter.
            return all;
        }
        all["tz"] = user.tz.clone().into();
        all["tz_label"] = user.tz.clone().unwrap_or_default().into();
        all["tz_offset"] = zone.map_or(0, |zone| zone.to_offset(now).seconds()).into();
        all
    }

    /// The channel object.
    pub(crate) fn channel_json(&self, channel: &Channel) -> Value {
        if channel.kind == ChannelKind::Im {
            let other = channel.members.iter().find(|id| **id != self.app.bot_user);
            return json!({
                "id": channel.id, "created": channel.created, "is_archived": channel.archived,
                "is_im": true, "is_org_shared": false, "context_team_id": self.team.id,
                "updated": channel.created * 1000, "user": other, "is_user_deleted": false, "priority": 0,
            });
        }
        let private = channel.kind == ChannelKind::Private;
        json!({
            "id": channel.id, "name": channel.name, "name_normalized": channel.name,
            "is_channel": !private, "is_group": private, "is_im": false, "is_mpim": false,
            "is_private": private, "created": channel.created, "is_archived": channel.archived,
            "is_general": false, "unlinked": 0, "is_shared": false, "is_ext_shared": false,
            "is_org_shared": false, "is_pending_ext_shared": false, "pending_shared": [],
            "context_team_id": self.team.id, "updated": channel.created * 1000,
            "parent_conversation": null, "creator": channel.members.first(), "shared_team_ids": [self.team.id],
            "is_member": self.bot_is_member(&channel.id), "previous_names": [],
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        })
    }

    /// The message object.
    pub(crate) fn message_json(&self, channel: &str, message: &Message, detail: Detail) -> Value {
        let mut all = Map::new();
        let mut put = |key: &str, value: Value| all.insert(key.to_owned(), value);
        put("type", "message".into());
        put("ts", message.ts.clone().into());
        put("text", message.text.clone().into());
        put("team", self.team.id.clone().into());
        match &message.author.user {
            Some(user) => put("user", user.clone().into()),
            None => put("subtype", "bot_message".into()),
        };
        if message.broadcast {
            put("subtype", "thread_broadcast".into());
        }
        if let Some(bot_id) = &message.author.bot_id {
            put("bot_id", bot_id.clone().into());
            put("app_id", message.author.app_id.clone().into());
            put("bot_profile", self.bot_profile());
        }
        if !message.blocks.is_empty() {
            put("blocks", message.blocks.clone().into());
        }
        if let Some(ts) = &message.edited {
            put("edited", json!({"user": message.author.user, "ts": ts}));
        }
        match &message.metadata {
            Some(metadata) if detail.metadata => put("metadata", metadata.clone()),
            Some(metadata) => put("metadata", json!({"event_type": metadata["event_type"]})),
            None => None,
        };
        if !message.reactions.is_empty() {
            let most = if detail.reactions { usize::MAX } else { USERS_OF_A_REACTION };
            let reactions = message.reactions.iter().map(|reaction| {
                let users: Vec<&String> = reaction.users.iter().take(most).collect();
                json!({"name": reaction.name, "users": users, "count": reaction.users.len()})
            });
            put("reactions", reactions.collect());
        }
        self.thread_fields(channel, message, &mut all);
        Value::Object(all)
    }

    fn thread_fields(&self, channel: &str, message: &Message, all: &mut Map<String, Value>) {
        if let Some(root) = &message.thread_ts {
            all.insert("thread_ts".into(), root.clone().into());
            let parent = self.message(channel, root).and_then(|root| root.author.user.clone());
            all.insert("parent_user_id".into(), parent.into());
            return;
        }
        let thread = self.thread(channel, &message.ts);
        let replies: Vec<_> = thread.iter().filter(|it| it.thread_ts.is_some()).collect();
        let Some(latest) = replies.last() else { return };
        let mut users: Vec<&String> = replies.iter().filter_map(|reply| reply.author.user.as_ref()).collect();
        users.sort();
        users.dedup();
        all.insert("thread_ts".into(), message.ts.clone().into());
        all.insert("reply_count".into(), replies.len().into());
        all.insert("reply_users_count".into(), users.len().into());
        all.insert("latest_reply".into(), latest.ts.clone().into());
        all.insert("reply_users".into(), json!(users));
        all.insert("is_locked".into(), false.into());
        all.insert("subscribed".into(), false.into());
    }

    pub(crate) fn bot_profile(&self) -> Value {
        json!({
            "id": self.app.bot_id, "app_id": self.app.app_id, "user_id": self.app.bot_user,
            "name": self.app.name, "deleted": false, "updated": 0, "team_id": self.team.id,
            "icons": {"image_36": "", "image_48": "", "image_72": ""},
        })
    }

    /// `dnd_enabled` and the next window at `now`; `false, 1, 1` without a schedule.
    pub(crate) fn dnd_json(&self, now: Timestamp, user: &User) -> Value {
        match next_window(now, user) {
            Some((start, end)) => json!({
                "dnd_enabled": true,
                "next_dnd_start_ts": start.as_second(), "next_dnd_end_ts": end.as_second(),
            }),
            None => json!({"dnd_enabled": false, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}),
        }
    }

    /// Whether do-not-disturb holds for a person at `now`.
    #[must_use]
    pub fn in_dnd(&self, now: Timestamp, user: &str) -> bool {
        let window = self.users.get(user).and_then(|user| next_window(now, user));
        window.is_some_and(|(start, end)| start <= now && now < end)
    }
}

/// The window that holds now, or else the next to come.
fn next_window(now: Timestamp, user: &User) -> Option<(Timestamp, Timestamp)> {
    let Dnd { window, daily, resumed } = &user.dnd;
    let pause = window.filter(|(_, end)| *end > now);
    let zone = user.tz.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let nightly = daily.and_then(|(from, until)| {
        let today = now.to_zoned(zone.clone()).date();
        // Yesterday's window may still hold; today's may be over.
        (-1..=2_i64).find_map(|days| {
            let day = today.checked_add(jiff::Span::new().days(days)).ok()?;
            let last = if until > from { day } else { day.tomorrow().ok()? };
            let start = zone.to_ambiguous_timestamp(day.to_datetime(from)).compatible().ok()?;
            let end = zone.to_ambiguous_timestamp(last.to_datetime(until)).compatible().ok()?;
            let over = resumed.is_some_and(|at| start <= at && at < end);
            (end > now && !over).then_some((start, end))
        })
    });
    match (pause, nightly) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
