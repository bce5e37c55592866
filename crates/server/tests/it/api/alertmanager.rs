//! Alertmanager's notifications, as it sends them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Door};
use crate::service::stopped;
use crate::wire::{page, react, taken};

const HOOK: &str = "/hooks/alertmanager?channel=C0DEMO";

/// A group of alerts, each with whether it fires and since when.
fn group(alerts: &[(&str, &str)]) -> Value {
    let status = |(status, _): &&(&str, &str)| *status == "firing";
    let alerts_of = alerts.iter().map(|(status, since)| {
        json!({ "status": status, "labels": { "alertname": "DiskFull" }, "annotations": {}, "startsAt": since,
                "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus.example/graph", "fingerprint": since })
    });
    json!({
        "version": "4", "groupKey": "{}:{alertname=\"DiskFull\"}", "truncatedAlerts": 0, "receiver": "pagerslack",
        "status": if alerts.iter().any(|alert| status(&alert)) { "firing" } else { "resolved" },
        "groupLabels": { "alertname": "DiskFull" }, "commonLabels": { "alertname": "DiskFull" },
        "commonAnnotations": { "summary": "The disk is full" }, "externalURL": "https://alerts.example",
        "alerts": alerts_of.collect::<Vec<_>>(),
    })
}

fn done(answer: &Answer, what: &str) -> String {
    assert_eq!((answer.status, &answer.body["done"]), (200, &what.into()), "{answer:?}");
    answer.body["id"].as_str().unwrap_or_default().to_owned()
}

const FIRST: &str = "2026-01-01T00:00:00Z";
const SECOND: &str = "2026-01-01T00:05:00Z";
const LATER: &str = "2100-01-01T00:00:00Z";

/// Given a group of alerts that fires, then one person is paged for it, however often it is said, also when one alert of
/// it is resolved and another goes on; the thread says when it is over, and an alert of another day is another incident.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_one_incident_for_as_long_as_it_goes_on() {
    let (door, process) = Door::open("").await;
    let token = door.token("Alertmanager", "--channel C0DEMO").await;
    let tell = async |alerts: &[(&str, &str)]| door.post(HOOK, &token, &group(alerts)).await;
    let id = done(&tell(&[("firing", FIRST)]).await, "reported");
    assert_eq!(
        done(&tell(&[("firing", FIRST)]).await, "reported"),
        id,
        "said twice, as by two Alertmanagers"
    );
    assert_eq!(done(&tell(&[("firing", FIRST), ("firing", SECOND)]).await, "reported"), id);
    assert_eq!(done(&tell(&[("resolved", FIRST), ("firing", SECOND)]).await, "goes_on"), id);
    door.reads(
        "Alertmanager (a machine) reports an incident: https://alerts.example/#/alerts?receiver=pagerslack",
    )
    .await;
    door.reads("The disk is full").await;
    let (ts, responder) = page(&door.service.slack).await;
    react(&door.service.slack, &responder, &ts);
    taken(&door.service.slack).await;
    assert_eq!(done(&tell(&[("firing", SECOND)]).await, "goes_on"), id, "somebody is on it");
    assert_eq!(done(&tell(&[("resolved", SECOND)]).await, "resolved"), id);
    door.reads("Alertmanager (a machine) says that the trouble is over.").await;
    assert_eq!(done(&tell(&[("resolved", SECOND)]).await, "nothing"), id, "it is said once");
    let pages = door.transcript().matches("can you take this incident?").count();
    assert_eq!(pages, 0, "the page is over: {}", door.transcript());

    let another = done(&tell(&[("firing", LATER)]).await, "reported");
    assert_ne!(another, id);
    stopped(process).await;
}

/// Given a group that is resolved before anybody took it, then people are asked on unless the address says `cancel`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_resolved_before_anybody_took_it() {
    let (door, process) = Door::open("").await;
    let token = door.token("Alertmanager", "--channel C0DEMO").await;
    let (firing, resolved) = (group(&[("firing", FIRST)]), group(&[("resolved", FIRST)]));
    let id = done(&door.post(HOOK, &token, &firing).await, "reported");
    let path = format!("/api/v1/incidents/{id}");
    done(&door.post(&format!("{HOOK}&resolved=ignore"), &token, &resolved).await, "nothing");
    let other = door.token("Another", "--channel C0DEMO").await;
    done(&door.post(&format!("{HOOK}&resolved=cancel"), &other, &resolved).await, "nothing");
    assert_eq!(done(&door.post(HOOK, &token, &resolved).await, "resolved"), id);
    let open = door.get(&path, &token).await.body;
    assert!(open["open"] == true && open["resolved_at"].is_string(), "P6: {open}");
    door.reads("Somebody is still being looked for").await;
    assert_eq!(done(&door.post(&format!("{HOOK}&resolved=cancel"), &token, &resolved).await, "resolved"), id);
    assert_eq!(door.get(&path, &token).await.body["state"], "cancelled");
    door.reads("Alertmanager (a machine) has cancelled this incident").await;
    stopped(process).await;
}

/// Given what Alertmanager can be configured with, then its password is as good as a bearer token; what will never be
/// taken is answered with 4xx, so that it is not sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_hopeless_is_not_to_be_sent_again() {
    let (door, process) = Door::open("").await;
    let token = door.token("Alertmanager", "--channel C0DEMO --channel C2").await;
    let firing = group(&[("firing", FIRST)]);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}{HOOK}", door.service.listen);
    let basic = client.post(url).basic_auth("alertmanager", Some(&token)).json(&firing).send().await.unwrap();
    assert_eq!(basic.status(), StatusCode::OK);

    let mut old = firing.clone();
    old["version"] = "3".into();
    let mut nowhere = firing.clone();
    (nowhere["externalURL"], nowhere["alerts"][0]["generatorURL"]) = ("".into(), "".into());
    let mut silent = firing.clone();
    silent["alerts"] = json!([]);
    for (path, body, status, said) in [
        ("/hooks/alertmanager", &firing, 422, "say in which"),
        ("/hooks/alertmanager?channel=C9", &firing, 403, "not for this channel"),
        ("/hooks/alertmanager?chanel=C0DEMO", &firing, 400, "chanel"),
        ("/hooks/alertmanager?channel=C0DEMO&resolved=maybe", &firing, 400, "maybe"),
        (HOOK, &old, 422, "Only version 4"),
        (HOOK, &nowhere, 422, "--web.external-url"),
        (HOOK, &silent, 422, "none of its alerts"),
        (HOOK, &json!({}), 400, "missing field"),
    ] {
        let refused = door.post(path, &token, body).await;
        assert!(
            refused.is_problem(StatusCode::from_u16(status).unwrap(), said),
            "{path} {body}: {refused:?}"
        );
    }
    let refused = door.ask(Method::POST, HOOK, &[("authorization", "Basic OnBnc18x")], Vec::new()).await;
    assert!(refused.is_problem(StatusCode::UNAUTHORIZED, "pagerslack token create"), "{refused:?}");
    stopped(process).await;
}
