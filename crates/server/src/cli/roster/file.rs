//! Replacing a file that others read: wholly or not at all, with the one before kept beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

/// A file as it was when it was read.
pub(super) struct Target {
    path: PathBuf,
    before: Option<Vec<u8>>,
}

impl Target {
    /// Reads the file, if there is one. A link is followed, so that it stays one.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let before = read(&path)?;
        Ok(Self { path, before })
    }

    /// What was in it.
    pub(super) fn before(&self) -> Option<&[u8]> {
        self.before.as_deref()
    }

    /// Puts the text in its place, and gives the path of the backup, if there was anything to keep.
    pub(super) fn replace(&self, text: &str, now: Timestamp) -> Result<Option<PathBuf>> {
        if read(&self.path)? != self.before {
            bail!("{} was changed meanwhile, so it was left alone: run this again", self.path.display());
        }
        let backup = self.before.as_deref().map(|before| self.keep(before, now)).transpose()?;
        let new = self.beside(&format!(".new-{}", std::process::id()));
        let replaced = self
            .create(&new, text.as_bytes())
            .and_then(|()| fs::rename(&new, &self.path))
            .and_then(|()| sync_folder(&self.path));
        if let Err(error) = replaced {
            let _ = fs::remove_file(&new);
            return Err(error).with_context(|| format!("cannot write {}", self.path.display()));
        }
        Ok(backup)
    }

    /// Writes the backup under a name that is not taken.
    fn keep(&self, before: &[u8], now: Timestamp) -> Result<PathBuf> {
        let stamp = now.strftime("%Y%m%d-%H%M%S");
        for number in 1..100 {
            let again = if number == 1 { String::new() } else { format!("-{number}") };
            let path = self.beside(&format!(".bak-{stamp}{again}"));
            match self.create(&path, before) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot keep a backup as {}", path.display()));
                }
            }
        }
        bail!("there are a hundred backups of this second: nothing was written")
    }

    /// Makes a new file, readable by those who may read the present one, and waits until it is on the disk.
    fn create(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        if let Ok(present) = fs::metadata(&self.path) {
            file.set_permissions(present.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// A rename is on the disk when its folder is.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_file_before_is_kept_with_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("oncall.csv");
        assert_eq!(Target::open(&path).unwrap().replace("first", at(0)).unwrap(), None);
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let backup = Target::open(&path).unwrap().replace("second", at(0)).unwrap().unwrap();
        assert!(backup.ends_with("oncall.csv.bak-19700101-000000"), "{backup:?}");
        let again = Target::open(&path).unwrap().replace("third", at(0)).unwrap().unwrap();
        assert!(again.ends_with("oncall.csv.bak-19700101-000000-2"), "{again:?}");
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!([text(&backup), text(&again), text(&path)], ["first", "second", "third"]);
        for path in [&backup, &again, &path] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing else is left behind");
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("oncall.csv");
        let target = Target::open(&path).unwrap();
        fs::write(&path, "somebody else's").unwrap();
        let told = format!("{:#}", target.replace("ours", at(0)).unwrap_err());
        assert!(told.contains("was changed meanwhile"), "{told}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody else's");
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real.csv"), folder.path().join("oncall.csv"));
        fs::write(&path, "before").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        Target::open(&link).unwrap().replace("after", at(0)).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
    }
}
