//! `top`: who is next.

use jiff::Timestamp;

use super::{RotationTop, Standing, TopAnswer, TopEntry, day_off, failed, in_no_rotation, more_channels};
use crate::words::list::{Line, Paragraph, listed};
use crate::words::why::label;
use crate::words::{Said, reason, spoken};

/// The head of the queue in each rotation, with how things stand now.
pub fn top(answer: &TopAnswer) -> Said {
    if answer.rotations.is_empty() {
        return in_no_rotation();
    }
    let paragraphs: Vec<Paragraph<'_>> = answer
        .rotations
        .iter()
        .map(|rotation| match &rotation.found {
            Ok(found) => of(&format!("<#{}>", rotation.channel), found, answer.now),
            Err(error) => failed(&rotation.channel, *error),
        })
        .collect();
    listed(&paragraphs, 3, more_channels)
}

fn of<'a>(channel: &str, found: &'a RotationTop, now: Timestamp) -> Paragraph<'a> {
    let shown = found.entries.len();
    let mut heading = match (found.total, shown) {
        (0, _) | (_, 0) => {
            format!("*The queue of {channel} is empty:* no engineer of the channel has a place yet.")
        }
        (1, _) => format!("*The queue of {channel}*, 1 engineer:"),
        (total, shown) if shown < total => format!("*The queue of {channel}*, the next {shown} of {total}:"),
        (total, _) => format!("*The queue of {channel}*, {total} engineers:"),
    };
    if let Some(day) = day_off(&found.day, found.schedule.as_deref()) {
        heading.push('\n');
        heading.push_str(&day);
    }
    let lines = found.entries.iter().map(move |entry| line(entry, now));
    Paragraph::over(Line::plain(heading), shown, lines, move |kept| format!("… and {} more.", shown - kept))
}

fn line(entry: &TopEntry, now: Timestamp) -> Line {
    let turn = entry.last_turn.map_or_else(
        || "not asked yet".to_owned(),
        |at| format!("last turn {} ago", spoken(now.duration_since(at))),
    );
    let say = |standing: String| {
        let next = if entry.next { ":point_right: *would be asked now* – " } else { "" };
        format!("{}. <@{}> {next}{standing} – {turn}", entry.place, entry.user)
    };
    match &entry.standing {
        Standing::Known(verdict) => Line::new(say(reason(verdict, now)), say(label(verdict).to_owned())),
        Standing::NotLookedAt => {
            Line::new(say("not looked up just now".to_owned()), say("not looked up".to_owned()))
        }
    }
}
