//! `pagerslack health`: asks a bot on this machine whether it lives, for places where there is no other program to ask.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use url::Url;

use crate::config::{Config, Environment};

/// How long the answer may take. Docker waits thirty seconds for the whole check, Kubernetes one.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Args)]
pub(super) struct Arguments {
    /// What is asked [default: /healthz at the port where it listens]
    #[arg(long, value_name = "ADDRESS")]
    url: Option<Url>,
    /// Ask /readyz instead: whether the store can be read and written, too, and nobody has told it to stop
    #[arg(long, conflicts_with = "url")]
    ready: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    let url = match arguments.url {
        Some(url) => url,
        None => {
            let listen = Config::listens_at(path, environment)
                .context("where it listens cannot be told: use --url")?;
            let route = if arguments.ready { "readyz" } else { "healthz" };
            Url::parse(&format!("http://{}/{route}", reached(listen)))?
        }
    };
    // No proxy stands between a machine and itself.
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(url.clone()).send().await;
    let answer =
        answer.map_err(reqwest::Error::without_url).with_context(|| format!("nobody answers at {url}"))?;
    let status = answer.status();
    let said = answer.text().await.unwrap_or_default();
    if !status.is_success() {
        bail!("{url} answers {status}: {}", said.trim());
    }
    writeln!(std::io::stdout(), "{}", said.trim())?;
    Ok(ExitCode::SUCCESS)
}

/// Whoever listens everywhere listens on this machine, too.
fn reached(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    listen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_listens_everywhere_is_reached_here() {
        let check = |listen: &str| reached(listen.parse().unwrap()).to_string();
        assert_eq!(check("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(check("[::]:8080"), "[::1]:8080");
        assert_eq!(check("10.0.0.7:80"), "10.0.0.7:80");
    }
}
