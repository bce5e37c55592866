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

/// What a person typed, as a command with `should_escape` receives it.
pub(crate) fn escape_typed(names: &dyn Names, typed: &str) -> String {
    let mut out = String::new();
    for piece in typed.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        out.push_str(&escape_word(names, word));
        out.push_str(&piece[word.len()..]);
    }
    out
}

fn escape_word(names: &dyn Names, word: &str) -> String {
    if word.starts_with("https://") || word.starts_with("http://") {
        return format!("<{}>", word.replace('&', "&amp;"));
    }
    let Some(sigil @ ('@' | '#')) = word.chars().next() else {
        return escape(word);
    };
    let name = word[1..].trim_end_matches([',', '.', ';', ':', '!', '?']);
    let rest = escape(&word[1 + name.len()..]);
    if sigil == '#' {
        return match names.channel_named(name) {
            Some((id, true)) => format!("<#{id}|{name}>{rest}"),
            Some((id, false)) => format!("<#{id}|>{rest}"),
            None => escape(word),
        };
    }
    match (name, names.user_named(name), names.group_named(name)) {
        ("here" | "channel" | "everyone", _, _) => format!("<!{name}>{rest}"),
        (_, Some(user), _) => format!("<@{}>{rest}", user.id),
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
