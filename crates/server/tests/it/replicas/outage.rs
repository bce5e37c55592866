//! Redis cannot be reached at all for a while.

use futures_util::future::join_all;
use jiff::SignedDuration;
use redis_servers::{Plain, Proxy};

use super::balancer::Refused;
use super::{REPLICAS, Replicas};

/// Slack waits so long for the answer to a command (docs.slack.dev/interactivity/implementing-slash-commands).
const SLACK_WAITS: SignedDuration = SignedDuration::from_secs(3);

/// How Redis is away.
#[derive(Clone, Copy, Debug)]
enum Away {
    /// Connections are reset.
    Cut,
    /// Nothing answers, as with a machine that has vanished.
    Frozen,
    /// What is asked for is done, and nobody hears of it.
    Mute,
}

/// Somebody reports so many incidents at once; gives how long it took until the last was refused.
async fn refused(replicas: &mut Replicas, away: Away) -> SignedDuration {
    let reporter = "U92";
    let urls: Vec<String> =
        (0..REPLICAS).map(|number| format!("https://incident.example/{away:?}/{number}")).collect();
    let (before, typed) = replicas.service.slack.with(|world, now| {
        let before = world.ephemerals(reporter).len();
        for url in &urls {
            world.slash_command(now, reporter, "C1", "/devoncall", url).unwrap();
        }
        (before, now)
    });
    let answers = |this: &Replicas| -> Vec<String> {
        let text = |told: &&slack_sim::Ephemeral| told.text.clone();
        this.service.slack.read(|world| world.ephemerals(reporter).iter().skip(before).map(text).collect())
    };
    replicas.until("all answers", async |this| answers(this).len() == REPLICAS).await;
    let took = replicas.service.slack.now().duration_since(typed);
    let answers = answers(replicas);
    for url in urls {
        let answer = answers.iter().find(|answer| answer.contains(&url));
        let answer = answer.unwrap_or_else(|| panic!("{away:?}: nothing of {url} in {answers:?}"));
        assert!(answer.contains("could not record this"), "{away:?}: {answer}");
        assert!(answer.contains("page by hand"), "{away:?}: {answer}");
    }
    took
}

/// Given three replicas at work, when Redis is away in every way there is, then whoever reports is told within Slack's
/// three seconds that nobody will be paged, monitors are told too, and when it is back everything goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_reports_are_refused_honestly_and_in_time() {
    let redis = Plain::start().await.unwrap();
    let proxy = Proxy::start(redis.address()).await.unwrap();
    let mut replicas = Replicas::start(&redis.url_at(proxy.address()), Refused::PassedOn).await;
    replicas.people.report(true);
    replicas.accepts(2).await;
    for away in [Away::Cut, Away::Frozen, Away::Mute] {
        replicas.people.report(false);
        match away {
            Away::Cut => proxy.cut(),
            Away::Frozen => proxy.freeze(),
            Away::Mute => proxy.hold_answers(),
        }
        let took = refused(&mut replicas, away).await;
        println!("{away:?}: refused after {took:#}");
        assert!(took < SLACK_WAITS, "{away:?}: {took:#}");
        let readiness = join_all((0..REPLICAS).map(|index| replicas.readiness(index))).await;
        assert_eq!(readiness, [Some(503); REPLICAS], "{away:?}");
        proxy.heal();
        replicas.people.report(true);
        let pause = replicas.accepts(1).await;
        println!("{away:?}: a report is accepted {pause:.1?} after Redis is back");
        replicas.all_ready().await;
    }
    replicas.settle().await;
    let log = replicas.service.log();
    for message in ["a report could not be recorded", "jobs cannot be claimed", "jobs are claimed again"] {
        assert!(log.contains(message), "the log says nothing of this: {message}");
    }
}
