//! Where `cargo xtask test` puts emulate and Slack's SDK, and the one way to ask that SDK for a signature.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The workspace's root.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What `xtask/src/e2e.rs` has installed, at the versions pinned in `e2e/`.
#[derive(Clone)]
pub struct Installed(());

impl Installed {
    /// `None`, and why, where nothing is installed or something else than what is pinned. In CI that is a failure.
    #[expect(clippy::print_stdout, reason = "a skipped test says so")]
    pub fn look() -> Option<Self> {
        let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
        let pins = ["package.json", "package-lock.json", "requirements.txt"];
        let wanted: String = pins.iter().map(|name| read(format!("{ROOT}/e2e/{name}"))).collect();
        if read(format!("{ROOT}/target/e2e/installed")) == wanted {
            return Some(Self(()));
        }
        let why = "emulate, slack_sdk and axe-core are not installed in target/e2e as e2e/ pins them: type `cargo xtask test`";
        let in_ci = std::env::var_os("CI").is_some()
            || std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "ci");
        assert!(!in_ci, "{why}");
        println!("skipped: {why}");
        None
    }

    /// emulate's Slack, about to be started.
    pub fn emulate(&self) -> Command {
        let mut command = Command::new("node");
        command
            .arg("--import")
            .arg(path("e2e/emulate.mjs"))
            .arg(path("target/e2e/node_modules/emulate/dist/index.js"))
            .args(["start", "--service", "slack", "--seed"])
            .arg(path("e2e/slack.yaml"));
        command
    }

    /// axe-core, for pages of ours.
    pub fn axe(&self) -> PathBuf {
        path("target/e2e/node_modules/axe-core/axe.min.js")
    }

    /// Slack's SDK, holding a secret.
    pub fn sdk(&self, signing_secret: &str) -> Sdk {
        let mut child = Command::new(path("target/e2e/python/bin/python"))
            .arg(path("e2e/signed.py"))
            .env("SLACK_SIGNING_SECRET", signing_secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let asks = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Sdk { child, asks, answers }
    }
}

fn path(below: &str) -> PathBuf {
    PathBuf::from(ROOT).join(below)
}

/// `e2e/signed.py`, running: a line in, a line out.
pub struct Sdk {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Sdk {
    fn ask(&mut self, wanted: &Value) -> Value {
        writeln!(self.asks, "{wanted}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("signed.py gave up on {wanted}"))
    }

    /// The two headers of a request with this body: its time and its signature. The time is now, unless given.
    pub fn sign(&mut self, body: &str, timestamp: Option<&str>) -> (String, String) {
        let answer = self.ask(&json!({ "body": body, "timestamp": timestamp }));
        let header = |name: &str| answer[name].as_str().unwrap().to_owned();
        (header("X-Slack-Request-Timestamp"), header("X-Slack-Signature"))
    }

    /// Posts a signed request: the answer's status and text.
    pub fn post(&mut self, url: &str, content_type: &str, body: &str) -> (u64, String) {
        let answer = self.ask(&json!({ "url": url, "content_type": content_type, "body": body }));
        (answer["status"].as_u64().unwrap(), answer["body"].as_str().unwrap().to_owned())
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
