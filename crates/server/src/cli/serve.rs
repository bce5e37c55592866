//! `pagerslack serve`: run the bot.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use pagerslack_slack::HttpTransport;
use pagerslack_store::{Causes, Records, Sqlite, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::told_to_stop;
use crate::clock::SystemClock;
use crate::config::{Config, Environment, StoreLocation, summary};
use crate::run::drawn_seed;
use crate::{Bot, Surroundings, logging};

pub(super) async fn run(path: Option<&Path>, environment: &Environment) -> Result<ExitCode> {
    logging::start(environment.log.as_deref(), true);
    let config = Config::load(path, environment)?;
    let slack = &config.slack;
    if slack.signing_secret.is_none() && slack.verification_token.is_none() && slack.app_token.is_none() {
        if environment.verification_token.is_some() {
            bail!(
                "SLACK_VERIFICATION_TOKEN alone proves little, and Slack deprecates it: set SLACK_SIGNING_SECRET, from \
                 the app's page \"Basic Information\", or allow_legacy_verification_token = true under [slack]"
            );
        }
        bail!(
            "neither SLACK_SIGNING_SECRET (for HTTP) nor SLACK_APP_TOKEN (for Socket Mode) is set: copy one from the \
             app's page \"Basic Information\""
        );
    }
    let StoreLocation::Sqlite(file) = &config.store;
    let sqlite = Arc::new(Sqlite::open(file)?);
    let store: Arc<dyn Store> = Arc::<Sqlite>::clone(&sqlite);
    let records: Arc<dyn Records> = Arc::<Sqlite>::clone(&sqlite);
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
        store,
        transport: Arc::new(HttpTransport::new()?),
        seed: drawn_seed(),
        panel: false,
        records: Some(records),
    };
    let database = file.display().to_string();
    let bot = Bot::assemble(config, surroundings).await?;
    let shutdown = CancellationToken::new();
    let checking = tokio::spawn(look_for_damage(sqlite, database));
    let stop = told_to_stop()?;
    let running = tokio::spawn(bot.run(listener, shutdown.clone()));
    stop.await;
    tracing::info!("told to stop: finishing what is being sent");
    shutdown.cancel();
    checking.abort();
    running.await?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Reads a database that was too large to be read before the start, while paging goes on.
async fn look_for_damage(sqlite: Arc<Sqlite>, database: String) {
    if sqlite.is_checked() {
        return;
    }
    if let Err(error) = sqlite.check().await {
        tracing::error!(
            database,
            error = %Causes(&error),
            "the database is damaged: paging goes on as far as it can be read; stop when nothing is under way, and \
             restore a backup"
        );
    }
}
