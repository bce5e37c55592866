//! The log: every line has the schema, and the questions of docs/LOGGING.md are answered from it alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::Validator;
use serde_json::Value;

use crate::service::{Service, eventually, stopped};
use crate::wire::{page, react};

const SCHEMA: &str = include_str!("../../../../docs/logging.schema.json");
const DOCUMENT: &str = include_str!("../../../../docs/LOGGING.md");

/// The only source of incident lines.
const LINES: &str = include_str!("../../src/engine/line.rs");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// Every line of a log, each held to the schema.
fn check(log: &str) -> Vec<Value> {
    let validator: Validator = jsonschema::validator_for(&schema()).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        let faults: Vec<_> = validator.iter_errors(line).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}:\n{line}");
    }
    lines
}

/// What the document's line that holds some words answers.
fn ask(folder: &Path, words: &str) -> Value {
    let lines: Vec<_> =
        DOCUMENT.lines().filter(|line| line.starts_with("jq ") && line.contains(words)).collect();
    assert_eq!(lines.len(), 1, "{words}");
    let output = Command::new("sh").args(["-c", lines[0]]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}: {}", lines[0], String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Waits until the log tells so often of an event.
async fn logged(service: &Service, event: &str, times: usize) {
    let quoted = format!("\"{event}\"");
    let look = || async { (service.log().matches(&quoted).count() == times).then_some(()) };
    eventually(&format!("{times} times {event} in the log"), look).await;
}

/// The so manieth incident is reported, and whoever is asked takes it.
async fn answered(service: &Service, number: usize) {
    service.report(&format!("https://i.example/{number}"));
    logged(service, "page.posted", number).await;
    let (ts, responder) = page(&service.slack).await;
    react(&service.slack, &responder, &ts);
    logged(service, "incident.acknowledged", number).await;
}

/// Given three incidents that were answered, and one whose page the process did not outlive, when the log of both lives is
/// asked what docs/LOGGING.md asks, then it says the same as the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_alone_answers_what_the_store_does() {
    let service = Service::prepare().await;
    let process = service.serve().await;
    for incident in 1..=3 {
        answered(&service, incident).await;
    }
    service.report("https://i.example/4");
    logged(&service, "page.posted", 4).await;
    process.kill();
    let process = service.serve().await;
    let again = || async { service.log().contains("\"again\":true").then_some(()) };
    eventually("the last line of the life before", again).await;
    stopped(process).await;

    let lines = check(&service.log());
    let events: Vec<_> = lines.iter().filter(|line| line["event"].is_string()).collect();
    assert!(events.iter().any(|line| line["event"] == "incident.paged" && line["zone"].is_string()));
    let folder = service.folder.path();
    std::fs::copy(folder.join("log.jsonl"), folder.join("pagerslack.jsonl")).unwrap();
    let output = service.command().args(["stats", "--format", "json"]).output().unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows.len(), 4);
    let mut times: Vec<u64> = rows.iter().filter_map(|row| row["time_to_response"].as_u64()).collect();
    times.sort_unstable();

    let mean = times.iter().sum::<u64>() as f64 / 3.0;
    assert!((ask(folder, "add / length' pagerslack").as_f64().unwrap() - mean).abs() < 0.01);
    assert_eq!(ask(folder, "p90"), serde_json::json!({ "p50": times[1], "p90": times[2] }));
    let sum = |answer: &Value, field: &str| -> u64 {
        answer.as_array().unwrap().iter().map(|it| it[field].as_u64().unwrap()).sum()
    };
    let days = ask(folder, "group_by(.at[:10])");
    assert_eq!(sum(&days, "incidents"), 4, "{days}");
    let zones = ask(folder, "group_by(.zone)");
    assert_eq!(sum(&zones, "pages"), 4, "{zones}");
    assert!(zones[0]["zone"].as_str().unwrap().contains('/'), "{zones}");
    let regions = ask(folder, "group_by(.region)");
    assert_eq!(sum(&regions, "responses"), 3, "{regions}");
    let ends = ask(folder, "max_by(.seq)");
    let expected = r#"[{"outcome":"acknowledged","incidents":3},{"outcome":"open","incidents":1}]"#;
    assert_eq!(ends, serde_json::from_str::<Value>(expected).unwrap());
}

/// An event has one name, and the schema, the document and the program agree on which there are.
#[test]
fn every_event_is_documented() {
    let schema = schema();
    let listed = schema["$defs"]["incident"]["properties"]["event"]["enum"].as_array().unwrap();
    let listed: BTreeSet<_> = listed.iter().map(|name| name.as_str().unwrap()).collect();
    let said: BTreeSet<_> = ["named(\"", "done(\""]
        .iter()
        .flat_map(|call| LINES.split(call).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(said, listed);
    let rows: BTreeSet<_> = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next().filter(|name| name.contains('.')))
        .collect();
    assert_eq!(rows, listed);
}

/// Every field of every line that the program can write stands in the schema, and every field of the schema in the document.
#[test]
fn every_field_is_documented() {
    let schema = schema();
    let properties = |of: &str| -> BTreeSet<String> {
        schema["$defs"][of]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let known: BTreeSet<_> = properties("other").union(&properties("incident")).cloned().collect();
    for field in &known {
        assert!(DOCUMENT.contains(&format!("`{field}`")), "{field} is not in docs/LOGGING.md");
    }
    let mut written = BTreeSet::new();
    for source in ["server", "slack", "store", "sources", "slack-sim", "core"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(source).join("src");
        for file in files(&folder) {
            let text = std::fs::read_to_string(&file).unwrap();
            written.extend(calls(&text).flat_map(fields));
        }
    }
    assert!(written.len() > 30, "{written:?}");
    let unknown: Vec<_> = written.difference(&known).collect();
    assert!(unknown.is_empty(), "not in docs/logging.schema.json: {unknown:?}");
}

/// The Rust files of a folder, but for those that hold tests alone.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match (path.is_dir(), path.extension().is_some_and(|it| it == "rs")) {
            (true, _) => files(&path),
            (false, true) => vec![path],
            (false, false) => vec![],
        })
        .collect()
}

/// What stands between the parentheses of each call of a macro that logs, up to the tests at the end of the file.
fn calls(text: &str) -> impl Iterator<Item = &str> {
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    ["error!(", "warn!(", "info!(", "debug!(", "trace!("].into_iter().flat_map(move |call| {
        text.match_indices(call).map(move |(at, _)| {
            let rest = &text[at + call.len()..];
            let mut depth = 1;
            let end = rest.find(|letter| {
                depth += i32::from(letter == '(') - i32::from(letter == ')');
                depth == 0
            });
            &rest[..end.unwrap()]
        })
    })
}

/// The names of the fields of one call: what stands before `=`, or alone, in each of its parts.
fn fields(call: &str) -> Vec<String> {
    let mut depth = 0;
    let mut quoted = false;
    let parts = call.split(|letter| {
        quoted ^= letter == '"';
        depth += i32::from("([{".contains(letter)) - i32::from(")]}".contains(letter));
        letter == ',' && depth == 0 && !quoted
    });
    parts
        .map(|part| part.split('=').next().unwrap().trim().trim_start_matches(['%', '?']))
        .filter(|name| !name.is_empty() && name.chars().all(|it| it.is_ascii_lowercase() || it == '_'))
        .map(str::to_owned)
        .collect()
}
