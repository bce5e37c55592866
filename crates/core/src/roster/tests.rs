//! Who is meant by a row, and who stands in the roster.

use super::*;

fn who(user: Option<&str>, email: Option<&str>, name: Option<&str>) -> Who {
    Who { user: user.map(UserId::new), email: email.map(Into::into), name: name.map(Into::into) }
}

/// Whether somebody named thus is U1, Ana María Souza, of whom this address is known.
fn check(who: &Who, email: Option<&str>) -> bool {
    let user = UserId::new("U1");
    let names = ["ana".to_owned(), "Ana María  Souza".to_owned(), String::new()];
    who.is(&Whereabouts { user: &user, email, names: &names, country: None, region: None })
}

#[test]
fn whatever_is_given_must_match() {
    let known = Some("Ana@Example.com");
    assert!(check(&who(Some("U1"), None, None), known));
    assert!(!check(&who(Some("u1"), None, None), known), "ids are opaque");
    assert!(check(&who(None, Some("ana@example.com"), None), known));
    assert!(!check(&who(None, Some("ana@example.org"), None), known));
    assert!(check(&who(None, None, Some(" ana MARÍA souza")), known));
    assert!(check(&who(None, None, Some("Ana")), known));
    assert!(!check(&who(None, None, Some("Ana María")), known));
    assert!(!check(&who(None, None, Some("anamaríasouza")), known));
    assert!(check(&who(Some("U1"), Some("ana@example.com"), Some("ANA")), known));
    assert!(!check(&who(Some("U1"), Some("ana@example.com"), Some("Bea")), known));
    assert!(!check(&who(Some("U2"), Some("ana@example.com"), Some("Ana")), known));
}

#[test]
fn nobody_named_is_nobody() {
    assert!(!check(&Who::default(), Some("")));
    assert!(!check(&who(None, Some(""), None), Some("")));
    assert!(!check(&who(None, None, Some(" ")), None));
}

#[test]
fn an_address_that_is_not_known_is_not_theirs() {
    assert!(!check(&who(None, Some("ana@example.com"), None), None));
    assert!(!check(&who(Some("U1"), Some("ana@example.com"), None), None));
}

fn row(user: Option<&str>, email: Option<&str>, role: Role) -> Entry {
    Entry { who: who(user, email, None), role, ..Entry::default() }
}

#[test]
fn people_are_found_by_id_and_else_by_address() {
    let rows = vec![
        row(Some("U1"), Some("ana@example.com"), Role::Engineer),
        row(None, Some("Bea@Example.com"), Role::Manager),
        row(Some("U3"), None, Role::Neither),
    ];
    let roster = Roster::new(rows.clone());
    assert_eq!(roster.entry(&"U1".into(), None), Some(&rows[0]));
    assert_eq!(roster.entry(&"U9".into(), Some("ANA@example.com")), None, "the row is U1's");
    assert_eq!(roster.entry(&"U2".into(), Some("bea@example.com")), Some(&rows[1]));
    assert_eq!(roster.entry(&"U2".into(), None), None);
    assert_eq!(roster.entry(&"U3".into(), Some("bea@example.com")), Some(&rows[2]));
    assert_eq!(roster.engineers().collect::<Vec<_>>(), [&rows[0]]);
    assert_eq!(roster.managers().collect::<Vec<_>>(), [&rows[1]]);
    assert_eq!(roster.entries(), rows);
    assert!(roster.needs_addresses());
    assert!(!roster.is_empty());
    assert!(Roster::default().is_empty());
}

#[test]
fn of_two_rows_for_one_person_the_first_counts() {
    let rows = vec![
        row(None, Some("ana@example.com"), Role::Engineer),
        row(Some("U1"), Some("Ana@example.com"), Role::Manager),
        row(Some("U2"), Some(""), Role::Manager),
        row(Some("U2"), Some("bea@example.com"), Role::Engineer),
        row(None, Some("bea@example.com"), Role::Engineer),
        row(Some("U4"), Some(""), Role::Manager),
    ];
    let roster = Roster::new(rows.clone());
    assert_eq!(roster.entry(&"U1".into(), None), Some(&rows[0]));
    assert_eq!(roster.entry(&"U9".into(), Some("ana@example.com")), Some(&rows[0]));
    assert_eq!(roster.entry(&"U9".into(), Some("bea@example.com")), None, "the row is U2's");
    assert_eq!(roster.engineers().collect::<Vec<_>>(), [&rows[0]]);
    assert_eq!(roster.managers().collect::<Vec<_>>(), [&rows[2], &rows[5]]);
}

#[test]
fn addresses_are_needed_only_for_rows_without_an_id() {
    assert!(!Roster::new(vec![row(Some("U1"), Some("ana@example.com"), Role::Engineer)]).needs_addresses());
    assert!(!Roster::new(vec![row(None, None, Role::Engineer)]).needs_addresses());
    assert!(Roster::new(vec![row(None, Some("ana@example.com"), Role::Engineer)]).needs_addresses());
}
