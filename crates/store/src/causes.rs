//! An error on one line with all its causes, for the log: a JSON line shows only the outermost of them by itself, and
//! "the store cannot be reached" helps nobody who does not learn that the disk is full.

use std::error::Error;
use std::fmt;

/// Writes an error, then each of its causes after a colon.
#[derive(Clone, Copy, Debug)]
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreError;

    #[test]
    fn all_causes_are_told() {
        let source = std::io::Error::other(StoreError::Unavailable { what: "inside", source: "full".into() });
        let error = StoreError::Unavailable { what: "outside", source: source.into() };
        let told = "the store cannot be reached: outside: the store cannot be reached: inside: full";
        assert_eq!(Causes(&error).to_string(), told);
    }
}
