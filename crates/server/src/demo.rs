//! The demo: the fake Slack and the bot in it, on loopback; with a year behind it, if that is wanted (`history`).

mod history;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use pagerslack_core::{Rules, UserGroupId};
use pagerslack_slack::HttpTransport;
use pagerslack_slack::transport::Token;
use pagerslack_store::{Backend, Sqlite};
use secrecy::SecretString;
use slack_sim::{ScaledClock, Server, SimClock, SimHandle, Sockets, World, demo_team};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::clock::Clock;
use crate::config::{Config, Environment, File, RotationConfig, Settings};
use crate::engine::Engine;
use crate::run::{Bot, Surroundings, drawn_seed};
use history::History;

/// The managers' user group.
const MANAGERS: &str = "S0MANAGERS";

/// The channel in which people are paged, and the one that there is with a history.
const CHANNELS: [&str; 2] = ["C0DEMO", "C0PAYMENTS"];

/// What is wanted of a demo.
#[derive(Default)]
pub struct Wanted {
    /// The port of the pretended Slack on loopback; 0 for any free one.
    pub port: u16,
    /// Whether the bot connects by Socket Mode rather than take HTTP requests.
    pub socket_mode: bool,
    /// Whether a year of incidents lies behind it.
    pub history: bool,
    /// The database in which everything is kept; memory without one.
    pub store: Option<PathBuf>,
    /// What lets somebody ask the bot for its statistics, if it may be asked.
    pub admin_token: Option<SecretString>,
}

/// A running demo.
pub struct Demo {
    /// Where the channel is looked at.
    pub url: String,
    /// Where the dashboard is.
    pub dashboard: String,
    /// The pretended Slack.
    pub slack: SimHandle,
    /// Its Socket Mode links.
    pub sockets: Sockets,
    /// The machine.
    pub engine: Arc<Engine>,
    /// How many incidents the history was given, and how many there were to give.
    pub history: (usize, usize),
    shutdown: CancellationToken,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Demo {
    /// Starts the pretended Slack on `port` of loopback (0 for any free one) and the bot beside it.
    ///
    /// # Errors
    ///
    /// When a port is taken.
    pub async fn start(port: u16, socket_mode: bool) -> Result<Self> {
        Self::with(Wanted { port, socket_mode, ..Wanted::default() }).await
    }

    /// The same with everything that can be wanted.
    ///
    /// # Errors
    ///
    /// When a port is taken, or the database cannot be used.
    pub async fn with(wanted: Wanted) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let bot_url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let clock = Arc::new(ScaledClock::new(Timestamp::now(), 1));
        let world = world(&wanted, &bot_url)?;
        let store = Arc::new(wanted.store.as_deref().map_or_else(Sqlite::in_memory, Sqlite::open)?);
        let mut settings = settings();
        let mut given = (0, 0);
        if wanted.history {
            let history =
                History::of(&world, &CHANNELS, MANAGERS, &RotationConfig::default().policy, clock.now());
            settings = Settings { sample_presence: true, ..with_rules(history.rules.clone()).into() };
            let there = history.len();
            given = (history.write(&*store).await?, there);
        }
        let slack = SimHandle::new(world, Arc::<ScaledClock>::clone(&clock));
        let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, wanted.port)), slack.clone())
            .await
            .with_context(|| format!("cannot use port {}; choose another with --port", wanted.port))?
            .with_side_panel(bot_url.join("panel")?);
        let config = config(&slack, &server, &wanted, settings)?;
        let surroundings = Surroundings {
            clock: Arc::new(DemoClock(clock)),
            store: Arc::<Sqlite>::clone(&store),
            transport: Arc::new(HttpTransport::new()?),
            seed: drawn_seed(),
            panel: true,
            records: Some(Arc::<Sqlite>::clone(&store)),
        };
        let (url, sockets) = (server.url(), server.sockets());
        let shutdown = CancellationToken::new();
        let mut tasks = vec![tokio::spawn(server.run(shutdown.clone()))];
        let backend: Arc<dyn Backend> = store;
        let bot = Bot::assemble(config, surroundings).await?.with_uploads(&backend);
        let engine = Arc::clone(bot.engine());
        tasks.push(tokio::spawn(bot.run(listener, shutdown.clone())));
        let dashboard = bot_url.into();
        Ok(Self { url, dashboard, slack, sockets, engine, history: given, shutdown, tasks })
    }

    /// Stops both.
    pub async fn stop(self) {
        self.shutdown.cancel();
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// The demo's team in its channels, and how the bot is told of what happens there.
fn world(wanted: &Wanted, bot_url: &Url) -> Result<World> {
    let mut world = demo_team()
        .bot("UPAGERSLACK", "pagerslack")
        .command("/devoncall", "https://incident.url [what is wrong]");
    if wanted.history {
        world = world.channel(CHANNELS[1], "payments-escalation");
        // Every other engineer, and the managers.
        let members = (1..25).step_by(2).chain(25..28);
        world = members.fold(world, |world, number| world.member(CHANNELS[1], &format!("U{number:03}")));
    }
    let world = if wanted.socket_mode {
        world.socket_mode()
    } else {
        world.deliver_to(&bot_url.join("slack/events")?)
    };
    Ok(world.build())
}

/// Without a roster: everybody in the channel, at any hour.
fn settings() -> Settings {
    with_rules(Rules::default()).into()
}

fn with_rules(rules: Rules) -> RotationConfig {
    RotationConfig { manager_group: Some(UserGroupId::new(MANAGERS)), rules, ..RotationConfig::default() }
}

/// The bot's configuration: the pretended app's secrets, and the demo team's managers.
fn config(slack: &SimHandle, server: &Server, wanted: &Wanted, settings: Settings) -> Result<Config> {
    let app = slack.read(|world| world.app().clone());
    let environment = Environment {
        api_url: Some(server.api_url()),
        bot_token: Some(Token::new(app.bot_token)),
        signing_secret: Some(SecretString::from(app.signing_secret)),
        app_token: wanted.socket_mode.then(|| Token::new(app.app_token)),
        admin_token: wanted.admin_token.clone(),
        // Nobody stands in front of it.
        shutdown_drain: Some("0 s".to_owned()),
        ..Environment::default()
    };
    Ok(Config { settings, ..Config::resolve(File::default(), &environment)? })
}

/// The pretended Slack's clock, which runs as fast as the reader wants, as the bot's.
struct DemoClock(Arc<ScaledClock>);

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn until(&self, at: Timestamp) -> Duration {
        self.0.until(at)
    }
}
