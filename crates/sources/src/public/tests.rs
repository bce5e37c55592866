//! Days that everybody in a country knows, looked up in the table that is in the binary.

use jiff::civil::date;

use super::*;

fn check(country: &str, region: Option<&str>, year: i16, month: i8, day: i8) -> Option<String> {
    embedded().unwrap().on(country, region, date(year, month, day)).map(str::to_owned)
}

#[test]
fn the_world_is_there_and_says_whence() {
    assert_eq!(
        describe(),
        "public holidays: PyPI holidays 0.109 (MIT), 250 countries, 651 subdivisions, 2025–2036"
    );
    let table = embedded().unwrap();
    assert!(table.len() > 50_000, "{} days", table.len());
    assert_eq!(PublicHolidays::parse(&table.to_text()).as_ref(), Ok(&*table));
}

#[test]
fn days_that_everybody_knows() {
    let name = |country: &str, region: Option<&str>, (year, month, day): (i16, i8, i8)| {
        check(country, region, year, month, day).unwrap_or_default()
    };
    assert_eq!(name("PT", None, (2026, 4, 25)), "Freedom Day");
    assert_eq!(name("US", None, (2026, 11, 26)), "Thanksgiving Day");
    assert_eq!(name("US", None, (2036, 11, 27)), "Thanksgiving Day");
    assert_eq!(name("GB", Some("GB-SCT"), (2026, 1, 2)), "New Year Holiday");
    assert_eq!(name("DE", Some("DE-BY"), (2026, 6, 4)), "Corpus Christi");
    assert_eq!(name("DE", Some("BE"), (2026, 3, 8)), "Women's Day");
    assert_eq!(name("IN", None, (2026, 8, 15)), "Independence Day");
    assert_eq!(name("IN", Some("IN-KA"), (2026, 11, 1)), "Karnataka Rajyotsava");
    assert_eq!(name("BR", None, (2026, 9, 7)), "Independence Day");
    assert_eq!(name("JP", None, (2026, 7, 20)), "Marine Day");
    assert_eq!(name("FR", None, (2026, 7, 14)), "National Day");
    assert_eq!(name("NZ", None, (2026, 2, 6)), "Waitangi Day");
    assert_eq!(name("ZA", None, (2026, 9, 24)), "Heritage Day");
    assert_eq!(name("CN", None, (2026, 10, 1)), "National Day");
}

#[test]
fn days_that_are_none() {
    assert_eq!(check("GB", Some("GB-ENG"), 2026, 1, 2), None, "only Scotland's");
    assert_eq!(check("DE", Some("DE-BE"), 2026, 6, 4), None, "Corpus Christi is Bavaria's");
    assert_eq!(check("BR", None, 2026, 2, 17), None, "carnival is optional");
    assert_eq!(check("PT", None, 2026, 4, 26), None);
    assert_eq!(check("UA", None, 2026, 8, 24), None, "suspended under martial law");
    assert_eq!(check("US", None, 2024, 7, 4), None, "before the table begins");
    assert_eq!(check("XX", None, 2026, 1, 1), None);
}

#[test]
fn every_country_that_has_days_this_year_has_some_in_every_year() {
    let table = embedded().unwrap();
    let days = |country: &str, year: i16| {
        date(year, 1, 1)
            .series(jiff::Span::new().days(1))
            .take(365)
            .filter(|day| table.on(country, None, *day).is_some())
            .count()
    };
    let ends: Vec<&str> = table
        .countries()
        .filter(|country| days(country, 2026) > 0 && (2025..=2036).any(|year| days(country, year) == 0))
        .collect();
    // The moon decides in Sri Lanka, and the package knows what was announced.
    assert_eq!(ends, ["LK"]);
}

#[test]
fn a_country_goes_by_other_words() {
    for (word, code) in [
        ("Portugal", "PT"),
        ("portugl", "PT"),
        ("PRT", "PT"),
        ("UK", "GB"),
        ("united kingdom", "GB"),
        ("Brazil", "BR"),
        ("USA", "US"),
    ] {
        assert_eq!(country_named(word), Some(code), "{word}");
    }
    for word in ["PO", "", "Atlantis at the bottom of the sea", "葡萄牙"] {
        assert_eq!(country_named(word), None, "{word}");
    }
}

#[test]
fn a_damaged_table_is_an_error() {
    let pack = |text: &str| miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6);
    let error = |packed: &[u8]| Table::unpack(packed).unwrap_err().to_string();
    let start = "the table of public holidays cannot be read: ";
    for packed in [&PACKED[..PACKED.len() / 2], b"", b"not packed at all", &pack("=PT\n"), &pack("\0")] {
        assert!(error(packed).starts_with(start), "{}", error(packed));
    }
}

#[test]
fn a_bomb_is_not_unpacked() {
    let bomb = miniz_oxide::deflate::compress_to_vec(&vec![b'#'; 100 << 20], 1);
    assert!(Table::unpack(&bomb).is_err());
}
