//! Stories of `exclusions.yml`: whom a team leaves out, and what it is told.

use super::*;

/// Each person on a line, or the faults.
fn check(text: &str) -> String {
    match parse(text) {
        Err(faults) => faults.to_string(),
        Ok(people) => people.iter().map(line).collect::<Vec<_>>().join("\n"),
    }
}

fn line(exclusion: &Exclusion) -> String {
    let Exclusion { who, from, until, reason } = exclusion;
    let day = |date: &Option<Date>| date.map(|date| date.to_string());
    let who = [who.user.as_ref().map(ToString::to_string), who.email.clone(), who.name.clone()];
    let dates = [day(from), day(until), reason.clone()];
    who.into_iter().chain(dates).map(|part| part.unwrap_or("-".to_owned())).collect::<Vec<_>>().join(" | ")
}

#[test]
fn every_form_is_read() {
    let text = "
- U012AB3CD
- Ana@Example.com
- Ana Silva
- ana.b@example.com: parental leave
- id: u012ab3cd
  email: b@example.com
  name: Zoë
  from: 2026-12-01
  until: 2027-01-15
  reason: sabbatical
- person: 王小明
  until: 2026-11-30
  reason:
- name: U2
";
    insta::assert_snapshot!(check(text), @r"
    U012AB3CD | - | - | - | - | -
    - | ana@example.com | - | - | - | -
    - | - | Ana Silva | - | - | -
    - | ana.b@example.com | - | - | - | parental leave
    U012AB3CD | b@example.com | Zoë | 2026-12-01 | 2027-01-15 | sabbatical
    - | - | 王小明 | - | 2026-11-30 | -
    - | - | U2 | - | - | -
    ");
}

#[test]
fn a_list_may_stand_under_its_name_and_an_empty_file_leaves_nobody_out() {
    assert_eq!(check("exclusions:\n- Ana"), "- | - | Ana | - | - | -");
    for empty in ["", "# nobody\n", "[]", "exclusions:", "exclusions: []"] {
        assert_eq!(parse(empty), Ok(Vec::new()), "{empty:?}");
    }
}

#[test]
fn all_faults_are_told_not_only_the_first() {
    let text = "
- email: ana@
- id: ana
  form: 2026-01-01
- from: 2026-02-30
- name: Bruno
  from: 2026-02-02
  until: 2026-02-01
  name: Bruna
-
- [Carla]
";
    insta::assert_snapshot!(check(text), @r#"
    line 2: "ana@" is no e-mail address: write for example ana@example.com
    line 3: "ana" is no Slack id: write for example U012AB3CD
    line 4: unknown key "form" (did you mean "from"?)
    line 5: 2026-02-30 does not exist: that month has 28 days
    line 5: an entry without a person: write id, email or name
    line 8: until (2026-02-01) is before from (2026-02-02): swap them
    line 9: "name" stands here twice, first on line 6: keep one
    line 10: this entry is empty: fill it in, or delete it
    line 11: a list within the list: write one list
    "#);
}

#[test]
fn each_fault_says_what_to_do() {
    for (text, fault) in [
        ("Ana", "write a list: begin each entry with \"- \""),
        ("exclusions: Ana", "write a list: begin each entry with \"- \""),
        ("people: [Ana]", "unknown key \"people\" (known: exclusions)"),
        ("- {person: Ana, id: U012AB3CD}", "write either person, or id, email and name"),
        ("- {id: , reason: x}", "id is empty: fill it in, or delete it"),
        ("- {person: [Ana, Bo]}", "person must be one text, not a list or a mapping"),
        ("- {name: Ana, until: soon}", "\"soon\" is no date: write for example 2026-12-24"),
        (
            "- {name: Ana, 2026-12-24: x}",
            "unknown key \"2026-12-24\" (known: id, email, name, person, from, until, reason)",
        ),
        ("- \"@\"", "\"@\" names nobody: write a Slack id, an e-mail address or a name"),
    ] {
        assert_eq!(check(text), format!("line 1: {fault}"), "{text:?}");
    }
}

#[test]
fn somebody_may_stand_there_twice_with_different_dates_only() {
    let twice =
        |second: &str| check(&format!("- {{name: Ana, from: 2026-01-01}}\n- {{name: ANA, {second}}}"));
    assert_eq!(twice("from: 2026-05-01").lines().count(), 2);
    assert_eq!(
        twice("from: 2026-01-01"),
        "line 2: \"ANA\" stands here twice with the same dates, first on line 1: keep one"
    );
}

#[test]
fn a_huge_file_is_refused() {
    let people = |count: usize| (0..count).map(|n| format!("- Ana {n}\n")).collect::<String>();
    assert_eq!(parse(&people(MOST)).unwrap().len(), MOST);
    assert_eq!(check(&people(MOST + 1)), "the file has 20001 entries: keep it to 20000");
    assert_eq!(
        check(&format!("- {}", "王".repeat(201))),
        "line 1: this entry is longer than 200 letters: shorten it"
    );
    assert!(check(&"- Ana\n".repeat(200_000)).starts_with("the file has 1200000 bytes"));
}

#[test]
fn the_example_is_sound() {
    insta::assert_snapshot!(check(include_str!("../../examples/exclusions.yml")), @r"
    - | ana@example.com | - | - | - | -
    U012AB3CD | - | - | - | - | parental leave
    - | - | Zoë Ångström | - | - | -
    - | bruno@example.com | - | 2026-12-01 | 2027-01-15 | sabbatical
    U045EF6GH | - | - | - | 2026-11-30 | first weeks in the company
    ");
}
