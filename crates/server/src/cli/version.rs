//! `pagerslack --version`: what this binary is, and with `--verbose` what it carries.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;

use crate::config::summary;

pub(super) fn run(verbose: bool) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "pagerslack {}", env!("CARGO_PKG_VERSION"))?;
    if verbose {
        tables(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The tables that answers depend on, one a line.
pub(super) fn tables(out: &mut impl Write) -> Result<()> {
    writeln!(out, "time zones: tzdata {}", summary::zones())?;
    writeln!(out, "{}", summary::public_holidays())?;
    Ok(())
}
