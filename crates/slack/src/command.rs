//! What somebody typed after `/devoncall`, or wrote to the bot, made into closed enums.

use pagerslack_core::{Question, UserId};
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

/// What can be asked, each in one word.
const WORDS: [&str; 5] = ["top", "position", "why", "status", "help"];
/// A text of more words than this that holds no URL is a report without one, and no misspelt question.
const QUESTION_WORDS: usize = 3;
/// What people put around an address that Slack has not made a link of.
const QUOTES: [char; 7] = ['`', '"', '\'', '“', '”', '‘', '’'];
/// What was not understood is quoted up to so many characters.
const UNKNOWN_LIMIT: usize = 200;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Page somebody.
    Report {
        /// The incident's address, normalised.
        url: String,
        /// What else was typed, as plain text.
        note: String,
        /// Whom to ask first: the one person mentioned.
        first: Option<UserId>,
    },
    /// Answer a question.
    Ask(Question),
    /// Explain the command.
    Help,
    /// Something else; say what to type.
    Mistaken(Mistake),
}

/// Reads the text of the command, with or without Slack's escaping.
///
/// Whatever holds a URL is a report, but for `why` and nothing else beside it: rather page once too often than
/// answer somebody who needs help (P6).
pub fn parse(typed: &str) -> Request {
    let typed = Typed::read(typed);
    let Some(url) = &typed.url else { return typed.without_url() };
    if typed.word(0) == "why" && typed.words.len() == 1 && !typed.mentions_anybody() {
        return match normalised(url) {
            Ok(url) => Request::Ask(Question::Why { url: Some(url) }),
            Err(mistake) => Request::Mistaken(mistake),
        };
    }
    if typed.others || typed.people.len() > 1 || typed.words.iter().any(|word| is_mention(word)) {
        return Request::Mistaken(Mistake::Mention);
    }
    match normalised(url) {
        Ok(url) => Request::Report {
            url,
            note: text::cut(&typed.note.join(" "), NOTE_LIMIT, ESCAPED_NOTE_LIMIT),
            first: typed.people.first().cloned(),
        },
        Err(mistake) => Request::Mistaken(mistake),
    }
}

/// Reads what a machine reports as if somebody had typed it: the address normalised, and the note, cut.
///
/// # Errors
///
/// What is wrong with the address.
pub fn machine_report(url: &str, note: &str) -> Result<(String, String), Mistake> {
    let note = note.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok((normalised(url)?, text::cut(&note, NOTE_LIMIT, ESCAPED_NOTE_LIMIT)))
}

/// Reads a direct message: the same words without the command. Incidents are not reported there.
pub fn parse_direct(text: &str) -> Question {
    let typed = Typed::read(text);
    if let (Some(url), "why") = (&typed.url, typed.word(0).as_str())
        && let Ok(url) = normalised(url)
    {
        return Question::Why { url: Some(url) };
    }
    if typed.url.is_none()
        && let Some(question) = typed.question()
    {
        return question;
    }
    let unknown = typed.plain();
    let unknown = (!unknown.is_empty()).then(|| unknown.chars().take(UNKNOWN_LIMIT).collect());
    Question::Help { unknown }
}

/// Whether a text holds an address.
pub(crate) fn holds_url(text: &str) -> bool {
    Typed::read(text).url.is_some()
}

/// What may have been meant by a short text.
pub(crate) fn nearest_in(text: &str) -> Option<&'static str> {
    let typed = Typed::read(text);
    (typed.words.len() <= QUESTION_WORDS).then(|| nearest(&typed.word(0))).flatten()
}

/// What was typed, taken apart.
#[derive(Default)]
struct Typed {
    /// The first address.
    url: Option<String>,
    /// Bare words, in order.
    words: Vec<String>,
    /// Words and further addresses, in order.
    note: Vec<String>,
    /// The people mentioned, each once.
    people: Vec<UserId>,
    /// Whether a group, a channel or everybody is mentioned.
    others: bool,
}

impl Typed {
    fn read(text: &str) -> Self {
        let mut typed = Self::default();
        for token in text::tokens(text.trim()) {
            match token {
                Token::Link { url, .. } if typed.url.is_none() => typed.url = Some(url),
                Token::Link { url, .. } => typed.note.push(url),
                Token::Text(words) => words.split_whitespace().for_each(|word| typed.bare(word)),
                Token::User(user) if typed.people.contains(&user) => {}
                Token::User(user) => typed.people.push(user),
                Token::Channel(_) | Token::UserGroup(_) | Token::Special(_) => typed.others = true,
            }
        }
        typed
    }

    fn bare(&mut self, word: &str) {
        if self.url.is_none() && word.contains("://") {
            self.url = Some(word.trim_matches(QUOTES).to_owned());
            return;
        }
        self.note.push(word.to_owned());
        if word.contains(char::is_alphanumeric) {
            self.words.push(word.to_owned());
        }
    }

    fn mentions_anybody(&self) -> bool {
        self.others || !self.people.is_empty()
    }

    /// A word in lower case, without the punctuation around it; "" when there are not so many.
    fn word(&self, index: usize) -> String {
        let word = self.words.get(index).map_or("", String::as_str);
        word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase()
    }

    fn plain(&self) -> String {
        let words = self.note.iter().chain(self.url.as_ref());
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The question that these words are. `why me` is what the button says.
    fn question(&self) -> Option<Question> {
        let (first, second) = (self.word(0), self.word(1));
        match (first.as_str(), second.as_str(), self.words.len()) {
            ("", _, 0 | 1) | ("help", _, 1) => Some(Question::Help { unknown: None }),
            ("top", _, 1) => Some(Question::Top),
            ("position", _, 1) => Some(Question::Position),
            ("why", _, 1) | ("why", "me", 2) => Some(Question::Why { url: None }),
            ("status", _, 1) => Some(Question::Status),
            _ => None,
        }
    }

    fn without_url(&self) -> Request {
        if self.mentions_anybody() {
            let one = self.people.len() == 1 && !self.others;
            return Request::Mistaken(if one { Mistake::NoUrl } else { Mistake::Mention });
        }
        match self.question() {
            Some(Question::Help { .. }) => return Request::Help,
            Some(question) => return Request::Ask(question),
            None => {}
        }
        let nearest = nearest(&self.word(0));
        match self.words.len() {
            1 if is_mention(self.words[0].as_str()) => Request::Mistaken(Mistake::Mention),
            1 => Request::Mistaken(Mistake::Unknown { word: self.plain(), nearest }),
            2..=QUESTION_WORDS if nearest.is_some() => {
                Request::Mistaken(Mistake::Unknown { word: self.plain(), nearest })
            }
            _ => Request::Mistaken(Mistake::NoUrl),
        }
    }
}

/// The word that was most likely meant, if one is near: begun with three of its letters, or off by a letter or two.
fn nearest(word: &str) -> Option<&'static str> {
    let letters = word.chars().count();
    let begun = |known: &&&str| letters >= 3 && known.starts_with(word);
    if let Some(known) = WORDS.iter().find(begun) {
        return Some(known);
    }
    let distance = |known: &&str| strsim::osa_distance(word, known);
    let (off, known) = WORDS.iter().map(|known| (distance(known), *known)).min()?;
    (off <= 2 && letters > 1 && (off <= 1 || off * 3 <= letters)).then_some(known)
}

/// `@here` and its like, and `@name`, typed without Slack turning it into a mention.
fn is_mention(word: &str) -> bool {
    word.strip_prefix('@').is_some_and(|name| name.starts_with(|first: char| first.is_alphanumeric()))
}

/// An incident's address as it is kept.
///
/// # Errors
///
/// What is wrong with it.
pub fn normalised(url: &str) -> Result<String, Mistake> {
    let url = Url::parse(url).map_err(|_| Mistake::NotHttp)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(Mistake::NotHttp);
    }
    let url = url.to_string();
    if words::link(&url).chars().count() > URL_LIMIT { Err(Mistake::TooLong) } else { Ok(url) }
}

#[cfg(test)]
mod tests;
