//! What Prometheus' Alertmanager says by its webhook, made into reports.
//!
//! One group of alerts is one incident, for as long as the group goes on. Source of the payload:
//! <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>. Alertmanager sends again what was answered
//! with 5xx and gives up what was answered with 4xx, so whatever another try can mend is answered with 503.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use pagerslack_core::{Incident, IncidentId, Phase, Report, RotationId};
use pagerslack_slack::command::machine_report;
use pagerslack_store::StoreError;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::{IntoParams, ToSchema};

use super::incidents::{json, not_recorded, rotation};
use super::{Desk, Problem, Shown};
use crate::engine::Opened;
use crate::tokens::Token;

/// The largest notification that is read: some thousand alerts. `max_alerts` of Alertmanager bounds them.
const LARGEST: usize = 4 * 1024 * 1024;

/// How long it may take to arrive.
const TIME: Duration = Duration::from_secs(10);

type Labels = BTreeMap<String, String>;

/// A notification about a group of alerts, as Alertmanager sends it (version 4); what is not named here is ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notification {
    /// Of this form of notifications.
    #[schema(examples("4"))]
    version: String,
    /// What tells the group from every other.
    #[schema(min_length = 1, examples("{}:{alertname=\"DiskFull\"}"))]
    group_key: String,
    /// Whether any alert of the group fires.
    status: Status,
    /// By which receiver of Alertmanager's it was sent.
    #[serde(default)]
    receiver: String,
    /// What its alerts were grouped by.
    #[serde(default)]
    group_labels: Labels,
    /// What all its alerts have in common.
    #[serde(default)]
    common_annotations: Labels,
    /// Alertmanager's own address.
    #[serde(default, rename = "externalURL")]
    external_url: String,
    /// The alerts.
    #[schema(min_items = 1)]
    alerts: Vec<Alert>,
}

/// One alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert {
    /// Whether it fires.
    status: Status,
    /// What is told of it.
    #[serde(default)]
    annotations: Labels,
    /// Since when it fires.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Where Prometheus shows it.
    #[serde(default, rename = "generatorURL")]
    generator_url: String,
}

/// Whether an alert fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// It does.
    Firing,
    /// It no longer does.
    Resolved,
}

/// Where to report, and what to do when the trouble is over.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Where {
    /// The channel whose engineers are asked; the token's, if it is for one only and this is left out.
    channel: Option<String>,
    /// What happens when the alerts are resolved.
    #[serde(default)]
    #[param(inline)]
    resolved: WhenResolved,
}

/// What happens to an incident whose alerts are resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WhenResolved {
    /// The thread says so, and paging goes on.
    #[default]
    Tell,
    /// If nobody has taken it, it is cancelled; else the thread says so.
    Cancel,
    /// Nothing.
    Ignore,
}

/// What came of a notification.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Taken {
    /// The incident, if there is one.
    #[schema(examples("4aq5zrpgaxkg8ytp"))]
    id: Option<String>,
    /// What was done.
    done: Done,
}

/// What was done about a notification.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Done {
    /// The incident is recorded: somebody is being looked for, or was by an earlier notification of the same alerts.
    Reported,
    /// An incident of this group goes on, or one of this address is open.
    GoesOn,
    /// The incident was told that the trouble is over, or cancelled.
    Resolved,
    /// Nothing was called for.
    Nothing,
}

/// Takes a notification of Alertmanager's.
#[utoipa::path(
    post, path = "/hooks/alertmanager", operation_id = "alertmanager", tag = "hooks",
    description = "For `webhook_configs` of Prometheus' Alertmanager. A firing group opens an incident, once for as long as \
                   it goes on.",
    params(Where), request_body = Notification,
    responses(
        (status = 200, body = Taken, description = "Recorded, or nothing was called for."),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Not readable."),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "No valid token."),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "The token is not for this channel."),
        (status = 408, body = Problem, content_type = "application/problem+json", description = "The body came too slowly."),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "Too large: set max_alerts."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "Not JSON."),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "What it says cannot be taken."),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Not recorded, or too many requests: try again."),
    ),
    security(("token" = []), ("password" = []))
)]
pub(super) async fn receive(
    State(desk): State<Arc<Desk>>,
    place: Result<Query<Where>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let token = desk.let_in(&head.headers, Shown::BearerOrPassword).await;
    let token = token.map_err(Problem::for_alertmanager)?;
    let Query(place) = place.map_err(|error| Problem::malformed(format!("{}.", error.body_text())))?;
    let notification: Notification = json(&head.headers, body, LARGEST, TIME).await?;
    let rotation = rotation(None, place.channel.as_deref(), &token)?;
    if notification.version != "4" {
        return Err(Problem::wrong("Only version 4 of Alertmanager's notifications is known here."));
    }
    let taken = match notification.status {
        Status::Firing => desk.fires(&token, rotation, &notification).await?,
        Status::Resolved => desk.resolves(&token, &rotation, &notification, place.resolved).await?,
    };
    Ok((StatusCode::OK, axum::Json(taken)).into_response())
}

impl Desk {
    async fn fires(
        &self,
        token: &Token,
        rotation: RotationId,
        notification: &Notification,
    ) -> Result<Taken, Problem> {
        let (url, note) = machine_report(&notification.address()?, &notification.summary())?;
        let begun = notification.begun(Some(Status::Firing)).ok_or_else(no_alert)?;
        let last = self.last_about(&rotation, &url).await.map_err(|error| not_recorded(&rotation, &error))?;
        if let Some(incident) = last.filter(|incident| goes_on(incident, token, begun)) {
            return Ok(Taken { id: Some(incident.report.incident.to_string()), done: Done::GoesOn });
        }
        let request = format!("alertmanager {} {begun} {}", token.name, notification.group_key);
        let incident = IncidentId::derive(&rotation, &request);
        let report = Report {
            incident: incident.clone(),
            rotation: rotation.clone(),
            url,
            note,
            reporter: Report::nobody(),
            machine: Some(token.name.clone()),
            first: None,
            response_url: None,
        };
        let (id, done) = match self.engine.record_report(report).await {
            Ok(Opened::New) => (incident, Done::Reported),
            Ok(Opened::Resumed(other) | Opened::AlreadyOpen(other)) => (other, Done::GoesOn),
            Err(error) => {
                self.engine.counters().reports_lost.count();
                return Err(not_recorded(&rotation, &error));
            }
        };
        Ok(Taken { id: Some(id.to_string()), done })
    }

    async fn resolves(
        &self,
        token: &Token,
        rotation: &RotationId,
        notification: &Notification,
        what: WhenResolved,
    ) -> Result<Taken, Problem> {
        let (url, _) = machine_report(&notification.address()?, "")?;
        let nothing = Taken { id: None, done: Done::Nothing };
        if what == WhenResolved::Ignore {
            return Ok(nothing);
        }
        let last = self.last_about(rotation, &url).await.map_err(|error| not_recorded(rotation, &error))?;
        let Some(incident) = last.filter(|incident| token.has_reported(&incident.report)) else {
            return Ok(nothing);
        };
        let id = incident.report.incident;
        let cancel = what == WhenResolved::Cancel;
        let followed = self.engine.trouble_is_over(&rotation.team, &id, cancel).await;
        let done = match followed.map_err(|error| not_recorded(rotation, &error))? {
            true => Done::Resolved,
            false => Done::Nothing,
        };
        Ok(Taken { id: Some(id.to_string()), done })
    }

    async fn last_about(&self, rotation: &RotationId, url: &str) -> Result<Option<Incident>, StoreError> {
        match self.engine.store().last_about(rotation, url).await? {
            Some(id) => self.engine.standing_of(&rotation.team, &id).await,
            None => Ok(None),
        }
    }
}

/// Whether alerts that began then belong to an incident that somebody has taken care of since: others of the group that
/// began before have been resolved, which calls for nobody. An alert that began later is a new trouble.
fn goes_on(incident: &Incident, token: &Token, begun: Timestamp) -> bool {
    let seen_at = match &incident.phase {
        Phase::Acknowledged { at, .. } | Phase::Cancelled { at, .. } | Phase::Closed { at, .. } => *at,
        Phase::Hunting { .. }
        | Phase::Paging { .. }
        | Phase::ManagersPaged { .. }
        | Phase::ScheduleShown { .. } => return false,
    };
    token.has_reported(&incident.report) && begun <= seen_at && incident.resolved_at.is_none()
}

fn no_alert() -> Problem {
    Problem::wrong("The group fires, and none of its alerts does: nothing was done.")
}

impl Notification {
    /// When the first of its alerts began: of those that fire, or of all.
    fn begun(&self, status: Option<Status>) -> Option<Timestamp> {
        let alerts = self.alerts.iter().filter(|alert| status.is_none_or(|status| alert.status == status));
        alerts.map(|alert| alert.starts_at).min()
    }

    /// Where whoever is paged finds out more: the annotation `incident_url`; else Alertmanager, showing this group; else
    /// Prometheus, showing the first alert; else the annotation `runbook_url`. Different groups should have different
    /// addresses, for two reports of one address are one incident.
    fn address(&self) -> Result<String, Problem> {
        let generator = self.alerts.first().map(|alert| alert.generator_url.clone());
        let places = [
            self.annotation("incident_url").map(str::to_owned),
            self.in_alertmanager(),
            generator,
            self.annotation("runbook_url").map(str::to_owned),
        ];
        let found = places.into_iter().flatten().find(|place| machine_report(place, "").is_ok());
        found.ok_or_else(|| {
            Problem::wrong(
                "There is no address for the incident: start Alertmanager with --web.external-url, or give the alert an \
                 annotation `incident_url`.",
            )
        })
    }

    /// Alertmanager's page, filtered as the group is.
    fn in_alertmanager(&self) -> Option<String> {
        let mut url = Url::parse(&self.external_url).ok()?;
        let matchers: Vec<String> = self
            .group_labels
            .iter()
            .map(|(name, value)| format!("{name}={}", serde_json::json!(value)))
            .collect();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("receiver", &self.receiver);
        query.append_pair("filter", &format!("{{{}}}", matchers.join(",")));
        url.set_fragment(Some(&format!("/alerts?{}", query.finish())));
        Some(url.into())
    }

    /// What is wrong, in a line.
    fn summary(&self) -> String {
        let said = ["summary", "description", "message"].iter().find_map(|name| self.annotation(name));
        let name = || self.group_labels.get("alertname").map(String::as_str);
        let firing = self.alerts.iter().filter(|alert| alert.status == Status::Firing).count();
        let count = if firing > 1 { format!(" ({firing} alerts)") } else { String::new() };
        let runbook =
            self.annotation("runbook_url").map_or_else(String::new, |url| format!(" Runbook: {url}"));
        format!("{}{count}{runbook}", said.or_else(name).unwrap_or("alerts fire"))
    }

    /// An annotation that all alerts have, or the first of them.
    fn annotation(&self, name: &str) -> Option<&str> {
        let first = || self.alerts.first().and_then(|alert| alert.annotations.get(name));
        let found = self.common_annotations.get(name).or_else(first);
        found.map(|text| text.trim()).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests;
