//! What happened in a run, as a story: one line an event, by the clock of the world.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use crate::timeline::Timeline;

/// Takes lines down, if somebody wants to read them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Story {
    timeline: Timeline,
    lines: Option<Arc<Mutex<Vec<String>>>>,
}

impl Story {
    pub(crate) fn new(timeline: Timeline, wanted: bool) -> Self {
        Self { timeline, lines: wanted.then(Arc::default) }
    }

    /// Takes one line down; `what` is made only if it is wanted.
    pub(crate) fn tell<T: Display>(&self, what: impl FnOnce() -> T) {
        if let Some(lines) = &self.lines {
            let line = format!("{:.3}  {}", self.timeline.now(), what());
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    /// Everything so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.lines.as_ref();
        lines.map(|lines| lines.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
    }
}
