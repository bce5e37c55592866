//! One of the replicas fails: it is killed, or stopped for a while.

use std::time::{Duration, Instant};

use pagerslack::engine::LEASE;
use redis_servers::Plain;

use super::balancer::Refused;
use super::{ACK_TIMEOUT, LONG, Replicas};
use crate::killed::people::key;
use crate::service::eventually_within;

/// Given three replicas at work, when one is killed without a word, then the others take its jobs over when its leases
/// end, whatever Slack brings to the dead one is brought again, and nothing is lost or said twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_replica_held_is_taken_over() {
    let redis = Plain::start().await.unwrap();
    let mut replicas = Replicas::start(&redis.url(), Refused::Told).await;
    replicas.people.report(true);
    replicas.posts(6).await;
    for index in 0..2 {
        // Just after something has reached Slack, of which there may be no record yet.
        replicas.posts(1).await;
        replicas.kill(index);
        replicas.accepts(2).await;
        replicas.spawn(index, |command| command);
        replicas.posts(4).await;
    }
    replicas.posts(1).await;
    replicas.kill(2);
    replicas.accepts(2).await;
    let tally = replicas.settle().await;
    assert!(tally.taken > 0, "{tally:?}");
}

/// Given three replicas at work, when one is stopped for longer than its leases last and then goes on, then the others
/// have taken its jobs over, and it commits nothing of before and posts nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_was_stopped_past_its_leases_does_nothing_twice() {
    let redis = Plain::start().await.unwrap();
    let mut replicas = Replicas::start(&redis.url(), Refused::Told).await;
    replicas.people.report(true);
    replicas.posts(6).await;
    // At the moment when a post is on its way, most likely that of one of the two that are stopped.
    replicas.posts(1).await;
    replicas.signal(0, "STOP");
    replicas.posts(1).await;
    replicas.signal(1, "STOP");
    let stopped = replicas.service.slack.now();
    let past = stopped + LEASE + jiff::SignedDuration::from_secs(1);
    replicas.until("their leases are over", async |this| this.service.slack.now() > past).await;
    replicas.posts(2).await;
    replicas.signal(0, "CONT");
    replicas.signal(1, "CONT");
    replicas.all_ready().await;
    replicas.posts(4).await;
    replicas.settle().await;
}

/// Given a replica that holds a job and is killed, then another takes that job over within the lease and a little.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_taken_over_within_its_lease() {
    let redis = Plain::start().await.unwrap();
    let mut replicas = Replicas::prepare(&redis.url(), Some(Refused::PassedOn), ACK_TIMEOUT).await;
    replicas.spawn(0, |command| command);
    // Nobody else does anything: people might take or cancel what is looked at.
    let ready = async |this: &Replicas, index| {
        let look = || async { (this.readiness(index).await == Some(200)).then_some(()) };
        eventually_within(LONG, "a replica is ready", look).await;
    };
    ready(&replicas, 0).await;
    // It asks Slack who is there, and is never answered.
    let hang = slack_sim::Fault::once("conversations.members", slack_sim::FaultKind::HangBefore);
    replicas.service.slack.with(|world, now| {
        world.inject(hang);
        world.slash_command(now, "R1", "C1", "/devoncall", "https://incident.example/held").unwrap();
    });
    let asked = |this: &Replicas| {
        this.service
            .slack
            .read(|world| world.calls().iter().any(|call| call.method == "conversations.members"))
    };
    eventually_within(LONG, "the hunt is under way", || async { asked(&replicas).then_some(()) }).await;
    replicas.spawn(1, |command| command);
    ready(&replicas, 1).await;
    let pages = |this: &Replicas| {
        let is_page =
            |message: &&&slack_sim::Message| key(message).is_some_and(|key| key.contains("/send/page/"));
        this.service.slack.read(|world| world.messages("C1").iter().filter(is_page).count())
    };
    let before = pages(&replicas);
    replicas.kill(0);
    let killed = Instant::now();
    eventually_within(LONG, "somebody is asked", || async { (pages(&replicas) > before).then_some(()) })
        .await;
    let took = killed.elapsed();
    println!("asked {took:.1?} after the death of whoever looked for somebody");
    let lease = Duration::try_from(LEASE).unwrap();
    assert!(took < lease + LONG / 4, "{took:?}");
    replicas.settle().await;
}
