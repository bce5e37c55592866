//! Several replicas of the real binary share one Redis behind a load balancer, under a steady load of people, while one
//! of them, the network or Redis itself fails.
//!
//! Around it people go on as they do in [`crate::killed`], and in the end everything is held against the same promises.

mod balancer;
mod eyes;
mod outage;
mod redis;
mod replica;
mod rolling;
mod socket;
mod stale;

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use pagerslack_store::Redis;
use slack_sim::{RateLimits, Server};

use crate::killed::chance::Chance;
use crate::killed::people::{People, world};
use crate::killed::promises::{Evidence, Tally};
use crate::service::{Process, Service, exited, terminate};
use balancer::{Balancer, Place, Refused};

/// How many there are.
const REPLICAS: usize = 3;

/// The most that a call takes until it has its effect, and from then until its answer.
const LATENCY: Duration = Duration::from_millis(20);

/// How long something may take that takes seconds on a machine that does nothing else.
const LONG: Duration = Duration::from_secs(60);

/// Few seconds for each page, so that everything comes to its end soon.
const ACK_TIMEOUT: &str = "3 s";

fn settings(ack_timeout: &str) -> String {
    format!(
        "[defaults]\nack_timeout = \"{ack_timeout}\"\nmax_attempts = 2\n\
         [defaults.managers]\nusers = [\"U91\", \"U92\"]\nrounds = 1\n\
         [defaults.follow_up]\nquestion = \"How did it go?\"\n"
    )
}

/// The replicas, Slack before them, Redis behind them, and the people.
pub(super) struct Replicas {
    service: Service,
    people: People,
    places: Vec<Place>,
    processes: Vec<Option<Process>>,
    /// What decides what people do.
    seed: u64,
    began: Timestamp,
    address: String,
    client: reqwest::Client,
    _balancer: Option<Balancer>,
}

impl Replicas {
    /// Starts all over the store at an address, and waits until they are ready.
    async fn start(address: &str, refused: Refused) -> Self {
        let mut replicas = Self::prepare(address, Some(refused), ACK_TIMEOUT).await;
        replicas.start_all(|command| command).await;
        replicas
    }

    /// Everything but the replicas; without a balancer where Slack sends over Socket Mode.
    async fn prepare(address: &str, refused: Option<Refused>, ack_timeout: &str) -> Self {
        let seed = pagerslack::drawn_seed();
        let mut chance = Chance::new(seed);
        let latency = chance.draw();
        let serve = |server: Server| server.with_latency(LATENCY, latency);
        let service = match refused {
            Some(_) => Service::new(world(), &settings(ack_timeout), serve).await,
            None => Service::over_sockets(world(), &settings(ack_timeout), serve).await,
        };
        // Each process has budgets of its own; what Slack would refuse is another story's subject.
        service.slack.with(|world, _| world.set_rate_limits(RateLimits::Off));
        let people = People::new(service.slack.clone(), Chance::new(chance.draw()));
        let places: Vec<Place> = (0..REPLICAS).map(|_| Place::take()).collect();
        let addresses: Vec<SocketAddr> = places.iter().map(|place| place.address).collect();
        Self {
            _balancer: refused.map(|refused| Balancer::start(service.listen, addresses, refused)),
            seed,
            began: service.slack.now(),
            service,
            people,
            places,
            processes: (0..REPLICAS).map(|_| None).collect(),
            address: address.to_owned(),
            client: reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap(),
        }
    }

    async fn start_all(&mut self, change: impl Fn(Command) -> Command) {
        for index in 0..REPLICAS {
            self.spawn(index, &change);
        }
        self.all_ready().await;
    }

    fn spawn(&mut self, index: usize, change: impl Fn(Command) -> Command) {
        let mut command = self.service.command();
        command.env("PAGERSLACK_STORE", &self.address);
        command.env("PAGERSLACK_LISTEN", self.places[index].address.to_string());
        self.processes[index] = Some(self.service.spawn(change(command)));
    }

    async fn all_ready(&mut self) {
        for index in 0..REPLICAS {
            self.until("a replica is ready", async |this| this.readiness(index).await == Some(200)).await;
        }
    }

    /// What a replica says when it is asked whether it is ready.
    async fn readiness(&self, index: usize) -> Option<u16> {
        let url = format!("http://{}/readyz", self.places[index].address);
        let asked = self.client.get(url).timeout(Duration::from_secs(5)).send().await;
        Some(asked.ok()?.status().as_u16())
    }

    /// People go on until something is so; gives how long that took.
    async fn until(&mut self, what: &str, mut is_so: impl AsyncFnMut(&Self) -> bool) -> Duration {
        let (started, mut looked) = (Instant::now(), None::<Instant>);
        loop {
            self.people.act();
            // Looking may cost a request; people are quicker.
            if looked.is_none_or(|at| at.elapsed() > Duration::from_millis(50)) {
                if is_so(self).await {
                    return started.elapsed();
                }
                looked = Some(Instant::now());
            }
            assert!(started.elapsed() < LONG, "this does not happen: {what}\n{}", self.last_words());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// People go on until the bot has posted so many messages more; gives how long that took.
    async fn posts(&mut self, more: usize) -> Duration {
        let wanted = self.people.messages() + more;
        self.until("the bot posts", async |this| this.people.messages() >= wanted).await
    }

    /// People go on until so many reports more were accepted; gives how long that took.
    async fn accepts(&mut self, more: usize) -> Duration {
        let wanted = self.people.accepted.len() + more;
        self.until("reports are accepted", async |this| this.people.accepted.len() >= wanted).await
    }

    /// Kills one without a word.
    fn kill(&mut self, index: usize) {
        self.processes[index].take().unwrap().kill();
    }

    /// Tells one to stop, and waits until it has; people go on.
    async fn stop(&mut self, index: usize) {
        let mut process = self.processes[index].take().unwrap();
        terminate(&process);
        self.until("a replica stops", async |_| !process.is_running()).await;
        assert!(exited(&mut process, LONG).await.success(), "{}", self.last_words());
    }

    /// Sends one a signal, such as `STOP`.
    fn signal(&self, index: usize, signal: &str) {
        let id = self.processes[index].as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
    }

    /// Nobody reports any more: everything comes to its end and is held against the promises.
    async fn settle(&mut self) -> Tally {
        self.people.report(false);
        self.service.slack.with(|world, _| world.clear_faults());
        let store = Redis::connect(&self.address).await.unwrap();
        let started = Instant::now();
        loop {
            let mut looked = false;
            self.until("another look", async |_| std::mem::replace(&mut looked, true)).await;
            let (slack, began) = (&self.service.slack, [self.began]);
            let evidence =
                Evidence { store: &store, slack, people: &self.people, began: &began, latency: LATENCY };
            match evidence.look().await {
                Ok(tally) => return tally,
                Err(why) => assert!(started.elapsed() < 2 * LONG, "P1: {why}\n{}", self.last_words()),
            }
        }
    }

    /// The people's seed, and the end of the log of all.
    fn last_words(&self) -> String {
        let log = self.service.log();
        let lines: Vec<&str> = log.lines().collect();
        format!("people's seed: {}\n{}", self.seed, lines[lines.len().saturating_sub(60)..].join("\n"))
    }
}
