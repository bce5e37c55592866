//! Faults name lines that the file has.

use pagerslack_sources::Faults;

/// How many lines a text has, whatever ends them; at least one.
pub(crate) fn count(text: &[u8]) -> usize {
    let ends = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    let pairs = text.windows(2).filter(|pair| *pair == b"\r\n").count();
    ends - pairs + 1
}

/// Checks that a refusal says something, in order, of lines that are there.
pub(crate) fn check(faults: &Faults, text: &[u8]) {
    assert!(!faults.0.is_empty(), "refused without a fault");
    assert!(faults.0.is_sorted(), "faults out of order: {faults}");
    let last = count(text);
    for fault in &faults.0 {
        assert!(!fault.what.is_empty(), "a fault that says nothing");
        if let Some(line) = fault.line {
            assert!((1..=last).contains(&line), "{fault}: the file has {last} lines");
        }
    }
}
