//! Somebody in the path plays back what Slack sent: within the five minutes in which its signature is good, nothing
//! happens twice (P8).
//!
//! Each story is told twice: once undisturbed, and once with an eavesdropper who, after every step, sends the bot all
//! requests again that it has ever had, as they were, and those that Slack might sign anew: delivered again, and under
//! another event id. After every step both channels, both sets of private messages and both logs must read the same.

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use pagerslack::config::RotationConfig;
use pagerslack_core::Rules;
use pagerslack_core::rules::Weekend;
use serde_json::Value;
use slack_sim::{DeliveryResult, World, signature};

use crate::harness::{CHANNEL, Stage, team};

const URL: &str = "https://incident.example/1";
const PEOPLE: [&str; 5] = ["U1", "U2", "U3", "U4", "M1"];

/// A story that is told with or without an eavesdropper.
struct Told {
    stage: Stage,
    eavesdropped: bool,
    heard: Vec<(Timestamp, Request<Bytes>)>,
    /// What could be seen after each step.
    seen: Vec<String>,
}

impl Told {
    async fn of(settings: RotationConfig, eavesdropped: bool) -> Self {
        let stage = Stage::new(team(&["ana", "bo", "chen", "dara"]), settings).await;
        Self { stage, eavesdropped, heard: vec![], seen: vec![] }
    }

    /// Something is done in Slack; what Slack then sends is brought, overheard, and played back.
    async fn step<T>(&mut self, what: &str, act: impl FnOnce(&mut World, Timestamp) -> T) {
        self.stage.slack.with(act);
        loop {
            let due = self.stage.slack.with(|world, now| world.take_due(now));
            if due.is_empty() {
                break;
            }
            for delivery in due {
                let request = delivery.request().unwrap();
                self.heard.push((self.stage.now(), request.clone()));
                let (status, body) = self.stage.request(request).await;
                assert_eq!(status, 200, "{what}");
                let result = DeliveryResult::answered(status, body);
                self.stage.slack.with(|world, now| world.delivered(now, delivery.id, result));
            }
        }
        self.stage.settle().await;
        self.look(what).await;
    }

    async fn pass(&mut self, time: &str) {
        self.stage.pass(time).await;
        self.look(time).await;
    }

    async fn look(&mut self, what: &str) {
        if self.eavesdropped {
            self.play_back().await;
        }
        let mut seen = format!("after {what}:\n{}", self.stage.transcript());
        for user in PEOPLE {
            for text in self.stage.ephemerals(user).iter().chain(&self.stage.direct_texts(user)) {
                seen.push_str(&format!("\nto {user}: {text}"));
            }
        }
        for (name, incident) in self.stage.incidents().await {
            seen.push_str(&format!("\n{name}: version {}, {:?}", incident.version, incident.phase));
        }
        self.seen.push(seen);
    }

    async fn play_back(&self) {
        let secret = self.stage.slack.read(|world| world.app().signing_secret.clone());
        let now = self.stage.now();
        let good = |at: &Timestamp| now.duration_since(*at) <= SignedDuration::from_mins(5);
        for (_, request) in self.heard.iter().filter(|(at, _)| good(at)) {
            let signed_anew = |body: Vec<u8>| {
                let (mut head, _) = request.clone().into_parts();
                let (name, at) = ("x-slack-request-timestamp", now.as_second());
                head.headers.insert("x-slack-signature", signature(&secret, at, &body).parse().unwrap());
                head.headers.insert(name, at.into());
                Request::from_parts(head, Bytes::from(body))
            };
            let mut again = vec![request.clone(), request.clone(), signed_anew(request.body().to_vec())];
            if let Ok(mut event) = serde_json::from_slice::<Value>(request.body()) {
                event["event_id"] = "EvFRESH".into();
                again.push(signed_anew(event.to_string().into_bytes()));
            }
            for request in again {
                assert_eq!(self.stage.request(request).await.0, 200);
                self.stage.settle().await;
            }
        }
    }

    async fn commands(&mut self, user: &'static str, text: &'static str) {
        let act =
            |world: &mut World, now| world.slash_command(now, user, CHANNEL, "/devoncall", text).unwrap();
        self.step(&format!("{user} types {text}"), act).await;
    }

    async fn presses(&mut self, user: &str, ts: &str, action: &str) {
        let act = |world: &mut World, now| world.click(now, user, CHANNEL, ts, action).unwrap();
        self.step(&format!("{user} presses {action}"), act).await;
    }

    async fn reacts(&mut self, user: &str, ts: &str) {
        let act = |world: &mut World, now| world.react(now, user, CHANNEL, ts, "eyes").unwrap();
        self.step(&format!("{user} reacts"), act).await;
    }

    fn root(&self) -> String {
        self.stage.roots().pop().unwrap()
    }
}

/// Tells a story both ways and compares, step by step.
async fn check(settings: RotationConfig, story: impl AsyncFn(&mut Told)) {
    let mut undisturbed = Told::of(settings.clone(), false).await;
    story(&mut undisturbed).await;
    let mut overheard = Told::of(settings, true).await;
    story(&mut overheard).await;
    for (seen, expected) in overheard.seen.iter().zip(&undisturbed.seen) {
        pretty_eq(seen, expected);
    }
    assert_eq!(overheard.seen.len(), undisturbed.seen.len());
    assert!(!overheard.heard.is_empty());
}

fn pretty_eq(seen: &str, expected: &str) {
    assert!(seen == expected, "with the eavesdropper:\n{seen}\n\nwithout:\n{expected}");
}

fn managers() -> RotationConfig {
    RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() }
}

/// Given people report, ask, pass, take, hand over and take again, when each request is played back after each of
/// these, then nobody is asked, told, taken off or put on anything by it.
#[tokio::test]
async fn nothing_that_people_do_in_the_channel_happens_twice() {
    check(managers(), async |told: &mut Told| {
        told.commands("U1", URL).await;
        told.commands("U2", URL).await;
        told.commands("U2", "top").await;
        told.commands("U2", "nonsense").await;
        let first = told.stage.post("page/1");
        told.presses(&first.asks(), &first.ts, "pagerslack_why").await;
        told.presses(&first.asks(), &first.ts, "pagerslack_pass").await;
        let second = told.stage.post("page/2");
        // Not theirs to pass any more.
        told.presses(&second.asks(), &second.ts, "pagerslack_take").await;
        told.pass("20 s").await;
        let root = told.root();
        told.presses(&second.asks(), &root, "pagerslack_hand_over").await;
        told.pass("10 s").await;
        // Whoever handed it over takes it again, which by a 👀 they could not.
        let third = told.stage.post("page/3");
        told.presses(&second.asks(), &third.ts, "pagerslack_take").await;
        told.pass("10 s").await;
        told.presses(&second.asks(), &root, "pagerslack_hand_over").await;
        told.pass("20 s").await;
        let fourth = told.stage.post("page/4");
        told.reacts(&fourth.asks(), &fourth.ts).await;
        told.pass("10 s").await;
        told.presses(&fourth.asks(), &root, "pagerslack_hand_over").await;
        told.pass("10 min").await;
    })
    .await;
}

/// Given people write to the bot directly, then each question is answered once.
#[tokio::test]
async fn no_question_is_answered_twice() {
    check(managers(), async |told: &mut Told| {
        told.commands("U1", URL).await;
        for text in ["status", "position", "why", "hello?"] {
            let act = |world: &mut World, now| world.direct_message(now, "U2", text).unwrap();
            told.step(&format!("U2 writes {text}"), act).await;
            told.pass("10 s").await;
        }
        let root = told.root();
        told.presses("U1", &root, "pagerslack_cancel").await;
        told.pass("6 min").await;
    })
    .await;
}

/// Given somebody reported what was open already, when it is cancelled and their report is played back, then it is
/// not opened anew; it is when they report it again.
#[tokio::test]
async fn a_report_of_what_was_open_opens_nothing_later() {
    check(managers(), async |told: &mut Told| {
        told.commands("U1", URL).await;
        told.commands("U2", URL).await;
        let root = told.root();
        told.presses("U1", &root, "pagerslack_cancel").await;
        told.pass("1 min").await;
        told.commands("U2", URL).await;
        assert_eq!(told.stage.roots().len(), 2);
        let root = told.root();
        told.presses("U2", &root, "pagerslack_cancel").await;
        told.pass("6 min").await;
    })
    .await;
}

/// Given a weekend with a schedule, when the managers are called by the button, one takes it and hands it over, then
/// the press, played back, calls nobody.
#[tokio::test]
async fn the_managers_are_called_once() {
    let rules =
        Rules { weekend: Weekend::Link { url: "https://schedule.example".to_owned() }, ..Rules::default() };
    check(RotationConfig { rules, ..managers() }, async |told: &mut Told| {
        told.pass("96 h").await;
        told.commands("U1", URL).await;
        let root = told.root();
        told.presses("U2", &root, "pagerslack_call_managers").await;
        told.pass("10 s").await;
        let call = told.stage.post("managers/1");
        told.presses("M1", &call.ts, "pagerslack_take").await;
        told.pass("10 s").await;
        told.presses("M1", &root, "pagerslack_hand_over").await;
        told.pass("6 min").await;
    })
    .await;
}

/// Given an incident's end, when "Done" is played back, then it is said once that it is done.
#[tokio::test]
async fn an_incident_is_closed_once() {
    let mut settings = managers();
    settings.policy.follow_up_after = Some(SignedDuration::from_hours(24));
    check(settings, async |told: &mut Told| {
        told.commands("U1", URL).await;
        let root = told.root();
        told.reacts("U1", &root).await;
        told.pass("24 h").await;
        let question = told.stage.post("follow-up");
        // Not theirs to close.
        told.presses("U3", &question.ts, "pagerslack_done").await;
        told.pass("10 s").await;
        told.presses("U1", &question.ts, "pagerslack_done").await;
        told.pass("6 min").await;
    })
    .await;
}
