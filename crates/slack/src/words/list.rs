//! Answers that may be longer than a message: what fits is said, and the rest is counted.
//!
//! Invariant: never more than Slack takes without splitting or refusing it, whatever it is made of.

use serde_json::{Value, json};

use super::{SECTION_LIMIT, Said, section};

/// Slack splits texts of more than about 4,000 characters into several messages.
/// Source: <https://github.com/slackapi/java-slack-sdk/issues/704>.
const TEXT_LIMIT: usize = 3_900;
/// Slack takes 50 blocks; beyond this many paragraphs they share blocks.
const PARAGRAPHS_APART: usize = 20;
/// No message has room for more lines of one paragraph.
pub(super) const MOST_LINES: usize = 100;

/// The same thing said at length and in short.
pub(super) struct Line {
    full: String,
    short: String,
}

impl Line {
    pub(super) fn new(full: String, short: String) -> Self {
        Self { full, short }
    }

    /// What cannot be said any shorter.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { short: text.clone(), full: text }
    }
}

/// A heading and what stands under it.
pub(super) struct Paragraph<'a> {
    heading: Line,
    lines: Vec<Line>,
    /// How many things there are, of which the lines are the first.
    count: usize,
    /// What is said instead of all things after the first so many.
    rest: Box<dyn Fn(usize) -> String + 'a>,
}

impl<'a> Paragraph<'a> {
    /// A heading alone.
    pub(super) fn heading(heading: Line) -> Self {
        Self { heading, lines: Vec::new(), count: 0, rest: Box::new(|_| String::new()) }
    }

    /// A heading over `count` things.
    pub(super) fn over(
        heading: Line,
        count: usize,
        lines: impl Iterator<Item = Line>,
        rest: impl Fn(usize) -> String + 'a,
    ) -> Self {
        Self { heading, lines: lines.take(MOST_LINES).collect(), count, rest: Box::new(rest) }
    }

    fn text(&self, short: bool, most: usize) -> String {
        let form = |line: &Line| if short { line.short.clone() } else { line.full.clone() };
        let kept = self.lines.len().min(most);
        let mut lines = vec![form(&self.heading)];
        lines.extend(self.lines.iter().take(kept).map(form));
        if kept < self.count {
            lines.push((self.rest)(kept));
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }
}

/// All of it, if it fits; else in short; else each paragraph cut to as many lines as fit, `least` at least; else the
/// first paragraphs, and `more` of the others.
pub(super) fn listed(paragraphs: &[Paragraph<'_>], least: usize, more: impl Fn(usize) -> String) -> Said {
    let longest = paragraphs.iter().map(|paragraph| paragraph.lines.len()).max().unwrap_or(0);
    let all = |short, most| paragraphs.iter().map(|it| it.text(short, most)).collect::<Vec<_>>();
    let whole = [false, true].into_iter().map(|short| all(short, longest)).find(|texts| fits(texts));
    let texts = whole.or_else(|| most_that_fits(least, longest, |most| all(true, most)));
    let texts = texts.unwrap_or_else(|| first_of(all(true, least), more));
    Said { blocks: blocks(&texts), text: texts.join("\n") }
}

/// With as many lines of each as fit, found by halving: counting out thousands of people takes its time.
fn most_that_fits(
    mut least: usize,
    mut most: usize,
    with: impl Fn(usize) -> Vec<String>,
) -> Option<Vec<String>> {
    let mut found = None;
    while least <= most {
        let middle = least + (most - least) / 2;
        let texts = with(middle);
        if fits(&texts) {
            found = Some(texts);
            least = middle + 1;
        } else {
            most = middle.checked_sub(1)?;
        }
    }
    found
}

fn first_of(mut texts: Vec<String>, more: impl Fn(usize) -> String) -> Vec<String> {
    let total = texts.len();
    for kept in (0..total).rev() {
        texts.truncate(kept);
        texts.push(more(total - kept));
        if fits(&texts) {
            break;
        }
    }
    texts
}

fn fits(texts: &[String]) -> bool {
    texts.iter().map(|text| text.chars().count() + 1).sum::<usize>() <= TEXT_LIMIT
}

fn blocks(texts: &[String]) -> Value {
    let joined = texts.join("\n");
    let parts: Vec<&str> = if texts.len() > PARAGRAPHS_APART {
        vec![&joined]
    } else {
        texts.iter().map(String::as_str).collect()
    };
    json!(parts.into_iter().flat_map(pieces).map(|piece| section(&piece)).collect::<Vec<_>>())
}

/// A text in pieces that a section takes, cut between lines.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut room = 0;
    for line in text.lines() {
        let length = line.chars().count() + 1;
        match pieces.last_mut() {
            Some(piece) if length <= room => {
                piece.push('\n');
                piece.push_str(line);
                room -= length;
            }
            _ => {
                pieces.push(line.to_owned());
                room = SECTION_LIMIT.saturating_sub(length);
            }
        }
    }
    pieces
}
