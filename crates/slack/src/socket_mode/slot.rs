//! One slot keeps one link up: opens it, watches it, and opens its successor before it goes.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use super::backoff::Backoff;
use super::link::{Ending, Link};
use super::{Shared, Trouble};

/// Returns only after `shutdown`.
pub(super) async fn keep(
    shared: Arc<Shared>,
    dice: fastrand::Rng,
    links: TaskTracker,
    shutdown: CancellationToken,
) {
    let mut backoff = Backoff::new(&shared.timings, dice);
    let mut successor = None;
    loop {
        let mut link = match successor.take() {
            Some(link) => link,
            None => match open(&shared, &links, &shutdown, &mut backoff).await {
                Some(link) => link,
                None => return,
            },
        };
        let ending = link.ending().await;
        if link.age(&*shared.ground) >= shared.timings.settled {
            backoff.settled();
        } else {
            backoff.failed();
        }
        match ending {
            Ending::Retired => return,
            Ending::Lost => {}
            // The old link goes on by itself until it is told to retire.
            Ending::Refresh => {
                successor = open(&shared, &links, &shutdown, &mut backoff).await;
                link.retire();
            }
            Ending::TooMany => record(&shared, &mut backoff, Trouble::TooMany),
            Ending::Disabled => record(&shared, &mut backoff, Trouble::Disabled),
        }
    }
}

/// Tries until a link is up. `None` after `shutdown`.
async fn open(
    shared: &Arc<Shared>,
    links: &TaskTracker,
    shutdown: &CancellationToken,
    backoff: &mut Backoff,
) -> Option<Link> {
    loop {
        let attempt = async {
            if !backoff.wait().is_zero() {
                shared.ground.sleep(backoff.wait()).await;
            }
            Link::open(shared, links, shutdown).await
        };
        let opened = shutdown.run_until_cancelled(attempt).await?;
        match opened {
            Ok(link) => return Some(link),
            Err(trouble) => record(shared, backoff, trouble),
        }
    }
}

fn record(shared: &Shared, backoff: &mut Backoff, trouble: Trouble) {
    match &trouble {
        Trouble::Refused(_) | Trouble::Disabled => {
            backoff.hopeless(shared.timings.hopeless_wait);
            error!(%trouble, wait = ?backoff.wait(), "Socket Mode needs somebody's help");
        }
        Trouble::TooMany | Trouble::Failed(_) => {
            backoff.failed();
            warn!(%trouble, wait = ?backoff.wait(), "no Socket Mode link");
        }
    }
    shared.status.send_modify(|status| status.trouble = Some(trouble));
}
