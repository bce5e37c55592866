//! Days on which nobody is expected: weekends and company holidays.

use jiff::Timestamp;

use super::Rules;
use crate::calendar::WorkingHours;

/// What happens on days on which nobody is expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Weekend {
    /// Whoever is online is asked, whatever their hours.
    #[default]
    Page,
    /// The channel is shown where the schedule stands; nobody is paged, but the managers on demand.
    Link {
        /// The schedule's address.
        url: String,
    },
    /// Those are asked who volunteer.
    Volunteers,
}

/// What kind of day it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Day {
    /// A working day.
    Working,
    /// A day on which nobody is expected.
    Off {
        /// "the weekend", or the company holiday's name.
        name: String,
    },
}

impl Rules {
    /// What kind of day it is at `now`, in the rotation's zone.
    pub fn day(&self, now: Timestamp) -> Day {
        let date = self.day_zone.to_datetime(now).date();
        match self.calendar.company_holiday(date) {
            Some("") => Day::Off { name: "a company holiday".to_owned() },
            Some(name) => Day::Off { name: name.to_owned() },
            None if self.weekend_days.contains(&date.weekday()) => {
                Day::Off { name: "the weekend".to_owned() }
            }
            None => Day::Working,
        }
    }

    /// The schedule's address, if nobody is hunted today.
    pub fn schedule_link(&self, day: &Day) -> Option<&str> {
        match (&self.weekend, day) {
            (Weekend::Link { url }, Day::Off { .. }) => Some(url),
            _ => None,
        }
    }
}

/// What is assumed of somebody of whom nothing is said.
pub(super) fn office_hours() -> WorkingHours {
    "09:00-17:00".parse().unwrap_or_default()
}
