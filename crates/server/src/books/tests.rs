//! Books over a store in memory: what is in them is what the logs say.

use jiff::SignedDuration;
use pagerslack_core::incident::Via;
use pagerslack_core::{Event, Recorded, Report, RotationId};
use pagerslack_store::{Archive, Commit, IncidentIndex, Past, Sqlite, Store};

use super::*;

fn day(day: i64) -> Timestamp {
    let first: Timestamp = "2026-08-01T12:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(24 * day)
}

struct Desk {
    store: Arc<Sqlite>,
    books: Books,
}

impl Desk {
    fn new() -> Self {
        let store = Arc::new(Sqlite::in_memory().unwrap());
        let backend: Arc<dyn Backend> = Arc::<Sqlite>::clone(&store);
        Self { books: Books::new(backend), store }
    }

    /// Commits what happens next in an incident.
    async fn happens(&self, team: &str, number: i64, seq: u64, at: Timestamp, event: Event) {
        let incident = IncidentId::new(format!("i{number}"));
        let mut commit = Commit::new(team.into(), incident, seq - 1);
        let rotation = RotationId::new(team.into(), channel(number).into());
        let open =
            !matches!(event, Event::Acknowledged { .. } | Event::Cancelled { .. } | Event::Closed { .. });
        commit.events.push(Recorded { seq, at, event });
        commit.index = Some(IncidentIndex { rotation, url: format!("https://example.com/{number}"), open });
        self.store.commit(commit).await.unwrap();
    }

    async fn reported(&self, team: &str, number: i64, at: Timestamp) {
        let report = Report {
            incident: IncidentId::new(format!("i{number}")),
            rotation: RotationId::new(team.into(), channel(number).into()),
            url: format!("https://example.com/{number}"),
            note: String::new(),
            reporter: "U1".into(),
            machine: None,
            first: None,
            response_url: None,
        };
        self.happens(team, number, 1, at, Event::Reported(report)).await;
    }

    async fn answered(&self, team: &str, number: i64, seq: u64, at: Timestamp) {
        let event = Event::Acknowledged { by: "U2".into(), via: Via::Button, zone: None };
        self.happens(team, number, seq, at, event).await;
    }

    /// The incidents in the books, each with where it stands.
    fn told(&self, team: &str, selection: &Selection) -> Vec<String> {
        let view = self.books.rows(&team.into(), selection);
        view.iter().map(|fact| format!("{} {}", fact.incident, fact.outcome.name())).collect()
    }

    fn all(&self) -> Vec<String> {
        self.told("T1", &Selection::default())
    }

    /// The books are what somebody counts who reads the logs now.
    async fn holds(&self) {
        let mut rows =
            self.store.rows(&"T1".into(), None, None, 999).await.unwrap().page.await.unwrap().items;
        rows.sort_by(|one, other| {
            (one.reported_at, &one.incident).cmp(&(other.reported_at, &other.incident))
        });
        let expected: Vec<_> =
            rows.iter().map(|row| format!("{} {}", row.incident, row.outcome.name())).collect();
        assert_eq!(self.all(), expected);
    }
}

fn channel(number: i64) -> &'static str {
    if number % 2 == 0 { "C0" } else { "C1" }
}

#[tokio::test]
async fn filled_books_hold_the_whole_history_of_each_workspace() {
    let desk = Desk::new();
    for number in 0..250 {
        desk.reported("T1", number, day(number)).await;
    }
    desk.reported("T2", 7, day(7)).await;
    let row = row(&desk.store.load(&"T1".into(), &"i0".into()).await.unwrap().unwrap().log).unwrap();
    let row = Row { incident: "old".into(), reported_at: day(-30), ..row };
    let old = Past { team: "T1".into(), incident: "old".into(), row: serde_json::to_vec(&row).unwrap() };
    desk.store.add_past(vec![old]).await.unwrap();
    assert!(!desk.books.ready());
    desk.books.refresh(day(300)).await.unwrap();
    assert_eq!(desk.books.as_of(), None, "what is left of old incidents has not been read");
    desk.books.fill(day(300)).await.unwrap();
    assert_eq!(desk.books.as_of(), Some(day(300)));
    assert_eq!((desk.all().len(), desk.all().remove(0)), (251, "old open".to_owned()));
    assert_eq!(desk.told("T2", &Selection::default()), ["i7 open"]);
    assert_eq!(desk.books.workspaces(), [TeamId::new("T1"), TeamId::new("T2")]);
    assert_eq!(desk.told("T3", &Selection::default()), Vec::<String>::new());
}

#[tokio::test]
async fn a_selection_is_a_time_and_a_channel() {
    let desk = Desk::new();
    for number in 0..90 {
        desk.reported("T1", number, day(number)).await;
    }
    desk.books.fill(day(90)).await.unwrap();
    let (since, until) = (Some(day(29)), Some(day(33)));
    let some = Selection { since, until, ..Selection::default() };
    assert_eq!(desk.told("T1", &some), ["i29 open", "i30 open", "i31 open", "i32 open"]);
    let there = Selection { channel: Some("C1".into()), ..some.clone() };
    assert_eq!(desk.told("T1", &there), ["i29 open", "i31 open"]);
    let nowhere = Selection { channel: Some("C9".into()), ..some.clone() };
    assert_eq!(desk.told("T1", &nowhere), Vec::<String>::new());
    let backwards = Selection { since: until, until: since, channel: None, team: None };
    assert_eq!(desk.told("T1", &backwards), Vec::<String>::new());
    let summary = desk.books.summary(&"T1".into(), &some, Bucket::Day, TimeZone::UTC);
    assert_eq!((summary.incidents, summary.answers.nobody, summary.series.len()), (4, 4, 5));
}

/// Given filled books, when incidents are reported, answered, handed over and closed, then they say so: at once where it
/// is told, else after the next look.
#[tokio::test]
async fn what_happens_is_entered() {
    let desk = Desk::new();
    desk.reported("T1", 0, day(0)).await;
    desk.books.fill(day(0)).await.unwrap();
    desk.reported("T1", 1, day(1)).await;
    desk.answered("T1", 0, 2, day(1)).await;
    assert_eq!(desk.all(), ["i0 open"]);
    desk.books.touch(&"T1".into(), &"i0".into()).await.unwrap();
    assert_eq!(desk.all(), ["i0 acknowledged"]);
    desk.books.refresh(day(2)).await.unwrap();
    desk.holds().await;
    assert_eq!(desk.books.as_of(), Some(day(2)));
    let over = Event::HandedOver { from: "U2".into(), by: "U2".into() };
    desk.happens("T1", 0, 3, day(2), over).await;
    desk.answered("T1", 1, 2, day(2)).await;
    desk.books.touch(&"T1".into(), &"i0".into()).await.unwrap();
    desk.books.refresh(day(3)).await.unwrap();
    desk.holds().await;
    assert_eq!(desk.all(), ["i0 open", "i1 acknowledged"]);
    desk.happens("T1", 1, 3, day(3), Event::Closed { by: "U2".into() }).await;
    desk.books.touch(&"T1".into(), &"i1".into()).await.unwrap();
    desk.books.touch(&"T1".into(), &"unheard".into()).await.unwrap();
    desk.holds().await;
}

/// What a page shows does not change under it.
#[tokio::test]
async fn a_view_is_of_its_moment() {
    let desk = Desk::new();
    desk.reported("T1", 0, day(0)).await;
    desk.books.fill(day(0)).await.unwrap();
    let view = desk.books.rows(&"T1".into(), &Selection::default());
    desk.reported("T1", 1, day(1)).await;
    desk.answered("T1", 0, 2, day(1)).await;
    desk.books.refresh(day(1)).await.unwrap();
    let told = |view: &View| view.iter().filter(|fact| fact.acknowledged_by.is_some()).count();
    assert_eq!((view.iter().count(), told(&view)), (1, 0));
    let view = desk.books.rows(&"T1".into(), &Selection::default());
    assert_eq!((view.iter().count(), told(&view)), (2, 1));
}

/// A clock that is put back moves a report, and it is still counted once.
#[tokio::test]
async fn a_report_that_moves_is_counted_once() {
    let desk = Desk::new();
    desk.reported("T1", 0, day(40)).await;
    desk.books.fill(day(40)).await.unwrap();
    desk.happens("T1", 0, 2, day(1), Event::ClockPutBack { deadline: None }).await;
    desk.books.refresh(day(1)).await.unwrap();
    assert_eq!(desk.all(), ["i0 open"]);
    let until = Selection { until: Some(day(2)), ..Selection::default() };
    assert_eq!(desk.told("T1", &until), ["i0 open"]);
}
