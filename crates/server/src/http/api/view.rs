//! An incident as the API shows it: where it stands, and who was asked. Nothing of what people wrote is in it.

use jiff::Timestamp;
use pagerslack_core::incident::{AttemptEnd, Incident, Phase};
use serde::Serialize;
use utoipa::ToSchema;

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Somebody to ask is being looked for.
    Hunting,
    /// Somebody was asked, and has not answered yet.
    Paging,
    /// The managers were paged, and nobody has answered yet.
    ManagersPaged,
    /// Nobody is hunted today; the channel was shown where the schedule stands.
    ScheduleShown,
    /// Somebody is on it.
    Acknowledged,
    /// Nobody is needed any more.
    Cancelled,
    /// Everything is done.
    Closed,
}

/// What came of asking one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AttemptState {
    /// They are being asked.
    Waiting,
    /// They did not answer in time.
    TimedOut,
    /// They passed.
    Passed,
    /// Somebody took the incident, whether they or another.
    Over,
}

/// One person who was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AttemptView {
    /// The how manieth, from 1.
    #[schema(minimum = 1)]
    number: usize,
    /// Who, by their id in Slack.
    #[schema(examples("U024BE7LH"))]
    user: String,
    /// When they were chosen.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// What came of it.
    state: AttemptState,
}

/// An incident as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct IncidentView {
    /// Its id.
    #[schema(examples("4aq5zrpgaxkg8ytp"))]
    pub(crate) id: String,
    /// The workspace.
    #[schema(examples("T024BE7LD"))]
    team: String,
    /// The channel.
    #[schema(examples("C024BE7LR"))]
    channel: String,
    /// Its address, normalised.
    url: String,
    /// Where it stands.
    state: State,
    /// Whether somebody is still needed.
    open: bool,
    /// Who reported it: a person's id, or the name of a machine's token.
    reported_by: String,
    /// Whether that was a machine.
    by_machine: bool,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    reported_at: Timestamp,
    /// Who was asked, first to last.
    attempts: Vec<AttemptView>,
    /// Until when whoever is asked may answer, or when the managers are paged again.
    #[schema(value_type = Option<String>, format = DateTime)]
    deadline: Option<Timestamp>,
    /// How often the managers were paged.
    managers_paged: usize,
    /// Who is on it, by their id in Slack.
    #[schema(examples("U024BE7LH"))]
    acknowledged_by: Option<String>,
    /// When it was first taken.
    #[schema(value_type = Option<String>, format = DateTime)]
    acknowledged_at: Option<Timestamp>,
    /// When the machine that reported it said that the trouble is over.
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Timestamp>,
    /// When it was cancelled or closed.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

impl IncidentView {
    pub(crate) fn of(incident: &Incident) -> Self {
        let report = &incident.report;
        let attempts = (1..).zip(&incident.attempts).map(|(number, attempt)| AttemptView {
            number,
            user: attempt.responder.to_string(),
            asked_at: attempt.paged_at,
            state: match (&attempt.end, &incident.phase) {
                (Some(AttemptEnd::TimedOut), _) => AttemptState::TimedOut,
                (Some(AttemptEnd::Passed), _) => AttemptState::Passed,
                (None, Phase::Paging { attempt, .. }) if usize::try_from(*attempt) == Ok(number) => {
                    AttemptState::Waiting
                }
                (None | Some(AttemptEnd::HandedOver), _) => AttemptState::Over,
            },
        });
        let (state, deadline, ended_at) = match &incident.phase {
            Phase::Hunting { .. } => (State::Hunting, None, None),
            Phase::Paging { deadline, .. } => (State::Paging, Some(*deadline), None),
            Phase::ManagersPaged { deadline, .. } => (State::ManagersPaged, *deadline, None),
            Phase::ScheduleShown { .. } => (State::ScheduleShown, None, None),
            Phase::Acknowledged { .. } => (State::Acknowledged, None, None),
            Phase::Cancelled { at, .. } => (State::Cancelled, None, Some(*at)),
            Phase::Closed { at, .. } => (State::Closed, None, Some(*at)),
        };
        Self {
            id: report.incident.to_string(),
            team: report.rotation.team.to_string(),
            channel: report.rotation.channel.to_string(),
            url: report.url.clone(),
            state,
            open: incident.is_open(),
            reported_by: report.reported_by().to_owned(),
            by_machine: report.machine.is_some(),
            reported_at: incident.reported_at,
            attempts: attempts.collect(),
            deadline,
            managers_paged: incident.manager_rounds.len(),
            acknowledged_by: incident.responder().map(ToString::to_string),
            acknowledged_at: incident.taken.first().map(|taken| taken.at),
            resolved_at: incident.resolved_at,
            ended_at,
        }
    }
}
