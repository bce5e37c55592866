//! Machines that report incidents and look at them.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Door, TEAM};
use crate::service::{CHANNEL, eventually, stopped};
use crate::wire::{page, react, taken};

const REPORT: &str = "/api/v1/incidents";

/// Given a machine with a token, when it reports an incident, then an engineer is paged as by a slash command, the channel
/// reads which machine it was, and the machine sees who took it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_reports_and_sees_who_took_it() {
    let (door, process) = Door::open("").await;
    let token = door.token("Grafana", "--channel C0DEMO").await;
    let report = json!({ "url": "https://I.example/1", "note": "the <!channel> is\ndown" });
    let accepted = door.post_under(REPORT, &token, Some("alert-1"), &report).await;
    assert_eq!(accepted.status, 201, "{accepted:?}");
    assert_eq!(
        accepted.body,
        json!({ "id": accepted.body["id"], "team": TEAM, "channel": CHANNEL, "url": "https://i.example/1",
                "already_open": false })
    );
    door.reads("Grafana (a machine) reports an incident: https://i.example/1").await;
    let root = door.service.slack.read(|world| world.messages(CHANNEL)[0].text.clone());
    assert!(root.contains("\n>the &lt;!channel&gt; is down"), "P8: {root}");
    let (ts, responder) = page(&door.service.slack).await;

    let path = format!("{REPORT}/{}", accepted.body["id"].as_str().unwrap());
    let waiting = door.get(&path, &token).await;
    assert_eq!(
        (waiting.status, &waiting.body["state"], &waiting.body["open"]),
        (200, &"paging".into(), &true.into())
    );
    assert_eq!(waiting.body["attempts"][0]["user"], responder.as_str());
    assert_eq!(waiting.body["attempts"][0]["state"], "waiting");
    assert_eq!(waiting.body["reported_by"], "Grafana");
    assert!(
        waiting.body["deadline"].is_string() && !waiting.body.to_string().contains("down"),
        "{waiting:?}"
    );
    let open = door.get(&format!("{REPORT}?open=true"), &token).await;
    assert_eq!(
        (open.body["incidents"][0]["id"].clone(), &open.body["more"]),
        (accepted.body["id"].clone(), &false.into())
    );

    react(&door.service.slack, &responder, &ts);
    taken(&door.service.slack).await;
    let over = eventually("it is taken", || async {
        let seen = door.get(&path, &token).await;
        (seen.body["state"] == "acknowledged").then_some(seen.body)
    });
    assert_eq!(over.await["acknowledged_by"], responder.as_str());
    assert_eq!(door.get(REPORT, &token).await.body["incidents"], json!([]));
    assert_eq!(door.get(&format!("{REPORT}?open=false"), &token).await.body["incidents"][0]["open"], false);
    let rows = door.run("stats download --server SERVER").await.out;
    assert!(rows.contains(",https://i.example/1,Grafana,20"), "{rows}");
    stopped(process).await;
}

/// Given a report that was recorded, when it comes again, then it is the same incident with the same answer, before and
/// after a crash; and its key is good for no other report.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_under_the_same_key_is_the_same_incident() {
    let (door, process) = Door::open("").await;
    let token = door.token("Grafana", "--all-channels").await;
    let report = json!({ "channel": CHANNEL, "url": "https://i.example/1" });
    let first = door.post_under(REPORT, &token, Some("k 1"), &report).await;
    assert_eq!(first.status, 201, "{first:?}");
    // P1: the machine was told so, so it is on disk.
    process.kill();
    let process = door.serve().await;
    let again = door.post_under(REPORT, &token, Some("k 1"), &report).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    let other = json!({ "channel": CHANNEL, "url": "https://i.example/2" });
    let reused = door.post_under(REPORT, &token, Some("k 1"), &other).await;
    assert!(reused.is_problem(StatusCode::UNPROCESSABLE_ENTITY, "a key of its own"), "{reused:?}");

    // Another report of the same is answered with the incident that is open, and so for ever.
    let doubled = door.post_under(REPORT, &token, Some("k 2"), &report).await;
    assert_eq!(
        (doubled.status, &doubled.body["id"], &doubled.body["already_open"]),
        (200, &first.body["id"], &true.into())
    );
    let (ts, responder) = page(&door.service.slack).await;
    react(&door.service.slack, &responder, &ts);
    taken(&door.service.slack).await;
    let again = door.post_under(REPORT, &token, Some("k 2"), &report).await;
    assert_eq!((again.status, again.body), (200, doubled.body));
    let anew = door.post(REPORT, &token, &report).await;
    assert_eq!(anew.status, 201, "{anew:?}");
    assert_ne!(anew.body["id"], first.body["id"]);
    let roots = door
        .service
        .slack
        .read(|world| world.messages(CHANNEL).iter().filter(|it| it.thread_ts.is_none()).count());
    assert!(roots <= 2, "{}", door.transcript());
    stopped(process).await;
}

/// Given requests that cannot be taken, then each is refused with what to do, and nobody is paged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_taken_is_refused_with_what_to_do() {
    let (door, process) = Door::open("").await;
    let token = door.token("Grafana", "--channel C0DEMO").await;
    let wide = door.token("Wide", "--channel C0DEMO --channel C2").await;
    let url = "https://i.example/1";
    for (body, status, said) in [
        (json!({ "url": "i.example/1" }), 422, "beginning with https:// or http://"),
        (json!({ "url": format!("https://i.example/{}", "a".repeat(1_800)) }), 422, "a shorter one"),
        (json!({ "url": url, "first": "ana" }), 422, "`first` must be a person's id"),
        (json!({ "url": url, "channel": "general" }), 422, "`channel` must be a channel's id"),
        (json!({ "url": url, "channel": "C9" }), 403, "not for this channel"),
        (json!({ "url": url, "team": "T9" }), 403, "not for this workspace"),
        (json!({ "url": url, "severity": 1 }), 400, "unknown field `severity`"),
        (json!({ "url": 7 }), 400, "/api/v1/openapi.json"),
        (json!([]), 400, "/api/v1/openapi.json"),
    ] {
        let refused = door.post(REPORT, &token, &body).await;
        assert!(refused.is_problem(StatusCode::from_u16(status).unwrap(), said), "{body}: {refused:?}");
    }
    let which = door.post(REPORT, &wide, &json!({ "url": url })).await;
    assert!(which.is_problem(StatusCode::UNPROCESSABLE_ENTITY, "for several channels"), "{which:?}");
    let bearer = format!("Bearer {token}");
    let with = |more: &'static [(&'static str, &'static str)]| {
        [&[("authorization", bearer.as_str())], more].concat()
    };
    let json_type = ("content-type", "application/json");
    let long: &'static str = "k".repeat(256).leak();
    let report = || json!({ "url": url }).to_string().into_bytes();
    for (headers, body, status, said) in [
        (with(&[]), report(), 415, "Content-Type: application/json"),
        (with(&[("content-type", "text/plain")]), report(), 415, "Content-Type: application/json"),
        ([with(&[]), vec![json_type, ("idempotency-key", "")]].concat(), report(), 400, "Idempotency-Key"),
        ([with(&[]), vec![json_type, ("idempotency-key", long)]].concat(), report(), 400, "Idempotency-Key"),
        ([with(&[]), vec![json_type]].concat(), vec![b' '; 65 * 1024], 413, "No more than 64 KiB"),
        (vec![json_type], report(), 401, "pgs_"),
        (vec![json_type, ("authorization", "Basic OnBnc18x")], report(), 401, "pgs_"),
    ] {
        let refused = door.ask(Method::POST, REPORT, &headers, body).await;
        assert!(refused.is_problem(StatusCode::from_u16(status).unwrap(), said), "{headers:?}: {refused:?}");
    }
    let gone = door.get(&format!("{REPORT}/0000000000000000"), &token).await;
    assert!(gone.is_problem(StatusCode::NOT_FOUND, "check the id"), "{gone:?}");
    let wrong = door.get(&format!("{REPORT}?open=perhaps"), &token).await;
    assert!(wrong.is_problem(StatusCode::BAD_REQUEST, "open"), "{wrong:?}");
    let elsewhere = door.get(&format!("{REPORT}?channel=C9"), &token).await;
    assert!(elsewhere.is_problem(StatusCode::FORBIDDEN, "not for this channel"), "{elsewhere:?}");
    assert_eq!(door.get(REPORT, &wide).await.body["incidents"], json!([]));
    assert!(!door.transcript().contains("reports an incident"), "{}", door.transcript());
    stopped(process).await;
}

/// Given an incident of a channel that a token is not for, then its machine is told of none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_sees_its_own_channels() {
    let (door, process) = Door::open("").await;
    let (own, other) =
        (door.token("Own", "--channel C0DEMO").await, door.token("Other", "--channel C2").await);
    let accepted = door.post(REPORT, &own, &json!({ "url": "https://i.example/1" })).await;
    let path = format!("{REPORT}/{}", accepted.body["id"].as_str().unwrap());
    assert_eq!(door.get(&path, &own).await.status, 200);
    assert_eq!(door.get(&path, &other).await.status, 404);
    assert_eq!(door.get(REPORT, &other).await.body["incidents"], json!([]));
    stopped(process).await;
}

/// Given a token that is used too often, then its machine is told when to come again, and another's token is as good as
/// before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_too_often_is_told_when_to_come_again() {
    let (door, process) = Door::open("[api]\nrequests_per_minute = 2").await;
    let (one, two) = (door.token("One", "--all-channels").await, door.token("Two", "--all-channels").await);
    for _ in 0..2 {
        assert_eq!(door.get(REPORT, &one).await.status, 200);
    }
    let refused = door.get(REPORT, &one).await;
    assert!(refused.is_problem(StatusCode::TOO_MANY_REQUESTS, "requests_per_minute"), "{refused:?}");
    assert!((1..=30).contains(&refused.retry_after.unwrap()), "{refused:?}");
    assert_eq!(door.get(REPORT, &two).await.status, 200);
    // Alertmanager gives up what is answered with 4xx.
    let hook = door.post("/hooks/alertmanager?channel=C0DEMO", &one, &json!({})).await;
    assert!(
        hook.is_problem(StatusCode::SERVICE_UNAVAILABLE, "try again in") && hook.retry_after.is_some(),
        "{hook:?}"
    );
    stopped(process).await;
}
