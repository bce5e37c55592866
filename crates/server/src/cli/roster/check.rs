//! `pagerslack roster check`: all the faults of `oncall.csv`, or that there are none.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use pagerslack_core::roster::Role;
use pagerslack_sources::{Columns, oncall};

use super::report::{Said, count};

#[derive(Args)]
pub(super) struct Arguments {
    /// The file
    #[arg(default_value = "oncall.csv")]
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let file = arguments.file.display();
    let bytes = std::fs::read(&arguments.file).with_context(|| format!("cannot read {file}"))?;
    let mut out = Said::new();
    let read = match oncall::read(&bytes, &Columns::default()) {
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
