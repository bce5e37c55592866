//! The same over real sockets: HTTP and Socket Mode on loopback, slow and large bodies, and the real binary told
//! to stop.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use pagerslack::demo::{Demo, Wanted};
use slack_sim::{DisconnectReason, Fault, FaultKind, SimHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service::{CHANNEL, Service, eventually, exited, stopped, terminate};

/// The first page of the last thread: its `ts` and whom it asks.
pub async fn page(slack: &SimHandle) -> (String, String) {
    eventually("a page", || async {
        slack.read(|world| {
            let page = world
                .messages(CHANNEL)
                .into_iter()
                .rfind(|m| m.text.contains("can you take this incident?"))?;
            let responder = page.text.split("<@").nth(1)?.split('>').next()?;
            Some((page.ts.clone(), responder.to_owned()))
        })
    })
    .await
}

pub async fn taken(slack: &SimHandle) {
    eventually("an acknowledgement", || async {
        slack.read(|world| world.transcript(CHANNEL).contains("is on it,").then_some(()))
    })
    .await;
}

pub fn report(slack: &SimHandle, url: &str) {
    slack.with(|world, now| world.slash_command(now, "U001", CHANNEL, "/devoncall", url)).unwrap();
}

pub fn react(slack: &SimHandle, user: &str, ts: &str) {
    slack.with(|world, now| world.react(now, user, CHANNEL, ts, "eyes")).unwrap();
}

/// A report over real sockets is paged and answered.
async fn a_report_is_answered(demo: &Demo) {
    report(&demo.slack, "https://i.example/1");
    let (ts, responder) = page(&demo.slack).await;
    react(&demo.slack, &responder, &ts);
    taken(&demo.slack).await;
    let told = demo.slack.read(|world| world.ephemeral_transcript("U001"));
    assert!(told.contains("On it"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_answered_over_http() {
    let demo = Demo::start(Wanted::default()).await.unwrap();
    a_report_is_answered(&demo).await;
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_answered_over_socket_mode() {
    let demo = Demo::start(Wanted { socket_mode: true, ..Wanted::default() }).await.unwrap();
    eventually("two links", || async { (demo.sockets.count() == 2).then_some(()) }).await;
    a_report_is_answered(&demo).await;
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn socket_mode_goes_on_while_slack_replaces_its_links() {
    let demo = Demo::start(Wanted { socket_mode: true, ..Wanted::default() }).await.unwrap();
    eventually("two links", || async { (demo.sockets.count() == 2).then_some(()) }).await;
    for (number, reason) in [(1, DisconnectReason::Warning), (2, DisconnectReason::RefreshRequested)] {
        demo.sockets.disconnect_all(reason);
        let url = format!("https://i.example/{number}");
        report(&demo.slack, &url);
        eventually("a page", || async {
            demo.slack.read(|world| {
                world
                    .messages(CHANNEL)
                    .iter()
                    .any(|m| m.text.contains("can you take") && m.text.contains(&url))
                    .then_some(())
            })
        })
        .await;
    }
    eventually("two links again", || async { (demo.sockets.count() == 2).then_some(()) }).await;
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_the_binary_finishes_and_the_next_one_goes_on() {
    let service = Service::prepare().await;
    let mut command = service.command();
    command.env("PAGERSLACK_SHUTDOWN_DRAIN", "2 s");
    let mut child = service.spawn(command);
    service.ready().await;
    report(&service.slack, "https://i.example/1");
    let (ts, responder) = page(&service.slack).await;
    // A second report is under way to a Slack that has stopped answering when the order to stop comes.
    service.slack.with(|world, _| world.inject(Fault::once("chat.postMessage", FaultKind::HangAfter)));
    report(&service.slack, "https://i.example/2");
    eventually("the second root", || async {
        let roots =
            service.slack.read(|world| world.transcript(CHANNEL).matches("reports an incident").count());
        (roots == 2).then_some(())
    })
    .await;
    terminate(&child);
    let status = exited(&mut child, Duration::from_secs(10)).await;
    assert!(status.success(), "{status}: {}", service.log());
    assert!(service.log().contains("\"stopped\""), "{}", service.log());

    // The 👀 comes while nobody is there; Slack's first retry or the read-back tells the next process.
    react(&service.slack, &responder, &ts);
    let child = service.serve().await;
    eventually("the second page", || async {
        let pages = service.slack.read(|world| {
            world
                .messages(CHANNEL)
                .iter()
                .filter(|m| m.text.contains("can you take this incident?") && m.text.contains("/2"))
                .count()
        });
        (pages == 1).then_some(())
    })
    .await;
    let roots = service.slack.read(|world| world.transcript(CHANNEL).matches("reports an incident").count());
    assert_eq!(roots, 2, "P2: no message stands twice");
    stopped(child).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_are_cut_off_and_large_ones_refused() {
    let service = Service::prepare().await;
    let child = service.serve().await;
    let mut slow = TcpStream::connect(service.listen).await.unwrap();
    slow.write_all(b"POST /slack/events HTTP/1.1\r\nhost: bot\r\ncontent-length: 1000\r\n\r\nhalf")
        .await
        .unwrap();
    let started = Instant::now();
    let mut answer = String::new();
    tokio::time::timeout(Duration::from_secs(10), slow.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());

    let client = reqwest::Client::new();
    let url = format!("http://{}/slack/events", service.listen);
    let answer = client.post(&url).body(vec![b'x'; 256 * 1024 + 1]).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    let answer = client.post(&url).body(vec![b'x'; 256 * 1024]).send().await.unwrap();
    assert_eq!(answer.status(), 401, "large enough to be read, but not signed");
    assert_eq!(answer.bytes().await.unwrap().len(), 0);
    let metrics =
        client.get(format!("http://{}/metrics", service.listen)).send().await.unwrap().text().await.unwrap();
    for line in ["requests_too_slow_total 1", "requests_too_large_total 1", "requests_unsigned_total 1"] {
        assert!(metrics.contains(line), "{metrics}");
    }
    stopped(child).await;
}

/// Given the bot runs, when the roster is broken, then the admin gets one direct message, and the bot goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_is_told_of_a_broken_file() {
    let service = Service::prepare().await;
    let write = |name: &str, text: &str| std::fs::write(service.folder.path().join(name), text).unwrap();
    write("pagerslack.toml", "admin = \"U025\"\n[defaults.managers]\nusers = [\"U025\"]\n");
    let child = service.serve().await;
    write("oncall.csv", "email,role\nana,engineer\n");
    let told = eventually("an alert", || async {
        service.slack.read(|world| {
            let dm = world.dm_of("U025")?;
            world.messages(&dm.id).first().map(|message| message.text.clone())
        })
    })
    .await;
    assert!(told.contains("oncall.csv line 2"), "{told}");
    report(&service.slack, "https://i.example/1");
    page(&service.slack).await;
    stopped(child).await;
}

fn doctor(service: &Service, arguments: &[&str]) -> (bool, String) {
    let output = service.command().arg("doctor").args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_what_to_do_about_each_fault() {
    let service = Service::prepare().await;
    let (well, said) = doctor(&service, &["--channel", CHANNEL]);
    assert!(well, "{said}");
    assert!(said.contains("the bot is in #dev-escalation"), "{said}");
    assert!(said.contains("the clock agrees with Slack's"), "{said}");

    service.slack.with(|world, _| world.app_mut().scopes.retain(|scope| scope != "dnd:read"));
    let (well, said) = doctor(&service, &[]);
    assert!(!well && said.contains("the scope dnd:read is missing"), "{said}");

    service.slack.with(|world, now| world.kick_bot(now, CHANNEL)).unwrap();
    let (well, said) = doctor(&service, &["--channel", CHANNEL]);
    assert!(!well && said.contains("/invite @pagerslack"), "{said}");

    service.slack.with(|world, now| world.revoke_tokens(now));
    let (well, said) = doctor(&service, &[]);
    assert!(!well && said.contains("install the app again"), "{said}");

    std::fs::write(service.folder.path().join("pagerslack.toml"), "[defaults]\nack_timout = \"2 min\"\n")
        .unwrap();
    let (well, said) = doctor(&service, &[]);
    assert!(!well && said.contains("ack_timout") && said.contains("line 2"), "{said}");
}

fn run(folder: &Path, arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pagerslack"))
        .current_dir(folder)
        .env_clear()
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_line_prints_what_it_promises() {
    let folder = tempfile::tempdir().unwrap();
    let (well, config, _) = run(folder.path(), &["config"]);
    assert!(well && config.contains("ack_timeout = \"2 min\""));
    std::fs::write(folder.path().join("pagerslack.toml"), config).unwrap();

    let (well, manifest, _) = run(folder.path(), &["manifest", "--url", "https://pager.example"]);
    assert!(well && manifest.contains("https://pager.example/slack/"), "{manifest}");
    let install =
        ["manifest", "--url", "https://pager.example", "--socket-mode", "--grid", "--rotate-tokens"];
    let (well, manifest, _) = run(folder.path(), &install);
    assert!(well && manifest.contains("https://pager.example/slack/oauth/callback"), "{manifest}");
    for set in ["socket_mode_enabled", "org_deploy_enabled", "token_rotation_enabled"] {
        assert!(manifest.contains(&format!("\"{set}\": true")), "{manifest}");
    }
    assert!(manifest.contains("\"team_access_revoked\""), "{manifest}");
    let (well, manifest, _) = run(folder.path(), &["manifest", "--socket-mode"]);
    assert!(!manifest.contains("team_access"), "{manifest}");
    assert!(well && manifest.contains("\"socket_mode_enabled\": true"), "{manifest}");
    let (well, _, fault) = run(folder.path(), &["manifest", "--url", "http://pager.example"]);
    assert!(!well && fault.contains("--socket-mode"), "{fault}");

    let (well, _, fault) = run(folder.path(), &["serve"]);
    assert!(!well && fault.contains("SLACK_SIGNING_SECRET") && fault.contains("SLACK_APP_TOKEN"), "{fault}");
    let (well, _, fault) = run(folder.path(), &["serve", "--config", "absent.toml"]);
    assert!(!well && fault.contains("absent.toml"), "{fault}");

    let (well, checked, _) = run(folder.path(), &["config", "check"]);
    assert!(well && checked.contains("every full member of the channel"), "{checked}");
    std::fs::write(folder.path().join("oncall.csv"), "email,rol\nana,engineer\n").unwrap();
    std::fs::write(folder.path().join("pagerslack.toml"), "lisen = 1\n").unwrap();
    let (well, _, fault) = run(folder.path(), &["config", "check"]);
    assert!(
        !well && fault.contains("pagerslack.toml line 1") && fault.contains("oncall.csv line 1"),
        "{fault}"
    );

    let (well, version, _) = run(folder.path(), &["--version"]);
    assert!(well && version.lines().count() == 1, "{version}");
    for arguments in [["--version", "--verbose"], ["--verbose", "--version"], ["-V", "--verbose"]] {
        let (well, version, _) = run(folder.path(), &arguments);
        assert!(well && version.contains("tzdata 20") && version.contains("countries"), "{version}");
    }
    assert!(!run(folder.path(), &["--verbose", "config"]).0);
}
