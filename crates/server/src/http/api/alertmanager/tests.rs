//! What is read out of a notification.

use serde_json::{Value, json};

use super::*;

/// As Alertmanager 0.27 sends it.
fn payload() -> Value {
    json!({
        "receiver": "pagerslack", "status": "firing", "version": "4", "truncatedAlerts": 0,
        "groupKey": "{}:{alertname=\"DiskFull\", cluster=\"a b\"}",
        "groupLabels": { "alertname": "DiskFull", "cluster": "a b" },
        "commonLabels": { "alertname": "DiskFull", "cluster": "a b", "severity": "page" },
        "commonAnnotations": { "summary": "The disk is full", "runbook_url": "https://runbooks.example/disk" },
        "externalURL": "https://alerts.example/am",
        "alerts": [
            { "status": "resolved", "labels": { "instance": "db1" }, "annotations": {},
              "startsAt": "2026-11-24T11:00:00.123Z", "endsAt": "2026-11-24T11:58:00Z",
              "generatorURL": "http://prometheus.example/graph?g0.expr=1", "fingerprint": "c1" },
            { "status": "firing", "labels": { "instance": "db2" }, "annotations": {},
              "startsAt": "2026-11-24T11:59:00+01:00", "endsAt": "0001-01-01T00:00:00Z",
              "generatorURL": "http://prometheus.example/graph?g0.expr=1", "fingerprint": "c2" }
        ]
    })
}

fn read(payload: Value) -> Notification {
    serde_json::from_value(payload).unwrap()
}

#[test]
fn a_group_is_shown_in_alertmanager() {
    let group = read(payload());
    assert_eq!(
        group.address().unwrap(),
        "https://alerts.example/am#/alerts?receiver=pagerslack&filter=%7Balertname%3D%22DiskFull%22%2Ccluster%3D%22a+b%22%7D"
    );
    assert_eq!(group.summary(), "The disk is full Runbook: https://runbooks.example/disk");
    assert_eq!(group.begun(Some(Status::Firing)), Some("2026-11-24T10:59:00Z".parse().unwrap()));
    let mut other = payload();
    other["groupLabels"]["cluster"] = "b".into();
    assert_ne!(read(other).address().unwrap(), group.address().unwrap(), "another group is another incident");
}

#[test]
fn the_first_good_address_is_taken() {
    let mut payload = payload();
    payload["commonAnnotations"]["incident_url"] = "https://incidents.example/7".into();
    assert_eq!(read(payload.clone()).address().unwrap(), "https://incidents.example/7");
    payload["commonAnnotations"]["incident_url"] = "{{ broken }}".into();
    assert!(read(payload.clone()).address().unwrap().starts_with("https://alerts.example/am#"));
    payload["externalURL"] = "".into();
    assert_eq!(read(payload.clone()).address().unwrap(), "http://prometheus.example/graph?g0.expr=1");
    payload["alerts"][0]["generatorURL"] = "/graph".into();
    assert_eq!(read(payload.clone()).address().unwrap(), "https://runbooks.example/disk");
    payload["commonAnnotations"] = json!({});
    assert!(read(payload.clone()).address().is_err());
    assert_eq!(read(payload.clone()).summary(), "DiskFull");
    payload["alerts"][0]["status"] = "firing".into();
    assert_eq!(read(payload).summary(), "DiskFull (2 alerts)");
}
