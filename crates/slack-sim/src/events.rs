//! Which events the app hears of, and how they are wrapped.
//!
//! An event is sent when the app subscribed to it, holds its scope and, for what happens in a channel, the bot
//! is a member.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::delivery::DeliveryKind;
use crate::json::Detail;
use crate::model::{Channel, ChannelKind};
use crate::outbox::Origin;
use crate::world::{World, ts_of};

impl World {
    pub(crate) fn event_id(&mut self) -> String {
        format!("Ev{:010}", self.next_number())
    }

    /// An `event_ts`: unique, and close to `now`.
    pub(crate) fn event_ts(&mut self, now: Timestamp) -> String {
        let salt = i64::try_from(self.next_number() % 1000).unwrap_or_default();
        ts_of(now.as_microsecond() + salt)
    }

    /// Sends an event of the workspace.
    pub(crate) fn emit(&mut self, now: Timestamp, subscription: &str, event: Value) {
        let granted = scope_of(subscription).is_none_or(|scope| self.app.scopes.contains(scope));
        if self.app.events.contains(subscription) && granted {
            self.send_event(now, event, None);
        }
    }

    /// Sends an event of a channel.
    pub(crate) fn emit_in(&mut self, now: Timestamp, subscription: &str, channel: &str, event: Value) {
        if self.bot_is_member(channel) {
            self.emit(now, subscription, event);
        }
    }

    /// Sends an event whatever is subscribed, as it stands; for events that no action here causes.
    pub fn send_event(&mut self, now: Timestamp, event: Value, event_id: Option<&str>) -> u64 {
        let event_id = event_id.map_or_else(|| self.event_id(), str::to_owned);
        let name = event["type"].as_str().unwrap_or("unknown").to_owned();
        let payload = json!({
            "token": self.app.verification_token, "team_id": self.team.id,
            "context_team_id": self.team.id, "context_enterprise_id": self.enterprise_json()["id"],
            "api_app_id": self.app.app_id, "event": event, "type": "event_callback",
            "event_id": event_id, "event_time": now.as_second(),
            "authorizations": [{
                "enterprise_id": self.enterprise_json()["id"], "team_id": self.team.id,
                "user_id": self.app.bot_user, "is_bot": true,
                "is_enterprise_install": self.app.org_install,
            }],
            "is_ext_shared_channel": false, "event_context": format!("4-{event_id}"),
        });
        self.enqueue(now, DeliveryKind::Event, &name, payload, Origin::Event)
    }

    /// A new message, for whoever subscribed to messages of such channels.
    pub(crate) fn announce_message(&mut self, now: Timestamp, channel: &str, ts: &str) {
        let Some((found, message)) = self.channels.get(channel).zip(self.message(channel, ts)) else {
            return;
        };
        let kind = found.kind;
        let mut event = self.message_json(channel, message, Detail::FULL);
        event["channel"] = channel.into();
        event["channel_type"] = channel_type(kind).into();
        event["event_ts"] = ts.into();
        self.emit_in(now, message_subscription(kind), channel, event);
    }

    /// A changed or deleted message, wrapped as Slack does.
    pub(crate) fn announce_change(
        &mut self,
        now: Timestamp,
        channel: &str,
        subtype: &str,
        before: Value,
        after: Value,
    ) {
        let Some(kind) = self.channels.get(channel).map(|found| found.kind) else {
            return;
        };
        let ts = self.event_ts(now);
        let mut event = json!({
            "type": "message", "subtype": subtype, "hidden": true, "channel": channel, "ts": ts,
            "event_ts": ts, "channel_type": channel_type(kind), "previous_message": before,
        });
        if subtype == "message_changed" {
            event["message"] = after;
        } else {
            event["deleted_ts"] = event["previous_message"]["ts"].clone();
        }
        self.emit_in(now, message_subscription(kind), channel, event);
    }

    /// `reaction_added` or `reaction_removed`.
    pub(crate) fn announce_reaction(
        &mut self,
        now: Timestamp,
        event: &str,
        user: &str,
        channel: &str,
        ts: &str,
        name: &str,
    ) {
        let event_ts = self.event_ts(now);
        let author = self.message(channel, ts).and_then(|message| message.author.user.clone());
        let mut body = json!({
            "type": event, "user": user, "reaction": name,
            "item": {"type": "message", "channel": channel, "ts": ts}, "event_ts": event_ts,
        });
        // Absent for messages through a response_url.
        if let Some(author) = author {
            body["item_user"] = author.into();
        }
        self.emit_in(now, event, channel, body);
    }

    /// `user_change` with the whole user.
    pub(crate) fn announce_user(&mut self, now: Timestamp, event: &str, user: &str) {
        let Some(found) = self.users.get_mut(user) else {
            return;
        };
        found.updated = now.as_second();
        let Some(found) = self.users.get(user) else { return };
        let json = self.user_json(now, found);
        let event_ts = self.event_ts(now);
        let body = json!({
            "type": event, "user": json, "cache_ts": now.as_second(), "event_ts": event_ts,
        });
        self.emit(now, event, body);
    }

    /// `member_joined_channel` or `member_left_channel`; the caller knows whether the bot may see it.
    pub(crate) fn announce_member(
        &mut self,
        now: Timestamp,
        event: &str,
        user: &str,
        channel: &Channel,
        inviter: Option<&str>,
    ) {
        let event_ts = self.event_ts(now);
        let letter = if channel.kind == ChannelKind::Private { "G" } else { "C" };
        let mut body = json!({
            "type": event, "user": user, "channel": channel.id, "channel_type": letter,
            "team": self.team.id, "event_ts": event_ts,
        });
        if let Some(inviter) = inviter {
            body["inviter"] = inviter.into();
        }
        self.emit(now, event, body);
    }
}

/// As `message` events name it.
pub(crate) fn channel_type(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Public => "channel",
        ChannelKind::Private => "group",
        ChannelKind::Im => "im",
    }
}

fn message_subscription(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Public => "message.channels",
        ChannelKind::Private => "message.groups",
        ChannelKind::Im => "message.im",
    }
}

/// The scope without which a subscription stays silent.
fn scope_of(subscription: &str) -> Option<&'static str> {
    match subscription {
        "reaction_added" | "reaction_removed" => Some("reactions:read"),
        "message.im" => Some("im:history"),
        "message.channels" => Some("channels:history"),
        "message.groups" => Some("groups:history"),
        "user_change" | "team_join" => Some("users:read"),
        "dnd_updated_user" => Some("dnd:read"),
        "subteam_members_changed" => Some("usergroups:read"),
        "member_joined_channel" | "member_left_channel" | "channel_id_changed" => Some("channels:read"),
        _ => None,
    }
}
