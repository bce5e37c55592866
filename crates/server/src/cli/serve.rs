//! `pagerslack serve`: run the bot.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use pagerslack_slack::HttpTransport;
use pagerslack_store::Backend;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Orders;
use crate::clock::SystemClock;
use crate::config::{Environment, summary};
use crate::run::drawn_seed;
use crate::start::{self, Started};
use crate::{Bot, Surroundings, logging};

/// The exit code of a process that was told twice to stop.
const AT_ONCE: i32 = 3;

pub(super) async fn run(path: Option<&Path>, environment: &Environment) -> Result<ExitCode> {
    logging::start(environment.log.as_deref(), true);
    let Started { config, storage } = start::read(path, environment).await?;
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!("cannot listen on {}: is it in use? See `listen` in the configuration", config.listen)
    })?;
    let (tzdata, holidays) = (summary::zones(), summary::public_holidays());
    tracing::info!(
        tzdata,
        holidays,
        settings = summary::in_short(&config.settings),
        "the configuration is valid"
    );
    tracing::info!(listen = %listener.local_addr()?, socket_mode = config.slack.app_token.is_some(), "PagerSlack runs");
    let surroundings = Surroundings {
        clock: Arc::new(SystemClock),
        store: Arc::<dyn Backend>::clone(&storage.store),
        transport: Arc::new(HttpTransport::new()?),
        seed: drawn_seed(),
        panel: false,
        records: Some(Arc::<dyn Backend>::clone(&storage.store)),
    };
    let bot = Bot::assemble(config, surroundings).await?.with_uploads(&storage.store);
    let shutdown = CancellationToken::new();
    let checking = tokio::spawn(async move { storage.look().await });
    let mut orders = Orders::listen()?;
    let running = tokio::spawn(bot.run(listener, shutdown.clone()));
    orders.next().await;
    tracing::info!("told to stop: finishing what is being sent");
    shutdown.cancel();
    checking.abort();
    tokio::select! {
        ended = running => ended?,
        () = orders.next() => {
            tracing::warn!("told to stop again: stopping at once; the rest is in the store");
            // Whoever says it twice waits for nothing, not for a disk that hangs either. The store is used to it (P1).
            std::process::exit(AT_ONCE);
        }
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
