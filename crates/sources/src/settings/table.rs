//! TOML as it was written: tables that hand out their keys by name, and name every fault with its line.
//!
//! Whoever reads a file asks for the keys it knows. What nobody asked for is unknown, and is told together with
//! the nearest key that somebody did ask for, here or in another table. So the code that reads is the list of
//! keys, and no fault hides another.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::Faults;
use crate::fault::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::value::shown;

/// Reads a text: what `read` makes of it, and all that is wrong.
pub(super) fn read<T>(text: &str, read: impl FnOnce(&Table<'_>) -> T) -> (T, Faults) {
    let (root, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    let reading = Reading::new(text);
    reading.syntax(&errors);
    let root = Table::new(&reading, String::new(), 1, Some(root.get_ref()));
    let value = read(&root);
    root.name_unknown();
    (value, reading.finish())
}

/// A text being read.
struct Reading {
    /// Where each line begins.
    lines: Vec<usize>,
    /// Lines that are no TOML: what else seems to be wrong with them is a consequence.
    broken: RefCell<BTreeSet<usize>>,
    faults: RefCell<Faults>,
    /// By table, the keys that were asked for.
    known: RefCell<BTreeMap<String, BTreeSet<&'static str>>>,
    /// Table, key and line of what nobody asked for.
    unknown: RefCell<Vec<(String, String, usize)>>,
}

impl Reading {
    fn new(text: &str) -> Self {
        let begins = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            lines: std::iter::once(0).chain(begins).collect(),
            broken: RefCell::default(),
            faults: RefCell::default(),
            known: RefCell::default(),
            unknown: RefCell::default(),
        }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        self.lines.partition_point(|begin| *begin <= span.start).max(1)
    }

    fn fault(&self, line: usize, what: String) {
        if !self.broken.borrow().contains(&line) {
            self.faults.borrow_mut().add(Some(line), what);
        }
    }

    /// The parser's messages quote nothing of the line, and neither do we: it may be a token in the wrong place.
    fn syntax(&self, errors: &[toml::de::Error]) {
        let mut in_list = usize::MAX - 1;
        for error in errors {
            let line = error.span().map_or(1, |span| self.line(&span));
            // An unclosed bracket makes every line after it wrong.
            let of_list = error.message().contains("array");
            let goes_on = of_list && line == in_list + 1;
            if of_list {
                in_list = line;
            }
            if !self.broken.borrow_mut().insert(line) || goes_on {
                continue;
            }
            let what = match error.message() {
                message if message.starts_with("string values must be quoted") => {
                    "text stands in quotes: \"like this\"".to_owned()
                }
                "duplicate key" => "this is here for the second time: keep one".to_owned(),
                message => format!("this is not TOML: {message}"),
            };
            self.faults.borrow_mut().add(Some(line), what);
        }
    }

    fn finish(self) -> Faults {
        let known = self.known.borrow();
        for (table, key, line) in self.unknown.take() {
            let here = known.get(&table).into_iter().flatten().copied();
            let elsewhere = known.iter().find(|(_, keys)| keys.contains(key.as_str()));
            let hint = if key.contains("token") || key.contains("secret") {
                "secrets never stand in this file: they come from the environment".to_owned()
            } else if let Some((home, _)) = elsewhere {
                match home.as_str() {
                    "" => "it belongs at the top of the file, before the first [table]".to_owned(),
                    home => format!("it belongs in [{home}]"),
                }
            } else if let Some(near) = nearest(&key, here.clone()) {
                format!("did you mean {near:?}?")
            } else {
                format!("there are {}", here.collect::<Vec<_>>().join(", "))
            };
            let what = match table.as_str() {
                "" => format!("there is no key {key:?} ({hint})"),
                table => format!("[{table}] has no key {key:?} ({hint})"),
            };
            self.fault(line, what);
        }
        drop(known);
        self.faults.into_inner()
    }
}

/// A table, which may be absent: then it has no keys.
pub(super) struct Table<'r> {
    reading: &'r Reading,
    /// Its name, such as `defaults.managers`; "" is the file itself.
    name: String,
    line: usize,
    entries: Option<&'r DeTable<'r>>,
}

impl<'r> Table<'r> {
    fn new(reading: &'r Reading, name: String, line: usize, entries: Option<&'r DeTable<'r>>) -> Self {
        reading.known.borrow_mut().entry(name.clone()).or_default();
        Self { reading, name, line, entries }
    }

    /// The line on which it begins.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// A key with the names of the tables around it.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Says what is wrong on a line.
    pub(super) fn fault(&self, line: usize, what: impl Into<String>) {
        self.reading.fault(line, what.into());
    }

    /// Puts a key's value into its place if the key is there and `read` makes something of it. `read` says what
    /// the value must be: `must be a number`. The answer is the key's line, if it is there.
    pub(super) fn take<T>(
        &self,
        key: &'static str,
        into: &mut T,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<usize> {
        let (line, value) = self.value(key)?;
        match read(value.get_ref()) {
            Ok(value) => *into = value,
            Err(what) => self.fault(line, format!("{} {what}", self.path(key))),
        }
        Some(line)
    }

    /// The same for a list, which replaces what was in its place. Every element's fault is told, on its own line.
    pub(super) fn take_list<T>(
        &self,
        key: &'static str,
        into: &mut Vec<T>,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) {
        let Some((line, value)) = self.value(key) else { return };
        let Some(elements) = value.get_ref().as_array() else {
            let what = format!("{} must be a list: [{}]", self.path(key), shown(value.get_ref()));
            return self.fault(line, what);
        };
        into.clear();
        for element in elements.iter() {
            match read(element.get_ref()) {
                Ok(element) => into.push(element),
                Err(what) => {
                    let line = self.reading.line(&element.span());
                    self.fault(line, format!("{}: each {what}", self.path(key)));
                }
            }
        }
    }

    /// Reads a table within this one; it is absent if it is not there.
    pub(super) fn within<T>(&self, key: &'static str, read: impl FnOnce(&Table<'_>) -> T) -> T {
        let found = self.value(key);
        let entries = found.and_then(|(_, value)| value.get_ref().as_table());
        if let Some((line, value)) = found
            && entries.is_none()
        {
            self.fault(line, format!("{} must be a table, not {}", self.path(key), shown(value.get_ref())));
        }
        let line = found.map_or(self.line, |(line, _)| line);
        let table = Table::new(self.reading, self.path(key), line, entries);
        let value = read(&table);
        table.name_unknown();
        value
    }

    /// Reads each table of a list of tables: `[[rotation]]`.
    pub(super) fn each(&self, key: &'static str, mut read: impl FnMut(&Table<'_>)) {
        let Some((line, value)) = self.value(key) else {
            // Nothing is read, but its keys are known from then on.
            return read(&Table::new(self.reading, self.path(key), self.line, None));
        };
        let tables: Vec<_> = value.get_ref().as_array().into_iter().flat_map(|array| array.iter()).collect();
        if tables.is_empty() || tables.iter().any(|table| !table.get_ref().is_table()) {
            self.fault(line, format!("write [[{}]], in two pairs of brackets", self.path(key)));
        }
        for element in tables {
            if let Some(entries) = element.get_ref().as_table() {
                let line = self.reading.line(&element.span());
                let table = Table::new(self.reading, self.path(key), line, Some(entries));
                read(&table);
                table.name_unknown();
            }
        }
    }

    /// Whether it stands in the file.
    pub(super) fn is_there(&self) -> bool {
        self.entries.is_some()
    }

    /// Every key with its line and value, of a table whose keys are the reader's own affair.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, usize, &DeValue<'r>)> {
        self.entries
            .into_iter()
            .flat_map(|entries| entries.iter())
            .map(|(key, value)| (key.get_ref().as_ref(), self.reading.line(&key.span()), value.get_ref()))
    }

    fn value(&self, key: &'static str) -> Option<(usize, &'r Spanned<DeValue<'r>>)> {
        self.reading.known.borrow_mut().entry(self.name.clone()).or_default().insert(key);
        let (key, value) = self.entries?.get_key_value(key)?;
        Some((self.reading.line(&key.span()), value))
    }

    /// Notes what nobody asked for. A table of which nothing was asked has keys of its own.
    fn name_unknown(&self) {
        let known = self.reading.known.borrow();
        let asked = known.get(&self.name).filter(|asked| !asked.is_empty());
        let Some(asked) = asked else { return };
        for (key, line, _) in self.pairs() {
            if !asked.contains(key) {
                self.reading.unknown.borrow_mut().push((self.name.clone(), key.to_owned(), line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::{flag, text};
    use super::*;

    /// The faults of a file with the keys `name`, `loud`, `friends`, `[home] street` and `[[pet]] name`.
    fn check(toml: &str) -> String {
        let read = |root: &Table<'_>| {
            root.take("name", &mut String::new(), text);
            root.take("loud", &mut false, flag);
            root.take_list("friends", &mut Vec::new(), text);
            root.within("home", |home| {
                home.take("street", &mut String::new(), text);
                home.within("free", |free| free.pairs().count());
            });
            root.each("pet", |pet| {
                pet.take("name", &mut String::new(), text);
                pet.take("legs", &mut String::new(), text);
            });
        };
        let mut faults = super::read(toml, read).1;
        faults.0.sort();
        faults.to_string()
    }

    #[test]
    fn what_is_known_is_read() {
        assert_eq!(
            check(
                "name = \"a\"\nloud = true\nfriends = []\n[home]\nstreet = \"b\"\nfree.x = 1\n[[pet]]\nname = \"c\""
            ),
            ""
        );
        assert_eq!(check("\u{feff}name = \"a\"\r\nloud = true\r\n"), "");
    }

    #[test]
    fn unknown_keys_are_named_with_the_nearest() {
        assert_eq!(check("\nnmae = 1"), "line 2: there is no key \"nmae\" (did you mean \"name\"?)");
        assert_eq!(
            check("[home]\nstret = 1\nplanet = 1"),
            "line 2: [home] has no key \"stret\" (did you mean \"street\"?)\n\
             line 3: [home] has no key \"planet\" (there are free, street)"
        );
        assert_eq!(
            check("legs = 4\n[home]\nloud = true\nstreet = \"\""),
            "line 1: there is no key \"legs\" (it belongs in [pet])\n\
             line 3: [home] has no key \"loud\" (it belongs at the top of the file, before the first [table])"
        );
        assert_eq!(
            check("bot_token = \"xoxb-1\""),
            "line 1: there is no key \"bot_token\" (secrets never stand in this file: they come from the environment)"
        );
    }

    #[test]
    fn every_fault_is_told() {
        assert_eq!(
            check(
                "name = 1\nloud = \"yes\"\nfriends = [\"a\",\n2, \"b\",\ntrue]\nhome = 3\n[pet]\nname = \"c\""
            ),
            "line 1: name must be text in quotes, not 1\n\
             line 2: loud must be true or false, not \"yes\"\n\
             line 4: friends: each must be text in quotes, not 2\n\
             line 5: friends: each must be text in quotes, not true\n\
             line 6: home must be a table, not 3\n\
             line 7: write [[pet]], in two pairs of brackets"
        );
        assert_eq!(check("friends = \"a\""), "line 1: friends must be a list: [\"a\"]");
        assert_eq!(check("pet = 3"), "line 1: write [[pet]], in two pairs of brackets");
    }

    #[test]
    fn what_is_not_toml_is_told_once_a_line_and_hides_nothing() {
        assert_eq!(
            check("name = no quotes\nname = \"x\"\nfriends = [\"a\"\nlaud = 1\n[home\nstreet = 5"),
            "line 1: text stands in quotes: \"like this\"\n\
             line 2: this is here for the second time: keep one\n\
             line 4: this is not TOML: missing comma between array elements, expected `,`"
        );
        assert!(!check("key = xoxb-secret").contains("xoxb"), "a token in the wrong place is not repeated");
    }
}
