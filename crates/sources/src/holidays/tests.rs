//! Stories of `holidays.yml`: what a team writes, and what it is told.

use super::*;
use crate::public::embedded;

/// Each day on a line, or the faults.
fn check(text: &str) -> String {
    let known = embedded().unwrap();
    match parse(text, Some(&known)) {
        Err(faults) => faults.to_string(),
        Ok(days) => days.iter().map(shown).collect::<Vec<_>>().join("\n"),
    }
}

fn shown(day: &DayOff) -> String {
    let DayOff { from, until, name, scope, worked } = day;
    let dates = if from == until { from.to_string() } else { format!("{from}..{until}") };
    let scope = match scope {
        Scope::Everyone => "everyone".to_owned(),
        Scope::Country(code) => code.clone(),
        Scope::Region(code) => format!("region {code}"),
        Scope::Person(who) => format!("{:?} {:?} {:?}", who.user, who.email, who.name).replace("None", "-"),
    };
    let worked = if *worked { ", worked" } else { "" };
    format!("{dates} {}, {scope}{worked}", name.as_deref().unwrap_or("-"))
}

#[test]
fn every_form_is_read() {
    let text = "
- 2026-12-24
- 2026-12-24: Company day
- 2026-12-24..2027-01-01: Year end
- from: 2026-12-24
  until: 2027-01-01
  name: Year end
  country: PT
- date: 2026-12-26
  worked: true
  country: GB
- date: 2026-12-24..2026-12-26
  name:
- 2026-06-24: São João
  region: pt-11
- {date: 2026-05-01, person: U0123}
- {date: 2026-05-01, person: Ana@example.com, worked: no}
- {date: 2026-05-01, person: \"Ana Silva\"}
";
    insta::assert_snapshot!(check(text), @r#"
    2026-12-24 -, everyone
    2026-12-24 Company day, everyone
    2026-12-24..2027-01-01 Year end, everyone
    2026-12-24..2027-01-01 Year end, PT
    2026-12-26 -, GB, worked
    2026-12-24..2026-12-26 -, everyone
    2026-06-24 São João, region PT-11
    2026-05-01 -, Some(U0123) - -
    2026-05-01 -, - Some("ana@example.com") -
    2026-05-01 -, - - Some("Ana Silva")
    "#);
}

#[test]
fn a_list_may_stand_under_its_name_and_dates_may_be_keys() {
    assert_eq!(check("holidays:\n  - 2026-12-24: Eve\n"), "2026-12-24 Eve, everyone");
    assert_eq!(check("holidays:\n- 2026-12-24\n"), "2026-12-24 -, everyone");
    assert_eq!(
        check("2026-12-24: Eve\n2026-12-28..2026-12-30:\n"),
        "2026-12-24 Eve, everyone\n2026-12-28..2026-12-30 -, everyone"
    );
    for empty in ["", "# nothing yet\n", "[]", "holidays:", "holidays: []", "\u{feff}\r\n"] {
        assert_eq!(parse(empty, None), Ok(Vec::new()), "{empty:?}");
    }
}

#[test]
fn several_countries_regions_or_people_are_several_days_off() {
    assert_eq!(check("- {date: 2026-12-24, country: [PT, es]}"), "2026-12-24 -, PT\n2026-12-24 -, ES");
    assert_eq!(
        check("- {date: 2026-12-24, country: DE, region: [BY, DE-BE]}"),
        "2026-12-24 -, region DE-BY\n2026-12-24 -, region DE-BE"
    );
    assert_eq!(
        check("- date: 2026-12-24\n  person:\n    - U0123\n    - Ana\n"),
        "2026-12-24 -, Some(U0123) - -\n2026-12-24 -, - - Some(\"Ana\")"
    );
}

#[test]
fn all_alphabets_are_welcome() {
    assert_eq!(check("- 2026-10-01: 国庆节\n  country: CN"), "2026-10-01 国庆节, CN");
    assert_eq!(check("- 2026-03-25: Ευαγγελισμός"), "2026-03-25 Ευαγγελισμός, everyone");
    assert_eq!(
        check("- 2026-05-27: عيد الأضحى\n  person: \"محمد\""),
        "2026-05-27 عيد الأضحى, - - Some(\"محمد\")"
    );
    assert_eq!(
        check("- 2026-05-27\n- дата: 2026-05-27"),
        "line 2: an entry without a date: write date, or from and until\nline 2: unknown key \"дата\" (known: date, from, until, name, country, region, person, worked)"
    );
}

#[test]
fn all_faults_are_told_not_only_the_first() {
    let text = "
- 2026-02-30
- date: 2026-12-24
  contry: PT
- from: 2027-01-01
  until: 2026-12-24
- 24 December
- date: 2026-12-24
  country: PT
  country: ES
-
- 2026-12-24:
    country: PT
";
    insta::assert_snapshot!(check(text), @r#"
    line 2: 2026-02-30 does not exist: that month has 28 days
    line 4: unknown key "contry" (did you mean "country"?)
    line 6: until (2026-12-24) is before from (2027-01-01): swap them
    line 7: "24 December" is no date: write for example 2026-12-24
    line 10: "country" stands here twice, first on line 9: keep one
    line 11: an entry without a date: write one, or delete the dash
    line 13: only a name may stand behind a date: write other keys below it, in its column
    "#);
}

#[test]
fn each_fault_of_an_entry_says_what_to_do() {
    for (entry, fault) in [
        ("name: x", "an entry without a date: write date, or from and until"),
        ("from: 2026-12-24", "until is missing: write it, or date for a single day"),
        ("until: 2026-12-24", "from is missing: write it, or date for a single day"),
        ("from:, until: 2026-12-24", "from is empty: fill it in, or delete it"),
        ("date: 2026-12-24, until: 2026-12-25", "write either date, or from and until"),
        ("2026-12-24: x, date: 2026-12-24", "this entry has its date already: \"2026-12-24\""),
        ("2026-12-24: x, name: y", "this entry has its name already: \"x\""),
        ("2026-12-24: x, 2026-12-25: y", "a second date in one entry: begin it with a dash of its own"),
        (
            "from: 2026-01-01, until: 2027-01-02",
            "2026-01-01 to 2027-01-02 are 367 days: write at most 366 in one entry",
        ),
        ("date: [2026-01-01]", "date must be one text, not a list or a mapping"),
        ("date: 2026-01-01, worked: maybe", "worked is \"maybe\": write true or false"),
        (
            "date: 2026-01-01, country: PT, person: Ana",
            "write either a person or a country or region: a person's day counts everywhere",
        ),
        ("date: 2026-01-01, country:", "country is empty: fill it in, or delete it"),
        ("date: 2026-01-01, country: []", "country is empty: fill it in, or delete it"),
        (
            "date: 2026-01-01, person: ana@",
            "\"ana@\" is no e-mail address: write for example ana@example.com",
        ),
        ("date: 2026-01-01, country: Portugal", "the country \"Portugal\" is not known (did you mean PT?)"),
        ("date: 2026-01-01, country: UK", "the country \"UK\" is not known (did you mean GB?)"),
        (
            "date: 2026-01-01, country: QQ",
            "the country \"QQ\" is not known (write its code of two letters, such as PT)",
        ),
        (
            "date: 2026-01-01, country: 'PT, ES'",
            "the country \"PT, ES\" is not known (write several in brackets: [PT, ES])",
        ),
        ("date: 2026-01-01, region: '11'", "the region \"11\" lacks its country: write for example PT-11"),
        ("date: 2026-01-01, region: ES-MD, country: PT", "the region \"ES-MD\" is not in PT"),
        (
            "date: 2026-01-01, region: '11', country: [PT, ES]",
            "a region beside several countries: write only the regions, with theirs",
        ),
        ("date: 2026-01-01, region: GB-SCO", "the region \"GB-SCO\" is not known (did you mean GB-SCT?)"),
        ("date: 2026-01-01, region: GB-X", "the region \"GB-X\" is not known (GB has ENG, NIR, SCT, WLS)"),
        (
            "date: 2026-01-01, region: JP-Tokyo",
            "the region \"JP-Tokyo\" is not known (write its ISO 3166-2 code, such as JP-01)",
        ),
        ("date: 2026-01-01, region: Portugal-11", "the country \"PORTUGAL\" is not known (did you mean PT?)"),
    ] {
        assert_eq!(check(&format!("# head\n- {{{entry}}}")), format!("line 2: {fault}"), "{entry}");
    }
}

#[test]
fn each_fault_of_a_file_says_what_to_do() {
    for (text, fault) in [
        ("just words", "line 1: write a list: begin each entry with \"- \""),
        ("holidays: soon", "line 1: \"holidays\" must be a list: begin each entry with \"- \""),
        ("holiday:\n- 2026-01-01", "line 1: unknown key \"holiday\" (did you mean \"holidays\"?)"),
        ("holidays:\n- 2026-01-01\n2026-01-02: x", "line 3: put this date into the list of \"holidays\""),
        (
            "2026-01-02: x\n2026-01-02: y",
            "line 2: \"2026-01-02\" stands here twice, first on line 1: keep one",
        ),
        ("- [2026-01-02]", "line 1: a list within the list: write one list"),
        ("- 2026-01-02..2026-13-01", "line 1: 2026-13-01 does not exist: months are 01 to 12"),
        (
            "- 2026-01-02 - 2026-01-05",
            "line 1: \"2026-01-02 - 2026-01-05\" is no date: write for example 2026-12-24",
        ),
    ] {
        assert_eq!(check(text), fault, "{text:?}");
    }
}

#[test]
fn dates_that_are_both_worked_and_off_are_a_fault_and_told_once_are_fine() {
    assert_eq!(
        check("- 2026-12-24\n- {date: 2026-12-24, worked: true}"),
        "line 2: these dates are worked here and off there, or the contrary: see line 1"
    );
    assert_eq!(check("- 2026-12-24\n- {date: 2026-12-24, worked: true, country: PT}").lines().count(), 2);
    assert_eq!(check("- 2026-12-24\n- 2026-12-24: Eve").lines().count(), 2);
}

#[test]
fn without_a_table_only_the_form_of_a_place_is_checked() {
    assert!(parse("- {date: 2026-01-01, country: QQ}", None).is_ok());
    assert!(parse("- {date: 2026-01-01, region: GB-LND}", None).is_ok());
    assert!(parse("- {date: 2026-01-01, country: England}", None).is_err());
}

#[test]
fn a_country_whose_subdivisions_are_unknown_may_have_any() {
    assert_eq!(check("- {date: 2026-01-01, region: JP-13}"), "2026-01-01 -, region JP-13");
}

#[test]
fn a_huge_file_is_refused_and_a_large_one_is_read() {
    let many = |count: usize| "- 2026-12-24: Company day\n".repeat(count);
    assert_eq!(parse(&many(MOST), None).unwrap().len(), MOST);
    assert_eq!(check(&many(MOST + 1)), "the file has 20001 entries: keep it to 20000");
    let regions = format!("- {{date: 2026-01-01, person: [{}]}}", "a,".repeat(MOST + 1));
    assert_eq!(check(&regions), "the file has 20001 entries: keep it to 20000");
}

#[test]
fn a_file_full_of_faults_tells_them_all_soon() {
    let faults = |text: &str| parse(text, embedded().ok().as_deref()).unwrap_err().0.len();
    let entries = |entry: &str| (0..MOST).map(|n| entry.replace('#', &n.to_string())).collect::<String>();
    assert_eq!(faults(&entries("- {date: 2026-01-01, country: Land#}\n")), MOST);
    assert_eq!(faults(&entries("- {date: 2026-01-01, contry#: PT}\n")), MOST);
    assert_eq!(faults(&entries("contry#: x\n")), MOST);
}

#[test]
fn the_example_is_sound() {
    let text = include_str!("../../examples/holidays.yml");
    insta::assert_snapshot!(check(text), @r#"
    2026-12-24 -, everyone
    2026-12-31 Company day, everyone
    2027-08-02..2027-08-06 Summer, everyone
    2026-06-24 São João, region PT-13
    2026-11-27 Day after Thanksgiving, US
    2026-11-27 Day after Thanksgiving, CA
    2026-12-28..2026-12-30 Year end, PT
    2026-09-14..2026-09-25 Leave, - Some("ana@example.com") -
    2026-12-26 -, GB, worked
    "#);
}
