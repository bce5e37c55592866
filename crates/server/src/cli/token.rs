//! `pagerslack token`: the tokens by which machines report incidents, here or at a running server.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use pagerslack_core::{ChannelId, TeamId};
use reqwest::Method;

use super::server::{MaybeServer, Server};
use super::store;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, Environment};
use crate::stats::moment;
use crate::tokens::{Made, Token, Tokens, Wanted, only_team};

pub(super) const LONG_ABOUT: &str = "\
Make, list and revoke the tokens by which machines report incidents (docs/API.md).

A token is for some channels of one workspace, or for all of them. It is shown once, when it is made; the store has only \
its fingerprint. Without --server the store here is used, which while the bot runs on SQLite is the bot's alone.

Examples:
  pagerslack token create Alertmanager --channel C024BE7LR --server https://pager.example.com
  pagerslack token list --server https://pager.example.com
  pagerslack token revoke 4f2a90c1 --server https://pager.example.com";

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make one, and print it: it is not shown again.
    Create(Create),
    /// List them, without what lets one in.
    List {
        #[command(flatten)]
        server: MaybeServer,
    },
    /// Take one away: whoever shows it from now on is not let in.
    Revoke {
        /// Its id, as the list shows it
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        server: MaybeServer,
    },
}

#[derive(Args)]
struct Create {
    /// As whom it reports: the name stands in Slack's messages and in the statistics
    #[arg(value_name = "NAME")]
    name: String,
    /// The workspace, by its id [default: the only one in which anything was reported]
    #[arg(long, value_name = "T…")]
    team: Option<String>,
    /// A channel that it is for, by its id; may be given several times
    #[arg(long, value_name = "C…", required_unless_present = "all_channels")]
    channel: Vec<String>,
    /// It is for every channel of the workspace
    #[arg(long, conflicts_with = "channel")]
    all_channels: bool,
    /// From when on it lets nobody in (UTC): 2026-12-01 or 2026-12-01T08:00:00Z [default: never]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    expires: Option<Timestamp>,
    #[command(flatten)]
    server: MaybeServer,
}

pub(super) async fn run(
    arguments: Arguments,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match arguments.command {
        Command::Create(create) => {
            let made = make(create, path, environment).await?;
            writeln!(std::io::stderr(), "{}\nThe token is not shown again:", made.token)?;
            writeln!(out, "{}", made.secret)?;
        }
        Command::List { server } => {
            for token in list(server.named().as_ref(), path, environment).await? {
                writeln!(out, "{token}")?;
            }
        }
        Command::Revoke { id, server } => revoke(&id, server.named().as_ref(), path, environment).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn make(create: Create, path: Option<&Path>, environment: &Environment) -> Result<Made> {
    let Create { name, team, channel, all_channels, expires, server } = create;
    let channels = (!all_channels).then(|| channel.iter().map(ChannelId::new).collect());
    let mut wanted = Wanted { name, team: team.map(TeamId::new), channels, expires_at: expires };
    if let Some(server) = server.named() {
        let order = serde_json::to_vec(&wanted).context("the order")?;
        let answer = server.order(Method::POST, "tokens", Some(order.into()), environment).await?;
        return serde_json::from_str(&answer).context("the server's answer");
    }
    let store = here(path, environment).await?;
    if wanted.team.is_none() {
        wanted.team = only_team(&*store.store).await?;
    }
    Ok(Tokens::new(store.store).create(wanted, SystemClock.now()).await?)
}

async fn list(server: Option<&Server>, path: Option<&Path>, environment: &Environment) -> Result<Vec<Token>> {
    if let Some(server) = server {
        let answer = server.order(Method::GET, "tokens", None, environment).await?;
        return serde_json::from_str(&answer).context("the server's answer");
    }
    Ok(Tokens::new(here(path, environment).await?.store).list().await?)
}

async fn revoke(
    id: &str,
    server: Option<&Server>,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<()> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        bail!("{id:?} is no token's id: `pagerslack token list` shows them");
    }
    if let Some(server) = server {
        server.order(Method::DELETE, &format!("tokens/{id}"), None, environment).await?;
    } else if !Tokens::new(here(path, environment).await?.store).revoke(id).await? {
        bail!("there is no token {id}: `pagerslack token list` shows those that there are");
    }
    writeln!(std::io::stderr(), "The token {id} is revoked.")?;
    Ok(())
}

async fn here(path: Option<&Path>, environment: &Environment) -> Result<crate::Storage> {
    let config = Config::load(path, environment)?;
    store::existing(&config.store, "ask it with --server ADDRESS").await
}
