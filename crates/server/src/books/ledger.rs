//! The facts of one workspace, in the order of their reports, month by month.
//!
//! A month is replaced whole when something in it changes while somebody reads it, so that reading needs no lock.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pagerslack_core::IncidentId;
use pagerslack_core::report::{Channel, Fact, Names, Outcome, Row};
use pagerslack_store::Cursor;

use crate::stats::Selection;

/// The facts of one workspace.
#[derive(Default)]
pub(super) struct Ledger {
    months: BTreeMap<i32, Arc<Vec<Fact>>>,
    names: Arc<Names>,
    /// Incidents in which something can still happen, each with the time under which it stands.
    live: HashMap<IncidentId, Live>,
    /// Up to where the reports have been read.
    pub(super) last: Option<Cursor>,
}

#[derive(Clone, Copy)]
struct Live {
    reported_at: Timestamp,
    is_open: bool,
}

impl Ledger {
    /// Enters a row, in the place of an earlier one of the same incident.
    pub(super) fn put(&mut self, row: &Row) {
        let fact = Fact::of(row, Arc::make_mut(&mut self.names));
        let (incident, reported_at) = (fact.incident.clone(), fact.reported_at);
        // A clock that is put back moves a report with it.
        if let Some(live) = self.live.remove(&incident)
            && live.reported_at != reported_at
        {
            self.take_out(live.reported_at, &incident);
        }
        if !fact.is_final() {
            let is_open = fact.outcome != Outcome::Acknowledged;
            self.live.insert(incident, Live { reported_at, is_open });
        }
        let month = Arc::make_mut(self.months.entry(month(reported_at)).or_default());
        match place(month, reported_at, &fact.incident) {
            Ok(index) => month[index] = fact,
            Err(index) => month.insert(index, fact),
        }
    }

    fn take_out(&mut self, reported_at: Timestamp, incident: &IncidentId) {
        if let Some(month) = self.months.get_mut(&month(reported_at))
            && let Ok(index) = place(month, reported_at, incident)
        {
            Arc::make_mut(month).remove(index);
        }
    }

    /// The incidents in which nobody has answered yet.
    pub(super) fn open(&self) -> Vec<IncidentId> {
        self.live.iter().filter(|(_, live)| live.is_open).map(|(incident, _)| incident.clone()).collect()
    }

    /// The incidents in which somebody has, but that may still be handed over or closed, of those reported since.
    pub(super) fn taken_since(&self, since: Timestamp) -> Vec<IncidentId> {
        let taken = self.live.iter().filter(|(_, live)| !live.is_open && live.reported_at >= since);
        taken.map(|(incident, _)| incident.clone()).collect()
    }

    /// The facts that a selection holds, as they are now.
    pub(super) fn view(&self, selection: &Selection) -> View {
        let names = Arc::clone(&self.names);
        let channel = match &selection.channel {
            None => Channels::All,
            Some(channel) => names.find_channel(channel).map_or(Channels::None, Channels::One),
        };
        let first = selection.since.map_or(i32::MIN, month);
        let last = selection.until.map_or(i32::MAX, month);
        // A time that ends before it begins holds nothing.
        let months = if first <= last { Some(self.months.range(first..=last)) } else { None };
        let months = months.into_iter().flatten().map(|(_, month)| Arc::clone(month)).collect();
        View { months, names, since: selection.since, until: selection.until, channel }
    }
}

/// Where a fact stands in its month, or would.
fn place(month: &[Fact], reported_at: Timestamp, incident: &IncidentId) -> Result<usize, usize> {
    month.binary_search_by(|fact| (fact.reported_at, &fact.incident).cmp(&(reported_at, incident)))
}

/// Which month, counted from the beginning of our era.
fn month(at: Timestamp) -> i32 {
    let date = TimeZone::UTC.to_datetime(at).date();
    i32::from(date.year()) * 12 + i32::from(date.month())
}

/// Facts of one moment, whatever happens meanwhile.
#[derive(Clone, Default)]
pub struct View {
    months: Vec<Arc<Vec<Fact>>>,
    names: Arc<Names>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    channel: Channels,
}

#[derive(Clone, Copy, Default)]
enum Channels {
    #[default]
    All,
    One(Channel),
    /// Nothing was ever reported there.
    None,
}

impl View {
    /// The facts, the earliest reported first.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        let facts = self.months.iter().flat_map(|month| {
            let from = self.since.map_or(0, |since| month.partition_point(|fact| fact.reported_at < since));
            let to = self
                .until
                .map_or(month.len(), |until| month.partition_point(|fact| fact.reported_at < until));
            month.get(from..to).unwrap_or_default()
        });
        facts.filter(|fact| match self.channel {
            Channels::All => true,
            Channels::One(channel) => fact.channel == channel,
            Channels::None => false,
        })
    }

    /// Who the people and the channels in them are.
    pub fn names(&self) -> &Names {
        &self.names
    }
}
