//! What brings to the process what Slack sends: quickly and once, or late, twice, in another order, or never, with
//! Slack's own retries; over HTTP, or as Socket Mode's envelopes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::{Either, select};
use jiff::{SignedDuration, Timestamp};
use pagerslack_slack::frame::{Frame, acknowledgement, parse};
use slack_sim::{Delivery, DeliveryResult, SimHandle};
use tokio::sync::oneshot;
use tower::ServiceExt as _;

use crate::dice::Dice;
use crate::house::{Doors, House};
use crate::story::Story;
use crate::timeline::Timeline;

/// How long Slack waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many requests an eavesdropper remembers.
const OVERHEARD: usize = 8;

/// Carries deliveries. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Courier(Arc<Inner>);

struct Inner {
    timeline: Timeline,
    dice: Dice,
    slack: SimHandle,
    house: House,
    story: Story,
    /// How many of a thousand deliveries go astray.
    astray: AtomicU32,
    /// The WebSockets are up on Slack's side and lead nowhere, or an HTTP proxy swallows what it gets.
    half_open: AtomicBool,
    overheard: Mutex<VecDeque<(Timestamp, http::Request<Bytes>)>>,
}

/// What becomes of one attempt.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It arrives and is answered.
    Prompt,
    /// Slack gives up waiting, and it arrives after all.
    AfterTheRetry,
    /// It arrives, and the answer is lost.
    AnswerLost,
    /// It never arrives.
    Lost,
}

impl Courier {
    pub(crate) fn new(
        timeline: &Timeline,
        dice: &Dice,
        slack: &SimHandle,
        house: &House,
        story: &Story,
    ) -> Self {
        Self(Arc::new(Inner {
            timeline: timeline.clone(),
            dice: dice.clone(),
            slack: slack.clone(),
            house: house.clone(),
            story: story.clone(),
            astray: AtomicU32::new(0),
            half_open: AtomicBool::new(false),
            overheard: Mutex::default(),
        }))
    }

    /// How many of a thousand deliveries go astray from now on.
    pub(crate) fn set_astray(&self, of_a_thousand: u32) {
        self.0.astray.store(of_a_thousand, Ordering::Relaxed);
    }

    /// Whether everything Slack sends leads nowhere.
    pub(crate) fn set_half_open(&self, half_open: bool) {
        self.0.half_open.store(half_open, Ordering::Relaxed);
    }

    /// Carries whatever is due, for ever.
    pub(crate) async fn run(self) {
        let mut changes = self.0.slack.changes();
        loop {
            changes.mark_unchanged();
            for delivery in self.0.slack.with(|world, now| world.take_due(now)) {
                self.0.timeline.spawn(None, self.clone().carry(delivery));
            }
            changes.mark_unchanged();
            let next = self.0.slack.read(|world| world.next_due());
            let changed = std::pin::pin!(changes.changed());
            match next {
                Some(at) if at <= self.0.timeline.now() => {}
                Some(at) => drop(select(changed, self.0.timeline.sleep_until(at)).await),
                None => drop(changed.await),
            }
        }
    }

    fn fate(&self) -> Fate {
        let Inner { dice, astray, half_open, .. } = &*self.0;
        if half_open.load(Ordering::Relaxed) {
            return Fate::Lost;
        }
        if !dice.happens(f64::from(astray.load(Ordering::Relaxed)) / 1_000.0) {
            return Fate::Prompt;
        }
        *dice.one_of(&[Fate::AfterTheRetry, Fate::AnswerLost, Fate::Lost])
    }

    async fn carry(self, delivery: Delivery) {
        let Inner { timeline, dice, slack, house, story, .. } = &*self.0;
        let fate = self.fate();
        let begun = timeline.now();
        timeline.sleep(house.network().way(dice)).await;
        if let (Fate::Prompt, Ok(request)) = (fate, delivery.request()) {
            self.overhear(request);
        }
        let result = match fate {
            Fate::Lost => {
                timeline.sleep(PATIENCE).await;
                DeliveryResult::Timeout
            }
            Fate::AfterTheRetry => {
                let (courier, late) = (self.clone(), delivery.clone());
                let wait = dice.seconds(4, 400);
                timeline.spawn(None, async move {
                    courier.0.timeline.sleep(wait).await;
                    courier.0.story.tell(|| format!("late      {} arrives after all", late.name));
                    courier.hand_over(&late).await;
                });
                timeline.sleep(PATIENCE).await;
                DeliveryResult::Timeout
            }
            Fate::Prompt => {
                let answer = self.hand_over(&delivery).await;
                timeline.sleep(house.network().way(dice)).await;
                answer
            }
            Fate::AnswerLost => {
                self.hand_over(&delivery).await;
                timeline.sleep_until(begun + SignedDuration::from_millis(3_001)).await;
                DeliveryResult::Timeout
            }
        };
        story.tell(|| {
            let how = match &result {
                DeliveryResult::Ok { status, .. } => format!("answered {status}"),
                other => format!("{other:?}"),
            };
            format!("delivered {} (attempt {}): {fate:?}, {how}", delivery.name, delivery.attempt + 1)
        });
        slack.with(|world, now| world.delivered(now, delivery.id, result));
    }

    /// Gives a delivery to the process, if there is one, and waits as long as Slack does.
    async fn hand_over(&self, delivery: &Delivery) -> DeliveryResult {
        let Some(answer) = self.0.house.doors().and_then(|doors| self.knock(doors, delivery)) else {
            return DeliveryResult::ConnectionFailed;
        };
        match select(answer, self.0.timeline.sleep(PATIENCE)).await {
            Either::Left((Ok(result), _)) => result,
            // The process died over it, or did not acknowledge it.
            Either::Left((Err(_), _)) => DeliveryResult::ConnectionFailed,
            Either::Right(_) => DeliveryResult::Timeout,
        }
    }

    /// Lets the process work on a delivery. Nothing of the process is held here: it may die at any moment.
    fn knock(&self, doors: Doors, delivery: &Delivery) -> Option<oneshot::Receiver<DeliveryResult>> {
        let (reply, answer) = oneshot::channel();
        match delivery.url {
            Some(_) => {
                let (life, router, request) = (doors.life, doors.router, delivery.request().ok()?);
                self.within(life, async move { drop(reply.send(asked(router, request).await)) });
            }
            None => {
                let (life, envelopes, frame) = (doors.life, doors.envelopes, delivery.envelope().to_string());
                self.within(life, async move {
                    let Frame::Envelope(envelope) = parse(&frame) else { return };
                    if let Ok(said) = envelopes.handle(envelope.inbound).await {
                        let said = said.filter(|_| envelope.takes_answer);
                        let _ = reply.send(DeliveryResult::answered(200, acknowledged(&envelope.id, said)));
                    }
                });
            }
        }
        Some(answer)
    }

    fn within(&self, life: u64, task: impl Future<Output = ()> + Send + 'static) {
        self.0.timeline.spawn(Some(life), task);
    }

    fn overhear(&self, request: http::Request<Bytes>) {
        let mut overheard = self.0.overheard.lock().unwrap_or_else(PoisonError::into_inner);
        if overheard.len() == OVERHEARD {
            overheard.pop_front();
        }
        overheard.push_back((self.0.timeline.now(), request));
    }

    /// Plays back what was overheard, signature and all.
    pub(crate) fn replay(&self) {
        let overheard = self.0.overheard.lock().unwrap_or_else(PoisonError::into_inner);
        if overheard.is_empty() {
            return;
        }
        let (at, request) = overheard[self.0.dice.below(overheard.len())].clone();
        drop(overheard);
        self.0.story.tell(|| format!("replayed  a request of {at:.0}"));
        self.send(request);
    }

    /// Sends the process any request; nobody waits for the answer.
    pub(crate) fn send(&self, request: http::Request<Bytes>) {
        if let Some(doors) = self.0.house.doors() {
            let router = doors.router;
            self.within(doors.life, async move { drop(asked(router, request).await) });
        }
    }
}

/// The body of what a WebSocket's acknowledgement answers to the person: the payload, as over HTTP.
fn acknowledged(id: &str, said: Option<serde_json::Value>) -> Bytes {
    let text = acknowledgement(id, said);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match value.get("payload") {
        Some(payload) => Bytes::from(payload.to_string()),
        None => Bytes::new(),
    }
}

async fn asked(router: axum::Router, request: http::Request<Bytes>) -> DeliveryResult {
    let Ok(response) = router.oneshot(request.map(Body::from)).await;
    let status = response.status().as_u16();
    match axum::body::to_bytes(response.into_body(), usize::MAX).await {
        Ok(body) => DeliveryResult::answered(status, body),
        Err(_) => DeliveryResult::ConnectionFailed,
    }
}
