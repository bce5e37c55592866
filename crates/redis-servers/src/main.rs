//! Servers for trying things out by hand: `cargo run -p redis-servers -- sentinel`.
//!
//! Prints where they are, and keeps them until its standard input ends or somebody presses Ctrl-C.

use std::io::Write as _;

use anyhow::{Result, bail};
use redis_servers::{Cluster, Plain, SentinelTrio};
use tokio::io::{AsyncReadExt as _, stdin};

#[tokio::main]
async fn main() -> Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    match wanted.as_str() {
        "plain" => {
            let server = Plain::start().await?;
            say(&format!("{}\n{}", server.url(), server.unix_url()))?;
            end().await
        }
        "sentinel" => {
            let trio = SentinelTrio::start().await?;
            say(&format!("the primary is called {}; its Sentinels:", trio.master_name()))?;
            for address in trio.sentinel_addresses() {
                say(&format!("redis://{address}/"))?;
            }
            end().await
        }
        "cluster" => {
            let cluster = Cluster::start().await?;
            say(&cluster.urls().join("\n"))?;
            end().await
        }
        _ => bail!("say which: plain, sentinel or cluster"),
    }
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Waits for the end of standard input, or for Ctrl-C.
async fn end() -> Result<()> {
    let mut input = Vec::new();
    let mut stdin = stdin();
    tokio::select! {
        read = stdin.read_to_end(&mut input) => read.map(|_| ())?,
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    Ok(())
}
