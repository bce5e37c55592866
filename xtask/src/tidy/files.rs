//! The files of the repository, as git sees them.

use std::io::ErrorKind;

use anyhow::Context as _;

use crate::command;

/// A text file.
pub(crate) struct File {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every text file that git tracks, or would once it is added: a fault is better found before the commit.
///
/// # Errors
/// When git cannot list them, or a file cannot be read.
pub(crate) fn all() -> anyhow::Result<Vec<File>> {
    let listed = command::program("git")
        .args(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .read()
        .context("the house rules look at the files that git knows")?;
    let mut files = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            // Deleted, and not yet told to git; or a link to a folder.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
        };
        // What is not text (a picture, a compressed table) has no lines to judge.
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path: path.to_owned(), text });
        }
    }
    Ok(files)
}
