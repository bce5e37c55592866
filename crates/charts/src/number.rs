//! Numbers as people read them: counts, and lengths of time.

/// A count: whole with thin groups as far as it is read at a glance, and beyond with two significant digits and more.
pub fn count(value: u64) -> String {
    const UNITS: [(u64, &str); 5] = [
        (1_000_000_000_000_000_000, "E"),
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
    ];
    for (unit, name) in UNITS {
        if value >= unit {
            let tenths = value / (unit / 10);
            return match (tenths / 10, tenths % 10) {
                (whole, 0) => format!("{whole} {name}"),
                (whole, _) if whole >= 100 => format!("{whole} {name}"),
                (whole, tenth) => format!("{whole}.{tenth} {name}"),
            };
        }
    }
    grouped(value)
}

/// A count with all its digits, in groups of three.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length of time in at most two units: `45 s`, `2 min 5 s`, `3 h`, `2 d 4 h`.
///
/// What is no length of time (negative, or not a number) is a dash.
pub fn seconds(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s")];
    if !value.is_finite() || value < 0.0 {
        return "–".to_owned();
    }
    if value > 0.0 && value < 9.95 && value.fract() > 0.0 {
        return format!("{value:.1} s").replace(".0 ", " ");
    }
    // Rounded in the smaller of the two units that are shown, so that no "1 min 60 s" comes out.
    let resolution = if value >= 86_400.0 {
        3_600.0
    } else if value >= 3_600.0 {
        60.0
    } else {
        1.0
    };
    let rounded = (value / resolution).round() * resolution;
    for (index, (unit, name)) in UNITS.into_iter().enumerate() {
        if rounded < unit {
            continue;
        }
        let whole = (rounded / unit).floor();
        let name_whole = if whole >= 1e6 { format!("{whole:.1e} {name}") } else { format!("{whole} {name}") };
        let Some((smaller, name)) = UNITS.get(index + 1) else { return name_whole };
        let rest = ((rounded - whole * unit) / smaller).floor();
        let shown = rest >= 1.0 && whole < 1_000.0;
        return if shown { format!("{name_whole} {rest} {name}") } else { name_whole };
    }
    "0 s".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        let said = [0, 999, 1_000, 54_321, 1_250_000, 123_456_789, u64::MAX].map(count);
        assert_eq!(said, ["0", "999", "1,000", "54,321", "1.2 M", "123 M", "18.4 E"]);
    }

    #[test]
    fn lengths_of_time_have_two_units_at_most() {
        let said = [0.0, 0.4, 3.0, 45.2, 59.7, 125.0, 3_599.9, 10_800.0, 187_000.0, 1e20].map(seconds);
        assert_eq!(
            said,
            ["0 s", "0.4 s", "3 s", "45 s", "1 min", "2 min 5 s", "1 h", "3 h", "2 d 4 h", "1.2e15 d"]
        );
        assert_eq!([f64::NAN, -1.0, f64::INFINITY].map(seconds), ["–", "–", "–"]);
    }
}
