//! Putting the rooms together, and keeping them running until told to stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use axum::Router;
use pagerslack_core::TeamId;
use pagerslack_slack::client::{Caller, Client, Identity, SingleToken};
use pagerslack_slack::ground::{Ground, Tokio};
use pagerslack_slack::inbound::Inbound;
use pagerslack_slack::socket_mode::{EnvelopeHandler, HandlerError, LinkStatus, SocketMode};
use pagerslack_slack::transport::{Token, Transport};
use pagerslack_slack::verify::SigningSecret;
use pagerslack_store::{Archive, Backend, Causes, Records, Store};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::admin::Admin;
use crate::clock::Clock;
use crate::config::{AdminToken, Alert, Config, Watch};
use crate::engine::{Driver, Engine, Parts, Reply};
use crate::heartbeat::Heartbeat;
use crate::http::{App, admin, router, serve};
use crate::retention;
use crate::rounds::Rounds;

/// How often it is made sure that what happens daily is planned: a rotation may be new, or its settings.
const TEND: Duration = Duration::from_secs(3_600);

/// How soon Slack is asked again who the bot is, when it did not say so at the start.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// How long what is under way may take to finish after the drain. An orchestrator grants ten seconds for both, if the
/// drain is the usual one.
const FINISH: Duration = Duration::from_secs(7);

/// A bot that is put together and not yet running.
pub struct Bot {
    engine: Arc<Engine>,
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
    /// The history, where old incidents are taken out of it.
    archive: Option<Arc<dyn Archive>>,
}

/// What a bot is given from outside, so that a test or a drill can give it something else.
pub struct Surroundings {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
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
        let token = config.slack.bot_token.context(
            "SLACK_BOT_TOKEN is not set: copy the Bot User OAuth Token (xoxb-…) from the app's page \"OAuth & Permissions\"",
        )?;
        let secret = config
            .slack
            .signing_secret
            .as_ref()
            .map(SigningSecret::new)
            .transpose()
            .context("SLACK_SIGNING_SECRET")?;
        let transport = surroundings.transport;
        let heartbeat = config.heartbeat.map(|url| Heartbeat::new(Arc::clone(&transport), url));
        let client = Arc::new(Client::new(transport, &config.slack.api_url, Arc::new(SingleToken(token))));
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
        let app = Arc::new(App::new(Arc::clone(&engine), secret, surroundings.panel));
        for note in config.notes {
            tracing::warn!("{note}");
        }
        let (clock, app_token) = (surroundings.clock, config.slack.app_token);
        let watch = config.sources.map(|sources| {
            let (engine, client, clock) = (Arc::clone(&engine), Arc::clone(&client), Arc::clone(&clock));
            Arc::new(Watch::new(sources, settings, Arc::new(ToAdmin { engine, client, clock })))
        });
        let (drain, admin_token) = (config.shutdown_drain, config.admin_token);
        Ok(Self {
            engine,
            app,
            client,
            heartbeat,
            app_token,
            clock,
            watch,
            drain,
            admin_token,
            admin: None,
            archive: None,
        })
    }

    /// Takes in what is uploaded to the store, and opens the admin interface if there is a token for it.
    pub fn with_uploads(mut self, backend: &Arc<dyn Backend>) -> Self {
        let records: Arc<dyn Records> = Arc::<dyn Backend>::clone(backend);
        if let Some(watch) = &self.watch {
            watch.follow(Arc::clone(&records));
        }
        let archive: Arc<dyn Archive> = Arc::<dyn Backend>::clone(backend);
        if backend.is_shared() {
            self.archive = Some(Arc::clone(&archive));
        }
        let watch = self.watch.clone();
        self.admin = self.admin_token.take().map(|token| Arc::new(Admin { token, archive, records, watch }));
        self
    }

    /// The machine, for whoever drives it step by step.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
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

    /// The HTTP routes.
    pub fn router(&self) -> Router {
        router(Arc::clone(&self.app)).merge(admin::router(self.admin.clone(), Arc::clone(&self.engine)))
    }

    /// What takes Socket Mode's envelopes, for whoever holds the WebSockets.
    pub fn envelopes(&self) -> Arc<dyn EnvelopeHandler> {
        Arc::new(Envelopes(Arc::clone(&self.engine)))
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
        let driver =
            tokio::spawn(Driver::new(Arc::clone(&self.engine), Arc::clone(&ground)).run(shutdown.clone()));
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
        let warming =
            tokio::spawn(warm(Arc::clone(&self.engine), Arc::clone(&self.client), Arc::clone(&self.clock)));
        let watch = self.watch.map(|watch| tokio::spawn(watch.run(shutdown.clone())));
        let old = self.archive.map(|archive| {
            tokio::spawn(retention::run(archive, Arc::clone(&self.engine), Arc::clone(&self.clock)))
        });
        self.app.set_ready(true);
        told.cancelled().await;
        self.app.set_ready(false);
        tokio::time::sleep(self.drain).await;
        shutdown.cancel();
        warming.abort();
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
struct Envelopes(Arc<Engine>);

#[async_trait::async_trait]
impl EnvelopeHandler for Envelopes {
    async fn handle(&self, inbound: Inbound) -> Result<Option<Value>, HandlerError> {
        match self.0.receive(inbound).await {
            Reply::Done | Reply::Challenge(_) => Ok(None),
            Reply::Ephemeral(said) => {
                Ok(Some(json!({ "response_type": "ephemeral", "text": said.text, "blocks": said.blocks })))
            }
            Reply::Again => Err("could not be recorded".into()),
        }
    }
}

/// The way from the watch over the files to the admin.
struct ToAdmin {
    engine: Arc<Engine>,
    client: Arc<Client>,
    clock: Arc<dyn Clock>,
}

#[async_trait::async_trait]
impl Alert for ToAdmin {
    async fn alert(&self, text: String) {
        let nobody = TeamId::new("");
        let team = match self.client.auth_test(Caller::background(self.clock.now(), &nobody)).await {
            Ok(identity) => Ok(identity.team),
            // A team that has used the bot will do: the alert waits in the store until Slack can be reached.
            Err(error) => {
                match self.engine.store().rotations().await.unwrap_or_default().into_iter().next() {
                    Some(rotation) => Ok(rotation.team),
                    None => Err(anyhow::Error::new(error)),
                }
            }
        };
        let told = match team {
            Ok(team) => self.engine.alert(&team, text).await.map_err(anyhow::Error::new),
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::error!(error = format!("{error:#}"), "the admin could not be told");
        }
    }
}

/// Says who the bot is, reads people ahead of the first hunt, within the budget that paging leaves, and then makes
/// sure time and again that what happens daily is planned.
async fn warm(engine: Arc<Engine>, client: Arc<Client>, clock: Arc<dyn Clock>) {
    let identity = known(&client, &*clock, ASK_AGAIN).await;
    tracing::info!(team = %identity.team, bot = %identity.user, "Slack knows the bot");
    if let Err(error) = engine.warm(&identity.team).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "not everybody was read ahead of time");
    }
    loop {
        if let Err(error) = engine.tend(&identity.team).await {
            tracing::warn!(error = %Causes(&error), "the daily look was not planned");
        }
        tokio::time::sleep(TEND).await;
    }
}

/// Asks Slack who the bot is until it says so; the log has it once that it does not.
async fn known(client: &Client, clock: &dyn Clock, again: Duration) -> Identity {
    let nobody = TeamId::new("");
    let mut told = false;
    loop {
        match client.auth_test(Caller::background(clock.now(), &nobody)).await {
            Ok(identity) => return identity,
            Err(error) if !std::mem::replace(&mut told, true) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "Slack does not say who the bot is, and is asked again every minute: `pagerslack doctor` says what to do"
            ),
            Err(_) => {}
        }
        tokio::time::sleep(again).await;
    }
}

/// A number nobody can guess, from the randomness that the standard library draws for its hash maps.
pub fn drawn_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("the order of people who join a queue together")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use pagerslack_slack::transport::{Request, Response, TransportError};

    use super::*;
    use crate::clock::SystemClock;

    /// A Slack that does not answer, then refuses the token, then answers.
    struct Late(AtomicUsize);

    #[async_trait]
    impl Transport for Late {
        async fn send(&self, _: Request) -> Result<Response, TransportError> {
            let body = match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => return Err(TransportError::Unknown("no answer in time".to_owned())),
                1 => r#"{"ok":false,"error":"invalid_auth"}"#,
                _ => r#"{"ok":true,"team_id":"T1","user_id":"UBOT"}"#,
            };
            Ok(Response { status: 200, body: body.into(), ..Response::default() })
        }
    }

    #[tokio::test]
    async fn slack_is_asked_until_it_says_who_the_bot_is() {
        let slack = Arc::new(Late(AtomicUsize::new(0)));
        let url = "http://127.0.0.1/api/".parse().unwrap();
        let token = Arc::new(SingleToken(Token::new("xoxb-1")));
        let client = Client::new(Arc::<Late>::clone(&slack), &url, token);
        let identity = known(&client, &SystemClock, Duration::from_millis(1)).await;
        assert_eq!(identity.team, TeamId::new("T1"));
        assert_eq!(slack.0.load(Ordering::Relaxed), 3);
    }
}
