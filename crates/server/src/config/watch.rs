//! The task that keeps the settings what the files say.
//!
//! It looks again when the system tells of a change in one of the files' folders, at `SIGHUP`, and every minute all
//! the same: such news can be lost, and network file systems send none. What was uploaded to another replica is found
//! then, too. Folders are watched rather than files, because editors and Kubernetes put a new file, or a new link, in
//! the old one's place.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use pagerslack_store::{Causes, Records};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::reload::{Change, Outcome, Refusal, Sources};
use super::{Settings, Uploads, summary};

/// How often the files are looked at although nothing was heard of them.
const POLL: Duration = Duration::from_secs(60);

/// How long after a change the files must still hold the same. Writing a few hundred kilobytes takes less; who
/// writes slowly should write elsewhere and rename.
const SETTLE: Duration = Duration::from_millis(300);

/// The most faults that one log line tells, and a message.
const MOST_LOGGED: usize = 50;
const MOST_SENT: usize = 10;

/// Tells those who keep the bot what they must see to.
#[async_trait::async_trait]
pub trait Alert: Send + Sync {
    /// Tells them, as well as it can.
    async fn alert(&self, text: String);
}

/// The watch over the files.
pub struct Watch {
    sources: Arc<Sources>,
    settings: Arc<ArcSwap<Settings>>,
    alert: Arc<dyn Alert>,
    /// Where uploaded files lie, if any can.
    records: OnceLock<Arc<dyn Records>>,
    /// One look at a time: of two, the older might come last.
    looking: tokio::sync::Mutex<()>,
}

impl Watch {
    /// A watch that puts what `sources` say into `settings`, and gives `alert` what it cannot accept.
    pub fn new(sources: Arc<Sources>, settings: Arc<ArcSwap<Settings>>, alert: Arc<dyn Alert>) -> Self {
        Self { sources, settings, alert, records: OnceLock::new(), looking: tokio::sync::Mutex::new(()) }
    }

    /// Takes in what is uploaded to `records`, from now on.
    pub fn follow(&self, records: Arc<dyn Records>) {
        // Whoever follows a store already goes on with it.
        let _ = self.records.set(records);
    }

    /// The files that are watched.
    pub fn sources(&self) -> &Arc<Sources> {
        &self.sources
    }

    /// What holds now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Watches until `shutdown`.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.watch()).await;
    }

    async fn watch(&self) {
        // One piece of news is as good as many: whoever looks sees everything.
        let (news, mut heard) = mpsc::channel(1);
        let mut folders = Folders::new(news);
        let mut hangup = Hangup::new();
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // First, so that nothing happens between the start of the watch and the first look.
            folders.follow(&self.sources.paths());
            self.look().await;
            tokio::select! {
                _ = poll.tick() => folders.forget(),
                Some(()) = heard.recv() => {}
                () = hangup.heard() => tracing::info!("SIGHUP: looking at the configuration again"),
            }
        }
    }

    /// Looks until the files hold still.
    pub(crate) async fn look(&self) {
        let _one_at_a_time = self.looking.lock().await;
        self.read_uploads().await;
        loop {
            let sources = Arc::clone(&self.sources);
            match tokio::task::spawn_blocking(move || sources.look_again()).await {
                Ok(Outcome::Unsettled) => tokio::time::sleep(SETTLE).await,
                Ok(Outcome::Unchanged) => return,
                Ok(Outcome::Changed(change)) => return self.accept(*change),
                Ok(Outcome::Broken(refusal)) => return self.refuse(&refusal).await,
                Err(error) => {
                    return tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the configuration could not be looked at"
                    );
                }
            }
        }
    }

    /// What cannot be read is as it was: a store that fails takes no roster away.
    async fn read_uploads(&self) {
        let Some(records) = self.records.get() else { return };
        match Uploads::read(&**records).await {
            Ok(uploads) => self.sources.set_uploads(uploads),
            Err(error) => tracing::warn!(error = %Causes(&error), "it cannot be told what was uploaded"),
        }
    }

    fn accept(&self, change: Change) {
        let files: Vec<_> = change.files.iter().map(|path| path.display().to_string()).collect();
        tracing::info!(
            files = files.join(", "),
            uploaded = change.uploaded,
            mended = change.mended,
            now = summary::in_short(&change.settings),
            "the configuration changed"
        );
        for note in change.notes {
            tracing::warn!("{note}");
        }
        if !change.restart_for.is_empty() {
            tracing::warn!(keys = change.restart_for.join(", "), "these keys take effect at the next start");
        }
        self.settings.store(Arc::new(change.settings));
    }

    async fn refuse(&self, refusal: &Refusal) {
        let faults = refusal.faults.first(MOST_LOGGED);
        tracing::error!(faults, "the configuration was changed and is not valid: what held before holds on");
        if refusal.first {
            let faults = refusal.faults.first(MOST_SENT);
            let text = format!(
                "PagerSlack's configuration was changed and is not valid. What held before holds on until it is \
                 mended:\n{faults}"
            );
            self.alert.alert(text).await;
        }
    }
}

/// The folders that are watched.
struct Folders {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    /// The names of the files of interest: a folder may hold the database too, which changes all the time.
    names: Arc<Mutex<BTreeSet<OsString>>>,
}

impl Folders {
    fn new(news: mpsc::Sender<()>) -> Self {
        let names = Arc::new(Mutex::new(BTreeSet::new()));
        let of_interest = Arc::clone(&names);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let names = of_interest.lock().unwrap_or_else(PoisonError::into_inner);
            if event.is_ok_and(|event| !is_news(&event, &names)) {
                return;
            }
            // Full means that news are waiting already.
            let _ = news.try_send(());
        });
        let watcher = watcher.map_err(|error| not_told(&error, Path::new("anything"))).ok();
        Self { watcher, watched: BTreeSet::new(), names }
    }

    /// Watches the folders of these files, and of those that they link to.
    fn follow(&mut self, paths: &[PathBuf]) {
        let names = paths.iter().filter_map(|path| path.file_name().map(OsString::from));
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = names.collect();
        let linked = paths.iter().filter_map(|path| path.canonicalize().ok());
        let folders: BTreeSet<_> = paths.iter().cloned().chain(linked).map(|path| folder(&path)).collect();
        let Some(watcher) = &mut self.watcher else { return };
        for gone in self.watched.difference(&folders) {
            // It may not exist any more, which is as good.
            let _ = watcher.unwatch(gone);
        }
        for new in folders.difference(&self.watched) {
            if let Err(error) = watcher.watch(new, RecursiveMode::NonRecursive) {
                not_told(&error, new);
            }
        }
        self.watched = folders;
    }

    /// Begins anew at the next [`Self::follow`]: a folder may have been replaced by another of its name.
    fn forget(&mut self) {
        if let Some(watcher) = &mut self.watcher {
            for folder in std::mem::take(&mut self.watched) {
                let _ = watcher.unwatch(&folder);
            }
        }
    }
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn not_told(error: &notify::Error, folder: &Path) {
    tracing::debug!(
        error = error as &dyn std::error::Error,
        folder = %folder.display(),
        "changes are not told at once: the files are looked at every minute"
    );
}

/// Whether an event may be of one of these files. Reading them is an event too, but no news.
fn is_news(event: &Event, names: &BTreeSet<OsString>) -> bool {
    let written = AccessKind::Close(AccessMode::Write);
    let touched = match event.kind {
        EventKind::Access(kind) => kind == written,
        _ => true,
    };
    // Kubernetes swaps the link `..data`, through which all files of a ConfigMap are reached.
    let ours = |path: &PathBuf| {
        path.file_name().is_none_or(|name| names.contains(name) || name.to_string_lossy().starts_with(".."))
    };
    touched && (event.paths.is_empty() || event.need_rescan() || event.paths.iter().any(ours))
}

/// `SIGHUP`, which by custom means "read your files again".
struct Hangup(Option<tokio::signal::unix::Signal>);

impl Hangup {
    fn new() -> Self {
        Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok())
    }

    async fn heard(&mut self) {
        match &mut self.0 {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, ModifyKind};

    use super::*;

    fn check(kind: EventKind, path: &str) -> bool {
        let names = ["oncall.csv".into()].into();
        is_news(&Event::new(kind).add_path(path.into()), &names)
    }

    #[test]
    fn reading_is_no_news_and_neither_is_the_database() {
        let modified = EventKind::Modify(ModifyKind::Any);
        assert!(check(modified, "/etc/pager/oncall.csv"));
        assert!(check(EventKind::Create(CreateKind::Any), "/etc/pager/..data"));
        assert!(check(EventKind::Access(AccessKind::Close(AccessMode::Write)), "/etc/pager/oncall.csv"));
        assert!(!check(EventKind::Access(AccessKind::Open(AccessMode::Any)), "/etc/pager/oncall.csv"));
        assert!(!check(modified, "/etc/pager/pagerslack.db-wal"));
        assert!(is_news(&Event::new(EventKind::Other), &BTreeSet::new()), "what is unclear is looked at");
    }
}
