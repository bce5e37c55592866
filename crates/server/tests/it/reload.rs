//! The watch over the configuration's files, on a real file system.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use pagerslack::config::{Alert, Config, Environment, Settings, Watch};
use pagerslack_store::{RecordWrite, Records, Sqlite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The watch is told by the system, not by the poll, which comes once a minute.
const SOON: Duration = Duration::from_secs(20);

struct Told(mpsc::UnboundedSender<String>);

#[async_trait::async_trait]
impl Alert for Told {
    async fn alert(&self, text: String) {
        self.0.send(text).unwrap();
    }
}

/// A folder whose `pagerslack.toml` is watched.
struct Stage {
    settings: Arc<ArcSwap<Settings>>,
    alerts: mpsc::UnboundedReceiver<String>,
    shutdown: CancellationToken,
    watching: JoinHandle<()>,
}

impl Stage {
    fn watch(folder: &Path) -> Self {
        Self::on(folder, &Arc::new(Sqlite::in_memory().unwrap()))
    }

    /// The same, on a store that others may use too.
    fn on(folder: &Path, store: &Arc<Sqlite>) -> Self {
        let config = Config::load(Some(&folder.join("pagerslack.toml")), &Environment::default()).unwrap();
        let settings = Arc::new(ArcSwap::from_pointee(config.settings));
        let (sender, alerts) = mpsc::unbounded_channel();
        let alert = Arc::new(Told(sender));
        let watch = Arc::new(Watch::new(config.sources.unwrap(), Arc::clone(&settings), alert));
        watch.follow(Arc::<Sqlite>::clone(store));
        let shutdown = CancellationToken::new();
        let watching = tokio::spawn(watch.run(shutdown.clone()));
        Self { settings, alerts, shutdown, watching }
    }

    fn people(&self) -> usize {
        self.settings.load().defaults.rules.roster.as_ref().map_or(0, |roster| roster.entries().len())
    }

    async fn people_become(&self, people: usize) {
        let started = Instant::now();
        while self.people() != people {
            assert!(started.elapsed() < SOON, "there are {} people, not {people}", self.people());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn stop(mut self) {
        self.shutdown.cancel();
        self.watching.await.unwrap();
        assert_eq!(self.alerts.recv().await, None, "an alert that nobody expected");
    }
}

/// Given a running bot, when the roster is edited, broken, edited again and mended, then the settings follow, and the
/// admin is told once.
#[tokio::test]
async fn the_settings_follow_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("pagerslack.toml", "");
    let mut stage = Stage::watch(folder.path());
    assert_eq!(stage.people(), 0);

    write("oncall.csv", "email\nana@example.com\n");
    stage.people_become(1).await;

    write("oncall.csv", "email\nana\n");
    let told = tokio::time::timeout(SOON, stage.alerts.recv()).await.unwrap().unwrap();
    assert!(told.contains("oncall.csv line 2: ") && told.contains("holds on"), "{told}");
    assert_eq!(stage.people(), 1);

    write("oncall.csv", "email\nana@\n");
    // As editors do it: a new file in the old one's place.
    write("oncall.csv.new", "email\nana@example.com\nbo@example.com\n");
    fs::rename(folder.path().join("oncall.csv.new"), folder.path().join("oncall.csv")).unwrap();
    stage.people_become(2).await;
    stage.stop().await;
}

/// As Kubernetes does it: the files are links through the link `..data`, which is swapped.
#[tokio::test]
async fn a_swapped_link_is_noticed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (state, roster) in
        [("..1", "email\nana@example.com\n"), ("..2", "email\na@example.com\nb@example.com\n")]
    {
        fs::create_dir(root.join(state)).unwrap();
        fs::write(root.join(state).join("pagerslack.toml"), "").unwrap();
        fs::write(root.join(state).join("oncall.csv"), roster).unwrap();
    }
    symlink("..1", root.join("..data")).unwrap();
    for name in ["pagerslack.toml", "oncall.csv"] {
        symlink(Path::new("..data").join(name), root.join(name)).unwrap();
    }
    let stage = Stage::watch(root);
    stage.people_become(1).await;
    symlink("..2", root.join("..data_tmp")).unwrap();
    fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    stage.people_become(2).await;
    stage.stop().await;
}

/// Given two replicas on one store, when a roster is uploaded to the other one, then this one takes it in at its next
/// look, before its own; and when it is withdrawn, its own is back.
#[tokio::test]
async fn what_another_replica_was_given_is_taken_in() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("pagerslack.toml", "");
    write("oncall.csv", "email\nana@example.com\n");
    let store = Arc::new(Sqlite::in_memory().unwrap());
    let stage = Stage::on(folder.path(), &store);
    let put = async |expected, text: Option<&str>| {
        let value = text.map(|text| text.as_bytes().to_vec());
        let (shelf, name) = ("files".to_owned(), "oncall.csv".to_owned());
        store
            .write_record(RecordWrite { shelf, name, expected, value, expires_at: None })
            .await
            .unwrap()
            .unwrap()
    };
    let version = put(0, Some("email\na@example.com\nb@example.com\nc@example.com\n")).await;
    // Anything makes it look; it would within a minute.
    write("pagerslack.toml", "# looked at\n");
    stage.people_become(3).await;
    put(version, None).await;
    write("pagerslack.toml", "# looked at again\n");
    stage.people_become(1).await;
    stage.stop().await;
}
