//! Somebody outside whom the bot tells what happens, and what the log says meanwhile.

use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pagerslack::config::{Config, File};
use pagerslack_slack::transport::{Request, Response, Transport, TransportError};
use pagerslack_store::{Sqlite, Store};
use secrecy::SecretString;
use serde_json::Value;
use slack_sim::{ManualClock, SimClock, SimHandle, WorldBuilder};
use tracing::subscriber::DefaultGuard;

use super::{InProcess, NOON, Stage};

/// Where they are, by a name that nobody else here has.
const ADDRESS: &str = "https://status.example/in";

/// What they were told once.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// When.
    pub at: Timestamp,
    /// The `webhook-id`.
    pub id: String,
    /// What.
    pub told: Value,
}

/// Somebody outside, and the fake Slack.
pub struct Outside {
    slack: InProcess,
    clock: Arc<ManualClock>,
    heard: Mutex<Vec<Heard>>,
    answers: Mutex<Option<u16>>,
}

impl Outside {
    /// With which status they answer from now on; `None` if they never answer.
    pub fn answers(&self, status: Option<u16>) {
        *self.answers.lock().unwrap() = status;
    }

    /// Everything that they were told, first to last.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Outside {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if request.url != ADDRESS {
            return self.slack.send(request).await;
        }
        let id = request.headers.iter().find(|(name, _)| *name == "webhook-id").unwrap().1.clone();
        let told = serde_json::from_slice(&request.body.into_bytes()).unwrap();
        self.heard.lock().unwrap().push(Heard { at: self.clock.now(), id, told });
        match *self.answers.lock().unwrap() {
            Some(status) => Ok(Response { status, ..Response::default() }),
            None => Err(TransportError::Unknown(format!("no answer within {:?}", request.timeout))),
        }
    }
}

impl Stage {
    /// A stage with somebody outside who is told everything, and whatever else the configuration says.
    pub async fn telling(world: WorldBuilder, settings: &str) -> (Self, Arc<Outside>) {
        let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
        let url = "http://bot.example/slack/events".parse().unwrap();
        let slack = SimHandle::new(world.deliver_to(&url).build(), Arc::<ManualClock>::clone(&clock));
        let outside = Arc::new(Outside {
            slack: InProcess(slack.clone()),
            clock: Arc::clone(&clock),
            heard: Mutex::default(),
            answers: Mutex::new(Some(204)),
        });
        let store = Arc::new(Sqlite::in_memory().unwrap());
        (Self::tell(&outside, slack, clock, store, settings).await, outside)
    }

    /// The same machine after it was off for so long, when it has done all that has fallen due meanwhile.
    pub async fn after_being_off(self, time: &str, outside: &Arc<Outside>, settings: &str) -> Self {
        let (slack, clock, store) = (self.slack.clone(), Arc::clone(&self.clock), Arc::clone(&self.store));
        self.crash();
        clock.set(clock.now() + time.parse::<SignedDuration>().unwrap());
        let stage = Self::tell(outside, slack, clock, store, settings).await;
        stage.settle().await;
        stage
    }

    async fn tell(
        outside: &Arc<Outside>,
        slack: SimHandle,
        clock: Arc<ManualClock>,
        store: Arc<dyn Store>,
        settings: &str,
    ) -> Self {
        let mut environment = Self::environment(&slack);
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        environment.webhooks.insert("PAGERSLACK_WEBHOOK_STATUS_PAGE".to_owned(), secret);
        let file = format!("{settings}\n[[webhook]]\nname = \"status-page\"\nurl = \"{ADDRESS}\"\n");
        let config = Config::resolve(File::parse(&file).unwrap(), &environment).unwrap();
        Self::assemble(slack, clock, store, Arc::<Outside>::clone(outside), config).await
    }
}

/// What is logged in this thread.
pub struct Log {
    written: Written,
    _until_dropped: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// From now on it is kept.
    pub fn keep() -> Self {
        let written = Written::default();
        let writer = written.clone();
        let lines = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
        Self { written, _until_dropped: tracing::subscriber::set_default(lines.finish()) }
    }

    /// The lines that hold some words.
    pub fn lines(&self, words: &str) -> Vec<Value> {
        let written = String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap();
        let lines = written.lines().filter(|line| line.contains(words));
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
