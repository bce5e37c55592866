//! `pagerslack store`: what is kept, moved elsewhere and counted.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use pagerslack_sources::settings;
use pagerslack_store::sqlite::OpenError;
use pagerslack_store::{CopyError, copy, inventory};

use crate::Storage;
use crate::config::{Config, Environment, StoreLocation};

/// Moves what is kept to another store, or counts it.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Copy everything from one store into another, which is empty or an earlier copy, and verify the counts.
    ///
    /// A store is sqlite:PATH, or an address such as redis://localhost:6379, or the word "configured": the one that the
    /// configuration and PAGERSLACK_STORE name, so that no password has to be typed. Stop every PagerSlack that writes to
    /// either first. After an interruption, or when more has happened in the first, copy again: what has left the first
    /// since then leaves the copy, too. What was never in the first is never taken away: where there is any, nothing is
    /// copied.
    Copy {
        /// Where everything is
        from: String,
        /// Where it is to be, too
        to: String,
    },
    /// Count what is in a store.
    Count {
        /// Which
        #[arg(default_value = "configured")]
        store: String,
    },
}

pub(super) async fn run(
    arguments: Arguments,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match arguments.what {
        What::Copy { from, to } => {
            let (from, to) = (location(&from, path, environment)?, location(&to, path, environment)?);
            if from == to {
                bail!("both are the same store");
            }
            let from = existing(&from, "stop it first").await?;
            let to = Storage::open(&to).await?;
            let bar = ProgressBar::new_spinner().with_message("incidents copied");
            bar.enable_steady_tick(Duration::from_millis(100));
            let copied = copy(&*from.store, &*to.store, || {
                bar.inc(1);
                bar.set_message(format!("{} incidents copied", bar.position()));
            })
            .await;
            bar.finish_and_clear();
            let copied = copied.map_err(explained)?;
            writeln!(out, "Copied from {} to {}, and both hold the same: {copied}.", from.place, to.place)?;
            for advice in to.advice().await {
                writeln!(out, "Mind: {advice}.")?;
            }
        }
        What::Count { store } => {
            let store = existing(&location(&store, path, environment)?, "stop it first").await?;
            writeln!(out, "{} holds {}.", store.place, inventory(&*store.store).await?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens a store for a command beside the bot; one that is not there is not made. A database serves one process at a
/// time: `instead` says what to do while that is the bot.
pub(super) async fn existing(location: &StoreLocation, instead: &str) -> Result<Storage> {
    if let StoreLocation::Sqlite(file) = location
        && !file.exists()
    {
        bail!("there is no store at {}: nothing was reported yet, or `store` names another", file.display());
    }
    match Storage::open(location).await {
        Ok(storage) => Ok(storage),
        Err(error) => match error.downcast_ref() {
            Some(OpenError::InUse { path }) => bail!(
                "PagerSlack is running on {}, which serves one process at a time: {instead}",
                path.display()
            ),
            _ => Err(error),
        },
    }
}

fn explained(error: CopyError) -> anyhow::Error {
    anyhow::Error::new(error).context("the copy was not made to its end; the first store is as it was")
}

fn location(text: &str, path: Option<&Path>, environment: &Environment) -> Result<StoreLocation> {
    if text == "configured" {
        return Ok(Config::load(path, environment).context("the configuration")?.store);
    }
    settings::store(text).map_err(|what| anyhow::anyhow!("a store {what}"))
}
