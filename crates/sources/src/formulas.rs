//! Cells that a spreadsheet would run: text that people wrote, in a file that somebody opens.
//!
//! Invariant: a cell that went through [`disarm`] is shown and never run, and [`as_meant`] gives the text back. Whatever
//! writes CSV disarms, whatever reads it undoes that. Source: OWASP, "CSV Injection", whose list of letters this is.

use std::borrow::Cow;

/// What a spreadsheet takes for the beginning of a formula; the wide forms where Japanese is written.
const TRIGGERS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// What tells it that text follows.
const TEXT: char = '\'';

/// The text as a cell that no spreadsheet runs: with an apostrophe before what would be a formula, and before what looks
/// as if it had one already.
pub fn disarm(text: &str) -> Cow<'_, str> {
    if is_armed(text) { Cow::Owned(format!("{TEXT}{text}")) } else { Cow::Borrowed(text) }
}

/// Undoes [`disarm`]. Any other apostrophe is a letter of the text.
pub fn as_meant(cell: &str) -> &str {
    cell.strip_prefix(TEXT).filter(|text| is_armed(text)).unwrap_or(cell)
}

/// Whether a formula begins here, after any number of apostrophes.
fn is_armed(text: &str) -> bool {
    text.trim_start_matches(TEXT).starts_with(TRIGGERS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_formulas_are_disarmed() {
        for (text, cell) in [
            ("=HYPERLINK(\"https://evil.example\")", "'=HYPERLINK(\"https://evil.example\")"),
            ("+1", "'+1"),
            ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("'tis", "'tis"),
            ("a=1", "a=1"),
            ("", ""),
            ("'", "'"),
        ] {
            assert_eq!(disarm(text), cell);
            assert_eq!(as_meant(cell), text);
        }
    }

    proptest! {
        /// Whatever people write: no cell begins like a formula, and each reads back as it was written.
        #[test]
        fn a_cell_is_harmless_and_reads_back(text in "['=+@\t\r\n＝-]{0,4}.{0,8}", other in any::<String>()) {
            for text in [text.as_str(), &other] {
                let cell = disarm(text);
                prop_assert!(!cell.starts_with(TRIGGERS), "{cell:?}");
                prop_assert_eq!(as_meant(&cell), text);
            }
        }
    }
}
