//! `exclusions.yml`: people who are not asked for a while, or at all.
//!
//! `examples/exclusions.yml` shows every form. One list, or the list under `exclusions:`.

use std::collections::HashMap;

use jiff::civil::Date;
use pagerslack_core::roster::{Exclusion, Who};

use crate::Faults;
use crate::yaml::{self, Fields, Key, MOST, Node, Value, shown, text_of};

const KEYS: [&str; 7] = ["id", "email", "name", "person", "from", "until", "reason"];

/// The people of a file. One person may stand there several times, with different dates.
///
/// # Errors
/// All faults of the text.
pub fn parse(text: &str) -> Result<Vec<Exclusion>, Faults> {
    let mut faults = Faults::default();
    let mut found: Vec<(usize, Exclusion)> = Vec::new();
    let root = yaml::read(text, &mut faults);
    let entries = root.as_ref().map_or(&[][..], |root| entries(root, &mut faults));
    if entries.len() > MOST {
        faults.add(None, format!("the file has {} entries: keep it to {MOST}", entries.len()));
        return faults.or(Vec::new());
    }
    for node in entries {
        let before = faults.0.len();
        let exclusion = match &node.value {
            Value::Map(pairs) => entry(node.line, pairs, &mut faults),
            Value::List(_) => {
                faults.add(Some(node.line), "a list within the list: write one list");
                None
            }
            Value::Text(_) | Value::Nothing => person(node, &mut faults).map(always),
        };
        found.extend(exclusion.filter(|_| faults.0.len() == before).map(|exclusion| (node.line, exclusion)));
    }
    doubled(&found, &mut faults);
    faults.or(found.into_iter().map(|(_, exclusion)| exclusion).collect())
}

/// The entries of a file: its list, or the one under `exclusions`.
fn entries<'n>(root: &'n Node, faults: &mut Faults) -> &'n [Node] {
    let list = match &root.value {
        Value::Map(pairs) => {
            let Some(node) = Fields::of(pairs, &["exclusions"], faults).get("exclusions") else { return &[] };
            node
        }
        _ => root,
    };
    match &list.value {
        Value::List(nodes) => nodes,
        Value::Nothing => &[],
        Value::Text(_) | Value::Map(_) => {
            faults.add(Some(list.line), "write a list: begin each entry with \"- \"");
            &[]
        }
    }
}

fn always(who: Who) -> Exclusion {
    Exclusion { who, from: None, until: None, reason: None }
}

/// An entry of one word.
fn person(node: &Node, faults: &mut Faults) -> Option<Who> {
    let text = text_of(node, "this entry", faults)?;
    yaml::person(&text).map_err(|what| faults.add(Some(node.line), what)).ok()
}

/// An entry with keys, or with a reason behind the person: `- ana@example.com: parental leave`.
fn entry(line: usize, pairs: &[(Key, Node)], faults: &mut Faults) -> Option<Exclusion> {
    if let [(key, node)] = pairs
        && let Ok(who @ (Who { user: Some(_), .. } | Who { email: Some(_), .. })) = yaml::person(&key.text)
    {
        let reason = match node.value {
            Value::Nothing => None,
            _ => text_of(node, "reason", faults),
        };
        return Some(Exclusion { reason, ..always(who) });
    }
    let fields = Fields::of(pairs, &KEYS, faults);
    let who = who(line, &fields, faults);
    let (from, until) = (fields.date("from", faults), fields.date("until", faults));
    if let (Some(from), Some(until), Some(line)) = (from, until, fields.line("until"))
        && until < from
    {
        faults.add(Some(line), format!("until ({until}) is before from ({from}): swap them"));
    }
    Some(Exclusion { who: who?, from, until, reason: fields.note("reason", faults) })
}

/// Whom the keys name. Several may, and then must all be that person's.
fn who(line: usize, fields: &Fields<'_>, faults: &mut Faults) -> Option<Who> {
    let mut who = Who::default();
    type Read = fn(&str) -> Result<Who, String>;
    let name: Read = |text| Ok(Who { name: Some(text.to_owned()), ..Who::default() });
    let keys: [(&str, Read); 4] =
        [("id", yaml::user), ("email", yaml::email), ("name", name), ("person", yaml::person)];
    let mut given = false;
    for (key, read) in keys {
        given |= fields.line(key).is_some();
        let Some((line, text)) = fields.text(key, faults) else { continue };
        match read(&text) {
            Ok(_) if key == "person" && who != Who::default() => {
                faults.add(Some(line), "write either person, or id, email and name");
            }
            Ok(one) => {
                who.user = who.user.or(one.user);
                who.email = who.email.or(one.email);
                who.name = who.name.or(one.name);
            }
            Err(what) => faults.add(Some(line), what),
        }
    }
    if !given {
        faults.add(Some(line), "an entry without a person: write id, email or name");
    }
    (who != Who::default()).then_some(who)
}

/// The same person with the same dates, twice: one of them was meant for somebody else, or for other dates.
fn doubled(found: &[(usize, Exclusion)], faults: &mut Faults) {
    type Dates = (Option<Date>, Option<Date>);
    let mut seen: HashMap<(String, Dates), usize> = HashMap::new();
    for (line, Exclusion { who, from, until, .. }) in found {
        let name = who.name.as_ref().map(|name| name.to_lowercase());
        let key = format!("{:?} {:?} {name:?}", who.user, who.email);
        let first = *seen.entry((key, (*from, *until))).or_insert(*line);
        if first != *line {
            let user = who.user.as_ref().map(|user| user.as_str());
            let shown = shown(user.or(who.email.as_deref()).or(who.name.as_deref()).unwrap_or_default());
            let what =
                format!("{shown} stands here twice with the same dates, first on line {first}: keep one");
            faults.add(Some(*line), what);
        }
    }
}

#[cfg(test)]
mod tests;
