//! `pagerslack manifest`: from which Slack makes the app.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use pagerslack_slack::manifest::{GRID_EVENTS, manifest};
use url::Url;

#[derive(Args)]
pub(super) struct Arguments {
    /// Where Slack reaches the bot, for example https://pagerslack.example.com
    #[arg(long, value_name = "URL", required_unless_present = "socket_mode")]
    url: Option<Url>,
    /// For Socket Mode: the bot connects to Slack, and needs no address of its own
    ///
    /// With --url too, the address is where workspaces install the app.
    #[arg(long)]
    socket_mode: bool,
    /// Whole Enterprise Grid organisations may install the app
    #[arg(long)]
    grid: bool,
    /// Tokens end after twelve hours and are replaced. Slack never turns this off again for an app
    #[arg(long, requires = "url")]
    rotate_tokens: bool,
    /// The app's name in Slack
    #[arg(long, default_value = "PagerSlack")]
    name: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.url.as_ref().is_some_and(|url| url.scheme() != "https") {
        bail!("Slack only sends to https:// addresses; without one, use --socket-mode");
    }
    // Slack allows 35 characters. Source: the manifest schema, `display_information.name`.
    if arguments.name.is_empty() || arguments.name.chars().count() > 35 {
        bail!("the app's name must have between 1 and 35 characters");
    }
    let mut manifest = manifest(&arguments.name, arguments.url.as_ref(), arguments.socket_mode);
    manifest["settings"]["org_deploy_enabled"] = arguments.grid.into();
    if let Some(events) = manifest["settings"]["event_subscriptions"]["bot_events"].as_array_mut()
        && arguments.grid
    {
        events.extend(GRID_EVENTS.iter().map(|&event| event.into()));
    }
    manifest["settings"]["token_rotation_enabled"] = arguments.rotate_tokens.into();
    writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&manifest)?)?;
    Ok(ExitCode::SUCCESS)
}
