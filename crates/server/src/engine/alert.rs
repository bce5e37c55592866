//! Telling those who keep the bot what they must see to.

use pagerslack_core::{ChannelId, IncidentId, Job, JobKind, RotationId, TeamId, UserId};
use pagerslack_slack::words::Said;
use pagerslack_store::ClaimedJob;

use super::send::Place;
use super::{Engine, StepError};

impl Engine {
    /// Tells the admin of the configuration something, once; the log has it in any case. Without an admin that is
    /// all.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn alert(&self, team: &TeamId, text: String) -> Result<(), StepError> {
        let settings = self.settings();
        let Some((_, to)) = settings.admin() else { return Ok(()) };
        let rotation = RotationId::new(team.clone(), ChannelId::new(to));
        let id = IncidentId::derive(&rotation, &format!("{} {text}", self.now()));
        let job = Job::new(&rotation, &id, JobKind::Alert { to: to.to_owned(), text }, self.now());
        self.add_jobs(&rotation, &id, vec![job]).await
    }

    /// Posts it to the channel, or to the person directly.
    pub(super) async fn send_alert(&self, job: &ClaimedJob, to: &str, text: &str) -> Result<(), StepError> {
        let team = &job.job.rotation.team;
        let channel = if to.starts_with(['U', 'W']) {
            match self.directory.direct_channel(self.background(team), &UserId::new(to)).await {
                Ok(channel) => channel,
                Err(error) => return self.give_up_or_retry(job, &error).await,
            }
        } else {
            ChannelId::new(to)
        };
        let said = Said::paragraph(pagerslack_slack::text::escape(text));
        self.courtesy(job, &Place { channel, thread: None }, said).await
    }
}
