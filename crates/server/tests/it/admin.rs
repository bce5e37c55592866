//! What whoever has the admin token may do to a running bot, by the real binary: fetch the statistics, and put another
//! file in a file's place.

use std::fs;
use std::path::Path;
use std::process::Command;

use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service::{CHANNEL, Process, Service, eventually, stopped};
use crate::wire::{page, react, taken};

/// What the server and its client both hold.
const TOKEN: &str = "hunter2-hunter2-hunter2-hunter2";

/// A server that may be spoken to.
struct Desk {
    service: Service,
}

/// What a command came to.
#[derive(Debug)]
struct Said {
    well: bool,
    out: String,
    err: String,
}

impl Desk {
    async fn open() -> (Self, Process) {
        let desk = Self { service: Service::prepare().await };
        let process = desk.serve().await;
        (desk, process)
    }

    async fn serve(&self) -> Process {
        let process = self.service.spawn(self.command());
        self.service.ready().await;
        process
    }

    fn command(&self) -> Command {
        let mut command = self.service.command();
        command.env("PAGERSLACK_ADMIN_TOKEN", TOKEN);
        command
    }

    /// Runs a command to its end; `SERVER` stands for the server's address.
    async fn run(&self, line: &str) -> Said {
        let server = format!("http://{}", self.service.listen);
        let mut command = self.command();
        command
            .args(line.split_whitespace().map(|word| if word == "SERVER" { server.as_str() } else { word }));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { well: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
    }

    async fn asked(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> (StatusCode, String) {
        let url = format!("http://{}{path}", self.service.listen);
        let request = reqwest::Client::new().request(method, url).body(body);
        let request =
            token.into_iter().fold(request, |request, token| request.header("authorization", token));
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.service.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    async fn logged(&self, what: &str) {
        eventually(what, || async { self.service.log().contains(what).then_some(()) }).await;
    }
}

/// Given an incident that was answered and one that waits, when somebody asks a running bot for a summary, then both are
/// in it at once, and the machine itself says the same when the bot has stopped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_summary_says_the_same_from_afar_and_on_the_machine() {
    let (desk, process) = Desk::open().await;
    let empty = desk.run("stats summary --server SERVER --month 2026-01").await;
    assert!(empty.out.starts_with("From 2026-01-01 00:00 until 2026-02-01 00:00 (UTC)"), "{empty:?}");
    desk.service.report("https://i.example/1");
    let (ts, responder) = page(&desk.service.slack).await;
    react(&desk.service.slack, &responder, &ts);
    taken(&desk.service.slack).await;
    desk.service.report("https://i.example/2");

    let summary = desk.run("stats summary --server SERVER --since 2026-01-01").await;
    assert!(summary.well, "{summary:?}");
    let lines: Vec<_> =
        summary.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for expected in ["incidents 2", "answered by engineers 1 50 %", "answered by nobody 1 50 %"] {
        assert!(lines.iter().any(|line| line == expected), "{expected}: {}", summary.out);
    }
    let theirs = lines.iter().find(|line| line.starts_with(&responder)).unwrap();
    assert!(theirs.starts_with(&format!("{responder} 1 1 1 0 0 0 0")), "{theirs}");
    let json = desk.run("stats summary --server SERVER --since 2026-01-01 --format json").await;
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["incidents"], &json["answers"]["people"]), (&2.into(), &1.into()));
    let elsewhere = desk.run("stats summary --server SERVER --since 2026-01-01 --channel C9").await;
    assert!(elsewhere.out.contains("in C9") && !elsewhere.out.contains(&responder), "{elsewhere:?}");
    let nowhere = desk.run("stats summary --server SERVER --zone Mars/Phobos").await;
    assert!(!nowhere.well && nowhere.err.contains("there is no time zone"), "{nowhere:?}");

    // The second page is under way: what is compared is what does not change any more.
    let first = "stats summary --since 2026-01-01 --format json";
    let remote = desk.run(&format!("{first} --server SERVER")).await;
    stopped(process).await;
    let (remote, local) = (remote.out, desk.run(first).await.out);
    let [remote, local]: [serde_json::Value; 2] =
        [remote, local].map(|it| serde_json::from_str(&it).unwrap());
    for name in ["incidents", "answers", "response", "regions", "hours", "series"] {
        assert_eq!(remote[name], local[name], "{name}");
    }
}

/// Given an incident that was answered, when somebody without a shell on the machine downloads the statistics, then they
/// get the row that the machine itself would write once the bot has stopped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statistics_are_downloaded_while_the_bot_runs() {
    let (desk, process) = Desk::open().await;
    desk.service.report("https://i.example/1");
    let (ts, responder) = page(&desk.service.slack).await;
    react(&desk.service.slack, &responder, &ts);
    taken(&desk.service.slack).await;

    let locally = desk.run("stats").await;
    assert!(!locally.well && locally.err.contains("pagerslack stats download --server"), "{locally:?}");

    let csv = desk.run("stats download --server SERVER").await;
    assert!(csv.well, "{csv:?}");
    let rows: Vec<_> = csv.out.split("\r\n").collect();
    assert!(rows[0].starts_with("attempts,weekend_pinged,unavailable,incident_url,reported_by,"), "{csv:?}");
    assert!(rows[1].starts_with("1,false,false,https://i.example/1,U001,20"), "{csv:?}");
    assert!(rows[1].contains(&format!(",{CHANNEL},acknowledged,{responder},reaction,")), "{csv:?}");
    assert_eq!(rows[2..], [""]);

    let json =
        desk.run("stats download --server SERVER --format json --since 2026-01-01 -o stats.json").await;
    assert!(json.well && json.out.is_empty(), "{json:?}");
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(desk.path("stats.json")).unwrap()).unwrap();
    assert_eq!(
        (json.as_array().unwrap().len(), &json[0]["acknowledged_by"]),
        (1, &responder.as_str().into())
    );
    for nobody in ["--until 2026-01-01", "--channel C9", "--since 2100-01-01T00:00:00Z"] {
        let none = desk.run(&format!("stats download --server SERVER {nobody}")).await;
        assert_eq!(none.out.lines().count(), 1, "{nobody}: {none:?}");
    }

    let table = desk.run("stats download --server SERVER --format table").await;
    let told: Vec<_> = table.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(told[0], ["reported", "channel", "outcome", "by", "after", "asked", "incident"]);
    assert_eq!(told[1][2..5], [CHANNEL, "acknowledged", &responder], "{table:?}");

    stopped(process).await;
    assert_eq!(desk.run("stats").await.out, csv.out, "it is the same row");
    assert_eq!(desk.run("stats --format table").await.out, table.out);
    assert_eq!(desk.run("stats --workspace T9").await.out.lines().count(), 1);
    let nobody = desk.run("stats download --server SERVER -o gone.csv").await;
    assert!(!nobody.well && nobody.err.contains("cannot be reached"), "{nobody:?}");
    assert!(!desk.path("gone.csv").exists(), "what is not complete is not there");
    assert!(!fs::read_dir(desk.service.folder.path()).unwrap().any(|it| is_new(&it.unwrap().path())));

    // A row that cannot be read is left out, and whoever reads the rest is told.
    let database = fs::read_dir(desk.service.folder.path())
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "db"))
        .unwrap();
    let spoilt = rusqlite::Connection::open(database).unwrap();
    spoilt.execute("UPDATE events SET body = '{' WHERE seq = 2", []).unwrap();
    drop(spoilt);
    let rest = desk.run("stats -o rest.csv").await;
    assert!(!rest.well && rest.err.contains("1 incident cannot be read and is left out"), "{rest:?}");
    assert!(rest.err.contains("an incident cannot be read, and the statistics leave it out"), "{rest:?}");
    assert_eq!(fs::read_to_string(desk.path("rest.csv")).unwrap().lines().count(), 1, "the names alone");

    // And so is whoever asks the server: nobody else sees its log.
    let process = desk.serve().await;
    for (form, lines) in [("csv", 1), ("json", 1), ("table", 1)] {
        let rest =
            desk.run(&format!("stats download --server SERVER --format {form} -o downloaded.txt")).await;
        let said = "1 incident cannot be read and is left out: the server's log says which, and why";
        assert!(!rest.well && rest.err.contains(said) && rest.out.is_empty(), "{rest:?}");
        let written = fs::read_to_string(desk.path("downloaded.txt")).unwrap();
        assert_eq!(written.trim().lines().count(), lines, "{written}");
    }
    assert!(desk.service.log().contains("an incident cannot be read, and the statistics leave it out"));
    stopped(process).await;
}

fn is_new(path: &Path) -> bool {
    path.to_string_lossy().contains(".new-")
}

/// Given somebody without the token, then they are told nothing, on every route; without a token in the configuration it
/// is said that all of it is off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_let_in_without_the_token() {
    let (desk, process) = Desk::open().await;
    let routes = [
        (Method::GET, "/api/v1/stats.csv"),
        (Method::GET, "/api/v1/stats.json?since=nonsense"),
        (Method::GET, "/api/v1/stats/summary.json"),
        (Method::PUT, "/api/v1/files/oncall.csv"),
        (Method::DELETE, "/api/v1/files/oncall.csv"),
    ];
    let right = format!("Bearer {TOKEN}");
    let wrong = [
        None,
        Some(TOKEN.to_owned()),
        Some(format!("Basic {TOKEN}")),
        Some(format!("Bearer {TOKEN}x")),
        Some(format!("Bearer {}", &TOKEN[1..])),
        Some("Bearer ".to_owned()),
    ];
    for (method, path) in &routes {
        for token in &wrong {
            let answer = desk.asked(method.clone(), path, token.as_deref(), b"email\n".to_vec()).await;
            assert_eq!(answer, (StatusCode::UNAUTHORIZED, String::new()), "{path} with {token:?}");
        }
    }
    let twice = reqwest::Client::new()
        .get(format!("http://{}/api/v1/stats.csv", desk.service.listen))
        .header("authorization", &right)
        .header("authorization", &right);
    assert_eq!(twice.send().await.unwrap().status(), 401, "of two, a proxy may have checked the other");
    let (_, metrics) = desk.service.asked("/metrics").await.unwrap();
    assert!(metrics.contains(&format!("admin_requests_refused_total {}\n", routes.len() * wrong.len() + 1)));
    assert_eq!(desk.asked(Method::GET, "/api/v1/stats.csv", Some(&right), vec![]).await.0, 200);
    stopped(process).await;

    let process = desk.service.serve().await;
    for (method, path) in &routes {
        let (status, said) = desk.asked(method.clone(), path, Some(&right), vec![]).await;
        assert_eq!(status, 404, "{path}");
        assert!(said.contains("set PAGERSLACK_ADMIN_TOKEN"), "{path}: {said}");
    }
    stopped(process).await;
}

/// Given the token, then what is asked wrongly is answered with what is wrong, and nothing that is too large is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_wrongly_is_said() {
    let (desk, process) = Desk::open().await;
    let right = format!("Bearer {TOKEN}");
    let asked = |method, path, body| desk.asked(method, path, Some(right.as_str()), body);
    for (path, wrong) in [
        ("/api/v1/stats.csv?since=yesterday", "since must be a date or a moment"),
        ("/api/v1/stats/summary.json?until=never", "until must be a date or a moment"),
        ("/api/v1/stats/summary.json?zone=Moon", "zone must be the name of a time zone"),
        ("/api/v1/stats/summary.json?by=hour", "unknown variant"),
        ("/api/v1/stats.csv?untill=2026-12-01", "unknown field"),
    ] {
        let (status, said) = asked(Method::GET, path, vec![]).await;
        assert!(status == 400 && said.contains(wrong), "{path}: {status} {said}");
    }
    let (status, said) = asked(Method::PUT, "/api/v1/files/pagerslack.toml", vec![]).await;
    assert_eq!(status, 404, "{said}");
    assert_eq!(
        said,
        "no file is called pagerslack.toml: there are exclusions.yml, holidays.yml, oncall.csv\n"
    );
    let (status, said) = asked(Method::DELETE, "/api/v1/files/oncall.csv", vec![]).await;
    assert_eq!((status.as_u16(), said.as_str()), (404, "no oncall.csv was uploaded\n"));
    // Refused by what is announced: whoever sends it all the same writes to a closed door.
    let mut stream = TcpStream::connect(desk.service.listen).await.unwrap();
    let head = format!(
        "PUT /api/v1/files/oncall.csv HTTP/1.1\r\nhost: bot\r\nauthorization: {right}\r\ncontent-length: {}\r\n\r\n",
        4 * 1024 * 1024 + 1
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert!(
        said.starts_with("HTTP/1.1 413") && said.ends_with("a file of more than 4 MiB is not taken\n"),
        "{said}"
    );
    fs::write(desk.path("large.csv"), vec![b'x'; 4 * 1024 * 1024 + 1]).unwrap();
    let large = desk.run("roster upload large.csv --as oncall.csv --server SERVER").await;
    assert!(!large.well && large.err.contains("has more than 4 MiB"), "{large:?}");

    let there = desk.run("roster upload large.csv --server http://pager.example.com").await;
    assert!(!there.well && there.err.contains("https://"), "no token goes unencrypted: {there:?}");
    let named = desk.run("stats download --server SERVER --token-file absent").await;
    assert!(!named.well && named.err.contains("cannot read absent"), "{named:?}");
    desk.write("token", "wrong-wrong-wrong-wrong-wrong\n");
    let named = desk.run("stats download --server SERVER --token-file token").await;
    assert!(!named.well && named.err.contains("does not accept the admin token"), "{named:?}");
    stopped(process).await;
}

/// Given a roster on disk, when another one is uploaded, then a broken one changes nothing and says why, a sound one
/// holds at once and after a restart, and withdrawing it brings back the one on disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_uploaded_roster_stands_for_the_one_on_disk() {
    let desk = Desk { service: Service::prepare().await };
    desk.write("oncall.csv", "slack_id,name\nU002,Bo\nU003,Cy\n");
    let process = desk.serve().await;

    desk.write("team.csv", "slack_id,name,time_zone\nU003,Cyrus,\nU004,Di,Europe/Lisbn\n");
    let broken = desk.run("roster upload team.csv --as oncall.csv --server SERVER").await;
    assert!(!broken.well, "{broken:?}");
    assert!(broken.err.contains("nothing has changed: the configuration has 1 fault:"), "{broken:?}");
    assert!(
        broken.err.contains("the uploaded oncall.csv line 3: \"Europe/Lisbn\" is no IANA time zone"),
        "{broken:?}"
    );

    desk.write("team.csv", "slack_id,name,time_zone\nU003,Cyrus,\nU004,Di,Europe/Lisbon\n");
    let sound = desk.run("roster upload team.csv --as oncall.csv --server SERVER").await;
    assert!(sound.well, "{sound:?}");
    for change in
        ["1 joined: Di\n", "1 left: Bo\n", "1 changed: Cyrus\n", "0 unchanged\n", "2 people in the roster"]
    {
        assert!(sound.out.contains(change), "{change}: {sound:?}");
    }
    desk.logged("\"an uploaded file was taken or withdrawn\"").await;
    desk.write("oncall.csv", "slack_id,name\nU002,Bo\n");
    desk.logged("a file changed for which an uploaded one stands").await;
    stopped(process).await;

    let process = desk.serve().await;
    desk.logged("uploaded files stand for those on disk").await;
    desk.service.report("https://i.example/1");
    let (_, responder) = page(&desk.service.slack).await;
    assert!(["U003", "U004"].contains(&responder.as_str()), "{responder} is of the roster that was uploaded");

    let back = desk.run("roster withdraw oncall.csv --server SERVER").await;
    assert!(back.well && back.out.contains("1 person in the roster"), "{back:?}");
    let again = desk.run("roster withdraw oncall.csv --server SERVER").await;
    assert!(!again.well && again.err.contains("no oncall.csv was uploaded"), "{again:?}");
    stopped(process).await;
}

/// Given a roster on disk that is broken, then the bot starts all the same where an uploaded one stands for it; and given
/// an uploaded one that is broken, then it is said how to take it back where the bot does not start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_reads_what_was_uploaded() {
    let (desk, process) = Desk::open().await;
    desk.write("team.csv", "slack_id,name\nU003,Cy\n");
    assert!(desk.run("roster upload team.csv --as oncall.csv --server SERVER").await.well);
    stopped(process).await;
    let doctor = desk.run("doctor").await;
    assert!(doctor.out.contains("note  uploaded files stand for those on disk: oncall.csv"), "{doctor:?}");
    desk.write("oncall.csv", "slack_id,role\nU002,boss\n");
    let process = desk.serve().await;
    stopped(process).await;

    desk.write(
        "pagerslack.toml",
        "[defaults.managers]\nusers = [\"U025\"]\n[defaults.columns]\nname = \"Who\"\n",
    );
    let said = desk.service.refuses_to_serve(desk.command()).await;
    assert!(said.contains("the uploaded oncall.csv line 1"), "{said}");
    assert!(said.contains("pagerslack roster withdraw NAME"), "{said}");
    let withdrawn = desk.run("roster withdraw oncall.csv --here").await;
    assert!(withdrawn.well, "{withdrawn:?}");
    desk.write("oncall.csv", "slack_id,Who\nU002,Bo\n");
    let process = desk.serve().await;
    stopped(process).await;
}

/// Given two replicas that share a Redis, when a roster is uploaded to one, then the other starts with it and asks whom it
/// names, and the statistics can be written beside both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_what_was_uploaded() {
    let redis = redis_servers::Plain::start().await.unwrap();
    let desk = Desk { service: Service::prepare().await };
    let replica = |listen: &str| {
        let mut command = desk.command();
        command.env("PAGERSLACK_STORE", redis.url()).env("PAGERSLACK_LISTEN", listen);
        command
    };
    let first = desk.service.spawn(replica(&desk.service.listen.to_string()));
    desk.service.ready().await;
    desk.write("team.csv", "slack_id,name\nU003,Cy\n");
    assert!(desk.run("roster upload team.csv --as oncall.csv --server SERVER").await.well);
    let second = desk.service.spawn(replica("127.0.0.1:0"));
    desk.logged("uploaded files stand for those on disk").await;
    desk.service.report("https://i.example/1");
    let (ts, responder) = page(&desk.service.slack).await;
    assert_eq!(responder, "U003");
    react(&desk.service.slack, &responder, &ts);
    taken(&desk.service.slack).await;

    let mut beside = replica("127.0.0.1:0");
    beside.arg("stats");
    let beside = tokio::task::spawn_blocking(move || beside.output().unwrap()).await.unwrap();
    let rows = String::from_utf8(beside.stdout).unwrap();
    assert!(rows.contains("acknowledged,U003,reaction"), "{rows}");
    assert_eq!(desk.run("stats download --server SERVER").await.out, rows);
    for process in [first, second] {
        assert!(stopped(process).await.success());
    }
}
