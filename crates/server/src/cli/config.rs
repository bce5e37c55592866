//! `pagerslack config`: the commented default; `pagerslack config check`: what the files come to.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::version;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DEFAULT, Environment, summary};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Read the configuration and the team's files, and say what they come to, or all that is wrong with them
    Check,
}

pub(super) fn run(arguments: &Arguments, path: Option<&Path>, environment: &Environment) -> Result<ExitCode> {
    match arguments.action {
        Some(Action::Check) => check(path, environment),
        None => {
            std::io::stdout().lock().write_all(DEFAULT.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(path: Option<&Path>, environment: &Environment) -> Result<ExitCode> {
    let config = Config::load(path, environment)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "The configuration is valid. It was read from:")?;
    for path in config.sources.iter().flat_map(|sources| sources.paths()) {
        let there = if path.exists() { "" } else { " (not there, which is fine)" };
        writeln!(out, "  {}{there}", path.display())?;
    }
    for note in &config.notes {
        writeln!(out, "Note: {note}")?;
    }
    writeln!(out)?;
    write!(out, "{}", summary::at_length(&config.settings, SystemClock.now()))?;
    let beats =
        config.heartbeat.map_or("nowhere (heartbeat_url is not set)".to_owned(), |url| url.to_string());
    writeln!(out, "A heartbeat after each audit goes to: {beats}")?;
    version::tables(&mut out)?;
    Ok(ExitCode::SUCCESS)
}
