//! After the incident: how it went on, asked once.

use pagerslack_core::{Incident, Phase};
use serde_json::json;

use super::buttons::{Button, actions};
use super::{Said, address, link, section};
use crate::text::{cut, escape};

/// A question of more characters than this is cut.
const QUESTION_LIMIT: usize = 300;
/// The same, as it stands in a message: `&` takes five characters there.
const ESCAPED_QUESTION_LIMIT: usize = 400;

/// What the team wants to ask, as its settings say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FollowUpText {
    /// The question; the bot has one of its own.
    pub question: Option<String>,
    /// Where the answer goes.
    pub link: Option<String>,
}

/// The question in the thread, to the reporter and whoever took the incident.
pub fn follow_up(incident: &Incident, text: &FollowUpText) -> Option<Said> {
    let taken = incident.last_taken()?;
    let reporter = incident.report.person().filter(|reporter| **reporter != taken.by);
    let reporter = reporter.map_or_else(String::new, |reporter| format!("<@{reporter}> "));
    let whom = format!("{reporter}<@{}>", taken.by);
    let question = text.question.as_deref().map(str::trim).filter(|question| !question.is_empty());
    let question = question.map_or_else(
        || "How did it go on, and what should others know?".to_owned(),
        |question| escape(&cut(question, QUESTION_LIMIT, ESCAPED_QUESTION_LIMIT)),
    );
    let place = text.link.as_deref().filter(|place| !place.is_empty());
    let place = place.map_or_else(String::new, |place| format!(" {}", address(place)));
    let ask = format!(
        ":speech_balloon: {whom} about {}: {question}{place}\nPress *Done* when nothing is left to do.",
        link(&incident.report.url)
    );
    let blocks = json!([section(&ask), actions(incident, &[Button::Done])]);
    Some(Said { text: ask, blocks })
}

/// The same once somebody has pressed "Done", without its button.
pub fn follow_up_over(incident: &Incident) -> Option<Said> {
    let Phase::Closed { by, .. } = &incident.phase else { return None };
    Some(Said::paragraph(format!(
        ":checkered_flag: <@{by}> says that {} is done. Thank you all.",
        link(&incident.report.url)
    )))
}
