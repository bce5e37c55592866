//! Slash commands: a form over HTTP, the same fields as JSON over Socket Mode.
//!
//! Source: docs.slack.dev/interactivity/implementing-slash-commands. The deprecated `token` and `user_name` are
//! not looked at.

use std::borrow::Cow;

use pagerslack_core::ids::{ChannelId, TeamId, UserId};
use serde::Deserialize;

use super::{Inbound, SlashCommand, unreadable};
use crate::lenient::Word;

/// The fields of a command that we use.
#[derive(Default)]
pub(super) struct Fields<'a> {
    team: Cow<'a, str>,
    team_domain: Cow<'a, str>,
    enterprise: Cow<'a, str>,
    channel: Cow<'a, str>,
    channel_name: Cow<'a, str>,
    user: Cow<'a, str>,
    command: Cow<'a, str>,
    text: Cow<'a, str>,
    response_url: Cow<'a, str>,
    trigger_id: Cow<'a, str>,
}

impl<'a> Fields<'a> {
    pub(super) fn set(&mut self, name: &str, value: Cow<'a, str>) {
        match name {
            "team_id" => self.team = value,
            "team_domain" => self.team_domain = value,
            "enterprise_id" => self.enterprise = value,
            "channel_id" => self.channel = value,
            "channel_name" => self.channel_name = value,
            "user_id" => self.user = value,
            "command" => self.command = value,
            "text" => self.text = value,
            "response_url" => self.response_url = value,
            "trigger_id" => self.trigger_id = value,
            _ => {}
        }
    }

    pub(super) fn into_command(self) -> Inbound {
        if self.command.is_empty() {
            return Inbound::ignored("form");
        }
        for (name, value) in [("team_id", &self.team), ("channel_id", &self.channel), ("user_id", &self.user)]
        {
            if value.is_empty() {
                return Inbound::malformed(format!("the command has no {name}"));
            }
        }
        Inbound::Command(Box::new(SlashCommand {
            team: TeamId::new(self.team),
            team_domain: self.team_domain.into_owned(),
            enterprise: (!self.enterprise.is_empty()).then(|| self.enterprise.into_owned()),
            channel: ChannelId::new(self.channel),
            channel_name: self.channel_name.into_owned(),
            user: UserId::new(self.user),
            command: self.command.into_owned(),
            text: self.text.into_owned(),
            response_url: self.response_url.into_owned(),
            trigger_id: self.trigger_id.into_owned(),
        }))
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    team_id: Word<'a>,
    #[serde(borrow, default)]
    team_domain: Word<'a>,
    #[serde(borrow, default)]
    enterprise_id: Word<'a>,
    #[serde(borrow, default)]
    channel_id: Word<'a>,
    #[serde(borrow, default)]
    channel_name: Word<'a>,
    #[serde(borrow, default)]
    user_id: Word<'a>,
    #[serde(borrow, default)]
    command: Word<'a>,
    #[serde(borrow, default)]
    text: Word<'a>,
    #[serde(borrow, default)]
    response_url: Word<'a>,
    #[serde(borrow, default)]
    trigger_id: Word<'a>,
}

pub(super) fn parse_json(payload: &[u8]) -> Inbound {
    let wire: Wire<'_> = match serde_json::from_slice(payload) {
        Ok(wire) => wire,
        Err(error) => return unreadable("command", &error),
    };
    let field = |word: &Word<'_>| Cow::Owned(word.or_empty());
    Fields {
        team: field(&wire.team_id),
        team_domain: field(&wire.team_domain),
        enterprise: field(&wire.enterprise_id),
        channel: field(&wire.channel_id),
        channel_name: field(&wire.channel_name),
        user: field(&wire.user_id),
        command: field(&wire.command),
        text: field(&wire.text),
        response_url: field(&wire.response_url),
        trigger_id: field(&wire.trigger_id),
    }
    .into_command()
}
