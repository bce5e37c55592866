//! What people ask of the bot and do with its buttons, from the first word to the last.

mod alert;
mod cancel;
mod first;
mod follow_up;
mod hand_over;
mod home;
mod nudge;
mod position;
mod roster;
mod status;
mod top;
mod verdicts;
mod weekend;
mod why;
mod why_me;
mod wording;

use jiff::SignedDuration;
use pagerslack::config::RotationConfig;
use pagerslack_core::Rules;
use pagerslack_core::roster::{Entry, Roster, Who};

/// The usual manager, and these rules.
fn ruled(rules: Rules) -> RotationConfig {
    RotationConfig { managers: vec!["M1".into()], rules, ..RotationConfig::default() }
}

/// The usual manager, and a follow-up after a day.
fn followed_up() -> RotationConfig {
    let mut config = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
    config.policy.follow_up_after = Some(SignedDuration::from_hours(24));
    config
}

/// A roster of these rows.
fn roster(entries: impl IntoIterator<Item = Entry>) -> Rules {
    let roster = Roster::new(entries.into_iter().collect());
    Rules { roster: Some(roster.into()), ..Rules::default() }
}

/// A row that names an engineer by their id.
fn row(user: &str) -> Entry {
    Entry { who: Who { user: Some(user.into()), ..Who::default() }, ..Entry::default() }
}
