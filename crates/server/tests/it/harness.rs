//! A stage: a fake Slack, the whole bot, and one clock, all driven step by step in one thread.
//!
//! What Slack sends reaches the bot's real HTTP routes, signed; what the bot asks reaches the fake Slack's real
//! Web API. Nothing sleeps: [`Stage::pass`] moves the clock from one thing that is due to the next.

mod asking;
mod auditing;
mod looking;
mod outside;

pub use looking::Post;
pub use outside::{Heard, Log};

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use bytes::Bytes;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use pagerslack::clock::Clock;
use pagerslack::config::{Config, Environment, File, RotationConfig, Settings};
use pagerslack::engine::{Auditor, LEASE};
use pagerslack::{Bot, Surroundings};
use pagerslack_slack::transport::{Request, Response, Token, Transport, TransportError};
use pagerslack_store::{Backend, Claim, Records, Sqlite, Store};
use secrecy::SecretString;
use slack_sim::{
    Answer, Delivery, DeliveryResult, Fault, ManualClock, Presence, SimClock, SimHandle, World, WorldBuilder,
};
use tower::ServiceExt;

/// The channel of most stories.
pub const CHANNEL: &str = "C1";
/// When stories begin: a Tuesday noon.
pub const NOON: &str = "2026-11-24T12:00:00Z";

/// Orders people who join a queue together.
const SEED: u64 = 7;

/// The fake Slack, the bot and the clock.
pub struct Stage {
    /// The fake Slack.
    pub slack: SimHandle,
    /// The bot.
    pub bot: Bot,
    clock: Arc<ManualClock>,
    /// By how many seconds the bot's clock runs ahead of Slack's.
    ahead: Arc<AtomicI64>,
    store: Arc<dyn Store>,
    router: Router,
    under_way: Mutex<Vec<Delivery>>,
    at_a_time: AtomicUsize,
    /// Whether it is looked at every rest whether the open incidents are sound.
    examined: AtomicBool,
    auditor: tokio::sync::Mutex<Auditor>,
}

/// A team of engineers `U1` … in `#dev-escalation`, everybody online, with one manager `M1` outside the channel.
pub fn team(names: &[&str]) -> WorldBuilder {
    let zones = ["Europe/Lisbon", "Asia/Tokyo", "America/Denver", "Africa/Nairobi"];
    // Whoever is named after a channel joins it.
    let mut world = World::builder()
        .team("T1")
        .command("/devoncall", "https://incident.url")
        .person("M1", "marit", "Europe/Oslo")
        .channel(CHANNEL, "dev-escalation");
    for (index, name) in names.iter().enumerate() {
        world = world.person(&format!("U{}", index + 1), name, zones[index % zones.len()]);
    }
    world
}

impl Stage {
    /// The usual team, with `M1` as the manager.
    pub async fn with(names: &[&str]) -> Self {
        let rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
        Self::new(team(names), rotation).await
    }

    /// Any world, any settings.
    pub async fn new(world: WorldBuilder, settings: impl Into<Settings>) -> Self {
        let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
        let url = "http://bot.example/slack/events".parse().unwrap();
        let slack = SimHandle::new(world.deliver_to(&url).build(), Arc::<ManualClock>::clone(&clock));
        let transport = Arc::new(InProcess(slack.clone()));
        let store = Arc::new(Sqlite::in_memory().unwrap());
        let mut config = Config::resolve(File::default(), &Self::environment(&slack)).unwrap();
        config.settings = settings.into();
        Self::assemble_keeping(slack, clock, Arc::<Sqlite>::clone(&store), transport, config, Some(store))
            .await
    }

    /// Any world, and the settings of the files in a folder, which the bot follows.
    pub async fn of_files(world: WorldBuilder, folder: &Path) -> Self {
        let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
        let url = "http://bot.example/slack/events".parse().unwrap();
        let slack = SimHandle::new(world.deliver_to(&url).build(), Arc::<ManualClock>::clone(&clock));
        let transport = Arc::new(InProcess(slack.clone()));
        let environment = Self::environment(&slack);
        let config = Config::load(Some(&folder.join("pagerslack.toml")), &environment).unwrap();
        Self::assemble(slack, clock, Arc::new(Sqlite::in_memory().unwrap()), transport, config).await
    }

    /// A bot on a stage that stands already, for instance after a crash.
    pub async fn start(
        slack: SimHandle,
        clock: Arc<ManualClock>,
        store: Arc<dyn Store>,
        transport: Arc<dyn Transport>,
        settings: impl Into<Settings>,
    ) -> Self {
        let mut config = Config::resolve(File::default(), &Self::environment(&slack)).unwrap();
        config.settings = settings.into();
        Self::assemble(slack, clock, store, transport, config).await
    }

    /// A bot that others than its own machine can reach, at `url`, with whatever else is changed about it.
    pub async fn behind_a_door(
        world: WorldBuilder,
        change: impl FnOnce(&mut Environment),
        file: &str,
    ) -> Self {
        let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
        let url = "http://bot.example/slack/events".parse().unwrap();
        let slack = SimHandle::new(world.deliver_to(&url).build(), Arc::<ManualClock>::clone(&clock));
        let mut environment = Self::environment(&slack);
        environment.listen = Some("0.0.0.0:8080".to_owned());
        let app = slack.read(|world| world.app().clone());
        environment.client_id = Some(app.client_id);
        environment.client_secret = Some(SecretString::from(app.client_secret));
        change(&mut environment);
        let config = Config::resolve(File::parse(file).unwrap(), &environment).unwrap();
        let (store, transport) = (Arc::new(Sqlite::in_memory().unwrap()), Arc::new(InProcess(slack.clone())));
        Self::assemble_keeping(slack, clock, Arc::<Sqlite>::clone(&store), transport, config, Some(store))
            .await
    }

    /// What the bot's environment says on a stage.
    fn environment(slack: &SimHandle) -> Environment {
        // Where the bot answers commands must be a place that it trusts.
        slack.with(|world, _| world.set_public_url("http://127.0.0.1"));
        let app = slack.read(|world| world.app().clone());
        Environment {
            bot_token: Some(Token::new(app.bot_token)),
            signing_secret: Some(SecretString::from(app.signing_secret)),
            api_url: Some("http://127.0.0.1/api/".to_owned()),
            ..Environment::default()
        }
    }

    async fn assemble(
        slack: SimHandle,
        clock: Arc<ManualClock>,
        store: Arc<dyn Store>,
        transport: Arc<dyn Transport>,
        config: Config,
    ) -> Self {
        Self::assemble_keeping(slack, clock, store, transport, config, None).await
    }

    async fn assemble_keeping(
        slack: SimHandle,
        clock: Arc<ManualClock>,
        store: Arc<dyn Store>,
        transport: Arc<dyn Transport>,
        config: Config,
        backend: Option<Arc<Sqlite>>,
    ) -> Self {
        let ahead = Arc::new(AtomicI64::new(0));
        let surroundings = Surroundings {
            clock: Arc::new(Shared(Arc::clone(&clock), Arc::clone(&ahead))),
            store: Arc::clone(&store),
            transport,
            seed: SEED,
            panel: false,
            records: backend.clone().map(|backend| -> Arc<dyn Records> { backend }),
        };
        let bot = Bot::assemble(config, surroundings).await.unwrap();
        let bot = match backend {
            Some(backend) => bot.with_uploads(&(backend as Arc<dyn Backend>)),
            None => bot,
        };
        let router = bot.router();
        Self {
            auditor: tokio::sync::Mutex::new(Auditor::new(Arc::clone(bot.engine()))),
            slack,
            bot,
            clock,
            ahead,
            store,
            router,
            under_way: Mutex::default(),
            at_a_time: AtomicUsize::new(1),
            examined: AtomicBool::new(true),
        }
    }

    /// The process dies: what Slack was delivering finds nobody there.
    pub fn crash(self) {
        for delivery in self.under_way.into_inner().unwrap() {
            self.slack.with(|world, now| world.delivered(now, delivery.id, DeliveryResult::ConnectionFailed));
        }
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Somebody types a command and everything that follows at once happens. Gives what only they see.
    pub async fn types(&self, user: &str, text: &str) -> String {
        self.types_in(CHANNEL, user, text).await
    }

    /// The same in another channel.
    pub async fn types_in(&self, channel: &str, user: &str, text: &str) -> String {
        let before = self.ephemerals(user).len();
        self.slack.with(|world, now| world.slash_command(now, user, channel, "/devoncall", text)).unwrap();
        self.settle().await;
        self.ephemerals(user).split_off(before).join("\n")
    }

    /// Somebody reacts to a message.
    pub async fn reacts(&self, user: &str, ts: &str, name: &str) {
        self.slack.with(|world, now| world.react(now, user, CHANNEL, ts, name)).unwrap();
        self.settle().await;
    }

    /// Somebody presses a button.
    pub async fn presses(&self, user: &str, ts: &str, action: &str) {
        self.slack.with(|world, now| world.click(now, user, CHANNEL, ts, action)).unwrap();
        self.settle().await;
    }

    /// Somebody goes away or comes online.
    pub fn presence(&self, user: &str, presence: Presence) {
        self.slack.with(|world, _| world.set_presence(user, presence)).unwrap();
    }

    /// Something goes wrong in Slack from now on.
    pub fn fault(&self, fault: Fault) {
        self.slack.with(|world, _| world.inject(fault));
    }

    /// What only this person sees, first to last.
    pub fn ephemerals(&self, user: &str) -> Vec<String> {
        self.slack.read(|world| world.ephemerals(user).iter().map(|message| message.text.clone()).collect())
    }

    /// The `ts` of the channel's root messages, first to last.
    pub fn roots(&self) -> Vec<String> {
        self.slack.read(|world| {
            world.messages(CHANNEL).iter().filter(|m| m.thread_ts.is_none()).map(|m| m.ts.clone()).collect()
        })
    }

    /// The channel as it reads.
    pub fn transcript(&self) -> String {
        self.slack.read(|world| world.transcript(CHANNEL))
    }

    /// Lets time pass, doing whatever falls due on the way.
    pub async fn pass(&self, time: &str) {
        let until = self.now() + time.parse::<SignedDuration>().unwrap();
        loop {
            self.settle().await;
            let next = self.next_due().await;
            match next {
                Some(at) if at <= until => self.clock.set(at.max(self.now())),
                _ => break,
            }
        }
        self.clock.set(until);
        self.settle().await;
    }

    async fn next_due(&self) -> Option<Timestamp> {
        let slack = self.slack.read(World::next_due);
        // By Slack's clock.
        let store = self.store.next_due().await.unwrap().map(|due| due - self.ahead());
        [slack, store].into_iter().flatten().min()
    }

    /// Does everything that is due now, one thing at a time.
    pub async fn settle(&self) {
        for _ in 0..10_000 {
            let delivered = self.deliver().await;
            let worked = self.work().await;
            if !delivered && !worked {
                self.assert_sound().await;
                return;
            }
        }
        panic!("this never comes to rest:\n{}", self.transcript());
    }

    async fn deliver(&self) -> bool {
        let due = self.slack.with(|world, now| world.take_due(now));
        self.under_way.lock().unwrap().extend(due.iter().cloned());
        for delivery in &due {
            let result = self.bring(delivery).await;
            self.under_way.lock().unwrap().retain(|other| other.id != delivery.id);
            self.slack.with(|world, now| world.delivered(now, delivery.id, result));
        }
        !due.is_empty()
    }

    async fn bring(&self, delivery: &Delivery) -> DeliveryResult {
        let request = delivery.request().unwrap().map(axum::body::Body::from);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        DeliveryResult::answered(status, body)
    }

    /// Sends the bot any request; gives the status and the body.
    pub async fn request(&self, request: http::Request<Bytes>) -> (u16, Bytes) {
        let response = self.router.clone().oneshot(request.map(axum::body::Body::from)).await.unwrap();
        let status = response.status().as_u16();
        (status, axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap())
    }

    async fn work(&self) -> bool {
        let (now, limit) = (self.now() + self.ahead(), self.at_a_time.load(Ordering::Relaxed));
        let claimed = self.store.claim(Claim { now, lease_until: now + LEASE, limit }).await.unwrap();
        join_all(claimed.iter().map(|job| self.bot.engine().run_and_count(job))).await;
        !claimed.is_empty()
    }

    /// From now on all jobs that are due run at the same time, as in production, rather than one by one.
    pub fn run_together(&self) {
        self.at_a_time.store(64, Ordering::Relaxed);
    }

    /// Nothing is left to do and nothing failed on the way: the end of every story.
    pub async fn end(&self) {
        assert_eq!(self.store.job_count().await.unwrap(), 0, "jobs are left:\n{}", self.transcript());
        assert_eq!(self.bot.engine().metrics().jobs_failed.get(), 0, "jobs failed");
        assert_eq!(self.slack.read(|world| world.pending_deliveries().len()), 0, "deliveries are left");
    }
}

/// The stage's clock as the bot's.
struct Shared(Arc<ManualClock>, Arc<AtomicI64>);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now() + SignedDuration::from_secs(self.1.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        self.0.now().duration_since(Timestamp::UNIX_EPOCH).unsigned_abs()
    }
}

/// The fake Slack's Web API without a network.
pub struct InProcess(pub SimHandle);

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        request.may_go()?;
        let mut builder = http::Request::builder().method(http::Method::POST).uri(&request.url);
        if let Some(token) = &request.token {
            builder = builder.header("authorization", format!("Bearer {}", token.expose()));
        }
        builder = builder.header("content-type", request.body.content_type());
        match self.0.http(builder.body(request.body.into_bytes()).unwrap()) {
            Answer::Respond(response) => {
                let header =
                    |name: &str| response.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
                Ok(Response {
                    status: response.status().as_u16(),
                    retry_after: header("retry-after").and_then(|value| value.parse().ok()),
                    scopes: header("x-oauth-scopes"),
                    date: None,
                    body: response.into_body(),
                })
            }
            Answer::Hang => {
                Err(TransportError::Unknown(format!("no answer within {:?}", Duration::from_secs(8))))
            }
            Answer::Close => Err(TransportError::Unknown("the connection was closed".to_owned())),
        }
    }
}
