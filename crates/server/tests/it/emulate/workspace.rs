//! A workspace in emulate's Slack with the real binary in it, and what stands between the two: emulate delivers events
//! neither signed nor wrapped, so a courier wraps them as Slack does and Slack's SDK signs them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::installed::{Installed, Sdk};
use super::reserved::Reserved;

/// Shared by emulate's seed file (`e2e/slack.yaml`).
const CHANNEL: &str = "dev-escalation";
const CLIENT: [(&str, &str); 2] = [("client_id", "1.2"), ("client_secret", "open-sesame")];
/// emulate's own, who is the engineering manager here.
pub const ADMIN: &str = "U000000001";

const SECRET: &str = "the secret that the bot and Slack share";

/// Long enough to react within it on a busy machine; what is waited for in vain costs it once.
const CONFIG: &str =
    "[defaults]\nack_timeout = \"4 s\"\npatience = \"1 s\"\n[defaults.managers]\nusers = [\"U000000001\"]\n";

/// Waits, in real time, for something to become true.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "this does not happen: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What became of the events.
#[derive(Default)]
struct Courier {
    loses: AtomicBool,
    events: AtomicU64,
    /// Each event as emulate wrote it, and the bot's answer; `None` for those that were lost.
    log: Mutex<Vec<(Value, Option<u64>)>>,
    /// What the bot sent to the address that came with a command.
    responses: Mutex<Vec<Value>>,
}

/// The workspace, seen from outside the bot.
pub struct Workspace {
    base: String,
    http: reqwest::Client,
    listen: Reserved,
    response_url: String,
    folder: tempfile::TempDir,
    sdk: Arc<Mutex<Sdk>>,
    courier: Arc<Courier>,
    ids: BTreeMap<String, String>,
    channel: String,
    install: Value,
    _slack: (Process, Reserved),
    bot: Option<Process>,
}

impl Workspace {
    /// Starts emulate, installs the app by OAuth with the scopes of its manifest, starts the bot with the token that
    /// came of it, and invites it into the channel.
    pub async fn open(installed: &Installed) -> Self {
        let manifest = manifest();
        let courier = Arc::new(Courier::default());
        let (delivered, deliveries) = mpsc::unbounded_channel();
        let hook = hook(delivered, Arc::clone(&courier)).await;
        let slack = Reserved::new();
        let events = words(&manifest["settings"]["event_subscriptions"]["bot_events"]);
        let process = installed
            .emulate()
            .args(["--port", &slack.address.port().to_string()])
            .env("SUBSCRIBE_URL", format!("http://{hook}/"))
            .env("SUBSCRIBE_EVENTS", events)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let mut workspace = Self {
            base: format!("http://{}", slack.address),
            http,
            listen: Reserved::new(),
            response_url: format!("http://{hook}/commands/T1/2/3"),
            folder: tempfile::tempdir().unwrap(),
            sdk: Arc::new(Mutex::new(installed.sdk(SECRET))),
            courier,
            ids: BTreeMap::new(),
            channel: String::new(),
            install: Value::Null,
            _slack: (Process(process), slack),
            bot: None,
        };
        eventually("emulate answers", || async { workspace.http.get(&workspace.base).send().await.ok() })
            .await;
        workspace.look_around().await;
        workspace.install = workspace.authorize(&manifest["oauth_config"]).await;
        workspace.deliver(deliveries);
        workspace.serve().await;
        let bot = workspace.install["bot_user_id"].as_str().unwrap();
        workspace
            .call("admin", "conversations.invite", &[("channel", &workspace.channel), ("users", bot)])
            .await;
        workspace
    }

    async fn look_around(&mut self) {
        let people = self.call("admin", "users.list", &[]).await;
        let named = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
        self.ids = people["members"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (named(it, "name"), named(it, "id")))
            .collect();
        let channels = self.call("admin", "conversations.list", &[]).await;
        let ours = channels["channels"].as_array().unwrap().iter().find(|it| it["name"] == CHANNEL).unwrap();
        self.channel = named(ours, "id");
    }

    /// What `pagerslack` does not do itself yet: the admin agrees, and the code is changed for a token.
    async fn authorize(&self, app: &Value) -> Value {
        let redirect = app["redirect_urls"][0].as_str().unwrap();
        let scopes = words(&app["scopes"]["bot"]);
        let agreed = [
            CLIENT[0],
            ("user_id", ADMIN),
            ("redirect_uri", redirect),
            ("scope", &scopes),
            ("state", "untouched"),
        ];
        let url = format!("{}/oauth/v2/authorize/callback", self.base);
        let answer = self.http.post(url).form(&agreed).send().await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap();
        let location = url::Url::parse(location).unwrap();
        let query: BTreeMap<_, _> = location.query_pairs().into_owned().collect();
        assert!(location.as_str().starts_with(redirect) && query["state"] == "untouched", "{location}");
        let arguments = [CLIENT[0], CLIENT[1], ("code", &query["code"]), ("redirect_uri", redirect)];
        let install = self.api("", "oauth.v2.access", &arguments).await;
        assert_eq!((&install["ok"], &install["scope"]), (&json!(true), &json!(scopes)), "{install}");
        install
    }

    /// Starts the real binary and waits until it is ready.
    async fn serve(&mut self) {
        let folder = self.folder.path();
        std::fs::write(folder.join("pagerslack.toml"), CONFIG).unwrap();
        let log = std::fs::File::create(folder.join("log.jsonl")).unwrap();
        let bot = Command::new(env!("CARGO_BIN_EXE_pagerslack"))
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .env("SLACK_API_URL", format!("{}/api/", self.base))
            .env("SLACK_BOT_TOKEN", self.install["access_token"].as_str().unwrap())
            .env("SLACK_SIGNING_SECRET", SECRET)
            .env("PAGERSLACK_LISTEN", self.listen.address.to_string())
            .stdout(log)
            .spawn()
            .unwrap();
        self.bot = Some(Process(bot));
        let ready = format!("http://{}/readyz", self.listen.address);
        eventually("the bot is ready", || async {
            self.http.get(&ready).send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
    }

    /// Takes emulate's events to the bot, one after the other, as Slack wraps them.
    fn deliver(&self, mut deliveries: mpsc::UnboundedReceiver<Value>) {
        let (courier, sdk) = (Arc::clone(&self.courier), Arc::clone(&self.sdk));
        let (install, url) = (self.install.clone(), self.requests());
        tokio::spawn(async move {
            while let Some(delivery) = deliveries.recv().await {
                let event = delivery["event"].clone();
                let mut answer = None;
                if !courier.loses.load(Ordering::SeqCst) {
                    let number = courier.events.fetch_add(1, Ordering::SeqCst);
                    let body = wrapped(&install, &event, number).to_string();
                    let (sdk, url) = (Arc::clone(&sdk), url.clone());
                    let posted = move || sdk.lock().unwrap().post(&url, "application/json", &body);
                    answer = Some(tokio::task::spawn_blocking(posted).await.unwrap().0);
                }
                courier.log.lock().unwrap().push((event, answer));
            }
        });
    }

    /// Where the bot takes Slack's requests.
    pub fn requests(&self) -> String {
        format!("http://{}/slack/events", self.listen.address)
    }

    /// From now on no event reaches the bot.
    pub fn lose_events(&self) {
        self.courier.loses.store(true, Ordering::SeqCst);
    }

    /// The events of a kind, each with the bot's answer.
    pub fn events(&self, kind: &str) -> Vec<(Value, Option<u64>)> {
        self.courier.log.lock().unwrap().iter().filter(|(event, _)| event["type"] == kind).cloned().collect()
    }

    /// Calls emulate's Web API with a token; "" is none.
    async fn api(&self, token: &str, method: &str, arguments: &[(&str, &str)]) -> Value {
        let request = self.http.post(format!("{}/api/{method}", self.base)).form(arguments);
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Calls emulate's Web API as somebody, successfully.
    pub async fn call(&self, who: &str, method: &str, arguments: &[(&str, &str)]) -> Value {
        let answer = self.api(&format!("xoxp-{who}"), method, arguments).await;
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer
    }

    /// Somebody's id.
    pub fn id(&self, name: &str) -> &str {
        &self.ids[name]
    }

    /// Whose id it is.
    pub fn name(&self, id: &str) -> &str {
        self.ids.iter().find(|(_, known)| *known == id).map(|(name, _)| name.as_str()).unwrap()
    }

    /// A slash command as Slack posts it.
    pub fn slash_command(&self, who: &str, text: &str) -> String {
        let number = self.courier.events.fetch_add(1, Ordering::SeqCst);
        let fields = [
            ("team_id", self.install["team"]["id"].as_str().unwrap()),
            ("team_domain", "tests"),
            ("channel_id", &self.channel),
            ("channel_name", CHANNEL),
            ("user_id", self.id(who)),
            ("user_name", who),
            ("command", "/devoncall"),
            ("text", text),
            ("api_app_id", self.install["app_id"].as_str().unwrap()),
            ("is_enterprise_install", "false"),
            ("response_url", &self.response_url),
            ("trigger_id", &format!("13345224609.{number}.8fdd")),
        ];
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    }

    /// Types a slash command, signed by Slack's SDK: what the bot answers at once.
    pub async fn types(&self, who: &str, text: &str) -> String {
        let (sdk, url, body) = (Arc::clone(&self.sdk), self.requests(), self.slash_command(who, text));
        let posted = move || sdk.lock().unwrap().post(&url, "application/x-www-form-urlencoded", &body);
        let (status, answer) = tokio::task::spawn_blocking(posted).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Puts 👀 under a message.
    pub async fn react(&self, who: &str, ts: &str) {
        let on = [("channel", self.channel.as_str()), ("timestamp", ts), ("name", "eyes")];
        self.call(who, "reactions.add", &on).await;
    }

    /// The channel's last root message, if one stands.
    pub async fn root(&self) -> Option<Value> {
        let history = self.call("admin", "conversations.history", &[("channel", &self.channel)]).await;
        let bot = &self.install["bot_user_id"];
        history["messages"].as_array().unwrap().iter().find(|it| it["user"] == *bot).cloned()
    }

    /// The replies below the last root message.
    pub async fn thread(&self) -> Vec<Value> {
        let Some(root) = self.root().await else { return Vec::new() };
        let of = [("channel", self.channel.as_str()), ("ts", root["ts"].as_str().unwrap())];
        let answer = self.call("admin", "conversations.replies", &of).await;
        answer["messages"].as_array().unwrap()[1..].to_vec()
    }

    /// Waits for the reply that contains a text.
    pub async fn reply(&self, text: &str) -> Value {
        eventually(text, || async {
            self.thread().await.into_iter().find(|it| it["text"].as_str().unwrap().contains(text))
        })
        .await
    }

    /// Waits until the root message contains a text.
    pub async fn root_says(&self, text: &str) -> Value {
        eventually(text, || async {
            self.root().await.filter(|it| it["text"].as_str().unwrap().contains(text))
        })
        .await
    }

    /// How often somebody was asked in the last thread, answered by now or not.
    pub async fn pages(&self) -> usize {
        let key = |it: &Value| it["metadata"]["event_payload"]["key"].as_str().unwrap_or_default().to_owned();
        self.thread().await.iter().filter(|it| key(it).contains("/send/page/")).count()
    }

    /// Waits for an answer to a command that came later than the command's own.
    pub async fn response(&self) -> String {
        let last = || {
            self.courier.responses.lock().unwrap().last().map(|it| it["text"].as_str().unwrap().to_owned())
        };
        eventually("an answer at the response_url", || async { last() }).await
    }

    /// A line of the bot's counters.
    pub async fn counts(&self, line: &str) -> bool {
        let url = format!("http://{}/metrics", self.listen.address);
        self.http.get(url).send().await.unwrap().text().await.unwrap().lines().any(|it| it.ends_with(line))
    }

    /// What the bot has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log.jsonl")).unwrap()
    }
}

impl Drop for Workspace {
    /// Where a test fails, what the bot logged and what became of the events is all that tells why.
    #[expect(clippy::print_stdout, reason = "of a test that failed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("log.jsonl")).unwrap_or_default();
            println!("The events: {:?}\nThe bot's log:\n{log}", self.courier.log.lock());
        }
    }
}

/// A list of words as Slack writes lists.
fn words(list: &Value) -> String {
    list.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect::<Vec<_>>().join(",")
}

/// What the binary prints for somebody who installs the app.
fn manifest() -> Value {
    let printed = Command::new(env!("CARGO_BIN_EXE_pagerslack"))
        .args(["manifest", "--url", "https://pager.example"])
        .env_clear()
        .output()
        .unwrap();
    serde_json::from_slice(&printed.stdout).unwrap()
}

/// Takes what emulate delivers, and what the bot answers later.
async fn hook(delivered: mpsc::UnboundedSender<Value>, courier: Arc<Courier>) -> SocketAddr {
    async fn take(State(delivered): State<mpsc::UnboundedSender<Value>>, Json(delivery): Json<Value>) {
        let _ = delivered.send(delivery);
    }
    async fn hear(State(courier): State<Arc<Courier>>, Json(response): Json<Value>) {
        courier.responses.lock().unwrap().push(response);
    }
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let responses = Router::new().route("/commands/T1/2/3", post(hear)).with_state(courier);
    let routes = Router::new().route("/", post(take)).with_state(delivered).merge(responses);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// An event in the envelope that Slack puts around it, which emulate leaves out.
fn wrapped(install: &Value, event: &Value, number: u64) -> Value {
    json!({
        "token": "deprecated", "team_id": install["team"]["id"], "api_app_id": install["app_id"], "event": event,
        "type": "event_callback", "event_id": format!("Ev{number}"), "event_time": 1_780_000_000 + number,
        "authorizations": [{
            "enterprise_id": null, "team_id": install["team"]["id"], "user_id": install["bot_user_id"],
            "is_bot": true, "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": false,
    })
}
