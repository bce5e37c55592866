//! All that is wrong with the configuration, said at once: file by file, line by line.

use std::fmt;

use pagerslack_sources::{Fault, Faults};

/// Everything that is wrong: where, and what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFaults(Vec<(String, Fault)>);

impl ConfigFaults {
    /// Adds the faults of a file, or of another place such as the environment. What two rotations find wrong with
    /// one file is said once.
    pub(super) fn add(&mut self, place: &str, faults: Faults) {
        for fault in faults.0 {
            let fault = (place.to_owned(), fault);
            if !self.0.contains(&fault) {
                self.0.push(fault);
            }
        }
    }

    /// Adds one fault of a place.
    pub(super) fn add_one(&mut self, place: &str, what: impl Into<String>) {
        self.add(place, Faults(vec![Fault { line: None, what: what.into() }]));
    }

    /// Adds all of another.
    pub(super) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// `Ok(value)` when nothing is wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The first `most` of them, a line each: for a log line or a message, which have no room for a thousand.
    pub fn first(&self, most: usize) -> String {
        let mut lines: Vec<_> = self.lines().take(most).collect();
        if self.count() > most {
            lines.push(format!("and {} more: `pagerslack config check` lists them", self.count() - most));
        }
        lines.join("\n")
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(place, fault)| match fault.line {
            Some(line) => format!("{place} line {line}: {}", fault.what),
            None => format!("{place}: {}", fault.what),
        })
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            1 => f.write_str("the configuration has 1 fault:")?,
            count => write!(f, "the configuration has {count} faults:")?,
        }
        self.lines().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for ConfigFaults {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_with_its_place() {
        let mut faults = ConfigFaults::default();
        let mut file = Faults::default();
        file.add(Some(12), "this is wrong");
        file.add(None, "so is that");
        faults.add("pagerslack.toml", file);
        assert_eq!(
            faults.to_string(),
            "the configuration has 2 faults:\n  pagerslack.toml line 12: this is wrong\n  pagerslack.toml: so is that"
        );
        assert_eq!(
            faults.first(1),
            "pagerslack.toml line 12: this is wrong\nand 1 more: `pagerslack config check` lists them"
        );
    }
}
