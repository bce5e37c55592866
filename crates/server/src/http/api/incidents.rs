//! Reporting an incident, and looking at those that there are.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pagerslack_core::{ChannelId, IncidentId, Report, RotationId, TeamId, UserId};
use pagerslack_slack::command::machine_report;
use pagerslack_store::{Causes, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::once::Seen;
use super::view::IncidentView;
use super::{Desk, Problem, Shown};
use crate::engine::Opened;
use crate::http::body;
use crate::tokens::{Token, is_id};
use crate::vault::unguessable;

/// The largest report that is read.
const LARGEST: usize = 64 * 1024;

/// How long it may take to arrive.
const TIME: Duration = Duration::from_secs(5);

/// The longest key.
const LONGEST_KEY: usize = 255;

/// How many incidents are shown at most.
const MOST: usize = 200;

/// What is reported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportBody {
    /// The workspace; that of the token, if it is left out.
    #[schema(examples("T024BE7LD"))]
    team: Option<String>,
    /// The channel whose engineers are asked; the token's, if it is for one only and this is left out.
    #[schema(examples("C024BE7LR"))]
    channel: Option<String>,
    /// The incident's address, beginning with https:// or http://. Of several reports of one address in one channel the
    /// first opens an incident, as long as that is open.
    #[schema(min_length = 1, max_length = 1800, examples("https://incident.example/7"))]
    url: String,
    /// What is wrong, as plain text; beyond 500 characters it is cut.
    #[schema(max_length = 10000, examples("The shop is down"))]
    note: Option<String>,
    /// Whom to ask first, by their id in Slack, if they are available.
    #[schema(examples("U024BE7LH"))]
    first: Option<String>,
}

/// A report that is recorded: somebody is being looked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// The incident.
    #[schema(examples("4aq5zrpgaxkg8ytp"))]
    id: String,
    /// The workspace.
    team: String,
    /// The channel.
    channel: String,
    /// Its address, normalised.
    url: String,
    /// Whether this incident was open already, so that nobody else is looked for.
    already_open: bool,
}

/// Some incidents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Incidents {
    /// Each as it stands.
    incidents: Vec<IncidentView>,
    /// Whether there are more than are shown.
    more: bool,
}

/// Reports an incident.
#[utoipa::path(
    post, path = "/api/v1/incidents", operation_id = "reportIncident", tag = "incidents",
    description = "Looks for an available engineer of the channel and pages them, as `/devoncall` does. The answer comes \
                   once the report is on disk. Sent again under the same Idempotency-Key it is the same incident.",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "What tells this incident from every other; with it a report can be sent again. Remembered for a day.")),
    request_body = ReportBody,
    responses(
        (status = 201, body = Accepted, description = "Recorded: somebody is being looked for.",
            headers(("Location" = String, description = "Where the incident can be seen."))),
        (status = 200, body = Accepted, description = "An incident of this address was open already."),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Not readable."),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "No valid token."),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "The token is not for this channel."),
        (status = 408, body = Problem, content_type = "application/problem+json", description = "The body came too slowly."),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "Too large."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "Not JSON."),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "What it says cannot be taken, or its key came with another report."),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "Too many requests: see Retry-After."),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Not recorded: try again."),
    ),
    security(("token" = []))
)]
pub(super) async fn report(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let token = desk.let_in(&head.headers, Shown::Bearer).await?;
    let key = key(&head.headers)?;
    let body: ReportBody = json(&head.headers, body, LARGEST, TIME).await?;
    let report = read(body, &token)?;
    desk.take(&token, key, report).await
}

impl Desk {
    /// Records a report, and says so.
    async fn take(
        &self,
        token: &Token,
        key: Option<Vec<u8>>,
        mut report: Report,
    ) -> Result<Response, Problem> {
        let now = self.engine.clock().now();
        let (rotation, url) = (report.rotation.clone(), report.url.clone());
        let drawn;
        let key = match &key {
            Some(key) => key.as_slice(),
            None => {
                drawn = unguessable().map_err(|error| not_recorded(&rotation, &error))?;
                drawn.as_bytes()
            }
        };
        let request = format!("api {} {}", token.id, crate::vault::hex(key));
        report.incident = IncidentId::derive(&rotation, &request);
        let id = report.incident.clone();
        let place = match self.once.look(&token.id, key, &report, now).await {
            Ok(Seen::Same(place)) => place,
            Ok(Seen::Answered(open)) => return Ok(accepted(&open, &rotation, url, true)),
            Ok(Seen::Another) => return Err(Problem::reused_key()),
            Err(error) => return Err(not_recorded(&rotation, &error)),
        };
        match self.engine.record_report(report).await {
            Ok(Opened::New) => Ok(accepted(&id, &rotation, url, false)),
            Ok(Opened::Resumed(other) | Opened::AlreadyOpen(other)) => {
                if let Err(error) = self.once.answered(place, &other).await {
                    return Err(not_recorded(&rotation, &error));
                }
                Ok(accepted(&other, &rotation, url, true))
            }
            Err(error) => {
                self.engine.counters().reports_lost.count();
                Err(not_recorded(&rotation, &error))
            }
        }
    }
}

/// The log has why; whoever reported it is to try again.
pub(super) fn not_recorded(rotation: &RotationId, error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(%rotation, error = %Causes(error), "a machine's report could not be recorded");
    Problem::unavailable()
}

pub(super) fn accepted(id: &IncidentId, rotation: &RotationId, url: String, already_open: bool) -> Response {
    let body = Accepted {
        id: id.to_string(),
        team: rotation.team.to_string(),
        channel: rotation.channel.to_string(),
        url,
        already_open,
    };
    let status = if already_open { StatusCode::OK } else { StatusCode::CREATED };
    (status, [(header::LOCATION, format!("/api/v1/incidents/{id}"))], axum::Json(body)).into_response()
}

/// What tells this report from every other.
fn key(headers: &HeaderMap) -> Result<Option<Vec<u8>>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let (key, other) = (keys.next(), keys.next());
    match key.map(|key| key.as_bytes().trim_ascii()) {
        None => Ok(None),
        Some(key) if other.is_none() && (1..=LONGEST_KEY).contains(&key.len()) => Ok(Some(key.to_vec())),
        Some(_) => Err(Problem::malformed(format!(
            "Idempotency-Key must be there once, with 1 to {LONGEST_KEY} characters."
        ))),
    }
}

/// Reads a body of JSON.
pub(super) async fn json<T: for<'de> Deserialize<'de>>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    time: Duration,
) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::not_json());
    }
    let body = body::read_within(headers, body, limit, time).await;
    let body = body.map_err(|status| Problem::of_body(status, limit))?;
    serde_json::from_slice(&body).map_err(|error| {
        Problem::malformed(format!("The body is not what /api/v1/openapi.json describes: {error}."))
    })
}

/// The channel that is meant, if the token is for it.
pub(super) fn rotation(
    team: Option<&str>,
    channel: Option<&str>,
    token: &Token,
) -> Result<RotationId, Problem> {
    let channel = match (channel, token.only_channel()) {
        (Some(channel), _) => ChannelId::new(channel),
        (None, Some(only)) => only.clone(),
        (None, None) => {
            return Err(Problem::wrong(
                "This token is for several channels: say in which, by its id: channel C….",
            ));
        }
    };
    let team = team.map_or_else(|| token.team.clone(), TeamId::new);
    let rotation = RotationId::new(team, channel);
    if rotation.team != token.team {
        return Err(Problem::forbidden("this workspace"));
    }
    if !crate::tokens::is_channel(rotation.channel.as_str()) {
        return Err(Problem::wrong(
            "`channel` must be a channel's id, such as C024BE7LR: Slack shows it below its details.",
        ));
    }
    if !token.may(&rotation) {
        return Err(Problem::forbidden("this channel"));
    }
    Ok(rotation)
}

fn read(body: ReportBody, token: &Token) -> Result<Report, Problem> {
    let rotation = rotation(body.team.as_deref(), body.channel.as_deref(), token)?;
    let (url, note) = machine_report(&body.url, body.note.as_deref().unwrap_or_default())?;
    if body.first.as_deref().is_some_and(|first| !is_id(first, "UW")) {
        return Err(Problem::wrong("`first` must be a person's id, such as U024BE7LH."));
    }
    Ok(Report {
        // It follows from the key.
        incident: IncidentId::new(""),
        rotation,
        url,
        note,
        reporter: Report::nobody(),
        machine: Some(token.name.clone()),
        first: body.first.map(UserId::new),
        response_url: None,
    })
}

/// Shows an incident.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}", operation_id = "showIncident", tag = "incidents",
    params(("id" = String, Path, description = "With which the report was answered.")),
    responses(
        (status = 200, body = IncidentView, description = "How it stands."),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "No valid token."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "None where this token may look."),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "Too many requests: see Retry-After."),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The store cannot be read: try again."),
    ),
    security(("token" = []))
)]
pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Response, Problem> {
    let token = desk.let_in(&headers, Shown::Bearer).await?;
    let Ok(Path(id)) = id else { return Err(Problem::not_found()) };
    let found = desk.engine.standing_of(&token.team, &IncidentId::new(id)).await.map_err(unreadable)?;
    let incident =
        found.filter(|incident| token.may(&incident.report.rotation)).ok_or_else(Problem::not_found)?;
    Ok(shown(&IncidentView::of(&incident)))
}

/// Which incidents.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// `true`, as when it is left out, for those for which somebody is still needed; `false` for the last ones, whatever
    /// became of them.
    open: Option<bool>,
    /// Those of this channel only, by its id.
    channel: Option<String>,
}

/// Lists incidents.
#[utoipa::path(
    get, path = "/api/v1/incidents", operation_id = "listIncidents", tag = "incidents",
    description = "The open incidents of the channels that the token is for, at most 200.",
    params(Which),
    responses(
        (status = 200, body = Incidents, description = "Each as it stands."),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Not readable."),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "No valid token."),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "The token is not for this channel."),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "No channel."),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "Too many requests: see Retry-After."),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The store cannot be read: try again."),
    ),
    security(("token" = []))
)]
pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Problem> {
    let token = desk.let_in(&headers, Shown::Bearer).await?;
    let Query(which) = which.map_err(|error| Problem::malformed(format!("{}.", error.body_text())))?;
    let rotations = match which.channel.as_deref() {
        Some(channel) => vec![rotation(None, Some(channel), &token)?],
        None => desk.rotations(&token).await.map_err(unreadable)?,
    };
    Ok(shown(&desk.incidents(&rotations, which.open.unwrap_or(true)).await.map_err(unreadable)?))
}

impl Desk {
    /// The rotations that a token is for.
    async fn rotations(&self, token: &Token) -> Result<Vec<RotationId>, StoreError> {
        let known = self.engine.store().rotations().await?;
        Ok(known.into_iter().filter(|rotation| token.may(rotation)).collect())
    }

    async fn incidents(&self, rotations: &[RotationId], open: bool) -> Result<Incidents, StoreError> {
        let store = self.engine.store();
        let (mut incidents, mut more) = (Vec::new(), false);
        for rotation in rotations {
            let ids = if open {
                store.open_incidents(rotation).await?
            } else {
                store.recent(rotation, MOST).await?
            };
            for id in ids {
                if incidents.len() == MOST {
                    more = true;
                    break;
                }
                let incident = self.engine.standing_of(&rotation.team, &id).await?;
                incidents.extend(incident.as_ref().map(IncidentView::of));
            }
        }
        Ok(Incidents { incidents, more })
    }
}

fn unreadable(error: StoreError) -> Problem {
    tracing::error!(error = %Causes(&error), "the API cannot read the store");
    Problem::unavailable()
}

fn shown<T: Serialize>(view: &T) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], axum::Json(view)).into_response()
}
