//! What people set about themselves: presence, do-not-disturb, status, time zone.

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::actions::ActionError;
use crate::model::{Dnd, Presence, Status};
use crate::world::World;

/// docs.slack.dev/apis/web-api/user-presence-and-status
const LONGEST_STATUS: usize = 100;

impl World {
    /// Comes or goes. The Events API tells nobody.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn set_presence(&mut self, user: &str, presence: Presence) -> Result<(), ActionError> {
        self.changing(user)?.presence = presence;
        Ok(())
    }

    /// Pauses notifications for a while.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn set_dnd(
        &mut self,
        now: Timestamp,
        user: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<(), ActionError> {
        self.changing(user)?.dnd.window = Some((from, until));
        self.announce_dnd(now, user)
    }

    /// Pauses notifications from now on, as "Pause notifications for …" does; a pause already under way is replaced.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn snooze(&mut self, now: Timestamp, user: &str, length: SignedDuration) -> Result<(), ActionError> {
        self.set_dnd(now, user, now, now.saturating_add(length).unwrap_or(now))
    }

    /// Resumes notifications: a pause is over, and so is the daily window if it holds now; the next one comes.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn end_dnd(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        let dnd = &mut self.changing(user)?.dnd;
        dnd.window = None;
        dnd.resumed = Some(now);
        self.announce_dnd(now, user)
    }

    /// Pauses notifications every day between two times of this person's time zone.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn set_daily_dnd(
        &mut self,
        now: Timestamp,
        user: &str,
        from: Time,
        until: Time,
    ) -> Result<(), ActionError> {
        let dnd = &mut self.changing(user)?.dnd;
        dnd.daily = Some((from, until));
        dnd.resumed = None;
        self.announce_dnd(now, user)
    }

    /// Forgets the daily window; a pause under way goes on.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn forget_daily_dnd(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        self.changing(user)?.dnd.daily = None;
        self.announce_dnd(now, user)
    }

    /// Ends every pause and forgets the daily window.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn clear_dnd(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        self.changing(user)?.dnd = Dnd::default();
        self.announce_dnd(now, user)
    }

    fn announce_dnd(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        let found = self.users.get(user).ok_or_else(|| ActionError::NoSuchUser(user.to_owned()))?;
        let status = self.dnd_json(now, found);
        let event_ts = self.event_ts(now);
        let event =
            json!({"type": "dnd_updated_user", "user": user, "dnd_status": status, "event_ts": event_ts});
        self.emit(now, "dnd_updated_user", event);
        Ok(())
    }

    /// Changes a profile status; `until` in Unix seconds, 0 for never. At that time Slack clears it by itself: see
    /// [`World::tick`].
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn set_status(
        &mut self,
        now: Timestamp,
        user: &str,
        emoji: &str,
        text: &str,
        until: i64,
    ) -> Result<(), ActionError> {
        let text = text.chars().take(LONGEST_STATUS).collect();
        self.changing(user)?.status = Status { text, emoji: emoji.to_owned(), expiration: until };
        self.announce_user(now, "user_change", user);
        Ok(())
    }

    /// Removes a profile status.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn clear_status(&mut self, now: Timestamp, user: &str) -> Result<(), ActionError> {
        self.set_status(now, user, "", "", 0)
    }

    /// Does what time does by itself: statuses that have run out are cleared, each at its own moment, and announced
    /// with `user_change`. [`World::http`] and [`World::take_due`] begin with this, and [`World::next_due`] counts it.
    pub fn tick(&mut self, now: Timestamp) {
        while let Some((at, user)) = self.next_expiry().filter(|(at, _)| *at <= now) {
            if let Some(user) = self.users.get_mut(&user) {
                user.status = Status::default();
            }
            self.announce_user(at, "user_change", &user);
        }
    }

    /// The status that runs out first.
    pub(crate) fn next_expiry(&self) -> Option<(Timestamp, String)> {
        let ends = self.users.values().filter(|user| user.status.expiration > 0).filter_map(|user| {
            let at = Timestamp::from_second(user.status.expiration).ok()?;
            Some((at, user.id.clone()))
        });
        ends.min()
    }

    /// Moves to another time zone, as travellers do.
    ///
    /// # Errors
    /// When nobody has this id.
    pub fn set_time_zone(&mut self, now: Timestamp, user: &str, tz: &str) -> Result<(), ActionError> {
        self.changing(user)?.tz = Some(tz.to_owned());
        self.announce_user(now, "user_change", user);
        Ok(())
    }
}
