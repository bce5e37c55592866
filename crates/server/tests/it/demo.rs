//! The demo with a year behind it: every page is full, `stats` counts what the pages count, and an audit finds nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use pagerslack::demo::{Demo, Wanted};
use pagerslack::engine::{Audited, Auditor};

use crate::service::{Process, eventually, stopped};

/// Waits for a page to say something, and gives it.
async fn page(address: &str, path: &str, says: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}{path}", address.trim_end_matches('/'));
    eventually(&format!("{path} says {says:?}"), || async {
        let text = client.get(&url).send().await.ok()?.text().await.ok()?;
        text.contains(says).then_some(text)
    })
    .await
}

/// The binary in a folder, with nothing of this machine's environment.
fn pagerslack(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pagerslack"));
    command.current_dir(folder).env_clear().env("PAGERSLACK_STORE", "sqlite:demo.db");
    command
}

/// Starts the real demo with its year in a database; gives it with what it says and where its dashboard is.
async fn demo(folder: &Path, name: &str) -> (Process, String, String) {
    let said = folder.join(name);
    let mut command = pagerslack(folder);
    command.args(["demo", "--history", "--store", "demo.db", "--port", "0"]);
    let process =
        Process::start(command.stdout(std::fs::File::create(&said).unwrap()).stderr(Stdio::inherit()));
    let said = eventually("the demo runs", || async {
        std::fs::read_to_string(&said).ok().filter(|said| said.contains("Ctrl-C ends it."))
    })
    .await;
    let dashboard =
        said.lines().find_map(|line| line.strip_prefix("The dashboard is at ")).unwrap().to_owned();
    (process, said, dashboard)
}

/// What `pagerslack stats` says of the database.
fn stats(folder: &Path, arguments: &[&str]) -> String {
    let ended = pagerslack(folder).arg("stats").args(arguments).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// Given the real binary, when the demo is started with a year, then its reports and its coverage are full; when it is
/// over, `stats` counts the same incidents; and when it is started again, there are no more of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_lies_behind_the_demo_and_stats_counts_it() {
    let folder = tempfile::tempdir().unwrap();
    let (process, said, dashboard) = demo(folder.path(), "first.txt").await;
    let count = said.split_once("A year of ").and_then(|(_, rest)| rest.split_once(' ')).unwrap().0;
    let count: usize = count.parse().unwrap();
    assert!(count > 1_000, "{said}");
    let reports = page(&dashboard, "/reports?period=year", "<dt>Incidents</dt>").await;
    assert!(reports.contains(&format!("<dd>{}</dd>", with_commas(count))), "{count} are not in {reports}");
    assert!(
        !reports.contains("Nothing happened") && !reports.contains("Nobody had a turn"),
        "a picture is empty"
    );
    let coverage = page(&dashboard, "/coverage", "24 people").await;
    assert!(!coverage.contains("Nobody has been looked up yet"), "{coverage}");
    let now = page(&dashboard, "/", "Answered in the last 24 hours").await;
    assert!(now.contains("https://incident.example/") || now.contains("incident.example/"), "{now}");
    page(&dashboard, "/queue", "siobhan").await;
    assert!(stopped(process).await.success());

    let rows = stats(folder.path(), &[]);
    assert_eq!(rows.lines().count(), count + 1, "a line for each, and one above");
    let summary = stats(folder.path(), &["summary", "--since", "2000-01-01", "--format", "json"]);
    assert!(summary.contains(&format!("\"incidents\": {count},")), "{summary}");

    let (process, said, _) = demo(folder.path(), "second.txt").await;
    assert!(said.contains("Its year of incidents is the one that was there."), "{said}");
    assert!(stopped(process).await.success());
    assert_eq!(stats(folder.path(), &[]), rows);
}

/// Given the year, then an audit finds nothing wrong with it, nothing is sent because of it, and somebody's Home tab has
/// their last turns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_year_is_sound_and_stands_in_the_home_tab() {
    let demo = Demo::with(Wanted { history: true, ..Wanted::default() }).await.unwrap();
    let audited = Auditor::new(demo.engine.clone()).audit(true).await.unwrap();
    assert_eq!(audited, Audited::default());
    demo.slack.with(|world, now| world.open_home(now, "U001")).unwrap();
    let home = eventually("the Home tab", || async {
        demo.slack.read(|world| world.home("U001").map(ToString::to_string))
    })
    .await;
    assert!(home.contains("https://incident.example/") && home.contains("after"), "{home}");
    let posted: BTreeMap<String, usize> = demo.slack.read(|world| {
        let channels =
            world.channels().map(|channel| (channel.name.clone(), world.messages(&channel.id).len()));
        channels.filter(|(_, messages)| *messages > 0).collect()
    });
    assert_eq!(posted, BTreeMap::new());
    demo.stop().await;
}

/// A number as the pages write it.
fn with_commas(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}
