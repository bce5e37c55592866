//! What Slack sends to the app: events with their retries, commands and interactions, each one signed.
//!
//! `take_due` hands out attempts; `delivered` says how each one went. An event that failed is tried again at
//! once, after one minute and after five (docs.slack.dev/apis/events-api); commands and interactions are not.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::delivery::{Delivery, DeliveryKind, DeliveryResult, encode};
use crate::faults::FaultKind;
use crate::model::DeliveryMode;
use crate::signing;
use crate::world::World;

/// An answer must come within this time.
pub(crate) const PATIENCE: SignedDuration = SignedDuration::from_secs(3);
/// How long after a failed attempt the next one follows.
const RETRIES: [SignedDuration; 3] =
    [SignedDuration::ZERO, SignedDuration::from_secs(60), SignedDuration::from_secs(300)];

/// Whom a failed or answered delivery concerns.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    Event,
    Challenge(String),
    Command {
        hook: String,
        user: String,
        channel: String,
    },
    Interaction {
        user: String,
        channel: String,
    },
    /// A modal; of one that was closed there is nothing left to change.
    Submission {
        user: String,
        view: String,
    },
}

#[derive(Debug, Clone)]
struct Pending {
    kind: DeliveryKind,
    name: String,
    payload: Value,
    origin: Origin,
    due: Timestamp,
    attempt: u32,
    retry_reason: Option<&'static str>,
    /// The attempt under way and when it began.
    under_way: Option<(u64, Timestamp)>,
}

/// Deliveries that are not done.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pending: BTreeMap<u64, Pending>,
    lost: Vec<String>,
    pub(crate) url_verified: Option<bool>,
}

impl World {
    pub(crate) fn enqueue(
        &mut self,
        now: Timestamp,
        kind: DeliveryKind,
        name: &str,
        payload: Value,
        origin: Origin,
    ) -> u64 {
        let mut due = now;
        let mut copies = vec![payload.clone()];
        match self.faults.for_delivery(name) {
            Some(FaultKind::Drop) => {
                self.outbox.lost.push(name.to_owned());
                copies.clear();
            }
            Some(FaultKind::Double) => copies.push(payload),
            Some(FaultKind::DoubleFreshId) => {
                let mut second = payload;
                if second.get("event_id").is_some() {
                    second["event_id"] = self.event_id().into();
                }
                copies.push(second);
            }
            Some(FaultKind::Delay(by)) => due = now.saturating_add(by).unwrap_or(now),
            _ => {}
        }
        let mut first = None;
        for payload in copies {
            let id = self.next_number();
            first.get_or_insert(id);
            let (name, origin) = (name.to_owned(), origin.clone());
            let pending =
                Pending { kind, name, payload, origin, due, attempt: 0, retry_reason: None, under_way: None };
            self.outbox.pending.insert(id, pending);
        }
        first.unwrap_or_default()
    }

    /// The attempts due at `now`, in order; each is under way until [`World::delivered`] hears of it.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<Delivery> {
        self.tick(now);
        let mut due: Vec<(Timestamp, u64)> = self
            .outbox
            .pending
            .iter()
            .filter(|(_, pending)| pending.under_way.is_none() && pending.due <= now)
            .map(|(id, pending)| (pending.due, *id))
            .collect();
        due.sort_unstable();
        due.into_iter().filter_map(|(_, key)| self.attempt(now, key)).collect()
    }

    fn attempt(&mut self, now: Timestamp, key: u64) -> Option<Delivery> {
        let id = self.next_number();
        let pending = self.outbox.pending.get_mut(&key)?;
        pending.under_way = Some((id, now));
        let pending = pending.clone();
        let (body, content_type) = encode(pending.kind, &pending.payload);
        let seconds = now.as_second();
        let mut headers = vec![
            ("user-agent".to_owned(), "Slackbot 1.0 (+https://api.slack.com/robots)".to_owned()),
            ("content-type".to_owned(), content_type.to_owned()),
            ("x-slack-request-timestamp".to_owned(), seconds.to_string()),
            ("x-slack-signature".to_owned(), signing::signature(&self.app.signing_secret, seconds, &body)),
        ];
        if let Some(reason) = pending.retry_reason {
            headers.push(("x-slack-retry-num".to_owned(), pending.attempt.to_string()));
            headers.push(("x-slack-retry-reason".to_owned(), reason.to_owned()));
        }
        let url = match (&self.app.delivery, pending.kind) {
            (DeliveryMode::SocketMode, _) => None,
            (DeliveryMode::Http { events, .. }, DeliveryKind::Event) => Some(events.clone()),
            (DeliveryMode::Http { commands, .. }, DeliveryKind::Command) => Some(commands.clone()),
            (DeliveryMode::Http { interactions, .. }, DeliveryKind::Interaction) => {
                Some(interactions.clone())
            }
        };
        let Pending { attempt, kind, name, payload, retry_reason, .. } = pending;
        Some(Delivery { id, attempt, kind, name, url, headers, body, payload, retry_reason })
    }

    /// When the next attempt is due, or the next status runs out; attempts under way do not count.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let waiting = self.outbox.pending.values().filter(|pending| pending.under_way.is_none());
        let attempt = waiting.map(|pending| pending.due).min();
        [attempt, self.next_expiry().map(|(at, _)| at)].into_iter().flatten().min()
    }

    /// Names of the deliveries that wait or are under way.
    #[must_use]
    pub fn pending_deliveries(&self) -> Vec<String> {
        self.outbox.pending.values().map(|pending| pending.name.clone()).collect()
    }

    /// Names of the deliveries that never reached the app: dropped by a fault, or given up after all attempts.
    #[must_use]
    pub fn lost_deliveries(&self) -> &[String] {
        &self.outbox.lost
    }

    /// Whether the app answered the last `url_verification` rightly.
    #[must_use]
    pub fn url_verified(&self) -> Option<bool> {
        self.outbox.url_verified
    }

    /// Ends an attempt. An answer more than three seconds after the attempt began counts as a timeout.
    /// An attempt already ended is ignored.
    pub fn delivered(&mut self, now: Timestamp, id: u64, result: DeliveryResult) {
        let found = self.outbox.pending.iter().find_map(|(key, pending)| {
            let (attempt, since) = pending.under_way?;
            (attempt == id).then_some((*key, since))
        });
        let Some((key, since)) = found else { return };
        let Some(mut pending) = self.outbox.pending.remove(&key) else {
            return;
        };
        let late = self.lateness && now.duration_since(since) > PATIENCE;
        let result = if late { DeliveryResult::Timeout } else { result };
        let (failure, body, no_retry) = read_result(&result);
        match (&pending.origin, failure) {
            (Origin::Challenge(challenge), _) => {
                let right = failure.is_none() && String::from_utf8_lossy(&body).contains(challenge);
                self.outbox.url_verified = Some(right);
            }
            (Origin::Event, None) => {}
            (Origin::Event, Some(reason)) => {
                let wait = RETRIES.get(pending.attempt as usize).filter(|_| !no_retry);
                let Some(wait) = wait else {
                    self.outbox.lost.push(pending.name);
                    return;
                };
                pending.due = now + *wait;
                pending.attempt += 1;
                pending.retry_reason = Some(reason);
                pending.under_way = None;
                self.outbox.pending.insert(key, pending);
            }
            (Origin::Command { hook, .. }, None) => self.answer_command(now, &hook.clone(), &body),
            (Origin::Command { user, channel, .. }, Some(reason)) => {
                let text = format!("{} failed with the error \"{}\"", pending.name, command_error(reason));
                self.show_failure(now, user.clone().as_str(), channel.clone().as_str(), text);
                self.outbox.lost.push(pending.name);
            }
            (Origin::Interaction { .. }, None) => {}
            (Origin::Submission { user, view }, None) => {
                self.answer_submission(now, &user.clone(), &view.clone(), &body);
            }
            // The modal stays open and says "We had some trouble connecting".
            (Origin::Submission { .. }, Some(_)) => self.outbox.lost.push(pending.name),
            (Origin::Interaction { user, channel }, Some(reason)) => {
                let text = format!("That did not work: {}", command_error(reason));
                self.show_failure(now, user.clone().as_str(), channel.clone().as_str(), text);
                self.outbox.lost.push(pending.name);
            }
        }
    }

    /// Sends the challenge that an HTTP app must echo before its URL is accepted.
    pub fn send_url_verification(&mut self, now: Timestamp) -> String {
        let challenge = format!("challenge-{}", self.next_number());
        let payload =
            json!({"token": self.app.verification_token, "challenge": challenge, "type": "url_verification"});
        let origin = Origin::Challenge(challenge.clone());
        self.enqueue(now, DeliveryKind::Event, "url_verification", payload, origin);
        challenge
    }

    /// Tells the app that it gets no more events this minute.
    pub fn send_app_rate_limited(&mut self, now: Timestamp) {
        let payload = json!({
            "token": self.app.verification_token, "type": "app_rate_limited", "team_id": self.team.id,
            "minute_rate_limited": now.as_second() / 60 * 60, "api_app_id": self.app.app_id,
        });
        self.enqueue(now, DeliveryKind::Event, "app_rate_limited", payload, Origin::Event);
    }
}

/// The retry reason of a failure, the body, and whether the app wants no retry.
fn read_result(result: &DeliveryResult) -> (Option<&'static str>, Bytes, bool) {
    match result {
        DeliveryResult::Ok { status, headers, body } => {
            let failure = (!(200..300).contains(status)).then_some("http_error");
            let no_retry = headers
                .iter()
                .any(|(name, value)| name.eq_ignore_ascii_case("x-slack-no-retry") && value == "1");
            (failure, body.clone(), no_retry)
        }
        DeliveryResult::Timeout => (Some("http_timeout"), Bytes::new(), false),
        DeliveryResult::ConnectionFailed => (Some("connection_failed"), Bytes::new(), false),
    }
}

/// What the person who typed a command reads when it failed.
fn command_error(reason: &str) -> &'static str {
    match reason {
        "http_timeout" => "operation_timeout",
        "http_error" => "http_service_error",
        _ => "dispatch_failed",
    }
}
