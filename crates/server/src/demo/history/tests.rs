//! A year that looks like one, and whose logs are the core's own.

use std::collections::{BTreeMap, BTreeSet};

use pagerslack_core::incident::{AttemptEnd, replay};
use pagerslack_core::report::{Outcome, Row, row};
use pagerslack_core::{Incident, Policy, Recorded, Verdict};
use pagerslack_store::{Archive, Records, Sqlite, Store};

use super::*;
use crate::demo::{CHANNELS, MANAGERS, Wanted, world};

fn now() -> Timestamp {
    "2026-11-26T14:20:00Z".parse().unwrap()
}

fn a_year() -> History {
    let wanted = Wanted { history: true, ..Wanted::default() };
    let world = world(&wanted, &"http://127.0.0.1:1/".parse().unwrap()).unwrap();
    History::of(&world, &CHANNELS, MANAGERS, &Policy::default(), now())
}

fn logs(history: &History) -> Vec<&[Recorded]> {
    let commits = history.rotations.iter().flat_map(|rotation| &rotation.commits);
    commits.map(|commit| commit.events.as_slice()).collect()
}

fn rows(history: &History) -> Vec<Row> {
    logs(history).into_iter().map(|log| row(log).unwrap()).collect()
}

/// Of all, how many in a hundred.
fn part<'a>(rows: &'a [Row], is: impl Fn(&&'a Row) -> bool) -> usize {
    rows.iter().filter(is).count() * 100 / rows.len()
}

/// Given the year, then most incidents are answered at the first or the second page, and there is some of everything
/// else.
#[test]
fn the_year_is_plausible() {
    let history = a_year();
    let rows = rows(&history);
    assert!((1_000..2_500).contains(&rows.len()), "{}", rows.len());
    let answered =
        |attempts: usize| move |row: &&Row| row.attempts == attempts && row.acknowledged_by.is_some();
    let (first, second) = (part(&rows, answered(1)), part(&rows, answered(2)));
    assert!((55..85).contains(&first) && (5..30).contains(&second), "{first} % and {second} %");
    let some = |what: &str, is: &dyn Fn(&Row) -> bool| {
        let count = rows.iter().filter(|row| is(row)).count();
        assert!(count > 4 && count < rows.len() / 5, "{what}: {count} of {}", rows.len());
    };
    some("passed", &|row| row.passed > 0);
    some("by managers", &|row| row.by_manager);
    some("managers paged", &|row| row.unavailable);
    some("cancelled", &|row| row.outcome == Outcome::Cancelled);
    let by_nobody = |row: &&Row| row.unavailable && row.acknowledged_by.is_none();
    assert!((1..40).contains(&rows.iter().filter(by_nobody).count()), "few are answered by nobody");
    some("handed over", &|row| row.handed_over > 0);
    some("asked four times or more", &|row| row.attempts > 3);
    some("by a machine", &|row| row.reported_by.as_str() == trouble::MACHINE);
    some("at weekends", &|row| row.weekend_pinged);
    let mut channels: BTreeMap<_, usize> = BTreeMap::new();
    rows.iter().for_each(|row| *channels.entry(row.channel.as_str()).or_default() += 1);
    assert_eq!(channels.keys().copied().collect::<Vec<_>>(), CHANNELS);
    let lately = rows.iter().filter(|row| row.reported_at > now() - SignedDuration::from_hours(24)).count();
    assert!(lately > 2, "the first page has something to show: {lately}");
}

/// Every log can be replayed, ends before the present, and nobody in it was asked who could not be, or two at once.
#[test]
fn the_logs_keep_the_promises() {
    let history = a_year();
    for log in logs(&history) {
        let incident: Incident = replay(log).unwrap();
        assert!(!incident.is_open());
        assert!(log.is_sorted_by_key(|recorded| recorded.at) && log.last().unwrap().at <= now());
        assert!((1..).zip(log).all(|(seq, recorded)| recorded.seq == seq));
        for (attempt, next) in incident.attempts.iter().zip(incident.attempts.iter().skip(1)) {
            let ended = attempt.end.as_ref().is_some_and(|end| *end != AttemptEnd::HandedOver)
                || !incident.taken.is_empty();
            assert!(ended && attempt.paged_at < next.paged_at, "one at a time");
        }
        let responders: BTreeSet<_> = incident.attempts.iter().map(|attempt| &attempt.responder).collect();
        assert_eq!(responders.len(), incident.attempts.len(), "nobody is asked twice");
        for attempt in &incident.attempts {
            let asked = attempt.asked().unwrap();
            assert!(asked.verdict == Verdict::Available && asked.zone.is_some());
        }
    }
}

/// The same present gives the same year, whenever it is asked for.
#[test]
fn nothing_in_it_is_left_to_chance() {
    let (one, other) = (a_year(), a_year());
    assert_eq!(logs(&one), logs(&other));
}

/// Given an empty store, when the year is written, twice, and once more a day later, then everything is there once: the
/// logs, the queue that they make, and who was online.
#[tokio::test]
async fn it_is_written_once() {
    let store = Sqlite::in_memory().unwrap();
    let history = a_year();
    let (count, last) = (history.len(), rows(&history).iter().map(|row| row.reported_at).max());
    assert_eq!(history.write(&store).await.unwrap(), count);
    for _ in 0..2 {
        assert_eq!(a_year().write(&store).await.unwrap(), 0);
    }
    let filed = store.incidents(None, 10_000).await.unwrap();
    assert_eq!((filed.items.len(), filed.unreadable.len()), (count, 0));
    assert!(filed.items.iter().all(|filed| !filed.messages.is_empty() && filed.index.is_some()));
    assert_eq!(store.job_count().await.unwrap(), 0, "nothing is left to do");
    let rotation = RotationId::new("T0DEMO".into(), CHANNELS[0].into());
    let queue = store.queue(&rotation).await.unwrap();
    assert_eq!(queue.places().len(), 24);
    let turned: Vec<_> = queue.places().iter().map(|place| place.turned_at).collect();
    assert!(turned.is_sorted() && turned.last().unwrap().unwrap() <= now());
    assert!(last.unwrap() < now());
    assert!(store.record("presence", "T0DEMO/C0DEMO").await.unwrap().is_some());
}
