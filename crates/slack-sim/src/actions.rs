//! What people do in their Slack clients, and what the app hears of it.

use jiff::Timestamp;
use serde_json::{Value, json};
use thiserror::Error;

use crate::blocks;
use crate::delivery::DeliveryKind;
use crate::json::Detail;
use crate::model::{Author, ChannelKind};
use crate::mrkdwn::{self, Style};
use crate::outbox::Origin;
use crate::world::{Draft, Trigger, World};

/// Why a person could not do that.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ActionError {
    /// Nobody has this id.
    #[error("there is no user {0}")]
    NoSuchUser(String),
    /// The account is deactivated.
    #[error("user {0} is deactivated")]
    Deactivated(String),
    /// No conversation has this id, or this person cannot see it.
    #[error("there is no channel {0} for this user")]
    NoSuchChannel(String),
    /// The channel is archived.
    #[error("channel {0} is archived")]
    Archived(String),
    /// No such message, or deleted.
    #[error("there is no message {0}")]
    NoSuchMessage(String),
    /// The message has no such button.
    #[error("there is no button {0} here")]
    NoSuchButton(String),
    /// No app registered it.
    #[error("{0} is not a valid command")]
    NoSuchCommand(String),
    /// Slash commands do not work in threads.
    #[error("{0} is not supported in threads. Sorry!")]
    NotInThreads(String),
    /// This person sees no such modal, or it cannot be submitted.
    #[error("there is no modal {0} for this user")]
    NoSuchModal(String),
    /// No user group has this id.
    #[error("there is no user group {0}")]
    NoSuchGroup(String),
}

/// What a slash command or a click carried.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Good for one modal within three seconds.
    pub trigger_id: String,
    /// Takes five answers within thirty minutes.
    pub response_url: String,
}

impl World {
    pub(crate) fn acting(&self, user: &str) -> Result<(), ActionError> {
        match self.users.get(user) {
            None => Err(ActionError::NoSuchUser(user.to_owned())),
            Some(found) if found.deleted => Err(ActionError::Deactivated(user.to_owned())),
            Some(_) => Ok(()),
        }
    }

    /// A channel that this person sees.
    fn seen_by(&self, user: &str, channel: &str) -> Result<ChannelKind, ActionError> {
        self.acting(user)?;
        let found = self.channels.get(channel);
        let found = found.filter(|it| it.kind == ChannelKind::Public || self.is_member(channel, user));
        found.map(|it| it.kind).ok_or_else(|| ActionError::NoSuchChannel(channel.to_owned()))
    }

    /// A channel into which this person can write.
    fn open_to(&self, user: &str, channel: &str) -> Result<ChannelKind, ActionError> {
        let kind = self.seen_by(user, channel)?;
        let archived = self.channels.get(channel).is_some_and(|it| it.archived);
        if archived { Err(ActionError::Archived(channel.to_owned())) } else { Ok(kind) }
    }

    pub(crate) fn new_trigger(&mut self, now: Timestamp, user: &str) -> String {
        let number = self.next_number();
        let id = format!("{number}.{}.{:032x}", now.as_second(), number);
        self.triggers.insert(id.clone(), Trigger { user: user.to_owned(), since: now, used: false });
        id
    }

    /// What the client makes of typed text when each `@name` is picked from its list: `<@U…|name>`. Commands and
    /// messages take both that and the plain `@name`.
    #[must_use]
    pub fn pick_mentions(&self, typed: &str) -> String {
        mrkdwn::pick(self, typed)
    }

    /// Types a slash command, `@name` and `#name` as people type them. The bot need not be in the channel.
    ///
    /// # Errors
    /// When the person cannot write there, or no app has this command.
    pub fn slash_command(
        &mut self,
        now: Timestamp,
        user: &str,
        channel: &str,
        command: &str,
        text: &str,
    ) -> Result<Sent, ActionError> {
        let kind = self.open_to(user, channel)?;
        if !self.app.commands.contains_key(command) {
            return Err(ActionError::NoSuchCommand(command.to_owned()));
        }
        let style = if self.app.labels_mentions { Style::Labelled } else { Style::Bare };
        let text =
            if self.app.should_escape { mrkdwn::escape_typed(self, text, style) } else { text.to_owned() };
        let trigger_id = self.new_trigger(now, user);
        let (hook, response_url) = self.new_hook(now, user, channel, None);
        let channel_name = match kind {
            ChannelKind::Public => self.channels.get(channel).map_or("", |it| &it.name),
            ChannelKind::Private => "privategroup",
            ChannelKind::Im => "directmessage",
        };
        let mut payload = json!({
            "token": self.app.verification_token, "team_id": self.team.id, "team_domain": self.team.domain,
            "channel_id": channel, "channel_name": channel_name, "user_id": user,
            "user_name": self.users.get(user).map(|it| it.name.clone()), "command": command, "text": text.trim(),
            "api_app_id": self.app.app_id,
            "is_enterprise_install": self.app.org_install.to_string(),
            "response_url": response_url, "trigger_id": trigger_id,
        });
        if let Some(enterprise) = &self.enterprise {
            payload["enterprise_id"] = enterprise.id.clone().into();
            payload["enterprise_name"] = enterprise.name.clone().into();
        }
        let origin = Origin::Command { hook, user: user.to_owned(), channel: channel.to_owned() };
        self.enqueue(now, DeliveryKind::Command, command, payload, origin);
        Ok(Sent { trigger_id, response_url })
    }

    /// Clicks a button of a message, or of an ephemeral message of this person's, and confirms if it asks to: the app
    /// hears nothing of a dialog that was dismissed.
    ///
    /// # Errors
    /// When there is no such message or button for this person.
    pub fn click(
        &mut self,
        now: Timestamp,
        user: &str,
        channel: &str,
        ts: &str,
        action_id: &str,
    ) -> Result<Sent, ActionError> {
        self.seen_by(user, channel)?;
        let missing = || ActionError::NoSuchMessage(ts.to_owned());
        let ephemeral =
            self.ephemerals.iter().find(|it| it.ts == ts && it.user == user && it.channel == channel);
        let (parts, message, thread_ts, is_ephemeral) = match ephemeral {
            Some(it) => {
                let message = json!({"type": "message", "text": it.text, "ts": ts, "is_ephemeral": true});
                (it.blocks.clone(), message, it.thread_ts.clone(), true)
            }
            None => {
                let it = self.message(channel, ts).filter(|it| !it.deleted).ok_or_else(missing)?;
                (it.blocks.clone(), self.message_json(channel, it, Detail::FULL), it.thread_ts.clone(), false)
            }
        };
        let (block_id, button) = blocks::find_button(&parts, action_id)
            .ok_or_else(|| ActionError::NoSuchButton(action_id.to_owned()))?;
        let mut container = json!({
            "type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": is_ephemeral,
        });
        if let Some(thread) = thread_ts {
            container["thread_ts"] = thread.into();
        }
        let name = match self.channels.get(channel) {
            Some(it) if it.kind == ChannelKind::Public => it.name.as_str(),
            Some(it) if it.kind == ChannelKind::Private => "privategroup",
            _ => "directmessage",
        };
        let extra = json!({
            "container": container, "channel": {"id": channel, "name": name}, "message": message,
            "state": {"values": {}},
        });
        let action = action_json(block_id, button);
        let origin = Some((ts.to_owned(), is_ephemeral));
        Ok(self.send_action(now, user, channel, action, extra, origin))
    }

    /// Clicks a button of the home tab.
    ///
    /// # Errors
    /// When the home tab has no such button.
    pub fn click_home(&mut self, now: Timestamp, user: &str, action_id: &str) -> Result<Sent, ActionError> {
        self.acting(user)?;
        let missing = || ActionError::NoSuchButton(action_id.to_owned());
        let view = self.homes.get(user).cloned().ok_or_else(missing)?;
        let parts = view["blocks"].as_array().cloned().unwrap_or_default();
        let (block_id, button) = blocks::find_button(&parts, action_id).ok_or_else(missing)?;
        let extra = json!({"container": {"type": "view", "view_id": view["id"]}, "view": view});
        let action = action_json(block_id, button);
        let channel = self.open_dm(now, user);
        Ok(self.send_action(now, user, &channel, action, extra, None))
    }

    /// Chooses a moment (seconds since 1970) in the home tab.
    ///
    /// # Errors
    /// When the home tab has no such picker.
    pub fn choose_home(
        &mut self,
        now: Timestamp,
        user: &str,
        action_id: &str,
        second: i64,
    ) -> Result<Sent, ActionError> {
        self.acting(user)?;
        let missing = || ActionError::NoSuchButton(action_id.to_owned());
        let view = self.homes.get(user).cloned().ok_or_else(missing)?;
        let parts = view["blocks"].as_array().cloned().unwrap_or_default();
        let (block_id, picker) = blocks::find_picker(&parts, action_id).ok_or_else(missing)?;
        let action = json!({
            "type": picker["type"], "action_id": action_id, "block_id": block_id, "selected_date_time": second,
        });
        let extra = json!({"container": {"type": "view", "view_id": view["id"]}, "view": view});
        let channel = self.open_dm(now, user);
        Ok(self.send_action(now, user, &channel, action, extra, None))
    }

    fn send_action(
        &mut self,
        now: Timestamp,
        user: &str,
        channel: &str,
        mut action: Value,
        extra: Value,
        origin: Option<(String, bool)>,
    ) -> Sent {
        let trigger_id = self.new_trigger(now, user);
        let (_, response_url) = self.new_hook(now, user, channel, origin);
        action["action_ts"] = self.event_ts(now).into();
        let name = self.users.get(user).map(|it| it.name.clone());
        let mut payload = json!({
            "type": "block_actions", "token": self.app.verification_token, "api_app_id": self.app.app_id,
            "user": {"id": user, "username": name, "name": name, "team_id": self.team.id},
            "team": self.team_of_payload(), "enterprise": self.enterprise_json(),
            "is_enterprise_install": self.app.org_install, "trigger_id": trigger_id, "actions": [action],
        });
        if extra.get("view").is_none() {
            payload["response_url"] = response_url.clone().into();
        }
        if let (Some(payload), Value::Object(extra)) = (payload.as_object_mut(), extra) {
            payload.extend(extra);
        }
        let origin = Origin::Interaction { user: user.to_owned(), channel: channel.to_owned() };
        self.enqueue(now, DeliveryKind::Interaction, "block_actions", payload, origin);
        Sent { trigger_id, response_url }
    }

    /// Puts an emoji under a message; nothing happens when it stands there already.
    ///
    /// # Errors
    /// When this person does not see the message.
    pub fn react(
        &mut self,
        now: Timestamp,
        user: &str,
        channel: &str,
        ts: &str,
        name: &str,
    ) -> Result<(), ActionError> {
        self.open_to(user, channel)?;
        self.message_mut(channel, ts).ok_or_else(|| ActionError::NoSuchMessage(ts.to_owned()))?;
        self.put_reaction(now, channel, ts, user, name);
        Ok(())
    }

    /// Takes an emoji away; nothing happens when there was none.
    ///
    /// # Errors
    /// When this person does not see the message.
    pub fn unreact(
        &mut self,
        now: Timestamp,
        user: &str,
        channel: &str,
        ts: &str,
        name: &str,
    ) -> Result<(), ActionError> {
        self.open_to(user, channel)?;
        self.message_mut(channel, ts).ok_or_else(|| ActionError::NoSuchMessage(ts.to_owned()))?;
        self.drop_reaction(now, channel, ts, user, name);
        Ok(())
    }

    /// Writes a message, `@name` and `#name` as people type them; gives its `ts`.
    ///
    /// # Errors
    /// When this person cannot write there, or the thread does not exist.
    pub fn post(
        &mut self,
        now: Timestamp,
        user: &str,
        channel: &str,
        text: &str,
        thread_ts: Option<&str>,
    ) -> Result<String, ActionError> {
        self.open_to(user, channel)?;
        if let Some(root) = thread_ts {
            self.message_mut(channel, root).ok_or_else(|| ActionError::NoSuchMessage(root.to_owned()))?;
        }
        let text = mrkdwn::escape_typed(self, text, Style::Bare);
        let author = Author { user: Some(user.to_owned()), ..Author::default() };
        let draft = Draft { author, text, thread_ts: thread_ts.map(str::to_owned), ..Draft::default() };
        Ok(self.add_message(now, channel, draft))
    }

    /// Writes to the bot, opening the conversation when needed; gives channel and `ts`.
    ///
    /// # Errors
    /// When this person cannot write.
    pub fn direct_message(
        &mut self,
        now: Timestamp,
        user: &str,
        text: &str,
    ) -> Result<(String, String), ActionError> {
        self.acting(user)?;
        let channel = self.open_dm(now, user);
        let ts = self.post(now, user, &channel, text, None)?;
        Ok((channel, ts))
    }

    /// Deletes a message, whoever wrote it.
    ///
    /// # Errors
    /// When there is no such message.
    pub fn delete_message(&mut self, now: Timestamp, channel: &str, ts: &str) -> Result<(), ActionError> {
        self.message_mut(channel, ts).ok_or_else(|| ActionError::NoSuchMessage(ts.to_owned()))?;
        self.remove_message(now, channel, ts);
        Ok(())
    }

    /// Opens the app's home tab.
    ///
    /// # Errors
    /// When this person cannot.
    pub fn open_home(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        self.acting(user)?;
        let channel = self.open_dm(now, user);
        let event_ts = self.event_ts(now);
        let mut event = json!({
            "type": "app_home_opened", "user": user, "channel": channel, "tab": "home", "event_ts": event_ts,
        });
        if let Some(view) = self.homes.get(user) {
            event["view"] = view.clone();
        }
        self.emit(now, "app_home_opened", event);
        Ok(())
    }
}

fn action_json(block_id: &str, button: &Value) -> Value {
    let mut action = json!({
        "type": "button", "action_id": button["action_id"], "block_id": block_id, "text": button["text"],
    });
    for field in ["value", "style", "url", "confirm"] {
        if let Some(value) = button.get(field) {
            action[field] = value.clone();
        }
    }
    action
}
