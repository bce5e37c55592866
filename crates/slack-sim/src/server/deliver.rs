//! Carries due deliveries to the app, by POST or over a socket, and reports how they went.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Sockets;
use crate::delivery::{Delivery, DeliveryResult};
use crate::handle::SimHandle;

/// docs.slack.dev/apis/events-api: an answer within three seconds, through at most two redirects.
const PATIENCE: Duration = Duration::from_secs(3);
const REDIRECTS: usize = 2;
/// Longest wait before looking again: a clock may have been changed.
const GLANCE: Duration = Duration::from_millis(250);

/// Made when first needed: reading the certificates of the system takes longer than most tests.
#[derive(Debug, Clone, Default)]
struct LazyClient(Arc<OnceLock<Option<Client>>>);

impl LazyClient {
    fn get(&self) -> Option<&Client> {
        let build = || {
            let builder = Client::builder().timeout(PATIENCE).redirect(Policy::limited(REDIRECTS)).no_proxy();
            builder.build().inspect_err(|error| tracing::error!(%error, "no HTTP client, no deliveries")).ok()
        };
        self.0.get_or_init(build).as_ref()
    }
}

pub(super) async fn run(handle: SimHandle, sockets: Sockets, shutdown: CancellationToken) {
    let client = LazyClient::default();
    let attempts = TaskTracker::new();
    let mut changes = handle.changes();
    while !shutdown.is_cancelled() {
        changes.mark_unchanged();
        let now = handle.now();
        let next = handle.read(crate::World::next_due);
        if next.is_some_and(|due| due <= now) {
            for delivery in handle.with(|world, now| world.take_due(now)) {
                let (handle, sockets, client) = (handle.clone(), sockets.clone(), client.clone());
                attempts.spawn(shutdown.clone().run_until_cancelled_owned(async move {
                    let id = delivery.id;
                    let result = attempt(&client, &sockets, delivery).await;
                    handle.with(|world, now| world.delivered(now, id, result));
                }));
            }
            continue;
        }
        let wait = next.map_or(GLANCE, |due| handle.clock().until(due).min(GLANCE));
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = changes.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    attempts.close();
    attempts.wait().await;
}

async fn attempt(client: &LazyClient, sockets: &Sockets, delivery: Delivery) -> DeliveryResult {
    let Some(url) = delivery.url else {
        return sockets.deal(delivery.envelope_id(), delivery.envelope().to_string()).await;
    };
    let Some(client) = client.get() else { return DeliveryResult::ConnectionFailed };
    let mut request = client.post(url).body(delivery.body);
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    let answer = async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let headers = headers.collect();
        Ok(DeliveryResult::Ok { status, headers, body: response.bytes().await? })
    };
    answer.await.unwrap_or_else(|error: reqwest::Error| {
        if error.is_timeout() { DeliveryResult::Timeout } else { DeliveryResult::ConnectionFailed }
    })
}
