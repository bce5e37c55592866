//! Looking at the files again while the bot runs: a sound change is taken, a broken one refused.
//!
//! Everything goes by what the files hold, never by when they were written. A change counts once it has been seen
//! twice alike, so that a file that is just being written is not read in the middle: half a roster is a roster.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::contents::Contents;
use super::load::{Loaded, Place};
use super::{Config, ConfigFaults, Environment, File, HeartbeatUrl, Settings, Uploads, WebhookKeys};

/// The files from which the configuration was read.
#[derive(Debug)]
pub struct Sources {
    place: Place,
    environment: Environment,
    /// What was uploaded, as far as is known here.
    uploads: Mutex<Uploads>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What the files held when they were last accepted.
    accepted: Contents,
    /// What they held when they were last looked at, and whether that has been judged.
    seen: Contents,
    judged: bool,
    /// What files on disk held for which uploaded ones stand.
    covered: Contents,
    /// Whether what they hold is refused.
    broken: bool,
    /// What the running process began with, or was last told to need a restart for.
    fixed: Fixed,
}

/// What takes effect at the next start only.
#[derive(Debug, PartialEq)]
struct Fixed(Vec<(&'static str, String)>);

impl Fixed {
    fn of(file: &File) -> Self {
        let File {
            listen, store, api_url, command, heartbeat_url, shutdown_drain, dashboard, webhooks, ..
        } = file;
        let legacy = file.allow_legacy_verification_token;
        Self(vec![
            ("listen", listen.to_string()),
            ("store", format!("{store:?}")),
            ("slack.api_url", api_url.to_string()),
            ("slack.command", command.clone()),
            ("slack.allow_legacy_verification_token", legacy.to_string()),
            ("heartbeat_url", fingerprint(heartbeat_url.as_ref())),
            ("shutdown_drain", shutdown_drain.to_string()),
            ("dashboard.enabled", dashboard.enabled.to_string()),
            ("dashboard.url", format!("{:?}", dashboard.url)),
            ("webhook", webhooks.iter().map(as_one).collect()),
        ])
    }
}

fn as_one(webhook: &WebhookKeys) -> String {
    let WebhookKeys { name, url, events, channels, note } = webhook;
    format!("{name} {} {events:?} {channels:?} {note}\n", fingerprint(Some(url)))
}

/// Tells one address from another without keeping either (P8).
fn fingerprint(url: Option<&HeartbeatUrl>) -> String {
    let mut hasher = DefaultHasher::new();
    url.map(HeartbeatUrl::expose).hash(&mut hasher);
    hasher.finish().to_string()
}

/// What looking again came to.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing has changed, or not since the last answer.
    Unchanged,
    /// Something changes just now: look again in a moment.
    Unsettled,
    /// Other settings hold from now on.
    Changed(Box<Change>),
    /// The files are not valid: what held before holds on. Told once for each state of the files.
    Broken(Refusal),
}

/// A change that was accepted.
#[derive(Debug)]
pub struct Change {
    /// What holds from now on.
    pub settings: Settings,
    /// The files that changed.
    pub files: Vec<PathBuf>,
    /// Whether a broken state was mended with it.
    pub mended: bool,
    /// Keys of which the new value takes effect at the next start only.
    pub restart_for: Vec<&'static str>,
    /// Worth a line in the log, and no fault.
    pub notes: Vec<String>,
    /// The names of the files for which uploaded ones stand, in one line.
    pub uploaded: String,
}

/// What would come of an upload.
#[derive(Debug)]
pub enum Trial {
    /// Other settings.
    Sound(Box<Settings>),
    /// Nothing good: all that is wrong.
    Broken(ConfigFaults),
    /// No file may be uploaded under this name; under these.
    Unknown(String),
}

/// A change that was refused.
#[derive(Debug)]
pub struct Refusal {
    /// All that is wrong.
    pub faults: ConfigFaults,
    /// Whether the files were valid until now: people are told once, not for each attempt to mend it.
    pub first: bool,
}

impl Sources {
    pub(super) fn new(
        place: Place,
        environment: Environment,
        contents: Contents,
        file: &File,
        uploads: Uploads,
    ) -> Self {
        let state = State {
            accepted: contents.clone(),
            seen: contents,
            judged: true,
            covered: place.covered(&uploads),
            broken: false,
            fixed: Fixed::of(file),
        };
        Self { place, environment, uploads: Mutex::new(uploads), state: Mutex::new(state) }
    }

    /// Says what has been uploaded by now; the next look takes it in.
    pub fn set_uploads(&self, uploads: Uploads) {
        *self.uploads.lock().unwrap_or_else(PoisonError::into_inner) = uploads;
    }

    fn uploads(&self) -> Uploads {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The names of the files for which uploaded ones stand, in one line.
    pub fn uploaded(&self) -> String {
        self.uploads().used(&self.place.places())
    }

    /// What would come of another upload, or of none under this name. Reads the files, so it blocks.
    pub fn try_upload(&self, uploads: Uploads, name: &str, content: Option<Arc<[u8]>>) -> Trial {
        let places = self.place.places();
        if content.is_some() && !places.knows(name) {
            return Trial::Unknown(places.names());
        }
        let mut contents = self.place.contents(&uploads.with(name, content));
        let accepted = self.state.lock().unwrap_or_else(PoisonError::into_inner).accepted.clone();
        match self.judge(&mut contents, &accepted) {
            Ok(loaded) => Trial::Sound(Box::new(loaded.settings)),
            Err(faults) => Trial::Broken(faults),
        }
    }

    fn judge(&self, contents: &mut Contents, accepted: &Contents) -> Result<Loaded, ConfigFaults> {
        let loaded = self.place.load(contents, accepted)?;
        Config::check(&loaded.file, &self.environment)?;
        Ok(loaded)
    }

    /// Every file that is of interest, whether it is there or not.
    pub fn paths(&self) -> Vec<PathBuf> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // What is refused names the files that might mend it; what was accepted, those that may come back.
        let mut paths: Vec<_> = state.seen.paths().chain(state.accepted.paths()).map(PathBuf::from).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Looks at the files again. Reads them, so it blocks.
    pub fn look_again(&self) -> Outcome {
        let uploads = self.uploads();
        let now = self.place.contents(&uploads);
        let covered = self.place.covered(&uploads);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for path in covered.changed_since(&state.covered).filter(|path| covered.has(path)) {
            tracing::warn!(
                file = %path.display(),
                "a file changed for which an uploaded one stands: withdraw that, or nothing comes of the change"
            );
        }
        state.covered = covered;
        if now != state.seen {
            state.seen = now;
            state.judged = false;
            return Outcome::Unsettled;
        }
        if state.judged {
            return Outcome::Unchanged;
        }
        state.judged = true;
        if now == state.accepted && !state.broken {
            return Outcome::Unchanged;
        }
        let mut contents = now;
        match self.judge(&mut contents, &state.accepted) {
            Ok(loaded) => {
                let mut change = state.accept(contents, loaded);
                let places = self.place.places();
                change.notes.extend(uploads.notes(&places));
                change.uploaded = uploads.used(&places);
                Outcome::Changed(Box::new(change))
            }
            Err(faults) => {
                let first = !std::mem::replace(&mut state.broken, true);
                Outcome::Broken(Refusal { faults, first })
            }
        }
    }
}

impl State {
    fn accept(&mut self, contents: Contents, loaded: Loaded) -> Change {
        let Loaded { file, settings, notes } = loaded;
        let fixed = Fixed::of(&file);
        let differ = fixed.0.iter().zip(&self.fixed.0).filter(|(new, old)| new != old);
        let restart_for = differ.map(|((key, _), _)| *key).collect();
        let files = contents.changed_since(&self.accepted).map(PathBuf::from).collect();
        self.fixed = fixed;
        self.accepted = contents;
        let mended = std::mem::take(&mut self.broken);
        Change { settings, files, mended, restart_for, notes, uploaded: String::new() }
    }
}

#[cfg(test)]
mod tests;
