//! `position`: where the reader stands.

use jiff::Timestamp;
use pagerslack_core::Verdict;

use super::{Position, PositionAnswer, Standing, failed, in_no_rotation, more_channels};
use crate::words::Said;
use crate::words::list::{Line, Paragraph, listed};
use crate::words::moment::at_time;
use crate::words::why::{Whom, label, reason_of};

/// The reader's place in each rotation, when they were last asked, and whether they could be asked now.
pub fn position(answer: &PositionAnswer) -> Said {
    if answer.rotations.is_empty() {
        return in_no_rotation();
    }
    let paragraphs: Vec<Paragraph<'_>> = answer
        .rotations
        .iter()
        .map(|rotation| match &rotation.found {
            Ok(found) => Paragraph::heading(of(&format!("<#{}>", rotation.channel), found, answer.now)),
            Err(error) => failed(&rotation.channel, *error),
        })
        .collect();
    listed(&paragraphs, 0, more_channels)
}

fn of(channel: &str, found: &Position, now: Timestamp) -> Line {
    match found {
        Position::Place { place, of, last_turn, standing } => {
            let ahead = match place.saturating_sub(1) {
                0 => "nobody is ahead of you".to_owned(),
                1 => "1 person is ahead of you".to_owned(),
                ahead => format!("{ahead} people are ahead of you"),
            };
            let turn = last_turn.map_or_else(
                || "You have not been asked yet.".to_owned(),
                |at| format!("Your last turn was {}.", at_time(at, now)),
            );
            let place = format!("*{channel}*: you are number {place} of {of}; {ahead}. {turn}");
            asked_now(&place, standing, now)
        }
        Position::Joining { of, standing } => {
            let after = match of {
                0 => String::new(),
                1 => ", after 1 other".to_owned(),
                of => format!(", after {of} others"),
            };
            let place = format!(
                "*{channel}*: you have no place yet; with the next incident you join at the bottom{after}."
            );
            asked_now(&place, standing, now)
        }
        Position::None { verdict } => {
            let say = |why: &str| format!("*{channel}*: you have no place in this rotation: you are {why}.");
            Line::new(say(&reason_of(verdict, now, Whom::You)), say(label(verdict)))
        }
    }
}

fn asked_now(place: &str, standing: &Standing, now: Timestamp) -> Line {
    match standing {
        Standing::Known(Verdict::Available) => Line::plain(format!(
            "{place} You could be asked now: you are {}.",
            reason_of(&Verdict::Available, now, Whom::You)
        )),
        Standing::Known(Verdict::Unknown { .. }) => Line::plain(format!(
            "{place} Slack does not tell whether you are available, so you could be asked after everybody who is."
        )),
        Standing::Known(verdict) => {
            let say = |why: &str| format!("{place} You would not be asked now: you are {why}.");
            Line::new(say(&reason_of(verdict, now, Whom::You)), say(label(verdict)))
        }
        Standing::NotLookedAt => {
            Line::plain(format!("{place} Whether you could be asked was not looked up just now."))
        }
    }
}
