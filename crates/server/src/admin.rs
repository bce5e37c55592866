//! What may be done to a running bot from outside, by whoever has its admin token.
//!
//! Invariant: a file that is taken has been read just as at a start, with every other file as it is, and is in the store
//! before it counts. A broken one changes nothing.

use std::sync::Arc;

use pagerslack_core::roster::Entry;
use pagerslack_sources::import::Diff;
use pagerslack_store::{Archive, Causes, Record, RecordWrite, Records, StoreError};

use crate::books::Books;
use crate::config::{AdminToken, SHELF, Settings, Trial, Uploads, Watch, summary};

/// The largest file that is taken: some forty thousand people.
pub(crate) const LARGEST: usize = 4 * 1024 * 1024;

/// How many people are named of those who joined, left or changed.
const NAMED: usize = 10;

/// The desk at which the token is shown.
pub(crate) struct Admin {
    /// Whoever shows it is let in.
    pub(crate) token: AdminToken,
    /// What has happened.
    pub(crate) archive: Arc<dyn Archive>,
    /// The same in memory.
    pub(crate) books: Arc<Books>,
    /// Where uploaded files lie.
    pub(crate) records: Arc<dyn Records>,
    /// What takes them in, if the configuration came from files.
    pub(crate) watch: Option<Arc<Watch>>,
}

/// What became of a change, and what is said of it.
pub(crate) enum Changed {
    /// It holds.
    Done(String),
    /// There is no file of this name.
    Unknown(String),
    /// Somebody else has changed the same just now.
    Meanwhile(String),
    /// The file is not valid: all that is wrong.
    Broken(String),
    /// It could not be done.
    Failed(String),
}

impl From<StoreError> for Changed {
    fn from(error: StoreError) -> Self {
        tracing::warn!(error = %Causes(&error), "what was uploaded cannot be kept");
        Self::Failed(Causes(&error).to_string())
    }
}

impl Admin {
    /// Puts another file in a file's place, or with `None` takes back what was put there.
    pub(crate) async fn change(&self, name: &str, content: Option<Arc<[u8]>>) -> Changed {
        self.try_change(name, content).await.unwrap_or_else(|refused| refused)
    }

    async fn try_change(&self, name: &str, content: Option<Arc<[u8]>>) -> Result<Changed, Changed> {
        let Some(watch) = &self.watch else {
            return Err(Changed::Unknown("this bot's configuration is not read from files".to_owned()));
        };
        // The version comes first: whoever writes after it is found out.
        let present = self.records.record(SHELF, name).await?;
        if present.is_none() && content.is_none() {
            return Err(Changed::Unknown(format!("no {name} was uploaded")));
        }
        let uploads = Uploads::read(&*self.records).await?;
        let (before, after) = (watch.settings(), self.tried(watch, uploads, name, content.clone()).await?);
        self.write(name, present, content.clone()).await?;
        tracing::info!(
            name,
            bytes = content.as_ref().map(|content| content.len()),
            "an uploaded file was taken or withdrawn"
        );
        watch.look().await;
        let done = match content {
            Some(_) => format!("{name} is taken. It stands for the file on disk until it is withdrawn."),
            None => format!("What was uploaded as {name} is withdrawn."),
        };
        Ok(Changed::Done(format!("{done}{}\nNow: {}.", people(&before, &after), summary::in_short(&after))))
    }

    /// What would come of it.
    async fn tried(
        &self,
        watch: &Watch,
        uploads: Uploads,
        name: &str,
        content: Option<Arc<[u8]>>,
    ) -> Result<Settings, Changed> {
        let (sources, tried) = (Arc::clone(watch.sources()), name.to_owned());
        match tokio::task::spawn_blocking(move || sources.try_upload(uploads, &tried, content)).await {
            Ok(Trial::Sound(settings)) => Ok(*settings),
            Ok(Trial::Broken(faults)) => Err(Changed::Broken(format!("nothing has changed: {faults}"))),
            Ok(Trial::Unknown(names)) => {
                Err(Changed::Unknown(format!("no file is called {name}: there are {names}")))
            }
            Err(error) => Err(Changed::Failed(error.to_string())),
        }
    }

    async fn write(
        &self,
        name: &str,
        present: Option<Record>,
        content: Option<Arc<[u8]>>,
    ) -> Result<(), Changed> {
        let write = RecordWrite {
            shelf: SHELF.to_owned(),
            name: name.to_owned(),
            expected: present.map_or(0, |record| record.version),
            value: content.map(|content| content.to_vec()),
            expires_at: None,
        };
        let meanwhile =
            || Changed::Meanwhile(format!("somebody else has changed {name} just now: look, and try again"));
        self.records.write_record(write).await?.map(drop).ok_or_else(meanwhile)
    }
}

/// Who joined the roster that changed, who left it, and whose row is another.
fn people(before: &Settings, after: &Settings) -> String {
    let entries = |settings: &Settings| -> Vec<Vec<Entry>> {
        let rotations = std::iter::once(&settings.defaults).chain(settings.rotations.values());
        let rosters = rotations.map(|rotation| rotation.rules.roster.as_ref());
        rosters.map(|roster| roster.map(|roster| roster.entries().to_vec()).unwrap_or_default()).collect()
    };
    let diffs =
        entries(before).into_iter().zip(entries(after)).map(|(before, after)| Diff::between(&before, &after));
    let Some(diff) = diffs.into_iter().find(|diff| !diff.is_empty()) else { return String::new() };
    let changed: Vec<Entry> = diff.changed.into_iter().map(|change| change.entry).collect();
    let kinds = [("joined", &diff.joined), ("left", &diff.left), ("changed", &changed)];
    let told = kinds.into_iter().filter(|(_, people)| !people.is_empty());
    let lines = told.map(|(what, people)| format!("\n  {} {what}: {}", people.len(), names(people)));
    format!("{}\n  {} unchanged", lines.collect::<String>(), diff.unchanged)
}

fn names(people: &[Entry]) -> String {
    let name = |entry: &Entry| {
        let who = &entry.who;
        let id = || who.user.as_ref().map(ToString::to_string);
        who.name.clone().or_else(|| who.email.clone()).or_else(id).unwrap_or_default()
    };
    let mut names: Vec<String> = people.iter().take(NAMED).map(name).collect();
    if people.len() > NAMED {
        names.push(format!("and {} more", people.len() - NAMED));
    }
    names.join(", ")
}
