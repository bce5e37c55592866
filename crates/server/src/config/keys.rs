//! From the keys of `pagerslack.toml` to the settings of a rotation, but for what stands in the team's files.

use jiff::Span;
use pagerslack_core::rules::Weekend;
use pagerslack_core::{Policy, Rules};
use pagerslack_slack::words::FollowUpText;
use pagerslack_sources::settings::{RotationKeys, WeekendKey};

use super::RotationConfig;

/// The settings of a rotation.
pub(super) fn settings(keys: &RotationKeys) -> RotationConfig {
    let asks = keys.follow_up_question.is_some() || keys.follow_up_link.is_some();
    RotationConfig {
        policy: Policy { follow_up_after: asks.then_some(keys.follow_up_after), ..keys.policy.clone() },
        managers: keys.managers.clone(),
        manager_emails: keys.manager_emails.clone(),
        manager_group: keys.manager_group.clone(),
        rules: Rules {
            min_tenure: Span::from(keys.min_tenure),
            guests: keys.guests,
            away: keys.away.clone().into(),
            weekend: match (keys.weekend, &keys.schedule_link) {
                (WeekendKey::Link, Some(url)) => Weekend::Link { url: url.clone() },
                (WeekendKey::Volunteers, _) => Weekend::Volunteers,
                (WeekendKey::Page | WeekendKey::Link, _) => Weekend::Page,
            },
            weekend_days: keys.weekend_days.clone(),
            day_zone: keys.day_zone.clone(),
            ..Rules::default()
        },
        follow_up: FollowUpText {
            question: keys.follow_up_question.clone(),
            link: keys.follow_up_link.clone(),
        },
        nudge_missing_schedule: keys.nudge_missing_schedule,
        thin_coverage: keys.thin_coverage,
    }
}

#[cfg(test)]
mod tests;
