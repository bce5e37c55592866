//! The replicas use Socket Mode: Slack sends each payload over any one of all their links.

use redis_servers::Plain;

use super::{ACK_TIMEOUT, REPLICAS, Replicas};

/// Given three replicas with two links each, when people report, take and pass, and one replica is killed, then
/// everything happens as with one: whatever comes to a replica that knows nothing of it is recognised.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_share_the_links_of_socket_mode() {
    let redis = Plain::start().await.unwrap();
    let mut replicas = Replicas::prepare(&redis.url(), None, ACK_TIMEOUT).await;
    let token = replicas.service.slack.read(|world| world.app().app_token.clone());
    replicas
        .start_all(|mut command| {
            command.env_remove("SLACK_SIGNING_SECRET").env("SLACK_APP_TOKEN", &token);
            command
        })
        .await;
    replicas.until("all links are up", async |this| this.service.sockets.count() == 2 * REPLICAS).await;
    replicas.people.report(true);
    replicas.accepts(3).await;
    replicas.posts(1).await;
    replicas.kill(1);
    replicas.accepts(3).await;
    let tally = replicas.settle().await;
    assert!(tally.taken > 0, "{tally:?}");
}
