//! The store is away: whoever reports is told so, and nothing is accepted and lost.

use std::time::Duration;

use redis_servers::{Plain, Proxy};
use reqwest::StatusCode;
use serde_json::json;

use super::{Answer, Door};
use crate::service::{CHANNEL, eventually, stopped};

/// How a server goes away.
type Goes = fn(&Proxy);

const REPORT: &str = "/api/v1/incidents";
const HOOK: &str = "/hooks/alertmanager?channel=C0DEMO";

/// As long as Slack would wait, too.
const IN_TIME: Duration = Duration::from_secs(3);

fn is_told_what_to_do(answer: &Answer) -> bool {
    let what = "nobody being paged by this. Try again, and page by hand meanwhile";
    answer.is_problem(StatusCode::SERVICE_UNAVAILABLE, what) && answer.retry_after == Some(5)
}

fn alerts() -> serde_json::Value {
    json!({
        "version": "4", "groupKey": "{}:{alertname=\"DiskFull\"}", "status": "firing", "receiver": "pagerslack",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "https://alerts.example",
        "truncatedAlerts": 0,
        "alerts": [{ "status": "firing", "labels": {}, "annotations": {}, "startsAt": "2026-01-01T00:00:00Z",
                     "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": "1" }],
    })
}

/// Given Redis that is away in every way there is, when machines report, then each is refused in time with what to do; and
/// when it is back, the same report under the same key is recorded, once, whether or not Redis had taken it before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_recorded_is_refused_in_time_and_can_be_sent_again() {
    let redis = Plain::start().await.unwrap();
    let proxy = Proxy::start(redis.address()).await.unwrap();
    let mut door = Door::prepare("").await;
    door.environment.push(("PAGERSLACK_STORE", redis.url_at(proxy.address())));
    let process = door.serve().await;
    let token = door.token("Grafana", "--channel C0DEMO").await;
    let ways: [(&str, Goes); 3] =
        [("cut", Proxy::cut), ("frozen", Proxy::freeze), ("mute", Proxy::hold_answers)];
    for (way, goes) in ways {
        let report = json!({ "url": format!("https://i.example/{way}"), "channel": CHANNEL });
        let send = async || door.post_under(REPORT, &token, Some(way), &report).await;
        goes(&proxy);
        let refused = tokio::time::timeout(IN_TIME, send()).await.unwrap();
        assert!(is_told_what_to_do(&refused), "{way}: {refused:?}");
        let hooked = door.post(HOOK, &token, &alerts()).await;
        assert!(is_told_what_to_do(&hooked), "{way}: {hooked:?}");
        let looked = door.get(REPORT, &token).await;
        assert!(looked.is_problem(StatusCode::SERVICE_UNAVAILABLE, "Try again"), "{way}: {looked:?}");
        proxy.heal();
        let accepted = eventually("it is recorded", || async {
            let answer = send().await;
            (answer.status != 503).then_some(answer)
        })
        .await;
        assert_eq!(accepted.status, 201, "{way}: {accepted:?}");
        let again = send().await;
        assert_eq!((again.status, again.body), (201, accepted.body), "{way}");
    }
    let hooked = door.post(HOOK, &token, &alerts()).await;
    assert_eq!(hooked.body["done"], "reported", "{hooked:?}");
    let open = door.get(&format!("{REPORT}?open=true"), &token).await;
    let mut urls: Vec<_> =
        open.body["incidents"].as_array().unwrap().iter().map(|it| it["url"].as_str().unwrap()).collect();
    urls.sort_unstable();
    assert_eq!(urls[1..], ["https://i.example/cut", "https://i.example/frozen", "https://i.example/mute"]);
    assert!(urls.len() == 4 && urls[0].starts_with("https://alerts.example/"), "{urls:?}");
    let log = door.service.log();
    assert!(log.contains("the tokens of the API cannot be read"), "{log}");
    stopped(process).await;
}
