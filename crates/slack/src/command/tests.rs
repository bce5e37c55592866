//! What people type, and what it is taken for.

use super::*;

fn report(url: &str, note: &str) -> Request {
    Request::Report { url: url.into(), note: note.into(), first: None }
}

fn first(url: &str, note: &str, first: &str) -> Request {
    Request::Report { url: url.into(), note: note.into(), first: Some(first.into()) }
}

fn unknown(word: &str, nearest: Option<&'static str>) -> Request {
    Request::Mistaken(Mistake::Unknown { word: word.into(), nearest })
}

fn why(url: Option<&str>) -> Question {
    Question::Why { url: url.map(Into::into) }
}

fn help(unknown: &str) -> Question {
    Question::Help { unknown: (!unknown.is_empty()).then(|| unknown.into()) }
}

#[test]
fn a_url_with_or_without_slacks_brackets_is_a_report() {
    assert_eq!(parse("https://i.example/1"), report("https://i.example/1", ""));
    assert_eq!(parse("<https://i.example/1>"), report("https://i.example/1", ""));
    assert_eq!(
        parse(" <https://i.example/1|i.example/1>  db  is down "),
        report("https://i.example/1", "db is down")
    );
    assert_eq!(parse("db is down HTTP://I.example"), report("http://i.example/", "db is down"));
    assert_eq!(parse("<https://i.example/?a=1&amp;b=2>"), report("https://i.example/?a=1&b=2", ""));
    assert_eq!(parse("`https://i.example/1` - down!"), report("https://i.example/1", "- down!"));
    assert_eq!(
        parse("<https://i.example/1> and <https://i.example/2>"),
        report("https://i.example/1", "and https://i.example/2")
    );
}

#[test]
fn one_mention_is_asked_first_wherever_it_stands() {
    for typed in [
        "<@U1> <https://i.example/1> db down",
        "<@U1|ana> https://i.example/1 db down",
        "<https://i.example/1> db <@U1> down",
        "https://i.example/1 db down <@U1|ana>",
        "<@U1> https://i.example/1 db down <@U1|ana>",
    ] {
        assert_eq!(parse(typed), first("https://i.example/1", "db down", "U1"), "{typed}");
    }
}

#[test]
fn other_mentions_are_a_mistake() {
    for mention in ["<!here>", "<#C1|x>", "<!subteam^S1|@eng>", "@here", "@ana", "<@U1> <@U2>", "<@U1> @ana"]
    {
        for typed in [format!("{mention} https://i.example/1"), format!("https://i.example/1 {mention}")] {
            assert_eq!(parse(&typed), Request::Mistaken(Mistake::Mention), "{typed}");
        }
    }
    assert_eq!(parse("@ana"), Request::Mistaken(Mistake::Mention));
    assert_eq!(parse("<!here>"), Request::Mistaken(Mistake::Mention));
    assert_eq!(parse("<@U1>"), Request::Mistaken(Mistake::NoUrl));
    assert_eq!(parse("<@U1> why <https://i.example/1>"), first("https://i.example/1", "why", "U1"));
    assert_eq!(
        parse("https://i.example/1 mail a@b.example"),
        report("https://i.example/1", "mail a@b.example")
    );
}

#[test]
fn questions_are_asked_in_one_word_however_it_is_written() {
    for (typed, question) in [
        ("top", Question::Top),
        ("Top.", Question::Top),
        (" *TOP* ", Question::Top),
        ("position?", Question::Position),
        ("“status”", Question::Status),
        ("`status`!", Question::Status),
        ("why", why(None)),
        ("Why?", why(None)),
        ("why me?", why(None)),
        ("why <https://I.example/1|i.example/1>", why(Some("https://i.example/1"))),
        ("why: <https://i.example/?a=1&amp;b=2> ?", why(Some("https://i.example/?a=1&b=2"))),
        ("WHY https://i.example/1", why(Some("https://i.example/1"))),
        ("why `https://i.example/1`", why(Some("https://i.example/1"))),
    ] {
        assert_eq!(parse(typed), Request::Ask(question.clone()), "{typed}");
        assert_eq!(parse_direct(typed), question, "{typed}");
    }
}

/// Somebody who needs help is never taken for somebody with a question (P6).
#[test]
fn a_url_with_more_than_why_is_a_report() {
    assert_eq!(parse("why is <https://i.example/1> down"), report("https://i.example/1", "why is down"));
    assert_eq!(parse("status <https://i.example/1>"), report("https://i.example/1", "status"));
    assert_eq!(parse("top https://i.example/1"), report("https://i.example/1", "top"));
    assert_eq!(parse("why ftp://i.example"), Request::Mistaken(Mistake::NotHttp));
}

#[test]
fn nothing_and_help_are_a_call_for_help() {
    for typed in ["", "  ", "help", "HELP", "Help ", "help!", "?"] {
        assert_eq!(parse(typed), Request::Help, "{typed}");
        assert_eq!(parse_direct(typed), help(""), "{typed}");
    }
}

#[test]
fn a_misspelt_word_is_told_its_nearest() {
    for (typed, nearest) in [
        ("positon", Some("position")),
        ("pos", Some("position")),
        ("topp", Some("top")),
        ("tpo", Some("top")),
        ("stauts", Some("status")),
        ("Stat", Some("status")),
        ("wyh?", Some("why")),
        ("hlep", Some("help")),
        ("database", None),
        ("db", None),
        ("i", None),
        ("ü", None),
    ] {
        assert_eq!(parse(typed), unknown(typed, nearest), "{typed}");
        assert_eq!(parse_direct(typed), help(typed), "{typed}");
        assert_eq!(nearest_in(typed), nearest, "{typed}");
    }
    assert_eq!(parse("stauts please"), unknown("stauts please", Some("status")));
    assert_eq!(parse("status page down"), unknown("status page down", Some("status")));
    assert_eq!(parse("help me"), unknown("help me", Some("help")));
}

#[test]
fn everything_else_is_told_what_to_type() {
    assert_eq!(parse("the database is down"), Request::Mistaken(Mistake::NoUrl));
    assert_eq!(parse("database down"), Request::Mistaken(Mistake::NoUrl));
    assert_eq!(parse("top of the page is broken"), Request::Mistaken(Mistake::NoUrl));
    assert_eq!(parse("ftp://i.example"), Request::Mistaken(Mistake::NotHttp));
    assert_eq!(parse("javascript://alert"), Request::Mistaken(Mistake::NotHttp));
    assert_eq!(parse("https://"), Request::Mistaken(Mistake::NotHttp));
    assert_eq!(parse("<mailto:a@b.example|a@b.example>"), Request::Mistaken(Mistake::NotHttp));
    assert_eq!(
        parse(&format!("https://i.example/{}", "a".repeat(3000))),
        Request::Mistaken(Mistake::TooLong)
    );
}

#[test]
fn a_direct_message_reports_nothing() {
    assert_eq!(parse_direct("<https://i.example/1>"), help("https://i.example/1"));
    assert!(holds_url("https://i.example/1"));
    assert_eq!(parse_direct("<https://i.example/1> is down"), help("is down https://i.example/1"));
    assert_eq!(parse_direct("why was <https://i.example/1> paged?"), why(Some("https://i.example/1")));
    assert_eq!(parse_direct("why <mailto:a@b.example>"), help("why mailto:a@b.example"));
    assert_eq!(parse_direct("<@U9> top"), Question::Top);
    assert_eq!(parse_direct("<@U9>"), help(""));
    assert_eq!(parse_direct("hello &lt;you&gt;"), help("hello <you>"));
    assert_eq!(parse_direct(&"x".repeat(900)), help(&"x".repeat(UNKNOWN_LIMIT)));
}

#[test]
fn a_long_note_is_cut_at_a_letter() {
    let Request::Report { note, .. } = parse(&format!("https://i.example {}", "ü".repeat(900))) else {
        panic!("a report")
    };
    assert_eq!(note.chars().count(), NOTE_LIMIT);
}

#[test]
fn what_is_long_only_once_escaped_is_cut_too() {
    let Request::Report { note, .. } = parse(&format!("https://i.example {}", "&amp;".repeat(400))) else {
        panic!("a report")
    };
    assert_eq!(note, format!("{}…", "&".repeat(139)));
    let url = format!("https://i.example/?{}", "&amp;".repeat(400));
    assert_eq!(parse(&url), Request::Mistaken(Mistake::TooLong));
}

/// A machine's words are held to what holds of people's.
#[test]
fn a_machine_reports_as_people_do() {
    let read = machine_report("https://I.example/a b", " disk\n  full & more ");
    assert_eq!(read, Ok(("https://i.example/a%20b".to_owned(), "disk full & more".to_owned())));
    assert_eq!(machine_report("https://i.example", &"&".repeat(1_000)).unwrap().1.chars().count(), 140);
    for wrong in ["", "i.example", "ftp://i.example", "https://", "javascript:alert(1)"] {
        assert_eq!(machine_report(wrong, ""), Err(Mistake::NotHttp), "{wrong}");
    }
    assert_eq!(
        machine_report(&format!("https://i.example/{}", "a".repeat(1_800)), ""),
        Err(Mistake::TooLong)
    );
}
