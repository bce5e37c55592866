//! The files that PagerSlack goes by, each with its whole life: absent, there, changed, broken, mended, and broken
//! or sound at the start.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use pagerslack::config::{Config, Environment};
use slack_sim::WorldBuilder;

use crate::harness::{Stage, team};

/// What every story's `pagerslack.toml` begins with.
const BASE: &str = "admin = \"U9\"\n[defaults]\nmanagers.users = [\"U9\"]\n";

/// A file's states, each with the people whom a hunt asks then.
struct Story {
    name: &'static str,
    absent: &'static [&'static str],
    first: (&'static str, &'static [&'static str]),
    second: (&'static str, &'static [&'static str]),
    /// Not valid, with what is said of it.
    broken: (&'static str, &'static str),
}

/// Ana, bo, and gus who is a guest; and beside the channel mika, who is the manager and the admin.
fn world() -> WorldBuilder {
    team(&["ana", "bo", "gus"])
        .with_user("U3", |user| user.is_restricted = true)
        .channel("C9", "managers")
        .person("U9", "mika", "Asia/Tokyo")
}

/// Reports an incident that nobody takes but the manager; gives who was asked.
async fn hunted(stage: &Stage) -> Vec<String> {
    let (pages, roots) = (stage.pages().len(), stage.roots().len());
    stage.types("U1", &format!("https://incident.example/{roots}")).await;
    stage.pass("7 min").await;
    let root = stage.posts().into_iter().rfind(|post| post.kind == "root").unwrap();
    stage.reacts("U9", &root.ts, "eyes").await;
    let asked: BTreeSet<String> = stage.asked().split_off(pages).into_iter().collect();
    asked.into_iter().collect()
}

impl Story {
    async fn tell(self) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let load = || Config::load(Some(&folder.path().join("pagerslack.toml")), &Environment::default());
        write("pagerslack.toml", BASE);

        // Missing, then there, then changed: the next hunt goes by it.
        let stage = Stage::of_files(world(), folder.path()).await;
        assert_eq!(hunted(&stage).await, self.absent, "without {}", self.name);
        for (text, asked) in [self.first, self.second] {
            write(self.name, text);
            stage.bot.look_at_files().await;
            assert_eq!(hunted(&stage).await, asked, "{text}");
        }

        // Broken, and worse: what held before holds on, and the admin is told once.
        let (text, fault) = self.broken;
        for text in [text.to_owned(), format!("{text}\n[\n")] {
            write(self.name, &text);
            stage.bot.look_at_files().await;
            assert_eq!(hunted(&stage).await, self.second.1, "{text}");
        }
        let told = stage.direct_texts("U9");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("What held before holds on") && told[0].contains(fault), "{told:?}");

        // At the start it is a fault with its place.
        write(self.name, text);
        let said = load().unwrap_err().to_string();
        assert!(said.contains(&format!("{}{fault}", folder.path().join(self.name).display())), "{said}");

        // Mended, and again sound at the start.
        write(self.name, self.first.0);
        stage.bot.look_at_files().await;
        assert_eq!(hunted(&stage).await, self.first.1, "mended");
        assert_eq!(stage.direct_texts("U9").len(), 1);
        stage.end().await;
        let stage = Stage::of_files(world(), folder.path()).await;
        assert_eq!(hunted(&stage).await, self.first.1, "at the start");
        stage.end().await;
    }
}

#[tokio::test]
async fn oncall_csv() {
    let story = Story {
        name: "oncall.csv",
        absent: &["U1", "U2"],
        first: ("slack_id,role\nU1,engineer\n", &["U1"]),
        second: ("slack_id,role\nU2,engineer\n", &["U2"]),
        broken: (
            "slack_id,role\nU1,enginer\n",
            " line 2: \"enginer\" is no role (did you mean \"engineer\"?)",
        ),
    };
    story.tell().await;
}

#[tokio::test]
async fn holidays_yml() {
    let story = Story {
        name: "holidays.yml",
        absent: &["U1", "U2"],
        first: ("- date: 2026-11-23..2026-11-25\n  person: bo\n", &["U1"]),
        second: ("- date: 2026-11-23..2026-11-25\n  person: ana\n", &["U2"]),
        broken: (
            "- date: 2026-11-24\n  persn: U1\n",
            " line 2: unknown key \"persn\" (did you mean \"person\"?)",
        ),
    };
    story.tell().await;
}

#[tokio::test]
async fn exclusions_yml() {
    let story = Story {
        name: "exclusions.yml",
        absent: &["U1", "U2"],
        first: ("- bo\n", &["U1"]),
        second: ("- name: ana\n  from: 2026-11-01\n  until: 2026-11-30\n", &["U2"]),
        broken: ("- id: U1\n  form: 2026-11-01\n", " line 2: unknown key \"form\" (did you mean \"from\"?)"),
    };
    story.tell().await;
}

#[tokio::test]
async fn pagerslack_toml() {
    let story = Story {
        name: "pagerslack.toml",
        // Here the file that says nothing of guests; a missing one is told of below.
        absent: &["U1", "U2"],
        first: (
            "admin = \"U9\"\n[defaults]\nguests = true\nmanagers.users = [\"U9\"]\n",
            &["U1", "U2", "U3"],
        ),
        second: ("admin = \"U9\"\n[defaults]\nmanagers.users = [\"U9\", \"U2\"]\n", &["U1"]),
        broken: (
            "admin = \"U9\"\n[defaults]\ngusts = true\n",
            " line 3: [defaults] has no key \"gusts\" (did you mean \"guests\"?)",
        ),
    };
    story.tell().await;
}

/// Given there is no `pagerslack.toml`, then the defaults hold, unless somebody named one.
#[test]
fn without_pagerslack_toml_the_defaults_hold() {
    let folder = tempfile::tempdir().unwrap();
    let check = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagerslack"));
        let output = command.current_dir(folder.path()).env_clear().args(arguments).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(check(&["config", "check"]), (true, String::new()));
    let (well, said) = check(&["config", "check", "--config", "named.toml"]);
    assert!(!well && said.contains("named.toml") && said.contains("there is no such file"), "{said}");
}
