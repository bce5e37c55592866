//! The shape of a file: it says its purpose first, and stays small enough to be read.

use super::Fault;
use super::source::is_rust;

/// Beyond this a file under `src` has a seam somewhere (the style guide looks for it from about 400).
const LONGEST: usize = 500;

/// Every Rust file begins with a `//!` line: its purpose, the invariant it keeps, what is deliberately not there.
pub(super) fn header(path: &str, text: &str) -> Vec<Fault> {
    if !is_rust(path) || text.starts_with("//! ") {
        return Vec::new();
    }
    vec![Fault::new(path, 1, "begin the file with a `//!` line that says its purpose")]
}

/// No source file of a crate is longer than [`LONGEST`] lines.
pub(super) fn length(path: &str, text: &str) -> Vec<Fault> {
    let lines = text.lines().count();
    let counts = is_rust(path) && path.starts_with("crates/") && path.contains("/src/");
    if !counts || lines <= LONGEST {
        return Vec::new();
    }
    vec![Fault::new(
        path,
        LONGEST + 1,
        format!("{lines} lines; look for a seam and split it (at most {LONGEST})"),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_header_is_a_fault() {
        assert_eq!(header("crates/a/tests/it/main.rs", "mod story;\n").len(), 1);
        assert_eq!(header("crates/a/src/lib.rs", "#![forbid(unsafe_code)]\n//! Late.\n").len(), 1);
        assert_eq!(header("crates/a/src/lib.rs", "//! The rules.\n"), []);
        assert_eq!(header("README.md", "# PagerSlack\n"), []);
    }

    #[test]
    fn a_long_file_is_a_fault() {
        let long = "x\n".repeat(501);
        assert_eq!(length("crates/a/src/b.rs", &long).len(), 1);
        assert_eq!(length("crates/a/src/b.rs", &long[2..]), []);
        assert_eq!(length("crates/a/tests/it/b.rs", &long), []);
    }
}
