//! `pagerslack keys`: the keys that seal tokens at rest.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;

use crate::config::{self, Config, Environment};
use crate::vault::{Key, reseal};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print a new key, for PAGERSLACK_KEY or the file that PAGERSLACK_KEY_FILE names.
    New,
    /// Seal everything with the first key, so that the others are needed no more.
    ///
    /// Put the new key before the old one in PAGERSLACK_KEY or in the file, run this, and take the old one away.
    Rotate,
}

pub(super) async fn run(
    arguments: Arguments,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    match arguments.command {
        Command::New => {
            let key = Key::draw()?;
            writeln!(std::io::stdout().lock(), "{}", key.text().expose_secret())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Rotate => rotate(path, environment).await,
    }
}

async fn rotate(path: Option<&Path>, environment: &Environment) -> Result<ExitCode> {
    let vault = config::vault(environment).map_err(anyhow::Error::msg)?;
    let vault = vault.context(
        "neither PAGERSLACK_KEY nor PAGERSLACK_KEY_FILE is set: give the new key first, then the old one",
    )?;
    let location = Config::load(path, environment)?.store;
    let instead = "restart it with both keys, the new one first, and it seals everything anew by itself, or stop it for \
                   the moment that this takes";
    let store = super::store::existing(&location, instead).await?.store;
    let came = reseal(&*store, &vault).await?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "Sealed with the key {} now: {} (of these {} were before).",
        vault.sealing_key(),
        came.changed + came.unchanged,
        came.unchanged
    )?;
    for (what, why) in &came.shut {
        writeln!(out, "  {what} stays as it is: {why}")?;
    }
    if came.shut.is_empty() {
        writeln!(out, "No other key is needed any more.")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
