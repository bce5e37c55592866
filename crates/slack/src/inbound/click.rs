//! Interactions: of these `block_actions`, the press of a button or the choice from a menu, and dialogs that are sent.
//!
//! Source: docs.slack.dev/reference/interaction-payloads/block_actions-payload. In an organisation-wide install
//! `team` may be null, and in the app's home there is neither channel nor message.

use pagerslack_core::ids::{ChannelId, MessageTs, TeamId, UserId};
use serde::Deserialize;

use super::{Click, Inbound, instant, unreadable};
use crate::lenient::{Word, first, or_default};

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Word<'a>,
    #[serde(borrow, default)]
    team: Option<Named<'a>>,
    #[serde(borrow, default)]
    enterprise: Option<Named<'a>>,
    #[serde(borrow, default)]
    user: Option<Named<'a>>,
    #[serde(borrow, default)]
    channel: Option<Named<'a>>,
    #[serde(borrow, default)]
    message: Option<Place<'a>>,
    #[serde(borrow, default)]
    container: Option<Place<'a>>,
    #[serde(borrow, default, deserialize_with = "first")]
    actions: Option<Action<'a>>,
    #[serde(borrow, default)]
    response_url: Word<'a>,
    #[serde(borrow, default)]
    trigger_id: Word<'a>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    id: Word<'a>,
    #[serde(borrow, default)]
    team_id: Word<'a>,
}

/// The message itself has a `ts`; the container says `message_ts` and `channel_id`.
#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow, default)]
    ts: Word<'a>,
    #[serde(borrow, default)]
    message_ts: Word<'a>,
    #[serde(borrow, default)]
    thread_ts: Word<'a>,
    #[serde(borrow, default)]
    channel_id: Word<'a>,
}

#[derive(Deserialize)]
struct Action<'a> {
    #[serde(borrow, default)]
    action_id: Word<'a>,
    #[serde(borrow, default)]
    action_ts: Word<'a>,
    #[serde(borrow, default)]
    value: Word<'a>,
    #[serde(borrow, default)]
    selected_option: Option<Chosen<'a>>,
    #[serde(borrow, default)]
    selected_user: Word<'a>,
    #[serde(borrow, default)]
    selected_channel: Word<'a>,
    #[serde(borrow, default)]
    selected_conversation: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    selected_date_time: Option<i64>,
}

#[derive(Deserialize)]
struct Chosen<'a> {
    #[serde(borrow, default)]
    value: Word<'a>,
}

impl Action<'_> {
    fn value(&self) -> String {
        let text = self
            .value
            .get()
            .or(self.selected_option.as_ref().and_then(|option| option.value.get()))
            .or(self.selected_user.get())
            .or(self.selected_channel.get())
            .or(self.selected_conversation.get());
        let second = || self.selected_date_time.map(|second| second.to_string());
        text.map(str::to_owned).or_else(second).unwrap_or_default()
    }
}

pub(super) fn parse(payload: &[u8]) -> Inbound {
    let wire: Wire<'_> = match serde_json::from_slice(payload) {
        Ok(wire) => wire,
        Err(error) => return unreadable("interaction", &error),
    };
    match wire.kind.get() {
        Some("block_actions") => {}
        Some("view_submission") => return super::submission::parse(payload),
        Some(other) => return Inbound::ignored_kind("interaction:", other),
        None => return Inbound::ignored("interaction"),
    }
    match click(&wire) {
        Some(click) => Inbound::Clicked(Box::new(click)),
        None => Inbound::ignored("interaction:block_actions"),
    }
}

fn click(wire: &Wire<'_>) -> Option<Click> {
    fn id<'w>(named: &'w Option<Named<'_>>) -> Option<&'w str> {
        named.as_ref().and_then(|named| named.id.get())
    }
    let action = wire.actions.as_ref()?;
    let users_team = wire.user.as_ref().and_then(|user| user.team_id.get());
    let enterprise = id(&wire.enterprise);
    let (message, container) = (wire.message.as_ref(), wire.container.as_ref());
    let channel = id(&wire.channel).or(container.and_then(|container| container.channel_id.get()));
    let ts = message
        .and_then(|message| message.ts.get())
        .or(container.and_then(|container| container.message_ts.get()));
    let thread = message
        .and_then(|message| message.thread_ts.get())
        .or(container.and_then(|container| container.thread_ts.get()));
    Some(Click {
        team: TeamId::new(id(&wire.team).or(users_team).or(enterprise)?),
        enterprise: enterprise.map(str::to_owned),
        channel: channel.map(ChannelId::new),
        message_ts: ts.map(MessageTs::new),
        thread_ts: thread.map(MessageTs::new),
        user: UserId::new(id(&wire.user)?),
        action_id: action.action_id.get()?.to_owned(),
        value: action.value(),
        at: action.action_ts.get().and_then(instant),
        response_url: wire.response_url.or_empty(),
        trigger_id: wire.trigger_id.or_empty(),
    })
}
