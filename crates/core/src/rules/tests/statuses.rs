//! Statuses that mean away.

use super::*;

fn check(emoji: &str, text: &str, means_away: bool) {
    let status = Status { emoji: emoji.to_owned(), text: text.to_owned(), until: None };
    assert_eq!(AwayStatuses::usual().mean_away(&status, at(NOON)), means_away, "{emoji} {text}");
}

#[test]
fn the_usual_emoji_mean_away_and_others_do_not() {
    for emoji in [":palm_tree:", ":face_with_thermometer:", ":PALM_TREE:", ":baby::skin-tone-4:"] {
        check(emoji, "", true);
    }
    for emoji in ["", ":", "::", ":baby_bottle:", ":wave::skin-tone-2:", ":skin-tone-2:", ":speech_balloon:"]
    {
        check(emoji, "", false);
    }
}

#[test]
fn the_usual_words_mean_away_as_whole_words() {
    for text in [
        "OOO",
        "ooo until Monday",
        "I'm out of office.",
        "(PTO)",
        "sick",
        "Out Sick!",
        "On holiday 🏖",
        "ooo/slow",
    ] {
        check("", text, true);
    }
    for text in
        ["laptop", "booo", "ptosis", "seasick", "on leaves", "holiday planning", "in a meeting", "", "oo o"]
    {
        check("", text, false);
    }
}

#[test]
fn words_of_other_alphabets_are_found_as_whole_words_too() {
    let away = AwayStatuses {
        emoji: vec![],
        text: ["отпуск", "休暇", "çalışmıyor", "straße"].map(str::to_owned).to_vec(),
    };
    let check = |text: &str, means_away| {
        let status = Status { emoji: String::new(), text: text.to_owned(), until: None };
        assert_eq!(away.mean_away(&status, at(NOON)), means_away, "{text}");
    };
    check("Отпуск до понедельника", true);
    check("в отпуске", false);
    check("🌴отпуск🌴", true);
    check("休暇", true);
    check("休暇。月曜日に", true);
    check("Çalışmıyor", true);
    check("STRASSE", false);
    check("Straße", true);
}

#[test]
fn a_status_that_has_ended_means_nothing() {
    let until =
        |time| Status { emoji: ":palm_tree:".to_owned(), text: "ooo".to_owned(), until: Some(at(time)) };
    let away = AwayStatuses::usual();
    assert!(away.mean_away(&until("2026-03-10T12:00:01Z"), at(NOON)));
    assert!(!away.mean_away(&until("2026-03-10T12:00:00Z"), at(NOON)));
}

#[test]
fn nothing_listed_means_nothing() {
    let status = Status { emoji: ":palm_tree:".to_owned(), text: "ooo".to_owned(), until: None };
    assert!(!AwayStatuses::default().mean_away(&status, at(NOON)));
    let empty = AwayStatuses { emoji: vec![String::new()], text: vec![String::new()] };
    assert!(!empty.mean_away(&Status::default(), at(NOON)));
}
