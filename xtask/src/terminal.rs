//! What xtask says to the person (or the CI log) that runs it.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::time::Duration;

/// Writes one line to standard output.
///
/// A closed pipe (`cargo xtask tidy | head`) is no reason to stop half-way, and there is nobody left to tell.
pub(crate) fn say(line: impl Display) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A duration as a person says it: `0.4 s`, `42 s`, `3 min 5 s`.
pub(crate) fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken() {
        let said = [400, 9_940, 42_700, 185_000].map(|ms| spoken(Duration::from_millis(ms)));
        assert_eq!(said, ["0.4 s", "9.9 s", "42 s", "3 min 5 s"]);
    }
}
