//! Whose turn it is, in every rotation: the order, the last turns, and how people stand just now.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use pagerslack_core::rules::Day;
use pagerslack_core::{RotationId, Verdict};
use pagerslack_slack::words::answer::Standing;
use serde::Deserialize;

use super::access::{Viewer, is_from_here};
use super::layout::Page;
use super::names::{Names, channel_link};
use super::{Dashboard, absent, moments, unreadable};
use crate::engine::{LineUp, LinedUp};

/// How many people of a rotation are shown at once.
const MOST: usize = 200;

/// How many rotations are shown on one page.
const MOST_ROTATIONS: usize = 50;

/// What is looked for.
#[derive(Deserialize, Default)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

/// The page.
pub(super) async fn show(
    State(dashboard): State<Arc<Dashboard>>,
    viewer: Viewer,
    search: Result<Query<Search>, QueryRejection>,
) -> Response {
    let engine = dashboard.engine();
    let rotations = match viewer.rotations(&dashboard).await {
        Ok(rotations) => rotations,
        Err(error) => return unreadable(&viewer, &error),
    };
    let mut found = Vec::new();
    for rotation in rotations.iter().take(MOST_ROTATIONS) {
        match engine.line_up(rotation).await {
            Ok(line_up) => found.push((rotation, line_up)),
            Err(error) => return unreadable(&viewer, &error),
        }
    }
    let search = search.map(|Query(search)| search.q).unwrap_or_default();
    let shown = Shown { dashboard: &dashboard, search: search.trim(), now: engine.clock().now() };
    let content = html! {
        h1 { "Queue" }
        p.hint { "Least recently asked first. Whoever is asked, or answers, goes to the bottom." }
        (shown.form())
        @if found.is_empty() { p.none { "Nothing was reported yet, so there is no queue." } }
        @for (rotation, line_up) in &found { (shown.rotation(rotation, line_up, found.len() > 1)) }
        @if rotations.len() > MOST_ROTATIONS {
            p.hint { (rotations.len() - MOST_ROTATIONS) " more rotations are not shown." }
        }
    };
    Page::new("Queue", &viewer).at("/queue").live(shown.now).render(&content).into_response()
}

/// Whom to look up.
#[derive(Deserialize)]
pub(super) struct Whose {
    team: String,
    channel: String,
}

/// Asks Slack how the first of a queue stand, and shows the page again.
pub(super) async fn look_up(
    State(dashboard): State<Arc<Dashboard>>,
    viewer: Viewer,
    headers: HeaderMap,
    Query(whose): Query<Whose>,
) -> Response {
    if !is_from_here(&headers) {
        return (StatusCode::FORBIDDEN, "this was not asked for on a page of this dashboard\n")
            .into_response();
    }
    let rotation = RotationId::new(whose.team.as_str().into(), whose.channel.as_str().into());
    match viewer.rotations(&dashboard).await {
        Ok(rotations) if rotations.contains(&rotation) => {}
        Ok(_) => return absent(&viewer),
        Err(error) => return unreadable(&viewer, &error),
    }
    // What Slack does not tell is shown as not looked up.
    dashboard.engine().look_up_queue(&rotation).await;
    Redirect::to("/queue").into_response()
}

struct Shown<'a> {
    dashboard: &'a Dashboard,
    search: &'a str,
    now: Timestamp,
}

impl Shown<'_> {
    fn form(&self) -> Markup {
        html! {
            form.search role="search" method="get" action="/queue" {
                label for="q" { "Find somebody" }
                input id="q" name="q" type="search" value=(self.search) autocomplete="off";
                button type="submit" { "Find" }
                @if !self.search.is_empty() { a href="/queue" { "Show everybody" } }
            }
        }
    }

    fn rotation(&self, rotation: &RotationId, line_up: &LineUp, several: bool) -> Markup {
        let names = Names::new(self.dashboard.engine(), &rotation.team);
        let heading = format!("queue-{}-{}", rotation.team, rotation.channel);
        let found: Vec<&LinedUp> = line_up.people.iter().filter(|it| self.matches(it, &names)).collect();
        html! {
            section aria-labelledby=(heading) {
                h2 id=(heading) {
                    a href=(channel_link(&rotation.team, &rotation.channel)) rel="noopener noreferrer" {
                        (names.channel(&rotation.channel))
                    }
                    @if several { span.hint { " in " (rotation.team) } }
                }
                div id={ "next-" (rotation.team) "-" (rotation.channel) } data-live {
                    (self.next(line_up, &names))
                }
                (look_up_form(rotation))
                div id={ "list-" (rotation.team) "-" (rotation.channel) } data-live {
                    @if !line_up.members_known {
                        p.hint { "Who is in the channel is not known just now: these are those who have a place." }
                    }
                    @if found.is_empty() {
                        p.none { @if self.search.is_empty() { "Nobody is in the queue." } @else { "Nobody here is called that." } }
                    } @else { (self.table(&found, line_up, &names)) }
                    @if found.len() > MOST { p.hint { (found.len() - MOST) " more: search to see them." } }
                }
            }
        }
    }

    fn matches(&self, person: &LinedUp, names: &Names<'_>) -> bool {
        let wanted = self.search.to_lowercase();
        wanted.is_empty()
            || names.of(&person.user).to_lowercase().contains(&wanted)
            || person.user.as_str().eq_ignore_ascii_case(&wanted)
    }

    /// Who would be asked now, in a sentence.
    fn next(&self, line_up: &LineUp, names: &Names<'_>) -> Markup {
        let name = |person: &LinedUp| html! { b { (names.of(&person.user)) } };
        html! {
            p.next role="status" {
                @if let Some(schedule) = &line_up.schedule {
                    "Nobody would be hunted now"
                    @if let Day::Off { name } = &line_up.day { ": it is " (name) }
                    ". The channel would be shown " (super::names::address(schedule, "the schedule")) "."
                } @else {
                    @match line_up.next() {
                        Ok(Some(person)) => { "Would be asked now: " (name(person)) "." },
                        Ok(None) => "Nobody could be asked now: the managers would be called.",
                        Err(untold) => {
                            "Next in line is " (name(untold.0)) ", if Slack says that they are there."
                        }
                    }
                }
            }
        }
    }

    fn table(&self, found: &[&LinedUp], line_up: &LineUp, names: &Names<'_>) -> Markup {
        let next = line_up.next().ok().flatten().filter(|_| line_up.schedule.is_none());
        html! {
            table.queue {
                caption.unseen { "The queue, head first" }
                thead {
                    tr {
                        th.number scope="col" { "Place" }
                        th scope="col" { "Person" }
                        th scope="col" { "Now" }
                    }
                }
                tbody {
                    @for person in found.iter().take(MOST) {
                        tr data-next[next == Some(*person)] data-standing=(kind(&person.standing)) {
                            td.number { (person.place) }
                            th scope="row" {
                                (names.of(&person.user))
                                span.hint {
                                    @match (person.last_turn, person.joining) {
                                        (Some(turn), _) => { "last turn " (moments::ago(turn, self.now)) },
                                        (None, true) => "joins with the next incident",
                                        (None, false) => "no turn yet",
                                    }
                                }
                            }
                            td { (self.standing(person, names)) }
                        }
                    }
                }
            }
        }
    }

    fn standing(&self, person: &LinedUp, names: &Names<'_>) -> String {
        match &person.standing {
            Standing::Known(verdict) => names.reason(&person.user, verdict, self.now),
            Standing::NotLookedAt => "not looked up just now".to_owned(),
        }
    }
}

fn look_up_form(rotation: &RotationId) -> Markup {
    html! {
        form.ask method="post" action={ "/queue/look-up?team=" (rotation.team) "&channel=" (rotation.channel) } {
            button type="submit" { "Ask Slack now" }
            span.hint { "how the first 25 stand; costs nothing that a page needs" }
        }
    }
}

/// A standing as the style sheet knows it.
fn kind(standing: &Standing) -> &'static str {
    match standing {
        Standing::Known(Verdict::Available) => "available",
        Standing::Known(Verdict::Unknown { .. }) | Standing::NotLookedAt => "unknown",
        Standing::Known(_) => "not",
    }
}
