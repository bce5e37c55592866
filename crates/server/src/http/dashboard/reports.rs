//! What has happened over a time: how many incidents, how long people waited, who bore the load.
//!
//! Every number comes out of the books' summary; here it is only shown. What is asked for stands in the address, so that
//! a page can be sent to somebody, and the files below the pictures are of the same incidents.

mod period;
mod pictures;
mod sheets;

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use pagerslack_core::report::Summary;
use pagerslack_core::{RotationId, TeamId};
use serde::Deserialize;

use super::access::Viewer;
use super::layout::Page;
use super::names::Names;
use super::{Dashboard, absent, moments, unreadable};
use crate::stats::Selection;
use period::{PERIODS, Period};

/// What is asked for, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    period: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    /// `TEAM`, or `TEAM/CHANNEL`.
    #[serde(default, rename = "in")]
    place: String,
}

/// What is shown.
struct Shown<'a> {
    names: Names<'a>,
    summary: Summary,
    period: Period,
    /// The address's query, for the files.
    query: String,
}

/// A workspace, or one channel of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    team: TeamId,
    rotation: Option<RotationId>,
}

impl Place {
    fn key(&self) -> String {
        self.rotation
            .as_ref()
            .map_or_else(|| self.team.to_string(), |it| format!("{}/{}", it.team, it.channel))
    }
}

/// The page.
pub(super) async fn show(
    State(dashboard): State<Arc<Dashboard>>,
    viewer: Viewer,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let places = match places(&dashboard, &viewer).await {
        Ok(places) => places,
        Err(error) => return unreadable(&viewer, &error),
    };
    let content = match choose(&places, &asked.place) {
        Err(()) => return absent(&viewer),
        Ok(None) => html! {
            h1 { "Reports" }
            p.none { "Nothing was reported yet." }
        },
        Ok(Some(place)) => {
            let zone = zone_of(&dashboard, place);
            let now = dashboard.engine().clock().now();
            let period = Period::of(&asked.period, &asked.from, &asked.to, now, &zone);
            let shown = shown(&dashboard, place, &period, &zone);
            html! {
                h1 { "Reports" }
                (form(&dashboard, &places, place, &period))
                @match shown {
                    None => { p.none { "The history is being read: look again in a moment." } },
                    Some(shown) => {
                        p.hint { (shown.period.said()) (fresh(&dashboard, now)) }
                        (shown.content())
                    }
                }
            }
        }
    };
    Page::new("Reports", &viewer).at("/reports").render(&content).into_response()
}

/// The numbers of one picture as a file.
pub(super) async fn file(
    State(dashboard): State<Arc<Dashboard>>,
    viewer: Viewer,
    Path(sheet): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let places = match places(&dashboard, &viewer).await {
        Ok(places) => places,
        Err(error) => return unreadable(&viewer, &error),
    };
    let Ok(Some(place)) = choose(&places, &asked.place) else { return absent(&viewer) };
    let zone = zone_of(&dashboard, place);
    let period = Period::of(&asked.period, &asked.from, &asked.to, dashboard.engine().clock().now(), &zone);
    let Some(shown) = shown(&dashboard, place, &period, &zone) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the history is being read: ask again in a moment\n")
            .into_response();
    };
    let Some(text) = sheet.strip_suffix(".csv").and_then(|name| shown.sheet(name)) else {
        return absent(&viewer);
    };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"pagerslack-{sheet}\"")),
    ];
    (headers, text).into_response()
}

/// The workspaces that somebody may see, each with its channels.
async fn places(dashboard: &Dashboard, viewer: &Viewer) -> Result<Vec<Place>, pagerslack_store::StoreError> {
    let rotations = viewer.rotations(dashboard).await?;
    let mut places: Vec<Place> = Vec::new();
    for rotation in rotations {
        let team = rotation.team.clone();
        if places.last().is_none_or(|last| last.team != team) {
            places.push(Place { team: team.clone(), rotation: None });
        }
        places.push(Place { team, rotation: Some(rotation) });
    }
    Ok(places)
}

/// Which place is meant; the first if none is named.
fn choose<'a>(places: &'a [Place], key: &str) -> Result<Option<&'a Place>, ()> {
    match key {
        "" => Ok(places.first()),
        key => places.iter().find(|place| place.key() == key).map(Some).ok_or(()),
    }
}

/// Where days begin: as in the channel, or as they do where nothing else is said.
fn zone_of(dashboard: &Dashboard, place: &Place) -> TimeZone {
    match &place.rotation {
        Some(rotation) => dashboard.engine().rotation(rotation).rules.day_zone.clone(),
        None => dashboard.engine().settings().defaults.rules.day_zone.clone(),
    }
}

fn shown<'a>(
    dashboard: &'a Dashboard,
    place: &'a Place,
    period: &Period,
    zone: &TimeZone,
) -> Option<Shown<'a>> {
    let books = dashboard.books.get().filter(|books| books.ready())?;
    let selection = Selection {
        since: Some(period.since),
        until: Some(period.until),
        channel: place.rotation.as_ref().map(|rotation| rotation.channel.clone()),
        team: Some(place.team.clone()),
    };
    let summary = books.summary(&place.team, &selection, period.bucket, zone.clone());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("in", &place.key())
        .append_pair("period", period.key)
        .append_pair("from", &period.first())
        .append_pair("to", &period.last())
        .finish();
    Some(Shown { names: Names::new(dashboard.engine(), &place.team), summary, period: period.clone(), query })
}

/// How old the numbers are.
fn fresh(dashboard: &Dashboard, now: Timestamp) -> Markup {
    let as_of = dashboard.books.get().and_then(|books| books.as_of());
    html! {
        @if let Some(as_of) = as_of { ", as of " (moments::moment(as_of, now)) }
    }
}

fn form(dashboard: &Dashboard, places: &[Place], chosen: &Place, period: &Period) -> Markup {
    let workspaces = places.iter().filter(|place| place.rotation.is_none()).count();
    let name = |place: &Place| match &place.rotation {
        None if workspaces > 1 => format!("All channels in {}", place.team),
        None => "All channels".to_owned(),
        Some(rotation) => {
            let channel = Names::new(dashboard.engine(), &place.team).channel(&rotation.channel);
            if workspaces > 1 { format!("{channel} in {}", place.team) } else { channel }
        }
    };
    html! {
        form.choose method="get" action="/reports" {
            div {
                label for="in" { "Channel" }
                select id="in" name="in" {
                    @for place in places { option value=(place.key()) selected[place == chosen] { (name(place)) } }
                }
            }
            div {
                label for="period" { "Time" }
                select id="period" name="period" {
                    @for (key, name) in PERIODS { option value=(key) selected[key == period.key] { (name) } }
                }
            }
            div {
                label for="from" { "From" }
                input id="from" name="from" type="date" value=(period.first());
            }
            div {
                label for="to" { "To" }
                input id="to" name="to" type="date" value=(period.last());
            }
            button type="submit" { "Show" }
        }
        @if let Some(fault) = &period.fault { p.fault role="alert" { (fault) } }
    }
}
