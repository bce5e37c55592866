//! Logs and the rows that they come to.

use super::*;

/// The columns of the row in which a log of events, each with the seconds since the report, ends.
fn check(events: impl IntoIterator<Item = (i64, Event)>, expected: [&str; 24]) {
    let row = serde_json::to_value(row(&log(events)).unwrap()).unwrap();
    let row = row.as_object().unwrap();
    assert_eq!(row.keys().collect::<Vec<_>>(), COLUMNS, "the fields stand in the order of the columns");
    // Who was asked is told apart.
    let cells = row.values().take(24).map(|value| value.to_string().replace('"', ""));
    let cells: Vec<String> = cells.collect();
    assert_eq!(cells, expected);
}

const URL: &str = "https://example.com/incidents/7";
const REPORTED: &str = "2026-11-24T06:00:00Z";

/// Ana does not answer, Bo passes, Cy of the weekend's pool takes it, hands it over, and Di has it to the end.
#[test]
fn a_long_story_in_one_row() {
    check(
        [
            (0, reported()),
            (0, Event::RootPosted { message: message("root") }),
            (1, paged(1, "ana", false)),
            (2, posted(1)),
            (122, Event::PageTimedOut { attempt: 1 }),
            (123, paged(2, "bo", false)),
            (124, posted(2)),
            (130, Event::Passed { attempt: 2, by: "bo".into() }),
            (131, paged(3, "cy", true)),
            (132, posted(3)),
            (150, acknowledged("cy")),
            (200, Event::HandedOver { from: "cy".into(), by: "cy".into() }),
            (201, paged(4, "di", false)),
            (210, acknowledged("di")),
            (900, Event::Closed { by: "di".into() }),
        ],
        [
            "4",
            "true",
            "false",
            URL,
            "rae",
            REPORTED,
            "150000",
            "2026-11-24T06:02:30Z",
            "i1",
            "T1",
            "C1",
            "closed",
            "cy",
            "button",
            "2000",
            "1",
            "1",
            "1",
            "0",
            "2026-11-24T06:15:00Z",
            "APAC",
            "Asia/Tokyo",
            "15",
            "false",
        ],
    );
}

/// Nobody answers, and neither do the managers: there is no response, and no time of one.
#[test]
fn what_has_not_happened_is_empty() {
    check(
        [
            (0, reported()),
            (1, paged(1, "ana", false)),
            (121, Event::PageTimedOut { attempt: 1 }),
            (122, managers()),
        ],
        [
            "1",
            "false",
            "true",
            URL,
            "rae",
            REPORTED,
            "null",
            "null",
            "i1",
            "T1",
            "C1",
            "managers_paged",
            "null",
            "null",
            "null",
            "1",
            "0",
            "0",
            "1",
            "null",
            "null",
            "null",
            "null",
            "false",
        ],
    );
    check(
        [(0, reported()), (5, Event::Cancelled { by: "rae".into() })],
        [
            "0",
            "false",
            "false",
            URL,
            "rae",
            REPORTED,
            "null",
            "null",
            "i1",
            "T1",
            "C1",
            "cancelled",
            "null",
            "null",
            "null",
            "0",
            "0",
            "0",
            "0",
            "2026-11-24T06:00:05Z",
            "null",
            "null",
            "null",
            "false",
        ],
    );
}

/// A clock that was put back is no reason for a time below nothing; a log without a report has no row.
#[test]
fn odd_logs_are_read_all_the_same() {
    let recorded = |seq, seconds, event| Recorded { seq, at: at(seconds), event };
    let log = [recorded(1, 0, reported()), recorded(2, -60, acknowledged("ana"))];
    assert_eq!(row(&log).unwrap().time_to_response, Some(0));
    assert_eq!(row(&log[1..]), None);
    assert_eq!(row(&[]), None);
}

/// A row that an earlier version has left of an incident is read, and its region is told.
#[test]
fn a_row_without_the_later_columns_is_read() {
    let log = log([(0, reported()), (1, paged(1, "ana", false)), (9, acknowledged("ana"))]);
    let whole = row(&log).unwrap();
    let mut stored = serde_json::to_value(&whole).unwrap();
    stored.as_object_mut().unwrap().retain(|name, _| COLUMNS[..20].contains(&name.as_str()));
    let read: Row = serde_json::from_value(stored).unwrap();
    let left = Row { acknowledged_zone: None, acknowledged_local_hour: None, asked: vec![], ..whole };
    assert_eq!(read.completed(), left);
}
