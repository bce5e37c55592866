//! How many calls to Slack a page costs, by the size of the channel and the share of it that is online.
//!
//! The whole bot in virtual time over the fake Slack, whose limits are enforced; nothing here depends on the
//! machine. Reports come two minutes apart, so that of the one before no presence or do-not-disturb is remembered,
//! and whoever is paged answers. Who is online is drawn anew for every report.
//!
//! The bar is one call for each person up to the first who is online, `1 / share` of them on average, and as many
//! again as a hunt asks about at a time, for it cannot know which of those will do. `share` is of those who are
//! truly there: of three people one per cent is one person.
//!
//! The last line tells what the bar does not cover: where the very same people are away all day, they gather at
//! the head of the queue, since they have no turns, and are looked at for every page.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pagerslack::Bot;
use pagerslack::clock::{Clock, ManualClock};
use pagerslack::engine::LEASE;
use pagerslack_core::TeamId;
use pagerslack_slack::inbound::parse;
use pagerslack_slack::transport::{Request, Response, Transport, TransportError};
use pagerslack_store::{Claim, Sqlite, Store};
use serde_json::json;
use slack_sim::{Answer, Outcome, Presence, SimClock, SimHandle, World};

use crate::Bench;
use crate::figure::Figure;
use crate::{page, roles};

const MEMBERS: [usize; 6] = [1, 3, 10, 30, 100, 300];
const ONLINE: [usize; 5] = [1, 5, 20, 50, 100];
/// Reports for each line: enough for the mean of one to four hundred calls to lie within a tenth or so.
const PAGES: usize = 40;
/// How many people a hunt asks about at a time.
const AT_A_TIME: f64 = 4.0;

const APART: SignedDuration = SignedDuration::from_mins(2);
const CHANNEL: &str = "C1";
const TEAM: &str = "T1";

/// Measures the calls per page for every size and share.
pub(crate) fn measure(_bench: &Bench) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut figures = Vec::new();
        for members in MEMBERS {
            for percent in ONLINE {
                let online = (members * percent / 100).max(1);
                let cost = Stage::new(members).await?.cost(online, true).await?;
                let name = format!("presence calls a page, {members} people, {percent} % online");
                let bar = members as f64 / online as f64 + AT_A_TIME;
                figures.push(Figure::at_most(&name, (cost.presence, ""), (bar, "")).note(cost.note()));
            }
        }
        let cost = Stage::new(300).await?.cost(60, false).await?;
        let name = "presence calls a page, 300 people, the same 20 % online all day";
        figures.push(Figure::told(name, (cost.presence, "")).note(cost.note()));
        Ok(figures)
    })
}

/// Calls per page.
struct Cost {
    presence: f64,
    dnd: f64,
    people: f64,
    all: f64,
    /// Seconds from the last report to its page, at the longest.
    longest: f64,
}

impl Cost {
    fn note(&self) -> String {
        let Self { dnd, people, all, longest, .. } = self;
        format!("dnd.teamInfo {dnd:.1}, users.info {people:.1}, all {all:.1}; page within {longest:.0} s")
    }
}

/// One channel, in a time of its own.
struct Stage {
    slack: SimHandle,
    clock: ManualClock,
    store: Arc<dyn Store>,
    bot: Bot,
    members: usize,
    drawn: u64,
}

impl Stage {
    async fn new(members: usize) -> Result<Self> {
        let clock = ManualClock::new("2026-11-24T12:00:00Z".parse()?);
        let mut world = World::builder()
            .team(TEAM)
            .app(|app| app.bot_token = "xoxb-simulated".to_owned())
            .channel(CHANNEL, "dev-escalation");
        for number in 0..members {
            world = world.person(&user(number), "ana", "Europe/Lisbon");
        }
        let slack = SimHandle::new(world.build(), Arc::new(Shared(clock.clone())));
        let store: Arc<dyn Store> = Arc::new(Sqlite::in_memory()?);
        let transport = Arc::new(InProcess(slack.clone()));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let bot = roles::assemble_at(shared, Arc::clone(&store), transport, "http://127.0.0.1/api/").await?;
        // As the bot does when it starts.
        bot.engine().warm(&TeamId::new(TEAM)).await?;
        Ok(Self { slack, clock, store, bot, members, drawn: 7 })
    }

    /// Reports again and again, and gives the mean cost of a page.
    async fn cost(mut self, online: usize, anew: bool) -> Result<Cost> {
        let before = self.counts();
        let mut longest = 0.0_f64;
        for number in 0..PAGES {
            if anew || number == 0 {
                self.scatter(online);
            }
            let reported_at = self.clock.now();
            self.report(number).await?;
            let page = self.wait_for_page(number).await?;
            longest = longest.max(self.clock.now().duration_since(reported_at).as_secs_f64());
            self.answer(&page).await;
            self.pass(APART).await?;
        }
        let refused = |world: &World| world.calls().iter().any(|call| call.outcome == Outcome::RateLimited);
        ensure!(!self.slack.read(refused), "a documented limit was exceeded");
        let mean = |index: usize| (self.counts()[index] - before[index]) as f64 / PAGES as f64;
        Ok(Cost { presence: mean(0), dnd: mean(1), people: mean(2), all: mean(3), longest })
    }

    fn counts(&self) -> [usize; 4] {
        self.slack.read(|world| {
            let count = |method| world.count_calls(method);
            [count("users.getPresence"), count("dnd.teamInfo"), count("users.info"), world.calls().len()]
        })
    }

    /// So many are online from now on, drawn by a generator that gives the same people in every run.
    fn scatter(&mut self, online: usize) {
        let mut chosen = BTreeSet::new();
        while chosen.len() < online {
            // Knuth's constants for a linear congruential generator of 64 bits.
            self.drawn =
                self.drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            chosen.insert((self.drawn >> 33) as usize % self.members);
        }
        self.slack.with(|world, _| {
            for number in 0..self.members {
                if let Some(user) = world.user_mut(&user(number)) {
                    let there = chosen.contains(&number);
                    user.presence = if there { Presence::Active } else { Presence::Away };
                }
            }
        });
    }

    async fn report(&self, number: usize) -> Result<()> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("team_id", TEAM)
            .append_pair("channel_id", CHANNEL)
            .append_pair("user_id", "U9999")
            .append_pair("command", "/devoncall")
            .append_pair("text", &format!("https://incidents.example.com/{number}"))
            .append_pair("trigger_id", &format!("{number}.1.a"))
            .finish();
        let inbound = parse("application/x-www-form-urlencoded", body.as_bytes());
        self.bot.engine().receive(inbound).await;
        Ok(())
    }

    /// The latest page's `ts` and whom it asks.
    async fn wait_for_page(&self, number: usize) -> Result<(String, String)> {
        let until = self.clock.now() + SignedDuration::from_mins(30);
        loop {
            self.settle().await?;
            let pages = self.slack.read(pages);
            if pages.len() > number {
                return pages.last().cloned().context("a page");
            }
            ensure!(self.clock.now() < until, "no page came");
            self.pass(SignedDuration::from_secs(1)).await?;
        }
    }

    async fn answer(&self, (ts, user): &(String, String)) {
        let event = json!({
            "type": "event_callback", "team_id": TEAM, "event_id": format!("Ev{ts}"),
            "event": { "type": "reaction_added", "user": user, "reaction": "eyes",
                "item": { "type": "message", "channel": CHANNEL, "ts": ts } },
        });
        self.bot.engine().receive(parse("application/json", event.to_string().as_bytes())).await;
    }

    /// Does everything that falls due within a time.
    async fn pass(&self, time: SignedDuration) -> Result<()> {
        let until = self.clock.now() + time;
        loop {
            self.settle().await?;
            match self.store.next_due().await? {
                Some(at) if at <= until => self.clock.set(at.max(self.clock.now())),
                _ => break,
            }
        }
        self.clock.set(until);
        self.settle().await
    }

    async fn settle(&self) -> Result<()> {
        loop {
            let now = self.clock.now();
            let claimed = self.store.claim(Claim { now, lease_until: now + LEASE, limit: 1 }).await?;
            let Some(job) = claimed.first() else { return Ok(()) };
            self.bot.engine().run_and_count(job).await;
        }
    }
}

fn user(number: usize) -> String {
    format!("U{number:04}")
}

/// Each page's `ts` and whom it asks.
fn pages(world: &World) -> Vec<(String, String)> {
    let messages = world.messages(CHANNEL).into_iter().filter(|message| {
        message.metadata.as_ref().is_some_and(|metadata| metadata.to_string().contains("send/page/"))
    });
    messages
        .filter_map(|message| match message.mentions.first() {
            Some(slack_sim::Mention::User(user)) => Some((message.ts.clone(), user.clone())),
            _ => None,
        })
        .collect()
}

/// The bot's clock as the fake Slack's.
struct Shared(ManualClock);

impl SimClock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn until(&self, at: Timestamp) -> std::time::Duration {
        self.0.until(at)
    }
}

/// The fake Slack's Web API without a network.
struct InProcess(SimHandle);

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let request =
            page::translated(request).map_err(|error| TransportError::NotSent(error.to_string()))?;
        match self.0.http(request) {
            Answer::Respond(response) => Ok(Response {
                status: response.status().as_u16(),
                body: response.into_body(),
                ..Response::default()
            }),
            Answer::Hang | Answer::Close => Err(TransportError::Unknown("no answer".to_owned())),
        }
    }
}
