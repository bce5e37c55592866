//! The app about itself: `auth.test`, Socket Mode, its workspace.

use serde_json::{Value, json};

use super::{Args, Reply};
use crate::world::World;

impl World {
    pub(super) fn auth_test(&self) -> Value {
        let name = self.users.get(&self.app.bot_user).map(|bot| bot.name.clone());
        let mut answer = json!({
            "url": format!("https://{}.slack.com/", self.team.domain), "team": self.team.name,
            "user": name, "team_id": self.team.id, "user_id": self.app.bot_user,
            "bot_id": self.app.bot_id, "is_enterprise_install": self.app.org_install,
        });
        if let Some(enterprise) = &self.enterprise {
            answer["enterprise_id"] = enterprise.id.clone().into();
        }
        answer
    }

    pub(super) fn team_info(&self) -> Value {
        json!({"team": {
            "id": self.team.id, "name": self.team.name, "domain": self.team.domain,
            "url": format!("https://{}.slack.com/", self.team.domain), "email_domain": "",
            "icon": {"image_default": true}, "is_verified": false,
        }})
    }

    pub(super) fn bots_info(&self, args: &Args) -> Reply {
        if args.text("bot") != self.app.bot_id {
            return Err("bot_not_found".into());
        }
        Ok(json!({"bot": {
            "id": self.app.bot_id, "deleted": false, "name": self.app.name, "updated": 0,
            "app_id": self.app.app_id, "user_id": self.app.bot_user,
            "icons": {"image_36": "", "image_48": "", "image_72": ""},
        }}))
    }

    pub(super) fn open_connection(&mut self) -> Value {
        let ticket = format!("ticket-{:08}", self.next_number());
        let base = self.public_url.replacen("http", "ws", 1);
        self.tickets.insert(ticket.clone());
        json!({"url": format!("{base}/link/{ticket}")})
    }

    /// Uses up a Socket Mode address; false when it is unknown or used.
    pub fn redeem_ticket(&mut self, ticket: &str) -> bool {
        self.tickets.remove(ticket)
    }
}
