//! YAML as it was written: a small tree in which every key and value keeps its line.
//!
//! The team's YAML files are read from the parser's events rather than through serde, for three reasons: a fault
//! must name its line, *all* faults must be named and not only the first, and text must stay as it was typed (`no`
//! is Norway, `1.10` is not 1.1). Anchors, aliases, tags and second documents are refused: these files need none,
//! and without aliases a small file cannot grow into a large one.

mod explain;
mod fields;

pub(crate) use fields::{Fields, HINTS, date, email, nearest_of, person, shown, text_of, user};

use granit_parser::{Event, Parser, ScalarStyle};

use crate::Faults;

/// The largest file that is read, in bytes. Twenty thousand entries with long names have half of it.
pub(crate) const LARGEST: usize = 1_000_000;

/// The most entries a file may have.
pub(crate) const MOST: usize = 20_000;

/// Lists within lists, keys within keys. Our files need four.
const DEEPEST: usize = 16;

/// A value, and where it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// The 1-based line.
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// What YAML knows: nothing, text, lists, mappings. Numbers and truths are text until somebody asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Nothing,
    Text(String),
    List(Vec<Node>),
    /// In the file's order; a key may stand there twice.
    Map(Vec<(Key, Node)>),
}

/// A key, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The 1-based line.
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// A file's bytes as text: UTF-8, with or without a byte order mark.
///
/// # Errors
/// When it is another encoding, with the first line that shows it.
pub fn decode(bytes: &[u8]) -> Result<&str, Faults> {
    let mut faults = Faults::default();
    let broken = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(broken) => broken.valid_up_to(),
    };
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        faults.add(None, "the file is UTF-16: save it as UTF-8");
    } else {
        let line = bytes.iter().take(broken).filter(|byte| **byte == b'\n').count() + 1;
        faults.add(Some(line), "this line is not UTF-8: save the file as UTF-8");
    }
    faults.or("")
}

/// The tree of a file; `None` if it is empty, or if it cannot be read, which `faults` then tells.
pub(crate) fn read(text: &str, faults: &mut Faults) -> Option<Node> {
    if text.len() > LARGEST {
        faults.add(None, format!("the file has {} bytes: keep it below {LARGEST}", text.len()));
        return None;
    }
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let mut tree = Tree::default();
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => {
                if !tree.take(event, span.start.line(), faults) {
                    break;
                }
            }
            Err(error) => {
                explain::add(&error, text, faults);
                return None;
            }
        }
    }
    tree.root.filter(|root| root.value != Value::Nothing)
}

/// What has been read so far.
#[derive(Default)]
struct Tree {
    root: Option<Node>,
    /// The lists and mappings that are still open, outermost first.
    open: Vec<Open>,
    documents: usize,
}

/// A list or mapping that is still open.
struct Open {
    line: usize,
    value: OpenValue,
}

enum OpenValue {
    List(Vec<Node>),
    /// The pairs, and the key that still waits for its value.
    Map(Vec<(Key, Node)>, Option<Key>),
}

impl Tree {
    /// Takes the next event; `false` when nothing that follows matters.
    fn take(&mut self, event: Event<'_>, line: usize, faults: &mut Faults) -> bool {
        let foreign = "write the text out: names such as &x, *x and !x are not used in these files";
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    faults.add(Some(line), "a second document begins here: keep one list, without ---");
                    return false;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                if anchor != 0 || tag.is_some() {
                    faults.add(Some(line), foreign);
                }
                let nothing = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
                let value = if nothing { Value::Nothing } else { Value::Text(text.into_owned()) };
                self.put(Node { line, value }, faults);
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                faults.add(Some(line), foreign);
                self.put(Node { line, value: Value::Nothing }, faults);
            }
            Event::SequenceStart(_, anchor, tag) | Event::MappingStart(_, anchor, tag)
                if anchor != 0 || tag.is_some() =>
            {
                faults.add(Some(line), foreign);
                return false;
            }
            Event::SequenceStart(..) => {
                self.open.push(Open { line, value: OpenValue::List(Vec::new()) });
            }
            Event::MappingStart(..) => {
                self.open.push(Open { line, value: OpenValue::Map(Vec::new(), None) });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { line, value }) = self.open.pop() {
                    let value = match value {
                        OpenValue::List(nodes) => Value::List(nodes),
                        OpenValue::Map(pairs, _) => Value::Map(pairs),
                    };
                    self.put(Node { line, value }, faults);
                }
            }
            _ => {}
        }
        true
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, node: Node, faults: &mut Faults) {
        match self.open.last_mut().map(|open| &mut open.value) {
            None => self.root = Some(node),
            Some(OpenValue::List(nodes)) => nodes.push(node),
            Some(OpenValue::Map(pairs, key)) => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => {
                    let text = match node.value {
                        Value::Text(text) => text,
                        Value::Nothing => String::new(),
                        Value::List(_) | Value::Map(_) => {
                            faults.add(Some(node.line), "a key must be one word, not a list or a mapping");
                            String::new()
                        }
                    };
                    *key = Some(Key { line: node.line, text });
                }
            },
        }
    }
}

#[cfg(test)]
mod tests;
