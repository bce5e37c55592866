//! The app about itself: `auth.test`, installation, Socket Mode, its workspace.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Args, Reply};
use crate::world::World;

/// docs.slack.dev/authentication/installing-with-oauth: a code lives ten minutes.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);

impl World {
    pub(super) fn auth_test(&self) -> Value {
        let name = self.users.get(&self.app.bot_user).map(|bot| bot.name.clone());
        json!({
            "url": format!("https://{}.slack.com/", self.team.domain), "team": self.team.name,
            "user": name, "team_id": self.team.id, "user_id": self.app.bot_user,
            "bot_id": self.app.bot_id, "is_enterprise_install": false,
        })
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

    /// What a browser brings back to the app's redirect URI after somebody agreed to install it.
    pub fn issue_code(&mut self, now: Timestamp, redirect_uri: &str) -> String {
        let number = self.next_number();
        let code = format!("{}.code.{number:08}", self.team.id);
        self.codes.insert(code.clone(), (now, redirect_uri.to_owned()));
        code
    }

    pub(super) fn oauth_access(&mut self, now: Timestamp, args: &Args) -> Reply {
        if args.has("client_id") && args.text("client_id") != self.app.client_id {
            return Err("invalid_client_id".into());
        }
        if args.has("client_secret") && args.text("client_secret") != self.app.client_secret {
            return Err("bad_client_secret".into());
        }
        let code = args.text("code");
        let (since, redirect_uri) = self.codes.get(&code).ok_or("invalid_code")?.clone();
        if now.duration_since(since) > CODE_LIFE {
            return Err("invalid_code".into());
        }
        if args.has("redirect_uri") && args.text("redirect_uri") != redirect_uri {
            return Err("bad_redirect_uri".into());
        }
        self.codes.remove(&code);
        self.app.tokens_valid = true;
        let installer =
            self.users.values().find(|user| !user.is_bot && !user.deleted).map(|user| user.id.clone());
        Ok(json!({
            "access_token": self.app.bot_token, "token_type": "bot",
            "scope": self.app.scopes.iter().cloned().collect::<Vec<_>>().join(","),
            "bot_user_id": self.app.bot_user, "app_id": self.app.app_id,
            "team": {"id": self.team.id, "name": self.team.name}, "enterprise": null,
            "authed_user": {"id": installer.unwrap_or_default()}, "is_enterprise_install": false,
        }))
    }
}
