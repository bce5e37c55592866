//! Modals in people's clients: submitted, closed, and what the app's answer to a submission does.
//!
//! docs.slack.dev/surfaces/modals: an empty answer closes the modal; `response_action` may show errors, change the
//! view, put another on top, or clear all.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::actions::ActionError;
use crate::blocks;
use crate::delivery::DeliveryKind;
use crate::outbox::Origin;
use crate::world::World;

impl World {
    /// Submits a modal with what was filled in: values by block and action id, as `view.state.values` holds them.
    /// The modal closes when the app has answered, unless it answers otherwise.
    ///
    /// # Errors
    /// When this person sees no such modal, or it has nothing to submit.
    pub fn submit_modal(
        &mut self,
        now: Timestamp,
        user: &str,
        view_id: &str,
        values: Value,
    ) -> Result<(), ActionError> {
        self.acting(user)?;
        let missing = || ActionError::NoSuchModal(view_id.to_owned());
        let view = self.modal(user, view_id).filter(|view| !view["submit"].is_null()).ok_or_else(missing)?;
        view["state"] = json!({"values": values});
        if let Some(view) = view.as_object_mut() {
            view.shift_remove(ERRORS);
        }
        let view = view.clone();
        let trigger_id = self.new_trigger(now, user);
        let mut payload = self.view_payload("view_submission", user, view);
        payload["trigger_id"] = trigger_id.into();
        payload["response_urls"] = json!([]);
        let origin = Origin::Submission { user: user.to_owned(), view: view_id.to_owned() };
        self.enqueue(now, DeliveryKind::Interaction, "view_submission", payload, origin);
        Ok(())
    }

    /// Closes a modal without submitting it; the app hears of it when it asked to with `notify_on_close`.
    ///
    /// # Errors
    /// When this person sees no such modal.
    pub fn close_modal(&mut self, now: Timestamp, user: &str, view_id: &str) -> Result<(), ActionError> {
        self.acting(user)?;
        let found = self.modal(user, view_id).cloned();
        let view = found.ok_or_else(|| ActionError::NoSuchModal(view_id.to_owned()))?;
        self.drop_modal(user, view_id);
        if view["notify_on_close"] == true {
            let mut payload = self.view_payload("view_closed", user, view);
            payload["is_cleared"] = false.into();
            let origin = Origin::Submission { user: user.to_owned(), view: String::new() };
            self.enqueue(now, DeliveryKind::Interaction, "view_closed", payload, origin);
        }
        Ok(())
    }

    /// What the app found wrong with the last submission: sentences by block id.
    #[must_use]
    pub fn modal_errors(&self, user: &str, view_id: &str) -> Option<&Value> {
        let mut views = self.modals(user).into_iter();
        views.find(|view| view["id"] == view_id).and_then(|view| view.get(ERRORS))
    }

    fn view_payload(&self, kind: &str, user: &str, mut view: Value) -> Value {
        if let Some(view) = view.as_object_mut() {
            view.shift_remove(ERRORS);
        }
        let name = self.users.get(user).map(|it| it.name.clone());
        json!({
            "type": kind, "token": self.app.verification_token, "api_app_id": self.app.app_id,
            "user": {"id": user, "username": name, "name": name, "team_id": self.team.id},
            "team": self.team_of_payload(), "enterprise": self.enterprise_json(),
            "is_enterprise_install": self.app.org_install, "view": view,
        })
    }

    fn modal(&mut self, user: &str, view_id: &str) -> Option<&mut Value> {
        let mut views = self.modals.iter_mut();
        views.find(|(whose, view)| whose == user && view["id"] == view_id).map(|(_, view)| view)
    }

    fn drop_modal(&mut self, user: &str, view_id: &str) {
        self.modals.retain(|(whose, view)| whose != user || view["id"] != view_id);
    }

    /// The app's answer to a submission. One that Slack would not understand leaves the modal open.
    pub(crate) fn answer_submission(&mut self, now: Timestamp, user: &str, view_id: &str, body: &Bytes) {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        match answer["response_action"].as_str() {
            None => self.drop_modal(user, view_id),
            Some("clear") => self.modals.retain(|(whose, _)| whose != user),
            Some("errors") => {
                if let Some(view) = self.modal(user, view_id) {
                    view[ERRORS] = answer["errors"].clone();
                }
            }
            Some(action @ ("update" | "push")) => self.show_view(now, user, view_id, action, &answer["view"]),
            Some(_) => {}
        }
    }

    fn show_view(&mut self, now: Timestamp, user: &str, view_id: &str, action: &str, view: &Value) {
        let parts = view["blocks"].as_array().map_or(&[][..], Vec::as_slice);
        if view["type"] != "modal" || blocks::check_view(parts).is_err() {
            return;
        }
        let kept = (action == "update").then(|| view_id.to_owned());
        let stored = self.stored_view(now, view.clone(), kept);
        match self.modal(user, view_id) {
            Some(shown) if action == "update" => *shown = stored,
            _ => self.modals.push((user.to_owned(), stored)),
        }
    }
}

/// Kept within a view, and never sent: what its last submission was refused for.
const ERRORS: &str = "simulated_errors";
