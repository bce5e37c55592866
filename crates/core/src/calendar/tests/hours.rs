//! Which moments hours cover, how people write them, and how we write them back.

use jiff::civil::{DateTime, Weekday};
use proptest::prelude::*;

use super::hours;
use crate::calendar::WorkingHours;

/// Monday, 2 November 2026, and the days after it.
fn local(day: i8, time: &str) -> DateTime {
    format!("2026-11-{:02}T{time}", 2 + day).parse().unwrap()
}

fn check_normal_form(written: &str, normal: &str) {
    assert_eq!(hours(written).to_string(), normal, "of {written:?}");
    assert_eq!(hours(normal), hours(written));
}

#[test]
fn hours_are_written_in_many_ways() {
    for written in
        ["09:00-17:30", "9:00 - 17:30", " 09:00–17:30 ", "9—17:30", "9:00\u{a0}− 17:30", "MON-FRI 9-17:30;"]
    {
        check_normal_form(written, "Mon-Fri 09:00-17:30");
    }
    check_normal_form("9-17", "Mon-Fri 09:00-17:00");
    check_normal_form("mon-fri 09:00-17:30; sat 10:00-12:00", "Mon-Fri 09:00-17:30; Sat 10:00-12:00");
    check_normal_form("Monday – Friday: 9-17, Sat. 10-12", "Mon-Fri 09:00-17:00; Sat 10:00-12:00");
    check_normal_form("mon,wed 9-17", "Mon,Wed 09:00-17:00");
    check_normal_form("mon wed, Thurs 9-17", "Mon,Wed,Thu 09:00-17:00");
    check_normal_form("13:00-17:00, 09:00-12:00", "Mon-Fri 09:00-12:00, 13:00-17:00");
    check_normal_form("22:00-06:00", "Mon-Fri 22:00-06:00");
    check_normal_form("22:00-00:00", "Mon-Fri 22:00-24:00");
    check_normal_form("mon-sun 00:00-24:00", "Mon-Sun 00:00-24:00");
    check_normal_form("sun-thu 9-17", "Mon-Thu,Sun 09:00-17:00");
    check_normal_form("sat-tue 9-17", "Mon,Tue,Sat,Sun 09:00-17:00");
    check_normal_form("mon-fri 9-17; wed 20-22", "Mon,Tue,Thu,Fri 09:00-17:00; Wed 09:00-17:00, 20:00-22:00");
    check_normal_form("9-12, 11-13, 13-14", "Mon-Fri 09:00-14:00");
    check_normal_form("Never", "never");
    assert_eq!(WorkingHours::default(), hours("never"));
}

#[test]
fn spans_that_would_make_more_than_a_day_touch_instead() {
    check_normal_form("mon 8-20, 20-8", "Mon 08:00-23:00, 23:00-08:00");
    check_normal_form("mon 8-20, 19-8", "Mon 08:00-23:00, 23:00-08:00");
    check_normal_form("mon 8-7, 23:30-23:20", "Mon 08:00-23:59, 23:59-23:20");
    check_normal_form("mon 00:00-24:00, 22-6", "Mon 00:00-23:00, 23:00-06:00");
    check_normal_form("mon 23:10-23:05, 23:05-22:00", "Mon 23:05-23:59, 23:59-23:05");
}

#[test]
fn what_is_not_hours_is_refused_with_what_to_write() {
    let example = "write for example 09:00-17:30, or mon-fri 09:00-17:30; sat 10:00-12:00";
    let short = "write 24 hours, for example 9, 09:00 or 17:30";
    for (written, refusal) in [
        ("", format!("there are no hours in \"\": {example}")),
        (" ; ", format!("there are no hours in \" ; \": {example}")),
        (
            "whenever",
            format!(
                "\"whenever\" is no day of the week: write mon, tue, wed, thu, fri, sat or sun; {example}"
            ),
        ),
        (
            "mo-fr 9-17",
            format!("\"mo\" is no day of the week: write mon, tue, wed, thu, fri, sat or sun; {example}"),
        ),
        ("9am-5pm", format!("\"9am\" is no time of the day: {short}")),
        ("9-24:01", format!("\"24:01\" is no time of the day: {short}")),
        ("9-25", format!("\"25\" is no time of the day: {short}")),
        ("9-17:3", format!("\"17:3\" is no time of the day: {short}")),
        ("0900-1730", format!("\"0900\" is no time of the day: {short}")),
        ("9-", format!("\"\" is no time of the day: {short}")),
        ("1-2-3", format!("\"2-3\" is no time of the day: {short}")),
        ("9", "\"9\" says no beginning and end: write for example 09:00-17:30".into()),
        ("9-9", "\"9-9\" begins when it ends: for the whole day write 00:00-24:00".into()),
        ("24:00-6", "\"24:00-6\" begins at 24:00: write 00:00, and the day that begins then".into()),
        ("mon-fri", "\"mon-fri\" says no hours after the days: write for example mon-fri 09:00-17:30".into()),
        (
            "9-17 sat",
            "\"9-17 sat\" says no hours after the days: write for example mon-fri 09:00-17:30".into(),
        ),
    ] {
        assert_eq!(
            written.parse::<WorkingHours>().map_err(|error| error.to_string()),
            Err(refusal),
            "of {written:?}"
        );
    }
}

#[test]
fn a_span_begins_with_its_first_minute_and_ends_before_its_last() {
    let hours = hours("09:00-17:30");
    assert!(!hours.cover(local(0, "08:59:59.999")));
    assert!(hours.cover(local(0, "09:00:00")));
    assert!(hours.cover(local(4, "17:29:59.999")));
    assert!(!hours.cover(local(4, "17:30:00")));
    assert!(!hours.cover(local(5, "12:00:00")));
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    let hours = hours("fri-sun 22:00-06:00");
    assert!(!hours.cover(local(4, "03:00:00")), "Friday morning is Thursday's night");
    assert!(hours.cover(local(4, "23:00:00")));
    assert!(hours.cover(local(5, "05:59:59")));
    assert!(hours.cover(local(7, "03:00:00")), "Sunday's night runs into Monday");
    assert!(!hours.cover(local(7, "06:00:00")));
    assert!(hours.works_on(Weekday::Sunday));
    assert!(!hours.works_on(Weekday::Monday));
}

/// Clauses of days, one after another over the end of the week, and a span: as text and as minutes of the week.
pub(super) fn written_hours() -> impl Strategy<Value = (String, Vec<bool>)> {
    let clause = (0..7usize, 0..7usize, 0..1440usize, 1..=1440usize, any::<bool>()).prop_map(
        |(first, more, start, end, round)| {
            let (start, end) = if round { (start / 60 * 60, end.div_ceil(60) * 60) } else { (start, end) };
            let end = if start == end { end % 1440 + 1 } else { end };
            (first, more, start, end)
        },
    );
    proptest::collection::vec(clause, 1..5).prop_map(|clauses| {
        const NAMES: [&str; 7] = ["mon", "tuesday", "Wed", "THU", "fri", "Saturday", "sun"];
        let time = |minutes: usize| format!("{}:{:02}", minutes / 60, minutes % 60);
        let mut covered = vec![false; 7 * 1440];
        let mut text = Vec::new();
        for (first, more, start, end) in clauses {
            text.push(format!(
                "{}-{} {}-{}",
                NAMES[first],
                NAMES[(first + more) % 7],
                time(start),
                time(end)
            ));
            let length = if end > start { end - start } else { end + 1440 - start };
            for day in first..=first + more {
                (0..length).for_each(|minute| covered[(day * 1440 + start + minute) % (7 * 1440)] = true);
            }
        }
        (text.join("; "), covered)
    })
}

/// The minute of the week, as the map of [`written_hours`] counts them.
pub(super) fn minute_of_week(local: DateTime) -> usize {
    let day = local.weekday().to_monday_zero_offset() as usize;
    day * 1440 + local.hour() as usize * 60 + local.minute() as usize
}

proptest! {
    #[test]
    fn hours_cover_what_was_written((text, covered) in written_hours()) {
        let hours: WorkingHours = text.parse().unwrap();
        let midnight: DateTime = local(0, "00:00:00");
        for (minute, expected) in (0i64..).zip(&covered) {
            let moment = midnight.checked_add(jiff::SignedDuration::from_mins(minute)).unwrap();
            prop_assert_eq!(hours.cover(moment), *expected, "{} at {}", text, moment);
        }
    }

    #[test]
    fn the_normal_form_reads_back_as_the_same_hours((text, _) in written_hours()) {
        let hours: WorkingHours = text.parse().unwrap();
        let normal = hours.to_string();
        let again: WorkingHours = normal.parse().unwrap();
        prop_assert_eq!(again.to_string(), normal);
        prop_assert_eq!(again, hours);
    }

    #[test]
    fn the_order_of_writing_does_not_matter((text, _) in written_hours()) {
        let mut clauses: Vec<_> = text.split("; ").collect();
        clauses.reverse();
        prop_assert_eq!(super::hours(&clauses.join("; ")), super::hours(&text));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,20}|[a-z0-9:;, –-]{0,40}|(mon|fri|9|17|24:00|-|,|;| ){0,12}") {
        if let Ok(hours) = text.parse::<WorkingHours>() {
            prop_assert_eq!(hours.to_string().parse(), Ok(hours));
        }
    }
}
