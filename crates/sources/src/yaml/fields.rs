//! The keys of a mapping and the values they may have: text, dates, people.

use std::collections::HashMap;

use jiff::civil::Date;
use pagerslack_core::UserId;
use pagerslack_core::roster::Who;

use super::{Key, Node, Value};
use crate::Faults;
use crate::fault::nearest;

/// How many faults of a file may say what was meant: finding that out takes its time.
pub(crate) const HINTS: usize = 200;

/// The longest name or reason, in letters: they are shown in Slack, in one sentence.
const LONGEST_TEXT: usize = 200;

/// The known keys of one mapping. Unknown and doubled ones have become faults.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    pairs: Vec<&'n (Key, Node)>,
}

impl<'n> Fields<'n> {
    /// Those of a mapping.
    pub(crate) fn of(pairs: &'n [(Key, Node)], known: &[&str], faults: &mut Faults) -> Self {
        Self::read(pairs, known, |_| false, faults)
    }

    /// Those of a mapping in which dates may be keys too.
    pub(crate) fn with_dates(pairs: &'n [(Key, Node)], known: &[&str], faults: &mut Faults) -> Self {
        Self::read(pairs, known, is_date, faults)
    }

    fn read(
        pairs: &'n [(Key, Node)],
        known: &[&str],
        also: impl Fn(&str) -> bool,
        faults: &mut Faults,
    ) -> Self {
        let mut fields = Self { pairs: Vec::new() };
        let mut lines: HashMap<&str, usize> = HashMap::new();
        for pair in pairs {
            let (Key { line, text }, _) = pair;
            if let Some(first) = lines.get(text.as_str()) {
                let what = format!("{} stands here twice, first on line {first}: keep one", shown(text));
                faults.add(Some(*line), what);
                continue;
            }
            lines.insert(text, *line);
            if known.contains(&text.as_str()) || also(text) {
                fields.pairs.push(pair);
                continue;
            }
            let hint = match nearest_of(text, known, faults) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("known: {}", known.join(", ")),
            };
            faults.add(Some(*line), format!("unknown key {} ({hint})", shown(text)));
        }
        fields
    }

    /// The value of a key, unless the key is absent.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.pairs.iter().find(|(found, _)| found.text == key).map(|(_, node)| node)
    }

    /// The line of a key.
    pub(crate) fn line(&self, key: &str) -> Option<usize> {
        self.pairs.iter().find(|(found, _)| found.text == key).map(|(key, _)| key.line)
    }

    /// The text of a key that may be left open: `reason:` is a reason not yet written, not a fault.
    pub(crate) fn note(&self, key: &str, faults: &mut Faults) -> Option<String> {
        text_of(self.get(key).filter(|node| node.value != Value::Nothing)?, key, faults)
    }

    /// The text of a key, with its line.
    pub(crate) fn text(&self, key: &str, faults: &mut Faults) -> Option<(usize, String)> {
        let node = self.get(key)?;
        Some((node.line, text_of(node, key, faults)?))
    }

    /// The texts of a key: one, or a list of them, each with its line.
    pub(crate) fn texts(&self, key: &str, faults: &mut Faults) -> Vec<(usize, String)> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let nodes = match &node.value {
            Value::List(nodes) if nodes.is_empty() => {
                faults.add(Some(node.line), format!("{key} is empty: fill it in, or delete it"));
                return Vec::new();
            }
            Value::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        nodes.iter().filter_map(|node| Some((node.line, text_of(node, key, faults)?))).collect()
    }

    /// The date of a key.
    pub(crate) fn date(&self, key: &str, faults: &mut Faults) -> Option<Date> {
        let (line, text) = self.text(key, faults)?;
        date(&text).map_err(|what| faults.add(Some(line), what)).ok()
    }

    /// The truth of a key; `false` when it is absent.
    pub(crate) fn truth(&self, key: &str, faults: &mut Faults) -> bool {
        let Some((line, text)) = self.text(key, faults) else { return false };
        match text.to_lowercase().as_str() {
            "true" | "yes" => true,
            "false" | "no" => false,
            _ => {
                faults.add(Some(line), format!("{key} is {}: write true or false", shown(&text)));
                false
            }
        }
    }

    /// The keys that are dates, with what stands behind them.
    pub(crate) fn dates(&self) -> impl Iterator<Item = &'n (Key, Node)> {
        self.pairs.iter().copied().filter(|(key, _)| is_date(&key.text))
    }
}

/// Whether a key is meant as a date: no other key begins with a digit.
fn is_date(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_digit())
}

/// The nearest known word. None for a word so long that it is no slip of the finger, nor for the many faults of a
/// file that was never one of ours.
pub(crate) fn nearest_of<'a>(word: &str, known: &[&'a str], faults: &Faults) -> Option<&'a str> {
    if word.chars().count() > 40 || faults.0.len() >= HINTS {
        None
    } else {
        nearest(word, known.iter().copied())
    }
}

/// The text of a value, on one line; a fault if it is a list or a mapping, or empty.
pub(crate) fn text_of(node: &Node, what: &str, faults: &mut Faults) -> Option<String> {
    let text = match &node.value {
        Value::Text(text) => one_line(text),
        Value::Nothing => String::new(),
        Value::List(_) | Value::Map(_) => {
            faults.add(Some(node.line), format!("{what} must be one text, not a list or a mapping"));
            return None;
        }
    };
    if text.is_empty() {
        faults.add(Some(node.line), format!("{what} is empty: fill it in, or delete it"));
        return None;
    }
    if text.chars().count() > LONGEST_TEXT {
        faults.add(Some(node.line), format!("{what} is longer than {LONGEST_TEXT} letters: shorten it"));
        return None;
    }
    Some(text)
}

/// A text without line breaks, control characters and the spaces around it.
pub(crate) fn one_line(text: &str) -> String {
    let gap = |letter: char| letter.is_whitespace() || letter.is_control();
    text.split(gap).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A text as a fault shows it: in quotes, and not all of a long one.
pub(crate) fn shown(text: &str) -> String {
    let mut letters = text.chars();
    let mut start: String = letters.by_ref().take(40).collect();
    if letters.next().is_some() {
        start.push('…');
    }
    format!("{start:?}")
}

/// A date as `2026-12-24`, or what is wrong with it.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    let no_date = || format!("{} is no date: write for example 2026-12-24", shown(text));
    let form = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !form {
        return Err(no_date());
    }
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<i16>().ok());
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(5, 7), number(8, 10)) else {
        return Err(no_date());
    };
    if year < 2000 {
        return Err(format!("{text} is long past: write a year from 2000 on"));
    }
    // Both have two digits.
    let (month, day) = (i8::try_from(month).unwrap_or(0), i8::try_from(day).unwrap_or(0));
    Date::new(year, month, day).map_err(|_| match Date::new(year, month, 1) {
        Ok(first) => format!("{text} does not exist: that month has {} days", first.days_in_month()),
        Err(_) => format!("{text} does not exist: months are 01 to 12"),
    })
}

/// Somebody by one word: a Slack id, an e-mail address, or else a name.
pub(crate) fn person(text: &str) -> Result<Who, String> {
    let text = one_line(text);
    if is_slack_id(&text) {
        return Ok(Who { user: Some(UserId::new(&text)), ..Who::default() });
    }
    // A Slack handle, which YAML wants in quotes.
    let handle = text.strip_prefix('@').unwrap_or(&text).trim();
    if handle.contains('@') {
        return email(handle);
    }
    if handle.is_empty() {
        return Err(format!("{} names nobody: write a Slack id, an e-mail address or a name", shown(&text)));
    }
    Ok(Who { name: Some(handle.to_owned()), ..Who::default() })
}

/// Somebody by their Slack id.
pub(crate) fn user(text: &str) -> Result<Who, String> {
    let id = text.to_uppercase();
    let letters = id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !letters || !id.starts_with(['U', 'W']) || id.len() < 3 || id.len() > 30 {
        return Err(format!("{} is no Slack id: write for example U012AB3CD", shown(text)));
    }
    Ok(Who { user: Some(UserId::new(&id)), ..Who::default() })
}

/// Somebody by their e-mail address.
pub(crate) fn email(text: &str) -> Result<Who, String> {
    let whole = text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
    });
    if !whole {
        return Err(format!("{} is no e-mail address: write for example ana@example.com", shown(text)));
    }
    Ok(Who { email: Some(text.to_lowercase()), ..Who::default() })
}

/// Whether a word can only be a Slack id. Names in capitals (`WANG`) have no digit, and few are as long as an id.
fn is_slack_id(text: &str) -> bool {
    let capitals = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let long_enough = if text.bytes().any(|byte| byte.is_ascii_digit()) { 4 } else { 9 };
    text.starts_with(['U', 'W']) && capitals && (long_enough..=30).contains(&text.len())
}
