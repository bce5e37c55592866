//! Putting the rooms together, and keeping them running until told to stop.

mod tending;
mod to_admin;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use arc_swap::ArcSwap;
use axum::Router;
use pagerslack_slack::client::{Client, SingleToken, Tokens};
use pagerslack_slack::ground::{Ground, Tokio};
use pagerslack_slack::inbound::{Belonging, Inbound};
use pagerslack_slack::socket_mode::{EnvelopeHandler, HandlerError, LinkStatus, SocketMode};
use pagerslack_slack::transport::{Token, Transport};
use pagerslack_slack::verify::{SigningSecret, VerificationToken};
use pagerslack_store::{Archive, Backend, Records, Store, StoreError};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::admin::Admin;
use crate::books::Books;
use crate::clock::Clock;
use crate::config::{AdminToken, Config, Watch};
use crate::engine::{Driver, Engine, Parts, Reply};
use crate::entrance::Entrance;
use crate::heartbeat::Heartbeat;
use crate::http::dashboard::{self, Dashboard, Ways};
use crate::http::{App, Proof, admin, api, router, serve};
use crate::installations::Installations;
use crate::observed::Observations;
use crate::retention;
use crate::rounds::Rounds;
use tending::{tend_each, warm};
use to_admin::ToAdmin;

/// How long what is under way may take to finish after the drain. An orchestrator grants ten seconds for both, if the
/// drain is the usual one.
const FINISH: Duration = Duration::from_secs(7);

/// Said where nothing says for whom the bot is to work.
const NO_TOKEN: &str = "SLACK_BOT_TOKEN is not set: copy the Bot User OAuth Token (xoxb-…) from the app's page \"OAuth & \
                        Permissions\"; or, for many workspaces, set SLACK_CLIENT_ID, SLACK_API_SECRET and \
                        SLACK_REDIRECT_URI";

/// A bot that is put together and not yet running.
pub struct Bot {
    engine: Arc<Engine>,
    entrance: Arc<Entrance>,
    app: Arc<App>,
    client: Arc<Client>,
    heartbeat: Option<Heartbeat>,
    app_token: Option<Token>,
    clock: Arc<dyn Clock>,
    /// Over the configuration's files, if it came from files.
    watch: Option<Arc<Watch>>,
    drain: Duration,
    admin_token: Option<AdminToken>,
    admin: Option<Arc<Admin>>,
    /// The web pages, where somebody may be let in to them.
    dashboard: Option<Arc<Dashboard>>,
    /// Who was online, where that can be kept.
    observations: Option<Arc<Observations>>,
    /// The history in memory, where there is a store that gives it.
    books: Option<Arc<Books>>,
    /// Where the API's tokens are; without it there is no API.
    records: Option<Arc<dyn Records>>,
    /// The history, where old incidents are taken out of it.
    archive: Option<Arc<dyn Archive>>,
}

/// What a bot is given from outside, so that a test or a drill can give it something else.
pub struct Surroundings {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Where installations are kept: the same store, where many workspaces are to be served.
    pub records: Option<Arc<dyn Records>>,
    /// How Slack is reached.
    pub transport: Arc<dyn Transport>,
    /// Drawn once per process: orders people who join a queue together.
    pub seed: u64,
    /// Whether to serve the panel that stands beside the demo's channel.
    pub panel: bool,
}

impl Bot {
    /// Puts a bot together and reads the open incidents' messages into memory.
    ///
    /// # Errors
    ///
    /// When a secret is unusable or the store cannot be read.
    pub async fn assemble(config: Config, surroundings: Surroundings) -> Result<Self> {
        let proof = match (&config.slack.signing_secret, &config.slack.verification_token) {
            (Some(secret), _) => {
                Some(Proof::Signature(SigningSecret::new(secret).context("SLACK_SIGNING_SECRET")?))
            }
            (None, Some(token)) => {
                Some(Proof::Token(VerificationToken::new(token).context("SLACK_VERIFICATION_TOKEN")?))
            }
            (None, None) => None,
        };
        let transport = surroundings.transport;
        let heartbeat = config.heartbeat.map(|url| Heartbeat::new(Arc::clone(&transport), url));
        let records = surroundings.records.clone();
        let installations = match (config.slack.install, surroundings.records) {
            (Some(install), Some(records)) => {
                let (shared, transport) = (surroundings.store.is_shared(), Arc::clone(&transport));
                let made = Installations::new(records, shared, install, transport, &config.slack.api_url)?;
                Some(Arc::new(made))
            }
            (Some(_), None) => {
                bail!("this store keeps no installations: set SLACK_BOT_TOKEN, for one workspace")
            }
            (None, _) => None,
        };
        let tokens: Arc<dyn Tokens> = match &installations {
            Some(installations) => Arc::<Installations>::clone(installations),
            None => Arc::new(SingleToken(config.slack.bot_token.context(NO_TOKEN)?)),
        };
        let client = Arc::new(Client::new(transport, &config.slack.api_url, tokens));
        let settings = Arc::new(ArcSwap::from_pointee(config.settings));
        let engine = Arc::new(Engine::new(Parts {
            clock: Arc::clone(&surroundings.clock),
            store: surroundings.store,
            client: Arc::clone(&client),
            command: config.slack.command,
            settings: Arc::clone(&settings),
            seed: surroundings.seed,
        }));
        let messages = engine.recover().await.context("cannot read the open incidents from the store")?;
        tracing::info!(messages, "open incidents are in memory");
        let entrance = Arc::new(Entrance::new(Arc::clone(&engine), installations));
        let app = Arc::new(App::new(Arc::clone(&entrance), proof, surroundings.panel));
        for note in config.notes {
            tracing::warn!("{note}");
        }
        let (clock, app_token) = (surroundings.clock, config.slack.app_token);
        let watch = config.sources.map(|sources| {
            let (entrance, client, clock) = (Arc::clone(&entrance), Arc::clone(&client), Arc::clone(&clock));
            Arc::new(Watch::new(sources, settings, Arc::new(ToAdmin { entrance, client, clock })))
        });
        let observations = records.clone();
        let observations =
            observations.map(|records| Arc::new(Observations::new(Arc::clone(&engine), records)));
        let ways = Ways {
            config: &config.dashboard,
            listen: config.listen,
            api_url: &config.slack.api_url,
            over_http: app_token.is_none(),
            token: config.admin_token.clone(),
            records,
            client: Arc::clone(&client),
            observations: observations.clone(),
        };
        let dashboard = Dashboard::open(Arc::clone(&entrance), ways);
        let (drain, admin_token) = (config.shutdown_drain, config.admin_token);
        Ok(Self {
            engine,
            entrance,
            app,
            client,
            heartbeat,
            app_token,
            clock,
            watch,
            drain,
            admin_token,
            admin: None,
            dashboard,
            observations,
            books: None,
            records: None,
            archive: None,
        })
    }

    /// Takes in what is uploaded to the store, and opens the API, and the admin interface if there is a token for it.
    pub fn with_uploads(mut self, backend: &Arc<dyn Backend>) -> Self {
        let records: Arc<dyn Records> = Arc::<dyn Backend>::clone(backend);
        if let Some(watch) = &self.watch {
            watch.follow(Arc::clone(&records));
        }
        self.records = Some(Arc::clone(&records));
        let archive: Arc<dyn Archive> = Arc::<dyn Backend>::clone(backend);
        if backend.is_shared() {
            self.archive = Some(Arc::clone(&archive));
        }
        let watch = self.watch.clone();
        let books = Arc::new(Books::new(Arc::clone(backend)));
        if let Some(dashboard) = &self.dashboard {
            dashboard.show_books(Arc::clone(&books));
        }
        self.books = Some(Arc::clone(&books));
        let token = self.admin_token.take();
        self.admin = token.map(|token| Arc::new(Admin { token, archive, books, records, watch }));
        self
    }

    /// The machine, for whoever drives it step by step.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The workspaces that have installed the app, where there are many.
    pub fn installations(&self) -> Option<&Arc<Installations>> {
        self.entrance.installations()
    }

    /// The history in memory, where there is a store that gives it.
    pub fn books(&self) -> Option<&Arc<Books>> {
        self.books.as_ref()
    }

    /// Slack's Web API as the bot uses it.
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Looks at the configuration's files until they hold still, as the watch does of itself in [`Self::run`].
    pub async fn look_at_files(&self) {
        if let Some(watch) = &self.watch {
            watch.look().await;
        }
    }

    /// Looks who is online, as happens of itself in [`Self::run`].
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn look_who_is_online(&self) -> Result<(), StoreError> {
        match &self.observations {
            Some(observations) => observations.look().await,
            None => Ok(()),
        }
    }

    /// The HTTP routes.
    pub fn router(&self) -> Router {
        let engine = || Arc::clone(&self.engine);
        let router = router(Arc::clone(&self.app)).merge(admin::router(self.admin.clone(), engine()));
        let router = match &self.records {
            Some(records) => router.merge(api::router(engine(), Arc::clone(records))),
            None => router,
        };
        match &self.dashboard {
            Some(dashboard) => router.merge(dashboard::router(Arc::clone(dashboard))),
            None => router,
        }
    }

    /// What takes Socket Mode's envelopes, for whoever holds the WebSockets.
    pub fn envelopes(&self) -> Arc<dyn EnvelopeHandler> {
        Arc::new(Envelopes(Arc::clone(&self.entrance)))
    }

    /// The auditor's rounds, once. `links` tells of Socket Mode, where that is used.
    pub fn rounds(&mut self, ground: Arc<dyn Ground>, links: Option<watch::Receiver<LinkStatus>>) -> Rounds {
        Rounds::new(Arc::clone(&self.engine), ground, self.heartbeat.take(), links)
    }

    /// Runs until `told`: jobs, HTTP, and Socket Mode when there is an app-level token. Then says that it is not ready
    /// any more, and goes on as before for as long as the drain lasts, since whoever sends requests here needs a moment
    /// to hear of it. Then takes no more work, lets what is being sent finish for seven seconds at most, and returns;
    /// the rest is in the store.
    pub async fn run(mut self, listener: TcpListener, told: CancellationToken) {
        let shutdown = CancellationToken::new();
        let ground: Arc<dyn Ground> = Arc::new(Tokio::new());
        let driver = Driver::new(Arc::clone(&self.engine), Arc::clone(&ground));
        let driver = if self.entrance.installations().is_some() { driver.sharing() } else { driver };
        let driver = tokio::spawn(driver.run(shutdown.clone()));
        let http = tokio::spawn(serve(listener, self.router(), shutdown.clone()));
        let socket = self
            .app_token
            .clone()
            .map(|token| SocketMode::new(Arc::clone(&self.client), token, self.envelopes()));
        let links = socket.as_ref().map(SocketMode::status);
        let socket = socket.map(|socket| {
            let shutdown = shutdown.clone();
            tokio::spawn(async move { socket.run(shutdown).await })
        });
        let rounds = tokio::spawn(self.rounds(ground, links).run(shutdown.clone()));
        let mut warming = JoinSet::new();
        match self.entrance.installations() {
            None => {
                let (engine, client) = (Arc::clone(&self.engine), Arc::clone(&self.client));
                warming.spawn(warm(engine, client, Arc::clone(&self.clock)));
            }
            Some(installations) => {
                warming.spawn(tend_each(Arc::clone(&self.engine), Arc::clone(installations)));
                let (installations, clock) = (Arc::clone(installations), Arc::clone(&self.clock));
                let shutdown = shutdown.clone();
                warming.spawn(async move { installations.run(clock, shutdown).await });
            }
        }
        if let Some(observations) = self.observations.take() {
            warming.spawn(observations.run());
        }
        let watch = self.watch.map(|watch| tokio::spawn(watch.run(shutdown.clone())));
        let old = self.archive.map(|archive| {
            tokio::spawn(retention::run(archive, Arc::clone(&self.engine), Arc::clone(&self.clock)))
        });
        if let Some(books) = self.books {
            // Where others write as well it is looked for what they do, so that nothing has to be told.
            let changes = (!self.engine.store().is_shared()).then(|| self.engine.changes());
            warming.spawn(books.keep(Arc::clone(&self.clock), changes));
        }
        let watching = self.dashboard.clone().filter(|_| self.engine.store().is_shared());
        if let Some(dashboard) = watching {
            let engine = Arc::clone(&self.engine);
            warming.spawn(async move { dashboard.live().poll(engine).await });
        }
        self.app.set_ready(true);
        told.cancelled().await;
        self.app.set_ready(false);
        if let Some(dashboard) = &self.dashboard {
            dashboard.live().end();
        }
        tokio::time::sleep(self.drain).await;
        shutdown.cancel();
        // A token that is just being replaced is asked for again at the next start.
        warming.abort_all();
        // What an audit mends is one commit each, which is there or not; the next start audits again.
        rounds.abort();
        // Nor is an incident ever half taken out.
        if let Some(old) = old {
            old.abort();
        }
        let finished = async {
            let _ = http.await;
            if let Some(socket) = socket {
                let _ = socket.await;
            }
            if let Some(watch) = watch {
                let _ = watch.await;
            }
            let _ = driver.await;
        };
        if tokio::time::timeout(FINISH, finished).await.is_err() {
            tracing::warn!("not everything finished in time; the rest is in the store");
        }
    }
}

/// Socket Mode's entrance to the engine.
struct Envelopes(Arc<Entrance>);

#[async_trait::async_trait]
impl EnvelopeHandler for Envelopes {
    async fn handle(&self, inbound: Inbound) -> Result<Option<Value>, HandlerError> {
        match self.0.receive(inbound).await {
            Reply::Again => Err("could not be recorded".into()),
            reply => Ok(reply.payload()),
        }
    }

    async fn belongs(&self, belonging: Belonging) -> Result<(), HandlerError> {
        if self.0.belongs(&belonging).await { Ok(()) } else { Err("could not be recorded".into()) }
    }
}

/// A number nobody can guess, from the randomness that the standard library draws for its hash maps.
pub fn drawn_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("the order of people who join a queue together")
}
