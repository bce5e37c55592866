//! `users.*`, `dnd.*` and `usergroups.*`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Args, Reply};
use crate::model::{Presence, User};
use crate::world::World;

/// docs.slack.dev/reference/methods/dnd.teamInfo: at most fifty at once.
const MOST_DND_USERS: usize = 50;

impl World {
    fn wanted_user(&self, args: &Args) -> Result<&User, &'static str> {
        let id = args.some("user").unwrap_or_else(|| self.app.bot_user.clone());
        self.users.get(&id).ok_or("user_not_found")
    }

    pub(super) fn user_info(&self, now: Timestamp, args: &Args) -> Reply {
        let user = self.users.get(&args.text("user")).ok_or("user_not_found")?;
        Ok(json!({"user": self.user_json(now, user)}))
    }

    pub(super) fn user_list(&self, now: Timestamp, args: &Args) -> Reply {
        if !args.has("limit") {
            return Err("limit_required".into());
        }
        let limit = args.limit(100, 1000).ok_or("invalid_arguments")?;
        let all: Vec<&User> = self.users.values().collect();
        let (page, next) = self.page(&all, args, "user", limit)?;
        let members: Vec<Value> = page.iter().map(|user| self.user_json(now, user)).collect();
        Ok(json!({
            "members": members, "cache_ts": now.as_second(), "response_metadata": {"next_cursor": next},
        }))
    }

    pub(super) fn user_by_email(&self, now: Timestamp, args: &Args) -> Reply {
        let email = args.text("email").to_lowercase();
        let found = self
            .users
            .values()
            .find(|it| !it.deleted && !email.is_empty() && it.email.to_lowercase() == email);
        Ok(json!({"user": self.user_json(now, found.ok_or("users_not_found")?)}))
    }

    pub(super) fn get_presence(&self, now: Timestamp, args: &Args) -> Reply {
        let user = self.wanted_user(args)?;
        let presence = self.presence(&user.id);
        if user.id != self.app.bot_user {
            return Ok(json!({"presence": presence.as_str()}));
        }
        let online = presence == Presence::Active;
        Ok(json!({
            "presence": presence.as_str(), "online": online, "auto_away": false, "manual_away": false,
            "connection_count": 0, "last_activity": now.as_second(),
        }))
    }

    pub(super) fn dnd_info(&self, now: Timestamp, args: &Args) -> Reply {
        let user = self.wanted_user(args)?;
        let mut info = self.dnd_json(now, user);
        if user.id == self.app.bot_user {
            info["snooze_enabled"] = false.into();
        }
        Ok(info)
    }

    pub(super) fn dnd_team_info(&self, now: Timestamp, args: &Args) -> Reply {
        let wanted = args.list("users");
        if wanted.is_empty() {
            return Err("no_users_provided".into());
        }
        if wanted.len() > MOST_DND_USERS {
            return Err("invalid_arguments".into());
        }
        let known = wanted.iter().filter_map(|id| self.users.get(id));
        let users: Map<String, Value> =
            known.map(|user| (user.id.clone(), self.dnd_json(now, user))).collect();
        Ok(json!({"users": users}))
    }

    pub(super) fn usergroup_users(&self, args: &Args) -> Reply {
        let group = self.groups.get(&args.text("usergroup")).ok_or("no_such_subteam")?;
        Ok(json!({"users": group.users}))
    }

    pub(super) fn usergroups(&self) -> Value {
        let groups = self.groups.values().map(|group| {
            json!({
                "id": group.id, "team_id": self.team.id, "is_usergroup": true, "name": group.name,
                "handle": group.handle, "description": "", "is_external": false, "date_delete": 0,
                "user_count": group.users.len(),
            })
        });
        json!({"usergroups": groups.collect::<Vec<_>>()})
    }
}
