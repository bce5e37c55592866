//! `holidays.yml`: the days off that a team writes down itself, for everyone, a country, a region or a person.
//!
//! `examples/holidays.yml` shows every form. One list, or the list under `holidays:`; dates may also stand as keys
//! of the file itself (`2026-12-24: Company day`).

mod place;

use std::collections::HashMap;

use jiff::civil::Date;
use pagerslack_core::calendar::{DayOff, PublicHolidays, Scope};

use crate::Faults;
use crate::yaml::{self, Fields, Key, MOST, Node, Value, date, shown, text_of};

/// A day off is for a while; a longer range is a slip of the pen in a year.
const LONGEST: i64 = 366;

const KEYS: [&str; 8] = ["date", "from", "until", "name", "country", "region", "person", "worked"];

/// The days of a file. With `known`, every country and region must be one that the table knows.
///
/// An entry with several countries, regions or people gives a day off for each of them.
///
/// # Errors
/// All faults of the text.
pub fn parse(text: &str, known: Option<&PublicHolidays>) -> Result<Vec<DayOff>, Faults> {
    let mut reading = Reading { known, faults: Faults::default(), days: Vec::new(), lines: Vec::new() };
    if let Some(root) = yaml::read(text, &mut reading.faults) {
        reading.file(&root);
    }
    if !reading.too_many(reading.days.len()) {
        reading.contradictions();
    }
    reading.faults.or(reading.days)
}

/// A file being read.
struct Reading<'k> {
    known: Option<&'k PublicHolidays>,
    faults: Faults,
    days: Vec<DayOff>,
    /// The line of each day.
    lines: Vec<usize>,
}

impl Reading<'_> {
    fn file(&mut self, root: &Node) {
        match &root.value {
            Value::List(nodes) => self.list(nodes),
            Value::Map(pairs) if pairs.iter().all(|(key, _)| key.text != "holidays") => {
                self.dates_as_keys(pairs);
            }
            Value::Map(pairs) => {
                let fields = Fields::with_dates(pairs, &["holidays"], &mut self.faults);
                for (key, _) in fields.dates() {
                    self.faults.add(Some(key.line), "put this date into the list of \"holidays\"");
                }
                match fields.get("holidays").map(|node| (node.line, &node.value)) {
                    Some((_, Value::List(nodes))) => self.list(nodes),
                    Some((_, Value::Nothing)) | None => {}
                    Some((line, _)) => {
                        self.faults
                            .add(Some(line), "\"holidays\" must be a list: begin each entry with \"- \"");
                    }
                }
            }
            Value::Text(_) | Value::Nothing => {
                self.faults.add(Some(root.line), "write a list: begin each entry with \"- \"");
            }
        }
    }

    fn list(&mut self, nodes: &[Node]) {
        if self.too_many(nodes.len()) {
            return;
        }
        for node in nodes {
            match &node.value {
                Value::Text(text) => {
                    if let Some((from, until)) = self.span(text, node.line) {
                        let scope = Scope::Everyone;
                        self.add(node.line, DayOff { from, until, name: None, scope, worked: false });
                    }
                }
                Value::Map(pairs) => self.entry(node.line, pairs),
                Value::Nothing => {
                    self.faults
                        .add(Some(node.line), "an entry without a date: write one, or delete the dash");
                }
                Value::List(_) => self.faults.add(Some(node.line), "a list within the list: write one list"),
            }
        }
    }

    fn too_many(&mut self, entries: usize) -> bool {
        if entries > MOST {
            self.faults.add(None, format!("the file has {entries} entries: keep it to {MOST}"));
        }
        entries > MOST
    }

    /// A file without any list: `2026-12-24: Company day`, one to a line.
    fn dates_as_keys(&mut self, pairs: &[(Key, Node)]) {
        if self.too_many(pairs.len()) {
            return;
        }
        let fields = Fields::with_dates(pairs, &["holidays"], &mut self.faults);
        for (key, node) in fields.dates() {
            let name = self.name_beside(node);
            if let Some((from, until)) = self.span(&key.text, key.line) {
                let scope = Scope::Everyone;
                self.add(key.line, DayOff { from, until, name, scope, worked: false });
            }
        }
    }

    /// An entry with keys.
    fn entry(&mut self, line: usize, pairs: &[(Key, Node)]) {
        let before = self.faults.0.len();
        let fields = Fields::with_dates(pairs, &KEYS, &mut self.faults);
        let mut name = fields.note("name", &mut self.faults);
        let mut dates = fields.dates();
        let span = if let Some((key, node)) = dates.next() {
            for (second, _) in dates {
                self.faults
                    .add(Some(second.line), "a second date in one entry: begin it with a dash of its own");
            }
            let beside = self.name_beside(node);
            for other in ["date", "from", "until"].into_iter().filter_map(|key| fields.line(key)) {
                self.faults
                    .add(Some(other), format!("this entry has its date already: {}", shown(&key.text)));
            }
            if let (Some(_), Some(line), Some(beside)) = (&name, fields.line("name"), &beside) {
                self.faults.add(Some(line), format!("this entry has its name already: {}", shown(beside)));
            }
            name = beside.or(name);
            self.span(&key.text, key.line)
        } else {
            self.span_of_keys(line, &fields)
        };
        let worked = fields.truth("worked", &mut self.faults);
        let scopes = self.scopes(&fields);
        if let (Some((from, until)), true) = (span, self.faults.0.len() == before) {
            for scope in scopes {
                self.add(line, DayOff { from, until, name: name.clone(), scope, worked });
            }
        }
    }

    /// What stands behind a date: its name, or nothing.
    fn name_beside(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Nothing => None,
            Value::Text(_) => text_of(node, "name", &mut self.faults),
            Value::List(_) | Value::Map(_) => {
                let what = "only a name may stand behind a date: write other keys below it, in its column";
                self.faults.add(Some(node.line), what);
                None
            }
        }
    }

    /// The dates of an entry that names them by keys.
    fn span_of_keys(&mut self, line: usize, fields: &Fields<'_>) -> Option<(Date, Date)> {
        if fields.get("date").is_some() {
            for other in ["from", "until"].into_iter().filter_map(|key| fields.line(key)) {
                self.faults.add(Some(other), "write either date, or from and until");
            }
            let (line, text) = fields.text("date", &mut self.faults)?;
            return self.span(&text, line);
        }
        let from = fields.date("from", &mut self.faults);
        let until = fields.date("until", &mut self.faults);
        match (fields.get("from"), fields.get("until")) {
            (None, None) => {
                self.faults.add(Some(line), "an entry without a date: write date, or from and until");
            }
            (Some(node), None) => {
                self.faults.add(Some(node.line), "until is missing: write it, or date for a single day");
            }
            (None, Some(node)) => {
                self.faults.add(Some(node.line), "from is missing: write it, or date for a single day");
            }
            (Some(_), Some(node)) => return self.ordered(from?, until?, node.line),
        }
        None
    }

    /// `2026-12-24`, or `2026-12-24..2027-01-01`.
    fn span(&mut self, text: &str, line: usize) -> Option<(Date, Date)> {
        let text = text.trim();
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        match (date(first.trim()), date(last.trim())) {
            (Ok(from), Ok(until)) => self.ordered(from, until, line),
            (first, last) => {
                let mut whats: Vec<String> = [first, last].into_iter().filter_map(Result::err).collect();
                whats.dedup();
                for what in whats {
                    self.faults.add(Some(line), what);
                }
                None
            }
        }
    }

    fn ordered(&mut self, from: Date, until: Date, line: usize) -> Option<(Date, Date)> {
        if until < from {
            self.faults.add(Some(line), format!("until ({until}) is before from ({from}): swap them"));
            return None;
        }
        let days = from.duration_until(until).as_hours() / 24 + 1;
        if days > LONGEST {
            let what = format!("{from} to {until} are {days} days: write at most {LONGEST} in one entry");
            self.faults.add(Some(line), what);
            return None;
        }
        Some((from, until))
    }

    fn add(&mut self, line: usize, day: DayOff) {
        self.days.push(day);
        self.lines.push(line);
    }

    /// The same dates for the same people, off in one line and worked in another: nobody can know which counts.
    fn contradictions(&mut self) {
        let mut seen: HashMap<(Date, Date, String), (bool, usize)> = HashMap::new();
        for (day, line) in self.days.iter().zip(&self.lines) {
            let key = (day.from, day.until, format!("{:?}", day.scope));
            let (worked, first) = *seen.entry(key).or_insert((day.worked, *line));
            if worked != day.worked {
                let what =
                    format!("these dates are worked here and off there, or the contrary: see line {first}");
                self.faults.add(Some(*line), what);
            }
        }
    }
}

#[cfg(test)]
mod tests;
