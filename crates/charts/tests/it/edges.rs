//! Values at the edges: none, one, a thousand, huge, not a number; names that attack.

use pagerslack_charts::{
    Bucket, Column, Columns, Day, Heat, Lines, Load, Outcomes, Person, Row, Rows, Series, Spread, Stacked,
    Strip,
};
use proptest::prelude::*;

use crate::drawing::check;
use crate::samples::{self, heading};

#[test]
fn ordinary_numbers_make_sound_pictures() {
    samples::all().iter().for_each(check);
}

#[test]
fn nothing_is_said_in_words() {
    let nothing = [
        Stacked { heading: heading("a", "A"), buckets: &[] }.picture(),
        Stacked { heading: heading("a", "A"), buckets: &quiet() }.picture(),
        Lines { heading: heading("a", "A"), names: &[], series: &[], logarithmic: true }.picture(),
        Columns { heading: heading("a", "A"), what: "", counted: "", columns: &[] }.picture(),
        Rows { heading: heading("a", "A"), what: "", counted: "", rows: &[] }.picture(),
        Load { heading: heading("a", "A"), people: &[] }.picture(),
        Heat { heading: heading("a", "A"), hours: &[[None; 24]; 7], thin: 2 }.picture(),
        Strip { heading: heading("a", "A"), days: &[], thin: 2 }.picture(),
    ];
    for picture in nothing {
        assert_eq!(picture.figure.0, r#"<p class="chart-nothing">Nothing happened in this period.</p>"#);
        assert!(picture.table.is_none());
    }
}

fn quiet() -> [Bucket; 1] {
    [Bucket { short: "1 Nov".into(), long: "1 November".into(), outcomes: Outcomes::default() }]
}

#[test]
fn what_is_no_length_of_time_leaves_a_gap() {
    let names = samples::names(5);
    let values = [Some(f64::NAN), Some(30.0), Some(-1.0), Some(f64::INFINITY), None];
    for logarithmic in [true, false] {
        let series = [Series { name: "p50", values: &values }];
        let picture =
            Lines { heading: heading("a", "A"), names: &names, series: &series, logarithmic }.picture();
        check(&picture);
        assert_eq!(picture.figure.0.matches("NaN").count(), 0);
        assert!(picture.figure.0.contains("p50: 30 s at first, 30 s at last, most 30 s (2 November 2026)."));
    }
    let series = [Series { name: "p50", values: &values[..1] }];
    let none =
        Lines { heading: heading("a", "A"), names: &names, series: &series, logarithmic: true }.picture();
    assert!(none.table.is_none());
}

#[test]
fn a_thousand_stretches_of_time_are_drawn() {
    let buckets = samples::buckets(1_000);
    let (p50, p90) = samples::times(1_000);
    let series = [Series { name: "p50", values: &p50 }, Series { name: "p90", values: &p90 }];
    let names = samples::names(1_000);
    check(&Stacked { heading: heading("a", "A"), buckets: &buckets }.picture());
    let lines =
        Lines { heading: heading("a", "A"), names: &names, series: &series, logarithmic: true }.picture();
    check(&lines);
    assert!(lines.figure.0.len() < 100_000, "{} bytes", lines.figure.0.len());
}

#[test]
fn names_are_text_and_nothing_else() {
    let name = "</title><script>alert(1)</script>\u{0}\u{8}&\"'\u{ffff}";
    let person = Person { name: name.to_owned(), turns: 1, unanswered: 0, at_night: 1 };
    let picture = Load { heading: heading("a", name), people: &[person] }.picture();
    check(&picture);
    assert!(!picture.figure.0.contains("<script") && !picture.table.unwrap().0.contains("<script"));
}

#[test]
fn the_spread_is_that_of_the_turns() {
    let people: Vec<Person> = [7, 1, 3, 2, 5]
        .map(|turns| Person { name: "A".to_owned(), turns, unanswered: 0, at_night: 0 })
        .into();
    assert_eq!(Spread::of(&people), Spread { least: 1, lower: 2, median: 3, upper: 5, most: 7 });
    assert_eq!(Spread::of(&[]), Spread::default());
}

/// Small, large and the largest.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..4_u64, 0..100_u64, 0..1_000_000_u64, any::<u64>(), Just(u64::MAX)]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z ]{0,12}", "\\PC{0,40}", "[<>&\"'\u{0}-\u{1f}]{0,8}", "[漢字かなABC]{0,20}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn bars_over_time_are_sound(values in prop::collection::vec((name(), number(), number(), number()), 0..80)) {
        let buckets: Vec<Bucket> = values
            .into_iter()
            .map(|(short, by_people, by_managers, by_nobody)| Bucket {
                long: short.clone(),
                short,
                outcomes: Outcomes { by_people, by_managers, by_nobody, cancelled: by_managers / 2 },
            })
            .collect();
        check(&Stacked { heading: heading("a", "A"), buckets: &buckets }.picture());
    }

    #[test]
    fn lines_are_sound(
        values in prop::collection::vec((name(), prop::option::of(any::<f64>()), prop::option::of(0.0..1e6)), 0..80),
        logarithmic in any::<bool>(),
    ) {
        let names: Vec<(String, String)> = values.iter().map(|value| (value.0.clone(), value.0.clone())).collect();
        let one: Vec<Option<f64>> = values.iter().map(|value| value.1).collect();
        let other: Vec<Option<f64>> = values.iter().map(|value| value.2).collect();
        let series = [Series { name: "p50", values: &one }, Series { name: "p90", values: &other }];
        check(&Lines { heading: heading("a", "A"), names: &names, series: &series, logarithmic }.picture());
    }

    #[test]
    fn counts_are_sound(values in prop::collection::vec((name(), number()), 0..60)) {
        let columns: Vec<Column> = values
            .iter()
            .map(|(name, count)| Column { short: name.clone(), long: name.clone(), count: *count })
            .collect();
        check(&Columns { heading: heading("a", "A"), what: "W", counted: "C", columns: &columns }.picture());
        let rows: Vec<Row> = values.into_iter().map(|(name, count)| Row { name, count }).collect();
        check(&Rows { heading: heading("a", "A"), what: "W", counted: "C", rows: &rows }.picture());
    }

    #[test]
    fn loads_are_sound(values in prop::collection::vec((name(), number(), number(), number()), 0..60)) {
        let people: Vec<Person> = values
            .into_iter()
            .map(|(name, turns, unanswered, at_night)| Person { name, turns, unanswered, at_night })
            .collect();
        check(&Load { heading: heading("a", "A"), people: &people }.picture());
    }

    #[test]
    fn weeks_are_sound(values in prop::collection::vec(prop::option::of(number()), 168), thin in number()) {
        let hours: [[Option<u64>; 24]; 7] = std::array::from_fn(|day| std::array::from_fn(|hour| values[day * 24 + hour]));
        check(&Heat { heading: heading("a", "A"), hours: &hours, thin }.picture());
    }

    #[test]
    fn strips_are_sound(
        values in prop::collection::vec((name(), prop::option::of(name()), prop::collection::vec(number(), 0..26)), 0..9),
        thin in 0..9_u64,
    ) {
        let days: Vec<Day> = values
            .into_iter()
            .map(|(short, note, people)| Day {
                long: short.clone(),
                short,
                note,
                hours: people.into_iter().map(|people| ("00:00".to_owned(), people)).collect(),
            })
            .collect();
        check(&Strip { heading: heading("a", "A"), days: &days, thin }.picture());
    }
}
