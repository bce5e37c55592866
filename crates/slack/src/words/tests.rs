//! Every sentence the bot says, to be read in one place (`tests/snapshots/`), and what holds of all of them.

mod answers;
mod channel;
mod forgery;
mod machine;
mod people;
mod promises;
mod replies;
mod story;
mod verdicts;

use std::fmt::Write;

use serde_json::Value;

use super::Said;
use story::Texts;

/// A message, with when it is said.
type Sentence = (&'static str, Said);

/// Every message there is.
fn everything(texts: &Texts<'_>) -> Vec<Sentence> {
    [channel::all(texts), people::all(texts), replies::all(texts), answers::all(texts)].concat()
}

/// What may say nothing says something here.
fn said(sentences: Vec<(&'static str, Option<Said>)>) -> Vec<Sentence> {
    let said = |(when, said): (&'static str, Option<Said>)| {
        (when, said.unwrap_or_else(|| panic!("nothing is said: {when}")))
    };
    sentences.into_iter().map(said).collect()
}

/// The messages to be read by people: the text, and the blocks where they are more than the text.
fn shown(sentences: &[Sentence]) -> String {
    let mut all = String::new();
    for (when, said) in sentences {
        writeln!(all, "## {when}\n{}\n", said.text).unwrap();
        let parts = texts(&said.blocks);
        let joined = parts.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
        // Blocks that only repeat the text, paragraph by paragraph, need no second look.
        if parts.iter().any(|(kind, _)| *kind == "actions") || joined != said.text {
            for (kind, text) in parts {
                writeln!(all, "    [{kind}] {}", text.replace('\n', "\n        ")).unwrap();
            }
            all.push('\n');
        }
    }
    all
}

/// The texts within blocks, with their kind.
fn texts(blocks: &Value) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    for block in blocks.as_array().unwrap() {
        let kind = block["type"].as_str().unwrap();
        let text = |text: &Value| text["text"].as_str().unwrap().to_owned();
        match kind {
            "section" => found.push((kind, text(&block["text"]))),
            "context" => {
                found.extend(block["elements"].as_array().unwrap().iter().map(|it| (kind, text(it))))
            }
            "actions" => {
                for button in block["elements"].as_array().unwrap() {
                    found.push((kind, text(&button["text"])));
                    if let Some(confirm) = button.get("confirm") {
                        let parts = ["title", "text", "confirm", "deny"].map(|part| text(&confirm[part]));
                        found.push(("confirm", parts.join(" / ")));
                    }
                }
            }
            other => panic!("a block nobody checks here: {other}"),
        }
    }
    found
}
