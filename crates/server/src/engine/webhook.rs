//! Telling addresses outside what happened, signed as <https://www.standardwebhooks.com> has it.
//!
//! ```text
//! commit of an event ─► one job for each target ─► POST, at least once, until it is heard or three days have passed
//! ```
//!
//! Invariants: a job is committed with its event, so nothing is told that is not true, and nothing is left out. What is told
//! follows from the log, so every try tells the same, under the same id. Pages come first: of one target a few requests are
//! under way at most, of one that does not answer one, and whatever else is to be told it waits in the store and holds no
//! place of the driver's.
//!
//! What is deliberately not here: an order. Each message has its place in the incident's log.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use pagerslack_core::incident::replay;
use pagerslack_core::job::LONGEST_WAIT_OUTSIDE;
use pagerslack_core::{Incident, Job, JobKind, Recorded};
use pagerslack_slack::transport::{Body, Request, Transport, TransportError};
use pagerslack_store::{ClaimedJob, Disposal};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Engine, StepError};
use crate::config::Webhook;
use crate::view::IncidentView;

/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many requests one target may have under way.
const AT_ONCE: usize = 4;

/// How soon something is looked at again for which the target has no room.
const NO_ROOM: Duration = Duration::from_secs(2);

/// How long a target is left alone after a failure, at first and at most.
const REST: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// How long lies between two tries of the same message at least and at most. It grows with the message's age, by half of it.
const WAIT: (SignedDuration, SignedDuration) = (SignedDuration::from_secs(5), LONGEST_WAIT_OUTSIDE);

/// After how long a message is given up.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(72);

/// How long something is kept for a target that is not in the configuration: another replica may have it.
const UNKNOWN: SignedDuration = SignedDuration::from_hours(1);

/// How often those who keep the bot are told that messages to a target are given up.
const ALERT_AGAIN: Duration = Duration::from_secs(24 * 3_600);

/// Whom to tell, and by what.
pub struct Webhooks {
    targets: Vec<Target>,
    transport: Arc<dyn Transport>,
}

struct Target {
    webhook: Webhook,
    line: Mutex<Line>,
}

/// How it stands with a target. Its moments are those of [`Clock::elapsed`](crate::clock::Clock::elapsed): nobody is left
/// alone for days because the clock was put back.
#[derive(Default)]
struct Line {
    under_way: usize,
    /// One after the other.
    failures: u32,
    /// Until when it is left alone.
    rests_until: Option<Duration>,
    alerted_at: Option<Duration>,
}

/// What is told.
struct Told {
    id: String,
    body: Vec<u8>,
    at: Timestamp,
}

impl Webhooks {
    /// These, over this transport.
    pub fn new(webhooks: Vec<Webhook>, transport: Arc<dyn Transport>) -> Self {
        let target = |webhook| Target { webhook, line: Mutex::default() };
        Self { targets: webhooks.into_iter().map(target).collect(), transport }
    }

    /// How many did not answer when they were last tried.
    fn failing(&self) -> usize {
        self.targets.iter().filter(|target| target.fails()).count()
    }

    /// The jobs that follow from an event that led to `after`.
    pub(super) fn plan(&self, recorded: &Recorded, after: &Incident) -> Vec<Job> {
        let Some(name) = recorded.event.public_name() else { return Vec::new() };
        let rotation = &after.report.rotation;
        let wants = |target: &&Target| {
            let Webhook { events, channels, .. } = &target.webhook;
            (events.is_empty() || events.contains(&name))
                && (channels.is_empty() || channels.contains(&rotation.channel))
        };
        let job = |target: &Target| {
            let kind = JobKind::Webhook { target: target.webhook.name.clone(), seq: recorded.seq };
            Job::new(rotation, &after.report.incident, kind, recorded.at)
        };
        self.targets.iter().filter(wants).map(job).collect()
    }
}

impl Target {
    /// Takes one of the target's places, or says how soon to look again.
    fn begin(&self, now: Duration) -> Result<(), Duration> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = line.rests_until.filter(|until| *until > now) {
            return Err(until.saturating_sub(now));
        }
        // Whether it answers again is tried with one.
        let room = if line.failures > 0 { 1 } else { AT_ONCE };
        if line.under_way >= room {
            return Err(NO_ROOM);
        }
        line.under_way += 1;
        Ok(())
    }

    /// Whether it did not answer when it was last tried.
    fn fails(&self) -> bool {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).failures > 0
    }

    /// Gives the place back. Says whether the target has begun or ceased to fail.
    fn end(&self, heard: bool, now: Duration) -> bool {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.under_way = line.under_way.saturating_sub(1);
        let failed_before = line.failures > 0;
        if heard {
            (line.failures, line.rests_until) = (0, None);
        } else {
            // Those that were under way together and failed together have failed once.
            if line.rests_until.is_none_or(|until| until <= now) {
                let (first, longest) = REST;
                let rest = first.saturating_mul(1 << line.failures.min(10)).min(longest);
                (line.failures, line.rests_until) = (line.failures.saturating_add(1), Some(now + rest));
            }
        }
        failed_before == heard
    }

    /// Whether those who keep the bot are to be told now that messages are given up.
    fn alerts(&self, now: Duration) -> bool {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let again = line.alerted_at.is_none_or(|last| now.saturating_sub(last) >= ALERT_AGAIN);
        if again {
            line.alerted_at = Some(now);
        }
        again
    }
}

impl Engine {
    /// Tells one target of one event.
    pub(super) async fn tell_outside(&self, job: &ClaimedJob, name: &str, seq: u64) -> Result<(), StepError> {
        let now = self.now();
        let again = |due| Disposal::Again { due, doubtful: false };
        let target = self.webhooks.targets.iter().find(|target| target.webhook.name == name);
        let log = self.store.load(&job.job.rotation.team, &job.job.incident).await?.map(|stored| stored.log);
        let with_note = target.is_some_and(|target| target.webhook.note);
        let Some(told) = log.and_then(|log| told(&log, seq, with_note)) else {
            return self.dispose(job, Disposal::Done).await;
        };
        let age = now.duration_since(told.at);
        let Some(target) = target else {
            let disposal = if age > UNKNOWN { Disposal::Done } else { again(now + UNKNOWN / 6) };
            return self.dispose(job, disposal).await;
        };
        // What got old while nobody was here to tell it is told all the same, to whoever answers.
        if age > GIVE_UP && target.fails() {
            return self.give_up_telling(job, target, &told).await;
        }
        if let Err(wait) = target.begin(self.clock.elapsed()) {
            return self.dispose(job, again(now + wait)).await;
        }
        let trouble = self.post_outside(&target.webhook, &told, now).await;
        let now = self.now();
        let changed = target.end(trouble.is_none(), self.clock.elapsed());
        if changed {
            self.metrics.webhooks_failing.set(self.webhooks.failing());
        }
        let (to, id) = (name, told.id.as_str());
        match trouble {
            None => {
                self.metrics.webhooks_delivered.count();
                if changed {
                    tracing::info!(to, "a webhook is heard again");
                }
                self.dispose(job, Disposal::Done).await
            }
            Some(why) => {
                self.metrics.webhooks_failed.count();
                if changed {
                    tracing::warn!(to, id, why, "a webhook is not heard, and is tried again for three days");
                }
                if age > GIVE_UP {
                    return self.give_up_telling(job, target, &told).await;
                }
                let wait = (age / 2).clamp(WAIT.0, WAIT.1);
                self.dispose(job, again(now + wait)).await
            }
        }
    }

    /// Sends it; says what went wrong, and no more of an error than its kind: the address may hold a token.
    async fn post_outside(&self, webhook: &Webhook, told: &Told, now: Timestamp) -> Option<String> {
        let timestamp = now.as_second().to_string();
        let headers = vec![
            ("webhook-id", told.id.clone()),
            (
                "webhook-signature",
                signature(webhook.secret.expose_secret(), &told.id, &timestamp, &told.body),
            ),
            ("webhook-timestamp", timestamp),
        ];
        let request = Request {
            url: webhook.url.expose().to_owned(),
            token: None,
            body: Body::Json(told.body.clone().into()),
            timeout: TIMEOUT,
            headers,
            permit: None,
        };
        match self.webhooks.transport.send(request).await {
            Ok(response) if (200..300).contains(&response.status) => None,
            Ok(response) => Some(format!("HTTP status {}", response.status)),
            Err(TransportError::NotSent(_) | TransportError::Withheld) => Some("no connection".to_owned()),
            Err(TransportError::Unknown(_)) => Some("no answer".to_owned()),
        }
    }

    async fn give_up_telling(&self, job: &ClaimedJob, target: &Target, told: &Told) -> Result<(), StepError> {
        let to = &target.webhook.name;
        self.metrics.webhooks_given_up.count();
        tracing::error!(to, id = told.id, "a webhook was not heard for three days, and this is given up");
        if target.alerts(self.clock.elapsed()) {
            let text = format!(
                "The webhook {to} has not been heard for three days: what happened in incidents is no longer told it. The \
                 log says what was given up."
            );
            self.alert(&job.job.rotation.team, text).await?;
        }
        self.dispose(job, Disposal::Done).await
    }
}

/// What is told of an event, as everything stood after it.
fn told(log: &[Recorded], seq: u64, with_note: bool) -> Option<Told> {
    let recorded = log.iter().find(|recorded| recorded.seq == seq)?;
    let name = recorded.event.public_name()?;
    let incident = replay(log.iter().take_while(|recorded| recorded.seq <= seq))?;
    let id = format!("msg_{}_{seq}", incident.report.incident);
    let mut data = json!({ "seq": seq, "incident": IncidentView::of(&incident) });
    if with_note {
        data["note"] = Value::String(incident.report.note);
    }
    let body = json!({ "type": name, "timestamp": recorded.at, "data": data });
    Some(Told { id, body: body.to_string().into_bytes(), at: recorded.at })
}

fn signature(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = match Hmac::<Sha256>::new_from_slice(secret) {
        Ok(mac) => mac,
        // A key of any length will do.
        Err(_) => return String::new(),
    };
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the convention's own libraries.
    #[test]
    fn the_signature_is_that_of_the_convention() {
        let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    fn target() -> Target {
        let webhook = Webhook {
            name: "status-page".to_owned(),
            url: pagerslack_sources::settings::heartbeat_url("https://status.example/in").unwrap(),
            secret: Vec::new().into(),
            events: Vec::new(),
            channels: Vec::new(),
            note: false,
        };
        Target { webhook, line: Mutex::default() }
    }

    #[test]
    fn those_that_fail_together_have_failed_once() {
        let (target, now) = (target(), Duration::ZERO);
        for _ in 0..AT_ONCE {
            assert_eq!(target.begin(now), Ok(()));
        }
        assert_eq!(target.begin(now), Err(NO_ROOM));
        assert!(target.end(false, now), "it has begun to fail");
        assert!((1..AT_ONCE).all(|_| !target.end(false, now)));
        assert_eq!(target.begin(now), Err(REST.0));
        let later = now + REST.0;
        assert_eq!((target.begin(later), target.begin(later)), (Ok(()), Err(NO_ROOM)), "one at a time");
        assert!(!target.end(false, later), "it fails as before");
        assert_eq!(target.begin(later), Err(REST.0 * 2));
        let later = later + REST.0 * 2;
        assert_eq!(target.begin(later), Ok(()));
        assert!(target.end(true, later), "it has ceased to fail");
        assert!((0..AT_ONCE).all(|_| target.begin(later).is_ok()));
    }
}
