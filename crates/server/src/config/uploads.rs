//! Files that were uploaded to the running bot, and stand for those of their name on disk.
//!
//! Invariant: there is one rule. An uploaded file wins over the one on disk, on every replica and across restarts, until
//! it is withdrawn. It lies in the store, so a place that can only be read is place enough for the bot, and every
//! replica on a store has the same; the file on disk is not touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pagerslack_sources::settings::Files;
use pagerslack_store::{Records, StoreError};

use super::File;

/// The shelf on which they lie.
pub(crate) const SHELF: &str = "files";

/// How many are read at once.
const PAGE: usize = 10;

/// What was uploaded, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uploads(BTreeMap<String, Arc<[u8]>>);

impl Uploads {
    /// Reads them all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read(records: &dyn Records) -> Result<Self, StoreError> {
        let (mut uploads, mut after) = (BTreeMap::new(), None);
        loop {
            let page = records.records(SHELF, after, PAGE).await?;
            uploads.extend(page.items.into_iter().map(|(name, record)| (name, record.value.into())));
            after = page.next;
            if after.is_none() {
                return Ok(Self(uploads));
            }
        }
    }

    /// The same with another file in a place, or with none there.
    pub(super) fn with(mut self, name: &str, content: Option<Arc<[u8]>>) -> Self {
        match content {
            Some(content) => self.0.insert(name.to_owned(), content),
            None => self.0.remove(name),
        };
        self
    }

    /// Whether nothing was uploaded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names, in one line.
    pub fn names(&self) -> String {
        self.0.keys().cloned().collect::<Vec<_>>().join(", ")
    }

    /// What stands for which file, as far as `pagerslack.toml` knows the name.
    pub(super) fn over<'a>(
        &'a self,
        places: &'a Places,
    ) -> impl Iterator<Item = (&'a str, &'a Path, &'a Arc<[u8]>)> {
        self.0
            .iter()
            .filter_map(|(name, content)| Some((name.as_str(), places.0.get(name)?.as_path(), content)))
    }

    /// The names of those that are used, in one line.
    pub(super) fn used(&self, places: &Places) -> String {
        let used = self.0.keys().filter(|name| places.0.contains_key(*name));
        used.cloned().collect::<Vec<_>>().join(", ")
    }

    /// A note on each that nothing uses.
    pub(super) fn notes(&self, places: &Places) -> Vec<String> {
        let unused = self.0.keys().filter(|name| !places.0.contains_key(*name));
        let note =
            |name| format!("the uploaded {name} is not used: pagerslack.toml knows no file of this name");
        unused.map(note).collect()
    }
}

/// Which names may be uploaded, and for which file each stands: `oncall.csv`, `holidays.yml` and `exclusions.yml` for
/// those of the defaults, whatever they are called; any other file that a rotation has, under its own name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places(BTreeMap<String, PathBuf>);

impl Places {
    /// What `pagerslack.toml`, which lies in `folder`, says.
    pub(super) fn of(file: &File, folder: &Path) -> Self {
        let place = |files: &Files| {
            files.all().map(|(named, usual)| (usual, named.place(folder, usual).map(|(path, _)| path)))
        };
        let mut places = BTreeMap::new();
        for (usual, path) in place(&file.defaults.files) {
            places.extend(path.map(|path| (usual.to_owned(), path)));
        }
        let known: Vec<PathBuf> = places.values().cloned().collect();
        let mut doubled = Vec::new();
        for path in file.rotations.values().flat_map(|keys| place(&keys.files)).filter_map(|(_, path)| path) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let Some(name) = name.filter(|_| !known.contains(&path)) else { continue };
            let other = places.insert(name.clone(), path.clone()).filter(|other| *other != path);
            // Of two files of one name in two folders neither could be meant.
            doubled.extend(other.map(|other| (name, other)));
        }
        for (name, other) in doubled {
            if known.contains(&other) {
                places.insert(name, other);
            } else {
                places.remove(&name);
            }
        }
        Self(places)
    }

    /// Whether a file of this name may be uploaded.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Every name, in one line.
    pub(super) fn names(&self) -> String {
        self.0.keys().cloned().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(toml: &str, expected: &[(&str, &str)]) {
        let places = Places::of(&File::parse(toml).unwrap(), Path::new("/etc/pager"));
        let places: Vec<_> =
            places.0.iter().map(|(name, path)| (name.as_str(), path.to_str().unwrap())).collect();
        assert_eq!(places, expected, "{toml}");
    }

    #[test]
    fn a_name_stands_for_one_file() {
        let usual = [
            ("exclusions.yml", "/etc/pager/exclusions.yml"),
            ("holidays.yml", "/etc/pager/holidays.yml"),
            ("oncall.csv", "/etc/pager/oncall.csv"),
        ];
        check("", &usual);
        check(
            "[files]\noncall = \"team/people.csv\"\nexclusions = \"\"\n",
            &[("holidays.yml", "/etc/pager/holidays.yml"), ("oncall.csv", "/etc/pager/team/people.csv")],
        );
        let rotations = |oncall: [&str; 2]| {
            let rotation = |(at, name)| format!("[[rotation]]\nchannel = \"C{at}\"\noncall = \"{name}\"\n");
            (1..).zip(oncall).map(rotation).collect::<String>()
        };
        check(
            &rotations(["db.csv", "db.csv"]),
            &[[("db.csv", "/etc/pager/db.csv")].as_slice(), &usual].concat(),
        );
        check(&rotations(["a/db.csv", "b/db.csv"]), &usual);
        check(&rotations(["a/oncall.csv", ""]), &usual);
    }
}
