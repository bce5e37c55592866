//! The statistics: a row for each incident, from the store to whoever counts, as CSV or as JSON (`text`).
//!
//! Invariant: memory stays the same however long the history is. A few incidents are read, written and forgotten, while
//! the next few are read, and whoever takes them slowly is waited for. A store that cannot be read ends the stream with an
//! error, so that half of a history is never taken for all of it. A single incident that cannot be read is left out, named
//! in the log and counted.

mod text;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use pagerslack_core::report::{Fact, Frame, Names, Row, Summary};
use pagerslack_core::{ChannelId, IncidentId, TeamId};
use pagerslack_store::{Archive, Causes, Coming, Cursor, History, StoreError, Unreadable};
use tokio::task::JoinHandle;

pub use text::Format;
pub(crate) use text::{Text, Total};

/// How many incidents are read at once: some milliseconds of the store's time, and some megabytes of ours.
const AT_ONCE: usize = 800;

/// How many pages are on their way while another is written.
const AHEAD: usize = 2;

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
    /// The pages after the one given last, on their way.
    ahead: VecDeque<JoinHandle<Result<History<Row>, StoreError>>>,
    left_out: u64,
}

enum Next {
    Past(Option<Cursor>),
    /// The workspaces that are left, and after what to ask for more in the last of them, unless all was asked for.
    Here(Vec<TeamId>, Option<Option<Cursor>>),
    Nothing,
}

impl Rows {
    pub(crate) fn new(archive: Arc<dyn Archive>, selection: Selection) -> Self {
        Self { archive, selection, next: Next::Past(None), ahead: VecDeque::new(), left_out: 0 }
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
                    None => Next::Here(self.workspaces().await?, Some(None)),
                };
                rows.into_iter().map(Row::completed).collect()
            }
            Next::Here(teams, mut after) => {
                let Some(team) = teams.last() else { return Ok(None) };
                while self.ahead.len() <= AHEAD
                    && let Some(from) = after.take()
                {
                    let page = match self.archive.rows(team, self.selection.since, from, AT_ONCE).await {
                        Ok(Coming { next, page }) => {
                            after = next.map(Some);
                            page
                        }
                        // It comes after the pages before it.
                        Err(error) => future::ready(Err(error)).boxed(),
                    };
                    self.ahead.push_back(tokio::spawn(page));
                }
                let page = match self.ahead.pop_front() {
                    Some(page) => page.await.map_err(io::Error::other)??,
                    None => History { items: Vec::new(), unreadable: Vec::new(), next: None },
                };
                self.next = if after.is_none() && self.ahead.is_empty() {
                    Next::Here(without_the_last(teams), Some(None))
                } else {
                    Next::Here(teams, after)
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
    text: Text,
    state: State,
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
        Self { rows: Rows::new(archive, selection), text: Text::new(format), state: State::Head }
    }

    /// How many incidents are left out of what has been told, since they cannot be read.
    pub fn left_out(&self) -> u64 {
        self.rows.left_out()
    }

    /// How many rows have been written.
    pub fn written(&self) -> u64 {
        self.text.written()
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
                    self.text.head(&mut text)?;
                    self.state = State::Rows;
                }
                State::Rows => match self.rows.page().await? {
                    Some(rows) => {
                        self.text.rows(&mut text, &rows)?;
                        self.state = State::Rows;
                    }
                    None => self.text.tail(&mut text, self.rows.left_out())?,
                },
            }
        }
        Ok(Some(text))
    }
}

#[cfg(test)]
mod tests;
