//! The panel beside the demo's channel: the queue, and for every page why this person and why not those
//! before (P7). Served only where everybody who can reach it may see it: on loopback, in the demo.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Query, State};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use pagerslack_core::incident::{AttemptEnd, ManagersReason, replay};
use pagerslack_core::{Candidate, ChannelId, Incident, Phase, Report, RotationId, TeamId, UserId};
use pagerslack_slack::words::{reason_in_utc, spoken};
use pagerslack_store::StoreError;
use serde::Deserialize;

use super::App;

/// How many incidents are shown, newest first.
const INCIDENTS: usize = 5;

const STYLE: &str = include_str!("panel.css");
const SCRIPT: &str = include_str!("panel.js");

#[derive(Deserialize)]
pub(super) struct Which {
    channel: Option<String>,
}

/// The page; its content is brought up to date every second.
pub(super) async fn show(State(app): State<Arc<App>>, Query(which): Query<Which>) -> Markup {
    let content = content(State(app), Query(which)).await;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Queue and reasons" }
                style { (PreEscaped(STYLE)) }
                noscript { meta http-equiv="refresh" content="2"; }
            }
            body {
                main id="content" { (content) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// What changes on the page.
pub(super) async fn content(State(app): State<Arc<App>>, Query(which): Query<Which>) -> Markup {
    let channel = which.channel.as_deref().map(ChannelId::new);
    match gather(&app, channel).await {
        Ok(Some(panel)) => panel.render(&app),
        Ok(None) => html! {
            h1 { "Queue" }
            p { "Nobody has been asked here yet. Type " code { "/devoncall https://incident.example/1" } " in the channel." }
        },
        Err(_) => html! { p { "The store cannot be read; the log says why." } },
    }
}

struct Panel {
    rotation: RotationId,
    order: Vec<(UserId, Option<Timestamp>)>,
    /// Who is known to have no place in the queue.
    outside: BTreeSet<UserId>,
    incidents: Vec<Incident>,
    now: Timestamp,
}

async fn gather(app: &App, channel: Option<ChannelId>) -> Result<Option<Panel>, StoreError> {
    let store = app.engine().store();
    let rotations = store.rotations().await?;
    // Beside a conversation that is no rotation, such as a direct one, the first rotation is shown.
    let here = |rotation: &&RotationId| channel.as_ref().is_none_or(|channel| rotation.channel == *channel);
    let found = rotations.iter().find(here).or(rotations.first()).cloned();
    let Some(rotation) = found else { return Ok(None) };
    let queue = store.queue(&rotation).await?;
    let mut incidents = Vec::new();
    for id in store.recent(&rotation, INCIDENTS).await? {
        incidents.extend(store.load(&rotation.team, &id).await?.and_then(|stored| replay(&stored.log)));
    }
    let order = queue.places().iter().map(|place| (place.user.clone(), place.turned_at)).collect();
    let outside = app.engine().outside_the_queue(&rotation, &queue).await;
    Ok(Some(Panel { rotation, order, outside, incidents, now: app.engine().clock().now() }))
}

impl Panel {
    fn render(&self, app: &App) -> Markup {
        let name = |user: &UserId| person_name(app, &self.rotation.team, user, self.now);
        html! {
            @for incident in &self.incidents { (incident_card(incident, &name)) }
            h1 { "Queue" }
            p.hint { "Least recently asked first. Whoever answers goes to the bottom." }
            ol.queue {
                @for (user, turned_at) in self.order.iter().filter(|(user, _)| !self.outside.contains(user)) {
                    li data-user=(user) {
                        span.name { (name(user)) }
                        span.turn {
                            @match turned_at {
                                Some(at) => { "last turn " (spoken(self.now.duration_since(*at))) " ago" },
                                None => "no turn yet",
                            }
                        }
                    }
                }
            }
        }
    }
}

fn incident_card(incident: &Incident, name: &dyn Fn(&UserId) -> String) -> Markup {
    html! {
        section.incident data-phase=(phase_name(&incident.phase)) {
            h2 { (incident.report.url) }
            p.phase { (phase(incident, name)) }
            @for (index, attempt) in incident.attempts.iter().enumerate().rev() {
                details open[index + 1 == incident.attempts.len()] {
                    summary {
                        "Page " (index + 1) ": " strong { (name(&attempt.responder)) }
                        @match attempt.end {
                            Some(AttemptEnd::TimedOut) => " — no answer",
                            Some(AttemptEnd::Passed) => " — passed",
                            Some(AttemptEnd::HandedOver) => " — handed over since",
                            None => "",
                        }
                    }
                    (why(&attempt.considered, &attempt.responder, name))
                }
            }
            @for round in &incident.manager_rounds {
                details {
                    summary { "Managers: " (round.whom.users.iter().map(name).collect::<Vec<_>>().join(", ")) }
                    @match &round.reason {
                        ManagersReason::NobodyAvailable { considered } => { (why_nobody(considered, name)) },
                        ManagersReason::AttemptsUsedUp => p { "As many people were asked as may be." },
                        ManagersReason::CannotTell { why } => p { "Slack does not say who is in the channel: " (why) },
                        ManagersReason::CannotPost { why } => p { "Slack does not take messages in the channel: " (why) },
                        ManagersReason::NoAnswer => p { "Nobody answered the last call." },
                        ManagersReason::OnDemand { by } => p { (name(by)) " asked for them." },
                    }
                }
            }
        }
    }
}

fn why(considered: &[Candidate], responder: &UserId, name: &dyn Fn(&UserId) -> String) -> Markup {
    let before: Vec<_> = considered.iter().take_while(|candidate| candidate.user != *responder).collect();
    let chosen = considered.iter().find(|candidate| candidate.user == *responder);
    html! {
        @if let Some(chosen) = chosen {
            p { "Why " (name(responder)) "? First in the queue who is " (reason_in_utc(&chosen.verdict)) "." }
        }
        @if before.is_empty() {
            p { "Nobody stood ahead in the queue." }
        } @else {
            p { "Why not those ahead?" }
            ul { @for candidate in before { li { (name(&candidate.user)) ": " (reason_in_utc(&candidate.verdict)) } } }
        }
    }
}

fn why_nobody(considered: &[Candidate], name: &dyn Fn(&UserId) -> String) -> Markup {
    html! {
        p { "Nobody else could be asked:" }
        ul { @for candidate in considered { li { (name(&candidate.user)) ": " (reason_in_utc(&candidate.verdict)) } } }
    }
}

fn phase(incident: &Incident, name: &dyn Fn(&UserId) -> String) -> String {
    match &incident.phase {
        Phase::Hunting { .. } => "Looking for somebody".to_owned(),
        Phase::Paging { attempt, responder, .. } => {
            format!("Waiting for {} (page {attempt})", name(responder))
        }
        Phase::ManagersPaged { .. } => "Managers paged".to_owned(),
        Phase::Acknowledged { by, at, .. } => {
            format!("Taken by {} after {}", name(by), spoken(at.duration_since(incident.reported_at)))
        }
        Phase::ScheduleShown { .. } => "Nobody is hunted today; the schedule was shown".to_owned(),
        Phase::Cancelled { by, .. } if *by == Report::nobody() => {
            format!("Cancelled by {}", incident.report.reported_by())
        }
        Phase::Cancelled { by, .. } => format!("Cancelled by {}", name(by)),
        Phase::Closed { by, .. } => format!("Closed by {}", name(by)),
    }
}

fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Hunting { .. } => "hunting",
        Phase::Paging { .. } => "paging",
        Phase::ManagersPaged { .. } => "managers",
        Phase::Acknowledged { .. } => "acknowledged",
        Phase::ScheduleShown { .. } => "schedule",
        Phase::Cancelled { .. } => "cancelled",
        Phase::Closed { .. } => "closed",
    }
}

fn person_name(app: &App, team: &TeamId, user: &UserId, now: Timestamp) -> String {
    app.engine()
        .directory()
        .cached_person(now, team, user)
        .map_or_else(|| user.to_string(), |person| person.name.clone())
}
