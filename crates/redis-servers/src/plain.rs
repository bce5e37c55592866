//! One Redis server: started, asked, killed, restarted on its port and its data.

mod settings;

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, FromRedisValue, InfoDict, IntoConnectionInfo as _,
    RedisConnectionInfo, Value,
};
use rustix::process::Signal;
use url::Url;

use crate::certificate::Certificate;
use crate::keeper::{Folder, Process};
use crate::port::Port;
use crate::wait::{PATIENCE, eventually};

pub use settings::Builder;

const PROGRAM: &str = "redis-server";

/// `redis-server` is the one program needed: with `--sentinel` it is a Sentinel.
const MISSING: &str = "redis-server 7.0 or newer is missing; type: sudo apt-get update && sudo apt-get install --yes \
                       redis-server (Fedora: sudo dnf install redis; macOS: brew install redis)";

/// How much of the log an error shows, in lines.
const TAIL: usize = 20;

/// How long our own questions wait for an answer: long enough for a disk that is slow, not for a server that is stopped.
const ANSWER: Duration = Duration::from_secs(10);

/// The user by whom we rule a server on which others need a password. It may do all, without a password.
const KEEPER: &str = "redis-servers";

/// One Redis server, alone or a part of a [`SentinelTrio`](crate::SentinelTrio) or a [`Cluster`](crate::Cluster).
///
/// Our own questions ([`run`](Self::run) and all that is built on it) go through its unix socket and as a user of their
/// own, so that they get through whatever stands between the server and its clients.
///
/// Dropped, it is killed and its folder is deleted.
pub struct Plain {
    builder: Builder,
    process: Mutex<Option<Process>>,
    port: Port,
    certificate: Option<Certificate>,
    folder: Folder,
}

impl Plain {
    /// A server that loses nothing: every command is on disk before it is answered.
    ///
    /// # Errors
    /// When it cannot be started: the tail of its log.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// A server that keeps nothing on disk, for speed. Use it by [`unix_url`](Self::unix_url).
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn fast() -> Result<Self> {
        Self::builder().without_persistence().start().await
    }

    /// A server with a password, users, TLS or other settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    async fn build(builder: Builder) -> Result<Self> {
        if builder.program.is_none() {
            installed()?;
        }
        let folder = Folder::make()?;
        let port = Port::take()?;
        let certificate = match builder.tls {
            true => Some(Certificate::make(folder.path()).context("cannot make a certificate")?),
            false => None,
        };
        let plain = Self { builder, process: Mutex::default(), port, certificate, folder };
        let configuration = plain.builder.configuration(&plain);
        fs::write(plain.configuration_file(), configuration).context("cannot write redis.conf")?;
        plain.spawn().await?;
        Ok(plain)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// How clients reach it by TCP: `redis://127.0.0.1:…/` or, with TLS, `rediss://…`, with the first user or the
    /// password that it was built with.
    pub fn url(&self) -> String {
        self.url_at(self.address())
    }

    /// The same through a [`Proxy`](crate::Proxy), or whatever else stands at this address.
    pub fn url_at(&self, address: SocketAddr) -> String {
        let scheme = if self.certificate.is_some() { "rediss" } else { "redis" };
        let bare = format!("{scheme}://{address}/");
        let (user, password) = self.builder.credentials();
        match Url::parse(&bare) {
            Ok(mut url) => {
                // Neither fails where there is a host.
                let _ = url.set_username(user.unwrap_or_default());
                let _ = url.set_password(password);
                url.into()
            }
            Err(_) => bare,
        }
    }

    /// How clients reach it by its unix socket: `redis+unix:///…`.
    pub fn unix_url(&self) -> String {
        let (user, password) = self.builder.credentials();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([("user", user), ("pass", password)].iter().filter_map(|&(k, v)| Some((k, v?))));
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("redis+unix://{}{mark}{query}", self.socket().display())
    }

    /// The unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// The PEM file of the authority that a client has to trust, where the server speaks TLS.
    pub fn authority(&self) -> Option<&Path> {
        self.certificate.as_ref().map(|it| it.authority.as_path())
    }

    /// Where it keeps its data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// By which the system knows its process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.process().as_ref().map(Process::id)
    }

    /// Whether it has not ended: a server that is paused runs.
    pub fn is_running(&self) -> bool {
        self.process().as_mut().is_some_and(|process| matches!(process.ended(), Ok(None)))
    }

    /// Ends it without a word (SIGKILL), and waits until it is gone. Nothing if it is not running.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&self) -> Result<()> {
        match self.process().take() {
            Some(mut process) => process.kill(),
            None => Ok(()),
        }
    }

    /// Shuts it down in order (SIGTERM), and waits until it is gone. Nothing if it is not running.
    ///
    /// # Errors
    /// When it does not go, or not in order.
    pub async fn shut_down(&self) -> Result<()> {
        let process = self.process().take();
        match process {
            Some(mut process) => process.stop(PATIENCE).await.with_context(|| self.tail()),
            None => Ok(()),
        }
    }

    /// Starts it again, on its port and on its data as its disk has them. If it runs, it is killed first.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn restart(&self) -> Result<()> {
        self.kill()?;
        self.spawn().await
    }

    /// Stops it where it stands (SIGSTOP): connections stay, nothing is answered.
    ///
    /// # Errors
    /// When it is not running.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// When it is not running.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        self.process().as_ref().context("the server is not running")?.signal(signal)
    }

    /// A connection of ours: through the unix socket, as a user who may do all.
    ///
    /// # Errors
    /// When there is no server that answers.
    pub async fn connect(&self) -> Result<MultiplexedConnection> {
        let mut settings = RedisConnectionInfo::default().set_skip_set_lib_name();
        if self.builder.is_guarded() {
            settings = settings.set_username(KEEPER).set_password("any");
        }
        let info = ConnectionAddr::Unix(self.socket()).into_connection_info()?.set_redis_settings(settings);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER));
        Ok(Client::open(info)?.get_multiplexed_async_connection_with_config(&config).await?)
    }

    /// Runs one command: `server.run(&["CONFIG", "SET", "maxmemory", "10mb"])`.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses.
    pub async fn run(&self, command: &[&str]) -> Result<Value> {
        self.ask(command).await
    }

    /// Runs one command and reads its answer: `server.ask::<u64>(&["DBSIZE"])`.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or answers something else.
    pub async fn ask<T: FromRedisValue>(&self, command: &[&str]) -> Result<T> {
        self.ask_bytes(&command.iter().map(|word| word.as_bytes()).collect::<Vec<_>>()).await
    }

    /// The same where a word may be no text.
    pub(crate) async fn ask_bytes<T: FromRedisValue>(&self, command: &[&[u8]]) -> Result<T> {
        let ask = async {
            let mut connection = self.connect().await?;
            let mut words = Cmd::new();
            for word in command {
                words.arg(*word);
            }
            let answer: Value = words.query_async(&mut connection).await?;
            // Without this an error that the server answers inside a list would be taken for a value.
            let answer = answer.extract_error()?;
            Ok(T::from_redis_value(answer)?)
        };
        ask.await.map_err(|error: anyhow::Error| {
            let words: Vec<_> =
                command.iter().take(4).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
            error.context(format!("`{}` at {}", words.join(" "), self.address()))
        })
    }

    /// Forgets all data, in every database.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn flush(&self) -> Result<()> {
        self.ask(&["FLUSHALL"]).await
    }

    /// All that `INFO` says.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn info(&self) -> Result<InfoDict> {
        self.ask(&["INFO", "everything"]).await
    }

    /// One number or word of `INFO`, such as `used_memory`.
    ///
    /// # Errors
    /// As [`run`](Self::run), and when `INFO` does not have it.
    pub async fn figure<T: FromRedisValue>(&self, name: &str) -> Result<T> {
        self.info().await?.get(name).with_context(|| format!("INFO says nothing of {name}"))
    }

    /// All that it has logged in all its lives.
    pub fn log(&self) -> String {
        fs::read(self.log_file()).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    async fn spawn(&self) -> Result<()> {
        let log = File::options().append(true).create(true).open(self.log_file());
        let mut arguments = vec!["redis.conf"];
        arguments.extend(self.builder.sentinel.then_some("--sentinel"));
        let process = Process::start(
            self.program(),
            &arguments,
            self.folder.path(),
            log.context("cannot write a log")?,
        )?;
        *self.process() = Some(process);
        let look = || async {
            if let Some(process) = self.process().as_mut()
                && let Some(status) = process.ended()?
            {
                return Ok(Err(anyhow!("it ended at once ({status})")));
            }
            self.ask::<String>(&["PING"]).await.map(Ok)
        };
        let ready = eventually("the server answers", PATIENCE, look).await.and_then(|result| result);
        ready.map(|_| ()).with_context(|| format!("redis-server does not start. {}", self.tail()))
    }

    fn program(&self) -> &Path {
        self.builder.program.as_deref().unwrap_or(Path::new(PROGRAM))
    }

    /// The last lines of the log, for an error.
    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
        format!("The end of its log:\n{tail}\n")
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn configuration_file(&self) -> PathBuf {
        self.folder.path().join("redis.conf")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("redis.log")
    }
}

/// Checks once that the program is there and new enough: older ones know neither `cluster-port` nor `SENTINEL DEBUG`.
fn installed() -> Result<()> {
    static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();
    let look = || -> Result<()> {
        let asked = Command::new(PROGRAM).arg("--version").stdin(Stdio::null()).output().context(MISSING)?;
        let said = String::from_utf8_lossy(&asked.stdout).into_owned();
        let version = said.split_whitespace().find_map(|word| word.strip_prefix("v="));
        let major = version.and_then(|it| it.split('.').next()?.parse::<u32>().ok());
        ensure!(major.is_some_and(|it| it >= 7), "{MISSING}; what is there says: {}", said.trim());
        Ok(())
    };
    match INSTALLED.get_or_init(|| look().map_err(|error| format!("{error:#}"))) {
        Ok(()) => Ok(()),
        Err(why) => bail!("{why}"),
    }
}
