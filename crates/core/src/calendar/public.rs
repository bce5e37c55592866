//! Public holidays by country and subdivision.

use jiff::civil::Date;

/// One public holiday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicHoliday {
    /// ISO 3166-1 code in capitals.
    pub country: String,
    /// ISO 3166-2 code in capitals without the country, such as `11` of `PT-11`; `None` for the whole country.
    pub subdivision: Option<String>,
    /// The day.
    pub date: Date,
    /// Its name, in English where there is one.
    pub name: String,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicHolidays {}

impl PublicHolidays {
    /// A table of these days, in any order.
    pub fn new(days: impl IntoIterator<Item = PublicHoliday>) -> Self {
        let _ = days.into_iter().count();
        Self {}
    }

    /// The holiday of a date in a country, and in a region of it if one is given (`PT-11`, or `11`).
    pub fn on(&self, country: &str, region: Option<&str>, date: Date) -> Option<&str> {
        let _ = (country, region, date);
        None
    }
}
