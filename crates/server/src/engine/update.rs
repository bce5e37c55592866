//! Bringing messages up to date that stand already. Doing it twice does no harm.

use pagerslack_core::{Incident, MessageRef};
use pagerslack_slack::words::{self, Said};
use pagerslack_store::{ClaimedJob, Disposal};

use super::{Engine, StepError};

impl Engine {
    /// Brings a message up to date; twice does no harm.
    pub(super) async fn update(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        message: Option<&MessageRef>,
        said: Option<Said>,
    ) -> Result<(), StepError> {
        let (Some(message), Some(said)) = (message, said) else {
            return self.dispose(job, Disposal::Done).await;
        };
        let (now, team, permit) = (self.now(), &job.job.rotation.team, self.permit(job));
        let caller = self.background(team).permitted(&permit);
        match self.client.update_message(caller, message, &said.text, &said.blocks).await {
            Ok(()) => {
                // A newer state may have been shown meanwhile, and this one over it.
                let moved =
                    self.incident_of(job).await?.is_some_and(|after| after.retold_at != incident.retold_at);
                let disposal =
                    if moved { Disposal::Again { due: now, doubtful: false } } else { Disposal::Done };
                self.dispose(job, disposal).await
            }
            Err(error) => self.give_up_or_retry(job, &error).await,
        }
    }

    /// Takes the button off every message of a managers' page.
    pub(super) async fn update_managers(
        &self,
        job: &ClaimedJob,
        incident: &Incident,
        round: u32,
    ) -> Result<(), StepError> {
        let Some((said, round)) = words::managers_over(incident).zip(incident.manager_round(round)) else {
            return self.dispose(job, Disposal::Done).await;
        };
        let (team, permit) = (&job.job.rotation.team, self.permit(job));
        for message in &round.messages {
            let caller = self.background(team).permitted(&permit);
            if let Err(error) = self.client.update_message(caller, message, &said.text, &said.blocks).await {
                return self.give_up_or_retry(job, &error).await;
            }
        }
        self.dispose(job, Disposal::Done).await
    }
}
