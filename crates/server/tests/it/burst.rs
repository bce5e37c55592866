//! Many reports at once in a large channel: Slack's budgets bound what can be asked and posted, and still nobody is
//! paged who is not there, nobody is asked about twice, and the pages come first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pagerslack::config::RotationConfig;
use pagerslack_slack::transport::{Request, Response, Transport, TransportError};
use pagerslack_store::Sqlite;
use slack_sim::{ManualClock, Outcome, SimHandle};

use crate::harness::{CHANNEL, InProcess, NOON, Post, Stage, team};

/// A Slack that takes a moment to answer, in which everything else goes on: so calls truly overlap.
struct Unhurried(InProcess);

#[async_trait]
impl Transport for Unhurried {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.0.send(request).await
    }
}

/// A channel of `members`, of whom so many in a hundred are online and one in ten is in do-not-disturb, all of
/// them scattered. Slack's limits are enforced, all jobs that are due run at the same time.
async fn channel_of(members: usize, online: usize) -> Stage {
    let names: Vec<String> = (1..=members).map(|number| format!("person{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let now: Timestamp = NOON.parse().unwrap();
    let mut world = team(&names).away("M1");
    for number in 1..=members {
        let id = format!("U{number}");
        if !is_online(number, online) {
            world = world.away(&id);
        }
        if rests(number) {
            let all_day = (now, now + SignedDuration::from_hours(24));
            world = world.with_user(&id, |user| user.dnd.window = Some(all_day));
        }
    }
    let clock = Arc::new(ManualClock::new(now));
    let url = "http://bot.example/slack/events".parse().unwrap();
    let slack = SimHandle::new(world.deliver_to(&url).build(), Arc::<ManualClock>::clone(&clock));
    let transport = Arc::new(Unhurried(InProcess(slack.clone())));
    let rotation = RotationConfig { managers: vec!["M1".into()], ..RotationConfig::default() };
    let stage = Stage::start(slack, clock, Arc::new(Sqlite::in_memory().unwrap()), transport, rotation).await;
    stage.run_together();
    stage
}

/// In every hundred exactly so many.
fn is_online(number: usize, online: usize) -> bool {
    number * 37 % 100 < online
}

fn rests(number: usize) -> bool {
    number * 7 % 10 == 3
}

/// So many reports within a second, each by somebody else.
async fn reports(stage: &Stage, count: usize) {
    for number in 1..=count {
        stage.slack.with(|world, now| {
            let url = format!("https://incident.example/{number}");
            world.slash_command(now, &format!("U{}", number * 11), CHANNEL, "/devoncall", &url).unwrap();
        });
        stage.pass(&format!("{} ms", 950 / count)).await;
    }
}

/// Nothing that Slack documents has been exceeded, and what was asked was believed for its half minute.
fn is_within_limits(stage: &Stage) {
    stage.slack.read(|world| {
        let mut asked: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for call in world.calls() {
            assert_ne!(call.outcome, Outcome::RateLimited, "{} at {}", call.method, call.at);
            if call.method == "users.getPresence" {
                let user = call.args["user"].as_str().unwrap();
                if let Some(before) = asked.insert(user, call.at) {
                    let after = call.at.duration_since(before);
                    assert!(after >= SignedDuration::from_secs(30), "{user} twice within {after:#}");
                }
            }
        }
    });
}

/// Whom the first pages of all incidents asked, each with the second at which the page stood.
fn first_pages(stage: &Stage) -> Vec<(usize, i64)> {
    let first = |page: &Post| page.kind == "page/1";
    let number = |page: &Post| page.asks().trim_start_matches('U').parse().unwrap();
    stage.pages().iter().filter(|page| first(page)).map(|page| (number(page), page.at)).collect()
}

/// Everybody reacts to their page, and ten minutes pass.
async fn everybody_paged_answers(stage: &Stage) {
    for page in stage.pages() {
        stage.reacts(&page.asks(), &page.ts, "eyes").await;
    }
    stage.pass("10 min").await;
}

fn calls(stage: &Stage, method: &str) -> usize {
    stage.slack.read(|world| world.count_calls(method))
}

/// Given 300 people of whom a fifth is online, when twenty of them report within a second, then twenty different
/// people are paged, each of them online and not in do-not-disturb, all within 75 seconds: ten at once, as many as
/// Slack's first fifty answers hold, the others when its minute is over. No documented limit is exceeded and nobody's
/// presence is asked for again within half a minute.
#[tokio::test]
async fn twenty_reports_within_a_second_page_twenty_who_are_there() {
    let stage = channel_of(300, 20).await;
    reports(&stage, 20).await;
    stage.pass("75 s").await;
    let pages = first_pages(&stage);
    let people: BTreeSet<usize> = pages.iter().map(|(number, _)| *number).collect();
    assert_eq!((pages.len(), people.len()), (20, 20), "{pages:?}");
    assert!(people.iter().all(|number| is_online(*number, 20) && !rests(*number)), "{people:?}");
    // Five in a hundred answers are "active", and the last look may see a few too many.
    assert!(calls(&stage, "users.getPresence") <= 20 * 5 + 4);
    assert!(calls(&stage, "dnd.teamInfo") <= 6, "of fifty people a call");
    is_within_limits(&stage);
    everybody_paged_answers(&stage).await;
    assert_eq!(stage.count("acknowledgements"), 20);
    is_within_limits(&stage);
    stage.end().await;
}

/// Given everybody is online, then twenty different people are paged as fast as the channel takes posts, which is
/// about one a second, a thread and its page each; and each was the only one asked about.
#[tokio::test]
async fn where_everybody_is_online_only_posting_takes_time() {
    let stage = channel_of(300, 100).await;
    reports(&stage, 20).await;
    stage.pass("45 s").await;
    let pages = first_pages(&stage);
    let people: BTreeSet<usize> = pages.iter().map(|(number, _)| *number).collect();
    assert_eq!((pages.len(), people.len()), (20, 20), "{pages:?}");
    assert!(people.iter().all(|number| !rests(*number)));
    assert_eq!((calls(&stage, "users.getPresence"), calls(&stage, "dnd.teamInfo")), (20, 1));
    is_within_limits(&stage);
    everybody_paged_answers(&stage).await;
    stage.end().await;
}

/// Given three of 300 are online and nobody answers, then everybody else is looked at, which takes Slack's budget
/// six minutes; only those three are ever paged, and when each has been, the managers are called, for every
/// incident.
#[tokio::test]
async fn where_hardly_anybody_is_online_nobody_else_is_paged_and_the_managers_are_called() {
    let stage = channel_of(300, 1).await;
    reports(&stage, 20).await;
    stage.pass("13 min").await;
    let asked: BTreeSet<String> = stage.asked().into_iter().collect();
    assert_eq!(asked, BTreeSet::from(["U100", "U200", "U300"].map(str::to_owned)));
    assert_eq!(first_pages(&stage).len(), 20);
    assert!(first_pages(&stage).iter().all(|(_, at)| *at < 7 * 60), "{:?}", first_pages(&stage));
    assert_eq!(stage.posts().iter().filter(|post| post.kind == "managers/1").count(), 20);
    is_within_limits(&stage);
}

/// Given nobody at all is online, then the managers are called for every incident as soon as everybody has been
/// looked at, and nobody is paged.
#[tokio::test]
async fn where_nobody_is_online_the_managers_are_called_once_that_is_known() {
    let stage = channel_of(300, 0).await;
    reports(&stage, 20).await;
    stage.pass("6 min").await;
    assert_eq!(stage.pages(), []);
    assert_eq!(stage.posts().iter().filter(|post| post.kind == "managers/1").count(), 20);
    // Those 270 who do not rest, and with each batch of do-not-disturb one who turns out to.
    assert!((270..=276).contains(&calls(&stage, "users.getPresence")));
    is_within_limits(&stage);
}

/// Given two thousand reports in the same instant, then the first pages stand within seconds, each right after its
/// thread, while nearly all incidents still wait to be announced.
#[tokio::test]
async fn a_storm_of_reports_pages_within_seconds() {
    let stage = channel_of(300, 20).await;
    stage.slack.with(|world, now| {
        for number in 1..=2_000 {
            let (user, url) =
                (format!("U{}", number % 300 + 1), format!("https://incident.example/{number}"));
            world.slash_command(now, &user, CHANNEL, "/devoncall", &url).unwrap();
        }
    });
    stage.pass("10 s").await;
    let pages: Vec<i64> = first_pages(&stage).into_iter().map(|(_, at)| at).collect();
    assert!(pages.len() >= 4 && pages[0] <= 3, "{pages:?}");
    assert!(stage.roots().len() <= pages.len() + 8, "no more than the burst at the beginning went ahead");
    is_within_limits(&stage);
}
