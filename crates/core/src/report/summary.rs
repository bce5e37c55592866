//! What many incidents come to: how many, who answered them, how long they waited, and how the load was shared.
//!
//! Everything is counted in one walk over the facts. Percentiles are exact: the smallest time that so many percent of all
//! do not exceed. Nothing is estimated and nothing is left out, so that the same facts always give the same summary, in
//! whatever order they come.

mod load;
mod series;
mod times;

pub use load::{Load, Pages, Spread};
pub use series::{Bucket, Slice};
pub use times::Times;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Fact, Names, Outcome, Region};

/// What a summary is made for.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Where its series begins; `None` for the first incident.
    pub since: Option<Timestamp>,
    /// Where its series ends; `None` for the last incident.
    pub until: Option<Timestamp>,
    /// How long each piece of the series is.
    pub bucket: Bucket,
    /// The zone in which days begin.
    pub zone: TimeZone,
}

/// What some incidents come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there were.
    pub incidents: u64,
    /// How many of them stand where.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Who answered.
    pub answers: Answers,
    /// From the report to the first acknowledgement.
    pub response: Option<Times>,
    /// From the report until the first page stood in the thread.
    pub first_page: Option<Times>,
    /// How many incidents took how many attempts.
    pub attempts: BTreeMap<u16, u64>,
    /// What became of the pages.
    pub pages: Pages,
    /// How often the managers were paged.
    pub manager_pages: u64,
    /// In how many incidents they were.
    pub with_managers: u64,
    /// In how many somebody of the weekend's pool was asked.
    pub weekend_pinged: u64,
    /// Answers by the part of the world at work, in the order of the day; each region is there.
    pub regions: Vec<Regional>,
    /// Answers by the hour that the clock of whoever answered showed, from 0 to 23.
    pub hours: Vec<u64>,
    /// Answers of people of whose clock nothing was known.
    pub hours_unknown: u64,
    /// Everybody who was asked or answered, the most often first.
    pub people: Vec<Load>,
    /// How evenly turns were shared.
    pub spread: Spread,
    /// How long each piece of `series` is: what was asked for, or longer if that came to too many.
    pub bucket: Bucket,
    /// The same over time, without a gap.
    pub series: Vec<Slice>,
}

/// Who answered. Together they are all incidents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Answered by those among whom the bot looks.
    pub people: u64,
    /// Answered by a manager.
    pub managers: u64,
    /// Cancelled before anybody answered.
    pub cancelled: u64,
    /// Answered by nobody, so far or at all.
    pub nobody: u64,
}

impl Answers {
    fn count(&mut self, fact: &Fact) {
        let which = match (fact.time_to_response(), fact.by_manager) {
            (Some(_), true) => &mut self.managers,
            (Some(_), false) => &mut self.people,
            (None, _) if fact.outcome == Outcome::Cancelled => &mut self.cancelled,
            (None, _) => &mut self.nobody,
        };
        *which += 1;
    }

    fn add(&mut self, other: &Self) {
        self.people += other.people;
        self.managers += other.managers;
        self.cancelled += other.cancelled;
        self.nobody += other.nobody;
    }
}

/// The answers of one part of the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regional {
    /// Which.
    pub region: Region,
    /// From the report to the first acknowledgement; `None` if there was none.
    pub response: Option<Times>,
}

impl Summary {
    /// What facts come to, whose people and channels `names` knows.
    pub fn of<'a>(facts: impl IntoIterator<Item = &'a Fact>, names: &Names, frame: &Frame) -> Self {
        let mut summary = Self { hours: vec![0; 24], ..Self::default() };
        let (mut responses, mut first_pages) = (Vec::new(), Vec::new());
        let mut regions = Region::ALL.map(|region| (region, Vec::new()));
        let mut loads = load::Loads::new(names.people());
        let mut moments = Vec::new();
        for fact in facts {
            summary.count(fact);
            loads.count(fact);
            first_pages.extend(fact.first_page_ms());
            if let Some(time) = fact.time_to_response() {
                responses.push(time);
                let theirs = regions.iter_mut().find(|(region, _)| Some(*region) == fact.region);
                theirs.into_iter().for_each(|(_, times)| times.push(time));
            }
            moments.push(series::Moment::of(fact));
        }
        summary.response = Times::of(&mut responses);
        summary.first_page = Times::of(&mut first_pages);
        let regional =
            |(region, mut times): (Region, Vec<u64>)| Regional { region, response: Times::of(&mut times) };
        summary.regions = regions.into_iter().map(regional).collect();
        (summary.people, summary.spread) = loads.told(names);
        (summary.bucket, summary.series) = series::told(moments, frame);
        summary
    }

    fn count(&mut self, fact: &Fact) {
        self.incidents += 1;
        *self.outcomes.entry(fact.outcome).or_default() += 1;
        self.answers.count(fact);
        *self.attempts.entry(fact.attempts).or_default() += 1;
        self.pages.count(fact);
        self.manager_pages += u64::from(fact.manager_pages);
        self.with_managers += u64::from(fact.manager_pages > 0);
        self.weekend_pinged += u64::from(fact.weekend_pinged);
        if fact.time_to_response().is_some() {
            let hour = fact.local_hour().and_then(|hour| self.hours.get_mut(usize::from(hour)));
            *hour.unwrap_or(&mut self.hours_unknown) += 1;
        }
    }
}
