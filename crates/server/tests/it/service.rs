//! The real binary as a service of its own: started, asked, told to stop, killed; beside it a fake Slack over real
//! sockets.
//!
//! Its clock is the machine's, so what happens is waited for, with a limit.

use std::fs::File;
use std::future::Future;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use slack_sim::{Server, SimHandle, Sockets, SystemClock, WorldBuilder, demo_team};
use tokio::net::TcpSocket;
use tokio_util::sync::CancellationToken;

/// The channel of most stories.
pub const CHANNEL: &str = "C0DEMO";

/// Waits, in real time, for something to become true.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    eventually_within(Duration::from_secs(20), what, look).await
}

/// The same with a limit of its own.
pub async fn eventually_within<T, F: Future<Output = Option<T>>>(
    limit: Duration,
    what: &str,
    look: impl Fn() -> F,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < limit, "this does not happen within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A fake Slack for the real binary, which is started and stopped like a service.
pub struct Service {
    /// The fake Slack.
    pub slack: SimHandle,
    /// Its WebSockets.
    pub sockets: Sockets,
    /// Where the binary listens.
    pub listen: SocketAddr,
    /// Where it runs: its configuration, its database and its log.
    pub folder: tempfile::TempDir,
    api_url: String,
    client: reqwest::Client,
    shutdown: CancellationToken,
    /// Keeps the port while nobody listens there: no connection of somebody else's may go out from it.
    _port: TcpSocket,
}

impl Service {
    /// The demo's team and its manager.
    pub async fn prepare() -> Self {
        let world = demo_team().command("/devoncall", "").app(|app| {
            app.scopes.insert("users:read.email".to_owned());
        });
        // The clock is the machine's: whomever rosters of tests name may be asked at any hour.
        let world = ["U002", "U003", "U004"]
            .into_iter()
            .fold(world, |world, user| world.with_user(user, |user| user.dnd.daily = None));
        Self::new(world, "[defaults.managers]\nusers = [\"U025\"]\n", |server| server).await
    }

    /// Any world, any `pagerslack.toml`, and any change of how the fake Slack serves.
    pub async fn new(world: WorldBuilder, settings: &str, serve: impl FnOnce(Server) -> Server) -> Self {
        Self::reached_by(|url| world.deliver_to(url), settings, serve).await
    }

    /// The same where Slack sends over Socket Mode.
    pub async fn over_sockets(
        world: WorldBuilder,
        settings: &str,
        serve: impl FnOnce(Server) -> Server,
    ) -> Self {
        Self::reached_by(|_| world.socket_mode(), settings, serve).await
    }

    async fn reached_by(
        world: impl FnOnce(&url::Url) -> WorldBuilder,
        settings: &str,
        serve: impl FnOnce(Server) -> Server,
    ) -> Self {
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let listen = port.local_addr().unwrap();
        let url = format!("http://{listen}/slack/events").parse().unwrap();
        let slack = SimHandle::new(world(&url).build(), Arc::new(SystemClock));
        let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), slack.clone()).await.unwrap();
        let (api_url, sockets, shutdown) = (server.api_url(), server.sockets(), CancellationToken::new());
        tokio::spawn(serve(server).run(shutdown.clone()));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pagerslack.toml"), settings).unwrap();
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        Self { slack, sockets, listen, folder, api_url, client, shutdown, _port: port }
    }

    /// The binary with the environment that it needs.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagerslack"));
        self.surround(&mut command);
        command
    }

    /// Gives any command the binary's folder and environment.
    pub fn surround(&self, command: &mut Command) {
        let (token, secret) =
            self.slack.read(|world| (world.app().bot_token.clone(), world.app().signing_secret.clone()));
        command
            .current_dir(self.folder.path())
            .env_clear()
            // Nobody stands in front of it.
            .env("PAGERSLACK_SHUTDOWN_DRAIN", "0 s")
            .env("SLACK_API_URL", &self.api_url)
            .env("SLACK_BOT_TOKEN", token)
            .env("SLACK_SIGNING_SECRET", secret)
            .env("PAGERSLACK_LISTEN", self.listen.to_string());
    }

    /// Starts the binary and waits until it is ready.
    pub async fn serve(&self) -> Process {
        let process = self.spawn(self.command());
        self.ready().await;
        process
    }

    /// Waits until the binary is ready.
    pub async fn ready(&self) {
        eventually("readiness", || async { self.is_ready().await.then_some(()) }).await;
    }

    /// Starts `pagerslack serve`, its output going to the log.
    pub fn spawn(&self, mut command: Command) -> Process {
        Process::start(command.arg("serve").stdout(self.open_log()).stderr(Stdio::inherit()))
    }

    /// The log, to be written to at its end.
    pub fn open_log(&self) -> File {
        File::options().append(true).create(true).open(self.log_file()).unwrap()
    }

    /// Runs `pagerslack serve` and expects it to refuse; gives what it writes to standard error.
    pub async fn refuses_to_serve(&self, mut command: Command) -> String {
        let mut process = Process::start(command.arg("serve").stdout(self.open_log()).stderr(Stdio::piped()));
        let status = exited(&mut process, Duration::from_secs(20)).await;
        let mut said = String::new();
        process.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(status.code(), Some(1), "{said}");
        said
    }

    /// Whether it says that it is ready.
    pub async fn is_ready(&self) -> bool {
        self.asked("/readyz").await.is_some_and(|(status, _)| status == 200)
    }

    /// What it answers to a monitor: the status and the body, if it is there.
    pub async fn asked(&self, path: &str) -> Option<(u16, String)> {
        let answer = self.client.get(format!("http://{}{path}", self.listen)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("pagerslack.db")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log.jsonl")
    }

    /// All that it has logged in all its lives.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap()
    }

    /// Somebody of the demo's team reports an incident.
    pub fn report(&self, url: &str) {
        self.slack.with(|world, now| world.slash_command(now, "U001", CHANNEL, "/devoncall", url)).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// The binary, running; killed if a test fails before its end.
pub struct Process(Child);

impl Process {
    /// Starts any command.
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// Takes over a service that was started in some other way.
    pub fn of(child: Child) -> Self {
        Self(child)
    }

    /// By which the system knows it.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has not ended by itself.
    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Ends it without a word (`SIGKILL`), and waits until it is gone.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for the end of a process.
pub async fn exited(process: &mut Process, within: Duration) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = process.0.try_wait().unwrap() {
            return status;
        }
        assert!(started.elapsed() < within, "it does not exit within {within:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Tells a process to stop.
pub fn terminate(process: &Process) {
    let status = Command::new("kill").args(["-TERM", &process.0.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Tells a process to stop, and waits until it has.
pub async fn stopped(mut process: Process) -> ExitStatus {
    terminate(&process);
    exited(&mut process, Duration::from_secs(10)).await
}
