//! The real binary on a disk that fails: it gets full, takes no more writes, is read-only, or has damaged what it kept.
//!
//! A full disk is a small file system of its own where this user may mount one. Everywhere else, and besides, every
//! write of the process is refused by a limit; so nothing here is left out for want of a right ([`place`]).

mod place;
mod start;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pagerslack_core::incident::replay;
use pagerslack_core::{Phase, RotationId};
use pagerslack_store::{Sqlite, Store as _};
use reqwest::StatusCode;
use serde_json::json;
use slack_sim::{Message, World, WorldBuilder};

use crate::api::Door;
use crate::service::{CHANNEL, Service, eventually, eventually_within, exited, terminate};
use place::{Disk, Life, STORE, patient};

/// Who reports; in no channel of engineers.
const REPORTER: &str = "U001";

/// Long enough for a disk to get full while somebody is asked, on a busy machine too.
const SETTINGS: &str = "[defaults]\nack_timeout = \"5 s\"\nmax_attempts = 3\n\
                        [defaults.managers]\nusers = [\"U91\"]\nrounds = 1\n";

/// How long it is watched while nothing can be written: a page's time runs out in it.
const WATCHED: Duration = Duration::from_secs(6);

/// How long it may take until everything goes on: what was being done when nothing could be written any more, and of
/// which it is therefore unknown whether it was done, waits for the end of its lease (30 s).
const GOES_ON: Duration = Duration::from_secs(60);

/// How much may be logged in that time: a line or two for each thing that Slack sends or that is due, and none for each
/// turn of a loop.
const LINES: usize = 30;

fn world() -> WorldBuilder {
    let world = World::builder().team("T1").command("/devoncall", "");
    let world = world.person(REPORTER, "rae", "Europe/Oslo").person("U91", "marit", "Europe/Oslo");
    let world = world.channel(CHANNEL, "backend");
    ["U1", "U2", "U3"]
        .into_iter()
        .fold(world, |world, id| world.person(id, &id.to_lowercase(), "Europe/Lisbon"))
}

async fn service() -> Service {
    Service::new(world(), &format!("{STORE}{SETTINGS}"), |server| server).await
}

/// What people do and see.
impl Service {
    /// What the reporter was told about an incident last, once they were told something.
    async fn told(&self, url: &str, what: &str) {
        eventually(&format!("\"{what}\" about {url}"), || async {
            self.slack.read(|world| {
                let told = world.ephemerals(REPORTER);
                told.iter().any(|it| it.text.contains(url) && it.text.contains(what)).then_some(())
            })
        })
        .await;
    }

    /// How often anybody was asked.
    fn pages(&self) -> usize {
        self.slack.read(|world| {
            world.messages(CHANNEL).into_iter().filter(|it| key(it).contains("/send/page/")).count()
        })
    }

    /// Who is asked about an incident, and by which message.
    async fn is_asked(&self, url: &str) -> (String, String) {
        eventually_within(GOES_ON, &format!("a page about {url}"), || async {
            self.slack.read(|world| {
                let messages = world.messages(CHANNEL);
                let page =
                    messages.iter().find(|it| it.text.contains("can you take") && it.text.contains(url))?;
                let asked = page.text.split("<@").nth(1)?.split('>').next()?;
                Some((asked.to_owned(), page.ts.clone()))
            })
        })
        .await
    }

    fn eyes(&self, (user, ts): &(String, String)) {
        self.slack.with(|world, now| world.react(now, user, CHANNEL, ts, "eyes")).unwrap();
    }

    async fn is_taken(&self, url: &str, by: &str) {
        let says = format!("Taken by <@{by}>");
        eventually_within(GOES_ON, &format!("{url} is taken by {by}"), || async {
            self.slack.read(|world| {
                let messages = world.messages(CHANNEL);
                messages.iter().any(|it| it.text.contains(url) && it.text.contains(&says)).then_some(())
            })
        })
        .await;
    }

    /// How many messages there are, anywhere.
    fn messages(&self) -> usize {
        self.slack.read(|world| world.channels().map(|channel| channel.messages.len()).sum())
    }

    async fn is_logged(&self, what: &str) {
        eventually(&format!("in the log: {what}"), || async { self.log().contains(what).then_some(()) })
            .await;
    }

    /// It says that it is not ready, and why.
    async fn is_unready(&self, why: &str) {
        eventually(&format!("no readiness: {why}"), || async {
            let (status, body) = self.asked("/readyz").await?;
            (status == 503 && body.contains(why)).then_some(())
        })
        .await;
        let elsewhere = self.asked("/readyz?exclude=store").await;
        assert_eq!(elsewhere, Some((200, "ok\n".to_owned())), "the next replica has the same store");
    }

    /// Nothing is posted, hardly anything logged and hardly any work done for a while.
    async fn is_quiet(&self, life: &Life) {
        let count = || (self.messages(), self.log().lines().count(), work(life));
        let (before, started) = (count(), Instant::now());
        while started.elapsed() < WATCHED {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let after = count();
        assert_eq!(before.0, after.0, "something is posted that cannot be recorded:\n{}", self.log());
        assert!(after.1 - before.1 <= LINES, "{} lines:\n{}", after.1 - before.1, self.log());
        let worked = after.2 - before.2;
        assert!(worked < WATCHED / 4, "it spins: {worked:?} of {WATCHED:?}");
    }
}

/// The key by which the bot knows a message of its.
fn key(message: &Message) -> &str {
    message.metadata.as_ref().and_then(|it| it["event_payload"]["key"].as_str()).unwrap_or_default()
}

/// How long a process has kept a processor busy.
fn work(life: &Life) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", life.process.id())).unwrap();
    // After the name in brackets: the state is the first, the times in user and system mode the 12th and 13th, in
    // hundredths of a second (proc_pid_stat(5)).
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    Duration::from_millis(10 * (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()))
}

async fn ready(service: &Service) {
    eventually("readiness", || async { service.is_ready().await.then_some(()) }).await;
}

async fn stops(service: &Service, mut life: Life) {
    terminate(&life.process);
    let status = exited(&mut life.process, Duration::from_secs(10)).await;
    assert!(status.success(), "{status}: {}", service.log());
    life.ended();
}

/// The promises, when all is over: every incident has ended, each address once, and no message stands twice.
async fn promises_hold(service: &Service, disk: &Disk, urls: &[&str]) {
    let store = Sqlite::open(&disk.database()).unwrap();
    store.check().await.unwrap();
    let rotation = RotationId::new("T1".into(), CHANNEL.into());
    let mut recorded = Vec::new();
    for id in store.recent(&rotation, usize::MAX).await.unwrap() {
        let log = store.load(&rotation.team, &id).await.unwrap().unwrap().log;
        let incident = replay(&log).unwrap();
        assert!(matches!(incident.phase, Phase::Acknowledged { .. }), "P1: {log:#?}");
        recorded.push(incident.report.url);
    }
    recorded.sort();
    assert_eq!(recorded, urls, "P1");
    service.slack.read(|world| {
        let mut keys = BTreeSet::new();
        let messages = world.channels().flat_map(|channel| &channel.messages);
        for message in messages.filter(|message| message.author.bot_id.is_some()) {
            assert!(keys.insert(key(message)), "P2: {} stands twice", message.text);
        }
    });
}

const FIRST: &str = "https://incident.example/1";
const SECOND: &str = "https://incident.example/2";

/// A service with an incident under way: who is asked, by which message.
async fn somebody_is_asked(service: &Service) -> (Life, (String, String)) {
    let life = Life::begin(service);
    ready(service).await;
    service.report(FIRST);
    service.told(FIRST, "On it").await;
    let page = service.is_asked(FIRST).await;
    (life, page)
}

/// Nothing can be written while a page's time runs out and it is answered.
async fn nothing_can_be_written_for_a_while(service: Service, disk: Disk) {
    let (life, page) = somebody_is_asked(&service).await;
    disk.fill(&life);
    service.report(SECOND);
    service.told(SECOND, "I could not record this, so *nobody will be paged*").await;
    service.is_unready(disk.says()).await;
    let logged = match &disk {
        Disk::Mounted(_) => "the disk is full: nothing is recorded and nobody is paged until there is room",
        Disk::Limited(_) => {
            "the database cannot be written: nothing is recorded and nobody is paged until it can"
        }
    };
    service.is_logged(logged).await;
    service.is_logged(disk.says()).await;
    service.is_logged("jobs cannot be claimed; nothing goes on until they can").await;
    service.eyes(&page);
    service.is_quiet(&life).await;
    assert_eq!(service.pages(), 1, "P2");

    disk.free(&life);
    ready(&service).await;
    service.is_logged("the database can be written again: everything goes on").await;
    service.is_taken(FIRST, &page.0).await;
    service.report(SECOND);
    service.told(SECOND, "On it").await;
    let second = service.is_asked(SECOND).await;
    service.eyes(&second);
    service.is_taken(SECOND, &second.0).await;
    assert_eq!(service.pages(), 2, "P4: the first was taken while nothing could be written");
    stops(&service, life).await;
    promises_hold(&service, &disk, &[FIRST, SECOND]).await;
}

/// Given somebody is asked, when the disk gets full, then a new report is refused in so many words, nothing is posted,
/// the monitor and the log are told why, and nothing spins; and when there is room again, then the 👀 of meanwhile counts,
/// the report is taken, and everything goes on in the same process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_gets_full_stops_everything_until_there_is_room() {
    let service = service().await;
    let disk = Disk::of(&service);
    nothing_can_be_written_for_a_while(service, disk).await;
}

/// The same when the disk fails each write in another way, as one does that has turned read-only under a running
/// process: the system itself does that only to a file system that has failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_no_more_writes_stops_everything_until_it_does() {
    let service = service().await;
    let disk = Disk::limited(&service);
    nothing_can_be_written_for_a_while(service, disk).await;
}

/// Given somebody is asked and the disk is full, when the process is killed and started again, then it runs, refuses
/// what it cannot record and says why, or does not start and says why; and goes on once there is room. The database is
/// as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_on_a_full_disk_loses_nothing() {
    let service = service().await;
    let disk = Disk::of(&service);
    let (life, page) = somebody_is_asked(&service).await;
    disk.fill(&life);
    service.report(SECOND);
    service.told(SECOND, "I could not record this").await;
    life.killed();
    let before = std::fs::read(disk.database()).unwrap();
    let life = match &disk {
        Disk::Mounted(_) => {
            let life = Life::begin(&service);
            service.is_unready(disk.says()).await;
            service.report("https://incident.example/3");
            service.told("https://incident.example/3", "I could not record this").await;
            assert!(std::fs::read(disk.database()).unwrap() == before, "the database has changed");
            disk.free(&life);
            life
        }
        Disk::Limited(_) => {
            let said = service.refuses_to_serve(patient(&service, "ulimit -S -f 0;")).await;
            assert!(
                said.contains("pagerslack.db cannot be opened: free some space and start again"),
                "{said}"
            );
            assert!(std::fs::read(disk.database()).unwrap() == before, "the database has changed");
            Life::begin(&service)
        }
    };
    ready(&service).await;
    service.eyes(&page);
    service.is_taken(FIRST, &page.0).await;
    stops(&service, life).await;
    promises_hold(&service, &disk, &[FIRST]).await;
}

/// Given a machine with a token, when nothing can be written, then its report is refused with what to do, and nobody is
/// paged; and when it can again, the same report under the same key is the one incident.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_told_that_its_report_could_not_be_recorded() {
    let service = service().await;
    let disk = Disk::limited(&service);
    let life = Life::begin(&service);
    ready(&service).await;
    stops(&service, life).await;
    let door = Door { service, environment: Vec::new() };
    let made = door.run("token create Grafana --team T1 --all-channels").await;
    let token = made.out.trim();
    let life = Life::begin(&door.service);
    ready(&door.service).await;
    disk.fill(&life);
    let report = json!({ "url": FIRST, "channel": CHANNEL });
    let send = async |key| door.post_under("/api/v1/incidents", token, key, &report).await;
    for key in [Some("1"), None] {
        let refused = send(key).await;
        let told = refused.is_problem(StatusCode::SERVICE_UNAVAILABLE, "page by hand meanwhile");
        assert!(told && refused.retry_after == Some(5), "{refused:?}");
    }
    door.service.is_logged("a machine's report could not be recorded").await;
    assert_eq!(door.service.messages(), 0, "P2");
    disk.free(&life);
    ready(&door.service).await;
    let accepted = send(Some("1")).await;
    assert_eq!(accepted.status, 201, "{accepted:?}");
    let page = door.service.is_asked(FIRST).await;
    door.service.eyes(&page);
    door.service.is_taken(FIRST, &page.0).await;
    stops(&door.service, life).await;
    promises_hold(&door.service, &disk, &[FIRST]).await;
}
