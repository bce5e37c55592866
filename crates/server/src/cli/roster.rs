//! `pagerslack roster`: makes the list of people from a spreadsheet, and checks it.

mod check;
mod file;
mod import;
mod lookup;
mod report;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::config::Environment;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make oncall.csv from a spreadsheet's CSV export, showing what changes before anything is written.
    #[command(long_about = import::LONG_ABOUT)]
    Import(import::Arguments),
    /// Say everything that is wrong with oncall.csv.
    Check(check::Arguments),
}

pub(super) async fn run(
    arguments: Arguments,
    config: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    match arguments.command {
        Command::Import(arguments) => import::run(arguments, config, environment).await,
        Command::Check(arguments) => check::run(&arguments),
    }
}
