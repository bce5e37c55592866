//! Stories of files as people write them, and of files that nobody should have written.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// The tree on one line, or the faults.
fn check(text: &str) -> String {
    let mut faults = Faults::default();
    let root = read(text, &mut faults);
    match (faults.or(()), root) {
        (Err(faults), _) => faults.to_string(),
        (Ok(()), None) => "nothing".to_owned(),
        (Ok(()), Some(root)) => {
            let mut out = String::new();
            show(&root, &mut out);
            out
        }
    }
}

fn show(node: &Node, out: &mut String) {
    match &node.value {
        Value::Nothing => out.push('~'),
        Value::Text(text) => write!(out, "{}:{text:?}", node.line).unwrap(),
        Value::List(nodes) => {
            out.push('[');
            nodes.iter().for_each(|node| {
                show(node, out);
                out.push(' ');
            });
            out.push(']');
        }
        Value::Map(pairs) => {
            out.push('{');
            for (key, node) in pairs {
                write!(out, "{}:{}=", key.line, key.text).unwrap();
                show(node, out);
                out.push(' ');
            }
            out.push('}');
        }
    }
}

#[test]
fn text_stays_as_it_was_typed_and_keeps_its_line() {
    assert_eq!(check("- NO\n- no\n- 1.10\n- 007"), r#"[1:"NO" 2:"no" 3:"1.10" 4:"007" ]"#);
    assert_eq!(check("# head\na: x\nb:\nc: [1, 2]"), r#"{2:a=2:"x" 3:b=~ 4:c=[4:"1" 4:"2" ] }"#);
    assert_eq!(check("- 'null'\n- null\n- \"\"\n- ~"), r#"[1:"null" ~ 3:"" ~ ]"#);
}

#[test]
fn what_editors_add_is_no_fault() {
    assert_eq!(check("\u{feff}- a\r\n- b: c\r\n"), r#"[1:"a" {2:b=2:"c" } ]"#);
    assert_eq!(check("---\n- a\n"), r#"[2:"a" ]"#);
    assert_eq!(check("-\ta"), r#"[1:"a" ]"#);
    for empty in ["", "\n\n", "# only a comment\n", "---\n", "\u{feff}", "~", "   "] {
        assert_eq!(check(empty), "nothing", "{empty:?}");
    }
}

#[test]
fn every_tab_is_named() {
    let tabs = "- from: 2026-01-01\n\tuntil: 2026-01-02\n\tname: x\n";
    assert_eq!(check(tabs), "line 2: a tab: indent with spaces\nline 3: a tab: indent with spaces");
    assert_eq!(check("holidays:\n\t- a"), "line 2: a tab: indent with spaces");
}

#[test]
fn a_text_that_is_no_yaml_says_where_and_what_to_do() {
    let colon = "a colon in the wrong place: quote text that holds one, and let the keys of an entry begin in one column";
    let indented = "this line is indented like none above it: begin all entries in one column, and the keys of an entry too";
    for (text, line, what) in [
        ("- a: b: c", 1, colon),
        ("- a\n  b: c", 2, colon),
        ("- a: b\n   c: d", 2, colon),
        ("- @ana", 1, "a text that begins with @ must stand in quotes"),
        ("- a\n- *", 2, "a text that begins with & or * must stand in quotes"),
        ("- a\u{1}", 1, "the character U+0001 does not belong here: delete it"),
        ("- a: b\n  c d\n  e: f", 2, "a colon is missing: write \"key: value\""),
        ("- a: 'b'\n  c d\n  e: f", 2, "a colon is missing: write \"key: value\""),
        ("- a: b\n - c", 2, indented),
        ("- 'a\n- b", 1, "a quotation mark is opened here and never closed"),
        ("- [a\n- b", 1, "a [ is opened here and never closed"),
        ("- \"\\q\"", 1, "this is not YAML: while parsing a quoted scalar, found unknown escape character"),
    ] {
        assert_eq!(check(text), format!("line {line}: {what}"), "{text:?}");
    }
}

#[test]
fn what_could_grow_is_refused() {
    let foreign = "write the text out: names such as &x, *x and !x are not used in these files";
    assert_eq!(
        check("- &x a\n- *x\n- *y\n- !z b"),
        [1, 2, 3, 4].map(|n| format!("line {n}: {foreign}")).join("\n")
    );
    assert_eq!(check("a: &x [b]\nc: *x"), format!("line 1: {foreign}"));
    assert_eq!(check("- a\n---\n- b"), "line 2: a second document begins here: keep one list, without ---");
    assert_eq!(check("? [a]\n: b"), "line 1: a key must be one word, not a list or a mapping");
    let deep = "too many lists within lists: write it flatter";
    assert_eq!(check(&"[".repeat(900_000)), format!("line 1: {deep}"));
    assert_eq!(check(&"- ".repeat(400_000)), format!("line 1: {deep}"));
    assert_eq!(check(&"x".repeat(LARGEST + 1)), "the file has 1000001 bytes: keep it below 1000000");
}

#[test]
fn a_file_that_is_not_utf_8_names_the_line() {
    assert_eq!(decode("S\u{e3}o".as_bytes()), Ok("São"));
    assert_eq!(
        decode(b"- a\n- S\xe3o\n").unwrap_err().to_string(),
        "line 2: this line is not UTF-8: save the file as UTF-8"
    );
    assert_eq!(decode(b"\xff\xfe-\0 \0").unwrap_err().to_string(), "the file is UTF-16: save it as UTF-8");
}

#[test]
fn dates_are_written_one_way_and_must_exist() {
    assert!(date("2028-02-29").is_ok());
    for (text, what) in [
        ("2026-02-30", "2026-02-30 does not exist: that month has 28 days"),
        ("2026-04-31", "2026-04-31 does not exist: that month has 30 days"),
        ("2026-13-01", "2026-13-01 does not exist: months are 01 to 12"),
        ("2026-01-00", "2026-01-00 does not exist: that month has 31 days"),
        ("1926-01-01", "1926-01-01 is long past: write a year from 2000 on"),
        ("24.12.2026", "\"24.12.2026\" is no date: write for example 2026-12-24"),
        ("2026-1-2", "\"2026-1-2\" is no date: write for example 2026-12-24"),
        ("2026-12-é", "\"2026-12-é\" is no date: write for example 2026-12-24"),
        ("٢٠٢٦-١٢-٢٤", "\"٢٠٢٦-١٢-٢٤\" is no date: write for example 2026-12-24"),
    ] {
        assert_eq!(date(text), Err(what.to_owned()));
    }
}

#[test]
fn one_word_says_who() {
    let shown = |text: &str| match person(text) {
        Ok(who) => format!("{:?} {:?} {:?}", who.user, who.email, who.name),
        Err(what) => what,
    };
    assert_eq!(shown("U0123"), "Some(U0123) None None");
    assert_eq!(shown("WABCDEFGH"), "Some(WABCDEFGH) None None");
    assert_eq!(shown("Ana@Example.COM"), r#"None Some("ana@example.com") None"#);
    assert_eq!(shown("  Ana\n Silva "), r#"None None Some("Ana Silva")"#);
    assert_eq!(shown("@ana"), r#"None None Some("ana")"#);
    assert_eq!(shown("WANG"), r#"None None Some("WANG")"#);
    assert_eq!(shown("王小明"), r#"None None Some("王小明")"#);
    assert_eq!(shown("ana@"), "\"ana@\" is no e-mail address: write for example ana@example.com");
    assert_eq!(shown("@"), "\"@\" names nobody: write a Slack id, an e-mail address or a name");
    assert!(user("u012ab3cd").is_ok());
    assert_eq!(user("ana").unwrap_err(), "\"ana\" is no Slack id: write for example U012AB3CD");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = decode(&bytes);
        let _ = check(&text);
        let _ = crate::holidays::parse(&text, None);
        let _ = crate::exclusions::parse(&text);
    }

    #[test]
    fn no_text_of_yaml_signs_makes_it_panic(text in "[-:,.\\[\\]{}&*!|>'\"%@`#?~ \n\t\r0-9a-d\u{feff}é王]{0,120}") {
        let _ = check(&text);
        let _ = crate::holidays::parse(&text, None);
        let _ = crate::exclusions::parse(&text);
    }

    #[test]
    fn whatever_stands_in_an_entry_is_answered_on_its_line(word in "\\PC{0,30}", key in "[a-z]{1,8}") {
        let quoted = word.replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("# one\n- {key}: \"{quoted}\"\n  from: 2026-01-01\n  until: 2026-01-02\n");
        for faults in [crate::holidays::parse(&text, None).err(), crate::exclusions::parse(&text).err()] {
            for fault in faults.unwrap_or_default().0 {
                prop_assert!((2..=4).contains(&fault.line.unwrap()), "{fault} of {text}");
            }
        }
    }
}
