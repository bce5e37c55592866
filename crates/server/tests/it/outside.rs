//! Somebody outside who is told what happens does not hear it for days.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::harness::{Heard, Log, Stage, team};

/// How long something is told again and again.
const THREE_DAYS: SignedDuration = SignedDuration::from_hours(72);

/// How long lies between two tries at most, and the longest rest of whoever does not answer.
const AN_HOUR: SignedDuration = SignedDuration::from_mins(65);

/// The tries of each message, which all tell the same.
fn tries(heard: &[Heard]) -> BTreeMap<&str, Vec<Timestamp>> {
    let mut tries: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for this in heard {
        let first = heard.iter().find(|other| other.id == this.id).unwrap();
        assert_eq!(first.told, this.told, "the same under the same id");
        tries.entry(&this.id).or_default().push(this.at);
    }
    tries
}

async fn reported_and_taken(stage: &Stage) {
    stage.types("U1", "https://incident.example/1").await;
    let page = stage.post("page/1");
    stage.pass("20 s").await;
    stage.reacts(&page.asks(), &page.ts, "eyes").await;
    assert_eq!(stage.kinds(), "root page/1 taken");
}

/// Given somebody outside who answers "not now" for days, then each message is tried at least once an hour under one id,
/// and given up after three days: counted, logged, and the keepers are told once.
#[tokio::test]
async fn what_is_not_heard_for_three_days_is_given_up() {
    let log = Log::keep();
    let world = team(&["ana", "bo"]).channel("C7", "keepers");
    let (stage, outside) = Stage::telling(world, "admin = \"C7\"").await;
    outside.answers(Some(503));
    reported_and_taken(&stage).await;
    stage.pass("71 h 59 min").await;
    assert_eq!(stage.count("webhooks_given_up"), 0);
    stage.pass("3 h").await;
    let heard = outside.heard();
    let tries = tries(&heard);
    assert_eq!(tries.len(), 3, "{:?}", tries.keys());
    for (id, times) in &tries {
        let told = heard.iter().find(|heard| heard.id == *id).unwrap();
        let happened: Timestamp = told.told["timestamp"].as_str().unwrap().parse().unwrap();
        let all = std::iter::once(&happened).chain(times).zip(times);
        let longest = all.map(|(one, next)| next.duration_since(*one)).max().unwrap();
        assert!(longest <= AN_HOUR, "{id}: {longest:#} without a try");
        let last = times.last().unwrap().duration_since(happened);
        assert!(last > THREE_DAYS - AN_HOUR && last < THREE_DAYS + AN_HOUR, "{id}: {last:#}");
        assert!((60..160).contains(&times.len()), "{id}: {} tries", times.len());
    }
    assert_eq!(stage.count("webhooks_given_up"), 3);
    let begun = log.lines("a webhook is not heard, and is tried again for three days");
    assert_eq!((begun.len(), &begun[0]["why"]), (1, &"HTTP status 503".into()), "said once: {begun:?}");
    let given_up = log.lines("a webhook was not heard for three days, and this is given up");
    let mut ids: Vec<_> = given_up.iter().map(|line| line["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, tries.into_keys().collect::<Vec<_>>());
    let told = stage.slack.read(|world| world.transcript("C7"));
    assert_eq!(
        told.matches("The webhook status-page has not been heard for three days").count(),
        1,
        "{told}"
    );
    stage.end().await;
}

/// Given somebody who never answers for a day, and then does, then they hear everything once more, and no one is told of
/// what was never given up.
#[tokio::test]
async fn what_is_heard_at_last_is_told_no_more() {
    let log = Log::keep();
    let (stage, outside) = Stage::telling(team(&["ana", "bo"]), "").await;
    outside.answers(None);
    reported_and_taken(&stage).await;
    stage.pass("24 h").await;
    assert_eq!(stage.count("webhooks_failed"), outside.heard().len() as u64);
    let failing =
        |number| stage.bot.engine().metrics().text().contains(&format!("webhooks_failing {number}\n"));
    assert!(failing(1));
    outside.answers(Some(200));
    stage.pass("1 h 10 min").await;
    assert!(failing(0));
    let before = outside.heard();
    assert_eq!(stage.count("webhooks_delivered"), 3);
    stage.pass("80 h").await;
    assert_eq!(outside.heard(), before);
    assert_eq!(tries(&before).len(), 3);
    assert_eq!(log.lines("a webhook is heard again").len(), 1);
    assert_eq!(stage.count("webhooks_given_up"), 0);
    stage.end().await;
}

/// Given a bot that goes down just after it has told somebody outside in vain, and is off for a long weekend, then they hear
/// everything at its start if they answer by then; if not, it is given up once that is seen.
#[tokio::test]
async fn what_got_old_while_the_bot_was_off_is_told_to_whoever_answers() {
    for (status, tried, delivered, given_up) in [(Some(204), 3, 3, 0), (Some(410), 1, 0, 3)] {
        let (stage, outside) = Stage::telling(team(&["ana", "bo"]), "").await;
        outside.answers(None);
        reported_and_taken(&stage).await;
        let before = outside.heard().len();
        outside.answers(status);
        let stage = stage.after_being_off("96 h", &outside, "").await;
        assert_eq!(outside.heard().len() - before, tried);
        assert_eq!(
            (stage.count("webhooks_delivered"), stage.count("webhooks_given_up")),
            (delivered, given_up)
        );
        stage.end().await;
    }
}
