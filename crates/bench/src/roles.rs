//! What the children do: serve, commit, fill a database, start again on a full one.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use clap::Subcommand;
use jiff::Timestamp;
use pagerslack::clock::{Clock, SystemClock};
use pagerslack::config::{Config, Environment, File, RotationConfig};
use pagerslack::engine::LEASE;
use pagerslack::http::serve;
use pagerslack::{Bot, Surroundings, drawn_seed};
use pagerslack_slack::HttpTransport;
use pagerslack_slack::transport::{Token, Transport};
use pagerslack_slack::verify::SigningSecret;
use pagerslack_store::{Claim, Commit, Redis, Sqlite, Store};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{incidents, reports, requests};

/// Where nobody listens: the API of a bot that has nothing to call.
pub(crate) const NOBODY: &str = "http://127.0.0.1:9/api/";

/// The hidden commands.
#[derive(Subcommand)]
#[command(hide = true)]
pub(crate) enum Role {
    /// Serve the bot's routes.
    Bot {
        /// The database.
        store: PathBuf,
        /// The Web API; with one the bot does its jobs too.
        api_url: Option<String>,
    },
    /// Serve a handler that reads a body and checks its signature, and does nothing else.
    Bare,
    /// Commit reports for a while, and say how many a second.
    Commit {
        /// The database.
        store: PathBuf,
        /// How many commits are under way at a time.
        tasks: usize,
        /// For how long.
        milliseconds: u64,
    },
    /// Take incidents from the report to the acknowledgement for a while, as one of several, and say how many a second.
    Share {
        /// The Redis.
        address: String,
        /// The first incident's number.
        first: usize,
        /// How many are under way at a time.
        tasks: usize,
        /// For how long.
        milliseconds: u64,
    },
    /// Fill a database with open incidents.
    Fill {
        /// The database.
        store: PathBuf,
        /// How many.
        incidents: usize,
    },
    /// Fill a database with incidents of a year that are over.
    History {
        /// The database.
        store: PathBuf,
        /// How many.
        incidents: usize,
    },
    /// Export everything in a database, and say how many seconds it took.
    Export {
        /// The database.
        store: PathBuf,
    },
    /// Count everything in a database in memory, and say how long that took.
    Books {
        /// The database.
        store: PathBuf,
    },
    /// Start on a database as the bot does, up to the first claim.
    Start {
        /// The database.
        store: PathBuf,
    },
}

/// Does what a child is for, and says so on standard output.
pub(crate) fn play(role: Role) -> Result<()> {
    log();
    // As production's own.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match role {
            Role::Bot { store, api_url } => bot(&store, api_url.as_deref()).await,
            Role::Bare => bare().await,
            Role::Commit { store, tasks, milliseconds } => {
                commit(&store, tasks, Duration::from_millis(milliseconds)).await
            }
            Role::Share { address, first, tasks, milliseconds } => {
                share(&address, first, tasks, Duration::from_millis(milliseconds)).await
            }
            Role::Fill { store, incidents } => fill(&store, incidents).await,
            Role::History { store, incidents } => history(&store, incidents).await,
            Role::Export { store } => said(reports::export(&store).await),
            Role::Books { store } => said(reports::books(&store).await),
            Role::Start { store } => start(&store).await,
        }
    })
}

/// Says what was measured, and stays until its memory has been looked at.
fn said(measured: Result<String>) -> Result<()> {
    ready(&measured?)?;
    std::io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// How many others are reported before an incident is closed: more than in an hour, of a million in a year.
const APART: usize = 300;

async fn history(store: &Path, incidents: usize) -> Result<()> {
    let store = Arc::new(Sqlite::open(store)?);
    let over = move |number| incidents::over(number, reports::moment(number, incidents));
    let apart = incidents.min(APART);
    commit_all(&store, 256, move |number| {
        let alternate = number.checked_sub(apart).filter(|_| number < 2 * incidents - apart);
        let (incident, part) = match alternate {
            Some(place) if place.is_multiple_of(2) => (apart + place / 2, 0),
            Some(place) => (place / 2, 1),
            None if number < apart => (number, 0),
            None => (number - incidents, 1),
        };
        (number < 2 * incidents).then(|| over(incident)).and_then(|commits| commits.into_iter().nth(part))
    })
    .await?;
    drop(store);
    ready("")
}

/// The log as `pagerslack serve` writes it, on standard error.
fn log() {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let filter = tracing_subscriber::EnvFilter::new("info,hyper=warn,reqwest=warn");
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(filter).with(lines).init();
}

/// A bot put together as in production, over the real clock.
pub(crate) async fn assemble(
    store: Arc<dyn Store>,
    transport: Arc<dyn Transport>,
    api_url: &str,
) -> Result<Bot> {
    assemble_at(Arc::new(SystemClock), store, transport, api_url).await
}

/// The same over any clock.
pub(crate) async fn assemble_at(
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    transport: Arc<dyn Transport>,
    api_url: &str,
) -> Result<Bot> {
    let environment = Environment {
        api_url: Some(api_url.to_owned()),
        bot_token: Some(Token::new("xoxb-simulated")),
        signing_secret: Some(SecretString::from(requests::SECRET)),
        ..Environment::default()
    };
    let mut config = Config::resolve(File::default(), &environment)?;
    config.settings = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() }.into();
    Bot::assemble(
        config,
        Surroundings { clock, store, transport, seed: drawn_seed(), panel: false, records: None },
    )
    .await
}

async fn bot(store: &Path, api_url: Option<&str>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let store = Arc::new(Sqlite::open(store)?);
    let bot = assemble(store, Arc::new(HttpTransport::new()?), api_url.unwrap_or(NOBODY)).await?;
    let shutdown = until_input_closes();
    ready(&address)?;
    match api_url {
        Some(_) => bot.run(listener, shutdown).await,
        None => serve(listener, bot.router(), shutdown).await,
    }
    Ok(())
}

/// The least that any receiver of Slack's requests has to do, served in the same way.
async fn bare() -> Result<()> {
    async fn receive(
        State(secret): State<Arc<SigningSecret>>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        let header = |name| headers.get(name).map(axum::http::HeaderValue::as_bytes);
        let (sent, signature) = (header("x-slack-request-timestamp"), header("x-slack-signature"));
        match secret.verify(sent, signature, &body, Timestamp::now()) {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::UNAUTHORIZED,
        }
    }
    let secret = Arc::new(SigningSecret::new(&SecretString::from(requests::SECRET))?);
    let router = Router::new().route("/slack/events", post(receive)).with_state(secret);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    ready(&listener.local_addr()?.to_string())?;
    serve(listener, router, until_input_closes()).await;
    Ok(())
}

async fn commit(store: &Path, tasks: usize, span: Duration) -> Result<()> {
    let store = Arc::new(Sqlite::open(store)?);
    let begun = Instant::now();
    let done = commit_all(&store, tasks, move |number| {
        (begun.elapsed() < span).then(|| incidents::reported(number, Timestamp::now()))
    })
    .await?;
    ready(&format!("{}", done as f64 / begun.elapsed().as_secs_f64()))
}

async fn share(address: &str, first: usize, tasks: usize, span: Duration) -> Result<()> {
    let store = Arc::new(Redis::connect(address).await?);
    let number = Arc::new(AtomicUsize::new(first));
    let begun = Instant::now();
    let mut lanes = JoinSet::new();
    for _ in 0..tasks {
        let (store, number) = (Arc::clone(&store), Arc::clone(&number));
        lanes.spawn(async move {
            let mut done = 0;
            while begun.elapsed() < span {
                let [reported, taken] =
                    incidents::taken(number.fetch_add(1, Ordering::Relaxed), Timestamp::now());
                let (team, incident) = (taken.team.clone(), taken.incident.clone());
                store.commit(reported).await?;
                // As the engine does before it decides.
                store.load(&team, &incident).await?;
                store.commit(taken).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(lane) = lanes.join_next().await {
        done += lane??;
    }
    ready(&format!("{}", f64::from(done) / begun.elapsed().as_secs_f64()))
}

/// Stays until it is killed, so that the database is left as a crash leaves it.
async fn fill(store: &Path, incidents: usize) -> Result<()> {
    let store = Arc::new(Sqlite::open(store)?);
    let now = Timestamp::now();
    commit_all(&store, 256, move |number| (number < incidents).then(|| incidents::paged(number, now)))
        .await?;
    ready("")?;
    until_input_closes().cancelled().await;
    Ok(())
}

/// Commits what `next` makes of 0, 1, … until it makes nothing, so many at a time. Says how many.
pub(crate) async fn commit_all(
    store: &Arc<Sqlite>,
    tasks: usize,
    next: impl Fn(usize) -> Option<Commit> + Clone + Send + 'static,
) -> Result<usize> {
    let number = Arc::new(AtomicUsize::new(0));
    let mut lanes = JoinSet::new();
    for _ in 0..tasks {
        let (store, number, next) = (Arc::clone(store), Arc::clone(&number), next.clone());
        lanes.spawn(async move {
            let mut done = 0;
            while let Some(commit) = next(number.fetch_add(1, Ordering::Relaxed)) {
                store.commit(commit).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut all = 0;
    while let Some(done) = lanes.join_next().await {
        all += done??;
    }
    Ok(all)
}

async fn start(store: &Path) -> Result<()> {
    let store = Arc::new(Sqlite::open(store)?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let bot = assemble(store, Arc::new(HttpTransport::new()?), NOBODY).await?;
    let now = Timestamp::now();
    let lease_until = now.checked_add(LEASE).context("the clock is at its end")?;
    bot.engine().store().claim(Claim { now, lease_until, limit: 256 }).await?;
    ready(&listener.local_addr()?.to_string())?;
    until_input_closes().cancelled().await;
    // The database is as it was found, and so is the file beside it.
    std::process::exit(0)
}

fn ready(said: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready {said}")?;
    Ok(out.flush()?)
}

/// Cancelled when the bench has gone or has had enough.
fn until_input_closes() -> CancellationToken {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        cancelled.cancel();
    });
    token
}
