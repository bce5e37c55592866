//! `reactions.*`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Args, Reply};
use crate::json::Detail;
use crate::model::Reaction;
use crate::world::World;

impl World {
    pub(super) fn add_reaction(&mut self, now: Timestamp, args: &Args) -> Reply {
        if !args.has("channel") || !args.has("timestamp") {
            return Err("no_item_specified".into());
        }
        let channel = self.visible_channel(&args.text("channel"))?;
        let (id, archived) = (channel.id.clone(), channel.archived);
        let (ts, name) = (args.text("timestamp"), args.text("name"));
        if name.is_empty() || name.contains(|c: char| c.is_whitespace()) {
            return Err("invalid_name".into());
        }
        if archived {
            return Err("is_archived".into());
        }
        self.message(&id, &ts).filter(|it| !it.deleted).ok_or("message_not_found")?;
        if !self.bot_is_member(&id) {
            // Documented for canvases; no other error fits a bot outside the channel.
            return Err("no_access".into());
        }
        let bot = self.app.bot_user.clone();
        let added = self.put_reaction(now, &id, &ts, &bot, name.trim_matches(':'));
        if added { Ok(json!({})) } else { Err("already_reacted".into()) }
    }

    pub(super) fn get_reactions(&self, args: &Args) -> Reply {
        if !args.has("channel") || !args.has("timestamp") {
            return Err("no_item_specified".into());
        }
        let channel = self.visible_channel(&args.text("channel"))?;
        let ts = args.text("timestamp");
        let message = self.message(&channel.id, &ts).filter(|it| !it.deleted).ok_or("message_not_found")?;
        let detail = Detail { metadata: false, reactions: args.flag("full") };
        let mut json = self.message_json(&channel.id, message, detail);
        json["permalink"] = Value::from(self.permalink_of(&channel.id, &ts));
        Ok(json!({"type": "message", "channel": channel.id, "message": json}))
    }

    /// Adds a reaction and tells; false when it stood there already.
    pub(crate) fn put_reaction(
        &mut self,
        now: Timestamp,
        channel: &str,
        ts: &str,
        user: &str,
        name: &str,
    ) -> bool {
        let Some(message) = self.message_mut(channel, ts) else {
            return false;
        };
        match message.reactions.iter_mut().find(|it| it.name == name) {
            Some(reaction) if reaction.users.iter().any(|id| id == user) => return false,
            Some(reaction) => reaction.users.push(user.to_owned()),
            None => {
                message.reactions.push(Reaction { name: name.to_owned(), users: vec![user.to_owned()] });
            }
        }
        self.announce_reaction(now, "reaction_added", user, channel, ts, name);
        true
    }

    /// Takes a reaction away and tells; false when there was none.
    pub(crate) fn drop_reaction(
        &mut self,
        now: Timestamp,
        channel: &str,
        ts: &str,
        user: &str,
        name: &str,
    ) -> bool {
        let Some(message) = self.message_mut(channel, ts) else {
            return false;
        };
        let Some(reaction) = message.reactions.iter_mut().find(|it| it.name == name) else {
            return false;
        };
        let Some(at) = reaction.users.iter().position(|id| id == user) else {
            return false;
        };
        reaction.users.remove(at);
        message.reactions.retain(|it| !it.users.is_empty());
        self.announce_reaction(now, "reaction_removed", user, channel, ts, name);
        true
    }
}
