//! Where a command's answer goes: to standard output, or into a file that is there once it is complete.

use std::fs::{self, File};
use std::io::{Stdout, Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// An answer being written. A file that is not finished is taken away again.
pub(super) enum Output {
    Screen(Stdout),
    File { file: File, new: PathBuf, path: PathBuf, finished: bool },
}

impl Output {
    /// Begins a file beside `path`, or writes to standard output.
    pub(super) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::Screen(stdout())) };
        let mut new = path.as_os_str().to_owned();
        new.push(format!(".new-{}", std::process::id()));
        let new = PathBuf::from(new);
        let file = File::create_new(&new).with_context(|| format!("cannot write {}", new.display()))?;
        Ok(Self::File { file, new, path: path.to_owned(), finished: false })
    }

    /// Writes a piece.
    pub(super) fn write(&mut self, piece: &[u8]) -> Result<()> {
        match self {
            Self::Screen(screen) => Ok(screen.write_all(piece)?),
            Self::File { file, new, .. } => {
                file.write_all(piece).with_context(|| format!("cannot write {}", new.display()))
            }
        }
    }

    /// Says that this was all.
    pub(super) fn finish(mut self) -> Result<()> {
        match &mut self {
            Self::Screen(screen) => Ok(screen.flush()?),
            Self::File { file, new, path, finished } => {
                file.sync_all()
                    .and_then(|()| fs::rename(&*new, &*path))
                    .with_context(|| format!("cannot write {}", path.display()))?;
                *finished = true;
                Ok(())
            }
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Self::File { new, finished: false, .. } = self {
            // It may be gone, which is as good.
            let _ = fs::remove_file(new);
        }
    }
}
