//! Telling those who wait that Slack keeps an incident waiting, once for each step of it.

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::Delay;
use pagerslack_core::{Command, Incident};
use pagerslack_slack::client::CallError;
use pagerslack_slack::words;
use pagerslack_store::{ClaimedJob, Disposal};

use super::commit::Act;
use super::{Engine, StepError};

/// A step that takes longer than this is told of: people begin to wonder, and half a minute later a hunt asks
/// somebody even without knowing whether they are there.
const SLOW: SignedDuration = SignedDuration::from_secs(20);

impl Engine {
    /// Records that a step which began at `since` is put off until `due` by Slack, if that is long and not known yet.
    /// What is told of it follows from the event.
    pub(super) async fn note_delay(
        &self,
        incident: &Incident,
        since: Timestamp,
        due: Timestamp,
        why: Delay,
    ) -> Result<(), StepError> {
        if due.duration_since(since) < SLOW || incident.delayed.is_some() || !incident.waits_for_slack() {
            return Ok(());
        }
        let report = &incident.report;
        tracing::warn!(team = %report.rotation.team, incident = %report.incident, ?why, "Slack keeps an incident waiting");
        self.metrics.delays.count();
        let command = Command::Delay { why };
        self.act(Act::new(&report.rotation.team, &report.incident, command)).await?;
        Ok(())
    }

    /// Tells the reporter, while there is no root message that could.
    pub(super) async fn tell_of_delay(&self, job: &ClaimedJob, incident: &Incident) -> Result<(), StepError> {
        let report = &incident.report;
        let (Some(response_url), Some(why)) = (&report.response_url, incident.delayed) else {
            return self.dispose(job, Disposal::Done).await;
        };
        let said = words::delayed(why, report);
        let permit = self.permit(job);
        match self
            .client
            .respond(self.now(), Some(&permit), response_url, &said.text, &said.blocks, true)
            .await
        {
            Ok(()) => self.dispose(job, Disposal::Done).await,
            Err(error) => self.give_up_or_retry(job, &error).await,
        }
    }
}

/// Why a call that brought nothing keeps people waiting.
pub(super) fn delay_of(error: &CallError) -> Delay {
    if error.limited_until().is_some() { Delay::Limited } else { Delay::NoAnswer }
}
