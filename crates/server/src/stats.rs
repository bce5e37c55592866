//! The statistics: a row for each incident, from the store to whoever counts, as CSV or as JSON.
//!
//! Invariant: memory stays the same however long the history is. A few incidents are read, written and forgotten, while
//! the next few are read, and whoever takes them slowly is waited for. A store that cannot be read ends the stream with an
//! error, so that half of a history is never taken for all of it. A single incident that cannot be read is left out, named
//! in the log and counted.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use pagerslack_core::incident::Via;
use pagerslack_core::report::{COLUMNS, Fact, Frame, Names, Region, Row, Summary};
use pagerslack_core::{ChannelId, IncidentId, TeamId, UserId, ZoneName};
use pagerslack_sources::formulas::disarm;
use pagerslack_store::{Archive, Causes, Cursor, History, StoreError, Unreadable};
use tokio::task::JoinHandle;

/// How many incidents are read at once: some milliseconds of the store's time.
const AT_ONCE: usize = 400;

/// How many rows of old incidents are read at once.
const PAST_AT_ONCE: usize = 500;

/// How many workspaces are named when one has to be.
const NAMED: usize = 10;

/// Which incidents are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those reported at this moment or later.
    pub since: Option<Timestamp>,
    /// Those reported before this moment.
    pub until: Option<Timestamp>,
    /// Those of this channel.
    pub channel: Option<ChannelId>,
    /// Those of this workspace.
    pub team: Option<TeamId>,
}

impl Selection {
    fn holds(&self, row: &Row) -> bool {
        self.team.as_ref().is_none_or(|team| row.team == *team)
            && self.since.is_none_or(|since| row.reported_at >= since)
            && self.until.is_none_or(|until| row.reported_at < until)
            && self.channel.as_ref().is_none_or(|channel| row.channel == *channel)
    }
}

/// Reads a moment: `2026-12-01` (midnight UTC) or `2026-12-01T08:00:00Z`.
///
/// # Errors
/// What it must be, to be said after its name.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    let midnight = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse()
        .ok()
        .or_else(|| midnight().map(|midnight| midnight.timestamp()))
        .ok_or_else(|| format!("must be a date or a moment (2026-12-01, 2026-12-01T08:00:00Z), not {text:?}"))
}

/// Reads a month, such as `2026-11`: its first day.
///
/// # Errors
/// What it must be, to be said after its name.
pub fn month(text: &str) -> Result<Date, String> {
    let day = || format!("{}-01", text.trim()).parse().ok();
    day().ok_or_else(|| format!("must be a month (2026-11), not {text:?}"))
}

/// The selection of one month, in a zone.
pub fn of_month(month: Date, zone: &TimeZone) -> Selection {
    let moment = |date: Date| date.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
    let next = month.checked_add(Span::new().months(1)).ok();
    Selection { since: moment(month), until: next.and_then(moment), ..Selection::default() }
}

/// How the rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a line of names first. A cell that a spreadsheet would run has an apostrophe before it.
    Csv,
    /// A list with an object for each incident.
    Json,
}

/// Why there are no statistics, or no more.
#[derive(Debug, thiserror::Error)]
pub enum StatsError {
    /// The store could not be read.
    #[error("the history cannot be read")]
    Store(#[from] StoreError),
    /// A row could not be written.
    #[error("a row cannot be written")]
    Row(#[from] io::Error),
}

/// The rows of the history, page by page: of incidents that were taken out, which are older, and then of each workspace.
pub(crate) struct Rows {
    archive: Arc<dyn Archive>,
    selection: Selection,
    next: Next,
    /// The page after the one given last, on its way.
    ahead: Option<JoinHandle<Result<History<Row>, StoreError>>>,
    left_out: u64,
}

enum Next {
    Past(Option<Cursor>),
    /// The workspaces that are left, and where to go on in the last of them.
    Here(Vec<TeamId>, Option<Cursor>),
    Nothing,
}

impl Rows {
    pub(crate) fn new(archive: Arc<dyn Archive>, selection: Selection) -> Self {
        Self { archive, selection, next: Next::Past(None), ahead: None, left_out: 0 }
    }

    /// The next rows, of which the selection may hold none; `None` after the last.
    pub(crate) async fn page(&mut self) -> Result<Option<Vec<Row>>, StatsError> {
        let rows = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Nothing => return Ok(None),
            Next::Past(after) => {
                let page = self.archive.past(after, PAST_AT_ONCE).await?;
                let mut rows: Vec<Row> = Vec::with_capacity(page.items.len());
                for past in &page.items {
                    match serde_json::from_slice::<Row>(&past.row) {
                        Ok(row) => rows.push(row),
                        Err(error) => self.leave_out(&past.team, &past.incident, &error),
                    }
                }
                self.next = match page.next {
                    Some(next) => Next::Past(Some(next)),
                    None => Next::Here(self.workspaces().await?, None),
                };
                rows.into_iter().map(Row::completed).collect()
            }
            Next::Here(teams, after) => {
                let Some(team) = teams.last() else { return Ok(None) };
                let page = match self.ahead.take() {
                    Some(ahead) => ahead.await.map_err(io::Error::other)??,
                    None => self.read(team, after).await.map_err(io::Error::other)??,
                };
                self.next = match page.next {
                    Some(next) => {
                        self.ahead = Some(self.read(team, Some(next.clone())));
                        Next::Here(teams, Some(next))
                    }
                    None => Next::Here(without_the_last(teams), None),
                };
                for Unreadable { team, incident, error } in &page.unreadable {
                    self.leave_out(team, incident, error);
                }
                page.items
            }
        };
        Ok(Some(rows.into_iter().filter(|row| self.selection.holds(row)).collect()))
    }

    /// How many incidents are left out of what has been given, since they cannot be read. Each was named in the log.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    fn leave_out(&mut self, team: &TeamId, incident: &IncidentId, error: &(dyn std::error::Error + 'static)) {
        self.left_out += 1;
        tracing::error!(
            %team,
            %incident,
            error = %Causes(error),
            "an incident cannot be read, and the statistics leave it out"
        );
    }

    /// The last of them comes first.
    async fn workspaces(&self) -> Result<Vec<TeamId>, StoreError> {
        let mut teams = self.archive.workspaces().await?;
        teams.retain(|team| self.selection.team.as_ref().is_none_or(|only| only == team));
        teams.reverse();
        Ok(teams)
    }

    /// Reads a page while something else is done.
    fn read(&self, team: &TeamId, after: Option<Cursor>) -> JoinHandle<Result<History<Row>, StoreError>> {
        let (archive, team, since) = (Arc::clone(&self.archive), team.clone(), self.selection.since);
        tokio::spawn(async move { archive.rows(&team, since, after, AT_ONCE).await })
    }
}

fn without_the_last(mut teams: Vec<TeamId>) -> Vec<TeamId> {
    teams.pop();
    teams
}

/// What everything in the archive comes to that the selection holds. The facts are gathered: a hundred bytes for each.
///
/// # Errors
/// When the history cannot be read.
pub async fn summary(
    archive: Arc<dyn Archive>,
    selection: Selection,
    frame: &Frame,
) -> Result<Summary, StatsError> {
    let (mut names, mut facts) = (Names::default(), Vec::new());
    let mut rows = Rows::new(archive, selection);
    while let Some(page) = rows.page().await? {
        facts.extend(page.iter().map(|row| Fact::of(row, &mut names)));
    }
    Ok(Summary::of(&facts, &names, frame))
}

/// Of which workspace a summary is made, since no two are ever mixed: the one that is named, or the only one there is.
///
/// # Errors
/// That one must be named, and which there are.
pub fn one_workspace(named: Option<TeamId>, all: &[TeamId]) -> Result<Option<TeamId>, String> {
    match (named, all) {
        (Some(team), _) => Ok(Some(team)),
        (None, [] | [_]) => Ok(all.first().cloned()),
        (None, several) => {
            let some = several.iter().take(NAMED).map(TeamId::as_str).collect::<Vec<_>>().join(", ");
            let more = if several.len() > NAMED { ", …" } else { "" };
            Err(format!(
                "there are {} workspaces, and a summary is of one: name it ({some}{more})",
                several.len()
            ))
        }
    }
}

/// The statistics on their way out.
pub struct Stats {
    rows: Rows,
    format: Format,
    state: State,
    /// How many rows have been written.
    written: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Rows,
    Nothing,
}

impl Stats {
    /// Everything in the archive that the selection holds.
    pub fn new(archive: Arc<dyn Archive>, selection: Selection, format: Format) -> Self {
        Self { rows: Rows::new(archive, selection), format, state: State::Head, written: 0 }
    }

    /// How many incidents are left out of what has been told, since they cannot be read.
    pub fn left_out(&self) -> u64 {
        self.rows.left_out()
    }

    /// How many rows have been written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The next piece of the text; `None` after the last.
    ///
    /// # Errors
    /// When the history cannot be read. What came before is not all of it.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, StatsError> {
        let mut text = Vec::new();
        // A page on which nothing was selected is no piece.
        while text.is_empty() {
            match std::mem::replace(&mut self.state, State::Nothing) {
                State::Nothing => return Ok(None),
                State::Head => {
                    self.head(&mut text)?;
                    self.state = State::Rows;
                }
                State::Rows => match self.rows.page().await? {
                    Some(rows) => {
                        self.write(&mut text, &rows)?;
                        self.state = State::Rows;
                    }
                    None => self.tail(&mut text),
                },
            }
        }
        Ok(Some(text))
    }

    fn head(&self, text: &mut Vec<u8>) -> io::Result<()> {
        match self.format {
            Format::Csv => csv_to(text, |csv| csv.write_record(COLUMNS)),
            Format::Json => text.write_all(b"["),
        }
    }

    fn write(&mut self, text: &mut Vec<u8>, rows: &[Row]) -> io::Result<()> {
        match self.format {
            Format::Csv => csv_to(text, |csv| {
                rows.iter()
                    .try_for_each(|row| csv.write_record(cells(row).iter().map(|cell| cell.as_bytes())))
            })?,
            Format::Json => {
                for (row, number) in rows.iter().zip(self.written..) {
                    text.extend_from_slice(if number > 0 { b",\n" } else { b"\n" });
                    serde_json::to_writer(&mut *text, row)?;
                }
            }
        }
        self.written += rows.len() as u64;
        Ok(())
    }

    fn tail(&self, text: &mut Vec<u8>) {
        if self.format == Format::Json {
            text.extend_from_slice(if self.written > 0 { b"\n]\n" } else { b"]\n" });
        }
    }
}

fn csv_to(
    text: &mut Vec<u8>,
    write: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>,
) -> io::Result<()> {
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(text);
    write(&mut csv).map_err(io::Error::other)?;
    csv.flush()
}

/// The cells of a row, in the order of its fields, which a test holds them to. What was not written by us but by people
/// or Slack runs nothing.
fn cells(row: &Row) -> [Cow<'_, str>; COLUMNS.len()] {
    let yes = |yes: bool| Cow::Borrowed(if yes { "true" } else { "false" });
    let count = |count: usize| Cow::Owned(count.to_string());
    let time = |at: Option<Timestamp>| at.map_or(Cow::Borrowed(""), |at| Cow::Owned(at.to_string()));
    let number =
        |number: Option<u64>| number.map_or(Cow::Borrowed(""), |number| Cow::Owned(number.to_string()));
    let name = |name: Option<&'static str>| Cow::Borrowed(name.unwrap_or_default());
    [
        count(row.attempts),
        yes(row.weekend_pinged),
        yes(row.unavailable),
        disarm(&row.incident_url),
        disarm(row.reported_by.as_str()),
        time(Some(row.reported_at)),
        number(row.time_to_response),
        time(row.time_at_response),
        disarm(row.incident.as_str()),
        disarm(row.team.as_str()),
        disarm(row.channel.as_str()),
        name(Some(row.outcome.name())),
        disarm(row.acknowledged_by.as_ref().map(UserId::as_str).unwrap_or_default()),
        name(row.acknowledged_via.map(Via::name)),
        number(row.first_page_ms),
        count(row.timed_out),
        count(row.passed),
        count(row.handed_over),
        count(row.manager_pages),
        time(row.ended_at),
        name(row.region.map(Region::name)),
        disarm(row.acknowledged_zone.as_ref().map(ZoneName::as_str).unwrap_or_default()),
        number(row.acknowledged_local_hour.map(u64::from)),
        yes(row.by_manager),
        Cow::Owned(disarm(&asked(row)).into_owned()),
    ]
}

/// Everybody who was asked, as one cell: `U1@23:timed_out U2@9:answered`, with the hour that their clock showed.
fn asked(row: &Row) -> String {
    let told = row.asked.iter().map(|asked| {
        let hour = asked.local_hour.map(|hour| format!("@{hour}")).unwrap_or_default();
        format!("{}{hour}:{}", asked.user, asked.end.name())
    });
    told.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
