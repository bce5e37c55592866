//! What changes around the messages: accounts, membership, channels, installation.

use jiff::Timestamp;
use serde_json::json;

use crate::actions::ActionError;
use crate::model::User;
use crate::world::World;

impl World {
    pub(crate) fn changing(&mut self, user: &str) -> Result<&mut User, ActionError> {
        self.users.get_mut(user).ok_or_else(|| ActionError::NoSuchUser(user.to_owned()))
    }

    fn known_channel(&self, channel: &str) -> Result<(), ActionError> {
        let known = self.channels.contains_key(channel);
        if known { Ok(()) } else { Err(ActionError::NoSuchChannel(channel.to_owned())) }
    }

    /// Deactivates an account. Slack keeps it listed as a channel member for a while; so does this.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn deactivate(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        self.changing(user)?.deleted = true;
        self.announce_user(now, "user_change", user);
        Ok(())
    }

    /// Brings an account back.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn reactivate(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        self.changing(user)?.deleted = false;
        self.announce_user(now, "user_change", user);
        Ok(())
    }

    /// Makes somebody a guest of several channels.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn make_guest(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        self.set_guest(now, user, true, false)
    }

    /// Makes somebody a guest of a single channel; Slack then sets both marks.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn make_single_channel_guest(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        self.set_guest(now, user, true, true)
    }

    /// Makes a guest a full member.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn make_full_member(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        self.set_guest(now, user, false, false)
    }

    fn set_guest(
        &mut self,
        now: Timestamp,
        user: &str,
        restricted: bool,
        ultra: bool,
    ) -> Result<(), ActionError> {
        let found = self.changing(user)?;
        found.is_restricted = restricted;
        found.is_ultra_restricted = ultra;
        self.announce_user(now, "user_change", user);
        Ok(())
    }

    /// Somebody new joins the workspace.
    pub fn add_user(&mut self, now: Timestamp, user: User) {
        let id = user.id.clone();
        self.users.insert(id.clone(), user);
        self.announce_user(now, "team_join", &id);
    }

    /// Joins a channel.
    ///
    /// # Errors
    /// When there is no such person or channel.
    pub fn join(&mut self, now: Timestamp, user: &str, channel: &str) -> Result<(), ActionError> {
        self.changing(user)?;
        self.known_channel(channel)?;
        self.add_member(now, channel, user, None);
        Ok(())
    }

    /// Leaves a channel.
    ///
    /// # Errors
    /// When there is no such person or channel.
    pub fn leave(&mut self, now: Timestamp, user: &str, channel: &str) -> Result<(), ActionError> {
        self.changing(user)?;
        self.known_channel(channel)?;
        let heard = self.bot_is_member(channel);
        let Some(found) = self.channels.get_mut(channel) else {
            return Ok(());
        };
        let before = found.members.len();
        found.members.retain(|id| id != user);
        if heard && found.members.len() < before {
            let found = found.clone();
            self.announce_member(now, "member_left_channel", user, &found, None);
        }
        Ok(())
    }

    /// Brings the bot into a channel.
    ///
    /// # Errors
    /// When there is no such channel or inviter.
    pub fn invite_bot(&mut self, now: Timestamp, inviter: &str, channel: &str) -> Result<(), ActionError> {
        self.changing(inviter)?;
        self.known_channel(channel)?;
        let bot = self.app.bot_user.clone();
        self.add_member(now, channel, &bot, Some(inviter));
        Ok(())
    }

    /// Removes the bot from a channel.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn kick_bot(&mut self, now: Timestamp, channel: &str) -> Result<(), ActionError> {
        let bot = self.app.bot_user.clone();
        self.leave(now, &bot, channel)
    }

    pub(crate) fn add_member(&mut self, now: Timestamp, channel: &str, user: &str, inviter: Option<&str>) {
        let Some(found) = self.channels.get_mut(channel) else {
            return;
        };
        if found.members.iter().any(|id| id == user) {
            return;
        }
        found.members.push(user.to_owned());
        let found = found.clone();
        if self.bot_is_member(channel) {
            self.announce_member(now, "member_joined_channel", user, &found, inviter);
        }
    }

    /// Archives a channel.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn archive(&mut self, channel: &str) -> Result<(), ActionError> {
        self.set_archived(channel, true)
    }

    /// Brings a channel back.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn unarchive(&mut self, channel: &str) -> Result<(), ActionError> {
        self.set_archived(channel, false)
    }

    fn set_archived(&mut self, channel: &str, archived: bool) -> Result<(), ActionError> {
        let found = self.channels.get_mut(channel);
        found.ok_or_else(|| ActionError::NoSuchChannel(channel.to_owned()))?.archived = archived;
        Ok(())
    }

    /// Gives a channel another id, as when a private channel becomes shared; messages move along.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn change_channel_id(&mut self, now: Timestamp, old: &str, new: &str) -> Result<(), ActionError> {
        let found = self.channels.remove(old);
        let mut found = found.ok_or_else(|| ActionError::NoSuchChannel(old.to_owned()))?;
        new.clone_into(&mut found.id);
        self.channels.insert(new.to_owned(), found);
        let event_ts = self.event_ts(now);
        let event = json!({
            "type": "channel_id_changed", "old_channel_id": old, "new_channel_id": new, "event_ts": event_ts,
        });
        self.emit_in(now, "channel_id_changed", new, event);
        Ok(())
    }

    /// Sets the members of a user group.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn set_group(&mut self, now: Timestamp, group: &str, users: &[&str]) -> Result<(), ActionError> {
        let missing = || ActionError::NoSuchGroup(group.to_owned());
        let found = self.groups.get_mut(group).ok_or_else(missing)?;
        let before = std::mem::replace(&mut found.users, users.iter().map(|&id| id.to_owned()).collect());
        let added: Vec<&String> = found.users.iter().filter(|id| !before.contains(id)).collect();
        let removed: Vec<&String> = before.iter().filter(|id| !found.users.contains(id)).collect();
        let event = json!({
            "type": "subteam_members_changed", "subteam_id": group, "team_id": self.team.id,
            "date_previous_update": 0, "date_update": now.as_second(),
            "added_users": added, "added_users_count": added.len().to_string(),
            "removed_users": removed, "removed_users_count": removed.len().to_string(),
        });
        self.emit(now, "subteam_members_changed", event);
        Ok(())
    }

    /// Revokes the app's tokens: calls fail with `token_revoked`, and the app hears `tokens_revoked`.
    pub fn revoke_tokens(&mut self, now: Timestamp) {
        self.app.tokens_valid = false;
        let event_ts = self.event_ts(now);
        let tokens = json!({"oauth": [], "bot": [self.app.bot_user]});
        let event = json!({"type": "tokens_revoked", "tokens": tokens, "event_ts": event_ts});
        self.emit(now, "tokens_revoked", event);
    }

    /// Makes the same tokens valid again.
    pub fn restore_tokens(&mut self) {
        self.app.tokens_valid = true;
    }

    /// Removes the app: `app_uninstalled` and `tokens_revoked`, in no order one may rely on.
    pub fn uninstall(&mut self, now: Timestamp) {
        let event_ts = self.event_ts(now);
        self.emit(now, "app_uninstalled", json!({"type": "app_uninstalled", "event_ts": event_ts}));
        self.revoke_tokens(now);
    }
}
