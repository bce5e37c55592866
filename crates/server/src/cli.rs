//! What an operator types.

mod config;
mod demo;
mod doctor;
mod health;
mod keys;
mod manifest;
mod nudge;
mod output;
mod roster;
mod serve;
mod server;
mod stats;
mod store;
mod token;
mod version;
mod workspace;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Environment;

/// Gets one available engineer onto an incident: fast, fairly, and provably.
#[derive(Parser)]
#[command(
    name = "pagerslack",
    about,
    disable_help_subcommand = true,
    subcommand_required = false,
    arg_required_else_help = true
)]
struct Cli {
    /// Print the version; with --verbose, what tables it carries too
    #[arg(short = 'V', long)]
    version: bool,
    /// With --version: the versions of the public holidays and of the time zones
    #[arg(long, requires = "version", hide_short_help = true)]
    verbose: bool,
    /// The configuration file [default: pagerslack.toml if there is one] [env: PAGERSLACK_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the bot.
    Serve,
    /// Try it without Slack: a pretended channel in the browser, with the bot in it.
    #[command(long_about = demo::LONG_ABOUT)]
    Demo(demo::Arguments),
    /// Check tokens, scopes, clock, store and channels, and say what to do about each fault.
    Doctor(doctor::Arguments),
    /// Ask a bot on this machine whether it lives: the exit code says so.
    Health(health::Arguments),
    /// Make oncall.csv from a spreadsheet, and check it.
    Roster(roster::Arguments),
    /// Write a row for each incident, or sum up a month: of this store or of a running server.
    #[command(long_about = stats::LONG_ABOUT)]
    Stats(Box<stats::Arguments>),
    /// Print the manifest from which Slack makes the app.
    Manifest(manifest::Arguments),
    /// Make a key that seals tokens at rest, or replace one.
    Keys(keys::Arguments),
    /// List who would be told how to set a notification schedule (a dry run: nothing is sent).
    Nudge(nudge::Arguments),
    /// Move what is kept to another store, from SQLite to Redis or back, or count it.
    Store(store::Arguments),
    /// Make, list and revoke the tokens by which machines report incidents.
    #[command(long_about = token::LONG_ABOUT)]
    Token(token::Arguments),
    /// Print the commented default configuration, or check yours.
    Config(config::Arguments),
}

/// Reads the command line, runs the command, and says on one line what went wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment::read();
    match run(cli, &environment) {
        Ok(code) => code,
        // The reader of a pipe such as `pagerslack config | head` may leave early.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "pagerslack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli, environment: &Environment) -> Result<ExitCode> {
    let path = cli.config.as_deref();
    let Some(command) = cli.command.filter(|_| !cli.version) else { return version::run(cli.verbose) };
    match command {
        Command::Serve => runtime()?.block_on(serve::run(path, environment)),
        Command::Demo(arguments) => runtime()?.block_on(demo::run(arguments, environment)),
        Command::Doctor(arguments) => runtime()?.block_on(doctor::run(arguments, path, environment)),
        Command::Health(arguments) => runtime()?.block_on(health::run(arguments, path, environment)),
        Command::Roster(arguments) => runtime()?.block_on(roster::run(arguments, path, environment)),
        Command::Stats(arguments) => runtime()?.block_on(stats::run(*arguments, path, environment)),
        Command::Manifest(arguments) => manifest::run(&arguments),
        Command::Keys(arguments) => runtime()?.block_on(keys::run(arguments, path, environment)),
        Command::Nudge(arguments) => runtime()?.block_on(nudge::run(arguments, path, environment)),
        Command::Store(arguments) => runtime()?.block_on(store::run(arguments, path, environment)),
        Command::Token(arguments) => runtime()?.block_on(token::run(arguments, path, environment)),
        Command::Config(arguments) => config::run(&arguments, path, environment),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// The orders to stop, listened for from now on: one that comes before anybody waits for it is kept. Without this an
/// order ends the process at once.
struct Orders {
    terminate: Signal,
    interrupt: Signal,
}

impl Orders {
    fn listen() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
