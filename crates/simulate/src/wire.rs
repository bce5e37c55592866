//! The way from the process to Slack and to whoever else is outside: requests take time, get lost on either way, and go on by themselves once they
//! are sent, whatever becomes of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pagerslack_slack::transport::{Body, Request, Response, Transport, TransportError};
use slack_sim::{Answer, SimHandle};
use tokio::sync::oneshot;

use crate::dice::Dice;
use crate::outside::{self, Outside};
use crate::timeline::Timeline;

/// The longest that a request may be on its way to Slack, in milliseconds. Slack does what it was asked within this
/// time of the sending or never, and a post may take two seconds more until it can be read: that is what the product's
/// waiting before it reads back, five seconds, is made for.
pub(crate) const LONGEST_WAY: u64 = 2_500;

/// How the network is. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Network(Arc<State>);

#[derive(Default)]
struct State {
    /// Nothing can be reached.
    down: AtomicBool,
    /// Each way may take up to so many milliseconds longer than usual.
    slow: AtomicU64,
}

impl Network {
    pub(crate) fn set_down(&self, down: bool) {
        self.0.down.store(down, Ordering::Relaxed);
    }

    pub(crate) fn is_down(&self) -> bool {
        self.0.down.load(Ordering::Relaxed)
    }

    pub(crate) fn set_slow(&self, milliseconds: u64) {
        self.0.slow.store(milliseconds.min(LONGEST_WAY - 150), Ordering::Relaxed);
    }

    /// How long one way takes.
    pub(crate) fn way(&self, dice: &Dice) -> Duration {
        dice.milliseconds(5, 60) + dice.milliseconds(0, self.0.slow.load(Ordering::Relaxed))
    }
}

/// One process' connection to Slack and beyond.
pub(crate) struct Wire {
    pub(crate) slack: SimHandle,
    pub(crate) outside: Option<Outside>,
    pub(crate) network: Network,
    pub(crate) timeline: Timeline,
    pub(crate) dice: Dice,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.timeline.pause().await;
        request.may_go()?;
        if self.network.is_down() {
            self.timeline.sleep(Duration::from_millis(20)).await;
            return Err(TransportError::NotSent("connection refused".to_owned()));
        }
        let (timeline, timeout) = (self.timeline.clone(), request.timeout);
        let (there, back) = (self.network.way(&self.dice), self.network.way(&self.dice));
        let slack = self.slack.clone();
        let outside = self.outside.clone().filter(|_| request.url == outside::ADDRESS);
        let call = call(request)?;
        let (reply, answer) = oneshot::channel();
        // In the world's name: what was sent arrives, even if whoever sent it is dead by then.
        self.timeline.spawn(None, async move {
            timeline.sleep(there).await;
            let answered = match outside {
                Some(outside) => outside.hear(call),
                None => slack.http(call),
            };
            if matches!(answered, Answer::Hang) {
                std::future::pending::<()>().await;
            }
            timeline.sleep(back).await;
            let _ = reply.send(answered);
        });
        let Some(answered) = self.timeline.within(timeout, answer).await else {
            return Err(TransportError::Unknown(format!("no answer within {timeout:?}")));
        };
        self.timeline.pause().await;
        read(answered.unwrap_or(Answer::Close))
    }
}

fn call(request: Request) -> Result<http::Request<Bytes>, TransportError> {
    let mut builder = http::Request::post(&request.url).header("content-type", request.body.content_type());
    if let Some(token) = &request.token {
        builder = builder.header("authorization", format!("Bearer {}", token.expose()));
    }
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let (Body::Form(body) | Body::Json(body)) = request.body;
    builder.body(body).map_err(|error| TransportError::NotSent(error.to_string()))
}

fn read(answered: Answer) -> Result<Response, TransportError> {
    match answered {
        Answer::Respond(response) => {
            let header = |name: &str| {
                response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
            };
            Ok(Response {
                status: response.status().as_u16(),
                retry_after: header("retry-after").and_then(|value| value.parse().ok()),
                scopes: header("x-oauth-scopes"),
                date: None,
                body: response.into_body(),
            })
        }
        Answer::Hang | Answer::Close => Err(TransportError::Unknown("the connection was closed".to_owned())),
    }
}
