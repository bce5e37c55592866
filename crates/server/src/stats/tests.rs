//! What comes out of an archive, and that it comes in pieces.

use async_trait::async_trait;
use pagerslack_core::audit::JobState;
use pagerslack_core::incident::{Report, Via};
use pagerslack_core::report::{Asked, AskedEnd, COLUMNS, Outcome, Region, row};
use pagerslack_core::{Event, IncidentId, Recorded, RotationId};
use pagerslack_store::{Filed, Page, Past, Stored, Told};
use serde_json::Value;

use super::text::cells;
use super::*;

/// So many incidents, one a day from 1 December 2026 on, by turns of two channels; made when they are read.
struct Days {
    count: usize,
    url: &'static str,
    fails_after: usize,
}

impl Days {
    fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { count, url: "https://i.example/", fails_after: usize::MAX })
    }
}

fn filed(day: usize, url: &str) -> Filed {
    let channel = if day.is_multiple_of(2) { "C1" } else { "C2" };
    let rotation = RotationId::new(TeamId::new("T1"), channel.into());
    let incident = IncidentId::new(format!("i{day}"));
    let report = Report {
        incident: incident.clone(),
        rotation,
        url: format!("{url}{day}"),
        note: "=cmd()".to_owned(),
        reporter: "U1".into(),
        machine: None,
        first: None,
        response_url: Some("https://hooks.slack.com/hunter2".to_owned()),
    };
    let first: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    let at = first + jiff::SignedDuration::from_hours(24 * i64::try_from(day).unwrap());
    let log = vec![Recorded { seq: 1, at, event: Event::Reported(report) }];
    Filed { team: "T1".into(), incident, index: None, stored: Stored { log }, messages: Vec::new() }
}

#[async_trait]
impl Archive for Days {
    async fn incidents(&self, after: Option<Cursor>, limit: usize) -> Result<History, StoreError> {
        let from: usize = after.map_or(0, |after| after.0.parse().unwrap());
        if from >= self.fails_after {
            return Err(StoreError::Unavailable { what: "reading the history", source: "no disk".into() });
        }
        let until = (from + limit).min(self.count);
        let items = (from..until).map(|day| filed(day, self.url)).collect();
        let next = (until < self.count).then(|| Cursor(until.to_string()));
        Ok(History { items, unreadable: Vec::new(), next })
    }

    async fn workspaces(&self) -> Result<Vec<TeamId>, StoreError> {
        Ok(vec!["T1".into(), "T2".into()])
    }

    async fn rows(
        &self,
        team: &TeamId,
        since: Option<Timestamp>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Coming, StoreError> {
        let page = self.incidents(after, limit).await?;
        let there = page.items.iter().filter(|filed| filed.team == *team);
        let rows = there.filter_map(|filed| row(&filed.stored.log));
        let items: Vec<Row> = rows.filter(|row| since.is_none_or(|since| row.reported_at >= since)).collect();
        Ok(History { items, unreadable: Vec::new(), next: page.next }.into())
    }

    async fn retire(&self, _: &Filed, _: Vec<u8>) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn past(&self, _: Option<Cursor>, _: usize) -> Result<Page<Past>, StoreError> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn add_past(&self, _: Vec<Past>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn jobs(&self, _: Option<Cursor>, _: usize) -> Result<Page<JobState>, StoreError> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn all_told(&self, _: Option<Cursor>, _: usize) -> Result<Page<(TeamId, Told)>, StoreError> {
        Ok(Page { items: Vec::new(), next: None })
    }
}

async fn pieces(archive: Arc<Days>, selection: Selection, format: Format) -> Vec<String> {
    let mut stats = Stats::new(archive, selection, format);
    let mut pieces = Vec::new();
    while let Some(piece) = stats.piece().await.unwrap() {
        pieces.push(String::from_utf8(piece).unwrap());
    }
    pieces
}

async fn text(archive: Arc<Days>, selection: Selection, format: Format) -> String {
    pieces(archive, selection, format).await.concat()
}

const HEAD: &str = "attempts,weekend_pinged,unavailable,incident_url,reported_by,reported_at,time_to_response,\
    time_at_response,incident,team,channel,outcome,acknowledged_by,acknowledged_via,first_page_ms,timed_out,passed,\
    handed_over,manager_pages,ended_at,region,acknowledged_zone,acknowledged_local_hour,by_manager,asked\r\n";

#[tokio::test]
async fn the_warehouse_reads_its_columns_first() {
    let all = Selection::default();
    assert_eq!(text(Days::new(0), all.clone(), Format::Csv).await, HEAD);
    let one =
        "0,false,false,https://i.example/0,U1,2026-12-01T00:00:00Z,,,i0,T1,C1,open,,,,0,0,0,0,,,,,false,\r\n";
    assert_eq!(text(Days::new(1), all, Format::Csv).await, format!("{HEAD}{one}"));
}

#[tokio::test]
async fn the_same_as_json() {
    let all = Selection::default();
    assert_eq!(text(Days::new(0), all.clone(), Format::Json).await, "[]\n");
    let rows: Value = serde_json::from_str(&text(Days::new(45), all, Format::Json).await).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 45);
    assert_eq!(rows[44]["incident_url"], "https://i.example/44");
    assert_eq!((&rows[44]["attempts"], &rows[44]["time_to_response"]), (&0.into(), &Value::Null));
}

#[tokio::test]
async fn what_is_not_wanted_is_left_out() {
    let on = |day: &str| Some(moment(day).unwrap());
    let selection = Selection {
        since: on("2026-12-03"),
        until: on("2026-12-06T00:00:00Z"),
        channel: Some("C1".into()),
        team: None,
    };
    let text = text(Days::new(60), selection, Format::Csv).await;
    let rows: Vec<_> = text.lines().skip(1).filter_map(|row| row.split(',').nth(8)).collect();
    assert_eq!(rows, ["i2", "i4"], "from the first moment on, and before the last");
}

/// Given a long history, then it comes in as many pieces as pages are read: nothing is gathered up.
#[tokio::test]
async fn a_long_history_comes_page_by_page() {
    let pieces = pieces(Days::new(4 * AT_ONCE), Selection::default(), Format::Csv).await;
    assert_eq!(pieces.len(), 5);
    assert!(pieces.iter().all(|piece| piece.lines().count() <= AT_ONCE));
    assert_eq!(pieces.concat().lines().count(), 1 + 4 * AT_ONCE);
}

/// Nothing that people wrote is in it, and what a spreadsheet would run is text.
#[tokio::test]
async fn a_cell_runs_nothing_and_quotes_what_needs_it() {
    let odd = Arc::new(Days { count: 1, url: "=1,\"", fails_after: usize::MAX });
    let text = text(odd, Selection::default(), Format::Csv).await;
    assert!(text.contains(",\"'=1,\"\"0\","), "{text}");
    assert!(!text.contains("cmd()") && !text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_history_that_cannot_be_read_to_its_end_is_an_error() {
    let broken = Arc::new(Days { count: 5 * AT_ONCE, url: "", fails_after: AT_ONCE });
    let mut stats = Stats::new(broken, Selection::default(), Format::Csv);
    assert!(stats.piece().await.unwrap().is_some(), "the names");
    assert!(stats.piece().await.unwrap().is_some(), "the first page");
    assert!(matches!(stats.piece().await, Err(StatsError::Store(_))));
}

#[test]
fn a_moment_is_a_date_or_a_time() {
    let at = |text: &str| moment(text).map(|at| at.to_string());
    assert_eq!(at("2026-12-01"), Ok("2026-12-01T00:00:00Z".to_owned()));
    assert_eq!(at(" 2026-12-01T08:00:00+01:00 "), Ok("2026-12-01T07:00:00Z".to_owned()));
    let wrong = at("yesterday").unwrap_err();
    assert!(
        wrong.starts_with("must be a date or a moment") && wrong.ends_with("not \"yesterday\""),
        "{wrong}"
    );
}

/// As CSV a cell is what the same field is in JSON, but for who was asked, which is told in one cell.
#[test]
fn the_cells_are_those_of_the_fields() {
    let at: Timestamp = "2026-12-01T06:30:00Z".parse().unwrap();
    let filed = filed(0, "https://i.example/");
    let bare = row(&filed.stored.log).unwrap();
    let asked = |user: &str, local_hour, end| Asked { user: user.into(), at, local_hour, end };
    let full = Row {
        attempts: 2,
        weekend_pinged: true,
        unavailable: true,
        time_to_response: Some(7),
        time_at_response: Some(at),
        outcome: Outcome::ManagersPaged,
        acknowledged_by: Some("U3".into()),
        acknowledged_via: Some(Via::ReadBack),
        first_page_ms: Some(3),
        timed_out: 4,
        passed: 5,
        handed_over: 6,
        manager_pages: 8,
        ended_at: Some(at),
        region: Some(Region::Emea),
        acknowledged_zone: Some("Asia/Tokyo".into()),
        acknowledged_local_hour: Some(15),
        by_manager: true,
        asked: vec![asked("U2", Some(23), AskedEnd::TimedOut), asked("U3", None, AskedEnd::Answered)],
        ..bare.clone()
    };
    for row in [bare, full] {
        let json = serde_json::to_value(&row).unwrap();
        let names: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, COLUMNS);
        for (name, cell) in COLUMNS.iter().zip(cells(&row)) {
            let expected = match &json[*name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                Value::Array(asked) if asked.is_empty() => String::new(),
                Value::Array(_) => "U2@23:timed_out U3:answered".to_owned(),
                other => other.to_string(),
            };
            assert_eq!(cell, expected, "{name}");
        }
    }
}
