//! The demo: the fake Slack and the bot in it, on loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use pagerslack_core::UserGroupId;
use pagerslack_slack::HttpTransport;
use pagerslack_slack::transport::Token;
use pagerslack_store::Sqlite;
use secrecy::SecretString;
use slack_sim::{ScaledClock, Server, SimClock, SimHandle, Sockets, demo_team};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::clock::Clock;
use crate::config::{Config, Environment, File, RotationConfig};
use crate::run::{Bot, Surroundings, drawn_seed};

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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let bot_url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let world = demo_team()
            .bot("UPAGERSLACK", "pagerslack")
            .command("/devoncall", "https://incident.url [what is wrong]");
        let world =
            if socket_mode { world.socket_mode() } else { world.deliver_to(&bot_url.join("slack/events")?) };
        let clock = Arc::new(ScaledClock::new(Timestamp::now(), 1));
        let slack = SimHandle::new(world.build(), Arc::<ScaledClock>::clone(&clock));
        let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), slack.clone())
            .await
            .with_context(|| format!("cannot use port {port}; choose another with --port"))?
            .with_side_panel(bot_url.join("panel")?);
        let config = config(&slack, &server, socket_mode)?;
        let surroundings = Surroundings {
            clock: Arc::new(DemoClock(clock)),
            store: Arc::new(Sqlite::in_memory()?),
            transport: Arc::new(HttpTransport::new()?),
            seed: drawn_seed(),
            panel: true,
            records: None,
        };
        let (url, sockets) = (server.url(), server.sockets());
        let shutdown = CancellationToken::new();
        let mut tasks = vec![tokio::spawn(server.run(shutdown.clone()))];
        let bot = Bot::assemble(config, surroundings).await?;
        tasks.push(tokio::spawn(bot.run(listener, shutdown.clone())));
        Ok(Self { url, dashboard: bot_url.into(), slack, sockets, shutdown, tasks })
    }

    /// Stops both.
    pub async fn stop(self) {
        self.shutdown.cancel();
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// The bot's configuration: the pretended app's secrets, and the demo team's managers.
fn config(slack: &SimHandle, server: &Server, socket_mode: bool) -> Result<Config> {
    let app = slack.read(|world| world.app().clone());
    let environment = Environment {
        api_url: Some(server.api_url()),
        bot_token: Some(Token::new(app.bot_token)),
        signing_secret: Some(SecretString::from(app.signing_secret)),
        app_token: socket_mode.then(|| Token::new(app.app_token)),
        // Nobody stands in front of it.
        shutdown_drain: Some("0 s".to_owned()),
        ..Environment::default()
    };
    let mut config = Config::resolve(File::default(), &environment)?;
    let managers = Some(UserGroupId::new("S0MANAGERS"));
    config.settings = RotationConfig { manager_group: managers, ..RotationConfig::default() }.into();
    Ok(config)
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
