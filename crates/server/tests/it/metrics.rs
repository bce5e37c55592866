//! `/metrics`: what is exported is documented, drawn and watched, counts what happens, and tells of nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bytes::Bytes;
use pagerslack::config::{RotationConfig, Settings};
use slack_sim::demo_team;

use crate::harness::{Stage, team};
use crate::service::{CHANNEL, Service, eventually, stopped};
use crate::wire::{page, react, taken};

/// The metrics of a scrape with their types, as Prometheus' text format declares them.
fn declared(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    lines.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

/// The value of a series.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in:\n{text}")).parse().unwrap()
}

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// Every word of a text that begins like a metric of ours.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("pagerslack_")).map(str::to_owned).collect()
}

/// The names of a scrape's series, which are what an expression names.
fn series(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(['{', ' ']).next().unwrap().to_owned()).collect()
}

async fn scraped(service: &Service) -> String {
    let (status, text) = service.asked("/metrics").await.unwrap();
    assert_eq!(status, 200);
    text
}

/// Given an incident that was reported, paged and taken, when the bot is scraped, then each of these steps is counted and
/// measured, the documents and the dashboard name what there is, and no id of anybody is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_counted_and_tells_of_nobody() {
    let service = Service::prepare().await;
    let process = service.serve().await;
    service.report("https://i.example/1");
    let (ts, responder) = page(&service.slack).await;
    react(&service.slack, &responder, &ts);
    taken(&service.slack).await;
    let calls = r#"pagerslack_slack_calls_total{method="chat.postMessage",outcome="done"}"#;
    // The words of thanks, too: a call is counted after it has shown.
    eventually("three posts in the metrics", || async {
        (value(&scraped(&service).await, calls) >= 3.0).then_some(())
    })
    .await;
    let text = scraped(&service).await;
    for (series, expected) in [
        ("pagerslack_reports_total", 1.0),
        (r#"pagerslack_incidents_total{outcome="acknowledged"}"#, 1.0),
        (r#"pagerslack_incidents_total{outcome="managers_paged"}"#, 0.0),
        ("pagerslack_time_to_response_seconds_count", 1.0),
        ("pagerslack_first_page_seconds_count", 1.0),
        ("pagerslack_pages_total", 1.0),
        ("pagerslack_pages_unanswered_total", 0.0),
        ("pagerslack_slack_event_lag_seconds_count", 1.0),
        ("pagerslack_store_commits_failed_total", 0.0),
        ("pagerslack_store_up", 1.0),
        ("pagerslack_ready", 1.0),
        ("pagerslack_jobs_late", 0.0),
        (r#"pagerslack_jobs_due{kind="page"}"#, 0.0),
        (r#"pagerslack_jobs_overdue{kind="webhook"}"#, 0.0),
        ("pagerslack_socket_mode_links_wanted", 0.0),
    ] {
        assert_eq!(value(&text, series), expected, "{series}");
    }
    assert!(value(&text, "pagerslack_store_commit_duration_seconds_count") > 3.0);
    assert!(
        value(&text, r#"pagerslack_slack_call_duration_seconds_count{method="chat.postMessage"}"#) >= 3.0
    );
    documented(&text);
    drawn_and_watched(&text);
    let team = service.slack.read(|world| world.team().id.clone());
    for id in [team.as_str(), CHANNEL, responder.as_str(), "i.example"] {
        assert!(!text.contains(id), "{id}");
    }
    let labels: BTreeSet<_> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('{')?.1.split_once('}'))
        .flat_map(|(labels, _)| labels.split("\",").filter_map(|label| Some(label.split_once('=')?.0)))
        .collect();
    assert_eq!(labels, BTreeSet::from(["by", "kind", "le", "method", "outcome", "tzdata", "version"]));
    stopped(process).await;
}

/// The table of docs/OPERATING.md has each metric with its type; the scrape that `cargo xtask deploy` shows to promtool
/// declares the same as this one.
fn documented(text: &str) {
    let rows = file("docs/OPERATING.md");
    let rows: BTreeMap<_, _> = rows
        .lines()
        .filter_map(|line| line.strip_prefix("| `pagerslack_")?.split_once("` | "))
        .map(|(name, rest)| (format!("pagerslack_{name}"), rest.split(" |").next().unwrap().to_owned()))
        .collect();
    assert_eq!(rows, declared(text), "docs/OPERATING.md");
    let kept = file("deploy/prometheus/metrics.txt");
    let comments = |text: &str| {
        text.lines().filter(|line| line.starts_with('#')).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    assert_eq!(comments(&kept), comments(text), "deploy/prometheus/metrics.txt: scrape it anew");
}

/// No alert and no panel asks for what there is not.
fn drawn_and_watched(text: &str) {
    let there = series(text);
    for path in [
        "deploy/prometheus/alerts.yml",
        "deploy/prometheus/alerts.test.yml",
        "deploy/grafana/pagerslack.json",
    ] {
        let asked = named(&file(path));
        let missing: Vec<_> = asked.difference(&there).collect();
        assert!(asked.len() > 10 && missing.is_empty(), "{path}: {missing:?}");
    }
}

/// Given something that is due and that nobody takes up, when the bot is scraped, then it is counted by its kind, after a
/// minute as overdue, and no more once it is done.
#[tokio::test]
async fn what_is_due_is_counted_by_its_kind() {
    let settings = Settings { admin: Some("C7".to_owned()), ..RotationConfig::default().into() };
    let stage = Stage::new(team(&["ana"]).channel("C7", "keepers"), settings).await;
    let counted = async || {
        let (status, text) = stage.request(http::Request::get("/metrics").body(Bytes::new()).unwrap()).await;
        let text = std::str::from_utf8(&text).unwrap();
        assert_eq!(status, 200, "{text}");
        let all =
            |name: &str| text.lines().filter(|line| line.starts_with(name) && !line.ends_with(" 0")).count();
        assert!(all("pagerslack_jobs_due{") <= 1 && all("pagerslack_jobs_overdue{") <= 1, "{text}");
        ["jobs_due", "jobs_overdue"].map(|name| value(text, &format!("pagerslack_{name}{{kind=\"alert\"}}")))
    };
    assert_eq!(counted().await, [0.0, 0.0]);
    stage.bot.engine().alert(&"T1".into(), "look here".to_owned()).await.unwrap();
    assert_eq!(counted().await, [1.0, 0.0]);
    stage.runs_ahead("61 s");
    assert_eq!(counted().await, [1.0, 1.0]);
    stage.settle().await;
    assert_eq!(counted().await, [0.0, 0.0]);
    stage.end().await;
}

/// Given a scraper that accepts OpenMetrics, then it gets that and is told so; anybody else gets Prometheus' text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_accepts_openmetrics_gets_it() {
    let service = Service::prepare().await;
    let process = service.serve().await;
    let ask = async |accept: &str| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/metrics", service.listen);
        let answer = client.get(url).header("accept", accept).send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, answer.text().await.unwrap())
    };
    // As Prometheus 2.42 asks.
    let (kind, text) = ask(
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    )
    .await;
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(
        text.ends_with("# EOF\n") && text.contains("# UNIT pagerslack_first_page_seconds seconds\n"),
        "{text}"
    );
    let (kind, text) = ask("*/*").await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    assert!(text.contains("# TYPE pagerslack_reports_total counter\n") && !text.contains("# EOF"), "{text}");
    stopped(process).await;
}

/// Given Socket Mode, then the metrics know of its links.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn socket_modes_links_are_counted() {
    let world = demo_team().command("/devoncall", "");
    let service = Service::over_sockets(world, "", |server| server).await;
    let mut command = service.command();
    command.env("SLACK_APP_TOKEN", service.slack.read(|world| world.app().app_token.clone()));
    let process = service.spawn(command);
    service.ready().await;
    eventually("two links in the metrics", || async {
        let text = scraped(&service).await;
        let count = |name: &str| value(&text, &format!("pagerslack_socket_mode_links{name}"));
        (count("") == 2.0 && count("_wanted") == 2.0).then_some(())
    })
    .await;
    stopped(process).await;
}
