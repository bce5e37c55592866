//! The real binary is killed, hundreds of times, in the middle of its work, and starts again at once.
//!
//! `SIGKILL`, at moments drawn from a seed: while it starts, at any time of its short life, and right after a message
//! of its has reached Slack, of which it has no record yet. Around it people go on: they report, retype what failed,
//! take, pass, look away, cancel; some of Slack's answers and some of its events are lost. When they are done, Slack
//! and the database are held against the promises ([`promises`]).
//!
//! `PAGERSLACK_KILLS` kills more often than CI does, `PAGERSLACK_SEED` draws as an earlier run drew. The machine's own
//! timing is in no seed, so a failure may take several runs to come again.

pub(crate) mod chance;
pub(crate) mod people;
pub(crate) mod promises;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use pagerslack_store::Sqlite;
use slack_sim::{Fault, FaultKind, RateLimits};

use crate::service::{Process, Service, stopped};
use chance::Chance;
use people::{People, world};
use promises::{Evidence, Tally};

/// How often the binary is killed in CI, all services together.
const KILLS: usize = 208;

/// Seconds that a page has. Where it has few, a message of which nobody knows whether it stands makes the managers
/// be told directly; where it has many, everything goes its usual way but later.
const ACK_TIMEOUTS: [u32; 4] = [2, 5, 7, 7];

/// The most that a call takes until it has its effect, and from then until its answer.
const LATENCY: Duration = Duration::from_millis(40);

/// How long a life lasts at most once it is ready, in milliseconds: most are short, some get further.
const SHORT_LIFE: u64 = 300;
const LONG_LIFE: u64 = 1_500;

/// How long everything may take to come to its end after the last kill. Slack's minute is waited out once or twice.
const SETTLES: Duration = Duration::from_secs(180);

/// One service with its people, over all its lives.
pub(crate) struct Lives {
    pub(crate) service: Service,
    pub(crate) people: People,
    chance: Chance,
    /// When each life began.
    pub(crate) began: Vec<Timestamp>,
    /// How long each took until it was ready, if it got there.
    start_ups: Vec<Duration>,
}

impl Lives {
    async fn prepare(number: usize, seed: u64) -> Self {
        let settings = format!(
            "[defaults]\nack_timeout = \"{} s\"\nmax_attempts = 3\n\
             [defaults.managers]\nusers = [\"U91\", \"U92\"]\nrounds = 2\nrepeat = \"3 s\"\n\
             [defaults.follow_up]\nquestion = \"How did it go?\"\n",
            ACK_TIMEOUTS[number % ACK_TIMEOUTS.len()]
        );
        let mut chance = Chance::new(seed);
        let latency = chance.draw();
        let service = Service::new(world(), &settings, |server| server.with_latency(LATENCY, latency)).await;
        // The bot's own budgets are as fresh as the process; Slack's minute would be used up by the many starts.
        service.slack.with(|world, _| world.set_rate_limits(RateLimits::Off));
        let people = People::new(service.slack.clone(), Chance::new(chance.draw()));
        Self { service, people, chance, began: Vec::new(), start_ups: Vec::new() }
    }

    fn begin(&mut self) -> Process {
        self.began.push(self.service.slack.now());
        self.service.spawn(self.service.command())
    }

    /// People act, until something is so or the time is over.
    async fn go_on(&mut self, longest: Duration, mut is_so: impl FnMut(&Self) -> bool) {
        let started = Instant::now();
        while started.elapsed() < longest && !is_so(self) {
            self.people.act();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// People act until the service is ready.
    async fn ready(&mut self, process: &mut Process) {
        let started = Instant::now();
        while !self.service.is_ready().await {
            assert!(process.is_running(), "it does not start:\n{}", self.service.log());
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "it is never ready:\n{}",
                self.service.log()
            );
            self.people.act();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        self.start_ups.push(started.elapsed());
    }

    /// A short life and its end.
    async fn live_and_die(&mut self) {
        self.trouble();
        let mut process = self.begin();
        let moment = self.chance.below(100);
        if moment < 20 {
            let life = Duration::from_millis(self.chance.below(150));
            self.go_on(life, |_| false).await;
        } else {
            self.ready(&mut process).await;
            let longest = if moment < 90 { SHORT_LIFE } else { LONG_LIFE };
            let life = Duration::from_millis(self.chance.below(longest + 1));
            let before = self.people.messages();
            let after_a_post = moment < 50;
            self.go_on(life, |lives| after_a_post && lives.people.messages() > before).await;
        }
        process.kill();
    }

    /// Something of Slack's goes wrong now and then: a post of which the answer is lost, or that never arrives.
    fn trouble(&mut self) {
        let kinds = [FaultKind::CloseAfter, FaultKind::Http500AfterEffect, FaultKind::CloseBefore];
        if self.chance.in_hundred(20) {
            let kind = kinds[self.chance.index(kinds.len())].clone();
            self.service.slack.with(|world, _| world.inject(Fault::once("chat.postMessage", kind)));
        }
    }

    async fn live_and_die_often(&mut self, kills: usize) {
        for kill in 0..kills {
            // Nobody reports towards the end, so that not everything is left for the last life.
            self.people.report(kill * 10 < kills * 8);
            self.live_and_die().await;
        }
        self.people.report(false);
        self.service.slack.with(|world, _| world.clear_faults());
    }

    /// The end of the log.
    fn last_words(&self) -> String {
        let log = self.service.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// Nobody kills it any more: everything comes to its end. It is told to stop from time to time, for nobody else
    /// may look into its database while it runs.
    async fn settle(&mut self) -> Tally {
        let started = Instant::now();
        loop {
            let mut process = self.begin();
            self.ready(&mut process).await;
            let mut quiet = Quiet::default();
            self.go_on(Duration::from_secs(20), |lives| quiet.lasts(lives)).await;
            let status = stopped(process).await;
            assert!(status.success(), "{status}:\n{}", self.service.log());
            let store = Sqlite::open(&self.service.database()).unwrap();
            store.check().await.unwrap();
            let evidence = Evidence {
                store: &store,
                slack: &self.service.slack,
                people: &self.people,
                began: &self.began,
                latency: LATENCY,
            };
            match evidence.look().await {
                Ok(tally) => return tally,
                Err(unfinished) => assert!(
                    started.elapsed() < SETTLES,
                    "P1: {unfinished}\n{}\n{}",
                    self.service
                        .slack
                        .read(|world| people::CHANNELS.map(|it| world.transcript(it)).join("\n")),
                    self.last_words()
                ),
            }
        }
    }
}

/// Whether nothing has been asked of Slack for a while.
#[derive(Default)]
struct Quiet {
    calls: usize,
    since: Option<Instant>,
}

impl Quiet {
    fn lasts(&mut self, lives: &Lives) -> bool {
        let calls = lives.service.slack.read(|world| world.calls().len());
        let since = *self.since.get_or_insert_with(Instant::now);
        if calls != self.calls || lives.people.are_busy() {
            (self.calls, self.since) = (calls, Some(Instant::now()));
            return false;
        }
        // Longer than it takes until a message in doubt is looked for.
        since.elapsed() > Duration::from_secs(7)
    }
}

/// Given a service under load, when it is killed two hundred times at moments that nobody chose, then every incident
/// of which somebody was told "On it" comes to its end, no message stands twice, nobody is asked who must not be or
/// after somebody has taken it, and every page has its reasons.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_kills_at_random_moments_lose_nothing_and_double_nothing() {
    let given = |name| std::env::var(name).ok().map(|value| value.parse::<u64>().expect(name));
    let seed = given("PAGERSLACK_SEED").unwrap_or_else(pagerslack::drawn_seed);
    let kills = given("PAGERSLACK_KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap());
    println!("PAGERSLACK_SEED={seed}");
    let started = Instant::now();
    let mut services = tokio::task::JoinSet::new();
    for number in 0..ACK_TIMEOUTS.len() {
        services.spawn(async move {
            let mut lives = Lives::prepare(number, seed.wrapping_add(number as u64)).await;
            lives.live_and_die_often(kills.div_ceil(ACK_TIMEOUTS.len())).await;
            let dying = started.elapsed();
            let tally = lives.settle().await;
            (lives, dying, tally)
        });
    }
    let mut total = Tally::default();
    let (mut killed, mut start_ups, mut dying) = (0, Vec::new(), Duration::ZERO);
    while let Some(outcome) = services.join_next().await {
        let (lives, took, tally) = outcome.unwrap();
        killed += kills.div_ceil(ACK_TIMEOUTS.len());
        start_ups.extend(lives.start_ups);
        dying = dying.max(took);
        total.add(&tally);
    }
    start_ups.sort_unstable();
    println!(
        "{killed} kills in {dying:.1?} ({:.1} a second), all over after {:.1?}; ready after {:?}, half of the time \
         (at most {:?})\n{total:#?}",
        killed as f64 / dying.as_secs_f64(),
        started.elapsed(),
        start_ups[start_ups.len() / 2],
        start_ups[start_ups.len() - 1],
    );
    assert!(killed >= kills && total.taken >= 10, "{total:#?}");
}
