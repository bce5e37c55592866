//! A process that stands still for a while between deciding to post and posting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::SignedDuration;
use pagerslack::config::RotationConfig;
use pagerslack::engine::LEASE;
use pagerslack_slack::transport::{Request, Response, Transport, TransportError};
use pagerslack_store::{Claim, Sqlite, Store};
use slack_sim::{ManualClock, SimClock, SimHandle};

use crate::harness::{CHANNEL, InProcess, NOON, Stage, team};

/// The way to Slack of a process that is stopped at the last moment before its first post goes out.
struct Stopped {
    slack: InProcess,
    clock: Arc<ManualClock>,
    /// For how long.
    time: SignedDuration,
    has_been: AtomicBool,
}

#[async_trait]
impl Transport for Stopped {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if request.url.ends_with("chat.postMessage") && !self.has_been.swap(true, Ordering::Relaxed) {
            self.clock.set(self.clock.now() + self.time);
        }
        self.slack.send(request).await
    }
}

/// A stage whose process is stopped for so long right before its first post.
async fn stopped_for(time: SignedDuration) -> (Stage, Arc<dyn Store>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
    let url = "http://bot.example/slack/events".parse().unwrap();
    let slack =
        SimHandle::new(team(&["ana", "bo"]).deliver_to(&url).build(), Arc::<ManualClock>::clone(&clock));
    let store: Arc<dyn Store> = Arc::new(Sqlite::in_memory().unwrap());
    let transport = Stopped {
        slack: InProcess(slack.clone()),
        clock: Arc::clone(&clock),
        time,
        has_been: AtomicBool::new(false),
    };
    let rotation = RotationConfig::default();
    let stage =
        Stage::start(slack, Arc::clone(&clock), Arc::clone(&store), Arc::new(transport), rotation).await;
    (stage, store, clock)
}

/// Given a process that is about to post, when it stands still until the lease is nearly over, then it posts nothing, and
/// does so only after it has claimed the job anew.
#[tokio::test]
async fn whoever_stood_still_for_too_long_posts_nothing() {
    let (stage, store, clock) = stopped_for(LEASE - SignedDuration::from_secs(4)).await;
    stage
        .slack
        .with(|world, now| world.slash_command(now, "M1", CHANNEL, "/devoncall", "https://a.example/1"))
        .unwrap();
    let delivery = stage.slack.with(|world, now| world.take_due(now)).remove(0);
    let (status, _) = stage.request(delivery.request().unwrap()).await;
    assert_eq!(status, 200);
    // The root's job, held by the process that is stopped.
    let now = clock.now();
    let claim = Claim { now, lease_until: now + LEASE, limit: 64 };
    let claimed = store.claim(claim).await.unwrap();
    let root = claimed.iter().find(|job| job.job.key.as_str().ends_with("/send/root")).unwrap();
    stage.bot.engine().run_and_count(root).await;
    assert_eq!(stage.roots().len(), 0, "held back: the one who takes over may look already");
    let state = store.jobs_of(&root.job.rotation.team, &root.job.incident).await.unwrap();
    let state = state.iter().find(|state| state.job.key == root.job.key).unwrap();
    assert_eq!((state.lease_until, state.doubtful), (None, false), "given back, and nothing is in doubt");
}

/// Given the same, when it stands still for a moment only, then it posts.
#[tokio::test]
async fn whoever_stood_still_for_a_moment_posts() {
    let (stage, ..) = stopped_for(SignedDuration::from_secs(2)).await;
    stage.types("M1", "https://a.example/1").await;
    assert_eq!(stage.roots().len(), 1, "{}", stage.transcript());
}
