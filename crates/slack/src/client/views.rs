//! Views: the Home tab of each person, and dialogs.

use pagerslack_core::ids::UserId;
use serde_json::{Value, json};

use super::error::CallError;
use super::{Arguments, Caller, Client};
use crate::method::Method;

impl Client {
    /// Shows somebody their Home tab (views.publish), in the place of what they saw there.
    ///
    /// # Errors
    ///
    /// `not_enabled` where the app has no Home tab. After [`CallError::Unknown`] the same may be published again.
    pub async fn publish_home(
        &self,
        caller: Caller<'_>,
        user: &UserId,
        view: &Value,
    ) -> Result<(), CallError> {
        let arguments = Arguments::Json(json!({ "user_id": user, "view": view }));
        self.call(caller, Method::ViewsPublish, None, arguments).await.map(drop)
    }

    /// Opens a dialog (views.open).
    ///
    /// # Errors
    ///
    /// A trigger is good for one dialog, within three seconds: `expired_trigger_id`, `exchanged_trigger_id`.
    pub async fn open_view(
        &self,
        caller: Caller<'_>,
        trigger_id: &str,
        view: &Value,
    ) -> Result<(), CallError> {
        let arguments = Arguments::Json(json!({ "trigger_id": trigger_id, "view": view }));
        self.call(caller, Method::ViewsOpen, None, arguments).await.map(drop)
    }
}
