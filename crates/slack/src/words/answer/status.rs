//! `status`: what is open.

use jiff::Timestamp;
use pagerslack_core::{Incident, Phase};

use super::{AnswerError, InChannel, StatusAnswer, Told, failed, in_no_rotation, more_channels};
use crate::text::{cut, escape};
use crate::words::list::{Line, Paragraph, listed};
use crate::words::moment::{at_time, when};
use crate::words::reporter::{by as whoever, reporter};
use crate::words::{Said, link};

/// So much of an address is shown where room is scarce.
const SHORT_URL: usize = 60;

/// The open incidents of each rotation.
pub fn status(answer: &StatusAnswer) -> Said {
    if answer.rotations.is_empty() {
        return in_no_rotation();
    }
    let quiet = |rotation: &&InChannel<Vec<Told>>| matches!(&rotation.found, Ok(open) if open.is_empty());
    let quiet = answer.rotations.iter().filter(quiet).count();
    if quiet == answer.rotations.len() {
        return Said::paragraph("Nothing is open. :relieved:".to_owned());
    }
    let mut paragraphs: Vec<Paragraph<'_>> =
        answer.rotations.iter().filter_map(|rotation| of(rotation, answer.now)).collect();
    if quiet > 0 {
        let elsewhere = if quiet == 1 { "1 other channel" } else { &format!("{quiet} other channels") };
        paragraphs.push(Paragraph::heading(Line::plain(format!("Nothing is open in {elsewhere}."))));
    }
    listed(&paragraphs, 1, more_channels)
}

fn of(rotation: &InChannel<Vec<Told>>, now: Timestamp) -> Option<Paragraph<'_>> {
    let channel = &rotation.channel;
    let open: Result<&Vec<Told>, AnswerError> = rotation.found.as_ref().map_err(|error| *error);
    match open {
        Err(error) => Some(failed(channel, error)),
        Ok(open) if open.is_empty() => None,
        Ok(open) => {
            let heading = Line::plain(format!("*Open in <#{channel}>: {}*", open.len()));
            let lines = open.iter().map(move |told| line(told, now));
            Some(Paragraph::over(heading, open.len(), lines, move |kept| {
                format!("… and {} more.", open.len() - kept)
            }))
        }
    }
}

fn line(told: &Told, now: Timestamp) -> Line {
    let incident = &told.incident;
    let thread =
        told.thread.as_deref().map_or_else(String::new, |thread| format!(" (<{}|thread>)", escape(thread)));
    let since = format!("reported by {} {}", reporter(incident), at_time(incident.reported_at, now));
    let say = |url: String| format!("• {url}{thread}: {}; {since}", stands(incident, now));
    Line::new(
        say(link(&incident.report.url)),
        say(escape(&cut(&incident.report.url, SHORT_URL, 2 * SHORT_URL))),
    )
}

/// Where an incident stands, as a clause.
pub(super) fn stands(incident: &Incident, now: Timestamp) -> String {
    match &incident.phase {
        Phase::Hunting { since } => {
            format!("looking for an engineer since {}", when(*since, now))
        }
        Phase::Paging { attempt, responder, .. } => {
            let since = incident.attempt(*attempt).map_or(incident.reported_at, |found| found.paged_at);
            format!("waiting for <@{responder}> since {} (attempt {attempt})", when(since, now))
        }
        Phase::ManagersPaged { round, deadline } => {
            let since = incident.manager_round(*round).map_or(incident.reported_at, |found| found.at);
            let over = if deadline.is_none() { ", for the last time" } else { "" };
            format!("managers paged {}{over}, nobody is on it", at_time(since, now))
        }
        Phase::ScheduleShown { at } => format!("schedule shown {}, nobody is paged", at_time(*at, now)),
        Phase::Acknowledged { by, at, .. } => format!("<@{by}> is on it since {}", when(*at, now)),
        Phase::Cancelled { by, at } => {
            format!("cancelled by {} {}", whoever(incident, by), at_time(*at, now))
        }
        Phase::Closed { by, at } => format!("closed by <@{by}> {}", at_time(*at, now)),
    }
}
