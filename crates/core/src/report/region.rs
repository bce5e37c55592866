//! The part of the world that is at work at an hour.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// By the hour in UTC alone, as the dashboards of the first PagerSlack had it: who answers from elsewhere at that hour
/// is counted with those who are at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Region {
    /// Asia and the Pacific: from 1:00 until 8:00.
    Apac,
    /// Europe, the Middle East and Africa: from 8:00 until 17:00.
    Emea,
    /// The Americas: the rest.
    Amer,
}

impl Region {
    /// Every region, in the order of the day.
    pub const ALL: [Self; 3] = [Self::Apac, Self::Emea, Self::Amer];

    /// Which is at work.
    pub fn of(at: Timestamp) -> Self {
        match TimeZone::UTC.to_datetime(at).hour() {
            1..=7 => Self::Apac,
            8..=16 => Self::Emea,
            _ => Self::Amer,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apac => "APAC",
            Self::Emea => "EMEA",
            Self::Amer => "AMER",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hour_has_its_region() {
        let at = |hour| format!("2026-11-24T{hour:02}:59:59Z").parse().unwrap();
        let regions: Vec<_> = (0..24).map(|hour| Region::of(at(hour)).name()).collect();
        let expected = [("AMER", 1), ("APAC", 7), ("EMEA", 9), ("AMER", 7)];
        let expected: Vec<_> = expected.iter().flat_map(|(name, hours)| vec![*name; *hours]).collect();
        assert_eq!(regions, expected);
    }
}
