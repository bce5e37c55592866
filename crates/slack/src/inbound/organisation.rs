//! Whether something comes by the installation of a whole Enterprise Grid organisation, and from which of its workspaces.
//!
//! Nearly everything does not, and is not read a second time. Source: docs.slack.dev/enterprise/developing-for-enterprise-orgs.

use jiff::Timestamp;
use pagerslack_core::ids::TeamId;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{Authorization, Flag, Named, id, team_of};
use crate::lenient::{Word, first, or_default};

/// A workspace, and the organisation whose installation it is served by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belonging {
    /// The workspace.
    pub team: TeamId,
    /// The organisation (`E…`).
    pub enterprise: String,
    /// When it was so: an event may come hours later. Anything else comes at once.
    pub at: Option<Timestamp>,
}

/// What the body of a verified HTTP request says of it.
pub fn belonging(body: &[u8]) -> Option<Belonging> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        return of_json(body);
    }
    if !contains(body, b"is_enterprise_install") {
        return None;
    }
    let (mut team, mut enterprise, mut whole_org) = (None, None, false);
    for (name, value) in url::form_urlencoded::parse(body) {
        match name.as_ref() {
            "payload" => return of_json(value.as_bytes()),
            "team_id" => team = Some(value),
            "enterprise_id" => enterprise = Some(value),
            "is_enterprise_install" => whole_org = value == "true",
            _ => {}
        }
    }
    let (team, enterprise) = team.zip(enterprise).filter(|_| whole_org)?;
    if team.is_empty() || enterprise.is_empty() {
        return None;
    }
    Some(Belonging { team: TeamId::new(team), enterprise: enterprise.into_owned(), at: None })
}

/// The same of the payload of a Socket Mode envelope.
pub fn belonging_of_envelope(payload: &RawValue) -> Option<Belonging> {
    of_json(payload.get().as_bytes())
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    team_id: Word<'a>,
    #[serde(borrow, default)]
    enterprise_id: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    event_time: Option<i64>,
    #[serde(default)]
    is_enterprise_install: Flag,
    #[serde(borrow, default, deserialize_with = "first")]
    authorizations: Option<Authorization<'a>>,
    #[serde(borrow, default)]
    team: Option<Named<'a>>,
    #[serde(borrow, default)]
    enterprise: Option<Named<'a>>,
    #[serde(borrow, default)]
    user: Option<Named<'a>>,
}

fn of_json(json: &[u8]) -> Option<Belonging> {
    if !contains(json, b"is_enterprise_install") {
        return None;
    }
    let wire: Wire<'_> = serde_json::from_slice(json).ok()?;
    let authorized = wire.authorizations.as_ref().filter(|it| it.is_enterprise_install.0);
    if authorized.is_none() && !wire.is_enterprise_install.0 {
        return None;
    }
    let enterprise = authorized
        .and_then(|it| it.enterprise_id.get())
        .or(wire.enterprise_id.get())
        .or(id(&wire.enterprise))?;
    let team = authorized
        .and_then(|it| it.team_id.get())
        .or(wire.team_id.get())
        .or(id(&wire.team))
        .or(team_of(&wire.user))
        // What concerns the whole organisation may name it in the place of a workspace.
        .filter(|team| *team != enterprise)?;
    let at = wire.event_time.and_then(|second| Timestamp::from_second(second).ok());
    Some(Belonging { team: TeamId::new(team), enterprise: enterprise.to_owned(), at })
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(body: &str, expected: Option<(&str, &str)>) {
        let expected = expected.map(|(team, enterprise)| (team.into(), enterprise.to_owned()));
        let found = belonging(body.as_bytes()).map(|it| (it.team, it.enterprise));
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn what_comes_by_an_organisations_installation_names_both() {
        let event = |org: bool, team: serde_json::Value| {
            json!({ "type": "event_callback", "team_id": "T2", "enterprise_id": "E9", "event": { "user": "U1" },
                "authorizations": [{ "enterprise_id": "E1", "team_id": team, "is_enterprise_install": org }] })
            .to_string()
        };
        check(&event(true, json!("T1")), Some(("T1", "E1")));
        check(&event(true, json!(null)), Some(("T2", "E1")));
        check(&event(false, json!("T1")), None);
        check(&event(true, json!("E1")), None);
        check("team_id=T1&enterprise_id=E1&is_enterprise_install=true&command=%2Fx", Some(("T1", "E1")));
        check("team_id=T1&enterprise_id=E1&is_enterprise_install=false&command=%2Fx", None);
        check("team_id=T1&enterprise_id=E1&command=%2Fx", None);
        check(r#"{"team_id":"T1","enterprise_id":"E1","is_enterprise_install":"true"}"#, Some(("T1", "E1")));
        let click = json!({ "type": "block_actions", "team": null, "enterprise": { "id": "E1" },
            "user": { "id": "U1", "team_id": "T1" }, "is_enterprise_install": true });
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &click.to_string())
            .finish();
        check(&form, Some(("T1", "E1")));
    }

    #[test]
    fn nonsense_belongs_nowhere() {
        check("", None);
        check("{\"is_enterprise_install\":true", None);
        check("{\"is_enterprise_install\":true,\"team\":7,\"enterprise\":[],\"user\":\"U1\"}", None);
    }
}
