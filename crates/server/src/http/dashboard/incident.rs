//! One incident from the report on, each step with its reason.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use pagerslack_core::incident::{Delay, ManagersReason, Posting, Via, replay};
use pagerslack_core::{Candidate, Event, Incident, IncidentId, Phase, Recorded, TeamId, UserId, Verdict};
use pagerslack_slack::words::spoken;

use super::access::Viewer;
use super::layout::Page;
use super::names::{Names, address, channel_link, thread_link};
use super::now::{heading, phase_name, short};
use super::{Dashboard, absent, moments, unreadable};

/// The page.
pub(super) async fn show(
    State(dashboard): State<Arc<Dashboard>>,
    viewer: Viewer,
    Path((team, id)): Path<(String, String)>,
) -> Response {
    let (team, id) = (TeamId::new(team), IncidentId::new(id));
    if !viewer.sees(&team) {
        return absent(&viewer);
    }
    let engine = dashboard.engine();
    let log = match engine.store().load(&team, &id).await {
        Ok(Some(stored)) => stored.log,
        Ok(None) => return absent(&viewer),
        Err(error) => return unreadable(&viewer, &error),
    };
    let Some(incident) = replay(&log) else { return absent(&viewer) };
    let now = engine.clock().now();
    let names = Names::new(engine, &team);
    let telling = Telling { incident: &incident, names, now };
    let title = format!("{} · {}", heading(&incident.phase, &telling.names), short(&incident.report.url));
    Page::new(&title, &viewer).live(now).render(&telling.render(&log)).into_response()
}

struct Telling<'a> {
    incident: &'a Incident,
    names: Names<'a>,
    now: Timestamp,
}

/// One step: what happened, and why.
struct Step {
    what: Markup,
    why: Option<Markup>,
    kind: &'static str,
}

impl Step {
    fn plain(what: Markup) -> Self {
        Self { what, why: None, kind: "plain" }
    }

    fn of(kind: &'static str, what: Markup) -> Self {
        Self { what, why: None, kind }
    }

    fn because(self, why: Markup) -> Self {
        Self { why: Some(why), ..self }
    }
}

impl Telling<'_> {
    fn render(&self, log: &[Recorded]) -> Markup {
        let report = &self.incident.report;
        let team = &report.rotation.team;
        html! {
            p.crumb { a href="/" { "Now" } }
            h1.address { (short(&report.url)) }
            @if !report.note.is_empty() { p.note { (report.note) } }
            div id="state" data-live {
                p.state data-phase=(phase_name(&self.incident.phase)) role="status" {
                    span.badge { (heading(&self.incident.phase, &self.names)) }
                    @if let Phase::Paging { deadline, .. } = &self.incident.phase {
                        span aria-live="off" { (moments::left(*deadline, self.now)) }
                    }
                }
                dl.facts { (self.facts()) }
            }
            ul.links {
                li { (address(&report.url, "The incident")) }
                @if let Some(root) = &self.incident.root {
                    li { a href=(thread_link(team, root)) rel="noopener noreferrer" { "The thread in Slack" } }
                }
                li {
                    a href=(channel_link(team, &report.rotation.channel)) rel="noopener noreferrer" {
                        "The channel in Slack"
                    }
                }
            }
            section aria-labelledby="steps" {
                h2 id="steps" { "What happened" }
                ol.timeline id="timeline" data-live {
                    @for (recorded, step) in log.iter().filter_map(|it| Some((it, self.step(it)?))) {
                            li data-kind=(step.kind) {
                                p.at {
                                    (moments::exact(recorded.at))
                                    span.hint { (self.after(recorded.at)) }
                                }
                                div.step {
                                    p.what { (step.what) }
                                    @if let Some(why) = step.why { (why) }
                                }
                            }
                    }
                }
            }
        }
    }

    fn facts(&self) -> Markup {
        let incident = self.incident;
        html! {
            div { dt { "Reported by" } dd { (self.names.of(&incident.report.reporter)) } }
            div { dt { "Where" } dd { (self.names.channel(&incident.report.rotation.channel)) } }
            div { dt { "Asked" } dd { (match incident.attempts.len() {
                0 => "nobody".to_owned(),
                1 => "1 person".to_owned(),
                asked => format!("{asked} people"),
            }) } }
            @if let Some(after) = incident.time_to_response() {
                div { dt { "Answered after" } dd { (spoken(after)) } }
            } @else {
                div { dt { "Open for" } dd {
                    @if incident.is_open() { (spoken(self.now.duration_since(incident.reported_at))) } @else { "nobody took it" }
                } }
            }
        }
    }

    /// How long after the report something was.
    fn after(&self, at: Timestamp) -> String {
        let after = at.duration_since(self.incident.reported_at);
        if after.as_secs() <= 0 { String::new() } else { format!("+{}", spoken(after)) }
    }

    fn name(&self, user: &UserId) -> Markup {
        html! { b { (self.names.of(user)) } }
    }

    /// What an event was, or nothing for one that tells nobody anything.
    fn step(&self, recorded: &Recorded) -> Option<Step> {
        let at = recorded.at;
        Some(match &recorded.event {
            Event::Reported(report) => {
                Step::of("begin", html! { (self.name(&report.reporter)) " reported it." }).because(html! {
                    @if let Some(first) = &report.first {
                        p { "They want " (self.names.of(first)) " to be asked first." }
                    }
                })
            }
            // What goes as it should needs no word of its own: the page before it tells of it.
            Event::RootPosted { .. } | Event::ManagersPosted { .. } => return None,
            Event::Paged { attempt, responder, considered, .. } => {
                Step::of("paged", html! { (self.name(responder)) " was chosen (page " (attempt) ")." })
                    .because(self.why(responder, considered, at))
            }
            Event::PagePosted { deadline, .. } => Step::plain(html! {
                "The page stands in the thread: " (spoken(deadline.duration_since(at))) " to answer."
            }),
            Event::PageTimedOut { attempt } => {
                Step::of("bad", html! { (self.asked(*attempt)) " did not answer in time." })
            }
            Event::Passed { by, .. } => Step::of("bad", html! { (self.name(by)) " passed." }),
            Event::ManagersPaged { round, whom, reason, direct, .. } => {
                let how = if *direct { " directly" } else { "" };
                let again = if *round > 1 { ", once more" } else { "" };
                Step::of(
                    "managers",
                    html! {
                        "The managers were called" (how) (again) ": " b { (self.names.managers(whom)) } "."
                    },
                )
                .because(self.why_managers(reason, at))
            }
            Event::PostRefused { posting, why } => {
                Step::of("bad", html! { "Slack refused " (posted(*posting)) ": " code { (why) } "." })
            }
            Event::Resolved => {
                Step::of("good", html! { "The machine that reported it says that it is over." })
            }
            Event::Acknowledged { by, via, .. } => {
                Step::of("good", html! { (self.name(by)) " took it" (taken_how(*via)) "." })
            }
            Event::AckRefused { by } => Step::plain(
                html! { (self.name(by)) " tried to take it, and may not: they are no engineer of the channel." },
            ),
            Event::ScheduleShown { link, day } => Step::plain(html! {
                "It was " (day) ": the channel was shown " (address(link, "the schedule")) " instead of a hunt."
            }),
            Event::HuntResumed { by } => {
                Step::plain(html! { (self.name(by)) " reported it again: the hunt began." })
            }
            Event::HandedOver { from, by } => {
                let said = if from == by {
                    html! {}
                } else {
                    html! { ", as " (self.names.of(by)) " said" }
                };
                Step::of("bad", html! { (self.name(from)) " handed it over" (said) ". The hunt went on." })
            }
            Event::Delayed { why } => Step::of("bad", html! { (delayed(*why)) }),
            Event::ClockPutBack { .. } => Step::plain(html! {
                "The machine's clock was put back: whatever was waited for began anew."
            }),
            Event::Cancelled { by } => {
                Step::of("end", html! { (self.name(by)) " cancelled it: nobody was needed any more." })
            }
            Event::FollowUpPosted { .. } => Step::plain(html! { "It was asked how it went on." }),
            Event::Closed { by } => Step::of("end", html! { (self.name(by)) " closed it." }),
        })
    }

    /// Who was asked in an attempt.
    fn asked(&self, attempt: u32) -> Markup {
        match self.incident.attempt(attempt) {
            Some(attempt) => self.name(&attempt.responder),
            None => html! { "Page " (attempt) },
        }
    }

    /// Why this person, and why not those before them (P7).
    fn why(&self, responder: &UserId, considered: &[Candidate], at: Timestamp) -> Markup {
        let before: Vec<&Candidate> =
            considered.iter().take_while(|candidate| candidate.user != *responder).collect();
        let chosen = considered.iter().find(|candidate| candidate.user == *responder);
        html! {
            @if let Some(chosen) = chosen {
                p {
                    "First in the queue who was " (was(&self.names.reason(responder, &chosen.verdict, at), &chosen.verdict)) ". "
                    @match chosen.last_turn {
                        Some(turn) => { "Their last turn was " (spoken(at.duration_since(turn))) " before." },
                        None => "They had had no turn yet.",
                    }
                }
            }
            @match before.as_slice() {
                [] => p.hint { "Nobody stood ahead of them." },
                [one] => p { "Not " b { (self.names.of(&one.user)) } ": " (self.names.reason(&one.user, &one.verdict, at)) "." },
                before => (self.passed_over(before, at)),
            }
        }
    }

    /// A list that is long is folded away.
    fn passed_over(&self, before: &[&Candidate], at: Timestamp) -> Markup {
        const SHOWN: usize = 6;
        html! {
            details open[before.len() <= SHOWN] {
                summary { "Why not the " (before.len()) " ahead of them" }
                (self.names.reasons(before, at))
            }
        }
    }

    fn why_managers(&self, reason: &ManagersReason, at: Timestamp) -> Markup {
        match reason {
            ManagersReason::AttemptsUsedUp => html! { p { "As many people were asked as may be." } },
            ManagersReason::NobodyAvailable { considered } => {
                let considered: Vec<&Candidate> = considered.iter().collect();
                html! {
                    p { "Nobody else could be asked." }
                    (self.passed_over(&considered, at))
                }
            }
            ManagersReason::CannotTell { why } => {
                html! { p { "Slack did not say who is in the channel: " code { (why) } "." } }
            }
            ManagersReason::CannotPost { why } => {
                html! { p { "Slack did not take messages in the channel: " code { (why) } "." } }
            }
            ManagersReason::NoAnswer => html! { p { "Nobody answered the last call." } },
            ManagersReason::OnDemand { by } => html! { p { (self.names.of(by)) " asked for them." } },
        }
    }
}

/// A reason as told afterwards.
fn was<'a>(reason: &'a str, verdict: &Verdict) -> &'a str {
    if *verdict == Verdict::Available { "online and could be disturbed" } else { reason }
}

fn posted(posting: Posting) -> &'static str {
    match posting {
        Posting::Root => "the message that opens the thread",
        Posting::Page { .. } => "the page",
        Posting::Managers { .. } => "the managers' page",
        Posting::FollowUp => "the question how it went on",
    }
}

fn taken_how(via: Via) -> &'static str {
    match via {
        Via::Reaction => " with 👀",
        Via::Button => " with the button",
        Via::ReadBack => " with a 👀 that Slack had not told of, found by reading back",
    }
}

fn delayed(why: Delay) -> &'static str {
    match why {
        Delay::Limited => "Slack limits how often it may be asked, so the next step took longer.",
        Delay::NoAnswer => "Slack did not answer, so the next step took longer.",
    }
}
