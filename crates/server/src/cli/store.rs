//! `pagerslack store`: what is kept, moved elsewhere and counted.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use pagerslack_sources::settings;
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
    /// either first. After an interruption, or when more has happened in the first, copy again.
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
            if let StoreLocation::Sqlite(file) = &from
                && !file.exists()
            {
                bail!("there is no {} to be copied", file.display());
            }
            let (from, to) = (Storage::open(&from).await?, Storage::open(&to).await?);
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
            let store = Storage::open(&location(&store, path, environment)?).await?;
            writeln!(out, "{} holds {}.", store.place, inventory(&*store.store).await?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
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
