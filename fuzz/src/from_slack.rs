//! What comes in over the network: requests and frames in any shape, their signature, and what was typed.
//!
//! Over HTTP and over Socket Mode the same comes out. Nothing is let in that the secret did not sign. Nothing that
//! was typed mentions anybody or makes a link that it was not.

mod typed;

use std::sync::LazyLock;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use pagerslack_slack::frame::{self, Envelope, Frame};
use pagerslack_slack::inbound::{SlashCommand, belonging, belonging_of_envelope, parse, parse_envelope};
use pagerslack_slack::verify::{MAX_AGE_SECONDS, SigningSecret};
use pagerslack_slack::{Inbound, Rejection};
use serde_json::json;
use serde_json::value::RawValue;
use sha2::Sha256;

pub use typed::command;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Requests of every content type, and frames.
///
/// # Panics
/// When something else comes out over Socket Mode than over HTTP, or what is told of the unreadable is no label.
pub fn inbound(input: &[u8]) {
    for content_type in [JSON, FORM, "application/x-www-form-urlencoded; charset=utf-8", "text/plain", ""] {
        let inbound = parse(content_type, input);
        told_in_short(&inbound);
        if let Inbound::Command(command) = &inbound {
            assert_eq!(as_json(command), inbound, "a command");
        }
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    read_frame(text);
    if let Ok(payload) = serde_json::from_str::<Box<RawValue>>(text) {
        read_payload(&payload);
    }
}

fn told_in_short(inbound: &Inbound) {
    match inbound {
        Inbound::Ignored { what } => {
            assert!(what.len() <= 60 && what.is_ascii() && !what.contains(char::is_control), "{what:?}");
        }
        Inbound::Malformed { why } => assert!(why.len() <= 100 && !why.contains(char::is_control), "{why:?}"),
        _ => {}
    }
}

/// A slash command as Socket Mode would bring it.
fn as_json(command: &SlashCommand) -> Inbound {
    let SlashCommand { team, team_domain, enterprise, channel, channel_name, user, .. } = command;
    let payload = json!({
        "team_id": team.as_str(), "team_domain": team_domain, "enterprise_id": enterprise,
        "channel_id": channel.as_str(), "channel_name": channel_name, "user_id": user.as_str(),
        "command": command.command, "text": command.text, "response_url": command.response_url,
        "trigger_id": command.trigger_id,
    });
    match serde_json::value::to_raw_value(&payload) {
        Ok(payload) => parse_envelope("slash_commands", &payload),
        Err(error) => panic!("{error}"),
    }
}

/// JSON that may be the payload of anything.
fn read_payload(payload: &RawValue) {
    let event = parse(JSON, payload.get().as_bytes());
    assert_eq!(parse_envelope("events_api", payload), event, "an event");
    let form =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", payload.get()).finish();
    let click = parse(FORM, form.as_bytes());
    assert_eq!(parse_envelope("interactive", payload), click, "a click");
    assert_eq!(belonging(form.as_bytes()), belonging_of_envelope(payload), "whose installation it comes by");
    told_in_short(&parse_envelope("slash_commands", payload));
    // In an envelope this is no payload at all.
    if payload.get() == "null" {
        return;
    }
    for (kind, inbound) in [("events_api", event), ("interactive", click)] {
        let text = format!(
            r#"{{"envelope_id":"e1","type":"{kind}","retry_attempt":2,"payload":{}}}"#,
            payload.get()
        );
        let belonging = belonging_of_envelope(payload).map(Box::new);
        let expected = Envelope { id: "e1".to_owned(), inbound, belonging, takes_answer: false, retry: 2 };
        assert_eq!(frame::parse(&text), Frame::Envelope(expected), "a frame of {kind}");
    }
}

/// A frame may be anything; what has an envelope can be acknowledged.
fn read_frame(text: &str) {
    match frame::parse(text) {
        Frame::Envelope(envelope) => {
            told_in_short(&envelope.inbound);
            let acknowledgement = frame::acknowledgement(&envelope.id, Some(json!({ "text": envelope.id })));
            let read: serde_json::Value = serde_json::from_str(&acknowledgement).unwrap_or_default();
            assert_eq!(read["envelope_id"], envelope.id);
        }
        Frame::Other { kind } => assert!(kind.chars().count() <= 40),
        Frame::Hello { .. } | Frame::Disconnect(_) => {}
    }
}

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
/// The moment of every check, in seconds.
const NOW: i64 = 1_800_000_000;

static SIGNING: LazyLock<SigningSecret> = LazyLock::new(|| match SigningSecret::new(&SECRET.into()) {
    Ok(secret) => secret,
    Err(error) => panic!("{error}"),
});

/// A request: its timestamp on the first line, its signature on the second, then its body.
///
/// A first line `-` means no header. A second line that begins with `!` is signed as Slack would sign it; the bytes
/// behind the `!`, in pairs of a place and a mask, are then flipped in the signature, so that the fuzzer comes as
/// close as anybody can.
///
/// # Panics
/// When a request is let in that is not signed with the secret, or is not of now; or the contrary.
pub fn signature(input: &[u8]) {
    let mut parts = input.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (timestamp, signature, body) = (part(), part(), part());
    let timestamp = (timestamp != b"-").then_some(timestamp);
    let flipped =
        signature.strip_prefix(b"!").map(|flips| flipped(timestamp.unwrap_or_default(), body, flips));
    let signature = flipped.as_deref().or((signature != b"-").then_some(signature));
    let now = Timestamp::from_second(NOW).unwrap_or_default();
    let verdict = SIGNING.verify(timestamp, signature, body, now);
    let genuine = timestamp.is_some_and(|timestamp| signature == Some(&expected(timestamp, body)));
    assert_eq!(verdict.is_ok(), genuine && timestamp.is_some_and(is_recent), "{verdict:?}");
    if !genuine && signature.is_some_and(is_formed) && timestamp.is_some_and(is_recent) {
        assert_eq!(verdict, Err(Rejection::Mismatch));
    }
}

fn flipped(timestamp: &[u8], body: &[u8], flips: &[u8]) -> Vec<u8> {
    let mut signature = expected(timestamp, body);
    for flip in flips.chunks_exact(2) {
        let place = usize::from(flip[0]) % signature.len();
        signature[place] ^= flip[1];
    }
    signature
}

/// What Slack would write, by its documentation and without our code.
fn expected(timestamp: &[u8], body: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else { return Vec::new() };
    mac.update(&[b"v0:", timestamp, b":", body].concat());
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v0={digits}").into_bytes()
}

fn is_recent(timestamp: &[u8]) -> bool {
    let digits =
        std::str::from_utf8(timestamp).ok().filter(|text| text.bytes().all(|it| it.is_ascii_digit()));
    let sent = digits.and_then(|digits| digits.parse::<i64>().ok());
    sent.is_some_and(|sent| sent.abs_diff(NOW) <= MAX_AGE_SECONDS)
}

fn is_formed(signature: &[u8]) -> bool {
    let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    signature.strip_prefix(b"v0=").is_some_and(|digits| digits.len() == 64 && digits.iter().all(hex))
}
