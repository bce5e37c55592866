//! Dialogs that were filled in.
//!
//! Source: docs.slack.dev/reference/interaction-payloads/view-interactions-payload. `response_urls` is there for an input
//! that asked for it with `response_url_enabled`.

use std::collections::BTreeMap;

use pagerslack_core::ids::{TeamId, UserId};
use serde::Deserialize;

use super::{Inbound, Submission, unreadable};
use crate::lenient::{Word, first, or_default};

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    team: Option<Named<'a>>,
    #[serde(borrow, default)]
    enterprise: Option<Named<'a>>,
    #[serde(borrow, default)]
    user: Option<Named<'a>>,
    #[serde(borrow, default)]
    view: Option<View<'a>>,
    #[serde(borrow, default, deserialize_with = "first")]
    response_urls: Option<Address<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    id: Word<'a>,
    #[serde(borrow, default)]
    team_id: Word<'a>,
}

#[derive(Deserialize)]
struct View<'a> {
    #[serde(borrow, default)]
    id: Word<'a>,
    #[serde(borrow, default)]
    callback_id: Word<'a>,
    #[serde(borrow, default)]
    state: Option<State<'a>>,
}

#[derive(Deserialize)]
struct State<'a> {
    /// By block, then by element: each of our blocks has one.
    #[serde(borrow, default)]
    values: BTreeMap<String, BTreeMap<String, Filled<'a>>>,
}

#[derive(Deserialize)]
struct Filled<'a> {
    #[serde(borrow, default)]
    value: Word<'a>,
    #[serde(borrow, default)]
    selected_conversation: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    selected_date_time: Option<i64>,
}

#[derive(Deserialize)]
struct Address<'a> {
    #[serde(borrow, default)]
    response_url: Word<'a>,
}

impl Filled<'_> {
    fn text(&self) -> Option<String> {
        let text = self.value.get().or(self.selected_conversation.get()).map(str::to_owned);
        text.or_else(|| self.selected_date_time.map(|second| second.to_string()))
    }
}

pub(super) fn parse(payload: &[u8]) -> Inbound {
    let wire: Wire<'_> = match serde_json::from_slice(payload) {
        Ok(wire) => wire,
        Err(error) => return unreadable("submission", &error),
    };
    match submission(&wire) {
        Some(submission) => Inbound::Submitted(Box::new(submission)),
        None => Inbound::ignored("interaction:view_submission"),
    }
}

fn submission(wire: &Wire<'_>) -> Option<Submission> {
    fn id<'w>(named: &'w Option<Named<'_>>) -> Option<&'w str> {
        named.as_ref().and_then(|named| named.id.get())
    }
    let view = wire.view.as_ref()?;
    let users_team = wire.user.as_ref().and_then(|user| user.team_id.get());
    let enterprise = id(&wire.enterprise);
    let filled = view.state.iter().flat_map(|state| &state.values);
    let values = filled
        .filter_map(|(block, elements)| Some((block.clone(), elements.values().find_map(Filled::text)?)));
    Some(Submission {
        team: TeamId::new(id(&wire.team).or(users_team).or(enterprise)?),
        enterprise: enterprise.map(str::to_owned),
        user: UserId::new(id(&wire.user)?),
        callback_id: view.callback_id.get()?.to_owned(),
        view_id: view.id.get()?.to_owned(),
        values: values.collect(),
        response_url: wire.response_urls.as_ref().map(|it| it.response_url.or_empty()).unwrap_or_default(),
    })
}
