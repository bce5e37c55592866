//! What somebody typed after `/devoncall`, made into a closed enum.

use url::Url;

use crate::text::{self, Token};
use crate::words::Mistake;

/// A URL longer than this does not fit a page. Slack splits texts of more than about 4,000 characters into
/// several messages. Source: <https://github.com/slackapi/java-slack-sdk/issues/704>.
const URL_LIMIT: usize = 2000;
/// A note longer than this is cut; the incident's page has the rest.
const NOTE_LIMIT: usize = 500;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Page somebody.
    Report {
        /// The incident's address, normalised.
        url: String,
        /// What else was typed, as plain text.
        note: String,
    },
    /// Explain the command.
    Help,
    /// Something else; say what to type.
    Mistaken(Mistake),
}

/// Reads the text of the command, with or without Slack's escaping.
pub fn parse(typed: &str) -> Request {
    let typed = typed.trim();
    if typed.is_empty() || typed.eq_ignore_ascii_case("help") {
        return Request::Help;
    }
    let mut url = None;
    let mut note = Vec::new();
    let mut bare = Vec::new();
    for token in text::tokens(typed) {
        match token {
            Token::Link { url: found, .. } if url.is_none() => url = Some(found),
            Token::Link { url: found, .. } => note.push(found),
            Token::Text(words) => {
                for word in words.split_whitespace() {
                    if url.is_none() && word.contains("://") {
                        url = Some(word.to_owned());
                    } else {
                        bare.push(word.to_owned());
                        note.push(word.to_owned());
                    }
                }
            }
            Token::User(_) | Token::Channel(_) | Token::UserGroup(_) | Token::Special(_) => {
                return Request::Mistaken(Mistake::Mention);
            }
        }
    }
    let Some(url) = url else { return Request::Mistaken(Mistake::NoUrl) };
    if bare.iter().any(|word| is_mention(word)) {
        return Request::Mistaken(Mistake::Mention);
    }
    match normalised(&url) {
        Ok(url) => Request::Report { url, note: cut(&note.join(" ")) },
        Err(mistake) => Request::Mistaken(mistake),
    }
}

/// `@here` and its like, and `@name`, typed without Slack turning it into a mention.
fn is_mention(word: &str) -> bool {
    word.strip_prefix('@').is_some_and(|name| name.starts_with(|first: char| first.is_alphanumeric()))
}

fn normalised(url: &str) -> Result<String, Mistake> {
    let url = Url::parse(url).map_err(|_| Mistake::NotHttp)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(Mistake::NotHttp);
    }
    let url = url.to_string();
    if url.len() > URL_LIMIT { Err(Mistake::TooLong) } else { Ok(url) }
}

fn cut(note: &str) -> String {
    if note.chars().count() <= NOTE_LIMIT {
        note.to_owned()
    } else {
        note.chars().take(NOTE_LIMIT - 1).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(url: &str, note: &str) -> Request {
        Request::Report { url: url.into(), note: note.into() }
    }

    #[test]
    fn a_url_with_or_without_slacks_brackets_is_a_report() {
        assert_eq!(parse("https://i.example/1"), report("https://i.example/1", ""));
        assert_eq!(parse("<https://i.example/1>"), report("https://i.example/1", ""));
        assert_eq!(
            parse(" <https://i.example/1|i.example/1>  db  is down "),
            report("https://i.example/1", "db is down")
        );
        assert_eq!(parse("db is down HTTP://I.example"), report("http://i.example/", "db is down"));
        assert_eq!(parse("<https://i.example/?a=1&amp;b=2>"), report("https://i.example/?a=1&b=2", ""));
    }

    #[test]
    fn nothing_and_help_are_a_call_for_help() {
        for typed in ["", "  ", "help", "HELP", "Help "] {
            assert_eq!(parse(typed), Request::Help);
        }
    }

    #[test]
    fn everything_else_is_told_what_to_type() {
        assert_eq!(parse("the database is down"), Request::Mistaken(Mistake::NoUrl));
        assert_eq!(parse("ftp://i.example"), Request::Mistaken(Mistake::NotHttp));
        assert_eq!(parse("javascript://alert"), Request::Mistaken(Mistake::NotHttp));
        assert_eq!(parse("https://"), Request::Mistaken(Mistake::NotHttp));
        assert_eq!(parse("<mailto:a@b.example|a@b.example>"), Request::Mistaken(Mistake::NotHttp));
        assert_eq!(
            parse(&format!("https://i.example/{}", "a".repeat(3000))),
            Request::Mistaken(Mistake::TooLong)
        );
        for mention in ["<@U1>", "<!here>", "<#C1|x>", "<!subteam^S1|@eng>", "@here", "@ana"] {
            let typed = format!("{mention} https://i.example/1");
            assert_eq!(parse(&typed), Request::Mistaken(Mistake::Mention), "{typed}");
        }
    }

    #[test]
    fn a_long_note_is_cut_at_a_letter() {
        let Request::Report { note, .. } = parse(&format!("https://i.example {}", "ü".repeat(900))) else {
            panic!("a report")
        };
        assert_eq!(note.chars().count(), NOTE_LIMIT);
    }
}
