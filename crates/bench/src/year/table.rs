//! What the simulated year came to, group by group.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pagerslack_core::UserId;

use super::course::Year;
use super::team::{Kind, ZONES};

/// The people of one zone and one kind: those of equal availability.
pub(super) struct Group {
    /// An index of [`ZONES`].
    pub(super) place: usize,
    pub(super) kind: Kind,
    pub(super) people: usize,
    /// The least and the most that one of them was asked in all.
    pub(super) asked: (usize, usize),
    /// The same on working days.
    pub(super) on_working_days: (usize, usize),
    /// The greatest difference over any window of the year.
    pub(super) spread: usize,
    pub(super) answered: usize,
    pub(super) unasked: usize,
}

/// Every zone's kinds, in the order of zones and kinds.
pub(super) fn groups(year: &Year) -> Vec<Group> {
    let mut members: BTreeMap<(usize, Kind), Vec<&UserId>> = BTreeMap::new();
    for person in &year.team.people {
        members.entry((person.place, person.kind)).or_default().push(&person.user);
    }
    members.into_iter().map(|((place, kind), users)| group(year, place, kind, &users)).collect()
}

fn group(year: &Year, place: usize, kind: Kind, users: &[&UserId]) -> Group {
    let asked = |user: &&UserId| year.asked.iter().filter(|asked| asked.user == **user).count();
    let working =
        |user: &&UserId| year.asked.iter().filter(|asked| asked.user == **user && !asked.day_off).count();
    let sum = |counts: &BTreeMap<UserId, usize>| users.iter().filter_map(|user| counts.get(*user)).sum();
    let pairs = users.iter().flat_map(|one| users.iter().map(move |other| (*one, *other)));
    Group {
        place,
        kind,
        people: users.len(),
        asked: extremes(users.iter().map(asked)),
        on_working_days: extremes(users.iter().map(working)),
        spread: pairs.map(|(one, other)| lead(year, one, other)).max().unwrap_or(0),
        answered: sum(&year.answered),
        unasked: sum(&year.unasked),
    }
}

fn extremes(counts: impl Iterator<Item = usize> + Clone) -> (usize, usize) {
    (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0))
}

/// By how much one person was asked more often than another, at most, over any window of the year.
fn lead(year: &Year, more: &UserId, less: &UserId) -> usize {
    let (mut worst, mut here) = (0_usize, 0_usize);
    for asked in &year.asked {
        if asked.user == *more && more != less {
            here += 1;
            worst = worst.max(here);
        } else if asked.user == *less {
            here = here.saturating_sub(1);
        }
    }
    worst
}

/// Whether somebody answers whenever asked, in time, and only then.
pub(super) fn answers_only_when_asked(kind: Kind) -> bool {
    matches!(kind, Kind::Asked | Kind::New | Kind::Weekends)
}

/// The greatest spread among those who answer whenever asked, and only then.
pub(super) fn worst_spread(groups: &[Group]) -> usize {
    let spreads = groups.iter().filter(|group| answers_only_when_asked(group.kind)).map(|group| group.spread);
    spreads.max().unwrap_or(0)
}

/// The table, a zone a line: how often one of each kind was asked, least to most.
pub(super) fn text(groups: &[Group]) -> String {
    const HEADS: [(Kind, &str); 7] = [
        (Kind::Asked, "asked"),
        (Kind::New, "new"),
        (Kind::Eager, "eager"),
        (Kind::Fitful, "fitful"),
        (Kind::Late, "late"),
        (Kind::Silent, "silent"),
        (Kind::Weekends, "volunteers"),
    ];
    let mut out = format!("{:<20} {:>6}", "zone", "people");
    for (_, head) in HEADS {
        let _ = write!(out, " {head:>10}");
    }
    let _ = writeln!(out, " {:>12} {:>8} {:>8}", "(weekdays)", "spread", "answered");
    for (place, (zone, _, _)) in ZONES.iter().enumerate() {
        let here: Vec<&Group> = groups.iter().filter(|group| group.place == place).collect();
        let people: usize = here.iter().map(|group| group.people).sum();
        let _ = write!(out, "{zone:<20} {people:>6}");
        let of = |kind: Kind| here.iter().find(|group| group.kind == kind);
        for (kind, _) in HEADS {
            let _ = write!(out, " {:>10}", of(kind).map_or_else(String::new, |group| range(group.asked)));
        }
        let weekdays = of(Kind::Weekends).map_or_else(String::new, |group| range(group.on_working_days));
        let spread =
            here.iter().filter(|group| answers_only_when_asked(group.kind)).map(|group| group.spread);
        let answered: usize = here.iter().map(|group| group.answered + group.unasked).sum();
        let _ = writeln!(out, " {weekdays:>12} {:>8} {answered:>8}", spread.max().unwrap_or(0));
    }
    out
}

fn range((least, most): (usize, usize)) -> String {
    if least == most { least.to_string() } else { format!("{least}–{most}") }
}
