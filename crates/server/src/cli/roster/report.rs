//! What an import found, in plain words.

use std::collections::HashMap;
use std::io::{self, Write};

use pagerslack_core::roster::Entry;
use pagerslack_sources::import::{Diff, Mapping, Outcome, Sheet};
use pagerslack_sources::{Field, oncall};

/// Standard output whose reader may leave early: what was asked for is done all the same, and the exit code is that
/// of the work.
pub(super) struct Said(io::StdoutLock<'static>);

impl Said {
    pub(super) fn new() -> Self {
        Self(io::stdout().lock())
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unless_closed(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unless_closed(self.0.flush(), ())
    }
}

fn unless_closed<T>(result: io::Result<T>, otherwise: T) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(otherwise),
        other => other,
    }
}

/// Which column was taken for what.
pub(super) fn columns(out: &mut impl Write, sheet: &Sheet, mapping: &Mapping) -> io::Result<()> {
    let separator = match sheet.separator() {
        ';' => "semicolons",
        '\t' => "tabs",
        _ => "commas",
    };
    writeln!(out, "{}, cells separated by {separator}.", count(sheet.len(), "row", "rows"))?;
    writeln!(out, "\nColumns, as guessed or said with --map:")?;
    let mut used = vec![false; sheet.headers().len()];
    for (source, place) in mapping.columns() {
        writeln!(out, "  {:<17} from {:?}", source.name(), sheet.headers()[place])?;
        used[place] = true;
    }
    let unused = sheet.headers().iter().zip(used).filter(|(header, used)| !used && !header.is_empty());
    let unused: Vec<String> = unused.map(|(header, _)| format!("{header:?}")).collect();
    if !unused.is_empty() {
        writeln!(out, "  not used: {}", unused.join(", "))?;
    }
    Ok(())
}

/// The rows that were left out, and why.
pub(super) fn rows(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    if !outcome.dropped.is_empty() {
        let number = count(outcome.dropped.len(), "row", "rows");
        writeln!(out, "\nDropped {number}, because an earlier one says the same:")?;
        for dropped in &outcome.dropped {
            writeln!(out, "  line {}: the same as line {}", dropped.line, dropped.first)?;
        }
    }
    if !outcome.bad.is_empty() {
        let number = count(outcome.bad.len(), "bad row", "bad rows");
        writeln!(out, "\n{number}, which will not be in the file:")?;
        for bad in &outcome.bad {
            let who: String = bad.who.first().map(|who| format!(" ({})", plain(who))).unwrap_or_default();
            writeln!(out, "  line {}{who}: {}", bad.line, bad.why)?;
        }
    }
    Ok(())
}

/// What is worth knowing besides, one thing a line.
pub(super) fn warnings(out: &mut impl Write, warnings: &[String]) -> io::Result<()> {
    if !warnings.is_empty() {
        writeln!(out, "\nWorth knowing:")?;
    }
    for warning in warnings {
        writeln!(out, "  {}", plain(warning))?;
    }
    Ok(())
}

/// Who joined, left and changed. Where there is nothing to compare with, nobody is listed.
pub(super) fn diff(
    out: &mut impl Write,
    diff: &Diff,
    outcome: &Outcome,
    file: &str,
    compared: bool,
) -> io::Result<()> {
    if !compared && diff.joined.is_empty() {
        return Ok(());
    }
    if !compared {
        return writeln!(out, "\nNothing to compare with: all {} are new to {file}.", diff.joined.len());
    }
    writeln!(out, "\nCompared with the present {file}:")?;
    for entry in &diff.joined {
        writeln!(out, "  joined   {}", person(entry))?;
    }
    // Whoever goes because of a bad row has probably not left the company.
    let bad: HashMap<&str, usize> =
        outcome.bad.iter().flat_map(|bad| bad.who.iter().map(|who| (who.as_str(), bad.line))).collect();
    for entry in &diff.left {
        let line = names(entry).iter().find_map(|name| bad.get(name.as_str()).copied());
        let why = line.map(|line| format!(": line {line} is bad")).unwrap_or_default();
        writeln!(out, "  left     {}{why}", person(entry))?;
    }
    for change in &diff.changed {
        let fields: Vec<String> = change
            .fields
            .iter()
            .map(|(field, before, after)| format!("{} {} → {}", field.name(), value(before), value(after)))
            .collect();
        writeln!(out, "  changed  {}: {}", person(&change.entry), fields.join("; "))?;
    }
    let (joined, left, changed) = (diff.joined.len(), diff.left.len(), diff.changed.len());
    writeln!(out, "  {joined} joined, {left} left, {changed} changed, {} as before.", diff.unchanged)
}

/// `Ann Lee (U012AB3CD, ann@example.com), engineer`.
fn person(entry: &Entry) -> String {
    let names = names(entry);
    let role = oncall::cell(entry, Field::Role);
    match &entry.who.name {
        Some(name) => format!("{} ({}), {role}", plain(name), names.join(", ")),
        None => format!("{}, {role}", names.join(", ")),
    }
}

fn names(entry: &Entry) -> Vec<String> {
    let cells = [Field::SlackId, Field::Email].map(|field| oncall::cell(entry, field));
    cells.into_iter().filter(|name| !name.is_empty()).collect()
}

fn value(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("{text:?}") }
}

/// Without what would steer a terminal: control characters, and those that turn the direction of writing.
fn plain(text: &str) -> String {
    let steers = |it: char| {
        it.is_control()
            || matches!(it, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
    };
    text.chars().map(|it| if steers(it) { '\u{FFFD}' } else { it }).collect()
}

/// `1 row`, `2 rows`.
pub(super) fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(plain("Ann\u{1b}[2J\u{202e}eeL"), "Ann\u{FFFD}[2J\u{FFFD}eeL");
    }
}
