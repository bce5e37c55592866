//! What is open now, who is asked and how long they have left, and what was answered lately.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use pagerslack_core::incident::replay;
use pagerslack_core::{Incident, Phase, RotationId, TeamId};
use pagerslack_slack::words::spoken;
use pagerslack_store::StoreError;

use super::access::Viewer;
use super::layout::Page;
use super::names::{Names, address, incident_path, thread_link};
use super::{Dashboard, moments, unreadable};

/// How many open incidents are shown, the longest open of a rotation first.
const MOST_OPEN: usize = 100;

/// How far back "lately" goes.
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// How many of a rotation's last incidents are looked at, and how many of all are shown.
const MOST_RECENT: usize = 50;

/// The page.
pub(super) async fn show(State(dashboard): State<Arc<Dashboard>>, viewer: Viewer) -> Response {
    let now = dashboard.engine().clock().now();
    match gather(&dashboard, &viewer, now).await {
        Ok(found) => {
            Page::new("Now", &viewer).at("/").live(now).render(&found.render(&dashboard)).into_response()
        }
        Err(error) => unreadable(&viewer, &error),
    }
}

struct Found {
    now: Timestamp,
    open: Vec<Incident>,
    /// There are more than are shown.
    more: bool,
    answered: Vec<Incident>,
}

async fn gather(dashboard: &Dashboard, viewer: &Viewer, now: Timestamp) -> Result<Found, StoreError> {
    let rotations = viewer.rotations(dashboard).await?;
    let (mut open, mut more, mut answered) = (Vec::new(), false, Vec::new());
    for rotation in &rotations {
        let ids = dashboard.engine().store().open_incidents(rotation).await?;
        for id in ids {
            if open.len() == MOST_OPEN {
                more = true;
                break;
            }
            open.extend(load(dashboard, &rotation.team, &id).await?);
        }
        answered.extend(lately_answered(dashboard, rotation, now).await?);
    }
    open.sort_by_key(|incident| incident.reported_at);
    answered.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    answered.truncate(MOST_RECENT);
    Ok(Found { now, open, more, answered: answered.into_iter().map(|(_, incident)| incident).collect() })
}

async fn load(
    dashboard: &Dashboard,
    team: &TeamId,
    id: &pagerslack_core::IncidentId,
) -> Result<Option<Incident>, StoreError> {
    Ok(dashboard.engine().store().load(team, id).await?.and_then(|stored| replay(&stored.log)))
}

/// Those of a rotation that were taken lately, each with when it was.
async fn lately_answered(
    dashboard: &Dashboard,
    rotation: &RotationId,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Incident)>, StoreError> {
    let mut answered = Vec::new();
    for id in dashboard.engine().store().recent(rotation, MOST_RECENT).await? {
        let Some(incident) = load(dashboard, &rotation.team, &id).await? else { continue };
        if now.duration_since(incident.reported_at) > LATELY {
            break;
        }
        if !incident.is_open()
            && let Some(taken) = incident.last_taken()
        {
            answered.push((taken.at, incident));
        }
    }
    Ok(answered)
}

impl Found {
    fn render(&self, dashboard: &Dashboard) -> Markup {
        html! {
            h1 { "Now" }
            p.said id="said" role="status" data-live="said" { (self.said()) }
            section aria-labelledby="open" {
                h2 id="open" { "Open" }
                div id="open-list" data-live {
                    @if self.open.is_empty() {
                        p.none { "Nothing is open. Everybody can get on with their work." }
                    }
                    @for incident in &self.open { (card(dashboard, incident, self.now)) }
                    @if self.more { p.hint { "There are more: these are the first " (MOST_OPEN) "." } }
                }
            }
            section aria-labelledby="answered" {
                h2 id="answered" { "Answered in the last 24 hours" }
                div id="answered-list" data-live { (self.answered(dashboard)) }
            }
            noscript { p.hint { a href="/" { "Look again" } " — without a script this page stays as it is." } }
        }
    }

    /// All of it in a sentence, for who only listens.
    fn said(&self) -> String {
        let waiting = self.open.iter().filter(|it| matches!(it.phase, Phase::Paging { .. })).count();
        let more = if self.more { " and more" } else { "" };
        match (self.open.len(), waiting) {
            (0, _) => "No open incident.".to_owned(),
            (1, 0) => "1 open incident.".to_owned(),
            (1, _) => "1 open incident, which waits for an answer.".to_owned(),
            (open, 0) => format!("{open}{more} open incidents."),
            (open, waiting) => format!("{open}{more} open incidents, {waiting} of which wait for an answer."),
        }
    }

    fn answered(&self, dashboard: &Dashboard) -> Markup {
        if self.answered.is_empty() {
            return html! { p.none { "Nothing was answered." } };
        }
        html! {
            table.answered {
                caption.unseen { "Incidents answered in the last 24 hours, the latest first" }
                thead {
                    tr {
                        th scope="col" { "Incident" }
                        th scope="col" { "Taken by" }
                        th.number scope="col" { "After" }
                    }
                }
                tbody { @for incident in &self.answered { (row(dashboard, incident, self.now)) } }
            }
        }
    }
}

fn row(dashboard: &Dashboard, incident: &Incident, now: Timestamp) -> Markup {
    let report = &incident.report;
    let names = Names::new(dashboard.engine(), &report.rotation.team);
    let asked = incident.attempts.len();
    html! {
        tr {
            th scope="row" {
                a href=(incident_path(&report.rotation.team, &report.incident)) { (short(&report.url)) }
                @if !report.note.is_empty() { span.note { (report.note) } }
                span.hint { (moments::moment(incident.reported_at, now)) ", reported by " (names.reporter(report)) }
            }
            td {
                @if let Some(taken) = incident.last_taken() { (names.of(&taken.by)) }
                span.hint {
                    @match asked {
                        0 => "before anybody was asked",
                        1 => "1 person asked",
                        asked => { (asked) " people asked" },
                    }
                }
            }
            td.number {
                @if let Some(after) = incident.time_to_response() { (spoken(after)) }
            }
        }
    }
}

fn card(dashboard: &Dashboard, incident: &Incident, now: Timestamp) -> Markup {
    let report = &incident.report;
    let team = &report.rotation.team;
    let names = Names::new(dashboard.engine(), team);
    let most = dashboard.engine().rotation(&report.rotation).policy.max_attempts;
    let path = incident_path(team, &report.incident);
    html! {
        article.incident data-phase=(phase_name(&incident.phase)) {
            p.state { (state(incident, &names, most, now)) }
            h3 { a href=(path) { (short(&report.url)) } }
            @if !report.note.is_empty() { p.note { (report.note) } }
            p.hint {
                "Reported by " (names.reporter(report)) " in " (names.channel(&report.rotation.channel)) " "
                (moments::ago(incident.reported_at, now)) " · "
                (address(&report.url, "The incident"))
                @if let Some(root) = &incident.root {
                    " · " a href=(thread_link(team, root)) rel="noopener noreferrer" { "The thread in Slack" }
                }
            }
        }
    }
}

/// An address without what all have.
pub(super) fn short(url: &str) -> &str {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.map_or(url, |rest| rest.strip_suffix('/').unwrap_or(rest))
}

/// Where an open incident stands, in a line.
fn state(incident: &Incident, names: &Names<'_>, most: u32, now: Timestamp) -> Markup {
    match &incident.phase {
        Phase::Paging { attempt, responder, deadline } => html! {
            span.badge { "Asking " b { (names.of(responder)) } }
            (moments::left(*deadline, now))
            span.hint { "page " (attempt) " of " (most) }
        },
        Phase::ManagersPaged { deadline, .. } => html! {
            span.badge { "Managers paged" }
            @match deadline {
                Some(deadline) => { (moments::left(*deadline, now)) },
                None => span.hint { "for the last time" },
            }
            @if let Some(round) = incident.manager_rounds.last() {
                span.hint { (names.managers(&round.whom)) }
            }
        },
        phase => html! { span.badge { (heading(phase, names)) } },
    }
}

/// Where an incident stands, in a few words.
pub(super) fn heading(phase: &Phase, names: &Names<'_>) -> String {
    match phase {
        Phase::Hunting { .. } => "Looking for somebody".to_owned(),
        Phase::Paging { responder, .. } => format!("Asking {}", names.of(responder)),
        Phase::ManagersPaged { .. } => "Managers paged".to_owned(),
        Phase::Acknowledged { by, .. } => format!("Taken by {}", names.of(by)),
        Phase::ScheduleShown { .. } => "Nobody is hunted today".to_owned(),
        Phase::Cancelled { by, .. } => format!("Cancelled by {}", names.of(by)),
        Phase::Closed { by, .. } => format!("Closed by {}", names.of(by)),
    }
}

/// A phase as the style sheet knows it.
pub(super) fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Hunting { .. } => "hunting",
        Phase::Paging { .. } => "paging",
        Phase::ManagersPaged { .. } => "managers",
        Phase::Acknowledged { .. } => "taken",
        Phase::ScheduleShown { .. } => "schedule",
        Phase::Cancelled { .. } => "cancelled",
        Phase::Closed { .. } => "closed",
    }
}
