//! Who could be asked in the hours that come, and who was online: where the week is thin.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use maud::{Markup, html};
use pagerslack_charts::{Day as DayAhead, Heading, Heat, Picture, Strip};
use pagerslack_core::RotationId;
use pagerslack_core::rules::{CoveredDay, Day};
use serde::Deserialize;

use super::access::Viewer;
use super::charts::framed;
use super::layout::Page;
use super::names::{Names, channel_link};
use super::{Dashboard, absent, unreadable};
use crate::engine::Coverage;

/// Hours of a week, from Monday on.
type Week = [[Option<u64>; 24]; 7];

/// How many holidays of a day are named; the rest are counted.
const MOST_NAMED: usize = 3;

/// Which rotation.
#[derive(Deserialize, Default)]
pub(super) struct Wanted {
    /// `TEAM/CHANNEL`.
    #[serde(default)]
    rotation: String,
}

/// The page.
pub(super) async fn show(
    State(dashboard): State<Arc<Dashboard>>,
    viewer: Viewer,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let rotations = match viewer.rotations(&dashboard).await {
        Ok(rotations) => rotations,
        Err(error) => return unreadable(&viewer, &error),
    };
    let wanted = wanted.map(|Query(wanted)| wanted.rotation).unwrap_or_default();
    let chosen = match (wanted.as_str(), rotations.first()) {
        ("", first) => first,
        (wanted, _) => match rotations.iter().find(|rotation| key(rotation) == wanted) {
            None => return absent(&viewer),
            found => found,
        },
    };
    let content = match chosen {
        None => html! {
            h1 { "Coverage" }
            p.none { "Nothing was reported yet, so there is no rotation to look at." }
        },
        Some(rotation) => match pictures(&dashboard, rotation).await {
            Ok(pictures) => html! {
                h1 { "Coverage" }
                (choice(&dashboard, &rotations, rotation))
                (pictures)
            },
            Err(error) => return unreadable(&viewer, &error),
        },
    };
    Page::new("Coverage", &viewer).at("/coverage").render(&content).into_response()
}

fn key(rotation: &RotationId) -> String {
    format!("{}/{}", rotation.team, rotation.channel)
}

/// A form to choose another rotation with, where there are several.
fn choice(dashboard: &Dashboard, rotations: &[RotationId], chosen: &RotationId) -> Markup {
    let name =
        |rotation: &RotationId| Names::new(dashboard.engine(), &rotation.team).channel(&rotation.channel);
    let several = rotations.iter().any(|rotation| rotation.team != chosen.team);
    let link = channel_link(&chosen.team, &chosen.channel);
    html! {
        @if rotations.len() > 1 {
            form.choose method="get" action="/coverage" {
                div {
                    label for="rotation" { "Channel" }
                    select id="rotation" name="rotation" {
                        @for rotation in rotations {
                            option value=(key(rotation)) selected[rotation == chosen] {
                                (name(rotation)) @if several { " in " (rotation.team) }
                            }
                        }
                    }
                }
                button type="submit" { "Show" }
            }
        } @else {
            p { a href=(link) rel="noopener noreferrer" { (name(chosen)) } }
        }
    }
}

async fn pictures(
    dashboard: &Dashboard,
    rotation: &RotationId,
) -> Result<Markup, pagerslack_store::StoreError> {
    let engine = dashboard.engine();
    let found = engine.coverage(rotation).await?;
    let config = engine.rotation(rotation);
    let zone = &config.rules.day_zone;
    let observed = match &dashboard.observations {
        Some(observations) if engine.settings().sample_presence => observations.of(rotation).await?,
        _ => None,
    };
    let zone_name = zone.iana_name().unwrap_or("UTC");
    let (week, ahead) = (week_of(&found.days, zone), ahead(&found, zone));
    let about = format!(
        "How many of {} people could be asked in each hour of the coming week, by the roster, their hours, days off and \
         exclusions, if they are online. Hours are those of {zone_name}.",
        found.people
    );
    Ok(html! {
        (said(&found))
        (framed("week", "The coming week", &about, &week_picture("week", "People who could be asked", &week, &found), None))
        (framed("next", "The next seven days", &about_days(&found), &ahead, None))
        @if engine.settings().sample_presence {
            @let empty = [[None; 24]; 7];
            @let online = observed.map_or(empty, |observed| observed.online());
            @let about = "How many people were online, going by a few looked up each hour with what paging leaves of Slack's \
                          rate limits. Recent weeks count for more.";
            (framed("online", "Who was online", about, &week_picture("online", "People online", &online, &found), None))
        } @else {
            p.hint {
                "Who is really online at these hours is not watched: "
                code { "sample_presence = true" } " in the configuration turns that on."
            }
        }
    })
}

/// What matters most, in a sentence or two.
fn said(found: &Coverage) -> Markup {
    let hours = || found.days.iter().flat_map(|day| &day.hours);
    let is_thin = |people: Option<usize>| people.is_some_and(|people| people < found.thin as usize);
    let (all, thin) = (hours().count(), hours().filter(|hour| is_thin(hour.people)).count());
    html! {
        p.said {
            @match thin {
                0 => { "No hour of the next seven days is thin." },
                thin => {
                    b { (thin) " of " (all) " hours" } " of the next seven days are thin: fewer than " (found.thin)
                    " people could be asked."
                }
            }
        }
        @if !found.members_known {
            p.hint { "Who is in the channel is not known just now: these are those who have a place in the queue." }
        }
        @if found.unread > 0 {
            p.hint {
                "Slack has not told yet who " (found.unread) " of these people are. They are counted where nothing that is \
                 known speaks against asking them."
            }
        }
    }
}

/// The days as hours of the week. An hour that comes twice counts with the fewer people; one that is skipped is unknown.
fn week_of(days: &[CoveredDay], zone: &TimeZone) -> Week {
    let mut week: Week = [[None; 24]; 7];
    for day in days {
        let row = usize::from(day.date.weekday().to_monday_zero_offset().unsigned_abs());
        for hour in &day.hours {
            let column = usize::from(zone.to_datetime(hour.at).hour().unsigned_abs());
            let Some(people) = hour.people.map(|people| people as u64) else { continue };
            if let Some(cell) = week.get_mut(row).and_then(|hours| hours.get_mut(column)) {
                *cell = Some(cell.map_or(people, |known| known.min(people)));
            }
        }
    }
    week
}

fn week_picture(id: &str, title: &str, week: &Week, found: &Coverage) -> Picture {
    let nothing = if id == "online" {
        "Nobody has been looked up yet: that takes an hour."
    } else {
        "Nobody is hunted in the next seven days: the schedule is shown."
    };
    Heat { heading: Heading { id, title, nothing }, hours: week, thin: found.thin.into() }.picture()
}

fn ahead(found: &Coverage, zone: &TimeZone) -> Picture {
    let days: Vec<DayAhead> = found
        .days
        .iter()
        .map(|day| DayAhead {
            short: day.date.strftime("%a %-d").to_string(),
            long: day.date.strftime("%A %-d %B").to_string(),
            note: note(day),
            hours: day
                .hours
                .iter()
                .map(|hour| {
                    let local = zone.to_datetime(hour.at);
                    (local.strftime("%H:%M").to_string(), hour.people.map(|people| people as u64))
                })
                .collect(),
        })
        .collect();
    let heading =
        Heading { id: "next", title: "People who could be asked, day by day", nothing: "No day comes." };
    Strip { heading, days: &days, thin: found.thin.into() }.picture()
}

/// What is to be known of a day: that nobody is expected, and who has which day off.
fn note(day: &CoveredDay) -> Option<String> {
    let named = day.holidays.iter().take(MOST_NAMED).map(|(name, people)| format!("{name} ({people})"));
    let kind = match &day.day {
        Day::Off { name } if name != "the weekend" => Some(name.clone()),
        Day::Off { .. } | Day::Working => None,
    };
    let more = day.holidays.len().saturating_sub(MOST_NAMED);
    let more = (more > 0).then(|| format!("{more} more"));
    let parts: Vec<String> = kind.into_iter().chain(named).chain(more).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The holidays in words, as a picture has little room for them.
fn about_days(found: &Coverage) -> String {
    let named: Vec<String> = found
        .days
        .iter()
        .filter_map(|day| Some(format!("{}: {}", day.date.strftime("%A %-d %B"), note(day)?)))
        .collect();
    if named.is_empty() {
        return "Nobody has a holiday.".to_owned();
    }
    format!("Holidays, and how many people have them. {}.", named.join(". "))
}
