//! Slack's markup in text: reading what people typed, and making people's text safe to show.
//!
//! Invariant: text that went through [`escape`] can neither mention anyone nor make a link, and
//! `unescape(escape(text)) == text`. Source: docs.slack.dev/messaging/formatting-message-text. Nothing here
//! knows the sentences the bot says.

use pagerslack_core::ids::{ChannelId, MessageRef, UserGroupId, UserId};

/// The address of a message, as Slack itself makes it; for a channel's root messages. Asking Slack for it
/// (chat.getPermalink) costs a round trip that an answer within three seconds may not have.
pub fn permalink(team_domain: &str, message: &MessageRef) -> String {
    let domain = if team_domain.is_empty() { "app".to_owned() } else { team_domain.to_owned() };
    format!(
        "https://{domain}.slack.com/archives/{}/p{}",
        message.channel,
        message.ts.as_str().replace('.', "")
    )
}

/// A piece of a text that Slack sent (with `should_escape`, or a message).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Plain words, unescaped.
    Text(String),
    /// `<https://…>` or `<https://…|label>`.
    Link {
        /// The address, unescaped.
        url: String,
        /// What is shown in its place.
        label: Option<String>,
    },
    /// `<@U…>` or `<@U…|name>`.
    User(UserId),
    /// `<#C…>`, `<#C…|name>` or, for a private channel, `<#C…|>`.
    Channel(ChannelId),
    /// `<!subteam^S…>` or `<!subteam^S…|@handle>`.
    UserGroup(UserGroupId),
    /// `<!here>`, `<!channel>`, `<!everyone>`, `<!date^…>`: what stands after the `!`, without its label.
    Special(String),
}

/// Makes people's text harmless inside a message: `&`, `<` and `>`, and only those, are escaped.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Undoes [`escape`]. Any other entity is left as it stands, for Slack makes no other.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (character, after) = [("amp;", '&'), ("lt;", '<'), ("gt;", '>')]
            .iter()
            .find_map(|(entity, character)| Some((*character, after.strip_prefix(entity)?)))
            .unwrap_or(('&', after));
        plain.push(character);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// At most `letters` characters of a text, and at most `escaped` once [`escape`]d, as `&` takes five there.
pub(crate) fn cut(text: &str, letters: usize, escaped: usize) -> String {
    let mut room = escaped.saturating_sub(1);
    let fitting = text
        .chars()
        .take_while(|letter| {
            let taken = escape(letter.encode_utf8(&mut [0; 4])).chars().count();
            let fits = taken <= room;
            room = room.saturating_sub(taken);
            fits
        })
        .count();
    if fitting == text.chars().count() && fitting <= letters {
        text.to_owned()
    } else {
        text.chars().take(fitting.min(letters.saturating_sub(1))).chain(['…']).collect()
    }
}

/// Reads one `<…>` of Slack's, the angle brackets included. `None` when it is not one.
pub fn parse_link(markup: &str) -> Option<Token> {
    parse_inside(markup.strip_prefix('<')?.strip_suffix('>')?)
}

/// Cuts a text into plain words and Slack's `<…>` forms. A `<` that opens nothing is plain text.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        // Only up to the next `<`, which no form holds: looking further from each of them takes for ever.
        let inside = after.find(['<', '>']).and_then(|end| after.split_at_checked(end));
        let markup = inside
            .and_then(|(inside, rest)| Some((inside, rest.strip_prefix('>')?)))
            .and_then(|(inside, after)| Some((parse_inside(inside)?, after)));
        match markup {
            Some((token, after)) => {
                push_text(&mut tokens, &plain);
                plain.clear();
                tokens.push(token);
                rest = after;
            }
            None => {
                plain.push('<');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    push_text(&mut tokens, &plain);
    tokens
}

fn push_text(tokens: &mut Vec<Token>, plain: &str) {
    if !plain.is_empty() {
        tokens.push(Token::Text(unescape(plain)));
    }
}

fn parse_inside(inside: &str) -> Option<Token> {
    if inside.contains(['<', '>']) {
        return None;
    }
    let (target, label) = match inside.split_once('|') {
        Some((target, label)) => (target, Some(label)),
        None => (inside, None),
    };
    let id = |id: &str| {
        (!id.is_empty() && id.chars().all(|character| character.is_ascii_alphanumeric()))
            .then(|| id.to_owned())
    };
    if let Some(user) = target.strip_prefix('@') {
        return id(user).map(|user| Token::User(UserId::new(user)));
    }
    if let Some(channel) = target.strip_prefix('#') {
        return id(channel).map(|channel| Token::Channel(ChannelId::new(channel)));
    }
    if let Some(group) = target.strip_prefix("!subteam^") {
        return id(group).map(|group| Token::UserGroup(UserGroupId::new(group)));
    }
    if let Some(special) = target.strip_prefix('!') {
        return (!special.is_empty()).then(|| Token::Special(unescape(special)));
    }
    if target.is_empty() || target.contains(char::is_whitespace) || !target.contains(':') {
        return None;
    }
    let label = label.filter(|label| !label.is_empty()).map(unescape);
    Some(Token::Link { url: unescape(target), label })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(url: &str, label: Option<&str>) -> Token {
        Token::Link { url: url.into(), label: label.map(Into::into) }
    }

    #[test]
    fn escaping_there_and_back_changes_nothing() {
        for text in ["", "a & b", "<!channel> & <@U1>", "&amp;lt;", "R&D; caffè 👀", "&#38; &quot;"] {
            assert_eq!(unescape(&escape(text)), text);
            assert_eq!(
                tokens(&escape(text)),
                if text.is_empty() { vec![] } else { vec![Token::Text(text.into())] }
            );
        }
    }

    #[test]
    fn a_slash_command_is_read_as_people_meant_it() {
        assert_eq!(
            tokens(
                "<https://gitlab.com/a?b=1&amp;c=2|the issue> db &lt;down&gt; cc <@U1|ann> <#C1|> <!subteam^S1|@sre> <!here>"
            ),
            vec![
                link("https://gitlab.com/a?b=1&c=2", Some("the issue")),
                Token::Text(" db <down> cc ".into()),
                Token::User("U1".into()),
                Token::Text(" ".into()),
                Token::Channel("C1".into()),
                Token::Text(" ".into()),
                Token::UserGroup("S1".into()),
                Token::Text(" ".into()),
                Token::Special("here".into()),
            ]
        );
    }

    #[test]
    fn one_form_at_a_time() {
        assert_eq!(parse_link("<https://x>"), Some(link("https://x", None)));
        assert_eq!(parse_link("<mailto:a@b.c|a@b.c>"), Some(link("mailto:a@b.c", Some("a@b.c"))));
        assert_eq!(parse_link("<!date^1^{date}|then>"), Some(Token::Special("date^1^{date}".into())));
        for nothing in
            ["", "<>", "https://x", "<@>", "<#|x>", "<!>", "<a b>", "<plain>", "<@U1", "<<@U1>>", "<@U-1>"]
        {
            assert_eq!(parse_link(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_lonely_bracket_is_text() {
        assert_eq!(tokens("1 < 2 <@U1>"), vec![Token::Text("1 < 2 ".into()), Token::User("U1".into())]);
        assert_eq!(tokens("a <b"), vec![Token::Text("a <b".into())]);
        // A quarter of a megabyte, as much as a request may have, took seconds once.
        let many = "<".repeat(2_000_000);
        assert_eq!(tokens(&many), vec![Token::Text(many)]);
    }
}
