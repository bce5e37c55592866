//! `cargo xtask tidy`: the house rules that no other tool knows, in the spirit of rust-analyzer's.
//!
//! A rule is a pure function from a file to its faults, with a unit test that shows it fail. Only [`files`] and
//! [`run`] touch the disk.

mod arrows;
mod edges;
pub(crate) mod files;
mod leftovers;
mod links;
mod lints;
mod messages;
mod shape;
mod source;
mod workplace;

use std::fmt;
use std::path::Path;

use anyhow::bail;

use crate::terminal::say;

/// A fault: where it is, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    path: String,
    line: usize,
    message: String,
}

impl Fault {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// From a file's path (from the root, with `/`) and text to its faults.
type Rule = fn(&str, &str) -> Vec<Fault>;

const RULES: &[Rule] = &[
    shape::header,
    shape::length,
    leftovers::leftovers,
    edges::environment,
    edges::clock,
    edges::sleep_in_tests,
    lints::lints,
    workplace::paths,
    workplace::registries,
];

/// Runs every rule over every file that git tracks or would track.
///
/// # Errors
/// When a file breaks a rule, or the files cannot be listed.
pub(crate) fn run() -> anyhow::Result<()> {
    let files = files::all()?;
    let mut faults = Vec::new();
    for file in &files {
        faults.extend(RULES.iter().flat_map(|rule| rule(&file.path, &file.text)));
        faults.extend(links::broken(&file.path, &file.text, |target| Path::new(target).exists()));
    }
    faults.extend(messages::unsaid(&files));
    for package in arrows::packages()? {
        faults.extend(arrows::faults(&package));
    }
    for fault in &faults {
        say(fault);
    }
    match faults.len() {
        0 => {
            say(format!("{} files keep the house rules.", files.len()));
            Ok(())
        }
        1 => bail!("1 fault against the house rules (xtask/src/tidy says each rule and its reason)"),
        many => bail!("{many} faults against the house rules (xtask/src/tidy says each rule and its reason)"),
    }
}
