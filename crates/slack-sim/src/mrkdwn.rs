//! Slack's text markup: who is mentioned, what a command's text becomes, how a message reads in plain text.

use serde_json::Value;

use crate::model::{Mention, User, UserGroup};

/// Escapes the three characters that Slack's markup reserves.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Undoes [`escape`].
#[must_use]
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Everybody whom this text and these blocks mention, once each, in order.
#[must_use]
pub fn mentions(text: &str, blocks: &[Value]) -> Vec<Mention> {
    let mut found = Vec::new();
    mentions_in(text, &mut found);
    for block in blocks {
        mentions_in_block(block, &mut found);
    }
    found
}

fn mentions_in_block(value: &Value, found: &mut Vec<Mention>) {
    match value {
        Value::Object(fields) if fields.get("type").and_then(Value::as_str) == Some("mrkdwn") => {
            if let Some(text) = fields.get("text").and_then(Value::as_str) {
                mentions_in(text, found);
            }
        }
        Value::Object(fields) => fields.values().for_each(|inner| mentions_in_block(inner, found)),
        Value::Array(items) => items.iter().for_each(|inner| mentions_in_block(inner, found)),
        _ => {}
    }
}

fn mentions_in(text: &str, found: &mut Vec<Mention>) {
    for (inner, _) in tags(text) {
        let target = inner.split('|').next().unwrap_or(inner);
        let mention = match target {
            "!here" => Mention::Here,
            "!channel" => Mention::Channel,
            "!everyone" => Mention::Everyone,
            _ if target.starts_with('@') => Mention::User(target[1..].to_owned()),
            _ if target.starts_with("!subteam^") => Mention::Group(target[9..].to_owned()),
            _ => continue,
        };
        if !found.contains(&mention) {
            found.push(mention);
        }
    }
}

/// The `<…>` tags of a text, each with the byte range it takes.
fn tags(text: &str) -> Vec<(&str, std::ops::Range<usize>)> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find('<').map(|at| from + at) {
        let Some(close) = text[open..].find('>').map(|at| open + at) else {
            break;
        };
        all.push((&text[open + 1..close], open..close + 1));
        from = close + 1;
    }
    all
}

/// Names behind ids, for reading and for typing.
pub(crate) trait Names {
    fn user(&self, id: &str) -> Option<&User>;
    fn user_named(&self, name: &str) -> Option<&User>;
    fn group(&self, id: &str) -> Option<&UserGroup>;
    fn group_named(&self, handle: &str) -> Option<&UserGroup>;
    /// Name of a channel.
    fn channel_name(&self, id: &str) -> Option<&str>;
    /// Id of a channel, and whether its name may be shown.
    fn channel_named(&self, name: &str) -> Option<(&str, bool)>;
}

/// How a person's mention is written once it has been picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `<@U…>`, as messages have it.
    Bare,
    /// `<@U…|name>`, as commands have it.
    Labelled,
}

/// What a person typed, as a message or a command with `should_escape` carries it: `@name` and `#name` are as good as
/// picked from the client's list.
pub(crate) fn escape_typed(names: &dyn Names, typed: &str, style: Style) -> String {
    each_word(typed, |word| escape_word(names, word, style))
}

/// Only picks: every `@name` of a person becomes a mention with its label; everything else stays as typed.
pub(crate) fn pick(names: &dyn Names, typed: &str) -> String {
    each_word(typed, |word| {
        let (name, rest) = split_name(word.strip_prefix('@').unwrap_or_default());
        match names.user_named(name).filter(|_| word.starts_with('@')) {
            Some(user) => format!("{}{rest}", mention(user, Style::Labelled)),
            None => word.to_owned(),
        }
    })
}

/// Changes every word and keeps the space between them.
fn each_word(typed: &str, mut change: impl FnMut(&str) -> String) -> String {
    let mut out = String::new();
    for piece in typed.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        out.push_str(&change(word));
        out.push_str(&piece[word.len()..]);
    }
    out
}

/// A name and the punctuation after it.
fn split_name(text: &str) -> (&str, &str) {
    text.split_at(text.trim_end_matches([',', '.', ';', ':', '!', '?', ')']).len())
}

fn mention(user: &User, style: Style) -> String {
    match style {
        Style::Bare => format!("<@{}>", user.id),
        Style::Labelled => format!("<@{}|{}>", user.id, user.name),
    }
}

/// Somebody who is picked already, as [`pick`] writes it: the person and what follows. Without the right label it is
/// only text that looks like a mention, and mentions nobody.
fn picked<'a, 'b>(names: &'a dyn Names, word: &'b str) -> Option<(&'a User, &'b str)> {
    let (inner, rest) = word.strip_prefix("<@")?.split_once('>')?;
    let (id, label) = inner.split_once('|')?;
    names.user(id).filter(|user| user.name == label).map(|user| (user, rest))
}

fn escape_word(names: &dyn Names, word: &str, style: Style) -> String {
    if word.starts_with("https://") || word.starts_with("http://") {
        return format!("<{}>", word.replace('&', "&amp;"));
    }
    if let Some((user, rest)) = picked(names, word) {
        return format!("{}{}", mention(user, style), escape(rest));
    }
    let Some(sigil @ ('@' | '#')) = word.chars().next() else {
        return escape(word);
    };
    let (name, rest) = split_name(&word[1..]);
    let rest = escape(rest);
    if sigil == '#' {
        return match names.channel_named(name) {
            Some((id, true)) => format!("<#{id}|{name}>{rest}"),
            Some((id, false)) => format!("<#{id}|>{rest}"),
            None => escape(word),
        };
    }
    match (name, names.user_named(name), names.group_named(name)) {
        ("here" | "channel" | "everyone", _, _) => format!("<!{name}>{rest}"),
        (_, Some(user), _) => format!("{}{rest}", mention(user, style)),
        (_, None, Some(group)) => format!("<!subteam^{}|@{}>{rest}", group.id, group.handle),
        _ => escape(word),
    }
}

/// A message's text as a person reads it.
pub(crate) fn plain(names: &dyn Names, text: &str) -> String {
    let mut out = String::new();
    let mut from = 0;
    for (inner, range) in tags(text) {
        out.push_str(&unescape(&text[from..range.start]));
        out.push_str(&plain_tag(names, inner));
        from = range.end;
    }
    out.push_str(&unescape(&text[from..]));
    out
}

fn plain_tag(names: &dyn Names, inner: &str) -> String {
    let (target, label) =
        inner.split_once('|').map_or((inner, None), |(target, label)| (target, Some(label)));
    if let Some(id) = target.strip_prefix('@') {
        return format!("@{}", names.user(id).map_or(id, |user| &user.name));
    }
    if let Some(id) = target.strip_prefix('#') {
        return format!("#{}", names.channel_name(id).or(label).unwrap_or(id));
    }
    if let Some(id) = target.strip_prefix("!subteam^") {
        return format!("@{}", names.group(id).map_or(id, |group| &group.handle));
    }
    if let Some(word) = target.strip_prefix('!') {
        return label.map_or_else(|| format!("@{word}"), unescape);
    }
    let address = unescape(target);
    match label {
        Some(label) if label != target => format!("{} ({address})", unescape(label)),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mentions_come_from_text_and_blocks_once_each() {
        let blocks =
            [json!({"type":"section","text":{"type":"mrkdwn","text":"<@U1> and <!here> &lt;@U9&gt;"}})];
        assert_eq!(
            mentions("<@U1|ana> <!subteam^S1|@managers>", &blocks),
            [Mention::User("U1".into()), Mention::Group("S1".into()), Mention::Here]
        );
    }

    #[test]
    fn plain_text_in_blocks_mentions_nobody() {
        let blocks = [json!({"type":"section","text":{"type":"plain_text","text":"<@U1>"}})];
        assert_eq!(mentions("", &blocks), []);
    }
}
