//! Numbers to draw: an ordinary month, and what lies at the edges.

use pagerslack_charts::{
    Bucket, Column, Columns, Day, Heading, Heat, Lines, Load, Outcomes, Person, Picture, Row, Rows, Series,
    Stacked, Strip,
};

pub(crate) fn heading<'a>(id: &'a str, title: &'a str) -> Heading<'a> {
    Heading { id, title, nothing: "Nothing happened in this period." }
}

/// A number that looks like chance and is none.
fn chance(index: usize, below: u64) -> u64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 33) % below.max(1)
}

pub(crate) fn buckets(count: usize) -> Vec<Bucket> {
    (0..count)
        .map(|index| Bucket {
            short: format!("{} Nov", index % 30 + 1),
            long: format!("{} November 2026", index % 30 + 1),
            outcomes: Outcomes {
                by_people: chance(index, 9),
                by_managers: chance(index + 7, 3),
                by_nobody: u64::from(index % 6 == 2),
                cancelled: u64::from(index % 9 == 4),
            },
        })
        .collect()
}

pub(crate) fn names(count: usize) -> Vec<(String, String)> {
    buckets(count).into_iter().map(|bucket| (bucket.short, bucket.long)).collect()
}

/// The median and the slow tenth, with a gap of three days and a day alone.
pub(crate) fn times(count: usize) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
    let there = |index: usize| !(10..13).contains(&index) && index != 14;
    let p50 = |index| there(index).then(|| 40.0 + chance(index, 90) as f64);
    let p90 = |index| there(index).then(|| 200.0 + (chance(index, 30) * chance(index + 3, 60)) as f64);
    ((0..count).map(p50).collect(), (0..count).map(p90).collect())
}

pub(crate) fn people(count: usize) -> Vec<Person> {
    const NAMES: [&str; 6] = [
        "Ada Lovelace",
        "Grace Hopper",
        "Katherine Johnson of the Space Task Group",
        "李小龙",
        "Édith",
        "Radia Perlman",
    ];
    let mut people: Vec<Person> = (0..count)
        .map(|index| {
            let turns = 1 + chance(index, 12);
            Person {
                name: NAMES[index % NAMES.len()].to_owned(),
                turns,
                unanswered: turns.min(chance(index + 5, 5)),
                at_night: turns.min(chance(index + 9, 4)),
            }
        })
        .collect();
    people.sort_by_key(|person| std::cmp::Reverse(person.turns));
    people
}

/// A team of Europe with a few people in America.
pub(crate) fn week() -> [[Option<u64>; 24]; 7] {
    std::array::from_fn(|day| {
        std::array::from_fn(|hour| {
            let europe = if (7..17).contains(&hour) { 14 - (hour as u64).abs_diff(11) } else { 0 };
            let america = if (14..23).contains(&hour) { 4 } else { u64::from(hour % 3 == 0) };
            Some(if day < 5 { europe + america } else { (europe + america) / 5 })
        })
    })
}

pub(crate) fn days() -> Vec<Day> {
    const DAYS: [&str; 7] = ["Thu 26", "Fri 27", "Sat 28", "Sun 29", "Mon 30", "Tue 1", "Wed 2"];
    let week = week();
    DAYS.into_iter()
        .enumerate()
        .map(|(index, day)| Day {
            short: day.to_owned(),
            long: format!("{day} of the month"),
            note: (index == 0).then(|| "Thanksgiving (US)".to_owned()),
            hours: (0..24)
                .map(|hour| (format!("{hour:02}:00"), week[(index + 3) % 7][hour].unwrap_or(0)))
                .collect(),
        })
        .collect()
}

/// One picture of each kind.
pub(crate) fn all() -> Vec<Picture> {
    let names = names(30);
    let (p50, p90) = times(30);
    let hours: Vec<Column> = (0..24)
        .map(|hour| Column {
            short: format!("{hour:02}"),
            long: format!("{hour:02}:00 to {:02}:00", (hour + 1) % 24),
            count: chance(hour, 40),
        })
        .collect();
    let attempts: Vec<Column> = [0, 41, 17, 6, 3, 0, 1]
        .into_iter()
        .enumerate()
        .map(|(attempts, count)| Column {
            short: attempts.to_string(),
            long: format!("{attempts} asked"),
            count,
        })
        .collect();
    let regions: Vec<Row> = [("EMEA", 48), ("Americas", 21), ("Asia and the Pacific", 9), ("not known", 1)]
        .map(|(name, count)| Row { name: name.to_owned(), count })
        .into();
    let lines = |id, title, logarithmic| {
        let series = [Series { name: "p50", values: &p50 }, Series { name: "p90", values: &p90 }];
        Lines { heading: heading(id, title), names: &names, series: &series, logarithmic }.picture()
    };
    vec![
        Stacked { heading: heading("incidents", "Incidents"), buckets: &buckets(30) }.picture(),
        lines("response", "Time to response", false),
        lines("response-log", "Time to response, on a logarithmic scale", true),
        Columns {
            heading: heading("attempts", "People asked"),
            what: "People asked",
            counted: "Incidents",
            columns: &attempts,
        }
        .picture(),
        Rows {
            heading: heading("regions", "By region"),
            what: "Region",
            counted: "Incidents",
            rows: &regions,
        }
        .picture(),
        Columns {
            heading: heading("hours", "By local hour"),
            what: "Hour",
            counted: "Incidents",
            columns: &hours,
        }
        .picture(),
        Load { heading: heading("load", "Load on people"), people: &people(12) }.picture(),
        Heat { heading: heading("week", "People available"), hours: &week(), thin: 2 }.picture(),
        Strip { heading: heading("next", "The next seven days"), days: &days(), thin: 2 }.picture(),
    ]
}
