//! What somebody typed after `/devoncall`, made into a closed enum.

use url::Url;

use crate::text::{self, Token};
use crate::words::{self, Mistake};

/// A URL that is longer in a message than this leaves no room for the rest of a page: a section takes 3,000
/// characters, and Slack splits texts of more than about 4,000 into several messages.
/// Sources: <https://docs.slack.dev/reference/block-kit/blocks/section-block>,
/// <https://github.com/slackapi/java-slack-sdk/issues/704>.
const URL_LIMIT: usize = 1800;
/// A note of more characters than this is cut; the incident's page has the rest.
const NOTE_LIMIT: usize = 500;
/// The same, as the note stands in a message: `&` takes five characters there.
const ESCAPED_NOTE_LIMIT: usize = 700;

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
    if words::link(&url).chars().count() > URL_LIMIT { Err(Mistake::TooLong) } else { Ok(url) }
}

fn cut(note: &str) -> String {
    let mut room = ESCAPED_NOTE_LIMIT - 1;
    let fitting = note
        .chars()
        .take_while(|letter| {
            let taken = text::escape(letter.encode_utf8(&mut [0; 4])).chars().count();
            let fits = taken <= room;
            room = room.saturating_sub(taken);
            fits
        })
        .count();
    if fitting == note.chars().count() && fitting <= NOTE_LIMIT {
        note.to_owned()
    } else {
        note.chars().take(fitting.min(NOTE_LIMIT - 1)).chain(['…']).collect()
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

    #[test]
    fn what_is_long_only_once_escaped_is_cut_too() {
        let Request::Report { note, .. } = parse(&format!("https://i.example {}", "&amp;".repeat(400)))
        else {
            panic!("a report")
        };
        assert_eq!(note, format!("{}…", "&".repeat(139)));
        let url = format!("https://i.example/?{}", "&amp;".repeat(400));
        assert_eq!(parse(&url), Request::Mistaken(Mistake::TooLong));
    }
}
