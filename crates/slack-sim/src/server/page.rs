//! The page: a workspace to look at, to type and to click in, and the JSON behind it.

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use crate::actions::ActionError;
use crate::json::Detail;
use crate::model::{ChannelKind, Presence, User};
use crate::world::World;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(|| async { Html(include_str!("page.html")) }))
        .route("/page.css", get(|| asset("text/css; charset=utf-8", include_str!("page.css"))))
        .route("/page.js", get(|| asset("text/javascript; charset=utf-8", include_str!("page.js"))))
        .route("/sim/state", get(state))
        .route("/sim/act", post(act))
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

#[derive(Debug, Deserialize)]
struct Asked {
    /// The person at the screen.
    #[serde(rename = "as")]
    user: Option<String>,
    channel: Option<String>,
    /// The version last seen.
    since: Option<u64>,
}

/// Everything the page shows; only the time when nothing else has changed.
async fn state(State(shared): State<Shared>, Query(asked): Query<Asked>) -> Json<Value> {
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
        let groups: Vec<Value> = self.groups().map(|it| json!({"id": it.id, "handle": it.handle})).collect();
        let id = match channel {
            Some("bot") => self.dm_of(viewer).map(|it| it.id.as_str()),
            other => other,
        };
        json!({
            "team": self.team().name, "bot": self.app().bot_user, "app": self.app().name,
            "people": people, "channels": channels, "groups": groups, "channel": id,
            "home": self.home(viewer), "commands": self.app().commands, "messages": id.map(|id| self.page_messages(id, viewer)),
        })
    }

    fn person_json(&self, now: Timestamp, user: &User) -> Value {
        let zone = user.tz.as_deref().and_then(|tz| TimeZone::get(tz).ok()).unwrap_or(TimeZone::UTC);
        json!({
            "id": user.id, "name": user.name, "real_name": user.real_name, "title": user.title,
            "active": self.presence(&user.id) == Presence::Active, "dnd": self.in_dnd(now, &user.id),
            "tz": user.tz, "local": now.to_zoned(zone).strftime("%a %H:%M").to_string(),
            "guest": user.is_restricted, "is_bot": user.is_bot, "deleted": user.deleted,
            "emoji": user.status.emoji, "status": user.status.text,
        })
    }

    fn page_messages(&self, channel: &str, viewer: &str) -> Vec<Value> {
        let mut all: Vec<Value> =
            self.messages(channel).iter().map(|it| self.message_json(channel, it, Detail::FULL)).collect();
        let private = self.ephemerals(viewer).into_iter().filter(|it| it.channel == channel);
        all.extend(private.map(|it| {
            json!({
                "ts": it.ts, "text": it.text, "blocks": it.blocks, "thread_ts": it.thread_ts, "ephemeral": true,
                "from_slack": it.from_slack, "user": self.app().bot_user,
            })
        }));
        all.sort_by(|a, b| a["ts"].as_str().cmp(&b["ts"].as_str()));
        all
    }
}

/// What somebody at the screen does.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Act {
    /// Text of the input box, a slash command among it.
    Say {
        user: String,
        channel: String,
        text: String,
        thread_ts: Option<String>,
    },
    React {
        user: String,
        channel: String,
        ts: String,
        name: String,
    },
    Click {
        user: String,
        channel: String,
        ts: String,
        action_id: String,
    },
    /// Active becomes away, and back.
    Presence {
        user: String,
    },
    /// For two hours, or no more.
    Dnd {
        user: String,
    },
    Home {
        user: String,
    },
    ClickHome {
        user: String,
        action_id: String,
    },
    Speed {
        speed: u32,
    },
}

async fn act(State(shared): State<Shared>, Json(act): Json<Act>) -> Response {
    if let Act::Speed { speed } = act {
        shared.handle.clock().set_speed(speed.min(3600));
        shared.handle.wake();
        return Json(json!({"ok": true})).into_response();
    }
    match shared.handle.with(|world, now| world.page_act(now, act)) {
        Ok(channel) => Json(json!({"ok": true, "channel": channel})).into_response(),
        Err(error) => {
            (StatusCode::BAD_REQUEST, Json(json!({"ok": false, "error": error.to_string()}))).into_response()
        }
    }
}

impl World {
    /// Does it; gives the conversation it happened in.
    fn page_act(&mut self, now: Timestamp, act: Act) -> Result<Option<String>, ActionError> {
        match act {
            Act::Say { user, channel, text, thread_ts } => {
                return self.say(now, &user, &channel, text.trim(), thread_ts.as_deref()).map(Some);
            }
            Act::React { user, channel, ts, name } => {
                let there = self.message(&channel, &ts).into_iter().flat_map(|it| &it.reactions);
                let there = there.filter(|it| it.name == name).any(|it| it.users.contains(&user));
                if there {
                    self.unreact(now, &user, &channel, &ts, &name)?;
                } else {
                    self.react(now, &user, &channel, &ts, &name)?;
                }
            }
            Act::Click { user, channel, ts, action_id } => {
                self.click(now, &user, &channel, &ts, &action_id)?;
            }
            Act::Presence { user } => {
                let away = self.presence(&user) == Presence::Away;
                self.set_presence(&user, if away { Presence::Active } else { Presence::Away })?;
            }
            Act::Dnd { user } if self.in_dnd(now, &user) => self.clear_dnd(now, &user)?,
            Act::Dnd { user } => {
                let until = now.saturating_add(SignedDuration::from_hours(2)).unwrap_or(now);
                self.set_dnd(now, &user, now, until)?;
            }
            Act::Home { user } => self.open_home(now, &user)?,
            Act::ClickHome { user, action_id } => {
                self.click_home(now, &user, &action_id)?;
            }
            Act::Speed { .. } => {}
        }
        Ok(None)
    }

    fn say(
        &mut self,
        now: Timestamp,
        user: &str,
        channel: &str,
        text: &str,
        thread_ts: Option<&str>,
    ) -> Result<String, ActionError> {
        let channel = if channel == "bot" { self.open_dm(now, user) } else { channel.to_owned() };
        if let Some((command, rest)) =
            text.starts_with('/').then(|| text.split_once(' ').unwrap_or((text, "")))
        {
            self.slash_command(now, user, &channel, command, rest)?;
        } else if !text.is_empty() {
            self.post(now, user, &channel, text, thread_ts)?;
        }
        Ok(channel)
    }
}
