//! What some time comes to, as JSON: the same that `pagerslack stats summary` prints.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use pagerslack_core::calendar;
use pagerslack_core::report::{Bucket, Frame, Summary};
use pagerslack_core::{ChannelId, TeamId};
use pagerslack_store::Causes;
use serde::Deserialize;

use super::{Desk, at};
use crate::admin::Admin;
use crate::books::frame;
use crate::stats::{self, Selection, StatsError, one_workspace};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    since: Option<String>,
    until: Option<String>,
    channel: Option<String>,
    workspace: Option<String>,
    /// How long each piece of the series is; a week if it is not said.
    by: Option<Bucket>,
    /// The zone in which days begin; UTC if it is not said.
    zone: Option<String>,
}

impl About {
    fn read(self) -> Result<(Selection, Frame), String> {
        let selection = Selection {
            since: at("since", self.since)?,
            until: at("until", self.until)?,
            channel: self.channel.map(ChannelId::new),
            team: self.workspace.map(TeamId::new),
        };
        let named = self.zone.as_deref().unwrap_or("UTC");
        let zone = calendar::zone(named).ok_or_else(|| {
            format!("zone must be the name of a time zone (Europe/Berlin), not {named:?}\n")
        })?;
        let frame = Frame { bucket: self.by.unwrap_or(Bucket::Week), zone, ..frame(&selection) };
        Ok((selection, frame))
    }
}

pub(super) async fn summary(
    State(desk): State<Desk>,
    about: Result<Query<About>, QueryRejection>,
) -> Response {
    let Some(admin) = desk.admin else { return StatusCode::NOT_FOUND.into_response() };
    let read = about.map_err(|error| format!("{}\n", error.body_text())).and_then(|about| about.0.read());
    let (mut selection, frame) = match read {
        Ok(read) => read,
        Err(said) => return (StatusCode::BAD_REQUEST, said).into_response(),
    };
    match admin.archive.workspaces().await.map(|teams| one_workspace(selection.team.take(), &teams)) {
        Ok(Ok(team)) => selection.team = team,
        Ok(Err(said)) => return (StatusCode::BAD_REQUEST, format!("{said}\n")).into_response(),
        Err(error) => return untold(&error.into()),
    }
    match told(&admin, selection, &frame).await {
        Ok(summary) => ([(header::CACHE_CONTROL, "no-store")], Json(summary)).into_response(),
        Err(error) => untold(&error),
    }
}

/// Out of the books once they are filled, with what has been reported since; until then out of the store.
async fn told(admin: &Admin, selection: Selection, frame: &Frame) -> Result<Summary, StatsError> {
    match &selection.team {
        Some(team) if admin.books.ready() => {
            admin.books.look(team).await?;
            Ok(admin.books.summary(team, &selection, frame.bucket, frame.zone.clone()))
        }
        _ => stats::summary(admin.archive.clone(), selection, frame).await,
    }
}

fn untold(error: &StatsError) -> Response {
    tracing::warn!(error = %Causes(error), "the statistics cannot be told");
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", Causes(error))).into_response()
}
