//! `response_url`s: five answers within thirty minutes, and the direct answer to a command.

use bytes::Bytes;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::blocks;
use crate::model::{Author, Ephemeral};
use crate::world::{Draft, World};

const USES: u32 = 5;
const LIFE: SignedDuration = SignedDuration::from_mins(30);

/// Permission to answer where somebody typed or clicked.
#[derive(Debug, Clone)]
pub(crate) struct ResponseHook {
    pub(crate) channel: String,
    pub(crate) user: String,
    pub(crate) since: Timestamp,
    pub(crate) uses: u32,
    /// The message with the button: its `ts`, and whether only the user sees it.
    pub(crate) origin: Option<(String, bool)>,
}

impl World {
    /// Makes a `response_url`; gives its token and address.
    pub(crate) fn new_hook(
        &mut self,
        now: Timestamp,
        user: &str,
        channel: &str,
        origin: Option<(String, bool)>,
    ) -> (String, String) {
        let number = self.next_number();
        let token = format!("{}-{number:08}", self.team.id);
        let address = format!("{}/response/{token}", self.public_url);
        let (channel, user) = (channel.to_owned(), user.to_owned());
        self.hooks.insert(token.clone(), ResponseHook { channel, user, since: now, uses: 0, origin });
        (token, address)
    }

    /// A POST to a `response_url`: the status and body that Slack answers with.
    pub(crate) fn respond(&mut self, now: Timestamp, token: &str, body: &[u8]) -> (StatusCode, Value) {
        let refuse = |status, error: &str| (status, json!({"ok": false, "error": error}));
        let Some(hook) = self.hooks.get_mut(token) else {
            return refuse(StatusCode::NOT_FOUND, "invalid_url");
        };
        if now.duration_since(hook.since) > LIFE {
            return refuse(StatusCode::NOT_FOUND, "expired_url");
        }
        if hook.uses >= USES {
            return refuse(StatusCode::NOT_FOUND, "used_url");
        }
        hook.uses += 1;
        let Ok(message) = serde_json::from_slice::<Value>(body) else {
            return refuse(StatusCode::BAD_REQUEST, "invalid_payload");
        };
        match self.show_response(now, token, &message) {
            Ok(()) => (StatusCode::OK, json!({"ok": true})),
            Err(error) => refuse(StatusCode::BAD_REQUEST, error),
        }
    }

    /// The body of a command's answer: empty, text, or a message as JSON.
    pub(crate) fn answer_command(&mut self, now: Timestamp, token: &str, body: &Bytes) {
        let text = String::from_utf8_lossy(body);
        if text.trim().is_empty() {
            return;
        }
        let message = match serde_json::from_str::<Value>(&text) {
            Ok(message @ Value::Object(_)) => message,
            _ => json!({"text": text}),
        };
        // A JSON answer without text or blocks, such as {}, shows nothing.
        let _ = self.show_response(now, token, &message);
    }

    fn show_response(&mut self, now: Timestamp, token: &str, message: &Value) -> Result<(), &'static str> {
        let Some(hook) = self.hooks.get(token).cloned() else {
            return Err("invalid_url");
        };
        let flag = |name: &str| message[name].as_bool().unwrap_or(false);
        if flag("delete_original") {
            self.replace_original(now, &hook, None);
            return Ok(());
        }
        let text = message["text"].as_str().unwrap_or_default().to_owned();
        let mut parts = message["blocks"].as_array().cloned().unwrap_or_default();
        blocks::check_message(&parts).map_err(|_| "invalid_blocks")?;
        if text.is_empty() && parts.is_empty() {
            return Err("no_text");
        }
        blocks::complete(&mut parts, &format!("r{}", hook.uses));
        if flag("replace_original") && hook.origin.is_some() {
            self.replace_original(now, &hook, Some((text, parts)));
            return Ok(());
        }
        let thread_ts = message["thread_ts"].as_str().map(str::to_owned);
        if message["response_type"] == "in_channel" {
            let author = Author {
                user: None,
                bot_id: Some(self.app.bot_id.clone()),
                app_id: Some(self.app.app_id.clone()),
            };
            let draft = Draft { author, text, blocks: parts, thread_ts, ..Draft::default() };
            self.add_message(now, &hook.channel, draft);
        } else {
            let (channel, user) = (hook.channel, hook.user);
            self.add_ephemeral(
                now,
                Ephemeral {
                    ts: String::new(),
                    channel,
                    user,
                    thread_ts,
                    text,
                    blocks: parts,
                    at: now,
                    from_slack: false,
                    shown: true,
                    number: 0,
                },
            );
        }
        Ok(())
    }

    fn replace_original(&mut self, now: Timestamp, hook: &ResponseHook, with: Option<(String, Vec<Value>)>) {
        let Some((ts, is_ephemeral)) = &hook.origin else {
            return;
        };
        if !is_ephemeral {
            match with {
                Some((text, blocks)) => self.edit_message(now, &hook.channel, ts, text, Some(blocks), None),
                None => self.remove_message(now, &hook.channel, ts),
            }
            return;
        }
        match with {
            Some((text, blocks)) => {
                if let Some(found) = self.ephemerals.iter_mut().find(|ephemeral| ephemeral.ts == *ts) {
                    found.text = text;
                    found.blocks = blocks;
                }
            }
            None => self.ephemerals.retain(|ephemeral| ephemeral.ts != *ts),
        }
    }

    /// Shows something to one person; gives its `ts`.
    pub(crate) fn add_ephemeral(&mut self, now: Timestamp, mut ephemeral: Ephemeral) -> String {
        let ts = self.next_ts(now, &ephemeral.channel);
        ephemeral.ts.clone_from(&ts);
        ephemeral.number = self.next_number();
        let root = ephemeral.thread_ts.as_deref();
        ephemeral.shown = root.is_none_or(|root| self.thread(&ephemeral.channel, root).len() > 1);
        self.ephemerals.push(ephemeral);
        ts
    }

    /// What Slack itself tells a person when the app did not answer.
    pub(crate) fn show_failure(&mut self, now: Timestamp, user: &str, channel: &str, text: String) {
        let (user, channel) = (user.to_owned(), channel.to_owned());
        self.add_ephemeral(
            now,
            Ephemeral {
                ts: String::new(),
                channel,
                user,
                thread_ts: None,
                text,
                blocks: Vec::new(),
                at: now,
                from_slack: true,
                shown: true,
                number: 0,
            },
        );
    }
}
