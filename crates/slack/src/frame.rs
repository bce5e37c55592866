//! The protocol of Socket Mode, without any I/O: what a frame says, and what is sent back.
//!
//! Invariant: parsing never fails. Whatever has an envelope id can be acknowledged, even if nobody knows what
//! it is; what `disconnect` leaves out is not missed. Source: docs.slack.dev/apis/events-api/using-socket-mode.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::inbound::{Belonging, Inbound, belonging_of_envelope, parse_envelope};
use crate::lenient::{Word, or_default};

/// What one text frame says.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// The link is up.
    Hello {
        /// How many links Slack has of this app, ours and others'.
        connections: Option<u32>,
    },
    /// Slack will close the link, or wants it closed.
    Disconnect(Reason),
    /// Something happened; to be acknowledged once it is safely stored.
    Envelope(Envelope),
    /// Nothing to be done.
    Other {
        /// The frame's type.
        kind: String,
    },
}

/// What happened, and how to acknowledge it.
#[derive(Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What the acknowledgement names.
    pub id: String,
    /// What happened.
    pub inbound: Inbound,
    /// Whether it comes by the installation of a whole organisation.
    pub belonging: Option<Box<Belonging>>,
    /// Whether the acknowledgement may carry an answer to the person.
    pub takes_answer: bool,
    /// 0 at first.
    pub retry: u32,
}

/// Why a link ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// In about ten seconds (`warning`), or at Slack's convenience (`refresh_requested`, or no reason known to
    /// us): open another link first.
    Refresh,
    /// The app has ten links already: close this one first.
    TooMany,
    /// Socket Mode has been switched off for the app.
    Disabled,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Word<'a>,
    #[serde(borrow, default)]
    envelope_id: Word<'a>,
    #[serde(borrow, default)]
    reason: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    num_connections: Option<u32>,
    #[serde(default, deserialize_with = "or_default")]
    accepts_response_payload: bool,
    #[serde(default, deserialize_with = "or_default")]
    retry_attempt: u32,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

/// Reads one text frame.
pub fn parse(text: &str) -> Frame {
    let Ok(wire) = serde_json::from_str::<Wire<'_>>(text) else {
        return Frame::Other { kind: "unreadable".to_owned() };
    };
    let kind = wire.kind.get().unwrap_or("unknown");
    match (kind, wire.envelope_id.owned()) {
        ("hello", _) => Frame::Hello { connections: wire.num_connections },
        ("disconnect", _) => Frame::Disconnect(match wire.reason.get() {
            Some("too_many_websockets") => Reason::TooMany,
            Some("link_disabled") => Reason::Disabled,
            _ => Reason::Refresh,
        }),
        (_, Some(id)) => Frame::Envelope(Envelope {
            id,
            inbound: wire.payload.map_or_else(
                || Inbound::ignored("envelope without a payload"),
                |payload| parse_envelope(kind, payload),
            ),
            belonging: wire.payload.and_then(belonging_of_envelope).map(Box::new),
            takes_answer: wire.accepts_response_payload,
            retry: wire.retry_attempt,
        }),
        (kind, None) => Frame::Other { kind: kind.chars().take(40).collect() },
    }
}

/// The acknowledgement of an envelope, with an answer where Slack takes one.
pub fn acknowledgement(envelope_id: &str, answer: Option<Value>) -> String {
    match answer {
        Some(answer) => json!({ "envelope_id": envelope_id, "payload": answer }),
        None => json!({ "envelope_id": envelope_id }),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hello_and_goodbye() {
        let hello = r#"{"type":"hello","num_connections":2,"connection_info":{"app_id":"A1"},"debug_info":{"approximate_connection_time":18060}}"#;
        assert_eq!(parse(hello), Frame::Hello { connections: Some(2) });
        assert_eq!(parse(r#"{"type":"hello","num_connections":null}"#), Frame::Hello { connections: None });
        for (json, reason) in [
            (r#"{"type":"disconnect","reason":"warning","debug_info":{"host":"wss-1"}}"#, Reason::Refresh),
            (r#"{"type":"disconnect","reason":"refresh_requested"}"#, Reason::Refresh),
            (r#"{"type":"disconnect","reason":"something_new","debug_info":null}"#, Reason::Refresh),
            (r#"{"type":"disconnect"}"#, Reason::Refresh),
            (r#"{"type":"disconnect","reason":"link_disabled"}"#, Reason::Disabled),
            (r#"{"type":"disconnect","reason":"too_many_websockets"}"#, Reason::TooMany),
        ] {
            assert_eq!(parse(json), Frame::Disconnect(reason), "{json}");
        }
    }

    #[test]
    fn an_event_and_a_command_come_with_their_envelope() {
        let event = r#"{"envelope_id":"e1","type":"events_api","accepts_response_payload":false,"retry_attempt":1,"retry_reason":"timeout",
            "payload":{"type":"event_callback","team_id":"T1","event_id":"Ev1","event":{"type":"reaction_added","user":"U1","reaction":"eyes","item":{"type":"message","channel":"C1","ts":"1.2"}}}}"#;
        let Frame::Envelope(envelope) = parse(event) else { panic!("an envelope") };
        assert_eq!((envelope.id.as_str(), envelope.takes_answer, envelope.retry), ("e1", false, 1));
        assert!(matches!(envelope.inbound, Inbound::ReactionAdded(_)));

        let command = r#"{"envelope_id":"e2","type":"slash_commands","accepts_response_payload":true,
            "payload":{"team_id":"T1","channel_id":"C1","user_id":"U1","command":"/devoncall","text":"<https://x>"}}"#;
        let Frame::Envelope(envelope) = parse(command) else { panic!("an envelope") };
        assert!(envelope.takes_answer);
        assert!(matches!(envelope.inbound, Inbound::Command(_)));
    }

    #[test]
    fn the_unknown_is_acknowledged_if_it_can_be() {
        let Frame::Envelope(envelope) = parse(r#"{"envelope_id":"e1","type":"sooner_or_later","payload":7}"#)
        else {
            panic!("an envelope")
        };
        assert_eq!(envelope.inbound, Inbound::ignored_kind("envelope:", "sooner_or_later"));
        assert!(matches!(parse(r#"{"envelope_id":"e1","type":"events_api"}"#), Frame::Envelope(_)));
        assert_eq!(parse(r#"{"type":"news"}"#), Frame::Other { kind: "news".into() });
        assert_eq!(parse("Ping from applink"), Frame::Other { kind: "unreadable".into() });
    }

    #[test]
    fn an_acknowledgement_carries_an_answer_only_when_there_is_one() {
        assert_eq!(acknowledgement("e1", None), r#"{"envelope_id":"e1"}"#);
        assert_eq!(
            acknowledgement("e1", Some(json!({ "text": "on it" }))),
            r#"{"envelope_id":"e1","payload":{"text":"on it"}}"#
        );
    }
}
