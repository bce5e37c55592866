//! What the configuration's files hold, byte for byte, at one moment.
//!
//! Comparing bytes rather than times makes a `touch`, an editor's second save and a swapped symlink to the same text
//! what they are: nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// No file of ours is larger: this keeps a wrong name from filling the memory.
const LARGEST: u64 = 16 << 20;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// What it holds.
    Bytes(Arc<[u8]>),
    /// What was uploaded to stand for it.
    Uploaded {
        /// Under which name.
        name: Arc<str>,
        /// What it holds.
        bytes: Arc<[u8]>,
    },
    /// There is no such file.
    Missing,
    /// It cannot be read, and why.
    Unreadable(String),
}

/// All files that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents(BTreeMap<PathBuf, Content>);

impl Contents {
    /// The content of a file, which is read once.
    pub(super) fn of(&mut self, path: &Path) -> Content {
        self.0.entry(path.to_path_buf()).or_insert_with(|| read(path)).clone()
    }

    /// Puts what was uploaded in the place of a file, which is then not looked at.
    pub(super) fn cover(&mut self, path: &Path, name: &str, bytes: &Arc<[u8]>) {
        let uploaded = Content::Uploaded { name: name.into(), bytes: Arc::clone(bytes) };
        self.0.insert(path.to_path_buf(), uploaded);
    }

    /// Whether a file was there, on disk.
    pub(super) fn has(&self, path: &Path) -> bool {
        matches!(self.0.get(path), Some(Content::Bytes(_)))
    }

    /// Every file that was looked for.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Those files that hold something else than before.
    pub(super) fn changed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a Path> {
        let gone = before.0.keys().filter(|path| !self.0.contains_key(*path));
        let here = self.0.iter().filter(|(path, content)| {
            let before = before.0.get(*path).unwrap_or(&Content::Missing);
            before != *content
        });
        here.map(|(path, _)| path).chain(gone).map(PathBuf::as_path)
    }
}

fn read(path: &Path) -> Content {
    match read_bytes(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => Content::Missing,
        Err(error) => Content::Unreadable(format!("cannot be read: {error}")),
    }
}

fn read_bytes(path: &Path) -> std::io::Result<Content> {
    // A pipe or a device would be read for ever.
    if !fs::metadata(path)?.is_file() {
        return Ok(Content::Unreadable("is not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Ok(Content::Unreadable(format!("has more than {} MB", LARGEST >> 20)));
    }
    Ok(Content::Bytes(bytes.into()))
}
