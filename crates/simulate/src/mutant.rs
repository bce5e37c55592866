//! Deliberately broken bots, one for each promise: the checker must catch every one of them.
//!
//! Each is broken from outside, between the real engine and the store, Slack or the door, so that production has no
//! switch for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request as AxumRequest;
use axum::middleware::{Next, from_fn};
use bytes::Bytes;
use jiff::Timestamp;
use pagerslack_core::audit::JobState;
use pagerslack_core::{
    Event, IncidentId, JobKey, MessageRef, Queue, QueueChange, RotationId, TeamId, UserId,
};
use pagerslack_slack::socket_mode::{Connect, WebSocket};
use pagerslack_slack::transport::{Request, Response, Transport, TransportError};
use pagerslack_store::{
    Claim, ClaimedJob, Commit, CommitError, Cursor, Held, Page, Renewal, Shares, Store, StoreError, Stored,
};
use serde_json::json;
use slack_sim::{SimHandle, signature};
use url::Url;

use crate::checker::Promise;
use crate::disk::Access;
use crate::exchange::Exchange;
use crate::timeline::Timeline;
use crate::wire::Wire;

/// A bot that breaks a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Says "on it" of a report that is not stored.
    ForgetsReports,
    /// Sends again whatever may have landed, without looking.
    SendsAgainBlindly,
    /// Takes everybody for online and ready to be disturbed.
    DisturbsAnybody,
    /// Never sees a 👀 that no event told of.
    OverlooksEyes,
    /// Lets those who were asked keep their place in the queue.
    AsksTheSameAgain,
    /// Takes what cannot be read for "away".
    TakesUnreadableForNo,
    /// Pages without saying why.
    SaysNotWhy,
    /// Believes any request.
    LetsAnybodyIn,
    /// Opens no WebSocket again once the first ones broke.
    StaysDeaf,
    /// Takes whatever it tells somebody outside for heard.
    BelievesItWasHeard,
}

impl Mutant {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::ForgetsReports,
        Self::SendsAgainBlindly,
        Self::DisturbsAnybody,
        Self::OverlooksEyes,
        Self::AsksTheSameAgain,
        Self::TakesUnreadableForNo,
        Self::SaysNotWhy,
        Self::LetsAnybodyIn,
        Self::StaysDeaf,
        Self::BelievesItWasHeard,
    ];

    /// The promise that it breaks.
    pub fn breaks(self) -> Promise {
        match self {
            Self::ForgetsReports | Self::StaysDeaf => Promise::NothingLost,
            Self::SendsAgainBlindly => Promise::OneAtATime,
            Self::DisturbsAnybody => Promise::OnlyTheAvailable,
            Self::OverlooksEyes => Promise::AnAckStopsIt,
            Self::AsksTheSameAgain => Promise::Fair,
            Self::TakesUnreadableForNo => Promise::FailTowardsPaging,
            Self::SaysNotWhy => Promise::Explainable,
            Self::LetsAnybodyIn => Promise::LetNoOneIn,
            Self::BelievesItWasHeard => Promise::ToldOutside,
        }
    }

    pub(crate) fn wrap(self, access: Access, wire: Wire) -> (Arc<dyn Store>, Arc<dyn Transport>) {
        (Arc::new(Broken { mutant: self, inner: access }), Arc::new(Broken { mutant: self, inner: wire }))
    }
}

/// The first WebSockets of a process, and none after them.
pub(crate) struct Deaf {
    inner: Exchange,
    left: AtomicUsize,
}

impl Deaf {
    pub(crate) fn after(left: usize, inner: Exchange) -> Self {
        Self { inner, left: AtomicUsize::new(left) }
    }
}

#[async_trait]
impl Connect for Deaf {
    async fn connect(&self, url: &Url) -> Result<WebSocket, String> {
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => self.inner.connect(url).await,
            Err(_) => std::future::pending().await,
        }
    }
}

/// Something between the engine and the world that does not do what it should.
struct Broken<T> {
    mutant: Mutant,
    inner: T,
}

impl Broken<Access> {
    fn spoil(&self, mut commit: Commit) -> Option<Commit> {
        match self.mutant {
            Mutant::ForgetsReports
                if commit.events.iter().any(|it| matches!(it.event, Event::Reported(_))) =>
            {
                return None;
            }
            Mutant::AsksTheSameAgain => {
                if let Some(queue) = &mut commit.queue {
                    queue.changes.retain(|change| !matches!(change, QueueChange::Turn { .. }));
                }
            }
            Mutant::SaysNotWhy => {
                for recorded in &mut commit.events {
                    if let Event::Paged { considered, .. } = &mut recorded.event {
                        considered.clear();
                    }
                }
            }
            _ => {}
        }
        Some(commit)
    }
}

impl<T> Broken<T> {
    fn forget_doubts(&self, mut claimed: Vec<ClaimedJob>) -> Vec<ClaimedJob> {
        if self.mutant == Mutant::SendsAgainBlindly {
            claimed.iter_mut().for_each(|job| job.doubtful = false);
        }
        claimed
    }
}

#[async_trait]
impl Store for Broken<Access> {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        match self.spoil(commit) {
            Some(commit) => self.inner.commit(commit).await,
            None => Ok(()),
        }
    }

    async fn load(&self, team: &TeamId, incident: &IncidentId) -> Result<Option<Stored>, StoreError> {
        self.inner.load(team, incident).await
    }

    async fn open_incident(
        &self,
        rotation: &RotationId,
        url: &str,
    ) -> Result<Option<IncidentId>, StoreError> {
        self.inner.open_incident(rotation, url).await
    }

    async fn incident_of(
        &self,
        team: &TeamId,
        message: &MessageRef,
    ) -> Result<Option<IncidentId>, StoreError> {
        self.inner.incident_of(team, message).await
    }

    async fn live_messages(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<(TeamId, MessageRef)>, StoreError> {
        self.inner.live_messages(after, limit).await
    }

    async fn queue(&self, rotation: &RotationId) -> Result<Queue, StoreError> {
        self.inner.queue(rotation).await
    }

    async fn open_incidents(&self, rotation: &RotationId) -> Result<Vec<IncidentId>, StoreError> {
        self.inner.open_incidents(rotation).await
    }

    async fn open_incidents_after(
        &self,
        after: Option<(TeamId, IncidentId)>,
        limit: usize,
    ) -> Result<Vec<(TeamId, IncidentId)>, StoreError> {
        self.inner.open_incidents_after(after, limit).await
    }

    async fn jobs_of(&self, team: &TeamId, incident: &IncidentId) -> Result<Vec<JobState>, StoreError> {
        self.inner.jobs_of(team, incident).await
    }

    async fn last_about(&self, rotation: &RotationId, url: &str) -> Result<Option<IncidentId>, StoreError> {
        self.inner.last_about(rotation, url).await
    }

    async fn told(&self, team: &TeamId, user: &UserId, what: &str) -> Result<Option<Timestamp>, StoreError> {
        self.inner.told(team, user, what).await
    }

    async fn rotations(&self) -> Result<Vec<RotationId>, StoreError> {
        self.inner.rotations().await
    }

    async fn recent(&self, rotation: &RotationId, limit: usize) -> Result<Vec<IncidentId>, StoreError> {
        self.inner.recent(rotation, limit).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<ClaimedJob>, StoreError> {
        Ok(self.forget_doubts(self.inner.claim(claim).await?))
    }

    async fn claim_shares(&self, claim: Claim, shares: Shares) -> Result<Vec<ClaimedJob>, StoreError> {
        Ok(self.forget_doubts(self.inner.claim_shares(claim, shares).await?))
    }

    async fn renew(&self, held: &[Held], lease_until: Timestamp) -> Result<Vec<Renewal>, StoreError> {
        self.inner.renew(held, lease_until).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.inner.next_due().await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<(JobKey, Timestamp)>, StoreError> {
        self.inner.due(now, limit).await
    }

    async fn job_count(&self) -> Result<u64, StoreError> {
        self.inner.job_count().await
    }
}

#[async_trait]
impl Transport for Broken<Wire> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let told = lie(self.mutant, &request.url);
        let answered = self.inner.send(request).await;
        match (told, self.mutant) {
            (Some(body), Mutant::TakesUnreadableForNo) => match answered {
                Ok(response) if response.body.starts_with(br#"{"ok":true"#) => Ok(response),
                _ => Ok(Response { status: 200, body, ..Response::default() }),
            },
            (Some(body), _) => Ok(Response { status: 200, body, ..Response::default() }),
            (None, _) => answered,
        }
    }
}

/// What a mutant believes, whatever Slack says.
fn lie(mutant: Mutant, url: &str) -> Option<Bytes> {
    let asks = |method: &str| url.contains(&format!("/api/{method}"));
    let answer = match mutant {
        Mutant::DisturbsAnybody if asks("users.getPresence") => json!({"ok": true, "presence": "active"}),
        Mutant::OverlooksEyes if asks("reactions.get") => {
            json!({"ok": true, "type": "message", "message": {"reactions": []}})
        }
        Mutant::BelievesItWasHeard if url == crate::outside::ADDRESS => json!({}),
        Mutant::TakesUnreadableForNo if asks("users.getPresence") => json!({"ok": true, "presence": "away"}),
        _ => return None,
    };
    Some(Bytes::from(answer.to_string()))
}

/// A door that signs for whoever comes.
pub(crate) fn without_a_lock(router: Router, slack: &SimHandle, timeline: &Timeline) -> Router {
    let secret = slack.read(|world| world.app().signing_secret.clone());
    let timeline = timeline.clone();
    router.layer(from_fn(move |request: AxumRequest, next: Next| {
        let (secret, now) = (secret.clone(), timeline.now().as_second());
        async move {
            let (mut head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            let signed = signature(&secret, now, &body);
            if let (Ok(at), Ok(signed)) = (now.to_string().parse(), signed.parse()) {
                head.headers.insert("x-slack-request-timestamp", at);
                head.headers.insert("x-slack-signature", signed);
            }
            next.run(AxumRequest::from_parts(head, axum::body::Body::from(body))).await
        }
    }))
}
