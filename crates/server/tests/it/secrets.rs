//! No secret is ever printed (P8): the real binary lives through a good day and many bad ones, with everything logged
//! that can be, and all that it has written is searched.
//!
//! What is searched for is in every secret there is: both tokens, the signing secret, the client's secret, the
//! verification token, the admin's token and the heartbeat's address, right ones and wrong ones; the addresses at which answers may be
//! posted; the tickets of WebSockets.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slack_sim::{DisconnectReason, Fault, FaultKind, WorldBuilder, demo_team};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::heartbeat::listener;
use crate::service::{CHANNEL, Process, Service, eventually, exited, terminate};
use crate::wire::{page, react, report, taken};

/// A part of every secret.
const SECRET: &str = "hunter2";
/// Of those who may fetch the statistics.
const ADMIN_TOKEN: &str = "admin-hunter2-admin-hunter2";
/// A part of every address at which an answer may be posted.
const ANSWER: &str = "/response/";
/// A part of every WebSocket's address.
const TICKET: &str = "ticket-";
/// What the bot is configured with beside its secrets.
const SETTINGS: &str = "[defaults.managers]\nusers = [\"U025\"]\n";
/// Everything, and of those who print what passes through them by name.
const EVERYTHING: &str = "trace,hyper=trace,hyper_util=trace,h2=trace,reqwest=trace,rustls=trace,tungstenite=trace,\
    tokio_tungstenite=trace,axum=trace,pagerslack=trace,pagerslack_slack=trace,pagerslack_store=trace";

fn with_secrets(world: WorldBuilder) -> WorldBuilder {
    world.command("/devoncall", "").app(|app| {
        app.scopes.insert("users:read.email".to_owned());
        app.bot_token = format!("xoxb-1-{SECRET}");
        app.app_token = format!("xapp-1-{SECRET}");
        app.signing_secret = format!("signing-{SECRET}");
        app.verification_token = format!("verification-{SECRET}");
        app.client_secret = format!("client-{SECRET}");
    })
}

/// A service of whose every run all output is kept.
struct Watched {
    service: Service,
    runs: usize,
    /// The one that is looked at.
    last: usize,
    /// Where the heartbeat goes, and what is heard there.
    heartbeat: (String, UnboundedReceiver<String>),
}

impl Watched {
    async fn over(socket_mode: bool) -> Self {
        let world = with_secrets(demo_team());
        let world = if socket_mode { world.socket_mode() } else { world };
        let service = Service::new(world, SETTINGS, |server| server).await;
        Self { service, runs: 0, last: 0, heartbeat: listener(&format!("ping/{SECRET}?key={SECRET}")).await }
    }

    fn spawn(&mut self, arguments: &[&str], environment: &[(&str, &str)]) -> Process {
        self.runs += 1;
        self.last = self.runs;
        let file = |kind: &str| File::create(self.path(self.runs, kind)).unwrap();
        let mut command = self.service.command();
        command
            .args(arguments)
            .env("RUST_LOG", EVERYTHING)
            .env("RUST_BACKTRACE", "full")
            .env("SLACK_CLIENT_SECRET", format!("client-{SECRET}"))
            .env("SLACK_VERIFICATION_TOKEN", format!("verification-{SECRET}"))
            .env("PAGERSLACK_HEARTBEAT_URL", &self.heartbeat.0)
            .env("PAGERSLACK_ADMIN_TOKEN", ADMIN_TOKEN)
            .envs(environment.iter().copied())
            .stdout(file("stdout"))
            .stderr(file("stderr"));
        Process::start(&mut command)
    }

    /// Starts the service, and waits until it is ready and its heart beats.
    async fn serve(&mut self, environment: &[(&str, &str)]) -> Process {
        let process = self.spawn(&["serve"], environment);
        self.service.ready().await;
        assert!(self.heartbeat.1.recv().await.unwrap().contains(SECRET));
        process
    }

    fn path(&self, run: usize, kind: &str) -> PathBuf {
        self.service.folder.path().join(format!("{run}.{kind}"))
    }

    /// Runs a command to its end; gives what it printed.
    async fn run(&mut self, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let mut child = self.spawn(arguments, environment);
        exited(&mut child, Duration::from_secs(20)).await;
        self.last()
    }

    /// The same while the service runs, which stays the run that was last.
    async fn run_beside(&mut self, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let serving = self.last;
        let said = self.run(arguments, environment).await;
        self.last = serving;
        said
    }

    /// What the last run has printed so far.
    fn last(&self) -> String {
        ["stdout", "stderr"].map(|kind| std::fs::read_to_string(self.path(self.last, kind)).unwrap()).concat()
    }

    async fn says(&self, what: &str) {
        eventually(what, || async { self.last().contains(what).then_some(()) }).await;
    }

    async fn stop(&self, mut child: Process) {
        // What a monitor is shown is output too.
        let counters = reqwest::get(format!("http://{}/metrics", self.service.listen)).await.unwrap();
        std::fs::write(self.path(self.last, "metrics"), counters.bytes().await.unwrap()).unwrap();
        terminate(&child);
        assert!(exited(&mut child, Duration::from_secs(10)).await.success(), "{}", self.last());
        assert!(self.last().contains("\"stopped\""), "{}", self.last());
    }

    /// Searches all output, and what the store and the folder hold beside.
    fn search(&self) {
        let (mut searched, mut stored) = (0, 0);
        for entry in std::fs::read_dir(self.service.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with(".toml") {
                continue;
            }
            let held = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            // The store keeps the addresses of answers, in a file that only its owner can read.
            let is_store = name.contains(".db");
            let sought = [SECRET, TICKET].into_iter().chain((!is_store).then_some(ANSWER));
            for secret in sought {
                if let Some(at) = held.find(secret) {
                    let from = held[..at].char_indices().rev().nth(300).map_or(0, |(at, _)| at);
                    panic!("{name} holds {secret}: …{}", &held[from..at + secret.len()]);
                }
            }
            if is_store {
                assert_private(&path);
                stored += usize::from(held.contains(ANSWER));
            }
            searched += 1;
        }
        assert!(searched > self.runs, "all of it was searched");
        assert!(stored > 0, "what is in the store is found there");
    }
}

fn assert_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{}", path.display());
}

/// Given everything is logged, when people report, ask, press, and Slack refuses, stumbles, limits and revokes, then
/// none of it holds a secret, and neither do the store, the counters, and what the other commands print.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_printed_over_http() {
    let mut watched = Watched::over(false).await;
    let child = watched.serve(&[]).await;
    watched.says("the heartbeat is not heard").await;
    let slack = watched.service.slack.clone();
    let faults = [
        ("users.getPresence", FaultKind::RateLimited { retry_after: Some(1) }),
        ("dnd.teamInfo", FaultKind::Http500),
        ("conversations.members", FaultKind::Garbage),
        ("chat.postMessage", FaultKind::CloseAfter),
        ("chat.update", FaultKind::Error("internal_error".to_owned())),
        ("response_url", FaultKind::Http404),
    ];
    for (method, kind) in faults {
        slack.with(|world, _| world.inject(Fault::once(method, kind)));
    }
    report(&slack, "https://i.example/1 the database is down");
    for text in ["top", "status", "nonsense", ""] {
        slack.with(|world, now| world.slash_command(now, "U002", CHANNEL, "/devoncall", text)).unwrap();
    }
    slack.with(|world, now| world.direct_message(now, "U003", "why")).unwrap();
    let (ts, responder) = page(&slack).await;
    slack.with(|world, now| world.click(now, &responder, CHANNEL, &ts, "pagerslack_why")).unwrap();
    react(&slack, &responder, &ts);
    taken(&slack).await;
    // Forged, and a form with a token in it that nobody can read.
    let client = reqwest::Client::new();
    let url = format!("http://{}/slack/events", watched.service.listen);
    let forged = format!("token=verification-{SECRET}&command=/devoncall");
    assert_eq!(client.post(&url).body(forged).send().await.unwrap().status(), 401);
    // The admin's token, the right one and wrong ones, shown to the server and by the command that shows it.
    let admin = format!("http://{}", watched.service.listen);
    let download = ["stats", "download", "--server", &admin];
    assert!(watched.run_beside(&download, &[]).await.contains("https://i.example/1"));
    let wrong = [("PAGERSLACK_ADMIN_TOKEN", "another-hunter2-another-hunter2")];
    assert!(watched.run_beside(&download, &wrong).await.contains("does not accept"));
    slack.with(|world, now| world.revoke_tokens(now));
    report(&slack, "https://i.example/2");
    watched.says("its token revoked").await;
    watched.says("Slack refuses a post").await;
    watched.stop(child).await;

    assert!(watched.run(&["doctor"], &[]).await.contains("install the app again"));
    watched.run(&["nudge", "--dry-run"], &[]).await;
    slack.with(|world, _| world.restore_tokens());
    assert!(watched.run(&["doctor", "--channel", CHANNEL], &[]).await.contains("the clock agrees"));
    watched.run(&["config"], &[]).await;
    watched.run(&["config", "check"], &[]).await;
    watched.run(&["--version", "--verbose"], &[]).await;
    watched.run(&["nudge", "--dry-run"], &[]).await;
    watched.search();
}

/// Given wrong secrets of every kind, then what is said of them does not hold them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wrong_secret_is_printed() {
    let mut watched = Watched::over(false).await;
    let wrong = [("SLACK_BOT_TOKEN", "xoxb-2-hunter2"), ("SLACK_SIGNING_SECRET", "another-hunter2")];
    let child = watched.serve(&wrong).await;
    let slack = watched.service.slack.clone();
    report(&slack, "https://i.example/1");
    eventually("a refusal", || async {
        slack.read(|world| (!world.ephemeral_transcript("U001").is_empty()).then_some(()))
    })
    .await;
    watched.says("Slack does not say who the bot is").await;
    watched.stop(child).await;
    watched.run(&["doctor"], &wrong).await;

    // Reports come in, and no answer goes out.
    let child = watched.serve(&wrong[..1]).await;
    report(&slack, "https://i.example/2");
    watched.says("invalid_auth").await;
    watched.stop(child).await;

    // Secrets in the wrong places.
    for (name, value) in [
        ("SLACK_BOT_TOKEN", "hunter2"),
        ("SLACK_APP_TOKEN", "xoxb-hunter2"),
        ("SLACK_BOT_TOKEN", "xoxb-hunter2\u{7f}\u{e9}"),
        ("PAGERSLACK_STORE", "redis://:hunter2@127.0.0.1"),
        ("PAGERSLACK_STORE", "xoxb-hunter2"),
        ("PAGERSLACK_LISTEN", "xapp-hunter2"),
        ("SLACK_API_URL", "https://hunter2@127.0.0.1/"),
        ("SLACK_API_URL", "xoxb-hunter2"),
        ("PAGERSLACK_HEARTBEAT_URL", "beat.example/hunter2"),
        ("PAGERSLACK_ADMIN_TOKEN", "hunter2"),
        ("PAGERSLACK_ADMIN_TOKEN", "hunter2 hunter2 hunter2 hunter2"),
    ] {
        for command in [&["serve"][..], &["doctor"], &["config", "check"]] {
            // The one token that is well-formed and cannot travel lets `serve` run.
            if !(value.starts_with("xoxb-hunter2\u{7f}") && command == ["serve"]) {
                watched.run(command, &[(name, value)]).await;
            }
        }
    }
    for file in [
        "signing_secret = \"hunter2\"\nbot_token = \"xoxb-hunter2\"\n",
        "admin = \"xoxb-hunter2\"\nstore = \"redis://:hunter2@127.0.0.1\"\n",
        "signing_secret = \"hunter2\n",
        "[defaults.managers]\nusers = [\"xoxb-hunter2\"]\n",
        "[slack\nbot_token = 'xoxb-hunter2'\n",
        "heartbeat_url = \"beat.example/hunter2\"\n",
        "heartbeat_url = [\"https://beat.example/hunter2\"]\n",
        "heartbeat_url = \"https://beat.example/hunter2\n",
    ] {
        std::fs::write(watched.service.folder.path().join("pagerslack.toml"), file).unwrap();
        for command in [&["serve"][..], &["doctor"], &["config", "check"]] {
            watched.run(command, &[]).await;
        }
    }
    watched.search();
}

/// Given Socket Mode, when links come, break, are refused and go, then neither token nor ticket is printed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_printed_over_socket_mode() {
    let mut watched = Watched::over(true).await;
    let token = format!("xapp-1-{SECRET}");
    let child = watched.serve(&[("SLACK_APP_TOKEN", &token)]).await;
    let (slack, sockets) = (watched.service.slack.clone(), watched.service.sockets.clone());
    eventually("two links", || async { (sockets.count() == 2).then_some(()) }).await;
    report(&slack, "https://i.example/1");
    let (ts, responder) = page(&slack).await;
    for kind in [FaultKind::Garbage, FaultKind::Http500, FaultKind::RateLimited { retry_after: Some(1) }] {
        slack.with(|world, _| world.inject(Fault::once("apps.connections.open", kind)));
    }
    sockets.disconnect_oldest(DisconnectReason::RefreshRequested);
    sockets.close_all();
    watched.says("a Socket Mode link ended").await;
    watched.says("no Socket Mode link").await;
    eventually("two links again", || async { (sockets.count() >= 2).then_some(()) }).await;
    react(&slack, &responder, &ts);
    taken(&slack).await;
    watched.stop(child).await;

    let child = watched.serve(&[("SLACK_APP_TOKEN", "xapp-2-hunter2")]).await;
    watched.says("the heartbeat is heard").await;
    watched.says("Slack does not accept the app token").await;
    watched.stop(child).await;
    watched.run(&["doctor"], &[("SLACK_APP_TOKEN", "xapp-2-hunter2")]).await;
    watched.run(&["doctor"], &[("SLACK_APP_TOKEN", &token)]).await;
    watched.search();
}
