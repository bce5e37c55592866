//! A row for each incident.

use std::collections::VecDeque;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use comfy_table::{Table, presets};
use indicatif::ProgressBar;
use jiff::SignedDuration;
use pagerslack_core::report::Row;
use pagerslack_slack::words::spoken;

use super::{ASK_THE_BOT, Which, query};
use crate::cli::output::Output;
use crate::cli::server::Server;
use crate::config::{Config, Environment};
use crate::logging;
use crate::stats::{Format, Rows, Stats};

/// How many rows a table shows at most: it is there to be read.
const SHOWN: usize = 1_000;

#[derive(Args)]
pub(super) struct What {
    #[command(flatten)]
    which: Which,
    /// How it is written
    #[arg(long, value_enum, value_name = "csv|json|table", default_value = "csv")]
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
    /// The columns that matter most of the last thousand, to be read on a terminal
    Table,
}

impl Form {
    fn format(self) -> Option<Format> {
        match self {
            Self::Csv => Some(Format::Csv),
            Self::Json => Some(Format::Json),
            Self::Table => None,
        }
    }
}

pub(super) async fn local(what: &What, path: Option<&Path>, environment: &Environment) -> Result<ExitCode> {
    logging::start(Some(environment.log.as_deref().unwrap_or("error")), false);
    let config = Config::load(path, environment)?;
    let mut output = Output::open(what.output.as_deref())?;
    let archive = super::super::store::existing(&config.store, ASK_THE_BOT).await?.store;
    let bar = progress(what.output.is_some());
    let selection = what.which.selection();
    let left_out = match what.format.format() {
        Some(format) => {
            let mut stats = Stats::new(archive, selection, format);
            while let Some(piece) = stats.piece().await? {
                output.write(&piece)?;
                bar.set_position(stats.written());
            }
            stats.left_out()
        }
        None => {
            let mut rows = Rows::new(archive, selection);
            let mut shown = Shown::default();
            while let Some(page) = rows.page().await? {
                page.into_iter().for_each(|row| shown.add(row));
                bar.set_position(shown.all);
            }
            output.write(shown.told().as_bytes())?;
            rows.left_out()
        }
    };
    bar.finish_and_clear();
    output.finish()?;
    if left_out == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(
        std::io::stderr(),
        "{left_out} incidents cannot be read and are left out: the lines above say which, and why"
    )?;
    Ok(ExitCode::FAILURE)
}

pub(super) async fn download(server: &Server, what: &What, environment: &Environment) -> Result<()> {
    let name = match what.format {
        Form::Csv => "stats.csv",
        Form::Json | Form::Table => "stats.json",
    };
    let mut output = Output::open(what.output.as_deref())?;
    let mut answer = server.get(name, &query(&what.which.selection()), environment).await?;
    let bar = progress(what.output.is_some());
    let mut table = Vec::new();
    while let Some(piece) = answer
        .chunk()
        .await
        .map_err(reqwest::Error::without_url)
        .context("the answer broke off, so it is not complete")?
    {
        bar.inc(piece.iter().filter(|byte| **byte == b'\n').count() as u64);
        match what.format {
            Form::Table => table.extend_from_slice(&piece),
            Form::Csv | Form::Json => output.write(&piece)?,
        }
    }
    if let Form::Table = what.format {
        let rows: Vec<Row> = serde_json::from_slice(&table).context("the server's answer")?;
        let mut shown = Shown::default();
        rows.into_iter().for_each(|row| shown.add(row));
        output.write(shown.told().as_bytes())?;
    }
    bar.finish_and_clear();
    output.finish()
}

/// Counts what is written, on a terminal on which nothing else is.
fn progress(to_file: bool) -> ProgressBar {
    if !to_file && std::io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_style(
        indicatif::ProgressStyle::with_template("{spinner} {human_pos} incidents, {per_sec}")
            .unwrap_or_else(|_| indicatif::ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// The last rows, for a table.
#[derive(Default)]
struct Shown {
    last: VecDeque<Row>,
    all: u64,
}

impl Shown {
    fn add(&mut self, row: Row) {
        self.all += 1;
        self.last.push_back(row);
        if self.last.len() > SHOWN {
            self.last.pop_front();
        }
    }

    fn told(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["reported", "channel", "outcome", "by", "after", "asked", "incident"]);
        for row in &self.last {
            table.add_row([
                row.reported_at.strftime("%F %T").to_string(),
                row.channel.to_string(),
                row.outcome.name().replace('_', " "),
                row.acknowledged_by.as_ref().map(ToString::to_string).unwrap_or_default(),
                row.time_to_response.map(waited).unwrap_or_default(),
                row.attempts.to_string(),
                row.incident_url.clone(),
            ]);
        }
        let more = self.all - self.last.len() as u64;
        let note = if more > 0 {
            format!("\n{more} earlier ones are not shown: --format csv\n")
        } else {
            String::new()
        };
        format!("{}\n{note}", table.trim_fmt())
    }
}

/// So many milliseconds, as people say it.
pub(super) fn waited(milliseconds: u64) -> String {
    spoken(SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX)))
}
