//! A town: several workspaces of a fake Slack, one bot that serves whoever installs it, one clock, and browsers.
//!
//! As on the stage, what Slack sends reaches the bot's real HTTP routes, and what the bot asks reaches the Web API of the
//! workspace whose token it carries. Nothing sleeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body as AxumBody;
use jiff::{SignedDuration, Timestamp};
use pagerslack::clock::Clock;
use pagerslack::config::{Config, Environment, File, RotationConfig};
use pagerslack::engine::LEASE;
use pagerslack::vault::Key;
use pagerslack::{Bot, Surroundings};
use pagerslack_slack::transport::{Body, Request, Response, Transport, TransportError};
use pagerslack_store::{Claim, Records, Sqlite, Store};
use secrecy::SecretString;
use slack_sim::{DeliveryResult, ManualClock, SimClock, SimHandle, World, WorldBuilder};
use tower::ServiceExt;

use crate::harness::{CHANNEL, InProcess, NOON};

/// Where Slack sends browsers back to.
pub(super) const BACK: &str = "https://bot.example/slack/oauth/callback";

/// A browser, with the one cookie that it may hold.
#[derive(Default)]
pub(super) struct Browser(pub(super) Option<String>);

/// What a browser shows.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) status: u16,
    pub(super) text: String,
    pub(super) headers: http::HeaderMap,
}

pub(super) struct Town {
    pub(super) slacks: Vec<SimHandle>,
    pub(super) store: Arc<Sqlite>,
    pub(super) bot: Bot,
    /// How many answers of oauth.v2.access still get through; later ones get lost on the way.
    pub(super) answers: Arc<AtomicUsize>,
    /// The workspace whose Slack never answers, if any.
    pub(super) hanging: Arc<AtomicUsize>,
    clock: Arc<ManualClock>,
    key: SecretString,
    router: Router,
}

/// Ana and ben in a channel with the bot, with the manager marit beside it; everything under the same ids in every
/// workspace.
pub(super) fn workspace(id: &str) -> WorldBuilder {
    let token = format!("xoxb-{id}");
    World::builder()
        .team(id)
        .team_name(&format!("Acme {id}"), "acme")
        .command("/devoncall", "https://incident.url")
        .person("M1", "marit", "Europe/Oslo")
        .channel(CHANNEL, "dev-escalation")
        .person("U1", "ana", "Europe/Lisbon")
        .person("U2", "ben", "Europe/Lisbon")
        .app(|app| {
            app.bot_token = token;
            app.scopes.insert("users:read.email".to_owned());
        })
}

impl Town {
    pub(super) async fn of(workspaces: Vec<WorldBuilder>) -> Self {
        let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
        let url = "http://bot.example/slack/events".parse().unwrap();
        let slacks = workspaces.into_iter().zip(4_000..).map(|(world, port)| {
            let slack = SimHandle::new(world.deliver_to(&url).build(), Arc::<ManualClock>::clone(&clock));
            // Answers to commands go to the workspace in which they were typed.
            slack.with(|world, _| world.set_public_url(&format!("http://127.0.0.1:{port}")));
            slack
        });
        let key = Key::draw().unwrap().text().clone();
        let answers = Arc::new(AtomicUsize::new(usize::MAX));
        Self::start(slacks.collect(), clock, Arc::new(Sqlite::in_memory().unwrap()), key, answers).await
    }

    async fn start(
        slacks: Vec<SimHandle>,
        clock: Arc<ManualClock>,
        store: Arc<Sqlite>,
        key: SecretString,
        answers: Arc<AtomicUsize>,
    ) -> Self {
        let app = slacks[0].read(|world| world.app().clone());
        let environment = Environment {
            signing_secret: Some(SecretString::from(app.signing_secret)),
            client_id: Some(app.client_id),
            client_secret: Some(SecretString::from(app.client_secret)),
            redirect_uri: Some(BACK.to_owned()),
            key: Some(key.clone()),
            api_url: Some("http://127.0.0.1/api/".to_owned()),
            ..Environment::default()
        };
        let mut config = Config::resolve(File::default(), &environment).unwrap();
        config.settings = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() }.into();
        let hanging = Arc::new(AtomicUsize::new(usize::MAX));
        let surroundings = Surroundings {
            clock: Arc::new(Told(Arc::clone(&clock))),
            store: Arc::<Sqlite>::clone(&store),
            transport: Arc::new(Exchange {
                slacks: slacks.clone(),
                answers: Arc::clone(&answers),
                hanging: Arc::clone(&hanging),
            }),
            seed: 7,
            panel: false,
            records: Some(Arc::<Sqlite>::clone(&store)),
        };
        let bot = Bot::assemble(config, surroundings).await.unwrap();
        let router = bot.router();
        Self { slacks, store, bot, answers, hanging, clock, key, router }
    }

    /// The process ends, however it was, and another begins.
    pub(super) async fn restart(self) -> Self {
        let Self { slacks, store, answers, clock, key, .. } = self;
        answers.store(usize::MAX, Ordering::SeqCst);
        Self::start(slacks, clock, store, key, answers).await
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A browser opens an address of the bot's.
    pub(super) async fn open(&self, browser: &mut Browser, path: &str) -> Shown {
        let mut request = http::Request::get(path);
        if let Some(cookie) = &browser.0 {
            request = request.header("cookie", cookie);
        }
        let response = self.router.clone().oneshot(request.body(AxumBody::empty()).unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if let Some(set) = headers.get("set-cookie") {
            browser.0 = Some(set.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Shown { status, text: String::from_utf8(body.to_vec()).unwrap(), headers }
    }

    /// Somebody follows the way to Slack and does there as the workspace says. Gives where Slack sends them then.
    pub(super) async fn agree(&self, which: usize, browser: &mut Browser) -> String {
        let begun = self.open(browser, "/slack/install").await;
        assert_eq!(begun.status, 302, "{begun:?}");
        let to: url::Url = begun.headers["location"].to_str().unwrap().parse().unwrap();
        assert_eq!(to.path(), "/oauth/v2/authorize");
        let said = |name: &str| to.query_pairs().find(|(it, _)| it == name).unwrap().1.into_owned();
        assert!(said("scope").split(',').any(|scope| scope == "chat:write"), "{to}");
        let back = self.slacks[which].with(|world, now| {
            world.authorize(now, &said("client_id"), &said("redirect_uri"), Some(&said("state")))
        });
        let back = back.unwrap();
        assert!(back.as_str().starts_with(BACK), "{back}");
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    /// Somebody installs the app in a workspace.
    pub(super) async fn install(&self, which: usize) -> Shown {
        let mut browser = Browser::default();
        let back = self.agree(which, &mut browser).await;
        self.open(&mut browser, &back).await
    }

    /// Somebody types a command; gives what only they see.
    pub(super) async fn types(&self, which: usize, user: &str, text: &str) -> String {
        let said = |world: &World| world.ephemerals(user).len();
        let before = self.slacks[which].read(said);
        self.slacks[which]
            .with(|world, now| world.slash_command(now, user, CHANNEL, "/devoncall", text))
            .unwrap();
        self.settle().await;
        self.slacks[which].read(|world| {
            let all: Vec<_> = world.ephemerals(user)[before..].iter().map(|it| it.text.clone()).collect();
            all.join("\n")
        })
    }

    pub(super) fn transcript(&self, which: usize) -> String {
        self.slacks[which].read(|world| world.transcript(CHANNEL))
    }

    /// Brings what Slack has to say in a workspace, and does nothing else.
    pub(super) async fn deliver(&self, which: usize) {
        let slack = &self.slacks[which];
        for delivery in slack.with(|world, now| world.take_due(now)) {
            let request = delivery.request().unwrap().map(AxumBody::from);
            let status = self.router.clone().oneshot(request).await.unwrap().status().as_u16();
            slack.with(|world, now| world.delivered(now, delivery.id, DeliveryResult::answered(status, "")));
        }
    }

    /// What is due now is done, in every workspace.
    pub(super) async fn settle(&self) {
        for _ in 0..10_000 {
            let mut rests = true;
            for slack in &self.slacks {
                for delivery in slack.with(|world, now| world.take_due(now)) {
                    rests = false;
                    let request = delivery.request().unwrap().map(AxumBody::from);
                    let response = self.router.clone().oneshot(request).await.unwrap();
                    let status = response.status().as_u16();
                    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
                    let result = DeliveryResult::answered(status, body);
                    slack.with(|world, now| world.delivered(now, delivery.id, result));
                }
            }
            let now = self.now();
            let claim = Claim { now, lease_until: now + LEASE, limit: 1 };
            for job in self.store.claim(claim).await.unwrap() {
                rests = false;
                self.bot.engine().run_and_count(&job).await;
            }
            if rests {
                return;
            }
        }
        panic!("this never comes to rest:\n{}", self.transcript(0));
    }

    /// Lets time pass, doing whatever falls due on the way.
    pub(super) async fn pass(&self, time: &str) {
        let until = self.now() + time.parse::<SignedDuration>().unwrap();
        loop {
            self.settle().await;
            let slacks = self.slacks.iter().filter_map(|slack| slack.read(World::next_due));
            let next = slacks.chain(self.store.next_due().await.unwrap()).min();
            match next {
                Some(at) if at <= until => self.clock.set(at.max(self.now())),
                _ => break,
            }
        }
        self.clock.set(until);
        self.settle().await;
    }

    /// Lets time pass without anything being done.
    pub(super) fn skip(&self, time: &str) {
        self.clock.set(self.now() + time.parse::<SignedDuration>().unwrap());
    }

    /// All that is kept, as bytes: what an eye on the disk would see.
    pub(super) async fn kept(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for shelf in ["installations", "refreshing", "oauth-states", "organisations"] {
            for (name, record) in self.store.records(shelf, None, 1_000).await.unwrap().items {
                bytes.extend(name.into_bytes());
                bytes.extend(record.value);
            }
        }
        bytes
    }
}

struct Told(Arc<ManualClock>);

impl Clock for Told {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// Brings each call to the workspace that it belongs to, by its token, its code, or where an answer is to go.
struct Exchange {
    slacks: Vec<SimHandle>,
    answers: Arc<AtomicUsize>,
    hanging: Arc<AtomicUsize>,
}

#[async_trait]
impl Transport for Exchange {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let url: url::Url = request.url.parse().unwrap();
        let by_port = url.port().map(|port| usize::from(port) - 4_000);
        let secrets: Vec<String> = match (&request.token, &request.body) {
            (Some(token), _) => vec![token.expose().to_owned()],
            (None, Body::Form(form)) => {
                let pairs = url::form_urlencoded::parse(form);
                pairs.map(|(_, value)| value.into_owned()).collect()
            }
            (None, Body::Json(_)) => Vec::new(),
        };
        let knows = |slack: &SimHandle| slack.read(|world| secrets.iter().any(|it| world.knows(it)));
        let which = by_port.or_else(|| self.slacks.iter().position(knows)).unwrap_or(0);
        if self.hanging.load(Ordering::SeqCst) == which {
            std::future::pending::<()>().await;
        }
        let answer = InProcess(self.slacks[which].clone()).send(request).await?;
        if url.path().ends_with("oauth.v2.access") {
            let left = self.answers.load(Ordering::SeqCst);
            if left == 0 {
                return Err(TransportError::Unknown("the answer got lost".to_owned()));
            }
            self.answers.store(left - 1, Ordering::SeqCst);
        }
        Ok(answer)
    }
}
