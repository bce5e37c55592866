//! `pagerslack nudge --dry-run`: who would be told how to set a notification schedule.
//!
//! Nothing is sent from here: the running bot tells people, when `nudge_missing_schedule` is on.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use pagerslack_core::{RotationId, TeamId};
use pagerslack_slack::HttpTransport;
use pagerslack_slack::client::{Caller, Client};
use pagerslack_store::sqlite::OpenError;
use pagerslack_store::{Backend, Records, Sqlite};

use super::store::existing;
use super::workspace::{INSTEAD, Workspace};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Environment, StoreLocation};
use crate::engine::Looked;
use crate::run::drawn_seed;
use crate::{Bot, Storage, Surroundings};

/// Lists who has no notification schedule in Slack and would be told how to set one. Sends nothing.
///
/// The running bot tells them, once in 90 days at most, when nudge_missing_schedule = true stands in the
/// configuration. Look at this list first.
#[derive(Args)]
pub(super) struct Arguments {
    /// Says that nothing is to be sent, as is always so here
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    workspace: Workspace,
}

pub(super) async fn run(
    arguments: Arguments,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    if !arguments.dry_run {
        bail!(
            "the running bot tells people, when nudge_missing_schedule = true stands in the configuration; \
             `pagerslack nudge --dry-run` lists who would be told"
        );
    }
    let mut out = std::io::stdout().lock();
    let config = Config::load(path, environment)?;
    let store = match &config.slack.install {
        // The tokens stand there.
        Some(_) => existing(&config.store, INSTEAD).await?.store,
        None => {
            arguments.workspace.is_not_named()?;
            store(&config.store, &mut out).await?
        }
    };
    let records: Arc<dyn Records> = Arc::<dyn Backend>::clone(&store);
    let (clock, transport) = (Arc::new(SystemClock), Arc::new(HttpTransport::new()?));
    let now = clock.now();
    let surroundings =
        Surroundings { clock, store, transport, seed: drawn_seed(), panel: false, records: Some(records) };
    let bot = Bot::assemble(config, surroundings).await?;
    let client = bot.client();
    let team = match bot.installations() {
        Some(installations) => arguments.workspace.choose(&installations.teams().await?)?,
        None => client.auth_test(Caller::paging(now, &TeamId::new(""))).await.context("asking Slack")?.team,
    };
    let rotations = rotations(client, &bot, &team).await?;
    if rotations.is_empty() {
        writeln!(out, "The bot is in no channel: type /invite @pagerslack in the engineers' channel.")?;
    }
    // Everybody at once, a page at a time: the look would ask about one person after the other. What is missing then
    // is said below.
    let _ = bot.engine().warm(&team).await;
    for (rotation, name) in rotations {
        let on = bot.engine().rotation(&rotation).nudge_missing_schedule;
        let state = if on { "on" } else { "off" };
        writeln!(out, "#{name} ({}), nudge_missing_schedule is {state}:", rotation.channel)?;
        let Looked { found, put_off } = bot
            .engine()
            .without_schedule(&rotation)
            .await
            .with_context(|| format!("Slack does not say who is in #{name}; try again in a minute"))?;
        let known =
            bot.engine().directory().profiles_of_any_age(&rotation.team, &BTreeSet::from_iter(found.clone()));
        for user in &found {
            let name = known.get(user).and_then(|profile| profile.names.first().cloned()).unwrap_or_default();
            writeln!(out, "  {user}  {name}")?;
        }
        let people = if found.len() == 1 { "person" } else { "people" };
        writeln!(out, "  {} {people} without a notification schedule.", found.len())?;
        if put_off > 0 {
            let people = if put_off == 1 { "person" } else { "people" };
            writeln!(
                out,
                "  The list is not complete: Slack wants to be asked later about {put_off} {people}; try again in a \
                 minute."
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Where it stands who was told already. A database that is not there, or that the bot holds, is done without.
async fn store(location: &StoreLocation, out: &mut impl Write) -> Result<Arc<dyn Backend>> {
    let file = match location {
        StoreLocation::Redis(_) => return Ok(Storage::open(location).await?.store),
        StoreLocation::Sqlite(file) => file,
    };
    Ok(match file.exists().then(|| Sqlite::open(file)) {
        Some(Ok(store)) => Arc::new(store),
        None => Arc::new(Sqlite::in_memory()?),
        Some(Err(OpenError::InUse { .. })) => {
            writeln!(
                out,
                "The bot is running and holds its store, so people who were told in the last 90 days are listed too.\n"
            )?;
            Arc::new(Sqlite::in_memory()?)
        }
        Some(Err(error)) => return Err(error.into()),
    })
}

/// The channels that the bot is in.
async fn rotations(client: &Client, bot: &Bot, team: &TeamId) -> Result<Vec<(RotationId, String)>> {
    let now = bot.engine().clock().now();
    let channels =
        client.own_channels(Caller::paging(now, team)).await.context("asking for the bot's channels")?;
    Ok(channels
        .into_iter()
        .filter(|channel| !channel.name.is_empty() && !channel.is_archived)
        .map(|channel| (RotationId::new(team.clone(), channel.id), channel.name))
        .collect())
}
