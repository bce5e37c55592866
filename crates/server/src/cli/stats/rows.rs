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
use crate::stats::{Format, Rows, Stats, Text, Total};

/// How many rows a table shows at most: it is there to be read.
const SHOWN: usize = 1_000;

/// Said of an answer without its end.
const BROKE_OFF: &str = "the answer broke off, so it is not complete";

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
    told_of(left_out, "the lines above say")
}

pub(super) async fn download(server: &Server, what: &What, environment: &Environment) -> Result<ExitCode> {
    let mut output = Output::open(what.output.as_deref())?;
    let mut answer = server.get("stats.jsonl", &query(&what.which.selection()), environment).await?;
    let bar = progress(what.output.is_some());
    let (mut received, mut shown) = (Received::default(), Shown::default());
    let mut text = what.format.format().map(Text::new);
    let mut piece = Vec::new();
    if let Some(text) = &text {
        text.head(&mut piece)?;
    }
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url).context(BROKE_OFF)? {
        let rows = received.take(&chunk).context("the server's answer")?;
        match &mut text {
            Some(text) => text.rows(&mut piece, &rows)?,
            None => rows.into_iter().for_each(|row| shown.add(row)),
        }
        output.write(&std::mem::take(&mut piece))?;
        bar.set_position(received.rows);
    }
    let left_out = received.end().context(BROKE_OFF)?;
    match &text {
        Some(text) => text.tail(&mut piece, left_out)?,
        None => piece = shown.told().into_bytes(),
    }
    output.write(&piece)?;
    bar.finish_and_clear();
    output.finish()?;
    told_of(left_out, "the server's log says")
}

/// Says how many are left out, and where it stands why; that is a failure, however many are there.
fn told_of(left_out: u64, says: &str) -> Result<ExitCode> {
    let left = match left_out {
        0 => return Ok(ExitCode::SUCCESS),
        1 => "1 incident cannot be read and is left out".to_owned(),
        many => format!("{many} incidents cannot be read and are left out"),
    };
    writeln!(std::io::stderr(), "{left}: {says} which, and why")?;
    Ok(ExitCode::FAILURE)
}

/// What has come of [`Format::Lines`].
#[derive(Default)]
struct Received {
    /// A line that has not ended.
    rest: Vec<u8>,
    rows: u64,
    total: Option<Total>,
}

impl Received {
    /// Takes the next piece, which may end anywhere; gives the rows that are whole by now.
    fn take(&mut self, piece: &[u8]) -> serde_json::Result<Vec<Row>> {
        self.rest.extend_from_slice(piece);
        let whole = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut rows = Vec::new();
        for line in self.rest[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            // No row looks like the last line.
            match serde_json::from_slice::<Total>(line) {
                Ok(total) => self.total = Some(total),
                Err(_) => rows.push(serde_json::from_slice(line)?),
            }
        }
        self.rest.drain(..whole);
        self.rows += rows.len() as u64;
        Ok(rows)
    }

    /// How many incidents are left out; `None` if this is not all.
    fn end(&self) -> Option<u64> {
        let total = self.total.filter(|total| total.rows == self.rows && self.rest.is_empty())?;
        Some(total.left_out)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(url: &str) -> String {
        format!(
            r#"{{"attempts":1,"weekend_pinged":false,"unavailable":false,"incident_url":"{url}","reported_by":"U1","reported_at":"2026-12-01T00:00:00Z","time_to_response":null,"time_at_response":null,"incident":"i1","team":"T1","channel":"C1","outcome":"open","acknowledged_by":null,"acknowledged_via":null,"first_page_ms":null,"timed_out":0,"passed":0,"handed_over":0,"manager_pages":0,"ended_at":null}}"#
        )
    }

    /// What comes of an answer in pieces of so many bytes.
    fn check(answer: &str, piece: usize) -> (Vec<String>, Option<u64>) {
        let mut received = Received::default();
        let pieces = answer.as_bytes().chunks(piece);
        let rows: Vec<Row> = pieces.flat_map(|piece| received.take(piece).unwrap()).collect();
        (rows.into_iter().map(|row| row.incident_url).collect(), received.end())
    }

    #[test]
    fn only_what_has_its_last_line_is_complete() {
        let (one, two) = (row("https://i.example/ü"), row("https://i.example/2"));
        let urls = || vec!["https://i.example/ü".to_owned(), "https://i.example/2".to_owned()];
        let whole = format!("{one}\n{two}\n{{\"rows\":2,\"left_out\":3}}\n");
        for piece in [1, 7, whole.len()] {
            assert_eq!(check(&whole, piece), (urls(), Some(3)));
            assert_eq!(check(&whole[..whole.len() - 1], piece), (urls(), None));
            assert_eq!(check(&format!("{one}\n{two}\n"), piece), (urls(), None));
        }
        assert_eq!(check(&format!("{one}\n{{\"rows\":2,\"left_out\":0}}\n"), 9).1, None, "a line got lost");
        assert_eq!(check("{\"rows\":0,\"left_out\":0}\n", 9), (Vec::new(), Some(0)));
        assert_eq!(check("", 9).1, None);
        assert!(Received::default().take(b"<html>\n").is_err());
    }
}
