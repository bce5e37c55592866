//! `pagerslack config`: the commented default.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;

pub(super) fn run() -> Result<ExitCode> {
    std::io::stdout().lock().write_all(crate::config::DEFAULT.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
