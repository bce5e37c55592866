//! Opening an incident, whoever reports it, and what a machine that has reported one says of it later.

use pagerslack_core::{Command, Incident, IncidentId, Report, RotationId, TeamId, UserId};
use pagerslack_store::StoreError;

use super::commit::Act;
use super::{Engine, StepError};

/// What came of a report.
pub(crate) enum Opened {
    /// It is recorded, now or by an earlier delivery of the same.
    New,
    /// An incident that waits since a day on which nobody is hunted is hunted for now.
    Resumed(IncidentId),
    /// An incident about the same is open.
    AlreadyOpen(IncidentId),
}

impl Engine {
    /// Records a report. Only then anybody is told that it is (P1).
    pub(crate) async fn record_report(&self, report: Report) -> Result<Opened, StepError> {
        let (rotation, incident) = (report.rotation.clone(), report.incident.clone());
        let reporter = report.reporter.clone();
        match self.act(Act::new(&rotation.team, &incident, Command::Report(report))).await {
            Ok(_) => Ok(Opened::New),
            Err(StepError::AlreadyOpen(other)) if self.resumed(&rotation, &other, &reporter).await => {
                Ok(Opened::Resumed(other))
            }
            Err(StepError::AlreadyOpen(other)) => {
                self.counters.reports_doubled.count();
                Ok(Opened::AlreadyOpen(other))
            }
            Err(error) => Err(error),
        }
    }

    /// An incident as it stands.
    pub(crate) async fn standing_of(
        &self,
        team: &TeamId,
        id: &IncidentId,
    ) -> Result<Option<Incident>, StoreError> {
        self.incident(team, id).await
    }

    /// The machine that reported an incident says that the trouble is over. With `cancel` nobody is looked for any more,
    /// if nobody has taken it. Says whether anything followed.
    pub(crate) async fn trouble_is_over(
        &self,
        team: &TeamId,
        id: &IncidentId,
        cancel: bool,
    ) -> Result<bool, StepError> {
        let cancelling = Command::Cancel { by: Report::nobody(), manager: false };
        for command in cancel.then_some(cancelling).into_iter().chain([Command::Resolve]) {
            if !self.act(Act::new(team, id, command)).await?.events.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the report of an incident that waits since a day on which nobody is hunted has set the hunt going.
    async fn resumed(&self, rotation: &RotationId, other: &IncidentId, by: &UserId) -> bool {
        let rules = &self.rotation(rotation).rules;
        if rules.schedule_link(&rules.day(self.now())).is_some() {
            return false;
        }
        let act = Act::new(&rotation.team, other, Command::ResumeHunt { by: by.clone() });
        self.act(act).await.is_ok_and(|acted| !acted.events.is_empty())
    }
}
