//! `pagerslack demo`: try it without Slack, in a browser.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::Orders;
use crate::config::Environment;
use crate::demo::Demo;
use crate::logging;

#[derive(Args)]
pub(super) struct Arguments {
    /// The port of the pretended Slack on this machine; 0 for any free one
    #[arg(long, default_value_t = 8077)]
    port: u16,
    /// Let the bot connect by Socket Mode rather than take HTTP requests
    #[arg(long)]
    socket_mode: bool,
}

pub(super) async fn run(arguments: Arguments, environment: &Environment) -> Result<ExitCode> {
    logging::start(Some(environment.log.as_deref().unwrap_or("warn")), false);
    let demo = Demo::start(arguments.port, arguments.socket_mode).await?;
    let mut out = std::io::stdout();
    writeln!(out, "A pretended Slack with PagerSlack in it runs at {}", demo.url)?;
    writeln!(
        out,
        "Open it, type  /devoncall https://incident.example/1 database down  and react with 👀 as the person asked."
    )?;
    writeln!(out, "Nothing leaves this machine and nothing is kept. Ctrl-C ends it.")?;
    out.flush()?;
    Orders::listen()?.next().await;
    demo.stop().await;
    Ok(ExitCode::SUCCESS)
}
