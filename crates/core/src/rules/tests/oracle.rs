//! What forbids asking U1, written down a second time, as plainly as can be, for the laws to compare with.

use super::team::{Case, Hours, Row};
use super::*;

/// What can be said of U1 when all is known that Slack shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Forbidden,
    Fine,
    /// Slack does not show an address or a zone on which it may depend.
    Depends,
}

pub(super) fn truth(case: &Case) -> Truth {
    let Case { team, profile, .. } = case;
    let full = profile.account == Account::Member || (profile.account == Account::Guest && team.guests);
    if !full || is_quiet(case) {
        return Truth::Forbidden;
    }
    let mut depends = false;
    let row = match &team.roster {
        None => None,
        Some([ann, bob, cat]) => {
            let others_by_address = [bob, cat].into_iter().flatten().any(|row| !row.by_id);
            match ann {
                Some(row) if row.by_id || is_address(row.email.as_deref(), profile.email.as_deref()) => {
                    Some(row)
                }
                Some(_) if profile.email.is_none() => {
                    return if is_excluded_anyhow(case) { Truth::Forbidden } else { Truth::Depends };
                }
                None if others_by_address && profile.email.is_none() => {
                    return if is_excluded_anyhow(case) { Truth::Forbidden } else { Truth::Depends };
                }
                _ => return Truth::Forbidden,
            }
        }
    };
    if row.is_some_and(|row| row.role != Role::Engineer) {
        return Truth::Forbidden;
    }
    let named = row.and_then(|row| row.zone).or(profile.zone.as_deref());
    let zone = named.and_then(zone);
    let answers: Vec<Truth> = match &zone {
        Some(zone) => vec![on_date(case, row, zone.to_datetime(case.now).date())],
        None => possible_dates(case.now).into_iter().map(|date| on_date(case, row, date)).collect(),
    };
    if answers.iter().all(|answer| *answer == Truth::Forbidden) {
        return Truth::Forbidden;
    }
    depends |= answers.iter().any(|answer| *answer != Truth::Fine);
    let nobody_expected = is_weekend_or_company_holiday(case);
    if nobody_expected && team.volunteers_only && !row.is_some_and(|row| row.volunteers) {
        return Truth::Forbidden;
    }
    if let Some(hours) = row.and_then(|row| row.hours.as_ref()).filter(|_| !nobody_expected) {
        match &zone {
            Some(zone) if !is_within(hours, zone.to_datetime(case.now)) => return Truth::Forbidden,
            Some(_) => {}
            None => depends = true,
        }
    }
    if depends { Truth::Depends } else { Truth::Fine }
}

/// What their own Slack says: status, do-not-disturb, presence.
fn is_quiet(case: &Case) -> bool {
    let status = case.profile.status.as_ref().is_some_and(|status| {
        let holds = status.until.is_none_or(|until| case.now < until);
        holds && (status.emoji == ":palm_tree:" || ["ooo", "on holiday"].contains(&status.text.as_str()))
    });
    let dnd = case.dnd.is_some_and(|window| window.start <= case.now && case.now < window.end);
    status || dnd || case.presence == Presence::Away
}

fn on_date(case: &Case, row: Option<&Row>, today: Date) -> Truth {
    if is_excluded(case, row, today) || row.is_some_and(|row| is_new(row, case.team.tenure_months, today)) {
        return Truth::Forbidden;
    }
    if !has_day_off(case, row, today) {
        return if may_be_meant(case, row, today) { Truth::Depends } else { Truth::Fine };
    }
    // It may be lifted for somebody of an address that is not known.
    let address = row.and_then(|row| row.email.as_deref()).or(case.profile.email.as_deref());
    let lifted = case.team.days.iter().any(|day| match &day.scope {
        Scope::Person(who) => {
            let by_address = who.email.is_some() && address.is_none();
            let id = who.user.as_ref().is_none_or(|user| user.as_str() == "U1");
            day.worked && id && by_address && day.from <= today && today <= day.until
        }
        _ => false,
    });
    if lifted { Truth::Depends } else { Truth::Forbidden }
}

/// Whether somebody who is off today goes by an address, and may be this one, whose address nobody shows.
fn may_be_meant(case: &Case, row: Option<&Row>, today: Date) -> bool {
    if row.is_some_and(|row| row.email.is_some()) || case.profile.email.is_some() {
        return false;
    }
    let hidden = |who: &Who| {
        let others = Who { email: None, ..who.clone() };
        let by_address_alone = others.user.is_none() && others.name.is_none();
        who.email.is_some() && (by_address_alone || is_ann(&others, None, &case.profile))
    };
    let excluded = case.team.exclusions.iter().any(|exclusion| {
        let begun = exclusion.from.is_none_or(|from| from <= today);
        begun && exclusion.until.is_none_or(|until| today <= until) && hidden(&exclusion.who)
    });
    let off = case.team.days.iter().any(|day| {
        let holds = day.from <= today && today <= day.until && !day.worked;
        holds && matches!(&day.scope, Scope::Person(who) if hidden(who))
    });
    excluded || off
}

fn is_excluded(case: &Case, row: Option<&Row>, today: Date) -> bool {
    let addresses = [row.and_then(|row| row.email.as_deref()), case.profile.email.as_deref()];
    case.team.exclusions.iter().any(|exclusion| {
        let begun = exclusion.from.is_none_or(|from| from <= today);
        let ended = exclusion.until.is_some_and(|until| until < today);
        begun && !ended && addresses.iter().any(|address| is_ann(&exclusion.who, *address, &case.profile))
    })
}

/// Whether they are excluded or have a day off on every date that it may be, by what is certain of them.
fn is_excluded_anyhow(case: &Case) -> bool {
    possible_dates(case.now).into_iter().all(|date| on_date(case, None, date) == Truth::Forbidden)
}

/// The first day after the tenure, counted on the fingers.
fn is_new(row: &Row, months: i32, today: Date) -> bool {
    let Some(start) = row.start_date else { return false };
    let months = i32::from(start.year()) * 12 + i32::from(start.month()) - 1 + months;
    let (year, month) = ((months / 12) as i16, (months % 12 + 1) as i8);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (today.year(), today.month(), today.day()) < (year, month, start.day().min(last))
}

/// The narrowest word on the day counts, and of several as narrow the last.
fn has_day_off(case: &Case, row: Option<&Row>, today: Date) -> bool {
    let address = row.and_then(|row| row.email.as_deref()).or(case.profile.email.as_deref());
    let region = row.and_then(|row| row.region);
    let country = row.and_then(|row| row.country).or(region.map(|_| "PT"));
    let narrowness = |day: &DayOff| match &day.scope {
        Scope::Person(who) => is_ann(who, address, &case.profile).then_some(4),
        Scope::Region(code) => (region == Some(code.as_str())).then_some(3),
        Scope::Country(code) => (country == Some(code.as_str())).then_some(2),
        Scope::Everyone => Some(1),
    };
    let today_is = |day: &&DayOff| day.from <= today && today <= day.until;
    let words = case.team.days.iter().filter(today_is).filter_map(|day| Some((narrowness(day)?, day.worked)));
    let public = case.team.public.iter().any(|holiday| {
        let place = country == Some(holiday.country.as_str())
            && holiday.subdivision.as_ref().is_none_or(|_| region.is_some());
        place && holiday.date == today
    });
    // `max_by_key` gives the last of equals.
    match words.max_by_key(|(narrowness, _)| *narrowness) {
        Some((2.., worked)) => !worked,
        Some((_, true)) => false,
        _ => public,
    }
}

fn is_weekend_or_company_holiday(case: &Case) -> bool {
    let today = zone(case.team.day_zone).unwrap().to_datetime(case.now).date();
    let company = |day: &&DayOff| day.scope == Scope::Everyone && day.from <= today && today <= day.until;
    match case.team.days.iter().rfind(company) {
        Some(day) if !day.worked => true,
        _ => matches!(today.weekday(), Weekday::Saturday | Weekday::Sunday),
    }
}

fn is_within(hours: &Hours, local: jiff::civil::DateTime) -> bool {
    let minute = local.hour() as u16 * 60 + local.minute() as u16;
    let today = hours.weekdays.contains(&local.weekday());
    let yesterday = hours.weekdays.contains(&local.weekday().previous());
    if hours.begin < hours.end {
        today && hours.begin <= minute && minute < hours.end
    } else {
        (today && hours.begin <= minute) || (yesterday && minute < hours.end)
    }
}

fn is_ann(who: &Who, address: Option<&str>, profile: &Profile) -> bool {
    let somebody = who.user.is_some() || who.email.is_some() || who.name.is_some();
    let lower = |name: &str| name.to_lowercase();
    somebody
        && who.user.as_ref().is_none_or(|user| user.as_str() == "U1")
        && who.email.as_deref().is_none_or(|email| is_address(Some(email), address))
        && who.name.as_deref().is_none_or(|name| profile.names.iter().any(|own| lower(own) == lower(name)))
}

fn is_address(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.to_lowercase() == other.to_lowercase())
}

fn possible_dates(now: Timestamp) -> Vec<Date> {
    let mut dates: Vec<Date> = (-12..=14)
        .map(|hours| TimeZone::UTC.to_datetime(now + jiff::SignedDuration::from_hours(hours)).date())
        .collect();
    dates.dedup();
    dates
}
