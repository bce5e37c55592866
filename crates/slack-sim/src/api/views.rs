//! `views.*`: home tabs and modals.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Args, Refusal, Reply};
use crate::blocks;
use crate::outbox::PATIENCE;
use crate::world::World;

/// docs.slack.dev/reference/methods/views.publish
const LARGEST_VIEW: usize = 250_000;

impl World {
    pub(super) fn publish_view(&mut self, now: Timestamp, args: &Args) -> Reply {
        let user = args.text("user_id");
        if !self.users.contains_key(&user) {
            return Err(invalid("invalid `user_id`"));
        }
        let view = read_view(args, "home")?;
        if !self.app.home_tab {
            return Err("not_enabled".into());
        }
        let current = self.homes.get(&user);
        let hash = args.some("hash");
        if hash.is_some_and(|hash| current.is_some_and(|view| view["hash"] != hash)) {
            return Err("hash_conflict".into());
        }
        let id = current.and_then(|view| view["id"].as_str().map(str::to_owned));
        let view = self.stored_view(now, view, id);
        self.homes.insert(user, view.clone());
        Ok(json!({"view": view}))
    }

    pub(super) fn open_view(&mut self, now: Timestamp, args: &Args) -> Reply {
        let lateness = self.lateness;
        let trigger = self.triggers.get_mut(&args.text("trigger_id")).ok_or("invalid_trigger_id")?;
        if trigger.used {
            return Err("exchanged_trigger_id".into());
        }
        if lateness && now.duration_since(trigger.since) > PATIENCE {
            return Err("expired_trigger_id".into());
        }
        let user = trigger.user.clone();
        let view = read_view(args, "modal")?;
        if let Some(trigger) = self.triggers.get_mut(&args.text("trigger_id")) {
            trigger.used = true;
        }
        let view = self.stored_view(now, view, None);
        self.modals.push((user, view.clone()));
        Ok(json!({"view": view}))
    }

    pub(crate) fn stored_view(&mut self, now: Timestamp, mut view: Value, id: Option<String>) -> Value {
        let id = id.unwrap_or_else(|| format!("V{:08}", self.next_number()));
        if let Some(blocks) = view["blocks"].as_array_mut() {
            blocks::complete(blocks, &id);
        }
        let hash = self.event_ts(now);
        let mut stored = json!({
            "id": id, "team_id": self.team.id, "state": {"values": {}}, "hash": hash, "close": null,
            "submit": null, "private_metadata": "", "callback_id": "", "clear_on_close": false,
            "notify_on_close": false, "root_view_id": id, "previous_view_id": null,
            "app_id": self.app.app_id, "external_id": "", "bot_id": self.app.bot_id,
        });
        super::merge(&mut stored, view);
        stored
    }
}

fn read_view(args: &Args, kind: &str) -> Result<Value, Refusal> {
    let Some(Ok(view @ Value::Object(_))) = args.json("view") else {
        return Err(invalid("[ERROR] missing required field: view"));
    };
    if view.to_string().len() > LARGEST_VIEW {
        return Err("view_too_large".into());
    }
    if view["type"] != kind {
        return Err(invalid("[ERROR] unsupported type [json-pointer:/view/type]"));
    }
    let blocks =
        view["blocks"].as_array().ok_or_else(|| invalid("[ERROR] missing required field: blocks"))?;
    blocks::check_view(blocks).map_err(|reason| invalid(&format!("[ERROR] {reason}")))?;
    Ok(view)
}

fn invalid(reason: &str) -> Refusal {
    Refusal::new("invalid_arguments").with("response_metadata", json!({"messages": [reason]}))
}
