//! Asking how it went on, when it is working time for whoever took the incident.

use pagerslack_core::{Job, JobKind, Message, Phase};
use pagerslack_store::{ClaimedJob, Commit, Disposal};

use super::{Engine, StepError};

impl Engine {
    /// Asks now, or puts it off until whoever took the incident works.
    pub(super) async fn follow_up(&self, job: &ClaimedJob, taken: u32) -> Result<(), StepError> {
        let incident = self.incident_of(job).await?.filter(|incident| {
            matches!(incident.phase, Phase::Acknowledged { .. })
                && incident.times_taken() == taken
                && incident.follow_up.is_none()
        });
        let Some((incident, by)) =
            incident.as_ref().and_then(|incident| Some((incident, incident.responder()?)))
        else {
            return self.dispose(job, Disposal::Done).await;
        };
        let (now, rotation) = (self.now(), &incident.report.rotation);
        let profile = self.profile(&rotation.team, by).await;
        let due = self.rotation(rotation).rules.next_working_moment(by, profile.as_deref(), now);
        if due > now {
            return self.dispose(job, Disposal::Again { due, doubtful: false }).await;
        }
        let id = &incident.report.incident;
        self.replace(job, vec![Job::new(rotation, id, JobKind::Send(Message::FollowUp), now)]).await
    }

    /// Ends a job with others in its place, in one commit.
    pub(super) async fn replace(&self, job: &ClaimedJob, jobs: Vec<Job>) -> Result<(), StepError> {
        let mut commit = Commit::new(job.job.rotation.team.clone(), job.job.incident.clone(), 0);
        commit.job = Some((job.job.key.clone(), job.fence, Disposal::Done));
        commit.add = jobs;
        self.commit(commit).await?;
        self.due.notify_one();
        Ok(())
    }
}
