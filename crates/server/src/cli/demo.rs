//! `pagerslack demo`: try it without Slack, in a browser.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::Orders;
use crate::config::Environment;
use crate::demo::{Demo, Wanted};
use crate::logging;

pub(super) const LONG_ABOUT: &str = "\
Try it without Slack: a pretended channel in the browser, with the bot in it, on this machine alone.

With --history an invented year lies behind it, so that the dashboard's pages have something to show: a team around the \
world with working hours, two channels, some 1,500 incidents, always up to the present. With --store it is kept, for \
`pagerslack stats`; a database that has its year is not given another. The pretended Slack itself always begins anew: \
the threads of what lies in the past are not in it.

Examples:
  pagerslack demo
  pagerslack demo --history
  pagerslack demo --history --store demo.db      # Ctrl-C, and then:
  PAGERSLACK_STORE=sqlite:demo.db pagerslack stats summary --month 2026-11";

#[derive(Args)]
pub(super) struct Arguments {
    /// The port of the pretended Slack on this machine; 0 for any free one
    #[arg(long, default_value_t = 8077)]
    port: u16,
    /// Let the bot connect by Socket Mode rather than take HTTP requests
    #[arg(long)]
    socket_mode: bool,
    /// Begin with a year of invented incidents
    #[arg(long)]
    history: bool,
    /// Keep what happens in this database [default: nothing is kept]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments, environment: &Environment) -> Result<ExitCode> {
    logging::start(Some(environment.log.as_deref().unwrap_or("warn")), false);
    let Arguments { port, socket_mode, history, store } = arguments;
    let kept = store.as_ref().map(|store| store.display().to_string());
    let admin_token = environment.admin_token.clone();
    let mut orders = Orders::listen()?;
    let demo = Demo::with(Wanted { port, socket_mode, history, store, admin_token }).await?;
    let mut out = std::io::stdout();
    writeln!(out, "A pretended Slack with PagerSlack in it runs at {}", demo.url)?;
    writeln!(
        out,
        "Open it, type  /devoncall https://incident.example/1 database down  and react with 👀 as the person asked."
    )?;
    writeln!(out, "The dashboard is at {}", demo.dashboard)?;
    match demo.history {
        _ if !history => {}
        (0, _) => writeln!(out, "Its year of incidents is the one that was there.")?,
        (added, _) => writeln!(out, "A year of {added} incidents, all of them invented, lies behind it.")?,
    }
    match kept {
        None => writeln!(out, "Nothing leaves this machine and nothing is kept. Ctrl-C ends it.")?,
        Some(kept) => {
            writeln!(out, "Nothing leaves this machine; {kept} keeps what happens. Ctrl-C ends it.")?
        }
    }
    out.flush()?;
    orders.next().await;
    demo.stop().await;
    Ok(ExitCode::SUCCESS)
}
