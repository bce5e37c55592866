//! The machine on which the bot runs: it starts the process, and the process dies as it is told, as often as it is
//! told. What it stored stays.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use pagerslack::clock::Clock;
use pagerslack::config::{Config, Environment, File};
use pagerslack::engine::Driver;
use pagerslack::{Bot, Surroundings};
use pagerslack_core::TeamId;
use pagerslack_slack::ground::Ground;
use pagerslack_slack::socket_mode::{Connect, SocketMode};
use pagerslack_slack::transport::Token;
use pagerslack_store::{Redis, Sqlite, Store};
use secrecy::SecretString;
use slack_sim::SimHandle;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::Options;
use crate::dice::Dice;
use crate::disk::{Access, Disk};
use crate::exchange::Exchange;
use crate::mutant::{Deaf, Mutant};
use crate::outside::{Outside, SECRET};
use crate::scenario::{Place, Scenario};
use crate::timeline::Timeline;
use crate::wire::{Network, Wire};

/// How many WebSockets the process keeps open, as in production.
const CONNECTIONS: usize = 2;

/// What one life of the process offers to the outside, once it is up.
#[derive(Clone)]
pub(crate) struct Doors {
    pub(crate) life: u64,
    pub(crate) router: Router,
}

/// The machine. Cheap to clone.
#[derive(Clone)]
pub(crate) struct House(Arc<Inner>);

struct Inner {
    timeline: Timeline,
    dice: Dice,
    slack: SimHandle,
    network: Network,
    exchange: Exchange,
    outside: Option<Outside>,
    disk: Disk,
    scenario: Scenario,
    mutant: Option<Mutant>,
    clock: WallClock,
    keeping: Keeping,
    lives: AtomicU64,
    /// How many steps the process has left to live.
    fuse: AtomicI64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    doors: Option<Doors>,
    store: Option<Arc<dyn Store>>,
    starting: bool,
}

/// Where what is stored is kept while no process runs.
enum Keeping {
    /// In memory, or in a server: it is there whether the process is or not.
    Elsewhere(Arc<dyn Store>),
    File(PathBuf, #[allow(dead_code, reason = "it is deleted with the house")] TempDir),
}

/// The machine's clock, which may be wrong.
#[derive(Clone)]
pub(crate) struct WallClock {
    timeline: Timeline,
    wrong_by: Arc<AtomicI64>,
}

impl WallClock {
    fn set_wrong_by(&self, seconds: i64) {
        self.wrong_by.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let wrong = SignedDuration::from_secs(self.wrong_by.load(Ordering::Relaxed));
        self.timeline.now().saturating_add(wrong).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn elapsed(&self) -> Duration {
        self.timeline.now().duration_since(Timestamp::UNIX_EPOCH).unsigned_abs()
    }
}

/// The ground of the real driver: tasks of one life, and virtual time.
struct OfLife {
    life: u64,
    timeline: Timeline,
    clock: WallClock,
}

impl Ground for OfLife {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.timeline.spawn(Some(self.life), task);
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.timeline.sleep(time))
    }
}

impl House {
    pub(crate) fn build(
        timeline: &Timeline,
        dice: &Dice,
        slack: &SimHandle,
        outside: Option<&Outside>,
        scenario: &Scenario,
        options: &Options,
    ) -> Result<Self> {
        let keeping = match (&options.redis, scenario.place) {
            (Some(address), _) => Keeping::Elsewhere(Arc::new(Redis::connect_without_runtime(address)?)),
            (None, Place::Memory) => Keeping::Elsewhere(Arc::new(Sqlite::in_memory_without_threads()?)),
            (None, Place::Disk) => {
                let folder = scratch()?;
                Keeping::File(folder.path().join("pagerslack.db"), folder)
            }
        };
        let clock = WallClock { timeline: timeline.clone(), wrong_by: Arc::default() };
        let network = Network::default();
        Ok(Self(Arc::new(Inner {
            timeline: timeline.clone(),
            dice: dice.clone(),
            slack: slack.clone(),
            exchange: Exchange::new(timeline, dice, slack, &network),
            network,
            outside: outside.cloned(),
            disk: Disk::default(),
            scenario: scenario.clone(),
            mutant: options.mutant,
            clock,
            keeping,
            lives: AtomicU64::new(0),
            fuse: AtomicI64::new(i64::MAX),
            state: Mutex::default(),
        })))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the process gets at Slack.
    pub(crate) fn network(&self) -> &Network {
        &self.0.network
    }

    /// Slack's end of the WebSockets.
    pub(crate) fn exchange(&self) -> &Exchange {
        &self.0.exchange
    }

    /// The disk's moods.
    pub(crate) fn disk(&self) -> &Disk {
        &self.0.disk
    }

    /// Sets the machine's clock wrong, or right again.
    pub(crate) fn set_clock_wrong_by(&self, seconds: i64) {
        self.0.clock.set_wrong_by(seconds);
    }

    /// How often the process was started.
    pub(crate) fn lives(&self) -> u64 {
        self.0.lives.load(Ordering::Relaxed)
    }

    /// The doors of the process, if it is up.
    pub(crate) fn doors(&self) -> Option<Doors> {
        self.state().doors.clone()
    }

    /// What is stored, as far as it can be looked at now.
    pub(crate) fn store(&self) -> Option<Arc<dyn Store>> {
        match &self.0.keeping {
            Keeping::Elsewhere(store) => Some(Arc::clone(store)),
            Keeping::File(..) => self.state().store.clone(),
        }
    }

    /// Lets the process live so many steps more.
    pub(crate) fn light_fuse(&self, steps: i64) {
        self.0.fuse.store(steps, Ordering::Relaxed);
    }

    /// The process has taken a step. `true` if it was its last.
    pub(crate) fn burn(&self) -> bool {
        self.0.fuse.fetch_sub(1, Ordering::Relaxed) <= 1
    }

    /// The process is gone, its tasks with it; gives which life it was.
    pub(crate) fn fall(&self) -> u64 {
        *self.state() = State::default();
        self.light_fuse(i64::MAX);
        self.lives()
    }

    /// Whether there is a process, be it only starting.
    pub(crate) fn is_up(&self) -> bool {
        let state = self.state();
        state.starting || state.doors.is_some()
    }

    /// Starts the process. Its first steps, too, may be its last.
    pub(crate) fn start(&self) -> Result<()> {
        let life = self.0.lives.fetch_add(1, Ordering::Relaxed) + 1;
        let inner: Arc<dyn Store> = match &self.0.keeping {
            Keeping::Elsewhere(store) => Arc::clone(store),
            Keeping::File(path, _) => Arc::new(Sqlite::open(path)?),
        };
        *self.state() = State { doors: None, store: Some(Arc::clone(&inner)), starting: true };
        let house = self.clone();
        self.0.timeline.spawn(Some(life), async move {
            let begun = house.begin(life, inner).await;
            let mut state = house.state();
            state.starting = false;
            if let Ok(doors) = begun {
                state.doors = Some(doors);
            }
        });
        Ok(())
    }

    async fn begin(&self, life: u64, inner: Arc<dyn Store>) -> Result<Doors> {
        let Inner { timeline, dice, slack, network, outside, disk, scenario, mutant, .. } = &*self.0;
        let access = Access { inner, disk: disk.clone(), timeline: timeline.clone() };
        let wire = Wire {
            slack: slack.clone(),
            outside: outside.clone(),
            network: network.clone(),
            timeline: timeline.clone(),
            dice: dice.clone(),
        };
        let (store, transport) = match mutant {
            Some(mutant) => mutant.wrap(access, wire),
            None => (Arc::new(access) as Arc<dyn Store>, Arc::new(wire) as _),
        };
        let app = slack.read(|world| world.app().clone());
        let mut environment = Environment {
            bot_token: Some(Token::new(app.bot_token)),
            signing_secret: Some(SecretString::from(app.signing_secret)),
            api_url: Some("http://127.0.0.1/api/".to_owned()),
            ..Environment::default()
        };
        let mut file = File::default();
        if let Some(wishes) = &scenario.outside {
            let (variable, secret) = SECRET;
            environment.webhooks.insert(variable.to_owned(), SecretString::from(secret));
            file = File::parse(&wishes.settings())?;
        }
        let mut config = Config::resolve(file, &environment)?;
        config.settings = scenario.settings();
        let surroundings = Surroundings {
            clock: Arc::new(self.0.clock.clone()),
            store,
            transport,
            seed: dice.between(0, u64::MAX - 1),
            panel: false,
            records: None,
        };
        let mut bot = Bot::assemble(config, surroundings).await?;
        let ground: Arc<dyn Ground> =
            Arc::new(OfLife { life, timeline: timeline.clone(), clock: self.0.clock.clone() });
        let forever = CancellationToken::new;
        let driver = Driver::new(Arc::clone(bot.engine()), Arc::clone(&ground)).polling(scenario.poll);
        ground.spawn(Box::pin(driver.run(forever())));
        let links = scenario.socket_mode.then(|| {
            let token = Token::new(slack.read(|world| world.app().app_token.clone()));
            let connector: Arc<dyn Connect> = match mutant {
                Some(Mutant::StaysDeaf) => Arc::new(Deaf::after(CONNECTIONS, self.0.exchange.clone())),
                _ => Arc::new(self.0.exchange.clone()),
            };
            let (client, timings) = (Arc::clone(bot.client()), scenario.links.clone());
            let links = SocketMode::with(client, token, bot.envelopes(), CONNECTIONS, timings).over(
                Arc::clone(&ground),
                connector,
                dice.between(0, u64::MAX - 1),
            );
            let status = links.status();
            ground.spawn(Box::pin(links.run(forever())));
            status
        });
        let engine = Arc::clone(bot.engine());
        let team = TeamId::new(slack.read(|world| world.team().id.clone()));
        ground.spawn(Box::pin(async move {
            // Ahead of time, and only if it can be had.
            let _ = engine.warm(&team).await;
        }));
        let rounds = bot.rounds(Arc::clone(&ground), links);
        ground.spawn(Box::pin(rounds.run(forever())));
        let mut router = bot.router();
        if *mutant == Some(Mutant::LetsAnybodyIn) {
            router = crate::mutant::without_a_lock(router, slack, timeline);
        }
        Ok(Doors { life, router })
    }
}

/// A folder in memory where there is one: what is tested is the file's format and its opening, not the disk's speed.
fn scratch() -> std::io::Result<TempDir> {
    let memory = std::path::Path::new("/dev/shm");
    match memory.is_dir() {
        true => TempDir::with_prefix_in("pagerslack-", memory),
        false => TempDir::with_prefix("pagerslack-"),
    }
}
