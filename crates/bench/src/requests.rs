//! Requests as Slack sends them: the whole of HTTP/1.1, signed, ready to be written to a socket.
//!
//! Sources: docs.slack.dev/apis/events-api, docs.slack.dev/interactivity/implementing-slash-commands.

use bytes::Bytes;
use jiff::Timestamp;
use pagerslack_slack::verify::SigningSecret;
use secrecy::SecretString;
use serde_json::json;

/// The signing secret of the bots that are measured.
pub(crate) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// Who signs.
pub(crate) struct Slack(SigningSecret);

impl Slack {
    /// The Slack that knows [`SECRET`].
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self(SigningSecret::new(&SecretString::from(SECRET))?))
    }

    /// Somebody reacts to a message that is no page, every tenth time with 👀, so that the index is asked.
    /// About 1.2 KB, headers aside.
    pub(crate) fn reaction(&self, number: usize) -> Bytes {
        let reactions =
            ["eyes", "thumbsup", "heart", "white_check_mark", "tada", "joy", "100", "pray", "rocket", "clap"];
        let context = format!("4-{}", "eyJldCI6InJlYWN0aW9uX2FkZGVkIiwidGlkIjoiVDEyM0FCQzQ1NiJ9".repeat(6));
        let body = json!({
            "token": "z26uFbvR1xHJEdHE1OQiO6t8",
            "team_id": "T123ABC456",
            "context_team_id": "T123ABC456",
            "context_enterprise_id": null,
            "api_app_id": "A123ABC456",
            "event": {
                "type": "reaction_added",
                "user": format!("U{number:010}"),
                "reaction": reactions[number % reactions.len()],
                "item": { "type": "message", "channel": "C123ABC456", "ts": format!("1764000000.{number:06}") },
                "item_user": "U222222222",
                "event_ts": format!("1764000001.{number:06}"),
            },
            "type": "event_callback",
            "event_id": format!("Ev{number:09}"),
            "event_time": 1_764_000_001,
            "authorizations": [{
                "enterprise_id": null,
                "team_id": "T123ABC456",
                "user_id": "U0000000BOT",
                "is_bot": true,
                "is_enterprise_install": false,
            }],
            "is_ext_shared_channel": false,
            "event_context": context,
            "authed_users": ["U0000000BOT"],
            "padding": "Fields that Slack may add at any time, and long names of channels and people. ".repeat(2),
        });
        self.signed("/slack/events", "application/json", &body.to_string())
    }

    /// Somebody types `/devoncall` with an address of its own.
    pub(crate) fn report(&self, team: &str, channel: &str, number: usize) -> Bytes {
        let url = format!("https://incidents.example.com/incidents/{number}");
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("token", "gIkuvaNzQIHg97ATvDxqgjtO")
            .append_pair("team_id", team)
            .append_pair("team_domain", "example")
            .append_pair("channel_id", channel)
            .append_pair("channel_name", "dev-escalation")
            .append_pair("user_id", "U2147483697")
            .append_pair("user_name", "steve")
            .append_pair("command", "/devoncall")
            .append_pair("text", &format!("{url} the checkout answers with errors"))
            .append_pair("api_app_id", "A123ABC456")
            .append_pair("is_enterprise_install", "false")
            .append_pair(
                "response_url",
                &format!("https://hooks.slack.com/commands/T1/{number}/96rGlfmibIGlgcZR"),
            )
            .append_pair("trigger_id", &format!("{number}.738474920.8088930838d88f008e0"))
            .finish();
        self.signed("/slack/commands", "application/x-www-form-urlencoded", &body)
    }

    fn signed(&self, path: &str, content_type: &str, body: &str) -> Bytes {
        let sent = Timestamp::now().as_second();
        let signature = self.0.sign(sent, body.as_bytes());
        Bytes::from(format!(
            "POST {path} HTTP/1.1\r\n\
             Host: pagerslack.example.com\r\n\
             User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n\
             Accept-Encoding: gzip,deflate\r\n\
             Accept: */*\r\n\
             X-Slack-Signature: {signature}\r\n\
             X-Slack-Request-Timestamp: {sent}\r\n\
             Content-Length: {}\r\n\
             Content-Type: {content_type}\r\n\r\n{body}",
            body.len()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_is_about_as_long_as_slacks() {
        let request = Slack::new().unwrap().reaction(7);
        let body = request.split(|byte| *byte == b'{').map(<[u8]>::len).sum::<usize>();
        assert!((1_200..2_000).contains(&body), "{} bytes with headers", request.len());
    }
}
