//! `pagerslack stats`: a row for each incident, of this machine's store or of a running server.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use pagerslack_core::ChannelId;

use super::output::Output;
use super::server::Server;
use crate::config::{Config, Environment};
use crate::logging;
use crate::stats::{Format, Selection, Stats, moment};

pub(super) const LONG_ABOUT: &str = "\
Write a row for each incident, the earliest first: how many were asked, how long it took, who answered.

The first eight columns are those that the first PagerSlack wrote; docs/OPERATING.md says what each means. A database \
serves one process at a time, so while the bot runs on it, ask the bot: `pagerslack stats download`.

An incident that cannot be read is left out and named; the exit code is 1 then.

Examples:
  pagerslack stats --since 2026-12-01 -o december.csv
  pagerslack stats download --server https://pager.example.com --format json";

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    what: What,
}

#[derive(Subcommand)]
enum Action {
    /// The same of a running server, with its admin token
    Download {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        what: What,
    },
}

#[derive(Args)]
struct What {
    /// Only what was reported at this moment (UTC) or later: 2026-12-01 or 2026-12-01T08:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    since: Option<Timestamp>,
    /// Only what was reported before this moment
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    until: Option<Timestamp>,
    /// Only what was reported in this channel, by its id (C…)
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// How it is written
    #[arg(long, value_enum, value_name = "csv|json", default_value = "csv")]
    format: Form,
    /// Where it goes, once it is complete [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// CSV, as RFC 4180 has it, in UTF-8
    Csv,
    /// A list of objects
    Json,
}

pub(super) async fn run(
    arguments: Arguments,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    match arguments.action {
        None => local(arguments.what, path, environment).await,
        Some(Action::Download { server, what }) => {
            download(&server, &what, environment).await.map(|()| ExitCode::SUCCESS)
        }
    }
}

async fn local(what: What, path: Option<&Path>, environment: &Environment) -> Result<ExitCode> {
    logging::start(Some(environment.log.as_deref().unwrap_or("error")), false);
    let config = Config::load(path, environment)?;
    let mut output = Output::open(what.output.as_deref())?;
    let selection = Selection {
        since: what.since,
        until: what.until,
        channel: what.channel.as_deref().map(ChannelId::new),
    };
    let format = match what.format {
        Form::Csv => Format::Csv,
        Form::Json => Format::Json,
    };
    let mut stats = Stats::new(
        super::store::existing(&config.store, "ask it with `pagerslack stats download --server ADDRESS`")
            .await?
            .store,
        selection,
        format,
    );
    while let Some(piece) = stats.piece().await? {
        output.write(&piece)?;
    }
    output.finish()?;
    Ok(match stats.left_out() {
        0 => ExitCode::SUCCESS,
        left_out => {
            let says = "cannot be read and are left out: the lines above say which, and why";
            writeln!(std::io::stderr(), "{left_out} incidents {says}")?;
            ExitCode::FAILURE
        }
    })
}

async fn download(server: &Server, what: &What, environment: &Environment) -> Result<()> {
    let name = match what.format {
        Form::Csv => "stats.csv",
        Form::Json => "stats.json",
    };
    let mut query = Vec::new();
    query.extend(what.since.map(|since| ("since", since.to_string())));
    query.extend(what.until.map(|until| ("until", until.to_string())));
    query.extend(what.channel.clone().map(|channel| ("channel", channel)));
    let mut output = Output::open(what.output.as_deref())?;
    let mut answer = server.get(name, &query, environment).await?;
    while let Some(piece) = answer
        .chunk()
        .await
        .map_err(reqwest::Error::without_url)
        .context("the answer broke off, so it is not complete")?
    {
        output.write(&piece)?;
    }
    output.finish()
}
