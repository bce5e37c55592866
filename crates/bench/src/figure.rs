//! A figure with its bar, and the table of all figures.

use std::io::{self, Write};
use std::time::Duration;

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    name: String,
    measured: String,
    bar: String,
    /// How much better than the bar: 1 just meets it, 2 is twice as good. `None` where nothing is demanded.
    ratio: Option<f64>,
    note: String,
}

impl Figure {
    /// A figure that must not fall below its bar.
    pub(crate) fn at_least(name: &str, measured: (f64, &str), bar: (f64, &str)) -> Self {
        Self::judged(name, measured, bar, "≥", measured.0 / bar.0)
    }

    /// A figure that must not exceed its bar.
    pub(crate) fn at_most(name: &str, measured: (f64, &str), bar: (f64, &str)) -> Self {
        Self::judged(name, measured, bar, "≤", bar.0 / measured.0)
    }

    fn judged(name: &str, measured: (f64, &str), bar: (f64, &str), sign: &str, ratio: f64) -> Self {
        Self {
            name: name.to_owned(),
            measured: written(measured),
            bar: format!("{sign} {}", written(bar)),
            ratio: Some(ratio),
            note: String::new(),
        }
    }

    /// A figure of which nothing is demanded.
    pub(crate) fn told(name: &str, measured: (f64, &str)) -> Self {
        Self {
            name: name.to_owned(),
            measured: written(measured),
            bar: String::new(),
            ratio: None,
            note: String::new(),
        }
    }

    /// The same with an explanation after it.
    pub(crate) fn note(self, note: String) -> Self {
        Self { note, ..self }
    }

    /// Whether the bar was missed.
    pub(crate) fn is_missed(&self) -> bool {
        self.ratio.is_some_and(|ratio| ratio.is_nan() || ratio < 1.0)
    }

    fn verdict(&self) -> &'static str {
        match self.ratio {
            None => "",
            Some(_) if self.is_missed() => "MISSED",
            Some(_) => "ok",
        }
    }
}

/// Prints the table, its columns as wide as they need be.
pub(crate) fn print(out: &mut impl Write, figures: &[Figure]) -> io::Result<()> {
    let head = ["figure", "measured", "bar", "ratio", "verdict", "note"].map(str::to_owned);
    let rows = figures.iter().map(|figure| {
        let ratio = figure.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let verdict = figure.verdict().to_owned();
        [
            figure.name.clone(),
            figure.measured.clone(),
            figure.bar.clone(),
            ratio,
            verdict,
            figure.note.clone(),
        ]
    });
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    for row in &rows {
        let [name, measured, bar, ratio, verdict, note] = row;
        let [w0, w1, w2, w3, w4, _] = widths;
        let line = format!("{name:<w0$}  {measured:>w1$}  {bar:>w2$}  {ratio:>w3$}  {verdict:<w4$}  {note}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The digits that count, and the unit.
fn written((value, unit): (f64, &str)) -> String {
    let decimals = match value.abs() {
        size if size >= 1_000.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}").trim_end().to_owned()
}

/// The middle one, or 0 of none. A figure disturbed once or twice stays what it was.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value that so many percent of all do not exceed.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or(0.0)
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged_by_its_bar_from_either_side() {
        assert!(!Figure::at_least("a", (0.8, ""), (0.8, "")).is_missed());
        assert!(Figure::at_least("a", (0.79, ""), (0.8, "")).is_missed());
        assert!(Figure::at_most("a", (106.0, "ms"), (105.0, "ms")).is_missed());
        assert!(Figure::at_least("a", (f64::NAN, ""), (0.8, "")).is_missed(), "nothing was measured");
        assert!(!Figure::told("a", (1.0, "")).is_missed());
    }

    #[test]
    fn the_median_is_not_moved_by_one_bad_round() {
        assert_eq!(median(&[3.0, 900.0, 1.0, 2.0, 2.0]), 2.0);
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 99), 4.0);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn the_table_lines_up() {
        let figures = [
            Figure::at_most("choose", (0.5, "ms"), (1.0, "ms")),
            Figure::told("idle", (12.3, "MB")).note("after a second".to_owned()),
        ];
        let mut out = Vec::new();
        print(&mut out, &figures).unwrap();
        let expected = "\
figure  measured        bar  ratio  verdict  note
choose   0.50 ms  ≤ 1.00 ms   2.00  ok
idle     12.3 MB                             after a second
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
