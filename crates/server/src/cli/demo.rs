//! `pagerslack demo`: the fake Slack and the bot in it, on loopback, to be looked at in a browser.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use pagerslack_core::UserGroupId;
use pagerslack_slack::http_transport::HttpTransport;
use pagerslack_slack::transport::Token;
use pagerslack_store::Sqlite;
use secrecy::SecretString;
use slack_sim::{ScaledClock, Server, SimClock, SimHandle, demo_team};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{drawn_seed, told_to_stop};
use crate::clock::Clock;
use crate::config::{Config, Environment, File};
use crate::{Bot, Surroundings, logging};

#[derive(Args)]
pub(super) struct Arguments {
    /// The port of the pretended Slack on this machine
    #[arg(long, default_value_t = 8077)]
    port: u16,
    /// Let the bot connect by Socket Mode rather than take HTTP requests
    #[arg(long)]
    socket_mode: bool,
}

pub(super) async fn run(arguments: Arguments, environment: &Environment) -> Result<ExitCode> {
    logging::start(Some(environment.log.as_deref().unwrap_or("warn")), false);
    let demo = Demo::start(arguments.port, arguments.socket_mode).await?;
    let mut out = std::io::stdout();
    writeln!(out, "A pretended Slack with PagerSlack in it runs at {}", demo.url)?;
    writeln!(out, "Open it, type  /devoncall https://incident.example/1 database down  and react with 👀 as the person asked.")?;
    writeln!(out, "Nothing leaves this machine and nothing is kept. Ctrl-C ends it.")?;
    out.flush()?;
    told_to_stop().await?;
    demo.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// A running demo.
pub struct Demo {
    /// Where the channel is looked at.
    pub url: String,
    /// The pretended Slack.
    pub slack: SimHandle,
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
        let world = if socket_mode {
            demo_team().socket_mode()
        } else {
            demo_team().deliver_to(&bot_url.join("slack/events")?)
        };
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
        };
        let url = server.url();
        let shutdown = CancellationToken::new();
        let mut tasks = vec![tokio::spawn(server.run(shutdown.clone()))];
        let bot = Bot::assemble(config, surroundings).await?;
        tasks.push(tokio::spawn(bot.run(listener, shutdown.clone())));
        Ok(Self { url, slack, shutdown, tasks })
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
        ..Environment::default()
    };
    let mut config = Config::resolve(File::default(), &environment)?;
    config.rotation.manager_group = Some(UserGroupId::new("S0MANAGERS"));
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
