//! `pagerslack doctor`: what is wrong, and what to do about it.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use pagerslack_core::{ChannelId, TeamId};
use pagerslack_slack::HttpTransport;
use pagerslack_slack::client::{CallError, Caller, Client, Identity, RefusalKind, SingleToken};
use pagerslack_slack::manifest::SCOPES;
use pagerslack_slack::transport::Transport;
use pagerslack_store::sqlite::OpenError;
use pagerslack_store::{Records, Sqlite};

use crate::Storage;
use crate::config::{
    CALLBACK, Config, Environment, InstallConfig, RotationConfig, Settings, StoreLocation, Uploads,
};
use crate::installations::Installations;

/// How far this machine's clock may lie from Slack's. Slack's requests are refused at 300 seconds.
const SKEW_SECONDS: u64 = 30;

#[derive(Args)]
pub(super) struct Arguments {
    /// A channel that the bot should be in, by its id (C…); may be given several times
    #[arg(long = "channel", value_name = "ID")]
    channels: Vec<String>,
}

/// What one check came to.
enum Finding {
    Good(String),
    /// Worth knowing; the bot works.
    Note(String),
    /// What is wrong, and what to do.
    Bad(String, String),
}

pub(super) async fn run(
    arguments: Arguments,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode> {
    let mut report = Report::default();
    let config = match Config::load(path, environment) {
        Ok(config) => config,
        Err(error) => {
            report.say(&Finding::Bad(
                format!("{error:#}"),
                "correct the configuration; `pagerslack config` prints one that works".into(),
            ))?;
            return report.end();
        }
    };
    report.say(&Finding::Good("the configuration is valid".into()))?;
    for finding in check_secrets(&config) {
        report.say(&finding)?;
    }
    for finding in check_store(&config).await {
        report.say(&finding)?;
    }
    if let Some(token) = config.slack.bot_token.clone() {
        let transport = Arc::new(HttpTransport::new()?);
        let client = Client::new(transport, &config.slack.api_url, Arc::new(SingleToken(token)));
        for finding in check_slack(&client, &config, &arguments).await {
            report.say(&finding)?;
        }
    }
    if let Some(install) = config.slack.install.clone() {
        for finding in check_installations(&config, install).await? {
            report.say(&finding)?;
        }
    }
    report.end()
}

/// How many workspaces are asked about.
const MOST_WORKSPACES: usize = 20;

/// Whether the workspaces that have installed the app can be served.
async fn check_installations(config: &Config, install: InstallConfig) -> Result<Vec<Finding>> {
    if matches!(&config.store, StoreLocation::Sqlite(file) if !file.exists()) {
        return Ok(Vec::new());
    }
    let store = match Storage::open(&config.store).await {
        Ok(storage) => storage.store,
        Err(error) if matches!(error.downcast_ref(), Some(OpenError::InUse { .. })) => {
            let note = "the bot is running and holds its store: its workspaces were not looked at";
            return Ok(vec![Finding::Note(note.into())]);
        }
        // Said already.
        Err(_) => return Ok(Vec::new()),
    };
    let (transport, api_url) = (Arc::new(HttpTransport::new()?), &config.slack.api_url);
    let one: Arc<dyn Transport> = Arc::<HttpTransport>::clone(&transport);
    // The bot may be replacing a token at the moment: doctor must not replace it too.
    let shared = store.is_shared();
    let installations = Arc::new(Installations::new(store, shared, install, one, api_url)?);
    let client = Client::new(transport, api_url, Arc::<Installations>::clone(&installations));
    let teams = installations.teams().await?;
    let mut findings = Vec::new();
    if teams.is_empty() {
        findings.push(Finding::Note("no workspace has installed the app yet".into()));
    }
    for team in teams.iter().take(MOST_WORKSPACES) {
        findings.extend(match client.auth_test(Caller::paging(Timestamp::now(), team)).await {
            Ok(identity) => {
                let known = format!(
                    "the workspace {} ({team}) knows the bot as {}",
                    identity.team_name, identity.user
                );
                std::iter::once(Finding::Good(known)).chain(scopes(&identity)).collect()
            }
            Err(error) => vec![Finding::Bad(
                format!("the workspace {team} does not accept the bot: {}", said(&error)),
                "somebody there has to install the app again, at /slack/install".into(),
            )],
        });
    }
    if teams.len() > MOST_WORKSPACES {
        findings.push(Finding::Note(format!("{} more were not asked", teams.len() - MOST_WORKSPACES)));
    }
    Ok(findings)
}

/// What has been found so far, said as it is found.
#[derive(Default)]
struct Report {
    faults: usize,
}

impl Report {
    fn say(&mut self, finding: &Finding) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match finding {
            Finding::Good(what) => writeln!(out, "  ok    {what}")?,
            Finding::Note(what) => writeln!(out, "  note  {what}")?,
            Finding::Bad(what, remedy) => {
                self.faults += 1;
                writeln!(out, "  FAULT {what}\n        → {remedy}")?;
            }
        }
        Ok(())
    }

    fn end(self) -> Result<ExitCode> {
        let mut out = std::io::stdout().lock();
        match self.faults {
            0 => writeln!(out, "Everything that can be checked from here is in order.")?,
            1 => writeln!(out, "1 fault.")?,
            faults => writeln!(out, "{faults} faults.")?,
        }
        Ok(if self.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn check_secrets(config: &Config) -> Vec<Finding> {
    let slack = &config.slack;
    let mut findings = Vec::new();
    if let Some(install) = &slack.install {
        let at = install.redirect_uri.as_str().replace(CALLBACK, "/slack/install");
        let key = install.vault.sealing_key();
        findings.push(Finding::Good(format!(
            "workspaces install the app at {at}; their tokens are sealed with the key {key}"
        )));
    } else if slack.bot_token.is_none() {
        findings.push(Finding::Bad(
            "SLACK_BOT_TOKEN is not set".into(),
            "copy the Bot User OAuth Token (xoxb-…) from the app's page \"OAuth & Permissions\"".into(),
        ));
    }
    match (&slack.signing_secret, &slack.app_token) {
        (None, None) if slack.verification_token.is_some() => findings.push(Finding::Note(
            "requests are believed for the deprecated SLACK_VERIFICATION_TOKEN alone: set SLACK_SIGNING_SECRET".into(),
        )),
        (None, None) => findings.push(Finding::Bad(
            "neither SLACK_SIGNING_SECRET nor SLACK_APP_TOKEN is set".into(),
            "copy the signing secret (for HTTP) or make an app-level token with connections:write (for Socket Mode) on \
             the app's page \"Basic Information\""
                .into(),
        )),
        (_, Some(_)) => findings.push(Finding::Good("Socket Mode is used, as SLACK_APP_TOKEN is set".into())),
        (Some(_), None) => findings.push(Finding::Good(format!("HTTP requests are taken at {}", config.listen))),
    }
    findings.extend(managers(&config.settings));
    findings
}

/// Rotations without a last resort.
fn managers(settings: &Settings) -> Vec<Finding> {
    let none = |rotation: &RotationConfig| {
        let in_roster = rotation.rules.roster.as_ref().is_some_and(|roster| roster.managers().len() > 0);
        let named = !rotation.managers.is_empty() || !rotation.manager_emails.is_empty();
        !in_roster && !named && rotation.manager_group.is_none()
    };
    let remedy =
        "name them in [defaults.managers] of the configuration, or give them the role manager in oncall.csv";
    let mut findings = Vec::new();
    if none(&settings.defaults) {
        findings.push(Finding::Bad(
            "no engineering managers are configured, so there is no last resort".into(),
            remedy.into(),
        ));
    }
    let own = settings.rotations.iter().filter(|(_, rotation)| none(rotation));
    findings.extend(own.map(|(channel, _)| {
        let remedy = remedy.replace("[defaults.managers]", "managers of its [[rotation]]");
        Finding::Bad(
            format!("the rotation of {channel} has no engineering managers, so there is no last resort"),
            remedy,
        )
    }));
    findings
}

async fn check_store(config: &Config) -> Vec<Finding> {
    match &config.store {
        StoreLocation::Sqlite(path) => check_database(path).await,
        StoreLocation::Redis(_) => check_redis(&config.store).await,
    }
}

async fn check_redis(location: &StoreLocation) -> Vec<Finding> {
    let storage = match Storage::open(location).await {
        Ok(storage) => storage,
        Err(error) => {
            return vec![Finding::Bad(format!("{error:#}"), "see docs/OPERATING.md, \"Redis\"".into())];
        }
    };
    let mut findings = vec![Finding::Good(format!("the store {} answers", storage.place))];
    let remedy = || "see docs/OPERATING.md, \"Redis\"".to_owned();
    findings.extend(uploaded(&*storage.store).await);
    findings.extend(storage.advice().await.into_iter().map(|advice| Finding::Bad(advice, remedy())));
    findings
}

async fn check_database(path: &Path) -> Vec<Finding> {
    if !path.exists() {
        return vec![Finding::Note(format!(
            "the store {} does not exist yet; `pagerslack serve` makes it",
            path.display()
        ))];
    }
    let store = match Sqlite::open(path) {
        Ok(store) => store,
        Err(error) => {
            return vec![Finding::Bad(
                format!("{:#}", anyhow::Error::new(error)),
                "see docs/OPERATING.md, \"The store\"".into(),
            )];
        }
    };
    let mut findings = vec![match store.check().await {
        Ok(()) => Finding::Good(format!("the store {} is sound", path.display())),
        Err(error) => Finding::Bad(
            format!("the store {} is damaged: {:#}", path.display(), anyhow::Error::new(error)),
            "stop the bot, keep a copy of the file, and restore the last backup".into(),
        ),
    }];
    findings.extend(uploaded(&store).await);
    findings
}

/// The files that count instead of those on disk. A store that cannot be read is told of elsewhere.
async fn uploaded(records: &dyn Records) -> Option<Finding> {
    let uploads = Uploads::read(records).await.ok().filter(|uploads| !uploads.is_empty())?;
    Some(Finding::Note(format!("uploaded files stand for those on disk: {}", uploads.names())))
}

async fn check_slack(client: &Client, config: &Config, arguments: &Arguments) -> Vec<Finding> {
    let nobody = TeamId::new("");
    let before = Timestamp::now();
    let identity = match client.auth_test(Caller::paging(before, &nobody)).await {
        Ok(identity) => identity,
        Err(error) => return vec![token_fault(&error)],
    };
    let mut findings = vec![Finding::Good(format!(
        "Slack knows the bot as {} in the workspace {} ({})",
        identity.user, identity.team_name, identity.team
    ))];
    findings.push(clock_skew(&identity, before));
    findings.extend(scopes(&identity));
    if let Some(token) = &config.slack.app_token {
        findings.push(match client.connections_open(Timestamp::now(), token).await {
            Ok(_) => Finding::Good("Slack opens Socket Mode connections".into()),
            Err(error) => Finding::Bad(
                format!("Slack opens no Socket Mode connection: {}", said(&error)),
                "make an app-level token with connections:write and turn Socket Mode on in the app's settings".into(),
            ),
        });
    }
    findings.extend(channels(client, &identity.team, arguments).await);
    findings
}

fn token_fault(error: &CallError) -> Finding {
    let remedy = match error {
        CallError::Refused(_) => {
            "install the app again and copy the new Bot User OAuth Token into SLACK_BOT_TOKEN"
        }
        CallError::NotDone { .. } | CallError::Unknown { .. } => {
            "check the network, the proxy (HTTPS_PROXY) and slack.api_url; see https://slack-status.com"
        }
    };
    Finding::Bad(format!("Slack does not accept the bot: {}", said(error)), remedy.into())
}

fn clock_skew(identity: &Identity, before: Timestamp) -> Finding {
    let Some(slack) = identity.date else {
        return Finding::Note("Slack did not say what time it is; the clocks could not be compared".into());
    };
    // Slack's moment lies somewhere between the question and the answer, and is given in whole seconds.
    let now = Timestamp::now();
    let off = if slack < before { before.duration_since(slack) } else { slack.duration_since(now) };
    let seconds = off.as_secs().unsigned_abs();
    if off.is_positive() && seconds > SKEW_SECONDS {
        Finding::Bad(
            format!("this machine's clock is {seconds} s off Slack's"),
            "let NTP set it: requests more than 300 s off are refused as replays".into(),
        )
    } else {
        Finding::Good("the clock agrees with Slack's".into())
    }
}

fn scopes(identity: &Identity) -> Vec<Finding> {
    if identity.scopes.is_empty() {
        return vec![Finding::Note("Slack did not say which scopes the token has".into())];
    }
    let missing: Vec<_> =
        SCOPES.iter().filter(|(scope, _)| !identity.scopes.iter().any(|granted| granted == scope)).collect();
    if missing.is_empty() {
        return vec![Finding::Good("the token has every scope".into())];
    }
    missing
        .into_iter()
        .map(|(scope, why)| {
            Finding::Bad(
                format!("the scope {scope} is missing: {why}"),
                "add it on the app's page \"OAuth & Permissions\" and install the app again".into(),
            )
        })
        .collect()
}

async fn channels(client: &Client, team: &TeamId, arguments: &Arguments) -> Vec<Finding> {
    let mut findings = Vec::new();
    if arguments.channels.is_empty() {
        findings.push(match client.own_channels(Caller::paging(Timestamp::now(), team)).await {
            Ok(channels) if channels.is_empty() => Finding::Bad(
                "the bot is in no channel".into(),
                "type /invite @pagerslack in the engineers' channel".into(),
            ),
            Ok(channels) => {
                let names: Vec<_> = channels.iter().map(|channel| format!("#{}", channel.name)).collect();
                Finding::Good(format!("the bot is in {}", names.join(", ")))
            }
            Err(error) => {
                Finding::Note(format!("Slack does not say which channels the bot is in: {}", said(&error)))
            }
        });
    }
    for id in &arguments.channels {
        let channel = ChannelId::new(id);
        findings.push(match client.channel_info(Caller::paging(Timestamp::now(), team), &channel).await {
            Ok(info) if info.is_archived => {
                Finding::Bad(format!("#{} ({id}) is archived", info.name), "use another channel".into())
            }
            Ok(info) if !info.is_member => Finding::Bad(
                format!("the bot is not in #{} ({id})", info.name),
                "type /invite @pagerslack there".into(),
            ),
            Ok(info) => Finding::Good(format!("the bot is in #{} ({id})", info.name)),
            Err(CallError::Refused(refusal)) if refusal.kind() == RefusalKind::ChannelGone => Finding::Bad(
                format!("there is no channel {id} that the bot can see"),
                "check the id; in a private channel, type /invite @pagerslack".into(),
            ),
            Err(error) => {
                Finding::Bad(format!("{id} cannot be looked at: {}", said(&error)), "try again later".into())
            }
        });
    }
    findings
}

/// An error with its causes, on one line.
fn said(error: &CallError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}
