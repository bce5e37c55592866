//! Statuses that mean away.

use jiff::Timestamp;

use crate::availability::Status;

/// Which statuses mean that somebody is not to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwayStatuses {
    /// Emoji by their Slack names, without colons and in lower case.
    pub emoji: Vec<String>,
    /// Words that a status's text may contain, in lower case.
    pub text: Vec<String>,
}

impl AwayStatuses {
    /// The usual: what Slack itself proposes for holidays and sick leave, and what people write.
    pub fn usual() -> Self {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            emoji: owned(&[
                "palm_tree",
                "face_with_thermometer",
                "ambulance",
                "hospital",
                "beach_with_umbrella",
                "desert_island",
                "baby",
            ]),
            text: owned(&[
                "out of office",
                "ooo",
                "vacation",
                "vacationing",
                "on holiday",
                "on holidays",
                "annual leave",
                "parental leave",
                "sick",
                "out sick",
                "on leave",
                "pto",
            ]),
        }
    }

    /// Whether a status means away at `now`.
    pub fn mean_away(&self, status: &Status, now: Timestamp) -> bool {
        if status.until.is_some_and(|until| until <= now) {
            return false;
        }
        // `:wave::skin-tone-2:` is `:wave:`.
        let emoji = status.emoji.trim_matches(':').split("::").next().unwrap_or_default();
        if !emoji.is_empty() && self.emoji.iter().any(|known| known.eq_ignore_ascii_case(emoji)) {
            return true;
        }
        let text = status.text.to_lowercase();
        !text.is_empty() && self.text.iter().any(|phrase| contains_phrase(&text, phrase))
    }
}

/// Whether `text` contains `phrase` as whole words: "pto" is not in "laptop".
fn contains_phrase(text: &str, phrase: &str) -> bool {
    let boundary = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    !phrase.is_empty()
        && text.match_indices(phrase).any(|(at, found)| {
            boundary(text[..at].chars().next_back()) && boundary(text[at + found.len()..].chars().next())
        })
}

/// A status as it is told: its emoji and its text.
pub(super) fn told(status: &Status) -> String {
    [status.emoji.as_str(), status.text.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
