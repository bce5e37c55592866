//! The team's files: read whole or refused with faults that lead to their lines; what is written reads back.

use jiff::SignedDuration;
use pagerslack_core::calendar::{DayOff, PublicHolidays};
use pagerslack_core::roster::Entry;
use pagerslack_sources::import::{Diff, Mapping, Outcome, Sheet, import};
use pagerslack_sources::public::{Table, embedded};
use pagerslack_sources::settings::{File, RotationKeys, WeekendKey};
use pagerslack_sources::{Columns, DateOrder, decode, exclusions, holidays, oncall};

use crate::lines;

/// The longest range that an entry of `holidays.yml` may have.
const LONGEST_DAY_OFF: i64 = 366;

/// `oncall.csv`: what is written of what was read reads back as the same entries, and is written so again.
///
/// # Panics
/// When it does not.
pub fn oncall_csv(input: &[u8]) {
    let columns = Columns::default();
    match oncall::read(input, &columns) {
        Err(faults) => lines::check(&faults, input),
        Ok(file) => {
            let entries = file.roster.entries();
            assert!(entries.len() < lines::count(input), "more people than rows");
            reads_back(entries, &columns);
        }
    }
}

fn reads_back(entries: &[Entry], columns: &Columns) {
    let text = oncall::write(entries, columns);
    match oncall::parse(&text, columns) {
        Ok(again) => assert_eq!(again.roster.entries(), entries, "read back from {text:?}"),
        Err(faults) => panic!("what we wrote is refused: {faults}\n{text:?}"),
    }
}

/// A spreadsheet: every row is understood, bad or dropped, once; what is understood is an `oncall.csv`.
///
/// # Panics
/// When it is not.
pub fn roster_import(input: &[u8]) {
    let sheet = match Sheet::read(input) {
        Ok(sheet) => sheet,
        Err(faults) => return lines::check(&faults, input),
    };
    let Ok(mapping) = Mapping::new(sheet.headers(), []) else { return };
    // One order a run: three would take three times as long, and find the same.
    let dates = [None, Some(DateOrder::DayFirst), Some(DateOrder::MonthFirst)][input.len() % 3];
    let mut done = 0;
    let outcome = import(&sheet, &mapping, dates, &mut |count| done = count);
    assert_eq!(done, sheet.len());
    accounted(&outcome, &sheet, lines::count(input));
    let entries = outcome.entries();
    reads_back(&entries, &Columns::default());
    let same = Diff::between(&entries, &entries);
    assert!(same.is_empty() && same.unchanged == entries.len());
}

fn accounted(outcome: &Outcome, sheet: &Sheet, last: usize) {
    let good = outcome.rows.iter().map(|row| row.line);
    let bad = outcome.bad.iter().map(|row| row.line);
    let dropped = outcome.dropped.iter().map(|row| row.line);
    let mut all: Vec<usize> = good.chain(bad).chain(dropped).collect();
    all.sort_unstable();
    assert_eq!(all.len(), sheet.len(), "every row has one fate");
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "a row has two fates: {all:?}");
    assert!(all.iter().all(|line| (1..=last).contains(line)), "rows of {all:?} in {last} lines");
    assert!(outcome.bad.iter().all(|row| !row.why.is_empty()));
}

/// `holidays.yml`: days in order and of a sensible length, no more of them than bytes; and whoever knows the places
/// refuses no less and reads nothing else than whoever does not.
///
/// # Panics
/// When it is otherwise.
pub fn holidays_yml(input: &[u8]) {
    let text = match decode(input) {
        Ok(text) => text,
        Err(faults) => return lines::check(&faults, input),
    };
    let known = match embedded() {
        Ok(known) => known,
        Err(error) => panic!("{error}"),
    };
    let anywhere = holidays::parse(text, None);
    match holidays::parse(text, Some(&known)) {
        Ok(days) => {
            assert!(days.len() <= text.len());
            days.iter().for_each(check_day);
            assert_eq!(anywhere.as_ref(), Ok(&days), "the table changes what is read");
        }
        Err(faults) => lines::check(&faults, input),
    }
    if let Err(faults) = anywhere {
        lines::check(&faults, input);
    }
}

fn check_day(day: &DayOff) {
    let DayOff { from, until, name, .. } = day;
    assert!(from <= until, "{day:?}");
    assert!(from.duration_until(*until).as_hours() / 24 < LONGEST_DAY_OFF, "{day:?}");
    assert!(name.as_ref().is_none_or(|name| !name.is_empty() && !name.contains(char::is_control)), "{day:?}");
}

/// `exclusions.yml`: everybody is somebody, and every while ends after it began.
///
/// # Panics
/// When it is otherwise.
pub fn exclusions_yml(input: &[u8]) {
    match decode(input).and_then(exclusions::parse) {
        Err(faults) => lines::check(&faults, input),
        Ok(excluded) => {
            assert!(excluded.len() <= input.len());
            for exclusion in excluded {
                let who = &exclusion.who;
                assert!(who.user.is_some() || who.email.is_some() || who.name.is_some(), "{exclusion:?}");
                if let (Some(from), Some(until)) = (exclusion.from, exclusion.until) {
                    assert!(from <= until, "{exclusion:?}");
                }
            }
        }
    }
}

/// The table of public holidays, packed and as text: what was read is written and read back as the same.
///
/// # Panics
/// When it is not.
pub fn public_table(input: &[u8]) {
    let unpacked = Table::unpack(input).ok().map(|table| table.days);
    let parsed = std::str::from_utf8(input).ok().and_then(|text| PublicHolidays::parse(text).ok());
    for table in unpacked.as_deref().into_iter().chain(&parsed) {
        let text = table.to_text();
        match PublicHolidays::parse(&text) {
            Ok(again) => assert!(again == *table, "read back from {text:?}"),
            Err(why) => panic!("what we wrote is refused: {why}\n{text:?}"),
        }
    }
}

/// `pagerslack.toml`: what is accepted lies within the limits, and the bot token travels encrypted or stays here.
///
/// # Panics
/// When it does not.
pub fn config_toml(input: &[u8]) {
    let text = match decode(input) {
        Ok(text) => text,
        Err(faults) => return lines::check(&faults, input),
    };
    let (partly, mut faults) = File::read(text);
    // Even of a refused file only sound values are taken: the rest of it is judged by them.
    check_settings(&partly);
    assert!(partly.rotations.len() <= lines::count(input) + input.len() / 10);
    match File::parse(text) {
        Ok(file) => assert!(faults.0.is_empty() && file == partly, "two readings of {text:?}"),
        Err(same) => {
            lines::check(&same, input);
            faults.0.sort();
            assert_eq!(same, faults);
        }
    }
}

fn check_settings(file: &File) {
    let host = file.api_url.host_str().unwrap_or_default();
    let here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    let scheme = file.api_url.scheme();
    assert!(scheme == "https" || (scheme == "http" && here), "{}", file.api_url);
    assert!(file.api_url.path().ends_with('/'), "{}", file.api_url);
    assert!(file.command.len() > 1 && file.command.starts_with('/'), "{:?}", file.command);
    std::iter::once(&file.defaults).chain(file.rotations.values()).for_each(check_rotation);
}

fn check_rotation(keys: &RotationKeys) {
    let second_to_day = SignedDuration::from_secs(1)..=SignedDuration::from_hours(24);
    let policy = &keys.policy;
    for length in [policy.ack_timeout, policy.patience, policy.manager_repeat] {
        assert!(second_to_day.contains(&length), "{length}");
    }
    for number in [policy.max_attempts, policy.manager_rounds] {
        assert!((1..=100).contains(&number), "{number}");
    }
    let minute_to_season = SignedDuration::from_mins(1)..=SignedDuration::from_hours(90 * 24);
    assert!(minute_to_season.contains(&keys.follow_up_after), "{}", keys.follow_up_after);
    // Added to a date, as the rules do with everybody's start date.
    let start = jiff::civil::date(2026, 2, 28);
    let end = start.checked_add(jiff::Span::from(keys.min_tenure));
    assert!(end.is_ok_and(|end| start <= end && end.year() <= 2126), "{:?}", keys.min_tenure);
    for link in keys.schedule_link.iter().chain(&keys.follow_up_link) {
        assert!(link.starts_with("http") && !link.contains(['<', '>', '|', ' ', '\n', '\t']), "{link:?}");
    }
    let ids = keys.managers.iter().map(|user| user.as_str());
    for id in ids.chain(keys.manager_group.iter().map(|group| group.as_str())) {
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id:?}");
    }
    assert!(matches!(keys.weekend, WeekendKey::Page | WeekendKey::Link | WeekendKey::Volunteers));
}
