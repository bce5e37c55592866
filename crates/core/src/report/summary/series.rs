//! Incidents over time.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Answers, Frame, Times};
use crate::report::Fact;

/// How many pieces a series has at most: four years, day by day. Of a longer time the pieces are longer, too.
const MOST: usize = 1_500;

/// How long each piece of a series is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// A day.
    #[default]
    Day,
    /// A week, from Monday on.
    Week,
    /// A month.
    Month,
}

/// One piece of a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Its first day.
    pub date: Date,
    /// Its first moment.
    pub start: Timestamp,
    /// How many incidents were reported.
    pub incidents: u64,
    /// Who answered them.
    pub answers: Answers,
    /// How long they waited for an answer; `None` if there was none.
    pub response: Option<Times>,
}

/// What a fact adds to a series.
pub(super) struct Moment {
    at: Timestamp,
    answers: Answers,
    time_to_response: Option<u64>,
}

impl Moment {
    pub(super) fn of(fact: &Fact) -> Self {
        let mut answers = Answers::default();
        answers.count(fact);
        Self { at: fact.reported_at, answers, time_to_response: fact.time_to_response() }
    }
}

impl Bucket {
    /// The first day of the piece in which a day lies.
    fn floor(self, date: Date) -> Date {
        let day = match self {
            Self::Day => return date,
            Self::Week => i64::from(date.weekday().since(Weekday::Monday)),
            Self::Month => i64::from(date.day()) - 1,
        };
        date.checked_sub(Span::new().days(day)).unwrap_or(date)
    }

    fn length(self) -> Span {
        match self {
            Self::Day => Span::new().days(1),
            Self::Week => Span::new().weeks(1),
            Self::Month => Span::new().months(1),
        }
    }

    fn longer(self) -> Option<Self> {
        match self {
            Self::Day => Some(Self::Week),
            Self::Week => Some(Self::Month),
            Self::Month => None,
        }
    }

    /// The pieces from one moment to another, both included, or `None` if there are too many.
    fn pieces(self, first: Timestamp, last: Timestamp, zone: &TimeZone) -> Option<Vec<Slice>> {
        let mut pieces = Vec::new();
        let begin = self.floor(zone.to_datetime(first).date());
        for date in begin.series(self.length()) {
            let Ok(start) = date.to_zoned(zone.clone()) else { break };
            let start = start.timestamp();
            if start > last {
                break;
            }
            if pieces.len() == MOST {
                return None;
            }
            pieces.push(Slice { date, start, incidents: 0, answers: Answers::default(), response: None });
        }
        Some(pieces)
    }
}

/// The series of some moments, and how long its pieces are.
pub(super) fn told(mut moments: Vec<Moment>, frame: &Frame) -> (Bucket, Vec<Slice>) {
    moments.sort_unstable_by_key(|moment| moment.at);
    let before = |until: Timestamp| Timestamp::from_nanosecond(until.as_nanosecond() - 1).unwrap_or(until);
    let first = frame.since.or_else(|| moments.first().map(|moment| moment.at));
    let last = frame.until.map(before).or_else(|| moments.last().map(|moment| moment.at));
    let (Some(first), Some(last)) = (first, last) else { return (frame.bucket, Vec::new()) };
    // What lies outside is shown as well: the pieces are all that was counted.
    let first = moments.first().map_or(first, |moment| moment.at.min(first));
    let last = moments.last().map_or(last, |moment| moment.at.max(last));
    let mut bucket = frame.bucket;
    let mut pieces = loop {
        match (bucket.pieces(first, last, &frame.zone), bucket.longer()) {
            (Some(pieces), _) => break pieces,
            (None, Some(longer)) => bucket = longer,
            (None, None) => return (bucket, Vec::new()),
        }
    };
    let mut moments = moments.into_iter().peekable();
    let mut times = Vec::new();
    for index in 0..pieces.len() {
        let end = pieces.get(index + 1).map(|next| next.start);
        let Some(piece) = pieces.get_mut(index) else { break };
        while let Some(moment) = moments.next_if(|moment| end.is_none_or(|end| moment.at < end)) {
            piece.incidents += 1;
            piece.answers.add(&moment.answers);
            times.extend(moment.time_to_response);
        }
        piece.response = Times::of(&mut times);
        times.clear();
    }
    (bucket, pieces)
}
