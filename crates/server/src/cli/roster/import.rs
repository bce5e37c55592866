//! `pagerslack roster import`: from a spreadsheet's export to `oncall.csv`, looked over before it is written.
//!
//! Invariant: what is written is what the strict reader has just read back, whole or not at all.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use pagerslack_core::roster::Entry;
use pagerslack_slack::HttpTransport;
use pagerslack_slack::client::Client;
use pagerslack_slack::transport::Transport;
use pagerslack_sources::DateOrder;
use pagerslack_sources::import::{Diff, Mapping, Outcome, Sheet, import};
use pagerslack_sources::oncall::{self, LONGEST_FILE};

use super::file::Target;
use super::report::{self, Said, count};
use super::{Setting, Which, lookup, told};
use crate::cli::workspace::Workspace;
use crate::config::{Config, Environment, asks_slack};

pub(super) const LONG_ABOUT: &str = "\
Make oncall.csv from a spreadsheet's CSV export, showing what changes before anything is written.

Columns are guessed from their headers. Cells are trimmed; dates, time zones, countries and job titles are put into \
the words of oncall.csv. A row that cannot be understood, or could mean two things, is told by its line and does not \
reach the file. People known by their address alone are looked up in Slack when SLACK_BOT_TOKEN is set, or with the token of a \
workspace that has installed the app; ids that oncall.csv already has are kept. The file before is kept as oncall.csv.bak-YYYYMMDD-HHMMSS (UTC).

Examples:
  pagerslack roster import team.csv
  pagerslack roster import team.csv --map email='Contact' --map region= --dates dmy
  curl -sf \"$SHEET_URL\" | pagerslack roster import - --yes --strict";

#[derive(Args)]
pub(super) struct Arguments {
    /// The export, as CSV in UTF-8; - reads standard input
    #[arg(value_name = "SHEET.csv")]
    sheet: PathBuf,
    /// The file to make [default: the configuration's, or else oncall.csv]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// Which column holds a field, as in --map email='Work mail'; without a header the field is left out. Fields are
    /// the columns of oncall.csv, first_name, last_name, and manager (yes or no). May be given several times
    #[arg(long = "map", value_name = "FIELD=HEADER", value_parser = pair)]
    map: Vec<(String, String)>,
    /// Whether 3/4/2026 is 3 April (dmy) or 4 March (mdy), when the column does not show it
    #[arg(long, value_enum, value_name = "dmy|mdy")]
    dates: Option<Dates>,
    /// Write nothing if any row is bad
    #[arg(long)]
    strict: bool,
    /// Write nothing; only show what would be written
    #[arg(long)]
    dry_run: bool,
    /// Write without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    workspace: Workspace,
    /// Do not look people up in Slack, even if the bot has a token
    #[arg(long)]
    no_slack: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Dates {
    /// The day comes first
    Dmy,
    /// The month comes first
    Mdy,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (field, header) =
        text.split_once('=').ok_or("write it as FIELD=HEADER, for example email='Work mail'")?;
    Ok((field.trim().to_owned(), header.trim().to_owned()))
}

pub(super) async fn run(
    arguments: Arguments,
    setting: &Setting,
    environment: &Environment,
) -> Result<ExitCode> {
    let mut out = Said::new();
    let (path, columns) = setting.roster(&arguments.which)?;
    let path = arguments.out.as_ref().unwrap_or(&path);
    let file = path.display().to_string();
    let bytes = read_sheet(&arguments.sheet)?;
    let name = arguments.sheet.display();
    let sheet = Sheet::read(&bytes).map_err(|faults| told(&format!("{name} cannot be read"), &faults))?;
    let said = arguments.map.iter().map(|(field, header)| (field.as_str(), header.as_str()));
    let mapping =
        Mapping::new(sheet.headers(), said).map_err(|faults| told("nothing was imported", &faults))?;
    let target = Target::open(path)?;
    let present = target.before().map(|bytes| oncall::read(bytes, &columns));

    let bar = progress(sheet.len(), "reading rows");
    let dates = arguments.dates.map(|dates| match dates {
        Dates::Dmy => DateOrder::DayFirst,
        Dates::Mdy => DateOrder::MonthFirst,
    });
    let mut outcome = import(&sheet, &mapping, dates, &mut |done| bar.set_position(done as u64));
    bar.finish_and_clear();
    let mut warnings = Vec::new();
    let mut before: Vec<Entry> = Vec::new();
    match present {
        None => {}
        Some(Ok(read)) => {
            before = read.roster.entries().to_vec();
            let lost = read.ignored_columns.iter();
            warnings.extend(lost.map(|column| {
                format!("the column {column:?} of the present {file} will not be kept: it means nothing to PagerSlack")
            }));
        }
        Some(Err(faults)) => warnings.push(format!(
            "the present {file} cannot be compared with: it has {} (`pagerslack roster check` tells them)",
            count(faults.0.len(), "fault", "faults")
        )),
    }
    keep_ids(&mut outcome, &before);
    if !arguments.no_slack {
        warnings.extend(find_ids(&mut outcome, setting, environment, &arguments.workspace).await?);
    }
    outcome.settle();
    warnings.extend(fixed_offsets(&outcome));

    write!(out, "{name}: ")?;
    report::columns(&mut out, &sheet, &mapping)?;
    report::rows(&mut out, &outcome)?;
    report::warnings(&mut out, &warnings)?;
    let entries = outcome.entries();
    let diff = Diff::between(&before, &entries);
    report::diff(&mut out, &diff, &outcome, &file, !before.is_empty())?;
    writeln!(out)?;

    let bad = outcome.bad.len();
    if arguments.strict && bad > 0 {
        let bad = count(bad, "row is bad", "rows are bad");
        writeln!(out, "Nothing was written: {bad}, and --strict was given.")?;
        return Ok(ExitCode::FAILURE);
    }
    if entries.is_empty() {
        writeln!(out, "Nothing was written: there is no good row, and a roster of nobody pages nobody.")?;
        return Ok(ExitCode::FAILURE);
    }
    if diff.is_empty() {
        writeln!(out, "{file} says all this already; it stays as it is.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = oncall::write(&entries, &columns);
    match oncall::parse(&text, &columns) {
        Ok(read) if read.roster.entries() == entries => {}
        Ok(_) => {
            bail!("nothing was written: the new {file} would read back differently (please report this)")
        }
        Err(faults) => {
            return Err(told(&format!("nothing was written: the new {file} would be refused"), &faults));
        }
    }
    if arguments.dry_run {
        writeln!(out, "Nothing was written, as --dry-run was given.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let people = count(entries.len(), "person", "people");
    if !arguments.yes && !agreed(&arguments, &format!("Write {people} to {file}?"))? {
        writeln!(out, "Nothing was written.")?;
        return Ok(ExitCode::FAILURE);
    }
    let backup = target.replace(&text, Timestamp::now())?;
    writeln!(out, "Wrote {people} to {file}.")?;
    if let Some(backup) = backup {
        writeln!(out, "The file before is kept as {}.", backup.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One byte more than is allowed, so that too much is noticed and not cut off.
fn read_sheet(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = LONGEST_FILE as u64 + 1;
    if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        file.take(most).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(bytes)
}

/// A bar on a terminal, nothing elsewhere.
fn progress(length: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}

/// Whoever has an id in the present file under the same address keeps it: Slack need not be asked again.
fn keep_ids(outcome: &mut Outcome, before: &[Entry]) {
    let known: std::collections::HashMap<_, _> = before
        .iter()
        .filter_map(|entry| Some((entry.who.email.as_deref()?, entry.who.user.as_ref()?)))
        .collect();
    for row in outcome.rows.iter_mut().filter(|row| row.entry.who.user.is_none()) {
        let email = row.entry.who.email.as_deref();
        row.entry.who.user = email.and_then(|email| known.get(email)).map(|user| (*user).clone());
    }
}

/// A fixed offset is wrong for half of the year wherever there is summer time.
fn fixed_offsets(outcome: &Outcome) -> Option<String> {
    let fixed = |entry: &Entry| {
        entry.zone.as_ref().and_then(|zone| zone.iana_name()).is_some_and(|name| name.starts_with("Etc/GMT"))
    };
    let lines: Vec<String> =
        outcome.rows.iter().filter(|row| fixed(&row.entry)).map(|row| row.line.to_string()).collect();
    (!lines.is_empty()).then(|| {
        let lines = lines.join(", ");
        format!("a fixed offset from UTC knows no summer time; better name a city, as in Europe/Lisbon: line {lines}")
    })
}

/// Fills in the ids that Slack knows; gives what is worth knowing about it.
async fn find_ids(
    outcome: &mut Outcome,
    setting: &Setting,
    environment: &Environment,
    workspace: &Workspace,
) -> Result<Vec<String>> {
    let wanted = |entry: &Entry| entry.who.email.clone().filter(|_| entry.who.user.is_none());
    let emails: BTreeSet<String> = outcome.rows.iter().filter_map(|row| wanted(&row.entry)).collect();
    if emails.is_empty() || !asks_slack(environment) {
        return Ok(Vec::new());
    }
    let config = Config::resolve(setting.file.clone(), environment)?;
    let transport: Arc<dyn Transport> = Arc::new(HttpTransport::new()?);
    let asking = match workspace.asking(&config.slack, &config.store, Arc::clone(&transport)).await {
        Ok(Some(asking)) => asking,
        Ok(None) => return Ok(Vec::new()),
        // The roster is good without ids too (P6).
        Err(error) if !workspace.is_named() => {
            return Ok(vec![format!("nobody was looked up in Slack: {error:#}")]);
        }
        Err(error) => return Err(error),
    };
    let client = Client::new(transport, &config.slack.api_url, asking.tokens);
    let bar = progress(emails.len(), "asking Slack");
    let found = lookup::look_up(&client, asking.team, &emails, &bar).await;
    bar.finish_and_clear();
    for row in &mut outcome.rows {
        if let Some(email) = wanted(&row.entry) {
            row.entry.who.user = found.users.get(&email).cloned();
        }
    }
    Ok(found.warnings)
}

/// Asks at the terminal. Where there is none to ask, nothing is agreed to.
fn agreed(arguments: &Arguments, question: &str) -> Result<bool> {
    let stdin = std::io::stdin();
    if arguments.sheet == Path::new("-") || !stdin.is_terminal() {
        bail!("nothing was written, as there is nobody to ask here: add --yes to write without being asked");
    }
    let mut asking = std::io::stderr().lock();
    write!(asking, "{question} [y/N] ")?;
    asking.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
