//! `pagerslack roster check`: all the faults of `oncall.csv`, or that there are none.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use pagerslack_core::roster::Role;
use pagerslack_sources::oncall;

use super::report::{Said, count};
use super::{Setting, Which};

#[derive(Args)]
pub(super) struct Arguments {
    /// The file [default: the configuration's, or else oncall.csv]
    file: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments, setting: &Setting) -> Result<ExitCode> {
    let (path, columns) = setting.roster(&arguments.which)?;
    let path = arguments.file.as_ref().unwrap_or(&path);
    let file = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {file}"))?;
    let mut out = Said::new();
    let read = match oncall::read(&bytes, &columns) {
        Ok(read) => read,
        Err(faults) => {
            for fault in &faults.0 {
                writeln!(out, "  FAULT {fault}")?;
            }
            writeln!(out, "{file} has {}.", count(faults.0.len(), "fault", "faults"))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    for column in &read.ignored_columns {
        writeln!(out, "  note  the column {column:?} means nothing to PagerSlack")?;
    }
    let entries = read.roster.entries();
    let having = |role| entries.iter().filter(|entry| entry.role == role).count();
    let (engineers, managers, neither) =
        (having(Role::Engineer), having(Role::Manager), having(Role::Neither));
    for (number, whom) in [(engineers, "engineers to ask"), (managers, "managers as the last resort")] {
        if number == 0 {
            writeln!(out, "  note  it names no {whom}")?;
        }
    }
    writeln!(
        out,
        "{file} is in order: {}, {}, {neither} neither.",
        count(engineers, "engineer", "engineers"),
        count(managers, "manager", "managers"),
    )?;
    Ok(ExitCode::SUCCESS)
}
