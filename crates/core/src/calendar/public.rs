//! Public holidays by country and subdivision: one small table, built once and only read afterwards.
//!
//! # The text form
//!
//! [`PublicHolidays::parse`] reads and [`PublicHolidays::to_text`] writes UTF-8 lines, each ended by `\n`. Twelve
//! years of 250 countries are about 280 KB of text, and deflate makes that about 45 KB. `⇥` stands for a tab:
//!
//! ```text
//! pagerslack-holidays 1 2025 2036
//! # from PyPI holidays 0.109 (MIT)
//! =PT
//! New Year's Day⇥01-01
//! Good Friday⇥107 350 357 376 350 357 378 350 357 378 350 358
//! /11
//! Saint Anthony's Day⇥163 365 365 366
//! /20
//! ⇥107 350
//! /30
//! ```
//!
//! - The first line names the format, its version, and the first and the last year that the table covers.
//! - A line with a tab is a day: its name, the tab, and its dates, written in one of two ways.
//!   - `MM-DD`: that day in every year the table covers. Not for 29 February unless every year has one, and not
//!     in a table of more than 100 years.
//!   - Numbers with one space between: the first is how many days after 1 January of the first year the first
//!     date lies, each further one how many days after the date before it (at least 1). So feasts that move with
//!     Easter are the same numbers but for the first, in all countries; that is what makes it small.
//!
//!   No date may leave the years of the table, and a place has one name at most for a date: two feasts on one
//!   date are one name, such as `Labour Day; Ascension Day`. Two lines may have the same name.
//! - `=` and a code begins a country. The days up to the next line beginning with `/` or `=` are those of the
//!   whole country. A country may stand without days: it is known, and has no public holidays.
//! - `/` and a code, without the country's (`/11`, not `/PT-11`), begins a subdivision of that country. Its days
//!   are its alone, beside the country's. Where both have a day on one date, the subdivision's name counts. A day
//!   without a name (the line begins with the tab) is one of the country's that the subdivision does not keep. A
//!   subdivision may stand without days of its own: it is known, and keeps the country's.
//! - A line that begins with `#` and has no tab is a comment. There are no empty lines.
//! - Codes and names have no control characters, and no spaces but single ones between words. Codes are ISO 3166's, in capitals
//!   where they have any; they are compared without regard to ASCII case, and none may come twice, nor may a
//!   subdivision within its country. Any order will do; `to_text` sorts by code, then by date.

mod text;

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::rc::Rc;

use foldhash::fast::FixedState;
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
    /// Its name, in English where there is one. Empty for a holiday of the country that the subdivision does not
    /// keep.
    pub name: String,
}

/// The table.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PublicHolidays {
    /// The first and the last year it covers.
    years: Option<(i16, i16)>,
    /// Every name once, in order.
    names: Vec<Box<str>>,
    /// By code.
    countries: Vec<Country>,
}

#[derive(Clone, PartialEq, Eq)]
struct Country {
    whole: Place,
    /// By code.
    subdivisions: Vec<Place>,
}

#[derive(Clone, PartialEq, Eq)]
struct Place {
    code: Box<str>,
    /// By date; the number is the name's place in the list of names.
    days: Box<[(Date, u32)]>,
}

impl PublicHolidays {
    /// A table of these days, in any order; of two names for one day the later counts. It covers the years from
    /// the first day to the last. A day without a country, or of a whole country without a name, is left out.
    pub fn new(days: impl IntoIterator<Item = PublicHoliday>) -> Self {
        let mut draft = Draft::default();
        for day in days {
            let country = clean(&day.country);
            let subdivision =
                clean(without_country(&country, day.subdivision.as_deref().unwrap_or_default()));
            let name = clean(&day.name);
            if country.is_empty() || (name.is_empty() && subdivision.is_empty()) {
                continue;
            }
            let year = day.date.year();
            let (first, last) = draft.years.unwrap_or((year, year));
            draft.years = Some((first.min(year), last.max(year)));
            draft.place(&country, &subdivision).days.insert(day.date, name.into());
        }
        draft.finish()
    }

    /// The table that a text holds; the error says which line is wrong, and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        text::parse(text)
    }

    /// The table as text.
    pub fn to_text(&self) -> String {
        text::write(self)
    }

    /// The holiday of a date in a country, and in a region of it if one is given (`PT-11`, or `11`). A region that
    /// the table does not know keeps the country's days.
    pub fn on(&self, country: &str, region: Option<&str>, date: Date) -> Option<&str> {
        let country = self.country(country)?;
        let own = region.and_then(|region| {
            let code = without_country(&country.whole.code, region);
            find(&country.subdivisions, |place| &place.code, code)?.on(date)
        });
        let name = self.names.get(own.or_else(|| country.whole.on(date))? as usize)?;
        (!name.is_empty()).then_some(name)
    }

    /// The codes of all countries it knows, in order.
    pub fn countries(&self) -> impl Iterator<Item = &str> {
        self.countries.iter().map(|country| &*country.whole.code)
    }

    /// The codes of a country's subdivisions, in order and without the country's: none if it knows none.
    pub fn subdivisions(&self, country: &str) -> impl Iterator<Item = &str> {
        let country = self.country(country).into_iter();
        country.flat_map(|country| &country.subdivisions).map(|place| &*place.code)
    }

    /// The first and the last year it covers; outside them it knows nothing.
    pub fn years(&self) -> Option<(i16, i16)> {
        self.years
    }

    /// How many days it holds, over all places.
    pub fn len(&self) -> usize {
        self.places().map(|place| place.days.len()).sum()
    }

    /// Whether it holds no day.
    pub fn is_empty(&self) -> bool {
        self.places().all(|place| place.days.is_empty())
    }

    fn country(&self, code: &str) -> Option<&Country> {
        find(&self.countries, |country| &country.whole.code, code)
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.countries.iter().flat_map(|country| std::iter::once(&country.whole).chain(&country.subdivisions))
    }
}

/// Not its days: they are tens of thousands.
impl fmt::Debug for PublicHolidays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicHolidays")
            .field("years", &self.years)
            .field("countries", &self.countries.len())
            .field("days", &self.len())
            .finish()
    }
}

impl Place {
    fn on(&self, date: Date) -> Option<u32> {
        let index = self.days.binary_search_by_key(&date, |(day, _)| *day).ok()?;
        self.days.get(index).map(|(_, name)| *name)
    }
}

/// A table in the making, keyed by codes in capitals.
#[derive(Default)]
struct Draft {
    years: Option<(i16, i16)>,
    countries: BTreeMap<String, DraftCountry>,
}

#[derive(Default)]
struct DraftCountry {
    whole: DraftPlace,
    subdivisions: BTreeMap<String, DraftPlace>,
}

#[derive(Default)]
struct DraftPlace {
    code: String,
    days: BTreeMap<Date, Rc<str>>,
}

impl Draft {
    /// The country, or the subdivision of it if that is not empty: known from now on, if it was not.
    fn place(&mut self, country: &str, subdivision: &str) -> &mut DraftPlace {
        let of_country = self.countries.entry(country.to_ascii_uppercase()).or_default();
        if of_country.whole.code.is_empty() {
            country.clone_into(&mut of_country.whole.code);
        }
        if subdivision.is_empty() {
            return &mut of_country.whole;
        }
        let place = of_country.subdivisions.entry(subdivision.to_ascii_uppercase()).or_default();
        if place.code.is_empty() {
            subdivision.clone_into(&mut place.code);
        }
        place
    }

    fn finish(self) -> PublicHolidays {
        let drafts = || {
            let countries = self.countries.values();
            countries.flat_map(|country| std::iter::once(&country.whole).chain(country.subdivisions.values()))
        };
        let all_names = drafts().flat_map(|place| place.days.values()).map(|name| &**name);
        let mut names: Vec<&str> = all_names.collect::<HashSet<_, FixedState>>().into_iter().collect();
        names.sort_unstable();
        let numbers: HashMap<&str, u32, FixedState> = names.iter().copied().zip(0..).collect();
        let place = |draft: &DraftPlace| Place {
            code: draft.code.as_str().into(),
            days: draft
                .days
                .iter()
                .filter_map(|(date, name)| Some((*date, *numbers.get(&**name)?)))
                .collect(),
        };
        let country = |draft: &DraftCountry| Country {
            whole: place(&draft.whole),
            subdivisions: draft.subdivisions.values().map(place).collect(),
        };
        PublicHolidays {
            years: self.years,
            countries: self.countries.values().map(country).collect(),
            names: names.into_iter().map(Into::into).collect(),
        }
    }
}

/// A region's code without its country's: `11` of `PT-11`, and of `11`.
pub(super) fn without_country<'a>(country: &str, region: &'a str) -> &'a str {
    let rest = region.split_at_checked(country.len()).filter(|(head, _)| head.eq_ignore_ascii_case(country));
    rest.and_then(|(_, rest)| rest.strip_prefix('-')).unwrap_or(region)
}

fn find<'a, T>(sorted: &'a [T], code_of: impl Fn(&T) -> &str, code: &str) -> Option<&'a T> {
    let index = sorted.binary_search_by(|item| in_capitals(code_of(item), code)).ok()?;
    sorted.get(index)
}

/// The order of two codes in ASCII capitals.
fn in_capitals(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_uppercase()).cmp(b.bytes().map(|byte| byte.to_ascii_uppercase()))
}

/// A text on one line, with single spaces between its words.
fn clean(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}
