//! `pagerslack stats`: a row for each incident, or what a month comes to, of this machine's store or of a running server.

mod rows;
mod summary;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::server::Server;
use crate::config::Environment;
use crate::stats::moment;

pub(super) const LONG_ABOUT: &str = "\
Write a row for each incident, the earliest first: how many were asked, how long it took, who answered. Or sum up a \
month.

The first eight columns are those that the first PagerSlack wrote; docs/OPERATING.md says what each means. A database \
serves one process at a time, so while the bot runs on it, ask the bot: `pagerslack stats download`, or `pagerslack \
stats summary --server`.

An incident that cannot be read is left out and named; the exit code is 1 then.

Examples:
  pagerslack stats --since 2026-12-01 -o december.csv
  pagerslack stats download --server https://pager.example.com --format json
  pagerslack stats summary --month 2026-11";

/// What is said when the database is in use.
const ASK_THE_BOT: &str = "ask it with `pagerslack stats download --server ADDRESS`";

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    what: rows::What,
}

#[derive(Subcommand)]
enum Action {
    /// The rows of a running server, with its admin token
    Download {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        what: rows::What,
    },
    /// Sum up a month, or any time: how many incidents, who answered, how long it took, how the load was shared
    Summary(summary::Arguments),
}

/// Which incidents.
#[derive(Args)]
struct Which {
    /// Only what was reported at this moment (UTC) or later: 2026-12-01 or 2026-12-01T08:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    since: Option<Timestamp>,
    /// Only what was reported before this moment
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    until: Option<Timestamp>,
    /// Only what was reported in this channel, by its id (C…)
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// Only what was reported in this workspace, by its id (T…)
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
}

impl Which {
    fn selection(&self) -> crate::stats::Selection {
        crate::stats::Selection {
            since: self.since,
            until: self.until,
            channel: self.channel.as_deref().map(Into::into),
            team: self.workspace.as_deref().map(Into::into),
        }
    }
}

/// A selection as a server is asked for it.
fn query(selection: &crate::stats::Selection) -> Vec<(&'static str, String)> {
    let mut query = Vec::new();
    query.extend(selection.since.map(|since| ("since", since.to_string())));
    query.extend(selection.until.map(|until| ("until", until.to_string())));
    query.extend(selection.channel.as_ref().map(|channel| ("channel", channel.to_string())));
    query.extend(selection.team.as_ref().map(|team| ("workspace", team.to_string())));
    query
}

pub(super) async fn run(
    arguments: Arguments,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    match arguments.action {
        None => return rows::local(&arguments.what, path, environment).await,
        Some(Action::Download { server, what }) => return rows::download(&server, &what, environment).await,
        Some(Action::Summary(about)) => summary::run(&about, path, environment).await?,
    }
    Ok(ExitCode::SUCCESS)
}
