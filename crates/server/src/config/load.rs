//! From the files to the settings: `pagerslack.toml`, then the team's files that it names.
//!
//! Everything is read and judged, whatever is wrong with the rest, so that one look tells all faults. A file that
//! two rotations share is read once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pagerslack_core::calendar::{Calendar, DayOff, PublicHolidays};
use pagerslack_core::roster::{Exclusion, Roster};
use pagerslack_sources::{Columns, Faults, exclusions, holidays, oncall, public};

use super::contents::{Content, Contents};
use super::uploads::{Places, Uploads};
use super::{ConfigFaults, Environment, File, GuestList, RotationConfig, RotationKeys, Settings, keys};

/// Where the configuration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `pagerslack.toml`.
    pub(super) file: PathBuf,
    /// Whether somebody named it, so that it must be there.
    pub(super) named: bool,
}

/// What the files say.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    /// What `pagerslack.toml` says.
    pub(super) file: File,
    /// What all of them say of the rotations.
    pub(super) settings: Settings,
    /// Worth a line in the log, and no fault.
    pub(super) notes: Vec<String>,
}

impl Place {
    /// The file named on the command line, else in the environment, else `pagerslack.toml` here.
    pub(super) fn of(path: Option<&Path>, environment: &Environment) -> Self {
        let named = path.map(Path::to_path_buf).or_else(|| environment.config.clone());
        Self { named: named.is_some(), file: named.unwrap_or_else(|| PathBuf::from("pagerslack.toml")) }
    }

    /// As much of `pagerslack.toml` as can be read now.
    pub(super) fn readable_file(&self) -> File {
        self.read(&mut Contents::default())
    }

    /// `pagerslack.toml`, if nothing is wrong with it.
    pub(super) fn sound_file(&self) -> Option<File> {
        match Contents::default().of(&self.file) {
            Content::Bytes(bytes) => File::parse(pagerslack_sources::decode(&bytes).ok()?).ok(),
            Content::Missing if !self.named => Some(File::default()),
            _ => None,
        }
    }

    /// Where relative names begin.
    fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// As much of `pagerslack.toml` as can be read.
    fn read(&self, contents: &mut Contents) -> File {
        match contents.of(&self.file) {
            Content::Bytes(bytes) | Content::Uploaded { bytes, .. } => {
                File::read(&String::from_utf8_lossy(&bytes)).0
            }
            Content::Missing | Content::Unreadable(_) => File::default(),
        }
    }

    /// For which file each name stands under which one may be uploaded.
    pub(super) fn places(&self) -> Places {
        Places::of(&self.readable_file(), self.folder())
    }

    /// Everything that the files hold now, with those in their place that were uploaded.
    pub(super) fn contents(&self, uploads: &Uploads) -> Contents {
        let mut contents = Contents::default();
        let file = self.read(&mut contents);
        for (name, path, bytes) in uploads.over(&Places::of(&file, self.folder())) {
            contents.cover(path, name, bytes);
        }
        for keys in std::iter::once(&file.defaults).chain(file.rotations.values()) {
            for (named, usual) in keys.files.all() {
                if let Some((path, _)) = named.place(self.folder(), usual) {
                    contents.of(&path);
                }
            }
        }
        contents
    }

    /// What the files on disk hold for which uploaded ones stand.
    pub(super) fn covered(&self, uploads: &Uploads) -> Contents {
        let mut contents = Contents::default();
        for (_, path, _) in uploads.over(&self.places()) {
            contents.of(path);
        }
        contents
    }

    /// What the files say. A file that `before` had, and that is gone, is a fault: whoever replaces a file may
    /// delete it for an instant, and a roster is not dropped for that.
    pub(super) fn load(&self, contents: &mut Contents, before: &Contents) -> Result<Loaded, ConfigFaults> {
        let mut loading = Loading {
            folder: self.folder(),
            contents,
            before,
            faults: ConfigFaults::default(),
            notes: Vec::new(),
            public: None,
            rosters: Vec::new(),
            days: BTreeMap::new(),
            exclusions: BTreeMap::new(),
        };
        let file = loading.file(self);
        let defaults = Arc::new(loading.rotation(&file.defaults));
        let mut rotations = BTreeMap::new();
        for (channel, keys) in &file.rotations {
            rotations.insert(channel.clone(), Arc::new(loading.rotation(keys)));
        }
        let settings = Settings {
            guests: GuestList::of(&file),
            defaults,
            rotations,
            admin: file.admin.clone(),
            audit_interval: file.audit_interval,
            sample_presence: file.sample_presence,
            retention: file.retention,
            api_requests_per_minute: file.api_requests_per_minute,
        };
        let (faults, notes) = (loading.faults, loading.notes);
        faults.or(Loaded { file, settings, notes })
    }
}

/// Files being read.
struct Loading<'a> {
    folder: &'a Path,
    contents: &'a mut Contents,
    before: &'a Contents,
    faults: ConfigFaults,
    notes: Vec<String>,
    /// The table of public holidays, once somebody has asked for it.
    public: Option<Option<Arc<PublicHolidays>>>,
    /// By path and columns.
    rosters: Vec<(PathBuf, Columns, Option<Arc<Roster>>)>,
    days: BTreeMap<PathBuf, Vec<DayOff>>,
    exclusions: BTreeMap<PathBuf, Arc<[Exclusion]>>,
}

impl Loading<'_> {
    fn file(&mut self, place: &Place) -> File {
        let shown = place.file.display().to_string();
        let Some(bytes) = self.bytes(&place.file, place.named) else { return File::default() };
        let (file, faults) = match pagerslack_sources::decode(&bytes) {
            Ok(text) => File::read(text),
            Err(faults) => (File::default(), faults),
        };
        self.add(&shown, faults);
        file
    }

    fn rotation(&mut self, keys: &RotationKeys) -> RotationConfig {
        let mut rotation = keys::settings(keys);
        let [oncall, holidays, exclusions] =
            keys.files.all().map(|(named, usual)| named.place(self.folder, usual));
        rotation.rules.roster = oncall.and_then(|(path, must)| match &keys.columns {
            Some(columns) => self.roster(path, must, columns),
            None => self.bytes(&path, must).and(None),
        });
        let days = holidays.map(|(path, must)| self.days(path, must)).unwrap_or_default();
        let public = if keys.public_holidays { self.public() } else { None };
        rotation.rules.calendar = Arc::new(Calendar { days, public });
        rotation.rules.exclusions =
            exclusions.map(|(path, must)| self.exclusions(path, must)).unwrap_or_else(|| Arc::from([]));
        rotation
    }

    fn roster(&mut self, path: PathBuf, must: bool, columns: &Columns) -> Option<Arc<Roster>> {
        let known = self.rosters.iter().find(|(known, read_as, _)| *known == path && read_as == columns);
        if let Some((_, _, roster)) = known {
            return roster.clone();
        }
        let roster = self.bytes(&path, must).and_then(|bytes| {
            let read = self.unless(&path, oncall::read(&bytes, columns))?;
            if !read.ignored_columns.is_empty() {
                let ignored = read.ignored_columns.join(", ");
                let place = self.called(&path);
                self.notes.push(format!("{place}: these columns mean nothing here: {ignored}"));
            }
            Some(Arc::new(read.roster))
        });
        self.rosters.push((path, columns.clone(), roster.clone()));
        roster
    }

    fn days(&mut self, path: PathBuf, must: bool) -> Vec<DayOff> {
        if let Some(days) = self.days.get(&path) {
            return days.clone();
        }
        // Countries and regions are checked against the table whether its days are kept or not.
        let known = self.public();
        let days = self.text(&path, must, |text| holidays::parse(text, known.as_deref())).unwrap_or_default();
        self.days.insert(path, days.clone());
        days
    }

    fn exclusions(&mut self, path: PathBuf, must: bool) -> Arc<[Exclusion]> {
        if let Some(exclusions) = self.exclusions.get(&path) {
            return Arc::clone(exclusions);
        }
        let read = self.text(&path, must, exclusions::parse).unwrap_or_default();
        let exclusions: Arc<[Exclusion]> = read.into();
        self.exclusions.insert(path, Arc::clone(&exclusions));
        exclusions
    }

    fn public(&mut self) -> Option<Arc<PublicHolidays>> {
        if self.public.is_none() {
            let table = public::embedded();
            self.public =
                Some(table.map_err(|error| self.faults.add_one("this binary", error.to_string())).ok());
        }
        self.public.clone().flatten()
    }

    fn text<T>(
        &mut self,
        path: &Path,
        must: bool,
        parse: impl FnOnce(&str) -> Result<T, Faults>,
    ) -> Option<T> {
        let bytes = self.bytes(path, must)?;
        self.unless(path, pagerslack_sources::decode(&bytes).and_then(parse))
    }

    /// What a file holds, if it is there.
    fn bytes(&mut self, path: &Path, must: bool) -> Option<Arc<[u8]>> {
        let what = match self.contents.of(path) {
            Content::Bytes(bytes) | Content::Uploaded { bytes, .. } => return Some(bytes),
            Content::Unreadable(what) => what,
            Content::Missing if must => "there is no such file".to_owned(),
            Content::Missing if self.before.has(path) => {
                "is gone: put it back, or restart PagerSlack to go on without it".to_owned()
            }
            Content::Missing => return None,
        };
        self.faults.add_one(&path.display().to_string(), what);
        None
    }

    /// How a file is called in faults: the one on disk may be quite in order.
    fn called(&mut self, path: &Path) -> String {
        match self.contents.of(path) {
            Content::Uploaded { name, .. } => format!("the uploaded {name}"),
            _ => path.display().to_string(),
        }
    }

    fn unless<T>(&mut self, path: &Path, read: Result<T, Faults>) -> Option<T> {
        let place = self.called(path);
        read.map_err(|faults| self.add(&place, faults)).ok()
    }

    fn add(&mut self, place: &str, mut faults: Faults) {
        faults.0.sort();
        self.faults.add(place, faults);
    }
}

#[cfg(test)]
mod tests;
