//! Bad days on demand.

use serde_json::json;
use slack_sim::{Answer, Fault, FaultKind, Outcome};

use crate::support::{CHANNEL, ask, call, call_full, seconds, start, team};

#[test]
fn some_faults_strike_before_the_effect_and_some_after() {
    let cases = [
        (FaultKind::Http404, 0),
        (FaultKind::Http500, 0),
        (FaultKind::Garbage, 0),
        (FaultKind::Error("service_unavailable".into()), 0),
        (FaultKind::RateLimited { retry_after: Some(7) }, 0),
        (FaultKind::HangBefore, 0),
        (FaultKind::CloseBefore, 0),
        (FaultKind::Http500AfterEffect, 1),
        (FaultKind::ErrorAfterEffect("internal_error".into()), 1),
        (FaultKind::HangAfter, 1),
        (FaultKind::CloseAfter, 1),
    ];
    for (kind, effect) in cases {
        let mut world = team();
        world.inject(Fault::once("chat.postMessage", kind.clone()));
        let post = json!({"channel": CHANNEL, "text": "x"});
        let answer = ask(&mut world, start(), "chat.postMessage", &post);
        assert_eq!(world.messages(CHANNEL).len(), effect, "{kind:?}");
        match kind {
            FaultKind::HangBefore | FaultKind::HangAfter => assert!(matches!(answer, Answer::Hang)),
            FaultKind::CloseBefore | FaultKind::CloseAfter => assert!(matches!(answer, Answer::Close)),
            _ => assert!(answer.response().is_some()),
        }
        assert_ne!(world.calls()[0].outcome, Outcome::Answered);
        assert_eq!(call(&mut world, seconds(8), "chat.postMessage", &post)["ok"], true);
    }
}

#[test]
fn an_injected_429_stays_for_its_seconds() {
    let mut world = team();
    world.inject(Fault::once("users.info", FaultKind::RateLimited { retry_after: Some(30) }));
    let asked = json!({"user": "U1"});
    assert_eq!(call_full(&mut world, start(), "users.info", &asked).0.as_u16(), 429);
    assert_eq!(call_full(&mut world, seconds(29), "users.info", &asked).0.as_u16(), 429);
    assert_eq!(call_full(&mut world, seconds(30), "users.info", &asked).0.as_u16(), 200);
    assert_eq!(world.count_calls("users.info"), 3);
}

#[test]
fn a_429_may_come_without_its_seconds() {
    let mut world = team();
    world.inject(Fault::once("users.info", FaultKind::RateLimited { retry_after: None }));
    let answer = ask(&mut world, start(), "users.info", &json!({"user": "U1"})).response().unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().get("retry-after")), (429, None));
    assert_eq!(world.calls()[0].outcome, Outcome::RateLimited);
    assert_eq!(call(&mut world, seconds(1), "users.info", &json!({"user": "U1"}))["ok"], true);
}

#[test]
fn calls_are_logged_without_the_token() {
    let mut world = team();
    call(&mut world, start(), "users.info", &json!({"user": "U1", "token": "xoxb-simulated"}));
    let logged = &world.calls()[0];
    assert_eq!((logged.method.as_str(), &logged.outcome), ("users.info", &Outcome::Answered));
    assert_eq!(logged.args.keys().collect::<Vec<_>>(), ["user"]);
}

#[test]
fn deliveries_are_dropped_doubled_and_delayed() {
    let mut world = team();
    let dm = |world: &mut slack_sim::World| world.direct_message(start(), "U1", "hello").unwrap();
    world.inject(Fault::once("message", FaultKind::Drop));
    dm(&mut world);
    assert!(world.take_due(start()).is_empty());
    assert_eq!(world.lost_deliveries(), ["message"]);
    world.inject(Fault::once("message", FaultKind::Double));
    dm(&mut world);
    let twice = world.take_due(start());
    assert_eq!(twice[0].payload["event_id"], twice[1].payload["event_id"]);
    world.inject(Fault::once("message", FaultKind::DoubleFreshId));
    dm(&mut world);
    let twice = world.take_due(start());
    assert_eq!(twice[0].payload["event"], twice[1].payload["event"]);
    assert_ne!(twice[0].payload["event_id"], twice[1].payload["event_id"]);
    world.inject(Fault::everything(FaultKind::Delay(jiff::SignedDuration::from_secs(90))));
    dm(&mut world);
    assert_eq!(world.next_due(), Some(seconds(90)));
    world.clear_faults();
    dm(&mut world);
    assert_eq!(world.take_due(start()).len(), 1);
}

/// Given Slack takes its time to show what was posted, when the channel and the thread are read back, then the message
/// is not there, and later it is.
#[test]
fn what_was_posted_can_be_read_a_while_later() {
    let mut world = team();
    world.set_read_delay(jiff::SignedDuration::from_secs(2));
    let root = call(&mut world, start(), "chat.postMessage", &json!({"channel": CHANNEL, "text": "root"}));
    let reply = json!({"channel": CHANNEL, "text": "reply", "thread_ts": root["ts"]});
    call(&mut world, seconds(2), "chat.postMessage", &reply);
    let read = |world: &mut slack_sim::World, at, method: &str| {
        let asked = json!({"channel": CHANNEL, "ts": root["ts"]});
        call(world, at, method, &asked)["messages"].as_array().map(Vec::len)
    };
    assert_eq!(read(&mut world, seconds(1), "conversations.history"), Some(0));
    assert_eq!(read(&mut world, seconds(2), "conversations.history"), Some(1));
    assert_eq!(read(&mut world, seconds(3), "conversations.replies"), Some(1), "only the root");
    assert_eq!(read(&mut world, seconds(4), "conversations.replies"), Some(2));
}

/// Given Slack splits what is long, when something long is posted, then it stands in pieces, and the app is told of
/// the first, which alone has the metadata.
#[test]
fn a_long_text_may_become_several_messages() {
    let mut world = team();
    world.set_split_beyond(10);
    let metadata = json!({"event_type": "x", "event_payload": {"key": "k"}});
    let post = json!({"channel": CHANNEL, "text": "one two three four", "metadata": metadata});
    let answer = call(&mut world, start(), "chat.postMessage", &post);
    let messages = world.messages(CHANNEL);
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["one two", "three four"]);
    assert_eq!(answer["ts"], messages[0].ts);
    assert_eq!((messages[0].metadata.is_some(), messages[1].metadata.is_some()), (true, false));
}
