//! What many rows come to, held against counting them one by one by hand.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

const USERS: [&str; 5] = ["ana", "bo", "cy", "di", "max"];

fn any_user() -> impl Strategy<Value = UserId> {
    prop::sample::select(&USERS[..]).prop_map(UserId::new)
}

fn any_hour() -> impl Strategy<Value = Option<u8>> {
    prop::option::of(0..24_u8)
}

fn any_asked() -> impl Strategy<Value = Vec<Asked>> {
    let end = prop::sample::select(
        &[
            AskedEnd::Answered,
            AskedEnd::TimedOut,
            AskedEnd::Passed,
            AskedEnd::HandedOver,
            AskedEnd::Relieved,
            AskedEnd::Open,
        ][..],
    );
    let asked = (any_user(), 0..600_i64, any_hour(), end)
        .prop_map(|(user, seconds, local_hour, end)| Asked { user, at: at(seconds), local_hour, end });
    prop::collection::vec(asked, 0..4)
}

/// Rows of some months, as logs could have left them.
fn any_row() -> impl Strategy<Value = Row> {
    let outcome = prop::sample::select(
        &[
            Outcome::Open,
            Outcome::ManagersPaged,
            Outcome::ScheduleShown,
            Outcome::Acknowledged,
            Outcome::Cancelled,
            Outcome::Closed,
        ][..],
    );
    let answer = prop::option::of((any_user(), 0..900_000_u64, any_hour(), any::<bool>()));
    let pages = (0..3_usize, prop::option::of(0..5_000_u64), any::<bool>());
    (0..200 * 86_400_i64, outcome, answer, any_asked(), pages, any::<u32>()).prop_map(
        |(seconds, outcome, answer, asked, (manager_pages, first_page_ms, weekend_pinged), id)| {
            let reported_at = at(seconds);
            let time_to_response = answer.as_ref().map(|(_, time, ..)| *time);
            let time_at_response = time_to_response
                .map(|time| reported_at + SignedDuration::from_millis(i64::try_from(time).unwrap()));
            let ended = |end| asked.iter().filter(|it| it.end == end).count();
            Row {
                attempts: asked.len(),
                weekend_pinged,
                unavailable: manager_pages > 0,
                incident_url: String::new(),
                reported_by: "rae".into(),
                reported_at,
                time_to_response,
                time_at_response,
                incident: IncidentId::new(format!("i{id}")),
                team: "T1".into(),
                channel: "C1".into(),
                outcome,
                acknowledged_by: answer.as_ref().map(|(by, ..)| by.clone()),
                acknowledged_via: answer.as_ref().map(|_| Via::Button),
                first_page_ms,
                timed_out: ended(AskedEnd::TimedOut),
                passed: ended(AskedEnd::Passed),
                handed_over: 0,
                manager_pages,
                ended_at: None,
                region: time_at_response.map(Region::of),
                acknowledged_zone: None,
                acknowledged_local_hour: answer.as_ref().and_then(|(_, _, hour, _)| *hour),
                by_manager: answer.as_ref().is_some_and(|(.., by_manager)| *by_manager),
                asked,
            }
        },
    )
}

fn frame(bucket: Bucket, zone: &str) -> Frame {
    Frame { since: None, until: None, bucket, zone: calendar::zone(zone).unwrap() }
}

fn summary(rows: &[Row], frame: &Frame) -> Summary {
    let mut names = Names::default();
    let facts: Vec<Fact> = rows.iter().map(|row| Fact::of(row, &mut names)).collect();
    Summary::of(&facts, &names, frame)
}

/// The smallest of some times that so many percent of them do not exceed, found by trying each.
fn percentile(times: &[u64], percent: usize) -> Option<u64> {
    let enough =
        |limit: &u64| times.iter().filter(|time| *time <= limit).count() * 100 >= percent * times.len();
    times.iter().copied().filter(enough).min()
}

fn is_times(told: Option<Times>, times: &[u64]) -> bool {
    told.map(|told| told.count) == Some(times.len() as u64).filter(|count| *count > 0)
        && told.map(|told| told.p50) == percentile(times, 50)
        && told.map(|told| told.p90) == percentile(times, 90)
        && told.map(|told| told.p99) == percentile(times, 99)
        && told.map(|told| told.max) == times.iter().max().copied()
}

fn waits<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<u64> {
    rows.into_iter().filter_map(|row| row.time_to_response).collect()
}

fn count(rows: &[Row], is: impl Fn(&Row) -> bool) -> u64 {
    rows.iter().filter(|row| is(row)).count() as u64
}

proptest! {
    #[test]
    fn counts_and_times_are_those_of_the_rows(rows in prop::collection::vec(any_row(), 0..60)) {
        let told = summary(&rows, &frame(Bucket::Month, "UTC"));
        prop_assert_eq!(told.incidents, rows.len() as u64);
        prop_assert!(is_times(told.response, &waits(&rows)));
        let first: Vec<u64> = rows.iter().filter_map(|row| row.first_page_ms).collect();
        prop_assert!(is_times(told.first_page, &first));
        for (outcome, number) in &told.outcomes {
            prop_assert_eq!(*number, count(&rows, |row| row.outcome == *outcome));
        }
        prop_assert_eq!(told.outcomes.values().sum::<u64>(), told.incidents);
        let Answers { people, managers, cancelled, nobody } = told.answers;
        prop_assert_eq!(people + managers + cancelled + nobody, told.incidents);
        prop_assert_eq!(managers, count(&rows, |row| row.time_to_response.is_some() && row.by_manager));
        prop_assert_eq!(people + managers, count(&rows, |row| row.time_to_response.is_some()));
        for (attempts, number) in &told.attempts {
            prop_assert_eq!(*number, count(&rows, |row| row.attempts == usize::from(*attempts)));
        }
        prop_assert_eq!(told.attempts.values().sum::<u64>(), told.incidents);
        for regional in &told.regions {
            let theirs = rows.iter().filter(|row| row.region == Some(regional.region));
            prop_assert!(is_times(regional.response, &waits(theirs)));
        }
        for (hour, number) in (0_u8..).zip(&told.hours) {
            prop_assert_eq!(*number, count(&rows, |row| row.acknowledged_local_hour == Some(hour)));
        }
        prop_assert_eq!(told.hours.iter().sum::<u64>() + told.hours_unknown, people + managers);
    }

    #[test]
    fn everybodys_load_is_theirs(rows in prop::collection::vec(any_row(), 0..60)) {
        let told = summary(&rows, &frame(Bucket::Month, "UTC"));
        let asked: Vec<&Asked> = rows.iter().flat_map(|row| &row.asked).collect();
        let mut turns = Vec::new();
        for user in USERS.map(UserId::new) {
            let times = |is: &dyn Fn(&Asked) -> bool| {
                asked.iter().filter(|it| it.user == user && is(it)).count() as u64
            };
            let ended = |ends: &[AskedEnd]| times(&|it| ends.contains(&it.end));
            let took = |row: &&Row| row.acknowledged_by.as_ref() == Some(&user);
            let unasked = |row: &&Row| row.asked.iter().all(|it| it.user != user);
            let volunteered = rows.iter().filter(took).filter(unasked).filter(|row| !row.by_manager).count() as u64;
            let as_manager = rows.iter().filter(took).filter(|row| row.by_manager).count() as u64;
            let load = Load {
                user: user.clone(),
                turns: times(&|_| true) + volunteered,
                asked: times(&|_| true),
                answered: ended(&[AskedEnd::Answered, AskedEnd::HandedOver]),
                unanswered: ended(&[AskedEnd::TimedOut]),
                passed: ended(&[AskedEnd::Passed]),
                relieved: ended(&[AskedEnd::Relieved]),
                volunteered,
                at_night: times(&|it| it.local_hour.is_some_and(|hour| [22, 23, 0, 1, 2, 3, 4, 5].contains(&hour))),
                as_manager,
            };
            let found = told.people.iter().find(|it| it.user == user);
            let is_in_it = load.turns + load.as_manager > 0;
            turns.extend(Some(load.turns).filter(|turns| *turns > 0));
            prop_assert_eq!(found, Some(&load).filter(|_| is_in_it));
        }
        turns.sort_unstable();
        prop_assert_eq!((told.spread.min, told.spread.max), (
            turns.first().copied().unwrap_or(0),
            turns.last().copied().unwrap_or(0),
        ));
        prop_assert_eq!(Some(told.spread.median).filter(|_| !turns.is_empty()), percentile(&turns, 50));
        // Half the average difference between any two, as a part of the average.
        let pairs = turns.iter().flat_map(|one| turns.iter().map(|other| one.abs_diff(*other))).sum::<u64>();
        let (people, all) = (turns.len() as f64, turns.iter().sum::<u64>() as f64);
        let gini = if all > 0.0 { pairs as f64 / (2.0 * people * all) } else { 0.0 };
        prop_assert!((told.spread.gini - gini).abs() < 1e-9, "{} is not {}", told.spread.gini, gini);
        let turned = told.people.windows(2).all(|two| two[0].turns >= two[1].turns);
        prop_assert!(turned, "the most often first");
        prop_assert_eq!(told.pages.all, asked.len() as u64);
        prop_assert_eq!(told.pages.unanswered, told.people.iter().map(|load| load.unanswered).sum::<u64>());
        prop_assert_eq!(told.pages.at_night, told.people.iter().map(|load| load.at_night).sum::<u64>());
    }

    /// Each incident is in the piece of its day, of which none is missing, and the order of the rows does not matter.
    #[test]
    fn a_series_is_the_rows_by_day(
        rows in prop::collection::vec(any_row(), 1..60),
        bucket in prop::sample::select(&[Bucket::Day, Bucket::Week, Bucket::Month][..]),
        zone in prop::sample::select(&["UTC", "America/Santiago", "Pacific/Apia", "Asia/Kolkata"][..]),
    ) {
        let frame = frame(bucket, zone);
        let told = summary(&rows, &frame);
        let backwards: Vec<Row> = rows.iter().rev().cloned().collect();
        let again = summary(&backwards, &frame);
        prop_assert_eq!(&told.series, &again.series);
        let first_day = |row: &Row| {
            let date = frame.zone.to_datetime(row.reported_at).date();
            match bucket {
                Bucket::Day => date,
                Bucket::Week => {
                    let mut day = date;
                    while day.weekday() != jiff::civil::Weekday::Monday {
                        day = day.yesterday().unwrap();
                    }
                    day
                }
                Bucket::Month => date.first_of_month(),
            }
        };
        let mut by_day: BTreeMap<_, Vec<&Row>> = BTreeMap::new();
        rows.iter().for_each(|row| by_day.entry(first_day(row)).or_default().push(row));
        let dates: BTreeSet<_> = told.series.iter().map(|piece| piece.date).collect();
        prop_assert_eq!(dates.len(), told.series.len());
        prop_assert_eq!(dates.first(), by_day.keys().next());
        prop_assert_eq!(dates.last(), by_day.keys().last());
        for piece in &told.series {
            let theirs = by_day.remove(&piece.date).unwrap_or_default();
            prop_assert_eq!(piece.incidents, theirs.len() as u64);
            prop_assert!(is_times(piece.response, &waits(theirs.iter().copied())));
        }
        prop_assert!(by_day.is_empty(), "no day is missing");
    }
}

/// Given a month in which little happened, when it is asked for from its first day to the next month's, then every day
/// of it is there.
#[test]
fn days_on_which_nothing_happened_are_there() {
    let day = |text: &str| text.parse::<Timestamp>().unwrap();
    let row = row(&log([(0, reported()), (60, acknowledged("ana"))])).unwrap();
    let november = Frame {
        since: Some(day("2026-11-01T00:00:00Z")),
        until: Some(day("2026-12-01T00:00:00Z")),
        bucket: Bucket::Day,
        zone: TimeZone::UTC,
    };
    let told = summary(&[row], &november);
    let days: Vec<(String, u64)> =
        told.series.iter().map(|piece| (piece.date.to_string(), piece.incidents)).collect();
    assert_eq!(days.len(), 30);
    assert_eq!((&*days[0].0, &*days[29].0), ("2026-11-01", "2026-11-30"));
    assert_eq!(days[23], ("2026-11-24".to_owned(), 1));
    assert_eq!(days.iter().map(|(_, incidents)| incidents).sum::<u64>(), 1);
    assert_eq!(told.bucket, Bucket::Day);
    let decades = Frame { since: Some(day("1990-01-01T00:00:00Z")), ..november };
    let told = summary(&[], &decades);
    assert_eq!((told.bucket, told.series.len()), (Bucket::Month, 443), "too many days, and too many weeks");
}

#[test]
fn nothing_comes_to_nothing() {
    let told = summary(&[], &frame(Bucket::Week, "UTC"));
    assert_eq!((told.incidents, told.response, told.series.len(), told.people.len()), (0, None, 0, 0));
    assert_eq!(told.spread, Spread::default());
    assert!(told.regions.iter().map(|it| it.region).eq(Region::ALL), "each region is there");
}

/// A summary is asked of a running server as JSON, and is the same there and here.
#[test]
fn a_summary_is_read_as_it_was_written() {
    let answered =
        row(&log([(0, reported()), (1, paged(1, "ana", true)), (9, acknowledged("ana"))])).unwrap();
    let told = summary(&[answered], &frame(Bucket::Day, "Asia/Tokyo"));
    let written = serde_json::to_string(&told).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&written).unwrap(), told);
}

#[test]
fn a_fact_is_small() {
    let asked = row(&log([(0, reported()), (1, paged(1, "ana", false)), (9, acknowledged("ana"))])).unwrap();
    let fact = Fact::of(&asked, &mut Names::default());
    assert!(fact.size() <= 128, "{} bytes", fact.size());
    assert_eq!(
        (fact.time_to_response(), fact.first_page_ms(), fact.local_hour()),
        (Some(9_000), None, Some(15))
    );
}
