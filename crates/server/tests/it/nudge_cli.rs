//! `pagerslack nudge`, as it is typed: the real binary and a fake Slack over HTTP.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;

use crate::harness::NOON;
use slack_sim::{Fault, FaultKind, ScaledClock, Server, SimHandle, blank_user, demo_team};
use tokio_util::sync::CancellationToken;

/// A fake Slack, and a folder to type in.
struct Desk {
    slack: SimHandle,
    api_url: String,
    folder: tempfile::TempDir,
    shutdown: CancellationToken,
}

impl Desk {
    /// Of the demo's team, who all have a schedule, these have none: engineers, a manager, the guest, another bot and
    /// somebody who left. More engineers come to the channel without one.
    async fn new(more: usize) -> Self {
        let without = ["U003", "U019", "U025", "U026", "U028", "U029", "U030"];
        let mut world = demo_team();
        for user in without {
            world = world.with_user(user, |user| user.dnd.daily = None);
        }
        for number in 0..more {
            world = world.user(blank_user("T0DEMO", &format!("U1{number:03}"), &format!("p{number}"), None));
        }
        let slack = SimHandle::new(world.build(), Arc::new(ScaledClock::new(NOON.parse().unwrap(), 1)));
        let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), slack.clone()).await.unwrap();
        let (api_url, shutdown) = (server.api_url(), CancellationToken::new());
        tokio::spawn(server.run(shutdown.clone()));
        let folder = tempfile::tempdir().unwrap();
        let config = "[defaults]\nmanagers.users = [\"U025\"]\nmanagers.group = \"S0MANAGERS\"\n";
        std::fs::write(folder.path().join("pagerslack.toml"), config).unwrap();
        Self { slack, api_url, folder, shutdown }
    }

    fn nudge(&self, arguments: &[&str]) -> (bool, String, String) {
        let token = self.slack.read(|world| world.app().bot_token.clone());
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagerslack"));
        command.current_dir(self.folder.path()).env_clear().arg("nudge").args(arguments);
        let output =
            command.env("SLACK_API_URL", &self.api_url).env("SLACK_BOT_TOKEN", token).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    fn calls(&self, method: &str) -> usize {
        self.slack.read(|world| world.count_calls(method))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Given some have no schedule, then the engineers among them are listed, and nothing is written to anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engineers_without_a_schedule_are_listed() {
    let desk = Desk::new(0).await;
    let (well, said, fault) = desk.nudge(&["--dry-run"]);
    assert!(well, "{said}{fault}");
    let demo = "#dev-escalation (C0DEMO), nudge_missing_schedule is off:\n  \
                U003  haruka\n  \
                U019  ines\n  \
                2 people without a notification schedule.\n";
    assert!(said.contains(demo), "{said}");
    assert!(!said.contains("not complete"), "{said}");
    for method in ["chat.postMessage", "chat.postEphemeral", "conversations.open"] {
        assert_eq!(desk.calls(method), 0, "{method}");
    }
}

/// Given more people than Slack tells of one by one in a minute, then all are listed: they are read by the page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_channel_is_listed_whole() {
    let desk = Desk::new(150).await;
    let (well, said, fault) = desk.nudge(&["--dry-run"]);
    assert!(well, "{said}{fault}");
    assert!(said.contains("  152 people without a notification schedule.\n"), "{said}");
    assert!(!said.contains("not complete"), "{said}");
    assert_eq!(desk.calls("users.info"), 0);
}

/// Given Slack does not tell all, then the list says what it lacks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_in_part_says_so() {
    let desk = Desk::new(150).await;
    let limited = FaultKind::RateLimited { retry_after: Some(30) };
    desk.slack.with(|world, _| world.inject(Fault::once("users.list", limited)));
    let (well, said, fault) = desk.nudge(&["--dry-run"]);
    assert!(well, "{said}{fault}");
    let told = said.lines().find(|line| line.contains("Slack wants to be asked later")).unwrap_or_default();
    let put_off: usize = told.split(' ').find_map(|word| word.parse().ok()).unwrap_or_default();
    let lacks = format!(
        "  The list is not complete: Slack wants to be asked later about {put_off} people; try again in a minute."
    );
    assert_eq!(told, lacks, "{said}");
    // Of the hundred and eighty-one in the channel, sixty can be read one by one.
    assert_eq!((desk.calls("users.info"), put_off), (60, 121), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_dry_run_it_says_what_to_do() {
    let desk = Desk::new(0).await;
    let (well, said, fault) = desk.nudge(&[]);
    assert!(!well && said.is_empty(), "{said}");
    for words in ["nudge_missing_schedule = true", "pagerslack nudge --dry-run"] {
        assert!(fault.contains(words), "{fault}");
    }
    assert_eq!(desk.slack.read(|world| world.calls().len()), 0);
}
