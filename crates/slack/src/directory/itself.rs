//! Who the bot is.

use pagerslack_core::ids::{TeamId, UserId};

use super::Directory;
use crate::client::{CallError, Caller};

impl Directory {
    /// Forgets all of a workspace: the app was installed there anew, and may have another bot.
    pub fn forget(&self, team: &TeamId) {
        self.known().forget(team);
    }

    /// Who the bot is in a workspace. That never changes while the app is installed, so it is asked once.
    ///
    /// # Errors
    ///
    /// When Slack had to be asked and did not say.
    pub async fn itself(&self, caller: Caller<'_>) -> Result<UserId, CallError> {
        let remembered = self.known().itself.get(caller.team).cloned();
        if let Some(user) = remembered {
            return Ok(user);
        }
        let own = self.client.auth_test(caller).await?;
        self.known().itself.insert(caller.team.clone(), own.user.clone());
        Ok(own.user)
    }
}
