//! Looking at the files again while the bot runs: a sound change is taken, a broken one refused.
//!
//! Everything goes by what the files hold, never by when they were written. A change counts once it has been seen
//! twice alike, so that a file that is just being written is not read in the middle: half a roster is a roster.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::contents::Contents;
use super::load::{Loaded, Place};
use super::{Config, ConfigFaults, Environment, File, HeartbeatUrl, Settings};

/// The files from which the configuration was read.
#[derive(Debug)]
pub struct Sources {
    place: Place,
    environment: Environment,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What the files held when they were last accepted.
    accepted: Contents,
    /// What they held when they were last looked at, and whether that has been judged.
    seen: Contents,
    judged: bool,
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
        let File { listen, store, api_url, command, heartbeat_url, .. } = file;
        let legacy = file.allow_legacy_verification_token;
        Self(vec![
            ("listen", listen.to_string()),
            ("store", format!("{store:?}")),
            ("slack.api_url", api_url.to_string()),
            ("slack.command", command.clone()),
            ("slack.allow_legacy_verification_token", legacy.to_string()),
            ("heartbeat_url", fingerprint(heartbeat_url.as_ref())),
        ])
    }
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
    pub(super) fn new(place: Place, environment: Environment, contents: Contents, file: &File) -> Self {
        let fixed = Fixed::of(file);
        let state = State { accepted: contents.clone(), seen: contents, judged: true, broken: false, fixed };
        Self { place, environment, state: Mutex::new(state) }
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
        let now = self.place.contents();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
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
        let loaded = self.place.load(&mut contents, &state.accepted).and_then(|loaded| {
            Config::check(&loaded.file, &self.environment)?;
            Ok(loaded)
        });
        match loaded {
            Ok(loaded) => Outcome::Changed(Box::new(state.accept(contents, loaded))),
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
        Change { settings, files, mended: std::mem::take(&mut self.broken), restart_for, notes }
    }
}

#[cfg(test)]
mod tests;
