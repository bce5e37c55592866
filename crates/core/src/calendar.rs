//! When people are off: working hours, days off, public holidays, and the days on which nobody is expected.
//!
//! Pure over civil dates and an IANA zone. Zones come from the bundled time zone database alone, so that all
//! replicas agree whatever the machine has installed.

mod days;
mod hours;
mod public;

pub use days::{Calendar, DayOff, Scope};
pub use hours::{HoursError, WorkingHours};
pub use public::{PublicHoliday, PublicHolidays};

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The time zone of an IANA name such as `Europe/Lisbon`, or `None` if there is none of that name.
pub fn zone(name: &str) -> Option<TimeZone> {
    static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    BUNDLED.get(name).ok()
}

#[cfg(test)]
mod tests;
