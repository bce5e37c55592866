//! A quiet workspace beside a noisy one: whether its pages come as fast as if it were alone.
//!
//! The noisy one reports hundreds of incidents, and Slack answers it slowly and then limits it, so that its jobs wait, come
//! up again and are put off all the time. Every report of the quiet one is measured to its page, by the real driver as it
//! shares places between workspaces, over a database on disk. First alone, then beside the noise, in the same run: the bar
//! is what it took alone, and two round trips.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use pagerslack::engine::{Driver, Engine};
use pagerslack_slack::Tokio;
use pagerslack_slack::inbound::parse;
use pagerslack_slack::transport::{Request, Response, Transport, TransportError};
use pagerslack_slack::words::PASS_ACTION;
use pagerslack_store::Sqlite;
use slack_sim::{Answer, RateLimits, SimHandle, SystemClock, World, blank_user};
use tokio_util::sync::CancellationToken;

use crate::figure::{Figure, median, milliseconds, percentile};
use crate::page::translated;
use crate::{Bench, roles};

/// What all ids of the noisy workspace have in them.
const NOISY: &str = "NOISY";

/// How long Slack takes to answer the quiet workspace, and the noisy one.
const NEAR: Duration = Duration::from_millis(20);
const FAR: Duration = Duration::from_millis(800);

/// Reports of the quiet workspace in each half.
const SAMPLES: usize = 60;

/// Incidents of the noisy workspace that are open all the time.
const NOISE: usize = 400;

/// Between two reports of the quiet workspace.
const REST: Duration = Duration::from_millis(60);

const PATIENCE: Duration = Duration::from_secs(20);

/// Measures report to page, alone and beside the noise.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (alone, beside) = runtime.block_on(halves(&bench.file("quiet.db")))?;
    let note = |samples: &[f64]| format!("median {:.1}, p90 {:.1}", median(samples), percentile(samples, 90));
    let (before, after) = (percentile(&alone, 99), percentile(&beside, 99));
    let bar = before + milliseconds(NEAR) * 2.0;
    Ok(vec![
        Figure::at_most("report to page beside a throttled workspace, p99", (after, "ms"), (bar, "ms"))
            .note(format!("{}; alone p99 {before:.1}, {}", note(&beside), note(&alone))),
    ])
}

async fn halves(file: &Path) -> Result<(Vec<f64>, Vec<f64>)> {
    let quiet = SimHandle::new(world("", SAMPLES * 2), Arc::new(SystemClock));
    let noisy = SimHandle::new(world(NOISY, 1), Arc::new(SystemClock));
    noisy.with(|world, _| world.set_rate_limits(RateLimits::Enforced));
    let transport = Arc::new(Two { quiet: quiet.clone(), noisy });
    let bot = roles::assemble(Arc::new(Sqlite::open(file)?), transport, "http://127.0.0.1/api/").await?;
    let engine = Arc::clone(bot.engine());
    let shutdown = CancellationToken::new();
    let driver = Driver::new(Arc::clone(&engine), Arc::new(Tokio::new())).sharing();
    let running = tokio::spawn(driver.run(shutdown.clone()));
    let alone = samples(&engine, &quiet, 0..SAMPLES).await?;
    for number in 0..NOISE {
        report(&engine, &team(NOISY, 0), &channel(NOISY, 0), number).await;
    }
    // Until all that is due of it is under way or waits.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let beside = samples(&engine, &quiet, SAMPLES..SAMPLES * 2).await?;
    shutdown.cancel();
    running.await?;
    Ok((alone, beside))
}

/// Milliseconds from each report to its page.
async fn samples(engine: &Engine, slack: &SimHandle, numbers: std::ops::Range<usize>) -> Result<Vec<f64>> {
    let mut taken = Vec::new();
    for number in numbers {
        tokio::time::sleep(REST).await;
        let channel = channel("", number);
        let begun = Instant::now();
        let mut changes = slack.changes();
        report(engine, &team("", number), &channel, number).await;
        let seen = async {
            while !slack.read(|world| has_page(world, &channel)) {
                changes.changed().await?;
            }
            anyhow::Ok(begun.elapsed())
        };
        let took = tokio::time::timeout(PATIENCE, seen).await;
        taken.push(milliseconds(took.context("no page came to the quiet workspace")??));
    }
    ensure!(taken.len() == SAMPLES, "every report was measured");
    Ok(taken)
}

async fn report(engine: &Engine, team: &str, channel: &str, number: usize) {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("team_id", team)
        .append_pair("channel_id", channel)
        .append_pair("user_id", "U9999")
        .append_pair("command", "/devoncall")
        .append_pair("text", &format!("https://incidents.example.com/{number}"))
        .append_pair("trigger_id", &format!("{number}.1.a"))
        .finish();
    engine.receive(parse("application/x-www-form-urlencoded", body.as_bytes())).await;
}

fn has_page(world: &World, channel: &str) -> bool {
    let mut messages = world.messages(channel).into_iter();
    messages.any(|message| message.blocks.iter().any(|block| block.to_string().contains(PASS_ACTION)))
}

/// A workspace of its own for each sample to the bot, so that no rate budget of the quiet ones is used up.
fn team(prefix: &str, number: usize) -> String {
    format!("T{prefix}{number:08}")
}

fn channel(prefix: &str, number: usize) -> String {
    format!("C{prefix}{number}")
}

/// Channels with four people each, all of them online.
fn world(prefix: &str, channels: usize) -> World {
    let mut world = World::builder().app(|app| app.bot_token = "xoxb-simulated".to_owned());
    for number in 0..channels {
        world = world.channel(&channel(prefix, number), "dev-escalation");
        for person in 0..4 {
            let id = format!("U{prefix}{number}P{person}");
            world = world.user(blank_user(&team(prefix, number), &id, "ana", Some("Europe/Lisbon")));
        }
    }
    let mut world = world.build();
    world.set_rate_limits(RateLimits::Off);
    world
}

/// Two Slacks: one near, one far away that limits. Which is meant stands in what is asked.
struct Two {
    quiet: SimHandle,
    noisy: SimHandle,
}

#[async_trait]
impl Transport for Two {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let translated = translated(request).map_err(|error| TransportError::NotSent(error.to_string()))?;
        let is_noisy = String::from_utf8_lossy(translated.body()).contains(NOISY);
        let (slack, away) = if is_noisy { (&self.noisy, FAR) } else { (&self.quiet, NEAR) };
        tokio::time::sleep(away).await;
        match slack.http(translated) {
            Answer::Respond(response) => {
                let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
                let retry_after = header.and_then(|value| value.parse().ok());
                let status = response.status().as_u16();
                Ok(Response { status, retry_after, body: response.into_body(), ..Response::default() })
            }
            Answer::Hang | Answer::Close => Err(TransportError::Unknown("no answer".to_owned())),
        }
    }
}
