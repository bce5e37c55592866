//! `pagerslack roster upload` and `withdraw`: another file in a file's place, at a running server.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use pagerslack_store::RecordWrite;

use super::report::Said;
use crate::admin::LARGEST;
use crate::cli::server::Server;
use crate::cli::store;
use crate::config::{Config, Environment, SHELF};

pub(super) const LONG_ABOUT: &str = "\
Put oncall.csv, holidays.yml or exclusions.yml in the place of that file, at a running server.

The server reads it as it would at a start. If anything is wrong with it, all that is wrong is said, and nothing \
changes; otherwise it holds at once, on every replica within a minute, and after a restart, whatever the file on disk \
says, until it is withdrawn.

Examples:
  pagerslack roster upload oncall.csv --server https://pager.example.com
  pagerslack roster upload team.csv --as oncall.csv --server https://pager.example.com
  pagerslack roster withdraw oncall.csv --server https://pager.example.com";

#[derive(Args)]
pub(super) struct Upload {
    /// The file
    file: PathBuf,
    /// For which file it is to stand [default: its own name]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    server: Server,
}

#[derive(Args)]
pub(super) struct Withdraw {
    /// What was uploaded, such as oncall.csv
    #[arg(value_name = "NAME")]
    name: String,
    /// Not at a server but in the store here, for a bot that does not start
    #[arg(long, conflicts_with_all = ["server", "token_file"], required_unless_present = "server")]
    here: bool,
    #[command(flatten)]
    server: Option<Server>,
}

pub(super) async fn upload(arguments: Upload, environment: &Environment) -> Result<ExitCode> {
    let file = arguments.file.display();
    let own_name = || arguments.file.file_name()?.to_str().map(str::to_owned);
    let name =
        arguments.name.clone().or_else(own_name).with_context(|| format!("{file} has no name: use --as"))?;
    let content = std::fs::read(&arguments.file).with_context(|| format!("cannot read {file}"))?;
    // The server would close the door on it, and its reason might not be heard.
    if content.len() > LARGEST {
        bail!("{file} has more than {} MiB, and is not taken", LARGEST >> 20);
    }
    say(&arguments.server.change(&at(&name)?, Some(content.into()), environment).await?)
}

pub(super) async fn withdraw(
    arguments: Withdraw,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    match &arguments.server {
        Some(server) => say(&server.change(&at(&arguments.name)?, None, environment).await?),
        None => withdraw_here(&arguments.name, path, environment).await,
    }
}

/// A name is a part of an address.
fn at(name: &str) -> Result<String> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        bail!(
            "no file is called {name:?}: give the name as it stands in pagerslack.toml, such as oncall.csv"
        );
    }
    Ok(format!("files/{name}"))
}

async fn withdraw_here(name: &str, path: Option<&Path>, environment: &Environment) -> Result<ExitCode> {
    let location = Config::store_at(path, environment)
        .context("where the store is cannot be told: `pagerslack config check` says what is wrong")?;
    let store = store::existing(&location, "withdraw it with --server").await?.store;
    let present = store.record(SHELF, name).await?;
    let expected = present.with_context(|| format!("no {name} was uploaded"))?.version;
    let shelf = SHELF.to_owned();
    let write = RecordWrite { shelf, name: name.to_owned(), expected, value: None, expires_at: None };
    store.write_record(write).await?.with_context(|| format!("{name} was changed meanwhile: try again"))?;
    say(&format!("What was uploaded as {name} is withdrawn.\n"))
}

fn say(text: &str) -> Result<ExitCode> {
    write!(Said::new(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}
