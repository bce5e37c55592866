//! A new version goes out: one replica after the other is told to stop, and started again.

use redis_servers::Plain;

use super::balancer::Refused;
use super::{REPLICAS, Replicas};

/// Given three replicas behind a balancer that passes on what nobody takes, when one after the other is told to stop and
/// started again, then no report fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_report_fails_while_all_are_restarted_in_turn() {
    let redis = Plain::start().await.unwrap();
    let mut replicas = Replicas::start(&redis.url(), Refused::PassedOn).await;
    replicas.people.report(true);
    replicas.accepts(2).await;
    for index in 0..REPLICAS {
        replicas.stop(index).await;
        replicas.spawn(index, |command| command);
        replicas.all_ready().await;
        replicas.accepts(1).await;
    }
    assert_eq!(replicas.people.failed, 0, "{}", replicas.last_words());
    replicas.settle().await;
    assert!(!replicas.service.log().contains("\"ERROR\""), "{}", replicas.last_words());
}
