//! From values to places, and which values to name on an axis.
//!
//! The scales and the round numbers of counts are plotters'; which lengths of time are round it does not know.

use plotters::coord::combinators::{IntoLogRange, LogCoord};
use plotters::coord::ranged1d::{BoldPoints, Ranged};
use plotters::coord::types::RangedCoordf64;

/// plotters counts in whole pixels; ours are finer.
const FINE: f64 = 100.0;

/// Beyond these no scale can be told from another, and no arithmetic overflows.
const LARGEST: f64 = 1e30;

/// Round lengths of time, in seconds.
const ROUND: [f64; 28] = [
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    1_209_600.0,
    2_592_000.0,
    7_776_000.0,
    15_552_000.0,
    31_536_000.0,
];

/// Those of them that a logarithmic axis names: each a few times the one before.
const ROUND_OF_LOG: [f64; 12] =
    [0.1, 1.0, 5.0, 30.0, 60.0, 300.0, 1_800.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0, 2_592_000.0];

/// The least distance between two ticks of an axis whose ticks are not evenly spaced.
const APART: f64 = 20.0;

enum Kind {
    Linear(RangedCoordf64),
    Log(LogCoord<f64>),
}

/// An axis: its scale and its ticks.
pub(crate) struct Scale {
    kind: Kind,
    range: (f64, f64),
    /// The places of the range's ends.
    places: (f64, f64),
    /// The values that are named.
    pub(crate) ticks: Vec<f64>,
}

impl Scale {
    /// Whole numbers from 0, up to a round one.
    pub(crate) fn counts(most: u64, ticks: usize, places: (f64, f64)) -> Self {
        // Precision is lost where no eye sees it.
        let most = (most as f64).max(1.0);
        let mut points = RangedCoordf64::from(0.0..most).key_points(BoldPoints(ticks.max(2)));
        points.retain(|point| point.fract() == 0.0);
        let step = points.iter().zip(points.iter().skip(1)).map(|(a, b)| b - a).next().unwrap_or(most);
        if let Some(last) = points.last().copied().filter(|last| *last < most) {
            points.push(last + step);
        }
        let top = points.last().copied().unwrap_or(most);
        Self::linear(top, points, places)
    }

    /// From 0 to the largest of the values, for bars that say their own numbers.
    pub(crate) fn up_to(most: u64, places: (f64, f64)) -> Self {
        Self::linear((most as f64).max(1.0), Vec::new(), places)
    }

    /// Lengths of time from 0.
    pub(crate) fn seconds(most: f64, ticks: usize, places: (f64, f64)) -> Self {
        let most = most.clamp(0.1, LARGEST);
        let fits = |step: &f64| most / step <= ticks as f64;
        let year = 31_536_000.0_f64;
        let step = ROUND.into_iter().find(|step| fits(step)).unwrap_or_else(|| {
            // Years: their round numbers are those of counts.
            let points = RangedCoordf64::from(0.0..most / year).key_points(BoldPoints(ticks.max(2)));
            points.get(1).copied().unwrap_or(most / year) * year
        });
        let steps = (most / step).ceil().max(1.0);
        let points = (0..=steps as u32).map(|index| f64::from(index) * step).collect();
        Self::linear(steps * step, points, places)
    }

    /// Lengths of time, each so many times the one before.
    pub(crate) fn seconds_log(least: f64, most: f64, places: (f64, f64)) -> Self {
        let (least, most) = (least.clamp(0.1, LARGEST), most.clamp(0.1, LARGEST));
        let from = ROUND_OF_LOG.into_iter().rfind(|round| *round <= least).unwrap_or(0.1);
        let to = ROUND_OF_LOG.into_iter().find(|round| *round >= most && *round > from).unwrap_or(most * 1.2);
        let kind = Kind::Log((from..to).log_scale().into());
        let mut scale = Self { kind, range: (from, to), places, ticks: Vec::new() };
        for round in ROUND_OF_LOG.into_iter().filter(|round| from <= *round && *round <= to) {
            let before = scale.ticks.last().map(|tick| scale.place(*tick));
            if before.is_none_or(|before| (before - scale.place(round)).abs() >= APART) {
                scale.ticks.push(round);
            }
        }
        scale
    }

    fn linear(top: f64, ticks: Vec<f64>, places: (f64, f64)) -> Self {
        Self { kind: Kind::Linear(RangedCoordf64::from(0.0..top)), range: (0.0, top), places, ticks }
    }

    /// Where a value is. One beyond the range is at its end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let value = value.clamp(self.range.0, self.range.1);
        let fine = |place: f64| (place * FINE).round() as i32;
        let places = (fine(self.places.0), fine(self.places.1));
        let place = match &self.kind {
            Kind::Linear(scale) => scale.map(&value, places),
            Kind::Log(scale) => scale.map(&value, places),
        };
        f64::from(place) / FINE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::seconds;

    fn named(scale: &Scale) -> Vec<String> {
        scale.ticks.iter().map(|tick| seconds(*tick)).collect()
    }

    #[test]
    fn counts_are_whole_and_end_at_a_round_number() {
        let ticks = |most| Scale::counts(most, 5, (100.0, 0.0)).ticks;
        assert_eq!(ticks(0), [0.0, 1.0]);
        assert_eq!(ticks(3), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(ticks(7), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(ticks(1_234), [0.0, 500.0, 1_000.0, 1_500.0]);
        assert!(ticks(u64::MAX).len() <= 6);
    }

    #[test]
    fn lengths_of_time_are_round() {
        let linear = |most| named(&Scale::seconds(most, 5, (100.0, 0.0)));
        assert_eq!(linear(100.0), ["0 s", "30 s", "1 min", "1 min 30 s", "2 min"]);
        assert_eq!(linear(500.0), ["0 s", "2 min", "4 min", "6 min", "8 min", "10 min"]);
        assert!(linear(1e18).len() <= 7);
        let log = |least, most| named(&Scale::seconds_log(least, most, (200.0, 0.0)));
        assert_eq!(log(20.0, 1_000.0), ["5 s", "30 s", "1 min", "5 min", "30 min"]);
        assert_eq!(log(60.0, 60.0), ["1 min", "5 min"]);
    }

    #[test]
    fn places_stay_between_the_ends() {
        let scale = Scale::seconds_log(20.0, 1_000.0, (200.0, 10.0));
        assert_eq!(scale.place(0.0), 200.0);
        assert_eq!(scale.place(1e300), 10.0);
        assert!(scale.place(60.0) < scale.place(30.0));
        assert_eq!(Scale::counts(u64::MAX, 5, (200.0, 10.0)).place(0.0), 200.0);
    }
}
