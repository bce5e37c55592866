//! Durations as people say them.

use jiff::SignedDuration;

/// `45 s`, `2 min`, `1 min 12 s`, `3 h 5 min`, `2 d 4 h`: at most two units, never negative.
pub fn spoken(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (days, hours, minutes, rest) =
        (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let units = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")];
    let first = units.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    units[first..]
        .iter()
        .take(2)
        .enumerate()
        .filter(|(index, (count, _))| *index == 0 || *count > 0)
        .map(|(_, (count, unit))| format!("{count} {unit}"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_two_units_are_said() {
        let cases = [
            (-5, "0 s"),
            (0, "0 s"),
            (45, "45 s"),
            (60, "1 min"),
            (72, "1 min 12 s"),
            (3_600, "1 h"),
            (11_105, "3 h 5 min"),
            (3_605, "1 h"),
            (187_200, "2 d 4 h"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(spoken(SignedDuration::from_secs(seconds)), expected);
        }
    }
}
