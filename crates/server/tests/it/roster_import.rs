//! `pagerslack roster`, as it is typed: the real binary, its files, and a fake Slack over HTTP to look people up in.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use slack_sim::{Fault, FaultKind, ScaledClock, Server, SimHandle, blank_user, demo_team};
use tokio_util::sync::CancellationToken;

const SHEET: &str = "\
Full name,Work email,Job title,TZ,Location,Hire date,Weekend?,Desk
Aroha,Aroha@example.com,Senior Engineer,Pacific/Auckland,New Zealand,31/12/2023,yes,12
Bob,bob@example.com,Engineering Manager,Lisbon,\"Lisbon, Portugal\",3/4/2024,,
";

/// A folder to work in, and perhaps a Slack.
struct Desk {
    folder: tempfile::TempDir,
    slack: Option<(String, String)>,
}

/// How a command ended.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn new(sheet: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("team.csv"), sheet).unwrap();
        Self { folder, slack: None }
    }

    fn roster(&self, arguments: &[&str]) -> Ran {
        self.roster_with(arguments, None)
    }

    fn roster_with(&self, arguments: &[&str], input: Option<&str>) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagerslack"));
        command.current_dir(self.folder.path()).env_clear().arg("roster").args(arguments);
        if let Some((api_url, token)) = &self.slack {
            command.env("SLACK_API_URL", api_url).env("SLACK_BOT_TOKEN", token);
        }
        let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
            pipe.write_all(input.as_bytes()).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn oncall(&self) -> Option<String> {
        fs::read_to_string(self.folder.path().join("oncall.csv")).ok()
    }

    /// The rows of `oncall.csv`, without its header.
    fn people(&self) -> String {
        self.oncall().unwrap().split_once('\n').unwrap().1.to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn backups(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.to_string_lossy().contains(".bak-")).collect()
    }
}

impl Ran {
    #[track_caller]
    fn expect(self, code: i32, says: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        for words in says {
            assert!(
                self.out.contains(words) || self.err.contains(words),
                "{words}\n{}\n{}",
                self.out,
                self.err
            );
        }
        self
    }
}

#[test]
fn a_sheet_becomes_a_roster_and_the_next_one_is_compared_with_it() {
    let desk = Desk::new(SHEET);
    desk.roster(&["import", "team.csv", "--yes"]).expect(
        0,
        &[
            "team.csv: 2 rows, cells separated by commas.",
            "time_zone         from \"TZ\"",
            "not used: \"Desk\"",
            "all 2 are new to oncall.csv",
            "Wrote 2 people to oncall.csv.",
        ],
    );
    assert_eq!(
        desk.people(),
        ",aroha@example.com,Aroha,engineer,,Pacific/Auckland,NZ,,,2023-12-31,yes,,\n\
         ,bob@example.com,Bob,manager,,Europe/Lisbon,PT,,,2024-04-03,no,,\n"
    );
    assert!(desk.backups().is_empty());
    desk.roster(&["check"]).expect(0, &["oncall.csv is in order: 1 engineer, 1 manager, 0 neither."]);
    desk.roster(&["import", "team.csv"]).expect(0, &["oncall.csv says all this already; it stays as it is."]);

    let before = desk.oncall();
    desk.write(
        "team.csv",
        &format!(
            "{}Eve,eve@example.com,SRE,,,,,\n",
            SHEET.replace("Bob,bob", "Bob,rob").replace("yes", "no")
        ),
    );
    desk.roster(&["import", "team.csv", "--yes"]).expect(
        0,
        &[
            "joined   Bob (rob@example.com), manager",
            "joined   Eve (eve@example.com), engineer",
            "left     Bob (bob@example.com), manager\n",
            "changed  Aroha (aroha@example.com), engineer: weekend_volunteer \"yes\" → \"no\"",
            "2 joined, 1 left, 1 changed, 0 as before.",
            "The file before is kept as",
        ],
    );
    let [backup] = desk.backups().try_into().unwrap();
    assert_eq!(fs::read_to_string(backup).ok(), before);
    assert!(desk.people().contains("rob@example.com"));
}

#[test]
fn bad_rows_never_reach_the_file_and_strict_refuses() {
    let bad = "Cy,cy@example.com,Wizard,PST,PT,soon,,\n";
    let desk = Desk::new(&format!("{SHEET}{bad}"));
    let told = [
        "1 bad row, which will not be in the file:",
        "line 4 (cy@example.com): \"Wizard\" may be an engineer, a manager or neither",
        "the time zone \"PST\" may be America/Los_Angeles or Asia/Manila: write which",
        "\"soon\" is no date",
    ];
    desk.roster(&["import", "team.csv", "--yes", "--strict"])
        .expect(1, &told)
        .expect(1, &["Nothing was written: 1 row is bad, and --strict was given."]);
    assert_eq!(desk.oncall(), None);
    desk.roster(&["import", "team.csv", "--yes"]).expect(0, &told);
    assert!(!desk.people().contains("cy@example.com"));

    desk.write("team.csv", &SHEET.replace("Lisbon,\"", "PST,\""));
    desk.roster(&["import", "team.csv", "--yes"])
        .expect(0, &["left     Bob (bob@example.com), manager: line 3 is bad"]);
    desk.write("team.csv", "Email\nnobody\n");
    desk.roster(&["import", "team.csv", "--yes"]).expect(1, &["there is no good row"]);
    assert!(desk.people().contains("aroha@example.com"), "the roster before stands");
}

#[test]
fn nothing_is_written_unasked() {
    let desk = Desk::new(SHEET);
    let refused = "nothing was written, as there is nobody to ask here: add --yes";
    desk.roster(&["import", "team.csv"]).expect(1, &[refused, "all 2 are new"]);
    desk.roster_with(&["import", "-"], Some(SHEET)).expect(1, &[refused]);
    desk.roster(&["import", "team.csv", "--dry-run"])
        .expect(0, &["Nothing was written, as --dry-run was given."]);
    assert_eq!(desk.oncall(), None);
    desk.roster_with(&["import", "-", "--yes", "--out", "other.csv"], Some(SHEET)).expect(0, &["-: 2 rows"]);
    desk.roster(&["check", "other.csv"]).expect(0, &[]);
}

#[test]
fn a_reader_who_leaves_early_does_not_stop_the_work() {
    let desk = Desk::new(SHEET);
    let run = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagerslack"));
        command.current_dir(desk.folder.path()).env_clear().args(arguments).stdin(Stdio::null());
        command.stdout(writer).stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(run(&["roster", "import", "team.csv"]), Some(1));
    assert_eq!(desk.oncall(), None);
    assert_eq!(run(&["roster", "import", "team.csv", "--yes"]), Some(0));
    assert_eq!(desk.people().lines().count(), 2);
    desk.write("oncall.csv", "email\nann\n");
    assert_eq!(run(&["roster", "check"]), Some(1));
}

#[test]
fn columns_and_dates_are_said() {
    let desk = Desk::new("Who;Contact;Since;Region\nAnn;ann@example.com;3/4/2024;EMEA\n");
    desk.roster(&["import", "team.csv", "--yes"]).expect(1, &["name it with --map email=HEADER"]);
    let said = ["import", "team.csv", "--yes", "--map", "email=contact", "--map", "start_date=Since"];
    desk.roster(&said).expect(
        1,
        &[
            "semicolons",
            "\"EMEA\" is no",
            "\"3/4/2024\" may be 2024-04-03 or 2024-03-04",
            "--dates dmy or --dates mdy",
        ],
    );
    desk.roster(&[&said[..], &["--map", "name=Who", "--map", "region=", "--dates", "mdy"]].concat())
        .expect(0, &[]);
    assert_eq!(desk.people(), ",ann@example.com,Ann,engineer,,,,,,2024-03-04,no,,\n");
    desk.roster(&["import", "team.csv", "--map", "email"]).expect(2, &["write it as FIELD=HEADER"]);
    desk.roster(&["import", "team.csv", "--map", "emial=Who"]).expect(1, &["did you mean \"email\"?"]);
}

#[test]
fn every_fault_of_a_file_is_told() {
    let desk = Desk::new("");
    desk.roster(&["import", "team.csv"]).expect(1, &["team.csv cannot be read:", "the file is empty"]);
    desk.roster(&["import", "absent.csv"]).expect(1, &["cannot read absent.csv"]);
    desk.write("oncall.csv", "email,role\nann,boss\nU1,engineer,\n");
    let faults = "  FAULT line 2: \"ann\" is no e-mail address\n  FAULT line 2: \"boss\" is no role: write engineer, manager \
                  or neither\n  FAULT line 3: \"U1\" is no e-mail address\noncall.csv has 3 faults.\n";
    assert_eq!(desk.roster(&["check"]).expect(1, &[]).out.replace("              ", ""), faults);

    desk.write("team.csv", SHEET);
    desk.roster(&["import", "team.csv", "--yes"]).expect(
        0,
        &[
            "the present oncall.csv cannot be compared with: it has 3 faults",
            "all 2 are new",
            "The file before is kept",
        ],
    );
}

#[test]
fn the_configuration_says_where_the_roster_is_and_how_it_is_headed() {
    let desk = Desk::new(SHEET);
    let config =
        "[[rotation]]\nchannel = \"C1\"\noncall = \"databases.csv\"\ncolumns.email = \"Work mail\"\n";
    desk.write("pagerslack.toml", config);
    desk.roster(&["import", "team.csv", "--yes", "--rotation", "C1"])
        .expect(0, &["Wrote 2 people to databases.csv."]);
    let text = fs::read_to_string(desk.folder.path().join("databases.csv")).unwrap();
    assert!(text.starts_with("slack_id,Work mail,name,"), "{text}");
    desk.roster(&["check", "--rotation", "C1"]).expect(0, &["databases.csv is in order"]);
    desk.roster(&["check", "databases.csv"]).expect(1, &["neither a Slack id nor"]);
    desk.roster(&["check", "--rotation", "C2"]).expect(1, &["no [[rotation]] with channel = \"C2\""]);
    desk.write("pagerslack.toml", "lisen = 1\n");
    desk.roster(&["import", "team.csv"]).expect(1, &["pagerslack.toml cannot be used:", "line 1"]);
}

/// A Slack that knows Aroha and a guest, over HTTP.
async fn with_slack(desk: &mut Desk, people: usize) -> (SimHandle, CancellationToken) {
    let mut world = demo_team().app(|app| {
        app.scopes.insert("users:read.email".to_owned());
    });
    for number in 0..people {
        let user = blank_user("T0DEMO", &format!("U1{number:04}"), &format!("p{number}"), None);
        world = world.user(user);
    }
    let world = world.with_user("U002", |user| user.is_restricted = true).build();
    let slack = SimHandle::new(world, Arc::new(ScaledClock::new("2026-11-02T10:00:00Z".parse().unwrap(), 1)));
    let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), slack.clone()).await.unwrap();
    let token = slack.read(|world| world.app().bot_token.clone());
    desk.slack = Some((server.api_url(), token));
    let shutdown = CancellationToken::new();
    tokio::spawn(server.run(shutdown.clone()));
    (slack, shutdown)
}

fn look_ups(slack: &SimHandle) -> usize {
    slack.read(|world| world.count_calls("users.lookupByEmail"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_found_in_slack_by_their_address() {
    let mut desk = Desk::new("Email\naroha@example.com\nlachlan@example.com\nnobody@example.com\n");
    let (slack, _shutdown) = with_slack(&mut desk, 0).await;
    slack.with(|world, _| {
        world.inject(Fault::once("users.lookupByEmail", FaultKind::RateLimited { retry_after: Some(1) }));
    });
    desk.roster(&["import", "team.csv", "--yes"]).expect(
        0,
        &[
            "lachlan@example.com is a guest in Slack, and will not be asked",
            "Slack knows nobody with the address nobody@example.com",
        ],
    );
    let people = desk.people();
    assert!(people.starts_with("U001,aroha@example.com,"), "{people}");
    assert!(
        people.contains("\nU002,lachlan@example.com,") && people.contains("\n,nobody@example.com,"),
        "{people}"
    );

    let before = look_ups(&slack);
    desk.write("team.csv", "Email,Team\naroha@example.com,Verify\nlachlan@example.com,\n");
    desk.roster(&["import", "team.csv", "--yes"])
        .expect(0, &["changed  U001, aroha@example.com, engineer: team"]);
    assert_eq!(look_ups(&slack), before, "known ids are kept without asking");
    fs::remove_file(desk.folder.path().join("oncall.csv")).unwrap();
    desk.roster(&["import", "team.csv", "--yes", "--no-slack"]).expect(0, &[]);
    assert_eq!(look_ups(&slack), before);
    assert!(desk.people().starts_with(",aroha@example.com,"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_addresses_of_one_person_are_one_row() {
    let mut desk = Desk::new("Email,Slack ID\naroha@example.com,\nother@example.com,U001\n");
    let (_slack, _shutdown) = with_slack(&mut desk, 0).await;
    desk.roster(&["import", "team.csv", "--yes"])
        .expect(0, &["line 3 (U001): the same person is on line 2, with other values"]);
    desk.roster(&["check"]).expect(0, &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_people_are_read_at_once() {
    let rows: String = (0..250).map(|number| format!("P{number}@example.com\n")).collect();
    let mut desk = Desk::new(&format!("Email\n{rows}nobody@example.com\n"));
    let (slack, _shutdown) = with_slack(&mut desk, 250).await;
    desk.roster(&["import", "team.csv", "--yes"])
        .expect(0, &["Slack knows nobody with the address nobody@example.com", "Wrote 251 people"]);
    assert_eq!(desk.people().lines().filter(|line| line.starts_with("U1")).count(), 250);
    assert_eq!(look_ups(&slack), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slack_that_says_no_loses_nobody() {
    let mut desk = Desk::new(SHEET);
    let (slack, _shutdown) = with_slack(&mut desk, 0).await;
    slack.with(|world, _| world.app_mut().scopes.retain(|scope| scope != "users:read.email"));
    desk.roster(&["import", "team.csv", "--yes"])
        .expect(0, &["Slack did not say who has 2 of the addresses", "add the scope users:read.email"]);
    assert_eq!(desk.people().lines().count(), 2);
    fs::remove_file(desk.folder.path().join("oncall.csv")).unwrap();
    slack.with(|world, now| world.revoke_tokens(now));
    desk.roster(&["import", "team.csv", "--yes"]).expect(0, &["it does not accept the bot's token"]);
}
