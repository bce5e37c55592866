//! The table of public holidays: what it answers, and that its text holds exactly what it holds.

use proptest::prelude::*;

use super::date;
use crate::calendar::{PublicHoliday, PublicHolidays};

const TEXT: &str = "\
pagerslack-holidays 1 2025 2028
=AA
=PT
New Year's Day\t01-01
Good Friday\t107 350 357 385
Christmas Day\t12-25
/11
Saint Anthony's Day\t06-13
Christmas in Lisbon\t358
/20
\t107 350
/30
";

fn table() -> PublicHolidays {
    PublicHolidays::parse(TEXT).unwrap()
}

fn day(country: &str, subdivision: Option<&str>, on: &str, name: &str) -> PublicHoliday {
    let subdivision = subdivision.map(Into::into);
    PublicHoliday { country: country.into(), subdivision, date: date(on), name: name.into() }
}

#[test]
fn the_days_of_a_country_hold_in_all_its_regions() {
    let table = table();
    for region in [None, Some("PT-11"), Some("11"), Some("pt-30"), Some("PT-99"), Some("ES-11"), Some("")] {
        assert_eq!(table.on("pt", region, date("2026-04-03")), Some("Good Friday"), "{region:?}");
    }
    assert_eq!(table.on("PT", None, date("2026-04-04")), None);
    assert_eq!(table.on("AA", None, date("2026-04-03")), None);
    assert_eq!(table.on("XX", Some("XX-1"), date("2026-04-03")), None);
    assert_eq!(table.on("", Some(""), date("2026-04-03")), None);
    assert_eq!(table.on("PT", None, date("2029-01-01")), None, "the table ends before");
}

#[test]
fn the_days_of_a_region_hold_there_alone() {
    let table = table();
    assert_eq!(table.on("PT", Some("PT-11"), date("2028-06-13")), Some("Saint Anthony's Day"));
    assert_eq!(table.on("PT", Some("11"), date("2028-06-13")), Some("Saint Anthony's Day"));
    for region in [None, Some("PT-20"), Some("PT-1"), Some("ES-11")] {
        assert_eq!(table.on("PT", region, date("2028-06-13")), None, "{region:?}");
    }
    assert_eq!(table.on("PT", Some("11"), date("2025-12-25")), Some("Christmas in Lisbon"));
    assert_eq!(table.on("PT", Some("11"), date("2026-12-25")), Some("Christmas Day"));
}

#[test]
fn a_region_may_not_keep_a_day_of_its_country() {
    let table = table();
    assert_eq!(table.on("PT", Some("PT-20"), date("2026-04-03")), None);
    assert_eq!(table.on("PT", Some("PT-20"), date("2027-03-26")), Some("Good Friday"));
}

#[test]
fn it_knows_its_places_and_its_years() {
    let table = table();
    assert_eq!(table.countries().collect::<Vec<_>>(), ["AA", "PT"]);
    assert_eq!(table.subdivisions("pt").collect::<Vec<_>>(), ["11", "20", "30"]);
    assert_eq!(table.subdivisions("AA").count() + table.subdivisions("XX").count(), 0);
    assert_eq!(table.years(), Some((2025, 2028)));
    assert_eq!(table.len(), 19);
    assert_eq!(table.to_text(), TEXT);
    assert_eq!(format!("{table:?}"), "PublicHolidays { years: Some((2025, 2028)), countries: 2, days: 19 }");
}

#[test]
fn a_table_of_nothing_is_a_table() {
    let empty = PublicHolidays::default();
    assert!(empty.is_empty() && empty.years().is_none());
    assert_eq!(empty.to_text(), "pagerslack-holidays 1\n");
    assert_eq!(PublicHolidays::parse(&empty.to_text()), Ok(empty));
}

#[test]
fn its_text_can_hold_every_date() {
    // jiff takes no SignedDuration of so many days.
    let table =
        PublicHolidays::new([day("AA", None, "-009999-01-01", "A"), day("AA", None, "9999-12-31", "A")]);
    assert_eq!(PublicHolidays::parse(&table.to_text()), Ok(table));
}

#[test]
fn days_come_in_any_order_and_a_little_untidy() {
    let table = PublicHolidays::new([
        day("PT", Some("PT-11"), "2026-06-13", " Saint\tAnthony's \n Day"),
        day("pt", None, "2026-12-25", "X-mas"),
        day("PT", Some(""), "2026-12-25", "Christmas Day"),
        day("PT", None, "2026-12-26", ""),
        day(" ", None, "2026-12-26", "Nowhere's Day"),
    ]);
    assert_eq!(table.on("PT", Some("11"), date("2026-06-13")), Some("Saint Anthony's Day"));
    assert_eq!(table.on("PT", None, date("2026-12-25")), Some("Christmas Day"));
    assert_eq!(table.len(), 2);
}

#[test]
fn a_wrong_text_is_refused_by_line() {
    let after_header = |lines: &str| format!("pagerslack-holidays 1 2025 2028\n{lines}");
    let header = "line 1: write \"pagerslack-holidays 1\", and after it the first and the last year";
    for (text, refusal) in [
        (String::new(), "line 1: the text is empty"),
        ("pagerslack-holidays 2 2025 2028".into(), header),
        ("pagerslack-holidays 1 2028 2025".into(), header),
        ("pagerslack-holidays 1 2025 32000".into(), header),
        (after_header("Day\t01-01"), "line 2: a day before the first country"),
        (after_header("/11"), "line 2: a subdivision before the first country"),
        (after_header("=\n"), "line 2: a place without a proper code"),
        (after_header("=PT\n\n"), "line 3: neither a day, a place nor a comment"),
        (after_header("=PT\n# well\n\t01-01"), "line 4: a day without a proper name"),
        (after_header("=PT\nA  day\t01-01"), "line 3: a day without a proper name"),
        (after_header("=PT\nDay\t02-29"), "line 3: these are no dates of the table"),
        (after_header("=PT\nDay\t1-1"), "line 3: these are no dates of the table"),
        (after_header("=PT\nDay\t"), "line 3: these are no dates of the table"),
        (after_header("=PT\nDay\t3 0"), "line 3: these are no dates of the table"),
        (after_header("=PT\nDay\t1461"), "line 3: these are no dates of the table"),
        (after_header("=PT\nDay\t4294967295 4294967295"), "line 3: these are no dates of the table"),
        ("pagerslack-holidays 1\n=PT\nDay\t01-01".into(), "line 3: these are no dates of the table"),
        ("pagerslack-holidays 1 1 9999\n=PT\nDay\t01-01".into(), "line 3: these are no dates of the table"),
        (after_header("=PT\nDay\t0\nOther\t01-01"), "line 4: 2025-01-01 has a name already"),
        (after_header("=PT\n=pt"), "line 3: pt comes twice"),
        (after_header("=PT\n/11\n/11"), "line 4: 11 comes twice"),
    ] {
        assert_eq!(PublicHolidays::parse(&text), Err(refusal.into()), "of {text:?}");
    }
}

fn some_day() -> impl Strategy<Value = PublicHoliday> {
    let code = prop_oneof!["[A-C]{2}", Just("PT".to_owned()), Just("ES".to_owned())];
    let subdivision = proptest::option::of(prop_oneof!["[1-3]{1,2}", "[a-cÃ]{1,2} [a-c]"]);
    let day = prop_oneof![
        (2020i16..2032, Just((12, 25))),
        (2020i16..2032, Just((2, 29))),
        (2020i16..2032, (1i8..=12, 1i8..=31)),
        (-9999i16..=9999, (1i8..=12, 1i8..=28)),
    ];
    let name = prop_oneof!["[ab#=/ -]{0,3}", "\\PC{0,8}", Just("Easter".to_owned())];
    let day =
        day.prop_filter_map("a date", |(year, (month, day))| jiff::civil::Date::new(year, month, day).ok());
    (code, subdivision, day, name).prop_map(|(country, subdivision, date, name)| PublicHoliday {
        country,
        subdivision,
        date,
        name,
    })
}

proptest! {
    #[test]
    fn the_text_of_a_table_is_the_table(mut days in proptest::collection::vec(some_day(), 0..60), wide: bool, yearly: bool) {
        if !wide {
            days.retain(|day| (2020..2032).contains(&day.date.year()));
        }
        if yearly {
            days.extend((2020..2032).map(|year| day("PT", Some("11"), &format!("{year}-07-01"), "Yearly")));
        }
        let table = PublicHolidays::new(days);
        let text = table.to_text();
        let again = PublicHolidays::parse(&text).unwrap();
        prop_assert_eq!(again.to_text(), text);
        prop_assert!(again == table);
    }

    #[test]
    fn every_day_is_found_again(days in proptest::collection::vec(some_day(), 0..40)) {
        let table = PublicHolidays::new(days.clone());
        let words = |name: &str| {
            let words = name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join(" ")
        };
        let last = |country: &str, subdivision: Option<&str>, on| {
            let there = |day: &&PublicHoliday| {
                let counts = day.subdivision.is_some() || !words(&day.name).is_empty();
                day.country == country && day.subdivision.as_deref() == subdivision && day.date == on && counts
            };
            days.iter().rev().find(there).map(|day| words(&day.name))
        };
        for PublicHoliday { country, subdivision, date, .. } in &days {
            let own = subdivision.as_deref().and_then(|code| last(country, Some(code), *date));
            let expected = own.or_else(|| last(country, None, *date)).filter(|name| !name.is_empty());
            prop_assert_eq!(table.on(country, subdivision.as_deref(), *date), expected.as_deref());
        }
    }

    #[test]
    fn any_text_is_a_table_or_an_error(
        noise in "\\PC{0,30}",
        lines in proptest::collection::vec("[=/#]?(PT|11|Day)?\t?[0-9]{0,11}[ -]?[0-9]{0,3}|\\PC{0,12}", 0..8),
        at in 0..TEXT.len(),
    ) {
        let _ = PublicHolidays::parse(&noise);
        if let Ok(table) = PublicHolidays::parse(&format!("pagerslack-holidays 1 2025 2028\n{}", lines.join("\n"))) {
            prop_assert!(PublicHolidays::parse(&table.to_text()).unwrap() == table);
        }
        if let Ok(table) = PublicHolidays::parse(&format!("{}{noise}{}", &TEXT[..at], &TEXT[at..])) {
            prop_assert!(PublicHolidays::parse(&table.to_text()).unwrap() == table);
        }
    }
}
