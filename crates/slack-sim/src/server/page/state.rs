//! What the page shows, as JSON.

use axum::Json;
use axum::extract::{Query, State};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use crate::json::Detail;
use crate::model::{ChannelKind, Presence, User};
use crate::world::World;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// The person at the screen.
    #[serde(rename = "as")]
    user: Option<String>,
    channel: Option<String>,
    /// The version last seen.
    since: Option<u64>,
}

/// Everything the page shows; only the time when nothing else has changed.
pub(super) async fn state(State(shared): State<Shared>, Query(asked): Query<Asked>) -> Json<Value> {
    let handle = &shared.handle;
    let (now, version, speed) = (handle.now(), handle.version(), handle.clock().speed());
    let mut all = json!({"version": version, "now": now.as_second(), "speed": speed});
    if asked.since != Some(version) {
        let shown = handle.read(|world| {
            world.page_state(now, asked.user.as_deref().unwrap_or_default(), asked.channel.as_deref())
        });
        all["state"] = shown;
        all["state"]["side_panel"] = shared.side_panel.as_ref().map(ToString::to_string).into();
    }
    Json(all)
}

impl World {
    fn page_state(&self, now: Timestamp, viewer: &str, channel: Option<&str>) -> Value {
        let people: Vec<Value> = self.users().map(|user| self.person_json(now, user)).collect();
        let channels =
            self.channels().filter(|it| it.kind == ChannelKind::Public || self.is_member(&it.id, viewer));
        let channels: Vec<Value> = channels
            .map(|it| {
                json!({
                    "id": it.id, "name": it.name, "im": it.kind == ChannelKind::Im, "archived": it.archived,
                    "private": it.kind == ChannelKind::Private, "members": it.members.len(),
                })
            })
            .collect();
        let groups: Vec<Value> =
            self.groups().map(|it| json!({"id": it.id, "handle": it.handle, "users": it.users})).collect();
        let direct = self.dm_of(viewer).map(|it| it.id.as_str());
        let id = if channel == Some("bot") { direct } else { channel };
        let from_bot =
            direct.map_or(0, |id| self.messages(id).iter().filter(|it| it.author.bot_id.is_some()).count());
        json!({
            "team": self.team().name, "bot": self.app().bot_user, "app": self.app().name,
            "people": people, "channels": channels, "groups": groups, "channel": id,
            "home": self.home(viewer), "commands": self.app().commands,
            "messages": id.map(|id| self.page_messages(id, viewer)), "direct_messages": from_bot,
            "last_ephemeral": self.ephemerals.last().map_or(0, |it| it.number),
        })
    }

    fn person_json(&self, now: Timestamp, user: &User) -> Value {
        let zone = user.tz.as_deref().and_then(|tz| TimeZone::get(tz).ok()).unwrap_or(TimeZone::UTC);
        let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%a %H:%M").to_string();
        let pause = self.dnd_json(now, user);
        let ends = |seconds: Option<i64>| {
            seconds.filter(|it| *it > 1).and_then(|it| Timestamp::from_second(it).ok()).map(local)
        };
        json!({
            "id": user.id, "name": user.name, "real_name": user.real_name, "title": user.title,
            "active": self.presence(&user.id) == Presence::Active, "dnd": self.in_dnd(now, &user.id),
            "tz": user.tz, "local": local(now), "nightly": user.dnd.daily.is_some(),
            "dnd_until": ends(pause["next_dnd_end_ts"].as_i64()),
            "guest": user.is_restricted, "is_bot": user.is_bot, "deleted": user.deleted,
            "emoji": user.status.emoji, "status": user.status.text,
            "status_until": ends(Some(user.status.expiration)),
        })
    }

    fn page_messages(&self, channel: &str, viewer: &str) -> Vec<Value> {
        let mut all: Vec<Value> =
            self.messages(channel).iter().map(|it| self.message_json(channel, it, Detail::FULL)).collect();
        let private = self.ephemerals(viewer).into_iter().filter(|it| it.channel == channel && it.shown);
        all.extend(private.map(|it| {
            json!({
                "ts": it.ts, "text": it.text, "blocks": it.blocks, "thread_ts": it.thread_ts, "ephemeral": true, "number": it.number,
                "from_slack": it.from_slack, "user": self.app().bot_user,
            })
        }));
        all.sort_by(|a, b| a["ts"].as_str().cmp(&b["ts"].as_str()));
        all
    }
}
