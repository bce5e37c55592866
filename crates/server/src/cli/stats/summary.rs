//! What a month comes to, in tables to be read.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use comfy_table::{CellAlignment, Table, presets};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use pagerslack_core::report::{Bucket, Frame, Summary, Times};
use pagerslack_core::{TeamId, calendar};
use url::Url;

use super::rows::waited;
use super::{Which, query};
use crate::cli::output::Output;
use crate::cli::server::Server;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, Environment, server_address};
use crate::stats::{self, Selection, month, of_month, one_workspace};

/// How many people are named.
const PEOPLE: usize = 50;

#[derive(Args)]
pub(super) struct Arguments {
    /// Which month [default: the present one, if nothing else is said]
    #[arg(long, value_name = "2026-11", value_parser = month, conflicts_with_all = ["since", "until"])]
    month: Option<Date>,
    #[command(flatten)]
    which: Which,
    /// The zone in which days and months begin
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    zone: TimeZone,
    /// How it is written
    #[arg(long, value_enum, value_name = "table|json", default_value = "table")]
    format: Form,
    /// Where it goes, once it is complete [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Of a running server, such as https://pager.example.com (http:// only on this machine), with its admin token
    #[arg(long, value_name = "ADDRESS", value_parser = server_address)]
    server: Option<Url>,
    /// The file that holds the admin token [default: PAGERSLACK_ADMIN_TOKEN, PAGERSLACK_ADMIN_TOKEN_FILE]
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Tables
    Table,
    /// An object, with a piece for each week
    Json,
}

fn zone(text: &str) -> Result<TimeZone, String> {
    calendar::zone(text).ok_or_else(|| format!("there is no time zone {text:?}: Europe/Berlin is one"))
}

impl Arguments {
    fn selection(&self) -> Selection {
        let which = self.which.selection();
        let now = || self.zone.to_datetime(SystemClock.now()).date().first_of_month();
        let month = match (self.month, which.since, which.until) {
            (Some(month), ..) => month,
            (None, None, None) => now(),
            (None, ..) => return which,
        };
        Selection { channel: which.channel, team: which.team, ..of_month(month, &self.zone) }
    }
}

pub(super) async fn run(arguments: &Arguments, path: Option<&Path>, environment: &Environment) -> Result<()> {
    let mut output = Output::open(arguments.output.as_deref())?;
    let selection = arguments.selection();
    let summary = match arguments.server.clone() {
        Some(server) => {
            let server = Server::at(server, arguments.token_file.clone());
            asked(&server, arguments, &selection, environment).await?
        }
        None => local(arguments, &selection, path, environment).await?,
    };
    let text = match arguments.format {
        Form::Json => format!("{}\n", serde_json::to_string_pretty(&summary)?),
        Form::Table => told(&summary, &heading(&selection, &arguments.zone)),
    };
    output.write(text.as_bytes())?;
    output.finish()
}

async fn asked(
    server: &Server,
    arguments: &Arguments,
    selection: &Selection,
    environment: &Environment,
) -> Result<Summary> {
    let mut query = query(selection);
    query.extend(arguments.zone.iana_name().map(|zone| ("zone", zone.to_owned())));
    let answer = server.get("stats/summary.json", &query, environment).await?;
    answer.json().await.map_err(reqwest::Error::without_url).context("the server's answer")
}

async fn local(
    arguments: &Arguments,
    selection: &Selection,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<Summary> {
    let config = Config::load(path, environment)?;
    let instead = "ask it with `pagerslack stats summary --server ADDRESS`";
    let archive = super::super::store::existing(&config.store, instead).await?.store;
    let teams: Vec<TeamId> = archive.workspaces().await?;
    let team = match one_workspace(selection.team.clone(), &teams) {
        Ok(team) => team,
        Err(said) => bail!("{said}, with --workspace"),
    };
    let (since, until) = (selection.since, selection.until);
    let frame = Frame { since, until, bucket: Bucket::Week, zone: arguments.zone.clone() };
    Ok(stats::summary(archive, Selection { team, ..selection.clone() }, &frame).await?)
}

/// What it is a summary of.
fn heading(selection: &Selection, zone: &TimeZone) -> String {
    let at = |at: jiff::Timestamp| zone.to_datetime(at).strftime("%F %H:%M").to_string();
    let time = match (selection.since, selection.until) {
        (Some(since), Some(until)) => format!("From {} until {}", at(since), at(until)),
        (Some(since), None) => format!("Since {}", at(since)),
        (None, Some(until)) => format!("Until {}", at(until)),
        (None, None) => "Everything".to_owned(),
    };
    let channel = selection.channel.iter().map(|channel| format!(", in {channel}"));
    let team = selection.team.iter().map(|team| format!(", workspace {team}"));
    let place: String = channel.chain(team).collect();
    format!("{time} ({}){place}", zone.iana_name().unwrap_or("UTC"))
}

/// A summary in a few small tables.
fn told(summary: &Summary, heading: &str) -> String {
    let parts = [
        counts(summary).trim_fmt(),
        times(summary).trim_fmt(),
        people(summary).trim_fmt(),
        spread(summary),
        series(summary).trim_fmt(),
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    format!("{heading}\n\n{}\n", parts.collect::<Vec<_>>().join("\n\n"))
}

/// A table without lines, whose columns but the first stand to the right.
fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn counts(summary: &Summary) -> Table {
    let mut table = table(&["incidents", &summary.incidents.to_string(), ""]);
    let (answers, pages) = (&summary.answers, &summary.pages);
    let part = |of: u64, all: u64| {
        let percent = if all == 0 { 0.0 } else { 100.0 * of as f64 / all as f64 };
        if all == 0 { String::new() } else { format!("{percent:.0} %") }
    };
    for (what, count, all) in [
        ("answered by engineers", answers.people, summary.incidents),
        ("answered by managers", answers.managers, summary.incidents),
        ("cancelled before that", answers.cancelled, summary.incidents),
        ("answered by nobody", answers.nobody, summary.incidents),
        ("managers paged", summary.with_managers, summary.incidents),
        ("pages", pages.all, 0),
        ("unanswered", pages.unanswered, pages.all),
        ("passed", pages.passed, pages.all),
        ("at night", pages.at_night, pages.all),
    ] {
        table.add_row([what.to_owned(), count.to_string(), part(count, all)]);
    }
    for (attempts, incidents) in &summary.attempts {
        let what = match attempts {
            0 => "nobody asked".to_owned(),
            1 => "1 person asked".to_owned(),
            more => format!("{more} people asked"),
        };
        table.add_row([what, incidents.to_string(), part(*incidents, summary.incidents)]);
    }
    table
}

fn times(summary: &Summary) -> Table {
    let mut table = table(&["time to response", "answers", "p50", "p90", "p99", "longest"]);
    let mut row = |what: &str, times: Option<&Times>| {
        let cells = match times {
            Some(times) => [times.p50, times.p90, times.p99, times.max].map(waited),
            None => Default::default(),
        };
        let count = times.map_or(0, |times| times.count).to_string();
        table.add_row([what.to_owned(), count].into_iter().chain(cells));
    };
    row("all", summary.response.as_ref());
    for regional in &summary.regions {
        row(regional.region.name(), regional.response.as_ref());
    }
    row("first page after", summary.first_page.as_ref());
    table
}

fn people(summary: &Summary) -> Table {
    let header = [
        "person",
        "turns",
        "asked",
        "answered",
        "unanswered",
        "passed",
        "relieved",
        "volunteered",
        "at night",
    ];
    let mut table = table(&header);
    let turned = summary.people.iter().filter(|load| load.turns > 0);
    for load in turned.take(PEOPLE) {
        let counts = [
            load.turns,
            load.asked,
            load.answered,
            load.unanswered,
            load.passed,
            load.relieved,
            load.volunteered,
            load.at_night,
        ];
        table.add_row(std::iter::once(load.user.to_string()).chain(counts.map(|count| count.to_string())));
    }
    table
}

fn spread(summary: &Summary) -> String {
    let spread = &summary.spread;
    if spread.people == 0 {
        return String::new();
    }
    let more = spread.people.saturating_sub(PEOPLE as u64);
    let more = if more > 0 { format!(" ({more} of them not shown)") } else { String::new() };
    format!(
        "{} people had a turn{more}: {} the fewest, {} the median, {} the most, {:.1} on average; Gini {:.2}",
        spread.people, spread.min, spread.median, spread.max, spread.mean, spread.gini
    )
}

fn series(summary: &Summary) -> Table {
    let first = match summary.bucket {
        Bucket::Day => "day",
        Bucket::Week => "week of",
        Bucket::Month => "month",
    };
    let mut table = table(&[first, "incidents", "engineers", "managers", "nobody", "p50", "p90"]);
    for slice in &summary.series {
        let answers = &slice.answers;
        let counts = [slice.incidents, answers.people, answers.managers, answers.nobody];
        let times = slice.response.map(|times| [waited(times.p50), waited(times.p90)]).unwrap_or_default();
        let counts = counts.map(|count| count.to_string());
        table.add_row(std::iter::once(slice.date.to_string()).chain(counts).chain(times));
    }
    table
}
