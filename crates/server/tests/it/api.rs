//! The API at the real binary: tokens, what machines report, and what they are told.

mod alertmanager;
mod described;
mod documented;
mod incidents;
mod tokens;
mod unavailable;
mod webhooks;

use std::process::Command;

use reqwest::{Method, StatusCode, header};
use serde_json::Value;

use crate::service::{CHANNEL, Process, Service, eventually};

/// What the server and its client both hold.
const ADMIN: &str = "hunter2-hunter2-hunter2-hunter2";

/// The workspace.
pub const TEAM: &str = "T0DEMO";

/// A server that machines may speak to.
pub struct Door {
    /// The binary and its Slack.
    pub service: Service,
    /// What the binary's environment says beside the usual.
    pub environment: Vec<(&'static str, String)>,
}

/// What a machine is answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What kind of text the body is.
    pub kind: String,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// The body, if it is JSON.
    pub body: Value,
}

/// What a command came to.
#[derive(Debug)]
pub struct Said {
    /// Whether it exits with success.
    pub well: bool,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Door {
    /// The demo's team, its manager, and whatever else the configuration says.
    pub async fn open(settings: &str) -> (Self, Process) {
        let door = Self::prepare(settings).await;
        let process = door.serve().await;
        (door, process)
    }

    /// The same, before the binary is started.
    pub async fn prepare(settings: &str) -> Self {
        let world = slack_sim::demo_team().command("/devoncall", "");
        let settings = format!("{settings}\n[defaults.managers]\nusers = [\"U025\"]\n");
        Self { service: Service::new(world, &settings, |server| server).await, environment: Vec::new() }
    }

    /// Starts the binary.
    pub async fn serve(&self) -> Process {
        let process = self.service.spawn(self.command());
        self.service.ready().await;
        process
    }

    /// The binary with what it needs.
    pub fn command(&self) -> Command {
        let mut command = self.service.command();
        command.env("PAGERSLACK_ADMIN_TOKEN", ADMIN);
        command.envs(self.environment.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// Runs a command to its end; `SERVER` stands for the server's address.
    pub async fn run(&self, line: &str) -> Said {
        let server = format!("http://{}", self.service.listen);
        let mut command = self.command();
        command
            .args(line.split_whitespace().map(|word| if word == "SERVER" { server.as_str() } else { word }));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { well: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// A token for the channel of most stories, or for what is said instead.
    pub async fn token(&self, name: &str, scope: &str) -> String {
        let said = self.run(&format!("token create {name} --team {TEAM} {scope} --server SERVER")).await;
        assert!(said.well, "{said:?}");
        said.out.trim().to_owned()
    }

    /// Sends anything to the API.
    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let url = format!("http://{}{path}", self.service.listen);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.request(method, url).body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send().await.unwrap();
        let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, kind) = (answer.status().as_u16(), header(header::CONTENT_TYPE).unwrap_or_default());
        let retry_after = header(header::RETRY_AFTER).map(|seconds| seconds.parse().unwrap());
        let body = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
        Answer { status, kind, retry_after, body }
    }

    /// Posts JSON with a token.
    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.post_under(path, token, None, body).await
    }

    /// The same under a key.
    pub async fn post_under(&self, path: &str, token: &str, key: Option<&str>, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.ask(Method::POST, path, &headers, body.to_string().into()).await
    }

    /// Looks with a token.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.ask(Method::GET, path, &[("authorization", &bearer)], Vec::new()).await
    }

    /// The channel as it reads.
    pub fn transcript(&self) -> String {
        self.service.slack.read(|world| world.transcript(CHANNEL))
    }

    /// Waits until the channel says something.
    pub async fn reads(&self, what: &str) {
        eventually(what, || async { self.transcript().contains(what).then_some(()) }).await;
    }
}

impl Answer {
    /// Whether it is a refusal that says what to do.
    pub fn is_problem(&self, status: StatusCode, said: &str) -> bool {
        self.status == status.as_u16()
            && self.kind == "application/problem+json"
            && self.body["status"] == status.as_u16()
            && self.body["type"].as_str().is_some_and(|kind| kind.starts_with("urn:pagerslack:problem:"))
            && self.body["detail"].as_str().is_some_and(|detail| detail.contains(said))
    }
}
