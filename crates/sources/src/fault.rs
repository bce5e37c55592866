//! What is wrong with a file, line by line, and what was probably meant.

use std::fmt;

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The 1-based line, where one can be named.
    pub line: Option<usize>,
    /// What is wrong and what to do, as a sentence without its full stop.
    pub what: String,
}

/// All faults of a file, in the order of its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, line: Option<usize>, what: impl Into<String>) {
        self.0.push(Fault { line, what: what.into() });
    }

    /// `Ok(value)` when there is no fault, else all of them, by line.
    ///
    /// # Errors
    /// The faults, if there are any.
    pub fn or<T>(mut self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort();
        Err(self)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// The known word that is nearest to a misspelt one, if any is near: `(did you mean "region"?)`.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let letters = word.chars().count();
    // Comparing takes time and memory in proportion to both lengths, and a cell may hold megabytes; but a word is
    // never nearer than its length is: three fifths, as below.
    let like_in_length = |candidate: &&str| {
        let theirs = candidate.chars().count();
        letters.min(theirs) * 5 >= letters.max(theirs) * 3
    };
    known
        .into_iter()
        .filter(like_in_length)
        .map(|candidate| {
            (strsim::normalized_damerau_levenshtein(&word, &candidate.to_lowercase()), candidate)
        })
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_the_one_that_was_meant() {
        let known = ["region", "reason", "role"];
        assert_eq!(nearest("Regoin", known), Some("region"));
        assert_eq!(nearest("rol", known), Some("role"));
        assert_eq!(nearest("country", known), None);
    }

    /// Found by the fuzz targets: a time zone of one megabyte, compared with 600 names, kept a core busy for minutes.
    #[test]
    fn a_word_of_megabytes_is_near_to_nothing_and_that_is_known_at_once() {
        let word = "x".repeat(10_000_000);
        assert_eq!(nearest(&word, std::iter::repeat_n("Europe/Lisbon", 600)), None);
    }
}
