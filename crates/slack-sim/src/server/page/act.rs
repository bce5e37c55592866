//! What somebody at the page does.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::civil::time;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use crate::actions::ActionError;
use crate::model::Presence;
use crate::world::World;

/// What somebody at the screen does.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Act {
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
    /// What the sheet of a person sets; what is absent stays.
    Person {
        user: String,
        active: Option<bool>,
        /// Minutes without notifications; 0 resumes them.
        pause: Option<i64>,
        /// Every night from ten to eight.
        nightly: Option<bool>,
        status: Option<NewStatus>,
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

#[derive(Debug, Deserialize)]
pub(super) struct NewStatus {
    emoji: String,
    text: String,
    /// Until it is cleared by itself; 0 for never.
    #[serde(default)]
    minutes: i64,
}

pub(super) async fn act(State(shared): State<Shared>, Json(act): Json<Act>) -> Response {
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
            Act::Dnd { user } if self.in_dnd(now, &user) => self.end_dnd(now, &user)?,
            Act::Dnd { user } => self.snooze(now, &user, SignedDuration::from_hours(2))?,
            Act::Person { user, active, pause, nightly, status } => {
                if let Some(active) = active {
                    self.set_presence(&user, if active { Presence::Active } else { Presence::Away })?;
                }
                if let Some(nightly) = nightly {
                    self.set_nightly(now, &user, nightly)?;
                }
                match pause {
                    Some(1..) => {
                        self.snooze(now, &user, SignedDuration::from_mins(pause.unwrap_or_default()))?
                    }
                    Some(_) => self.end_dnd(now, &user)?,
                    None => {}
                }
                if let Some(NewStatus { emoji, text, minutes }) = status {
                    let until = if minutes > 0 { now.as_second() + minutes * 60 } else { 0 };
                    self.set_status(now, &user, &emoji, &text, until)?;
                }
            }
            Act::Home { user } => self.open_home(now, &user)?,
            Act::ClickHome { user, action_id } => {
                self.click_home(now, &user, &action_id)?;
            }
            Act::Speed { .. } => {}
        }
        Ok(None)
    }

    fn set_nightly(&mut self, now: Timestamp, user: &str, on: bool) -> Result<(), ActionError> {
        if on {
            return self.set_daily_dnd(now, user, time(22, 0, 0, 0), time(8, 0, 0, 0));
        }
        self.forget_daily_dnd(now, user)
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
        let text = self.pick_mentions(text);
        if text.starts_with('/') {
            let (command, rest) = text.split_once(' ').unwrap_or((&text, ""));
            if thread_ts.is_some() {
                return Err(ActionError::NotInThreads(command.to_owned()));
            }
            self.slash_command(now, user, &channel, command, rest)?;
        } else if !text.is_empty() {
            self.post(now, user, &channel, &text, thread_ts)?;
        }
        Ok(channel)
    }
}
