//! The calendar's tests: stories first, then properties over generated hours, zones and tables.

mod days;
mod hours;
mod next;
mod public;

use jiff::civil::Date;

use crate::calendar::{WorkingHours, zone};

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn hours(text: &str) -> WorkingHours {
    text.parse().unwrap()
}

#[test]
fn zones_come_by_their_iana_name() {
    assert!(zone("Europe/Lisbon").is_some());
    assert!(zone("Atlantis/Capital").is_none());
}
