//! From the report to the page: two round trips to Slack and next to nothing of our own.
//!
//! The real driver and clock, a database on disk, and a fake Slack fifty milliseconds away. The whole delay
//! lies before Slack acts, which is the strictest reading of "visible": the page's own round trip counts in
//! full. The bar is twice the round trip as measured, and our own five milliseconds. Every sample is a workspace
//! of its own to the bot, so that nobody's presence is known yet and no rate budget is used up.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use pagerslack::engine::Engine;
use pagerslack_core::{ChannelId, IncidentId, QueueChange, RotationId, TeamId};
use pagerslack_slack::client::Caller;
use pagerslack_slack::transport::{Request, Response, Transport, TransportError};
use pagerslack_slack::words::PASS_ACTION;
use pagerslack_store::{Commit, QueueCommit, Sqlite};
use slack_sim::{Answer, RateLimits, SimHandle, SystemClock, World, blank_user};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::figure::{Figure, median, milliseconds, percentile};
use crate::load::Connection;
use crate::requests::Slack;
use crate::{Bench, roles};

/// How far away the fake Slack is.
const ROUND_TRIP: Duration = Duration::from_millis(50);

const WARM: usize = 41;
const COLD: usize = 11;
const PEOPLE: usize = 8;

/// What our own work may take, in milliseconds: commits, claims, and everything between two round trips.
const OURS: f64 = 5.0;

/// Between two samples, so that what the first left to do is done.
const REST: Duration = Duration::from_millis(200);

/// Longer than any page takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures the time to the page with known members and people, and with nothing known.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let Samples { warm, cold, commit, trip } = runtime.block_on(samples(&bench.file("page.db")))?;
    let figure = |samples: &[Sample]| {
        let pages: Vec<f64> = samples.iter().map(|sample| sample.page).collect();
        let roots: Vec<f64> = samples.iter().map(|sample| sample.root).collect();
        let (p10, p90, root) = (percentile(&pages, 10), percentile(&pages, 90), median(&roots));
        (median(&pages), format!("p10 {p10:.1}, p90 {p90:.1}; root after {root:.1}"))
    };
    let ((warm, warm_note), (cold, cold_note)) = (figure(&warm), figure(&cold));
    let note = format!("{warm_note}; round trip {trip:.2}, lone commit {commit:.2}");
    Ok(vec![
        Figure::at_most("report to page, 50 ms away", (warm, "ms"), (2.0 * trip + OURS, "ms")).note(note),
        Figure::told("report to page, nothing known", (cold, "ms")).note(cold_note),
    ])
}

/// Milliseconds after the report was sent.
struct Sample {
    /// When the root message stood in the channel.
    root: f64,
    /// When the page stood in its thread.
    page: f64,
}

/// Everything measured, in milliseconds.
struct Samples {
    warm: Vec<Sample>,
    cold: Vec<Sample>,
    /// A lone commit between the samples: three of the kind follow one another between a report and its page.
    commit: f64,
    /// A round trip to the fake Slack, its own work included.
    trip: f64,
}

async fn samples(store: &Path) -> Result<Samples> {
    let slack = SimHandle::new(world(WARM + COLD + 1), Arc::new(SystemClock));
    let (posts, mut posted) = mpsc::unbounded_channel();
    let transport = Arc::new(Distant { slack: slack.clone(), posts, trips: Mutex::default() });
    let store = Arc::new(Sqlite::open(store)?);
    let bot = roles::assemble(store, Arc::<Distant>::clone(&transport), "http://127.0.0.1/api/").await?;
    let engine = Arc::clone(bot.engine());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(bot.run(listener, shutdown.clone()));
    let (mut warm, mut cold, mut commits) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..=WARM + COLD {
        tokio::time::sleep(REST).await;
        if number <= WARM {
            commits.push(make_known(&engine, number).await?);
        }
        let taken = sample(&slack, &mut posted, address, number).await?;
        match number {
            // The first opens connections and prepares statements.
            0 => {}
            1..=WARM => warm.push(taken),
            _ => cold.push(taken),
        }
    }
    shutdown.cancel();
    running.await?;
    let trips = transport.trips.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Samples { warm, cold, commit: median(&commits), trip: median(&trips) })
}

/// Reports an incident and waits until the page stands in the channel.
async fn sample(
    slack: &SimHandle,
    posted: &mut mpsc::UnboundedReceiver<Instant>,
    address: SocketAddr,
    number: usize,
) -> Result<Sample> {
    let mut connection = Connection::open(address).await?;
    let channel = channel(number);
    let request = Slack::new()?.report(&team(number), &channel, number);
    let (begun, begun_at) = (Instant::now(), Timestamp::now());
    let page = tokio::time::timeout(PATIENCE, page_stands(slack, posted, &channel));
    let (answered, seen) = tokio::join!(connection.ask(&request), page);
    let (status, said) = answered?;
    ensure!(status == 200 && said.contains("On it"), "the report was not accepted: {status} {said}");
    let seen = seen.with_context(|| format!("no page came; Slack was asked {}", last_calls(slack)))??;
    let root = slack.read(|world| world.messages(&channel).first().map(|message| message.at));
    let root = root.context("a page without a root")?.duration_since(begun_at).as_secs_f64() * 1_000.0;
    Ok(Sample { root, page: milliseconds(seen - begun) })
}

/// What the bot asked last, for whoever has to find out why no page came.
fn last_calls(slack: &SimHandle) -> String {
    slack.read(|world| {
        let calls = world.calls().iter().rev().take(12);
        let calls: Vec<String> = calls.map(|call| format!("{}: {:?}", call.method, call.outcome)).collect();
        calls.join(", ")
    })
}

/// When the page stood in the channel. Looked for after posts only, so that looking costs the bot nothing.
async fn page_stands(
    slack: &SimHandle,
    posted: &mut mpsc::UnboundedReceiver<Instant>,
    channel: &str,
) -> Result<Instant> {
    while let Some(at) = posted.recv().await {
        if slack.read(|world| has_page(world, channel)) {
            return Ok(at);
        }
    }
    bail!("the bot has gone")
}

fn has_page(world: &World, channel: &str) -> bool {
    let mut replies = world.messages(channel).into_iter().filter(|message| message.thread_ts.is_some());
    replies.any(|reply| reply.blocks.iter().any(|block| block.to_string().contains(PASS_ACTION)))
}

/// Has the bot read who is in the channel and who they are, as it does in the background, and gives everybody
/// the place in the queue that earlier hunts would have given them. Gives the milliseconds of that one commit.
async fn make_known(engine: &Engine, number: usize) -> Result<f64> {
    let team = TeamId::new(team(number));
    let caller = Caller::paging(Timestamp::now(), &team);
    let members = engine.directory().members(caller, &ChannelId::new(channel(number))).await?;
    ensure!(members.len() > PEOPLE, "the bot and its people are members");
    for person in engine.directory().people(caller, &members).await.into_values() {
        person?;
    }
    let rotation = RotationId::new(team.clone(), ChannelId::new(channel(number)));
    let joined = members.iter().map(|user| QueueChange::Joined { user: user.clone() });
    let mut commit = Commit::new(team, IncidentId::new("earlier"), 0);
    commit.queue = Some(QueueCommit { rotation, expected: None, changes: joined.collect() });
    let begun = Instant::now();
    engine.store().commit(commit).await?;
    Ok(milliseconds(begun.elapsed()))
}

fn team(number: usize) -> String {
    format!("T{number:08}")
}

fn channel(number: usize) -> String {
    format!("C{number:08}")
}

/// A channel for every sample, with people of its own, all of them online.
fn world(samples: usize) -> World {
    let mut world = World::builder().app(|app| app.bot_token = "xoxb-simulated".to_owned());
    for number in 0..samples {
        world = world.channel(&channel(number), "dev-escalation");
        for person in 0..PEOPLE {
            let id = format!("U{number:04}{person:04}");
            world = world.user(blank_user(&team(number), &id, "ana", Some("Europe/Lisbon")));
        }
    }
    let mut world = world.build();
    world.set_rate_limits(RateLimits::Off);
    world
}

/// The fake Slack in process, as far away as a real one.
struct Distant {
    slack: SimHandle,
    /// Hears of every post, when it stands.
    posts: mpsc::UnboundedSender<Instant>,
    /// How long each call took, in milliseconds.
    trips: Mutex<Vec<f64>>,
}

#[async_trait]
impl Transport for Distant {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let begun = Instant::now();
        // A thread of its own sleeps more exactly than the runtime's timer, which counts milliseconds.
        let away = tokio::task::spawn_blocking(|| std::thread::sleep(ROUND_TRIP)).await;
        away.map_err(|error| TransportError::NotSent(error.to_string()))?;
        let request = translated(request).map_err(|error| TransportError::NotSent(error.to_string()))?;
        let is_post = request.uri().path().ends_with("chat.postMessage");
        let answer = self.slack.http(request);
        if is_post {
            let _ = self.posts.send(Instant::now());
        }
        self.trips.lock().unwrap_or_else(PoisonError::into_inner).push(milliseconds(begun.elapsed()));
        match answer {
            Answer::Respond(response) => Ok(Response {
                status: response.status().as_u16(),
                body: response.into_body(),
                ..Response::default()
            }),
            Answer::Hang | Answer::Close => Err(TransportError::Unknown("no answer".to_owned())),
        }
    }
}

/// The request as the fake Slack takes it in process.
pub(crate) fn translated(request: Request) -> Result<http::Request<Bytes>, http::Error> {
    let mut translated = http::Request::builder().method(http::Method::POST).uri(&request.url);
    if let Some(token) = &request.token {
        translated = translated.header("authorization", format!("Bearer {}", token.expose()));
    }
    translated = translated.header("content-type", request.body.content_type());
    translated.body(request.body.into_bytes())
}
