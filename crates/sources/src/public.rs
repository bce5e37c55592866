//! The public holidays of the world, in the binary: read once, when somebody first asks.
//!
//! The table is made by `cargo xtask holidays` from the PyPI package `holidays`; `data/README.md` says how. Nothing
//! is fetched while PagerSlack runs. What the table has wrong, `holidays.yml` can put right.

use std::fmt;
use std::sync::{Arc, OnceLock};

use pagerslack_core::calendar::PublicHolidays;

use crate::fault::nearest;

static PACKED: &[u8] = include_bytes!("../data/public-holidays.bin");

/// Fourteen times what it has today: the table may grow, a damaged one may not fill the memory.
const LARGEST: usize = 4 << 20;

/// A table that cannot be read. The one in the binary always can: `cargo xtask holidays --check` sees to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError(String);

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the table of public holidays cannot be read: {}", self.0)
    }
}

impl std::error::Error for TableError {}

/// A table, and what its comments say of it.
#[derive(Debug)]
pub struct Table {
    /// The days.
    pub days: Arc<PublicHolidays>,
    /// Whence it comes, such as `PyPI holidays 0.109 (MIT)`.
    pub source: String,
    /// Other words for a country, in lower case, and its code: `portugal` and `prt` are `PT`.
    words: Vec<(String, String)>,
}

impl Table {
    /// Reads a packed table.
    ///
    /// # Errors
    /// When it is damaged, or too large to be one.
    pub fn unpack(packed: &[u8]) -> Result<Self, TableError> {
        let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(packed, LARGEST)
            .map_err(|error| TableError(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| TableError(error.to_string()))?;
        let days = Arc::new(PublicHolidays::parse(&text).map_err(TableError)?);
        let mut table = Self { days, source: "an unnamed source".to_owned(), words: Vec::new() };
        for comment in text.lines().filter_map(|line| line.strip_prefix("# ")) {
            match comment.split_once(": ") {
                Some(("source", source)) => source.clone_into(&mut table.source),
                Some((code, words)) => {
                    let words = words.split(", ").map(|word| (word.to_lowercase(), code.to_owned()));
                    table.words.extend(words);
                }
                None => {}
            }
        }
        Ok(table)
    }

    /// How many countries and subdivisions it knows.
    pub fn places(&self) -> (usize, usize) {
        let subdivisions = self.days.countries().map(|country| self.days.subdivisions(country).count()).sum();
        (self.days.countries().count(), subdivisions)
    }
}

/// `public holidays: PyPI holidays 0.109 (MIT), 250 countries, 651 subdivisions, 2025–2036`
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (countries, subdivisions) = self.places();
        let source = &self.source;
        write!(f, "public holidays: {source}, {countries} countries, {subdivisions} subdivisions")?;
        match self.days.years() {
            Some((first, last)) => write!(f, ", {first}–{last}"),
            None => Ok(()),
        }
    }
}

/// The table in the binary.
///
/// # Errors
/// When it cannot be read, which the tests rule out.
pub fn embedded() -> Result<Arc<PublicHolidays>, TableError> {
    Ok(Arc::clone(&table()?.days))
}

/// The table in the binary in one line, for `pagerslack --version --verbose`.
pub fn describe() -> String {
    match table() {
        Ok(table) => table.to_string(),
        Err(error) => error.to_string(),
    }
}

/// The code of a country that somebody wrote otherwise: `PT` of `Portugal`, `PRT` or `Portugl`, `GB` of `UK`.
pub fn country_named(word: &str) -> Option<&'static str> {
    let words = &table().ok()?.words;
    let exact = word.trim().to_lowercase();
    let code_of = |word: &str| words.iter().find(|(known, _)| known == word).map(|(_, code)| code.as_str());
    // Among words of two and three letters everything is near to something.
    let named = |word: &str| (4..=40).contains(&word.chars().count());
    let by_nearest = || {
        let names = words.iter().map(|(known, _)| known.as_str()).filter(|known| named(known));
        nearest(Some(exact.as_str()).filter(|word| named(word))?, names)
    };
    code_of(&exact).or_else(|| code_of(by_nearest()?))
}

fn table() -> Result<&'static Table, TableError> {
    static TABLE: OnceLock<Result<Table, TableError>> = OnceLock::new();
    TABLE.get_or_init(|| Table::unpack(PACKED)).as_ref().map_err(Clone::clone)
}

#[cfg(test)]
mod tests;
