//! How wide a text is, about, and how to make it fit.
//!
//! A server has no fonts. So every width is an estimate on the wide side: a text may end before it was expected to,
//! never after.

/// The size of every letter, in the picture's units. The stylesheet says the same.
pub(crate) const SIZE: f64 = 13.0;

/// How high a line of it is, from the top of its letters to the bottom.
pub(crate) const LINE: f64 = 16.0;

/// How far below the middle of a line its baseline lies.
pub(crate) const DROP: f64 = 4.5;

/// At most this wide.
pub(crate) fn width(text: &str) -> f64 {
    text.chars().map(of_letter).sum()
}

fn of_letter(letter: char) -> f64 {
    let share = match letter {
        'i' | 'l' | 'j' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '—' => 0.98,
        'A'..='Z' => 0.74,
        letter if letter.is_ascii() => 0.62,
        // Half of the world's letters are as wide as they are high; so is every emoji.
        letter if u32::from(letter) < 0x1100 => 0.78,
        _ => 1.1,
    };
    share * SIZE
}

/// What XML can carry of a text, in one line.
pub(crate) fn clean(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    one_line
        .chars()
        .filter(|letter| !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}'))
        .collect()
}

/// As much of a text as fits, with an ellipsis where something is left out.
pub(crate) fn fit(text: &str, space: f64) -> String {
    let text = clean(text);
    if width(&text) <= space {
        return text;
    }
    let mut kept = String::new();
    let mut taken = of_letter('…');
    for letter in text.chars() {
        taken += of_letter(letter);
        if taken > space {
            break;
        }
        kept.push(letter);
    }
    format!("{}…", kept.trim_end())
}

/// A coordinate, with a digit after the point at most.
pub(crate) fn px(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    // There is no minus zero to see.
    format!("{}", tenths + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fits_or_is_cut() {
        assert_eq!(fit("Ada", 100.0), "Ada");
        let cut = fit("Ada Lovelace of Analytical Engines", 80.0);
        assert!(cut.starts_with("Ada") && cut.ends_with('…') && width(&cut) <= 80.0, "{cut}");
        assert_eq!(fit("Ada\u{0}\n\tByron\u{ffff}", 100.0), "Ada Byron");
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!([0.0, -0.0, 1.0 / 3.0, 12.96].map(px), ["0", "0", "0.3", "13"]);
    }
}
