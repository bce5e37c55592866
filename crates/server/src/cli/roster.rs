//! `pagerslack roster`: makes the list of people from a spreadsheet, and checks it.

mod check;
mod file;
mod import;
mod lookup;
mod report;
mod upload;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use pagerslack_core::ChannelId;
use pagerslack_sources::{Columns, Faults};

use crate::config::{Environment, File, Named, RotationKeys};

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
    /// Put a file in the place of oncall.csv, holidays.yml or exclusions.yml, at a running server.
    #[command(long_about = upload::LONG_ABOUT)]
    Upload(upload::Upload),
    /// Take back what was uploaded: the file on disk holds again.
    Withdraw(upload::Withdraw),
}

/// Which roster is meant.
#[derive(Args)]
struct Which {
    /// The rotation whose roster is meant, by its channel's id (C…), when it has one of its own
    #[arg(long, value_name = "CHANNEL")]
    rotation: Option<String>,
}

pub(super) async fn run(
    arguments: Arguments,
    config: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    let setting = || Setting::read(config.map(Path::to_path_buf).or_else(|| environment.config.clone()));
    match arguments.command {
        Command::Import(arguments) => import::run(arguments, &setting()?, environment).await,
        Command::Check(arguments) => check::run(&arguments, &setting()?),
        Command::Upload(arguments) => upload::upload(arguments, environment).await,
        Command::Withdraw(arguments) => upload::withdraw(arguments, config, environment).await,
    }
}

/// What `pagerslack.toml` says. The team's files are not looked at: the roster may be what is to be mended.
struct Setting {
    folder: PathBuf,
    file: File,
}

impl Setting {
    fn read(named: Option<PathBuf>) -> Result<Self> {
        let usual = || Some(PathBuf::from("pagerslack.toml")).filter(|path| path.exists());
        let Some(path) = named.or_else(usual) else {
            return Ok(Self { folder: PathBuf::new(), file: File::default() });
        };
        let shown = path.display();
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
        let file = File::parse(&text).map_err(|faults| told(&format!("{shown} cannot be used"), &faults))?;
        Ok(Self { folder: path.parent().map(Path::to_path_buf).unwrap_or_default(), file })
    }

    /// The roster's place and its headers.
    fn roster(&self, which: &Which) -> Result<(PathBuf, Columns)> {
        let keys: &RotationKeys = match which.rotation.as_deref().map(str::trim) {
            None => &self.file.defaults,
            Some(channel) => self.file.rotations.get(&ChannelId::new(channel)).with_context(|| {
                format!("the configuration has no [[rotation]] with channel = {channel:?}")
            })?,
        };
        let name = match &keys.files.oncall {
            Named::Path(path) => path.as_path(),
            Named::Usual | Named::None => Path::new("oncall.csv"),
        };
        Ok((self.folder.join(name), keys.columns.clone().unwrap_or_default()))
    }
}

/// All faults under one line, for the terminal.
fn told(what: &str, faults: &Faults) -> anyhow::Error {
    let faults: String = faults.0.iter().map(|fault| format!("\n  {fault}")).collect();
    anyhow::anyhow!("{what}:{faults}")
}
