//! The auditor's rounds: at the start, each `audit_interval`, and when Socket Mode comes back after a gap; after each
//! round that found the bot alive, a heartbeat.
//!
//! One task, which owns the [`Auditor`]; its timers decide only when it looks, never what is done (DESIGN: jobs).

use std::sync::Arc;
use std::time::Duration;

use pagerslack_core::audit::Finding;
use pagerslack_slack::ground::Ground;
use pagerslack_slack::socket_mode::LinkStatus;
use pagerslack_store::Causes;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::{Audited, Auditor, Engine};
use crate::heartbeat::Heartbeat;

/// What makes the rounds.
pub struct Rounds {
    engine: Arc<Engine>,
    ground: Arc<dyn Ground>,
    auditor: Auditor,
    heartbeat: Option<Heartbeat>,
    gaps: Gaps,
    /// Whether the last audit came to its end: the log has each change.
    audited: bool,
}

impl Rounds {
    pub(crate) fn new(
        engine: Arc<Engine>,
        ground: Arc<dyn Ground>,
        heartbeat: Option<Heartbeat>,
        links: Option<watch::Receiver<LinkStatus>>,
    ) -> Self {
        let gaps = Gaps { links, missing: false };
        Self { auditor: Auditor::new(Arc::clone(&engine)), engine, ground, heartbeat, gaps, audited: true }
    }

    /// Until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        // Whatever Slack sent while no process ran is lost.
        let mut events_lost = true;
        while !shutdown.is_cancelled() {
            self.round(events_lost).await;
            let interval = self.engine.settings().audit_interval;
            let wait = Duration::try_from(interval).unwrap_or(Duration::from_secs(60));
            tokio::select! {
                // In this order, and not by lot as otherwise: the same course of events gives the same rounds.
                biased;
                () = shutdown.cancelled() => return,
                () = self.gaps.over() => events_lost = true,
                () = self.ground.sleep(wait) => events_lost = false,
            }
        }
    }

    async fn round(&mut self, events_lost: bool) {
        let audited = match self.auditor.audit(events_lost).await {
            Ok(audited) => audited,
            Err(error) => {
                if std::mem::replace(&mut self.audited, false) {
                    tracing::error!(
                        error = %Causes(&error),
                        "the open incidents cannot be audited; there is no heartbeat until they can"
                    );
                }
                return;
            }
        };
        if !std::mem::replace(&mut self.audited, true) {
            tracing::info!(incidents = audited.incidents, "the open incidents are audited again");
        }
        if let Some(heartbeat) = self.heartbeat.as_mut().filter(|_| is_alive(&audited)) {
            heartbeat.beat(self.engine.metrics()).await;
        }
    }
}

/// Jobs that nobody takes up are no sign of life, whatever the store says.
fn is_alive(audited: &Audited) -> bool {
    !audited.findings.iter().any(|(_, finding)| matches!(finding, Finding::Late { .. }))
}

/// Watches for gaps in Socket Mode.
struct Gaps {
    /// How the links are; `None` without Socket Mode.
    links: Option<watch::Receiver<LinkStatus>>,
    /// Whether a link is missing, as far as is known.
    missing: bool,
}

impl Gaps {
    /// Resolves once all links are up again after one was missing; never without Socket Mode. What was on its way
    /// over a link that broke may not come again. A link that Slack replaces is missed at no moment. May be dropped
    /// and called again at any time.
    async fn over(&mut self) {
        let Some(links) = &mut self.links else { return std::future::pending().await };
        if !self.missing {
            if links.wait_for(|status| status.up < status.wanted).await.is_err() {
                return std::future::pending().await;
            }
            self.missing = true;
        }
        if links.wait_for(|status| status.up >= status.wanted).await.is_err() {
            return std::future::pending().await;
        }
        self.missing = false;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Whether a gap is over after these numbers of links, of two that there should be. Whoever waits gives up and
    /// waits again after each.
    fn check(ups: &[usize]) -> bool {
        let sender = watch::Sender::new(LinkStatus { wanted: 2, ..LinkStatus::default() });
        let mut gaps = Gaps { links: Some(sender.subscribe()), missing: false };
        ups.iter().any(|up| {
            sender.send_modify(|status| status.up = *up);
            gaps.over().now_or_never().is_some()
        })
    }

    #[test]
    fn a_gap_is_over_once_all_links_are_up_again() {
        assert!(!check(&[2, 3, 2]), "Slack replaces a link");
        assert!(!check(&[2, 1, 0, 1]), "not all are up yet");
        assert!(check(&[2, 1, 2]));
        assert!(check(&[2, 1, 0, 1, 2]));
    }

    #[test]
    fn without_socket_mode_there_is_no_gap() {
        assert!(Gaps { links: None, missing: false }.over().now_or_never().is_none());
    }
}
